/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_EVENT_H
#define UM_EVENT_H
/* Events: who did what to which account, from where, and what became of it.
 *
 * A function of core adds an event to its context before it asks the database. If the kind is kept, the row of the
 * event goes into the transaction of the change, with an id that was made before: a transaction that is repeated stores
 * it once, and one that fails stores none. When the result is known, the function settles the event. Whoever made the
 * context then writes the settled events to the audit log, if there is one. So no line claims a change that was not
 * committed. A process that is killed between the two loses the line, not the row. */
#include "ctx.h"

typedef struct um_store_event_t um_store_event_t;       /* store_event.h */
typedef struct um_tx_t um_tx_t;                         /* store.h */

/* --- the kinds of events, and the reasons of refusals; docs/operations.md has a row for each ---------------------- */

/** The table: EVENT(NAME, text, KEPT or LOGGED, type). text is the name in the audit log, in um_events and in the API.
 * type is the name in webhooks, whose standard wants its parts to be separated by full stops; NULL: it is in none.
 *
 * KEPT: also stored in um_events, in the transaction of the change. LOGGED: only written to the audit log, because
 * nothing was changed: a stranger must not be able to fill the database. A new event is a row here, and a call of
 * um_event_add() where it happens. */
#define UM_EVENTS(EVENT) \
    EVENT(REGISTERED, "registered", KEPT, "account.registered") \
    EVENT(INVITED, "invited", KEPT, "account.invited") \
    EVENT(INVITATION_ACCEPTED, "invitation_accepted", KEPT, "account.invitation_accepted") \
    EVENT(SIGN_IN, "sign_in", LOGGED, NULL) \
    EVENT(PASSWORD_CHANGED, "password_changed", KEPT, "account.password_changed") \
    EVENT(RESET_ASKED, "reset_asked", LOGGED, NULL) \
    EVENT(RESET_SENT, "reset_sent", KEPT, "account.reset_sent") \
    EVENT(RESET_CONFIRMED, "reset_confirmed", KEPT, "account.reset_confirmed") \
    EVENT(EMAIL_CHANGED, "email_changed", KEPT, "account.email_changed") \
    EVENT(VERIFICATION_ASKED, "verification_asked", LOGGED, NULL) \
    EVENT(EMAIL_VERIFIED, "email_verified", KEPT, "account.email_verified") \
    EVENT(EMAIL_UNVERIFIED, "email_unverified", KEPT, "account.email_unverified") \
    EVENT(MAIL_SENT, "mail_sent", LOGGED, NULL) \
    EVENT(MAIL_RETRIED, "mail_retried", KEPT, "mail.retried") \
    EVENT(MAIL_DROPPED, "mail_dropped", KEPT, "mail.dropped") \
    EVENT(WEBHOOK_RETRIED, "webhook_retried", KEPT, "webhook.retried") \
    EVENT(WEBHOOK_DROPPED, "webhook_dropped", KEPT, "webhook.dropped") \
    EVENT(WEBHOOK_DISABLED, "webhook_disabled", KEPT, "webhook.disabled") \
    EVENT(WEBHOOK_ENABLED, "webhook_enabled", KEPT, "webhook.enabled") \
    EVENT(SESSION_ENDED, "session_ended", KEPT, "session.ended") \
    EVENT(SESSIONS_ENDED, "sessions_ended", KEPT, "session.all_ended") \
    EVENT(REFRESH_REUSED, "refresh_reused", KEPT, "session.refresh_reused") \
    EVENT(ACCOUNT_ADDED, "account_added", KEPT, "account.added") \
    EVENT(ACCOUNT_UPDATED, "account_updated", KEPT, "account.updated") \
    EVENT(ACCOUNT_RENAMED, "account_renamed", KEPT, "account.renamed") \
    EVENT(ACCOUNT_DELETED, "account_deleted", KEPT, "account.deleted") \
    EVENT(ACCOUNT_ON, "account_on", KEPT, "account.on") \
    EVENT(ACCOUNT_OFF, "account_off", KEPT, "account.off") \
    EVENT(STAFF_GIVEN, "staff_given", KEPT, "account.staff_given") \
    EVENT(STAFF_TAKEN, "staff_taken", KEPT, "account.staff_taken") \
    EVENT(GROUP_MADE, "group_made", KEPT, "group.made") \
    EVENT(GROUP_RENAMED, "group_renamed", KEPT, "group.renamed") \
    EVENT(GROUP_REMOVED, "group_removed", KEPT, "group.removed") \
    EVENT(GROUP_ADDED, "group_added", KEPT, "account.group_added") \
    EVENT(GROUP_DROPPED, "group_dropped", KEPT, "account.group_dropped") \
    EVENT(KEY_ROTATED, "key_rotated", KEPT, "key.rotated") \
    EVENT(IMPORTED, "accounts_imported", KEPT, "account.imported") \
    EVENT(CLIENT_USED, "client_token_used", LOGGED, NULL) \
    EVENT(THROTTLE_CLEARED, "throttle_cleared", KEPT, "throttle.cleared") \
    EVENT(CSRF_REFUSED, "csrf_refused", LOGGED, NULL) \
    EVENT(THROTTLED, "throttled", LOGGED, NULL)

/** The table of reasons: REASON(NAME, text). They are for the log; callers are not told. */
#define UM_EVENT_REASONS(REASON) \
    REASON(NONE, "") \
    REASON(UNKNOWN_NAME, "unknown_name") \
    REASON(WRONG_PASSWORD, "wrong_password") \
    REASON(INACTIVE, "inactive") \
    REASON(CHANGED, "changed_meanwhile") \
    REASON(THROTTLED, "throttled") \
    REASON(BAD_TOKEN, "bad_token") \
    REASON(TAKEN, "address_taken") \
    REASON(UNKNOWN_CLIENT, "unknown_client") \
    REASON(CROSS_SITE, "cross_site") \
    REASON(MAIL_LATER, "later") \
    REASON(MAIL_NEVER, "given_up") \
    REASON(BUSY, "busy") \
    REASON(UNAVAILABLE, "unavailable")

typedef enum {
#define UM_EVENT_NAME(name, ...) UM_EVENT_##name,
    UM_EVENTS(UM_EVENT_NAME)
#undef UM_EVENT_NAME
    UM_EVENT_COUNT
} um_event_e;

typedef enum {
#define UM_REASON_NAME(name, ...) UM_REASON_##name,
    UM_EVENT_REASONS(UM_REASON_NAME)
#undef UM_REASON_NAME
    UM_REASON_COUNT
} um_reason_e;

/* --- events ------------------------------------------------------------------------------------------------------- */

/** What became of it. */
typedef enum {
    UM_OUTCOME_OPEN,            /**< not settled: it is not written */
    UM_OUTCOME_OK,
    UM_OUTCOME_FAILED,          /**< nothing was changed; reason says why */
    UM_OUTCOME_UNKNOWN,         /**< the database failed, and whether it was done is not known; if it was, the row is
                                 * in um_events */
    UM_OUTCOME_COUNT
} um_outcome_e;

struct um_event_t {
    um_event_e kind;
    um_outcome_e outcome;
    um_reason_e reason;
    const char *id;             /**< UUID; NULL: it is not stored */
    const char *user_id;        /**< of the account concerned; NULL: none, or not known */
    const char *session_id;     /**< the session that it is about; NULL: that of the caller */
    const char *name;           /**< of the account, as somebody typed it; for the log only; NULL: none */
    const char *detail;         /**< such as the name of a group; NULL: none */
    int is_unlogged;            /**< it is counted, but has no line in the log: there were too many */
};

/** The longest detail that is stored, in bytes. The rest is cut off. */
#define UM_EVENT_LONGEST_DETAIL 200

/** The most events of a call that are written. */
#define UM_EVENT_MOST 128

/** Adds an event that is not settled. user_id may be set later, but before the event is stored. Never NULL. */
um_event_t *um_event_add(um_ctx_t *ctx, um_event_e kind, const char *user_id);

/** Adds an event that has happened, or failed. */
um_event_t *um_event_done(um_ctx_t *ctx, um_event_e kind, const char *user_id);
um_event_t *um_event_failed(um_ctx_t *ctx, um_event_e kind, const char *user_id, um_reason_e reason);

/** Adds an event that has failed, for a request that no throttle counts. A client address has ten lines of a kind in
 * the log, and then one a minute: otherwise a client could fill the disk. event_refused.c */
um_event_t *um_event_refused(um_ctx_t *ctx, um_event_e kind, um_reason_e reason);

/** Adds the settled event of a request that a throttle has refused: UM_EVENT_SIGN_IN for that class, UM_EVENT_THROTTLED
 * for the others. Its detail is the name of the class. event_refused.c
 * @param throttle_class  um_throttle_class_e
 * @param user_id  of the caller's account; NULL: not known */
void um_event_throttled(um_ctx_t *ctx, int throttle_class, const char *user_id);

/** Adds an event that is not settled, about a name or an address as somebody typed it. */
um_event_t *um_event_named(um_ctx_t *ctx, um_event_e kind, const char *name);

/** Settles an event by the status of the store (store.h). done = 0 or UM_STORE_ROLLED_BACK: nothing was changed, and
 * the event stays as it is. */
void um_event_settle(um_event_t *event, apr_status_t rv, int done);

/** Settles an event by the status of a function of core. For a refusal the reason is ctx->reason. Of a series of
 * refusals by a throttle only the first is settled: they cost a client nothing, so their lines would fill the disk. */
void um_event_settle_status(const um_ctx_t *ctx, um_event_t *event, um_status_e status);

/** Adds an event whose change is not in the database and has been made, and stores it by itself. UM_UNAVAILABLE: it
 * could not be stored, and is still written to the log. */
um_status_e um_event_store_alone(um_ctx_t *ctx, um_event_e kind, const char *detail);

/** The row of an event, in the context's pool; NULL: its kind is not kept, or the site keeps no events. */
const um_store_event_t *um_event_row(const um_ctx_t *ctx, const um_event_t *event);

/** Adds an event of a change that one statement of call makes, which stores the event, too. um_event_settle follows.
 * @param detail  lives as long as the context's pool; NULL: none */
um_event_t *um_event_begin(um_ctx_t *ctx, um_store_call_t *call, um_event_e kind, const char *user_id,
                           const char *detail);

/** Stores an event in the transaction of its change, if um_event_row() gives a row. */
apr_status_t um_event_insert(um_tx_t *tx, const um_ctx_t *ctx, const um_event_t *event);

/** Whether the site sends webhooks of a kind. */
int um_event_has_webhooks(const um_ctx_t *ctx, um_event_e kind);

/** The names of the tables. */
const char *um_event_kind_text(um_event_e kind);
const char *um_event_kind_type(um_event_e kind);
const char *um_event_reason_text(um_reason_e reason);

/* --- event_line.c: events as JSON --------------------------------------------------------------------------------- */

/** The longest line, in bytes with its line end: a write of no more than this to a pipe is atomic (PIPE_BUF). */
#define UM_EVENT_LINE_MAX 4096

/** Writes the line of a settled event, which ends with a line end: one JSON object in ASCII. Texts of clients are cut
 * to the lengths in docs/operations.md; control characters and all that is not ASCII are escaped. Returns its length.
 * */
apr_size_t um_event_line(const um_ctx_t *ctx, const um_event_t *event, char line[UM_EVENT_LINE_MAX]);

/** The same for a stored event, with the present name of its account (NULL: it has none). No line fills its buffer, so
 * that a NUL has room behind it. */
apr_size_t um_event_line_stored(const um_store_event_t *event, const char *username, char line[UM_EVENT_LINE_MAX]);

/** The time in UTC as RFC 3339 has it, with milliseconds. */
#define UM_EVENT_TIME_SIZE 32
void um_event_line_time(apr_int64_t at_ms, char text[UM_EVENT_TIME_SIZE]);

#endif
