/* SPDX-License-Identifier: Apache-2.0 */
/* Clients that sign in all at once, and again at once, and clients that read meanwhile:
 *   storm PORT SECONDS SIGNERS PAUSE BODY READERS PATH [HEADER]
 * A signer that is answered 503 repeats after PAUSE milliseconds, by a new connection, as httpd closes that one. A reader
 * asks for PATH over a connection that is kept, 100 times a second. Prints: sign-ins a second, refusals a second, sign-ins
 * with another answer or none, reads, reads that were not answered 200, kept connections that the server closed before
 * it answered (which a client repeats, RFC 9112 9.3.1), and the 99th percentile of a read in microseconds.
 *   storm hash SECONDS THREADS HASH
 * Prints how many hashes of that kind as many threads make a second, for comparison.
 *   storm hashes COUNT HASH
 * Makes so many hashes. */
#include "pwhash.h"

#include <apr_general.h>
#include <apr_time.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_EVERY 10000        /* us */
#define MOST_CLIENTS 1000

typedef struct client_t {
    int is_reader;
    int fd;                     /* -1: none */
    int is_asking;
    int is_kept;                /* the connection has had an answer */
    apr_time_t at;              /* when it asks next, or asked */
    apr_size_t len;
    char answer[4096];
} client_t;

static struct sockaddr_in address;
static char sign_in[4096], look[4096];
static apr_interval_time_t pause_for;
static client_t clients[MOST_CLIENTS];
static int signed_in, refused, other, reads, failed, closed;
static int took[1000000];

static void hang_up(client_t *client)
{
    close(client->fd);
    client->fd = -1;
    client->is_asking = client->is_kept = 0;
}

/* The answer will not come. */
static void lose(client_t *client)
{
    *(!client->is_reader ? &other : client->is_kept && !client->len ? &closed : &failed) += 1;
    hang_up(client);
}

static void ask(client_t *client)
{
    const char *text = client->is_reader ? look : sign_in;
    int one = 1;

    if (client->fd < 0) {
        client->fd = socket(AF_INET, SOCK_STREAM, 0);
        setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        if (connect(client->fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
            perror("connect");
            exit(1);
        }
        fcntl(client->fd, F_SETFL, O_NONBLOCK);
    }
    client->is_asking = 1;
    client->len = 0;
    client->at = apr_time_now();
    if (write(client->fd, text, strlen(text)) != (ssize_t)strlen(text)) {
        lose(client);
    }
}

/* Whether the whole answer is there. */
static int is_whole(const client_t *client)
{
    const char *end = strstr(client->answer, "\r\n\r\n"), *length = strcasestr(client->answer, "\r\nContent-Length:");

    return end && (!length || client->len - (apr_size_t)(end + 4 - client->answer) >= strtoul(length + 17, NULL, 10));
}

static void note(client_t *client)
{
    int status = client->len > 12 ? atoi(client->answer + 9) : 0;
    apr_time_t now = apr_time_now();

    client->is_asking = 0;
    if (client->is_reader) {
        took[reads++ % 1000000] = (int)(now - client->at);
        failed += status != 200;
        client->at += READ_EVERY;
    }
    else {
        signed_in += status == 200;
        refused += status == 503;
        other += status != 200 && status != 503;
        client->at = status == 503 ? now + pause_for : now;
    }
    if (strcasestr(client->answer, "\r\nConnection: close")) {
        hang_up(client);
    }
    client->is_kept = client->fd >= 0;
}

static void hear(client_t *client)
{
    ssize_t got = read(client->fd, client->answer + client->len, sizeof(client->answer) - 1 - client->len);

    if (got <= 0) {
        if (got < 0 && errno == EAGAIN) {
            return;
        }
        (client->is_asking ? lose : hang_up)(client);
        return;
    }
    client->len += (apr_size_t)got;
    client->answer[client->len] = '\0';
    if (is_whole(client)) {
        note(client);
    }
}

static void storm(int count, apr_time_t until)
{
    static struct pollfd polls[MOST_CLIENTS];
    apr_time_t now;

    while ((now = apr_time_now()) < until) {
        apr_time_t next = now + 100000;

        for (int i = 0; i < count; i++) {
            client_t *client = &clients[i];

            if (!client->is_asking && client->at <= now) {
                ask(client);
            }
            if (!client->is_asking && client->at < next) {
                next = client->at;
            }
            polls[i] = (struct pollfd){ client->fd, POLLIN, 0 };
        }
        now = apr_time_now();
        if (poll(polls, (nfds_t)count, next > now ? (int)((next - now + 999) / 1000) : 0) > 0) {
            for (int i = 0; i < count; i++) {
                if (polls[i].revents) {
                    hear(&clients[i]);
                }
            }
        }
    }
}

static int by_size(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* --- the hash alone --- */

static um_pwhash_params_t params;
static apr_time_t hash_until;

static void *hash(void *data)
{
    int *count = data;
    const char *text;
    apr_pool_t *pool;

    apr_pool_create(&pool, NULL);
    while (apr_time_now() < hash_until) {
        apr_pool_clear(pool);
        *count += um_pwhash_make(pool, &params, "correct horse battery", 21, &text) == APR_SUCCESS;
    }
    return NULL;
}

static int hash_alone(apr_pool_t *pool, int seconds, int count, const char *text)
{
    const char *why = "";
    pthread_t threads[64];
    int made[64] = { 0 }, sum = 0;

    if (um_pwhash_params(pool, text, &params, &why) != APR_SUCCESS) {
        fprintf(stderr, "storm: %s\n", why);
        return 1;
    }
    count = count < 64 ? count : 64;
    hash_until = apr_time_now() + apr_time_from_sec(seconds);
    for (int i = 0; i < count; i++) {
        pthread_create(&threads[i], NULL, hash, &made[i]);
    }
    for (int i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
        sum += made[i];
    }
    printf("%.2f\n", (double)sum / seconds);
    return 0;
}

static int hash_count(apr_pool_t *pool, int count, const char *text)
{
    const char *why = "", *made;

    if (um_pwhash_params(pool, text, &params, &why) != APR_SUCCESS) {
        fprintf(stderr, "storm: %s\n", why);
        return 1;
    }
    while (count-- > 0) {
        (void)um_pwhash_make(pool, &params, "correct horse battery", 21, &made);
    }
    return 0;
}

int main(int argc, char **argv)
{
    apr_pool_t *pool;
    int seconds, signers, readers;

    if (apr_initialize() != APR_SUCCESS || apr_pool_create(&pool, NULL) != APR_SUCCESS) {
        return 1;
    }
    if (argc == 5 && strcmp(argv[1], "hash") == 0) {
        return hash_alone(pool, atoi(argv[2]), atoi(argv[3]), argv[4]);
    }
    if (argc == 4 && strcmp(argv[1], "hashes") == 0) {
        return hash_count(pool, atoi(argv[2]), argv[3]);
    }
    if (argc < 8 || atoi(argv[3]) + atoi(argv[6]) > MOST_CLIENTS) {
        fprintf(stderr, "usage: storm PORT SECONDS SIGNERS PAUSE BODY READERS PATH [HEADER]\n"
                        "       storm hash SECONDS THREADS HASH\n       storm hashes COUNT HASH\n");
        return 2;
    }
    address = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1])),
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    seconds = atoi(argv[2]);
    signers = atoi(argv[3]);
    pause_for = apr_time_from_msec(atoi(argv[4]));
    readers = atoi(argv[6]);
    snprintf(sign_in, sizeof(sign_in), "POST /api-token-auth/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: "
             "application/json\r\nContent-Length: %zu\r\n\r\n%s", strlen(argv[5]), argv[5]);
    snprintf(look, sizeof(look), "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s%s\r\n", argv[7], argc > 8 ? argv[8] : "",
             argc > 8 ? "\r\n" : "");
    for (int i = 0; i < signers + readers; i++) {
        clients[i] = (client_t){ .is_reader = i >= signers, .fd = -1 };
    }
    storm(signers + readers, apr_time_now() + apr_time_from_sec(seconds));
    qsort(took, (size_t)(reads < 1000000 ? reads : 1000000), sizeof(*took), by_size);
    printf("%.2f %.1f %d %d %d %d %d\n", (double)signed_in / seconds, (double)refused / seconds, other, reads, failed,
           closed, reads ? took[(reads < 1000000 ? reads : 1000000) * 99 / 100] : 0);
    return 0;
}
