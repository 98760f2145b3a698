/* SPDX-License-Identifier: Apache-2.0 */
#include "user_state.h"

#include "event.h"
#include "group.h"
#include "random.h"
#include "store.h"
#include "store_user.h"

#include <apr_hash.h>
#include <apr_strings.h>
#include <string.h>

struct um_state_change_t {
    um_ctx_t *ctx;
    const um_user_state_t *state;
    apr_array_header_t *groups;     /* const char *: names as they are stored; NULL: they stay */
    const char *version;            /* of the account after the change */
    const char *missing;            /* a group that does not exist */
    apr_hash_t *events;             /* all that were made, by kind and group: a transaction may be repeated */
    apr_array_header_t *applied;    /* um_event_t *: those of the last try */
};

static void no_such_group(um_ctx_t *ctx, const char *name)
{
    um_ctx_error_with(ctx, "groups", UM_MESSAGE_NO_SUCH_OBJECT, name);
}

um_state_change_t *um_user_state_prepare(um_ctx_t *ctx, const um_user_state_t *state)
{
    um_state_change_t *change;

    if (!state || !(state->is_active || state->is_staff || state->is_verified || state->groups)) {
        return NULL;
    }
    change = apr_pcalloc(ctx->pool, sizeof(*change));
    change->ctx = ctx;
    change->state = state;
    change->events = apr_hash_make(ctx->pool);
    change->applied = apr_array_make(ctx->pool, 4, sizeof(um_event_t *));
    change->groups = state->groups ? apr_array_make(ctx->pool, state->groups->nelts, sizeof(const char *)) : NULL;
    for (int i = 0; state->groups && i < state->groups->nelts; i++) {
        const char *typed = APR_ARRAY_IDX(state->groups, i, const char *);
        const char *name = um_group_stored_name(ctx->pool, typed);

        if (name) {
            APR_ARRAY_PUSH(change->groups, const char *) = name;
        }
        else {
            no_such_group(ctx, typed);
            break;
        }
    }
    return change;
}

/* --- events --- */

static apr_status_t note(um_tx_t *tx, um_state_change_t *change, um_event_e kind, const char *user_id,
                         const char *group)
{
    const char *key = apr_psprintf(change->ctx->pool, "%d %s", (int)kind, group ? group : "");
    um_event_t *event = apr_hash_get(change->events, key, APR_HASH_KEY_STRING);

    if (!event) {
        event = um_event_add(change->ctx, kind, user_id);
        event->detail = group;
        apr_hash_set(change->events, key, APR_HASH_KEY_STRING, event);
    }
    APR_ARRAY_PUSH(change->applied, um_event_t *) = event;
    return um_event_insert(tx, change->ctx, event);
}

/* --- is_active, is_staff, email_verified --- */

static int switched(int wanted, int present)
{
    return wanted == UM_SWITCH_KEEP ? present : wanted == UM_SWITCH_ON;
}

static um_user_t wanted_state(const um_user_state_t *state, const um_user_t *user)
{
    um_user_t wanted = *user;

    wanted.is_active = switched(state->is_active, user->is_active);
    wanted.is_staff = switched(state->is_staff, user->is_staff);
    wanted.is_verified = switched(state->is_verified, user->is_verified);
    if (state->is_active != UM_SWITCH_KEEP) {
        wanted.is_waiting = 0;
    }
    else if (user->is_waiting && wanted.is_verified) {
        wanted.is_waiting = 0;
        wanted.is_active = 1;
    }
    return wanted;
}

static apr_status_t note_states(um_tx_t *tx, um_state_change_t *change, const um_user_t *from, const um_user_t *to)
{
    apr_status_t rv = APR_SUCCESS;

    if (from->is_active != to->is_active || from->is_waiting != to->is_waiting) {
        rv = note(tx, change, to->is_active ? UM_EVENT_ACCOUNT_ON : UM_EVENT_ACCOUNT_OFF, to->id, NULL);
    }
    if (rv == APR_SUCCESS && from->is_staff != to->is_staff) {
        rv = note(tx, change, to->is_staff ? UM_EVENT_STAFF_GIVEN : UM_EVENT_STAFF_TAKEN, to->id, NULL);
    }
    if (rv == APR_SUCCESS && from->is_verified != to->is_verified) {
        rv = note(tx, change, to->is_verified ? UM_EVENT_EMAIL_VERIFIED : UM_EVENT_EMAIL_UNVERIFIED, to->id, NULL);
    }
    return rv;
}

static apr_status_t apply_states(um_tx_t *tx, um_state_change_t *change, um_user_t **user)
{
    um_ctx_t *ctx = change->ctx;
    const um_user_t *before = *user;
    um_user_t wanted = wanted_state(change->state, before);
    apr_status_t rv;

    if (wanted.is_active == before->is_active && wanted.is_waiting == before->is_waiting
        && wanted.is_staff == before->is_staff && wanted.is_verified == before->is_verified) {
        return APR_SUCCESS;
    }
    /* An address that is verified or not ends no session. */
    if (wanted.is_active != before->is_active || wanted.is_staff != before->is_staff) {
        if (!change->version && um_random_uuid(ctx->pool, ctx->now, &change->version) != APR_SUCCESS) {
            return UM_STORE_ROLLED_BACK;
        }
        wanted.version = change->version;
    }
    rv = note_states(tx, change, before, &wanted);
    return rv == APR_SUCCESS ? um_store_user_state_tx(tx, ctx->pool, &wanted, um_ctx_seconds(ctx), user) : rv;
}

/* --- groups --- */

static int lists(const apr_array_header_t *names, const char *name)
{
    for (int i = 0; i < names->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(names, i, const char *), name) == 0) {
            return 1;
        }
    }
    return 0;
}

static apr_status_t add_missing_groups(um_tx_t *tx, um_state_change_t *change, const char *user_id,
                                       const apr_array_header_t *present)
{
    apr_status_t rv = APR_SUCCESS;

    for (int i = 0; rv == APR_SUCCESS && i < change->groups->nelts; i++) {
        const char *name = APR_ARRAY_IDX(change->groups, i, const char *);
        int there = 1;

        if (lists(present, name)) {
            continue;
        }
        rv = um_store_group_add_tx(tx, user_id, name, &there);
        if (rv == APR_SUCCESS && !there) {
            change->missing = name;
            return UM_STORE_ROLLED_BACK;
        }
        rv = rv == APR_SUCCESS ? note(tx, change, UM_EVENT_GROUP_ADDED, user_id, name) : rv;
    }
    return rv;
}

static apr_status_t apply_groups(um_tx_t *tx, um_state_change_t *change, const char *user_id)
{
    apr_pool_t *pool = change->ctx->pool;
    apr_array_header_t *present = apr_array_make(pool, 8, sizeof(const char *));
    const char *groups;
    apr_status_t rv = um_store_group_names_tx(tx, user_id, &groups);
    char *state, *name = rv == APR_SUCCESS ? apr_strtok(apr_pstrdup(pool, groups), ",", &state) : NULL;

    for (; name; name = apr_strtok(NULL, ",", &state)) {
        APR_ARRAY_PUSH(present, const char *) = name;
    }
    for (int i = 0; rv == APR_SUCCESS && i < present->nelts; i++) {
        const char *old = APR_ARRAY_IDX(present, i, const char *);
        int there;

        if (!lists(change->groups, old)) {
            rv = um_store_group_drop_tx(tx, user_id, old, &there);
            rv = rv == APR_SUCCESS && there ? note(tx, change, UM_EVENT_GROUP_DROPPED, user_id, old) : rv;
        }
    }
    return rv == APR_SUCCESS ? add_missing_groups(tx, change, user_id, present) : rv;
}

/* --- the change --- */

apr_status_t um_user_state_apply(um_tx_t *tx, um_state_change_t *change, um_user_t **user)
{
    apr_status_t rv;

    apr_array_clear(change->applied);
    change->missing = NULL;
    rv = apply_states(tx, change, user);
    return rv == APR_SUCCESS && *user && change->groups ? apply_groups(tx, change, (*user)->id) : rv;
}

int um_user_state_is(const um_state_change_t *change, const um_user_t *user)
{
    um_user_t wanted = wanted_state(change->state, user);

    return !change->groups && wanted.is_active == user->is_active && wanted.is_staff == user->is_staff
           && wanted.is_verified == user->is_verified;
}

int um_user_state_settle(um_state_change_t *change, apr_status_t rv)
{
    for (int i = 0; i < change->applied->nelts; i++) {
        um_event_settle(APR_ARRAY_IDX(change->applied, i, um_event_t *), rv, 1);
    }
    if (change->missing && rv == UM_STORE_ROLLED_BACK) {
        no_such_group(change->ctx, change->missing);
        return 1;
    }
    return 0;
}
