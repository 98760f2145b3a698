/* SPDX-License-Identifier: Apache-2.0 */
#include "webhook_send.h"

#include "webhook_address.h"

#include <apr_strings.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define MOST_ANSWER 65536               /* bytes of an answer that are read, with its headers: the status is enough */
#define LONGEST_CONNECT 10              /* s: packets to one address of the receiver may vanish */
#define KEPT_CONNECTIONS 16
#define LONGEST_RETRY_AFTER 86400       /* s */
#define USER_AGENT "mod_usermgmt"        /* the version is nobody's business */

struct um_webhook_send_t {
    CURLM *multi;
    um_webhook_send_options_t o;
    apr_array_header_t *all;            /* transfer_t *: under way */
};

/* A request that is under way. */
typedef struct transfer_t {
    um_webhook_send_t *send;
    um_webhook_request_t *request;
    CURL *curl;
    struct curl_slist *headers;
    apr_size_t read;                    /* bytes of the answer */
    int is_tls;
    int refused;                        /* an address was refused */
    char error[CURL_ERROR_SIZE];
} transfer_t;

/* --- URLs --------------------------------------------------------------------------------------------------------- */

static int has_part(CURLU *parsed, CURLUPart part)
{
    char *text = NULL;
    int has = curl_url_get(parsed, part, &text, 0) == CURLUE_OK;

    curl_free(text);
    return has;
}

static const char *check_parts(CURLU *parsed, int *is_tls)
{
    char *scheme = NULL;
    int is_http = 0;

    if (has_part(parsed, CURLUPART_USER) || has_part(parsed, CURLUPART_PASSWORD)) {
        return "has a login in its address; webhooks are authenticated by their signature";
    }
    if (has_part(parsed, CURLUPART_FRAGMENT)) {
        return "has a fragment (#) in its address, which is never sent";
    }
    if (curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK) {
        *is_tls = strcmp(scheme, "https") == 0;
        is_http = strcmp(scheme, "http") == 0;
    }
    curl_free(scheme);
    return *is_tls || is_http ? NULL : "must be an address that begins with https://";
}

const char *um_webhook_send_check_url(apr_pool_t *pool, const char *url, int *is_tls)
{
    const char *host = strstr(url, "://"), *fault;
    CURLU *parsed = curl_url();

    (void)pool;
    *is_tls = 0;
    for (const char *c = url; *c; c++) {
        if (*c <= ' ' || *c > '~') {
            curl_url_cleanup(parsed);
            return "must be an address of printable ASCII, such as https://example.org/hooks";
        }
    }
    /* libcurl would take the first part of a path for a host that is not there. */
    if (!parsed || !host || host[3] == '/'
        || curl_url_set(parsed, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK) {
        fault = "must be an address such as https://example.org/hooks";
    }
    else {
        fault = check_parts(parsed, is_tls);
    }
    curl_url_cleanup(parsed);
    return fault;
}

const char *um_webhook_send_name(apr_pool_t *pool, const char *url)
{
    return apr_pstrmemdup(pool, url, strcspn(url, "?"));
}

/* --- what libcurl calls ------------------------------------------------------------------------------------------- */

/* libcurl connects to exactly the address that it hands over here. */
static curl_socket_t on_open(void *data, curlsocktype purpose, struct curl_sockaddr *address)
{
    transfer_t *transfer = data;
    um_webhook_address_e verdict = um_webhook_address_judge(&address->addr, transfer->send->o.allowed);

    (void)purpose;
    if (verdict == UM_WEBHOOK_ADDRESS_REFUSED || (!transfer->is_tls && verdict != UM_WEBHOOK_ADDRESS_ALLOWED)) {
        transfer->refused = 1;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* Takes a part of an answer, headers too: it is only counted. A longer answer is broken off. */
static size_t on_answer(char *bytes, size_t size, size_t count, void *data)
{
    transfer_t *transfer = data;

    (void)bytes;
    transfer->read += size * count;
    return transfer->read > MOST_ANSWER ? 0 : size * count;
}

/* --- a request ---------------------------------------------------------------------------------------------------- */

static int add_header(transfer_t *transfer, const char *header)
{
    struct curl_slist *list = curl_slist_append(transfer->headers, header);

    transfer->headers = list ? list : transfer->headers;
    return list != NULL;
}

static int add_headers(transfer_t *transfer)
{
    const um_webhook_request_t *request = transfer->request;
    char at[64], id[128];
    apr_pool_t *pool;
    int good;

    apr_pool_create(&pool, transfer->send->all->pool);
    apr_snprintf(id, sizeof(id), "webhook-id: %s", request->id);
    apr_snprintf(at, sizeof(at), "webhook-timestamp: %" APR_INT64_T_FMT, request->at);
    good = add_header(transfer, "Content-Type: application/json") && add_header(transfer, "Expect:")
           && add_header(transfer, id) && add_header(transfer, at)
           && add_header(transfer, apr_pstrcat(pool, "webhook-signature: ", request->signature, NULL));
    apr_pool_destroy(pool);
    return good;
}

static unsigned int set_security(transfer_t *transfer)
{
    const um_webhook_send_options_t *o = &transfer->send->o;
    CURL *curl = transfer->curl;
    unsigned int bad = 0;

    bad |= curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, transfer->is_tls ? "https" : "http");
    bad |= curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    bad |= curl_easy_setopt(curl, CURLOPT_PROXY, "");           /* ignore https_proxy and the like in the environment */
    bad |= curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    bad |= curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, on_open);
    bad |= curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, transfer);
    bad |= curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    bad |= curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
    bad |= curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
    if (o->ca_file) {
        bad |= curl_easy_setopt(curl, CURLOPT_CAINFO, o->ca_file);
        /* Otherwise the system's folder of certificates would be trusted as well. */
        bad |= curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
    }
    return bad;
}

/* Whether libcurl took all options. */
static int set_options(transfer_t *transfer)
{
    const um_webhook_request_t *request = transfer->request;
    long timeout = transfer->send->o.timeout;
    CURL *curl = transfer->curl;
    unsigned int bad = set_security(transfer);

    bad |= curl_easy_setopt(curl, CURLOPT_URL, request->url);
    bad |= curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
    bad |= curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->len);
    bad |= curl_easy_setopt(curl, CURLOPT_HTTPHEADER, transfer->headers);
    bad |= curl_easy_setopt(curl, CURLOPT_USERAGENT, USER_AGENT);
    bad |= curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    bad |= curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_answer);
    bad |= curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
    bad |= curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_answer);
    bad |= curl_easy_setopt(curl, CURLOPT_HEADERDATA, transfer);
    bad |= curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    bad |= curl_easy_setopt(curl, CURLOPT_TIMEOUT, timeout);
    bad |= curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, timeout < LONGEST_CONNECT ? timeout : (long)LONGEST_CONNECT);
    bad |= curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, transfer->error);
    bad |= curl_easy_setopt(curl, CURLOPT_PRIVATE, transfer);
#if LIBCURL_VERSION_NUM >= 0x075700
    /* Without it, ending waits for a name server that does not answer. */
    bad |= curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);
#endif
    return !bad;
}

static void end_transfer(transfer_t *transfer)
{
    apr_array_header_t *all = transfer->send->all;

    for (int i = 0; i < all->nelts; i++) {
        if (APR_ARRAY_IDX(all, i, transfer_t *) == transfer) {
            APR_ARRAY_IDX(all, i, transfer_t *) = APR_ARRAY_IDX(all, all->nelts - 1, transfer_t *);
            (void)apr_array_pop(all);
            break;
        }
    }
    if (transfer->curl) {
        (void)curl_multi_remove_handle(transfer->send->multi, transfer->curl);
        curl_easy_cleanup(transfer->curl);
    }
    curl_slist_free_all(transfer->headers);
    transfer->request->own = NULL;
    free(transfer);
}

apr_status_t um_webhook_send_start(um_webhook_send_t *send, um_webhook_request_t *request)
{
    transfer_t *transfer = calloc(1, sizeof(*transfer));

    request->status = 0;
    request->retry_after = 0;
    request->own = NULL;
    apr_cpystrn(request->why, "libcurl is out of memory, or was built without TLS", sizeof(request->why));
    if (!transfer) {
        return APR_EGENERAL;
    }
    request->own = transfer;
    transfer->send = send;
    transfer->request = request;
    transfer->is_tls = strncasecmp(request->url, "https:", 6) == 0;
    transfer->curl = curl_easy_init();
    if (!transfer->curl || !add_headers(transfer) || !set_options(transfer)
        || curl_multi_add_handle(send->multi, transfer->curl) != CURLM_OK) {
        end_transfer(transfer);
        return APR_EGENERAL;
    }
    APR_ARRAY_PUSH(send->all, transfer_t *) = transfer;
    return APR_SUCCESS;
}

/* --- its end ------------------------------------------------------------------------------------------------------ */

/* One line of printable ASCII: libcurl quotes what servers say. */
static void set_why(um_webhook_request_t *request, const char *text)
{
    apr_cpystrn(request->why, text, sizeof(request->why));
    for (char *c = request->why; *c; c++) {
        *c = (char)(*c < ' ' || *c > '~' ? '?' : *c);
    }
}

static void judge(transfer_t *transfer, CURLcode code)
{
    um_webhook_request_t *request = transfer->request;
    curl_off_t wait = 0;
    long status = 0;

    (void)curl_easy_getinfo(transfer->curl, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(transfer->curl, CURLINFO_RETRY_AFTER, &wait);
    /* The status is the answer, also when the rest of it is too long. */
    if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && transfer->read > MOST_ANSWER)) {
        request->status = (int)status;
        request->retry_after = wait < 0 ? 0 : wait > LONGEST_RETRY_AFTER ? LONGEST_RETRY_AFTER : (apr_int64_t)wait;
        set_why(request, "");
        return;
    }
    if (transfer->refused && code == CURLE_COULDNT_CONNECT) {
        set_why(request, transfer->is_tls
                         ? "its address is private or reserved, and UserMgmtWebhookAllow does not name it"
                         : "its address is not named by UserMgmtWebhookAllow, which http:// needs");
        return;
    }
    set_why(request, *transfer->error ? transfer->error : curl_easy_strerror(code));
}

/* A request that is done; NULL: none is. */
static um_webhook_request_t *take_done(um_webhook_send_t *send)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(send->multi, &left))) {
        char *found = NULL;

        if (message->msg == CURLMSG_DONE
            && curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &found) == CURLE_OK && found) {
            transfer_t *transfer = (transfer_t *)(void *)found;
            um_webhook_request_t *request = transfer->request;

            judge(transfer, message->data.result);
            end_transfer(transfer);
            return request;
        }
    }
    return NULL;
}

um_webhook_request_t *um_webhook_send_wait(um_webhook_send_t *send, int milliseconds)
{
    um_webhook_request_t *request;
    int running = 0;

    (void)curl_multi_perform(send->multi, &running);
    request = take_done(send);
    if (!request && send->all->nelts) {
        (void)curl_multi_poll(send->multi, NULL, 0, milliseconds, NULL);
        (void)curl_multi_perform(send->multi, &running);
        request = take_done(send);
    }
    return request;
}

int um_webhook_send_count(const um_webhook_send_t *send)
{
    return send->all->nelts;
}

void um_webhook_send_abort(um_webhook_send_t *send)
{
    /* Each leaves the list, from its end. */
    for (int i = send->all->nelts; i-- > 0;) {
        end_transfer(APR_ARRAY_IDX(send->all, i, transfer_t *));
    }
}

/* --- the sender --------------------------------------------------------------------------------------------------- */

static CURLM *make_multi(void)
{
    CURLM *multi = curl_multi_init();

    if (multi && curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)KEPT_CONNECTIONS) != CURLM_OK) {
        (void)curl_multi_cleanup(multi);
        multi = NULL;
    }
    return multi;
}

void um_webhook_send_disconnect(um_webhook_send_t *send)
{
    CURLM *multi = send->all->nelts ? NULL : make_multi();

    if (multi) {
        (void)curl_multi_cleanup(send->multi);
        send->multi = multi;
    }
}

static apr_status_t close_sender(void *data)
{
    um_webhook_send_t *send = data;

    um_webhook_send_abort(send);
    (void)curl_multi_cleanup(send->multi);
    return APR_SUCCESS;
}

apr_status_t um_webhook_send_open(apr_pool_t *pool, const um_webhook_send_options_t *options, um_webhook_send_t **send)
{
    um_webhook_send_t *made = apr_pcalloc(pool, sizeof(*made));

    made->o = *options;
    made->all = apr_array_make(pool, 8, sizeof(transfer_t *));
    made->multi = make_multi();
    if (!made->multi) {
        return APR_EGENERAL;
    }
    apr_pool_cleanup_register(pool, made, close_sender, apr_pool_cleanup_null);
    *send = made;
    return APR_SUCCESS;
}
