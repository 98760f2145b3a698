/* SPDX-License-Identifier: Apache-2.0 */
#include "event.h"
#include "module.h"
#include "webhook_list.h"
#include "webhook_send.h"

#include <apr_strings.h>
#include <string.h>
#include <strings.h>

#define MOST_WEBHOOKS 16
#define LONGEST_URL 2000

/* The kinds of events that a word names: a type, such as account.registered; all of a group: account.*; or all: "" */
static apr_uint64_t find_events(const char *word)
{
    apr_size_t len = strlen(word);
    int is_group = len > 2 && strcmp(word + len - 2, ".*") == 0;
    apr_uint64_t found = 0;

    for (unsigned i = 0; i < UM_EVENT_COUNT; i++) {
        const char *type = um_event_kind_type((um_event_e)i);

        if (type && (!len || (is_group ? strncasecmp(type, word, len - 1) : strcasecmp(type, word)) == 0)) {
            found |= (apr_uint64_t)1 << i;
        }
    }
    return found;
}

static const char *read_events(apr_pool_t *pool, const char *args, um_webhook_t *webhook)
{
    webhook->events = *args ? 0 : find_events("");
    while (*args) {
        const char *word = ap_getword_conf(pool, &args);
        apr_uint64_t found = *word ? find_events(word) : 0;

        if (!found) {
            return apr_psprintf(pool, "there is no event %s; name types such as account.registered, or a group of "
                                "them, such as account.*", word);
        }
        webhook->events |= found;
    }
    return NULL;
}

static const char *read_webhook(apr_pool_t *pool, const um_webhook_list_t *there, const char *args,
                                um_webhook_t *webhook)
{
    const char *file, *fault;
    int is_tls;

    webhook->url = ap_getword_conf(pool, &args);
    file = ap_getword_conf(pool, &args);
    fault = strlen(webhook->url) > LONGEST_URL ? "must be an address of at most 2000 characters"
            : um_webhook_send_check_url(pool, webhook->url, &is_tls);
    if (fault) {
        return fault;
    }
    if (!*file) {
        return "must have a file of secrets behind the address; make one with: usermgmt webhook secret FILE";
    }
    for (int i = 0; there && i < there->count; i++) {
        if (strcmp(there->webhook[i].url, webhook->url) == 0) {
            return "must be named once; put all of its events into one line";
        }
    }
    webhook->secret_file = ap_server_root_relative(pool, file);
    return webhook->secret_file ? read_events(pool, args, webhook) : "must have a path behind the address";
}

const char *um_value_webhooks(apr_pool_t *pool, const um_value_row_t *row, const char *text, void *value)
{
    const um_webhook_list_t **list = value, *there = *list;
    um_webhook_list_t *made = apr_pcalloc(pool, sizeof(*made));
    um_webhook_t *webhooks, webhook = { 0 };
    const char *rest = text, *fault;

    (void)row;
    if (strcasecmp(ap_getword_conf(pool, &rest), "none") == 0 && !*rest) {
        *list = made;
        return NULL;
    }
    fault = there && there->count == MOST_WEBHOOKS ? "must be one of at most 16 receivers"
            : read_webhook(pool, there, text, &webhook);
    if (fault) {
        return fault;
    }
    made->count = (there ? there->count : 0) + 1;
    webhooks = apr_pcalloc(pool, (apr_size_t)made->count * sizeof(*webhooks));
    if (there && there->count) {
        memcpy(webhooks, there->webhook, (apr_size_t)there->count * sizeof(*webhooks));
    }
    webhooks[made->count - 1] = webhook;
    made->webhook = webhooks;
    *list = made;
    return NULL;
}

void um_value_webhooks_locate(void *value, const char *file, int line)
{
    const um_webhook_list_t *list = *(const um_webhook_list_t *const *)value;

    if (list->count) {
        /* um_value_webhooks() has just made it. */
        um_webhook_t *last = (um_webhook_t *)&list->webhook[list->count - 1];

        last->file = file;
        last->line = line;
    }
}
