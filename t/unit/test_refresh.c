/* SPDX-License-Identifier: Apache-2.0 */
/* Refresh tokens: who gets one, what a use gives, what a second use does, how long it all lasts. */
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

/* A new session of alice's. */
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

/* --- who gets one --- */

static void test_given(void)
{
    um_session_new_t session;
    const char *token = NULL;

    begin();
    session = enter();
    ok(session.token && session.refresh_token, "who signs in gets a refresh token");
    is_int(session.refresh_token ? (long long)strlen(session.refresh_token) : 0, 90, "of 64 bytes");
    ok(session.refresh_token && strncmp(session.refresh_token, "umr_", 4) == 0, "which begins with umr_");
    is_int(session.token_expires_at, SITE_NOW + HOUR, "the token's own end stays near");
    is_int(apr_atoi64(column("expires_at", session.record.id)), SITE_NOW + IDLE, "the session waits for a refresh");
    is_int(apr_atoi64(column("ends_at", session.record.id)), SITE_NOW + LIFETIME, "but not for ever");
    is_text(column("coalesce(refreshed_at, 'never')", session.record.id), "never", "there was none yet");
    ok(!strstr(session.refresh_token, column("refresh_hash", session.record.id))
       && strlen(column("refresh_hash", session.record.id)) == 43, "only a hash of it is kept");
    s.settings.session_idle = 0;
    session = enter();
    ok(session.token && !session.refresh_token, "not where sessions are not refreshed");
    is_int(apr_atoi64(column("expires_at", session.record.id)), SITE_NOW + HOUR, "there they end with their token");
    s.settings.session_idle = IDLE;
    s.settings.session_lifetime = 60;
    session = enter();
    is_int(session.token_expires_at, SITE_NOW + 60, "no token goes beyond the session's end");
    is_int(apr_atoi64(column("expires_at", session.record.id)), SITE_NOW + 60, "nor does its refresh token");
    s.settings.session_lifetime = LIFETIME;
    ok(site_register(&s, "bob", "", &token) != NULL, "who registers");
    is_text(site_ask(&s, "select s.family_hash || s.refresh_hash from um_sessions s join um_users u on u.id = s.user_id"
                     " where u.username = 'bob'"), "", "gets none");
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
    is_int(site_call(&s, session.token), UM_BAD_TOKEN, "the token has run out, though its session goes on");
    ctx = site_ctx(&s);
    ctx->address = "198.51.100.7";
    ctx->user_agent = "b\xC3\xA4r";
    is_int(um_refresh_use(ctx, session.refresh_token, &used), UM_OK, "the refresh token is good");
    is_int(site_call(&s, used.token), UM_OK, "and gives a token that is");
    is_int(used.expires_at, SITE_NOW + 3 * HOUR, "for as long as any");
    is_text(used.user ? used.user->username : NULL, "alice", "of the same account");
    ok(used.refresh_token && strcmp(used.refresh_token, session.refresh_token) != 0, "and another refresh token");
    is_int(sessions(), 1, "all in one session");
    is_text(column("address || '|' || user_agent", session.record.id), "198.51.100.7|b??r", "it knows where from");
    is_int(apr_atoi64(column("refreshed_at", session.record.id)), SITE_NOW + 2 * HOUR, "and when");
    is_int(apr_atoi64(column("expires_at", session.record.id)), SITE_NOW + 2 * HOUR + IDLE, "and waits anew");
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
    ok(token != NULL, "a session is refreshed again and again");
    is_int(apr_atoi64(column("expires_at", session.record.id)), SITE_NOW + LIFETIME, "until it comes to its end");
    salt = column("refresh_salt", session.record.id);
    at(82 * DAY);
    token = next_of(token);
    ok(token && strcmp(salt, column("refresh_salt", session.record.id)) != 0, "each use makes another salt");
    at(LIFETIME - 10);
    {
        um_refresh_use_t used;

        is_int(use(token, &used), UM_OK, "good to the last second");
        is_int(used.expires_at, SITE_NOW + LIFETIME, "with a token that ends then too");
        token = used.refresh_token;
    }
    at(LIFETIME);
    ok(!next_of(token), "and over");
    end();
}

static void test_idle(void)
{
    um_session_new_t session;

    begin();
    session = enter();
    at(IDLE - 1);
    ok(next_of(session.refresh_token) != NULL, "it waits to the last second");
    at(0);
    session = enter();
    at(IDLE);
    ok(!next_of(session.refresh_token), "and no longer");
    at(0);
    s.settings.session_idle = 60;
    session = enter();
    at(HOUR - 1);
    is_int(site_call(&s, session.token), UM_OK, "a token is good for as long as it says, however short the waiting");
    ok(next_of(session.refresh_token) != NULL, "and so is its refresh token");
    s.settings.session_idle = 0;
    ok(!next_of(enter().token), "nothing is refreshed where that is off");
    at(0);
    s.settings.session_idle = IDLE;
    session = enter();
    s.settings.session_idle = 0;
    ok(!next_of(session.refresh_token), "also not what was given out before");
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
    is_int(use(session.refresh_token, &first), UM_OK, "one tab is first");
    at(GRACE - 1);
    row = column("refresh_hash || expires_at || refreshed_at || rotated_at", session.record.id);
    s.asked = 0;
    is_int(use(session.refresh_token, &again), UM_OK, "another shows the same token");
    is_int(s.asked, 1, "it takes one look");
    is_text(again.refresh_token, first.refresh_token, "and gets the very next one");
    is_int(site_call(&s, again.token), UM_OK, "and a token");
    is_text(column("refresh_hash || expires_at || refreshed_at || rotated_at", session.record.id), row,
            "nothing was written for it");
    ok(next_of(first.refresh_token) != NULL, "the next one is good");
    end();

    begin();
    session = enter();
    is_int(use(session.refresh_token, &first), UM_OK, "used");
    at(GRACE);
    is_int(use(session.refresh_token, &again), UM_BAD_TOKEN, "too late for the same again");
    ok(again.reused && again.user && strcmp(again.user->id, alice->id) == 0 && !again.refresh_token && !again.token,
       "which is told, with whose it is");
    is_int(sessions(), 0, "the session is over");
    is_int(site_call(&s, first.token), UM_BAD_TOKEN, "its token is dead");
    is_int(use(first.refresh_token, &again), UM_BAD_TOKEN, "and its refresh token");
    ok(!again.reused, "which is no second alarm");
    end();
}

/* Three tabs: one is late, and finds its token replaced twice. */
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
    ok(second && third && strcmp(second, third) != 0, "two uses in the same moment");
    is_text(next_of(session.refresh_token), third, "the one before the one before is used again, and gets the present");
    is_text(next_of(second), third, "as the one before does");
    at(GRACE - 1);
    fourth = next_of(third);
    is_text(next_of(session.refresh_token), fourth, "to the last second");
    is_text(next_of(third), fourth, "and the next one too");
    at(GRACE);
    is_text(next_of(third), fourth, "each has a grace of its own");
    is_int(use(session.refresh_token, &used), UM_BAD_TOKEN, "after its own the first is used again");
    ok(used.reused, "which is told");
    is_int(sessions(), 1, "that session is over");
    ok(next_of(other.refresh_token) != NULL, "another of the same account goes on");
    s.settings.refresh_grace = 0;
    session = enter();
    ok(next_of(session.refresh_token) && !next_of(session.refresh_token), "without grace the first use is the only");
    end();
}

/* Who uses one after the other makes no row longer and longer. */
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
    ok(apr_atoi64(column("length(earlier_hashes)", session.record.id)) < 1000, "a bounded number is remembered");
    is_text(next_of(old[3]), token, "the last nine");
    is_int(use(old[2], &used), UM_BAD_TOKEN, "and no others");
    ok(used.reused && sessions() == 0, "however short ago that was");
    session = enter();
    at(GRACE);
    token = next_of(session.refresh_token);
    at(2 * GRACE);
    token = next_of(token);
    is_text(column("earlier_hashes", session.record.id), "", "what has no grace any more is not remembered");
    end();
}

/* A node whose clock is ahead replaced it. */
static void test_clocks(void)
{
    um_session_new_t session;
    const char *next;

    begin();
    session = enter();
    at(10);
    next = next_of(session.refresh_token);
    at(0);
    is_text(next_of(session.refresh_token), next, "replaced in a moment to come is replaced just now");
    end();
}

/* --- what is none --- */

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
               && um_refresh_find(site_ctx(&s), texts[i], &found) == UM_BAD_TOKEN, "refused: %.40s", texts[i]);
        }
    }
    is_int(sessions(), 2, "which ends nothing");
    mixed = apr_pstrcat(s.pool, apr_pstrndup(s.pool, session.refresh_token, 20), other.refresh_token + 20, NULL);
    ok(use(mixed, &used) == UM_BAD_TOKEN && !used.reused, "the parts of two make no third");
    is_int(sessions(), 2, "and end nothing");
    s.asked = 0;
    use("umr_", &used);
    is_int(s.asked, 0, "what has not the form is not asked for");
    ok(use(changed(session.refresh_token, 60), &used) == UM_BAD_TOKEN && used.reused && sessions() == 1,
       "the right family with a part that never was: the session is over");
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
           UM_BAD_TOKEN, "a session without a refresh token has none that fits");
    is_int(sessions(), 1, "and goes on");
    end();
}

/* --- what ends it --- */

static void test_ends(void)
{
    um_session_new_t session;
    um_refresh_use_t used;
    um_user_t *user;
    const char *token;

    begin();
    session = enter();
    um_user_set_active(site_ctx(&s), alice->id, 0, &user);
    is_int(use(session.refresh_token, &used), UM_INACTIVE, "an account that is switched off");
    um_user_set_active(site_ctx(&s), alice->id, 1, &user);
    ok(!next_of(session.refresh_token), "and on again: a session from before is over");
    session = enter();
    is_int(um_password_change(site_ctx(&s), user, site_secret(SITE_PASSWORD), site_secret("another horse battery"),
                              &token), UM_OK, "a new password");
    ok(!next_of(session.refresh_token), "ends it");
    is_int(um_user_delete(site_ctx(&s), alice->id), UM_OK, "a deleted account");
    ok(!next_of(session.refresh_token), "has none");
    end();

    begin();
    session = enter();
    is_int(um_session_end_all(site_ctx(&s), alice->id), UM_OK, "all sessions ended");
    ok(!next_of(session.refresh_token) && site_call(&s, session.token) == UM_BAD_TOKEN, "are over, tokens and all");
    session = enter();
    ok(next_of(session.refresh_token) && site_call(&s, session.token) == UM_OK, "a new one is good");
    is_int(um_session_end(site_ctx(&s), alice->id, session.record.id), UM_OK, "one session ended");
    ok(!next_of(session.refresh_token) && site_call(&s, session.token) == UM_BAD_TOKEN, "is over");
    end();
}

/* --- between the look and the write --- */

static const char *rival;      /* what somebody else uses just before the second asking */

static void use_first(site_t *site)
{
    if (site->asked == 2) {
        int locked = site->locked;

        site->on_ask = NULL;
        site->locked = 0;       /* another process does not have our lock */
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
    is_int(use(session.refresh_token, &used), UM_OK, "somebody else was faster between look and write");
    is_text(used.refresh_token, rival, "both have the same next token");
    s.on_ask = NULL;
    session = enter();
    rival = session.refresh_token;
    s.settings.refresh_grace = 0;
    s.asked = 0;
    s.on_ask = use_first;
    is_int(use(session.refresh_token, &used), UM_BAD_TOKEN, "without grace one of the two is late");
    ok(used.reused && !next_of(rival), "and it is the end for both");
    s.on_ask = NULL;
    s.settings.refresh_grace = GRACE;
    session = enter();
    s.asked = 0;
    s.on_ask = switch_off;
    ok(use(session.refresh_token, &used) == UM_BAD_TOKEN && !used.reused, "the account changed meanwhile");
    s.on_ask = NULL;
    end();
}

/* --- looking only --- */

static void test_find(void)
{
    um_session_new_t session;
    um_refresh_t found;
    const char *next;

    begin();
    session = enter();
    is_int(um_refresh_find(site_ctx(&s), session.refresh_token, &found), UM_OK, "looked at");
    ok(found.is_good && strcmp(found.user->id, alice->id) == 0 && strcmp(found.session_id, session.record.id) == 0
       && found.created_at == SITE_NOW && found.expires_at == SITE_NOW + IDLE, "it tells what it is good for");
    next = next_of(session.refresh_token);
    ok(next != NULL, "and is as good as before");
    is_int(um_refresh_find(site_ctx(&s), session.refresh_token, &found), UM_OK, "one that was replaced");
    ok(found.is_good, "is good for a moment");
    at(GRACE);
    is_int(um_refresh_find(site_ctx(&s), session.refresh_token, &found), UM_OK, "and then");
    ok(!found.is_good, "not any more");
    is_int(sessions(), 1, "looking ends nothing");
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
