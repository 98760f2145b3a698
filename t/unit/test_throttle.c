/* SPDX-License-Identifier: Apache-2.0 */
/* The throttles without a server: their memory, their keys, what becomes of a use, and who is exempt while the database
 * answers and while it does not. */
#include "site.h"

#include "refusal_log.h"
#include "throttle_admin.h"
#include "throttle_private.h"

#define TABLE UM_THROTTLE_TABLE_LEAST
#define HOME "192.0.2.1"        /* site_ctx() has it, so it is that of alice's session */
#define FREE 5                  /* failures of a name and an address */
#define FREE_NAME 50            /* failures of a name over all addresses */

static site_t s;
static int strangers;

static void *new_memory(apr_size_t size)
{
    char *memory = apr_pcalloc(site_root, size + 128);

    return memory + 128 - (apr_size_t)memory % 128;
}

static void start(void)
{
    apr_size_t size = um_throttle_size(TABLE);
    void *memory = new_memory(size);

    if (um_throttle_init(s.pool, memory, size) != APR_SUCCESS) {
        printf("Bail out! no memory for the throttles\n");
        exit(1);
    }
    s.site.throttle = um_throttle_attach(s.pool, memory, size);
    s.settings.throttle = &um_throttle_defaults;
    um_throttle_set_scope(&s.site, "sqlite3 accounts.db");
}

static um_throttle_client_t client_of(const char *address)
{
    um_throttle_client_t client;

    if (!um_throttle_client_parse(s.pool, address, &client)) {
        printf("Bail out! %s is no address\n", address);
        exit(1);
    }
    return client;
}

static um_ctx_t *from(const char *address)
{
    um_throttle_client_t client = client_of(address);
    um_ctx_t *ctx = site_ctx(&s);

    ctx->throttle_client = apr_pmemdup(s.pool, &client, sizeof(client));
    return ctx;
}

static const char *stranger(void)
{
    strangers++;
    return apr_psprintf(s.pool, "198.51.%d.%d", strangers / 200, strangers % 200 + 1);
}

/* A try to sign in that ends in that way. */
static um_status_e try_it(const char *address, const char *key, um_status_e ends)
{
    um_throttle_uses_t uses;
    um_ctx_t *ctx = from(address);
    um_status_e status = um_throttle_take_sign_in(ctx, key, &uses);

    if (status == UM_OK) {
        um_throttle_settle(ctx, &uses, ends);
    }
    return status;
}

/* How many of so many tries are not throttled. */
static int passed(int count, const char *address, const char *key, um_status_e ends)
{
    int passed = 0;

    for (int i = 0; i < count; i++) {
        passed += try_it(address ? address : stranger(), key, ends) == UM_OK;
    }
    return passed;
}

/* --- memory --- */

static void test_memory(void)
{
    apr_size_t size = um_throttle_size(TABLE);
    char *memory = new_memory(size);

    is_int(um_throttle_init(s.pool, memory, um_throttle_size(TABLE - 1)), APR_EINVAL, "a small table is refused");
    is_int(um_throttle_init(s.pool, memory, size), APR_SUCCESS, "memory is laid out");
    ok(um_throttle_attach(s.pool, memory, size) != NULL, "a process attaches to it");
    ok(!um_throttle_attach(s.pool, memory, um_throttle_size(2 * TABLE)), "not with the size of another table");
    ok(!um_throttle_attach(s.pool, memory, um_throttle_size(0)), "nor when there is no room for a table");
    memory[0]++;
    ok(!um_throttle_attach(s.pool, memory, size), "nor when another version has laid it out");
}

/* --- addresses and names --- */

static void test_addresses(void)
{
    static const struct { const char *text; int len; } cases[] = {
        { "192.0.2.1", 4 }, { "2001:db8::1", 16 }, { "::ffff:192.0.2.1", 4 }, { "fe80::1%eth0", 16 },
        { "64:ff9b::192.0.2.1", 4 }, { "64:ff9b::1:0:0", 16 }, { "64:ff9b:1::192.0.2.1", 16 },
        { "192.0.2", 0 }, { "", 0 }, { "%", 0 }, { "host.example", 0 }, { NULL, 0 },
    };
    um_throttle_client_t client, one = client_of("192.0.2.1"), mapped = client_of("::ffff:192.0.2.1");

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        is_int(um_throttle_client_parse(s.pool, cases[i].text, &client) ? client.len : 0, cases[i].len,
               cases[i].text ? cases[i].text : "no text");
    }
    ok(um_throttle_client_number(&one) == um_throttle_client_number(&mapped), "a mapped address is the address");
    client = client_of("64:ff9b::192.0.2.1");
    ok(um_throttle_client_number(&one) == um_throttle_client_number(&client), "and so is a translated one");
    client = client_of("64:ff9b::192.0.2.2");
    ok(um_throttle_client_number(&one) != um_throttle_client_number(&client), "another translated one is another");
    client = client_of("2001:db8::1");
    one = client_of("2001:db8::ffff:2");
    ok(um_throttle_client_number(&one) == um_throttle_client_number(&client), "a /64 is one client");
    one = client_of("2001:db8:0:1::1");
    ok(um_throttle_client_number(&one) != um_throttle_client_number(&client), "another /64 is another");
    is_int((long long)um_throttle_client_number(NULL), 0, "no client has the number 0");
}

static void test_names(void)
{
    char *name = apr_pcalloc(s.pool, 5001), *longer = apr_pcalloc(s.pool, 5002);
    const um_throttle_t *throttle = s.site.throttle;

    memset(name, 'x', 5000);
    memset(longer, 'x', 5001);
    ok(um_throttle_key_account(throttle, 1, 0, "u", name) != um_throttle_key_account(throttle, 1, 0, "u", longer),
       "long names of different lengths have different keys");
    ok(um_throttle_key_account(throttle, 1, 0, "u", "a") != um_throttle_key_account(throttle, 2, 0, "u", "a"),
       "a name has another key in another database");
    ok(um_throttle_key_account(throttle, 1, 0, "r", "a") != um_throttle_key_account(throttle, 1, 0, "v", "a"),
       "and for another kind of mail");
}

/* --- uses --- */

static void test_off(void)
{
    um_throttle_uses_t uses;
    um_ctx_t *ctx = site_ctx(&s);
    int refused = 0;

    start();
    for (int i = 0; i < 200; i++) {
        refused += um_throttle_take_sign_in(ctx, "nobody", &uses) != UM_OK;
        um_throttle_settle(ctx, &uses, UM_INVALID);
        refused += um_throttle_peek_sign_in(ctx, "nobody") != UM_OK;
        refused += um_throttle_take_address(ctx, UM_THROTTLE_REGISTER, &uses) != UM_OK;
        refused += um_throttle_take_account(ctx, UM_THROTTLE_RESET, "r", "a@x.example") != UM_OK;
        refused += um_throttle_take_address(from(HOME), UM_THROTTLE_NONE, &uses) != UM_OK;
        refused += um_throttle_take_address(from(HOME), UM_THROTTLE_API, &uses) != UM_OK;
    }
    is_int(refused, 0, "nothing is throttled without a client, or without a limit");
    s.settings.throttle = NULL;
    is_int(passed(200, HOME, "nobody", UM_INVALID), 200, "nor without limits");
}

static void test_settle(void)
{
    start();
    is_int(passed(100, HOME, "alice", UM_UNAVAILABLE), 100, "a try that could not be judged does not count");
    is_int(passed(100, HOME, "alice", UM_BUSY), 100, "nor does one that met a full hash limit");
    is_int(passed(FREE - 1, HOME, "alice", UM_INVALID), FREE - 1, "a few failures are free");
    is_int(try_it(HOME, "alice", UM_OK), UM_OK, "the right password among them");
    is_int(passed(2 * FREE, HOME, "alice", UM_INVALID), FREE, "forgets them");
    is_int(try_it(HOME, "alice", UM_OK), UM_THROTTLED, "then it has to wait like any other");
    ok(s.last->retry_after >= 1 && s.last->cause && s.last->reason, "and the answer can say how long: %d s, %s",
       (int)s.last->retry_after, s.last->cause ? s.last->cause : "no cause");
    is_int(um_throttle_peek_sign_in(from(HOME), "alice"), UM_THROTTLED, "a look says the same");
    is_int(um_throttle_peek_sign_in(from(stranger()), "alice"), UM_OK, "and counts nothing");
    is_int(passed(3, HOME, NULL, UM_INVALID), 3, "a name that no account can have counts for the address alone");
}

static void test_wide(void)
{
    int count = 0;

    start();
    for (int i = 0; i < 400; i++) {
        const char *address = apr_psprintf(s.pool, "2001:db8:7:%x::1", i);

        count += try_it(address, apr_psprintf(s.pool, "n%d", i), UM_INVALID) == UM_OK;
    }
    ok(count >= 300 && count < 310, "a /48 has ten times the allowance of an address: %d", count);
}

/* --- who is exempt from the limit of a name --- */

static void test_exempt(void)
{
    int asked;

    start();
    is_int(passed(FREE_NAME + 5, NULL, "alice", UM_INVALID), FREE_NAME, "the failures of a name have a limit");
    s.refuse = 1000;
    is_int(try_it(HOME, "alice", UM_INVALID), UM_THROTTLED, "while the database is away nobody is exempt");
    s.refuse = 0;
    s.site.store = site_store(&s, UM_DIALECT_SQLITE3);  /* one that has not met the failure, so it asks at once */
    is_int(try_it(HOME, "alice", UM_INVALID), UM_OK, "that is not remembered: afterwards the owner is");
    asked = s.asked;
    is_int(try_it(HOME, "alice", UM_INVALID), UM_OK, "and again");
    is_int(s.asked - asked, 0, "without another question to the database");
    is_int(try_it("192.0.2.2", "alice", UM_INVALID), UM_THROTTLED, "an address beside it is not");
    asked = s.asked;
    is_int(try_it("192.0.2.2", "alice", UM_INVALID), UM_THROTTLED, "nor later");
    is_int(s.asked - asked, 0, "which is remembered, too");
    is_int(passed(2 * FREE, HOME, "alice", UM_INVALID), FREE - 2, "failures at home count all the same");
}

/* --- for an administrator --- */

static void test_clear(void)
{
    um_throttle_client_t home = client_of(HOME), other = client_of("2001:db8:5::1");
    um_refusal_t refusal;
    int listed = 0;

    start();
    is_int(um_throttle_clear(s.site.throttle, 0, "alice", NULL), 0, "nothing to clear");
    passed(2 * FREE, HOME, "alice", UM_INVALID);
    for (int i = 0; i < UM_REFUSAL_LOG_SLOTS; i++) {
        listed += um_refusal_log_read(s.site.throttle->refusals, i, &refusal)
                  && strcmp(refusal.text, "alice " HOME) == 0 && refusal.count == FREE;
    }
    is_int(listed, 1, "who was refused is in the list");
    is_int(um_throttle_clear(s.site.throttle, 0, "alice", &home), 1, "name and address together are cleared");
    is_int(passed(1, HOME, "alice", UM_INVALID), 1, "then they may try again");
    is_int(um_throttle_clear(s.site.throttle, 0, NULL, &home), 1, "an address is cleared");
    passed(1, "2001:db8:5::1", "berta", UM_INVALID);
    is_int(um_throttle_clear(s.site.throttle, 0, NULL, &other), 2, "one of IPv6 by its /64 and its /48");
    um_throttle_take_account(from(HOME), UM_THROTTLE_RESET, "r", "alice");
    um_throttle_take_account(from(HOME), UM_THROTTLE_RESET, "v", "alice");
    is_int(um_throttle_clear(s.site.throttle, 0, "alice", NULL), 3, "a name with its sign-ins and its mails");
}

/* The list and the clearing of a site leave those of other databases alone. */
static void test_admin(void)
{
    apr_pool_t *pool = s.pool;
    apr_uint64_t own, other;
    um_throttle_t *throttle;
    apr_array_header_t *list;

    start();
    throttle = s.site.throttle;
    own = s.site.throttle_scope;
    other = own + 2;
    passed(2 * FREE, HOME, "alice", UM_INVALID);
    list = um_throttle_admin_list(pool, throttle, own);
    is_int(list->nelts, 1, "a site lists who was refused");
    is_text(APR_ARRAY_IDX(list, 0, um_refusal_t).text, "alice " HOME, "name and address");
    is_int(um_throttle_admin_list(pool, throttle, 0)->nelts, 1, "the list of all has it, too");
    is_int(um_throttle_admin_list(pool, throttle, other)->nelts, 0, "another site has not");
    is_int(um_throttle_admin_clear(pool, throttle, other, "alice"), 0, "another site clears nothing");
    is_int(passed(1, HOME, "alice", UM_INVALID), 0, "the name is still refused");
    is_int(um_throttle_admin_clear(pool, throttle, own, "alice " HOME), 1, "a pair is cleared as it is listed");
    is_int(passed(1, HOME, "alice", UM_INVALID), 1, "then they may try again");
    passed(2 * FREE, HOME, "alice", UM_INVALID);
    is_int(um_throttle_admin_clear(pool, throttle, own, "ALICE"), 2, "a name is cleared with its pairs");
    is_int(um_throttle_admin_list(pool, throttle, own)->nelts, 0, "and is in the list no more");
    is_int(um_throttle_admin_clear(pool, throttle, own, "\xff"), -1, "what is no text is refused");
}

/* Every kind of count is listed for its own site, and for no other. */
static void test_scopes(void)
{
    static const char *const texts[] = { HOME, "2001:db8:5::1", "bob@example.org", "carol" };
    apr_uint64_t own;
    apr_array_header_t *list;
    um_throttle_t *throttle;

    start();
    throttle = s.site.throttle;
    own = s.site.throttle_scope;
    for (int i = 0; i < 2; i++) {
        um_throttle_uses_t uses = { 0 };
        int tries = 0;

        while (um_throttle_take_address(from(texts[i]), UM_THROTTLE_RESET, &uses) == UM_OK && ++tries < 1000) {
            uses.count = 0;
        }
    }
    for (int i = 0; i < 10; i++) {
        um_throttle_take_account(from(stranger()), UM_THROTTLE_RESET, "r", texts[2]);
    }
    passed(FREE_NAME + 1, NULL, texts[3], UM_INVALID);
    list = um_throttle_admin_list(s.pool, throttle, own);
    for (int i = 0; i < 4; i++) {
        int listed = 0;

        for (int k = 0; k < list->nelts; k++) {
            listed += strcmp(APR_ARRAY_IDX(list, k, um_refusal_t).text, texts[i]) == 0;
        }
        is_int(listed, 1, apr_pstrcat(s.pool, "its own site lists ", texts[i], NULL));
    }
    is_int(um_throttle_admin_list(s.pool, throttle, own + 2)->nelts, 0, "another site lists none of them");
    is_int(um_throttle_admin_list(s.pool, throttle, 0)->nelts, list->nelts, "the list of all has them");
}

int main(void)
{
    site_begin();
    site_open(&s);
    start();
    if (!site_register(&s, "alice", "alice@example.org", NULL)) {
        printf("Bail out! no account\n");
        return 1;
    }
    test_memory();
    test_addresses();
    test_names();
    test_off();
    test_settle();
    test_wide();
    test_exempt();
    test_clear();
    test_admin();
    test_scopes();
    site_close(&s);
    return site_end();
}
