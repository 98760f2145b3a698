/* SPDX-License-Identifier: Apache-2.0 */
#include "caller.h"

#include "request.h"

void um_caller_attach(request_rec *r, const um_identity_t *identity)
{
    um_request_judge(r)->identity = identity;
}

/* The record of who was asked, as um_caller_of() looks for it. */
static const um_request_t *asked(const request_rec *r)
{
    while (r) {
        const um_request_t *known = um_request_look(r);
        const request_rec *parent = um_request_parent(r);

        if (known && known->identity && known->rules == r->per_dir_config) {
            return known;
        }
        r = parent && parent->per_dir_config == r->per_dir_config ? parent : NULL;
    }
    return NULL;
}

const um_identity_t *um_caller_of(const request_rec *r)
{
    const um_request_t *known = asked(r);

    return known ? known->identity : NULL;
}

/* NULL: by password. */
static const um_credential_t *shown_by(const request_rec *r)
{
    const um_request_t *known = asked(r);

    return known && known->credential.identity == known->identity ? &known->credential : NULL;
}

const um_token_source_t *um_caller_source(const request_rec *r)
{
    const um_credential_t *shown = shown_by(r);

    return shown ? shown->source : NULL;
}

const char *um_caller_token(const request_rec *r)
{
    const um_credential_t *shown = shown_by(r);

    return shown ? shown->token : NULL;
}
