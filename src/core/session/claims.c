/* SPDX-License-Identifier: Apache-2.0 */
#include "claims.h"

#include "base64url.h"

#include <json-c/json.h>
#include <string.h>

#define MAX_DEPTH 8

um_json_t *um_claims_of(apr_pool_t *pool, const char *verified)
{
    const char *payload = strchr(verified, '.');
    um_json_doc_t *doc;
    unsigned char *text;
    apr_size_t len;
    const char *why;

    if (!payload || um_base64url_decode(pool, payload + 1, strcspn(payload + 1, "."), &text, &len) != APR_SUCCESS
        || um_json_parse(pool, (const char *)text, len, MAX_DEPTH, &doc, &why) != APR_SUCCESS) {
        return NULL;
    }
    return doc->root;
}

static const char *claim_text(apr_pool_t *pool, um_json_t *value)
{
    if (json_object_is_type(value, json_type_string)) {
        const char *text = json_object_get_string(value);

        return strlen(text) == (apr_size_t)json_object_get_string_len(value) ? text : NULL;
    }
    return value ? um_json_print(pool, value) : NULL;
}

const char *um_claims_text(apr_pool_t *pool, const um_json_t *claims, const char *name)
{
    um_json_t *value = NULL;

    return json_object_object_get_ex(claims, name, &value) ? claim_text(pool, value) : NULL;
}

static int equals(apr_pool_t *pool, um_json_t *value, const char *wanted)
{
    const char *text = claim_text(pool, value);

    return text && strcmp(text, wanted) == 0;
}

int um_claims_has(apr_pool_t *pool, const um_json_t *claims, const char *name, const char *value)
{
    um_json_t *claim = NULL;

    if (!json_object_object_get_ex(claims, name, &claim)) {
        return 0;
    }
    if (!json_object_is_type(claim, json_type_array)) {
        return equals(pool, claim, value);
    }
    for (size_t i = 0; i < json_object_array_length(claim); i++) {
        if (equals(pool, json_object_array_get_idx(claim, i), value)) {
            return 1;
        }
    }
    return 0;
}
