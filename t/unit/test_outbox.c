/* SPDX-License-Identifier: Apache-2.0 */
/* The worker: claims, what each end of a sending leaves, pauses between tries, clearing up. */
#include "faults.h"
#include "site_mail.h"

#include "transport_private.h"

#define BATCH 50
#define PURGE_BATCH 200
#define LEASE (20 + 5 + 20)
#define MOST_SENT 4096
#define HOST "site.example:443"

static site_t s;
static site_mail_t m;

/* --- a transport that does what it is told to --- */

static struct {
    um_transport_t transport;
    um_transport_e verdict;
    const char *why;
    const char *only;          /* the verdict is for this recipient alone; NULL: for all */
    const char *good;          /* and not for this one */
    int count;                 /* how often it was called */
    int stop_at, cut_at;       /* it is told to end during that call */
    void (*during)(void);      /* what others do while it sends; NULL: nothing */
    const char *to[MOST_SENT]; /* the recipients of what was sent */
    int sent;
} post;

static um_transport_e post_send(um_transport_t *t, um_transport_mail_t *mail)
{
    int is_good = (post.only && strcmp(post.only, mail->to) != 0) || (post.good && strcmp(post.good, mail->to) == 0);
    um_transport_e verdict = is_good ? UM_TRANSPORT_SENT : post.verdict;
    void (*during)(void) = post.during;

    (void)t;
    post.count++;
    if (during) {
        post.during = NULL;
        during();
    }
    m.stop |= post.count == post.stop_at;
    if (post.count == post.cut_at) {
        m.stop = m.cut = 1;
        verdict = UM_TRANSPORT_LATER;
    }
    mail->why = verdict == UM_TRANSPORT_SENT ? "250 ok" : post.why;
    if (verdict == UM_TRANSPORT_SENT && post.sent < MOST_SENT) {
        post.to[post.sent++] = apr_pstrdup(s.pool, mail->to);
    }
    return verdict;
}

static int was_sent(const char *to)
{
    int times = 0;

    for (int i = 0; i < post.sent; i++) {
        times += strcmp(post.to[i], to) == 0;
    }
    return times;
}

/* --- the site --- */

static void begin(void)
{
    faults_reset();
    site_open(&s);
    site_mail_open(&s, &m);
    memset(&post, 0, sizeof(post));
    post.transport.send = post_send;
    post.why = "451 not now";
    m.outbox.transport = &post.transport;
    site_clock_step = 0;
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

static int number(const char *sql)
{
    const char *text = ask(sql);

    return text ? (int)strtol(text, NULL, 10) : -1;
}

static void is_number(const char *sql, int want, const char *name)
{
    is_int(number(sql), want, name);
}

static um_user_t someone = { .id = "00000000-0000-7000-8000-000000000000", .username = "someone" };

/* One row that tells someone at that address of something. */
static void put(const char *kind, const char *address)
{
    if (!site_mail_put(&s, kind, &someone, address)) {
        ok(0, "a row is put");
    }
}

static void put_many(int count)
{
    for (int i = 0; i < count; i++) {
        put(UM_MAIL_KIND_PASSWORD_CHANGED, apr_psprintf(s.pool, "a%d@example.org", i));
    }
}

static um_outbox_round_t work(um_status_e want)
{
    um_outbox_round_t round;

    if (site_mail_work(&s, &m, &round) != want) {
        ok(0, "a round ends as it should");
    }
    return round;
}

static void later(int seconds)
{
    s.now += apr_time_from_sec(seconds);
}

/* The only line for the log, or what is there in its place. */
static const char *line(const um_outbox_round_t *round)
{
    return round->lines->nelts == 1 ? APR_ARRAY_IDX(round->lines, 0, const char *)
                                    : apr_psprintf(s.pool, "%d lines", round->lines->nelts);
}

/* --- sending --- */

static void test_nothing(void)
{
    um_outbox_round_t round;
    int asked;

    begin();
    put_many(1);
    work(UM_OK);
    later(LEASE);
    asked = s.asked;
    round = work(UM_OK);
    is_int(round.sent + round.later + round.given_up + round.more + round.down, 0, "nothing due: nothing done");
    is_int(s.asked - asked, 2, "an empty round costs two statements");
    end();
}

static void test_all(void)
{
    um_outbox_round_t round;
    int twice = 0;

    begin();
    put_many(2 * BATCH + 1);
    round = work(UM_OK);
    is_int(round.sent, BATCH, "one round sends a batch");
    is_int(round.more, 1, "a full round says that there is more");
    while (round.more) {
        round = work(UM_OK);
    }
    is_int(post.sent, 2 * BATCH + 1, "all mails are sent at last");
    for (int i = 0; i < 2 * BATCH + 1; i++) {
        twice += was_sent(apr_psprintf(s.pool, "a%d@example.org", i)) != 1;
    }
    is_int(twice, 0, "each mail is sent once");
    is_number("select count(*) from um_mail where state = 1 and attempts = 1 and done_at = 1700000000", 2 * BATCH + 1,
              "and recorded");
    end();
}

static void test_one_bad(void)
{
    static const struct { um_transport_e verdict; int state; const char *told; } cases[] = {
        { UM_TRANSPORT_NEVER, 2, "given up: 550 no such user (address) here" },
        { UM_TRANSPORT_LATER, 0, "put off: 550 no such user (address) here" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        um_outbox_round_t round;

        begin();
        put_many(3);
        post.verdict = cases[i].verdict;
        post.only = "a1@example.org";
        post.why = "550 no such user a1@example.org here";
        round = work(UM_OK);
        is_int(round.sent, 2, "one mail is refused: the others go on");
        is_int(cases[i].state ? round.given_up : round.later, 1, "the refused mail alone is not sent");
        is_number("select state from um_mail where address = 'a1@example.org'", cases[i].state, "for now, or for good");
        is_text(ask("select last_error from um_mail where address = 'a1@example.org'"),
                "550 no such user (address) here", "the reason is recorded");
        ok(strstr(line(&round), cases[i].told) != NULL, "the refusal is logged: %s", line(&round));
        later(3600);
        work(UM_OK);
        is_int(post.count, cases[i].state ? 3 : 4, "only mails that were not refused for good are tried again");
        is_number("select count(*) from um_mail where state = 1 and attempts = 1", 2, "what was sent is left alone");
        end();
    }
}

/* What cannot be made a message harms nobody else. */
static void test_unfit(void)
{
    static const struct { const char *kind, *address, *username, *error; } cases[] = {
        { UM_MAIL_KIND_PASSWORD_CHANGED, "b@example.org", "\xFF", "its template cannot be filled" },
        { UM_MAIL_KIND_PASSWORD_CHANGED, "no address", "someone",
          "no message can be made of it: an address is invalid" },
        { UM_MAIL_KIND_PASSWORD_CHANGED, "b@example.org\r\nBcc: c@example.org", "someone",
          "no message can be made of it: an address is invalid" },
        { UM_MAIL_KIND_PASSWORD_CHANGED, "<b@example.org>", "someone",
          "no message can be made of it: an address is invalid" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        um_outbox_round_t round;

        begin();
        put_many(1);
        someone.username = cases[i].username;
        put(cases[i].kind, cases[i].address);
        someone.username = "someone";
        put_many(1);
        round = work(UM_OK);
        is_int(round.given_up, 1, "a mail that makes no message is given up");
        is_text(ask("select last_error from um_mail where state = 2"), cases[i].error, "the reason is recorded");
        is_int(round.sent, 2, "the others are sent");
        end();
    }
}

/* A newer version of the module on another node has made it. */
static void test_unknown_kind(void)
{
    um_outbox_round_t round;

    begin();
    put_many(1);
    put("no_such_kind", "b@example.org");
    put_many(1);
    round = work(UM_OK);
    is_int(round.sent, 2, "a mail of an unknown kind does not delay others");
    is_int(round.later, 1, "it is left to another node");
    ok(strstr(line(&round), "put off: this version of the module does not know its kind") != NULL,
       "it is logged: %s", line(&round));
    is_number("select attempts from um_mail where state = 0", 0, "no attempt is counted");
    is_number("select count(*) from um_mail where state = 0 and claim is null", 1, "another node can claim it");
    for (int i = 0; i < 3; i++) {
        later(60);
        round = work(UM_OK);
        is_int(round.later, 1, "it is left again");
        is_int(round.lines->nelts, 0, "which is not logged again");
    }
    later(s.settings.mail_max_age);
    round = work(UM_OK);
    is_int(round.given_up, 1, "it is given up when it is too old");
    end();
}

/* --- trying again --- */

static void test_attempts(void)
{
    int tries = 0;

    begin();
    put_many(1);
    post.verdict = UM_TRANSPORT_LATER;
    while (number("select count(*) from um_mail where state = 0") == 1 && tries < 100) {
        um_outbox_round_t round = work(UM_OK);

        tries++;
        ok(strstr(line(&round), tries < s.settings.mail_attempts ? "put off: 451 not now" : "given up: 451 not now")
           != NULL, "the failure is logged: %s", line(&round));
        ok(!strchr(line(&round), '@'), "the line has no address");
        s.now = apr_time_from_sec(number("select due_at from um_mail"));
    }
    is_int(tries, s.settings.mail_attempts, "a mail is tried so often and no more");
    is_text(ask("select state || ' ' || last_error from um_mail"), "2 451 not now",
            "after the last try the mail is given up with its reason");
    end();
}

static int ages;

static void grow_older(void)
{
    site_clock_now += apr_time_from_sec(ages);
}

/* It may be too old when it is claimed, and then is not sent any more, or become so while it is sent. */
static void test_age(void)
{
    static const struct { um_transport_e verdict; int age, takes, tried, state; const char *error, *name; } cases[] = {
        { UM_TRANSPORT_SENT, -1, 0, 1, 1, "", "younger than the limit: is sent" },
        { UM_TRANSPORT_SENT, 0, 0, 0, 2, "too old before it was tried", "as old as the limit: is not sent" },
        { UM_TRANSPORT_SENT, -1, 1, 1, 1, "", "becomes too old while it is sent: is sent" },
        { UM_TRANSPORT_LATER, -2, 1, 1, 0, "451 not now", "put off: younger than the limit: waits" },
        { UM_TRANSPORT_LATER, -1, 1, 1, 2, "451 not now", "put off: as old as the limit: is given up" },
        { UM_TRANSPORT_DOWN, -2, 1, 1, 0, "451 not now", "the server away: younger than the limit: waits" },
        { UM_TRANSPORT_DOWN, -1, 1, 1, 2, "451 not now", "the server away: as old as the limit: is given up" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        begin();
        put_many(1);
        post.verdict = cases[i].verdict;
        ages = cases[i].takes;
        post.during = grow_older;
        later((int)s.settings.mail_max_age + cases[i].age);
        work(UM_OK);
        is_int(post.count, cases[i].tried, cases[i].name);
        is_text(ask("select state || ' ' || last_error from um_mail"),
                apr_psprintf(s.pool, "%d %s", cases[i].state, cases[i].error), "the state and the reason are recorded");
        end();
    }
    begin();
    put_many(1);
    um_notification_request(site_ctx(&s), UM_MAIL_KIND_RESET, "nobody@example.org");
    post.verdict = UM_TRANSPORT_LATER;
    work(UM_OK);
    later((int)s.settings.mail_max_age);
    post.verdict = UM_TRANSPORT_SENT;
    um_notification_request(site_ctx(&s), UM_MAIL_KIND_RESET, "nobody@example.org");
    work(UM_OK);
    is_int(post.count, 1, "one that was tried before is not sent when it is too old");
    is_text(ask("select last_error from um_mail where address = 'a0@example.org'"), "451 not now (now too old)",
            "the last reason is kept");
    end();
}

/* The pause after the attempt: half as long again at most, and not the same for all. */
static void test_delay(int attempt, int seconds)
{
    int least, most;

    begin();
    s.settings.mail_attempts = 100;
    put_many(BATCH);
    site_do(&s, apr_psprintf(s.pool, "update um_mail set attempts = %d", attempt - 1));
    post.verdict = UM_TRANSPORT_LATER;
    is_int(work(UM_OK).later, BATCH, "mails are put off");
    least = number("select min(due_at) - 1700000000 from um_mail");
    most = number("select max(due_at) - 1700000000 from um_mail");
    ok(least >= seconds * 3 / 4 && most <= seconds * 5 / 4, "try %d: they wait %d to %d seconds, about %d", attempt,
       least, most, seconds);
    ok(number("select count(distinct due_at) from um_mail") > 3, "the next tries are not all at the same time");
    is_int(work(UM_OK).more, 0, "nothing is due before");
    s.now = apr_time_from_sec(SITE_NOW + most);
    post.count = 0;
    work(UM_OK);
    is_int(post.count, BATCH, "all mails are tried then");
    end();
}

static void test_down(void)
{
    um_outbox_round_t round;
    int faults_seen = 0;

    begin();
    put_many(BATCH + 10);
    post.verdict = UM_TRANSPORT_DOWN;
    post.why = "connection refused";
    for (int i = 0; i < 2 * s.settings.mail_attempts; i++) {
        round = work(UM_OK);
        faults_seen += post.count != i + 2 || !round.down || round.sent || round.given_up || round.lines->nelts != 1
                       || number("select sum(attempts) || '' from um_mail") != 0;
        later(15);
    }
    is_int(faults_seen, 0, "the server is away: two mails are tried, then one in a round; none is given up, no attempt "
           "counted, one line told");
    is_number("select count(*) from um_mail where state = 0 and attempts = 0 and claim is null", BATCH + 10,
              "the server was away: all mails wait as before");
    is_number("select min(due_at) >= 1700000000 from um_mail", 1, "for a while");
    post.verdict = UM_TRANSPORT_SENT;
    while (work(UM_OK).more) {
        continue;
    }
    is_int(post.sent, BATCH + 10, "after the server is back all mails are sent");
    end();
}

static void test_down_pause(void)
{
    begin();
    put_many(BATCH);
    post.verdict = UM_TRANSPORT_DOWN;
    work(UM_OK);
    is_number("select count(*) from um_mail where due_at = 1700000015", BATCH,
              "while the server is away all of a batch wait for a quarter of a minute");
    is_int(work(UM_OK).more, 0, "mails that were put off are not claimed before");
    end();
}

/* What one mail alone says of the server is about that mail. */
static void test_suspect(void)
{
    um_outbox_round_t round;

    begin();
    put_many(5);
    post.verdict = UM_TRANSPORT_DOWN;
    post.why = "550 5.7.1 sender refused";
    post.only = "a0@example.org";
    for (int i = 0; i < s.settings.mail_attempts; i++) {
        round = work(UM_OK);
        is_int(round.down, 0, "one mail alone says that the server is away: nobody else waits");
        is_int(round.sent, i ? 1 : 4, "the others are sent");
        s.now = apr_time_from_sec(number("select max(due_at) from um_mail"));
        put(UM_MAIL_KIND_PASSWORD_CHANGED, apr_psprintf(s.pool, "b%d@example.org", i));
    }
    is_text(ask("select state || ' ' || attempts || ' ' || last_error from um_mail where address = 'a0@example.org'"),
            "2 4 550 5.7.1 sender refused", "tries that were refused count, and at last the mail is given up");
    end();
}

/* Nobody is there to tell whose fault it is. */
static void test_lone(void)
{
    int tries = 0, waits, before = 0, shorter = 0;

    begin();
    put_many(1);
    post.verdict = UM_TRANSPORT_DOWN;
    while (number("select state from um_mail") == 0 && ++tries < 2000) {
        work(UM_OK);
        waits = number("select due_at from um_mail") - (int)apr_time_sec(s.now);
        shorter += number("select state from um_mail") == 0 && (waits < before || waits < 15 || waits > 300);
        before = waits;
        shorter += number("select attempts from um_mail where state = 0") > 0;
        later(waits > 0 ? waits : 1);
    }
    ok(shorter == 0 && tries > 200 && tries < 500, "a mail alone, the server away: tried for as long as it may wait, "
       "in pauses of 15 to 300 seconds that get longer: %d times", tries);
    is_number("select state from um_mail", 2, "then it is given up");
    end();
    begin();
    put_many(1);
    post.verdict = UM_TRANSPORT_DOWN;
    is_int(work(UM_OK).down, 0, "the refusal of one mail does not mean that the server is down");
    put(UM_MAIL_KIND_PASSWORD_CHANGED, "b@example.org");
    is_int(work(UM_OK).down, 1, "the refusal of a second mail means that the server is down, also in another round");
    end();
}

/* A few that the server refuses like nobody else. */
static void test_few_bad(void)
{
    int rounds = 0;

    begin();
    put_many(3);
    site_do(&s, "update um_mail set created_at = created_at - 1");
    put(UM_MAIL_KIND_PASSWORD_CHANGED, "good@example.org");
    post.verdict = UM_TRANSPORT_DOWN;
    post.why = "550 5.7.1 not from you";
    post.good = "good@example.org";
    while (!was_sent("good@example.org") && ++rounds < 5) {
        work(UM_OK);
        later(15);
    }
    ok(rounds > 0 && rounds <= 3, "older mails that say the server is away hold up others for a round each: %d",
       rounds);
    end();
}

/* --- the end of a batch before its time --- */

static void test_stop(void)
{
    um_outbox_round_t round;

    begin();
    put_many(BATCH);
    post.stop_at = 7;
    round = work(UM_OK);
    is_int(round.sent, 7, "told to stop: the mail under way is sent, no other begun");
    is_number("select count(*) from um_mail where state = 0 and attempts = 0 and claim is null and due_at <= "
              "1700000000", BATCH - 7, "the rest is given back as if it had not been claimed");
    m.stop = 0;
    is_int(work(UM_OK).sent, BATCH - 7, "the rest is sent by the next round");
    end();
}

static void test_cut(void)
{
    um_outbox_round_t round;

    begin();
    put_many(10);
    post.cut_at = 4;
    round = work(UM_OK);
    is_int(round.sent, 3, "broken off in the fourth mail");
    is_int(round.later + round.given_up, 0, "a mail that was not tried keeps its tries");
    is_number("select count(*) from um_mail where state = 0 and attempts = 0 and claim is null and due_at <= "
              "1700000000", 7, "it and the rest are given back");
    end();
    begin();
    put_many(4);
    post.cut_at = 4;
    work(UM_OK);
    is_number("select count(*) from um_mail where state = 0 and attempts = 0 and claim is null", 1,
              "also when it is the last of its batch");
    end();
}

static void test_slow(void)
{
    um_outbox_round_t round;

    begin();
    put_many(BATCH);
    site_clock_step = apr_time_from_sec(1);
    round = work(UM_OK);
    ok(round.sent > 3 && round.sent < 12, "a slow server: a batch ends after 20 seconds, with %d sent", round.sent);
    is_number("select count(*) from um_mail where state = 0 and attempts = 0 and claim is null", BATCH - round.sent,
              "the rest is given back");
    ok(site_clock_now < s.now + apr_time_from_sec(LEASE), "the round ends before its lease");
    is_int(round.more, 1, "the round says that there is more to do");
    end();
}

/* --- one mail at a time --- */

/* What is not sent has no token. */
static void test_tokens(void)
{
    begin();
    for (int i = 0; i < 10; i++) {
        site_register(&s, apr_psprintf(s.pool, "user%d", i), apr_psprintf(s.pool, "u%d@example.org", i), NULL);
        um_notification_request(site_ctx(&s), UM_MAIL_KIND_RESET, apr_psprintf(s.pool, "u%d@example.org", i));
    }
    post.stop_at = 3;
    work(UM_OK);
    is_number("select count(*) from um_one_time_tokens", 3, "told to stop: tokens are made for what was sent alone");
    is_number("select count(*) from um_mail where made_at is not null", 3, "and only that counts");
    m.stop = 0;
    post.verdict = UM_TRANSPORT_DOWN;
    post.stop_at = 0;
    work(UM_OK);
    is_number("select count(*) from um_one_time_tokens", 5, "the server away: and for what was tried");
    end();
}

/* A row that the database will not take. */
static void test_bad_row(void)
{
    um_outbox_round_t round;

    begin();
    put_many(5);
    site_do(&s, "create trigger bad before update of made_at on um_mail when old.address = 'a2@example.org' "
            "begin select raise(abort, 'a bad row'); end");
    round = work(UM_OK);
    is_int(round.sent, 4, "one row cannot be made ready: all others are sent");
    is_number("select count(*) from um_mail where state = 1", 4, "and recorded");
    ok(strstr(line(&round), "put off: it could not be prepared: ") != NULL, "the failure is logged: %s", line(&round));
    is_number("select attempts from um_mail where state = 0 and claim is null", 1, "and put off");
    for (int i = 1; i < s.settings.mail_attempts; i++) {
        later(3600);
        work(UM_OK);
    }
    is_number("select state from um_mail where address = 'a2@example.org'", 2, "in the end it is given up");
    is_int(post.sent, 4, "no mail was sent twice");
    end();
}

/* Sent, and the record fails: given back it would be sent again at once, by another. */
static void test_unrecorded(void)
{
    begin();
    put_many(3);
    site_do(&s, "update um_mail set created_at = created_at - 1 where address = 'a0@example.org'");
    site_do(&s, "create trigger bad before update of state on um_mail when old.address = 'a0@example.org' "
            "begin select raise(abort, 'not now'); end");
    work(UM_UNAVAILABLE);
    is_text(ask("select group_concat(address, ' ') from um_mail where claim is not null"), "a0@example.org",
            "a mail that was sent and could not be recorded stays claimed");
    is_number("select count(*) from um_mail where attempts = 0 and due_at <= 1700000000", 2, "others are given back");
    site_do(&s, "drop trigger bad");
    work(UM_OK);
    is_int(was_sent("a0@example.org"), 1, "the claimed mail is not sent again at once");
    later(LEASE);
    work(UM_OK);
    is_int(was_sent("a0@example.org"), 2, "the claimed mail is sent again when its lease has ended");
    is_number("select attempts from um_mail where address = 'a0@example.org'", 2, "which counts as a second try");
    end();
}

/* --- several sites in one database --- */

static void test_sites(void)
{
    int more;

    begin();
    put_many(2);
    m.mail_settings.host = "other.example:443";
    put(UM_MAIL_KIND_PASSWORD_CHANGED, "other@example.org");
    um_notification_request(site_ctx(&s), UM_MAIL_KIND_RESET, "nobody@example.org");
    is_text(ask("select min(site) || ' ' || max(site) from um_mail"), "other.example:443 " HOST,
            "a mail knows its site");
    work(UM_OK);
    is_int(post.sent, 1, "a site sends its own mails");
    is_int(was_sent("other@example.org"), 1, "no other mail is sent twice");
    is_int(work(UM_OK).more, 0, "nothing more is due for it");
    m.mail_settings.host = HOST;
    work(UM_OK);
    is_int(post.sent, 3, "the other site sends its own");
    site_do(&s, "insert into um_mail (id, kind, due_at, address, user_id, created_at) values ('old', "
            "'password_changed', 1, 'old@example.org', 'x', 1699999999)");
    work(UM_OK);
    is_int(post.sent, 3, "one of no site is nobody's");
    m.mail_settings.sends = 0;
    m.mail_settings.host = "mute.example:443";
    um_outbox_tidy(site_ctx(&s), &more);
    is_text(ask("select site from um_mail where id = 'old'"), "", "a site that sends no mail takes over none");
    m.mail_settings.sends = 1;
    m.mail_settings.host = HOST;
    um_outbox_tidy(site_ctx(&s), &more);
    work(UM_OK);
    is_int(was_sent("old@example.org"), 1, "a mail without a site is sent after a site has taken it over");
    end();
}

static void test_orphans(void)
{
    const int month = 30 * 86400;
    int more;

    begin();
    for (int i = 0; i < 2; i++) {
        m.mail_settings.host = i ? "gone.example:443" : "also.gone.example";
        put_many(2);
        um_notification_request(site_ctx(&s), UM_MAIL_KIND_RESET, "nobody@example.org");
    }
    m.mail_settings.host = HOST;
    put(UM_MAIL_KIND_PASSWORD_CHANGED, "own@example.org");
    um_notification_request(site_ctx(&s), UM_MAIL_KIND_RESET, "nobody@example.org");
    site_do(&s, apr_psprintf(s.pool, "update um_mail set due_at = 1700000000 + %d where address = 'a1@example.org' and "
                             "site = 'gone.example:443'", month + 60));
    later(month);
    um_outbox_tidy(site_ctx(&s), &more);
    is_number("select count(*) from um_mail where state = 0", 5, "mails of sites that are gone wait for a month");
    is_number("select count(*) from um_requests", 3, "and requests");
    later(1);
    um_outbox_tidy(site_ctx(&s), &more);
    is_text(ask("select group_concat(address || ' ' || site, ', ') from (select address, site from um_mail where "
                "state = 0 order by address)"), "a1@example.org gone.example:443, own@example.org " HOST,
            "mails of hosts that are gone are given up, but not claimed ones and our own");
    is_text(ask("select max(last_error) from um_mail where state = 2"), "no host sends mail of this site",
            "the reason is that no host sends mail of this site");
    is_text(ask("select group_concat(site) from um_requests"), HOST, "requests are deleted, but for our own");
    end();
}

/* However many mails of all sites wait, what is due of them is found by a key. */
static void test_orphans_much(void)
{
    int more = 0;

    begin();
    m.mail_settings.host = "gone.example:443";
    put_many(PURGE_BATCH + 10);
    m.mail_settings.host = HOST;
    later(30 * 86400 + 1);
    um_outbox_tidy(site_ctx(&s), &more);
    is_number("select count(*) from um_mail where state = 2", PURGE_BATCH, "one batch is so much and no more");
    is_int(more, 1, "a full round says that there is more");
    um_outbox_tidy(site_ctx(&s), &more);
    is_number("select count(*) from um_mail where state = 2", PURGE_BATCH + 10, "the next does the rest");
    is_int(more, 0, "clearing up says that there is no more");
    end();
}

/* --- a clock that is set --- */

static void test_clock_back(void)
{
    int more = 0;

    begin();
    put_many(4);
    site_do(&s, "update um_mail set due_at = 1700000000 + 3630 where address = 'a0@example.org'");
    site_do(&s, "update um_mail set due_at = 1700000000 + 3660, claim = 'x' where address = 'a1@example.org'");
    site_do(&s, "update um_mail set due_at = 1700000000 + 7201 where address = 'a2@example.org'");
    site_do(&s, "update um_mail set due_at = 1700000000 + 7201, claim = 'x' where address = 'a3@example.org'");
    is_int(um_outbox_tidy(site_ctx(&s), &more), UM_OK, "clearing up is called again later");
    work(UM_OK);
    is_int(post.sent, 2, "a mail that waits for a time that no mail waits for is sent, claimed or not");
    is_int(was_sent("a0@example.org") + was_sent("a1@example.org"), 0, "one that may well wait so long is not");
    is_int(um_outbox_hurry(site_ctx(&s), &more), UM_OK, "the clock was seen to be set back");
    work(UM_OK);
    is_int(was_sent("a0@example.org"), 1, "a mail that was put off is sent at once");
    is_int(was_sent("a1@example.org"), 0, "a mail that another process has claimed is left alone");
    is_int(more, 0, "there is no more to clear up");
    put_many(PURGE_BATCH + 1);
    site_do(&s, "update um_mail set due_at = 1700000000 + 3630 where state = 0 and claim is null");
    um_outbox_hurry(site_ctx(&s), &more);
    is_int(more, 1, "clearing up works in batches");
    um_outbox_hurry(site_ctx(&s), &more);
    is_int(more, 0, "clearing up ends when all mails are due");
    is_number("select count(*) from um_mail where state = 0 and due_at <= 1700000000", PURGE_BATCH + 1, "it is");
    end();
}

/* --- several workers --- */

static int nested_more;

static void other_worker(void)
{
    nested_more = work(UM_OK).more;
}

static int hangs;

static void other_worker_late(void)
{
    later(hangs);
    other_worker();
}

static void test_two_workers(void)
{
    begin();
    put_many(BATCH + 20);
    post.during = other_worker;
    is_int(work(UM_OK).sent, BATCH, "two workers: the first has its batch");
    is_int(post.sent, BATCH + 20, "the other, in the midst of it, all the rest");
    for (int i = 0; i < BATCH + 20; i++) {
        if (was_sent(apr_psprintf(s.pool, "a%d@example.org", i)) != 1) {
            ok(0, "a%d was sent %d times", i, was_sent(apr_psprintf(s.pool, "a%d@example.org", i)));
        }
    }
    is_number("select count(*) from um_mail where state = 1 and attempts = 1", BATCH + 20, "all recorded");
    end();
}

static void test_lease(void)
{
    um_ctx_t *ctx;
    um_store_call_t call;
    apr_array_header_t *first, *second;
    const char *one = "00000000-0000-7000-8000-000000000001", *two = "00000000-0000-7000-8000-000000000002";

    begin();
    put_many(3);
    ctx = site_ctx(&s);
    call = um_ctx_store(ctx);
    um_store_mail_claim(&call, HOST, one, SITE_NOW, SITE_NOW + LEASE, BATCH, &first);
    is_int(first->nelts, 3, "a worker claims what is due");
    for (int i = 0; i < first->nelts; i++) {
        is_int(APR_ARRAY_IDX(first, i, um_mail_t *)->attempts, 1, "each claimed mail is at its first try");
    }
    um_store_mail_claim(&call, HOST, two, SITE_NOW + LEASE - 1, SITE_NOW + 2 * LEASE, BATCH, &second);
    is_int(second->nelts, 0, "another gets nothing while its lease holds");
    um_store_mail_claim(&call, HOST, two, SITE_NOW + LEASE, SITE_NOW + 2 * LEASE, BATCH, &second);
    is_int(second->nelts, 3, "all mails are claimed when the lease has ended");
    is_int(APR_ARRAY_IDX(second, 0, um_mail_t *)->attempts, 2, "a killed worker's try counts");
    um_store_mail_done(&call, NULL, APR_ARRAY_IDX(first, 0, um_mail_t *), one, UM_MAIL_SENT, SITE_NOW, "", NULL);
    um_store_mail_later(&call, NULL, APR_ARRAY_IDX(first, 1, um_mail_t *), one, SITE_NOW, 1, "");
    um_store_mail_release(&call, one, UM_MAIL_NO_ID, SITE_NOW);
    is_number("select count(*) from um_mail where state = 0 and attempts = 2 and claim = "
              "'00000000-0000-7000-8000-000000000002'", 3, "the first can do nothing to them any more");
    end();
}

/* The worker itself claims for as long as it may take. */
static void test_lease_length(void)
{
    for (int over = 0; over < 2; over++) {
        begin();
        put_many(1);
        hangs = LEASE - 1 + over;
        post.during = other_worker_late;
        work(UM_OK);
        is_int(post.sent, 1 + over, over ? "one that hangs for longer has lost its mail to another"
                                         : "a worker has its mail for as long as a batch and a message may take");
        is_number("select attempts from um_mail where state = 1", 1 + over, "whose record stands");
        end();
    }
}

/* A claim whose answer was lost is done again, and has what it claimed before. */
static void test_claim_lost(void)
{
    for (int at = 1; at < 5; at++) {
        apr_array_header_t *mails;
        um_store_call_t call;

        begin();
        put_many(3);
        s.site.store = site_store(&s, UM_DIALECT_PGSQL);
        call = um_ctx_store(site_ctx(&s));
        um_store_ready(&call);
        faults_arm(FAULTS_LOST_AFTER, at);
        um_store_mail_claim(&call, HOST, "00000000-0000-7000-8000-000000000001", SITE_NOW, SITE_NOW + LEASE, BATCH,
                            &mails);
        is_int(faults.came, 1, "the connection is lost in a claim");
        faults_disarm();
        is_int(mails->nelts, 3, "the claim has its mails");
        end();
    }
}

/* --- the database away --- */

static um_status_e work_with_fault(faults_e kind, int at)
{
    um_outbox_round_t round;
    um_status_e status;

    faults_arm(kind, at);
    status = site_mail_work(&s, &m, &round);
    faults_disarm();
    faults.clock_ms += 5000;
    return status;
}

/* Each call into the database fails: mails are sent all the same, and one twice at most. */
static void test_faults(faults_e kind, const char *name)
{
    int wrong = 0, twice = 0, at = 0, came;

    do {
        begin();
        site_register(&s, "alice", "alice@example.org", NULL);
        um_notification_request(site_ctx(&s), UM_MAIL_KIND_RESET, "alice@example.org");
        put_many(2);
        work_with_fault(kind, ++at);
        came = faults.came;
        for (int i = 0; i < 5; i++) {
            later(LEASE);
            work(UM_OK);
        }
        wrong += !was_sent("alice@example.org") || !was_sent("a0@example.org") || !was_sent("a1@example.org")
                 || number("select count(*) from um_mail where state = 1") != 3 || s.in_use || s.locked || s.misused;
        twice += post.sent > 4;
        site_mail_close(&s, &m);
        site_close(&s);
    } while (came && at < 80);
    ok(!wrong && !twice && at > 8 && at < 80, "each of %d calls into the database %s: no mail is lost, one sent twice "
       "at most", at - 1, name);
}

/* --- clearing up --- */

static void test_purge(void)
{
    int more = 0;

    begin();
    site_register(&s, "alice", "", NULL);
    put_many(6);
    site_do(&s, "update um_mail set state = 1, done_at = 1700000000 - 7200 where address = 'a0@example.org'");
    site_do(&s, "update um_mail set state = 2, done_at = 1700000000 - 7201 where address = 'a1@example.org'");
    site_do(&s, "update um_mail set state = 1, done_at = 1700000000 - 7201 where address = 'a2@example.org'");
    site_do(&s, "update um_mail set due_at = 1, created_at = 1 where address = 'a3@example.org'");
    site_do(&s, "update um_mail set due_at = 1900000000 where address = 'a4@example.org'");
    site_do(&s, "insert into um_one_time_tokens select 'old', 'reset', id, id, version, '', 1, 1699996399"
            " from um_users");
    site_do(&s, "insert into um_one_time_tokens select 'new', 'reset', id, id, version, '', 1, 1699996400"
            " from um_users");
    site_do(&s, "insert into um_sessions (id, user_id, user_version, created_at, expires_at) "
            "select 'old', id, version, 1, 1699999999 from um_users");
    site_do(&s, "insert into um_sessions (id, user_id, user_version, created_at, expires_at) "
            "select 'new', id, version, 1, 1700000000 from um_users");
    is_int(um_outbox_purge(site_ctx(&s), 7200, &more), UM_OK, "clearing up succeeds");
    is_text(ask("select group_concat(address, ' ') from (select address from um_mail order by address)"),
            "a0@example.org a3@example.org a4@example.org a5@example.org",
            "mails that ended long ago are deleted, waiting ones stay however old they are");
    is_text(ask("select group_concat(hash) from um_one_time_tokens"), "new", "tokens that ran out an hour ago go");
    is_number("select count(*) from um_sessions where id = 'old'", 0, "sessions that have run out go");
    is_number("select count(*) from um_sessions", 2, "no other");
    is_int(more, 0, "there is no more to clear up");
    site_do(&s, "update um_mail set state = 1, done_at = 1700000000 - 3600 where address = 'a4@example.org'");
    site_do(&s, "update um_mail set state = 1, done_at = 1700000000 - 3601 where address = 'a5@example.org'");
    um_outbox_purge(site_ctx(&s), 0, &more);
    is_text(ask("select group_concat(address, ' ') from (select address from um_mail order by address)"),
            "a3@example.org a4@example.org", "kept for no time at all: for an hour, in which they count");
    end();
}

/* More than a batch of one kind alone. */
static void test_purge_much(void)
{
    static const struct { const char *table, *values; } cases[] = {
        { "um_mail", "(id, kind, state, due_at, address, created_at, done_at) select i, 'reset', 1, 1, '', 1, 1" },
        { "um_one_time_tokens", "select i, 'reset', 1, u.id, 1, '', 1, 1" },
        { "um_sessions", "(id, user_id, user_version, created_at, expires_at) select i, u.id, 1, 1, 1" },
        { "um_events", "(id, user_id, kind, at_ms) select printf('00000000-0000-7000-8000-%012x', i), u.id, 'x', 1" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *count = apr_pstrcat(site_root, "select count(*) from ", cases[i].table, NULL);
        int more = 0;

        begin();
        site_register(&s, "alice", "", NULL);
        site_do(&s, "delete from um_sessions");
        site_do(&s, "delete from um_events");
        site_do(&s, apr_psprintf(s.pool, "with recursive n(i) as (select 1 union all select i + 1 from n where i < %d) "
                                 "insert into %s %s from n, um_users u", 2 * PURGE_BATCH + 100, cases[i].table,
                                 cases[i].values));
        um_outbox_purge(site_ctx(&s), 100, &more);
        is_number(count, PURGE_BATCH + 100, "one batch is so much and no more");
        is_int(more, 1, "a full round says that there is more");
        um_outbox_purge(site_ctx(&s), 100, &more);
        um_outbox_purge(site_ctx(&s), 100, &more);
        is_int(more, 0, "the last says that there is not");
        is_number(count, 0, "all is cleared");
        end();
    }
}

int main(void)
{
    site_begin();
    test_nothing();
    test_all();
    test_one_bad();
    test_unfit();
    test_unknown_kind();
    test_attempts();
    test_age();
    test_delay(1, 30);
    test_delay(2, 60);
    test_delay(5, 480);
    test_delay(8, 3600);
    test_delay(50, 3600);
    test_down();
    test_down_pause();
    test_suspect();
    test_lone();
    test_few_bad();
    test_stop();
    test_cut();
    test_slow();
    test_tokens();
    test_bad_row();
    test_unrecorded();
    test_sites();
    test_orphans();
    test_orphans_much();
    test_clock_back();
    test_two_workers();
    test_lease();
    test_lease_length();
    test_claim_lost();
    test_faults(FAULTS_REFUSED, "is refused");
    test_faults(FAULTS_LOST_BEFORE, "is not done and the connection lost");
    test_faults(FAULTS_LOST_AFTER, "is done and the connection lost");
    test_faults(FAULTS_GONE, "is not done and no connection to be had");
    test_purge();
    test_purge_much();
    return site_end();
}
