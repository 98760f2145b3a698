/* SPDX-License-Identifier: Apache-2.0 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memmem */
#endif
#include "site.h"

#include "caller_cache.h"
#include "caller_cache_login.h"
#include "group.h"
#include "identity.h"
#include "password.h"
#include "session.h"
#include "shmtable.h"

#define DELAY 2
#define HOUR 3600
#define ANY -1              /* any number: an unreachable database is asked several times */

static site_t s;
static const um_user_t *alice;
static const char *token, *session_id;

static char *cache_memory;

static void *new_cache_memory(void)
{
    apr_size_t size = um_caller_cache_size(UM_SHMTABLE_LEAST);
    void *memory = apr_palloc(site_root, size + 128);

    memory = (char *)memory + 128 - (apr_size_t)memory % 128;
    memset(memory, 0, size);
    if (um_caller_cache_init(memory, size) != APR_SUCCESS) {
        printf("Bail out! no memory for the cache\n");
        exit(1);
    }
    return cache_memory = memory;
}

/* As after a full restart: the cache is empty. */
static void start(void)
{
    s.now = apr_time_from_sec(SITE_NOW);
    s.refuse = 0;
    s.site.store = site_store(&s, UM_DIALECT_SQLITE3);
    s.site.caller_cache = um_caller_cache_attach(s.pool, new_cache_memory(), um_caller_cache_size(UM_SHMTABLE_LEAST));
    s.settings.revocation_delay = DELAY;
    s.settings.database_grace = 0;
    s.settings.basic_cache = 300;
    um_caller_cache_set_scope(&s.site, "sqlite3 accounts.db");
}

static void open_session(void)
{
    um_session_new_t session;
    um_ctx_t *ctx = site_ctx(&s);

    if (um_session_make(ctx, alice, &session) != UM_OK || um_session_open(ctx, &session) != UM_OK) {
        printf("Bail out! no session\n");
        exit(1);
    }
    token = session.token;
    session_id = session.record.id;
}

static void wait_for(double seconds)
{
    s.now += (apr_time_t)(seconds * APR_USEC_PER_SEC);
}

/* Authenticates by the token, and checks the result and how often the database was asked. */
static void calls(um_status_e want, int asked, const char *name)
{
    um_ctx_t *ctx = site_ctx(&s);
    um_caller_t caller;
    um_status_e status;

    s.asked = 0;
    status = um_authenticate(ctx, token, UM_CACHED, &caller);
    ok(status == want && (asked == ANY || s.asked == asked) && (caller.identity != NULL) == (want == UM_OK)
       && (want == UM_OK || ctx->cause),
       "%s: status %d, asked %d times%s%s", name, (int)status, s.asked, ctx->cause ? ": " : "",
       ctx->cause ? ctx->cause : "");
}

static const um_identity_t *identity_now(void)
{
    um_caller_t caller;

    um_authenticate(site_ctx(&s), token, UM_CACHED, &caller);
    return caller.identity;
}

static void test_seen_again(void)
{
    const um_identity_t *first = NULL, *again = NULL;

    start();
    open_session();
    first = identity_now();
    calls(UM_OK, 0, "the second request does not ask the database");
    again = identity_now();
    is_text(again->user_id, first->user_id, "the cached identity has the same id");
    is_text(again->username, "alice", "the cached identity has the username");
    is_text(again->email, "alice@example.org", "the cached identity has the address");
    is_text(again->first_name, "Ann", "the cached identity has the first name");
    is_text(again->session_id, session_id, "the cached identity has the session id");
    is_text(again->groups, "editors,staff-2", "the cached identity has the groups in order");
    is_int(again->expires_at, first->expires_at, "the cached identity has the token's expiry");
    ok(um_identity_in_group(again, "editors") && !um_identity_in_group(again, "editor")
       && !um_identity_in_group(again, "") && um_identity_in_group(again,
                                                                   "staff-2"), "groups are compared by whole names");
    wait_for(DELAY + 1);
    calls(UM_OK, 1, "after the delay the database is asked");
    calls(UM_OK, 0, "the answer is cached again");
    wait_for(-1);
    calls(UM_OK, 0, "the answer is valid for a request that began a second before it");
    s.settings.revocation_delay = 0;
    calls(UM_OK, 1, "with delay 0 the database is asked");
    calls(UM_OK, 1, "with delay 0 it is asked for each request");
    s.site.caller_cache = NULL;
    calls(UM_OK, 1, "without a cache the database is asked");
}

static void test_changes_here(void)
{
    um_user_t *user = apr_pmemdup(s.pool, alice, sizeof(*alice));

    start();
    open_session();
    calls(UM_OK, 1, "the first request asks the database");
    um_caller_cache_invalidate(site_ctx(&s), "00000000-0000-7000-8000-000000000000");
    calls(UM_OK, 0, "a change of another account does not invalidate the entry");
    um_caller_cache_invalidate(site_ctx(&s), alice->id);
    calls(UM_OK, 1, "a change of the account invalidates the entry at once");
    calls(UM_OK, 0, "the entry is valid again after one question");
    um_user_set_active(site_ctx(&s), alice->id, 1, &user);
    calls(UM_BAD_TOKEN, 1, "a new version of the account ends the session at once");
    calls(UM_BAD_TOKEN, 0, "the ended session is cached");
    um_user_by_name(site_ctx(&s), "alice", &user);
    alice = user;
    open_session();
    calls(UM_OK, 1, "a token of the new version is valid");
    site_do(&s, "update um_users set is_active = 0");
    um_caller_cache_invalidate(site_ctx(&s), alice->id);
    calls(UM_INACTIVE, 1, "an inactive account is recognized");
    calls(UM_INACTIVE, 0, "the inactive account is cached");
    site_do(&s, "update um_users set is_active = 1");
}

/* --- what changes an account makes its entries void at once, on this node --- */

static um_status_e change_password(um_ctx_t *ctx)
{
    um_session_new_t session;

    return um_password_change(ctx, alice, site_secret(SITE_PASSWORD), site_secret(SITE_PASSWORD), 0, &session);
}

static um_status_e change_profile(um_ctx_t *ctx)
{
    const um_profile_input_t input = { .first_name = "Anna" };

    return um_user_update(ctx, alice, &input, &alice);
}

static um_status_e switch_on(um_ctx_t *ctx)
{
    um_user_t *user;

    return um_user_set_active(ctx, alice->id, 1, &user);
}

static um_status_e make_staff(um_ctx_t *ctx)
{
    um_user_t *user;

    return um_user_set_staff(ctx, alice->id, 0, &user);
}

static um_status_e join_group(um_ctx_t *ctx)
{
    return um_group_add(ctx, "none", alice->id);
}

static um_status_e leave_group(um_ctx_t *ctx)
{
    return um_group_drop(ctx, "none", alice->id);
}

static um_status_e end_session(um_ctx_t *ctx)
{
    return um_session_end(ctx, alice->id, session_id, 0);
}

static um_status_e end_sessions(um_ctx_t *ctx)
{
    return um_session_end_all(ctx, alice->id);
}

static void test_each_change(void)
{
    static const struct {
        const char *what;
        um_status_e (*change)(um_ctx_t *ctx);
        um_status_e want;
    } rows[] = {
        { "a new password", change_password, UM_BAD_TOKEN },
        { "a new first name", change_profile, UM_OK },
        { "switching the account on", switch_on, UM_BAD_TOKEN },
        { "setting staff", make_staff, UM_BAD_TOKEN },
        { "joining a group", join_group, UM_OK },
        { "leaving a group", leave_group, UM_OK },
        { "ending the session", end_session, UM_BAD_TOKEN },
        { "ending all sessions", end_sessions, UM_BAD_TOKEN },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        um_user_t *user = NULL;

        start();
        um_user_by_name(site_ctx(&s), "alice", &user);
        alice = user;
        open_session();
        calls(UM_OK, 1, "the first request asks the database");
        is_int(rows[i].change(site_ctx(&s)), UM_OK, rows[i].what);
        calls(rows[i].want, 1, apr_psprintf(s.pool, "%s makes the entry void at once", rows[i].what));
    }
    site_do(&s, "update um_users set first_name = 'Ann'");
    um_user_by_name(site_ctx(&s), "alice", (um_user_t **)&alice);
}

static void test_changes_elsewhere(void)
{
    start();
    open_session();
    calls(UM_OK, 1, "the first request asks the database");
    site_do(&s, "delete from um_sessions");
    wait_for(DELAY);
    calls(UM_OK, 0, "a change on another node is not seen within the delay");
    wait_for(0.001);
    calls(UM_BAD_TOKEN, 1, "a change on another node is seen after the delay");
}

static void overtake(site_t *site)
{
    site->on_ask = NULL;
    um_caller_cache_invalidate(site_ctx(site), alice->id);
}

static void test_overtaken(void)
{
    start();
    open_session();
    s.on_ask = overtake;
    calls(UM_OK, 1, "the answer counts when the account changes while the database is asked");
    calls(UM_OK, 1, "the overtaken answer is not cached as valid");
    calls(UM_OK, 0, "the next answer is cached");
}

static void test_away(void)
{
    start();
    open_session();
    s.refuse = 1000;
    calls(UM_UNAVAILABLE, ANY, "a token that is not cached is unavailable without the database");
    start();
    calls(UM_OK, ANY, "the token is cached");
    s.refuse = 1000;
    calls(UM_OK, 0, "within the delay the database is not needed");
    wait_for(DELAY + 1);
    calls(UM_UNAVAILABLE, ANY, "after the delay the token is unavailable");
    wait_for(10);
    s.settings.database_grace = 60;
    calls(UM_OK, ANY, "the grace extends the entry while the database is unreachable");
    wait_for(60);
    calls(UM_UNAVAILABLE, ANY, "the entry is invalid after the grace");
    s.now = apr_time_from_sec(SITE_NOW + 5);
    um_caller_cache_invalidate(site_ctx(&s), alice->id);
    wait_for(10);
    calls(UM_UNAVAILABLE, ANY, "the grace does not extend an entry of a changed account");
}

static void test_ends(void)
{
    um_keyring_t *other = NULL, *own = (um_keyring_t *)s.site.keys;
    const char *why = NULL;

    start();
    open_session();
    calls(UM_OK, 1, "the first request asks the database");
    wait_for(HOUR + 1);
    calls(UM_BAD_TOKEN, 0, "a cached token expires");
    start();
    open_session();
    calls(UM_OK, 1, "the first request asks the database");
    um_caller_cache_set_scope(&s.site, "sqlite3 others.db");
    calls(UM_OK, 1, "an entry is invalid for a site with another database");
    um_jwk_create(s.pool, "EdDSA", site_file("other.pem"), &why);
    um_keyring_read(s.pool, site_file("other.pem"), &other, &why);
    unlink(site_file("other.pem"));
    s.site.keys = other;
    calls(UM_BAD_TOKEN, 0, "a cached token is refused when its key is retired");
    s.site.keys = own;
    calls(UM_OK, 0, "the entry is valid again when the key is back");
    token = apr_pstrcat(s.pool, token, "A", NULL);
    calls(UM_BAD_TOKEN, 0, "a token with one byte more is another token");
    token = "";
    calls(UM_BAD_TOKEN, 0, "an empty token is invalid");
}

/* The API verifies the token each time, Locations use the cache. Both judge its times in the same way. */
static void test_clock_set_back(void)
{
    static const struct { double seconds; um_status_e want; } steps[] = {
        { -1, UM_OK }, { -30, UM_OK }, { -60, UM_OK }, { -61, UM_BAD_TOKEN }, { -3600, UM_BAD_TOKEN }, { 0, UM_OK }
    };

    start();
    open_session();
    calls(UM_OK, 1, "a token that was issued now is valid");
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        wait_for(steps[i].seconds);
        calls(steps[i].want, ANY, apr_psprintf(s.pool, "a Location with the clock at %.0f s", steps[i].seconds));
        is_int(site_call(&s, token), steps[i].want, "the API with the same clock");
        wait_for(-steps[i].seconds);
    }
}

/* After the clock is set back, the time of the cached answer is in the future, and its age is unknown. */
static void test_age_set_back(void)
{
    start();
    open_session();
    wait_for(10);
    calls(UM_OK, 1, "the first request asks the database");
    wait_for(-5);
    calls(UM_OK, 1, "the database is asked when the clock was set back");
    calls(UM_OK, 0, "the answer is cached with the new clock");
}

static void test_session_ends(void)
{
    start();
    s.settings.revocation_delay = 100;
    open_session();
    site_do(&s, apr_psprintf(s.pool, "update um_sessions set expires_at = %d", SITE_NOW + 10));
    calls(UM_OK, 1, "a session that ends within the delay is cached");
    wait_for(9);
    calls(UM_OK, 0, "the entry is valid until the session ends");
    wait_for(1);
    calls(UM_BAD_TOKEN, ANY, "the entry is invalid after the session has ended");
}

/* The texts in the memory have lost their terminating zeros. */
static void test_damaged(void)
{
    static const char texts[] = "alice\0Ann\0";
    char *found;

    start();
    open_session();
    calls(UM_OK, 1, "the first request asks the database");
    found = memmem(cache_memory, um_caller_cache_size(UM_SHMTABLE_LEAST), texts, sizeof(texts) - 1);
    if (ok(found != NULL, "the texts of the entry are in the memory")) {
        for (int i = 0; i < 40; i++) {
            found[i] = (char)(found[i] ? found[i] : 'x');
        }
    }
    calls(UM_OK, 1, "a damaged entry counts as none");
}

/* --- names and passwords --- */

static um_secret_t secret(const char *text)
{
    return (um_secret_t){ text, strlen(text) };
}

static void logs_in(const char *name, const char *password, um_status_e want, int asked, const char *what)
{
    const um_identity_t *identity = NULL;
    um_status_e status;

    s.asked = 0;
    status = um_caller_cache_login(site_ctx(&s), name, secret(password), &identity);
    ok(status == want && (asked == ANY || s.asked == asked) && (identity != NULL) == (want == UM_OK),
       "%s: status %d, asked %d times", what, (int)status, s.asked);
}

static void test_login(void)
{
    const um_identity_t *identity = NULL;
    um_user_t *user = apr_pmemdup(s.pool, alice, sizeof(*alice));

    start();
    logs_in("alice", "blue", UM_ABSENT, 0, "no password is cached at first");
    is_int(um_caller_cache_login_add(site_ctx(&s), "alice", secret("blue"), alice, &identity), UM_OK,
           "a verified password is cached");
    is_text(identity ? identity->groups : NULL, "editors,staff-2", "its identity has the groups");
    ok(identity && !identity->session_id && !identity->expires_at, "its identity has no session");
    logs_in("alice", "blue", UM_OK, 0, "the cached password is accepted");
    logs_in("alice", "blu", UM_ABSENT, 0, "another password is not cached");
    logs_in("alic", "eblue", UM_ABSENT, 0, "the same letters split elsewhere are not cached");
    wait_for(DELAY + 1);
    logs_in("alice", "blue", UM_OK, 1, "after the delay the account is read");
    logs_in("alice", "blue", UM_OK, 0, "the account is cached again");
    s.refuse = 1000;
    wait_for(DELAY + 1);
    logs_in("alice", "blue", UM_UNAVAILABLE, ANY, "the password is unavailable without the database");
    s.refuse = 0;
    s.site.store = site_store(&s, UM_DIALECT_SQLITE3);
    logs_in("alice", "blue", UM_OK, ANY, "the password is accepted when the database is back");
    wait_for(300);
    s.settings.database_grace = 600;
    logs_in("alice", "blue", UM_ABSENT, 1, "an expired entry with a grace asks whether the database is reachable");
    s.refuse = 1000;
    wait_for(DELAY + 1);
    logs_in("alice", "blue", UM_OK, ANY, "the grace extends an expired entry while the database is unreachable");
    s.refuse = 0;
    s.site.store = site_store(&s, UM_DIALECT_SQLITE3);
    s.settings.database_grace = 0;
    logs_in("alice", "blue", UM_ABSENT, 0, "an expired entry makes the password be hashed again");
    um_caller_cache_login_add(site_ctx(&s), "alice", secret("blue"), alice, &identity);
    um_user_set_active(site_ctx(&s), alice->id, 1, &user);
    logs_in("alice", "blue", UM_ABSENT, 1, "a new version of the account invalidates the entry at once");
    is_int(um_caller_cache_login_add(site_ctx(&s), "alice", secret("blue"), alice, &identity), UM_ABSENT,
           "an account that has changed since the password was verified is refused");
    um_user_by_name(site_ctx(&s), "alice", &user);
    alice = user;
    s.settings.basic_cache = 0;
    is_int(um_caller_cache_login_add(site_ctx(&s), "alice", secret("blue"), alice, &identity), UM_OK,
           "without UserMgmtBasicCache the identity is given");
    logs_in("alice", "blue", UM_ABSENT, 0, "without UserMgmtBasicCache it is not cached");
}

/* The database is unreachable from before the entry expires until the end of the grace. */
static void test_login_grace(void)
{
    const um_identity_t *identity = NULL;

    start();
    s.settings.revocation_delay = 100;
    s.settings.database_grace = 60;
    is_int(um_caller_cache_login_add(site_ctx(&s), "alice", secret("blue"), alice, &identity), UM_OK,
           "a verified password is cached");
    wait_for(299);
    logs_in("alice", "blue", UM_OK, 1, "the account is read once more");
    s.refuse = 1000;
    wait_for(10);
    logs_in("alice", "blue", UM_OK, ANY, "the grace extends the expired entry");
    wait_for(50);
    logs_in("alice", "blue", UM_OK, ANY, "the entry is valid until the end of the grace");
    wait_for(1);
    logs_in("alice", "blue", UM_ABSENT, 0, "the entry is invalid after the grace, whenever the account was read");
}

static void overtake_login(site_t *site)
{
    site->on_ask = NULL;
    um_caller_cache_invalidate(site_ctx(site), alice->id);
}

static void test_login_overtaken(void)
{
    const um_identity_t *identity = NULL;

    start();
    s.on_ask = overtake_login;
    is_int(um_caller_cache_login_add(site_ctx(&s), "alice", secret("blue"), alice, &identity), UM_OK,
           "the identity counts when the account changes while it is read");
    logs_in("alice", "blue", UM_OK, 1, "the overtaken account is read again");
    logs_in("alice", "blue", UM_OK, 0, "the next answer is cached");
    wait_for(DELAY + 1);
    s.on_ask = overtake_login;
    logs_in("alice", "blue", UM_OK, 1, "the identity counts when a cached account changes while it is read");
    logs_in("alice", "blue", UM_OK, 1, "the overtaken cached account is read again");
}

/* A group whose members are too many to be read: all entries are refreshed. */
static void test_large_group(void)
{
    const char *name;

    start();
    site_do(&s, "insert into um_groups values ('g4', 'crowd', 1)");
    site_do(&s, "insert into um_users (id, username, username_key, password, version, created_at, updated_at)"
            " with recursive n(i) as (select 1 union all select i + 1 from n where i < 1500)"
            " select printf('%08d-0000-7000-8000-000000000000', i), 'u' || i, 'u' || i, 'x', 'x', 1, 1 from n");
    site_do(&s, "insert into um_memberships select id, 'g4' from um_users");
    open_session();
    is_text(identity_now()->groups, "crowd,editors,staff-2", "a member of a large group");
    calls(UM_OK, 0, "is cached");
    is_int(um_group_rename(site_ctx(&s), "crowd", "people", &name), UM_OK, "the group is renamed");
    is_text(identity_now()->groups, "editors,people,staff-2", "its members are refreshed at once");
    calls(UM_OK, 0, "and cached again");
    is_int(um_group_delete(site_ctx(&s), "people"), UM_OK, "the group is deleted");
    is_text(identity_now()->groups, "editors,staff-2", "its members are refreshed again");
    site_do(&s, "delete from um_users where username <> 'alice'");
}

int main(void)
{
    um_profile_input_t input = { .username = "alice", .password = { SITE_PASSWORD, strlen(SITE_PASSWORD) },
                                .first_name = "Ann", .last_name = "", .email = "alice@example.org" };

    site_begin();
    site_open(&s);
    if (site_enrol(site_ctx(&s), &input, &alice, &token) != UM_OK
        || !site_do(&s, "insert into um_groups values ('g1', 'staff-2', 1), ('g2', 'editors', 1), ('g3', 'none', 1)")
        || !site_do(&s, "insert into um_memberships select id, 'g1' from um_users")
        || !site_do(&s, "insert into um_memberships select id, 'g2' from um_users")) {
        printf("Bail out! no account\n");
        return 1;
    }
    test_seen_again();
    test_large_group();
    test_changes_here();
    test_each_change();
    test_changes_elsewhere();
    test_overtaken();
    test_away();
    test_ends();
    test_clock_set_back();
    test_age_set_back();
    test_session_ends();
    test_damaged();
    test_login();
    test_login_grace();
    test_login_overtaken();
    site_close(&s);
    return site_end();
}
