/* SPDX-License-Identifier: Apache-2.0 */
#include "reserved.h"

#include "lookalike.h"
#include "unicode.h"

#include <apr_file_io.h>
#include <apr_hash.h>
#include <apr_strings.h>
#include <string.h>

/* The names of system accounts and servers, because applications may take REMOTE_USER for a system login; the names of
 * roles, which people trust (those of RFC 2142 too); and words that programs take for "no name" or for the caller. */
static const char *const usual[] = {
    "abuse", "account", "accounts", "adm", "admin", "administrator", "all", "anon", "anonymous", "anybody", "anyone",
    "apache", "apache2", "api", "auth", "backup", "billing", "bin", "daemon", "everybody", "everyone", "ftp", "git",
    "guest", "help", "helpdesk", "hostmaster", "http", "httpd", "info", "irc", "ldap", "local", "localhost", "login",
    "logout", "lp", "mail", "mailer-daemon", "mailman", "man", "me", "messagebus", "mod", "moderator", "mysql",
    "nagios", "named", "news", "nginx", "nil", "no-reply", "nobody", "noc", "nogroup", "none", "noreply", "ntp",
    "null", "oauth", "official", "operator", "oracle", "owner", "password", "police", "postfix", "postgres",
    "postgresql", "postmaster", "proxy", "public", "redis", "register", "registration", "reset", "root", "sales",
    "security", "self", "service", "signin", "signup", "smtp", "squid", "sshd", "ssl", "staff", "su", "sudo",
    "superuser", "support", "svn", "sync", "sys", "sysadmin", "syslog", "sysop", "system", "team", "token", "tomcat",
    "toor", "undefined", "unknown", "user", "username", "users", "uucp", "verify", "visitor", "webadmin", "webmaster",
    "www", "www-data",
};

struct um_reserved_t {
    apr_hash_t *keys;
};

static um_reserved_t *make(apr_pool_t *pool)
{
    um_reserved_t *made = apr_palloc(pool, sizeof(*made));

    made->keys = apr_hash_make(pool);
    return made;
}

static int add_name(apr_pool_t *pool, um_reserved_t *reserved, const char *name)
{
    const char *key;

    if (um_unicode_key(pool, name, &key) != APR_SUCCESS || !um_unicode_is_name(key)) {
        return 0;
    }
    apr_hash_set(reserved->keys, key, APR_HASH_KEY_STRING, key);
    return 1;
}

um_reserved_t *um_reserved_default(apr_pool_t *pool)
{
    um_reserved_t *made = make(pool);

    for (apr_size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
        (void)add_name(pool, made, usual[i]);
    }
    return made;
}

apr_status_t um_reserved_read(apr_pool_t *pool, const char *path, um_reserved_t **reserved, const char **why)
{
    um_reserved_t *made = make(pool);
    char line[1024], text[128];
    apr_file_t *file;
    apr_status_t rv = apr_file_open(&file, path, APR_FOPEN_READ | APR_FOPEN_BUFFERED, APR_OS_DEFAULT, pool);

    for (int number = 1; rv == APR_SUCCESS; number++) {
        const char *name;

        rv = apr_file_gets(line, sizeof(line), file);
        if (rv != APR_SUCCESS) {
            break;
        }
        line[strcspn(line, "#\r\n")] = '\0';
        name = um_unicode_valid(line, strlen(line)) ? um_unicode_trim(pool, line) : line;
        if (*name && !add_name(pool, made, apr_pstrdup(pool, name))) {
            *why = apr_psprintf(pool, "%s: line %d is not a name: letters, digits and @ . + - _", path, number);
            apr_file_close(file);
            return APR_EINVAL;
        }
    }
    if (rv != APR_EOF) {
        *why = apr_psprintf(pool, "%s: %s", path, apr_strerror(rv, text, sizeof(text)));
        return rv;
    }
    apr_file_close(file);
    *reserved = made;
    return APR_SUCCESS;
}

static int has_key(const um_reserved_t *reserved, const char *key)
{
    return apr_hash_get(reserved->keys, key, APR_HASH_KEY_STRING) != NULL;
}

int um_reserved_has(apr_pool_t *pool, const um_reserved_t *reserved, const char *key)
{
    return reserved && (has_key(reserved, key)
                        || has_key(reserved, um_lookalike_ascii(pool, key, UM_LOOKALIKE_SMALL))
                        || has_key(reserved, um_lookalike_ascii(pool, key, UM_LOOKALIKE_CAPITAL)));
}
