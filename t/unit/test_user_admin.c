/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts in the hands of an administrator: adding, finding, renaming, passwords, verifying. */
#include "group.h"
#include "quarantine.h"
#include "site_mail.h"

#include "user_admin.h"

#define NEW_PASSWORD "another horse battery"
#define HELD_SECONDS 1000

static site_t s;
static site_mail_t m;

static void begin(void)
{
    site_open(&s);
    site_mail_open(&s, &m);
    s.settings.events_keep = 1;
}

static void end(void)
{
    ok(!s.misused && !s.in_use && !s.locked, "one connection and one lock at a time, all released");
    site_mail_close(&s, &m);
    site_close(&s);
}

static const char *ask(const char *sql)
{
    const char *value = site_ask(&s, sql);

    return value ? value : "";
}

static const char *events(void)
{
    return ask("select group_concat(kind || case when detail = '' then '' else ' ' || detail end, ', ')"
               " from (select kind, detail from um_events order by kind, detail)");
}

static apr_array_header_t *groups_of(const char *first, const char *second)
{
    apr_array_header_t *groups = apr_array_make(s.pool, 2, sizeof(const char *));

    APR_ARRAY_PUSH(groups, const char *) = first;
    if (second) {
        APR_ARRAY_PUSH(groups, const char *) = second;
    }
    return groups;
}

/* How adding ended: "" when the account was made, else what was wrong. */
static const char *try_add(const um_user_add_t *add, const um_user_t **user)
{
    um_ctx_t *ctx = site_ctx(&s);
    const um_user_t *unwanted;
    const char *missing;
    um_status_e status = um_user_add(ctx, add, user ? user : &unwanted, &missing);

    return status == UM_OK ? ""
           : status == UM_ABSENT ? apr_pstrcat(s.pool, "no group ", missing, NULL)
           : status == UM_INVALID ? site_errors(ctx) : apr_psprintf(s.pool, "status %d", status);
}

static um_user_t *by_name(const char *name)
{
    um_user_t *user = NULL;

    um_user_by_name(site_ctx(&s), name, &user);
    return user;
}

static int can_login(const char *name, const char *password)
{
    const char *token;

    return site_login(site_ctx(&s), name, site_secret(password), &token) == UM_OK;
}

/* --- adding --- */

static void test_add(void)
{
    um_user_add_t add = { .profile = { .username = "Alice", .email = "alice@example.org", .first_name = "Al",
                                       .password = site_secret(SITE_PASSWORD) } };
    const um_user_t *user;

    begin();
    is_text(try_add(&add, &user), "", "an account");
    is_text(ask("select username || ' ' || email || ' ' || first_name || ' ' || last_name || is_active || is_staff ||"
                " email_verified from um_users"), "Alice alice@example.org Al 100", "is stored as it was given");
    is_text(user->id, ask("select id from um_users"), "and is what the caller gets");
    ok(can_login("alice", SITE_PASSWORD), "it can sign in");
    is_text(ask("select count(*) from um_mail"), "0", "no mail is sent where addresses are not verified");
    is_text(events(), "account_added", "the event is kept");
    is_text(try_add(&add, NULL), "username unique", "the name is taken");
    add.profile.username = "ALICE";
    is_text(try_add(&add, NULL), "username unique", "in every spelling");
    add.profile = (um_profile_input_t){ .username = "two words", .email = "none", .password = site_secret("short") };
    is_text(try_add(&add, NULL), "username invalid, email invalid, password password_too_short", "all faults are told");
    add.profile = (um_profile_input_t){ .username = "bob.builder", .password = site_secret("bob.builder1") };
    is_text(try_add(&add, NULL), "password password_too_similar", "the policy of passwords holds");
    add.profile = (um_profile_input_t){ .username = "" };
    is_text(try_add(&add, NULL), "username invalid", "a name is needed");
    is_text(ask("select count(*) from um_users"), "1", "what is refused is not made");
    add.profile = (um_profile_input_t){ .username = "nobody.yet" };
    is_text(try_add(&add, &user), "", "an account without a password");
    ok(!can_login("nobody.yet", "") && !can_login("nobody.yet", "!"), "no password signs in to it");
    is_text(um_user_password_format(s.pool, user->password), "none", "its format says so");
    end();
}

static void test_add_more(void)
{
    um_user_add_t add = { .profile = { .username = "alice", .email = "alice@example.org" }, .is_staff = 1,
                          .is_verified = 1 };
    const um_user_t *user;

    begin();
    um_group_create(site_ctx(&s), "sales");
    um_group_create(site_ctx(&s), "B\xC3\xBCro");
    site_do(&s, "delete from um_events");
    add.groups = groups_of("sales", "none");
    is_text(try_add(&add, NULL), "no group none", "a group that does not exist");
    add.groups = groups_of("sales", "a,b");
    is_text(try_add(&add, NULL), "no group a,b", "or that cannot exist");
    is_text(ask("select (select count(*) from um_users) || (select count(*) from um_memberships)"), "00",
            "then nothing is made");
    is_text(events(), "", "and no event is kept");
    add.groups = groups_of("sales", "Bu\xCC\x88ro");
    APR_ARRAY_PUSH((apr_array_header_t *)add.groups, const char *) = "sales";
    is_text(try_add(&add, &user), "", "a group in another spelling, and one that is named twice");
    ok(user->is_staff && user->is_active, "the account is staff");
    is_text(ask("select is_staff || email_verified from um_users"), "11", "and its address verified");
    is_text(ask("select count(*) from um_memberships"), "2", "it is in both groups");
    is_text(events(), "account_added, email_verified, group_added B\xC3\xBCro, group_added sales, staff_given",
            "each right has its event");
    end();
}

static void test_add_verified(void)
{
    um_user_add_t add = { .profile = { .username = "alice", .email = "alice@example.org" } };
    const um_user_t *user;

    begin();
    s.settings.email_verification = UM_VERIFY_REQUIRED;
    is_text(try_add(&add, &user), "", "where addresses must be verified");
    ok(user->is_waiting && !user->is_active, "the account waits for that");
    is_text(ask("select kind || ' ' || address from um_mail"), "verify alice@example.org", "and gets the mail");
    add = (um_user_add_t){ .profile = { .username = "bob", .email = "bob@example.org" }, .is_verified = 1 };
    ok(!*try_add(&add, &user) && user->is_active, "an address that is taken as verified makes no account wait");
    add = (um_user_add_t){ .profile = { .username = "carol" } };
    ok(!*try_add(&add, &user) && user->is_active, "nor does an account without an address");
    is_text(ask("select count(*) from um_mail"), "1", "both get no mail");
    s.settings.login = UM_LOGIN_EMAIL;
    is_text(try_add(&(um_user_add_t){ .profile = { .username = "frank" } }, NULL), "email required",
            "where people sign in by address, one is needed");
    s.settings.login = UM_LOGIN_USERNAME;
    s.settings.unique_email = 1;
    add = (um_user_add_t){ .profile = { .username = "dave", .email = "Bob@example.org" } };
    is_text(try_add(&add, NULL), "email unique", "where addresses are unique, that of another account is taken");
    end();
}

/* --- finding --- */

/* "alice", or what stands in the way: "none", "alice bob". */
static const char *find(const char *text)
{
    apr_array_header_t *candidates;
    um_user_t *user;
    um_status_e status = um_user_lookup(site_ctx(&s), text, &user, &candidates);
    const char *names = status == UM_INVALID ? "ambiguous" : "";

    if (status == UM_OK) {
        return user->username;
    }
    for (int i = 0; i < candidates->nelts; i++) {
        names = apr_pstrcat(s.pool, names, " ", APR_ARRAY_IDX(candidates, i, um_user_t *)->username, NULL);
    }
    return status == UM_ABSENT ? "none" : names;
}

static void test_lookup(void)
{
    const um_user_t *alice, *bob;
    um_user_details_t details;

    begin();
    alice = site_register(&s, "alice", "alice@example.org", NULL);
    bob = site_register(&s, "bob", "both@b\xC3\xBC" "cher.example", NULL);
    s.now += apr_time_from_sec(1);
    site_register(&s, "carol", "both@xn--bcher-kva.example", NULL);
    is_text(find("ALICE"), "alice", "by name, in every spelling");
    is_text(find("alice@EXAMPLE.org"), "alice", "by address, in every spelling");
    is_text(find(alice->id), "alice", "by id");
    is_text(find("018BCFE5000070008000000000000001"), "none", "an id that no account has");
    site_do(&s, "update um_users set alias = '4711' where username = 'alice'");
    is_text(find("4711"), "alice", "by the number that it had before it was imported");
    is_text(find("dave"), "none", "an unknown name");
    is_text(find(""), "none", "nothing");
    is_text(find("a\xFF"), "none", "no text");
    is_text(find("both@xn--bcher-kva.example"), "ambiguous bob carol", "an address of several accounts");
    /* Names may have the form of an address or an id, and anybody chooses theirs. */
    site_register(&s, "alice@example.org", "", NULL);
    is_text(find("alice@example.org"), "ambiguous alice@example.org alice", "a name that is another one's address");
    site_register(&s, bob->id, "", NULL);
    is_text(find(bob->id), "bob", "an id is not overruled by a name");
    site_register(&s, "4711", "", NULL);
    is_text(find("4711"), "ambiguous 4711 alice", "a name that is another one's number");
    site_register(&s, "erin@example.org", "erin@example.org", NULL);
    is_text(find("erin@example.org"), "erin@example.org", "a name that is the same account's address is not ambiguous");
    is_int(um_user_lookup_details(site_ctx(&s), alice->id, &details), UM_OK, "the details of an account");
    ok(details.updated_at == SITE_NOW && details.sessions == 1 && details.latest_session_at == SITE_NOW,
       "are what is stored");
    um_session_end_all(site_ctx(&s), alice->id);
    um_user_lookup_details(site_ctx(&s), alice->id, &details);
    ok(details.sessions == 0 && details.latest_session_at == 0, "sessions that ended are not counted");
    is_int(um_user_lookup_details(site_ctx(&s), UM_MAIL_NO_ID, &details), UM_ABSENT, "those of nobody");
    end();
}

/* --- renaming --- */

static const char *try_rename(const um_user_t *user, const char *name, int takes_held)
{
    um_ctx_t *ctx = site_ctx(&s);
    um_user_t *renamed;
    um_status_e status = um_user_rename(ctx, user, name, takes_held, &renamed);

    return status == UM_OK ? apr_pstrcat(s.pool, "now ", renamed->username, NULL)
           : status == UM_INVALID ? site_errors(ctx) : apr_psprintf(s.pool, "status %d", status);
}

static void test_rename(void)
{
    const um_user_t *alice, *before;
    const char *token;

    begin();
    alice = site_register(&s, "alice", "alice@example.org", &token);
    site_register(&s, "bob", "", NULL);
    site_do(&s, "delete from um_events");
    is_text(try_rename(alice, "bob", 0), "username unique", "a name that is taken");
    is_text(try_rename(alice, "BOB", 1), "username unique", "in every spelling");
    is_text(try_rename(alice, "two words", 0), "username invalid", "no name");
    is_text(try_rename(alice, "Alice", 0), "now Alice", "another spelling of its own name");
    is_text(try_rename(alice, "alicia", 0), "now alicia", "another name");
    is_int(site_call(&s, token), UM_OK, "its sessions go on");
    ok(can_login("alicia", SITE_PASSWORD) && !can_login("alice", SITE_PASSWORD), "only the new name signs in");
    is_text(events(), "account_renamed, account_renamed", "the events are kept");
    is_text(try_rename(alice, "ann", 0), apr_psprintf(s.pool, "status %d", UM_BUSY),
            "who has read the account before another renamed it changes nothing");
    s.settings.name_quarantine = HELD_SECONDS;
    before = by_name("alicia");
    is_text(try_rename(before, "ann", 0), "now ann", "with a quarantine of names");
    is_text(try_rename(by_name("ann"), "alicia", 0), "username held_back", "the former name is held back");
    is_text(try_add(&(um_user_add_t){ .profile = { .username = "Alicia" } }, NULL), "username held_back",
            "from new accounts as well");
    is_text(try_rename(by_name("ann"), "alicia", 1), "now alicia", "unless the administrator takes it all the same");
    is_text(try_add(&(um_user_add_t){ .profile = { .username = "ann" }, .takes_held_name = 1 }, NULL), "",
            "so can a new account");
    is_text(try_rename(by_name("alicia"), "ALICIA", 0), "now ALICIA", "another spelling is held back from nobody");
    um_user_delete(site_ctx(&s), alice->id);
    is_text(try_rename(alice, "ann2", 0), apr_psprintf(s.pool, "status %d", UM_ABSENT), "an account that is gone");
    end();
}

/* Somebody takes the name between the check and the change. */
static void take_name(site_t *site)
{
    site->on_lock = NULL;
    site_do(site, "insert into um_users (id, username, username_key, first_name, last_name, email, email_key, password,"
            " version, created_at, updated_at) values ('018bcfe5-0000-7000-8000-000000000001', 'taken', 'taken', '',"
            " '', '', '', 'x', '018bcfe5-0000-7000-8000-000000000001', 1, 1)");
}

static void test_races(void)
{
    const um_user_t *alice;

    begin();
    alice = site_register(&s, "alice", "alice@example.org", NULL);
    s.on_lock = take_name;
    is_text(try_rename(alice, "taken", 0), "username unique", "a name that is taken during the renaming");
    site_do(&s, "delete from um_users where username = 'taken'");
    s.on_lock = take_name;
    is_text(try_add(&(um_user_add_t){ .profile = { .username = "taken" } }, NULL), "username unique",
            "or during the adding");
    end();
}

/* --- passwords and addresses --- */

static void test_password(void)
{
    const um_user_t *alice;
    const char *token;
    um_ctx_t *ctx;

    begin();
    alice = site_register(&s, "alice", "alice@example.org", &token);
    site_do(&s, "delete from um_events");
    ctx = site_ctx(&s);
    is_int(um_user_password_set(ctx, alice, site_secret("alice@example")), UM_INVALID, "the policy holds");
    is_text(site_errors(ctx), "password password_too_similar", "it knows whose password it is");
    is_int(site_call(&s, token), UM_OK, "what is refused ends no session");
    is_int(um_user_password_set(site_ctx(&s), alice, site_secret(NEW_PASSWORD)), UM_OK, "a good password");
    ok(can_login("alice", NEW_PASSWORD) && !can_login("alice", SITE_PASSWORD), "is the one that signs in");
    is_int(site_call(&s, token), UM_BAD_TOKEN, "all sessions have ended");
    is_text(events(), "password_changed", "the event is kept");
    is_text(ask("select kind || ' ' || address from um_mail"), "password_changed alice@example.org",
            "the owner is told of it");
    is_int(um_user_password_set(site_ctx(&s), alice, site_secret(SITE_PASSWORD)), UM_OK,
           "an account that was read before the last change: the last one to set a password decides");
    ok(can_login("alice", SITE_PASSWORD), "that is the password now");
    is_int(um_user_password_set(site_ctx(&s), alice, (um_secret_t){ NULL, 0 }), UM_OK, "no password");
    ok(!can_login("alice", SITE_PASSWORD), "lets nobody sign in");
    um_user_delete(site_ctx(&s), alice->id);
    is_int(um_user_password_set(site_ctx(&s), alice, site_secret(NEW_PASSWORD)), UM_ABSENT, "an account that is gone");
    end();
}

static void test_format(void)
{
    static const struct { const char *hash, *format; } cases[] = {
        { "invited", "invited" }, { "", "none" }, { "!", "none" }, { "!made unusable by Django", "none" },
        { "x", "unknown" },
        { "$scrypt$ln=10,r=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "scrypt" },
        { "$pepper$2026$scrypt$ln=10,r=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
          "scrypt with pepper 2026" },
        { "$scrypt$broken", "unknown" }, { "{SHA}2jmj7l5rSw0yVb/vlWAYkK/YBwk=", "{SHA}" },
    };

    begin();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        is_text(um_user_password_format(s.pool, cases[i].hash), cases[i].format, cases[i].hash);
    }
    end();
}

static void test_verify(void)
{
    const um_user_t *alice;
    const char *token;
    um_user_t *user;
    um_ctx_t *ctx;

    begin();
    alice = site_register(&s, "alice", "alice@example.org", &token);
    site_do(&s, "delete from um_events");
    is_int(um_user_verify(site_ctx(&s), alice, &user), UM_OK, "an address is taken as verified");
    is_text(ask("select email_verified from um_users"), "1", "it is so in the database");
    is_int(site_call(&s, token), UM_OK, "no session ends");
    is_text(events(), "email_verified", "the event is kept");
    site_do(&s, "update um_users set is_active = 2, email_verified = 0");
    ok(um_user_verify(site_ctx(&s), alice, &user) == UM_OK && user->is_active && !user->is_waiting,
       "an account that waited for it is active");
    site_do(&s, "update um_users set is_active = 0");
    ok(um_user_verify(site_ctx(&s), alice, &user) == UM_OK && !user->is_active, "one that was switched off stays so");
    site_do(&s, "update um_users set email = 'other@example.org', email_verified = 0");
    is_int(um_user_verify(site_ctx(&s), alice, &user), UM_BUSY, "an address that was changed meanwhile");
    is_text(ask("select email_verified from um_users"), "0", "it stays as it was");
    site_do(&s, "update um_users set email = '', email_key = ''");
    ctx = site_ctx(&s);
    is_int(um_user_verify(ctx, by_name("alice"), &user), UM_INVALID, "an account without an address");
    is_text(site_errors(ctx), UM_NO_FIELD " no_address", "it says so");
    um_user_delete(site_ctx(&s), alice->id);
    is_int(um_user_verify(site_ctx(&s), alice, &user), UM_ABSENT, "an account that is gone");
    end();
}

int main(void)
{
    site_begin();
    test_add();
    test_add_more();
    test_add_verified();
    test_lookup();
    test_rename();
    test_races();
    test_password();
    test_format();
    test_verify();
    return site_end();
}
