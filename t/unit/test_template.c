/* SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"
#include "smtpd.h"
#include "langtag.h"
#include "mail_kind.h"
#include "template.h"
#include "template_pieces.h"

#include <sys/stat.h>

#include <apr_general.h>

#define COUNT(table) (sizeof(table) / sizeof(*(table)))

static const char *const names[] = { "username", "first_name", "last_name", "email", "token", "url", "expires", "site",
                                     "new_email", NULL };
static apr_pool_t *pool;
static const char *folder;

/* A template's texts between |, or what is wrong with it. */
static const char *filled(const char *text, const char *html, const um_template_value_t *values, int count)
{
    apr_size_t text_len = strlen(text), html_len = html ? strlen(html) : 0;
    char *text_copy = malloc(text_len + 1), *html_copy = html ? malloc(html_len + 1) : NULL;
    const char *why = NULL, *got[3];
    um_template_t *t = NULL;
    int in_html, line;
    apr_status_t status;

    /* Of their own length, so that the address sanitizer sees a byte too many. */
    memcpy(text_copy, text, text_len);
    if (html) {
        memcpy(html_copy, html, html_len);
    }
    status = um_template_parse(pool, text_copy, text_len, html_copy, html_len, names, &t, &in_html, &line, &why);
    free(text_copy);
    free(html_copy);
    if (status != APR_SUCCESS) {
        return apr_psprintf(pool, "%s%d: %s", in_html ? "html " : "", line, why);
    }
    status = um_template_fill(pool, t, values, count, &got[0], &got[1], &got[2]);
    return status == APR_SUCCESS ? apr_pstrcat(pool, got[0], "|", got[1], got[2] ? "|" : "", got[2], NULL)
                                 : apr_psprintf(pool, "status %d", status == APR_EINVAL);
}

static void test_fill(void)
{
    static const um_template_value_t values[] = {
        { "username", "alice" }, { "site", "A & B <\"x\"> 'y'" }, { "first_name", "Al\r\nBcc: x@example.org" },
        { "last_name", "\xc2\x85l\xe2\x80\xa8m\x01n\x7f" },
        { "url", "https://example.org/?a=1&t=\"x" }, { "email", NULL },
        { "token", "{username}" }, { "new_email", "Inc." }, { "unknown", "x" },
    };
    static const struct {
        const char *text, *html, *want;
    } cases[] = {
        { "Subject: s\n\ntext\n", NULL, "s|text\n" },
        { "Subject: s\n\n", NULL, "s|" },
        { "SUBJECT:s {username}\r\n\r\na\r\nb\rc\n", NULL, "s alice|a\nb\nc\n" },
        { "\xef\xbb\xbfSubject: \t s\n\nx", "\xef\xbb\xbf<p>", "s|x|<p>" },
        { "Subject: {username}{username}\n\n{username}, {username}", "{username}", "alicealice|alice, alice|alice" },
        { "Subject: s\n\n{{username} {{{username}} }{{", "p {{ x }", "s|{username} {alice} }{|p { x }" },
        { "Subject: {site}\n\n{site}", "{site}",
          "A & B <\"x\"> 'y'|A & B <\"x\"> 'y'|A &amp; B &lt;&quot;x&quot;&gt; &#39;y&#39;" },
        { "Subject: {first_name}\n\n{first_name}", "{first_name}",
          "Al  Bcc: x@example.org|Al  Bcc: x@example.org|Al  Bcc: x@example.org" },
        { "Subject: {last_name}|\n\n", NULL, " l m n ||" },
        { "Subject: s\n\n", "<a href=\"{url}\">", "s||<a href=\"https://example.org/?a=1&amp;t=&quot;x\">" },
        { "Subject: s\n\n<{email}><{expires}>", NULL, "s|<><>" },
        { "Subject: {token}\n\n{token}", "{token}", "{username}|{username}|{username}" },
        { "Subject: {new_email}.\n\n{new_email}. {new_email}.\n{new_email}.",
          "<p>{new_email}.</p>{new_email}, {new_email}.html {new_email}.{new_email}{new_email}",
          "Inc.|Inc. Inc.\nInc.|<p>Inc.</p>Inc., Inc..html Inc..Inc.Inc." },
        { "Subject: {site}.\n\n{email}.", NULL, "A & B <\"x\"> 'y'.|." },
        { "", NULL, "1: the first line is not \"Subject: ...\"" },
        { "Betreff: s\n\nx", NULL, "1: the first line is not \"Subject: ...\"" },
        { "Subject: \n\nx", NULL, "1: the subject is empty" },
        { "Subject: s", NULL, "2: no empty line behind the subject" },
        { "Subject: s\nx\n", NULL, "2: no empty line behind the subject" },
        { "Subject: {nobody}\n\nx", NULL, "1: no placeholder is called {nobody}; there are: username, first_name, "
          "last_name, email, token, url, expires, site, new_email" },
        { "Subject: {user\n\nx", NULL, "1: a { without its } (a brace of the text itself is written {{)" },
        { "Subject: s\n\na\n\n{user\nname}", NULL, "5: a { without its } (a brace of the text itself is written {{)" },
        { "Subject: s\n\n{user{name}", NULL, "3: a { without its } (a brace of the text itself is written {{)" },
        { "Subject: s\n\nx{", NULL, "3: a { without its } (a brace of the text itself is written {{)" },
        { "Subject: s\n\nx", "<p>\n<p>\n{", "html 3: a { without its } (a brace of the text itself is written {{)" },
        { "Subject: s\n\n\xff", NULL, "1: not UTF-8 text" },
        { "Subject: s\n\nx", "\xc3", "html 1: not UTF-8 text" },
    };
    static const um_template_value_t bad[] = { { "username", "\xff" } };
    apr_size_t i;

    for (i = 0; i < COUNT(cases); ++i) {
        is_text(filled(cases[i].text, cases[i].html, values, COUNT(values)), cases[i].want,
                apr_psprintf(pool, "case %d", (int)i));
    }
    is_text(filled("Subject: s\n\n", NULL, bad, 1), "status 1", "a value that is not UTF-8");
    ok(strstr(filled(apr_psprintf(pool, "Subject: s\n\n{%063d\u20ac}", 7), NULL, NULL, 0), "0007};") != NULL,
       "a long name is cut where a character begins");
    ok(strstr(filled("Subject: s\n\n{}", NULL, NULL, 0), "no placeholder is called {};") != NULL,
       "an empty placeholder is refused");
}

static void put(const char *name, const char *text, apr_size_t len)
{
    FILE *out = fopen(apr_pstrcat(pool, folder, "/", name, NULL), "w");

    fwrite(text, 1, len, out);
    fclose(out);
}

static void remove_all(void)
{
    smtpd_clear(pool, folder);
    smtpd_folder(pool, folder, "");
}

static const char *const kinds[] = { "reset", "verify", NULL };

/* The reason why the folder cannot be read, without its name; "" when it can. */
static const char *refusal(um_templates_t **templates)
{
    const char *why = NULL;
    apr_status_t status = um_templates_read(pool, folder, kinds, names, "en", templates, &why);

    return status == APR_SUCCESS ? "" : why && strncmp(why, folder, strlen(folder)) == 0 ? why + strlen(folder) : why;
}

static void test_read(void)
{
    static const struct {
        const char *file, *text, *want;
    } cases[] = {
        { "README", "\xff", "" },
        { "other.en.txt", "\xff", "" },
        { "reset.en.txt.bak", "\xff", "" },
        { ".reset.fr.txt", "\xff", "" },
        { "resets.fr.txt", "\xff", "" },
        { "reset.fr.txt", "Subject: s\n\n\n{x}", "/reset.fr.txt:4: no placeholder is called {x}; there are: username, "
          "first_name, last_name, email, token, url, expires, site, new_email" },
        { "reset.en.html", "\n{", "/reset.en.html:2: a { without its } (a brace of the text itself is written {{)" },
        { "reset.fr.html", "x", "/reset.fr.html: needs reset.fr.txt beside it" },
        { "reset.de_AT.txt", "Subject: s\n\n", "/reset.de_AT.txt: names no language: it is KIND.LANGUAGE.txt or "
          ".html, with a language such as de or de-AT" },
        { "reset.txt", "Subject: s\n\n", "" },
        { "reset..txt", "Subject: s\n\n", "/reset..txt: names no language: it is KIND.LANGUAGE.txt or .html, "
          "with a language such as de or de-AT" },
        { "reset.EN.txt", "Subject: s\n\n", "/reset.en.txt: there is another for this language, in other letters" },
    };
    char *large = calloc(1, UM_TEMPLATE_MAX + 1);
    um_templates_t *templates;
    apr_size_t i;

    is_text(refusal(&templates), "/reset.en.txt: No such file or directory", "a kind without a template");
    for (i = 0; i < COUNT(cases); ++i) {
        put("reset.en.txt", "Subject: s\n\nx", 13);
        put("verify.en.txt", "Subject: s\n\nx", 13);
        put(cases[i].file, cases[i].text, strlen(cases[i].text));
        is_text(refusal(&templates), cases[i].want, cases[i].file);
        remove_all();
    }
    memset(large, 'x', UM_TEMPLATE_MAX + 1);
    memcpy(large, "Subject: s\n\n", 12);
    put("verify.en.txt", "Subject: s\n\nx", 13);
    put("reset.en.txt", large, UM_TEMPLATE_MAX);
    is_text(refusal(&templates), "", "the longest template is accepted");
    put("reset.en.txt", large, UM_TEMPLATE_MAX + 1);
    is_text(refusal(&templates), "/reset.en.txt:1: longer than 256 KB", "longer than the longest");
    unlink(apr_pstrcat(pool, folder, "/reset.en.txt", NULL));
    mkfifo(apr_pstrcat(pool, folder, "/reset.en.txt", NULL), 0600);
    is_text(refusal(&templates), "/reset.en.txt: not a regular file", "a pipe is not waited for");
    remove_all();
    rmdir(folder);
    is_text(refusal(&templates), ": No such file or directory", "a missing folder is told as such");
    smtpd_folder(pool, folder, "");
    free(large);
}

static void test_find(void)
{
    static const struct {
        const char *kind, *language, *want;
    } cases[] = {
        { "reset", "", "en" }, { "reset", NULL, "en" }, { "reset", "en", "en" }, { "reset", "de", "de" },
        { "reset", "DE", "de" }, { "reset", "de-AT", "de-AT" }, { "reset", "DE-at-1996", "de-AT" },
        { "reset", "de-CH", "de" },
        { "reset", "fr", "en" }, { "reset", "d", "en" }, { "reset", "../de", "en" }, { "reset", "de-", "de" },
        { "reset", "dede-AT", "en" }, { "verify", "de-AT", "en" },
        { "reset", "x-123456789-123456789-123456789-12345", "en" },
    };
    static const char *const there[] = { "reset.en", "reset.de", "reset.de-AT", "verify.en", "verify.pt-BR",
                                         "verify.zh-Hant" };
    const char *subject, *text, *html, *found = "";
    um_templates_t *templates = NULL;
    apr_size_t i;

    for (i = 0; i < COUNT(there); ++i) {
        text = apr_pstrcat(pool, "Subject: ", strchr(there[i], '.') + 1, "\n\nx", NULL);
        put(apr_pstrcat(pool, there[i], ".txt", NULL), text, strlen(text));
    }
    is_text(refusal(&templates), "", "several languages are read");
    for (i = 0; i < COUNT(cases); ++i) {
        um_template_fill(pool, um_templates_find(templates, cases[i].kind, cases[i].language, &found), NULL, 0,
                         &subject, &text, &html);
        is_text(found, cases[i].want, "the language that was found is told");
        is_text(subject, cases[i].want, cases[i].language ? cases[i].language : "(none)");
    }
    ok(um_templates_find(templates, "other", "de", NULL) == NULL, "a kind that was not read");
    is_text(um_templates_language(pool, templates, "fr, pt;q=0.5, de;q=0.4"), "pt-BR", "a language that one kind has");
    is_text(um_templates_language(pool, templates, "fr"), "", "a language that none has");
}

static void test_accept(void)
{
    static const struct {
        const char *header, *want;
    } cases[] = {
        { NULL, "" }, { "", "" }, { "*", "" }, { "de", "de" }, { "DE", "de" }, { "en, de", "en" }, { "de, en", "de" },
        { "en;q=0.5, de", "de" }, { "en;q=0.5,de;q=0.50", "en" }, { "fr, en;q=0.2, de;q=0.3", "de" },
        { "fr;q=1.0,*;q=0.1", "" }, { "en;q=0", "" }, { "en;q=0, de;q=0.001", "de" },
        { "en;q=0.0004,de;q=0.001", "de" },
        { "de-CH", "de" }, { "de-CH, en;q=0.9", "de" }, { "de-at", "de-AT" }, { "de-AT-1996-x-y", "de-AT" },
        { "pt", "pt-BR" }, { "pt-PT", "" }, { "pt, en", "pt-BR" }, { "zh-TW", "" }, { "zh", "zh-Hant" },
        { "de-AT;q=0, de", "de" }, { "de;q=0, de-AT", "de-AT" }, { "de;q=0, de-AT;q=0, de-CH, en;q=0.1", "en" },
        { "en-GB, *;q=0", "en" }, { " \t de \t ; \t q=0.1 , en;q=0.2 ", "en" }, { "en;Q=0.1, de;q=0.2", "de" },
        { ",,,de,,", "de" }, { "e n, de", "de" }, { "en;q=2, de;q=0.1", "de" }, { "en;q=1.001, de;q=0.1", "de" },
        { "en;q=, de;q=0.1", "de" }, { "en;q=0.5x, de;q=0.1", "de" }, { "en;level=1, de;q=0.1", "de" },
        { "en;q=-1, de;q=0.1", "de" }, { "de;q=1.000", "de" }, { "de;q=1.", "de" }, { "en_US, de;q=0.1", "de" },
        { "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,de", "de" },
        { "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,de", "" },
        { "abcdefghi, de;q=0.1", "de" }, { "d\xc3\xa4, de;q=0.1", "de" },
    };
    static const char *const there[] = { "de", "de-AT", "en", "pt-BR", "zh-Hant" };
    apr_array_header_t *tags = apr_array_make(pool, 8, sizeof(const char *));
    apr_size_t i;
    int found;

    for (i = 0; i < COUNT(there); ++i) {
        APR_ARRAY_PUSH(tags, const char *) = there[i];
    }
    for (i = 0; i < COUNT(cases); ++i) {
        found = um_langtag_accept(tags, cases[i].header);
        is_text(found < 0 ? "" : APR_ARRAY_IDX(tags, found, const char *), cases[i].want,
                cases[i].header ? cases[i].header : "(no header)");
    }
}

static void test_shipped(void)
{
    const char *const *shipped = um_mail_kind_names(pool);
    static const char *const languages[] = { "en", "de" };
    um_template_value_t values[COUNT(names) - 1], stops[COUNT(names) - 1];
    const char *srcdir = getenv("srcdir"), *why = "", *subject[2], *text, *html;
    um_templates_t *templates = NULL;
    apr_size_t i, k;

    for (i = 0; i < COUNT(values); ++i) {
        values[i].name = names[i];
        values[i].value = apr_psprintf(pool, "<%s>", names[i]);
        stops[i] = (um_template_value_t){ names[i], "Example Inc." };
    }
    is_int(um_templates_read(pool, apr_pstrcat(pool, srcdir ? srcdir : ".", "/conf/mail", NULL), shipped, names, "en",
                             &templates, &why), APR_SUCCESS, "the templates of the project are read");
    for (k = 0; templates && shipped[k]; ++k) {
        const um_mail_kind_t *kind = um_mail_kind_find(shipped[k]);
        int is_named = kind->to != UM_MAIL_TO_UNVERIFIED && kind->to != UM_MAIL_TO_PENDING;

        for (i = 0; i < 2; ++i) {
            um_template_fill(pool, um_templates_find(templates, shipped[k], languages[i], NULL), values, COUNT(values),
                             &subject[i], &text, &html);
            ok(strlen(subject[i]) < 70 && html && !strchr(html, '{') && !strstr(html, "<site>")
               && strstr(html, "&lt;site&gt;"), "%s.%s", shipped[k], languages[i]);
            is_int(strstr(text, "<username>") != NULL, is_named, "  to a stranger's address without the name");
            is_int(strstr(html, "username") != NULL, is_named, "the HTML has the name only where the template has it");
            ok(!kind->has_token || (strstr(text, "\nToken: <token>\n") && strstr(text, "\n<url>\n")
                                    && strstr(text, "<expires>") && strstr(html, "href=\"&lt;url&gt;\"")),
               "  with what the account's owner needs");
        }
        ok(strcmp(subject[0], subject[1]) != 0, "the subjects of two languages differ");
        for (i = 0; i < 2; ++i) {
            um_template_fill(pool, um_templates_find(templates, shipped[k], languages[i], NULL), stops, COUNT(stops),
                             &subject[i], &text, &html);
            ok(!strstr(text, "..") && !strstr(html, "..") && !strstr(subject[i], ".."), "  no doubled full stop");
        }
    }
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    folder = smtpd_scratch(pool, "test_template");
    test_fill();
    test_read();
    test_find();
    test_accept();
    test_shipped();
    smtpd_clear(pool, folder);
    apr_terminate();
    return tap_done();
}
