/* SPDX-License-Identifier: Apache-2.0 */
#include "site.h"
#include "testkey.h"

#define ED_D "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"         /* RFC 8037 A.1 */
#define ED_X "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
#define ED_KID "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"       /* RFC 8037 A.3 */
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
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *folder = fill(cases[i].entries), *why = NULL, *before = "";
        um_keyring_t *ring = NULL;
        int sorted = 1;

        is_int(um_key_ring(site_root, folder, &ring, &why), APR_SUCCESS, cases[i].name);
        if (ring) {
            const apr_array_header_t *files = um_key_files(ring);

            is_text(um_jwk_alg(um_key_signing(ring)), cases[i].alg, "signs");
            is_int(files->nelts, cases[i].keys, "keys");
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

    if (ok(um_key_ring(site_root, fill(entries), &ring, &why) == APR_SUCCESS, "a ring of three")) {
        const um_jwk_t *signing = um_key_signing(ring), *found = um_key_find(ring, ED_KID);

        ok(found && !um_jwk_can_sign(found), "a key that only verifies is found");
        ok(um_key_find(ring, um_jwk_kid(signing)) == signing, "and so is the one that signs");
        ok(!um_key_find(ring, "") && !um_key_find(ring, "nobody's"), "and no other");
        ok(!um_key_find(ring, apr_pstrndup(site_root, ED_KID, 42)), "not by a part of its kid");
    }
    clear(entries);
}

static void test_file(void)
{
    const char *file = site_file("any-name"), *why = NULL;
    um_keyring_t *ring = NULL;

    write_file(file, ed_private);
    ok(um_key_ring(site_root, file, &ring, &why) == APR_SUCCESS && um_key_files(ring)->nelts == 1,
       "a file of any name");
    is_text(APR_ARRAY_IDX(um_key_files(ring), 0, const char *), file, "is told");
    is_text(um_jwk_kid(um_key_signing(ring)), ED_KID, "and its key signs");
    unlink(file);
}

/* --- rings that cannot --- */

static void is_refused(const char *path, const char *want, const char *name)
{
    const char *why = NULL;
    um_keyring_t *ring = (um_keyring_t *)site_root;
    apr_status_t rv = um_key_ring(site_root, path, &ring, &why);

    ok(rv == APR_EGENERAL && !ring && why && strncmp(why, path, strlen(path)) == 0
       && strstr(why + strlen(path), want), "%s: %s", name, why ? why + strlen(site_folder) : "(no reason)");
}

static void test_refused(void)
{
    static const entry_t garbage[] = { { "a.pem", ED }, { "b.pem", GARBAGE }, { NULL, NOTHING } };
    static const entry_t public[] = { { "a.pem", ED_PUBLIC }, { NULL, NOTHING } };
    static const entry_t empty[] = { { NULL, NOTHING } };
    const char *folder = fill(garbage), *why = NULL, *inside = apr_pstrcat(site_root, folder, "/c.pem", NULL);
    um_keyring_t *ring;

    ok(um_key_ring(site_root, folder, &ring, &why) == APR_EGENERAL && why
       && strstr(why, "/keys/b.pem: ") && !strstr(why, "BEGIN"), "one bad file of several is named, not quoted");
    is_refused(apr_pstrcat(site_root, folder, "/b.pem", NULL), ": ", "so is a bad file by itself");
    clear(garbage);
    is_refused(fill(public), " holds public keys only", "nothing that can sign");
    apr_dir_make(inside, APR_FPROT_OS_DEFAULT, site_root);
    ok(um_key_ring(site_root, folder, &ring, &why) == APR_EGENERAL && why && strstr(why, "c.pem: not a regular file"),
       "a folder named like a key");
    rmdir(inside);
    clear(public);
    fill(empty);
    ok(um_key_ring(site_root, folder, &ring, &why) == APR_EGENERAL && why && strstr(why, " holds no .pem or .jwk file")
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
    test_file();
    test_refused();
    return site_end();
}
