/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "event.h"
#include "json.h"
#include "random.h"
#include "store.h"
#include "store_event.h"
#include "store_user.h"
#include "unicode.h"

#include <apr_hash.h>
#include <apr_strings.h>
#include <string.h>

#define PAGE 500

/* A page of events, with the names of the accounts that still exist. */
typedef struct page_t {
    const apr_array_header_t *events;   /* um_store_event_t */
    apr_hash_t *names;                  /* id of an account -> its name */
    int widest;                         /* characters of what show_account() gives for an account of the page */
} page_t;

static int is_account(const char *id)
{
    unsigned char bytes[UM_RANDOM_UUID_BYTES];

    return id && um_random_uuid_bytes(id, bytes);
}

/* An account for people: its name, or its id when it is deleted. A name that has the form of an id is not taken for
 * one. */
static const char *show_account(apr_pool_t *pool, const page_t *page, const char *id)
{
    const char *name = id ? apr_hash_get(page->names, id, APR_HASH_KEY_STRING) : NULL;

    if (!name) {
        return id ? id : "-";
    }
    return is_account(name) ? apr_pstrcat(pool, name, " (", id, ")", NULL) : name;
}

/* Reads the names of all accounts of the page, of those that were changed and of those that did it. */
static apr_status_t read_names(um_store_call_t *call, page_t *page)
{
    um_json_writer_t *ids = um_json_writer(call->pool);
    apr_hash_t *seen = apr_hash_make(call->pool);
    apr_status_t rv;

    um_json_write_begin(ids, '[');
    for (int i = 0; i < 2 * page->events->nelts; i++) {
        const um_store_event_t *event = &APR_ARRAY_IDX(page->events, i / 2, um_store_event_t);
        const char *id = i % 2 ? event->actor : event->user_id;

        if (is_account(id) && !apr_hash_get(seen, id, APR_HASH_KEY_STRING)) {
            apr_hash_set(seen, id, APR_HASH_KEY_STRING, "");
            um_json_write_text(ids, id);
        }
    }
    um_json_write_end(ids, ']');
    rv = um_store_user_names(call, um_json_written(ids), &page->names);
    for (int i = 0; i < page->events->nelts; i++) {
        const char *text = show_account(call->pool, page, APR_ARRAY_IDX(page->events, i, um_store_event_t).user_id);
        int wide = (int)um_unicode_count(text, strlen(text));

        page->widest = wide > page->widest ? wide : page->widest;
    }
    return rv;
}

static void print_event(const um_cli_t *cli, const page_t *page, const um_store_event_t *event)
{
    const char *account = show_account(cli->pool, page, event->user_id);
    const char *by = is_account(event->actor) ? show_account(cli->pool, page, event->actor) : NULL;
    int blanks = page->widest - (int)um_unicode_count(account, strlen(account));
    char text[UM_EVENT_LINE_MAX];

    if (cli->json) {
        account = event->user_id ? apr_hash_get(page->names, event->user_id, APR_HASH_KEY_STRING) : NULL;
        text[um_event_line_stored(event, account, text)] = '\0';
        um_cli_print(text);
        return;
    }
    um_event_line_time(event->at_ms, text);
    /* Somebody else than an account may be called as one. */
    um_cli_list(cli, NULL, "%s %-19s account %s%*s by %s%s from %s%s%s", text, event->kind, account, blanks, "",
                by ? "account " : "", by ? by : *event->actor ? event->actor : "-",
                *event->address ? event->address : "-", *event->detail ? ": " : "", event->detail);
}

/* A name or an address, or the id of an account, which may have been deleted. */
static int find_account(um_cli_t *cli, const char **id)
{
    um_user_t *user;
    int code;

    *id = um_random_uuid_parse(cli->pool, cli->user);
    if (!cli->user || *id) {
        return UM_CLI_DONE;
    }
    code = um_cli_account_find(cli, cli->user, &user);
    *id = code == UM_CLI_DONE ? user->id : NULL;
    return code;
}

/* Prints a page of the events after *last, which becomes the id of the page's last one. */
static int print_page(const um_cli_t *cli, um_store_call_t *call, const char *user_id, const char **last, int *count)
{
    apr_array_header_t *events;
    page_t page = { 0 };
    um_cli_t each = *cli;

    /* What is printed takes the memory of the page, not that of the program. */
    each.pool = call->pool;
    if (um_store_event_after(call, user_id, *last, PAGE, &events) != APR_SUCCESS) {
        return um_cli_fail(cli, UM_CLI_UNREACHABLE, "%s", call->cause);
    }
    page.events = events;
    if (read_names(call, &page) != APR_SUCCESS) {
        return um_cli_fail(cli, UM_CLI_UNREACHABLE, "%s", call->cause);
    }
    for (int i = 0; i < events->nelts; i++) {
        print_event(&each, &page, &APR_ARRAY_IDX(events, i, um_store_event_t));
    }
    *count = events->nelts;
    *last = *count ? apr_pstrdup(cli->pool, APR_ARRAY_IDX(events, *count - 1, um_store_event_t).id) : *last;
    return UM_CLI_DONE;
}

static int print_events(um_cli_t *cli)
{
    um_store_call_t call = um_ctx_store(cli->ctx);
    const char *user_id, *last;
    apr_time_t since;
    int code;

    if (!um_cli_time_since(cli, "since", cli->since, cli->ctx->now, &since)) {
        return UM_CLI_MISUSE;
    }
    code = find_account(cli, &user_id);
    last = um_random_uuid_from(cli->pool, since);
    for (int count = PAGE; code == UM_CLI_DONE && count == PAGE;) {
        apr_pool_create(&call.pool, cli->pool);
        code = print_page(cli, &call, user_id, &last, &count);
        apr_pool_destroy(call.pool);
    }
    return code;
}

const um_cli_command_t um_cli_events[] = {
    { .verb = "", .synopsis = "", .arguments = 0, .opens_database = 1, .options = "json since user",
      .function = print_events, .help = "print what was changed on accounts, by whom, the oldest first" },
    { .function = NULL },
};
