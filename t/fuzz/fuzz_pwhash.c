/* SPDX-License-Identifier: Apache-2.0 */
/* Stored password hashes and the setting that describes new ones, from arbitrary bytes. The first byte is the length of
 * a password that follows it; the rest is the text.
 *   clang -DUM_LIBFUZZER -fsanitize=fuzzer,address,undefined ...   to search
 *   cc ... && ./fuzz_pwhash corpus/pwhash/...                      to replay files */
#include "pwhash.h"
#include "pwhash_private.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

/* What one input may cost, so that thousands a second are tried. */
#define MAX_MEMORY (APR_UINT64_C(1) << 20)
#define MAX_WORK   (APR_UINT64_C(1) << 14)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const um_pwhash_family_t *const families[] = {&um_pwhash_scrypt, &um_pwhash_argon2id};

static int is_cheap(const char *hash)
{
    um_pwhash_params_t params;
    um_pwhash_phc_t phc;
    apr_uint64_t memory, work;
    apr_size_t i;

    for (i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        if (strncmp(hash, families[i]->prefix, strlen(families[i]->prefix)) == 0
            && um_pwhash_phc_read(families[i], hash, &params, &phc) == APR_SUCCESS) {
            families[i]->price(&params, &memory, &work);
            return memory <= MAX_MEMORY && work <= MAX_WORK;
        }
    }
    return 1;
}

static void must(int holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "broken: %s\n", what);
        abort();
    }
}

static void try_text(apr_pool_t *pool, const char *text, const char *password, apr_size_t len)
{
    um_pwhash_params_t params = {"scrypt", 10, 1, 1}, read = {NULL, 0, 0, 0};
    const char *why = NULL;
    um_pwhash_e verdict;

    if (um_pwhash_params(pool, text, &read, &why) == APR_SUCCESS) {
        must(read.family && read.cost && read.block && read.lanes, "settings that were read are all there");
    }
    else {
        must(why && *why, "a refusal says why");
    }
    if (is_cheap(text)) {
        verdict = um_pwhash_verify(pool, text, password, len);
        must(verdict != UM_PWHASH_ERROR, "a hash is known or unknown, but no trouble");
        must(verdict != UM_PWHASH_UNKNOWN || um_pwhash_outdated(&params, text), "what cannot be verified is outdated");
    }
    (void)um_pwhash_outdated(&params, text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static apr_pool_t *parent;
    apr_pool_t *pool;
    char *password, *text;
    size_t len;

    if (!parent) {
        apr_initialize();
        apr_pool_create(&parent, NULL);
    }
    if (size == 0) {
        return 0;
    }
    apr_pool_create(&pool, parent);
    len = data[0] < size ? data[0] : size - 1;
    /* Copies of exact size, so that a sanitizer sees one byte too many. */
    password = malloc(len ? len : 1);
    text = malloc(size - len);
    must(password && text, "memory");
    memcpy(password, data + 1, len);
    memcpy(text, data + 1 + len, size - 1 - len);
    text[size - 1 - len] = '\0';
    try_text(pool, text, password, len);
    free(password);
    free(text);
    apr_pool_destroy(pool);
    return 0;
}

#ifndef UM_LIBFUZZER
static uint8_t input[65536];

int main(int argc, char **argv)
{
    int i;

    for (i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");
        size_t size;

        if (!file) {
            perror(argv[i]);
            return 1;
        }
        size = fread(input, 1, sizeof(input), file);
        fclose(file);
        LLVMFuzzerTestOneInput(input, size);
    }
    printf("%d inputs replayed\n", argc - 1);
    return argc < 2;
}
#endif
