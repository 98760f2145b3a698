/* SPDX-License-Identifier: Apache-2.0 */
#include "pages.h"

#include "api.h"
#include "module.h"

#include <apr_strings.h>
#include <string.h>

#define USERS "/api/v1/users/"
#define ME USERS "{id}/"

static const um_page_t pages[] = {
    { .path = "", .name = "profile", .endpoint = ME, .load = um_page_account_load_profile },
    { .path = "sign-in/", .name = "sign_in", .load = um_page_session_load_sign_in },
    { .path = "sign-out/", .name = "sign_out", .endpoint = ME },
    { .path = "register/", .name = "register", .load = um_page_session_load_register },
    { .path = "verify/", .name = "verify" },
    { .path = "verify/again/", .name = "verify_request", .load = um_page_link_load_verify },
    { .path = "forgot/", .name = "forgot", .load = um_page_link_load_forgot },
    { .path = "reset/", .name = "reset", .own = &um_page_link_reset_route, .load = um_page_link_load_reset },
    { .path = "password/", .name = "password", .endpoint = ME },
    { .path = "email/", .name = "email", .endpoint = ME, .load = um_page_account_load_email },
    { .path = "sessions/", .name = "sessions", .endpoint = ME "sessions/",
      .load = um_page_account_load_sessions },
    { .path = "events/", .name = "events", .endpoint = ME "events/", .load = um_page_account_load_events },
    { .path = "delete/", .name = "delete", .endpoint = ME },
    { .path = "staff/", .name = "staff_list", .endpoint = USERS, .load = um_page_staff_load_list, .is_for_staff = 1 },
    { .path = "staff/account/", .name = "staff_account", .endpoint = ME, .load = um_page_staff_account_load,
      .is_of_query = 1, .is_for_staff = 1 },
    { .path = "staff/events/", .name = "staff_events", .endpoint = ME "events/", .load = um_page_staff_load_events,
      .is_of_query = 1, .is_for_staff = 1 },
    { .path = "staff/new/", .name = "staff_new", .own = &um_page_staff_new_route, .load = um_page_staff_load_new,
      .is_for_staff = 1 },
    { .path = "staff/groups/", .name = "staff_groups", .endpoint = "/api/v1/groups/",
      .load = um_page_staff_group_load_list, .is_for_staff = 1 },
    { .path = "staff/group/", .name = "staff_group", .endpoint = "/api/v1/groups/{group}/members/",
      .load = um_page_staff_group_load, .is_of_query = 1, .is_for_staff = 1 },
    { .path = "staff/mails/", .name = "staff_mails", .own = &um_page_staff_mail_list_route,
      .is_for_staff = 1 },
    { .path = "staff/throttle/", .name = "staff_throttle", .own = &um_page_staff_throttle_list_route,
      .load = um_page_staff_load_results, .is_for_staff = 1 },
    { .path = "staff/health/", .name = "staff_health", .own = &um_page_staff_health_route, .is_for_staff = 1 },
};

#define COUNT (sizeof(pages) / sizeof(pages[0]))

/* Whether a path is that of a row, or that without the slash at its end. */
static int is_path(const char *row, const char *path)
{
    apr_size_t len = strlen(path);

    return strncmp(row, path, len) == 0 && (row[len] == '\0' || (len && strcmp(row + len, "/") == 0));
}

const um_page_t *um_page_route_find(const char *path)
{
    for (const um_page_t *row = pages; row < pages + COUNT; row++) {
        if (is_path(row->path, path)) {
            return row;
        }
    }
    return NULL;
}

const char *const *um_page_route_names(apr_pool_t *pool)
{
    const char **names = apr_pcalloc(pool, (COUNT + 3) * sizeof(*names));

    for (apr_size_t i = 0; i < COUNT; i++) {
        names[i] = pages[i].name;
    }
    names[COUNT] = "error";
    names[COUNT + 1] = "forbidden";
    return names;
}

unsigned um_page_route_index(const um_page_t *page)
{
    return (unsigned)(page - pages);
}

const char *um_page_route_name(unsigned index)
{
    return index < COUNT ? pages[index].name : NULL;
}

const um_route_t *um_page_route_endpoint(const um_page_t *page)
{
    return page->own ? page->own : page->endpoint ? um_route_find("GET", page->endpoint) : NULL;
}

const char *um_page_route_url(const request_rec *r, const char *path)
{
    return apr_pstrcat(r->pool, um_server_of(r->server)->settings.pages, path, NULL);
}
