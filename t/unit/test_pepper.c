/* SPDX-License-Identifier: Apache-2.0 */
/* The file of peppers: what is read, what is refused, how it is changed; and hashes that were made with a pepper. */
#include <sys/stat.h>

#include "pepper.h"
#include "secret_file.h"
#include "site.h"

#define SECRET "S_AZv6qtzgD4t2bBUHTDlLMXGYhu3wDrtf4PYcULFnk"
#define OTHER  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static site_t s;

#include "hashes.h"

static const char *file;

static void write_file(const char *text, apr_size_t len)
{
    const char *why = NULL;

    unlink(file);
    um_secret_file_create(s.pool, file, text, len, &why);
}

static um_pepper_t *pepper_of(const char *text)
{
    um_pepper_t *pepper = NULL;
    const char *why = NULL;

    write_file(text, strlen(text));
    return um_pepper_read(s.pool, file, &pepper, &why) == APR_SUCCESS ? pepper : NULL;
}

static void test_read(void)
{
    static const struct { const char *text; int count; const char *current, *why; } cases[] = {
        { "one " SECRET "\n", 1, "one", NULL },
        { "# why\n\n  one\t" SECRET " \r\ntwo " OTHER, 2, "one", NULL },
        { "none\none " SECRET "\n", 1, NULL, NULL },
        { "", 0, NULL, "no line ID SECRET" },
        { "none\n", 0, NULL, "no line ID SECRET" },
        { "one " SECRET "\nnone\n", 0, NULL, "line 2: \"none\" must be" },
        { "none\nnone\none " SECRET "\n", 0, NULL, "line 2: \"none\" must be" },
        { "one\n", 0, NULL, "line 1: not ID SECRET" },
        { "one " SECRET " more\n", 0, NULL, "line 1: not ID SECRET" },
        { "o$e " SECRET "\n", 0, NULL, "line 1: not ID SECRET" },
        { "none " SECRET "\n", 0, NULL, "line 1: not ID SECRET" },
        { "abcdefghijklmnopq " SECRET "\n", 0, NULL, "line 1: not ID SECRET" },
        { "one " SECRET "=\n", 0, NULL, "line 1: the secret is not base64url" },
        { "one S_AZv6qtzgD4t2bBUHTDlLMXGYhu3wDrtf4PYcULFg\n", 0, NULL, "line 1: the secret must have 32" },
        { "one " SECRET "\n#\none " OTHER "\n", 0, NULL, "line 3: a line above has the same ID" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        um_pepper_t *pepper = NULL;
        const char *why = NULL, *current;
        apr_status_t rv;

        write_file(cases[i].text, strlen(cases[i].text));
        rv = um_pepper_read(s.pool, file, &pepper, &why);
        if (cases[i].why) {
            ok(rv == APR_EGENERAL && strncmp(why, cases[i].why, strlen(cases[i].why)) == 0, "refused: %s", why);
            ok(!strstr(why, "S_AZ"), "the reason does not repeat a secret");
            continue;
        }
        current = rv == APR_SUCCESS ? um_pepper_current(pepper) : "failed";
        ok(rv == APR_SUCCESS && um_pepper_count(pepper) == cases[i].count, "the file has %d versions", cases[i].count);
        is_text(current ? current : "", cases[i].current ? cases[i].current : "", "the version of new hashes");
    }
    write_file("one " SECRET "\n\0x", strlen(SECRET) + 7);
    ok(um_pepper_read(s.pool, file, &(um_pepper_t *){ NULL }, &(const char *){ NULL }) != APR_SUCCESS, "a zero byte");
}

/* The vector is of "openssl dgst -sha256 -mac HMAC -macopt hexkey:..." */
static void test_apply(void)
{
    static const unsigned char wanted[4] = { 0x18, 0x10, 0xe8, 0xd3 };
    um_pepper_t *pepper = pepper_of("one " OTHER "\ntwo " SECRET "\n");
    unsigned char out[UM_PEPPER_BYTES];
    const char *rest;

    ok(um_pepper_apply(pepper, "one", "secret", 6, out) && memcmp(out, wanted, 4) == 0, "HMAC-SHA-256");
    ok(um_pepper_apply(pepper, "two", "secret", 6, out) && memcmp(out, wanted, 4) != 0, "of another version");
    ok(!um_pepper_apply(pepper, "three", "secret", 6, out), "a version that is not there");
    ok(!um_pepper_apply(NULL, "one", "secret", 6, out), "no file");
    is_text(um_pepper_split(s.pool, um_pepper_join(s.pool, "one", "$scrypt$x"), &rest), "one", "the id of a hash");
    is_text(rest, "$scrypt$x", "and the hash itself");
    ok(!um_pepper_split(s.pool, "$scrypt$x", &rest) && strcmp(rest, "$scrypt$x") == 0, "a hash without pepper");
    is_text(um_pepper_split(s.pool, "$pepper$one", &rest), "one", "no hash behind the id");
    is_text(rest, "", "the rest is empty");
    ok(!um_pepper_split(s.pool, NULL, &rest) && !rest, "no hash at all");
}

static const char *list(void)
{
    um_pepper_t *pepper = NULL;
    const char *why = NULL, *text;

    if (um_pepper_read(s.pool, file, &pepper, &why) != APR_SUCCESS) {
        return why;
    }
    text = um_pepper_current(pepper) ? "" : "none ";
    for (int i = 0; i < um_pepper_count(pepper); i++) {
        text = apr_pstrcat(s.pool, text, um_pepper_id(pepper, i), " ", NULL);
    }
    return text;
}

static void test_change(void)
{
    const char *one = NULL, *two = NULL, *three = NULL, *why = NULL;
    struct stat info;

    unlink(file);
    is_int(um_pepper_create(s.pool, file, &one, &why), APR_SUCCESS, "a new file");
    ok(stat(file, &info) == 0 && (info.st_mode & 07777) == 0600, "closed to others");
    ok(APR_STATUS_IS_EEXIST(um_pepper_create(s.pool, file, &two, &why)), "a file that is there is kept: %s", why);
    is_text(list(), apr_pstrcat(s.pool, one, " ", NULL), "with one version");
    is_int(um_pepper_add(s.pool, file, &two, &why), APR_SUCCESS, "a version more");
    is_text(list(), apr_pstrcat(s.pool, one, " ", two, " ", NULL), "which is not used yet");
    is_int(um_pepper_use(s.pool, file, two, &why), APR_SUCCESS, "use it");
    is_text(list(), apr_pstrcat(s.pool, two, " ", one, " ", NULL), "it is used");
    is_int(um_pepper_use(s.pool, file, "none", &why), APR_SUCCESS, "use none");
    is_int(um_pepper_use(s.pool, file, "none", &why), APR_SUCCESS, "use none again");
    is_text(list(), apr_pstrcat(s.pool, "none ", two, " ", one, " ", NULL), "new hashes have no pepper");
    is_int(um_pepper_use(s.pool, file, one, &why), APR_SUCCESS, "use the first again");
    is_text(list(), apr_pstrcat(s.pool, one, " ", two, " ", NULL), "it is used, and \"none\" is gone");
    is_int(um_pepper_rotate(s.pool, file, &three, &why), APR_SUCCESS, "rotate");
    is_text(list(), apr_pstrcat(s.pool, three, " ", one, " ", two, " ", NULL), "the new version is used");
    is_int(um_pepper_use(s.pool, file, "four", &why), APR_NOTFOUND, "a version that is not there");
    is_text(why, "there is no version four", "is named");
    write_file("# ours\none " SECRET, strlen("# ours\none " SECRET));
    is_int(um_pepper_add(s.pool, file, &two, &why), APR_SUCCESS, "a file without a last line end");
    is_text(list(), apr_pstrcat(s.pool, "one ", two, " ", NULL), "gets one");
    write_file("one\n", 4);
    is_int(um_pepper_rotate(s.pool, file, &two, &why), APR_EGENERAL, "a faulty file is not changed");
    unlink(file);
    is_int(um_pepper_rotate(s.pool, file, &two, &why), APR_EGENERAL, "a missing file is not made by that");
}

/* --- signing in --- */

static const char *hash_of_alice(void)
{
    return site_ask(&s, "select password from um_users where username = 'alice'");
}

static um_status_e login(const char *username, const char *password, um_ctx_t **ctx)
{
    const char *token;

    *ctx = site_ctx(&s);
    hashes = 0;
    return site_login(*ctx, username, site_secret(password), &token);
}

static int begins(const char *start)
{
    return strncmp(hash_of_alice(), start, strlen(start)) == 0;
}

static void test_login(void)
{
    const char *before;
    um_ctx_t *ctx;

    s.site.pepper = pepper_of("none\none " SECRET "\n");
    site_register(&s, "alice", "", NULL);
    ok(begins("$scrypt$"), "\"none\": a new hash has no pepper");
    s.site.pepper = pepper_of("one " SECRET "\n");
    is_int(login("alice", "wrong", &ctx), UM_INVALID, "a wrong password, the hash has no pepper yet");
    is_int(login("alice", SITE_PASSWORD, &ctx), UM_OK, "the right one");
    ok(begins("$pepper$one$scrypt$ln=10"), "the hash gets the pepper");
    before = hash_of_alice();
    is_int(login("alice", SITE_PASSWORD, &ctx), UM_OK, "signs in with it");
    ok(hashes == 1 && strcmp(before, hash_of_alice()) == 0, "and the hash stays");
    is_int(login("alice", "wrong", &ctx), UM_INVALID, "a wrong password, the hash has the pepper");
    is_int(hashes, 1, "costs one hash");
    s.site.pepper = pepper_of("two " OTHER "\none " SECRET "\n");
    is_int(login("alice", SITE_PASSWORD, &ctx), UM_OK, "signs in after a rotation");
    ok(begins("$pepper$two$scrypt$"), "the hash gets the new version");
    s.site.pepper = pepper_of("one " SECRET "\n");
    is_int(login("alice", SITE_PASSWORD, &ctx), UM_INVALID, "nobody signs in without the version of the hash");
    ok(hashes == 1 && ctx->alarm && strstr(ctx->alarm, "version two"), "at the cost of an unknown name");
    s.site.pepper = pepper_of("two " SECRET "\n");
    is_int(login("alice", SITE_PASSWORD, &ctx), UM_INVALID, "another secret of that ID does not verify");
    s.site.pepper = NULL;
    is_int(login("alice", SITE_PASSWORD, &ctx), UM_INVALID, "nobody signs in without the file");
    is_int(hashes, 1, "at the cost of an unknown name");
    s.site.pepper = pepper_of("none\ntwo " OTHER "\n");
    is_int(login("alice", SITE_PASSWORD, &ctx), UM_OK, "the way back: \"none\" first");
    ok(begins("$scrypt$"), "takes the pepper away");
    s.site.pepper = NULL;
    is_int(login("alice", SITE_PASSWORD, &ctx), UM_OK, "then the file is not needed any more");
    ok(!ctx->alarm, "and nothing is wrong");
}

int main(void)
{
    site_begin();
    site_open(&s);
    file = site_file("pepper");
    test_read();
    test_apply();
    test_change();
    test_login();
    is_int(held, 0, "no connection was held while a password was hashed");
    unlink(file);
    site_close(&s);
    return site_end();
}
