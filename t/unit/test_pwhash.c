/* SPDX-License-Identifier: Apache-2.0 */
#include "pwhash.h"
#include "tap.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <openssl/err.h>

#define SALT16 "MDEyMzQ1Njc4OWFiY2RlZg"
#define ZERO32 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define NACL_OUT "/bq+HJ00cgB4VucZDQHp/nxq18vII3gw53N2Y0s3MWIurzDZLiKjiG/xCSedmDDaxyevuUqD7m2DYMvfoswGQA"
#define RFC_SMALL "$scrypt$ln=10,r=8,p=16$TmFDbA$" NACL_OUT
#define RFC_LARGE "$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$" \
    "cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw"
/* From another implementation (Python's hashlib), salt "0123456789abcdef". */
#define A_NUL_B "$scrypt$ln=10,r=8,p=1$" SALT16 "$ApYVrJDXlSWSZMtHD+aWIU9cmWLyQzkgoK9D0LfNSeA"
#define X_4096  "$scrypt$ln=10,r=8,p=1$" SALT16 "$nVz/6+IAf0XOXcRe/DdU1+nRvl/ebHzR0Y0fMQ39sQw"
#define EMPTY   "$scrypt$ln=10,r=8,p=1$" SALT16 "$a+DZqzJtLcpaYBlmYYFYTY0rT7em/lQafyTt9V/rHuU"

static char long_password[4097];

typedef struct verify_case_t {
    const char *hash;
    const char *password;
    apr_size_t len;
    um_pwhash_e want;
    const char *name;
} verify_case_t;

static const verify_case_t verify_cases[] = {
    {RFC_SMALL, "password", 8, UM_PWHASH_MATCH, "RFC 7914 vector N=1024 r=8 p=16"},
    {RFC_LARGE, "pleaseletmein", 13, UM_PWHASH_MATCH, "RFC 7914 vector N=16384 r=8 p=1"},
    {RFC_SMALL, "Password", 8, UM_PWHASH_MISMATCH, "wrong password"},
    {RFC_SMALL, "password", 7, UM_PWHASH_MISMATCH, "the length counts, not the NUL"},
    {RFC_SMALL, "password ", 9, UM_PWHASH_MISMATCH, "nothing is trimmed"},
    {A_NUL_B, "a\0b", 3, UM_PWHASH_MATCH, "embedded NUL"},
    {A_NUL_B, "a\0c", 3, UM_PWHASH_MISMATCH, "embedded NUL, other tail"},
    {A_NUL_B, "a", 1, UM_PWHASH_MISMATCH, "embedded NUL, cut there"},
    {X_4096, long_password, 4096, UM_PWHASH_MATCH, "4096 bytes"},
    {X_4096, long_password, 4095, UM_PWHASH_MISMATCH, "4095 of 4096 bytes"},
    {EMPTY, "", 0, UM_PWHASH_MATCH, "empty password"},
    {EMPTY, "x", 1, UM_PWHASH_MISMATCH, "one byte is not empty"},

    {NULL, "x", 1, UM_PWHASH_UNKNOWN, "no hash"},
    {"", "x", 1, UM_PWHASH_UNKNOWN, "empty hash"},
    {"!", "x", 1, UM_PWHASH_UNKNOWN, "unusable-password mark"},
    {"password", "password", 8, UM_PWHASH_UNKNOWN, "clear text is no hash"},
    {"$scrypt", "x", 1, UM_PWHASH_UNKNOWN, "prefix cut"},
    {"$scrypt$", "x", 1, UM_PWHASH_UNKNOWN, "prefix only"},
    {"$SCRYPT$ln=10,r=8,p=16$TmFDbA$" NACL_OUT, "password", 8, UM_PWHASH_UNKNOWN, "prefix in capitals"},
    {"$7$ln=10,r=8,p=16$TmFDbA$" NACL_OUT, "password", 8, UM_PWHASH_UNKNOWN, "foreign family"},
    {"$scrypt$ln=10,r=8,p=16", "x", 1, UM_PWHASH_UNKNOWN, "ends after the parameters"},
    {"$scrypt$ln=10,r=8,p=16$", "x", 1, UM_PWHASH_UNKNOWN, "no salt"},
    {"$scrypt$ln=10,r=8,p=16$TmFDbA", "x", 1, UM_PWHASH_UNKNOWN, "ends after the salt"},
    {"$scrypt$ln=10,r=8,p=16$TmFDbA$", "x", 1, UM_PWHASH_UNKNOWN, "no hash bytes: an empty prefix must not match"},
    {"$scrypt$ln=10,r=8,p=16$TmFDbA$/bo", "password", 8, UM_PWHASH_UNKNOWN, "two bytes of hash"},
    {"$scrypt$ln=10,r=8,p=16$$" NACL_OUT, "password", 8, UM_PWHASH_UNKNOWN, "empty salt"},
    {RFC_SMALL "$", "password", 8, UM_PWHASH_UNKNOWN, "something after the hash"},
    {RFC_SMALL "\n", "password", 8, UM_PWHASH_UNKNOWN, "line feed after the hash"},
    {RFC_SMALL "==", "password", 8, UM_PWHASH_UNKNOWN, "padding"},
    {"$scrypt$ln=10,r=8,p=16$TmFDbB$" NACL_OUT, "password", 8, UM_PWHASH_UNKNOWN, "unused bits of the salt set"},
    {"$scrypt$ln=10,r=8,p=16$TmFDb$" NACL_OUT, "password", 8, UM_PWHASH_UNKNOWN, "salt of 4n+1 characters"},
    {"$scrypt$ln=10,r=8,p=16$Tm-DbA$" NACL_OUT, "password", 8, UM_PWHASH_UNKNOWN, "base64url is another alphabet"},
    {"$scrypt$ln=10,r=8,p=16$TmFDbA$" NACL_OUT "AAAA", "password", 8, UM_PWHASH_UNKNOWN, "over 64 bytes of hash"},
    {"$scrypt$r=8,ln=10,p=16$TmFDbA$" NACL_OUT, "password", 8, UM_PWHASH_UNKNOWN, "other order"},
    {"$scrypt$ln=10,r=8$TmFDbA$" NACL_OUT, "password", 8, UM_PWHASH_UNKNOWN, "parameter missing"},
    {"$scrypt$ln=10,r=8,p=16,x=1$TmFDbA$" NACL_OUT, "password", 8, UM_PWHASH_UNKNOWN, "parameter too many"},
    {"$scrypt$ln=010,r=8,p=16$TmFDbA$" NACL_OUT, "password", 8, UM_PWHASH_UNKNOWN, "leading zero"},
    {"$scrypt$ln=+10,r=8,p=16$TmFDbA$" NACL_OUT, "password", 8, UM_PWHASH_UNKNOWN, "sign"},
    {"$scrypt$ln= 10,r=8,p=16$TmFDbA$" NACL_OUT, "password", 8, UM_PWHASH_UNKNOWN, "blank"},
    {"$scrypt$ln=,r=8,p=16$TmFDbA$" NACL_OUT, "password", 8, UM_PWHASH_UNKNOWN, "empty number"},
    {"$scrypt$ln=4294967306,r=8,p=16$TmFDbA$" NACL_OUT, "password", 8, UM_PWHASH_UNKNOWN, "2^32 + 10 does not wrap"},
    {"$scrypt$ln=10,r=8,p=0$TmFDbA$" NACL_OUT, "password", 8, UM_PWHASH_UNKNOWN, "zero"},
    {"$scrypt$ln=21,r=1,p=1$TmFDbA$" NACL_OUT, "password", 8, UM_PWHASH_UNKNOWN, "ln over its bound"},
    {"$scrypt$ln=63,r=8,p=1$TmFDbA$" NACL_OUT, "password", 8, UM_PWHASH_UNKNOWN, "ln far over its bound"},
    {"$scrypt$ln=10,r=17,p=1$TmFDbA$" NACL_OUT, "password", 8, UM_PWHASH_UNKNOWN, "r over its bound"},
    {"$scrypt$ln=10,r=8,p=17$TmFDbA$" NACL_OUT, "password", 8, UM_PWHASH_UNKNOWN, "p over its bound"},
    {"$scrypt$ln=20,r=16,p=16$TmFDbA$" NACL_OUT, "password", 8, UM_PWHASH_UNKNOWN, "2 GiB by settings in range"},
    {"$scrypt$ln=16,r=1,p=1$TmFDbA$" NACL_OUT, "password", 8, UM_PWHASH_UNKNOWN, "ln too great for r"},

#ifdef HAVE_ARGON2
    {"$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", "password", 8,
     UM_PWHASH_MATCH, "argon2id reference vector"},
    {"$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc", "password", 8,
     UM_PWHASH_MATCH, "argon2id reference vector with two lanes"},
    {"$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc", "passwort", 8,
     UM_PWHASH_MISMATCH, "argon2id, wrong password"},
    {"$argon2id$v=19$m=262145,t=1,p=1$c29tZXNhbHQ$" ZERO32, "x", 1, UM_PWHASH_UNKNOWN, "m over its bound"},
    {"$argon2id$v=19$m=256,t=11,p=1$c29tZXNhbHQ$" ZERO32, "x", 1, UM_PWHASH_UNKNOWN, "t over its bound"},
    {"$argon2id$v=19$m=256,t=1,p=17$c29tZXNhbHQ$" ZERO32, "x", 1, UM_PWHASH_UNKNOWN, "argon2id p over its bound"},
    {"$argon2id$v=19$m=15,t=1,p=2$c29tZXNhbHQ$" ZERO32, "x", 1, UM_PWHASH_UNKNOWN, "too little memory for the lanes"},
    {"$argon2id$v=19$m=256,t=1,p=1$TmFDbA$" ZERO32, "x", 1, UM_PWHASH_UNKNOWN, "salt under 8 bytes"},
    {"$argon2id$v=16$m=256,t=2,p=2$c29tZXNhbHQ$" ZERO32, "x", 1, UM_PWHASH_UNKNOWN, "older version of Argon2"},
    {"$argon2id$m=256,t=2,p=2$c29tZXNhbHQ$" ZERO32, "x", 1, UM_PWHASH_UNKNOWN, "Argon2 without version"},
    {"$argon2i$v=19$m=256,t=2,p=2$c29tZXNhbHQ$" ZERO32, "x", 1, UM_PWHASH_MISMATCH, "argon2i is another function"},
#else
    {"$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc", "password", 8,
     UM_PWHASH_UNKNOWN, "argon2id in a build without it"},
#endif
};

static void test_verify(apr_pool_t *pool)
{
    apr_size_t i;

    for (i = 0; i < sizeof(verify_cases) / sizeof(verify_cases[0]); i++) {
        const verify_case_t *c = &verify_cases[i];

        is_int(um_pwhash_verify(pool, c->hash, c->password, c->len), c->want, c->name);
    }
}

/* Up to 15 bytes of hash only: from 16 on the text is a well-formed shorter hash, and a shorter output of scrypt is the
 * beginning of the longer one. */
static void test_cuts(apr_pool_t *pool)
{
    apr_size_t len, cut = strlen(RFC_SMALL) - strlen(NACL_OUT) + 20;
    int refused = 0;

    for (len = 0; len <= cut; len++) {
        refused += um_pwhash_verify(pool, apr_pstrndup(pool, RFC_SMALL, len), "password", 8) == UM_PWHASH_UNKNOWN;
    }
    is_int(refused, (long long)cut + 1, "every hash cut short is refused");
}

typedef struct params_case_t {
    const char *text;
    um_pwhash_params_t want; /* family NULL: refused */
    const char *why;         /* must be within the reason */
} params_case_t;

static const params_case_t params_cases[] = {
    {"scrypt", {"scrypt", 15, 8, 3}, NULL},
    {"scrypt ln=15 r=8 p=3", {"scrypt", 15, 8, 3}, NULL},
    {"scrypt p=1 ln=17", {"scrypt", 17, 8, 1}, NULL},
    {"  scrypt \t ln=10  ", {"scrypt", 10, 8, 3}, NULL},
    {"scrypt ln=18 r=8", {"scrypt", 18, 8, 3}, NULL},
    {"scrypt ln=20 r=2 p=16", {"scrypt", 20, 2, 16}, NULL},
    {"", {NULL, 0, 0, 0}, "scrypt or argon2id"},
    {"bcrypt", {NULL, 0, 0, 0}, "\"bcrypt\" is not a kind of password hash. Use auto or scrypt or argon2id"},
    {"Scrypt", {NULL, 0, 0, 0}, "scrypt or argon2id"},
    {"scrypt,ln=15", {NULL, 0, 0, 0}, "scrypt or argon2id"},
    {"scrypt ln=9", {NULL, 0, 0, 0}, "\"ln=9\" is out of range: ln is 10 to 20"},
    {"scrypt ln=21", {NULL, 0, 0, 0}, "ln is 10 to 20"},
    {"scrypt r=0", {NULL, 0, 0, 0}, "r is 1 to 16"},
    {"scrypt r=17", {NULL, 0, 0, 0}, "r is 1 to 16"},
    {"scrypt p=0", {NULL, 0, 0, 0}, "p is 1 to 16"},
    {"scrypt p=17", {NULL, 0, 0, 0}, "p is 1 to 16"},
    {"scrypt ln=", {NULL, 0, 0, 0}, "ln is 10 to 20"},
    {"scrypt ln", {NULL, 0, 0, 0}, "ln is 10 to 20"},
    {"scrypt ln=15k", {NULL, 0, 0, 0}, "ln is 10 to 20"},
    {"scrypt ln=-15", {NULL, 0, 0, 0}, "ln is 10 to 20"},
    {"scrypt ln=99999999999", {NULL, 0, 0, 0}, "ln is 10 to 20"},
    {"scrypt ln=15 ln=16", {NULL, 0, 0, 0}, "ln is given twice"},
    {"scrypt n=15", {NULL, 0, 0, 0},
     "\"n=15\" is not a setting of scrypt. Its settings: ln is 10 to 20, r is 1 to 16, p is 1 to 16"},
    {"scrypt ln=15,r=8", {NULL, 0, 0, 0}, "ln is 10 to 20"},
    {"scrypt m=19456", {NULL, 0, 0, 0}, "not a setting of scrypt"},
    {"scrypt ln=19 r=8", {NULL, 0, 0, 0}, "ln=19 r=8 takes 512 MiB for one hash; the limit is 256 MiB"},
    {"scrypt ln=16 r=1", {NULL, 0, 0, 0}, "ln must be less than 16 * r"},
    {"auto ln=15", {NULL, 0, 0, 0}, "auto takes no settings"},
    {"Auto", {NULL, 0, 0, 0}, "auto or scrypt or argon2id"},
#ifdef HAVE_ARGON2
    {"auto", {"argon2id", 19456, 2, 1}, NULL},
    {" auto\t", {"argon2id", 19456, 2, 1}, NULL},
    {"argon2id", {"argon2id", 19456, 2, 1}, NULL},
    {"argon2id m=7168 t=5 p=16", {"argon2id", 7168, 5, 16}, NULL},
    {"argon2id m=262144", {"argon2id", 262144, 2, 1}, NULL},
    {"argon2id m=7167", {NULL, 0, 0, 0}, "m is 7168 to 262144"},
    {"argon2id m=262145", {NULL, 0, 0, 0}, "m is 7168 to 262144"},
    {"argon2id t=11", {NULL, 0, 0, 0}, "t is 1 to 10"},
    {"argon2id p=17", {NULL, 0, 0, 0}, "p is 1 to 16"},
    {"argon2id ln=15", {NULL, 0, 0, 0},
     "not a setting of argon2id. Its settings: m is 7168 to 262144, t is 1 to 10, p is 1 to 16"},
#else
    {"auto", {"scrypt", 15, 8, 3}, NULL},
    {"argon2id", {NULL, 0, 0, 0}, "libargon2-dev"},
    {"argon2id m=19456", {NULL, 0, 0, 0}, "libargon2-dev"},
#endif
};

static void test_params(apr_pool_t *pool)
{
    apr_size_t i;

    for (i = 0; i < sizeof(params_cases) / sizeof(params_cases[0]); i++) {
        const params_case_t *c = &params_cases[i];
        um_pwhash_params_t got = {"untouched", 1, 2, 3};
        const char *why = NULL;
        apr_status_t status = um_pwhash_params(pool, c->text, &got, &why);

        if (c->want.family) {
            ok(status == APR_SUCCESS && strcmp(got.family, c->want.family) == 0 && got.cost == c->want.cost
               && got.block == c->want.block && got.lanes == c->want.lanes, "\"%s\" is read", c->text);
            continue;
        }
        if (!ok(status != APR_SUCCESS && why && strstr(why, c->why) && strcmp(got.family, "untouched") == 0,
                "\"%s\" is refused and told why", c->text)) {
            printf("#  got: %s\n# want: %s\n", why ? why : "(null)", c->why);
        }
    }
}

typedef struct outdated_case_t {
    um_pwhash_params_t params;
    const char *hash;
    int want;
    const char *name;
} outdated_case_t;

static const outdated_case_t outdated_cases[] = {
    {{"scrypt", 15, 8, 3}, "$scrypt$ln=15,r=8,p=3$" SALT16 "$" ZERO32, 0, "the same"},
    {{"scrypt", 15, 8, 3}, "$scrypt$ln=15,r=8,p=4$" SALT16 "$" ZERO32, 0, "more work"},
    {{"scrypt", 15, 8, 3}, "$scrypt$ln=16,r=8,p=3$" SALT16 "$" ZERO32, 0, "more memory"},
    {{"scrypt", 15, 8, 3}, "$scrypt$ln=17,r=8,p=1$" SALT16 "$" ZERO32, 0, "one setting lower, stronger as a whole"},
    {{"scrypt", 15, 8, 3}, "$scrypt$ln=15,r=8,p=2$" SALT16 "$" ZERO32, 1, "less work"},
    {{"scrypt", 15, 8, 3}, "$scrypt$ln=14,r=8,p=12$" SALT16 "$" ZERO32, 1, "less memory, more work"},
    {{"scrypt", 15, 8, 3}, "$scrypt$ln=15,r=4,p=8$" SALT16 "$" ZERO32, 1, "smaller blocks"},
    {{"scrypt", 17, 8, 1}, "$scrypt$ln=15,r=8,p=3$" SALT16 "$" ZERO32, 1, "less memory and less work"},
    {{"scrypt", 10, 8, 1}, "$scrypt$ln=4,r=8,p=1$" SALT16 "$" ZERO32, 1, "below the least of new hashes"},
    {{"scrypt", 10, 8, 1}, RFC_SMALL, 1, "short salt"},
    {{"scrypt", 10, 8, 1}, "$scrypt$ln=15,r=8,p=3$" SALT16 "$AAAAAAAAAAAAAAAAAAAAAA", 1, "short hash"},
    {{"scrypt", 15, 8, 3}, "$scrypt$ln=20,r=16,p=3$" SALT16 "$" ZERO32, 1, "cannot be verified"},
    {{"scrypt", 15, 8, 3}, "$argon2id$v=19$m=19456,t=2,p=1$" SALT16 "$" ZERO32, 1, "other family"},
    {{"scrypt", 15, 8, 3}, "pbkdf2_sha256$1000$salt$hash", 1, "unknown family"},
    {{"scrypt", 15, 8, 3}, NULL, 1, "no hash"},
    {{"argon2id", 19456, 2, 1}, "$argon2id$v=19$m=19456,t=2,p=1$" SALT16 "$" ZERO32, 0, "argon2id, the same"},
    {{"argon2id", 19456, 2, 1}, "$argon2id$v=19$m=47104,t=1,p=1$" SALT16 "$" ZERO32, 0, "more memory in fewer passes"},
    {{"argon2id", 19456, 2, 4}, "$argon2id$v=19$m=19456,t=2,p=1$" SALT16 "$" ZERO32, 0, "lanes are no strength"},
    {{"argon2id", 19456, 2, 1}, "$argon2id$v=19$m=19455,t=3,p=1$" SALT16 "$" ZERO32, 1, "argon2id, less memory"},
    {{"argon2id", 19456, 2, 1}, "$argon2id$v=19$m=19456,t=1,p=1$" SALT16 "$" ZERO32, 1, "argon2id, fewer passes"},
    {{"argon2id", 19456, 2, 1}, "$scrypt$ln=17,r=8,p=1$" SALT16 "$" ZERO32, 1, "scrypt where argon2id is wanted"},
};

static void test_outdated(void)
{
    apr_size_t i;

    for (i = 0; i < sizeof(outdated_cases) / sizeof(outdated_cases[0]); i++) {
        const outdated_case_t *c = &outdated_cases[i];

        ok(!!um_pwhash_outdated(&c->params, c->hash) == c->want, "%s is%s outdated", c->name, c->want ? "" : " not");
    }
}

static void test_make(apr_pool_t *pool, const char *text, const char *begins)
{
    um_pwhash_params_t params;
    const char *why, *hash = NULL, *again = NULL;

    if (!ok(um_pwhash_params(pool, text, &params, &why) == APR_SUCCESS, "the parameters are read: %s", text)) {
        return;
    }
    ok(um_pwhash_make(pool, &params, "s3cret\0tail", 11, &hash) == APR_SUCCESS
       && um_pwhash_make(pool, &params, "s3cret\0tail", 11, &again) == APR_SUCCESS, "a hash is made: %s", text);
    ok(hash && strncmp(hash, begins, strlen(begins)) == 0 && strlen(hash) < 128, "%s: begins with %s", text, begins);
    ok(hash && again && strcmp(hash, again) != 0, "two hashes of a password differ: %s", text);
    is_int(um_pwhash_verify(pool, hash, "s3cret\0tail", 11), UM_PWHASH_MATCH, "the password matches its hash");
    is_int(um_pwhash_verify(pool, again, "s3cret\0tail", 11), UM_PWHASH_MATCH,
           "the password matches the hash with the other salt");
    is_int(um_pwhash_verify(pool, hash, "s3cret", 6), UM_PWHASH_MISMATCH, "another password does not match");
    ok(!um_pwhash_outdated(&params, hash), "a new hash is not outdated: %s", text);
    um_pwhash_dummy(pool, &params, "s3cret", 6);
    is_int((long long)ERR_peek_error(), 0, "no error is left in OpenSSL's queue");
}

static void test_bad_make(apr_pool_t *pool)
{
    static const um_pwhash_params_t bad[] = {
        {"scrypt", 20, 16, 1}, {"scrypt", 64, 8, 1}, {"scrypt", 0, 8, 1}, {"bcrypt", 10, 1, 1}, {"argon2id", 0, 0, 0},
    };
    apr_size_t i;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const char *hash = "untouched";

        ok(um_pwhash_make(pool, &bad[i], "x", 1, &hash) == APR_EINVAL && !hash, "%s %u %u %u makes nothing",
           bad[i].family, bad[i].cost, bad[i].block, bad[i].lanes);
    }
}

/* A sanitizer's allocator ends the program when it gets no memory. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif

/* The 128 MiB that this hash asks for are not there. */
static void test_no_memory(apr_pool_t *pool)
{
#ifndef SANITIZED
    static const char dear[] = "$scrypt$ln=17,r=8,p=1$" SALT16 "$" ZERO32;
    struct rlimit before, little;
    unsigned long pages = 0;
    char line[128];
    FILE *statm = fopen("/proc/self/statm", "r");

    if (statm && fgets(line, sizeof(line), statm)) {
        pages = strtoul(line, NULL, 10);
    }
    if (statm) {
        fclose(statm);
    }
    if (pages == 0 || getrlimit(RLIMIT_AS, &before) != 0) {
        ok(1, "no memory # SKIP this system does not tell how much is in use");
        return;
    }
    little = before;
    little.rlim_cur = pages * (rlim_t)sysconf(_SC_PAGESIZE) + (32 << 20);
    setrlimit(RLIMIT_AS, &little);
    is_int(um_pwhash_verify(pool, dear, "x", 1), UM_PWHASH_ERROR, "no memory is trouble, not a wrong password");
    is_int((long long)ERR_peek_error(), 0, "the error queue of OpenSSL is empty");
    setrlimit(RLIMIT_AS, &before);
    is_int(um_pwhash_verify(pool, dear, "x", 1), UM_PWHASH_MISMATCH, "with memory the password is told as wrong");
#else
    (void)pool;
#endif
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    atexit(apr_terminate);
    apr_pool_create(&pool, NULL);
    memset(long_password, 'x', 4096);
    test_verify(pool);
    test_cuts(pool);
    test_params(pool);
    test_outdated();
    test_make(pool, "scrypt ln=10 r=8 p=1", "$scrypt$ln=10,r=8,p=1$");
    test_make(pool, "scrypt ln=16", "$scrypt$ln=16,r=8,p=3$");
    test_make(pool, "scrypt ln=10 r=16 p=16", "$scrypt$ln=10,r=16,p=16$");
#ifdef HAVE_ARGON2
    test_make(pool, "argon2id m=7168 t=1", "$argon2id$v=19$m=7168,t=1,p=1$");
    test_make(pool, "argon2id m=7168 p=4", "$argon2id$v=19$m=7168,t=2,p=4$");
#endif
    test_bad_make(pool);
    test_no_memory(pool);
    apr_pool_destroy(pool);
    return tap_done();
}
