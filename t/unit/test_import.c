/* SPDX-License-Identifier: Apache-2.0 */
/* The import of accounts: batches, accounts that are there, rows of one batch about one account, refused rows. */
#include "import.h"
#include "import_private.h"
#include "site.h"

static site_t s;
static const char *refused;

static void on_refuse(void *baton, const char *where, const char *name, const char *why)
{
    (void)baton;
    refused = apr_psprintf(s.pool, "%s%s %s: %s\n", refused, where, name, why);
}

typedef struct line_t {
    const char *id, *name, *email, *alias, *password;
} line_t;

static const um_import_token_t *token_of(apr_pool_t *pool, const char *alias, char digit)
{
    um_import_token_t *token = apr_pcalloc(pool, sizeof(*token));
    char *text = apr_pcalloc(pool, 41);

    memset(text, digit, 40);
    *token = (um_import_token_t){ .where = "token", .alias = alias, .token = text };
    return token;
}

/* Imports lines, and gives what became of them: status, made, updated, skipped, refused. */
static const char *import_lines(const um_import_options_t *options, const line_t *lines, int count)
{
    um_import_t *import = um_import_begin(site_ctx(&s), options);
    const um_import_counts_t *counts = um_import_counts(import);
    um_status_e status = UM_OK;

    refused = "";
    for (int i = 0; i < count && (status = um_import_next(import)) == UM_OK; i++) {
        um_import_row_t *row = apr_pcalloc(um_import_pool(import), sizeof(*row));

        *row = (um_import_row_t){
            .where = apr_psprintf(um_import_pool(import), "%d", i + 1), .id = lines[i].id, .alias = lines[i].alias,
            .username = lines[i].name, .email = lines[i].email, .password = lines[i].password,
        };
        um_import_user(import, row);
    }
    if (status == UM_OK) {
        status = um_import_end(import);
    }
    return apr_psprintf(s.pool, "%d: %d %d %d %d", (int)status, (int)counts->made, (int)counts->updated,
                        (int)counts->skipped, (int)counts->refused);
}

#define IMPORT(options, lines) import_lines(options, lines, (int)(sizeof(lines) / sizeof(lines[0])))
#define ID(digit) "00000000-0000-4000-8000-00000000000" digit

static const um_import_options_t skip = { .on_conflict = UM_IMPORT_SKIP, .refuse = on_refuse };
static const um_import_options_t update = { .on_conflict = UM_IMPORT_UPDATE, .refuse = on_refuse };
static const um_import_options_t fail = { .on_conflict = UM_IMPORT_FAIL, .refuse = on_refuse };
static const um_import_options_t dry_run = { .dry_run = 1, .refuse = on_refuse };

static void test_batches(void)
{
    const int count = UM_IMPORT_BATCH + 2;
    line_t *lines = apr_pcalloc(s.pool, (apr_size_t)count * sizeof(*lines));

    for (int i = 0; i < count; i++) {
        lines[i].name = apr_psprintf(s.pool, "user%d", i);
    }
    s.settings.events_keep = 1;
    is_text(import_lines(&dry_run, lines, count), apr_psprintf(s.pool, "0: %d 0 0 0", count), "a dry run counts");
    is_text(site_ask(&s, "select count(*) from um_users"), "0", "and stores nothing");
    is_text(import_lines(&skip, lines, count), apr_psprintf(s.pool, "0: %d 0 0 0", count), "more than a batch");
    is_text(site_ask(&s, "select count(*) from um_users where username = username_key and password = ''"),
            apr_itoa(s.pool, count), "all are stored");
    is_text(import_lines(&skip, lines, count), apr_psprintf(s.pool, "0: 0 0 %d 0", count), "again: all are skipped");
    is_text(site_ask(&s, "select count(*) from um_events where kind = 'accounts_imported'"), "1", "one event");
    site_do(&s, "delete from um_users");
}

/* Imports groups, and gives how many were made and refused, and the names under which they are stored. */
static const char *import_groups(const um_import_options_t *options)
{
    static const char *const names[] = { "old one", "new", "new", "a b", "a-b", "a/b", "" };
    um_import_t *import = um_import_begin(site_ctx(&s), options);
    const um_import_counts_t *counts = um_import_counts(import);
    const char *longest = apr_psprintf(s.pool, "%065d", 7), *said = "", *stored;

    refused = "";
    for (int i = 0; i < 7; i++) {
        is_int(um_import_group(import, "row", names[i], &stored), UM_OK, "a name of a group is taken");
        said = apr_pstrcat(s.pool, said, " ", stored ? stored : "none", NULL);
    }
    is_int(um_import_group(import, "row", longest, &stored), UM_OK, "so is one that is too long");
    is_int(um_import_end(import), UM_OK, "the import ends");
    return apr_psprintf(s.pool, "%d made, %d refused:%s %s", (int)counts->groups, (int)counts->refused, said,
                        stored ? stored : "none");
}

static void test_groups(void)
{
    static const char all[] = "2 made, 2 refused: old-one new new a-b a-b a-b none none";

    site_do(&s, "insert into um_groups (id, name, created_at) values ('00000000-0000-4000-8000-000000000001', "
            "'old-one', 1)");
    is_text(import_groups(&dry_run), all, "a dry run tells what would become of groups");
    is_text(site_ask(&s, "select count(*) from um_groups"), "1", "and makes none");
    is_text(import_groups(&skip), all, "as it is then");
    is_text(site_ask(&s, "select count(*) from um_groups"), "3", "which makes them");
    is_text(import_groups(&dry_run), "0 made, 2 refused: old-one new new a-b a-b a-b none none", "and then are there");
    site_do(&s, "delete from um_groups");
}

static void test_conflicts(void)
{
    static const line_t first[] = { { ID("1"), "one", "", "7", NULL }, { ID("2"), "two", "", NULL, NULL } };
    static const line_t mixed[] = {
        { ID("1"), "uno", "uno@example.org", NULL, NULL }, { NULL, "three", "", NULL, NULL },
        { ID("4"), "two", "", NULL, NULL }, { NULL, "seven", "", "7", NULL }, { ID("2"), "zwei", "", "8", NULL },
    };

    is_text(IMPORT(&skip, first), "0: 2 0 0 0", "two new accounts");
    is_text(IMPORT(&fail, mixed), apr_psprintf(s.pool, "%d: 0 0 0 4", UM_INVALID), "fail stores nothing of the batch");
    is_text(refused, "1 uno: the account is there already\n3 two: another account has the name\n"
            "4 seven: the account is there already\n5 zwei: the account is there already\n", "and tells why");
    is_text(site_ask(&s, "select count(*) from um_users"), "2", "it is rolled back");
    is_text(IMPORT(&update, mixed), "0: 1 2 0 2", "one is new, two are changed, two are refused");
    is_text(refused, "3 two: another account has the name\n"
            "4 seven: another row of the file is about the same account\n",
            "a taken name; a second row of one account");
    is_text(site_ask(&s, "select group_concat(username || coalesce(alias, '') || email) from (select * from um_users"
                     " order by username)"), "three,uno7uno@example.org,zwei8", "accounts are as their rows say");
    site_do(&s, "delete from um_users");
}

/* Rows of one batch that exclude each other. */
static void test_pairs(void)
{
    static const line_t ids[] = {
        { ID("1"), "one", "", NULL, NULL }, { ID("1"), "two", "", NULL, NULL }, { NULL, "three", "", "5", NULL },
        { NULL, "four", "", "5", NULL }, { NULL, "ONE", "", NULL, NULL },
    };
    static const line_t emails[] = {
        { NULL, "five", "a@example.org", NULL, NULL }, { NULL, "six", "A@example.org", NULL, NULL },
        { NULL, "three", "a@example.org", "5", NULL },
    };

    is_text(IMPORT(&skip, ids), "0: 2 0 0 3", "an id, a number and a name twice");
    is_text(refused, "5 ONE: account 1 of the file has the same name\n"
            "2 two: another row of the file is about the same account\n"
            "4 four: another row of the file is about the same account\n", "the second row is refused");
    s.settings.unique_email = 1;
    is_text(IMPORT(&update, emails), "0: 1 0 0 2", "an address three times, once for an account that is there");
    is_text(refused, "2 six: another row of the file has the e-mail address\n"
            "3 three: another row of the file has the e-mail address\n", "the first new account gets it");
    s.settings.unique_email = 0;
    site_do(&s, "delete from um_users");
}

static void test_refused(void)
{
    static const line_t lines[] = {
        { NULL, "a b", "", NULL, NULL }, { NULL, "one", "", NULL, "secret" }, { "x", "two", "", NULL, NULL },
        { NULL, "three", "", "0", NULL }, { NULL, "", "", NULL, NULL }, { NULL, "\xFF", "", NULL, NULL },
        { NULL, "quote.\xC3\xA9", "", NULL, "!x" },
    };

    is_text(IMPORT(&skip, lines), "0: 1 0 0 6", "six wrong rows do not keep a good one away");
    is_text(site_ask(&s, "select username || password from um_users"), "quote.\xC3\xA9!", "which is stored as it is");
    site_do(&s, "delete from um_users");
}

static void test_tokens(void)
{
    static const line_t lines[] = { { NULL, "one", "", "7", NULL } };
    um_import_options_t options = skip;
    const um_import_counts_t *counts;
    um_import_t *import;

    (void)IMPORT(&skip, lines);
    options.tokens_until = SITE_NOW + 1000;
    for (int again = 0; again < 2; again++) {
        import = um_import_begin(site_ctx(&s), &options);
        counts = um_import_counts(import);
        refused = "";
        um_import_token(import, token_of(um_import_pool(import), "7", 'a'));
        um_import_token(import, token_of(um_import_pool(import), "7", 'b'));
        if (again) {
            um_import_token(import, token_of(um_import_pool(import), "8", 'c'));
        }
        is_int(um_import_end(import), UM_OK, "tokens are stored");
        is_text(apr_psprintf(s.pool, "%d %d %s", (int)counts->tokens, (int)counts->tokens_skipped, refused),
                again ? "0 2 token : the token is of an account that is not there\n" : "2 0 ",
                again ? "again: they are there, and one has no account" : "both");
    }
    site_do(&s, "delete from um_users");
}

static void add_row(um_import_t *import, const char *name, const char *email, const char *alias)
{
    um_import_row_t *row;

    is_int(um_import_next(import), UM_OK, "a row is taken");
    row = apr_pcalloc(um_import_pool(import), sizeof(*row));
    *row = (um_import_row_t){ .where = "row", .alias = alias, .username = name, .email = email };
    um_import_user(import, row);
}

/* Two batches whose rows and tokens are about accounts of each other, and what becomes of them. */
static const char *import_two_batches(const um_import_options_t *options)
{
    um_import_t *import = um_import_begin(site_ctx(&s), options);
    const um_import_counts_t *counts = um_import_counts(import);

    refused = "";
    add_row(import, "one", "one@example.org", "7");
    um_import_token(import, token_of(um_import_pool(import), "7", 'a'));
    um_import_token(import, token_of(um_import_pool(import), "9", 'b'));
    um_import_token(import, token_of(um_import_pool(import), "1", 'c'));
    for (int i = 1; i < UM_IMPORT_BATCH; i++) {
        add_row(import, apr_psprintf(um_import_pool(import), "user%d", i), "", NULL);
    }
    add_row(import, "uno", "", "7");
    add_row(import, "two", "one@example.org", NULL);
    um_import_token(import, token_of(um_import_pool(import), "7", 'd'));
    is_int(um_import_end(import), UM_OK, "the import ends");
    return apr_psprintf(s.pool, "made %d, updated %d, skipped %d, refused %d; tokens %d, skipped %d\n%s",
                        (int)counts->made, (int)counts->updated, (int)counts->skipped, (int)counts->refused,
                        (int)counts->tokens, (int)counts->tokens_skipped, refused);
}

static void test_dry_run(void)
{
    static const line_t there[] = { { NULL, "there", "", "1", NULL } };
    um_import_options_t dry = dry_run, real = skip;

    s.settings.unique_email = 1;
    dry.tokens_until = real.tokens_until = SITE_NOW + 1000;
    for (int updates = 0; updates < 2; updates++) {
        const char *would_be;

        (void)IMPORT(&skip, there);
        dry.on_conflict = real.on_conflict = updates ? UM_IMPORT_UPDATE : UM_IMPORT_SKIP;
        would_be = import_two_batches(&dry);
        is_text(site_ask(&s, "select count(*) || ' ' || (select count(*) from um_sessions) from um_users"), "1 0",
                "a dry run stores nothing");
        is_text(would_be, import_two_batches(&real), "it tells what becomes of two batches");
        site_do(&s, "delete from um_users");
    }
    s.settings.unique_email = 0;
}

int main(void)
{
    site_begin();
    site_open(&s);
    test_batches();
    test_groups();
    test_conflicts();
    test_pairs();
    test_refused();
    test_tokens();
    test_dry_run();
    ok(!s.misused && !s.in_use && !s.locked, "one connection and one lock at a time, all released");
    site_close(&s);
    return site_end();
}
