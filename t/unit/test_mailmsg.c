/* SPDX-License-Identifier: Apache-2.0 */
/* What is built here is read by another program, t/lib/mailread.py, and must mean the same there. */
#include "tap.h"
#include "smtpd.h"
#include "mailaddr.h"
#include "mailmsg.h"

#include <apr_general.h>
#include <apr_time.h>

#define COUNT(table) (sizeof(table) / sizeof(*(table)))
#define DATE 1763848799                /* Sat, 22 Nov 2025 21:59:59 +0000 */
#define TEN "0123456789"
#define FIFTY TEN TEN TEN TEN TEN
#define LONG_LOCAL FIFTY "01234567890123"
#define LONG_ADDRESS LONG_LOCAL "@" FIFTY ".example." FIFTY ".example." FIFTY ".example"
#define EURO "\xe2\x82\xac"
#define GRIN "\xf0\x9f\x98\x80"
#define FOUR_EUROS EURO EURO EURO EURO
#define TEN_GRINS GRIN GRIN GRIN GRIN GRIN GRIN GRIN GRIN GRIN GRIN

static apr_pool_t *pool;

static const um_mailmsg_t plain = { "Example", "noreply@example.org", "Alice", "alice@example.org", "Hello", "text\n",
                                    NULL, "1@example.org", DATE * APR_USEC_PER_SEC };

/* One message as its reader shall see it; NULL: as plain. */
typedef struct case_t {
    const char *from_name, *to_name, *to, *subject, *text, *html;
    const char *want_from_name, *want_to_name, *want_subject, *want_text, *want_html;
} case_t;

static const case_t cases[] = {
    { .text = NULL },
    { .from_name = "", .to_name = "", .subject = "" },
    { .from_name = "Example & Sons", .to_name = "O'Neil, Alice <x@example.net> (her)",
      .subject = "a, b: \"c\" <d> (e) \\" },
    { .from_name = "\"Quoted\" \\ back", .to_name = "a@b" },
    { .from_name = "M\xc3\xbcller", .to_name = "\xc3\x84rger \"\xc3\x96l\"", .subject = "Gr\xc3\xbc\xc3\x9f" "e" },
    { .from_name = GRIN, .to_name = TEN_GRINS TEN_GRINS, .subject = GRIN " " TEN_GRINS TEN_GRINS TEN_GRINS " x" },
    { .subject = "a" EURO EURO EURO EURO EURO EURO EURO EURO EURO EURO EURO EURO EURO EURO EURO EURO EURO EURO EURO
      EURO EURO EURO EURO EURO EURO EURO EURO EURO EURO EURO EURO EURO EURO EURO EURO EURO EURO EURO EURO EURO EURO },
    { .subject = "a" FOUR_EUROS FOUR_EUROS FOUR_EUROS FOUR_EUROS FOUR_EUROS FOUR_EUROS,
      .to_name = "\xc3\xa4" FOUR_EUROS FOUR_EUROS FOUR_EUROS FOUR_EUROS "b" FOUR_EUROS FOUR_EUROS FOUR_EUROS },
    { .subject = "ab" FOUR_EUROS FOUR_EUROS FOUR_EUROS FOUR_EUROS FOUR_EUROS GRIN FOUR_EUROS FOUR_EUROS FOUR_EUROS,
      .from_name = "a" TEN_GRINS TEN_GRINS TEN_GRINS "bc" TEN_GRINS TEN_GRINS },
    { .subject = "Gr\xc3\xbc\xc3\x9f" "e aus M\xc3\xbcnchen: Best\xc3\xa4tige deine Adresse f\xc3\xbcr die B\xc3\xbc"
      "cherei in K\xc3\xb6ln-S\xc3\xbc" "d, Stra\xc3\x9f" "e 12" },
    { .subject = "=?UTF-8?Q?x?= =?", .to_name = "=?utf-8?b?eA==?=" },
    { .subject = FIFTY TEN "1234567" }, { .subject = FIFTY TEN "12345678" }, { .subject = FIFTY " " FIFTY " " FIFTY },
    { .to_name = FIFTY TEN "1234567890" }, { .to_name = FIFTY TEN "123456789" }, { .to_name = FIFTY FIFTY FIFTY FIFTY },
    { .to = LONG_ADDRESS, .to_name = "Alice" },
    { .subject = "Hi\r\nBcc: x@example.net\r\n\r\nbody", .want_subject = "Hi  Bcc: x@example.net    body" },
    { .to_name = "A\nBcc: x@example.net", .from_name = "\tB\rX: y\x7f\x01", .want_to_name = "A Bcc: x@example.net",
      .want_from_name = "B X: y" },
    { .subject = "  a  b  ", .want_subject = "a  b", .to_name = "\r\n", .want_to_name = "" },
    { .subject = "\xc3\xbc\r\nBcc: x@example.net", .want_subject = "\xc3\xbc  Bcc: x@example.net" },
    { .text = "" , .want_text = "" },
    { .text = "a\r\nb\rc\n\nd", .want_text = "a\\nb\\nc\\n\\nd\\n" },
    { .text = "trailing \nblanks\t\n \n", .want_text = "trailing \\nblanks\t\\n \\n" },
    { .text = ".\n..\n.x\nFrom me\nFrom\n=3D=\n--=_alternative\n",
      .want_text = ".\\n..\\n.x\\nFrom me\\nFrom\\n=3D=\\n--=_alternative\\n" },
    { .text = FIFTY TEN TEN "12345\n" FIFTY TEN TEN "123456\n" FIFTY TEN TEN "1234567\n" FIFTY TEN TEN "1234 \n",
      .want_text = FIFTY TEN TEN "12345\\n" FIFTY TEN TEN "123456\\n" FIFTY TEN TEN "1234567\\n" FIFTY TEN TEN
      "1234 \\n" },
    { .text = FIFTY FIFTY FIFTY TEN_GRINS TEN_GRINS TEN_GRINS EURO "\xc3\xa4.\xc3\xa4\n",
      .want_text = FIFTY FIFTY FIFTY TEN_GRINS TEN_GRINS TEN_GRINS EURO "\xc3\xa4.\xc3\xa4\\n" },
    { .text = FIFTY TEN TEN "12345.x\n" FIFTY TEN TEN "1234\xc3\xa4\n",
      .want_text = FIFTY TEN TEN "12345.x\\n" FIFTY TEN TEN "1234\xc3\xa4\\n" },
    { .html = "<p>\xc3\xa4</p>\n", .want_html = "<p>\xc3\xa4</p>\\n" },
    { .text = "--=_alternative--\nno end", .html = "<p>\n\n--=_alternative\n</p>",
      .want_text = "--=_alternative--\\nno end\\n", .want_html = "<p>\\n\\n--=_alternative\\n</p>\\n" },
    { .text = "", .html = "", .want_text = "", .want_html = "" },
};

static const char *or(const char *given, const char *otherwise)
{
    return given ? given : otherwise;
}

static const char *escaped(const char *text)
{
    const char *out = "", *slash;

    while ((slash = strchr(text, '\\')) != NULL) {
        out = apr_pstrcat(pool, out, apr_pstrmemdup(pool, text, (apr_size_t)(slash - text)), "\\\\", NULL);
        text = slash + 1;
    }
    return apr_pstrcat(pool, out, text, NULL);
}

/* What mailread.py shall print of a case. */
static const char *wanted(const case_t *c)
{
    const char *from = escaped(or(c->want_from_name, or(c->from_name, "Example")));
    const char *to = escaped(or(c->want_to_name, or(c->to_name, "Alice")));

    return apr_psprintf(pool, "from-name: %s\nfrom: noreply@example.org\nto-name: %s\nto: %s\nsubject: %s\ndate: %d\n"
                        "id: <1@example.org>\ntype: %s\ntext: %s\n%s%s%sauto-submitted: auto-generated\n"
                        "x-auto-response-suppress: All\nmime-version: 1.0\n%s", from, to,
                        or(c->to, "alice@example.org"), escaped(or(c->want_subject, or(c->subject, "Hello"))), DATE,
                        c->html ? "multipart/alternative" : "text/plain", or(c->want_text, "text\\n"),
                        c->html ? "html: " : "", or(c->want_html, ""), c->html ? "\n" : "",
                        c->html ? "" : "content-transfer-encoding: quoted-printable\n");
}

static apr_status_t build(const case_t *c, const char **bytes, apr_size_t *len)
{
    um_mailmsg_t m = plain;

    m.from_name = or(c->from_name, m.from_name);
    m.to_name = or(c->to_name, m.to_name);
    m.to_address = or(c->to, m.to_address);
    m.subject = or(c->subject, m.subject);
    m.text = or(c->text, m.text);
    m.html = c->html;
    return um_mailmsg_build(pool, &m, bytes, len);
}

static void test_reading(const char *folder)
{
    const char *srcdir = getenv("srcdir"), *bytes, *end, *command;
    char *said;
    apr_size_t i, len;
    FILE *out;

    for (i = 0; i < COUNT(cases); ++i) {
        if (build(&cases[i], &bytes, &len) != APR_SUCCESS || strlen(bytes) != len) {
            ok(0, "case %d is built", (int)i);
            return;
        }
        out = fopen(apr_psprintf(pool, "%s/%02d.eml", folder, (int)i), "w");
        fwrite(bytes, 1, len, out);
        fclose(out);
    }
    command = apr_psprintf(pool, "/usr/bin/python3 '%s/t/lib/mailread.py' '%s'/*.eml >'%s/said'", srcdir ? srcdir : ".",
                           folder, folder);
    is_int(system(command), 0, "all messages are read by a mail parser");
    said = apr_pstrdup(pool, smtpd_file(pool, folder, "said", &len));
    for (i = 0; i < COUNT(cases); ++i) {
        end = strstr(said, "\n\n");
        is_text(end ? apr_pstrmemdup(pool, said, (apr_size_t)(end + 1 - said)) : said, wanted(&cases[i]),
                apr_psprintf(pool, "case %d is read as it was meant", (int)i));
        said += end ? end + 2 - said : 0;
    }
}

/* As bytes, for what a reader forgives. */
static void test_bytes(void)
{
    case_t c = { .subject = "\xc3\x84" FIFTY EURO, .to_name = "\"A\"" };
    const char *bytes = "";
    apr_size_t len;

    is_int(build(&c, &bytes, &len), APR_SUCCESS, "the message is built");
    is_text(bytes, "Date: Sat, 22 Nov 2025 21:59:59 +0000\r\nFrom: \"Example\" <noreply@example.org>\r\n"
            "To: \"\\\"A\\\"\" <alice@example.org>\r\n"
            "Subject: =?UTF-8?B?w4QwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2?=\r\n"
            " =?UTF-8?B?Nzg5MDEyMzQ1Njc4OeKCrA==?=\r\nMessage-ID: <1@example.org>\r\nAuto-Submitted: auto-generated\r\n"
            "X-Auto-Response-Suppress: All\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
            "Content-Transfer-Encoding: quoted-printable\r\n\r\ntext\r\n", "every byte of it");
}

static void test_refusals(void)
{
    static const char *const ids[] = { "", "a", "@b", "a@", "a@b@c", "a b@c", "a@b>\r\nX: y", "<a@b>", "\xc3\xa4@b",
                                       FIFTY FIFTY "@b" };
    um_mailmsg_t m;
    const char *bytes;
    apr_size_t len, i;

    for (i = 0; i < COUNT(ids); ++i) {
        m = plain;
        m.message_id = ids[i];
        is_int(um_mailmsg_build(pool, &m, &bytes, &len), APR_EINVAL, apr_psprintf(pool, "message id %d", (int)i));
    }
#define REFUSED(member, value) \
    m = plain; \
    m.member = value; \
    is_int(um_mailmsg_build(pool, &m, &bytes, &len), APR_EINVAL, #member)
    REFUSED(from_address, "a@b\r\nBcc: x@example.net");
    REFUSED(to_address, "a@b\nBcc: x@example.net");
    REFUSED(from_name, "\xff");
    REFUSED(to_name, "\xc3");
    REFUSED(subject, "\xed\xa0\x80");
    REFUSED(text, "\xff");
    REFUSED(html, "\xff");
    REFUSED(date, -1);
    REFUSED(date, APR_INT64_C(253402300800) * APR_USEC_PER_SEC);
    m = plain;
    m.date = APR_INT64_C(253402300799) * APR_USEC_PER_SEC;
    m.message_id = "1@\xc3\xa4.example";
    ok(um_mailmsg_build(pool, &m, &bytes, &len) == APR_SUCCESS && strstr(bytes, "Message-ID: <1@xn--4ca.example>\r\n"),
       "a message id with a domain in letters of its own");
    is_int(um_mailmsg_build(pool, &m, &bytes, &len), APR_SUCCESS, "the last second of the year 9999");
    ok(strncmp(bytes, "Date: Fri, 31 Dec 9999 23:59:59 +0000\r\n", 39) == 0,
       "a date beyond the last one is written as the last one");
}

static void test_addresses(void)
{
    static const struct {
        const char *address, *want;                /* NULL: refused */
    } rows[] = {
        { "a@b", "a@b" }, { "A.b+c-d_e@Ex-ample.ORG", "A.b+c-d_e@Ex-ample.ORG" }, { "!#$%&'*+-/=?^_`{|}~@b.c",
          "!#$%&'*+-/=?^_`{|}~@b.c" }, { LONG_LOCAL "@b.c", LONG_LOCAL "@b.c" }, { LONG_LOCAL "x@b.c", NULL },
        { LONG_ADDRESS, LONG_ADDRESS }, { LONG_ADDRESS "." FIFTY, NULL },
        { "a@" FIFTY TEN "123.d", "a@" FIFTY TEN "123.d" },
        { "a@" FIFTY TEN "1234.d", NULL }, { "", NULL }, { "@", NULL }, { "a", NULL }, { "a@", NULL }, { "@b", NULL },
        { "a@b@c", NULL }, { ".a@b", NULL }, { "a.@b", NULL }, { "a..b@c", NULL }, { "a@.b", NULL }, { "a@b.", NULL },
        { "a@b..c", NULL }, { "a@-b", NULL }, { "a@b-", NULL }, { "a@b-.c", NULL }, { "a@b.-c", NULL },
        { "-a@b", "-a@b" }, { "a b@c", NULL }, { "a@b c", NULL }, { "a@b\r\n", NULL }, { "a\n@b", NULL },
        { "<a@b>", NULL }, { "\"a\"@b", NULL }, { "a@[127.0.0.1]", NULL },
        { "a,b@c", NULL }, { "a@b_c", NULL }, { "a@b\x7f", NULL }, { "\xc3\xa4@b.c", NULL },
        { "a@b\xc3\xbc" "cher.example", "a@xn--bcher-kva.example" },
        { "a@B\xc3\x9c" "CHER.example", "a@xn--bcher-kva.example" },
        { "a@bu\xcc\x88" "cher.example", "a@xn--bcher-kva.example" }, { "a@\xe4\xbe\x8b\xe3\x81\x88.\xe3\x83\x86"
          "\xe3\x82\xb9\xe3\x83\x88", "a@xn--r8jz45g.xn--zckzah" }, { "a@stra\xc3\x9f" "e.example",
          "a@xn--strae-oqa.example" }, { "a@\xff.example", NULL }, { "a@\xe2\x80\x8b.example", NULL },
        { "a@-\xc3\xbc.example", NULL }, { "a@x\xc3\xbc\r\ny.example", NULL }, { "a@\xc3\xbc b.example", NULL },
        { "a@\xc3\xbc@b.example", NULL }, { "a@\xe2\x91\xa0\xe2\x80\xa4.example", NULL },
    };
    const char *got;
    apr_size_t i;

    for (i = 0; i < COUNT(rows); ++i) {
        got = NULL;
        if (um_mailaddr_ascii(pool, rows[i].address, &got) != APR_EINVAL && !got) {
            got = "(wrong status)";
        }
        is_text(got, rows[i].want, apr_psprintf(pool, "address %d", (int)i));
    }
}

int main(void)
{
    const char *folder;

    if (!smtpd_can()) {
        return 0;
    }
    apr_initialize();
    apr_pool_create(&pool, NULL);
    folder = smtpd_scratch(pool, "test_mailmsg");
    test_reading(folder);
    test_bytes();
    test_refusals();
    test_addresses();
    smtpd_clear(pool, folder);
    apr_terminate();
    return tap_done();
}
