/* SPDX-License-Identifier: Apache-2.0 */
/* What the product is measured against: the least that a module can do for the same work. /bench/select/<id> is one
 * keyed SELECT by mod_dbd, with the statement that DBDPrepareSQL names "bench_select"; /bench/update/<id> is one keyed
 * UPDATE that returns the row, with "bench_update"; /bench/scrypt is one hash of the cost that is the default;
 * /bench/429 is an answer with the bytes of the API's 429, and /bench/429/read the same after reading the body. */
#include <httpd.h>
#include <http_config.h>
#include <http_protocol.h>

#include <apr_dbd.h>
#include <apr_strings.h>
#include <mod_dbd.h>

#include <openssl/evp.h>

extern module AP_MODULE_DECLARE_DATA bench_module;

#define COLUMNS 5

static int answer(request_rec *r, const char *text)
{
    ap_set_content_type(r, "application/json");
    ap_set_content_length(r, (apr_off_t)strlen(text));
    ap_rputs(text, r);
    return OK;
}

static int do_statement(request_rec *r, const char *name, const char *id)
{
    APR_OPTIONAL_FN_TYPE(ap_dbd_open) *open_connection = APR_RETRIEVE_OPTIONAL_FN(ap_dbd_open);
    APR_OPTIONAL_FN_TYPE(ap_dbd_close) *close_connection = APR_RETRIEVE_OPTIONAL_FN(ap_dbd_close);
    ap_dbd_t *dbd = open_connection(r->pool, r->server);
    apr_dbd_prepared_t *statement = dbd ? apr_hash_get(dbd->prepared, name, APR_HASH_KEY_STRING) : NULL;
    apr_dbd_results_t *results = NULL;
    apr_dbd_row_t *row = NULL;
    const char *values[COLUMNS] = { NULL }, *args[] = { id };

    if (!statement || apr_dbd_pselect(dbd->driver, r->pool, dbd->handle, &results, statement, 1, 1, args) != 0) {
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    while (apr_dbd_get_row(dbd->driver, r->pool, results, &row, -1) == 0) {
        for (int i = 0; i < COLUMNS; i++) {
            values[i] = apr_pstrdup(r->pool, apr_dbd_get_entry(dbd->driver, row, i));
        }
    }
    close_connection(r->server, dbd);
    if (!values[0]) {
        return HTTP_NOT_FOUND;
    }
    return answer(r, apr_psprintf(r->pool, "{\"id\":\"%s\",\"username\":\"%s\",\"first_name\":\"%s\","
                                  "\"last_name\":\"%s\",\"email\":\"%s\"}", values[0], values[1], values[2], values[3],
                                  values[4]));
}

static int do_scrypt(request_rec *r)
{
    static const unsigned char salt[16] = "0123456789abcdef";
    unsigned char hash[32];

    if (EVP_PBE_scrypt("correct horse battery", 21, salt, sizeof(salt), 1 << 15, 8, 3, 64 << 20, hash,
                       sizeof(hash)) != 1) {
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    return answer(r, apr_psprintf(r->pool, "{\"byte\":%d}", hash[0]));
}

/* A limit by address needs no more than this; a limit by name has to read the body, too. */
static int do_429(request_rec *r, int reads)
{
    char body[8192];
    long got = 1;

    if (reads && (ap_setup_client_block(r, REQUEST_CHUNKED_ERROR) != OK || !ap_should_client_block(r))) {
        return HTTP_BAD_REQUEST;
    }
    while (reads && got > 0) {
        got = ap_get_client_block(r, body, sizeof(body));
    }
    r->status = HTTP_TOO_MANY_REQUESTS;
    if (!r->log_id) {
        ap_run_generate_log_id(r->connection, r, &r->log_id);
    }
    apr_table_setn(r->err_headers_out, "X-Request-Id", r->log_id ? r->log_id : "");
    apr_table_setn(r->err_headers_out, "Retry-After", apr_itoa(r->pool, 900));
    apr_table_setn(r->headers_out, "X-Content-Type-Options", "nosniff");
    apr_table_setn(r->headers_out, "Cache-Control", "no-store");
    apr_table_setn(r->headers_out, "Referrer-Policy", "same-origin");
    apr_table_mergen(r->headers_out, "Vary", "Accept");
    answer(r, "{\"detail\":\"Request was throttled. Expected available in 900 seconds.\"}");
    return DONE;
}

static int handler(request_rec *r)
{
    if (strncmp(r->handler, "bench-429", 9) == 0) {
        return do_429(r, strcmp(r->handler, "bench-429-read") == 0);
    }
    if (strcmp(r->handler, "bench_select") == 0 || strcmp(r->handler, "bench_update") == 0) {
        return do_statement(r, r->handler, strrchr(r->uri, '/') + 1);
    }
    return strcmp(r->handler, "bench-scrypt") == 0 ? do_scrypt(r) : DECLINED;
}

static void hooks(apr_pool_t *pool)
{
    (void)pool;
    ap_hook_handler(handler, NULL, NULL, APR_HOOK_MIDDLE);
}

module AP_MODULE_DECLARE_DATA bench_module = { STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL, hooks };
