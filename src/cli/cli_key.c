/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "json.h"
#include "jwk.h"
#include "keyring.h"
#include "key_directory.h"
#include "rotation.h"

#include <apr_file_io.h>
#include <apr_strings.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Checks that the folder of the first argument can be used; how is R_OK or W_OK, or both. */
static int open_folder(um_cli_t *cli, int how)
{
    int code = um_cli_owner_take_on(cli, cli->args[0]);

    if (code == UM_CLI_DONE && access(cli->args[0], how) != 0) {
        return um_cli_fail(cli, UM_CLI_UNREACHABLE, "%s cannot be %s: %s", cli->args[0],
                           how & W_OK ? "changed" : "read", strerror(errno));
    }
    return code;
}

/* --- new --- */

static int key_new(um_cli_t *cli)
{
    apr_array_header_t *steps = apr_array_make(cli->pool, 1, sizeof(const char *));
    const char *file = NULL, *why = NULL;
    int code = um_cli_owner_take_on(cli, cli->args[0]);
    apr_status_t rv;
    char text[120];

    if (code != UM_CLI_DONE) {
        return code;
    }
    rv = apr_dir_make(cli->args[0], APR_FPROT_UREAD | APR_FPROT_UWRITE | APR_FPROT_UEXECUTE, cli->pool);
    if (rv != APR_SUCCESS && !APR_STATUS_IS_EEXIST(rv)) {
        return um_cli_fail(cli, UM_CLI_UNREACHABLE, "folder %s cannot be made: %s", cli->args[0],
                           apr_strerror(rv, text, sizeof(text)));
    }
    code = open_folder(cli, R_OK | W_OK);
    if (code != UM_CLI_DONE) {
        return code;
    }
    if (um_rotation_add(cli->pool, cli->args[0], cli->alg ? cli->alg : "EdDSA", apr_time_now(), &file, &why)
        != APR_SUCCESS) {
        return um_cli_fail(cli, UM_CLI_FAILED, "%s", why);
    }
    um_cli_say(cli, "%s", file);
    APR_ARRAY_PUSH(steps, const char *) = apr_pstrcat(cli->pool, file, " is made", NULL);
    um_cli_database_record_keys(cli, steps);
    return UM_CLI_DONE;
}

/* --- list --- */

static void print_key(const um_cli_t *cli, const um_key_directory_file_t *file, const um_jwk_t *key, int signs)
{
    static const char *const states[] = { "next", "verifies", "retired" };

    um_json_t *object = um_json_object(cli->pool);

    um_json_put_text(object, "alg", um_jwk_alg(key));
    um_json_put_text(object, "kid", um_jwk_kid(key));
    um_json_put_text(object, "state", signs ? "signs" : states[file->state]);
    um_json_put_text(object, "file", file->path);
    um_cli_list(cli, object, "%-6s %s %-8s %s", um_jwk_alg(key), um_jwk_kid(key),
                signs ? "signs" : states[file->state], file->path);
}

static int key_list(um_cli_t *cli)
{
    apr_array_header_t *files;
    const char *why = NULL;
    um_jwk_t **keys;
    int signing = -1, code = open_folder(cli, R_OK);

    if (code != UM_CLI_DONE) {
        return code;
    }
    if (um_key_directory_list(cli->pool, cli->args[0], &files, &why) != APR_SUCCESS) {
        return um_cli_fail(cli, UM_CLI_FAILED, "%s", why);
    }
    keys = apr_pcalloc(cli->pool, sizeof(*keys) * (apr_size_t)files->nelts);
    for (int i = 0; i < files->nelts; i++) {
        const um_key_directory_file_t *file = &APR_ARRAY_IDX(files, i, um_key_directory_file_t);

        if (um_jwk_read(cli->pool, file->path, &keys[i], &why) != APR_SUCCESS) {
            keys[i] = NULL;
            code = um_cli_fail(cli, access(file->path, R_OK) ? UM_CLI_UNREACHABLE : UM_CLI_FAILED, "%s: %s", file->path,
                               why);
        }
        else if (file->state == UM_KEY_IN_USE && um_jwk_can_sign(keys[i])) {
            signing = i;
        }
    }
    for (int i = 0; i < files->nelts; i++) {
        if (keys[i]) {
            print_key(cli, &APR_ARRAY_IDX(files, i, um_key_directory_file_t), keys[i], i == signing);
        }
    }
    return signing < 0 ? um_cli_fail(cli, UM_CLI_FAILED, "%s: no key signs", cli->args[0]) : code;
}

/* --- rotate and retire --- */

/* Reads the folder once more, as a server does. A server refuses files that the command may have passed over; the
 * caller must learn of that. */
static int finish(um_cli_t *cli, apr_status_t rv, const apr_array_header_t *said, const char *why)
{
    um_keyring_t *keys;

    for (int i = 0; i < said->nelts; i++) {
        um_cli_say(cli, "%s", APR_ARRAY_IDX(said, i, const char *));
    }
    if (rv == APR_SUCCESS) {
        rv = um_keyring_read(cli->pool, cli->args[0], &keys, &why);
    }
    um_cli_database_record_keys(cli, said);
    return rv == APR_SUCCESS ? UM_CLI_DONE
                             : um_cli_fail(cli, rv == APR_NOTFOUND ? UM_CLI_ABSENT : UM_CLI_FAILED, "%s", why);
}

static int key_rotate(um_cli_t *cli)
{
    um_rotation_t plan = { .every = 30 * 86400, .publish = 3600, .lifetime = 86400, .keep = -1, .alg = cli->alg,
                           .now = cli->now };
    apr_array_header_t *said = apr_array_make(cli->pool, 4, sizeof(const char *));
    const char *why = NULL;
    apr_status_t rv;
    int code;

    if (!um_cli_time_span(cli, "every", cli->every, &plan.every) || !um_cli_time_span(cli, "publish", cli->publish,
                                                                                      &plan.publish)
        || !um_cli_time_span(cli, "lifetime", cli->lifetime, &plan.lifetime)
        || !um_cli_time_span(cli, "keep", cli->keep, &plan.keep)) {
        return UM_CLI_MISUSE;
    }
    if (plan.every <= plan.publish) {
        return um_cli_fail(cli, UM_CLI_MISUSE,
                           "--every must be longer than --publish: a key is published before it signs");
    }
    code = open_folder(cli, R_OK | W_OK);
    if (code != UM_CLI_DONE) {
        return code;
    }
    rv = um_rotation_step(cli->pool, cli->args[0], &plan, apr_time_now(), said, &why);
    return finish(cli, rv, said, why);
}

static int key_retire(um_cli_t *cli)
{
    apr_array_header_t *said = apr_array_make(cli->pool, 4, sizeof(const char *));
    const char *why = NULL;
    int code = open_folder(cli, R_OK | W_OK);
    apr_status_t rv;

    if (code != UM_CLI_DONE) {
        return code;
    }
    rv = um_rotation_retire(cli->pool, cli->args[0], cli->args[1], apr_time_now(), said, &why);
    return finish(cli, rv, said, why);
}

const um_cli_command_t um_cli_key[] = {
    { .verb = "new", .synopsis = "[FOLDER]", .arguments = 1, .place = "UserMgmtSigningKey",
      .options = "alg",
      .function = key_new, .help = "make a key in FOLDER and print the name of its file (--alg)" },
    { .verb = "list", .synopsis = "[FOLDER]", .arguments = 1, .place = "UserMgmtSigningKey",
      .options = "json",
      .function = key_list, .help = "list the keys: algorithm, kid, state, file" },
    { .verb = "rotate", .synopsis = "[FOLDER]", .arguments = 1, .place = "UserMgmtSigningKey",
      .options = "alg every keep lifetime now publish",
      .function = key_rotate, .help = "make, activate, retire and remove the keys that are due; for cron" },
    { .verb = "retire", .synopsis = "[FOLDER] KID", .arguments = 2, .place = "UserMgmtSigningKey",
      .function = key_retire, .help = "retire a key at once; activate another one if it was signing" },
    { .function = NULL },
};
