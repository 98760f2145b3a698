/* SPDX-License-Identifier: Apache-2.0 */
/* Invitations: an account without a password, its mail, and the first password. */
#include "faults.h"
#include "site_mail.h"

#include "event.h"
#include "invitation.h"
#include "password_reset.h"

#define FIRST "another horse battery"
#define SECOND "a third horse battery"

static site_t s;
static site_mail_t m;

static void begin(void)
{
    faults_reset();
    site_open(&s);
    site_mail_open(&s, &m);
    s.settings.events_keep = 1;
    site_clock_step = 0;
}

static void end(void)
{
    ok(!s.misused && !s.in_use && !s.locked, "one connection and one lock at a time, all released");
    site_mail_close(&s, &m);
    site_close(&s);
}

static um_status_e invite(const char *name, const char *email, const um_user_t **user)
{
    site_input_t input = { .username = name, .email = email };

    return um_invitation_create(site_ctx(&s), &input, user);
}

static const um_user_t *read_bob(void)
{
    um_ctx_t *ctx = site_ctx(&s);
    um_user_t *bob = NULL;

    (void)um_user_by_name(ctx, "bob", &bob);
    return bob;
}

/* Invites bob; the token of his mail. */
static const char *invite_bob(void)
{
    const um_user_t *bob;
    const char *token;

    is_int(invite("bob", "bob@example.org", &bob), UM_OK, "bob is invited");
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

static int can_login(const char *password)
{
    const char *token;

    return site_login(site_ctx(&s), "bob", site_secret(password), &token) == UM_OK;
}

static void test_accept(void)
{
    const char *token, *mail;

    begin();
    s.settings.email_verification = UM_VERIFY_REQUIRED;
    token = invite_bob();
    mail = site_mail_read(&s, &m, 0);
    ok(mail && strstr(mail, SITE_URL "/invite?token=") && strstr(mail, "\r\nbob\r\n") && strstr(mail, "7 days"),
       "the mail has the page, the name though the address is not verified, and the lifetime");
    is_text(site_ask(&s, "select password || is_active || email_verified from um_users"), "invited10",
            "the account has no password, and its address is not verified");
    ok(read_bob()->is_invited, "it is an invited one");
    ok(!can_login(UM_USER_INVITED) && !can_login(""), "nobody can sign in to it");
    is_int(validate(token), UM_OK, "the token is valid");
    is_int(confirm(token, "short"), UM_INVALID, "a weak password is refused");
    is_int(confirm(token, FIRST), UM_OK, "the first password is set");
    ok(can_login(FIRST) && !read_bob()->is_invited, "and is right");
    is_text(site_ask(&s, "select email_verified from um_users"), "1", "the address is verified");
    is_int(confirm(token, SECOND), UM_ABSENT, "the token is good once");
    site_mail_work(&s, &m, NULL);
    ok(!site_mail_read(&s, &m, 1), "no mail tells of a change");
    is_text(site_ask(&s, "select group_concat(kind, ' ') from (select kind from um_events order by kind desc)"),
            "invited invitation_accepted", "both events are kept");
    end();
}

/* A password in the input, the language of whoever invites, and what is refused. */
static void test_input(void)
{
    site_input_t input = { .username = "bob", .email = "bob@example.org", .password = site_secret("x") };
    const um_user_t *user;
    um_ctx_t *ctx;
    const char *mail;

    begin();
    ctx = site_ctx(&s);
    ctx->language = "de";
    is_int(um_invitation_create(ctx, &input, &user), UM_OK, "a password is not looked at");
    site_mail_work(&s, &m, NULL);
    mail = site_mail_read(&s, &m, 0);
    ok(mail && strstr(mail, "Subject: Your account at"), "the mail is in the language of the site");
    is_int(invite("BOB", "other@example.org", &user), UM_INVALID, "a taken name is refused");
    is_int(invite("eve", "", &user), UM_INVALID, "an invitation needs an address");
    is_int(invite("eve", NULL, &user), UM_INVALID, "and a missing one is refused, too");
    m.mail_settings.sends = 0;
    is_int(invite("eve", "eve@example.org", &user), UM_INVALID, "a site without mail invites nobody");
    is_text(APR_ARRAY_IDX(s.last->errors, 0, um_error_t).code, "no_mail", "and says so");
    is_text(site_ask(&s, "select count(*) from um_users"), "1", "none of these made an account");
    end();
}

/* Whether a token is valid after a change of the account. */
static void test_void(void)
{
    static const struct { const char *change; um_status_e status; const char *what; } cases[] = {
        { "update um_users set version = id", UM_OK, "another version, as when bob is made staff" },
        { "update um_users set is_active = 0", UM_ABSENT, "the account is switched off" },
        { "update um_users set email_key = 'bob@example.net'", UM_ABSENT, "another address" },
        { "update um_users set password = '$scrypt$x'", UM_ABSENT, "a password" },
        { "update um_users set password = '!unusable'", UM_ABSENT, "a password that was made unusable" },
        { "update um_one_time_tokens set expires_at = 1700000000", UM_ABSENT, "the token has expired" },
        { "update um_one_time_tokens set kind = 'verify'", UM_ABSENT, "a token to verify an address" },
        { "delete from um_users", UM_ABSENT, "the account is deleted" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *token;

        begin();
        token = invite_bob();
        site_do(&s, cases[i].change);
        is_int(validate(token), cases[i].status, cases[i].what);
        is_int(confirm(token, FIRST), cases[i].status, "confirmed: the same");
        end();
    }
}

/* The token of a reset sets the first password of an invited account and verifies its address; that of another account
 * verifies nothing. */
static void test_reset(void)
{
    const char *token, *first;

    begin();
    first = invite_bob();
    um_password_reset_request(site_ctx(&s), "bob@example.org");
    token = site_mail_newest(&s, &m);
    is_int(confirm(token, FIRST), UM_OK, "a reset sets the first password");
    is_text(site_ask(&s, "select email_verified from um_users"), "1", "and verifies the address");
    is_int(confirm(first, SECOND), UM_ABSENT, "the invitation is void");
    site_do(&s, "update um_users set email_verified = 0");
    um_password_reset_request(site_ctx(&s), "bob@example.org");
    is_int(confirm(site_mail_newest(&s, &m), SECOND), UM_OK, "a reset of an account with a password");
    is_text(site_ask(&s, "select email_verified from um_users"), "0", "verifies nothing");
    end();
}

static void test_again(void)
{
    const char *first, *second;

    begin();
    first = invite_bob();
    is_int(um_password_reset_send(site_ctx(&s), read_bob()), UM_OK, "the invitation is sent again");
    second = site_mail_newest(&s, &m);
    ok(second && strcmp(first, second) != 0, "with another token");
    is_int(validate(first), UM_OK, "the first one is still valid");
    is_int(um_password_reset_send(site_ctx(&s), read_bob()), UM_OK, "and once more");
    is_int(confirm(second, FIRST), UM_OK, "the second token sets the password");
    is_int(validate(first), UM_ABSENT, "then the first one is void");
    ok(site_mail_newest(&s, &m) == NULL, "a mail that still waits is given up");
    is_text(site_ask(&s, "select count(*) from um_mail where state = 2 and last_error like '%password%'"), "1",
            "and says why");
    is_int(um_password_reset_send(site_ctx(&s), read_bob()), UM_OK, "an account with a password");
    is_text(site_ask(&s, "select count(*) from um_mail where kind = 'reset' and state = 0"), "1", "gets a reset");
    is_text(site_ask(&s, "select count(*) from um_events where kind = 'invited' and detail = 'again'"), "2",
            "each time is an event");
    end();
}

/* Also where new addresses are confirmed: whoever reads the mail at the wrong address must not get the account. */
static void test_wrong_address(void)
{
    site_input_t input = { .email = "right@example.org" };
    const um_user_t *updated;
    const char *wrong;

    begin();
    s.settings.email_change = UM_EMAIL_CHANGE_CONFIRM;
    wrong = invite_bob();
    is_int(um_user_update(site_ctx(&s), read_bob(), &input, &updated), UM_OK, "the address is mended");
    is_text(read_bob()->email, "right@example.org", "at once");
    is_int(confirm(wrong, FIRST), UM_ABSENT, "the invitation at the wrong one is void");
    is_int(um_password_reset_send(site_ctx(&s), read_bob()), UM_OK, "it is sent again");
    is_int(confirm(site_mail_newest(&s, &m), FIRST), UM_OK, "and accepted at the right one");
    end();
}

/* Another call takes the name between the check and the insert. */
static void take_name(site_t *site)
{
    site->on_lock = NULL;
    ok(site_do(site, "insert into um_users (id, username, username_key, email, email_key, password, version,"
               " created_at, updated_at) values ('9', 'bob', 'bob', '', '', 'x', '9', 1, 1)"),
       "somebody takes the name");
}

static void test_race(void)
{
    const um_user_t *user;

    begin();
    ok(!read_bob(), "nobody has the name, and the schema is there");
    s.on_lock = take_name;
    is_int(invite("bob", "bob@example.org", &user), UM_INVALID, "a name that was taken meanwhile is refused");
    is_text(APR_ARRAY_IDX(s.last->errors, 0, um_error_t).code, "unique", "as a taken one");
    is_text(site_ask(&s, "select (select count(*) from um_mail) + (select count(*) from um_events)"), "0",
            "it leaves neither mail nor event");
    end();
}

int main(void)
{
    site_begin();
    test_accept();
    test_input();
    test_void();
    test_reset();
    test_again();
    test_wrong_address();
    test_race();
    return site_end();
}
