/* SPDX-License-Identifier: Apache-2.0 */
/* Which addresses are good, what is stored of them, and which are equal. */
#include "tap.h"

#include <apr_escape.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "email.h"

/* Django's EmailValidator, which clients of this API were written against, agrees on these two lists. */
static const char *const good[] = {
    "alice@example.org", "ALICE@EXAMPLE.ORG", "Alice.Smith@Example.Org", "alice+tag@example.org",
    "alice-b@example.org", "alice_b@example.org", "a@b.co", "1@example.org", "1234567890@example.org",
    "x.y.z@example.org", "a.b.c.d.e.f@example.org", "!#$%&'*+/=?^_`{}|~-@example.org", "!@example.org",
    "#@example.org", "$@example.org", "%@example.org", "&@example.org", "'@example.org", "*@example.org",
    "+@example.org", "/@example.org", "=@example.org", "?@example.org", "^@example.org", "_@example.org",
    "`@example.org", "{@example.org", "}@example.org", "|@example.org", "~@example.org", "-@example.org",
    "-alice-@example.org", "o'brien@example.ie", "customer/department=shipping@example.org", "$A12345@example.org",
    "!def!xyz%abc@example.org", "user%host@example.org", "alice@sub.example.org", "alice@a.b.c.d.e.example.org",
    "alice@ex-ample.org", "alice@ex--ample.org", "alice@xn--bcher-kva.example", "alice@example.xn--p1ai",
    "alice@1.org", "alice@123.org", "alice@1example.org", "alice@example1.org", "alice@a.co", "alice@example.o1",
    "alice@example.1o", "alice@example.museum", "alice@example.photography", "alice@example.co.uk",
    "alice@localhost", "ALICE@localhost", "alice@t.co", "alice@x.yz", "alice@3com.com", "alice@9292.nl",
    "alice@0.de", "alice@valid-----hyphens.com", "alice@valid-with-hyphens.com",
    "alice@domain.with.idn.tld.xn--hxajbheg2az3al", "alice@example.a-b", "alice@bücher.example",
    "alice@BÜCHER.example", "alice@bu\u0308cher.example", "alice@straße.de", "alice@βόλος.com",
    "alice@οδός.ελ", "alice@почт\u0430.рф", "alice@ПОЧТА.РФ", "alice@例え.テスト",
    "alice@メール.jp", "alice@例子.测试", "alice@中.国", "alice@테스트.kr",
    "alice@ทดสอบ.ไทย", "alice@น\u0e49ำ.ไทย",
    "alice@उद\u093eहरण.पर\u0940क\u094dष\u093e", "alice@مثال.إختبار",
    "alice@דוגמה.טעסט", "alice@испыт\u0430ние.org", "alice@mail.例子.cn", "alice@é-é.fr",
    "alice@\u0131stanbul.tr", "alice@\u0130stanbul.tr", "alice@\u212aelvin.org", "alice@ﬁsh.org",
    "alice@ｅｘ.org", "alice@ex.ｏｒｇ", "alice@a1ü2.de", "alice@²³.org", "alice@①.org",
    "alice@café™.com", "alice@・.jp", "alice@xn--bcher-kva.example", "alice@ab--cd.org", "alice@l·l.cat",
    "alice@faß.de", "alice@XN--FA-HIA.de",
};

static const char *const bad[] = {
    "",
    "alice", "alice@", "@example.org", "@", "@@", "alice@@example.org", "alice@b@example.org", "alice@example.org@",
    "alice@example@org", ".alice@example.org", "alice.@example.org", "al..ice@example.org", ".@example.org",
    "..@example.org", "alice@.example.org", "alice@example..org", "alice@example.org.", "alice@.org", "alice@.",
    "alice@..", "alice@org", "alice@example", "alice@a", "alice@com.", "alice@example.c", "alice@example.1",
    "alice@-example.org", "alice@example-.org", "alice@-.org", "alice@--.org", "alice@a-.b-.org",
    "alice@example.org-", "alice@example.o-", "alice@ex_ample.org", "alice@_example.org", "alice@exam ple.org",
    "alice@example.org ", " alice@example.org", "al ice@example.org", "alice @example.org", "alice@ example.org",
    "alice\t@example.org", "alice@example.org\n", "alice@example.org\r\n", "alice\n@example.org",
    "alice@exa\nmple.org", "alice@example.org\177", "al\001ice@example.org", "alice@exam\001ple.org",
    "alice@example.org\r\nBcc: eve@example.org", "alice,bob@example.org", "alice@example.org,bob@example.org",
    "alice;bob@example.org", "alice:bob@example.org", "alice(comment)@example.org", "(comment)alice@example.org",
    "alice@example.org(comment)", "<alice@example.org>", "Alice <alice@example.org>", "alice@<example.org>",
    "al<ice@example.org", "al>ice@example.org", "al[ice@example.org", "al]ice@example.org", "al\\ice@example.org",
    "al\"ice@example.org", "mailto:alice@example.org", "alice@example.org/path", "alice@example.org?subject=x",
    "alice@example.org#x", "alice@example.org:25", "alice@exam!ple.org", "alice@exam$ple.org", "alice@exam%ple.org",
    "alice@exam&ple.org", "alice@exam'ple.org", "alice@exam*ple.org", "alice@*.org", "alice@exam+ple.org",
    "alice@exam=ple.org", "alice@exam\"ple.org", "alice@exam\\ple.org", "alice@exam;ple.org", "alice@exam,ple.org",
    "alice@exam~ple.org", "alice@[example.org]", "alice@[", "alice@[]", "alice@]", "alice@[127.0.0.256]",
    "alice@[127.0.0.1", "alice@127.0.0.1]", "alice@[127.0.0.1].org", "alice@[IPv6:::1]", "alice@[2001:dg8::1]",
    "alice@127.0.0.1", "alice@1.2.3.4", "\"alice@example.org", "alice\"@example.org", "\"alice\"b@example.org",
    "a.\"b\".c@example.org", "\"a b\"@example.org", "alice@example.--", "alïce@example.org", "ä@example.org",
    "müller@example.org", "用户@example.org", "\u0430lice@example.org", "ａlice@example.org",
    "alice＠example.org", "alice\u00a0@example.org", "alice\u200b@example.org", "alice\u202e@example.org",
    "😀@example.org", "alice@bücher", "alice@bücher..de", "alice@.bücher.de", "alice@bücher.de.", "alice@example.ｃ",
    "alice@bü cher.de", "alice@bü_cher.de", "alice@bü/cher.de", "alice@bü@cher.de", "alice@bü\u00a0cher.de",
    "alice@℀b.de", "alice@bü\u202echer.de", "alice@ü.２", "alice@ﷺ.org", "alice@b\u037e.org",
    "alice@ﹰb.org", "alice@b／org.de", "alice@b＠c.org", "alice@\ue000.org",
};

/* Where we decide otherwise than Django 3.2, and why. */
static const struct { const char *address; int want; const char *why; } differences[] = {
    { "alice@256.256.256.256", 0, "the last label is a number: an address without its brackets" },
    { "\"alice\"@example.org", 0, "quoted local parts are not for people" },
    { "\"a@b\"@example.org", 0, "quoted local parts are not for people" },
    { "\"\\\\\"@example.org", 0, "quoted local parts are not for people" },
    { "\"\"@example.org", 0, "quoted local parts are not for people" },
    { "alice@[127.0.0.1]", 0, "address literals are not for people" },
    { "alice@[192.168.0.1]", 0, "address literals are not for people" },
    { "alice@[::1]", 0, "address literals are not for people" },
    { "alice@[2001:db8::1]", 0, "address literals are not for people" },
    { "alice@[::ffff:127.0.0.1]", 0, "address literals are not for people" },
    { "alice@127.0.0.11", 0, "the last label is a number: an address without its brackets" },
    { "alice@10.20.30.40", 0, "the last label is a number: an address without its brackets" },
    { "alice@example.123", 0, "the last label is a number: an address without its brackets" },
    { "alice@example.-org", 0, "a hyphen at the edge of a label" },
    { "alice@LOCALHOST", 1, "domains know no case" },
    { "alice@LocalHost", 1, "domains know no case" },
    { "al\u0131ce@example.org", 0, "Django ignores case and so takes it for ASCII" },
    { "ali\u017fe@example.org", 0, "Django ignores case and so takes it for ASCII" },
    { "ali\u212ae@example.org", 0, "Django ignores case and so takes it for ASCII" },
    { "\u0130@example.org", 0, "Django ignores case and so takes it for ASCII" },
    { "alice@-bücher.de", 0, "a hyphen at the edge of a label" },
    { "alice@bücher-.de", 0, "a hyphen at the edge of a label" },
    { "alice@bü\u2044cher.de", 0, "a sign that is no letter" },
    { "alice@ü.１２", 0, "the last label is a number: an address without its brackets" },
    { "alice@example。org", 0, "a sign that turns into a dot later" },
    { "alice@example．org", 0, "a sign that turns into a dot later" },
    { "alice@example｡org", 0, "a sign that turns into a dot later" },
    { "alice@ex\u00adample.org", 0, "shown as nothing" },
    { "alice@ex\u200bample.org", 0, "shown as nothing" },
    { "alice@ex\u200dample.org", 0, "shown as nothing" },
    { "alice@ex\u200cample.org", 0, "shown as nothing" },
    { "alice@\u0301bc.org", 0, "a mark without a letter" },
    { "alice@😀.org", 0, "a sign that is no letter" },
    { "alice@i❤.ws", 0, "a sign that is no letter" },
    { "alice@b\u2024org", 0, "a sign that turns into a dot later" },
    { "alice@b.⒈com", 0, "a sign that turns into a dot later" },
    { "alice@a.١٢", 0, "the last label is a number: an address without its brackets" },
    { "alice@\u0378\u0378.org", 0, "not assigned" },
    { "alice@ㅤ.org", 0, "shown as nothing" },
    { "alice@١٢.org", 0, "IDNA refuses it: digits of Arabic letters beside no such letter" },
    { "alice@a\u05d0.de", 0, "IDNA refuses it: letters of both directions" },
    { "alice@ab--cü.de", 0, "IDNA refuses it: looks like an A-label" },
    { "alice@xn--a.de", 0, "IDNA refuses it: no A-label" },
    { "alice@xn--yp8h.de", 0, "IDNA refuses it: the A-label of a sign" },
    { "alice@xn--ex.org", 0, "IDNA refuses it: no A-label" },
    { "alice@bücher.xn--a.de", 0, "IDNA refuses one label" },
};

/* Addresses of repeated letters: the local part, labels and a last label of so many characters. */
static const struct { int local, label, labels, last, want; const char *letter, *name; } lengths[] = {
    { 64, 3, 1, 3, 1, "b", "64 bytes before the @" },
    { 65, 3, 1, 3, 0, "b", "65 bytes before the @ (a difference from Django)" },
    { 1, 63, 1, 3, 1, "b", "a label of 63 bytes" },
    { 1, 64, 1, 3, 0, "b", "a label of 64 bytes" },
    { 1, 3, 1, 63, 1, "b", "a last label of 63 bytes" },
    { 1, 3, 1, 64, 0, "b", "a last label of 64 bytes" },
    { 1, 57, 1, 3, 1, "\u0e01", "a label of 57 Thai letters: 63 bytes on its way" },
    { 1, 58, 1, 3, 0, "\u0e01", "a label of 58 Thai letters: 64 bytes" },
    { 1, 63, 3, 60, 1, "b", "254 characters" },
    { 1, 63, 3, 61, 1, "b", "255 characters: the length is the caller's to limit" },
    { 1, 50, 4, 17, 1, "\u0e01", "223 characters, 253 bytes on their way" },
    { 1, 50, 4, 20, 0, "\u0e01", "226 characters, 256 bytes on their way" },
    { 64, 63, 16000, 3, 0, "b", "a million characters" },
};

static const struct { const char *address, *stored, *key; } forms[] = {
    { "alice@example.org", "alice@example.org", "alice@example.org" },
    { "Alice@Example.ORG", "Alice@example.org", "alice@example.org" },
    { "ALICE@LOCALHOST", "ALICE@localhost", "alice@localhost" },
    { "A@BÜCHER.Example", "A@bücher.example", "a@xn--bcher-kva.example" },
    { "a@bu\u0308cher.example", "a@bu\u0308cher.example", "a@xn--bcher-kva.example" },
    { "a@xn--bcher-kva.example", "a@xn--bcher-kva.example", "a@xn--bcher-kva.example" },
    { "a@XN--BCHER-KVA.Example", "a@xn--bcher-kva.example", "a@xn--bcher-kva.example" },
    { "a@ｅｘ.org", "a@ex.org", "a@ex.org" },
    { "a@\u212aelvin.org", "a@kelvin.org", "a@kelvin.org" },
    { "a@\ufb01sh.org", "a@fish.org", "a@fish.org" },
    { "a@straße.de", "a@straße.de", "a@xn--strae-oqa.de" },
    { "a@STRAẞE.de", "a@straße.de", "a@xn--strae-oqa.de" },
    { "a@strasse.de", "a@strasse.de", "a@strasse.de" },
    { "a@ΟΔΌΣ.gr", "a@οδόσ.gr", "a@xn--pxavn9a.gr" },
    { "a@οδός.gr", "a@οδός.gr", "a@xn--pxavk3b.gr" },
    { "a@\u0130stanbul.tr", "a@i\u0307stanbul.tr", "a@xn--istanbul-o0e.tr" },
    { "a@\u0131stanbul.tr", "a@\u0131stanbul.tr", "a@xn--stanbul-qfb.tr" },
    { "A@a\u05d0.de", "A@a\u05d0.de", "a@?a\u05d0.de" },
    { "A@xn--A.de", "A@xn--a.de", "a@?xn--a.de" },
    { "\"A@B\"@Example.org", "\"A@B\"@example.org", "\"a@b\"@example.org" },
    { "Alice", "Alice", "alice" },
    { "Alice@", "Alice@", "alice@" },
    { "", "", "" },
    { "a@\xff", NULL, NULL },
};

/* CVE-2019-19844: the address of a look-alike must not find the account of the original. */
static const char *const alike[] = {
    "m\u0131ke@example.org", "mi\u212ae@example.org", "m\u0456ke@example.org", "\uff4dike@example.org",
    "mike@\u0435xample.org", "mike@examp\u04cfe.org", "mike@example.org.eu", "mike@xample.org",
};

static void test_lists(apr_pool_t *pool)
{
    apr_size_t i;

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        ok(um_email_valid(pool, good[i]), "the address is accepted: %s", apr_pescape_echo(pool, good[i], 0));
    }
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ok(!um_email_valid(pool, bad[i]), "the address is refused: %s", apr_pescape_echo(pool, bad[i], 0));
    }
    for (i = 0; i < sizeof(differences) / sizeof(differences[0]); i++) {
        ok(um_email_valid(pool, differences[i].address) == differences[i].want, "%s: %s",
           apr_pescape_echo(pool, differences[i].address, 0), differences[i].why);
    }
}

static const char *repeat(apr_pool_t *pool, const char *letter, int count)
{
    apr_size_t len = strlen(letter);
    char *text = apr_pcalloc(pool, len * (apr_size_t)count + 1), *end = text;

    while (count-- > 0) {
        memcpy(end, letter, len);
        end += len;
    }
    return text;
}

static void test_lengths(apr_pool_t *pool)
{
    const char *labels, *address;
    apr_size_t i;

    for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        labels = apr_pstrcat(pool, repeat(pool, lengths[i].letter, lengths[i].label), ".", NULL);
        address = apr_pstrcat(pool, repeat(pool, "a", lengths[i].local), "@", repeat(pool, labels, lengths[i].labels),
                              repeat(pool, lengths[i].letter, lengths[i].last), NULL);
        ok(um_email_valid(pool, address) == lengths[i].want, "%s", lengths[i].name);
    }
}

static void test_forms(apr_pool_t *pool)
{
    const char *name, *stored;
    apr_size_t i;

    for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        name = apr_pescape_echo(pool, forms[i].address, 0);
        stored = um_email_normalize(pool, forms[i].address);
        is_text(stored, forms[i].stored, apr_psprintf(pool, "stored: %s", name));
        is_text(um_email_key(pool, forms[i].address), forms[i].key, apr_psprintf(pool, "key: %s", name));
        if (stored) {
            is_text(um_email_key(pool, stored), forms[i].key, apr_psprintf(pool, "key of what is stored: %s", name));
        }
    }
    for (i = 0; i < sizeof(alike) / sizeof(alike[0]); i++) {
        ok(strcmp(um_email_key(pool, alike[i]), "mike@example.org") != 0, "the key is not that of mike@example.org: %s",
           apr_pescape_echo(pool, alike[i], 0));
    }
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_lists(pool);
    test_lengths(pool);
    test_forms(pool);
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
