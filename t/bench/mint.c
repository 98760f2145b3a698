/* SPDX-License-Identifier: Apache-2.0 */
/* Signs tokens of sessions that a measurement has put into the database, because 100,000 sign-ins would take long:
 *   mint KEYS ISSUER SECONDS <FILE
 * Each line of the input is a user's id, a blank and a session's id; each line of the output a token that is good for
 * so many seconds, or was until so many ago. */
#include "core_settings.h"
#include "keyring.h"
#include "store_user.h"
#include "token.h"

#include <apr_general.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int mint(apr_pool_t *root, const um_site_t *site, apr_time_t now, apr_int64_t seconds)
{
    char line[128];
    apr_pool_t *pool;
    int good = 1;

    apr_pool_create(&pool, root);
    while (good && fgets(line, sizeof(line), stdin)) {
        um_ctx_t ctx;
        um_user_t user = { .custom = "{}" };
        const char *token = "";

        apr_pool_clear(pool);
        um_ctx_init(&ctx, pool, site, now);
        line[strcspn(line, "\n")] = '\0';
        good = strlen(line) == 73;
        line[36] = '\0';
        user.id = line;
        good = good && um_token_issue(&ctx, &user, line + 37, um_ctx_seconds(&ctx) + seconds, &token) == UM_OK;
        puts(token);
    }
    return good;
}

int main(int argc, char **argv)
{
    apr_pool_t *pool;
    um_keyring_t *keys;
    const char *why = "";
    const um_core_settings_t settings = { 0 };
    um_site_t site = { .settings = &settings };

    if (argc != 4 || apr_initialize() != APR_SUCCESS) {
        fprintf(stderr, "usage: mint KEYS ISSUER SECONDS <FILE\n");
        return 2;
    }
    apr_pool_create(&pool, NULL);
    if (um_keyring_read(pool, argv[1], &keys, &why) != APR_SUCCESS) {
        fprintf(stderr, "mint: %s\n", why);
        return 1;
    }
    site.keys = keys;
    site.issuer = site.audience = argv[2];
    return !mint(pool, &site, apr_time_now(), strtol(argv[3], NULL, 10));
}
