/* SPDX-License-Identifier: Apache-2.0 */
/* Forgotten passwords: the wish, the token, the new password. */
#include "faults.h"
#include "site_mail.h"

#include "password_reset.h"

#define NEW_PASSWORD "another horse battery"
#define OTHER_PASSWORD "a third horse battery"
#define NOTICES "select count(*) from um_mail where kind = 'password_changed'"
#define UNKNOWN_TOKEN "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static site_t s;
static site_mail_t m;
static const um_user_t *alice;
static const char *session;

static void begin(void)
{
    faults_reset();
    site_open(&s);
    site_mail_open(&s, &m);
    site_clock_step = 0;
    alice = site_register(&s, "alice", "alice@example.org", &session);
}

static void shut(void)
{
    site_mail_close(&s, &m);
    site_close(&s);
}

static void end(void)
{
    ok(!s.misused && !s.in_use && !s.locked, "one connection and one lock at a time, all released");
    shut();
}

static const char *ask(const char *sql)
{
    return site_ask(&s, sql);
}

static int can_login(const char *password)
{
    const char *token;

    return site_login(site_ctx(&s), "alice", site_secret(password), &token) == UM_OK;
}

static const char *get_token(void)
{
    const char *token;

    um_password_reset_request(site_ctx(&s), "alice@example.org");
    token = site_mail_newest(&s, &m);
    return token ? token : "";
}

static um_status_e validate(const char *token)
{
    return um_password_reset_validate(site_ctx(&s), token);
}

static um_status_e confirm(const char *token, const char *password)
{
    return um_password_reset_confirm(site_ctx(&s), token, site_secret(password));
}

static um_ctx_t *faulty_ctx(void)
{
    um_ctx_t *ctx = site_ctx(&s);

    um_ctx_error(ctx, "token", UM_MESSAGE_REQUIRED);
    return ctx;
}

/* --- the wish --- */

static void test_request(void)
{
    static const char *const addresses[] = { "alice@example.org", "nobody@example.org", "ALICE@EXAMPLE.ORG" };
    int calls[3], asked[3];

    begin();
    get_token();
    for (int i = 0; i < 3; i++) {
        faults_reset();
        asked[i] = -s.asked;
        is_int(um_password_reset_request(site_ctx(&s), addresses[i]), UM_OK, "a wish for an address");
        asked[i] += s.asked;
        calls[i] = faults.calls;
    }
    ok(calls[0] == calls[1] && calls[1] == calls[2] && asked[0] == 1 && asked[1] == 1 && asked[2] == 1,
       "known or not, it is the same work: %d calls into the database", calls[0]);
    is_text(ask("select group_concat(address, ' ') from (select address from um_requests order by address)"),
            "ALICE@EXAMPLE.ORG alice@example.org nobody@example.org", "one row each, the address as typed");
    is_text(ask("select count(distinct site || kind || (email_key = address) || language || created_at) from "
                "um_requests where address <> 'ALICE@EXAMPLE.ORG'"), "1",
                "the rows of known and unknown addresses do not differ otherwise");
    end();
    begin();
    site_do(&s, "update um_users set password = '!made unusable'");
    is_text(get_token(), "", "an account whose password was made unusable gets no mail");
    is_text(ask("select (select count(*) from um_requests) + (select count(*) from um_mail)"), "0",
            "the request leaves no row");
    site_do(&s, "update um_users set password = ''");
    ok(*get_token(), "an account without a hash gets one");
    end();
    begin();
    is_int(um_password_reset_request(faulty_ctx(), NULL), UM_INVALID, "a faulty address is refused");
    is_text(ask("select count(*) from um_requests"), "0", "a faulty address leaves no row");
    m.mail_settings.sends = 0;
    is_int(um_password_reset_request(site_ctx(&s), "alice@example.org"), UM_OK, "a site without mail answers the same");
    is_text(ask("select count(*) from um_requests"), "0", "a site without mail keeps no request");
    end();
}

static void test_language(void)
{
    static const struct { const char *language, *subject; } cases[] = {
        { NULL, "Subject: Reset your password at site.example" }, { "en", "Subject: Reset your password" },
        { "de", "Neues Passwort" }, { "fr", "Subject: Reset your password" },
    };

    begin();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        um_ctx_t *ctx = site_ctx(&s);
        const char *mail;

        ctx->language = cases[i].language;
        um_password_reset_request(ctx, "alice@example.org");
        site_mail_work(&s, &m, NULL);
        mail = site_mail_read(&s, &m, (int)i);
        ok(mail && strstr(mail, cases[i].subject),
           "the mail is in the language for %s: %s", cases[i].language ? cases[i].language : "(none)",
           cases[i].subject);
    }
    end();
}

static void test_mail(void)
{
    const char *token, *mail;

    begin();
    token = get_token();
    mail = site_mail_read(&s, &m, 0);
    is_int(site_mail_count(&s, &m), 1, "a wish makes a mail");
    ok(strstr(mail, "To: <alice@example.org>\r\n") != NULL, "the mail goes to the address of the account");
    ok(strstr(mail, "Hello alice,") != NULL, "the mail names the account");
    ok(strstr(mail, apr_pstrcat(s.pool, SITE_URL "/reset?token=", token, NULL)) != NULL,
       "the mail has the link to the page of the site");
    ok(strstr(mail, "within 24 hours.") != NULL, "the mail says how long the link is good");
    ok(strstr(mail, apr_pstrcat(s.pool, "Message-ID: <", ask("select id from um_mail"), "@site.example>", NULL))
       != NULL, "the Message-ID is the same for each try");
    ok(!strstr(site_dump(&s), token), "the token is nowhere in the database");
    end();
}

/* --- for one account, as an administrator asks for it --- */

static um_user_t *reread(void)
{
    um_store_call_t call = { .store = s.site.store, .pool = s.pool };
    um_user_t *user = NULL;

    um_store_user_by_id(&call, alice->id, &user);
    return user;
}

static const char *refusal(void)
{
    um_ctx_t *ctx = site_ctx(&s);

    return um_password_reset_send(ctx, reread()) == UM_INVALID ? site_errors(ctx) : "sent";
}

static void test_send(void)
{
    const char *token;
    um_ctx_t *ctx;

    begin();
    site_register(&s, "bob", "alice@example.org", NULL);
    s.settings.events_keep = 1;
    ctx = site_ctx(&s);
    is_int(um_password_reset_send(ctx, alice), UM_OK, "a mail for one account");
    ok(ctx->wrote_mail, "the worker is told of it");
    token = site_mail_newest(&s, &m);
    is_int(site_mail_count(&s, &m), 1, "another account of the address gets none");
    ok(strstr(site_mail_read(&s, &m, 0), "Hello alice,") != NULL, "the mail names the account");
    is_text(ask("select kind || ' ' || user_id from um_events"), apr_pstrcat(s.pool, "reset_sent ", alice->id, NULL),
            "the event is kept");
    is_int(confirm(token, NEW_PASSWORD), UM_OK, "its token sets a password");
    ok(can_login(NEW_PASSWORD), "which signs in");
    site_do(&s, "update um_users set password = '!made unusable'");
    is_int(um_password_reset_send(site_ctx(&s), reread()), UM_OK, "an account whose password was made unusable");
    token = site_mail_newest(&s, &m);
    ok(token && confirm(token, OTHER_PASSWORD) == UM_OK && can_login(OTHER_PASSWORD), "gets a mail and a password");
    site_do(&s, "delete from um_mail");
    site_do(&s, "update um_users set email = '', email_key = ''");
    is_text(refusal(), UM_NO_FIELD " no_address", "an account without an address gets none");
    site_do(&s, "update um_users set is_active = 0");
    is_text(refusal(), UM_NO_FIELD " account_inactive", "nor does an inactive one");
    site_do(&s, "update um_users set is_active = 2, email = 'a@example.org', email_key = 'a@example.org'");
    is_text(refusal(), UM_NO_FIELD " account_inactive", "nor one that waits for its address to be verified");
    m.mail_settings.sends = 0;
    is_text(refusal(), UM_NO_FIELD " no_mail", "a site without mail says so");
    s.site.mail_settings = NULL;
    is_text(refusal(), UM_NO_FIELD " no_mail", "so does a program that knows no site");
    is_text(ask("select count(*) from um_mail"), "0", "what is refused leaves no row");
    end();
}

/* --- the token --- */

static void test_validate(void)
{
    const char *token, *before, *almost;

    begin();
    token = get_token();
    before = site_dump(&s);
    almost = apr_pstrcat(s.pool, apr_pstrndup(s.pool, token, 42), token[42] == 'A' ? "B" : "A", NULL);
    for (int i = 0; i < 3; i++) {
        is_int(validate(token), UM_OK, "a good token is valid");
    }
    is_text(site_dump(&s), before, "however often: nothing is consumed");
    is_int(validate(almost), UM_ABSENT, "one character is another");
    is_int(validate(UNKNOWN_TOKEN), UM_ABSENT, "an unknown token is not found");
    is_int(validate(""), UM_ABSENT, "an empty token is not found");
    is_int(validate(apr_pstrcat(s.pool, token, "A", NULL)), UM_ABSENT, "one that is longer");
    is_int(validate(apr_pstrndup(s.pool, token, 42)), UM_ABSENT, "one that is shorter");
    is_int(validate(ask("select hash from um_one_time_tokens")), UM_ABSENT, "the hash in the database is no token");
    is_int(um_password_reset_validate(faulty_ctx(), NULL), UM_INVALID, "a missing token is refused");
    s.now += apr_time_from_sec(s.settings.reset_lifetime - 1);
    is_int(validate(token), UM_OK, "a token is valid in its last second");
    s.now += apr_time_from_sec(1);
    is_int(validate(token), UM_ABSENT, "a token is not valid after its last second");
    is_int(confirm(token, NEW_PASSWORD), UM_ABSENT, "an expired token sets no password");
    end();
}

/* Each request has a clock of its own. */
static void test_own_clock(void)
{
    const char *first, *second;

    begin();
    first = get_token();
    s.now += apr_time_from_sec(s.settings.reset_lifetime / 2);
    second = get_token();
    ok(strcmp(first, second) != 0, "each request has a token of its own");
    is_int(validate(first), UM_OK, "the first is good beside the second");
    s.now += apr_time_from_sec(s.settings.reset_lifetime / 2);
    is_int(validate(first), UM_ABSENT, "the first token has expired");
    is_int(validate(second), UM_OK, "the other's is not");
    end();
}

static void change_password(void)
{
    um_session_new_t opened;

    um_password_change(site_ctx(&s), alice, site_secret(SITE_PASSWORD), site_secret(NEW_PASSWORD), 0, &opened);
}

static void change_email(void)
{
    const um_user_t *after;

    um_user_update(site_ctx(&s), alice, &(site_input_t){ .email = "other@example.org" }, &after);
}

static void change_name(void)
{
    const um_user_t *after;

    um_user_update(site_ctx(&s), alice, &(site_input_t){ .first_name = "Al", .email = "Alice@example.org" }, &after);
}

static void set_active(int on)
{
    um_user_t *after;

    um_user_set_active(site_ctx(&s), alice->id, on, &after);
}

static void switch_off(void)
{
    set_active(0);
}

static void switch_off_and_on(void)
{
    set_active(0);
    set_active(1);
}

static void promote(void)
{
    um_user_t *after;

    um_user_set_staff(site_ctx(&s), alice->id, 1, &after);
}

/* Past the product: nothing else has changed. */
static void switch_off_by_hand(void)
{
    site_do(&s, "update um_users set is_active = 0");
}

static void delete_account(void)
{
    um_user_delete(site_ctx(&s), alice->id);
}

static void use_another(void)
{
    confirm(get_token(), NEW_PASSWORD);
}

static void sign_in(void)
{
    can_login(SITE_PASSWORD);
}

static void test_death(void)
{
    static const struct { const char *name; void (*change)(void); um_status_e want; } cases[] = {
        { "a sign-in", sign_in, UM_OK },
        { "another name, the address in other letters", change_name, UM_OK },
        { "a change of the password", change_password, UM_ABSENT },
        { "a change of the address", change_email, UM_ABSENT },
        { "being switched off", switch_off, UM_ABSENT },
        { "being switched off and on", switch_off_and_on, UM_ABSENT },
        { "being switched off by hand", switch_off_by_hand, UM_ABSENT },
        { "becoming staff", promote, UM_ABSENT },
        { "being deleted", delete_account, UM_ABSENT },
        { "the use of another token", use_another, UM_ABSENT },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *token, *version;

        begin();
        token = get_token();
        cases[i].change();
        version = ask("select version from um_users");
        ok(validate(token) == cases[i].want && confirm(token, OTHER_PASSWORD) == cases[i].want,
           "a token %s %s", cases[i].want == UM_OK ? "survives" : "dies with", cases[i].name);
        ok(cases[i].want == UM_OK || !version || strcmp(ask("select version from um_users"), version) == 0,
           "a token that is not valid changes nothing");
        shut();
    }
}

/* --- the new password --- */

static void test_confirm(void)
{
    const char *token, *other;

    begin();
    other = get_token();
    token = get_token();
    is_int(confirm(token, NEW_PASSWORD), UM_OK, "a token sets a new password");
    is_int(can_login(NEW_PASSWORD), 1, "the new password signs in");
    is_int(can_login(SITE_PASSWORD), 0, "the old one is not");
    is_int(site_call(&s, session), UM_BAD_TOKEN, "sessions of before are over");
    is_int(validate(token), UM_ABSENT, "the token was good once");
    is_int(confirm(token, OTHER_PASSWORD), UM_ABSENT, "a token is used once");
    is_int(confirm(other, OTHER_PASSWORD), UM_ABSENT, "other tokens of the account have ended");
    is_text(ask(NOTICES), "1", "the owner gets a notice");
    is_text(ask("select address || username from um_mail where kind = 'password_changed'"), "alice@example.orgalice",
            "the notice goes to the address of the account");
    site_mail_work(&s, &m, NULL);
    ok(strstr(site_mail_read(&s, &m, 2), "Subject: Your password at site.example was changed") != NULL,
       "the notice is sent by mail");
    is_int(confirm(get_token(), OTHER_PASSWORD), UM_OK, "a later token is good again");
    s.settings.notify_password_change = 0;
    is_int(confirm(get_token(), NEW_PASSWORD), UM_OK, "a token sets a password where notices are off");
    is_text(ask(NOTICES), "2", "no notice is sent where notices are off");
    end();
}

static void test_order(void)
{
    const char *token, *before;
    um_ctx_t *ctx;

    begin();
    token = get_token();
    before = site_dump(&s);
    ctx = faulty_ctx();
    is_int(um_password_reset_confirm(ctx, NULL, site_secret("short")), UM_INVALID, "a missing token is told first");
    is_text(site_errors(ctx), "token required", "a missing token is told before anything is looked up");
    ctx = site_ctx(&s);
    is_int(um_password_reset_confirm(ctx, UNKNOWN_TOKEN, site_secret("short")), UM_ABSENT,
           "an unknown token is told next");
    is_text(site_errors(ctx), "", "an unknown token is told before the policy");
    ctx = site_ctx(&s);
    is_int(um_password_reset_confirm(ctx, token, site_secret("1234")), UM_INVALID, "a weak password is told last");
    is_text(site_errors(ctx), "password password_too_short, password password_entirely_numeric",
            "all faults of a weak password are told");
    ctx = site_ctx(&s);
    is_int(um_password_reset_confirm(ctx, token, site_secret("alice@example")), UM_INVALID,
           "a password like the account's address");
    is_text(site_errors(ctx), "password password_too_similar", "a password that is similar to the name is refused");
    is_text(site_dump(&s), before, "nothing was changed, no notice written");
    is_int(confirm(token, NEW_PASSWORD), UM_OK, "the token is still valid after refused passwords");
    end();
}

/* --- at the same instant --- */

static const char *race_token;
static um_status_e race_other;

/* What another process does before this one gets the write lock. */
static void race(site_t *site)
{
    int locked = site->locked;

    site->on_ask = NULL;
    site->locked = 0;
    race_other = confirm(race_token, OTHER_PASSWORD);
    site->locked = locked;
}

static void race_second(site_t *site)
{
    site->on_ask = race;
}

static void test_race(void)
{
    begin();
    race_token = get_token();
    s.on_ask = race_second;
    is_int(confirm(race_token, NEW_PASSWORD), UM_ABSENT, "two at the same instant: one loses");
    is_int(race_other, UM_OK, "the other confirmation succeeds");
    is_int(can_login(OTHER_PASSWORD), 1, "the password of the other confirmation signs in");
    is_text(ask(NOTICES), "1", "one notice is sent");
    end();
}

static void (*race_change)(void);

/* What is done while the new password is hashed: before the second connection, the one of the change. */
static void change_meanwhile(site_t *site)
{
    int locked = site->locked;

    site->on_ask = NULL;
    site->locked = 0;
    race_change();
    site->locked = locked;
}

static void change_before_second(site_t *site)
{
    site->on_ask = change_meanwhile;
}

/* The mailbox that has the token must be the account's when the password is set, and the account must be active. */
static void test_change_meanwhile(void)
{
    static const struct { const char *name; void (*change)(void); um_status_e want; } cases[] = {
        { "the account's names are changed", change_name, UM_OK },
        { "its address is changed", change_email, UM_ABSENT },
        { "it is switched off", switch_off, UM_ABSENT },
        { "it is switched off by hand", switch_off_by_hand, UM_ABSENT },
        { "its password is changed", change_password, UM_ABSENT },
        { "it is deleted", delete_account, UM_ABSENT },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        begin();
        race_token = get_token();
        race_change = cases[i].change;
        s.on_ask = change_before_second;
        is_int(confirm(race_token, OTHER_PASSWORD), cases[i].want, cases[i].name);
        s.on_ask = NULL;
        is_int(can_login(OTHER_PASSWORD), cases[i].want == UM_OK, "while a new password is hashed");
        is_text(ask("select count(*) from um_one_time_tokens"),
                cases[i].want == UM_OK || cases[i].change == delete_account ? "0" : "1",
                "the token is taken with the password, or not at all");
        ok(!s.misused && !s.in_use && !s.locked, "one connection and one lock at a time");
        shut();
    }
}

/* --- the database away --- */

/* 1: done, 0: not at all, -1: by half. */
static int is_done(void)
{
    int after = can_login(NEW_PASSWORD), before = can_login(SITE_PASSWORD);
    int told = strcmp(ask(NOTICES), "1") == 0;

    return after != before && after == told ? after : -1;
}

static void test_faults(faults_e kind, um_dialect_e dialect, const char *name)
{
    int wrong = 0, at = 0, came;

    do {
        const char *token;
        um_status_e status;
        int done, at_commit;

        begin();
        token = get_token();
        if (dialect == UM_DIALECT_PGSQL) {
            s.site.store = site_store(&s, dialect);
            validate(token);
        }
        faults_arm(kind, ++at);
        status = confirm(token, NEW_PASSWORD);
        came = faults.came;
        at_commit = faults.at_commit;
        faults_disarm();
        faults.clock_ms += 5000;
        validate(token);
        done = is_done();
        if (done < 0 || (status == UM_OK && !done) || (status != UM_OK && status != UM_UNAVAILABLE)
            || (status == UM_UNAVAILABLE && done && !(at_commit && dialect == UM_DIALECT_SQLITE3))
            || s.in_use || s.locked || s.misused) {
            printf("# call %d: status %d, done %d\n", at, status, done);
            wrong++;
        }
        shut();
    } while (came && at < 40);
    ok(!wrong && at > 4 && at < 40, "%s: each of %d calls into the database %s: password and notice are one",
       dialect == UM_DIALECT_PGSQL ? "PostgreSQL's rules" : "SQLite", at - 1, name);
}

int main(void)
{
    site_begin();
    test_request();
    test_language();
    test_mail();
    test_send();
    test_validate();
    test_own_clock();
    test_death();
    test_confirm();
    test_order();
    test_race();
    test_change_meanwhile();
    for (um_dialect_e dialect = UM_DIALECT_PGSQL; dialect <= UM_DIALECT_SQLITE3; dialect++) {
        test_faults(FAULTS_REFUSED, dialect, "is refused");
        test_faults(FAULTS_LOST_BEFORE, dialect, "is not done and the connection lost");
        test_faults(FAULTS_LOST_AFTER, dialect, "is done and the connection lost");
        test_faults(FAULTS_GONE, dialect, "is not done and no connection to be had");
    }
    return site_end();
}
