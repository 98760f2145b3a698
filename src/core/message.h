/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_MESSAGE_H
#define UM_MESSAGE_H
/* The messages to clients. The texts are part of the wire contract: existing clients compare with them, so they stay
 * byte for byte. The row of a message is its only place. */
#include <apr_pools.h>

/** The table: MESSAGE(name, code, text). code is the stable name for programs (problem details), and %s in a text
 * stands for a value. Callers use UM_MESSAGE_<name>. */
#define UM_MESSAGES(MESSAGE) \
    /* Fields of a body. */ \
    MESSAGE(REQUIRED, "required", "This field is required.") \
    MESSAGE(BLANK, "blank", "This field may not be blank.") \
    MESSAGE(NULL_VALUE, "null", "This field may not be null.") \
    MESSAGE(NOT_A_STRING, "invalid", "Not a valid string.") \
    MESSAGE(NOT_AN_INTEGER, "invalid", "A valid integer is required.") \
    MESSAGE(NOT_A_DATE, "invalid", "Date has wrong format. Use one of these formats instead: YYYY-MM-DD.") \
    MESSAGE(NOT_A_BOOLEAN, "invalid", "Must be a valid boolean.") \
    MESSAGE(NOT_A_LIST, "not_a_list", "Expected a list of items but got type \"%s\".") \
    MESSAGE(MAX_ELEMENTS, "max_length", "Ensure this field has no more than %s elements.") \
    MESSAGE(NO_SUCH_OBJECT, "does_not_exist", "Object with name=%s does not exist.") \
    MESSAGE(NOT_A_CHOICE, "invalid_choice", "\"%s\" is not a valid choice.") \
    MESSAGE(MAX_LENGTH, "max_length", "Ensure this field has no more than %s characters.") \
    MESSAGE(NULL_CHARACTERS, "null_characters_not_allowed", "Null characters are not allowed.") \
    MESSAGE(SURROGATE_CHARACTERS, "surrogate_characters_not_allowed", \
        "Surrogate characters are not allowed: U+%s.") \
    MESSAGE(READ_ONLY, "read_only", "This field cannot be changed here.") \
    MESSAGE(COOKIE_NEEDS_TLS, "tls_required", "A cookie is only set over TLS.") \
    /* Names and addresses. */ \
    MESSAGE(USERNAME_INVALID, "invalid", \
        "Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.") \
    MESSAGE(USERNAME_WITH_AT, "invalid", \
        "This username may not contain @, because it could be taken for an email address.") \
    MESSAGE(USERNAME_TAKEN, "unique", "A user with that username already exists.") \
    MESSAGE(USERNAME_HELD, "held_back", "That username is held back, because its account was deleted or renamed.") \
    MESSAGE(EMAIL_INVALID, "invalid", "Enter a valid email address.") \
    MESSAGE(EMAIL_TAKEN, "unique", "A user with that email address already exists.") \
    MESSAGE(GROUP_INVALID, "invalid", \
        "Enter a valid name. This value may contain only letters, numbers, and @/./+/-/_ characters, 64 at most.") \
    MESSAGE(GROUP_TAKEN, "unique", "A group with that name already exists.") \
    /* A mail to one account. */ \
    MESSAGE(MAIL_NONE, "no_mail", "This site sends no mail.") \
    MESSAGE(MAIL_INACTIVE, "account_inactive", "The account is inactive.") \
    MESSAGE(MAIL_NO_ADDRESS, "no_address", "The account has no email address.") \
    /* Passwords. */ \
    MESSAGE(PASSWORD_TOO_SIMILAR, "password_too_similar", "The password is too similar to the %s.") \
    MESSAGE(PASSWORD_TOO_SHORT, "password_too_short", \
        "This password is too short. It must contain at least %s characters.") \
    MESSAGE(PASSWORD_TOO_SHORT_FOR_1, "password_too_short", \
        "This password is too short. It must contain at least 1 character.") \
    MESSAGE(PASSWORD_TOO_COMMON, "password_too_common", "This password is too common.") \
    MESSAGE(PASSWORD_NUMERIC, "password_entirely_numeric", "This password is entirely numeric.") \
    MESSAGE(PASSWORD_WRONG, "password_incorrect", "Wrong password.") \
    MESSAGE(LOGIN_REFUSED, "authorization", "Unable to log in with provided credentials.") \
    /* The body as a whole. */ \
    MESSAGE(INVALID_INPUT, "invalid", "Invalid input.") \
    MESSAGE(NO_DATA, "null", "No data provided") \
    MESSAGE(NOT_AN_OBJECT, "invalid", "Invalid data. Expected a dictionary, but got %s.") \
    MESSAGE(JSON_PARSE_ERROR, "parse_error", "JSON parse error - %s") \
    MESSAGE(FORM_PARSE_ERROR, "parse_error", "%s") \
    MESSAGE(BODY_UNREADABLE, "parse_error", "Request body could not be read.") \
    MESSAGE(BODY_TIMEOUT, "timeout", "Request body did not arrive in time.") \
    MESSAGE(BODY_TOO_LARGE, "request_too_large", "Request body too large.") \
    MESSAGE(UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "Unsupported media type \"%s\" in request.") \
    MESSAGE(UNSUPPORTED_ENCODING, "unsupported_content_encoding", "Unsupported content encoding \"%s\" in request.") \
    /* Authentication and authorization. */ \
    MESSAGE(NOT_AUTHENTICATED, "not_authenticated", "Authentication credentials were not provided.") \
    MESSAGE(TOKEN_EMPTY, "authentication_failed", "Invalid token header. No credentials provided.") \
    MESSAGE(TOKEN_SPACES, "authentication_failed", \
        "Invalid token header. Token string should not contain spaces.") \
    MESSAGE(TOKEN_CHARACTERS, "authentication_failed", \
        "Invalid token header. Token string should not contain invalid characters.") \
    MESSAGE(TOKEN_INVALID, "authentication_failed", "Invalid token.") \
    MESSAGE(TOKENS_SEVERAL, "invalid_request", "More than one token.") \
    MESSAGE(HEADERS_SEVERAL, "invalid_request", "More than one Authorization header.") \
    MESSAGE(USER_INACTIVE, "user_inactive", "User inactive or deleted.") \
    MESSAGE(CLIENT_INVALID, "invalid_client", "Invalid client credentials.") \
    MESSAGE(CSRF_FAILED, "csrf_failed", "CSRF check failed.") \
    MESSAGE(PERMISSION_DENIED, "permission_denied", "You do not have permission to perform this action.") \
    MESSAGE(TLS_REQUIRED, "tls_required", "This service is only available over TLS.") \
    /* The request as a whole. */ \
    MESSAGE(NOT_FOUND, "not_found", "Not found.") \
    MESSAGE(CURSOR_INVALID, "not_found", "Invalid cursor") \
    MESSAGE(NOT_ACCEPTABLE, "not_acceptable", "Could not satisfy the request Accept header.") \
    MESSAGE(METHOD_NOT_ALLOWED, "method_not_allowed", "Method \"%s\" not allowed.") \
    MESSAGE(PRECONDITION_FAILED, "precondition_failed", "Precondition failed.") \
    MESSAGE(IDEMPOTENCY_KEY_INVALID, "invalid", "An Idempotency-Key has 1 to 255 printable ASCII characters.") \
    MESSAGE(IDEMPOTENCY_KEY_USED, "idempotency_key_used", \
        "This Idempotency-Key was used for another request, or its account was changed since.") \
    MESSAGE(QUERY_INVALID, "invalid_request", "The query may hold group=NAME and staff=1, and nothing else.") \
    MESSAGE(THROTTLED, "throttled", "Request was throttled. Expected available in %s seconds.") \
    MESSAGE(THROTTLED_FOR_1, "throttled", "Request was throttled. Expected available in 1 second.") \
    MESSAGE(UNAVAILABLE, "service_unavailable", "Service temporarily unavailable, try again later.") \
    MESSAGE(SERVER_ERROR, "error", "A server error occurred.")

typedef enum {
#define UM_MESSAGE_NAME(name, code, text) UM_MESSAGE_##name,
    UM_MESSAGES(UM_MESSAGE_NAME)
#undef UM_MESSAGE_NAME
} um_message_e;

/** The stable code of a message, static. */
const char *um_message_code(um_message_e message);

/** The name of a message, as in its row: "PASSWORD_TOO_SHORT". Static. */
const char *um_message_name(um_message_e message);

/** The English text of a message, with value in place of its %s. value: NULL for a message without %s. The text lives
 * as long as pool and value. */
const char *um_message_text(apr_pool_t *pool, um_message_e message, const char *value);

#endif
