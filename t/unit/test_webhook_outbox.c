/* SPDX-License-Identifier: Apache-2.0 */
/* The outbox of webhooks: what is claimed and how much at a time, what each answer leaves, when a receiver is left
 * alone and for how long, a receiver that wants no more, and what the end of a child releases. The clock is set, and
 * receivers are functions of this file in place of webhook_send.c. */
#include "site.h"

#include "event.h"
#include "store_webhook.h"
#include "webhook_admin.h"
#include "webhook_list.h"
#include "webhook_outbox.h"
#include "webhook_secret.h"
#include "webhook_send.h"

#define A "https://a.example/hook?token=hush"
#define B "https://b.example/hook"
#define MOST 64
#define PARALLEL 4
#define BATCH 20
#define MAX_AGE (3 * 86400)

static site_t s;
static um_webhook_outbox_t *outbox;
static um_webhook_round_t last;
static apr_int64_t tick;            /* milliseconds; it goes with the clock of the site */
static apr_int64_t tick_step;       /* how much of it passes between two looks at it */

/* --- receivers ---------------------------------------------------------------------------------------------------- */

struct um_webhook_send_t {
    um_webhook_request_t *under_way[MOST];
    int count;
    int status_a, status_b;         /* what they answer; 0: there is no answer; -1: they hang */
    apr_int64_t retry_after;        /* of A */
    int sent_a, sent_b;
    const char *body, *id;          /* of the last request */
};

static um_webhook_send_t net;

static int is_a(const um_webhook_request_t *request)
{
    return strcmp(request->url, A) == 0;
}

apr_status_t um_webhook_send_start(um_webhook_send_t *send, um_webhook_request_t *request)
{
    send->under_way[send->count++] = request;
    *(is_a(request) ? &send->sent_a : &send->sent_b) += 1;
    send->body = apr_pstrdup(s.pool, request->body);
    send->id = apr_pstrdup(s.pool, request->id);
    request->status = 0;
    request->retry_after = 0;
    request->why[0] = '\0';
    return APR_SUCCESS;
}

int um_webhook_send_count(const um_webhook_send_t *send)
{
    return send->count;
}

um_webhook_request_t *um_webhook_send_wait(um_webhook_send_t *send, int milliseconds)
{
    for (int i = 0; i < send->count; i++) {
        um_webhook_request_t *request = send->under_way[i];
        int status = is_a(request) ? send->status_a : send->status_b;

        if (status >= 0) {
            send->under_way[i] = send->under_way[--send->count];
            request->status = status;
            request->retry_after = is_a(request) ? send->retry_after : 0;
            apr_cpystrn(request->why, status ? "" : "no route", sizeof(request->why));
            return request;
        }
    }
    tick += milliseconds;
    return NULL;
}

void um_webhook_send_abort(um_webhook_send_t *send)
{
    send->count = 0;
}

const char *um_webhook_send_name(apr_pool_t *pool, const char *url)
{
    return apr_pstrmemdup(pool, url, strcspn(url, "?"));
}

/* --- the site ----------------------------------------------------------------------------------------------------- */

static apr_time_t now(void) { return s.now; }
static apr_int64_t ticks(void) { return tick += tick_step; }

static void pass(apr_int64_t seconds)
{
    s.now += apr_time_from_sec(seconds);
    tick += 1000 * seconds;
}

static const um_webhook_secret_t *read_secret(void)
{
    um_webhook_secret_t *secret = NULL;
    const char *why = "", *file = site_file("hook");
    FILE *out = fopen(file, "w");

    fputs("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n", out);
    fclose(out);
    (void)um_webhook_secret_read(s.pool, file, &secret, &why);
    unlink(file);
    return secret;
}

static void begin(int also_b)
{
    const um_webhook_outbox_options_t how = { .send = &net, .timeout = 15, .clock = now, .tick = ticks };
    um_webhook_t *receivers;
    um_webhook_list_t *list;

    site_open(&s);
    receivers = apr_pcalloc(s.pool, 2 * sizeof(*receivers));
    list = apr_pcalloc(s.pool, sizeof(*list));
    receivers[0] = (um_webhook_t){ .url = A, .events = ~(apr_uint64_t)0, .secret = read_secret() };
    receivers[1] = (um_webhook_t){ .url = B, .events = ~(apr_uint64_t)0, .secret = receivers[0].secret };
    *list = (um_webhook_list_t){ "site", also_b ? 2 : 1, receivers };
    s.site.webhooks = list;
    s.settings.events_keep = 365 * 86400;
    s.settings.webhook_max_age = MAX_AGE;
    net = (um_webhook_send_t){ .status_a = 204, .status_b = 204 };
    tick = tick_step = 0;
    outbox = um_webhook_outbox_create(s.pool, &s.site, &how);
}

static void end(void)
{
    ok(!s.misused && !s.in_use && !s.locked, "one connection and one lock at a time, all released");
    site_close(&s);
}

static void happen(int count)
{
    for (int i = 0; i < count; i++) {
        (void)um_event_store_alone(site_ctx(&s), UM_EVENT_KEY_ROTATED, "a key");
    }
}

/* One call, which looks for rows. How many requests A has got by now. */
static int work(void)
{
    if (um_webhook_outbox_work(outbox, site_ctx(&s), 1, 100, &last) != UM_OK) {
        printf("# %s\n", s.last->cause);
        return -1;
    }
    return net.sent_a;
}

static int count_of(const char *condition)
{
    return atoi(site_ask(&s, apr_pstrcat(s.pool, "select count(*) from um_webhooks where ", condition, NULL)));
}

static int wait_of_first(void)
{
    return atoi(site_ask(&s, apr_psprintf(s.pool, "select due_at - %" APR_INT64_T_FMT " from um_webhooks"
                                          " where state = 0 order by due_at limit 1", apr_time_sec(s.now))));
}

/* --- what is sent ------------------------------------------------------------------------------------------------- */

static void test_delivered(void)
{
    begin(1);
    happen(1);
    is_int(work(), 1, "a receiver gets the event");
    is_int(net.sent_b, 1, "and the other one, too");
    is_text(net.id, site_ask(&s, "select id from um_events"), "with the id of the event");
    ok(strstr(net.body, "\"type\":\"key.rotated\"") && strstr(net.body, "\"detail\":\"a key\""), "and its text");
    is_int(count_of("state = 1 and attempts = 1"), 2, "both are recorded");
    ok(um_webhook_outbox_is_idle(outbox) && last.delivered == 2 && !last.lines->nelts, "nothing is left to be done");
    is_int(work(), 1, "nothing is sent twice");
    end();
}

static void test_parallel(void)
{
    begin(1);
    happen(2 * BATCH);
    net.status_a = -1;
    is_int(work(), PARALLEL, "a receiver that hangs gets no more at a time");
    (void)work();
    is_int(net.sent_b, 2 * BATCH, "the other one gets all meanwhile");
    is_int(count_of("url = '" A "' and claim is not null"), BATCH, "a batch is claimed for it");
    net.status_a = 200;
    (void)work();
    is_int(work(), 2 * BATCH, "when it goes on, it gets the rest");
    is_int(count_of("state = 1 and attempts = 1"), 4 * BATCH, "all is recorded");
    end();
}

/* --- failures ----------------------------------------------------------------------------------------------------- */

static void test_put_off(void)
{
    begin(0);
    happen(1);
    net.status_a = 500;
    is_int(work(), 1, "it is sent");
    ok(wait_of_first() >= 3 && wait_of_first() <= 7, "after the first failure it waits for about 5 s");
    is_text(site_ask(&s, "select last_error from um_webhooks"), "HTTP status 500", "the reason is kept");
    ok(last.lines->nelts == 1 && !strstr(APR_ARRAY_IDX(last.lines, 0, const char *), "hush"),
       "and logged, without the query of the address");
    pass(2);
    is_int(work(), 1, "it is not sent before");
    pass(10);
    is_int(work(), 2, "it is sent then");
    ok(wait_of_first() >= 45 && wait_of_first() <= 75, "after the second failure it waits for about a minute");
    net.status_a = 200;
    pass(80);
    is_int(work(), 3, "it is sent a third time");
    is_int(count_of("state = 1 and attempts = 3"), 1, "and recorded");
    end();
}

static void test_pauses(void)
{
    begin(0);
    net.status_a = 500;
    happen(10);
    is_int(work(), PARALLEL + 1, "after two failures in a row no more are started");
    is_int(count_of("state = 0 and claim is null"), 10, "what was not started is released");
    is_int(count_of("attempts = 0"), 10 - PARALLEL - 1, "and does not count as an attempt");
    is_int(work(), PARALLEL + 1, "the receiver is left alone");
    net.status_a = 503;
    for (int i = 0; i < 8; i++) {
        pass(61);
        (void)work();
    }
    is_int(net.sent_a, PARALLEL + 1 + 8, "then one is tried at a time, a minute apart at the most");
    net.status_a = 200;
    pass(61);
    (void)work();
    pass(86400);
    (void)work();
    is_int(count_of("state = 1"), 10, "when it answers, it gets all");
    end();
}

static void test_retry_after(void)
{
    begin(0);
    net.status_a = 429;
    net.retry_after = 500;
    happen(5);
    is_int(work(), PARALLEL, "a receiver that asks for time");
    pass(490);
    is_int(work(), PARALLEL, "gets it");
    ok(wait_of_first() <= 10, "and what was sent waits as long");
    pass(20);
    net.status_a = 200;
    is_int(work(), PARALLEL + 1, "one is tried then");
    net.retry_after = 0;
    (void)work();
    is_int(count_of("state = 1"), 5, "and then the rest");
    end();
}

static void test_too_old(void)
{
    begin(0);
    net.status_a = 0;
    happen(1);
    (void)work();
    site_do(&s, "update um_webhooks set attempts = 20");
    pass(MAX_AGE - 1000);
    (void)work();
    is_int(wait_of_first(), 1000, "the last attempt is at the end of its time");
    pass(1000);
    (void)work();
    is_int(count_of("state = 2 and attempts = 22 and last_error = 'no route'"), 1, "then it is given up");
    is_int(last.given_up, 1, "which is counted");
    end();
}

/* --- a receiver that wants no more -------------------------------------------------------------------------------- */

static void test_gone(void)
{
    int count = 0;

    begin(1);
    net.status_a = 500;
    happen(1);
    (void)work();
    net.status_a = 410;
    happen(30);
    pass(2);
    is_int(work(), 2, "a receiver answers 410");
    is_int(count_of("url = '" A "' and state = 2"), 31, "all that waited is given up, also what was put off");
    is_int(count_of("url = '" A "' and state = 2 and attempts = 0 and last_error like 'the receiver is disabled%'"), 29,
           "with the reason");
    ok(last.disabled->nelts == 1
       && strcmp(APR_ARRAY_IDX(last.disabled, 0, const char *), "https://a.example/hook") == 0, "it is told once");
    is_text(site_ask(&s, "select group_concat(detail) from um_events where kind = 'webhook_disabled'"),
            "a.example", "it is one event, which has neither path nor query");
    is_int(count_of("url = '" B "' and kind = 'webhook.disabled'"), 1, "which the other receiver gets");
    net.status_a = 200;
    happen(1);
    is_int(count_of("url = '" A "'"), 31, "no event is stored for it");
    is_int(um_webhook_admin_disabled(site_ctx(&s), &count) == UM_OK ? count : -1, 1, "one is counted");
    pass(86400);
    is_int(work(), 2, "nothing is sent to it");
    is_int(um_webhook_admin_retry(site_ctx(&s), NULL, &count) == UM_OK ? count : -1, 0, "nor by an administrator");
    site_do(&s, "update um_webhooks set state = 0, due_at = 0, attempts = 7 where url = '" A "'");
    is_int(work(), 2, "nor what another node has left");
    is_int(count_of("url = '" A "' and state = 2"), 31, "which is given up");
    is_int(um_webhook_admin_enable(site_ctx(&s), B, &count) == UM_OK ? count : -1, 0, "the other one is not disabled");
    is_int(um_webhook_admin_enable(site_ctx(&s), "https://a.example/hook", &count) == UM_OK ? count : -1, 1,
           "it is enabled, by its address without the query");
    happen(1);
    (void)work();
    is_int(work(), 2 + 2, "it gets events again, that it is enabled among them");
    end();
}

/* Other receivers must not wait until all of many rows are given up, nor must the end of the child. */
static void test_gone_many(void)
{
    int first;

    begin(0);
    net.status_a = 410;
    happen(1);
    site_do(&s, "insert into um_webhooks (id, site, url, event_id, kind, at_ms, due_at, created_at)"
            " with recursive n(i) as (select 1 union all select i + 1 from n where i < 12000)"
            " select printf('%08x', i) || substr(id, 9), site, url, event_id, kind, at_ms, due_at, created_at"
            " from um_webhooks, n");
    tick_step = 50;
    (void)um_webhook_outbox_work(outbox, site_ctx(&s), 1, 600, &last);
    first = count_of("state = 2");
    ok(first >= 200 && first < 9000, "a part of what waited is given up by a call: %d rows", first);
    for (int i = 0; i < 8; i++) {
        pass(2);
        (void)um_webhook_outbox_work(outbox, site_ctx(&s), 0, 600, &last);
    }
    is_int(count_of("state = 2"), 12001, "the next calls give up the rest");
    ok(net.sent_a <= PARALLEL, "nothing is sent after the answer: %d requests", net.sent_a);
    end();
}

/* --- the end of a child ------------------------------------------------------------------------------------------- */

static void test_end(void)
{
    begin(0);
    happen(10);
    net.status_a = -1;
    (void)work();
    um_webhook_outbox_stop(outbox);
    net.status_a = 200;
    is_int(work(), PARALLEL, "after a stop nothing is started, and what is under way ends");
    is_int(count_of("state = 1"), PARALLEL, "and is recorded");
    is_int(count_of("state = 0 and claim is null and attempts = 0"), 10 - PARALLEL, "the rest is released");
    end();
    begin(0);
    happen(10);
    net.status_a = -1;
    (void)work();
    ok(!um_webhook_outbox_is_idle(outbox), "requests are under way");
    is_int(um_webhook_outbox_abort(outbox, site_ctx(&s)), UM_OK, "they are broken off");
    ok(um_webhook_outbox_is_idle(outbox) && !net.count, "none is left");
    is_int(count_of("state = 0 and claim is null and attempts = 0"), 10, "all is released");
    end();
}

int main(void)
{
    site_begin();
    test_delivered();
    test_parallel();
    test_put_off();
    test_pauses();
    test_retry_after();
    test_too_old();
    test_gone();
    test_gone_many();
    test_end();
    return site_end();
}
