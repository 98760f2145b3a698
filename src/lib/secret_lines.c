/* SPDX-License-Identifier: Apache-2.0 */
#include "secret_lines.h"

#include "wipe.h"

#include <apr_strings.h>
#include <string.h>

#define BLANKS " \t\r"

/* NULL, or what is wrong with the line. */
static const char *read_line(apr_pool_t *pool, const um_secret_lines_t *lines, void *baton, char *line)
{
    char *rest;
    const char *name = apr_strtok(line, BLANKS, &rest);
    const char *value = name ? apr_strtok(NULL, BLANKS, &rest) : NULL;
    const char *fault;

    if (!name || name[0] == '#') {
        return NULL;
    }
    fault = value && apr_strtok(NULL, BLANKS, &rest) ? "" : lines->read(pool, baton, name, value);
    return fault && !fault[0] ? apr_psprintf(pool, "not %s, as \"%s\" writes it", lines->form, lines->command) : fault;
}

apr_status_t um_secret_lines_read(apr_pool_t *pool, const um_secret_lines_t *lines, void *baton, const char *text,
                                  apr_size_t len, const char **why)
{
    char *copy = apr_pstrmemdup(pool, text, len), *line = copy;
    const char *fault = NULL;

    if (memchr(text, '\0', len)) {
        *why = apr_pstrcat(pool, "not a file of lines ", lines->form, NULL);
        um_wipe(copy, len);
        return APR_EGENERAL;
    }
    for (int number = 1; line && !fault; number++) {
        char *end = strchr(line, '\n');

        if (end) {
            *end = '\0';
        }
        fault = read_line(pool, lines, baton, line);
        if (fault) {
            *why = apr_psprintf(pool, "line %d: %s", number, fault);
        }
        line = end ? end + 1 : NULL;
    }
    um_wipe(copy, len);
    return fault ? APR_EGENERAL : APR_SUCCESS;
}

int um_secret_lines_is(const char *line, const char *name)
{
    apr_size_t len = strlen(name);

    line += strspn(line, BLANKS);
    return strncmp(line, name, len) == 0 && (!line[len] || strchr(BLANKS "\n", line[len]));
}
