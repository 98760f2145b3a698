/* SPDX-License-Identifier: Apache-2.0 */
#include "identity.h"

#include "core_settings.h"
#include "ctx.h"
#include "custom_field.h"
#include "store_user.h"

#include <string.h>

um_identity_t um_identity_of(const um_ctx_t *ctx, const um_user_t *user, const char *groups)
{
    return (um_identity_t){
        .user_id = user->id,
#define COPY(name, label, kind, longest, registration, update, identity) \
        UM_PROFILE_IF_PUBLIC(identity, .name = user->name,)
        UM_PROFILE(COPY)
#undef COPY
        .groups = groups,
        .custom = um_custom_field_claims(ctx->pool, ctx->settings->custom_fields, user->custom),
        .is_staff = user->is_staff,
    };
}

int um_identity_in_group(const um_identity_t *identity, const char *group)
{
    apr_size_t len = strlen(group);
    const char *name = identity->groups;

    while (len && *name) {
        apr_size_t own = strcspn(name, ",");

        if (own == len && memcmp(name, group, len) == 0) {
            return 1;
        }
        name += own + (name[own] == ',');
    }
    return 0;
}
