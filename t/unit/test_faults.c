/* SPDX-License-Identifier: Apache-2.0 */
/* Every call into the database fails once, in every way that it can: what a request wanted is then done, or not done
 * and said so, and never done by half. */
#include "event.h"
#include "faults.h"
#include "invitation.h"
#include "mail_kind.h"
#include "mail_settings.h"
#include "notification.h"
#include "refresh.h"
#include "password_reset.h"
#include "site.h"
#include "user_state.h"
#include "one_time_token.h"
#include "email_verification.h"
#include "group.h"
#include "user_admin.h"

#define MOST_CALLS 40
#define TICKET "0123456789012345678901234567890123456789012"
#define NEW_PASSWORD "another horse battery"
#define REFRESH "refresh"       /* in place of a kind of ticket: a session that can be refreshed */

static const um_mail_settings_t mail_settings = {
    .sends = 1, .host = "site.example:443",
};

/* What there is before each operation. */
typedef struct world_t {
    site_t s;
    const um_user_t *alice;
    const char *token;         /* hers, from before */
    const char *fresh;         /* what the operation issued */
    um_session_new_t session;  /* with REFRESH */
} world_t;

static const char *one(world_t *w, const char *sql)
{
    const char *value = site_ask(&w->s, sql);

    return value ? value : "";
}

static int is_one(world_t *w, const char *sql)
{
    return strcmp(one(w, sql), "1") == 0;
}

static int can_login(world_t *w, const char *name, const char *password)
{
    const char *token;

    return site_login(site_ctx(&w->s), name, site_secret(password), &token) == UM_OK;
}

static int mails(world_t *w, const char *kind, const char *address)
{
    return is_one(w, apr_psprintf(w->s.pool, "select count(*) from um_mail where kind = '%s' and address = '%s'", kind,
                                  address));
}

/* --- the operations, and whether they were done: 1, not at all: 0, or by half: -1 --- */

static um_status_e do_register(world_t *w)
{
    site_input_t input = { .username = "bob", .email = "bob@example.org", .password = site_secret(SITE_PASSWORD) };
    const um_user_t *user;

    return site_enrol(site_ctx(&w->s), &input, &user, &w->fresh);
}

static int is_registered(world_t *w)
{
    int users = is_one(w, "select count(*) from um_users where username = 'bob'");
    int sessions = is_one(w, "select count(*) from um_users u join um_sessions s on s.user_id = u.id "
                          "and s.user_version = u.version where u.username = 'bob'");

    return users == sessions && users == mails(w, UM_MAIL_KIND_VERIFY, "bob@example.org") ? users : -1;
}

static um_status_e do_invite(world_t *w)
{
    site_input_t input = { .username = "bob", .email = "bob@example.org" };
    const um_user_t *user;

    return um_invitation_create(site_ctx(&w->s), &input, &user);
}

static int is_invited(world_t *w)
{
    int users = is_one(w, "select count(*) from um_users where username = 'bob' and password = 'invited'");

    return users == mails(w, UM_MAIL_KIND_INVITE, "bob@example.org") ? users : -1;
}

static um_status_e do_login(world_t *w)
{
    return site_login(site_ctx(&w->s), "alice", site_secret(SITE_PASSWORD), &w->fresh);
}

/* Also when the hash was to be made anew: one of the two is there, and of the right password. */
static int is_logged_in(world_t *w)
{
    int done = is_one(w, "select count(*) - 1 from um_sessions");
    int is_noted = is_one(w, "select count(last_sign_in_at) from um_users");

    /* PostgreSQL's statement, which notes the time too, cannot run here: only its part that SQLite has does. */
    if (is_noted != done && um_store_dialect(w->s.site.store) == UM_DIALECT_SQLITE3) {
        return -1;
    }
    return site_call(&w->s, w->token) == UM_OK && can_login(w, "alice", SITE_PASSWORD) ? done : -1;
}

static um_status_e do_login_rehash(world_t *w)
{
    w->s.hash.lanes = 2;
    return do_login(w);
}

static um_status_e do_change(world_t *w)
{
    um_session_new_t session;
    um_status_e status = um_password_change(site_ctx(&w->s), w->alice, site_secret(SITE_PASSWORD),
                                            site_secret(NEW_PASSWORD), 1, &session);

    w->fresh = session.token;
    return status;
}

static int is_changed(world_t *w)
{
    int before = can_login(w, "alice", SITE_PASSWORD), after = can_login(w, "alice", NEW_PASSWORD);
    int stands = site_call(&w->s, w->token) == UM_OK;
    int opened = is_one(w, "select count(*) - 2 from um_sessions");

    return before != after && before == stands && after == opened
           && after == mails(w, UM_MAIL_KIND_PASSWORD_CHANGED, "alice@example.org") ? after : -1;
}

static um_status_e do_update(world_t *w)
{
    site_input_t input = { .first_name = "Al", .email = "new@example.org" };
    const um_user_t *user;

    return um_user_update(site_ctx(&w->s), w->alice, &input, &user);
}

static int is_updated(world_t *w)
{
    const char *row = one(w, "select first_name || email || email_key from um_users");
    int done = strcmp(row, "Alnew@example.orgnew@example.org") == 0;

    if (!done && strcmp(row, "alice@example.orgalice@example.org") != 0) {
        return -1;
    }
    return done == mails(w, UM_MAIL_KIND_VERIFY, "new@example.org")
           && done == mails(w, UM_MAIL_KIND_EMAIL_CHANGED, "alice@example.org") ? done : -1;
}

static um_status_e do_ask_change(world_t *w)
{
    w->s.settings.email_change = UM_EMAIL_CHANGE_CONFIRM;
    return do_update(w);
}

static int is_change_asked(world_t *w)
{
    const char *row = one(w, "select first_name || email from um_users");
    int done = is_one(w, "select count(*) from um_email_changes where email = 'new@example.org'");

    return strcmp(row, done ? "Alalice@example.org" : "alice@example.org") == 0
           && done == mails(w, UM_MAIL_KIND_EMAIL_CHANGE, "new@example.org") ? done : -1;
}

static um_status_e do_delete(world_t *w)
{
    return um_user_delete(site_ctx(&w->s), w->alice->id);
}

static int is_deleted(world_t *w)
{
    int user = is_one(w, "select count(*) from um_users"), session = is_one(w, "select count(*) from um_sessions");

    return user == session ? !user : -1;
}

static um_status_e do_disable(world_t *w)
{
    um_user_t *user;

    return um_user_set_active(site_ctx(&w->s), w->alice->id, 0, &user);
}

static int is_disabled(world_t *w)
{
    um_status_e status = site_call(&w->s, w->token);
    int active = is_one(w, "select is_active from um_users");

    return active == (status == UM_OK) ? !active : -1;
}

/* Staff sets the state and the profile at once. */
static um_status_e do_state(world_t *w)
{
    site_input_t input = { .first_name = "Al" };
    apr_array_header_t *groups = apr_array_make(w->s.pool, 1, sizeof(const char *));
    um_user_state_t state = { .is_active = UM_SWITCH_OFF, .is_staff = UM_SWITCH_ON, .groups = groups };
    const um_user_t *user;

    APR_ARRAY_PUSH(groups, const char *) = "sales";
    return um_user_update_state(site_ctx(&w->s), w->alice, &input, &state, &user);
}

static int has_state(world_t *w)
{
    const char *row = one(w, "select first_name || is_active || is_staff || (select count(*) from um_memberships)"
                          " from um_users");

    return strcmp(row, "Al011") == 0 ? 1 : strcmp(row, "100") == 0 ? 0 : -1;
}

static um_status_e do_wish(world_t *w)
{
    return um_password_reset_request(site_ctx(&w->s), "alice@example.org");
}

static int is_wished(world_t *w)
{
    return is_one(w, "select count(*) from um_requests where kind = 'reset' and address = 'alice@example.org'");
}

static um_status_e do_add(world_t *w)
{
    um_user_add_t add = { .profile = { .username = "bob", .email = "bob@example.org",
                                       .password = site_secret(SITE_PASSWORD) }, .is_staff = 1 };
    apr_array_header_t *groups = apr_array_make(w->s.pool, 1, sizeof(const char *));
    const um_user_t *user;
    const char *missing;

    APR_ARRAY_PUSH(groups, const char *) = "sales";
    add.groups = groups;
    return um_user_add(site_ctx(&w->s), &add, &user, &missing);
}

/* Also the events of each right. */
static int is_added(world_t *w)
{
    int user = is_one(w, "select count(*) from um_users where username = 'bob' and is_staff = 1");
    int membership = is_one(w, "select count(*) from um_memberships");
    int event_count = atoi(one(w, "select count(*) from um_events where kind in ('account_added', 'staff_given',"
                               " 'group_added')"));

    return user == membership && user == mails(w, UM_MAIL_KIND_VERIFY, "bob@example.org")
           && event_count == (w->s.settings.events_keep ? 3 * user : 0) ? user : -1;
}

static um_status_e do_rename(world_t *w)
{
    um_user_t *renamed;

    w->s.settings.name_quarantine = 1000;
    return um_user_rename(site_ctx(&w->s), w->alice, "alicia", 0, &renamed);
}

static int is_renamed(world_t *w)
{
    int done = is_one(w, "select count(*) from um_users where username = 'alicia' and username_key = 'alicia'");

    return done == is_one(w, "select count(*) from um_held_names")
           && done == !is_one(w, "select count(*) from um_users where username = 'alice'") ? done : -1;
}

static um_status_e do_set_password(world_t *w)
{
    return um_user_password_set(site_ctx(&w->s), w->alice, site_secret(NEW_PASSWORD));
}

static int is_password_set(world_t *w)
{
    int before = can_login(w, "alice", SITE_PASSWORD), after = can_login(w, "alice", NEW_PASSWORD);
    int stands = site_call(&w->s, w->token) == UM_OK;

    return before != after && before == stands
           && after == mails(w, UM_MAIL_KIND_PASSWORD_CHANGED, "alice@example.org") ? after : -1;
}

static um_status_e do_take_as_verified(world_t *w)
{
    um_user_t *user;

    return um_user_verify(site_ctx(&w->s), w->alice, &user);
}

static int is_taken_as_verified(world_t *w)
{
    return site_call(&w->s, w->token) == UM_OK ? is_one(w, "select email_verified from um_users") : -1;
}

static um_status_e do_send(world_t *w)
{
    return um_password_reset_send(site_ctx(&w->s), w->alice);
}

static int is_sent(world_t *w)
{
    return mails(w, UM_MAIL_KIND_RESET, "alice@example.org");
}

/* A token as its mail would have brought it. */
static void give_ticket(world_t *w, const char *kind)
{
    site_do(&w->s, apr_psprintf(w->s.pool, "insert into um_one_time_tokens (hash, kind, mail_id, user_id, user_version,"
                                " email_key, created_at, expires_at) select '%s', '%s', 'm', id, version, email_key, 1,"
                                " 2000000000 from um_users", um_one_time_token_hash(site_ctx(&w->s), TICKET), kind));
}

static um_status_e do_reset(world_t *w)
{
    return um_password_reset_confirm(site_ctx(&w->s), TICKET, site_secret(NEW_PASSWORD));
}

static int is_reset(world_t *w)
{
    int before = can_login(w, "alice", SITE_PASSWORD), after = can_login(w, "alice", NEW_PASSWORD);
    int stands = site_call(&w->s, w->token) == UM_OK;
    int good = um_password_reset_validate(site_ctx(&w->s), TICKET) == UM_OK;

    return before != after && before == stands && before == good
           && after == mails(w, UM_MAIL_KIND_PASSWORD_CHANGED, "alice@example.org") ? after : -1;
}

static um_status_e do_verify(world_t *w)
{
    return um_email_verification_confirm(site_ctx(&w->s), TICKET);
}

static int is_verified(world_t *w)
{
    int verified = is_one(w, "select email_verified from um_users");

    return verified == !is_one(w, "select count(*) from um_one_time_tokens where kind = 'verify'") ? verified : -1;
}

/* A new address is pending, and its token is that of the world. */
static void give_change(world_t *w)
{
    site_do(&w->s, "insert into um_email_changes (user_id, user_version, former_key, email, email_key, created_at,"
            " expires_at) select id, version, email_key, 'new@example.org', 'new@example.org', 1, 2000000000"
            " from um_users");
    site_do(&w->s, "update um_one_time_tokens set email_key = 'new@example.org'");
    site_do(&w->s, "update um_users set email_verified = 1");
}

static um_status_e do_confirm_change(world_t *w)
{
    w->s.settings.email_change = UM_EMAIL_CHANGE_CONFIRM;
    return um_email_verification_confirm(site_ctx(&w->s), TICKET);
}

static int is_change_confirmed(world_t *w)
{
    int done = is_one(w, "select count(*) from um_users where email = 'new@example.org' and email_verified = 1");
    int pending = is_one(w, "select count(*) from um_email_changes");

    return done == !pending && pending == is_one(w, "select count(*) from um_one_time_tokens")
           && done == mails(w, UM_MAIL_KIND_EMAIL_CHANGED, "alice@example.org") ? done : -1;
}

static um_status_e do_refresh(world_t *w)
{
    um_refresh_use_t used;

    return um_refresh_use(site_ctx(&w->s), w->session.refresh_token, &used);
}

/* Whatever happens, who shows the token that he has in hand goes on. */
static int is_refreshed(world_t *w)
{
    int done = is_one(w, "select count(*) from um_sessions where refreshed_at is not null");

    return do_refresh(w) == UM_OK ? done : -1;
}

/* Without grace its own answer alone tells the client how to go on: what was done is not taken for another's use. */
static um_status_e do_refresh_once(world_t *w)
{
    um_refresh_use_t used;
    um_status_e status;

    w->s.settings.refresh_grace = 0;
    status = um_refresh_use(site_ctx(&w->s), w->session.refresh_token, &used);
    w->fresh = status == UM_OK ? used.refresh_token : NULL;
    return status;
}

static int is_refreshed_once(world_t *w)
{
    int done = is_one(w, "select count(*) from um_sessions where refreshed_at is not null");
    const char *token = done ? w->fresh : w->session.refresh_token;
    um_refresh_use_t used;

    return !token || um_refresh_use(site_ctx(&w->s), token, &used) == UM_OK ? done : -1;
}

static um_status_e do_end(world_t *w)
{
    return um_session_end(site_ctx(&w->s), w->alice->id, w->session.record.id, 0);
}

static int is_ended(world_t *w)
{
    int there = is_one(w, "select count(*) - 1 from um_sessions"), stands = site_call(&w->s, w->session.token) == UM_OK;

    return there == stands ? !stands : -1;
}

static um_status_e do_end_all(world_t *w)
{
    return um_session_end_all(site_ctx(&w->s), w->alice->id);
}

static int is_all_ended(world_t *w)
{
    int stands = site_call(&w->s, w->token) == UM_OK;

    return stands == (site_call(&w->s, w->session.token) == UM_OK) ? !stands : -1;
}

static um_status_e do_list(world_t *w)
{
    apr_array_header_t *sessions;

    return um_session_list(site_ctx(&w->s), w->alice->id, &sessions);
}

static um_status_e do_call(world_t *w)
{
    return site_call(&w->s, w->token);
}

static int is_nothing(world_t *w)
{
    return is_one(w, "select count(*) from um_sessions") ? 1 : -1;
}

static const struct {
    const char *name;
    um_status_e (*run)(world_t *w);
    int (*done)(world_t *w);
    int settles;               /* a COMMIT without an answer is looked for */
    const char *ticket;        /* the kind of token that is there */
    const char *event;         /* kept with the change; NULL: none */
} operations[] = {
    { "register", do_register, is_registered, 1, NULL, "registered" },
    { "invite", do_invite, is_invited, 1, NULL, "invited" },
    { "login", do_login, is_logged_in, 1, NULL, NULL },
    { "login with a new hash", do_login_rehash, is_logged_in, 1, NULL, NULL },
    { "change password", do_change, is_changed, 1, NULL, "password_changed" },
    { "update", do_update, is_updated, 0, NULL, "email_changed" },
    { "ask for another address", do_ask_change, is_change_asked, 0, NULL, NULL },
    { "confirm another address", do_confirm_change, is_change_confirmed, 0, UM_MAIL_KIND_EMAIL_CHANGE,
      "email_changed" },
    { "delete", do_delete, is_deleted, 1, NULL, "account_deleted" },
    { "disable", do_disable, is_disabled, 1, NULL, "account_off" },
    { "state by staff", do_state, has_state, 0, NULL, "account_off" },
    { "wish for a reset", do_wish, is_wished, 1, NULL, NULL },
    { "add an account", do_add, is_added, 1, NULL, "account_added" },
    { "rename an account", do_rename, is_renamed, 1, NULL, "account_renamed" },
    { "set a password", do_set_password, is_password_set, 1, NULL, "password_changed" },
    { "take an address as verified", do_take_as_verified, is_taken_as_verified, 1, UM_MAIL_KIND_VERIFY,
      "email_verified" },
    { "send a mail to reset", do_send, is_sent, 0, NULL, "reset_sent" },
    { "reset password", do_reset, is_reset, 1, UM_MAIL_KIND_RESET, "reset_confirmed" },
    { "verify address", do_verify, is_verified, 0, UM_MAIL_KIND_VERIFY, "email_verified" },
    { "refresh a session", do_refresh, is_refreshed, 1, REFRESH, NULL },
    { "refresh without grace", do_refresh_once, is_refreshed_once, 1, REFRESH, NULL },
    { "end a session", do_end, is_ended, 1, REFRESH, "session_ended" },
    { "end all sessions", do_end_all, is_all_ended, 1, REFRESH, "sessions_ended" },
    { "list sessions", do_list, is_nothing, 1, NULL, NULL },
    { "use a token", do_call, is_nothing, 1, NULL, NULL },
};

/* --- each call in turn --- */

static void open_world(world_t *w, um_dialect_e dialect, const char *ticket)
{
    memset(w, 0, sizeof(*w));
    faults_reset();
    site_open(&w->s);
    w->alice = site_register(&w->s, "alice", "alice@example.org", &w->token);
    w->s.site.mail_settings = &mail_settings;
    w->s.settings.email_verification = UM_VERIFY_ON;
    w->s.settings.notify_password_change = w->s.settings.notify_email_change = 1;
    if (ticket && strcmp(ticket, REFRESH) == 0) {
        const um_user_t *who;

        w->s.settings.session_idle = w->s.settings.refresh_grace = 30;
        um_password_login(site_ctx(&w->s), "alice", site_secret(SITE_PASSWORD), &who, &w->session);
    }
    else if (ticket) {
        give_ticket(w, ticket);
        if (strcmp(ticket, UM_MAIL_KIND_EMAIL_CHANGE) == 0) {
            give_change(w);
        }
    }
    else {
        /* So that a change is told to it. */
        site_do(&w->s, "update um_users set email_verified = 1");
    }
    site_do(&w->s, "delete from um_events");
    site_do(&w->s, "update um_users set last_sign_in_at = null");
    site_do(&w->s, "insert into um_groups (id, name, created_at) values ('g', 'sales', 1)");
    /* The statements that store an event in one round trip are PostgreSQL's alone. */
    w->s.settings.events_keep = dialect == UM_DIALECT_SQLITE3;
    if (dialect == UM_DIALECT_PGSQL) {
        w->s.site.store = site_store(&w->s, dialect);
        site_call(&w->s, w->token);
    }
}

static int reads(size_t op)
{
    return operations[op].run == do_call || operations[op].run == do_list;
}

typedef struct failing_t {
    const char *name;
    faults_e kind;
    const char *sqlstate;
} failing_t;

/* What the log would say of the event of the last call. */
static um_outcome_e claim_of(world_t *w, const char *name)
{
    const um_ctx_t *ctx = w->s.last;

    for (int i = 0; name && ctx->events && i < ctx->events->nelts; i++) {
        const um_event_t *event = APR_ARRAY_IDX(ctx->events, i, const um_event_t *);

        if (strcmp(um_event_kind_text(event->kind), name) == 0) {
            return event->outcome;
        }
    }
    return UM_OUTCOME_OPEN;
}

/* The row is there once when the change was made, else not. The log claims it only then, and does not pass over it. */
static int is_told(world_t *w, const char *name, um_outcome_e claimed, int done)
{
    const char *rows = one(w, apr_psprintf(w->s.pool, "select count(*) from um_events where kind = '%s' and"
                                           " detail = ''", name));

    return strcmp(rows, done > 0 ? "1" : "0") == 0
           && (done > 0 ? claimed == UM_OUTCOME_OK || claimed == UM_OUTCOME_UNKNOWN : claimed != UM_OUTCOME_OK);
}

/* Whether one try went as it must. */
static int is_right(world_t *w, size_t op, const failing_t *how, um_dialect_e dialect, int at)
{
    faults_e kind = how->kind;
    um_status_e status;
    um_outcome_e claimed;
    int done, is_open, settled, may_be_away, has_cause;

    faults_arm(kind, at);
    faults.sqlstate = how->sqlstate;
    status = operations[op].run(w);
    claimed = claim_of(w, operations[op].event);
    has_cause = w->s.last->cause != NULL;
    /* A COMMIT that was done without an answer: PostgreSQL is asked for it; SQLite is in this process and answers. */
    settled = faults.at_commit && kind == FAULTS_LOST_AFTER && dialect == UM_DIALECT_PGSQL && operations[op].settles;
    may_be_away = faults.came && (kind == FAULTS_GONE || (faults.at_commit && !settled));
    /* On PostgreSQL a conflict is repeated whatever it ended, and what the server has refused is not. */
    if (kind == FAULTS_REFUSED && dialect == UM_DIALECT_PGSQL) {
        may_be_away = faults.came && !how->sqlstate;
    }
    faults_disarm();
    faults.clock_ms += 5000;
    /* The next request. */
    site_call(&w->s, w->token);
    is_open = !site_do(&w->s, "begin");
    site_do(&w->s, "rollback");
    done = operations[op].done(w);
    if (operations[op].event && dialect == UM_DIALECT_SQLITE3 && !is_told(w, operations[op].event, claimed, done)) {
        printf("# call %d: status %d, done %d, but not the event %s\n", at, status, done, operations[op].event);
        return 0;
    }
    if (is_open || w->s.in_use || w->s.locked || w->s.misused || done < 0 || (status == UM_OK && !done)
        || (status != UM_OK && !(status == UM_UNAVAILABLE && may_be_away))
        || (status == UM_UNAVAILABLE && !has_cause)
        || (status == UM_UNAVAILABLE && done > reads(op) && kind != FAULTS_LOST_AFTER)) {
        printf("# call %d: status %d, done %d, open transaction %d\n", at, status, done, is_open);
        return 0;
    }
    return 1;
}

static void test_operation(size_t op, um_dialect_e dialect)
{
    static const failing_t kinds[] = {
        { "is refused", FAULTS_REFUSED, NULL }, { "ends in a deadlock", FAULTS_REFUSED, FAULTS_DEADLOCK },
        { "is not done and the connection lost", FAULTS_LOST_BEFORE, NULL },
        { "is done and the connection lost", FAULTS_LOST_AFTER, NULL },
        { "is not done and no connection to be had", FAULTS_GONE, NULL },
    };

    for (size_t kind = 0; kind < sizeof(kinds) / sizeof(kinds[0]); kind++) {
        int wrong = 0, at = 0;

        do {
            world_t w;

            open_world(&w, dialect, operations[op].ticket);
            wrong += !is_right(&w, op, &kinds[kind], dialect, ++at);
            site_close(&w.s);
        } while (faults.came && at < MOST_CALLS);
        ok(!wrong && at > 1 && at < MOST_CALLS, "%s, %s: each of %d calls %s", operations[op].name,
           dialect == UM_DIALECT_PGSQL ? "PostgreSQL's rules" : "SQLite", at - 1, kinds[kind].name);
    }
}

/* --- SQLite's own troubles --- */

/* A disk that is full: so many pages and no more. */
static void test_full(void)
{
    site_input_t input = { .first_name = "A name that takes some room in the database", .email = "",
                              .password = site_secret(SITE_PASSWORD) };
    um_status_e status = UM_OK;
    const um_user_t *user;
    const char *token, *pages;
    um_ctx_t *ctx = NULL;
    world_t w;

    open_world(&w, UM_DIALECT_SQLITE3, NULL);
    pages = site_ask(&w.s, "pragma page_count");
    site_ask(&w.s, apr_pstrcat(w.s.pool, "pragma max_page_count = ", pages, NULL));
    for (int i = 0; status == UM_OK && i < 500; i++) {
        ctx = site_ctx(&w.s);
        input.username = apr_psprintf(w.s.pool, "user%d", i);
        status = site_enrol(ctx, &input, &user, &token);
    }
    is_int(status, UM_UNAVAILABLE, "registering in a full database");
    ok(ctx->cause && strstr(ctx->cause, "full"), "the failure has a cause: %s", ctx->cause ? ctx->cause : "(none)");
    ok(is_one(&w, "select (select count(*) from um_users) = (select count(*) from um_sessions)"), "leaves no half row");
    ok(site_do(&w.s, "begin") && site_do(&w.s, "rollback"), "no transaction is left open");
    is_int(site_call(&w.s, w.token), UM_OK, "reading goes on with a full disk");
    site_ask(&w.s, "pragma max_page_count = 100000");
    is_int(site_enrol(site_ctx(&w.s), &input, &user, &token), UM_OK, "with room the same registration succeeds");
    is_int(site_call(&w.s, token), UM_OK, "the token of that registration is good");
    site_close(&w.s);
}

/* A folder or file that may only be read. */
static void test_read_only(void)
{
    world_t w;

    for (size_t op = 0; op < sizeof(operations) / sizeof(operations[0]); op++) {
        um_status_e status;

        open_world(&w, UM_DIALECT_SQLITE3, operations[op].ticket);
        site_do(&w.s, "pragma query_only = on");
        status = operations[op].run(&w);
        site_do(&w.s, "pragma query_only = off");
        ok(status == (reads(op) ? UM_OK : UM_UNAVAILABLE) && operations[op].done(&w) == reads(op),
           "%s, the database may only be read: %s", operations[op].name, reads(op) ? "goes on" : "is refused whole");
        site_close(&w.s);
    }
}

int main(void)
{
    site_begin();
    for (size_t op = 0; op < sizeof(operations) / sizeof(operations[0]); op++) {
        test_operation(op, UM_DIALECT_SQLITE3);
        test_operation(op, UM_DIALECT_PGSQL);
    }
    test_full();
    test_read_only();
    return site_end();
}
