/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes that other programs have made: published vectors of each format, what is refused, and what they cost. */
#include "pwhash.h"
#include "pwhash_private.h"
#include "tap.h"

#include <apr_general.h>
#include <apr_strings.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#define LETMEIN "l\xc3\xa8tmein"
#define SHA256_B64 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define ZERO86 "......................................................................................"
#define ZERO43 "..........................................."
#define ZERO53 "....................................................."

typedef struct vector_t {
    const char *source;
    const char *hash;
    const char *password;
} vector_t;

static const vector_t vectors[] = {
    {"RFC 7914 section 11, one iteration",
     "pbkdf2_sha256$1$salt$VawEblbjCJ/sFpHCJUS2BflBhSFt3gRl5oudV8INrLw=", "passwd"},
    {"RFC 7914 section 11, 80000 iterations",
     "pbkdf2_sha256$80000$NaCl$TdzY9guYviGDDO5e8icB+WQaRBjQTAQUrv8Ih2s0q1Y=", "Password"},
    {"Django's tests, pbkdf2_sha256",
     "pbkdf2_sha256$390000$seasalt$8xBlGd3jVgvJ+92hWPxi5ww0uuAuAnKgC45eudxro7c=", LETMEIN},
    {"made by Django 3.2, pbkdf2_sha256",
     "pbkdf2_sha256$1000$ibC1v9cqTWLJQ0E7nhh8HW$Oeyl3pCRIBiEeWDMIQxXvhbe/9VQGCOYQHvPUaWBlpU=", LETMEIN},
    {"RFC 6070, one iteration", "pbkdf2_sha1$1$salt$DGDID5YfDnHzqbUkr2ASBi/gN6Y=", "password"},
    {"RFC 6070, 4096 iterations", "pbkdf2_sha1$4096$salt$SwB5AbdlSJq+rUnZJvch0GWkKcE=", "password"},
    {"Django's tests, pbkdf2_sha1", "pbkdf2_sha1$390000$seasalt2$aDapRanzW8aHTz97v2TcfHzWD+I=", LETMEIN},
    {"made by Django 3.2, pbkdf2_sha1",
     "pbkdf2_sha1$1000$haluoxFNEtmO1SHUBZT3Wg$rKdexQ7d/GXfiYZAjLgf6psXlVs=", LETMEIN},
    {"Django's tests, scrypt",
     "scrypt$16384$seasalt$8$1$Qj3+9PPyRjSJIebHnG81TMjsqtaIGxNQG/aEB/NYafTJ7tibgfYz71m0ldQESkXFRkd"
     "VCBhhY8mx7rQwite/Pw==", LETMEIN},
    {"made by Django 3.2, bcrypt_sha256",
     "bcrypt_sha256$$2b$05$IlxU9RiVSGMsTqkzhfxRB.ucXq4YDxckWnwNZ9WfPYx7nEldIpa9y", LETMEIN},
    {"made by Django 3.2, bcrypt", "bcrypt$$2b$05$nk74iQFRpH.eCM6G1tIUGuyrGAQ0McOaTPjlMK550qz5wIkvLHcma", LETMEIN},
#ifdef HAVE_ARGON2
    {"made by Django 3.2, argon2",
     "argon2$argon2id$v=19$m=512,t=2,p=2$NDgxNWV0VEFoTEdwVTN2d3ZIWHNSRg$I3xiH5J016ZRoRII9RAOUA", LETMEIN},
    {"Django's tests, argon2i", "argon2$argon2i$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$YC9+jJCrQhs5R6db7LlN8Q", "secret"},
    {"the same as PHC string", "$argon2i$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$YC9+jJCrQhs5R6db7LlN8Q", "secret"},
#endif
    {"crypt_blowfish's tests, $2a$", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"},
    {"the same as $2b$", "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"},
    {"httpd's manual, bcrypt", "$2y$05$c4WoMPo3SXsafkva.HHa6uXQZWr7oboPiC2bT/r7q1BB8I2s0BRqC", "myPassword"},
    {"httpd's manual, $apr1$", "$apr1$r31.....$HqJZimcKQFAMYayBlzkrA/", "myPassword"},
    {"httpd's manual, {SHA}", "{SHA}VBPuJHI7uixaa6LQGWx4s+5GKNE=", "myPassword"},
    {"PHP's manual, $1$", "$1$rasmusle$rISCgZzpwk3UhDidwXvin0", "rasmuslerdorf"},
    {"the specification of SHA-crypt, $5$",
     "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5", "Hello world!"},
    {"the specification of SHA-crypt, $5$ with rounds",
     "$5$rounds=10000$saltstringsaltst$3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA", "Hello world!"},
    {"the specification of SHA-crypt, $6$",
     "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OT"
     "LiBFdcbYEdFCoEOfaS35inz1", "Hello world!"},
    {"the specification of SHA-crypt, $6$ with rounds",
     "$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh"
     "0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v.", "Hello world!"},
    {"yescrypt's tests", "$y$jC4$LdJMENpBABJJ3hIHjB1B$jVg4HoqqpbmQv/NCpin.QCMagJ8o4QX7lXdzvVV0xFC", "pleaseletmein"},
    {"passlib's documentation, {SSHA}", "{SSHA}pKqkNr1tq3wtQqk+UcPyA3HnA2NsU5NJ", "password"},
};

#define VECTORS (sizeof(vectors) / sizeof(vectors[0]))

static void test_vectors(apr_pool_t *pool)
{
    static const um_pwhash_params_t usual = {"scrypt", 15, 8, 3};
    char longer[600];

    memset(longer, 'x', sizeof(longer));
    for (apr_size_t i = 0; i < VECTORS; i++) {
        const vector_t *v = &vectors[i];
        const char *why = "?", *cut = apr_pstrndup(pool, v->hash, strlen(v->hash) - 1);
        apr_size_t len = strlen(v->password);

        is_int(um_pwhash_verify(pool, v->hash, v->password, len), UM_PWHASH_MATCH, v->source);
        is_int(um_pwhash_verify(pool, v->hash, v->password, len - 1), UM_PWHASH_MISMATCH, "not without its last byte");
        memcpy(longer, v->password, len);
        memcpy(longer + len, "\0x", 2);
        is_int(um_pwhash_verify(pool, v->hash, longer, len + 2), UM_PWHASH_MISMATCH,
               "not with a NUL and more behind it");
        longer[len] = 'x';
        is_int(um_pwhash_verify(pool, v->hash, longer, sizeof(longer)), UM_PWHASH_MISMATCH, "not with 600 bytes");
        is_int(um_pwhash_verify(pool, cut, v->password, len), UM_PWHASH_UNKNOWN, "a hash that was cut is refused");
        is_int(um_pwhash_verify(pool, apr_pstrcat(pool, v->hash, "$", NULL), v->password, len),
               UM_PWHASH_UNKNOWN, "and one that was prolonged");
        ok(um_pwhash_outdated(&usual, v->hash), "it is outdated");
        ok(um_pwhash_check(v->hash, &why) == APR_SUCCESS && !why, "it may be imported");
        ok(um_pwhash_kind(v->hash) != 0, "it has a kind");
    }
    is_int((long long)ERR_peek_error(), 0, "no error is left in OpenSSL's queue");
}

typedef struct refused_t {
    const char *hash;
    apr_status_t want;
} refused_t;

static const refused_t refused[] = {
    {"pbkdf2_sha256$2000000$salt$" SHA256_B64, APR_SUCCESS},
    {"pbkdf2_sha256$2000001$salt$" SHA256_B64, APR_ENOSPC},
    {"pbkdf2_sha256$99999999999$salt$" SHA256_B64, APR_EINVAL},
    {"pbkdf2_sha256$0$salt$" SHA256_B64, APR_EINVAL},
    {"pbkdf2_sha256$01$salt$" SHA256_B64, APR_EINVAL},
    {"pbkdf2_sha256$1$$" SHA256_B64, APR_EINVAL},
    {"pbkdf2_sha256$1$sa lt$" SHA256_B64, APR_EINVAL},
    {"pbkdf2_sha256$1$salt", APR_EINVAL},
    {"pbkdf2_sha256$1", APR_EINVAL},
    {"pbkdf2_sha256$", APR_EINVAL},
    {"pbkdf2_sha256$1$salt$AAAA", APR_EINVAL},
    {"pbkdf2_sha1$2000001$salt$AAAAAAAAAAAAAAAAAAAAAAAAAAA=", APR_ENOSPC},
    {"pbkdf2_sha512$1$salt$" SHA256_B64, APR_EINVAL},
    {"scrypt$262144$salt$8$1$" ZERO86 "==", APR_EINVAL},
    {"scrypt$16385$salt$8$1$Qj3+9PPyRjSJIebHnG81TMjsqtaIGxNQG/aEB/NYafTJ7tibgfYz71m0ldQESkXFRkdVCBhhY8mx7rQwite/Pw==",
     APR_EINVAL},
    {"scrypt$0$salt$8$1$Qj3+9PPyRjSJIebHnG81TMjsqtaIGxNQG/aEB/NYafTJ7tibgfYz71m0ldQESkXFRkdVCBhhY8mx7rQwite/Pw==",
     APR_EINVAL},
    {"scrypt$524288$salt$8$1$Qj3+9PPyRjSJIebHnG81TMjsqtaIGxNQG/aEB/NYafTJ7tibgfYz71m0ldQESkXFRkdVCBhhY8mx7rQwite/Pw==",
     APR_ENOSPC},
    {"scrypt$16384$salt$8$17$Qj3+9PPyRjSJIebHnG81TMjsqtaIGxNQG/aEB/NYafTJ7tibgfYz71m0ldQESkXFRkdVCBhhY8mx7rQwite/Pw==",
     APR_ENOSPC},
    {"$2b$15$" ZERO53, APR_SUCCESS},
    {"$2b$16$" ZERO53, APR_ENOSPC},
    {"$2b$31$" ZERO53, APR_ENOSPC},
    {"$2b$03$" ZERO53, APR_EINVAL},
    {"$2b$5$" ZERO53, APR_EINVAL},
    {"$2x$05$" ZERO53, APR_EINVAL},
    {"$2$", APR_EINVAL},
    {"$2", APR_EINVAL},
    {"$2b$05$:...................................................." , APR_EINVAL},
    {"bcrypt$$2b$16$" ZERO53, APR_ENOSPC},
    {"bcrypt_sha256$$2b$16$" ZERO53, APR_ENOSPC},
    {"bcrypt$$6$salt$" ZERO86, APR_EINVAL},
    {"$5$rounds=1000000$salt$" ZERO43, APR_SUCCESS},
    {"$5$rounds=1000001$salt$" ZERO43, APR_ENOSPC},
    {"$5$rounds=999$salt$" ZERO43, APR_EINVAL},
    {"$5$rounds=$salt$" ZERO43, APR_EINVAL},
    {"$5$rounds=5000", APR_EINVAL},
    {"$5$salt$", APR_EINVAL},
    {"$5$12345678901234567$" ZERO43, APR_EINVAL},
    {"$6$rounds=999999999$salt$" ZERO86, APR_ENOSPC},
    {"$6$salt$" ZERO43, APR_EINVAL},
    {"$y$jET$salt$" ZERO43, APR_ENOSPC},
    {"$y$jDT$salt$" ZERO43, APR_SUCCESS},
    {"$y$jjj$salt$" ZERO43, APR_ENOSPC},
    {"$y$jD5.7$LdJMENpBABJJ3hIHjB1Bi.$HboGM6qPrsK.StKYGt6KErmUYtioHreJd98oIugoNB6", APR_EINVAL},
    {"$y$/9T$salt$" ZERO43, APR_EINVAL},
    {"$y$j9", APR_EINVAL},
    {"$y$j", APR_EINVAL},
    {"$y$", APR_EINVAL},
    {"$y$j9T$$" ZERO43, APR_EINVAL},
    {"$1$123456789$......................", APR_EINVAL},
    {"$apr1$$......................", APR_EINVAL},
    {"$apr1$12345678$.....................:", APR_EINVAL},
    {"{SHA}AAAA", APR_EINVAL},
    {"{SHA}AAAAAAAAAAAAAAAAAAAAAAAAAAAA", APR_EINVAL},
    {"{SSHA}AAAAAAAAAAAAAAAAAAAAAAAAAAA=", APR_EINVAL},
    {"{SMD5}AAAAAAAAAAAAAAAAAAAAAAAAAAA=", APR_EINVAL},
    {"md5$salt$3f86d0d3d465b7b458c231bf3555c0e3", APR_EINVAL},
    {"rqXexS6ZhobKA", APR_EINVAL},
    {"!d2ZZ5jQfQ4nOxJ0r6mPWkLnsjfI3lfdFfCl595BI", APR_EINVAL},
    {"", APR_EINVAL},
    {NULL, APR_EINVAL},
};

static void test_refused(apr_pool_t *pool)
{
    for (apr_size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        const refused_t *r = &refused[i];
        const char *why = NULL;

        is_int(um_pwhash_check(r->hash, &why), r->want, r->hash ? r->hash : "no hash");
        ok(!why == (r->want == APR_SUCCESS), "the reason: %s", why ? why : "none");
        if (r->want != APR_SUCCESS) {
            is_int(um_pwhash_verify(pool, r->hash, "x", 1), UM_PWHASH_UNKNOWN, "it is not computed either");
            ok(um_pwhash_kind(r->hash) == 0, "and has no kind");
        }
    }
}

/* Each kind can be computed in vain, so that the time of a refused sign-in is that of the account's own hash. */
static void test_dummies(apr_pool_t *pool)
{
    for (apr_size_t i = 0; i < VECTORS; i++) {
        um_pwhash_params_t params = um_pwhash_kind_params(um_pwhash_kind(vectors[i].hash));
        const um_pwhash_family_t *family = um_pwhash_family_named(params.family);
        const char *sample = family->sample(pool, family, &params);

        is_int(um_pwhash_verify(pool, sample, "x", 1), UM_PWHASH_MISMATCH, sample);
        ok(um_pwhash_kind(sample) == um_pwhash_kind(vectors[i].hash), "it is of the kind of: %s", vectors[i].source);
    }
}

static void test_rest(void)
{
    apr_uint64_t few = um_pwhash_kind("pbkdf2_sha256$1000$salt$" SHA256_B64);
    apr_uint64_t many = um_pwhash_kind("pbkdf2_sha256$3000$salt$" SHA256_B64);
    apr_uint64_t bcrypt = um_pwhash_kind("$2b$05$" ZERO53), dear = um_pwhash_kind("$2b$06$" ZERO53);

    ok(um_pwhash_kind_rest(many, few) == um_pwhash_kind("pbkdf2_sha256$2000$salt$" SHA256_B64),
       "after 1000 of 3000 iterations 2000 remain");
    ok(um_pwhash_kind_rest(few, many) == 0, "after 3000 of 1000 none remain");
    ok(um_pwhash_kind_rest(few, few) == 0, "nothing remains of the same kind");
    ok(um_pwhash_kind_rest(few, 0) == few, "all remains when nothing was spent");
    ok(um_pwhash_kind_rest(0, few) == 0, "of no kind nothing remains");
    ok(um_pwhash_kind_rest(few, bcrypt) == few, "all remains after another family");
    ok(um_pwhash_kind_rest(dear, bcrypt) == dear, "all remains where the time is not in proportion");
    ok(um_pwhash_kind("bcrypt$$2b$05$" ZERO53) == bcrypt && um_pwhash_kind("bcrypt_sha256$$2y$05$" ZERO53) == bcrypt,
       "Django's bcrypt takes the time of bcrypt");
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    atexit(apr_terminate);
    apr_pool_create(&pool, NULL);
    test_vectors(pool);
    test_refused(pool);
    test_dummies(pool);
    test_rest();
    apr_pool_destroy(pool);
    return tap_done();
}
