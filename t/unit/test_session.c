/* SPDX-License-Identifier: Apache-2.0 */
#include "signature_cache.h"
#include "site.h"
#include "token.h"

#define HOUR 3600
#define DAY (24 * HOUR)

static site_t s;
static const um_user_t *alice;

/* Signs a token for a session, as another site would, or this site at another time. */
static const char *sign(const um_site_t *site, apr_int64_t seconds, const char *user_id, const char *session_id)
{
    const char *token = NULL;
    um_ctx_t ctx;

    um_ctx_init(&ctx, s.pool, site, apr_time_from_sec(seconds));
    um_token_issue(&ctx, &(um_user_t){ .id = user_id, .custom = "{}" }, session_id, seconds + HOUR, &token);
    return token;
}

/* Opens a session without a token; sign() makes one. */
static const char *open_session(const um_user_t *user)
{
    um_session_new_t session;
    um_ctx_t *ctx = site_ctx(&s);

    return um_session_make(ctx, user, &session) == UM_OK && um_session_open(ctx, &session) == UM_OK
           ? session.record.id : NULL;
}

static void is_bad(const char *token, const char *name)
{
    um_caller_t caller = { .user = NULL };
    um_ctx_t *ctx = site_ctx(&s);
    um_status_e status = um_authenticate(ctx, token, UM_FRESH, &caller);

    ok(status == UM_BAD_TOKEN && !caller.user && ctx->cause, "%s: %s", name, ctx->cause ? ctx->cause : "(no cause)");
}

static void test_caller(void)
{
    um_caller_t caller = { .user = NULL };
    const char *id = open_session(alice), *token = sign(&s.site, SITE_NOW, alice->id, id);
    um_ctx_t *ctx = site_ctx(&s);

    s.asked = 0;
    is_int(um_authenticate(ctx, token, UM_FRESH, &caller), UM_OK, "a valid token authenticates");
    is_int(s.asked, 1, "a fresh authentication asks the database once");
    is_text(caller.session_id, id, "the caller has the session");
    is_text(caller.user ? caller.user->id : NULL, alice->id, "the caller has the account");
    is_text(caller.user ? caller.user->username : NULL, "alice", "the account is complete");
}

static void test_not_ours(void)
{
    static const char *const texts[] = { "", ".", "..", "a.b.c", "null", "%s%s%s%s", "eyJhbGciOiJub25lIn0.e30." };
    const char *id = open_session(alice), *good = sign(&s.site, SITE_NOW, alice->id, id), *why = NULL;
    um_site_t other = s.site;
    um_keyring_t *ring = NULL;
    char *changed;

    is_int(site_call(&s, good), UM_OK, "a token of this site is accepted");
    other.issuer = "https://accounts.example.org";
    is_bad(sign(&other, SITE_NOW, alice->id, id), "a token of another issuer is refused");
    other = s.site;
    other.audience = "payments";
    is_bad(sign(&other, SITE_NOW, alice->id, id), "a token for another audience is refused");
    other = s.site;
    um_jwk_create(s.pool, "EdDSA", site_file("other.pem"), &why);
    um_keyring_read(s.pool, site_file("other.pem"), &ring, &why);
    unlink(site_file("other.pem"));
    other.keys = ring;
    is_bad(ring ? sign(&other, SITE_NOW, alice->id, id) : "no key", "a token of another key is refused");
    is_bad(sign(&s.site, SITE_NOW + DAY, alice->id, id), "a token from tomorrow is refused");
    is_int(site_call(&s, sign(&s.site, SITE_NOW + UM_TOKEN_LEEWAY, alice->id, id)), UM_OK,
           "a token from a clock that is a little ahead is accepted");
    is_bad(sign(&s.site, SITE_NOW - DAY, alice->id, id), "an expired token is refused");
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        is_bad(texts[i], texts[i]);
    }
    changed = apr_pstrdup(s.pool, good);
    changed[strlen(changed) - 10] ^= 1;
    is_bad(changed, "a token with one changed bit of the signature is refused");
    is_int(site_call(&s, good), UM_OK, "the unchanged token is still accepted");
}

/* Tokens of this site for accounts and sessions that do not exist. */
static void test_of_nothing(void)
{
    const um_user_t *bob = site_register(&s, "bob", "", NULL);
    const char *hers = open_session(alice);

    is_bad(sign(&s.site, SITE_NOW, alice->id, "00000000-0000-7000-8000-000000000000"),
           "a token of a session that does not exist is refused");
    is_bad(sign(&s.site, SITE_NOW, bob->id, hers), "a token of another account's session is refused");
    is_bad(sign(&s.site, SITE_NOW, "", hers), "a token without an account is refused");
    is_bad(sign(&s.site, SITE_NOW, alice->id, ""), "a token without a session is refused");
    is_bad(sign(&s.site, SITE_NOW, alice->id, "' or 1=1 --"), "a token whose session is no UUID is refused");
    is_bad(sign(&s.site, SITE_NOW, "alice", hers), "a token whose account is no UUID is refused");
}

static void test_clock(void)
{
    const char *token;

    site_login(site_ctx(&s), "alice", site_secret(SITE_PASSWORD), &token);
    s.now = apr_time_from_sec(SITE_NOW + HOUR - 1);
    is_int(site_call(&s, token), UM_OK, "a token is accepted in its last second");
    s.now = apr_time_from_sec(SITE_NOW + HOUR);
    is_bad(token, "the leeway does not extend an expired token");
    s.now = apr_time_from_sec(SITE_NOW + DAY);
    is_bad(token, "a token is refused a day after it has expired");
    s.now = apr_time_from_sec(SITE_NOW);
    is_int(site_call(&s, token), UM_OK, "the token is accepted when the clock is set back");
    site_do(&s, "update um_sessions set expires_at = 1600000000");
    is_bad(token, "a session that has expired in the database is refused");
    s.settings.token_lifetime = 60;
    site_login(site_ctx(&s), "alice", site_secret(SITE_PASSWORD), &token);
    s.settings.token_lifetime = HOUR;
    s.now = apr_time_from_sec(SITE_NOW + 60);
    is_bad(token, "a session has the lifetime of when it was opened");
    s.now = apr_time_from_sec(SITE_NOW);
}

static void test_remembered(void)
{
    const char *token;
    um_signature_cache_t *cache = NULL;

    site_login(site_ctx(&s), "alice", site_secret(SITE_PASSWORD), &token);
    ok(um_signature_cache_create(s.pool, 256, &cache) == APR_SUCCESS, "a cache of signatures is made");
    s.site.signatures = cache;
    ok(site_call(&s, token) == UM_OK && site_call(&s, token) == UM_OK, "a valid token is accepted twice");
    s.now = apr_time_from_sec(SITE_NOW + HOUR);
    is_bad(token, "a cached signature does not extend an expired token");
    s.now = apr_time_from_sec(SITE_NOW);
    site_do(&s, "delete from um_sessions");
    is_bad(token, "a cached signature does not extend an ended session");
    s.site.signatures = NULL;
}

/* --- opening --- */

static void test_open(void)
{
    um_user_t stale = *alice, gone = *alice;
    um_session_new_t session;
    um_ctx_t *ctx = site_ctx(&s);

    stale.version = "00000000-0000-7000-8000-000000000000";
    gone.id = stale.version;
    ok(um_session_make(ctx, &stale, &session) == UM_OK && um_session_open(ctx, &session) == UM_BAD_TOKEN,
       "no session is opened for a changed version of the account");
    ok(um_session_make(ctx, &gone, &session) == UM_OK && um_session_open(ctx, &session) == UM_BAD_TOKEN,
       "no session is opened for a deleted account");
    site_do(&s, "update um_users set is_active = 0 where username = 'alice'");
    ok(um_session_make(ctx, alice, &session) == UM_OK && um_session_open(ctx, &session) == UM_BAD_TOKEN,
       "no session is opened for an inactive account");
    site_do(&s, "update um_users set is_active = 1 where username = 'alice'");
}

static const char *stored(const char *address, const char *user_agent)
{
    um_session_new_t session;
    um_ctx_t *ctx = site_ctx(&s);

    ctx->address = address;
    ctx->user_agent = user_agent;
    if (um_session_make(ctx, alice, &session) != UM_OK || um_session_open(ctx, &session) != UM_OK) {
        return NULL;
    }
    return site_ask(&s, apr_psprintf(s.pool, "select address || '|' || user_agent from um_sessions where id = '%s'",
                                     session.record.id));
}

static void test_record(void)
{
    char *longest = apr_pcalloc(s.pool, 301);
    const char *text;

    memset(longest, 'a', 300);
    is_text(stored("192.0.2.1", "curl/8"), "192.0.2.1|curl/8", "a session has address and program of the client");
    is_text(stored(NULL, NULL), "|", "address and program may be unknown");
    is_text(stored("::1", "a\xFF\x01\xC3\xA4'b"), "::1|a" "????" "'b",
            "bytes that are not printable ASCII become question marks");
    text = stored("", longest);
    is_int(text ? (long long)strlen(text) : -1, 256, "a long program name is cut");
}

/* --- the sessions of an account --- */

static const um_session_t *session_at(const apr_array_header_t *sessions, int i)
{
    return &APR_ARRAY_IDX(sessions, i, um_session_t);
}

static apr_array_header_t *list(const char *user_id)
{
    apr_array_header_t *sessions = NULL;

    return um_session_list(site_ctx(&s), user_id, &sessions) == UM_OK ? sessions : NULL;
}

static void test_list(void)
{
    const um_user_t *carol = site_register(&s, "carol", "", NULL);
    const char *first = site_ask(&s, "select s.id from um_sessions s join um_users u on u.id = s.user_id"
                                 " where u.username = 'carol'");
    const char *second;
    apr_array_header_t *sessions;

    s.now += apr_time_from_sec(1);
    second = open_session(carol);
    sessions = list(carol->id);
    is_int(sessions ? sessions->nelts : -1, 2, "the list has the sessions of that account only");
    ok(sessions->nelts == 2 && strcmp(session_at(sessions, 0)->id, second) == 0
       && strcmp(session_at(sessions, 1)->id, first) == 0, "the newest session is listed first");
    ok(session_at(sessions, 0)->created_at == SITE_NOW + 1 && session_at(sessions, 0)->expires_at == SITE_NOW + 1 + HOUR
       && session_at(sessions, 0)->refreshed_at == 0, "the sessions are listed with their times");
    is_text(session_at(sessions, 0)->address, "192.0.2.1", "the list has the addresses");
    is_text(session_at(sessions, 0)->user_agent, "test", "the list has the programs");
    s.now = apr_time_from_sec(SITE_NOW + HOUR);
    is_int(list(carol->id)->nelts, 1, "the list has no expired session");
    s.now = apr_time_from_sec(SITE_NOW + 2);
    for (int i = 0; i < UM_SESSION_LIST_MAX + 5; i++) {
        open_session(carol);
    }
    is_int(list(carol->id)->nelts, UM_SESSION_LIST_MAX, "the list has at most UM_SESSION_LIST_MAX sessions");
    is_int(um_session_end(site_ctx(&s), alice->id, second, 0), UM_ABSENT,
           "a session of another account cannot be ended");
    is_int(um_session_end(site_ctx(&s), carol->id, carol->id, 0), UM_ABSENT,
           "a session that does not exist cannot be ended");
    is_int(um_session_end(site_ctx(&s), carol->id, second, 0), UM_OK, "a session of the account can be ended");
    is_int(um_session_end(site_ctx(&s), carol->id, second, 0), UM_ABSENT, "a session can be ended only once");
    s.now = apr_time_from_sec(SITE_NOW + HOUR);
    is_int(um_session_end(site_ctx(&s), carol->id, first, 0), UM_ABSENT, "an expired session cannot be ended");
    s.now = apr_time_from_sec(SITE_NOW + 2);
    is_int(um_session_end_all(site_ctx(&s), carol->id), UM_OK, "all sessions of the account are ended");
    is_int(list(carol->id)->nelts, 0, "no session is left");
    is_int(um_session_end(site_ctx(&s), carol->id, first, 0), UM_ABSENT, "an ended session stays ended");
    ok(list(alice->id)->nelts > 0, "sessions of other accounts go on");
    is_int(um_session_end_all(site_ctx(&s), first), UM_ABSENT,
           "sessions of an account that does not exist cannot be ended");
    s.now = apr_time_from_sec(SITE_NOW);
}

int main(void)
{
    site_begin();
    site_open(&s);
    alice = site_register(&s, "alice", "", NULL);
    if (ok(alice != NULL, "an account is registered")) {
        test_caller();
        test_not_ours();
        test_of_nothing();
        test_clock();
        test_remembered();
        test_open();
        test_record();
        test_list();
    }
    ok(!s.misused && !s.in_use && !s.locked, "one connection and one lock at a time, all released");
    site_close(&s);
    return site_end();
}
