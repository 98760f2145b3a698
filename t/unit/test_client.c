/* SPDX-License-Identifier: Apache-2.0 */
/* The file of clients: what is read, what is refused, and what the commands make of it. */
#include <apr_file_info.h>
#include <apr_file_io.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client.h"
#include "secret_file.h"
#include "tap.h"

#define HASH "S_AZv6qtzgD4t2bBUHTDlLMXGYhu3wDrtf4PYcULFnk"

static apr_pool_t *pool;
static const char *folder, *file;

static void write_file(const char *text, apr_size_t len)
{
    const char *why = NULL;

    apr_file_remove(file, pool);
    um_secret_file_create(pool, file, text, len, &why);
}

static const char *file_text(void)
{
    const char *why = NULL;
    apr_size_t len = 0;
    char *text = NULL;

    return um_secret_file_read(pool, file, &text, &len, &why) == APR_SUCCESS ? apr_pstrmemdup(pool, text, len) : why;
}

static int is_there(const char *name)
{
    apr_finfo_t info;

    return apr_stat(&info, name, APR_FINFO_TYPE, pool) == APR_SUCCESS;
}

static void test_read(void)
{
    static const struct { const char *text; int count; const char *why; } cases[] = {
        { "", 0, NULL },
        { "\n\n# nobody\n   # at all", 0, NULL },
        { "front " HASH "\n", 1, NULL },
        { "front " HASH, 1, NULL },
        { "  front\t " HASH " \r\n\n#x\na.b-c_9 " HASH "\n", 2, NULL },
        { "front\n", 0, "line 1: not NAME HASH" },
        { "#\nfront x\n", 0, "line 2: not NAME HASH" },
        { "front " HASH " more\n", 0, "line 1: not NAME HASH" },
        { "front " HASH "A\n", 0, "line 1: not NAME HASH" },
        { "front S_AZv6qtzgD4t2bBUHTDlLMXGYhu3wDrtf4PYcULFnl\n", 0, "line 1: not NAME HASH" },
        { "front umc_xXDJup-7EUEvmwYOx596erXymHemyR0C3c7FvpE47ho\n", 0, "line 1: not NAME HASH" },
        { "fr:ont " HASH "\n", 0, "line 1: the name must be" },
        { "-front " HASH "\n", 0, "line 1: the name must be" },
        { "fr\xC3\xB6nt " HASH "\n", 0, "line 1: the name must be" },
        { "front " HASH "\n\nfront " HASH "\n", 0, "line 3: a line above has the same name" },
    };
    um_client_list_t *list;
    const char *why = NULL;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        apr_status_t rv;

        write_file(cases[i].text, strlen(cases[i].text));
        rv = um_client_read(pool, file, &list, &why);
        if (cases[i].why) {
            ok(rv != APR_SUCCESS && strncmp(why, cases[i].why, strlen(cases[i].why)) == 0, "refused: %s", why);
        }
        else {
            ok(rv == APR_SUCCESS && um_client_count(list) == cases[i].count, "the list has %d clients", cases[i].count);
        }
    }
    write_file("front " HASH "\n\0x", strlen(HASH) + 9);
    ok(um_client_read(pool, file, &list, &why) != APR_SUCCESS, "a zero byte: %s", why);
    apr_file_remove(file, pool);
    ok(um_client_read(pool, file, &list, &why) != APR_SUCCESS, "a missing file is told as such: %s", why);
}

static const char *find(const char *token)
{
    um_client_list_t *list;
    const char *why = NULL;

    return um_client_read(pool, file, &list, &why) == APR_SUCCESS ? um_client_find(list, token) : why;
}

/* What the caller of um_client_add is told. */
typedef struct shown_t {
    const char *token;
    int refuses;
} shown_t;

static apr_status_t show(void *baton, const char *token, const char **why)
{
    shown_t *shown = baton;

    shown->token = token;
    *why = "not shown";
    return shown->refuses ? APR_EGENERAL : APR_SUCCESS;
}

static apr_status_t make(const char *at, const char *name, const char **token, const char **why)
{
    shown_t shown = { NULL, 0 };
    apr_status_t rv = um_client_add(pool, at, name, show, &shown, why);

    *token = shown.token;
    return rv;
}

static void test_add(void)
{
    const char *one = NULL, *two = NULL, *three = NULL, *why = NULL;
    struct stat info;

    ok(make(file, "one", &one, &why) == APR_SUCCESS, "the first client makes the file");
    ok(one && strncmp(one, "umc_", 4) == 0 && strlen(one) == 47, "a new client gets a token of 256 bits");
    ok(stat(file, &info) == 0 && (info.st_mode & 07777) == 0600, "the file has mode 0600");
    ok(!strstr(file_text(), one + 4), "the token is not in the file");
    ok(make(file, "two", &two, &why) == APR_SUCCESS, "a second client is added");
    is_text(find(one), "one", "each is known by its token");
    is_text(find(two), "two", "the second client is found by its token");
    ok(strcmp(one, two) != 0, "the tokens of two clients differ");
    is_text(find("umc_xXDJup-7EUEvmwYOx596erXymHemyR0C3c7FvpE47ho"), NULL, "a token of no client is not found");
    is_text(find(""), NULL, "an empty token is not found");
    is_text(find(one + 4), NULL, "a token without its prefix is not found");
    is_text(find(apr_pstrcat(pool, one, "A", NULL)), NULL, "a token with a letter more is not found");
    is_text(find(apr_pstrndup(pool, one, 46)), NULL, "a token with a letter less is not found");
    is_text(um_client_find(NULL, one), NULL, "no token is found where there are no clients");
    ok(make(file, "one", &three, &why) != APR_SUCCESS, "a name twice: %s", why);
    is_text(find(one), "one", "a refused addition leaves the first client");
    for (size_t i = 0; i < 5; i++) {
        static const char *const names[] = { "", "a b", "a:b", "-a", "#a" };

        ok(make(file, names[i], &three, &why) != APR_SUCCESS,
           "a client without a good name is refused: \"%s\"", names[i]);
    }
    ok(make(file, apr_psprintf(pool, "%064d", 0), &three, &why) == APR_SUCCESS, "a name of 64 characters is accepted");
    ok(make(file, apr_psprintf(pool, "%065d", 0), &three, &why) != APR_SUCCESS, "a name of 65 characters is refused");
}

/* Nobody has the token of a client that could not be told. */
static void test_not_shown(void)
{
    shown_t shown = { NULL, 1 };
    const char *why = NULL;

    write_file("old " HASH "\n", strlen("old " HASH "\n"));
    ok(um_client_add(pool, file, "new", show, &shown, &why) == APR_EGENERAL && shown.token,
       "a token that is not shown");
    is_text(why, "not shown", "fails with the reason");
    is_text(file_text(), "old " HASH "\n", "a refused addition leaves the file as it was");
    ok(!is_there(apr_pstrcat(pool, file, ".new", NULL)), "a refused addition leaves no temporary file");
}

/* As an administrator has set it up: for httpd's group, and a link to where it is kept. */
static void test_place(void)
{
    const char *link = apr_pstrcat(pool, folder, "/link", NULL), *token = NULL, *why = NULL;
    struct stat info;

    write_file("", 0);
    ok(chmod(file, 0640) == 0 && symlink("clients", link) == 0, "a file for a group, and a link to it");
    ok(make(link, "one", &token, &why) == APR_SUCCESS, "a client is added through the link %s", why ? why : "");
    ok(lstat(link, &info) == 0 && S_ISLNK(info.st_mode), "a link to the file stays a link");
    ok(lstat(file, &info) == 0 && S_ISREG(info.st_mode) && (info.st_mode & 07777) == 0640, "the file keeps its mode");
    is_text(find(token), "one", "the file behind the link has the client");
    ok(um_client_remove(pool, link, "one", &why) == APR_SUCCESS && *file_text() == '\0',
       "a client is removed through the link, too");
    ok(um_client_remove(pool, link, "one", &why) == APR_NOTFOUND, "one that is not there is told as such");
    unlink(link);
    ok(symlink("nowhere", link) == 0 && make(link, "one", &token, &why) != APR_SUCCESS && !is_there(
           apr_pstrcat(pool, folder, "/nowhere", NULL)), "a link that leads nowhere is left alone: %s", why);
    unlink(link);
    /* Only root may give a file to a group that it is not in. */
    if (geteuid() == 0 && chown(file, 12345, 54321) == 0) {
        ok(make(file, "two", &token, &why) == APR_SUCCESS && stat(file, &info) == 0 && info.st_uid == 12345
           && info.st_gid == 54321, "owner and group are kept");
    }
}

static void test_remove(void)
{
    static const char text[] = "# front\nfront " HASH "\n\n frontier " HASH "\nlast " HASH;
    const char *token = NULL, *why = NULL;

    write_file(text, strlen(text));
    ok(um_client_remove(pool, file, "front", &why) == APR_SUCCESS, "a client is taken out");
    is_text(file_text(), "# front\n\n frontier " HASH "\nlast " HASH, "a removal removes nothing else");
    ok(um_client_remove(pool, file, "front", &why) != APR_SUCCESS, "a client is removed once: %s", why);
    ok(make(file, "new", &token, &why) == APR_SUCCESS && strcmp(find(token), "new") == 0,
       "a new line is one, whatever the last ended with");
    ok(um_client_remove(pool, file, "last", &why) == APR_SUCCESS, "a second client is added");
    ok(um_client_remove(pool, file, "new", &why) == APR_SUCCESS, "one more client is removed");
    is_text(file_text(), "# front\n\n frontier " HASH "\n", "lines of the same name are removed, too");
}

static void test_trouble(void)
{
    const char *token = NULL, *why = NULL, *next = apr_pstrcat(pool, file, ".new", NULL);

    write_file("broken\n", 7);
    ok(make(file, "a", &token, &why) != APR_SUCCESS, "a file with a bad line is not touched: %s", why);
    is_text(file_text(), "broken\n", "a file that is not understood stays as it was");
    ok(!is_there(next), "a file that is not understood leaves no temporary file");
    write_file("", 0);
    ok(um_secret_file_create(pool, next, "", 0, &why) == APR_SUCCESS, "somebody else is at work");
    ok(make(file, "a", &token, &why) != APR_SUCCESS && strstr(why, ".new"), "refused: %s", why);
    ok(is_there(next), "the temporary file of another process is left as it is");
    apr_file_remove(next, pool);
    ok(make(apr_pstrcat(pool, folder, "/none/clients", NULL), "a", &token, &why) != APR_SUCCESS,
       "a missing folder is told as such: %s", why);
    for (int i = 0; i < 1000 && make(file, apr_psprintf(pool, "client%d", i), &token, &why) == APR_SUCCESS; i++) {
        continue;
    }
    ok(strstr(why, "16 KB") && strlen(file_text()) <= UM_SECRET_FILE_MAX,
       "clients are added until the file is full: %s", why);
    ok(!is_there(next), "nothing is left beside it");
}

int main(void)
{
    const char *base;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    apr_temp_dir_get(&base, pool);
    folder = mkdtemp(apr_pstrcat(pool, base, "/usermgmt-test.XXXXXX", NULL));
    file = apr_pstrcat(pool, folder, "/clients", NULL);
    test_read();
    test_add();
    test_not_shown();
    test_place();
    test_remove();
    test_trouble();
    apr_file_remove(file, pool);
    ok(rmdir(folder) == 0, "no file is left behind");
    apr_terminate();
    return tap_done();
}
