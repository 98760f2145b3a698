/* SPDX-License-Identifier: Apache-2.0 */
#include "basic.h"
#include "caller_cache.h"
#include "concurrency_limit.h"
#include "group.h"
#include "shmtable.h"
#include "single_flight.h"
#include "site.h"

#define CACHE 300
#define NEW_PASSWORD "another horse battery"

static site_t s;
static const um_user_t *alice, *bob;

#include "hashes.h"
#include "identity.h"

/* As after a restart: nothing is known. */
static void start(void)
{
    apr_size_t size = um_caller_cache_size(UM_SHMTABLE_LEAST);
    char *memory = apr_pcalloc(site_root, size + 128);

    memory += 128 - (apr_size_t)memory % 128;
    if (um_caller_cache_init(memory, size) != APR_SUCCESS) {
        printf("Bail out! no memory for what is known\n");
        exit(1);
    }
    s.now = apr_time_from_sec(SITE_NOW);
    s.refuse = 0;
    s.site.store = site_store(&s, UM_DIALECT_SQLITE3);
    s.site.caller_cache = um_caller_cache_attach(s.pool, memory, size);
    s.settings.revocation_delay = 2;
    s.settings.database_grace = 0;
    s.settings.basic_cache = CACHE;
    um_caller_cache_set_scope(&s.site, "sqlite3 accounts.db");
}

static const um_identity_t *last;

/* How it ends, and how many hashes it costs. */
static void is(const char *username, const char *password, um_status_e want, int cost, const char *name)
{
    um_basic_t found;
    um_ctx_t *ctx = site_ctx(&s);
    um_status_e status;

    hashes = 0;
    status = um_basic_caller(ctx, username, site_secret(password), &found);
    last = found.identity;
    ok(status == want && hashes == cost && found.hashed == (cost > 0) && (status == UM_OK) == (last != NULL)
       && (status == UM_OK || ctx->cause) && !ctx->errors->nelts, "%s: status %d, %d hashes%s%s", name, (int)status,
       hashes, ctx->cause ? ": " : "", ctx->cause ? ctx->cause : "");
}

static void test_rules(void)
{
    static const struct { const char *name, *username, *password; um_status_e status; int cost; } cases[] = {
        { "good", "alice", SITE_PASSWORD, UM_OK, 1 },
        { "a wrong password", "alice", "wrong", UM_INVALID, 1 },
        { "and again", "alice", "wrong", UM_INVALID, 1 },
        { "in other letters", "alice", "Correct horse battery", UM_INVALID, 1 },
        { "with a blank", "alice", SITE_PASSWORD " ", UM_INVALID, 1 },
        { "an unknown name", "nobody", SITE_PASSWORD, UM_ABSENT, 1 },
        { "a name with a blank", " alice", SITE_PASSWORD, UM_ABSENT, 1 },
        { "somebody else's name", "bob", "wrong", UM_INVALID, 1 },
        { "an inactive account", "carol", SITE_PASSWORD, UM_INVALID, 1 },
        { "a wrong one of that", "carol", "wrong", UM_INVALID, 1 },
        { "an account that waits", "dave", SITE_PASSWORD, UM_INVALID, 1 },
        { "a hash that nobody knows", "erin", SITE_PASSWORD, UM_INVALID, 1 },
        { "no name", "", SITE_PASSWORD, UM_ABSENT, 0 },
        { "no password", "alice", "", UM_INVALID, 0 },
        { "nothing", "", "", UM_ABSENT, 0 },
        { "a name that is not UTF-8", "ali\xFF" "ce", SITE_PASSWORD, UM_ABSENT, 0 },
        { "a password that is not UTF-8", "alice", "\xE9t\xE9", UM_INVALID, 0 },
    };

    start();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        is(cases[i].username, cases[i].password, cases[i].status, cases[i].cost, cases[i].name);
    }
}

static void test_long(void)
{
    char *text = apr_pcalloc(s.pool, 100001);

    start();
    memset(text, 'a', 100000);
    is(text, SITE_PASSWORD, UM_ABSENT, 0, "a name of 100 KB");
    is("alice", text, UM_INVALID, 0, "a password of 100 KB");
    text[1025] = '\0';
    is("alice", text, UM_INVALID, 0, "one character more than the longest");
    text[1024] = '\0';
    is("alice", text, UM_INVALID, 1, "the longest");
    is(text, SITE_PASSWORD, UM_ABSENT, 1, "a name longer than the longest, in few letters");
}

static void test_known(void)
{
    start();
    is("alice", SITE_PASSWORD, UM_OK, 1, "the first time");
    is_text(last->user_id, alice->id, "the identity has the id of the account");
    is_text(last->username, "alice", "the identity has the name as it is stored");
    is_text(last->groups, "editors,staff-2", "the identity has the groups");
    ok(!last->session_id && !last->expires_at && !last->is_staff, "the identity has no session and no end");
    is("alice", SITE_PASSWORD, UM_OK, 0, "the second time");
    is_text(last->user_id, alice->id, "the cached identity has the same id");
    is_text(last->groups, "editors,staff-2", "the cached identity has the same groups");
    is("ALICE", SITE_PASSWORD, UM_OK, 0, "in another spelling");
    is_text(last->username, "alice", "the identity has the name as it is stored");
    is("alice", "wrong", UM_INVALID, 1, "a wrong password is not known by the right one");
    is("bob", SITE_PASSWORD, UM_OK, 1, "nor is somebody else with the same password");
    is_text(last->user_id, bob->id, "the second account has its own identity");
    s.now += apr_time_from_sec(100);
    is("alice", SITE_PASSWORD, UM_OK, 0, "after the delay the account is asked for, nothing is hashed");
    s.now = apr_time_from_sec(SITE_NOW + CACHE - 1);
    is("alice", SITE_PASSWORD, UM_OK, 0, "to the last second");
    s.now = apr_time_from_sec(SITE_NOW + CACHE);
    is("alice", SITE_PASSWORD, UM_OK, 1, "then it is hashed again");
    is("alice", SITE_PASSWORD, UM_OK, 0, "once");
    s.settings.basic_cache = 0;
    is("alice", SITE_PASSWORD, UM_OK, 1, "with a time of 0 it is hashed");
    is("alice", SITE_PASSWORD, UM_OK, 1, "each time");
    s.settings.basic_cache = CACHE;
    s.site.caller_cache = NULL;
    is("alice", SITE_PASSWORD, UM_OK, 1, "without a memory");
    is("alice", SITE_PASSWORD, UM_OK, 1, "as well");
}

/* Hosts share the memory, and may share neither accounts nor passwords. */
static void test_other_hosts(void)
{
    const char *issuer = s.site.issuer;

    start();
    is("alice", SITE_PASSWORD, UM_OK, 1, "known");
    um_caller_cache_set_scope(&s.site, "sqlite3 others.db");
    is("alice", SITE_PASSWORD, UM_OK, 1, "a host with another database knows nothing of it");
    is("alice", SITE_PASSWORD, UM_OK, 0, "until it has hashed the password itself");
    s.site.issuer = "https://other.example";
    um_caller_cache_set_scope(&s.site, "sqlite3 accounts.db");
    is("alice", SITE_PASSWORD, UM_OK, 1, "nor does one with another issuer");
    s.site.issuer = issuer;
    um_caller_cache_set_scope(&s.site, "sqlite3 accounts.db");
    is("alice", SITE_PASSWORD, UM_OK, 0, "the first one knows it still");
}

static void test_changes(void)
{
    const um_user_t *zoe = site_register(&s, "zoe", "", NULL);
    um_user_t *user = apr_pmemdup(s.pool, zoe, sizeof(*zoe));
    um_ctx_t *ctx = site_ctx(&s);
    um_session_new_t session;

    start();
    is("zoe", SITE_PASSWORD, UM_OK, 1, "somebody is known");
    um_password_change(ctx, zoe, site_secret(SITE_PASSWORD), site_secret(NEW_PASSWORD), 0, &session);
    is("zoe", SITE_PASSWORD, UM_INVALID, 1, "the old password is not good the moment it is changed");
    is("zoe", NEW_PASSWORD, UM_OK, 1, "the new one is");
    is("zoe", NEW_PASSWORD, UM_OK, 0, "and known");
    um_group_add(ctx, "editors", zoe->id);
    is("zoe", NEW_PASSWORD, UM_OK, 0, "put into a group, he is known on");
    is_text(last->groups, "editors", "a new member is in the group at once");
    um_group_drop(ctx, "editors", zoe->id);
    is("zoe", NEW_PASSWORD, UM_OK, 0, "taken out of it");
    is_text(last->groups, "", "a removed member is out of the group at once");
    um_user_set_active(ctx, zoe->id, 0, &user);
    is("zoe", NEW_PASSWORD, UM_INVALID, 1, "switched off at once");
    um_user_set_active(ctx, zoe->id, 1, &user);
    is("zoe", NEW_PASSWORD, UM_OK, 1, "switched on again");
    um_user_delete(ctx, zoe->id);
    is("zoe", NEW_PASSWORD, UM_ABSENT, 1, "deleted at once");
    zoe = site_register(&s, "zoe", "", NULL);
    is("zoe", NEW_PASSWORD, UM_INVALID, 1, "somebody else took the name");
    is("zoe", SITE_PASSWORD, UM_OK, 1, "and is himself");
    is_text(last->user_id, zoe->id, "a deleted and a new account are told apart by the id");
}

static void switch_off(const char *name, int state)
{
    site_do(&s, apr_psprintf(s.pool, "update um_users set is_active = %d, version = "
                             "'018bcfe5-0000-7000-8000-00000000000%d' where username = '%s'", state, state, name));
}

/* By another node: nothing is forgotten here. */
static void test_elsewhere(void)
{
    start();
    is("bob", SITE_PASSWORD, UM_OK, 1, "known");
    switch_off("bob", 0);
    is("bob", SITE_PASSWORD, UM_OK, 0, "switched off elsewhere: within the delay");
    s.now += apr_time_from_sec(3);
    is("bob", SITE_PASSWORD, UM_INVALID, 1, "not after it");
    switch_off("bob", 1);
    is("bob", SITE_PASSWORD, UM_OK, 1, "and on again");
    s.settings.revocation_delay = 0;
    switch_off("bob", 0);
    is("bob", SITE_PASSWORD, UM_INVALID, 1, "with a delay of 0 at once");
    switch_off("bob", 1);
}

/* Counts down the askings until the change: the second one is that after the hash. */
static int until;

static void change_meanwhile(site_t *site)
{
    if (--until == 0) {
        site->on_ask = NULL;
        switch_off("bob", 3);
        site_do(site, "update um_users set is_active = 1 where username = 'bob'");
    }
}

static void go_meanwhile(site_t *site)
{
    if (--until == 0) {
        site->on_ask = NULL;
        switch_off("bob", 0);
    }
}

static void test_overtaken(void)
{
    start();
    is("alice", SITE_PASSWORD, UM_OK, 1, "the schema has been looked at");
    until = 2;
    s.on_ask = change_meanwhile;
    is("bob", SITE_PASSWORD, UM_OK, 2, "an account that is changed while its password is hashed is looked at again");
    is("bob", SITE_PASSWORD, UM_OK, 0, "and known as it is now");
    start();
    is("alice", SITE_PASSWORD, UM_OK, 1, "the schema has been looked at");
    until = 2;
    s.on_ask = go_meanwhile;
    is("bob", SITE_PASSWORD, UM_INVALID, 2, "one that is switched off meanwhile is refused");
    switch_off("bob", 1);
}

static void test_trouble(void)
{
    void *memory = apr_pcalloc(s.pool, um_concurrency_limit_size());
    um_concurrency_limit_pass_t pass;

    start();
    s.refuse = 1000;
    is("alice", SITE_PASSWORD, UM_UNAVAILABLE, 0, "without a database");
    is("nobody", SITE_PASSWORD, UM_UNAVAILABLE, 0, "it is not told that a name is unknown");
    start();
    is("alice", SITE_PASSWORD, UM_OK, 1, "known");
    s.refuse = 1000;
    is("alice", SITE_PASSWORD, UM_OK, 0, "the database goes away: for the delay");
    s.now += apr_time_from_sec(3);
    is("alice", SITE_PASSWORD, UM_UNAVAILABLE, 0, "not after it");
    s.settings.database_grace = 60;
    is("alice", SITE_PASSWORD, UM_OK, 0, "but where there is grace");
    is("alice", "wrong", UM_UNAVAILABLE, 0, "not with a wrong password");
    start();
    um_concurrency_limit_init(memory);
    s.site.hash_limit = um_concurrency_limit_attach(s.pool, memory, 1, 0);
    um_concurrency_limit_enter(s.site.hash_limit, 0, &pass);
    {
        um_basic_t found;
        um_ctx_t *ctx = site_ctx(&s);

        hashes = 0;
        ok(um_basic_caller(ctx, "alice", site_secret(SITE_PASSWORD), &found) == UM_BUSY && !hashes && ctx->cause,
           "the hash limit is full: %s", ctx->cause ? ctx->cause : "(no cause)");
    }
    um_concurrency_limit_leave(s.site.hash_limit, &pass);
    is("alice", SITE_PASSWORD, UM_OK, 1, "then it goes on");
    s.site.hash_limit = NULL;
}

static void test_upgrade(void)
{
    const char *before = site_ask(&s, "select password from um_users where username = 'alice'"), *after;

    start();
    s.hash.lanes = 2;
    is("alice", SITE_PASSWORD, UM_OK, 2, "an old hash");
    after = site_ask(&s, "select password from um_users where username = 'alice'");
    ok(strcmp(before, after) != 0 && strstr(after, "p=2"), "an outdated hash is replaced");
    is("alice", SITE_PASSWORD, UM_OK, 0, "and the account known");
    s.hash.lanes = 1;
}

int main(void)
{
    um_single_flight_t *single_flight;

    site_begin();
    site_open(&s);
    um_single_flight_create(s.pool, &single_flight);
    s.site.single_flight = single_flight;
    alice = site_register(&s, "alice", "", NULL);
    bob = site_register(&s, "bob", "", NULL);
    if (ok(alice && bob && site_register(&s, "carol", "", NULL) && site_register(&s, "dave", "", NULL)
           && site_register(&s, "erin", "", NULL), "five accounts are registered")) {
        site_do(&s, "update um_users set is_active = 0 where username = 'carol'");
        site_do(&s, "update um_users set is_active = 2 where username = 'dave'");
        site_do(&s, "update um_users set password = 'md5$x$y' where username = 'erin'");
        um_group_create(site_ctx(&s), "staff-2");
        um_group_create(site_ctx(&s), "editors");
        um_group_add(site_ctx(&s), "staff-2", alice->id);
        um_group_add(site_ctx(&s), "editors", alice->id);
        test_rules();
        test_long();
        test_known();
        test_other_hosts();
        test_changes();
        test_elsewhere();
        test_overtaken();
        test_trouble();
        test_upgrade();
    }
    ok(!held, "no connection is held while a password is hashed");
    ok(!s.misused && !s.in_use && !s.locked, "one connection and one lock at a time, all released");
    site_close(&s);
    return site_end();
}
