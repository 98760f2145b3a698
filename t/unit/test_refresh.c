/* SPDX-License-Identifier: Apache-2.0 */
/* Refresh tokens: when one is given, what a use gives, what a second use does, and how long it lasts. */
#include "base64url.h"
#include "random.h"
#include "refresh.h"
#include "site.h"

#define HOUR 3600
#define DAY (24 * HOUR)
#define IDLE (14 * DAY)
#define LIFETIME (90 * DAY)
#define GRACE 30

static site_t s;
static const um_user_t *alice;

static void at(apr_int64_t seconds)
{
    s.now = apr_time_from_sec(SITE_NOW + seconds);
}

/* Opens a session of alice. */
static um_session_new_t enter(void)
{
    um_session_new_t session = { .token = NULL };
    const um_user_t *who;

    if (um_password_login(site_ctx(&s), "alice", site_secret(SITE_PASSWORD), &who, &session) != UM_OK) {
        session.token = NULL;
    }
    return session;
}

static um_status_e use(const char *token, um_refresh_use_t *used)
{
    return um_refresh_use(site_ctx(&s), token, used);
}

/* The next token; NULL: refused. */
static const char *next_of(const char *token)
{
    um_refresh_use_t used;

    return use(token, &used) == UM_OK ? used.refresh_token : NULL;
}

static int sessions(void)
{
    const char *count = site_ask(&s, "select count(*) from um_sessions");

    return count ? (int)apr_atoi64(count) : -1;
}

static const char *column(const char *name, const char *id)
{
    return site_ask(&s, apr_psprintf(s.pool, "select %s from um_sessions where id = '%s'", name, id));
}

static void begin(void)
{
    site_open(&s);
    s.settings.session_idle = IDLE;
    s.settings.session_lifetime = LIFETIME;
    s.settings.refresh_grace = GRACE;
    alice = site_register(&s, "alice", "", NULL);
    site_do(&s, "delete from um_sessions");
}

static void end(void)
{
    ok(!s.misused && !s.in_use && !s.locked, "one connection and one lock at a time, all released");
    site_close(&s);
}

/* --- giving one --- */

static void test_given(void)
{
    um_session_new_t session;
    const char *token = NULL;

    begin();
    session = enter();
    ok(session.token && session.refresh_token, "a sign-in gives a refresh token");
    is_int(session.refresh_token ? (long long)strlen(session.refresh_token) : 0, 90,
           "a refresh token has 90 characters");
    ok(session.refresh_token && strncmp(session.refresh_token, "umr_", 4) == 0, "a refresh token begins with umr_");
    is_int(session.token_expires_at, SITE_NOW + HOUR, "the access token expires after its own lifetime");
    is_int(apr_atoi64(column("expires_at", session.record.id)), SITE_NOW + IDLE,
           "the session waits for a refresh until it has been idle too long");
    is_int(apr_atoi64(column("ends_at", session.record.id)), SITE_NOW + LIFETIME, "the session has a latest end");
    is_text(column("coalesce(refreshed_at, 'never')", session.record.id), "never", "a new session was never refreshed");
    ok(!strstr(session.refresh_token, column("refresh_hash", session.record.id))
       && strlen(column("refresh_hash", session.record.id)) == 43, "only a hash of the refresh token is stored");
    s.settings.session_idle = 0;
    session = enter();
    ok(session.token && !session.refresh_token, "without UserMgmtSessionIdle there is no refresh token");
    is_int(apr_atoi64(column("expires_at", session.record.id)), SITE_NOW + HOUR,
           "such a session expires with its access token");
    s.settings.session_idle = IDLE;
    s.settings.session_lifetime = 60;
    session = enter();
    is_int(session.token_expires_at, SITE_NOW + 60, "no access token expires after the session's latest end");
    is_int(apr_atoi64(column("expires_at", session.record.id)), SITE_NOW + 60,
           "no refresh token expires after the session's latest end");
    s.settings.session_lifetime = LIFETIME;
    ok(site_register(&s, "bob", "", &token) != NULL, "an account is registered");
    is_text(site_ask(&s, "select s.family_hash || s.refresh_hash from um_sessions s join um_users u on u.id = s.user_id"
                     " where u.username = 'bob'"), "", "a registration gives no refresh token");
    end();
}

/* --- using it --- */

static void test_used(void)
{
    um_session_new_t session;
    um_refresh_use_t used;
    um_ctx_t *ctx;

    begin();
    session = enter();
    at(2 * HOUR);
    is_int(site_call(&s, session.token), UM_BAD_TOKEN, "an access token expires though its session goes on");
    ctx = site_ctx(&s);
    ctx->address = "198.51.100.7";
    ctx->user_agent = "b\xC3\xA4r";
    is_int(um_refresh_use(ctx, session.refresh_token, &used), UM_OK, "the refresh token is accepted");
    is_int(site_call(&s, used.token), UM_OK, "the use gives a valid access token");
    is_int(used.expires_at, SITE_NOW + 3 * HOUR, "the access token has the usual lifetime");
    is_text(used.user ? used.user->username : NULL, "alice", "the access token belongs to the same account");
    ok(used.refresh_token && strcmp(used.refresh_token, session.refresh_token) != 0,
       "the use gives another refresh token");
    is_int(sessions(), 1, "the use opens no other session");
    is_text(column("address || '|' || user_agent", session.record.id), "198.51.100.7|b??r",
            "the session has the address and program of the use");
    is_int(apr_atoi64(column("refreshed_at", session.record.id)), SITE_NOW + 2 * HOUR,
           "the session has the time of the use");
    is_int(apr_atoi64(column("expires_at", session.record.id)), SITE_NOW + 2 * HOUR + IDLE,
           "the session waits for the next refresh from then on");
    is_int(used.refresh_expires_at, SITE_NOW + 2 * HOUR + IDLE, "the next refresh token expires with the session");
    end();
}

static void test_chain(void)
{
    const char *token, *salt;
    um_session_new_t session;

    begin();
    session = enter();
    token = session.refresh_token;
    for (int day = 1; token && day < 85; day += 10) {
        at(day * DAY);
        token = next_of(token);
    }
    ok(token != NULL, "a session can be refreshed many times");
    is_int(apr_atoi64(column("expires_at", session.record.id)), SITE_NOW + LIFETIME,
           "no refresh extends a session beyond its latest end");
    salt = column("refresh_salt", session.record.id);
    at(82 * DAY);
    token = next_of(token);
    ok(token && strcmp(salt, column("refresh_salt", session.record.id)) != 0, "each use makes another salt");
    at(LIFETIME - 10);
    {
        um_refresh_use_t used;

        is_int(use(token, &used), UM_OK, "a refresh token is accepted in the last second");
        is_int(used.expires_at, SITE_NOW + LIFETIME, "the last access token expires with the session");
        is_int(used.refresh_expires_at, SITE_NOW + LIFETIME, "the last refresh token expires with the session");
        token = used.refresh_token;
    }
    at(LIFETIME);
    ok(!next_of(token), "no refresh token is accepted after the session's end");
    end();
}

static void test_idle(void)
{
    um_session_new_t session;

    begin();
    session = enter();
    at(IDLE - 1);
    ok(next_of(session.refresh_token) != NULL, "a session waits until its last idle second");
    at(0);
    session = enter();
    at(IDLE);
    ok(!next_of(session.refresh_token), "a session that was idle too long is not refreshed");
    at(0);
    s.settings.session_idle = 60;
    session = enter();
    at(HOUR - 1);
    is_int(site_call(&s, session.token), UM_OK, "an access token stays valid when the idle time is shorter");
    ok(next_of(session.refresh_token) != NULL, "its refresh token stays valid as long");
    s.settings.session_idle = 0;
    ok(!next_of(enter().token), "no session is refreshed without UserMgmtSessionIdle");
    at(0);
    s.settings.session_idle = IDLE;
    session = enter();
    s.settings.session_idle = 0;
    ok(!next_of(session.refresh_token), "an earlier refresh token is refused without UserMgmtSessionIdle");
    end();
}

/* --- using it again --- */

static void test_grace(void)
{
    um_refresh_use_t first, again;
    um_session_new_t session;
    const char *row;

    begin();
    session = enter();
    is_int(use(session.refresh_token, &first), UM_OK, "the first tab uses the token");
    at(GRACE - 1);
    row = column("refresh_hash || expires_at || refreshed_at || rotated_at", session.record.id);
    s.asked = 0;
    is_int(use(session.refresh_token, &again), UM_OK, "a second tab uses the same token within the grace");
    is_int(s.asked, 1, "the second use asks the database once");
    is_text(again.refresh_token, first.refresh_token, "the second use gives the same next token");
    is_int(site_call(&s, again.token), UM_OK, "the second use gives a valid access token");
    is_text(column("refresh_hash || expires_at || refreshed_at || rotated_at", session.record.id), row,
            "the second use writes nothing");
    is_int(again.refresh_expires_at, SITE_NOW + IDLE, "it expires when the first use said");
    ok(next_of(first.refresh_token) != NULL, "the next token is accepted");
    end();

    begin();
    session = enter();
    is_int(use(session.refresh_token, &first), UM_OK, "a refresh token is used");
    at(GRACE);
    is_int(use(session.refresh_token, &again), UM_BAD_TOKEN, "a replaced token is refused after the grace");
    ok(again.reused && again.user && strcmp(again.user->id, alice->id) == 0 && !again.refresh_token && !again.token,
       "the refusal says that the token was used before, and its account");
    is_int(sessions(), 0, "the session is deleted");
    is_int(site_call(&s, first.token), UM_BAD_TOKEN, "the access token of the ended session is refused");
    is_int(use(first.refresh_token, &again), UM_BAD_TOKEN, "the current refresh token of the ended session is refused");
    ok(!again.reused, "a token of an ended session does not count as used before");
    end();
}

/* Three tabs: the last one uses a token that was replaced twice. */
static void test_tabs(void)
{
    um_session_new_t session, other;
    um_refresh_use_t used;
    const char *second, *third, *fourth;

    begin();
    session = enter();
    other = enter();
    second = next_of(session.refresh_token);
    third = next_of(second);
    ok(second && third && strcmp(second, third) != 0, "two uses in the same second give different tokens");
    is_text(next_of(session.refresh_token), third, "a token that was replaced twice gives the current token");
    is_text(next_of(second), third, "a token that was replaced once gives the current token");
    at(GRACE - 1);
    fourth = next_of(third);
    is_text(next_of(session.refresh_token), fourth, "the grace holds in its last second");
    is_text(next_of(third), fourth, "the grace of the next token holds too");
    at(GRACE);
    is_text(next_of(third), fourth, "each token has a grace of its own");
    is_int(use(session.refresh_token, &used), UM_BAD_TOKEN, "the first token is refused after its own grace");
    ok(used.reused, "the refusal says that the token was used before");
    is_int(sessions(), 1, "only that session is ended");
    ok(next_of(other.refresh_token) != NULL, "another session of the account goes on");
    s.settings.refresh_grace = 0;
    session = enter();
    ok(next_of(session.refresh_token) && !next_of(session.refresh_token), "without a grace a second use is refused");
    end();
}

/* The row does not grow with the number of uses. */
static void test_many_tabs(void)
{
    um_session_new_t session;
    um_refresh_use_t used;
    const char *token, *old[12];

    begin();
    session = enter();
    token = session.refresh_token;
    for (int i = 0; i < 12; i++) {
        old[i] = token;
        token = next_of(token);
    }
    ok(apr_atoi64(column("length(earlier_hashes)", session.record.id)) < 1000,
       "the row stores a bounded number of earlier tokens");
    is_text(next_of(old[3]), token, "the ninth token before the current one is accepted");
    is_int(use(old[2], &used), UM_BAD_TOKEN, "the tenth token before the current one is refused");
    ok(used.reused && sessions() == 0, "the refusal ends the session");
    session = enter();
    at(GRACE);
    token = next_of(session.refresh_token);
    at(2 * GRACE);
    token = next_of(token);
    is_text(column("earlier_hashes", session.record.id), "", "the row stores no token whose grace has ended");
    end();
}

/* A node whose clock is ahead has replaced the token. */
static void test_clocks(void)
{
    um_session_new_t session;
    const char *next;

    begin();
    session = enter();
    at(10);
    next = next_of(session.refresh_token);
    at(0);
    is_text(next_of(session.refresh_token), next, "a token that was replaced in the future counts as replaced now");
    end();
}

/* --- texts that are no refresh token --- */

static const char *changed(const char *token, size_t place)
{
    char *copy = apr_pstrdup(s.pool, token);

    copy[place] = copy[place] == 'A' ? 'B' : 'A';
    return copy;
}

static void test_none(void)
{
    um_session_new_t session, other;
    um_refresh_use_t used;
    um_refresh_t found;
    const char *mixed;

    begin();
    session = enter();
    other = enter();
    {
        const char *const texts[] = {
            "", "umr_", "umr", session.token, session.refresh_token + 4,
            apr_pstrcat(s.pool, session.refresh_token, "A", NULL),
            apr_pstrcat(s.pool, session.refresh_token, "=", NULL),
            apr_pstrndup(s.pool, session.refresh_token, 89),
            apr_pstrcat(s.pool, "UMR_", session.refresh_token + 4, NULL),
            apr_psprintf(s.pool, "umr_%086d", 0), apr_psprintf(s.pool, "umr_%0100000d", 0),
            changed(session.refresh_token, 6), changed(session.refresh_token, 30), "umr_%s%n", session.record.id,
        };

        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
            ok(use(texts[i], &used) == UM_BAD_TOKEN && !used.reused && !used.token
               && um_refresh_find(site_ctx(&s), texts[i], &found) == UM_BAD_TOKEN,
               "the text \"%.40s\" is refused", texts[i]);
        }
    }
    is_int(sessions(), 2, "refused texts end no session");
    mixed = apr_pstrcat(s.pool, apr_pstrndup(s.pool, session.refresh_token, 20), other.refresh_token + 20, NULL);
    ok(use(mixed, &used) == UM_BAD_TOKEN && !used.reused, "a token of the parts of two tokens is refused");
    is_int(sessions(), 2, "it ends no session");
    s.asked = 0;
    use("umr_", &used);
    is_int(s.asked, 0, "a text without the form of a token does not reach the database");
    ok(use(changed(session.refresh_token, 60), &used) == UM_BAD_TOKEN && used.reused && sessions() == 1,
       "a token of the right family with a wrong secret ends the session");
    end();
}

static void test_without(void)
{
    um_refresh_use_t used;
    unsigned char bytes[64] = { 0 };

    begin();
    site_register(&s, "bob", "", NULL);
    um_random_uuid_bytes(site_ask(&s, "select id from um_sessions"), bytes);
    is_int(use(apr_pstrcat(s.pool, "umr_", um_base64url_encode(s.pool, bytes, sizeof(bytes)), NULL), &used),
           UM_BAD_TOKEN, "a session without a refresh token accepts none");
    is_int(sessions(), 1, "that session goes on");
    end();
}

/* --- ends of a session --- */

static void test_ends(void)
{
    um_session_new_t session;
    um_refresh_use_t used;
    um_user_t *user;
    um_session_new_t after;

    begin();
    session = enter();
    um_user_set_active(site_ctx(&s), alice->id, 0, &user);
    is_int(use(session.refresh_token, &used), UM_INACTIVE, "the refresh token of an inactive account is refused");
    um_user_set_active(site_ctx(&s), alice->id, 1, &user);
    ok(!next_of(session.refresh_token), "it stays refused when the account is active again");
    session = enter();
    is_int(um_password_change(site_ctx(&s), user, site_secret(SITE_PASSWORD), site_secret("another horse battery"), 1,
                              &after), UM_OK, "the password is changed");
    ok(!next_of(session.refresh_token), "the refresh token of the old password is refused");
    ok(next_of(after.refresh_token), "that of the session after the change is accepted");
    is_int(um_user_delete(site_ctx(&s), alice->id), UM_OK, "the account is deleted");
    ok(!next_of(session.refresh_token), "the refresh token of a deleted account is refused");
    end();

    begin();
    session = enter();
    is_int(um_session_end_all(site_ctx(&s), alice->id), UM_OK, "all sessions of the account are ended");
    ok(!next_of(session.refresh_token) && site_call(&s, session.token) == UM_BAD_TOKEN,
       "their tokens and refresh tokens are refused");
    session = enter();
    ok(next_of(session.refresh_token) && site_call(&s, session.token) == UM_OK,
       "the tokens of a new session are accepted");
    is_int(um_session_end(site_ctx(&s), alice->id, session.record.id, 0), UM_OK, "one session is ended");
    ok(!next_of(session.refresh_token) && site_call(&s, session.token) == UM_BAD_TOKEN,
       "its tokens and refresh tokens are refused");
    end();
}

/* --- between read and write --- */

static const char *rival;      /* the token that another request uses before the second question to the database */

static void use_first(site_t *site)
{
    if (site->asked == 2) {
        int locked = site->locked;

        site->on_ask = NULL;
        site->locked = 0;       /* another process does not hold this one's lock */
        rival = next_of(rival);
        site->locked = locked;
    }
}

static void switch_off(site_t *site)
{
    if (site->asked == 2) {
        site_do(site, "update um_users set version = 'x' where username = 'alice'");
    }
}

static void test_race(void)
{
    um_session_new_t session;
    um_refresh_use_t used;

    begin();
    session = enter();
    rival = session.refresh_token;
    s.asked = 0;
    s.on_ask = use_first;
    is_int(use(session.refresh_token, &used), UM_OK,
           "a use succeeds when another one comes between its read and its write");
    is_text(used.refresh_token, rival, "both uses give the same next token");
    s.on_ask = NULL;
    session = enter();
    rival = session.refresh_token;
    s.settings.refresh_grace = 0;
    s.asked = 0;
    s.on_ask = use_first;
    is_int(use(session.refresh_token, &used), UM_BAD_TOKEN, "without a grace the later of the two is refused");
    ok(used.reused && !next_of(rival), "the refusal ends the session of both");
    s.on_ask = NULL;
    s.settings.refresh_grace = GRACE;
    session = enter();
    s.asked = 0;
    s.on_ask = switch_off;
    ok(use(session.refresh_token, &used) == UM_BAD_TOKEN && !used.reused,
       "a use is refused when the account changes meanwhile");
    s.on_ask = NULL;
    end();
}

/* --- lookups --- */

static void test_find(void)
{
    um_session_new_t session;
    um_refresh_t found;
    const char *next;

    begin();
    session = enter();
    is_int(um_refresh_find(site_ctx(&s), session.refresh_token, &found), UM_OK, "a refresh token is found");
    ok(found.is_good && strcmp(found.user->id, alice->id) == 0 && strcmp(found.session_id, session.record.id) == 0
       && found.created_at == SITE_NOW && found.expires_at == SITE_NOW + IDLE,
       "the result has account, session and times");
    next = next_of(session.refresh_token);
    ok(next != NULL, "a token that was looked up is still accepted");
    is_int(um_refresh_find(site_ctx(&s), session.refresh_token, &found), UM_OK, "a replaced token is found");
    ok(found.is_good, "a replaced token is valid within the grace");
    at(GRACE);
    is_int(um_refresh_find(site_ctx(&s), session.refresh_token, &found), UM_OK,
           "a replaced token is found after the grace");
    ok(!found.is_good, "a replaced token is invalid after the grace");
    is_int(sessions(), 1, "a lookup ends no session");
    end();
}

int main(void)
{
    site_begin();
    test_given();
    test_used();
    test_chain();
    test_idle();
    test_grace();
    test_tabs();
    test_many_tabs();
    test_clocks();
    test_none();
    test_without();
    test_ends();
    test_race();
    test_find();
    return site_end();
}
