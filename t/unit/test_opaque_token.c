/* SPDX-License-Identifier: Apache-2.0 */
#include "opaque_token.h"
#include "site.h"

#define TOKEN "0123456789abcdef0123456789abcdef01234567"
#define HOUR 3600

static site_t s;
static const um_user_t *alice;

/* Stores a token of alice that ends after these seconds. */
static void store_token(const char *token, int seconds)
{
    site_do(&s, apr_psprintf(s.pool, "insert into um_sessions (id, user_id, user_version, created_at, expires_at,"
                             " ends_at, token_hash) select '00000000-0000-7000-8000-000000000001', u.id, u.version, 5,"
                             " %d, %d, '%s' from um_users u", SITE_NOW + seconds, SITE_NOW + seconds,
                             um_opaque_token_hash(s.pool, token)));
}

static void test_form(void)
{
    static const char *const others[] = {
        "", "0", "a.b.c", TOKEN "0", TOKEN "x", TOKEN " ", "0123456789ABCDEF0123456789abcdef01234567",
        "g123456789abcdef0123456789abcdef01234567",
        " 123456789abcdef0123456789abcdef01234567", "0123456789abcdef0123456789abcdef0123456",
    };

    ok(um_opaque_token_is(TOKEN), "40 hexadecimal digits are an imported token");
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        ok(!um_opaque_token_is(others[i]), "\"%s\" is none", others[i]);
    }
    is_text(um_opaque_token_hash(s.pool, "abc"), "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0",
            "the hash is the SHA-256 of the text");
}

static void test_session(void)
{
    um_caller_t caller = { .user = NULL };
    um_ctx_t *ctx;

    is_int(site_call(&s, TOKEN), UM_BAD_TOKEN, "a token that was not imported is refused");
    store_token(TOKEN, HOUR);
    s.asked = 0;
    ctx = site_ctx(&s);
    is_int(um_authenticate(ctx, TOKEN, UM_FRESH, &caller), UM_OK, "an imported token authenticates");
    is_int(s.asked, 2, "the database is asked twice");
    is_text(caller.user ? caller.user->id : NULL, alice->id, "the caller is the account");
    ok(caller.token.expires_at == SITE_NOW + HOUR && caller.token.issued_at == 5 && !caller.token.id,
       "the times are those of the session");
    s.refuse = 1000;
    is_int(site_call(&s, TOKEN), UM_UNAVAILABLE, "while the database is away nobody knows");
    s.refuse = 0;
    s.site.store = site_store(&s, UM_DIALECT_SQLITE3);
    s.now += apr_time_from_sec(HOUR);
    is_int(site_call(&s, TOKEN), UM_BAD_TOKEN, "it is refused from its end on");
    s.now -= apr_time_from_sec(1);
    is_int(site_call(&s, TOKEN), UM_OK, "and accepted a second before");
    s.now = apr_time_from_sec(SITE_NOW);
    ok(um_session_end_all(site_ctx(&s), alice->id) == UM_OK && site_call(&s, TOKEN) == UM_BAD_TOKEN,
       "a new version of the account ends it");
}

static void test_none(void)
{
    um_opaque_token_memory_t memory = { 0 };

    site_do(&s, "delete from um_sessions");
    s.site.opaque_tokens = &memory;
    s.asked = 0;
    is_int(site_call(&s, TOKEN), UM_BAD_TOKEN, "where no token was imported, one is refused");
    is_int(s.asked, 2, "which asks for it, and for any");
    is_int(site_call(&s, TOKEN), UM_BAD_TOKEN, "the next one is refused, too");
    is_int(s.asked, 2, "without asking");
    store_token(TOKEN, HOUR);
    s.now += apr_time_from_sec(2);
    is_int(site_call(&s, TOKEN), UM_OK, "two seconds later an imported one is accepted");
    s.asked = 0;
    is_int(site_call(&s, "f123456789abcdef0123456789abcdef01234567"), UM_BAD_TOKEN, "another one is refused");
    is_int(site_call(&s, "f123456789abcdef0123456789abcdef01234567"), UM_BAD_TOKEN, "each time");
    is_int(s.asked, 3, "and the site is asked once for any");
    is_int(site_call(&s, TOKEN), UM_OK, "which does not concern the imported one");
    s.now -= apr_time_from_sec(HOUR);
    memory.none = (apr_uint32_t)SITE_NOW;
    is_int(site_call(&s, TOKEN), UM_OK, "a clock that was set back does not refuse it");
    s.now = apr_time_from_sec(SITE_NOW);
    s.site.opaque_tokens = NULL;
}

int main(void)
{
    site_begin();
    site_open(&s);
    alice = site_register(&s, "alice", "alice@example.org", NULL);
    test_form();
    test_session();
    test_none();
    ok(!s.misused, "no second connection was asked for");
    site_close(&s);
    return site_end();
}
