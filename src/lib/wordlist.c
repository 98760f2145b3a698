/* SPDX-License-Identifier: Apache-2.0 */
#include "wordlist.h"

#include <string.h>

#include <apr_file_io.h>
#include <apr_mmap.h>
#include <apr_strings.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#define DIGEST      20
#define DIGEST_HEX  40
#define FIRST_LINES 8                 /* tell the form */
#define READ_ALL    (4 * 1024 * 1024) /* bytes; from larger files samples */
#define SAMPLES     256               /* each may cost a seek */

static const char hex[] = "0123456789ABCDEF";

struct um_wordlist_t {
    const char *words; /* behind the comments at the top */
    const char *end;
    int is_digests;
};

/* A line without its end, and where the next one begins. */
typedef struct line_t {
    const char *text;
    apr_size_t len;
    const char *next;
} line_t;

static line_t line_at(const char *text, const char *end)
{
    const char *feed = memchr(text, '\n', (apr_size_t)(end - text));
    line_t line = {text, 0, feed ? feed + 1 : end};

    line.len = (apr_size_t)((feed ? feed : end) - text);
    if (line.len > 0 && text[line.len - 1] == '\r') {
        line.len--;
    }
    return line;
}

/* The line that the byte at place belongs to, not before begin. */
static line_t line_around(const char *begin, const char *place, const char *end)
{
    const char *feed = memrchr(begin, '\n', (apr_size_t)(place - begin));

    return line_at(feed ? feed + 1 : begin, end);
}

static int compare(const char *a, apr_size_t a_len, const char *b, apr_size_t b_len)
{
    int order = memcmp(a, b, a_len < b_len ? a_len : b_len);

    return order != 0 ? order : a_len < b_len ? -1 : a_len > b_len;
}

/* --- checks when it is opened --- */

static int is_digest(const line_t *line)
{
    apr_size_t i;

    if (line->len < DIGEST_HEX + 2 || line->text[DIGEST_HEX] != ':') {
        return 0;
    }
    for (i = 0; i < DIGEST_HEX; i++) {
        if (!memchr(hex, line->text[i], 16)) {
            return 0;
        }
    }
    for (i++; i < line->len; i++) {
        if (line->text[i] < '0' || line->text[i] > '9') {
            return 0;
        }
    }
    return 1;
}

static int has_capital(const line_t *line)
{
    apr_size_t i;

    for (i = 0; i < line->len; i++) {
        if (line->text[i] >= 'A' && line->text[i] <= 'Z') {
            return 1;
        }
    }
    return 0;
}

/* What is wrong with line, coming after before; NULL: nothing. */
static const char *line_flaw(const um_wordlist_t *list, const line_t *before, const line_t *line)
{
    if (list->is_digests) {
        if (!is_digest(line)) {
            return "is not 40 upper-case hexadecimal digits, a colon and a count, as the first lines are";
        }
        return before && memcmp(before->text, line->text, DIGEST_HEX) > 0
            ? "is out of order: sort the list with LC_ALL=C sort -u" : NULL;
    }
    if (memchr(line->text, '\0', line->len)) {
        return "holds a NUL: the list must be UTF-8 text";
    }
    if (has_capital(line)) {
        return "has capitals and would never be found: make the list with LC_ALL=C tr A-Z a-z | LC_ALL=C sort -u";
    }
    return before && compare(before->text, before->len, line->text, line->len) > 0
        ? "is out of order: sort the list with LC_ALL=C sort -u, with line ends of LF" : NULL;
}

static const char *check_all(apr_pool_t *pool, const um_wordlist_t *list, int number)
{
    line_t before, line = line_at(list->words, list->end);
    const char *flaw = line_flaw(list, NULL, &line);

    while (!flaw && line.next < list->end) {
        before = line;
        line = line_at(before.next, list->end);
        flaw = line_flaw(list, &before, &line);
        number++;
    }
    return flaw ? apr_psprintf(pool, "line %d %s", number, flaw) : NULL;
}

/* From the first line to about the last: each sample against the one before, and the line behind it against it. */
static const char *check_samples(apr_pool_t *pool, const um_wordlist_t *list, const char *file)
{
    apr_size_t last = (apr_size_t)(list->end - list->words) - 1;
    line_t before = {NULL, 0, NULL}, line;
    const char *flaw = NULL;
    int i;

    for (i = 0; i < SAMPLES && !flaw; i++) {
        line = line_around(list->words, list->words + last / (SAMPLES - 1) * (apr_size_t)i, list->end);
        flaw = line_flaw(list, before.text ? &before : NULL, &line);
        before = line;
        if (!flaw && before.next < list->end) {
            line = line_at(before.next, list->end);
            flaw = line_flaw(list, &before, &line);
        }
    }
    return flaw ? apr_psprintf(pool, "the line at byte %" APR_SIZE_T_FMT " %s", (apr_size_t)(line.text - file), flaw)
                : NULL;
}

/* --- opening --- */

static int skip_comments(um_wordlist_t *list)
{
    line_t line;
    int number = 1;

    while (list->words < list->end) {
        line = line_at(list->words, list->end);
        if (line.len == 0 || line.text[0] != '#' || (line.len > 1 && line.text[1] != ' ')) {
            break;
        }
        list->words = line.next;
        number++;
    }
    return number;
}

static int starts_with_digests(const um_wordlist_t *list)
{
    const char *text = list->words;
    line_t line;
    int i;

    for (i = 0; i < FIRST_LINES && text < list->end; i++) {
        line = line_at(text, list->end);
        if (!is_digest(&line)) {
            return 0;
        }
        text = line.next;
    }
    return 1;
}

/* SHA-1 of text in upper-case hexadecimal. A FIPS-only OpenSSL may not have it. */
static int digest_hex(const char *text, apr_size_t len, char digits[DIGEST_HEX])
{
    unsigned char digest[DIGEST];
    int i, good;

    ERR_set_mark();
    good = EVP_Digest(text, len, digest, NULL, EVP_sha1(), NULL) == 1;
    ERR_pop_to_mark();
    for (i = 0; good && i < DIGEST; i++) {
        digits[2 * i] = hex[digest[i] >> 4];
        digits[2 * i + 1] = hex[digest[i] & 15];
    }
    OPENSSL_cleanse(digest, sizeof(digest));
    return good;
}

static const char *check(apr_pool_t *pool, um_wordlist_t *list)
{
    const char *file = list->words;
    char digits[DIGEST_HEX];
    int number = skip_comments(list);

    if (list->words == list->end) {
        return "holds no words";
    }
    list->is_digests = starts_with_digests(list);
    if (list->is_digests && !digest_hex("", 0, digits)) {
        return "holds SHA-1 digests, and this OpenSSL does not work out SHA-1: use a list of words";
    }
    return list->end - list->words <= READ_ALL ? check_all(pool, list, number) : check_samples(pool, list, file);
}

static apr_status_t map_file(apr_pool_t *pool, const char *file, um_wordlist_t *list, const char **why)
{
    /* Not to wait for a writer, should it be a pipe. */
    apr_int32_t flags = APR_FOPEN_READ | APR_FOPEN_BINARY | APR_FOPEN_LARGEFILE | APR_FOPEN_NONBLOCK;
    char reason[120];
    apr_file_t *opened;
    apr_finfo_t info;
    apr_mmap_t *map;
    apr_status_t status = apr_file_open(&opened, file, flags, APR_FPROT_OS_DEFAULT, pool);

    if (status != APR_SUCCESS) {
        *why = apr_psprintf(pool, "cannot be opened: %s", apr_strerror(status, reason, sizeof(reason)));
        return status;
    }
    status = apr_file_info_get(&info, APR_FINFO_TYPE | APR_FINFO_SIZE, opened);
    if (status != APR_SUCCESS || info.filetype != APR_REG) {
        *why = "is not a regular file";
        status = APR_EINVAL;
    }
    else if (info.size == 0) {
        *why = "is empty";
        status = APR_EINVAL;
    }
    else if ((apr_uint64_t)info.size > (apr_size_t)-1 / 2) {
        *why = "is too large for this machine's addresses";
        status = APR_EINVAL;
    }
    else {
        status = apr_mmap_create(&map, opened, 0, (apr_size_t)info.size, APR_MMAP_READ, pool);
        if (status == APR_SUCCESS) {
            list->words = map->mm;
            list->end = list->words + info.size;
        }
        else {
            *why = apr_psprintf(pool, "cannot be mapped: %s", apr_strerror(status, reason, sizeof(reason)));
        }
    }
    apr_file_close(opened);
    return status;
}

apr_status_t um_wordlist_open(apr_pool_t *pool, const char *file, um_wordlist_t **list, const char **why)
{
    um_wordlist_t *opened = apr_pcalloc(pool, sizeof(*opened));
    apr_status_t status = map_file(pool, file, opened, why);

    if (status != APR_SUCCESS) {
        return status;
    }
    *why = check(pool, opened);
    if (*why) {
        return APR_EINVAL;
    }
    *list = opened;
    return APR_SUCCESS;
}

/* --- looking up --- */

int um_wordlist_has(const um_wordlist_t *list, const char *typed, apr_size_t typed_len, const char *lower,
                    apr_size_t lower_len)
{
    const char *begin = list->words, *end = list->end, *word = lower;
    apr_size_t len = list->is_digests ? DIGEST_HEX : lower_len;
    char digits[DIGEST_HEX];
    int order = 1;
    line_t line;

    if (list->is_digests) {
        if (!digest_hex(typed, typed_len, digits)) {
            return 0;
        }
        word = digits;
    }
    while (order != 0 && begin < end) {
        line = line_around(begin, begin + (end - begin) / 2, end);
        order = compare(word, len, line.text, list->is_digests && line.len > DIGEST_HEX ? DIGEST_HEX : line.len);
        if (order < 0) {
            end = line.text;
        }
        else {
            begin = line.next;
        }
    }
    OPENSSL_cleanse(digits, sizeof(digits));
    return order == 0;
}
