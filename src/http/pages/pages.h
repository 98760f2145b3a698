/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_PAGES_H
#define UM_PAGES_H
/* The private header of src/http/pages: the pages of UserMgmtPages, grouped by file. A page is another way into the
 * endpoints of the API and out of them: a form is the body of a call, and its answer is HTML. Pages have no rules and
 * no SQL of their own. Functions that return int return a value for httpd's handler hook, DONE after an answer. */
#include "endpoint.h"

typedef struct um_page_t um_page_t;
typedef struct um_page_act_t um_page_act_t;
typedef struct um_page_request_t um_page_request_t;

/** Adds to the view of a page what its endpoint does not give, and sets call->user where it needs one. UM_OK; any other
 * status: that is answered in place of the page. */
typedef um_status_e um_page_load_fn(um_page_request_t *page);

/** What remains to be done when an act has succeeded: cookies, and where to go (page->location). */
typedef void um_page_done_fn(um_page_request_t *page);

/** A page: a row of the table in page_route.c. */
struct um_page_t {
    const char *path;           /**< below the path of UserMgmtPages; "" is that path itself */
    const char *name;           /**< of the template */
    const char *endpoint;       /**< path in the API's table, whose GET the page shows; NULL: none */
    const um_route_t *own;      /**< the same for what the API does not have; NULL: none */
    um_page_load_fn *load;      /**< NULL: nothing more */
    int is_of_query;            /**< {id} or {group} of the endpoint comes from the query; else {id} is "me" */
    int is_for_staff;           /**< the page and its acts are for staff only */
};

/** What a form of a page does: a row of the table in page_act.c. */
struct um_page_act_t {
    const char *page;           /**< name of the page */
    const char *action;         /**< value of the form's field "action"; NULL: the form has none */
    const char *method, *endpoint;  /**< row of the API's table that does it */
    const um_route_t *own;      /**< the same for what the API does not have; NULL: none */
    um_page_done_fn *done;      /**< NULL: nothing more */
    const char *to;             /**< the path below UserMgmtPages to go to afterwards; NULL: the page itself */
    const char *key;            /**< of the message done.KEY that is shown there; NULL: none */
    const char *absent;         /**< key of the problem that 404 stands for; NULL: the page of 404 */
    const char *field, *value;  /**< set in the form before it is read; NULL: nothing is */
    void (*prepare)(um_page_request_t *page);   /**< the same for what depends on the form; NULL: nothing does */
    int needs_confirm;          /**< the form must have "confirm" */
    int needs_recent;           /**< the sign-in must be recent (page_recent.c) */
};

/** A request for a page. */
struct um_page_request_t {
    um_call_t *call;
    const um_page_t *page;      /**< NULL: there is no such page */
    const um_page_act_t *act;   /**< of a POST, once it is known */
    const char *language;       /**< of the answer */
    um_json_t *view;            /**< what the template shows; NULL: not made yet */
    const char *location;       /**< where to go in place of an answer, a path of this host; NULL: nowhere */
    const char *problem;        /**< text of the error of the whole form; NULL: none */
    int has_ended;              /**< the form was sent after its session had ended */
    int is_token_invalid;       /**< the one-time token of the link is not valid */
    int is_failing;             /**< the page itself could not be made */
};

/* --- page.c: the hooks and the steps of a request ----------------------------------------------------------------- */

/** Hooks translate_name, map_to_storage and fixups: a path of the pages belongs to them. */
int um_page_translate(request_rec *r);
int um_page_map_to_storage(request_rec *r);
int um_page_fixups(request_rec *r);

/** Hook handler. DECLINED for requests that are not for a page. */
int um_page_handler(request_rec *r);

/** The page of 403 for a place whose rights the caller lacks: HTML in r->pool, with its header fields in r. NULL: this
 * host has no pages. */
const char *um_page_forbidden(request_rec *r);

/** Makes an endpoint the one of the call: what its path names comes from the form or the query. */
void um_page_set_route(um_page_request_t *page, const um_route_t *route);

/** The request for a page that a call belongs to. */
um_page_request_t *um_page_of(const um_call_t *call);

/* --- page_route.c: the table of pages ----------------------------------------------------------------------------- */

/** The page of a path below UserMgmtPages; a missing slash at the end makes no difference. NULL: there is none. */
const um_page_t *um_page_route_find(const char *path);

/** The number of a row of the table, from 0 on, and the name of that row's template; NULL after the last. */
unsigned um_page_route_index(const um_page_t *page);
const char *um_page_route_name(unsigned index);

/** The names of the templates of all pages, those of errors too; NULL-terminated, in pool. */
const char *const *um_page_route_names(apr_pool_t *pool);

/** The endpoint whose answer a page shows; NULL: none. */
const um_route_t *um_page_route_endpoint(const um_page_t *page);

/** The URL path of a page on the host of r. path: below UserMgmtPages. */
const char *um_page_route_url(const request_rec *r, const char *path);

/* --- page_setup.c and page_names.c: templates at the start -------------------------------------------------------- */

/** Hook check_config: reads the templates of each host that has pages. An error is that of UserMgmtPagesTemplates. */
int um_page_setup_check(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main_server);

/** The names of values that templates may have, NULL-terminated. */
extern const char *const um_page_names[];

/* --- page_act.c: the table of what forms do ----------------------------------------------------------------------- */

/** The act of a page for the action that its form names; NULL: there is none. */
const um_page_act_t *um_page_act_find(const um_page_t *page, const char *action);

/** Whether a page has forms. */
int um_page_act_has(const um_page_t *page);

/** Does what the form says that was sent to the page. */
int um_page_act_run(um_page_request_t *page);

/** After the endpoint has done it: cookies, and the redirect to the next page. */
int um_page_act_finish(um_page_request_t *page);

/* --- page_reply.c: answers ---------------------------------------------------------------------------------------- */

/** The form of answers of pages. */
extern const um_reply_form_t um_page_reply_form;

/** Sets the header fields that each page has. */
void um_page_reply_headers(request_rec *r);

/** Shows the page, with what was typed and the errors if a form was refused. */
int um_page_reply_show(um_page_request_t *page, int status);

/** Shows the page of an error; problem: its text. */
int um_page_reply_problem(um_page_request_t *page, int status, const char *problem);

/** Sends the browser to a path of this host (303). */
int um_page_reply_redirect(um_page_request_t *page, const char *location);

/** Sends the style sheet. */
int um_page_reply_style(request_rec *r);

/* --- page_view.c: what a template shows --------------------------------------------------------------------------- */

/** Makes page->view. */
void um_page_view_make(um_page_request_t *page, const char *template);

/** Adds to the view the link to sign in as somebody else, and then to go to next. */
void um_page_view_again(um_page_request_t *page, const char *next);

/** The parameter of the query that the page is about, followed by "&"; "": it has none. */
const char *um_page_view_query(const um_page_request_t *page);

/** The URL path of the page with that parameter. */
const char *um_page_view_url(const um_page_request_t *page);

/** The text of a message of the catalogue in the page's language. value: of {value}; NULL: it has none. */
const char *um_page_view_text(const um_page_request_t *page, const char *key, const char *value);

/** The same with the values of an object. */
const char *um_page_view_filled(const um_page_request_t *page, const char *key, const um_json_t *values);

/** The text of a message of the API in the page's language. */
const char *um_page_view_message(const um_page_request_t *page, um_message_e message, const char *value);

/** A field of the form that was sent, or else of the query; NULL: neither has it. */
const char *um_page_view_field(const um_page_request_t *page, const char *name);

/** Whether a field of a form is secret: it is never shown again, and is wiped. */
int um_page_view_is_secret(const char *name);

/* --- page_view_data.c: answers of endpoints ----------------------------------------------------------------------- */

/** Puts the members of an answer of the API into the view; a list becomes "results". Times become texts for people,
 * beside NAME_iso. Links to other pages of a list become those of the page. */
void um_page_view_add(um_page_request_t *page, um_json_t *out);

/** Converts a value that the view is to have, as the function above does. */
void um_page_view_convert(um_page_request_t *page, um_json_t *value);

/* --- page_custom.c: the site's own fields of an account in forms -------------------------------------------------- */

/* An administrator chooses the names of these fields, and people their values. So they are never members of the view
 * themselves, where a template would take one that is called "path" for the path of the pages. */

/** Adds "custom" to the view. */
void um_page_custom_add(um_page_request_t *page);

/** Keeps the fields of an account, as the API shows it, for um_page_custom_add. */
void um_page_custom_keep(um_page_request_t *page, const um_json_t *out);

/** Removes these fields from an object that the view is to have. */
void um_page_custom_remove(const um_page_request_t *page, um_json_t *object);

/* --- page_csrf.c: tokens of forms --------------------------------------------------------------------------------- */
/* A random value in a cookie, and in each form a text that follows from it and differs in each answer. Another site can
 * neither read the cookie nor set it, because over TLS its name begins with __Host-. So it cannot make the text. The
 * value outlives the session: a form that was opened before signing in can still be sent. */

/** The text for a form; sets the cookie if the request has none. NULL: the random generator failed. */
const char *um_page_csrf_make(request_rec *r);

/** Whether a request has the cookie without which no form is accepted. */
int um_page_csrf_has_cookie(const request_rec *r);

/** Whether a form has a text that follows from the request's cookie. text may be NULL. */
int um_page_csrf_is_right(const request_rec *r, const char *text);

/* --- page_recent.c: dangerous acts need a recent sign-in ---------------------------------------------------------- */

/** Whether the caller of a page has signed in within the last 15 minutes. OK; DONE after an answer, or after the
 * browser was sent to sign in again. */
int um_page_recent_check(um_page_request_t *page);

/* --- page_account.c: a person's own account ----------------------------------------------------------------------- */

/** Adds sessions, as the API lists them, to the view as "sessions". */
void um_page_account_add_sessions(um_page_request_t *page, um_json_t *sessions);

/** Adds to events, as the API lists them, the texts of their kinds. has: name of the flag in the view. */
void um_page_account_add_events(um_page_request_t *page, um_json_t *events, const char *has);
um_page_load_fn um_page_account_load_sessions, um_page_account_load_events, um_page_account_load_email,
    um_page_account_load_profile;
um_page_done_fn um_page_account_email_saved;

/* --- page_caller.c: who calls, where no endpoint asks ------------------------------------------------------------- */

/** Who the cookies of the request stand for. Asks the database. 0: for nobody. */
int um_page_caller_is(um_page_request_t *page, um_caller_t *caller);

/** Sets who calls, and the account that the page is about, where a form was refused before they were looked for. */
void um_page_caller_find(um_page_request_t *page);

/* --- page_session.c: signing in and out --------------------------------------------------------------------------- */

extern const um_route_t um_page_session_sign_out_route, um_page_session_end_others_route;

/** Removes from the form to sign in what only clients of the API send. */
void um_page_session_prepare(um_page_request_t *page);
um_page_load_fn um_page_session_load_sign_in, um_page_session_load_register;
um_page_done_fn um_page_session_signed_in, um_page_session_signed_out, um_page_session_registered;

/* --- page_link.c: links of mails ---------------------------------------------------------------------------------- */

extern const um_route_t um_page_link_reset_route;
um_page_load_fn um_page_link_load_verify, um_page_link_load_forgot, um_page_link_load_reset;

/* --- page_staff.c: the accounts of the site, for staff ------------------------------------------------------------ */

extern const um_route_t um_page_staff_new_route;
um_page_load_fn um_page_staff_load_list, um_page_staff_load_events, um_page_staff_load_new;
um_page_done_fn um_page_staff_made;

/** A new account without a password is an invitation, where the site sends mail; so is each one where accounts are made
 * by invitation only. */
void um_page_staff_prepare_new(um_page_request_t *page);

/** Adds to the view whether a list has "results". */
um_page_load_fn um_page_staff_load_results;

/* --- page_staff_account.c: one account ---------------------------------------------------------------------------- */

um_page_load_fn um_page_staff_account_load;

/* --- page_staff_group.c: groups ----------------------------------------------------------------------------------- */

extern const um_route_t um_page_staff_group_add_route;
um_page_load_fn um_page_staff_group_load_list, um_page_staff_group_load;
um_page_done_fn um_page_staff_group_renamed;

/** The URL path of the page of a group. */
const char *um_page_staff_group_url(const um_page_request_t *page, const char *name);

/* --- page_staff_mail.c: the outbox -------------------------------------------------------------------------------- */

extern const um_route_t um_page_staff_mail_list_route, um_page_staff_mail_retry_route,
    um_page_staff_mail_retry_all_route, um_page_staff_mail_drop_route;

/** A list of mails, um_mail_row_t, as the view is to have it before its times are converted. */
um_json_t *um_page_staff_mail_show(um_page_request_t *page, const apr_array_header_t *mails);

/* --- page_staff_throttle.c: who is refused because of too many tries ---------------------------------------------- */

extern const um_route_t um_page_staff_throttle_list_route, um_page_staff_throttle_clear_route;

/* --- page_staff_health.c: whether all is well --------------------------------------------------------------------- */

extern const um_route_t um_page_staff_health_route;

#endif
