/* SPDX-License-Identifier: Apache-2.0 */
#include "mail_kind.h"

#include "core_settings.h"
#include "mail_settings.h"

#include <stddef.h>
#include <string.h>

/* A limit for an address keeps a stranger, whose address somebody put into an account, from getting a heap of mail. It
 * must not keep the owner of an account from what concerns them alone: an invitation, a reset, and the news that
 * their password or address was changed. */
static const um_mail_kind_t kinds[] = {
    {
        .name = UM_MAIL_KIND_RESET,
        .has_token = 1,
        .url = offsetof(um_mail_settings_t, reset_url),
        .lifetime = offsetof(um_core_settings_t, reset_lifetime),
        .to = UM_MAIL_TO_ACTIVE,
        .limit = UM_MAIL_LIMIT_ONE_EACH,
    },
    {
        .name = UM_MAIL_KIND_VERIFY,
        .has_token = 1,
        .url = offsetof(um_mail_settings_t, verify_url),
        .lifetime = offsetof(um_core_settings_t, verify_lifetime),
        .to = UM_MAIL_TO_UNVERIFIED,
        .limit = UM_MAIL_LIMIT_STRICT,
    },
    {
        /* Staff has chosen the name, no stranger. */
        .name = UM_MAIL_KIND_INVITE,
        .has_token = 1,
        .url = offsetof(um_mail_settings_t, invite_url),
        .lifetime = offsetof(um_core_settings_t, invite_lifetime),
        .to = UM_MAIL_TO_ACTIVE,
        .has_name = 1,
        .limit = UM_MAIL_LIMIT_ONE_EACH,
    },
    {
        .name = UM_MAIL_KIND_EMAIL_CHANGE,
        .has_token = 1,
        .url = offsetof(um_mail_settings_t, verify_url),
        .lifetime = offsetof(um_core_settings_t, verify_lifetime),
        .to = UM_MAIL_TO_PENDING,
        .limit = UM_MAIL_LIMIT_STRICT,
    },
    {
        .name = UM_MAIL_KIND_PASSWORD_CHANGED,
        .to = UM_MAIL_TO_ACTIVE,
        .limit = UM_MAIL_LIMIT_ONE_EACH,
    },
    {
        /* Whoever has stolen a session could use up the limit by changing the address to and fro, and then change it
         * for good. So the last notice is not dropped, but postponed. */
        .name = UM_MAIL_KIND_EMAIL_CHANGED,
        .to = UM_MAIL_TO_FORMER,
        .limit = UM_MAIL_LIMIT_POSTPONE,
    },
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

const um_mail_kind_t *um_mail_kind_find(const char *name)
{
    for (apr_size_t i = 0; i < KINDS; i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            return &kinds[i];
        }
    }
    return NULL;
}

const char *const *um_mail_kind_names(apr_pool_t *pool)
{
    const char **names = apr_pcalloc(pool, (KINDS + 1) * sizeof(*names));

    for (apr_size_t i = 0; i < KINDS; i++) {
        names[i] = kinds[i].name;
    }
    return names;
}

const char *um_mail_kind_url(const um_mail_kind_t *kind, const um_mail_settings_t *settings)
{
    return kind->has_token ? *(const char *const *)((const char *)settings + kind->url) : "";
}

apr_int64_t um_mail_kind_lifetime(const um_mail_kind_t *kind, const um_core_settings_t *settings)
{
    return kind->has_token ? *(const apr_int64_t *)((const char *)settings + kind->lifetime) : 0;
}
