/* SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"
#include "smtpd.h"
#include "html.h"
#include "json.h"
#include "template_pieces.h"

#include <sys/stat.h>

#include <apr_general.h>

#define COUNT(table) (sizeof(table) / sizeof(*(table)))
#define ENGLISH "direction = ltr\nlanguage_name = English\n"
#define GERMAN "direction = ltr\nlanguage_name = Deutsch\n"

static const char *const names[] = { "a", "b", "c", "name", "user", "list", "rows", NULL };
static const char *const pages[] = { "p", NULL };
static apr_pool_t *pool;
static const char *folder, *custom;

static void put(const char *where, const char *name, const char *text, apr_size_t len)
{
    FILE *out = fopen(apr_pstrcat(pool, where, "/", name, NULL), "w");

    fwrite(text, 1, len, out);
    fclose(out);
}

static void put_text(const char *where, const char *name, const char *text)
{
    put(where, name, text, strlen(text));
}

/* Both folders anew, with a page that shows little. */
static void begin(void)
{
    smtpd_clear(pool, folder);
    smtpd_folder(pool, folder, "");
    smtpd_folder(pool, custom, "");
    put_text(folder, "p.html", "page");
    put_text(folder, "style.css", "main {}\n");
    put_text(folder, "messages.en.txt", ENGLISH);
}

/* The reason why the folders cannot be read, without the name of the first; "" when they can. */
static const char *refusal(const char *own, um_html_t **html)
{
    const char *why = NULL;
    apr_status_t status = um_html_read(pool, folder, own, pages, names, html, &why);

    if (status == APR_SUCCESS) {
        return why ? "a reason without an error" : "";
    }
    return why && strncmp(why, folder, strlen(folder)) == 0 ? why + strlen(folder) : why;
}

static um_json_t *object(const char *json)
{
    const char *why = "";
    um_json_doc_t *doc = NULL;

    ok(um_json_parse(pool, json, strlen(json), 16, &doc, &why) == APR_SUCCESS, "the view is JSON: %s", why);
    return doc ? doc->root : NULL;
}

/* What page p becomes in a language, or why not. */
static const char *page(const char *language, const char *json)
{
    um_html_t *html = NULL;
    const char *why = refusal(custom, &html), *text = NULL;
    apr_status_t status;
    apr_size_t len = 0;

    if (*why) {
        return why;
    }
    status = um_html_render(pool, html, "p", language, object(json), &text, &len);
    return status != APR_SUCCESS ? apr_psprintf(pool, "status %d", status)
           : strlen(text) == len ? text : "the length is wrong";
}

typedef struct case_t {
    const char *text, *view, *want;
} case_t;

static void check_cases(const case_t *cases, apr_size_t count)
{
    apr_size_t i;

    for (i = 0; i < count; ++i) {
        put_text(folder, "p.html", cases[i].text);
        is_text(page("en", cases[i].view), cases[i].want, cases[i].text);
    }
}

static void test_values(void)
{
    static const case_t cases[] = {
        { "", "{}", "" },
        { "{a}|{b}|{c}", "{\"a\": \"x\", \"b\": 12, \"c\": true}", "x|12|true" },
        { "{a}|{b}|{c}", "{\"a\": null, \"b\": false}", "|false|" },
        { "{a}|{b}|{c}", "{\"a\": [1], \"b\": {\"c\": 1}, \"c\": 1.50}", "||1.50" },
        { "{a}|{b}", "{\"a\": -9007199254740993, \"b\": 9223372036854775807}",
          "-9007199254740993|9223372036854775807" },
        { "{{a} } {{{a}} {{{{", "{\"a\": 1}", "{a} } {1} {{" },
        { "<p title=\"{a}\">{a}</p>", "{\"a\": \"<b x='1' y=\\\"2\\\">&amp;\"}",
          "<p title=\"&lt;b x=&#39;1&#39; y=&quot;2&quot;&gt;&amp;amp;\">"
          "&lt;b x=&#39;1&#39; y=&quot;2&quot;&gt;&amp;amp;</p>" },
        { "{a}", "{\"a\": \"{b}{@x}{{\", \"b\": 1}", "{b}{@x}{{" },
        { "{a}|", "{\"a\": \"1\\n2\\r\\n3\\u00004\\u007f5\\u00856\\u20287\\u20298\"}", "1 2  3 4 5 6 7 8|" },
        { "{a}", "{\"a\": \"\\u00e4\\u20ac\\ud83d\\ude00\\ud800\"}",
          "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\xef\xbf\xbd" },
        { "a\r\nb\rc", "{}", "a\nb\nc" },
        { "\xef\xbb\xbf{.}a", "{}", "a" },
    };

    begin();
    check_cases(cases, COUNT(cases));
}

static void test_sections(void)
{
    static const case_t cases[] = {
        { "{#a}x{/a}", "{}", "" }, { "{^a}x{/a}", "{}", "x" },
        { "{#a}x{/a}{^a}y{/a}", "{\"a\": null}", "y" },
        { "{#a}x{/a}{^a}y{/a}", "{\"a\": false}", "y" },
        { "{#a}x{/a}{^a}y{/a}", "{\"a\": 0}", "y" },
        { "{#a}x{/a}{^a}y{/a}", "{\"a\": 0.0}", "y" },
        { "{#a}x{/a}{^a}y{/a}", "{\"a\": \"\"}", "y" },
        { "{#a}x{/a}{^a}y{/a}", "{\"a\": []}", "y" },
        { "{#a}x{/a}{^a}y{/a}", "{\"a\": true}", "x" },
        { "{#a}x{/a}{^a}y{/a}", "{\"a\": -1}", "x" },
        { "{#a}x{/a}{^a}y{/a}", "{\"a\": \"0\"}", "x" },
        { "{#a}x{/a}{^a}y{/a}", "{\"a\": {}}", "x" },
        { "{#a}x{/a}{^a}y{/a}", "{\"a\": [null, 0, \"\"]}", "xxx" },
        { "{#list}<{.}>{/list}", "{\"list\": [\"a\", \"<\", 3, null, true, [1], {}]}", "<a><&lt;><3><><true><><>" },
        { "{#list}{#a}{.}{/a}{/list}", "{\"list\": [1, 2], \"a\": 1}", "12" },
        { "{#list}{#user}{.}{a}{/user}{/list}", "{\"list\": [1, 2], \"user\": {\"a\": \"x\"}}", "1x2x" },
        { "{#rows}{name}={a}; {/rows}{name}", "{\"rows\": [{\"name\": \"x\", \"a\": 1}, {\"name\": \"y\"}], \"name\": "
          "\"z\", \"a\": 9}", "x=1; y=9; z" },
        { "{#rows}{name}{#list}{.}{name}{/list};{/rows}", "{\"rows\": [{\"name\": \"x\", \"list\": [1, 2]}, {\"name\": "
          "\"y\"}, {\"list\": [3]}], \"list\": [7], \"name\": \"z\"}", "x1x2x;y7y;z3z;" },
        { "{#rows}[{a}]{/rows}", "{\"rows\": [{\"a\": null}], \"a\": \"of the outside\"}", "[]" },
        { "{#user}{name}{#user}{name}{/user}{/user}", "{\"user\": {\"name\": \"x\", \"user\": {\"name\": \"y\"}}}",
          "xy" },
        { "{#a}{#b}1{/b}{^b}2{/b}{/a}{^a}{#b}3{/b}{^b}4{/b}{/a}5", "{\"b\": 1}", "35" },
        { "{#a}{#b}1{/b}{^b}2{/b}{/a}{^a}{#b}3{/b}{^b}4{/b}{/a}5", "{\"a\": 1}", "25" },
        { "{#a}{/a}{^b}{/b}x", "{\"a\": 1}", "x" },
        { "{#a}\n{#b}\n{/a}\n{/b}", "{}", "/p.html:3: {/a} is in the section {#b} of line 2" },
        { "\n{/a}", "{}", "/p.html:2: {/a} closes no section" },
        { "\n{^a}\n\n", "{}", "/p.html:2: the section {^a} is not closed" },
        { "{#x}", "{}", "/p.html:1: no placeholder is called {x}; there are: a, b, c, name, user, list, rows" },
        { "{#.}", "{}", "/p.html:1: no placeholder is called {.}; there are: a, b, c, name, user, list, rows" },
        { "{}", "{}", "/p.html:1: no placeholder is called {}; there are: a, b, c, name, user, list, rows" },
        { "{#a", "{}", "/p.html:1: a { without its } (a brace of the text itself is written {{)" },
        { "{#a}{#a}{#a}{#a}{#a}{#a}{#a}{#a}{#a}{#a}{#a}{#a}{#a}{#a}{#a}{#a}{#a}", "{}",
          "/p.html:1: more than 16 sections inside one another" },
    };

    begin();
    check_cases(cases, COUNT(cases));
}

static void test_parts(void)
{
    static const char *const chain[] = { "p", "b1", "b2", "b3", "b4", "b5", "b6", "b7", "b8" };
    apr_size_t i;

    begin();
    put_text(folder, "p.html", "{>head}{#list}{>row}{/list}{>foot}");
    put_text(folder, "head.html", "<{a}>{>foot}");
    put_text(folder, "row.html", "({.}{a})");
    put_text(folder, "foot.html", "{@end}");
    put_text(folder, "messages.en.txt", ENGLISH "end = .");
    is_text(page("en", "{\"a\": 1, \"list\": [\"x\", \"y\"]}"), "<1>.(x1)(y1).", "parts see what is around them");
    put_text(folder, "row.html", "{#a}");
    is_text(page("en", "{}"), "/row.html:1: the section {#a} is not closed", "a part closes its own sections");
    put_text(folder, "row.html", "\n{>ro}");
    is_text(page("en", "{}"), "/row.html:2: {>ro}: there is no such template", "an unknown part");
    put_text(folder, "row.html", "{>foot}\n{>foot}");
    put_text(folder, "foot.html", "{>head}");
    is_text(page("en", "{}"), "/head.html:1: {>foot}: the template includes itself", "parts that include one another");
    begin();
    put_text(folder, "p.html", "{>p}");
    is_text(page("en", "{}"), "/p.html:1: {>p}: the template includes itself", "a page that includes itself");
    begin();
    for (i = 0; i + 1 < COUNT(chain); ++i) {
        put_text(folder, apr_pstrcat(pool, chain[i], ".html", NULL), apr_pstrcat(pool, "{>", chain[i + 1], "}", NULL));
    }
    put_text(folder, "b8.html", "deep");
    is_text(page("en", "{}"), "deep", "eight parts inside one another");
    put_text(folder, "b8.html", "{>b9}");
    put_text(folder, "b9.html", "deeper");
    is_text(page("en", "{}"), "/p.html:1: {>b1}: more than 8 parts inside one another", "nine parts");
}

static void test_messages(void)
{
    um_html_t *html = NULL;

    begin();
    put_text(folder, "p.html", "<h1>{@title}</h1><a title=\"{@long.key_2}\">{#user}{@hello}{/user}");
    put_text(folder, "messages.en.txt", ENGLISH "# a comment\n\n  title=  It's <b> & \"c\"  \nlong.key_2 = {a}={b}\t\n"
             "hello = Hello {name}, {{you}\nempty =\nextra = x # y = z");
    put_text(folder, "messages.de.txt", GERMAN "hello = Hallo {name}\nonly_here = nur hier\n");
    put_text(folder, "messages.pt-BR.txt", GERMAN "title = T\xc3\xadtulo\r\n");
    is_text(page("en", "{\"a\": \"<\", \"b\": 1, \"user\": {\"name\": \"O'N\"}}"), "<h1>It&#39;s &lt;b&gt; &amp; "
            "&quot;c&quot;</h1><a title=\"&lt;=1\">Hello O&#39;N, {you}", "messages and their values are escaped");
    is_text(page("de-AT", "{\"user\": {\"name\": \"x\"}}"), "<h1>It&#39;s &lt;b&gt; &amp; &quot;c&quot;</h1>"
            "<a title=\"=\">Hallo x", "what a language lacks is English");
    is_text(page("pt-BR", "{}"), "<h1>T\xc3\xadtulo</h1><a title=\"=\">", "a language with a region");
    is_text(refusal(NULL, &html), "", "the folder is read without a second one");
    is_text(um_html_message(pool, html, "en", "title", NULL), "It's <b> & \"c\"", "a message as plain text");
    is_text(um_html_message(pool, html, "DE", "hello", object("{\"name\": \"<\\nx>\"}")), "Hallo < x>", "with a value");
    is_text(um_html_message(pool, html, "fr", "language_name", NULL), "English", "of an unknown language");
    is_text(um_html_message(pool, html, NULL, "empty", NULL), "", "an empty message");
    is_text(um_html_message(pool, html, "en", "extra", NULL), "x # y = z", "a message with the signs of the file");
    is_text(um_html_message(pool, html, "en", "nothing", NULL), NULL, "a key that does not exist");
    is_text(um_html_message(pool, html, "de", "only_here", NULL), NULL, "a key that English does not have");
    is_text(um_html_language(pool, html, NULL), "en", "no header");
    is_text(um_html_language(pool, html, "fr, *;q=0.1"), "en", "nothing that exists");
    is_text(um_html_language(pool, html, "fr, de-CH;q=0.9, en;q=0.8"), "de", "the best that exists");
    is_text(um_html_language(pool, html, "pt"), "pt-BR", "a longer form");
}

static void test_bad_messages(void)
{
    static const struct {
        const char *file, *text, *want;
    } cases[] = {
        { "messages.en.txt", ENGLISH "x", "/messages.en.txt:3: no \"key = text\", with a key of a-z, 0-9, _ and ." },
        { "messages.en.txt", ENGLISH "Key = x", "/messages.en.txt:3: no \"key = text\", with a key of a-z, 0-9, _ and "
          "." },
        { "messages.en.txt", ENGLISH "\n= x", "/messages.en.txt:4: no \"key = text\", with a key of a-z, 0-9, _ and "
          "." },
        { "messages.en.txt", ENGLISH "k = 1\n#\nk = 2", "/messages.en.txt:5: the key k is there already" },
        { "messages.en.txt", ENGLISH "k = {x}", "/messages.en.txt:3: no placeholder is called {x}; there are: a, b, c, "
          "name, user, list, rows" },
        { "messages.en.txt", ENGLISH "k = {#a}{/a}", "/messages.en.txt:3: no placeholder is called {#a}; there are: a, "
          "b, c, name, user, list, rows" },
        { "messages.en.txt", ENGLISH "k = {\nb = }", "/messages.en.txt:3: a { without its } (a brace of the text "
          "itself is written {{)" },
        { "messages.en.txt", "direction = up", "/messages.en.txt:1: direction is either ltr or rtl" },
        { "messages.fr.txt", "direction = rtl\n", "/messages.fr.txt: there is no language_name" },
        { "messages.fr.txt", "language_name = x\n", "/messages.fr.txt: there is no direction" },
        { "messages.de_AT.txt", ENGLISH, "/messages.de_AT.txt: names no language: it is messages.LANGUAGE.txt, with "
          "a language such as de or de-AT" },
        { "messages.EN.txt", ENGLISH, "/messages.en.txt: there is another for this language, in other letters" },
        { "messages.fr.txt", "\xff", "/messages.fr.txt:1: not UTF-8 text" },
        { "messages.fr.html", "{a}", "" },
        { ".messages.fr.txt", "x", "" },
        { "messages.fr.txt.bak", "x", "" },
        { "messages.txt", "x", "" },
        { "p.html", "\n{@title}", "/p.html:2: {@title}: the messages of English have no such key" },
        { "q.html", "{@}", "/q.html:1: {@}: the messages of English have no such key" },
    };
    um_html_t *html;
    apr_size_t i;

    for (i = 0; i < COUNT(cases); ++i) {
        begin();
        put_text(folder, cases[i].file, cases[i].text);
        is_text(refusal(NULL, &html), cases[i].want, cases[i].text);
    }
    begin();
    put_text(folder, "messages.de.txt", GERMAN "title = x");
    put_text(folder, "p.html", "{@title}");
    is_text(refusal(NULL, &html), "/p.html:1: {@title}: the messages of English have no such key",
            "a message of another language alone");
    begin();
    unlink(apr_pstrcat(pool, folder, "/messages.en.txt", NULL));
    ok(strncmp(refusal(NULL, &html), "/messages.en.txt: ", 18) == 0, "English is missing");
}

static void test_files(void)
{
    char *large = calloc(1, UM_TEMPLATE_MAX + 1);
    um_html_t *html;

    begin();
    unlink(apr_pstrcat(pool, folder, "/p.html", NULL));
    ok(strncmp(refusal(NULL, &html), "/p.html: ", 9) == 0, "a page is missing");
    begin();
    unlink(apr_pstrcat(pool, folder, "/style.css", NULL));
    ok(strncmp(refusal(NULL, &html), "/style.css: ", 12) == 0, "the style is missing");
    begin();
    smtpd_folder(pool, folder, "q.html");
    is_text(refusal(NULL, &html), "/q.html: not a regular file", "a folder in place of a file");
    begin();
    mkfifo(apr_pstrcat(pool, folder, "/q.html", NULL), 0600);
    is_text(refusal(NULL, &html), "/q.html: not a regular file", "a named pipe");
    begin();
    memset(large, 'x', UM_TEMPLATE_MAX + 1);
    put(folder, "q.html", large, UM_TEMPLATE_MAX);
    is_text(refusal(NULL, &html), "", "a file of the longest length");
    put(folder, "q.html", large, UM_TEMPLATE_MAX + 1);
    is_text(refusal(NULL, &html), "/q.html:1: longer than 256 KB", "a longer one");
    put(folder, "q.html", "a\0b", 3);
    is_text(refusal(NULL, &html), "/q.html:1: not UTF-8 text", "a file with a NUL");
    put(folder, "q.html", "", 0);
    is_text(refusal(NULL, &html), "", "an empty file");
    ok(strncmp(refusal("/nowhere/at/all", &html), "/nowhere/at/all: ", 17) == 0, "the second folder is missing");
    smtpd_clear(pool, folder);
    ok(strncmp(refusal(NULL, &html), ": ", 2) == 0, "the folder is missing");
    free(large);
}

static void test_custom(void)
{
    um_html_t *html = NULL;

    begin();
    put_text(folder, "p.html", "{>head}{@one}{@two}");
    put_text(folder, "head.html", "<");
    put_text(folder, "messages.en.txt", ENGLISH "one = 1\ntwo = 2\n");
    is_text(page("en", "{}"), "<12", "an empty second folder changes nothing");
    put_text(folder, "site.css", "a {}\n");
    refusal(custom, &html);
    is_text(um_html_style(html), "main {}\na {}\n", "the style and what the site adds");
    put_text(custom, "site.css", "b {}\r\n");
    put_text(custom, "head.html", "({>more}");
    put_text(custom, "more.html", "+");
    put_text(custom, "messages.EN.txt", "two = zwo\nthree = 3");
    put_text(custom, "messages.it.txt", "direction = ltr\nlanguage_name = Italiano\none = uno");
    put_text(custom, "README", "\xff");
    is_text(page("en", "{}"), "(+1zwo", "templates by file, messages by key");
    is_text(page("it", "{}"), "(+unozwo", "a further language");
    refusal(custom, &html);
    is_text(um_html_style(html), "main {}\nb {}\n", "the site's own addition to the style");
    is_text(um_html_language(pool, html, "it"), "it", "the language is offered");
    is_text(um_html_message(pool, html, "it", "three", NULL), "3", "a further key");
    is_text(um_html_language(pool, html, "EN"), "en", "a language in other letters is the same");
    put_text(folder, "head.html", "{x}");
    is_text(refusal(custom, &html), "", "a file that is replaced is not read");
    put_text(custom, "head.html", "\n{x}");
    ok(strstr(refusal(custom, &html), "/custom/head.html:2: no placeholder is called {x}") != NULL,
       "an error of the second folder names it");
    unlink(apr_pstrcat(pool, custom, "/head.html", NULL));
    put_text(folder, "head.html", "<");
    put_text(custom, "messages.it.txt", "one = uno");
    ok(strstr(refusal(custom, &html), "/custom/messages.it.txt: there is no direction") != NULL,
       "a further language needs what every language has");
}

static const char *large_text(apr_size_t len)
{
    char *text = apr_palloc(pool, len + 1);

    memset(text, 'x', len);
    text[len] = '\0';
    return text;
}

/* A list of 10,000 rows, and one that would never end. */
static void test_large(void)
{
    um_json_t *view = um_json_object(pool), *rows = um_json_list(pool), *row;
    const char *text = NULL, *why = "";
    um_html_t *html = NULL;
    apr_size_t len = 0, at = 0;
    int i, count = 0;

    for (i = 0; i < 10000; ++i) {
        row = um_json_object(pool);
        um_json_put_text(row, "name", "user & <name>");
        um_json_put_int(row, "a", i);
        um_json_push(rows, row);
    }
    um_json_put(view, "rows", rows);
    um_json_put_text(view, "b", "path");
    begin();
    put_text(folder, "p.html", "{#rows}<a href=\"{b}?id={a}\">{name}</a>\n{/rows}");
    why = refusal(NULL, &html);
    is_int(um_html_render(pool, html, "p", "en", view, &text, &len), APR_SUCCESS, "a list of 10,000 rows");
    for (i = 0; text && at < len; at += strcspn(text + at, "\n") + 1, ++i) {
        why = apr_psprintf(pool, "<a href=\"path?id=%d\">user &amp; &lt;name&gt;</a>\n", i);
        count += strncmp(text + at, why, strlen(why)) == 0;
    }
    is_int(count, 10000, "each row is as it should be");
    put_text(folder, "p.html", "{#rows}{#rows}{/rows}{/rows}");
    refusal(NULL, &html);
    is_int(um_html_render(pool, html, "p", "en", view, &text, &len), APR_ENOSPC, "a list inside itself ends");
    put_text(folder, "p.html", "{#rows}{b}{/rows}");
    refusal(NULL, &html);
    um_json_put_text(view, "b", large_text(UM_HTML_MAX / 10000));
    is_int(um_html_render(pool, html, "p", "en", view, &text, &len), APR_SUCCESS, "a page of the longest length");
    is_int((long long)len, UM_HTML_MAX / 10000 * 10000, "  has that length");
    um_json_put_text(view, "b", large_text(UM_HTML_MAX / 10000 + 1));
    is_int(um_html_render(pool, html, "p", "en", view, &text, &len), APR_ENOSPC, "a longer one");
    is_int(um_html_render(pool, html, "q", "en", view, &text, &len), APR_EINVAL, "a template that does not exist");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    folder = smtpd_scratch(pool, "test_html");
    custom = apr_pstrcat(pool, folder, "/custom", NULL);
    test_values();
    test_sections();
    test_parts();
    test_messages();
    test_bad_messages();
    test_files();
    test_custom();
    test_large();
    smtpd_clear(pool, folder);
    apr_terminate();
    return tap_done();
}
