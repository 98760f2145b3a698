/* SPDX-License-Identifier: Apache-2.0 */
#include "import_format.h"

#include "isotime.h"

#include <apr_strings.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

typedef const char *set_fn(um_import_row_t *row, apr_size_t member, const char *value);

static const char *set_text(um_import_row_t *row, apr_size_t member, const char *value)
{
    *(const char **)((char *)row + member) = value;
    return NULL;
}

/* "" is no value. */
static const char *set_key(um_import_row_t *row, apr_size_t member, const char *value)
{
    return *value ? set_text(row, member, value) : NULL;
}

static const char *set_flag(um_import_row_t *row, apr_size_t member, const char *value)
{
    static const char *const words[] = { "0", "1", "false", "true", "f", "t", "no", "yes", "n", "y", NULL };
    int i = 0;

    if (!*value) {
        return NULL;
    }
    while (words[i] && strcasecmp(words[i], value) != 0) {
        i++;
    }
    *(int *)((char *)row + member) = i % 2;
    return words[i] ? NULL : "must be true or false";
}

static const char *set_active(um_import_row_t *row, apr_size_t member, const char *value)
{
    const char *why = *value ? set_flag(row, member, value) : NULL;

    row->is_inactive = *value && !why ? !row->is_inactive : 0;
    return why;
}

static const char *set_time(um_import_row_t *row, apr_size_t member, const char *value)
{
    return !*value || um_isotime_read(value, (apr_int64_t *)((char *)row + member)) ? NULL
           : "must be a time, such as 2026-01-31T23:59:59Z";
}

#define MEMBER(name) offsetof(um_import_row_t, name)

static const struct {
    const char *name;
    set_fn *set;
    apr_size_t member;
} members[] = {
#define PROFILE(name, ...) { #name, set_text, MEMBER(name) },
    UM_PROFILE(PROFILE)
#undef PROFILE
    { "password", set_text, MEMBER(password) },
    { "id", set_key, MEMBER(id) },
    { "alias", set_key, MEMBER(alias) },
    { "is_active", set_active, MEMBER(is_inactive) },
    { "is_staff", set_flag, MEMBER(is_staff) },
    { "email_verified", set_flag, MEMBER(email_verified) },
    { "created_at", set_time, MEMBER(created_at) },
    { "date_joined", set_time, MEMBER(created_at) },
    { "last_sign_in_at", set_time, MEMBER(last_sign_in_at) },
    { "last_login", set_time, MEMBER(last_sign_in_at) },
};

int um_import_set(apr_pool_t *pool, um_import_row_t *row, const char *name, const char *value, const char **why)
{
    for (apr_size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        if (strcmp(members[i].name, name) == 0) {
            const char *wrong = members[i].set(row, members[i].member, value);

            if (wrong) {
                *why = apr_pstrcat(pool, name, " ", wrong, NULL);
            }
            return 1;
        }
    }
    return 0;
}
