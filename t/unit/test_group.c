/* SPDX-License-Identifier: Apache-2.0 */
#include "site.h"
#include "group.h"

static site_t s;
static const um_user_t *alice, *bob;

static const char *groups_of(const um_user_t *user)
{
    const char *groups = NULL;

    return um_group_names(site_ctx(&s), user->id, &groups) == UM_OK ? groups : NULL;
}

/* "3 admins, 0 staff" */
static const char *list(void)
{
    apr_array_header_t *groups;
    const char *text = "";

    if (um_group_list(site_ctx(&s), &groups) != UM_OK) {
        return NULL;
    }
    for (int i = 0; i < groups->nelts; i++) {
        const um_group_t *group = &APR_ARRAY_IDX(groups, i, um_group_t);

        text = apr_psprintf(s.pool, "%s%s%d %s", text, i ? ", " : "", (int)group->members, group->name);
    }
    return text;
}

static const char *members_of(const char *name)
{
    apr_array_header_t *members;
    const char *text = "";

    if (um_group_members(site_ctx(&s), name, &members) != UM_OK) {
        return NULL;
    }
    for (int i = 0; i < members->nelts; i++) {
        text = apr_pstrcat(s.pool, text, i ? " " : "", APR_ARRAY_IDX(members, i, um_group_member_t).username, NULL);
    }
    return text;
}

static void test_names(void)
{
    static const struct { const char *name, *why; } cases[] = {
        { "staff", "" },
        { "staff", "name unique" },
        { "Staff", "" },
        { "web-team@example.org+1_a", "" },
        { "Gr\xC3\xBC\xC3\x9F" "e", "" },
        { "Gru\xCC\x88\xC3\x9F" "e", "name unique" },
        { "\xEF\xBC\xB3taff", "name unique" },
        { "", "name invalid" },
        { "a b", "name invalid" },
        { " a", "name invalid" },
        { "a,b", "name invalid" },
        { "a\tb", "name invalid" },
        { "a\nb", "name invalid" },
        { "a\x01", "name invalid" },
        { "a\"b", "name invalid" },
        { "a/b", "name invalid" },
        { "a\xC2\xA0" "b", "name invalid" },
        { "a\xE2\x80\x8B", "name invalid" },
        { "a\xFF", "name invalid" },
        { "1234567890123456789012345678901234567890123456789012345678901234", "" },
        { "12345678901234567890123456789012345678901234567890123456789012345", "name invalid" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        um_ctx_t *ctx = site_ctx(&s);
        um_status_e status = um_group_create(ctx, cases[i].name);

        is_text(site_errors(ctx), cases[i].why, cases[i].name);
        is_int(status, *cases[i].why ? UM_INVALID : UM_OK, "and it is told so");
    }
    is_text(site_ask(&s, "select count(*) from um_groups"), "5", "what was refused is not there");
    site_do(&s, "delete from um_groups");
}

static void test_membership(void)
{
    um_ctx_t *ctx = site_ctx(&s);

    is_text(groups_of(alice), "", "nobody is in a group by himself");
    is_int(um_group_add(ctx, "staff", alice->id), UM_ABSENT, "no group, no member");
    is_int(um_group_create(ctx, "staff"), UM_OK, "a group");
    is_int(um_group_create(ctx, "Zoo"), UM_OK, "and another");
    is_int(um_group_create(ctx, "admins"), UM_OK, "and a third");
    is_int(um_group_add(ctx, "staff", alice->id), UM_OK, "somebody is put into a group");
    is_int(um_group_add(ctx, "staff", alice->id), UM_OK, "a second time: he is in it");
    is_int(um_group_add(ctx, "\xEF\xBD\x93taff", bob->id), UM_OK, "in another spelling that is normalized");
    is_int(um_group_add(ctx, "STAFF", bob->id), UM_ABSENT, "but case counts");
    is_int(um_group_add(ctx, "a b", bob->id), UM_ABSENT, "what is no name is no group");
    is_int(um_group_add(ctx, "admins", alice->id), UM_OK, "in two at once");
    is_int(um_group_add(ctx, "staff", "00000000-0000-7000-8000-000000000000"), UM_ABSENT, "nobody");
    is_text(groups_of(alice), "admins,staff", "the names in order");
    is_text(groups_of(bob), "staff", "each his own");
    is_text(list(), "0 Zoo, 1 admins, 2 staff", "how many are in each");
    is_text(members_of("staff"), "alice bob", "who is in it");
    is_text(members_of("Zoo"), "", "in one it is nobody");
    is_text(members_of("none"), NULL, "and one is not there");
    is_int(um_group_drop(ctx, "staff", alice->id), UM_OK, "somebody is taken out");
    is_int(um_group_drop(ctx, "staff", alice->id), UM_ABSENT, "once");
    is_int(um_group_drop(ctx, "none", alice->id), UM_ABSENT, "out of no group");
    is_int(um_group_drop(ctx, "a b", alice->id), UM_ABSENT, "out of what is none");
    is_text(groups_of(alice), "admins", "the other one stays");
    is_int(um_group_delete(ctx, "admins"), UM_OK, "a group is removed");
    is_int(um_group_delete(ctx, "admins"), UM_ABSENT, "once");
    is_int(um_group_delete(ctx, "a b"), UM_ABSENT, "what is none is not");
    is_text(groups_of(alice), "", "nobody is in it any more");
    is_int(um_user_delete(ctx, bob->id), UM_OK, "somebody in a group is deleted");
    is_text(list(), "0 Zoo, 0 staff", "and with him that he was in it");
    is_text(groups_of(bob), NULL, "he is in none, for there is no such account");
    is_text(site_ask(&s, "select count(*) from um_memberships"), "0", "no row is left");
}

/* Somebody else does the same just before us. */
static void make_first(site_t *site)
{
    site->on_ask = NULL;
    site_do(site, "insert into um_groups values ('018bcfe5-0000-7000-8000-000000000001', 'race', 1)");
}

static void add_first(site_t *site)
{
    site->on_ask = NULL;
    site_do(site, "insert into um_memberships select u.id, g.id from um_users u, um_groups g where u.username = 'alice'"
                  " and g.name = 'race'");
}

static void test_races(void)
{
    um_ctx_t *ctx = site_ctx(&s);

    s.on_ask = make_first;
    is_int(um_group_create(ctx, "race"), UM_INVALID, "of two who make a group one does");
    is_text(site_errors(ctx), "name unique", "and the other is told");
    s.on_ask = add_first;
    is_int(um_group_add(site_ctx(&s), "race", alice->id), UM_OK,
           "of two who put somebody into a group both may say so");
    is_text(groups_of(alice), "race", "he is in it once");
}

static void test_away(void)
{
    apr_array_header_t *rows;
    const char *groups;
    um_status_e got[7];

    for (int i = 0; i < 7; i++) {
        um_ctx_t *ctx = site_ctx(&s);

        s.refuse = 1000;
        got[i] = i == 0 ? um_group_create(ctx, "away") : i == 1 ? um_group_delete(ctx, "race")
                 : i == 2 ? um_group_add(ctx, "race", alice->id) : i == 3 ? um_group_drop(ctx, "race", alice->id)
                 : i == 4 ? um_group_list(ctx, &rows) : i == 5 ? um_group_members(ctx, "race", &rows)
                 : um_group_names(ctx, alice->id, &groups);
        ok(got[i] == UM_UNAVAILABLE && ctx->cause, "without a database: %s", ctx->cause ? ctx->cause : "(no cause)");
    }
    s.refuse = 0;
}

int main(void)
{
    site_begin();
    site_open(&s);
    alice = site_register(&s, "alice", "", NULL);
    bob = site_register(&s, "bob", "", NULL);
    if (ok(alice && bob, "two are registered")) {
        test_names();
        test_membership();
        test_races();
        test_away();
    }
    ok(!s.misused && !s.in_use && !s.locked, "one connection and one lock at a time, all released");
    site_close(&s);
    return site_end();
}
