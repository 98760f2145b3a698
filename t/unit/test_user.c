/* SPDX-License-Identifier: Apache-2.0 */
#include "site.h"

#define SHARP_S "stra\xC3\x9F" "e"                 /* straße */
#define LONGEST_NAME 150
#define WIDE_ALICE "\xEF\xBD\x81\xEF\xBD\x8C\xEF\xBD\x89\xEF\xBD\x83\xEF\xBD\x85"

static site_t s;

static um_status_e try_register(const char *username, const char *email, const char *password, um_ctx_t **ctx)
{
    site_input_t input = { .username = username, .email = email, .password = site_secret(password) };
    const um_user_t *user;
    const char *token;

    *ctx = site_ctx(&s);
    return site_enrol(*ctx, &input, &user, &token);
}

static const char *ask(const char *sql)
{
    return site_ask(&s, sql);
}

/* --- registering --- */

static void test_faults_at_once(void)
{
    static const struct { const char *name, *username, *email, *password, *want; } cases[] = {
        { "all is well", "carol", "carol@example.org", SITE_PASSWORD, "" },
        { "a name with a blank", "a b", "", SITE_PASSWORD, "username invalid" },
        { "an empty name", "", "", SITE_PASSWORD, "username invalid" },
        { "not UTF-8", "a\xFF", "", SITE_PASSWORD, "username invalid" },
        { "everything is wrong", "a b", "nowhere", "1234", "username invalid, password password_too_short, "
          "password password_entirely_numeric, email invalid" },
        { "a taken name and more", "ALICE", "nowhere", "1234567", "password password_too_short, "
          "password password_entirely_numeric, email invalid, username unique" },
        { "a password like the name", "dorothea", "", "dorothea1", "password password_too_similar" },
        { "a password like the address", "dora", "dorothea@example.org", "dorothea1", "password password_too_similar" },
        { "a password of blanks and a letter", "dora2", "", "        \xC3\xA4", "" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *before = ask("select count(*) from um_users");
        um_ctx_t *ctx;
        um_status_e status = try_register(cases[i].username, cases[i].email, cases[i].password, &ctx);

        is_int(status, *cases[i].want ? UM_INVALID : UM_OK, cases[i].name);
        is_text(site_errors(ctx), cases[i].want, "all faults of the input are told");
        if (status == UM_INVALID) {
            is_text(ask("select count(*) from um_users"), before, "no account is registered");
        }
    }
}

static void test_lengths(void)
{
    char name[LONGEST_NAME + 2], wide[3 * (LONGEST_NAME / 2 + 2)], *end = wide;
    char *password = apr_palloc(s.pool, 1026);
    um_ctx_t *ctx;

    memset(name, 'n', sizeof(name));
    name[LONGEST_NAME + 1] = '\0';
    is_int(try_register(name, "", SITE_PASSWORD, &ctx), UM_INVALID, "a name of 151 characters");
    is_text(site_errors(ctx), "username max_length", "a name of too many characters is refused");
    name[LONGEST_NAME] = '\0';
    is_int(try_register(name, "", SITE_PASSWORD, &ctx), UM_OK, "one of 150 is not");
    for (int i = 0; i < LONGEST_NAME / 2 + 1; i++) {
        memcpy(end, "\xEF\xAC\x80", 3);                         /* a ligature: two letters in NFKC */
        end += 3;
    }
    *end = '\0';
    is_int(try_register(wide, "", SITE_PASSWORD, &ctx), UM_INVALID, "76 characters that become 152");
    is_text(site_errors(ctx), "username max_length", "a name that normalization makes too long is refused");
    memset(password, 'a', 1025);
    memcpy(password, SITE_PASSWORD, strlen(SITE_PASSWORD));
    password[1025] = '\0';
    is_int(try_register("edgar", "", password, &ctx), UM_INVALID, "a password of 1025 characters");
    is_text(site_errors(ctx), "password max_length", "a password that is too long has no other fault");
    password[1024] = '\0';
    is_int(try_register("edgar", "", password, &ctx), UM_OK, "one of 1024 is not");
}

static void test_spellings(void)
{
    static const struct { const char *name; int taken; } cases[] = {
        { "alice", 1 }, { "ALICE", 1 }, { "aLiCe", 1 }, { WIDE_ALICE, 1 }, { "al1ce", 0 }, { "alice.", 0 },
        { SHARP_S, 0 }, { "STRASSE", 1 }, { "strasse", 1 }, { "STRA\xE1\xBA\x9E" "E", 1 },
        { "\xC3\xA9t\xC3\xA9", 0 }, { "e\xCC\x81" "te\xCC\x81", 1 }, { "\xC3\x89T\xC3\x89", 1 },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        um_ctx_t *ctx;
        um_status_e status = try_register(cases[i].name, "", SITE_PASSWORD, &ctx);

        ok(status == (cases[i].taken ? UM_INVALID : UM_OK), "%s is %s", cases[i].name,
           cases[i].taken ? "taken" : "free");
        is_text(site_errors(ctx), cases[i].taken ? "username unique" : "",
                "a name that is taken is told, and nothing else");
    }
    is_text(ask("select username from um_users where username_key = 'strasse'"), SHARP_S, "a name is kept as typed");
}

static void test_shared_address(void)
{
    um_ctx_t *ctx;
    site_t own;

    is_int(try_register("frank", "Frank@Example.ORG", SITE_PASSWORD, &ctx), UM_OK,
           "an account with an address is registered");
    is_text(ask("select email from um_users where username = 'frank'"), "Frank@example.org",
            "the domain of the address is stored in lower case");
    is_int(try_register("frank2", "frank@example.org", SITE_PASSWORD, &ctx), UM_OK, "may belong to two accounts");
    own = s;
    site_open(&s);
    s.settings.unique_email = 1;
    is_int(try_register("frank", "Frank@Example.ORG", SITE_PASSWORD, &ctx), UM_OK,
           "an address is registered where addresses are exclusive");
    is_int(try_register("frank2", "fRANK@example.org", SITE_PASSWORD, &ctx), UM_INVALID,
           "the same address is refused where addresses are exclusive");
    is_text(site_errors(ctx), "email unique", "the address is taken in any spelling");
    is_int(try_register("frank2", "", SITE_PASSWORD, &ctx), UM_OK, "an account without an address is registered");
    is_int(try_register("frank3", "", SITE_PASSWORD, &ctx), UM_OK, "a second account without an address is registered");
    is_int(try_register("FRANK2", "frank@example.org", SITE_PASSWORD, &ctx), UM_INVALID,
           "a registration with the name and address of other accounts is refused");
    is_text(site_errors(ctx), "username unique, email unique",
            "the taken name and the taken address are told together");
    site_close(&s);
    s = own;
}

/* --- two at the same instant --- */

/* The second connection of a registration is for its rows: somebody else is just before it. */
static void insert_before(site_t *site)
{
    if (site->asked == 2) {
        site_do(site, "insert into um_users (id, username, username_key, email_key, email_claim, password, version, "
                "created_at, updated_at) values ('x', 'gina', 'gina', 'gina@example.org', 'gina@example.org', 'x', "
                "'x', 1, 1)");
    }
}

static void test_race(void)
{
    static const struct { const char *name, *email, *want; } cases[] = {
        { "gina", "", "username unique" },
        { "other", "gina@example.org", "email unique" },
        { "other", "", "" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        site_t own = s;
        um_ctx_t *ctx;
        um_status_e status;

        site_open(&s);
        s.settings.unique_email = 1;
        site_register(&s, "first", "", NULL);
        s.asked = 0;
        s.on_ask = insert_before;
        status = try_register(cases[i].name, cases[i].email, SITE_PASSWORD, &ctx);
        is_int(status, *cases[i].want ? UM_INVALID : UM_OK, "somebody else was faster");
        is_text(site_errors(ctx), cases[i].want, "the faults of the input are told");
        is_text(ask("select count(*) from um_users where id = 'x'"), "1", "a failed registration leaves no second row");
        is_text(ask("select count(*) from um_sessions"), *cases[i].want ? "1" : "2", "no session for the slower one");
        ok(!s.misused && !s.in_use && !s.locked, "one connection at a time");
        site_close(&s);
        s = own;
    }
}

/* --- the others --- */

static void test_find(void)
{
    const um_user_t *alice = site_register(&s, "helen", "", NULL), *bob = site_register(&s, "ivan", "", NULL), *found;
    um_user_t boss = *alice;
    um_caller_t caller = { .user = alice }, staff = { .user = &boss };

    boss.is_staff = 1;
    s.asked = 0;
    ok(um_user_find(site_ctx(&s), &caller, alice->id, &found) == UM_OK && found == alice && !s.asked,
       "one sees oneself without another look at the database");
    is_int(um_user_find(site_ctx(&s), &caller, bob->id, &found), UM_ABSENT, "an account does not find another account");
    is_int(um_user_find(site_ctx(&s), &caller, "00000000-0000-7000-8000-000000000000", &found), UM_ABSENT,
           "an account does not find an unknown id");
    is_int(um_user_find(site_ctx(&s), &caller, NULL, &found), UM_ABSENT, "an account does not find a missing id");
    ok(!s.asked, "none of these asks the database");
    ok(um_user_find(site_ctx(&s), &staff, bob->id, &found) == UM_OK && strcmp(found->username, "ivan") == 0,
       "staff find other accounts");
    is_int(um_user_find(site_ctx(&s), &staff, "00000000-0000-7000-8000-000000000000", &found), UM_ABSENT,
           "staff do not find an unknown id");
    is_int(um_user_find(site_ctx(&s), &staff, NULL, &found), UM_ABSENT, "staff do not find a missing id");
}

/* A user as one text. */
static const char *told(const um_user_t *user)
{
    return apr_pstrcat(s.pool, user->first_name, "|", user->last_name, "|", user->email, NULL);
}

static void test_update(void)
{
    static const struct { const char *name, *first, *last, *email, *want; } cases[] = {
        { "all three", "A", "B", "Jane@Example.ORG", "A|B|Jane@example.org" },
        { "nothing", NULL, NULL, NULL, "A|B|Jane@example.org" },
        { "one is cleared", "", NULL, NULL, "|B|Jane@example.org" },
        { "the address is cleared", NULL, NULL, "", "|B|" },
        { "quotes are letters", "O'Neil\"; --", "%s", NULL, "O'Neil\"; --|%s|" },
    };
    const um_user_t *jane = site_register(&s, "jane", "", NULL), *user = NULL;
    site_input_t bad = { .first_name = "changed", .email = "nowhere" };
    um_ctx_t *ctx = site_ctx(&s);

    s.settings.events_keep = 86400;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        site_input_t input = { .first_name = cases[i].first, .last_name = cases[i].last, .email = cases[i].email };

        is_int(um_user_update(site_ctx(&s), jane, &input, &user), UM_OK, cases[i].name);
        is_text(user ? told(user) : NULL, cases[i].want, "the answer has the changed profile");
        is_text(ask("select first_name || '|' || last_name || '|' || email from um_users where username = 'jane'"),
                cases[i].want, "the changed profile is stored");
    }
    is_text(ask("select group_concat(detail, ', ') from (select detail from um_events where kind = 'account_updated'"
                " order by detail)"), "first_name, first_name last_name, first_name last_name",
            "an event names the fields that have changed, also those that somebody else has changed meanwhile");
    is_int(um_user_update(ctx, jane, &bad, &user), UM_INVALID, "a bad address is refused");
    is_text(site_errors(ctx), "email invalid", "the bad address is told");
    is_text(ask("select first_name from um_users where username = 'jane'"), "O'Neil\"; --",
            "a refused change changes nothing");
    is_int(um_user_delete(site_ctx(&s), jane->id), UM_OK, "the account is deleted meanwhile");
    is_int(um_user_update(site_ctx(&s), jane, &(site_input_t){ .first_name = "x" }, &user), UM_ABSENT,
           "a change of a deleted account is told as absent");
}

static um_status_e set_email(const um_user_t *user, const char *email, um_ctx_t **ctx)
{
    const um_user_t *after;

    *ctx = site_ctx(&s);
    return um_user_update(*ctx, user, &(site_input_t){ .email = email }, &after);
}

static void test_exclusive_update(void)
{
    const um_user_t *kate, *liam;
    site_t own = s;
    um_ctx_t *ctx;

    site_open(&s);
    s.settings.unique_email = 1;
    kate = site_register(&s, "kate", "kate@example.org", NULL);
    liam = site_register(&s, "liam", "liam@example.org", NULL);
    is_int(set_email(liam, "KATE@example.org", &ctx), UM_INVALID, "the address of another account is refused");
    is_text(site_errors(ctx), "email unique", "the address is told as taken");
    is_text(ask("select email from um_users where username = 'liam'"), "liam@example.org",
            "the refused address is not stored");
    is_int(set_email(liam, "LIAM@example.org", &ctx), UM_OK, "one's own in other letters is not");
    is_int(set_email(kate, "", &ctx), UM_OK, "given up by its owner");
    is_int(set_email(liam, "kate@example.org", &ctx), UM_OK, "an address that was left is free");
    is_int(set_email(kate, "liam@example.org", &ctx), UM_OK, "the other address that was left is free, too");
    s.settings.unique_email = 0;
    is_int(set_email(kate, "kate@example.org", &ctx), UM_OK,
           "where addresses may be shared two accounts can have the same");
    site_close(&s);
    s = own;
}

static void test_state_and_delete(void)
{
    const char *token, *session;
    um_user_t *user = NULL, *after;

    site_register(&s, "Mona", "", &token);
    ok(um_user_by_name(site_ctx(&s), "mONA", &user) == UM_OK && strcmp(user->username, "Mona") == 0,
       "found in any case");
    is_int(um_user_by_name(site_ctx(&s), "nobody", &user), UM_ABSENT, "an unknown name is not found");
    is_int(um_user_by_name(site_ctx(&s), "\xFF", &user), UM_ABSENT, "bytes that are no UTF-8 are not found");
    um_user_by_name(site_ctx(&s), "mona", &user);
    is_int(um_user_set_staff(site_ctx(&s), user->id, 1, &user), UM_OK, "the account is made staff");
    ok(user->is_staff && user->is_active, "the answer says that the account is staff and active");
    is_text(ask("select is_staff || is_active from um_users where username = 'Mona'"), "11",
            "the row says that the account is staff and active");
    is_int(site_call(&s, token), UM_BAD_TOKEN, "tokens from before are refused");
    site_login(site_ctx(&s), "mona", site_secret(SITE_PASSWORD), &token);
    is_int(site_call(&s, token), UM_OK, "a later token is accepted");
    is_int(um_user_set_active(site_ctx(&s), user->id, 0, &user), UM_OK, "the account is made inactive");
    ok(user->is_staff && !user->is_active, "the inactive account is still staff");
    is_int(site_call(&s, token), UM_INACTIVE, "void, and it is told why");
    um_user_set_active(site_ctx(&s), user->id, 1, &user);
    is_int(site_call(&s, token), UM_BAD_TOKEN, "made active again, it stays void");
    site_login(site_ctx(&s), "mona", site_secret(SITE_PASSWORD), &token);
    session = apr_psprintf(s.pool, "select count(*) from um_sessions where user_id = '%s'", user->id);
    is_text(ask(session), "3", "the account has sessions");
    is_int(um_user_delete(site_ctx(&s), user->id), UM_OK, "the account is deleted");
    is_text(ask(session), "0", "the sessions are deleted with their account");
    is_int(site_call(&s, token), UM_BAD_TOKEN, "the tokens of a deleted account are refused");
    is_int(um_user_delete(site_ctx(&s), user->id), UM_ABSENT, "an account is deleted once");
    is_int(um_user_set_active(site_ctx(&s), user->id, 1, &after), UM_ABSENT, "gone for everything else too");
    ok(!after, "no account is answered");
}

int main(void)
{
    site_begin();
    site_open(&s);
    site_register(&s, "alice", "", NULL);
    test_faults_at_once();
    test_lengths();
    test_spellings();
    test_shared_address();
    test_race();
    test_find();
    test_update();
    test_exclusive_update();
    test_state_and_delete();
    ok(!s.misused && !s.in_use && !s.locked, "one connection and one lock at a time, all released");
    site_close(&s);
    return site_end();
}
