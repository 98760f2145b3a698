/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "key.h"

#include <apr_file_io.h>
#include <apr_strings.h>
#include <stdio.h>
#include <string.h>

/* Names sort by the time they were made, and the last one signs. */
static const char *new_name(um_cli_t *cli)
{
    char stamp[32];
    apr_size_t len;
    apr_time_exp_t now;

    apr_time_exp_gmt(&now, apr_time_now());
    apr_strftime(stamp, &len, sizeof(stamp), "%Y%m%dT%H%M%SZ", &now);
    return apr_psprintf(cli->pool, "%s/%s-%06d-%s.%s", cli->args[0], stamp, now.tm_usec, cli->alg,
                        strcmp(cli->alg, "HS256") == 0 ? "jwk" : "pem");
}

int um_cli_key_new(um_cli_t *cli)
{
    const char *file = new_name(cli);
    const char *why = NULL;
    apr_status_t rv = apr_dir_make(cli->args[0], APR_FPROT_UREAD | APR_FPROT_UWRITE | APR_FPROT_UEXECUTE, cli->pool);
    char text[120];

    if (rv != APR_SUCCESS && !APR_STATUS_IS_EEXIST(rv)) {
        return um_cli_fail("folder %s cannot be made: %s", cli->args[0], apr_strerror(rv, text, sizeof(text)));
    }
    if (um_jwk_create(cli->pool, cli->alg, file, &why) != APR_SUCCESS) {
        return um_cli_fail("%s", why);
    }
    puts(file);
    return 0;
}

int um_cli_key_list(um_cli_t *cli)
{
    um_keyring_t *keys;
    const char *why = NULL;

    if (um_key_ring(cli->pool, cli->args[0], &keys, &why) != APR_SUCCESS) {
        return um_cli_fail("%s", why);
    }
    for (int i = 0; i < um_key_files(keys)->nelts; i++) {
        const char *file = APR_ARRAY_IDX(um_key_files(keys), i, const char *);
        um_jwk_t *key;

        if (um_jwk_read(cli->pool, file, &key, &why) == APR_SUCCESS) {
            printf("%-6s %s %-8s %s\n", um_jwk_alg(key), um_jwk_kid(key),
                   strcmp(um_jwk_kid(key), um_jwk_kid(um_key_signing(keys))) == 0 ? "signs" : "verifies", file);
        }
    }
    return 0;
}
