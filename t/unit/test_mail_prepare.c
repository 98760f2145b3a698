/* SPDX-License-Identifier: Apache-2.0 */
/* Whom a wish for a mail is for, and the tokens that are made for it. */
#include "site_mail.h"

#include "mail_private.h"
#include "random.h"
#include "password_reset.h"
#include "one_time_token.h"

#define HOUR 3600
#define BOUND 5
#define PAGE 20
#define HOST "site.example:443"
#define ROWS "select (select count(*) from um_mail) + (select count(*) from um_requests)"

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
    ok(!s.misused && !s.in_use && !s.locked, "one connection and one lock at a time, all released");
    site_mail_close(&s, &m);
    site_close(&s);
}

static const char *ask(const char *sql)
{
    return site_ask(&s, sql);
}

static void wish(const char *kind, const char *address)
{
    if (um_notification_request(site_ctx(&s), kind, address) != UM_OK) {
        ok(0, "a wish is noted");
    }
}

typedef struct making_t {
    um_ctx_t *ctx;
    const char *claim;
    const um_mail_t *mail;
    um_mail_prepared_t letter;
} making_t;

static apr_status_t make_rows(um_tx_t *tx, void *baton)
{
    making_t *making = baton;

    return um_mail_prepare(tx, making->ctx, making->claim, making->mail, &making->letter);
}

/* The letters of these mails. */
static apr_array_header_t *make_all(um_ctx_t *ctx, const char *by, const apr_array_header_t *mails)
{
    apr_array_header_t *made = apr_array_make(s.pool, 8, sizeof(um_mail_prepared_t));

    for (int i = 0; i < mails->nelts; i++) {
        um_store_call_t call = um_ctx_store(ctx);
        making_t making = { .ctx = ctx, .claim = by, .mail = APR_ARRAY_IDX(mails, i, const um_mail_t *) };

        if (um_store_transaction(&call, make_rows, &making) != APR_SUCCESS) {
            ok(0, "a letter is made: %s", call.cause);
        }
        if (making.letter.mail) {
            APR_ARRAY_PUSH(made, um_mail_prepared_t) = making.letter;
        }
    }
    return made;
}

/* Resolves requests, claims what is due and makes letters of it. */
static apr_array_header_t *letters(void)
{
    um_ctx_t *ctx = site_ctx(&s);
    um_store_call_t call = um_ctx_store(ctx);
    apr_int64_t now = um_ctx_seconds(ctx);
    apr_array_header_t *mails;
    int more;

    is_int(um_outbox_resolve(ctx, &m.outbox, &more), UM_OK, "requests are resolved");
    um_random_uuid(s.pool, s.now, &claim);
    if (um_store_mail_claim(&call, HOST, claim, now, now + 60, 50, &mails) != APR_SUCCESS) {
        ok(0, "mails that are due can be claimed");
    }
    return make_all(ctx, claim, mails);
}

static const um_mail_prepared_t *letter(const apr_array_header_t *made, int i)
{
    static const um_mail_t no_mail = { .id = "", .address = "", .username = "" };
    static const um_mail_prepared_t none = { &no_mail, "", NULL };

    return i < made->nelts ? &APR_ARRAY_IDX(made, i, const um_mail_prepared_t) : &none;
}

static int number_of(const char *text)
{
    return text ? (int)strtol(text, NULL, 10) : -1;
}

/* --- whom it is for --- */

static void test_nobody(void)
{
    begin();
    site_register(&s, "alice", "alice@example.org", NULL);
    wish(UM_MAIL_KIND_RESET, "nobody@example.org");
    is_text(ask("select count(*) from um_requests"), "1", "a request for an address that nobody has waits");
    is_int(letters()->nelts, 0, "a request for an unknown address becomes no mail");
    is_text(ask(ROWS), "0", "nothing is left of it");
    is_text(ask("select count(*) from um_one_time_tokens"), "0", "no token is made");
    site_register(&s, "bob", "", NULL);
    wish(UM_MAIL_KIND_RESET, "");
    wish(UM_MAIL_KIND_VERIFY, "nobody@example.org");
    is_int(letters()->nelts, 0, "an empty or unknown address gets no mail");
    is_text(ask(ROWS), "0", "nothing is left of those either");
    end();
}

/* Rows of a module of before: an address and no account. */
static void put_row_of_before(const char *name)
{
    site_do(&s, apr_psprintf(s.pool, "insert into um_mail (id, kind, due_at, address, site, created_at) values ('%s', "
                             "'reset', 1700000000, '%s@example.org', '" HOST "', 1700000000)", name, name));
}

static void test_row_of_before(void)
{
    begin();
    site_register(&s, "alice", "alice@example.org", NULL);
    put_row_of_before("Alice");
    put_row_of_before("nobody");
    is_text(letter(letters(), 0)->mail->username, "alice", "a row of before becomes the mail of its account");
    is_text(ask("select state || ' ' || last_error from um_mail where id = 'nobody'"), "1 for nobody",
            "one for nobody is recorded as done");
    end();
}

/* A flood for an address that somebody has: no more wait than it may get. */
static void test_flood(void)
{
    int sent = 0;

    begin();
    site_register(&s, "alice", "alice@example.org", NULL);
    site_register(&s, "bob", "bob@example.org", NULL);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 150; i++) {
            wish(UM_MAIL_KIND_RESET, i % 2 ? "alice@example.org" : "nobody@example.org");
        }
        wish(UM_MAIL_KIND_RESET, "bob@example.org");
        sent += letters()->nelts;
        ok(atoi(ask("select count(*) from um_mail")) <= 2 * BOUND, "no more mails wait than there may be");
        is_text(ask("select count(*) from um_requests"), "0", "no request is left");
    }
    is_int(sent, BOUND + 3, "both accounts get their mails");
    end();
}

static void test_one(void)
{
    const um_user_t *alice;
    const um_mail_prepared_t *got;

    begin();
    alice = site_register(&s, "Alice", "Alice.B@Example.org", NULL);
    site_register(&s, "bob", "bob@example.org", NULL);
    wish(UM_MAIL_KIND_RESET, "aLICE.b@EXAMPLE.ORG");
    got = letter(letters(), 0);
    is_text(got->mail->address, "Alice.B@example.org", "the mail goes to the address as its owner gave it");
    is_text(got->mail->username, "Alice", "the mail names the account");
    is_text(got->mail->user_id, alice->id, "the mail belongs to the account");
    is_int((int)strlen(got->token), 43, "the token has 256 bits");
    is_text(ask("select hash from um_one_time_tokens"), um_one_time_token_hash(site_ctx(&s), got->token),
            "stored is its hash");
    ok(!strstr(site_dump(&s), got->token), "the token is nowhere in the database");
    is_text(ask("select user_id from um_mail"), alice->id, "the wish's own row became his mail");
    is_text(ask("select address || username || state from um_mail"), "Alice.B@example.orgAlice0",
            "the row of the mail has its address, name and state");
    is_text(ask("select expires_at - created_at from um_one_time_tokens"), "86400",
            "a token lives as long as it should");
    is_text(ask("select count(*) from um_one_time_tokens t join um_users u on u.id = t.user_id "
                "and u.version = t.user_version and u.email_key = t.email_key join um_mail m on m.id = t.mail_id"), "1",
            "bound to all it dies with");
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
    wish(UM_MAIL_KIND_RESET, "TEAM@example.org");
    made = letters();
    is_int(made->nelts, 1, "an address of three accounts: the first has the wish's row");
    is_text(ask("select count(*) from um_mail where state = 0"), "3", "the others rows of their own");
    seen = letter(made, 0)->mail->username;
    made = letters();
    is_int(made->nelts, 2, "the next claim finds the mails at once");
    for (int i = 0; i < made->nelts; i++) {
        ok(!strstr(seen, letter(made, i)->mail->username), "each names another account");
        seen = apr_pstrcat(s.pool, seen, " ", letter(made, i)->mail->username, NULL);
    }
    is_int(letters()->nelts, 0, "no further mail is found");
    is_text(ask("select count(distinct hash) || count(distinct user_id) from um_one_time_tokens"), "33",
            "three tokens of three accounts");
    end();
}

/* One wish serves all accounts of its address, a page in a transaction. */
static void test_crowd(void)
{
    static const int crowds[] = { PAGE - 1, PAGE, PAGE + 1, 2 * PAGE, 2 * PAGE + 5 };

    for (size_t i = 0; i < sizeof(crowds) / sizeof(crowds[0]); i++) {
        apr_array_header_t *made;
        int count = 0, rounds = 0, most = 0;

        begin();
        for (int k = 0; k < crowds[i]; k++) {
            site_register(&s, apr_psprintf(s.pool, "user%d", k), "team@example.org", NULL);
        }
        wish(UM_MAIL_KIND_RESET, "team@example.org");
        do {
            int before = number_of(ask(ROWS));

            made = letters();
            count += made->nelts;
            before = number_of(ask(ROWS)) - before;
            most = before > most ? before : most;
        } while (strcmp(ask("select count(*) from um_mail where state = 0 and claim is null"), "0") != 0
                 && ++rounds < 10);
        is_int(count, crowds[i], apr_psprintf(s.pool, "an address of %d accounts: a mail for each", crowds[i]));
        is_text(ask("select count(distinct user_id) from um_one_time_tokens"), apr_psprintf(s.pool, "%d", crowds[i]),
                "each mail has a token of its own");
        ok(most <= PAGE, "no more rows than a page are added at a time: %d", most);
        is_text(ask("select count(*) from um_mail where user_id is null and state = 0"), "0", "no request is left");
        end();
    }
}

/* Switched off, active, waiting; each with its address verified or not. */
static void test_states(void)
{
    static const struct { const char *kind; int active, verified, want; } cases[] = {
        { UM_MAIL_KIND_RESET, 0, 0, 0 }, { UM_MAIL_KIND_RESET, 0, 1, 0 }, { UM_MAIL_KIND_RESET, 1, 0, 1 },
        { UM_MAIL_KIND_RESET, 1, 1, 1 }, { UM_MAIL_KIND_RESET, 2, 0, 0 }, { UM_MAIL_KIND_RESET, 2, 1, 0 },
        { UM_MAIL_KIND_VERIFY, 0, 0, 0 }, { UM_MAIL_KIND_VERIFY, 0, 1, 0 }, { UM_MAIL_KIND_VERIFY, 1, 0, 1 },
        { UM_MAIL_KIND_VERIFY, 1, 1, 0 }, { UM_MAIL_KIND_VERIFY, 2, 0, 1 }, { UM_MAIL_KIND_VERIFY, 2, 1, 0 },
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
        is_int(letters()->nelts, cases[i].want, name);
        is_text(ask("select group_concat(state) from um_mail"), cases[i].want ? "0" : NULL,
                cases[i].want ? "it waits" : "as if nobody had the address");
        site_do(&s, "delete from um_mail");
        site_do(&s, "delete from um_one_time_tokens");
    }
    end();
}

/* --- how many --- */

static void test_hourly(void)
{
    begin();
    site_register(&s, "alice", "alice@example.org", NULL);
    for (int i = 0; i < BOUND; i++) {
        wish(UM_MAIL_KIND_RESET, "alice@example.org");
    }
    is_int(letters()->nelts, BOUND, "an account gets as many mails an hour as the limit allows");
    wish(UM_MAIL_KIND_RESET, "alice@example.org");
    is_int(letters()->nelts, 0, "one more is not made");
    is_text(ask(ROWS), "5", "a request beyond the limit leaves no row");
    s.settings.email_verification = UM_VERIFY_ON;
    wish(UM_MAIL_KIND_VERIFY, "alice@example.org");
    is_int(letters()->nelts, 1, "mails of another kind have a count of their own");
    s.now += apr_time_from_sec(HOUR - 1);
    site_do(&s, "delete from um_mail");
    wish(UM_MAIL_KIND_RESET, "alice@example.org");
    is_int(letters()->nelts, 0, "a further request within the hour gets no mail");
    s.now += apr_time_from_sec(2);
    wish(UM_MAIL_KIND_RESET, "alice@example.org");
    is_int(letters()->nelts, 1, "after the hour the account gets a mail");
    end();
}

/* Nobody gets a heap of mail because somebody has put his address into an account, or into many. */
static void test_bomb(void)
{
    static const struct { const char *kind; um_verify_e verification; int accounts, tries, want; } cases[] = {
        { UM_MAIL_KIND_VERIFY, UM_VERIFY_ON, 1, 40, BOUND },
        { UM_MAIL_KIND_VERIFY, UM_VERIFY_REQUIRED, 20, 1, BOUND },
        { UM_MAIL_KIND_EMAIL_CHANGED, UM_VERIFY_OFF, 1, 40, 1 },
        { UM_MAIL_KIND_EMAIL_CHANGED, UM_VERIFY_OFF, 20, 1, 20 },
        { UM_MAIL_KIND_EMAIL_CHANGED, UM_VERIFY_OFF, 20, 2, 20 },
        { UM_MAIL_KIND_EMAIL_CHANGED, UM_VERIFY_ON, 1, 40, BOUND },
        { UM_MAIL_KIND_PASSWORD_CHANGED, UM_VERIFY_OFF, 1, 40, BOUND },
        { UM_MAIL_KIND_PASSWORD_CHANGED, UM_VERIFY_OFF, 20, 1, 20 },
        { UM_MAIL_KIND_PASSWORD_CHANGED, UM_VERIFY_OFF, 20, 2, 20 },
        { UM_MAIL_KIND_RESET, UM_VERIFY_OFF, 20, 2, 20 },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        /* While the address has had few, any account may have another. */
        int spare = cases[i].accounts > 1 && cases[i].tries > 1 ? BOUND - 1 : 0;
        int count = 0;

        begin();
        for (int k = 0; k < cases[i].accounts; k++) {
            site_register(&s, apr_psprintf(s.pool, "user%d", k), "victim@example.org", NULL);
        }
        site_do(&s, "update um_users set email_verified = 1");
        s.settings.email_verification = cases[i].verification;
        for (int k = 0; k < cases[i].accounts * cases[i].tries; k++) {
            const char *id = ask(apr_psprintf(s.pool, "select id from um_users order by id limit 1 offset %d",
                                              k % cases[i].accounts));
            um_user_t user = { .id = id, .username = "somebody" };

            site_mail_put(&s, cases[i].kind, &user, k % 2 ? "victim@example.org" : "Victim@EXAMPLE.org");
        }
        for (int k = 0; k < 5; k++) {
            count += letters()->nelts;
        }
        ok(count >= cases[i].want && count <= cases[i].want + spare, "%d accounts with one address, %d mails (%s) for "
           "each: it gets %d", cases[i].accounts, cases[i].tries, cases[i].kind, count);
        is_text(ask("select count(*) from um_mail where state = 2 and last_error like '%hourly limit%'"),
                apr_psprintf(s.pool, "%d", cases[i].accounts * cases[i].tries - count), "the others are given up");
        site_mail_put(&s, cases[i].kind, &(um_user_t){ .id = ask("select id from um_users limit 1"), .username = "x" },
                      "other@example.org");
        s.now += apr_time_from_sec(HOUR + 1);
        site_do(&s, "update um_mail set state = 1 where made_at is not null");
        site_mail_put(&s, cases[i].kind, &(um_user_t){ .id = ask("select id from um_users limit 1"), .username = "x" },
                      "victim@example.org");
        is_int(letters()->nelts >= 1, 1, "an hour later it gets one again");
        end();
    }
}

/* What comes too late for its account is not sent, and takes nothing from others of the address. */
static void test_not_made(void)
{
    const um_user_t *alice;

    begin();
    alice = site_register(&s, "alice", "alice@example.org", NULL);
    site_register(&s, "mallory", "victim@example.org", NULL);
    for (int i = 0; i < 3 * BOUND; i++) {
        site_mail_put(&s, UM_MAIL_KIND_VERIFY, alice, "victim@example.org");
    }
    is_int(letters()->nelts, 0, "mails to an address that the account has not: none is made");
    is_text(ask("select count(*) from um_mail where state = 2 and made_at is null"),
            apr_psprintf(s.pool, "%d", 3 * BOUND), "refused requests are not counted");
    wish(UM_MAIL_KIND_VERIFY, "victim@example.org");
    is_int(letters()->nelts, 1, "the owner of the address gets a mail");
    end();
}

/* A mail that failed is tried again though others of its address were sent meanwhile. */
static void test_counted_once(void)
{
    const um_user_t *alice;

    begin();
    alice = site_register(&s, "alice", "alice@example.org", NULL);
    site_mail_put(&s, UM_MAIL_KIND_VERIFY, alice, "alice@example.org");
    is_int(letters()->nelts, 1, "a mail is made");
    s.now += apr_time_from_sec(30);
    for (int i = 0; i < BOUND; i++) {
        site_mail_put(&s, UM_MAIL_KIND_VERIFY, alice, "alice@example.org");
    }
    is_int(letters()->nelts, BOUND - 1, "as many other accounts get theirs as the limit allows");
    s.now += apr_time_from_sec(31);
    is_int(letters()->nelts, 1, "the first mail is tried again");
    end();
}

/* A reset's token may live for a minute: its mails count for an hour. */
static void test_short_life(void)
{
    int more = 0;

    begin();
    s.settings.reset_lifetime = 60;
    site_register(&s, "alice", "alice@example.org", NULL);
    for (int i = 0; i < BOUND; i++) {
        wish(UM_MAIL_KIND_RESET, "alice@example.org");
    }
    is_int(letters()->nelts, BOUND, "tokens with a short life: as many as there may be");
    site_do(&s, "update um_mail set state = 1, done_at = 1700000000");
    s.now += apr_time_from_sec(HOUR - 1);
    is_int(um_outbox_purge(site_ctx(&s), 0, &more), UM_OK, "rows whose time is over are deleted");
    is_text(ask("select count(*) from um_one_time_tokens where expires_at < 1700000000 + 3599"), "5",
            "tokens that still count are not deleted");
    is_text(ask("select count(*) from um_mail"), "5", "mails that still count are not deleted");
    wish(UM_MAIL_KIND_RESET, "alice@example.org");
    is_int(letters()->nelts, 0, "one more is not made within the hour");
    s.now += apr_time_from_sec(2);
    wish(UM_MAIL_KIND_RESET, "alice@example.org");
    is_int(letters()->nelts, 1, "after that the account gets a mail");
    s.now += apr_time_from_sec(60);
    is_int(um_outbox_purge(site_ctx(&s), 0, &more), UM_OK, "an hour after they ran out");
    is_text(ask("select count(*) from um_one_time_tokens"), "1", "expired tokens are deleted");
    end();
}

/* A mail that is tried again and again is one mail with two tokens at most: its tries must not drive out those of
 * others. */
static void test_tries(void)
{
    const char *oldest, *newest = "";

    begin();
    site_register(&s, "alice", "alice@example.org", NULL);
    wish(UM_MAIL_KIND_RESET, "alice@example.org");
    oldest = letter(letters(), 0)->token;
    for (int i = 1; i < BOUND + 3; i++) {
        s.now += apr_time_from_sec(61);
        newest = letter(letters(), 0)->token;
    }
    is_text(ask("select count(distinct mail_id) from um_one_time_tokens"), "1", "tries of one mail");
    is_text(ask("select count(*) from um_one_time_tokens"), "2", "leave the tokens of the last two");
    is_int(um_password_reset_validate(site_ctx(&s), oldest), UM_ABSENT, "the oldest token is deleted");
    is_int(um_password_reset_validate(site_ctx(&s), newest), UM_OK, "the newest is good");
    wish(UM_MAIL_KIND_RESET, "alice@example.org");
    is_int(letters()->nelts, 1, "another mail can be made");
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
        site_mail_put(&s, UM_MAIL_KIND_RESET, alice, "alice@example.org");
    }
    made = letters();
    is_int(made->nelts, BOUND, "rows that are an account's already count too");
    is_text(ask("select count(*) from um_one_time_tokens"), apr_psprintf(s.pool, "%d", BOUND),
            "their tokens are bounded");
    is_int(um_password_reset_validate(site_ctx(&s), letter(made, BOUND - 1)->token), UM_OK,
           "of tokens of the same second the last one is valid");
    s.settings.mail_hourly_limit = 1;
    s.now += apr_time_from_sec(HOUR + 1);
    site_mail_put(&s, UM_MAIL_KIND_RESET, alice, "alice@example.org");
    made = letters();
    is_int(um_password_reset_validate(site_ctx(&s), letter(made, made->nelts - 1)->token), UM_OK,
           "a lower limit does not delete the newest token");
    is_text(ask("select count(*) from um_one_time_tokens"), "1", "a lower limit deletes all other tokens");
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
        const char *token;

        begin();
        site_register(&s, "alice", "alice@example.org", NULL);
        wish(UM_MAIL_KIND_RESET, "alice@example.org");
        token = letter(letters(), 0)->token;
        is_int(um_password_reset_validate(site_ctx(&s), token), UM_OK, "a mail is tried");
        s.now += apr_time_from_sec(61);
        site_do(&s, cases[i].sql);
        is_int(letters()->nelts, cases[i].want, apr_pstrcat(s.pool, "tried again, and ", cases[i].name, NULL));
        is_text(ask("select state from um_mail"), cases[i].want ? "0" : "2", "a mail that cannot be made is given up");
        is_int(um_password_reset_validate(site_ctx(&s), token), cases[i].want ? UM_OK : UM_ABSENT,
               "the first try's token");
        is_text(ask("select count(*) from um_one_time_tokens t join um_users u on u.id = t.user_id and u.version = "
                    "t.user_version and u.email_key = t.email_key where u.is_active = 1"), cases[i].want ? "2" : "0",
                "no token of another address is valid");
        end();
    }
}

/* Whoever comes too late with his claim makes nothing. */
static void test_late(void)
{
    um_ctx_t *ctx;
    um_store_call_t call;
    apr_array_header_t *first, *second, *made;
    const char *old_claim;

    begin();
    site_register(&s, "alice", "alice@example.org", NULL);
    site_register(&s, "bob", "alice@example.org", NULL);
    put_row_of_before("alice");
    put_row_of_before("nobody");
    ctx = site_ctx(&s);
    call = um_ctx_store(ctx);
    um_random_uuid(s.pool, s.now, &old_claim);
    um_store_mail_claim(&call, HOST, old_claim, SITE_NOW, SITE_NOW + 60, 50, &first);
    um_random_uuid(s.pool, s.now, &claim);
    um_store_mail_claim(&call, HOST, claim, SITE_NOW + 61, SITE_NOW + 120, 50, &second);
    is_int(first->nelts, 2, "requests are claimed");
    is_int(second->nelts, 2, "requests are claimed again when the lease has ended");
    made = make_all(ctx, old_claim, first);
    is_int(made->nelts, 0, "the first one wakes up and makes no letter");
    is_text(ask("select sum(state) || count(user_id) from um_mail"), "00",
            "a resolver without the claim changes no row");
    is_text(ask("select count(*) from um_one_time_tokens"), "0", "a resolver without the claim makes no token");
    is_text(ask("select count(*) from um_mail"), "2",
            "a resolver without the claim makes no row for the second account");
    made = make_all(ctx, claim, second);
    is_int(made->nelts, 1, "the second has them");
    is_text(ask("select count(*) from um_mail where address = 'alice@example.org' and user_id is not null"), "2",
            "each account of the address has a row");
    end();
}

int main(void)
{
    site_begin();
    test_nobody();
    test_row_of_before();
    test_flood();
    test_one();
    test_several();
    test_crowd();
    test_states();
    test_hourly();
    test_bomb();
    test_not_made();
    test_counted_once();
    test_short_life();
    test_tries();
    test_same_second();
    test_meanwhile();
    test_late();
    return site_end();
}
