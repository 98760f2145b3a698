/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "event.h"
#include "store.h"

#include <apr_network_io.h>
#include <apr_strings.h>
#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The owner of a file or folder; NULL: root, or there is no such file. */
static const char *other_owner(apr_pool_t *pool, const char *path)
{
    const struct passwd *user;
    struct stat info;

    if (lstat(path, &info) != 0 || info.st_uid == 0) {
        return NULL;
    }
    user = getpwuid(info.st_uid);
    return user ? apr_pstrdup(pool, user->pw_name) : apr_psprintf(pool, "'#%lu'", (unsigned long)info.st_uid);
}

/* SQLite would make a file that does not exist, and files -wal and -shm that belong to root would be closed to httpd's
 * user. */
static int check_file(um_cli_t *cli, int may_make)
{
    const char *file = um_store_sqlite_file(cli->pool, cli->params);
    const char *owner = NULL;
    struct stat info;
    int code;

    if (!file) {
        return um_cli_fail(cli, UM_CLI_MISUSE, "--params %s: name a file", cli->params);
    }
    code = um_cli_owner_take_on(cli, file);
    if (code != UM_CLI_DONE) {
        return code;
    }
    if (geteuid() == 0 && ((owner = other_owner(cli->pool, um_store_sqlite_folder(cli->pool, file)))
                           || (owner = other_owner(cli->pool, file)))) {
        return um_cli_fail(cli, UM_CLI_FAILED, "%s belongs to %s: call the program as that user, with: sudo -u %s "
                           "usermgmt ...", file, owner, owner);
    }
    if (may_make || (stat(file, &info) == 0 && info.st_size > 0)) {
        return UM_CLI_DONE;
    }
    if (stat(file, &info) != 0 && errno != ENOENT) {
        return um_cli_fail(cli, UM_CLI_UNREACHABLE, "%s: %s", file, strerror(errno));
    }
    return um_cli_fail(cli, UM_CLI_UNREACHABLE, "there is no database in %s: the module makes it at its first start, "
                       "and so does \"usermgmt schema upgrade\"", file);
}

/* Sets cli->driver and cli->params, if the call has none. *host: whose database it is; NULL: not known. */
static int find_database(um_cli_t *cli, const um_json_t **host)
{
    int is_given = cli->driver && cli->params, code;

    *host = NULL;
    if (is_given && !cli->config && !cli->host) {
        return UM_CLI_DONE;
    }
    if (!is_given && (cli->driver || cli->params)) {
        return um_cli_fail(cli, UM_CLI_MISUSE, "say which database: --driver sqlite3|pgsql --params PARAMS");
    }
    code = um_cli_site_host(cli, "databases", "driver params", host);
    if (code != UM_CLI_DONE || is_given) {
        return code;
    }
    cli->driver = um_cli_site_text(*host, "driver");
    cli->params = um_cli_site_text(*host, "params");
    return cli->driver && cli->params ? UM_CLI_DONE
           : um_cli_fail(cli, UM_CLI_FAILED, "%s lacks DBDriver or DBDParams for %s", um_cli_site_config(cli),
                         um_cli_site_text(*host, "name"));
}

int um_cli_database_find(um_cli_t *cli)
{
    const um_json_t *host;

    return find_database(cli, &host);
}

static int open_store(um_cli_t *cli, int to_upgrade, um_store_t **store)
{
    const char *why = NULL;
    int code;

    if (strcmp(cli->driver, "sqlite3") != 0 && strcmp(cli->driver, "pgsql") != 0) {
        return um_cli_fail(cli, UM_CLI_MISUSE, "--driver %s: must be sqlite3 or pgsql", cli->driver);
    }
    if (strcmp(cli->driver, "sqlite3") == 0 && (code = check_file(cli, to_upgrade)) != UM_CLI_DONE) {
        return code;
    }
    if (um_store_open(cli->pool, cli->driver, cli->params, store, &why) != APR_SUCCESS) {
        return um_cli_fail(cli, UM_CLI_UNREACHABLE, "%s", why);
    }
    if (!to_upgrade) {
        um_store_keep_schema(*store);
    }
    return UM_CLI_DONE;
}

static int open_database(um_cli_t *cli, int for_passwords)
{
    char *node = apr_pcalloc(cli->pool, APRMAXHOSTLEN + 1);
    const um_json_t *host = NULL;
    um_site_t *site;
    int code = find_database(cli, &host);

    if (code != UM_CLI_DONE) {
        return code;
    }
    site = um_cli_settings_site(cli, host);
    code = for_passwords ? um_cli_settings_read_files(cli, host, site) : UM_CLI_DONE;
    cli->ctx = apr_pcalloc(cli->pool, sizeof(*cli->ctx));
    um_ctx_init(cli->ctx, cli->pool, site, apr_time_now());
    cli->ctx->actor = "cli";
    cli->ctx->user_agent = um_cli_operator(cli);
    cli->ctx->node = apr_gethostname(node, APRMAXHOSTLEN + 1, cli->pool) == APR_SUCCESS ? node : NULL;
    return code == UM_CLI_DONE ? open_store(cli, 0, &site->store) : code;
}

int um_cli_database_open(um_cli_t *cli)
{
    return open_database(cli, 0);
}

int um_cli_database_open_for_passwords(um_cli_t *cli)
{
    return open_database(cli, 1);
}

int um_cli_database_open_schema(um_cli_t *cli, int to_upgrade, um_store_call_t *call)
{
    const um_json_t *host;
    int code = find_database(cli, &host);

    *call = (um_store_call_t){ .pool = cli->pool };
    return code == UM_CLI_DONE ? open_store(cli, to_upgrade, &call->store) : code;
}

void um_cli_database_record_keys(um_cli_t *cli, const apr_array_header_t *steps)
{
    int is_known = (cli->driver && cli->params) || cli->site;

    if (!is_known || !steps->nelts || um_cli_database_open(cli) != UM_CLI_DONE) {
        return;
    }
    for (int i = 0; i < steps->nelts; i++) {
        if (um_event_store_alone(cli->ctx, UM_EVENT_KEY_ROTATED, APR_ARRAY_IDX(steps, i, const char *)) != UM_OK) {
            um_cli_fail(cli, UM_CLI_DONE, "the keys were changed, but the event could not be stored: %s",
                        cli->ctx->cause);
            return;
        }
    }
}
