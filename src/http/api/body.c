/* SPDX-License-Identifier: Apache-2.0 */
#include "api.h"

#include "form.h"
#include "json.h"
#include "module.h"
#include "wipe.h"

#include <apr_strings.h>
#include <http_protocol.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Lists and objects within each other. */
#define MAX_DEPTH 32
/* Bytes of a refused body that are read over HTTP/2: the initial window of a stream (RFC 9113 section 6.9.2), which a
 * client may send before it reads anything from the server. */
#define MAX_DRAINED (64 * 1024)

typedef struct buffer_t {
    char *bytes;
    apr_size_t len, room;
} buffer_t;

static int too_large(um_call_t *call)
{
    call->r->connection->keepalive = AP_CONN_CLOSE;
    return um_reply_detail(call, HTTP_REQUEST_ENTITY_TOO_LARGE, UM_MESSAGE_BODY_TOO_LARGE);
}

static int read_failed(um_call_t *call, apr_status_t rv)
{
    int status = ap_map_http_request_error(rv, HTTP_BAD_REQUEST);

    switch (status) {
    case AP_FILTER_ERROR:
        return AP_FILTER_ERROR;
    case HTTP_REQUEST_ENTITY_TOO_LARGE:
        return too_large(call);
    case HTTP_REQUEST_TIME_OUT:
        return um_reply_detail(call, status, UM_MESSAGE_BODY_TIMEOUT);
    default:
        return um_reply_detail(call, HTTP_BAD_REQUEST, UM_MESSAGE_BODY_UNREADABLE);
    }
}

/* Appends what the brigade holds to the buffer. */
static int read_brigade(um_call_t *call, apr_bucket_brigade *brigade, buffer_t *buffer, int *end)
{
    for (apr_bucket *b = APR_BRIGADE_FIRST(brigade); b != APR_BRIGADE_SENTINEL(brigade); b = APR_BUCKET_NEXT(b)) {
        const char *bytes;
        apr_size_t len;
        apr_status_t rv;

        if (APR_BUCKET_IS_EOS(b)) {
            *end = 1;
            return OK;
        }
        if (APR_BUCKET_IS_METADATA(b)) {
            continue;
        }
        rv = apr_bucket_read(b, &bytes, &len, APR_BLOCK_READ);
        if (rv != APR_SUCCESS) {
            return read_failed(call, rv);
        }
        if (len > buffer->room - buffer->len) {
            return too_large(call);
        }
        memcpy(buffer->bytes + buffer->len, bytes, len);
        buffer->len += len;
    }
    return OK;
}

static int read_bytes(um_call_t *call, buffer_t *buffer)
{
    request_rec *r = call->r;
    apr_bucket_brigade *brigade = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    int end = 0;
    int status = OK;

    while (!end && status == OK) {
        apr_status_t rv = ap_get_brigade(r->input_filters, brigade, AP_MODE_READBYTES, APR_BLOCK_READ, HUGE_STRING_LEN);

        status = rv == APR_SUCCESS ? read_brigade(call, brigade, buffer, &end) : read_failed(call, rv);
        apr_brigade_cleanup(brigade);
    }
    return status;
}

/* --- media types --- */

typedef enum { JSON, URLENCODED, MULTIPART, OTHER } form_e;

/* A page reads its form before it is known for which endpoint, and a browser sends no form as JSON. */
static form_e form_of(const um_call_t *call, const um_mediatype_t *type)
{
    if (!type->name) {
        return OTHER;
    }
    return strcmp(type->name, "application/json") == 0 ? call->form ? OTHER : JSON
           : strcmp(type->name, "application/x-www-form-urlencoded") == 0 ? URLENCODED
           : strcmp(type->name, "multipart/form-data") == 0 ? MULTIPART : OTHER;
}

static int parse_body(um_call_t *call, form_e form, const um_mediatype_t *type, const buffer_t *buffer,
                      um_json_doc_t **doc)
{
    apr_pool_t *pool = call->ctx.pool;
    const char *why = NULL;
    apr_status_t rv;

    if (form == JSON) {
        rv = um_json_parse_wanted(pool, buffer->bytes, buffer->len, MAX_DEPTH, um_input_schema_wants, call, doc, &why);
    }
    else if (form == URLENCODED) {
        rv = um_form_urlencoded(pool, buffer->bytes, buffer->len, doc, &why);
    }
    else {
        rv = um_form_multipart(pool, type->boundary, buffer->bytes, buffer->len, doc, &why);
    }
    return rv == APR_SUCCESS ? OK
           : um_reply_detail_with(call, HTTP_BAD_REQUEST,
                                  form == JSON ? UM_MESSAGE_JSON_PARSE_ERROR : UM_MESSAGE_FORM_PARSE_ERROR, why);
}

/* The Content-Encoding of the body; NULL: the body is not encoded. */
static const char *encoding_of(const um_call_t *call)
{
    const char *encoding = apr_table_get(call->r->headers_in, "Content-Encoding");

    return encoding && strcasecmp(encoding, "identity") != 0 ? encoding : NULL;
}

/* Answers a body of another media type or, if the type is good, one that is encoded. */
static int refuse_type(um_call_t *call, form_e form)
{
    const char *content_type = apr_table_get(call->r->headers_in, "Content-Type");

    if (form == OTHER) {
        return um_reply_detail_with(call, HTTP_UNSUPPORTED_MEDIA_TYPE, UM_MESSAGE_UNSUPPORTED_MEDIA_TYPE,
                                    content_type ? content_type : "");
    }
    apr_table_setn(call->r->err_headers_out, "Accept-Encoding", "identity");
    return um_reply_detail_with(call, HTTP_UNSUPPORTED_MEDIA_TYPE, UM_MESSAGE_UNSUPPORTED_ENCODING, encoding_of(call));
}

/* Bytes to allocate: the announced length. The length of a chunked body is unknown, and may be unknown in HTTP/2. */
static apr_size_t buffer_size(const um_call_t *call, apr_off_t announced)
{
    int chunked = apr_table_get(call->r->headers_in, "Transfer-Encoding") || call->r->proto_num >= HTTP_VERSION(2, 0);

    return (apr_size_t)(announced > 0 ? announced : chunked ? call->settings->max_body : 0);
}

int um_body_read(um_call_t *call, um_json_doc_t **doc)
{
    const char *length = apr_table_get(call->r->headers_in, "Content-Length");
    um_mediatype_t type = um_mediatype_parse(call->ctx.pool, apr_table_get(call->r->headers_in, "Content-Type"));
    form_e form = form_of(call, &type);
    buffer_t buffer = { 0 };
    apr_off_t announced = length ? apr_atoi64(length) : 0;
    int refused = form == OTHER || encoding_of(call);
    int status;

    if (announced > 0 && refused) {
        return refuse_type(call, form);
    }
    if (announced > call->settings->max_body) {
        return too_large(call);
    }
    buffer.room = buffer_size(call, announced);
    buffer.bytes = apr_palloc(call->ctx.pool, buffer.room + 1);
    um_wipe_with(call->ctx.pool, buffer.bytes, buffer.room);        /* bodies hold passwords */
    status = read_bytes(call, &buffer);
    if (status != OK) {
        return status;
    }
    if (!buffer.len) {
        return um_json_parse(call->ctx.pool, "{}", 2, MAX_DEPTH, doc, &length) == APR_SUCCESS ? OK
               : HTTP_INTERNAL_SERVER_ERROR;
    }
    return refused ? refuse_type(call, form) : parse_body(call, form, &type, &buffer, doc);
}

/* Adds the bytes of a brigade to *len. Whether more may follow. */
static int count_brigade(apr_bucket_brigade *brigade, apr_off_t *len)
{
    for (apr_bucket *b = APR_BRIGADE_FIRST(brigade); b != APR_BRIGADE_SENTINEL(brigade); b = APR_BUCKET_NEXT(b)) {
        if (APR_BUCKET_IS_EOS(b)) {
            return 0;
        }
        *len += APR_BUCKET_IS_METADATA(b) ? 0 : (apr_off_t)b->length;
    }
    return *len < MAX_DRAINED;
}

void um_body_drain(request_rec *r)
{
    apr_bucket_brigade *brigade;
    apr_off_t len = 0;

    if (r->proto_num < HTTP_VERSION(2, 0)) {
        return;
    }
    brigade = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    while (ap_get_brigade(r->input_filters, brigade, AP_MODE_READBYTES, APR_BLOCK_READ, HUGE_STRING_LEN) == APR_SUCCESS
           && count_brigade(brigade, &len)) {
        apr_brigade_cleanup(brigade);
    }
    apr_brigade_destroy(brigade);
}
