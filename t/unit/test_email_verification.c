/* SPDX-License-Identifier: Apache-2.0 */
/* Verification of addresses: at registration, at a change, on demand; and the notice of a change. */
#include "faults.h"
#include "site_mail.h"

#include "password_reset.h"
#include "email_verification.h"

#define ALICE "alice@example.org"
#define OTHER "other@example.org"
#define STATE "select is_active || ' ' || email_verified from um_users"
#define MAILS "select group_concat(kind || ' ' || address, ', ') from (select kind, address from um_mail " \
              "where state = 0 union all select kind, address from um_requests order by kind, address)"

static site_t s;
static site_mail_t m;

static void begin(um_verify_e verification)
{
    faults_reset();
    site_open(&s);
    site_mail_open(&s, &m);
    site_clock_step = 0;
    s.settings.email_verification = verification;
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

static const um_user_t *enrol(const char **token)
{
    return site_register(&s, "alice", ALICE, token);
}

static const char *newest(void)
{
    const char *token = site_mail_newest(&s, &m);

    return token ? token : "";
}

static um_status_e confirm(const char *token)
{
    return um_email_verification_confirm(site_ctx(&s), token);
}

static um_status_e wish(const char *address)
{
    return um_email_verification_request(site_ctx(&s), address);
}

static void set_email(const um_user_t *user, const char *email)
{
    const um_user_t *after;

    if (um_user_update(site_ctx(&s), user, &(site_input_t){ .email = email }, &after) != UM_OK) {
        ok(0, "an address is changed");
    }
}

/* --- off --- */

static void test_off(void)
{
    const char *token;
    um_ctx_t *ctx;

    begin(UM_VERIFY_OFF);
    enrol(&token);
    is_int(site_call(&s, token), UM_OK, "off: whoever registers is signed in");
    is_text(ask("select count(*) from um_mail"), "0", "a registration without verification sends no mail");
    is_int(wish(ALICE), UM_ABSENT, "nobody can ask for one");
    ctx = site_ctx(&s);
    um_ctx_error(ctx, "email", UM_MESSAGE_EMAIL_INVALID);
    is_int(um_email_verification_request(ctx, NULL), UM_ABSENT,
           "a faulty address is not told where verification is off");
    is_text(ask("select count(*) from um_mail"), "0", "nothing is stored where verification is off");
    s.site.mail_settings = NULL;
    is_int(wish(ALICE), UM_ABSENT, "the same where nothing is said by mail");
    end();
}

/* --- on --- */

static void test_on(void)
{
    const char *session, *token, *mail;

    begin(UM_VERIFY_ON);
    enrol(&session);
    is_int(site_call(&s, session), UM_OK, "with verification on a registration signs in");
    is_text(ask(STATE), "1 0", "active, the address not verified");
    is_text(ask(MAILS), "verify " ALICE, "a mail is on its way");
    token = newest();
    mail = site_mail_read(&s, &m, 0);
    ok(mail && strstr(mail, "Subject: Confirm your e-mail address") != NULL,
       "the mail asks for the confirmation of the address");
    ok(mail && strstr(mail, apr_pstrcat(s.pool, SITE_URL "/verify?token=", token, NULL)) != NULL,
       "the mail has the link");
    ok(mail && strstr(mail, "within 3 days.") != NULL, "the mail says how long the link is good");
    ok(mail && !strstr(mail, "alice,"), "nothing that whoever registered has typed");
    ok(!strstr(site_dump(&s), token), "the token is nowhere in the database");
    is_int(um_password_reset_validate(site_ctx(&s), token), UM_ABSENT,
           "a token of a verification is not valid for a reset");
    is_int(confirm(token), UM_OK, "the link is followed");
    is_text(ask(STATE), "1 1", "the address is verified");
    is_int(site_call(&s, session), UM_OK, "the session goes on");
    is_int(confirm(token), UM_ABSENT, "a token is good once");
    is_int(wish(ALICE), UM_OK, "another mail is asked for");
    is_text(newest(), "", "no mail is sent for an address that is verified");
    end();
    begin(UM_VERIFY_ON);
    site_register(&s, "bob", "", &session);
    ok(session && site_call(&s, session) == UM_OK, "nobody needs an address");
    is_text(ask("select count(*) from um_mail"), "0", "an account without an address gets no mail");
    end();
}

/* The name of an account is a stranger's text until the address is verified. */
static void test_name(void)
{
    static const char *const words[] = { "Hello " ALICE ",", "Hello alice,", "innerhalb von 3 Tagen." };
    um_ctx_t *ctx;

    begin(UM_VERIFY_ON);
    enrol(NULL);
    for (int i = 0; i < 2; i++) {
        const char *mail;

        site_do(&s, "delete from um_mail where kind = 'verify'");
        um_password_reset_request(site_ctx(&s), ALICE);
        site_mail_work(&s, &m, NULL);
        mail = site_mail_read(&s, &m, i);
        ok(mail && strstr(mail, words[i]) != NULL, "a reset mail says: %s", words[i]);
        site_do(&s, "update um_users set email_verified = 1");
    }
    site_do(&s, "update um_users set email_verified = 0");
    ctx = site_ctx(&s);
    ctx->language = "de-AT";
    um_email_verification_request(ctx, ALICE);
    site_mail_work(&s, &m, NULL);
    ok(strstr(site_mail_read(&s, &m, 2), words[2]) != NULL, "the mail says how long a token is good: %s", words[2]);
    end();
}

/* --- required --- */

static const char *login_errors(const char *password, um_status_e *status)
{
    const char *token;
    um_ctx_t *ctx = site_ctx(&s);

    *status = site_login(ctx, "alice", site_secret(password), &token);
    return apr_pstrcat(s.pool, site_errors(ctx), ": ",
                       ctx->errors->nelts ? APR_ARRAY_IDX(ctx->errors, 0, um_error_t).text : "", NULL);
}

static void test_required(void)
{
    const char *session = "", *token, *version;
    um_status_e waiting, wrong;

    begin(UM_VERIFY_REQUIRED);
    ok(enrol(&session) != NULL, "required: a registration succeeds");
    is_text(session, NULL, "a registration where verification is required gives no token");
    is_text(ask(STATE), "2 0", "the account waits for its verification");
    is_text(ask("select count(*) from um_sessions"), "0", "a waiting account has no session");
    is_text(ask(MAILS), "verify " ALICE, "the mail to verify the address is in the outbox");
    is_text(login_errors(SITE_PASSWORD, &waiting), login_errors("wrong horse battery", &wrong),
            "the right password is refused like a wrong one");
    ok(waiting == UM_INVALID && wrong == UM_INVALID, "a waiting account and a wrong password are told alike");
    um_password_reset_request(site_ctx(&s), ALICE);
    token = newest();
    is_int(site_mail_count(&s, &m), 1, "a wish for another password sends nothing");
    version = ask("select version from um_users");
    is_int(confirm(token), UM_OK, "the link is followed");
    is_text(ask(STATE), "1 1", "the account is active");
    is_text(ask("select version from um_users"), version, "a refused sign-in leaves the version as it was");
    login_errors(SITE_PASSWORD, &waiting);
    is_int(waiting, UM_OK, "the password is good");
    um_password_reset_request(site_ctx(&s), ALICE);
    token = newest();
    is_int(confirm(token), UM_ABSENT, "the token of a reset verifies nothing");
    end();
}

static void test_required_address(void)
{
    static const struct { const char *email, *want; } cases[] = {
        { NULL, "email required" }, { "", "email blank" }, { "nowhere", "email invalid" },
    };

    begin(UM_VERIFY_REQUIRED);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        site_input_t input = { .username = "bob", .email = cases[i].email, .password = site_secret(SITE_PASSWORD) };
        const um_user_t *user;
        const char *token;
        um_ctx_t *ctx = site_ctx(&s);

        is_int(site_enrol(ctx, &input, &user, &token), UM_INVALID, "required: without a good address");
        is_text(site_errors(ctx), cases[i].want, "the registration is refused with its faults");
    }
    is_text(ask("select (select count(*) from um_users) + (select count(*) from um_mail)"), "0",
            "a refused registration makes no account and no mail");
    end();
}

/* --- another mail --- */

static void test_resend(void)
{
    const char *first, *second;

    begin(UM_VERIFY_REQUIRED);
    enrol(NULL);
    first = newest();
    is_int(wish("nobody@example.org"), UM_OK, "a wish for an unknown address ends alike");
    is_int(wish("ALICE@example.org"), UM_OK, "a wish for another mail");
    second = newest();
    ok(*second && strcmp(first, second) != 0, "a second request brings another token");
    s.now += apr_time_from_sec(s.settings.verify_lifetime - 1);
    is_int(confirm(apr_pstrcat(s.pool, second, "A", NULL)), UM_ABSENT, "a longer one is none");
    is_int(confirm(""), UM_ABSENT, "an empty token is not found");
    is_int(confirm(second), UM_OK, "a token is good in its last second");
    is_text(ask(STATE), "1 1", "the waiting account becomes active and verified");
    s.now += apr_time_from_sec(1);
    is_int(confirm(first), UM_ABSENT, "a token is used once");
    end();
}

static void test_expired(void)
{
    const char *token;

    begin(UM_VERIFY_REQUIRED);
    enrol(NULL);
    token = newest();
    s.now += apr_time_from_sec(s.settings.verify_lifetime);
    is_int(confirm(token), UM_ABSENT, "a token that has run out");
    is_text(ask(STATE), "2 0", "a refused token changes nothing");
    end();
}

/* Whoever was switched off stays so. */
static void test_switched_off(void)
{
    const um_user_t *alice;
    um_user_t *user;
    const char *token;

    begin(UM_VERIFY_REQUIRED);
    alice = enrol(NULL);
    token = newest();
    um_user_set_active(site_ctx(&s), alice->id, 0, &user);
    (void)confirm(token);
    ok(ask("select is_active from um_users")[0] == '0', "a token does not switch on what was switched off");
    end();
}

/* Being made staff is not being let in. */
static void test_staff(void)
{
    const um_user_t *alice;
    um_user_t *user;
    const char *token;
    um_status_e status;

    begin(UM_VERIFY_REQUIRED);
    alice = enrol(NULL);
    token = newest();
    um_user_set_staff(site_ctx(&s), alice->id, 1, &user);
    is_text(ask("select is_active || ' ' || email_verified || ' ' || is_staff from um_users"), "2 0 1",
            "an account that waits is made staff: it waits still");
    login_errors(SITE_PASSWORD, &status);
    is_int(status, UM_INVALID, "a waiting account cannot sign in");
    is_int(confirm(token), UM_OK, "the token of the address is good");
    is_text(ask(STATE), "1 1", "the account is active after the verification");
    end();
}

/* --- a change of the address --- */

static void test_change(void)
{
    const um_user_t *alice;
    const char *session, *token, *old;

    begin(UM_VERIFY_ON);
    alice = enrol(&session);
    old = newest();
    confirm(old);
    wish(ALICE);
    set_email(alice, OTHER);
    is_text(ask(STATE), "1 0", "a new address is not verified");
    is_text(ask(MAILS), "email_changed " ALICE ", verify " ALICE ", verify " OTHER,
            "the old one is told, the new one asked");
    token = newest();
    is_int(confirm(token), UM_OK, "the link is followed");
    is_text(ask(STATE), "1 1", "the address is verified");
    is_int(site_call(&s, session), UM_OK, "the session goes on");
    ok(strstr(site_mail_read(&s, &m, 1), "New address: " OTHER) || strstr(site_mail_read(&s, &m, 2),
       "New address: " OTHER), "the notice says what it is now");
    end();
}

/* Where addresses are verified, one that never was is nobody's to be told at. */
static void test_change_switches(void)
{
    static const struct { int notice; um_verify_e verification; int verified; const char *email, *want; } cases[] = {
        { 1, UM_VERIFY_ON, 1, OTHER, "email_changed " ALICE ", verify " OTHER },
        { 1, UM_VERIFY_ON, 0, OTHER, "verify " OTHER },
        { 1, UM_VERIFY_REQUIRED, 1, OTHER, "email_changed " ALICE ", verify " OTHER },
        { 1, UM_VERIFY_REQUIRED, 0, OTHER, "verify " OTHER },
        { 1, UM_VERIFY_OFF, 1, OTHER, "email_changed " ALICE },
        { 1, UM_VERIFY_OFF, 0, OTHER, "email_changed " ALICE },
        { 0, UM_VERIFY_ON, 1, OTHER, "verify " OTHER },
        { 0, UM_VERIFY_OFF, 1, OTHER, NULL },
        { 1, UM_VERIFY_ON, 1, ALICE, NULL },
        { 1, UM_VERIFY_ON, 1, "ALICE@Example.ORG", NULL },
        { 1, UM_VERIFY_OFF, 1, "Alice@example.org", NULL },
        { 1, UM_VERIFY_ON, 1, "", "email_changed " ALICE },
        { 1, UM_VERIFY_ON, 0, "", NULL },
        { 1, UM_VERIFY_ON, 1, NULL, NULL },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const um_user_t *alice;
        char name[100];

        begin(UM_VERIFY_OFF);
        alice = enrol(NULL);
        site_do(&s, cases[i].verified ? "update um_users set email_verified = 1" : "select 1");
        s.settings.notify_email_change = cases[i].notice;
        s.settings.email_verification = cases[i].verification;
        set_email(alice, cases[i].email);
        apr_snprintf(name, sizeof(name), "notices %s, verification %d, %sverified, to \"%s\": the mails of it",
                     cases[i].notice ? "on" : "off", cases[i].verification, cases[i].verified ? "" : "not ",
                     cases[i].email ? cases[i].email : "(none)");
        is_text(ask(MAILS), cases[i].want, name);
        shut();
    }
}

/* What another request does after this one has read the account. */
static void move_meanwhile(site_t *site)
{
    site->on_ask = NULL;
    site_do(site, "update um_users set email = '" OTHER "', email_key = '" OTHER "'");
}

/* Those of the address that the account has at the change are told, not those of the one that the request has read. */
static void test_change_meanwhile(void)
{
    static const struct { const char *to, *want, *name; } cases[] = {
        { "third@example.org", "email_changed " OTHER ", verify third@example.org", "to a third address" },
        { ALICE, "email_changed " OTHER ", verify " ALICE, "to the address that it was" },
        { OTHER, NULL, "to the same" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const um_user_t *alice;

        begin(UM_VERIFY_OFF);
        alice = enrol(NULL);
        site_do(&s, "update um_users set email_verified = 1");
        s.settings.email_verification = UM_VERIFY_ON;
        s.on_ask = move_meanwhile;
        set_email(alice, cases[i].to);
        is_text(ask(MAILS), cases[i].want, apr_psprintf(s.pool, "changed meanwhile, and then %s", cases[i].name));
        is_text(ask("select email from um_users"), cases[i].to, "the later change stands");
        end();
    }
}

/* An account that takes a stranger's address, gives it up, takes it again, and has mails asked for. */
static void test_stranger(void)
{
    static const um_verify_e kinds[] = { UM_VERIFY_OFF, UM_VERIFY_ON, UM_VERIFY_REQUIRED };

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        const um_user_t *alice;
        const char *count;

        begin(UM_VERIFY_OFF);
        alice = enrol(NULL);
        s.settings.email_verification = kinds[i];
        s.settings.mail_hourly_limit = 2;
        for (int k = 0; k < 40; k++) {
            um_user_t now = *alice;

            now.email = k % 2 ? OTHER : ALICE;
            set_email(&now, k % 2 ? ALICE : OTHER);
            if (kinds[i] != UM_VERIFY_OFF) {
                wish(OTHER);
            }
            site_mail_work(&s, &m, NULL);
        }
        count = ask("select count(*) from um_mail where state = 1 and last_error = '' and address = '" OTHER "'");
        is_text(count, kinds[i] == UM_VERIFY_OFF ? "1" : "2", "a stranger's address gets so much and no more");
        is_text(ask("select count(*) from um_mail where state = 1 and kind = 'email_changed' and address = '" OTHER
                    "'"),
                kinds[i] == UM_VERIFY_OFF ? "1" : "0",
                "a change of the address sends one notice, and none where addresses are verified");
        is_text(ask(STATE), "1 0", "the address is not verified by a token of another address");
        shut();
    }
}

static void test_refused_change(void)
{
    const um_user_t *alice, *after;
    const char *before;

    begin(UM_VERIFY_ON);
    s.settings.unique_email = 1;
    alice = enrol(NULL);
    site_register(&s, "bob", OTHER, NULL);
    before = site_dump(&s);
    is_int(um_user_update(site_ctx(&s), alice, &(site_input_t){ .email = OTHER }, &after), UM_INVALID,
           "a change to another's address is refused");
    is_text(site_dump(&s), before, "a refused verification leaves the database as it was");
    end();
}

/* A token speaks for the mailbox that it was sent to, and for no other. */
static void test_wrong_mailbox(void)
{
    const um_user_t *alice;
    const char *token;

    begin(UM_VERIFY_ON);
    alice = enrol(NULL);
    token = newest();
    set_email(alice, "victim@example.org");
    site_do(&s, "delete from um_mail");
    is_int(confirm(token), UM_ABSENT, "a token that went to one address does not verify the next");
    set_email(alice, OTHER);
    set_email(alice, "victim@example.org");
    site_do(&s, "delete from um_mail where address = 'victim@example.org'");
    token = newest();
    (void)confirm(token);
    is_text(ask(STATE), "1 0", "a token that went to a former address verifies nothing");
    end();
}

/* --- at the same instant, and the database away --- */

static const char *race_token;
static um_status_e race_other;

/* What another process does before this one gets the write lock. */
static void race(site_t *site)
{
    int locked = site->locked;

    site->on_ask = NULL;
    site->locked = 0;
    race_other = confirm(race_token);
    site->locked = locked;
}

static void test_race(void)
{
    begin(UM_VERIFY_ON);
    enrol(NULL);
    race_token = newest();
    s.on_ask = race;
    is_int(confirm(race_token), UM_ABSENT, "two at the same instant: one loses");
    is_int(race_other, UM_OK, "the other change succeeds");
    end();
}

static void test_faults(faults_e kind, const char *name)
{
    int wrong = 0, at = 0, came;

    do {
        const char *token, *state;
        um_status_e status;
        int done, at_commit;

        begin(UM_VERIFY_REQUIRED);
        enrol(NULL);
        token = newest();
        faults_arm(kind, ++at);
        status = confirm(token);
        came = faults.came;
        at_commit = faults.at_commit;
        faults_disarm();
        faults.clock_ms += 5000;
        wish("nobody@example.org");
        state = ask(STATE);
        done = strcmp(state, "1 1") == 0;
        if ((!done && strcmp(state, "2 0") != 0) || (status == UM_OK) != done
            || (!done && strcmp(ask("select count(*) from um_one_time_tokens"), "1") != 0)) {
            if (!at_commit || kind != FAULTS_LOST_AFTER || !done) {
                printf("# call %d: status %d, state %s\n", at, status, state);
                wrong++;
            }
        }
        wrong += s.in_use || s.locked || s.misused;
        shut();
    } while (came && at < 40);
    ok(!wrong && at > 3 && at < 40, "each of %d calls into the database %s: the token is taken and the address "
       "verified, or neither", at - 1, name);
}

static int asked_before;
static const char *meanwhile;

/* Before the second connection: that of the look. */
static void change_meanwhile(site_t *site)
{
    if (site->asked == asked_before + 2) {
        site_do(site, meanwhile);
    }
}

typedef struct lost_t {
    faults_e kind;
    int keeps;                  /* stores events */
    const char *meanwhile;
    um_status_e want;
    const char *name;
} lost_t;

#define NEW_VERSION "update um_users set version = '00000000-0000-7000-8000-00000000000f'"
#define NO_TOKEN "delete from um_one_time_tokens"

/* The answer to COMMIT is lost, and something else changes before anybody can look. The event decides. Where none is
 * stored, it is decided by whether the token is there, not whether it is good. */
static const lost_t lost_commits[] = {
    { FAULTS_LOST_BEFORE, 0, NEW_VERSION, UM_UNAVAILABLE, "a COMMIT that was not done is not taken for one that was" },
    { FAULTS_LOST_AFTER, 0, NEW_VERSION, UM_OK, "and one that was, is" },
    { FAULTS_LOST_BEFORE, 1, NEW_VERSION, UM_UNAVAILABLE, "with events: one that was not done" },
    { FAULTS_LOST_AFTER, 1, NEW_VERSION, UM_OK, "with events: one that was done" },
    { FAULTS_LOST_BEFORE, 1, NO_TOKEN, UM_UNAVAILABLE, "with events: the token was removed by something else" },
};

static void test_lost_commit(const lost_t *lost)
{
    int at = 0, at_commit = 0;

    while (!at_commit && ++at < 40) {
        const char *token;
        um_status_e status;

        begin(UM_VERIFY_ON);
        s.settings.events_keep = lost->keeps;
        enrol(NULL);
        token = newest();
        s.site.store = site_store(&s, UM_DIALECT_PGSQL);
        confirm("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
        faults_arm(lost->kind, at);
        asked_before = s.asked;
        meanwhile = lost->meanwhile;
        s.on_ask = change_meanwhile;
        status = confirm(token);
        at_commit = faults.at_commit;
        faults_disarm();
        if (at_commit) {
            is_int(status, lost->want, lost->name);
        }
        shut();
    }
    ok(at_commit, "the COMMIT was met, call %d", at);
}

int main(void)
{
    site_begin();
    test_off();
    test_on();
    test_name();
    test_required();
    test_required_address();
    test_resend();
    test_expired();
    test_switched_off();
    test_staff();
    test_change();
    test_change_switches();
    test_change_meanwhile();
    test_stranger();
    test_refused_change();
    test_wrong_mailbox();
    test_race();
    for (size_t i = 0; i < sizeof(lost_commits) / sizeof(lost_commits[0]); i++) {
        test_lost_commit(&lost_commits[i]);
    }
    test_faults(FAULTS_REFUSED, "is refused");
    test_faults(FAULTS_LOST_BEFORE, "is not done and the connection lost");
    test_faults(FAULTS_LOST_AFTER, "is done and the connection lost");
    test_faults(FAULTS_GONE, "is not done and no connection to be had");
    return site_end();
}
