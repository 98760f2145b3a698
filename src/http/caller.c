/* SPDX-License-Identifier: Apache-2.0 */
#include "caller.h"

#include "request.h"

void um_caller_attach(request_rec *r, const um_identity_t *identity)
{
    um_request_of(r)->identity = identity;
}

const um_identity_t *um_caller_of(const request_rec *r)
{
    while (r) {
        const um_request_t *known = um_request_look(r);
        const request_rec *parent = um_request_parent(r);

        if (known && known->identity) {
            return known->identity;
        }
        r = parent && parent->per_dir_config == r->per_dir_config ? parent : NULL;
    }
    return NULL;
}
