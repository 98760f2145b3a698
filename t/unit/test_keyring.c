/* SPDX-License-Identifier: Apache-2.0 */
#include "jwk.h"
#include "site.h"
#include "testkey.h"

#include <pthread.h>
#include <sys/stat.h>

#define ED_D "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"         /* RFC 8037 A.1 */
#define ED_X "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
#define ED_KID "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"       /* RFC 8037 A.3 */
#define P256_KID "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U"
#define HS "{\"kty\":\"oct\",\"k\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\"}"

static const char *ed_private, *ed_public, *p256;

typedef enum { NOTHING, ED, ED_PUBLIC, P256, SECRET, GARBAGE } what_e;

static const char *text_of(what_e what)
{
    const char *const texts[] = { NULL, ed_private, ed_public, p256, HS, "-----BEGIN PRIVATE KEY-----\n" };

    return texts[what];
}

/* A folder of keys, or what looks like one. */
typedef struct entry_t {
    const char *file;
    what_e what;
} entry_t;

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    if (file) {
        (void)fputs(text, file);
        (void)fclose(file);
        (void)chmod(path, 0600);
    }
}

static const char *fill(const entry_t *entries)
{
    const char *folder = site_file("keys");

    apr_dir_make(folder, APR_FPROT_OS_DEFAULT, site_root);
    for (; entries->file; entries++) {
        write_file(apr_pstrcat(site_root, folder, "/", entries->file, NULL), text_of(entries->what));
    }
    return folder;
}

static void clear(const entry_t *entries)
{
    for (; entries->file; entries++) {
        unlink(apr_pstrcat(site_root, site_file("keys"), "/", entries->file, NULL));
    }
    ok(rmdir(site_file("keys")) == 0, "nothing was written there");
}

/* --- rings that can be used --- */

static void test_rings(void)
{
    static const struct { const char *name; entry_t entries[6]; int keys; const char *alg; } cases[] = {
        { "one key", { { "a.pem", ED } }, 1, "EdDSA" },
        { "the last by name signs", { { "a.pem", ED }, { "b.pem", P256 } }, 2, "ES256" },
        { "whatever was written last", { { "b.pem", P256 }, { "a.pem", ED } }, 2, "ES256" },
        { "names that are times", { { "20240102T000000Z.pem", ED }, { "20231231T235959Z.pem", P256 } }, 2, "EdDSA" },
        { "a secret signs too", { { "a.pem", ED }, { "b.jwk", SECRET } }, 2, "HS256" },
        { "a public key does not", { { "a.pem", P256 }, { "b.pem", ED_PUBLIC } }, 2, "ES256" },
        { "other files are none of it", { { "a.pem", ED }, { ".b.pem", GARBAGE }, { "notes.txt", GARBAGE },
                                          { "b.PEM", GARBAGE }, { "pem", GARBAGE } }, 1, "EdDSA" },
        { "the same key twice", { { "a.pem", ED_PUBLIC }, { "b.pem", ED } }, 2, "EdDSA" },
        { "a next key does not sign yet", { { "a.pem", ED }, { "b.next.pem", P256 } }, 2, "EdDSA" },
        { "nor does a secret that is next", { { "a.pem", ED }, { "b.next.jwk", SECRET } }, 2, "EdDSA" },
        { "a retired key is none of it", { { "a.pem", ED }, { "b.retired.pem", P256 } }, 1, "EdDSA" },
        { "whatever is in it", { { "a.pem", ED }, { "b.retired.pem", GARBAGE } }, 1, "EdDSA" },
        { "names that only look like it", { { "next.pem", ED }, { "retired.pem", P256 } }, 2, "ES256" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *folder = fill(cases[i].entries), *why = NULL, *before = "";
        um_keyring_t *ring = NULL;
        int sorted = 1;

        is_int(um_keyring_read(site_root, folder, &ring, &why), APR_SUCCESS, cases[i].name);
        if (ring) {
            const apr_array_header_t *files = um_keyring_files(ring, NULL);

            is_text(um_jwk_alg(um_keyring_signing(ring)), cases[i].alg, "the expected key signs");
            is_int(files->nelts, cases[i].keys, "the keyring has the expected number of files");
            for (int k = 0; k < files->nelts; k++) {
                const char *file = APR_ARRAY_IDX(files, k, const char *);

                sorted &= strncmp(file, folder, strlen(folder)) == 0 && strcmp(before, file) < 0;
                before = file;
            }
            ok(sorted, "the files are told in the order of their names");
        }
        else {
            printf("# %s\n", why ? why : "(no reason)");
        }
        clear(cases[i].entries);
    }
}

static void test_find(void)
{
    static const entry_t entries[] = {
        { "1.pem", ED_PUBLIC }, { "2.pem", P256 }, { "3.jwk", SECRET }, { NULL, NOTHING },
    };
    const char *why = NULL;
    um_keyring_t *ring = NULL;

    if (ok(um_keyring_read(site_root, fill(entries), &ring, &why) == APR_SUCCESS, "a ring of three")) {
        const um_jwk_t *signing = um_keyring_signing(ring), *found = um_keyring_find(ring, ED_KID);

        ok(found && !um_jwk_can_sign(found), "a key that only verifies is found");
        ok(um_keyring_find(ring, um_jwk_kid(signing)) == signing, "the key that signs is found by its kid");
        ok(!um_keyring_find(ring, "") && !um_keyring_find(ring, "nobody's"), "a kid of no key is not found");
        ok(!um_keyring_find(ring, apr_pstrndup(site_root, ED_KID, 42)), "a key is not found by a part of its kid");
    }
    clear(entries);
}

/* What everybody may read: public keys that are published or in use, each once. */
static void test_set(void)
{
    static const struct { const char *name; entry_t entries[6]; const char *kids[4]; } cases[] = {
        { "one key", { { "a.pem", ED } }, { ED_KID } },
        { "a next one too", { { "a.pem", P256 }, { "b.next.pem", ED } }, { P256_KID, ED_KID } },
        { "no secret", { { "a.jwk", SECRET } }, { NULL } },
        { "no retired one", { { "a.pem", P256 }, { "b.retired.pem", ED } }, { P256_KID } },
        { "both halves of a key", { { "a.pem", ED }, { "b.pem", ED_PUBLIC } }, { ED_KID } },
    };
    const char *tags[sizeof(cases) / sizeof(cases[0])];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *why = NULL, *set = "", *rest;
        um_keyring_t *ring = NULL;
        int found = 0;

        um_keyring_read(site_root, fill(cases[i].entries), &ring, &why);
        set = rest = ring ? um_keyring_jwks(ring, &tags[i]) : "";
        ok(strncmp(set, "{\"keys\":[", 9) == 0, "the public keys are a set: %s", cases[i].name);
        for (; cases[i].kids[found] && rest; found++) {
            rest = strstr(rest, cases[i].kids[found]);
        }
        ok(rest && !strstr(rest + (found ? 43 : 0), "\"kid\""), "%s: these and no others", cases[i].name);
        ok(!strstr(set, "\"d\"") && !strstr(set, "\"k\"") && !strstr(set, ED_D), "the set has nothing secret: %s",
           cases[i].name);
        ok(tags[i][0] == '"' && strlen(tags[i]) == 24, "the set has a tag: %s", cases[i].name);
        clear(cases[i].entries);
    }
    is_text(tags[0], tags[4], "the tag is that of what is told");
    ok(strcmp(tags[0], tags[1]) != 0, "another set has another tag");
}

/* --- changes while it runs --- */

static apr_uint32_t ticks;
static _Atomic int changes, troubles;
static char told[400];

static apr_uint32_t tick(void)
{
    return ticks;
}

static void tell(void *baton, int is_trouble, const char *text)
{
    (void)baton;
    changes += !is_trouble;
    troubles += is_trouble;
    apr_cpystrn(told, text, sizeof(told));
}

static const um_keyring_follow_t how = { 2000, tick, tell, NULL };

static void move(const char *from, const char *to)
{
    const char *folder = site_file("keys");

    ok(rename(apr_pstrcat(site_root, folder, "/", from, NULL), apr_pstrcat(site_root, folder, "/", to, NULL)) == 0,
       "%s is called %s", from, to);
}

static void test_follow(void)
{
    static const entry_t first[] = { { "a.pem", ED }, { NULL, NOTHING } };
    static const entry_t second[] = { { "b.next.pem", P256 }, { NULL, NOTHING } };
    static const entry_t garbage[] = { { "c.pem", GARBAGE }, { NULL, NOTHING } };
    static const entry_t last[] = { { "a.retired.pem", ED }, { "b.pem", P256 }, { "c.pem", GARBAGE },
                                    { NULL, NOTHING } };
    const char *why = NULL, *etag, *file = apr_pstrcat(site_root, site_file("keys"), "/b.pem", NULL);
    um_keyring_t *ring = NULL;
    const um_jwk_t *old;
    apr_pool_t *pool;

    apr_pool_create(&pool, site_root);
    um_keyring_read(site_root, fill(first), &ring, &why);
    fill(second);
    ok(!um_keyring_find(ring, P256_KID), "a keyring that follows no folder does not see new keys");
    ticks = 4294967000u;
    um_keyring_follow(pool, ring, &how);
    ok(um_keyring_find(ring, P256_KID) && changes == 1 && strstr(told, "2 keys"), "following begins with a look: %s",
       told);
    is_text(um_jwk_kid(um_keyring_signing(ring)), ED_KID, "a next key does not sign");

    old = um_keyring_signing(ring);
    move("b.next.pem", "b.pem");
    ticks += 1999;
    ok(um_keyring_signing(ring) == old, "no look before its time");
    ticks += 1;
    is_text(um_jwk_kid(um_keyring_signing(ring)), P256_KID,
            "the new key signs, even after the clock has wrapped round");
    is_text(um_jwk_kid(old), ED_KID, "a key that is in use stays valid after it was replaced");
    ok(um_keyring_find(ring, ED_KID) && um_keyring_find(ring, ED_KID) != old,
       "the replaced key is still found for verifying");

    move("a.pem", "a.retired.pem");
    ticks += 2000;
    ok(!um_keyring_find(ring, ED_KID), "a retired key is not found");
    ok(!strstr(um_keyring_jwks(ring, &etag), ED_KID), "a retired key is not published");

    changes = 0;
    fill(garbage);
    for (int i = 0; i < 3; i++) {
        ticks += 2000;
        is_text(um_jwk_kid(um_keyring_signing(ring)), P256_KID, "a broken file: the last good keys stay");
    }
    ok(troubles == 1 && strstr(told, "c.pem"), "a bad key is reported once: %s", told);
    unlink(apr_pstrcat(site_root, site_file("keys"), "/c.pem", NULL));
    ticks += 2000;
    (void)um_keyring_signing(ring);
    fill(garbage);
    ticks += 2000;
    ok(um_keyring_signing(ring) && troubles == 2, "a bad key is reported once more when it was good in between");
    unlink(apr_pstrcat(site_root, site_file("keys"), "/c.pem", NULL));

    (void)chmod(file, 0644);
    ticks += 2000;
    ok(um_keyring_signing(ring) && troubles == 3 && strstr(told, "chmod o-rwx"), "a file opened to others: %s", told);
    (void)chmod(file, 0600);
    move("b.pem", "b.gone");
    ticks += 2000;
    ok(um_keyring_signing(ring) && troubles == 4 && strstr(told, "in use"), "no key in use: %s", told);
    move("b.gone", "b.pem");
    is_int(changes, 0, "nothing of that was a change");

    fill(first);
    ticks += 900;
    ok(!um_keyring_find(ring, ED_KID), "an unknown kid is not found");
    ticks += 100;
    ok(um_keyring_find(ring, ED_KID) && changes == 1, "an unknown kid makes the keyring look after a second");
    unlink(apr_pstrcat(site_root, site_file("keys"), "/a.pem", NULL));
    for (int i = 0; i < 4; i++) {
        ticks += 1800001;
        (void)um_keyring_signing(ring);
    }
    is_text(um_jwk_kid(um_keyring_signing(ring)), P256_KID, "after an hour the replaced keys are freed");
    apr_pool_destroy(pool);
    is_text(um_jwk_kid(um_keyring_signing(ring)), ED_KID, "at the end all keys but the first are freed");
    clear(last);
}

/* A faulty file hides no retirement. Each case begins with a.pem and b.pem, of which b signs. */
static void test_rescue(void)
{
    static const entry_t first[] = { { "a.pem", ED }, { "b.pem", P256 }, { NULL, NOTHING } };
    static const entry_t faulty[] = { { "c.pem", GARBAGE }, { NULL, NOTHING } };
    static const entry_t nothing[] = { { NULL, NOTHING } };
    static const struct { const char *name, *from, *to; int is_open, ed, p256, signs; } cases[] = {
        { "nothing is retired", NULL, NULL, 0, 1, 1, 1 },
        { "the old one is retired", "a.pem", "a.retired.pem", 0, 0, 1, 1 },
        { "beside a file open to others", "a.pem", "a.retired.pem", 1, 0, 1, 1 },
        { "by another name", "a.pem", "x.retired.pem", 0, 0, 1, 1 },
        { "the old one is gone", "a.pem", "a.gone", 0, 0, 1, 1 },
        { "the one that signs is retired", "b.pem", "b.retired.pem", 0, 1, 0, 1 },
        { "the one that signs is next", "b.pem", "b.next.pem", 0, 1, 1, 1 },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *why = NULL, *folder = fill(first);
        um_keyring_t *ring = NULL;
        apr_pool_t *pool;

        apr_pool_create(&pool, site_root);
        um_keyring_read(site_root, folder, &ring, &why);
        um_keyring_follow(pool, ring, &how);
        fill(faulty);
        if (cases[i].is_open) {
            write_file(apr_pstrcat(pool, folder, "/c.pem", NULL), p256);
            (void)chmod(apr_pstrcat(pool, folder, "/c.pem", NULL), 0644);
        }
        if (cases[i].from) {
            move(cases[i].from, cases[i].to);
        }
        for (int n = 0; n < 4; n++) {
            ticks += 1800001;
            (void)um_keyring_signing(ring);
        }
        ok(!um_keyring_find(ring, ED_KID) == !cases[i].ed && !um_keyring_find(ring, P256_KID) == !cases[i].p256
           && !um_keyring_signing(ring) == !cases[i].signs, "%s", cases[i].name);
        unlink(apr_pstrcat(pool, folder, "/c.pem", NULL));
        if (cases[i].from) {
            move(cases[i].to, cases[i].from);
        }
        ticks += 2000;
        ok(um_keyring_find(ring, ED_KID) && um_keyring_find(ring, P256_KID), "all keys are back when the folder is");
        apr_pool_destroy(pool);
        unlink(apr_pstrcat(site_root, folder, "/a.pem", NULL));
        unlink(apr_pstrcat(site_root, folder, "/b.pem", NULL));
        clear(nothing);
    }
}

/* Retired by hand: no key is left, which is no reason to take what it signed. */
static void test_none_left(void)
{
    static const entry_t first[] = { { "a.pem", ED }, { NULL, NOTHING } };
    static const entry_t last[] = { { "a.retired.pem", ED }, { NULL, NOTHING } };
    const char *why = NULL, *etag;
    um_keyring_t *ring = NULL;
    apr_pool_t *pool;

    apr_pool_create(&pool, site_root);
    um_keyring_read(site_root, fill(first), &ring, &why);
    um_keyring_follow(pool, ring, &how);
    move("a.pem", "a.retired.pem");
    ticks += 2000;
    ok(!um_keyring_signing(ring) && !um_keyring_find(ring, ED_KID), "the only key is retired: none signs: %s", told);
    is_text(um_keyring_jwks(ring, &etag), "{\"keys\":[]}", "no key is published while there is none");
    move("a.retired.pem", "a.pem");
    ticks += 2000;
    ok(um_keyring_signing(ring) != NULL, "a key signs again once there is one");
    apr_pool_destroy(pool);
    move("a.pem", "a.retired.pem");
    clear(last);
}

/* --- threads --- */

static _Atomic int over;

static void *ask(void *ring)
{
    long bad = 0;

    while (!over) {
        const um_jwk_t *key = um_keyring_signing(ring);
        apr_pool_t *pool;
        unsigned char *sig;
        apr_size_t len;

        apr_pool_create(&pool, NULL);
        bad += um_jwk_sign(key, pool, "x", 1, &sig, &len) != APR_SUCCESS
               || um_jwk_verify(key, "x", 1, sig, len) != APR_SUCCESS || !um_keyring_find(ring, um_jwk_kid(key));
        apr_pool_destroy(pool);
    }
    return (void *)bad;
}

/* Each look at it is a millisecond later. It must not go faster: a key is kept for an hour after it was replaced, and
 * on a loaded machine the other threads look thousands of times while one of them waits to use the key that it has. */
static apr_uint32_t fast_tick(void)
{
    static _Atomic apr_uint32_t now;

    return ++now;
}

static void test_threads(void)
{
    static const entry_t both[] = { { "a.pem", ED }, { "b.next.pem", P256 }, { NULL, NOTHING } };
    const um_keyring_follow_t fast = { 1, fast_tick, tell, NULL };
    const char *why = NULL;
    um_keyring_t *ring = NULL;
    apr_pool_t *pool;
    pthread_t threads[4];
    void *bad;
    long all = 0;

    apr_pool_create(&pool, site_root);
    um_keyring_read(site_root, fill(both), &ring, &why);
    um_keyring_follow(pool, ring, &fast);
    changes = troubles = 0;
    for (int i = 0; i < 4; i++) {
        pthread_create(&threads[i], NULL, ask, ring);
    }
    for (int i = 0; i < 2000 && changes < 20; i++) {
        rename(apr_pstrcat(site_root, site_file("keys"), i % 2 ? "/b.pem" : "/b.next.pem", NULL),
               apr_pstrcat(site_root, site_file("keys"), i % 2 ? "/b.next.pem" : "/b.pem", NULL));
        apr_sleep(apr_time_from_msec(5));
    }
    over = 1;
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], &bad);
        all += (long)bad;
    }
    is_int(all, 0, "threads always have a key that signs, verifies and is found");
    ok(changes >= 20 && troubles == 0, "while it changes: %d times", changes);
    apr_pool_destroy(pool);
    unlink(apr_pstrcat(site_root, site_file("keys"), "/b.pem", NULL));
    clear(both);
}

static void test_file(void)
{
    const char *file = site_file("any-name"), *why = NULL;
    um_keyring_t *ring = NULL;

    write_file(file, ed_private);
    ok(um_keyring_read(site_root, file, &ring, &why) == APR_SUCCESS && um_keyring_files(ring, NULL)->nelts == 1,
       "a file of any name");
    is_text(APR_ARRAY_IDX(um_keyring_files(ring, NULL), 0, const char *), file, "the file of the key is listed");
    is_text(um_jwk_kid(um_keyring_signing(ring)), ED_KID, "the key of the file signs");
    unlink(file);
}

/* --- rings that cannot --- */

static void is_refused(const char *path, const char *want, const char *name)
{
    const char *why = NULL;
    um_keyring_t *ring = (um_keyring_t *)site_root;
    apr_status_t rv = um_keyring_read(site_root, path, &ring, &why);

    ok(rv == APR_EGENERAL && !ring && why && strncmp(why, path, strlen(path)) == 0
       && strstr(why + strlen(path), want), "%s: %s", name, why ? why + strlen(site_folder) : "(no reason)");
}

static void test_strangers(void)
{
    static const entry_t entries[] = { { "a.pem", ED }, { NULL, NOTHING } };
    static const struct { int folder, file; const char *want; } cases[] = {
        { 0700, 0600, NULL }, { 0750, 0640, NULL }, { 0755, 0600, NULL }, { 0770, 0660, NULL },
        { 0700, 0604, "a.pem can be read or written by others" }, { 0700, 0602, "a.pem can be read or written" },
        { 0702, 0600, "can be written by others" }, { 01777, 0600, "can be written by others" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *folder = fill(entries), *why = NULL;
        um_keyring_t *ring;
        int good;

        (void)chmod(apr_pstrcat(site_root, folder, "/a.pem", NULL), (mode_t)cases[i].file);
        (void)chmod(folder, (mode_t)cases[i].folder);
        good = um_keyring_read(site_root, folder, &ring, &why) == APR_SUCCESS;
        ok(cases[i].want ? !good && why && strstr(why, cases[i].want) && strstr(why, "chmod o-") : good,
           "folder %o, file %o: %s", (unsigned)cases[i].folder, (unsigned)cases[i].file, why ? why : "fine");
        (void)chmod(folder, 0700);
        clear(entries);
    }
}

static void test_refused(void)
{
    static const entry_t garbage[] = { { "a.pem", ED }, { "b.pem", GARBAGE }, { NULL, NOTHING } };
    static const entry_t public[] = { { "a.pem", ED_PUBLIC }, { NULL, NOTHING } };
    static const entry_t empty[] = { { NULL, NOTHING } };
    const char *folder = fill(garbage), *why = NULL, *inside = apr_pstrcat(site_root, folder, "/c.pem", NULL);
    um_keyring_t *ring;

    ok(um_keyring_read(site_root, folder, &ring, &why) == APR_EGENERAL && why
       && strstr(why, "/keys/b.pem: ") && !strstr(why, "BEGIN"), "one bad file of several is named, not quoted");
    is_refused(apr_pstrcat(site_root, folder, "/b.pem", NULL), ": ", "so is a bad file by itself");
    clear(garbage);
    is_refused(fill(public), " holds public keys only", "nothing that can sign");
    apr_dir_make(inside, APR_FPROT_OS_DEFAULT, site_root);
    ok(um_keyring_read(site_root, folder, &ring, &why) == APR_EGENERAL && why && strstr(why,
                                                                                        "c.pem: not a regular file"),
       "a folder named like a key");
    rmdir(inside);
    clear(public);
    fill(empty);
    ok(um_keyring_read(site_root, folder, &ring, &why) == APR_EGENERAL && why && strstr(why,
                                                                                        " holds no .pem or .jwk file")
       && strstr(why, apr_pstrcat(site_root, "usermgmt key new ", folder, NULL)), "an empty folder, and what helps");
    clear(empty);
    is_refused(folder, "cannot be read", "no such path");
    is_refused("/dev/null", ": ", "a device");
}

int main(void)
{
    site_begin();
    ed_private = testkey_pem(site_root, testkey_ed25519(site_root, NULL, ED_D), 1, NULL);
    ed_public = testkey_pem(site_root, testkey_ed25519(site_root, ED_X, NULL), 0, NULL);
    p256 = testkey_pem(site_root, testkey_p256(site_root, "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                                               "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
                                               "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"), 1, NULL);
    test_rings();
    test_find();
    test_set();
    test_follow();
    test_rescue();
    test_none_left();
    test_threads();
    test_file();
    test_strangers();
    test_refused();
    return site_end();
}
