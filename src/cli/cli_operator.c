/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"

#include <apr_strings.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#define NO_LOGIN 4294967295u

static const char *name_of(apr_pool_t *pool, uid_t id)
{
    const struct passwd *user = getpwuid(id);

    return user ? apr_pstrdup(pool, user->pw_name) : apr_psprintf(pool, "#%lu", (unsigned long)id);
}

/* The user who signed in to this machine. The kernel keeps the number and passes it on through su and sudo. NULL: it
 * has none, as in a container or for cron. */
static const char *login_of(apr_pool_t *pool)
{
    char text[32];
    int file = open("/proc/self/loginuid", O_RDONLY | O_CLOEXEC);
    ssize_t len = file >= 0 ? read(file, text, sizeof(text) - 1) : -1;
    unsigned long id;

    if (file >= 0) {
        close(file);
    }
    if (len <= 0) {
        return NULL;
    }
    text[len] = '\0';
    id = strtoul(text, NULL, 10);
    return id == NO_LOGIN ? NULL : name_of(pool, (uid_t)id);
}

const char *um_cli_operator(const um_cli_t *cli)
{
    apr_pool_t *pool = cli->pool;
    const char *login = login_of(pool), *sudo = getenv("SUDO_USER");
    const char *text = apr_pstrcat(pool, "usermgmt/" UM_VERSION " user ", name_of(pool, (uid_t)cli->uid), NULL);

    if (login) {
        return apr_pstrcat(pool, text, " login ", login, NULL);
    }
    /* Whoever may call the program can set this variable, so it is a hint, and is named as what it is. */
    return sudo && *sudo ? apr_pstrcat(pool, text, " SUDO_USER ", sudo, NULL) : text;
}
