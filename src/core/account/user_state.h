/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_USER_STATE_H
#define UM_USER_STATE_H
/* The state of an account that only staff sets: whether it is active and staff, whether its address is verified, and
 * its groups. It is changed with the profile, in one transaction (user.h), and each change is an event in it. */
#include "ctx.h"

typedef struct um_tx_t um_tx_t;
typedef struct um_user_t um_user_t;

typedef enum { UM_SWITCH_KEEP, UM_SWITCH_OFF, UM_SWITCH_ON } um_switch_e;

/** The most groups that can be set at once. */
#define UM_USER_STATE_GROUPS 500

/** What is to be set. */
typedef struct um_user_state_t {
    int is_active, is_staff, is_verified;   /**< um_switch_e */
    const apr_array_header_t *groups;       /**< const char *: names of all groups, as typed; NULL: they stay */
} um_user_state_t;

/** A change of the state that is being made. */
typedef struct um_state_change_t um_state_change_t;

/** Prepares a change. NULL: state asks for none. Adds an error when a name has not the form of a group's. */
um_state_change_t *um_user_state_prepare(um_ctx_t *ctx, const um_user_state_t *state);

/** In a transaction that holds the row of *user: makes the change, and stores its events. *user becomes the account
 * after it. Only what differs is changed; is_active and is_staff end the sessions of the account. A waiting account
 * whose address becomes verified is active, as it is after its owner has verified it.
 * @return APR_SUCCESS; UM_STORE_ROLLED_BACK: there is no such group, see um_user_state_settle(); else the failure */
apr_status_t um_user_state_apply(um_tx_t *tx, um_state_change_t *change, um_user_t **user);

/** Whether an account has the state that was to be set. A change of groups cannot be seen in it: 0. */
int um_user_state_is(const um_state_change_t *change, const um_user_t *user);

/** After the transaction: settles the events by its status. Returns 1 after adding the error of a group that does not
 * exist. */
int um_user_state_settle(um_state_change_t *change, apr_status_t rv);

#endif
