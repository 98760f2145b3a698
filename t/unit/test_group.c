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
        { ".", "name invalid" },
        { "..", "name invalid" },
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
        is_int(status, *cases[i].why ? UM_INVALID : UM_OK, "the refusal names its cause");
    }
    is_text(site_ask(&s, "select count(*) from um_groups"), "5", "no refused group is there");
    site_do(&s, "delete from um_groups");
}

static void test_membership(void)
{
    um_ctx_t *ctx = site_ctx(&s);

    is_text(groups_of(alice), "", "nobody is in a group by himself");
    is_int(um_group_add(ctx, "staff", alice->id), UM_ABSENT, "no group, no member");
    is_int(um_group_create(ctx, "staff"), UM_OK, "a group is created");
    is_int(um_group_create(ctx, "Zoo"), UM_OK, "a second group is created");
    is_int(um_group_create(ctx, "admins"), UM_OK, "a third group is created");
    is_int(um_group_add(ctx, "staff", alice->id), UM_OK, "somebody is put into a group");
    is_int(um_group_add(ctx, "staff", alice->id), UM_OK, "a second time: he is in it");
    is_int(um_group_add(ctx, "\xEF\xBD\x93taff", bob->id), UM_OK,
           "a group is found by another spelling with the same normal form");
    is_int(um_group_add(ctx, "STAFF", bob->id), UM_ABSENT, "a group in another case is not found");
    is_int(um_group_add(ctx, "a b", bob->id), UM_ABSENT, "what is no name is no group");
    is_int(um_group_add(ctx, "admins", alice->id), UM_OK, "an account can be in two groups");
    is_int(um_group_add(ctx, "staff", "00000000-0000-7000-8000-000000000000"), UM_ABSENT,
           "an unknown account is not added");
    is_text(groups_of(alice), "admins,staff", "the names in order");
    is_text(groups_of(bob), "staff", "each account has its own groups");
    is_text(list(), "0 Zoo, 1 admins, 2 staff", "the list has the number of members of each group");
    is_text(members_of("staff"), "alice bob", "the members of a group are listed");
    is_text(members_of("Zoo"), "", "a group without members is listed empty");
    is_text(members_of("none"), NULL, "members of an unknown group are not found");
    is_int(um_group_drop(ctx, "staff", alice->id), UM_OK, "somebody is taken out");
    is_int(um_group_drop(ctx, "staff", alice->id), UM_ABSENT, "a member is removed once");
    is_int(um_group_drop(ctx, "none", alice->id), UM_ABSENT, "out of no group");
    is_int(um_group_drop(ctx, "a b", alice->id), UM_ABSENT, "out of what is none");
    is_text(groups_of(alice), "admins", "the other one stays");
    is_int(um_group_delete(ctx, "admins"), UM_OK, "a group is removed");
    is_int(um_group_delete(ctx, "admins"), UM_ABSENT, "a member is removed once");
    is_int(um_group_delete(ctx, "a b"), UM_ABSENT, "what is no group is not deleted");
    is_text(groups_of(alice), "", "nobody is in it any more");
    is_int(um_user_delete(ctx, bob->id), UM_OK, "somebody in a group is deleted");
    is_text(list(), "0 Zoo, 0 staff", "a deleted account is in no group");
    is_text(groups_of(bob), NULL, "a deleted account has no groups");
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
    is_int(um_group_create(ctx, "race"), UM_INVALID, "of two that create the same group one succeeds");
    is_text(site_errors(ctx), "name unique", "the other one is told that the name is taken");
    s.on_ask = add_first;
    is_int(um_group_add(site_ctx(&s), "race", alice->id), UM_OK,
           "of two that add the same member both succeed");
    is_text(groups_of(alice), "race", "the member is in the group once");
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
        ok(got[i] == UM_UNAVAILABLE && ctx->cause,
           "without a database the call answers that it is unavailable: %s", ctx->cause ? ctx->cause : "(no cause)");
    }
    s.refuse = 0;
}

int main(void)
{
    site_begin();
    site_open(&s);
    alice = site_register(&s, "alice", "", NULL);
    bob = site_register(&s, "bob", "", NULL);
    if (ok(alice && bob, "two accounts are registered")) {
        test_names();
        test_membership();
        test_races();
        test_away();
    }
    ok(!s.misused && !s.in_use && !s.locked, "one connection and one lock at a time, all released");
    site_close(&s);
    return site_end();
}
