/* SPDX-License-Identifier: Apache-2.0 */
#include "api.h"

#include "authenticate.h"
#include "module.h"
#include "store_user.h"

/* Whether the endpoint may be called without any credentials. */
static int is_open(const um_call_t *call, um_access_e access)
{
    /* Pages belong to this server. Nobody can send a client token with a form. */
    unsigned closed = call->form ? 0 : call->settings->require_client_token;
    um_registration_e registration = call->settings->registration;

    switch (access) {
    case UM_ACCESS_OPEN:
    case UM_ACCESS_PUBLIC:
    case UM_ACCESS_REVOKE:
        return 1;
    case UM_ACCESS_SIGN_IN:
        return !(closed & UM_OPEN_TOKEN);
    case UM_ACCESS_RESET:
        return !(closed & UM_OPEN_RESET);
    case UM_ACCESS_VERIFY_EMAIL:
        return !(closed & UM_OPEN_REGISTER);
    case UM_ACCESS_REGISTER:
        /* Where registration is off, everybody gets 403, and no token makes a difference. */
        return registration == UM_REGISTRATION_OFF
               || (registration == UM_REGISTRATION_OPEN && !(closed & UM_OPEN_REGISTER));
    case UM_ACCESS_ACCOUNT:
    case UM_ACCESS_STAFF:
    case UM_ACCESS_CLIENT:
    case UM_ACCESS_PROXY:
        break;
    }
    return 0;
}

um_access_e um_authorize_access(const um_call_t *call)
{
    const um_route_t *row = call->match->first;

    if (call->needs_staff) {
        return UM_ACCESS_STAFF;
    }
    if (call->route) {
        return call->route->access;
    }
    /* A wrong method on a path is as open as the path's last row: that of POST, where the rows differ. */
    for (const um_route_t *next = um_route_next(row); next; next = um_route_next(next)) {
        row = next;
    }
    return row->access;
}

int um_authorize_ignores_credentials(const um_call_t *call)
{
    um_access_e access = um_authorize_access(call);

    return access != UM_ACCESS_REVOKE && !call->wants_staff && is_open(call, access);
}

int um_authorize(um_call_t *call)
{
    um_access_e access = um_authorize_access(call);

    /* Where only staff may make accounts, a request without credentials gets 403 from um_authorize_is_denied(), as
     * one with the token of another account does. */
    if (call->caller->user || call->client || is_open(call, access)
        || (access == UM_ACCESS_REGISTER && (call->settings->registration == UM_REGISTRATION_STAFF
                                             || call->settings->registration == UM_REGISTRATION_INVITE))) {
        return OK;
    }
    return um_reply_unauthorized(call, NULL, UM_MESSAGE_NOT_AUTHENTICATED);
}

int um_authorize_is_denied(const um_call_t *call)
{
    const um_user_t *user = call->caller->user;

    if (um_authorize_access(call) == UM_ACCESS_STAFF && !(user && user->is_staff)) {
        return 1;
    }
    if (call->route->access != UM_ACCESS_REGISTER) {
        return 0;
    }
    switch (call->settings->registration) {
    case UM_REGISTRATION_OPEN:
        return 0;
    case UM_REGISTRATION_STAFF:
    case UM_REGISTRATION_INVITE:
        return !user || !user->is_staff;
    case UM_REGISTRATION_OFF:
        break;
    }
    return 1;
}
