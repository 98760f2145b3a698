/* SPDX-License-Identifier: Apache-2.0 */
/* Whom a wish for a mail is for, and the tokens that are made for it. */
#include "site_mail.h"

#include "letter.h"
#include "random.h"
#include "reset.h"
#include "ticket.h"

#define HOUR 3600
#define BOUND 5
#define MOST_ACCOUNTS 20

static site_t s;
static site_mail_t m;
static const char *claim;

static void begin(void)
{
    site_open(&s);
    site_mail_open(&s, &m);
}

static void end(void)
{
    ok(!s.misused && !s.lent && !s.locked, "one connection and one lock at a time, all given back");
    site_mail_close(&s, &m);
    site_close(&s);
}

static const char *ask(const char *sql)
{
    return site_ask(&s, sql);
}

static void wish(const char *kind, const char *address)
{
    if (um_mailing_wish(site_cx(&s), kind, address) != UM_OK) {
        ok(0, "a wish is noted");
    }
}

/* Claims what is due and makes letters of it. */
static apr_array_header_t *letters(um_status_e want)
{
    um_cx_t *cx = site_cx(&s);
    um_store_call_t call = um_cx_store(cx);
    apr_int64_t now = um_cx_seconds(cx);
    apr_array_header_t *mails, *made = NULL;

    um_random_uuid(s.pool, s.now, &claim);
    if (um_store_mail_claim(&call, claim, now, now + 60, 50, &mails) != APR_SUCCESS) {
        ok(0, "what is due can be claimed");
    }
    if (um_letter_prepare(cx, claim, mails, &made) != want) {
        ok(0, "letters are made, or not, as they should");
    }
    return made;
}

static const um_letter_t *letter(const apr_array_header_t *made, int i)
{
    static const um_mail_t no_mail = { .id = "", .address = "", .username = "" };
    static const um_letter_t none = { &no_mail, "" };

    return i < made->nelts ? &APR_ARRAY_IDX(made, i, const um_letter_t) : &none;
}

/* --- whom it is for --- */

static void test_nobody(void)
{
    begin();
    site_register(&s, "alice", "alice@example.org", NULL);
    wish(UM_MAILING_RESET, "nobody@example.org");
    is_int(letters(UM_OK)->nelts, 0, "a wish for an address that nobody has: no letter");
    is_text(ask("select state || ' ' || last_error from um_mail"), "1 for nobody", "is recorded as done");
    is_text(ask("select done_at from um_mail"), apr_psprintf(s.pool, "%d", SITE_NOW), "and when");
    is_text(ask("select count(*) from um_tickets"), "0", "with no token");
    wish(UM_MAILING_RESET, "");
    wish(UM_MAILING_VERIFY, "nobody@example.org");
    is_int(letters(UM_OK)->nelts, 0, "nor for an empty address, nor to verify one that nobody has");
    is_text(ask("select count(*) from um_mail where state = 1"), "3", "all done");
    end();
}

static void test_one(void)
{
    const um_user_t *alice;
    const um_letter_t *got;

    begin();
    alice = site_register(&s, "Alice", "Alice.B@Example.org", NULL);
    site_register(&s, "bob", "bob@example.org", NULL);
    wish(UM_MAILING_RESET, "aLICE.b@EXAMPLE.ORG");
    got = letter(letters(UM_OK), 0);
    is_text(got->mail->address, "Alice.B@example.org", "the mail goes to the address as its owner gave it");
    is_text(got->mail->username, "Alice", "names him");
    is_text(got->mail->user_id, alice->id, "and is his");
    is_int((int)strlen(got->token), 43, "its token has 256 bits");
    is_text(ask("select hash from um_tickets"), um_ticket_hash(site_cx(&s), got->token), "stored is its hash");
    ok(!strstr(site_dump(&s), got->token), "and the token nowhere in the database");
    is_text(ask("select user_id from um_mail"), alice->id, "the wish's own row became his mail");
    is_text(ask("select address || username || state from um_mail"), "Alice.B@example.orgAlice0", "whole, not sent");
    is_text(ask("select expires_at - created_at from um_tickets"), "86400", "a token lives as long as it should");
    is_text(ask("select count(*) from um_tickets t join um_users u on u.id = t.user_id and u.version = t.user_version "
                "and u.email_key = t.email_key join um_mail m on m.id = t.mail_id"), "1", "bound to all it dies with");
    end();
}

static void test_several(void)
{
    static const char *const names[] = { "ann", "ben", "cleo" };
    const char *seen = "";
    apr_array_header_t *made;

    begin();
    for (int i = 0; i < 3; i++) {
        site_register(&s, names[i], "team@example.org", NULL);
    }
    wish(UM_MAILING_RESET, "TEAM@example.org");
    made = letters(UM_OK);
    is_int(made->nelts, 1, "an address of three accounts: the first has the wish's row");
    is_text(ask("select count(*) from um_mail where state = 0"), "3", "the others rows of their own");
    seen = letter(made, 0)->mail->username;
    made = letters(UM_OK);
    is_int(made->nelts, 2, "that the next claim finds at once");
    for (int i = 0; i < made->nelts; i++) {
        ok(!strstr(seen, letter(made, i)->mail->username), "each names another account");
        seen = apr_pstrcat(s.pool, seen, " ", letter(made, i)->mail->username, NULL);
    }
    is_int(letters(UM_OK)->nelts, 0, "and no more");
    is_text(ask("select count(distinct hash) || count(distinct user_id) from um_tickets"), "33",
            "three tokens of three accounts");
    end();
}

static void test_crowd(void)
{
    apr_array_header_t *made;
    int count = 0;

    begin();
    for (int i = 0; i < MOST_ACCOUNTS + 5; i++) {
        site_register(&s, apr_psprintf(s.pool, "user%d", i), "team@example.org", NULL);
    }
    wish(UM_MAILING_RESET, "team@example.org");
    do {
        made = letters(UM_OK);
        count += made->nelts;
    } while (made->nelts);
    is_int(count, MOST_ACCOUNTS, "an address of 25 accounts: one wish makes no more than 20 mails");
    end();
}

/* Switched off, active, waiting; each with its address verified or not. */
static void test_states(void)
{
    static const struct { const char *kind; int active, verified, want; } cases[] = {
        { UM_MAILING_RESET, 0, 0, 0 }, { UM_MAILING_RESET, 0, 1, 0 }, { UM_MAILING_RESET, 1, 0, 1 },
        { UM_MAILING_RESET, 1, 1, 1 }, { UM_MAILING_RESET, 2, 0, 0 }, { UM_MAILING_RESET, 2, 1, 0 },
        { UM_MAILING_VERIFY, 0, 0, 0 }, { UM_MAILING_VERIFY, 0, 1, 0 }, { UM_MAILING_VERIFY, 1, 0, 1 },
        { UM_MAILING_VERIFY, 1, 1, 0 }, { UM_MAILING_VERIFY, 2, 0, 1 }, { UM_MAILING_VERIFY, 2, 1, 0 },
    };
    static const char *const states[] = { "switched off", "active", "waiting" };

    begin();
    site_register(&s, "alice", "alice@example.org", NULL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *name = apr_psprintf(s.pool, "a %s mail for an account that is %s, its address %sverified: %s",
                                        cases[i].kind, states[cases[i].active], cases[i].verified ? "" : "not ",
                                        cases[i].want ? "made" : "none");

        site_do(&s, apr_psprintf(s.pool, "update um_users set is_active = %d, email_verified = %d", cases[i].active,
                                 cases[i].verified));
        wish(cases[i].kind, "alice@example.org");
        is_int(letters(UM_OK)->nelts, cases[i].want, name);
        is_text(ask("select state || last_error from um_mail"), cases[i].want ? "0" : "1for nobody",
                cases[i].want ? "it waits" : "as if nobody had the address");
        site_do(&s, "delete from um_mail");
        site_do(&s, "delete from um_tickets");
    }
    end();
}

/* --- how many --- */

static void test_hourly(void)
{
    begin();
    site_register(&s, "alice", "alice@example.org", NULL);
    for (int i = 0; i < BOUND; i++) {
        wish(UM_MAILING_RESET, "alice@example.org");
    }
    is_int(letters(UM_OK)->nelts, BOUND, "as many mails within an hour as there may be");
    wish(UM_MAILING_RESET, "alice@example.org");
    is_int(letters(UM_OK)->nelts, 0, "one more is not made");
    is_text(ask("select count(*) from um_mail where last_error = 'for nobody'"), "1",
            "and looks like a wish for nobody");
    m.mailing.verification = UM_VERIFY_ON;
    wish(UM_MAILING_VERIFY, "alice@example.org");
    is_int(letters(UM_OK)->nelts, 1, "mails of another kind have a count of their own");
    s.now += apr_time_from_sec(HOUR - 1);
    site_do(&s, "delete from um_mail");
    wish(UM_MAILING_RESET, "alice@example.org");
    is_int(letters(UM_OK)->nelts, 0, "nor within the hour");
    s.now += apr_time_from_sec(2);
    wish(UM_MAILING_RESET, "alice@example.org");
    is_int(letters(UM_OK)->nelts, 1, "then it is");
    end();
}

/* A mail that is tried again and again is one mail with two tokens at most: its tries must not drive out those of
 * others. */
static void test_tries(void)
{
    const char *oldest, *newest = "";

    begin();
    site_register(&s, "alice", "alice@example.org", NULL);
    wish(UM_MAILING_RESET, "alice@example.org");
    oldest = letter(letters(UM_OK), 0)->token;
    for (int i = 1; i < BOUND + 3; i++) {
        s.now += apr_time_from_sec(61);
        newest = letter(letters(UM_OK), 0)->token;
    }
    is_text(ask("select count(distinct mail_id) from um_tickets"), "1", "tries of one mail");
    is_text(ask("select count(*) from um_tickets"), "2", "leave the tokens of the last two");
    is_int(um_reset_validate(site_cx(&s), oldest), UM_ABSENT, "the oldest go");
    is_int(um_reset_validate(site_cx(&s), newest), UM_OK, "the newest is good");
    wish(UM_MAILING_RESET, "alice@example.org");
    is_int(letters(UM_OK)->nelts, 1, "and another mail may be made");
    end();
}

/* Many mails of one account in one second: what is mailed last must be good. */
static void test_same_second(void)
{
    const um_user_t *alice;
    apr_array_header_t *made;

    begin();
    alice = site_register(&s, "alice", "alice@example.org", NULL);
    for (int i = 0; i < 3 * BOUND; i++) {
        site_mail_put(&s, UM_MAILING_RESET, alice, "alice@example.org");
    }
    made = letters(UM_OK);
    is_int(made->nelts, 3 * BOUND, "rows that events have left are not held back");
    is_text(ask("select count(*) from um_tickets"), apr_psprintf(s.pool, "%d", BOUND), "their tokens are bounded");
    is_int(um_reset_validate(site_cx(&s), letter(made, 3 * BOUND - 1)->token), UM_OK,
           "of tokens made in one second the last is good");
    end();
}

/* --- what happens between two tries --- */

static void test_meanwhile(void)
{
    static const struct { const char *name, *sql; int want; } cases[] = {
        { "nothing", "select 1", 1 },
        { "the account was switched off", "update um_users set is_active = 0", 0 },
        { "the account waits again", "update um_users set is_active = 2", 0 },
        { "the account is gone", "delete from um_users", 0 },
        { "the account has another address", "update um_users set email = 'b@example.org', "
          "email_key = 'b@example.org'", 0 },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        begin();
        site_register(&s, "alice", "alice@example.org", NULL);
        site_do(&s, "pragma foreign_keys = on");
        wish(UM_MAILING_RESET, "alice@example.org");
        is_int(letters(UM_OK)->nelts, 1, "a mail is tried");
        s.now += apr_time_from_sec(61);
        site_do(&s, cases[i].sql);
        is_int(letters(UM_OK)->nelts, cases[i].want, apr_pstrcat(s.pool, "tried again, and ", cases[i].name, NULL));
        is_text(ask("select state from um_mail"), cases[i].want ? "0" : "2", "what cannot be is given up");
        end();
    }
}

/* Whoever comes too late with his claim makes nothing. */
static void test_late(void)
{
    um_cx_t *cx;
    um_store_call_t call;
    apr_array_header_t *first, *second, *made;
    const char *old_claim;

    begin();
    site_register(&s, "alice", "alice@example.org", NULL);
    wish(UM_MAILING_RESET, "alice@example.org");
    wish(UM_MAILING_RESET, "nobody@example.org");
    cx = site_cx(&s);
    call = um_cx_store(cx);
    um_random_uuid(s.pool, s.now, &old_claim);
    um_store_mail_claim(&call, old_claim, SITE_NOW, SITE_NOW + 60, 50, &first);
    um_random_uuid(s.pool, s.now, &claim);
    um_store_mail_claim(&call, claim, SITE_NOW + 61, SITE_NOW + 120, 50, &second);
    is_int(first->nelts, 2, "wishes are claimed");
    is_int(second->nelts, 2, "and again when the lease is over");
    is_int(um_letter_prepare(cx, old_claim, first, &made), UM_OK, "the first one wakes up");
    is_int(made->nelts, 0, "and makes no letter");
    is_text(ask("select sum(state) || count(user_id) from um_mail"), "00", "nor touches what is another's");
    is_text(ask("select count(*) from um_tickets"), "0", "no token either");
    is_int(um_letter_prepare(cx, claim, second, &made), UM_OK, "the second");
    is_int(made->nelts, 1, "has them");
    end();
}

int main(void)
{
    site_begin();
    test_nobody();
    test_one();
    test_several();
    test_crowd();
    test_states();
    test_hourly();
    test_tries();
    test_same_second();
    test_meanwhile();
    test_late();
    return site_end();
}
