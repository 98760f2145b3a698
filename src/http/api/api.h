/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_API_H
#define UM_API_H
/* The private header of src/http/api: the functions of its files, grouped by file. Only the hooks are for
 * mod_usermgmt.c. Functions that return int return a value for httpd's handler hook: OK where the request goes on, DONE
 * where the answer has been sent. */
#include "endpoint.h"

typedef struct um_input_field_t um_input_field_t;           /* input_schema.h */
typedef struct um_json_doc_t um_json_doc_t;                 /* json.h */
typedef struct um_json_value_t um_json_value_t;             /* json.h */

/* --- api.c: the hooks, and the steps of a request ----------------------------------------------------------------- */

/** Hook post_read_request. Notes that a proxy asks about a request of its client (/api-forward-auth/). */
int um_api_read_request(request_rec *r);

/** Hook pre_translate_name. Takes paths of the API that contain %2F or %00, which httpd would answer itself. */
int um_api_pre_translate(request_rec *r);

/** Hooks translate_name, map_to_storage and fixups: a path of the API belongs to the API, whatever Alias, ProxyPass,
 * RewriteRule or a file of that name say. */
int um_api_translate(request_rec *r);
int um_api_map_to_storage(request_rec *r);
int um_api_fixups(request_rec *r);

/** Hook handler. DECLINED for requests that are not for the API. */
int um_api_handler(request_rec *r);

/** Hook handler, last of all modules: a path under /api/v1 that nobody serves is answered 404 in JSON, as the clients
 * of the API expect. */
int um_api_not_found(request_rec *r);

/* --- call.c: the steps of a call ---------------------------------------------------------------------------------- */

/** Starts a call. match: what the path of the request is; it lives as long as the request. */
um_call_t *um_call_make(request_rec *r, const um_route_match_t *match);

/** Makes all steps of a request to the API, up to its answer. */
int um_call_answer(um_call_t *call);

/** The steps that an endpoint's answer takes, whatever the form of the request: throttle, caller, account, body, and
 * the endpoint's function. call->route must be set. A body that has been read already is call->doc. */
int um_call_run(um_call_t *call);

/** Counts a call that ends now, in a slot of process.h. status: what the handler returns. */
void um_call_note(const um_call_t *call, unsigned slot, int is_page, int status);

/** Refuses a request in clear text where UserMgmtRequireTLS is on. OK, or DONE after an answer of 403. */
int um_call_check_tls(um_call_t *call);

/* --- cors.c: UserMgmtCORS ----------------------------------------------------------------------------------------- */

/** Hook header_parser: answers a preflight (Fetch standard) before access is checked, because a browser sends it
 * without a token. DECLINED for all other requests. */
int um_cors_preflight(request_rec *r);

/** Hooks insert_filter and insert_error_filter: adds the filter that sets the CORS headers of an answer, errors
 * included. */
void um_cors_insert(request_rec *r);

/** Registers that filter. */
void um_cors_register(void);

/* --- route.c: the table of endpoints ------------------------------------------------------------------------------ */

/** Finds the rows of a path. A missing slash at the end makes no difference. Segments are allocated from pool. */
um_route_match_t um_route_match(apr_pool_t *pool, const char *uri);

/** Whether a path is equal to or below /api/v1. Other applications may serve paths there too. */
int um_route_is_under_api_v1(const char *uri);

/** Whether a path is equal to or below /api-forward-auth. */
int um_route_is_under_forward_auth(const char *uri);

/** Whether a path is equal to or below /api/openapi.yaml, which belongs to the site where UserMgmtOpenAPI is Off. */
int um_route_is_under_openapi(const char *uri);

/** The row of a method on the path of first; HEAD is GET. NULL: the path does not allow the method. */
const um_route_t *um_route_method(const um_route_t *first, const char *method);

/** The row of a method and a path, both as in the table. NULL: there is none. */
const um_route_t *um_route_find(const char *method, const char *path);

/** The next row of the same path; NULL after the last. */
const um_route_t *um_route_next(const um_route_t *row);

/** The number of a row of the table, from 0 on, and the row of a number; NULL after the last. */
unsigned um_route_index(const um_route_t *row);
const um_route_t *um_route_at(unsigned index);

/** The value of the Allow header for the path of first, allocated from pool. */
const char *um_route_allow(apr_pool_t *pool, const um_route_t *first);

/* --- api_authenticate.c: who calls -------------------------------------------------------------------------------- */

/** Authenticates the caller by the Authorization header or, if there is none, by the cookie of UserMgmtCookie. The
 * database is asked (UM_FRESH). Sets call->caller or call->client; both stay empty for a request without credentials,
 * and where the path ignores them. Sets call->by_cookie and call->bearer. OK, or DONE after an answer of 400, 401, 403
 * or 503. */
int um_api_authenticate(um_call_t *call);

/* --- authorize.c: what the caller may do -------------------------------------------------------------------------- */

/** Who may call the path with the method of the request. */
um_access_e um_authorize_access(const um_call_t *call);

/** Whether anybody may call the path, and credentials that are sent make no difference. */
int um_authorize_ignores_credentials(const um_call_t *call);

/** Whether the authenticated caller, or nobody, may call the path. OK, or DONE after an answer of 401. */
int um_authorize(um_call_t *call);

/** Whether the call is for staff only and the caller is not, or UserMgmtRegistration forbids the call to this caller.
 * call->route must be set. */
int um_authorize_is_denied(const um_call_t *call);

/* --- body.c: reading the request body ----------------------------------------------------------------------------- */

/** Reads the body, at most UserMgmtMaxBody bytes, and parses it by its media type. An empty body is an empty object,
 * whatever its type. *doc lives as long as the request. OK; DONE: the body was refused and the answer has been sent;
 * AP_FILTER_ERROR: a filter has sent an answer of its own. */
int um_body_read(um_call_t *call, um_json_doc_t **doc);

/** Reads up to 64 KB of the rest of a body over HTTP/2 and drops them, after an answer that has been sent before its
 * body was read. mod_http2 resets the stream when the request ends before its body, and a client that still sends then
 * drops the answer. Does nothing in HTTP/1. */
void um_body_drain(request_rec *r);

/* --- input_schema.c: the fields of a body ------------------------------------------------------------------------- */

/** Reads a document into call->in, a structure of the schema's size. A faulty field stays NULL (0) there, and its
 * errors are added to call->ctx.errors in the order of the contract. An absent field that is not required stays NULL
 * without an error. UM_OK also with faulty fields; UM_INVALID: the document is not an object, and nothing was read. */
um_status_e um_input_schema_read(um_call_t *call, const um_input_schema_t *schema, const um_json_doc_t *doc);

/** Whether a document has a field that only staff may set, with another value than false. */
int um_input_schema_wants_staff(const um_input_schema_t *schema, const um_json_doc_t *doc);

/** Whether a request, a um_call_t, takes a field of this name: um_input_schema_has(), or a custom field. */
int um_input_schema_wants(const void *call, const char *name, apr_size_t len);

/** Whether a schema, given as const void *, has a field of this name or alias. name has len bytes and need not end with
 * a NUL. It is a um_json_wanted_fn. */
int um_input_schema_has(const void *schema, const char *name, apr_size_t len);

/** What OPTIONS shows of a schema: an object with one member for each field that can be set. */
um_json_t *um_input_schema_describe(const um_call_t *call, const um_input_schema_t *schema);

/** Index of a field in the schema, for the order of errors; the number of fields if the schema has no such field. */
int um_input_schema_position(const um_input_schema_t *schema, const char *field);

/** Reads a text field that is no row of a schema. NULL: it is absent, or faulty. */
const char *um_input_schema_text(um_call_t *call, const um_json_doc_t *doc, const um_input_field_t *field);

/* --- input_custom.c: fields that the site adds to accounts (custom_field.h) --------------------------------------- */

/** Reads the custom fields of a body, and adds their errors. The valid ones as a JSON object, in which null stands for
 * no value; NULL: there are none. */
const char *um_input_custom_read(um_call_t *call, const um_json_doc_t *doc, int is_new);

/** Adds them to what OPTIONS shows. */
void um_input_custom_describe(const um_call_t *call, int is_new, um_json_t *all);

/* --- query.c: the query of a request ------------------------------------------------------------------------------ */

/** Accounts or events of a page. */
#define UM_QUERY_USUAL_SIZE 50
#define UM_QUERY_LARGEST_SIZE 500

/** The value of a parameter, decoded; NULL: it is not there. Of several values the first counts. One with U+0000 adds
 * an error to call->ctx.errors and counts as "". */
const char *um_query_text(um_call_t *call, const char *name);

/** The same of a parameter that is true or false: 1, 0, or -1 where it is absent or "". Adds an error for anything
 * else. */
int um_query_flag(um_call_t *call, const char *name);

/** The size of a page. As Django REST framework has it, a size that is none is ignored and one that is too large is
 * cut. *is_given: the query has one that is good. */
int um_query_page_size(um_call_t *call, int *is_given);

/** The URL of another page of a list: this path, the query without its cursor, and that cursor. NULL: no cursor, no
 * page. */
const char *um_query_link(um_call_t *call, const char *path, const char *cursor);

/* --- precondition.c: conditional requests for an account (RFC 9110 13) -------------------------------------------- */

/** The SHA-256 of a text. digest: at least EVP_MAX_MD_SIZE bytes, of which 32 are set. 0: it could not be computed. */
int um_precondition_digest(const um_call_t *call, const char *text, unsigned char *digest);

/** Sets the ETag header for call->out, an account as the API shows it. The tag is a digest of the printed answer, so it
 * changes with every change that a client can see. call->out must not be changed afterwards. Gives the tag with its
 * quotes; NULL: it could not be computed. */
const char *um_precondition_tag(um_call_t *call);

/** Evaluates If-Match and If-None-Match of a request that reads the account. tag: from um_precondition_tag(). UM_OK
 * with call->not_modified set or not; UM_PRECONDITION: answer 412. */
um_status_e um_precondition_for_read(um_call_t *call, const char *tag);

/** Evaluates the conditions of a request that changes call->user. shown: that account as the API shows it. They are
 * also passed to core (ctx.demand), which checks them again in the transaction, because another request may change the
 * account meanwhile. UM_OK also when ctx.errors is not empty, because errors of the body come first;
 * UM_PRECONDITION. */
um_status_e um_precondition_for_change(um_call_t *call, um_json_t *shown);

/* --- reply.c: writing answers ------------------------------------------------------------------------------------- */
/* The only place that writes answers: JSON, or problem details (RFC 9457) for errors if the client asked for them. Each
 * function that returns int returns DONE. */

/** A successful answer. out: its body; NULL: none. */
int um_reply_json(um_call_t *call, int status, um_json_t *out);

/** A time in UTC, as RFC 3339 has it. seconds: since the epoch. */
const char *um_reply_time(apr_pool_t *pool, apr_int64_t seconds);

/** An error of the whole request: {"detail": text of the message}. Sets Retry-After for 503. */
int um_reply_detail(um_call_t *call, int status, um_message_e message);

/** The same with a message whose text has a value. */
int um_reply_detail_with(um_call_t *call, int status, um_message_e message, const char *value);

/** 400 with all of call->ctx.errors, in the order of the fields of the route's schema. */
int um_reply_errors(um_call_t *call);

/** 401 with a Bearer challenge (RFC 6750 3). error: NULL if the request had no token. */
int um_reply_unauthorized(um_call_t *call, const char *error, um_message_e message);

/** 401 with a Basic challenge: wrong credentials of a client (RFC 6749 5.2, invalid_client). */
int um_reply_invalid_client(um_call_t *call);

/** 403: the token came in a cookie, and the request came from another site (csrf.c). */
int um_reply_csrf_failed(um_call_t *call);

/** The answer to a status of core. Logs call->ctx.cause for errors that are not the client's. */
int um_reply_status(um_call_t *call, um_status_e status);

/** The request body will not be read: closes the connection after the answer if one was announced. */
void um_reply_ignore_body(um_call_t *call);

/* --- translate.c: UserMgmtTranslateErrors ------------------------------------------------------------------------- */

typedef struct um_error_t um_error_t;                       /* ctx.h */

/** The text of a message in the language that the request accepts, else in English. Sets Content-Language where
 * messages are translated. value: of the message; NULL: it has none. */
const char *um_translate_message(const um_call_t *call, um_message_e message, const char *value);

/** The same for an error of a field. */
const char *um_translate_error(const um_call_t *call, const um_error_t *error);

/** Adds Accept-Language to Vary where messages are translated. */
void um_translate_vary(const um_call_t *call);

/* --- options.c: OPTIONS ------------------------------------------------------------------------------------------- */

/** Answers OPTIONS with what the path can do. Needs no token, because browsers ask before they send one. */
int um_options_reply(um_call_t *call);

/* --- api_forward_auth.c: /api-forward-auth/ ----------------------------------------------------------------------- */

/** Answers another proxy (nginx, Traefik, Caddy, HAProxy) whether a request of its client may pass. Whatever the
 * method: 204 with the identity in headers; 401 with a challenge; 403 if rights that the query demands are missing, or
 * a cookie came from another site; 400 for a query that is not understood; 503. The Accept header is ignored, because
 * proxies pass on the one of their client. */
int um_api_forward_auth(um_call_t *call);

/* --- api_*.c: the endpoints --------------------------------------------------------------------------------------- */

/* api_user.c: /api/v1/users/ */
extern const um_input_schema_t um_api_user_register_schema, um_api_user_update_schema, um_api_user_password_schema;
um_route_fn um_api_user_register, um_api_user_get, um_api_user_update, um_api_user_change_password, um_api_user_delete;

/** Evaluates the conditions of a request that changes call->user, as um_precondition_for_change() does. */
um_status_e um_api_user_conditions(um_call_t *call);

/* api_list.c: GET /api/v1/users/ */
/** A page of accounts that staff asks for, into call->out. query: as far as the path says it. UM_INVALID, UM_ABSENT and
 * UM_UNAVAILABLE as a um_route_fn; a cursor that is none of this query's sets call->bad_cursor with UM_ABSENT. */
typedef struct um_user_query_t um_user_query_t;             /* user_list.h */
um_status_e um_api_list_accounts(um_call_t *call, um_user_query_t *query, const char *path);
um_route_fn um_api_list_users;

/* api_user_show.c: an account in answers */

/** What the API shows of an account. */
um_json_t *um_api_user_show(um_call_t *call, const um_user_t *user);

/** The same at the path of the account: with the address that it is to have when that is confirmed, and for staff with
 * the state of the account. UM_UNAVAILABLE. */
um_status_e um_api_user_show_account(um_call_t *call, const um_user_t *user, um_json_t **out);

/** The same for staff, with the state of the account; groups: names joined by commas. */
um_json_t *um_api_user_show_to_staff(um_call_t *call, const um_user_t *user, const char *groups);

/* api_group.c: /api/v1/groups/ */
extern const um_input_schema_t um_api_group_schema;
um_route_fn um_api_group_list, um_api_group_create, um_api_group_get, um_api_group_rename, um_api_group_delete;
um_route_fn um_api_group_members, um_api_group_add, um_api_group_drop;

/* api_event.c: /api/v1/users/{id}/events/ */
um_route_fn um_api_event_list;

/* api_session.c: /api/v1/users/{id}/sessions/ */
um_route_fn um_api_session_list, um_api_session_end, um_api_session_end_all;

/* api_token.c: /api-token-auth/, /api-token-refresh/, /api-token-verify/, /api-token-revoke/ */
extern const um_input_schema_t um_api_token_schema, um_api_token_refresh_schema, um_api_token_verify_schema,
    um_api_token_revoke_schema;
um_route_fn um_api_token_create, um_api_token_refresh, um_api_token_verify, um_api_token_revoke;

/* api_client.c: /api-token-introspect/ (RFC 7662), for servers that have the token of a client */
extern const um_input_schema_t um_api_client_token_schema;
um_route_fn um_api_client_introspect;

/* api_reset.c: /api/password_reset/ and /api/email_verification/ */
extern const um_input_schema_t um_api_reset_request_schema, um_api_reset_token_schema, um_api_reset_confirm_schema;
um_route_fn um_api_reset_send, um_api_reset_request, um_api_reset_validate, um_api_reset_confirm;
um_route_fn um_api_reset_verify_request, um_api_reset_verify_confirm;

/* api_key.c: /.well-known/jwks.json */
um_route_fn um_api_key_set;

/* api_openapi.c: /api/openapi.yaml */
um_route_fn um_api_openapi_get;

/** Hook post_config: makes the document of each host that has UserMgmtOpenAPI On. */
int um_api_openapi_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main_server);

#endif
