/* SPDX-License-Identifier: Apache-2.0 */
#include "api.h"

#include "keyring.h"
#include "module.h"
#include "process.h"

um_status_e um_api_key_set(um_call_t *call)
{
    um_document_t *document = apr_pcalloc(call->ctx.pool, sizeof(*document));

    document->type = "application/jwk-set+json";
    document->text = um_keyring_jwks(call->server->keys, &document->etag);
    document->max_age = um_key_reload_max_age(call->server);
    call->document = document;
    return UM_OK;
}
