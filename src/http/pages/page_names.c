/* SPDX-License-Identifier: Apache-2.0 */
#include "pages.h"

/* In alphabetical order. A template that has another name is refused at the start, so a slip is found there. */
const char *const um_page_names[] = {
    "account", "account_id", "account_name", "address", "again", "again_url", "algorithm", "all_groups", "answer_ms",
    "attempts", "browser", "by_text", "can_drop", "can_mail", "can_register", "can_retry", "can_set_password",
    "can_stay", "can_verify", "class_text", "count", "count_at_least", "count_estimate", "count_exact", "created",
    "created_at", "created_at_iso", "created_iso", "csrf", "current", "custom", "database_ok", "detail", "device",
    "direction", "driver", "due_at", "due_at_iso", "email", "email_confirm", "email_required", "email_verified",
    "error", "error_confirm", "error_email", "error_first_name", "error_group", "error_last_name", "error_name",
    "error_new_password", "error_old_password", "error_ordering", "error_password", "error_token", "error_username",
    "errors", "event_text", "events", "events_url", "field", "filter_active_false", "filter_active_true",
    "filter_staff_false", "filter_staff_true", "first_name", "group", "group_name", "groups", "has_errors",
    "has_events", "has_filters", "has_groups", "has_mails", "has_others", "has_pages", "has_results", "has_sessions",
    "id", "input_email", "input_first_name", "input_group", "input_last_name", "input_name", "input_search",
    "input_stay", "input_token", "input_username", "is_active", "is_boolean", "is_closed", "is_date", "is_false",
    "is_given_up", "is_integer", "is_not_found", "is_other", "is_own", "is_refused_now", "is_required", "is_sent",
    "is_signing", "is_staff", "is_text", "is_throttled", "is_true", "is_unavailable", "keys", "keys_ok", "kid",
    "kind_text", "label", "language", "last", "last_error", "last_iso", "last_name", "last_seen", "last_seen_iso",
    "last_sign_in_at", "last_sign_in_at_iso", "login_both", "login_email", "login_username", "mail_ok", "mails",
    "mails_given_up", "mails_waiting", "max", "must_verify", "name", "next", "next_query", "next_url", "node",
    "notice", "of", "oldest_due", "oldest_due_iso", "order_email", "order_oldest", "order_username", "page_delete",
    "page_email", "page_events", "page_password", "page_profile", "page_reset", "page_sessions", "page_staff_group",
    "page_staff_groups", "page_staff_health", "page_staff_list", "page_staff_mails", "page_staff_new",
    "page_staff_throttle", "password_min", "path", "pending_email", "previous_url", "problem", "refused", "results",
    "schema_step", "session_ended", "sessions", "site", "state_text", "style", "system", "text", "time", "time_iso",
    "token_invalid", "until", "until_iso", "url", "user", "username", "value", "version",
    NULL
};
