/* SPDX-License-Identifier: Apache-2.0 */
#include "mailmsg.h"
#include "mailaddr.h"
#include "unicode.h"

#include <string.h>

#include <apr_strings.h>

#include <openssl/evp.h>

/* The longest line (RFC 2045 6.7, RFC 2047 2). An encoded-word is one shorter, for the blank in front of it. */
#define LINE 76
/* "=?UTF-8?B?" and "?=" */
#define WORD_FRAME 12
/* Cannot occur in quoted-printable text, where = is followed by hexadecimal digits or a line end (RFC 2045 6.7). */
#define BOUNDARY "=_alternative"

/* The message so far; column counts from the last line end. */
typedef struct out_t {
    apr_pool_t *pool;
    char *bytes;
    apr_size_t len;
    apr_size_t room;
    apr_size_t column;
} out_t;

static void put_bytes(out_t *out, const char *bytes, apr_size_t len)
{
    char *larger;

    if (out->room - out->len <= len) {
        out->room = (out->room + len) * 2;
        larger = apr_palloc(out->pool, out->room);
        if (out->len) {
            memcpy(larger, out->bytes, out->len);
        }
        out->bytes = larger;
    }
    memcpy(out->bytes + out->len, bytes, len);
    out->len += len;
    out->bytes[out->len] = '\0';
    out->column += len;
}

static void put(out_t *out, const char *text)
{
    put_bytes(out, text, strlen(text));
}

static void end_line(out_t *out)
{
    put(out, "\r\n");
    out->column = 0;
}

static void put_line(out_t *out, const char *text)
{
    put(out, text);
    end_line(out);
}

/* --- headers --- */

/* Adds a blank and a word, on a new line when it does not fit. */
static void put_word(out_t *out, const char *word)
{
    if (out->column + 1 + strlen(word) > LINE) {
        end_line(out);
    }
    put(out, " ");
    put(out, word);
}

/* How many bytes of text one base64 word can carry, room at most: all that is left, or a multiple of three that ends
 * with a whole character. 0: none. */
static apr_size_t base64_part(const char *text, apr_size_t left, apr_size_t room)
{
    apr_size_t take = room - room % 3;

    if (left <= room) {
        return left;
    }
    while (take > 0 && (text[take] & 0xc0) == 0x80) {
        take -= 3;
    }
    return take;
}

/* Adds the first character of text as a word in Q encoding, which has no padding. Returns its bytes. */
static apr_size_t put_q_word(out_t *out, const char *text)
{
    const char *word = "=?UTF-8?Q?";
    apr_size_t len = 0;

    do {
        word = apr_psprintf(out->pool, "%s=%02X", word, (unsigned char)text[len]);
        ++len;
    } while ((text[len] & 0xc0) == 0x80);
    put_word(out, apr_pstrcat(out->pool, word, "?=", NULL));
    return len;
}

/* Adds text as encoded-words. Each word holds whole characters, because each is decoded by itself (RFC 2047 5). Only
 * the last base64 word is padded: readers that join adjacent words before they decode them (GMime) stop at the first
 * padding. Where no character ends at a multiple of three bytes, one character in Q encoding shifts the rest. (Among 12
 * bytes of characters of the same length there is such an end.) */
static void put_encoded(out_t *out, const char *text)
{
    unsigned char base64[LINE + 4];
    apr_size_t left = strlen(text), room, take;

    while (left > 0) {
        room = out->column + 1 + WORD_FRAME < LINE ? (LINE - out->column - 1 - WORD_FRAME) / 4 * 3 : 0;
        take = base64_part(text, left, room);
        if (take == 0 && room < 12) {
            end_line(out);
            continue;
        }
        if (take == 0) {
            take = put_q_word(out, text);
        }
        else {
            EVP_EncodeBlock(base64, (const unsigned char *)text, (int)take);
            put(out, " =?UTF-8?B?");
            put(out, (const char *)base64);
            put(out, "?=");
        }
        text += take;
        left -= take;
    }
}

/* text without blanks at its ends, and with blanks for control characters, which could end the header. */
static const char *clean(apr_pool_t *pool, const char *text)
{
    char *copy = apr_pstrdup(pool, text), *at;

    for (at = copy; *at; ++at) {
        if ((unsigned char)*at < ' ' || *at == 0x7f) {
            *at = ' ';
        }
    }
    while (at > copy && at[-1] == ' ') {
        *--at = '\0';
    }
    return copy + strspn(copy, " ");
}

/* Whether every mail reader shows text as it is: printable ASCII that does not look like an encoded-word. */
static int is_plain(const char *text)
{
    const char *at;

    for (at = text; *at; ++at) {
        if (*at < ' ' || *at > '~') {
            return 0;
        }
    }
    return strstr(text, "=?") == NULL;
}

static const char *quote(apr_pool_t *pool, const char *text)
{
    char *quoted = apr_palloc(pool, 2 * strlen(text) + 3), *to = quoted;

    *to++ = '"';
    for (; *text; ++text) {
        if (*text == '"' || *text == '\\') {
            *to++ = '\\';
        }
        *to++ = *text;
    }
    *to++ = '"';
    *to = '\0';
    return quoted;
}

static void put_subject(out_t *out, const char *text)
{
    const char *subject = clean(out->pool, text);

    put(out, "Subject:");
    if (is_plain(subject) && out->column + 1 + strlen(subject) <= LINE) {
        put_word(out, subject);
    }
    else {
        put_encoded(out, subject);
    }
    end_line(out);
}

static void put_mailbox(out_t *out, const char *field, const char *name, const char *address)
{
    const char *shown = clean(out->pool, name ? name : ""), *quoted = quote(out->pool, shown);

    put(out, field);
    if (*shown && is_plain(shown) && out->column + 1 + strlen(quoted) <= LINE) {
        put_word(out, quoted);
    }
    else {
        put_encoded(out, shown);
    }
    put_word(out, apr_pstrcat(out->pool, "<", address, ">", NULL));
    end_line(out);
}

static void put_date(out_t *out, const apr_time_exp_t *date)
{
    put_line(out, apr_psprintf(out->pool, "Date: %s, %d %s %d %02d:%02d:%02d +0000", apr_day_snames[date->tm_wday],
                               date->tm_mday, apr_month_snames[date->tm_mon], date->tm_year + 1900, date->tm_hour,
                               date->tm_min, date->tm_sec));
}

/* --- parts --- */

static apr_size_t line_end(const char *at)
{
    return *at == '\n' ? 1 : *at == '\r' ? 1 + (at[1] == '\n') : 0;
}

/* Whether a character may stand for itself (RFC 2045 6.7). At the start of a line a dot and "From " are encoded as
 * well, though they need not be: some mail programs take the dot for the end of the message and put a > before "From ".
 */
static int is_literal(const char *at, int is_first)
{
    if (*at == ' ' || *at == '\t') {
        return at[1] != '\0' && !line_end(at + 1);
    }
    return *at > ' ' && *at <= '~' && *at != '=' && !(is_first && (*at == '.' || strncmp(at, "From ", 5) == 0));
}

static void put_quoted_printable(out_t *out, const char *text)
{
    static const char digits[] = "0123456789ABCDEF";
    char coded[4] = "=";
    int literal;
    apr_size_t skip;

    for (; *text; text += skip ? skip : 1) {
        skip = line_end(text);
        if (skip) {
            end_line(out);
            continue;
        }
        literal = is_literal(text, out->column == 0);
        if (out->column + (literal ? 1 : 3) >= LINE) {
            put_line(out, "=");
            literal = is_literal(text, 1);
        }
        coded[1] = digits[(unsigned char)*text >> 4];
        coded[2] = digits[*text & 15];
        put_bytes(out, literal ? text : coded, literal ? 1 : 3);
    }
    if (out->column) {
        end_line(out);
    }
}

static void put_part(out_t *out, const char *type, const char *text)
{
    put_line(out, apr_pstrcat(out->pool, "Content-Type: ", type, "; charset=utf-8", NULL));
    put_line(out, "Content-Transfer-Encoding: quoted-printable");
    end_line(out);
    put_quoted_printable(out, text);
}

static void put_body(out_t *out, const char *text, const char *html)
{
    put_line(out, "MIME-Version: 1.0");
    if (!html) {
        put_part(out, "text/plain", text);
        return;
    }
    put_line(out, "Content-Type: multipart/alternative; boundary=\"" BOUNDARY "\"");
    end_line(out);
    put_line(out, "--" BOUNDARY);
    put_part(out, "text/plain", text);
    /* The line end before a boundary belongs to the boundary (RFC 2046 5.1.1), so the part needs its own as well. */
    end_line(out);
    put_line(out, "--" BOUNDARY);
    put_part(out, "text/html", html);
    end_line(out);
    put_line(out, "--" BOUNDARY "--");
}

/* --- the message --- */

static int is_utf8(const char *text)
{
    return !text || um_unicode_valid(text, strlen(text));
}

apr_status_t um_mailmsg_build(apr_pool_t *pool, const um_mailmsg_t *m, const char **bytes, apr_size_t *len)
{
    out_t out = { pool, NULL, 0, 0, 0 };
    const char *from, *to, *id;
    apr_time_exp_t date;
    apr_status_t status;

    if ((status = um_mailaddr_ascii(pool, m->from_address, &from)) != APR_SUCCESS
        || (status = um_mailaddr_ascii(pool, m->to_address, &to)) != APR_SUCCESS
        || (status = um_mailaddr_ascii(pool, m->message_id, &id)) != APR_SUCCESS) {
        return status;
    }
    if (!is_utf8(m->from_name) || !is_utf8(m->to_name) || !is_utf8(m->subject) || !is_utf8(m->text)
        || !is_utf8(m->html) || m->date < 0 || apr_time_exp_gmt(&date, m->date) != APR_SUCCESS
        || date.tm_year + 1900 > 9999) {
        return APR_EINVAL;
    }
    put_date(&out, &date);
    put_mailbox(&out, "From:", m->from_name, from);
    put_mailbox(&out, "To:", m->to_name, to);
    put_subject(&out, m->subject);
    put(&out, "Message-ID:");
    put_word(&out, apr_pstrcat(pool, "<", id, ">", NULL));
    end_line(&out);
    put_line(&out, "Auto-Submitted: auto-generated");
    put_line(&out, "X-Auto-Response-Suppress: All");
    put_body(&out, m->text, m->html);
    *bytes = out.bytes;
    *len = out.len;
    return APR_SUCCESS;
}
