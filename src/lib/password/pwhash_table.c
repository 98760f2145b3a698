/* SPDX-License-Identifier: Apache-2.0 */
/* All formats of password hashes. */
#include "pwhash_private.h"

#include <string.h>

const um_pwhash_family_t *const um_pwhash_families[] = {
    /* the module's own, in the order in which messages name them */
    &um_pwhash_scrypt,
    &um_pwhash_argon2id,
    /* Django */
    &um_pwhash_pbkdf2_sha256,           /* pbkdf2_sha256$ */
    &um_pwhash_pbkdf2_sha1,             /* pbkdf2_sha1$ */
    &um_pwhash_django_scrypt,           /* scrypt$ */
    &um_pwhash_django_bcrypt_sha256,    /* bcrypt_sha256$$2b$ */
    &um_pwhash_django_bcrypt,           /* bcrypt$$2b$ */
    &um_pwhash_django_argon2id,         /* argon2$argon2id$v=19$ */
    &um_pwhash_django_argon2i,          /* argon2$argon2i$v=19$ */
    /* htpasswd and crypt(3) */
    &um_pwhash_bcrypt,                  /* $2a$ $2b$ $2y$ */
    &um_pwhash_apr1,                    /* $apr1$ */
    &um_pwhash_md5crypt,                /* $1$ */
    &um_pwhash_sha256crypt,             /* $5$ */
    &um_pwhash_sha512crypt,             /* $6$ */
    &um_pwhash_yescrypt,                /* $y$ */
    &um_pwhash_sha,                     /* {SHA} */
    /* others */
    &um_pwhash_ssha,                    /* {SSHA}, of LDAP servers */
    &um_pwhash_argon2i,                 /* $argon2i$v=19$ */
};

const apr_size_t um_pwhash_family_count = sizeof(um_pwhash_families) / sizeof(um_pwhash_families[0]);

const um_pwhash_family_t *um_pwhash_family_of(const char *hash)
{
    for (apr_size_t i = 0; hash && i < um_pwhash_family_count; i++) {
        if (strncmp(hash, um_pwhash_families[i]->prefix, strlen(um_pwhash_families[i]->prefix)) == 0) {
            return um_pwhash_families[i];
        }
    }
    return NULL;
}

const um_pwhash_family_t *um_pwhash_family_named(const char *name)
{
    for (apr_size_t i = 0; i < um_pwhash_family_count; i++) {
        if (strcmp(um_pwhash_families[i]->name, name) == 0) {
            return um_pwhash_families[i];
        }
    }
    return NULL;
}
