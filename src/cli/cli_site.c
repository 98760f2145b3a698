/* SPDX-License-Identifier: Apache-2.0 */
/* The site that the program works for, as httpd's configuration has it. */
#include "cli.h"
#include "json.h"

#include <apr_strings.h>
#include <string.h>
#include <strings.h>

#define MAX_DEPTH 8

/* --- reading what httpd prints ------------------------------------------------------------------------------------ */

/* The object among the lines that httpd printed. NULL: the module did not print one. */
static um_json_t *find_document(um_cli_t *cli, const char *out)
{
    static const char begin[] = "{\"usermgmt\":";
    const char *line = out, *why = NULL;
    um_json_doc_t *document;

    while (line && strncmp(line, begin, strlen(begin)) != 0) {
        line = strchr(line, '\n');
        line += line ? 1 : 0;
    }
    return line && um_json_parse(cli->pool, line, strcspn(line, "\n"), MAX_DEPTH, &document, &why) == APR_SUCCESS
           ? document->root : NULL;
}

/* What to do about an error that httpd itself finds, which cannot say what is missing; "": nothing is known. */
static const char *remedy_for(const char *said)
{
    static const struct { const char *text, *remedy; } known[] = {
        { "Invalid command 'UserMgmt", "; is the module loaded? On Debian: a2enmod usermgmt" },
        { "Invalid command 'DBD", "; is mod_dbd loaded? On Debian: a2enmod dbd" },
        { "driver file apr_dbd_pgsql", "; is it installed? On Debian: apt-get install libaprutil1-dbd-pgsql" },
        { "driver file apr_dbd_sqlite3", "; is it installed? On Debian: apt-get install libaprutil1-dbd-sqlite3" },
    };

    for (int i = 0; i < (int)(sizeof(known) / sizeof(known[0])); i++) {
        if (strstr(said, known[i].text)) {
            return known[i].remedy;
        }
    }
    return "";
}

const char *um_cli_site_refusal(um_cli_t *cli, const char *error)
{
    static const char begin[] = "Syntax error on line ";
    char *text = apr_pstrdup(cli->pool, error), *rest = NULL;
    const char *said = NULL, *place = "";

    for (char *line = apr_strtok(text, "\n", &rest); line; line = apr_strtok(NULL, "\n", &rest)) {
        const char *at = strstr(line, begin);

        if (at) {
            place = apr_psprintf(cli->pool, "line %.*s: ", (int)strcspn(at + strlen(begin), ":"), at + strlen(begin));
        }
        said = said && strchr(said, ':') && strncmp(line, "AH00", 4) == 0 ? said : line;
    }
    said = said ? said : "it gave no reason";
    return apr_pstrcat(cli->pool, *place && strstr(said, begin) ? "" : place, said, remedy_for(said), NULL);
}

const char *um_cli_site_config(const um_cli_t *cli)
{
    return cli->config ? cli->config : UM_HTTPD_CONFIG;
}

/* --- hosts -------------------------------------------------------------------------------------------------------- */

const char *um_cli_site_text(const um_json_t *object, const char *name)
{
    return um_json_get(object, name).text;
}

static const char *describe(const um_cli_t *cli, const um_json_t *host)
{
    const char *database = um_cli_site_text(host, "database"), *file = um_cli_site_text(host, "file");

    return apr_psprintf(cli->pool, "%s (%s%s%s)", um_cli_site_text(host, "name"), database ? database : "no database",
                        file ? ", " : "", file ? apr_psprintf(cli->pool, "%s:%d", file,
                                                              (int)um_json_get(host, "line").number) : "");
}

static int is_named(const um_json_t *host, const char *wanted)
{
    const char *name = um_cli_site_text(host, "name"), *mail_host = um_cli_site_text(host, "mail_host");
    um_json_t *aliases = um_json_child(host, "aliases");

    for (int i = 0; i < um_json_length(aliases); i++) {
        if (strcasecmp(um_json_value(um_json_at(aliases, i)).text, wanted) == 0) {
            return 1;
        }
    }
    return strcasecmp(name, wanted) == 0 || strcasecmp(mail_host, wanted) == 0;
}

/* Those of --host, or else those that serve the API, or else all. */
static void choose_hosts(um_cli_t *cli, um_json_t *all)
{
    cli->hosts = apr_array_make(cli->pool, 4, sizeof(um_json_t *));
    for (int round = cli->host ? 1 : 0; round < 2 && !cli->hosts->nelts; round++) {
        for (int i = 0; i < um_json_length(all); i++) {
            um_json_t *host = um_json_at(all, i);

            if (cli->host ? is_named(host, cli->host) : round || um_json_get(host, "UserMgmt").number != 0) {
                APR_ARRAY_PUSH(cli->hosts, um_json_t *) = host;
            }
        }
    }
}

static void list_host(const um_cli_t *cli, const um_json_t *host)
{
    um_cli_fail(cli, UM_CLI_MISUSE, "    %s", describe(cli, host));
}

static int fail_without_host(const um_cli_t *cli, const char *config, const um_json_t *all)
{
    um_cli_fail(cli, UM_CLI_MISUSE, "--host %s: there is no such host with the module in %s%s", cli->host, config,
                um_json_length(all) ? "; there are:" : "");
    for (int i = 0; i < um_json_length(all); i++) {
        list_host(cli, um_json_at(all, i));
    }
    return UM_CLI_MISUSE;
}

int um_cli_site_read(um_cli_t *cli)
{
    const char *config = um_cli_site_config(cli);
    um_cli_httpd_t result;
    um_json_t *all;
    int code;

    if (cli->site) {
        return UM_CLI_DONE;
    }
    code = um_cli_httpd_test(cli, 1, &result);
    if (code != UM_CLI_DONE) {
        return code;
    }
    if (!result.is_good) {
        return um_cli_fail(cli, UM_CLI_UNREACHABLE, "httpd cannot read %s: %s", config,
                           um_cli_site_refusal(cli, result.error));
    }
    cli->site = find_document(cli, result.out);
    if (!cli->site) {
        return um_cli_fail(cli, UM_CLI_MISUSE, "%s does not load the module, or another version of it; on Debian "
                           "load it with: a2enmod usermgmt; or name another configuration of httpd with --config FILE, "
                           "or say which database: --driver sqlite3|pgsql --params PARAMS", config);
    }
    all = um_json_child(cli->site, "hosts");
    choose_hosts(cli, all);
    if (!cli->hosts->nelts) {
        return cli->host ? fail_without_host(cli, config, all)
               : um_cli_fail(cli, UM_CLI_MISUSE, "%s has no host with UserMgmt On; name another configuration with "
                             "--config FILE, or say which database: --driver sqlite3|pgsql --params PARAMS", config);
    }
    return UM_CLI_DONE;
}

/* --- what hosts must agree in ------------------------------------------------------------------------------------- */

static int are_equal(um_cli_t *cli, const um_json_t *one, const um_json_t *other, const char *names)
{
    char *rest = NULL;

    for (char *name = apr_strtok(apr_pstrdup(cli->pool, names), " ", &rest); name;
         name = apr_strtok(NULL, " ", &rest)) {
        if (strcmp(um_json_print(cli->pool, um_json_child(one, name)),
                   um_json_print(cli->pool, um_json_child(other, name))) != 0) {
            return 0;
        }
    }
    return 1;
}

int um_cli_site_host(um_cli_t *cli, const char *what, const char *names, const um_json_t **host)
{
    int code = um_cli_site_read(cli);

    if (code != UM_CLI_DONE) {
        return code;
    }
    *host = APR_ARRAY_IDX(cli->hosts, 0, um_json_t *);
    for (int i = 0; i < cli->hosts->nelts; i++) {
        code = are_equal(cli, *host, APR_ARRAY_IDX(cli->hosts, i, um_json_t *), names) ? code : UM_CLI_MISUSE;
    }
    if (code != UM_CLI_DONE) {
        um_cli_fail(cli, code, "the hosts of %s have different %s: name one with --host NAME:",
                    um_cli_site_config(cli), what);
        for (int i = 0; i < cli->hosts->nelts; i++) {
            list_host(cli, APR_ARRAY_IDX(cli->hosts, i, um_json_t *));
        }
    }
    return code;
}

int um_cli_site_place(um_cli_t *cli, const char *setting, const char **place)
{
    const um_json_t *host;
    int code;

    if (strcmp(setting, "PidFile") == 0) {
        code = um_cli_site_read(cli);
        *place = code == UM_CLI_DONE ? um_cli_site_text(cli->site, "pid_file") : NULL;
        return code;
    }
    code = um_cli_site_host(cli, setting, setting, &host);
    *place = code == UM_CLI_DONE ? um_cli_site_text(host, setting) : NULL;
    return code != UM_CLI_DONE || *place ? code
           : um_cli_fail(cli, UM_CLI_MISUSE, "%s sets no %s: name it as the first argument", um_cli_site_config(cli),
                         setting);
}
