/* SPDX-License-Identifier: Apache-2.0 */
#include "module.h"

#include "identity.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

static um_identity_attribute_t attributes[] = {
    { .name = "id", .offset = offsetof(um_identity_t, user_id), .where = UM_ATTRIBUTE_HEADER_ON },
#define ATTRIBUTE(field, label, kind, longest, registration, update, identity) \
    UM_PROFILE_IF_PUBLIC(identity, { .name = #field, .offset = offsetof(um_identity_t, field), \
                                     .where = UM_ATTRIBUTE_##identity },)
    UM_PROFILE(ATTRIBUTE)
#undef ATTRIBUTE
    /* An application that does not read the groups should not have to take them: they may be many. */
    { .name = "groups", .offset = offsetof(um_identity_t, groups), .where = UM_ATTRIBUTE_HEADER },
    { .name = "staff", .offset = offsetof(um_identity_t, is_staff), .where = UM_ATTRIBUTE_HEADER_ON, .is_flag = 1 },
};

#define ATTRIBUTES (sizeof(attributes) / sizeof(attributes[0]))

void um_identity_attribute_init(void)
{
    for (apr_size_t i = 0; i < ATTRIBUTES; i++) {
        um_identity_attribute_t *attribute = &attributes[i];
        int is_first = 1;

        apr_snprintf(attribute->variable, UM_ATTRIBUTE_NAME_SIZE, "USERMGMT_%s", attribute->name);
        for (char *c = attribute->variable; *c; c++) {
            *c = (char)apr_toupper(*c);
        }
        apr_snprintf(attribute->header, UM_ATTRIBUTE_NAME_SIZE, "X-Usermgmt-%s", attribute->name);
        for (char *c = attribute->header + strlen("X-Usermgmt-"); *c; c++) {
            *c = (char)(*c == '_' ? '-' : is_first ? apr_toupper(*c) : *c);
            is_first = *c == '-';
        }
    }
}

const um_identity_attribute_t *um_identity_attribute_at(unsigned i)
{
    return i < ATTRIBUTES ? &attributes[i] : NULL;
}

const char *um_identity_attribute_value(const um_identity_attribute_t *attribute, const um_identity_t *identity)
{
    const void *member = (const char *)identity + attribute->offset;

    return !attribute->is_flag ? *(const char *const *)member : *(const int *)member ? "1" : "0";
}

unsigned um_identity_attribute_header(const char *word)
{
    for (unsigned i = 0; i < ATTRIBUTES; i++) {
        if (attributes[i].where != UM_ATTRIBUTE_VARIABLE && strcasecmp(word, attributes[i].name) == 0) {
            return 1U << i;
        }
    }
    return 0;
}

unsigned um_identity_attribute_headers_on(void)
{
    unsigned bits = 0;

    _Static_assert(ATTRIBUTES <= 32, "an unsigned has a bit for each attribute");
    for (unsigned i = 0; i < ATTRIBUTES; i++) {
        bits |= attributes[i].where == UM_ATTRIBUTE_HEADER_ON ? 1U << i : 0;
    }
    return bits;
}

const char *um_identity_attribute_header_words(apr_pool_t *pool)
{
    const char *words = "";

    for (unsigned i = 0; i < ATTRIBUTES; i++) {
        if (attributes[i].where != UM_ATTRIBUTE_VARIABLE) {
            words = apr_pstrcat(pool, words, *words ? ", " : "", attributes[i].name, NULL);
        }
    }
    return words;
}
