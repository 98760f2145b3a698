/* SPDX-License-Identifier: Apache-2.0 */
#include "wordlist.h"
#include "tap.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_file_io.h>
#include <apr_general.h>
#include <apr_strings.h>

/* SHA-1 of "password", "P@ssw0rd" and "letmein". */
#define SHA1_PASSWORD "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8"
#define SHA1_P_AT     "21BD12DC183F740EE76F27B78EB39C8AD972A757"
#define SHA1_LETMEIN  "B7A875FC1EA228B9061041B7CEC4BD3C52AB3CE3"

static apr_pool_t *pool;
static const char *folder;

static const char *write_file(const char *name, const char *text, apr_size_t len)
{
    const char *path = apr_pstrcat(pool, folder, "/", name, NULL);
    FILE *file = fopen(path, "wb");

    if (!file || fwrite(text, 1, len, file) != len || fclose(file) != 0) {
        perror(path);
        exit(1);
    }
    return path;
}

static int has(const um_wordlist_t *list, const char *typed, const char *lower)
{
    return um_wordlist_has(list, typed, strlen(typed), lower, strlen(lower));
}

typedef struct find_case_t {
    const char *text;      /* of the file */
    const char *typed, *lower;
    int want;
    const char *name;
} find_case_t;

#define WORDS "123456\nabc\npassword\nqwerty\nzz\n"
#define DIGESTS SHA1_P_AT ":77\n" SHA1_PASSWORD ":9545824\n" SHA1_LETMEIN ":3\n"

static const find_case_t find_cases[] = {
    {WORDS, "123456", "123456", 1, "first word"},
    {WORDS, "abc", "abc", 1, "second word"},
    {WORDS, "Password", "password", 1, "by its lower-case form"},
    {WORDS, "qwerty", "qwerty", 1, "last but one"},
    {WORDS, "zz", "zz", 1, "last word"},
    {WORDS, "password", "Password", 0, "words are not looked for as typed"},
    {WORDS, "passwor", "passwor", 0, "beginning of a word"},
    {WORDS, "passwords", "passwords", 0, "word with something behind it"},
    {WORDS, "!", "!", 0, "before the first word"},
    {WORDS, "zzz", "zzz", 0, "after the last word"},
    {WORDS, "\xc3\xa4", "\xc3\xa4", 0, "bytes are compared unsigned"},
    {WORDS, "", "", 0, "the empty word"},
    {WORDS, "abc\npassword", "abc\npassword", 0, "two lines are no word"},
    {"a\n\xc3\xa4\n", "\xc3\x84", "\xc3\xa4", 1, "UTF-8"},
    {"123456\r\nabc\r\npassword\r\n", "abc", "abc", 1, "CR LF"},
    {"123456\r\nabc\r\npassword\r\n", "password", "password", 1, "CR LF, last word"},
    {"123456\r\nabc\r\npassword\r\n", "abc\r", "abc\r", 0, "CR is no part of the word"},
    {"abc\npassword", "password", "password", 1, "last line without an end"},
    {"abc", "abc", "abc", 1, "one word without an end"},
    {"abc\n", "abc", "abc", 1, "one word"},
    {"abc\nabc\nabd\n", "abd", "abd", 1, "the same word twice does no harm"},
    {"# made by\n#\n# sort\n!\nabc\n", "abc", "abc", 1, "comments at the top are skipped"},
    {"# made by\n!\nabc\n", "# made by", "# made by", 0, "and are no words"},
    {"#\n#1pimp\n#2\nabc\n", "#1pimp", "#1pimp", 1, "a # and something is a word"},
    {"!\n# 1\nabc\n", "# 1", "# 1", 1, "so is # and a blank further down"},
    {DIGESTS, "password", "x", 1, "digest"},
    {DIGESTS, "P@ssw0rd", "p@ssw0rd", 1, "digest of the first line, of the password as typed"},
    {DIGESTS, "p@ssw0rd", "P@ssw0rd", 0, "not of its lower-case form"},
    {DIGESTS, "letmein", "x", 1, "digest of the last line"},
    {DIGESTS, "letmeout", "letmein", 0, "no such digest"},
    {"# HIBP\n" SHA1_PASSWORD ":1\r\n", "password", "x", 1, "one digest, comment, CR LF"},
    {SHA1_PASSWORD ":1", "password", "x", 1, "one digest, no line end"},
    {"0000000000000000000000000000000000000000\nabc\n", "abc", "abc", 1, "40 digits without a count are a word"},
};

static void test_find(void)
{
    apr_size_t i;

    for (i = 0; i < sizeof(find_cases) / sizeof(find_cases[0]); i++) {
        const find_case_t *c = &find_cases[i];
        const char *why = "-", *path = write_file("find", c->text, strlen(c->text));
        um_wordlist_t *list = NULL;

        if (um_wordlist_open(pool, path, &list, &why) != APR_SUCCESS) {
            ok(0, "%s: %s", c->name, why);
            continue;
        }
        is_int(has(list, c->typed, c->lower), c->want, c->name);
    }
}

typedef struct refuse_case_t {
    const char *text;
    apr_size_t len;    /* 0: strlen(text) */
    const char *why;   /* must be within the reason */
    const char *name;
} refuse_case_t;

static const refuse_case_t refuse_cases[] = {
    {"", 0, "is empty", "empty file"},
    {"# nothing\n#\n", 0, "holds no words", "comments only"},
    {"b\na\n", 0, "line 2 is out of order: sort the list with LC_ALL=C sort -u", "not sorted"},
    {"# x\n#\na\nc\nb\n", 0, "line 5 is out of order", "not sorted, lines counted with the comments"},
    {"abcd\nabc\n", 0, "line 2 is out of order", "the longer of two with a common beginning comes second"},
    {"\xc3\xa4\nz\n", 0, "line 2 is out of order", "sorted by a language's rules"},
    {"#1\n# a comment too late\nabc\n", 0, "line 2 is out of order", "comment below a word"},
    {"Abc\nabc\n", 0, "line 1 has capitals", "capitals"},
    {"a\0b\nc\n", 6, "line 1 holds a NUL", "NUL"},
    {"a\0\n\0b\0\n\0", 8, "line 1 holds a NUL", "UTF-16"},
    {SHA1_PASSWORD ":1\n" SHA1_P_AT ":1\n", 0, "line 2 is out of order", "digests not sorted"},
    {SHA1_P_AT ":1\n" SHA1_P_AT ":1\n" SHA1_P_AT ":1\n" SHA1_P_AT ":1\n" SHA1_P_AT ":1\n" SHA1_P_AT ":1\n"
     SHA1_P_AT ":1\n" SHA1_P_AT ":1\n" SHA1_P_AT ":\n", 0, "line 9 is not 40 upper-case", "line without count"},
};

static void refuse(const char *path, const char *want, const char *name)
{
    const char *why = NULL;
    um_wordlist_t *list = NULL;
    apr_status_t status = um_wordlist_open(pool, path, &list, &why);

    if (!ok(status != APR_SUCCESS && !list && why && strstr(why, want), "the list is refused: %s", name)) {
        printf("#  got: %s\n# want: %s\n", why ? why : "(null)", want);
    }
}

static void test_refuse(void)
{
    apr_size_t i;
    const char *fifo = apr_pstrcat(pool, folder, "/fifo", NULL);

    for (i = 0; i < sizeof(refuse_cases) / sizeof(refuse_cases[0]); i++) {
        const refuse_case_t *c = &refuse_cases[i];

        refuse(write_file("refuse", c->text, c->len ? c->len : strlen(c->text)), c->why, c->name);
    }
    refuse(apr_pstrcat(pool, folder, "/absent", NULL), "cannot be opened: No such file", "absent");
    refuse(folder, "is not a regular file", "a folder");
    if (mkfifo(fifo, 0600) == 0) {
        refuse(fifo, "is not a regular file", "a pipe, without waiting for a writer");
        unlink(fifo);
    }
}

/* Over 4 MiB: words of seven digits, in order but for what spoil says. */
static const char *write_large(const char *name, int spoil)
{
    const char *path = apr_pstrcat(pool, folder, "/", name, NULL);
    FILE *file = fopen(path, "wb");
    int i;

    for (i = 0; file && i < 700000; i++) {
        fprintf(file, "%07d\n", spoil ? (int)(i * 7919LL % 700000) : i);
    }
    if (!file || fclose(file) != 0) {
        perror(path);
        exit(1);
    }
    return path;
}

static void test_large(void)
{
    static const char *const there[] = {"0000000", "0000001", "0349999", "0350000", "0699998", "0699999"};
    static const char *const absent[] = {"0700000", "000000", "00000000", "0350000x", " "};
    const char *path = write_large("large", 0), *why = "-";
    um_wordlist_t *list = NULL;
    apr_size_t i;

    if (!ok(um_wordlist_open(pool, path, &list, &why) == APR_SUCCESS, "a large file is opened")) {
        printf("# %s\n", why);
        return;
    }
    for (i = 0; i < sizeof(there) / sizeof(there[0]); i++) {
        ok(has(list, there[i], there[i]), "the word %s is found", there[i]);
    }
    for (i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
        ok(!has(list, absent[i], absent[i]), "the word %s is not found", absent[i]);
    }
    refuse(write_large("large", 1), "is out of order", "large file that is not sorted");
}

/* A line that no window holds, in the middle of a large file, and one at its end. */
static void test_long_line(void)
{
    const apr_size_t size = 5 * 1024 * 1024;
    char *text = malloc(size);
    apr_size_t i;

    for (i = 0; text && i < size; i++) {
        text[i] = i % 8 == 7 ? '\n' : 'a';
    }
    if (!ok(text != NULL, "memory for a large file")) {
        return;
    }
    memset(text + size / 2, 'a', 20000);
    refuse(write_file("large", text, size), "is longer than 4 KB", "a large file with a line that is too long");
    memset(text, 'a', size);
    refuse(write_file("large", text, size), "is longer than 4 KB", "a large file of one line");
    free(text);
}

static void test_every_word(const char *file)
{
    const char *why = "-";
    um_wordlist_t *list = NULL;
    FILE *words = fopen(file, "rb");
    char line[256];
    int count = 0, found = 0, wrong = 0;

    if (!words) {
        ok(0, "%s is read: set srcdir to where the sources are", file);
        return;
    }
    if (!ok(um_wordlist_open(pool, file, &list, &why) == APR_SUCCESS, "the list %s is opened", file)) {
        printf("# %s\n", why);
        fclose(words);
        return;
    }
    while (fgets(line, sizeof(line), words)) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '#' && (line[1] == ' ' || line[1] == '\0')) {
            continue;
        }
        count++;
        found += has(list, line, line);
        wrong += has(list, line, apr_pstrcat(pool, line, "\x01", NULL));
    }
    fclose(words);
    ok(count > 3000, "the list has more than 3000 words");
    is_int(found, count, "each word of the list is found");
    is_int(wrong, 0, "no word with a byte more is found");
}

/* What an administrator does while the server runs. */
static void test_replaced(void)
{
    const char *old_path = write_file("list", "old\n", 4), *new_path = write_file("new", "new\n", 4), *why;
    um_wordlist_t *list = NULL, *next = NULL;

    um_wordlist_open(pool, old_path, &list, &why);
    ok(rename(new_path, old_path) == 0 && has(list, "old", "old") && !has(list, "new", "new"),
       "a list replaced by rename stays as it was");
    um_wordlist_open(pool, old_path, &next, &why);
    ok(next && has(next, "new", "new") && !has(next, "old", "old"),
       "the changed words are found after the list was opened again");
}

/* --- files that are written over where they lie: a mapped one would end the process --- */

typedef struct writer_t {
    const char *path;
    atomic_int done;
} writer_t;

static void *write_over(void *data)
{
    writer_t *writer = data;
    int i;

    for (i = 0; i < 40; i++) {
        if (truncate(writer->path, i % 4 * 1000001) != 0) {
            break;
        }
        usleep(500);
    }
    atomic_store(&writer->done, i);
    return NULL;
}

static void test_cut(const char *path, const char *first, const char *last, int stays)
{
    writer_t writer = { path, 0 };
    um_wordlist_t *list = NULL;
    pthread_t thread;
    const char *why = "-";
    int before, after;

    if (!ok(um_wordlist_open(pool, path, &list, &why) == APR_SUCCESS, "a list that will be cut short is opened")) {
        printf("# %s\n", why);
        return;
    }
    before = has(list, first, first) && has(list, last, last);
    if (pthread_create(&thread, NULL, write_over, &writer) != 0) {
        ok(0, "no thread");
        return;
    }
    while (!atomic_load(&writer.done)) {
        (void)has(list, first, first);
        (void)has(list, last, last);
    }
    pthread_join(thread, NULL);
    ok(truncate(path, 0) == 0 && atomic_load(&writer.done) == 40, "the file was cut, grown and emptied");
    after = has(list, first, first) && has(list, last, last);
    ok(before && after == stays, "the words of the list are %s", stays ? "all still there" : "gone, and that is all");
}

static void test_copied_over(void)
{
    const char *path = write_large("large", 0), *why;
    um_wordlist_t *list = NULL;
    FILE *file;
    int i;

    if (!ok(um_wordlist_open(pool, path, &list, &why) == APR_SUCCESS, "a large list that will be copied over")) {
        return;
    }
    file = fopen(path, "r+b");
    for (i = 0; file && i < 800000; i++) {
        fprintf(file, "%07d\n", 2 * i);
    }
    ok(file && fclose(file) == 0 && has(list, "0000002", "0000002") && has(list, "1599998", "1599998")
       && !has(list, "0000003", "0000003"), "a larger one copied over it is looked up as it is now");
}

int main(void)
{
    const char *srcdir = getenv("srcdir"), *parent = NULL;
    static const char *const names[] = {"find", "refuse", "large", "list", "small"};
    char *made;
    apr_size_t i;

    apr_initialize();
    atexit(apr_terminate);
    apr_pool_create(&pool, NULL);
    apr_temp_dir_get(&parent, pool);
    made = apr_pstrcat(pool, parent, "/test_wordlist.XXXXXX", NULL);
    folder = mkdtemp(made);
    if (!folder) {
        perror(made);
        return 1;
    }
    test_find();
    test_refuse();
    test_large();
    test_every_word(apr_pstrcat(pool, srcdir ? srcdir : ".", "/conf/common-passwords.txt", NULL));
    test_replaced();
    test_long_line();
    test_cut(write_file("small", WORDS, strlen(WORDS)), "123456", "zz", 1);
    test_cut(write_large("large", 0), "0000001", "0699998", 0);
    test_copied_over();
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        unlink(apr_pstrcat(pool, folder, "/", names[i], NULL));
    }
    rmdir(folder);
    apr_pool_destroy(pool);
    return tap_done();
}
