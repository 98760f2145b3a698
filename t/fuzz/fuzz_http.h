/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_FUZZ_HTTP_H
#define UM_FUZZ_HTTP_H
/* For targets of the http floor: a request without a server. The program is linked with all objects of the module, and
 * with APR as it is. httpd itself is not there. The linker leaves its functions unresolved, and a target that called
 * one would crash. The two that the code under test calls are defined below. */
#include "fuzz.h"

#include "api.h"
#include "auth.h"
#include "module.h"

#include <strings.h>

__attribute__((visibility("default"))) const char *ap_run_http_scheme(const request_rec *r);
__attribute__((visibility("default"))) char *ap_strcasestr(const char *text, const char *part);

/** What ap_http_scheme() says about the request: the target sets it. */
static const char *fuzz_scheme = "http";

const char *ap_run_http_scheme(const request_rec *r)
{
    (void)r;
    return fuzz_scheme;
}

char *ap_strcasestr(const char *text, const char *part)
{
    return strcasestr(text, part);
}

static um_server_t fuzz_server;
static um_dir_config_t fuzz_dir;
static void *fuzz_server_vector[] = { &fuzz_server }, *fuzz_dir_vector[] = { &fuzz_dir };
static server_rec fuzz_server_rec;

/** A new request to a host with the API on and a cookie "session". */
static inline request_rec *fuzz_request(apr_pool_t *pool)
{
    request_rec *r = apr_pcalloc(pool, sizeof(*r));

    usermgmt_module.module_index = 0;
    fuzz_server_rec.module_config = (struct ap_conf_vector_t *)fuzz_server_vector;
    fuzz_server.server = &fuzz_server_rec;
    fuzz_server.settings.enabled = 1;
    fuzz_server.settings.cookie = "session";
    r->pool = pool;
    r->server = &fuzz_server_rec;
    r->request_config = apr_pcalloc(pool, sizeof(void *));
    r->per_dir_config = (struct ap_conf_vector_t *)fuzz_dir_vector;
    r->headers_in = apr_table_make(pool, 8);
    r->headers_out = apr_table_make(pool, 8);
    r->err_headers_out = apr_table_make(pool, 8);
    r->subprocess_env = apr_table_make(pool, 8);
    r->notes = apr_table_make(pool, 8);
    r->connection = apr_pcalloc(pool, sizeof(*r->connection));
    r->connection->client_ip = apr_pstrdup(pool, "192.0.2.1");
    r->useragent_ip = r->connection->client_ip;
    r->method = "GET";
    r->uri = apr_pstrdup(pool, "/");
    return r;
}

/** Sets a request header that httpd would have read: without NUL and line ends, which fuzz_line() has cut. "" is a
 * header without a value. */
static inline void fuzz_header(request_rec *r, const char *name, const char *value)
{
    apr_table_setn(r->headers_in, name, value);
}
#endif
