/* SPDX-License-Identifier: Apache-2.0 */
#include "identity.h"

#include <string.h>

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
