/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "cli_user.h"
#include "core_settings.h"
#include "custom_input.h"
#include "json.h"

#include <apr_strings.h>
#include <string.h>

static int no_such_field(const um_cli_t *cli, const um_custom_fields_t *fields, const char *given)
{
    const char *names = "";

    if (!cli->site) {
        return um_cli_fail(cli, UM_CLI_MISUSE, "--profile %s: say which site has the field: --config FILE, and --host "
                           "NAME where it has several", given);
    }
    for (int i = 0; i < fields->count; i++) {
        names = apr_pstrcat(cli->pool, names, i ? ", " : "", fields->field[i].name, NULL);
    }
    return um_cli_fail(cli, UM_CLI_MISUSE, "--profile %s: must be NAME=VALUE with a field of UserMgmtProfile: %s",
                       given, *names ? names : "the site has none");
}

int um_cli_user_profile(um_cli_t *cli, int is_new, const char **custom)
{
    const um_custom_fields_t *fields = cli->ctx->settings->custom_fields;
    um_json_t *values = um_json_object(cli->pool);

    for (int i = 0; cli->profile && i < cli->profile->nelts; i++) {
        const char *given = APR_ARRAY_IDX(cli->profile, i, const char *), *equals = strchr(given, '=');
        const um_custom_field_t *field
            = equals ? um_custom_field_find(fields, given, (apr_size_t)(equals - given)) : NULL;

        if (!field) {
            return no_such_field(cli, fields, given);
        }
        um_custom_input_text(cli->ctx, field, equals + 1, values);
    }
    if (is_new) {
        um_custom_input_demand(cli->ctx, values);
    }
    *custom = cli->profile ? um_json_print(cli->pool, values) : NULL;
    return UM_CLI_DONE;
}
