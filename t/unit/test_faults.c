/* SPDX-License-Identifier: Apache-2.0 */
/* Every call into the database fails once, in every way that it can: what a request wanted is then done, or not done
 * and said so, and never done by half. */
#include "faults.h"
#include "site.h"

#define MOST_CALLS 40
#define NEW_PASSWORD "another horse battery"

/* What there is before each operation. */
typedef struct world_t {
    site_t s;
    const um_user_t *alice;
    const char *token;         /* hers, from before */
    const char *fresh;         /* what the operation issued */
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

    return site_login(site_cx(&w->s), name, site_secret(password), &token) == UM_OK;
}

/* --- the operations, and whether they were done: 1, not at all: 0, or by half: -1 --- */

static um_status_e do_register(world_t *w)
{
    site_input_t input = { .username = "bob", .email = "bob@example.org", .password = site_secret(SITE_PASSWORD) };
    const um_user_t *user;

    return site_enrol(site_cx(&w->s), &input, &user, &w->fresh);
}

static int is_registered(world_t *w)
{
    int users = is_one(w, "select count(*) from um_users where username = 'bob'");
    int sessions = is_one(w, "select count(*) from um_users u join um_sessions s on s.user_id = u.id "
                          "and s.user_version = u.version where u.username = 'bob'");

    return users == sessions ? users : -1;
}

static um_status_e do_login(world_t *w)
{
    return site_login(site_cx(&w->s), "alice", site_secret(SITE_PASSWORD), &w->fresh);
}

/* Also when the hash was to be made anew: one of the two is there, and of the right password. */
static int is_logged_in(world_t *w)
{
    int done = is_one(w, "select count(*) - 1 from um_sessions");

    return site_call(&w->s, w->token) == UM_OK && can_login(w, "alice", SITE_PASSWORD) ? done : -1;
}

static um_status_e do_login_rehash(world_t *w)
{
    w->s.site.hash.lanes = 2;
    return do_login(w);
}

static um_status_e do_change(world_t *w)
{
    return um_password_change(site_cx(&w->s), w->alice, site_secret(SITE_PASSWORD), site_secret(NEW_PASSWORD),
                              &w->fresh);
}

static int is_changed(world_t *w)
{
    int before = can_login(w, "alice", SITE_PASSWORD), after = can_login(w, "alice", NEW_PASSWORD);
    int stands = site_call(&w->s, w->token) == UM_OK;
    int opened = is_one(w, "select count(*) - 2 from um_sessions");

    return before != after && before == stands && after == opened ? after : -1;
}

static um_status_e do_update(world_t *w)
{
    site_input_t input = { .first_name = "Al", .email = "new@example.org" };
    const um_user_t *user;

    return um_user_update(site_cx(&w->s), w->alice, &input, &user);
}

static int is_updated(world_t *w)
{
    const char *row = one(w, "select first_name || email || email_key from um_users");

    return strcmp(row, "Alnew@example.orgnew@example.org") == 0 ? 1
           : strcmp(row, "alice@example.orgalice@example.org") == 0 ? 0 : -1;
}

static um_status_e do_delete(world_t *w)
{
    return um_user_delete(site_cx(&w->s), w->alice->id);
}

static int is_deleted(world_t *w)
{
    int user = is_one(w, "select count(*) from um_users"), session = is_one(w, "select count(*) from um_sessions");

    return user == session ? !user : -1;
}

static um_status_e do_disable(world_t *w)
{
    um_user_t user = *w->alice;

    user.is_active = 0;
    return um_user_set_state(site_cx(&w->s), &user);
}

static int is_disabled(world_t *w)
{
    um_status_e status = site_call(&w->s, w->token);
    int active = is_one(w, "select is_active from um_users");

    return active == (status == UM_OK) ? !active : -1;
}

static um_status_e do_call(world_t *w)
{
    return site_call(&w->s, w->token);
}

static int is_nothing(world_t *w)
{
    return is_one(w, "select count(*) from um_sessions") ? 1 : -1;
}

static const struct { const char *name; um_status_e (*run)(world_t *w); int (*done)(world_t *w); } operations[] = {
    { "register", do_register, is_registered },
    { "login", do_login, is_logged_in },
    { "login with a new hash", do_login_rehash, is_logged_in },
    { "change password", do_change, is_changed },
    { "update", do_update, is_updated },
    { "delete", do_delete, is_deleted },
    { "disable", do_disable, is_disabled },
    { "use a token", do_call, is_nothing },
};

/* --- each call in turn --- */

static void open_world(world_t *w, um_dialect_e dialect)
{
    memset(w, 0, sizeof(*w));
    faults_reset();
    site_open(&w->s);
    w->alice = site_register(&w->s, "alice", "alice@example.org", &w->token);
    if (dialect == UM_DIALECT_PGSQL) {
        w->s.site.store = site_store(&w->s, dialect);
        site_call(&w->s, w->token);
        w->s.site.unique_email = 0;
    }
}

static int reads(size_t op)
{
    return operations[op].run == do_call;
}

/* Whether one try went as it must. */
static int is_right(world_t *w, size_t op, faults_e kind, um_dialect_e dialect, int at)
{
    um_status_e status;
    int done, is_open, settled, may_be_away;

    faults_arm(kind, at);
    status = operations[op].run(w);
    /* A COMMIT that was done without an answer: PostgreSQL is asked for it; SQLite is in this process and answers. */
    settled = faults.at_commit && kind == FAULTS_LOST_AFTER && dialect == UM_DIALECT_PGSQL;
    may_be_away = faults.came && (kind == FAULTS_GONE || (faults.at_commit && !settled));
    faults_disarm();
    faults.clock_ms += 5000;
    /* The next request. */
    site_call(&w->s, w->token);
    is_open = !site_do(&w->s, "begin");
    site_do(&w->s, "rollback");
    done = operations[op].done(w);
    if (is_open || w->s.lent || w->s.locked || w->s.misused || done < 0 || (status == UM_OK && !done)
        || (status != UM_OK && !(status == UM_AWAY && may_be_away))
        || (status == UM_AWAY && done > reads(op) && kind != FAULTS_LOST_AFTER)) {
        printf("# call %d: status %d, done %d, open transaction %d\n", at, status, done, is_open);
        return 0;
    }
    return 1;
}

static void test_operation(size_t op, um_dialect_e dialect)
{
    static const char *const kinds[] = { "", "is refused", "is not done and the connection lost",
                                         "is done and the connection lost", "is not done and no connection to be had" };

    for (int kind = FAULTS_REFUSED; kind <= FAULTS_GONE; kind++) {
        int wrong = 0, at = 0;

        do {
            world_t w;

            open_world(&w, dialect);
            wrong += !is_right(&w, op, (faults_e)kind, dialect, ++at);
            site_close(&w.s);
        } while (faults.came && at < MOST_CALLS);
        ok(!wrong && at > 1 && at < MOST_CALLS, "%s, %s: each of %d calls %s", operations[op].name,
           dialect == UM_DIALECT_PGSQL ? "PostgreSQL's rules" : "SQLite", at - 1, kinds[kind]);
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
    um_cx_t *cx = NULL;
    world_t w;

    open_world(&w, UM_DIALECT_SQLITE3);
    pages = site_ask(&w.s, "pragma page_count");
    site_ask(&w.s, apr_pstrcat(w.s.pool, "pragma max_page_count = ", pages, NULL));
    for (int i = 0; status == UM_OK && i < 500; i++) {
        cx = site_cx(&w.s);
        input.username = apr_psprintf(w.s.pool, "user%d", i);
        status = site_enrol(cx, &input, &user, &token);
    }
    is_int(status, UM_AWAY, "registering in a full database");
    ok(cx->cause && strstr(cx->cause, "full"), "has a cause: %s", cx->cause ? cx->cause : "(none)");
    ok(is_one(&w, "select (select count(*) from um_users) = (select count(*) from um_sessions)"), "leaves no half row");
    ok(site_do(&w.s, "begin") && site_do(&w.s, "rollback"), "and no open transaction");
    is_int(site_call(&w.s, w.token), UM_OK, "reading goes on");
    site_ask(&w.s, "pragma max_page_count = 100000");
    is_int(site_enrol(site_cx(&w.s), &input, &user, &token), UM_OK, "with room the same registration succeeds");
    is_int(site_call(&w.s, token), UM_OK, "and its token is good");
    site_close(&w.s);
}

/* A folder or file that may only be read. */
static void test_read_only(void)
{
    world_t w;

    for (size_t op = 0; op < sizeof(operations) / sizeof(operations[0]); op++) {
        um_status_e status;

        open_world(&w, UM_DIALECT_SQLITE3);
        site_do(&w.s, "pragma query_only = on");
        status = operations[op].run(&w);
        site_do(&w.s, "pragma query_only = off");
        ok(status == (reads(op) ? UM_OK : UM_AWAY) && operations[op].done(&w) == reads(op),
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
