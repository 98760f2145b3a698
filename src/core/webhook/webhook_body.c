/* SPDX-License-Identifier: Apache-2.0 */
#include "event.h"
#include "json.h"
#include "store_webhook.h"
#include "webhook_outbox.h"

static const char *if_any(const char *text)
{
    return text && *text ? text : NULL;
}

const char *um_webhook_body(apr_pool_t *pool, const um_webhook_row_t *row)
{
    um_json_t *body = um_json_object(pool), *data = um_json_object(pool);
    char at[UM_EVENT_TIME_SIZE];

    um_event_line_time(row->at_ms, at);
    um_json_put_text(body, "type", row->kind);
    um_json_put_text(body, "timestamp", at);
    um_json_put_text(data, "id", if_any(row->user_id));
    um_json_put_text(data, "username", if_any(row->username));
    um_json_put_text(data, "actor", if_any(row->actor));
    um_json_put_text(data, "detail", if_any(row->detail));
    um_json_put(body, "data", data);
    return um_json_print(pool, body);
}

/* The schedule that Standard Webhooks suggests, with a step of a minute more. A delivery is given up by its age, after
 * about ten attempts. Up to a quarter more or less is added, so that deliveries that failed together do not come back
 * in the same second. */
apr_int64_t um_webhook_body_delay(apr_int64_t attempts, unsigned char dice)
{
    static const apr_int64_t delays[] = { 5, 60, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400 };
    apr_int64_t last = (apr_int64_t)(sizeof(delays) / sizeof(delays[0])) - 1;
    apr_int64_t seconds = delays[attempts < 1 ? 0 : attempts > last ? last : attempts - 1];

    return seconds * 3 / 4 + seconds * dice / 510;
}
