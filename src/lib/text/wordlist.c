/* SPDX-License-Identifier: Apache-2.0 */
#include "wordlist.h"

#include "wipe.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_file_io.h>
#include <apr_portable.h>
#include <apr_strings.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#define DIGEST      20
#define DIGEST_HEX  40
#define FIRST_LINES 8                 /* decide which form the list has */
#define READ_ALL    (4 * 1024 * 1024) /* bytes; of a larger file only samples are checked */
#define REACH       4096              /* bytes read before and behind an offset in a larger file: the longest line */
#define SAMPLES     256               /* each may cost a seek on the disk */

static const char hex[] = "0123456789ABCDEF";

struct um_wordlist_t {
    const char *bytes; /* the whole file; NULL: it is larger, and read from fd */
    int fd;
    apr_off_t size;    /* of the file when it was opened */
    apr_off_t words;   /* offset of the first word, behind the comments at the top */
    int is_digests;
};

/* Bytes of the file around an offset. */
typedef struct window_t {
    const char *bytes;
    apr_off_t start, end;
    char buffer[2 * REACH];
} window_t;

/* A line without its line end, valid as long as its window, and the offsets of this line and the next one. */
typedef struct line_t {
    const char *text;
    apr_size_t len;
    apr_off_t start, next;
} line_t;

/* The file is not mapped: if it were cut short, SIGBUS would end the process. Here it only ends earlier. */
static void look(const um_wordlist_t *list, apr_off_t begin, apr_off_t place, apr_off_t end, window_t *window)
{
    ssize_t got = 1;

    if (list->bytes) {
        window->bytes = list->bytes;
        window->start = 0;
        window->end = list->size;
        return;
    }
    window->bytes = window->buffer;
    window->start = place - begin > REACH ? place - REACH : begin;
    window->end = window->start;
    end = end - place > REACH ? place + REACH : end;
    while (window->end < end && got != 0) {
        got = pread(list->fd, window->buffer + (window->end - window->start), (size_t)(end - window->end),
                    window->end);
        if (got < 0 && errno != EINTR) {
            return;
        }
        window->end += got > 0 ? got : 0;
    }
}

/* The line that the byte at place belongs to, in the words from begin to end. False when the file does not reach so
 * far any more, or the line is longer than a window. */
static int line_around(const um_wordlist_t *list, apr_off_t begin, apr_off_t place, apr_off_t end, window_t *window,
                       line_t *line)
{
    const char *feed, *from;

    look(list, begin, place, end, window);
    if (window->end <= place) {
        return 0;
    }
    end = end < window->end ? end : window->end;
    from = window->bytes + (begin > window->start ? begin - window->start : 0);
    feed = memrchr(from, '\n', (apr_size_t)(window->bytes + (place - window->start) - from));
    if (!feed && window->start > begin) {
        return 0;
    }
    line->text = feed ? feed + 1 : from;
    line->start = window->start + (line->text - window->bytes);
    feed = memchr(line->text, '\n', (apr_size_t)(end - line->start));
    line->len = feed ? (apr_size_t)(feed - line->text) : (apr_size_t)(end - line->start);
    line->next = line->start + (apr_off_t)line->len + (feed != NULL);
    if (!feed && line->len >= REACH && !list->bytes) {
        return 0;
    }
    if (line->len > 0 && line->text[line->len - 1] == '\r') {
        line->len--;
    }
    return 1;
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

/* What is wrong with line, which comes after before; NULL: nothing. */
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
    window_t window;
    line_t before, line = { NULL, 0, 0, list->words };
    const char *flaw = NULL;

    for (; !flaw && line.next < list->size; number++) {
        before = line;
        (void)line_around(list, before.next, before.next, list->size, &window, &line);
        flaw = line_flaw(list, before.text ? &before : NULL, &line);
    }
    return flaw ? apr_psprintf(pool, "line %d %s", number - 1, flaw) : NULL;
}

/* Checks samples from the first line to near the last: each against the sample before it, and the next line against the
 * sample. */
static const char *check_samples(apr_pool_t *pool, const um_wordlist_t *list)
{
    window_t windows[2];
    line_t lines[2];
    line_t *before = NULL, *line = lines;
    apr_off_t last = list->size - list->words - 1;
    const char *flaw = NULL;
    int i;

    for (i = 0; i < 2 * SAMPLES && !flaw; i++) {
        apr_off_t place = i % 2 && before ? before->next : list->words + last / (SAMPLES - 1) * (i / 2);

        if (place >= list->size) {
            continue;
        }
        line = lines + (before == lines);
        line->start = place;
        flaw = line_around(list, i % 2 ? place : list->words, place, list->size, windows + (line - lines), line)
             ? line_flaw(list, before, line) : "is longer than 4 KB";
        before = line;
    }
    return flaw ? apr_psprintf(pool, "the line at byte %" APR_OFF_T_FMT " %s", line->start, flaw) : NULL;
}

/* --- opening --- */

static int skip_comments(um_wordlist_t *list)
{
    window_t window;
    line_t line;
    int number = 1;

    while (list->words < list->size
           && line_around(list, list->words, list->words, list->size, &window, &line)
           && line.len > 0 && line.text[0] == '#' && (line.len == 1 || line.text[1] == ' ')) {
        list->words = line.next;
        number++;
    }
    return number;
}

static int starts_with_digests(const um_wordlist_t *list)
{
    window_t window;
    line_t line = { NULL, 0, 0, list->words };
    int i;

    for (i = 0; i < FIRST_LINES && line.next < list->size; i++) {
        if (!line_around(list, line.next, line.next, list->size, &window, &line) || !is_digest(&line)) {
            return 0;
        }
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
    um_wipe(digest, sizeof(digest));
    return good;
}

static const char *check(apr_pool_t *pool, um_wordlist_t *list)
{
    char digits[DIGEST_HEX];
    int number = skip_comments(list);

    if (list->words == list->size) {
        return "holds no words";
    }
    list->is_digests = starts_with_digests(list);
    if (list->is_digests && !digest_hex("", 0, digits)) {
        return "holds SHA-1 digests, and this OpenSSL does not work out SHA-1: use a list of words";
    }
    return list->bytes ? check_all(pool, list, number) : check_samples(pool, list);
}

static apr_status_t read_all(apr_pool_t *pool, apr_file_t *file, um_wordlist_t *list)
{
    char *bytes = apr_palloc(pool, (apr_size_t)list->size);
    apr_size_t got = 0;
    apr_status_t status = apr_file_read_full(file, bytes, (apr_size_t)list->size, &got);

    list->bytes = bytes;
    list->size = (apr_off_t)got;
    return APR_STATUS_IS_EOF(status) ? APR_SUCCESS : status;
}

static const char *reason(apr_pool_t *pool, const char *what, apr_status_t status)
{
    char text[120];

    return apr_pstrcat(pool, what, ": ", apr_strerror(status, text, sizeof(text)), NULL);
}

static apr_status_t open_file(apr_pool_t *pool, const char *name, um_wordlist_t *list, const char **why)
{
    /* If it is a pipe, opening must not wait for a writer. */
    apr_int32_t flags = APR_FOPEN_READ | APR_FOPEN_BINARY | APR_FOPEN_LARGEFILE | APR_FOPEN_NONBLOCK;
    apr_file_t *file;
    apr_finfo_t info;
    apr_status_t status = apr_file_open(&file, name, flags, APR_FPROT_OS_DEFAULT, pool);

    if (status != APR_SUCCESS) {
        *why = reason(pool, "cannot be opened", status);
        return status;
    }
    status = apr_file_info_get(&info, APR_FINFO_TYPE | APR_FINFO_SIZE, file);
    if (status != APR_SUCCESS || info.filetype != APR_REG || info.size == 0) {
        *why = status == APR_SUCCESS && info.filetype == APR_REG ? "is empty" : "is not a regular file";
        apr_file_close(file);
        return APR_EINVAL;
    }
    list->size = info.size;
    if (info.size > READ_ALL) {
        return apr_os_file_get(&list->fd, file);
    }
    status = read_all(pool, file, list);
    apr_file_close(file);
    if (status != APR_SUCCESS) {
        *why = reason(pool, "cannot be read", status);
    }
    return status;
}

apr_status_t um_wordlist_open(apr_pool_t *pool, const char *file, um_wordlist_t **list, const char **why)
{
    um_wordlist_t *opened = apr_pcalloc(pool, sizeof(*opened));
    apr_status_t status = open_file(pool, file, opened, why);

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

/* The size of the file now: another list may have been copied into it. */
static apr_off_t size_now(const um_wordlist_t *list)
{
    struct stat now;

    return !list->bytes && fstat(list->fd, &now) == 0 ? now.st_size : list->size;
}

int um_wordlist_has(const um_wordlist_t *list, const char *typed, apr_size_t typed_len, const char *lower,
                    apr_size_t lower_len)
{
    apr_off_t begin = list->words, end = size_now(list), place;
    apr_size_t len = list->is_digests ? DIGEST_HEX : lower_len;
    const char *word = lower;
    char digits[DIGEST_HEX];
    window_t window;
    line_t line;
    int order = 1;

    if (list->is_digests) {
        if (!digest_hex(typed, typed_len, digits)) {
            return 0;
        }
        word = digits;
    }
    while (order != 0 && begin < end) {
        place = begin + (end - begin) / 2;
        if (!line_around(list, begin, place, end, &window, &line)) {
            end = place;
            continue;
        }
        order = compare(word, len, line.text, list->is_digests && line.len > DIGEST_HEX ? DIGEST_HEX : line.len);
        if (order < 0) {
            end = line.start;
        }
        else {
            begin = line.next;
        }
    }
    um_wipe(digits, sizeof(digits));
    return order == 0;
}
