/* SPDX-License-Identifier: Apache-2.0 */
#include "auth.h"

#include "custom_field.h"
#include "identity.h"
#include "module.h"

#include <apr_strings.h>
#include <string.h>

/* Custom fields that are claims. The text is parsed anew for each, but few sites have one. */
static void set_custom_variables(request_rec *r, const um_identity_t *identity)
{
    const um_custom_fields_t *fields = um_server_of(r->server)->settings.core.custom_fields;

    for (int i = 0; fields && i < fields->count; i++) {
        const um_custom_field_t *field = &fields->field[i];

        if (field->is_claim && identity) {
            apr_table_setn(r->subprocess_env, field->variable, um_custom_field_text(r->pool, field, identity->custom));
        }
        else if (field->is_claim) {
            apr_table_unset(r->subprocess_env, field->variable);
        }
    }
}

static void set_custom_headers(request_rec *r, apr_table_t *headers, const um_identity_t *identity)
{
    const um_custom_fields_t *fields = um_server_of(r->server)->settings.core.custom_fields;

    for (int i = 0; fields && i < fields->count; i++) {
        const um_custom_field_t *field = &fields->field[i];

        if (field->is_claim) {
            apr_table_setn(headers, field->header,
                           um_identity_printable(r->pool, um_custom_field_text(r->pool, field, identity->custom)));
        }
    }
}

void um_identity_set_environment(request_rec *r, const um_identity_t *identity)
{
    const um_identity_attribute_t *attribute;

    for (unsigned i = 0; (attribute = um_identity_attribute_at(i)) != NULL; i++) {
        if (identity) {
            apr_table_setn(r->subprocess_env, attribute->variable, um_identity_attribute_value(attribute, identity));
        }
        else {
            apr_table_unset(r->subprocess_env, attribute->variable);
        }
    }
    set_custom_variables(r, identity);
}

/* Replaces C0 controls with NUL among them, DEL, and C1 controls, which UTF-8 encodes as C2 80 to C2 9F. */
const char *um_identity_printable(apr_pool_t *pool, const char *text)
{
    char *copy = NULL;

    for (apr_size_t i = 0; text[i]; i++) {
        unsigned char c = (unsigned char)text[i];
        unsigned char next = (unsigned char)text[i + 1];
        int is_c1 = c == 0xC2 && next >= 0x80 && next <= 0x9F;

        if (c < ' ' || c == 0x7F || is_c1) {
            copy = copy ? copy : apr_pstrdup(pool, text);
            copy[i] = ' ';
            i += (apr_size_t)is_c1;
            copy[i] = ' ';
        }
    }
    return copy ? copy : text;
}

/* Bytes. Back ends accept 8 KB of headers altogether, often less. */
#define LONGEST_GROUPS 4000

int um_identity_set_headers(request_rec *r, apr_table_t *headers, const um_identity_t *identity, unsigned which)
{
    const um_identity_attribute_t *attribute;
    apr_size_t len = which & um_identity_attribute_header("groups") ? strlen(identity->groups) : 0;

    if (len > LONGEST_GROUPS) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "UM431: the names of the groups of %s take %" APR_SIZE_T_FMT
                      " bytes, but the header may have at most %d: answered 500",
                      identity->user_id, len, LONGEST_GROUPS);
        return 0;
    }
    for (unsigned i = 0; (attribute = um_identity_attribute_at(i)) != NULL; i++) {
        if (which & 1U << i) {
            apr_table_setn(headers, attribute->header,
                           um_identity_printable(r->pool, um_identity_attribute_value(attribute, identity)));
        }
    }
    if ((which & um_identity_attribute_headers_on()) == um_identity_attribute_headers_on()) {
        set_custom_headers(r, headers, identity);
    }
    return 1;
}
