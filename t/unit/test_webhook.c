/* SPDX-License-Identifier: Apache-2.0 */
/* Webhooks: secrets and signatures, which addresses may be connected to, addresses of receivers, the text that is sent,
 * and when it is tried again. */
#include "event.h"
#include "store_webhook.h"
#include "tap.h"
#include "webhook_address.h"
#include "webhook_outbox.h"
#include "webhook_secret.h"
#include "webhook_send.h"

#include <apr_general.h>
#include <apr_network_io.h>
#include <apr_strings.h>
#include <arpa/inet.h>
#include <sys/stat.h>
#include <unistd.h>

static apr_pool_t *pool;

/* --- secrets --- */

static const char *secret_of(const char *text, um_webhook_secret_t **secret)
{
    const char *file = apr_psprintf(pool, "/tmp/test_webhook.%d", (int)getpid()), *why = "";
    FILE *out = fopen(file, "w");

    *secret = NULL;
    fputs(text, out);
    fclose(out);
    if (um_webhook_secret_read(pool, file, secret, &why) != APR_SUCCESS) {
        *secret = NULL;
    }
    unlink(file);
    return why;
}

#define BYTES_24 "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define BYTES_32 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define BYTES_64 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw=="

static void test_secrets(void)
{
    static const struct { const char *text, *why; } bad[] = {
        { "", "there is no secret in it" },
        { "# nothing\n\n", "there is no secret in it" },
        { "hello\n", "line 1: not whsec_BASE64" },
        { BYTES_32 "\n", "line 1: not whsec_BASE64" },
        { "whsec_" BYTES_32 " more\n", "line 1: not whsec_BASE64" },
        { "whsec_\n", "line 1: the secret must be 24 to 64 bytes" },
        { "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRY=\n", "line 1: the secret must be 24 to 64 bytes" },
        { "whsec_" BYTES_64 "AAAA\n", "line 1: the secret must be 24 to 64 bytes" },
        { "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS\n", "line 1: the secret must be 24 to 64 bytes" },
        { "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa-_\n", "line 1: the secret must be 24 to 64 bytes" },
        { "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9=\n", "line 1: the secret must be 24 to 64 bytes" },
        { "whsec_" BYTES_32 "\n\nwhsec_x\n", "line 3: the secret must be" },
        { "whsec_" BYTES_32 "\nwhsec_" BYTES_32 "\nwhsec_" BYTES_32 "\nwhsec_" BYTES_32 "\nwhsec_" BYTES_32 "\n",
          "line 5: there are more than 4 secrets" },
    };
    um_webhook_secret_t *secret;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const char *why = secret_of(bad[i].text, &secret);

        ok(!secret && strncmp(why, bad[i].why, strlen(bad[i].why)) == 0, "secret %d is refused: %s", (int)i, why);
        ok(!strstr(why, "AAEC") && !strstr(why, "MfKQ"), "and not quoted");
    }
    (void)secret_of("# the present one\nwhsec_" BYTES_24 "\n\n \twhsec_" BYTES_64, &secret);
    ok(secret && um_webhook_secret_count(secret) == 2, "secrets of 24 and 64 bytes, comments and blanks are read");
}

/* Computed with: printf ... | openssl dgst -sha256 -mac HMAC -macopt hexkey:... -binary | base64 */
static void test_signatures(void)
{
    const char *body = "{\"test\": 2432232314}";
    um_webhook_secret_t *secret;
    const char *both;

    (void)secret_of("whsec_" BYTES_24 "\n", &secret);
    is_text(um_webhook_secret_sign(secret, pool, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body, strlen(body)),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", "the signature is that of other programs");
    ok(strcmp(um_webhook_secret_sign(secret, pool, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265331, body, strlen(body)),
              "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=") != 0, "the time is signed");
    ok(strcmp(um_webhook_secret_sign(secret, pool, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body, strlen(body) - 1),
              "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=") != 0, "all of the body is signed");
    (void)secret_of("whsec_" BYTES_32 "\nwhsec_" BYTES_24 "\n", &secret);
    both = um_webhook_secret_sign(secret, pool, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body, strlen(body));
    ok(strncmp(both, "v1,", 3) == 0 && strlen(both) == 2 * 47 + 1
       && strcmp(strchr(both, ' '), " v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=") == 0,
       "two secrets give two signatures, separated by a blank");
}

static void test_new_secret(void)
{
    const char *file = apr_psprintf(pool, "/tmp/test_webhook_new.%d", (int)getpid()), *first, *second, *why = "";
    um_webhook_secret_t *secret;
    struct stat info;

    unlink(file);
    ok(um_webhook_secret_add(pool, file, &first, &why) == APR_SUCCESS && strncmp(first, "whsec_", 6) == 0,
       "a secret is made: %s", why);
    ok(stat(file, &info) == 0 && (info.st_mode & 0777) == 0600, "its file is closed to others");
    ok(um_webhook_secret_add(pool, file, &second, &why) == APR_SUCCESS && strcmp(first, second) != 0,
       "another one is added");
    ok(um_webhook_secret_read(pool, file, &secret, &why) == APR_SUCCESS && um_webhook_secret_count(secret) == 2,
       "both are read: %s", why);
    for (int i = 2; i < UM_WEBHOOK_SECRET_MOST; i++) {
        (void)um_webhook_secret_add(pool, file, &second, &why);
    }
    ok(um_webhook_secret_add(pool, file, &second, &why) == APR_EGENERAL && strstr(why, "4 secrets already"),
       "a fifth one is refused: %s", why);
    unlink(file);
}

/* --- addresses --- */

static um_webhook_address_e judge(const char *text, const apr_array_header_t *allowed)
{
    struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
    struct sockaddr_in four = { .sin_family = AF_INET };

    if (inet_pton(AF_INET, text, &four.sin_addr) == 1) {
        return um_webhook_address_judge((const struct sockaddr *)&four, allowed);
    }
    if (inet_pton(AF_INET6, text, &six.sin6_addr) != 1) {
        six.sin6_family = AF_UNIX;
    }
    return um_webhook_address_judge((const struct sockaddr *)&six, allowed);
}

static void test_addresses(void)
{
    static const char *const is_public[] = {
        "1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
        "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0",
        "198.17.255.255", "198.20.0.0", "223.255.255.255", "2606:4700::1111", "2001:200::1", "2a00::1",
        "3ffe:ffff::1", "::ffff:1.1.1.1", "64:ff9b::101:101",
    };
    static const char *const is_refused[] = {
        "0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255", "127.0.0.1",
        "127.255.255.255", "169.254.169.254", "172.16.0.0", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1",
        "192.168.0.0", "192.168.255.255", "198.18.0.0", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1",
        "239.255.255.255", "240.0.0.1", "255.255.255.255", "::", "::1", "::7f00:1", "::ffff:127.0.0.1",
        "::ffff:10.1.2.3", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a01:203", "64:ff9b:1::101:101",
        "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::1", "2002:101:101::1", "3fff::1", "3fff:fff::1", "4000::1",
        "fc00::1", "fdff:ffff::1", "fe80::1", "fec0::1", "ff02::1", "no address",
    };
    apr_array_header_t *allowed = apr_array_make(pool, 3, sizeof(apr_ipsubnet_t *));

    for (size_t i = 0; i < sizeof(is_public) / sizeof(is_public[0]); i++) {
        is_int(judge(is_public[i], NULL), UM_WEBHOOK_ADDRESS_PUBLIC, is_public[i]);
    }
    for (size_t i = 0; i < sizeof(is_refused) / sizeof(is_refused[0]); i++) {
        is_int(judge(is_refused[i], NULL), UM_WEBHOOK_ADDRESS_REFUSED, is_refused[i]);
    }
    (void)apr_ipsubnet_create(apr_array_push(allowed), "10.1.0.0", "16", pool);
    (void)apr_ipsubnet_create(apr_array_push(allowed), "::1", NULL, pool);
    (void)apr_ipsubnet_create(apr_array_push(allowed), "1.1.1.1", NULL, pool);
    is_int(judge("10.1.2.3", allowed), UM_WEBHOOK_ADDRESS_ALLOWED, "a private address that is allowed");
    is_int(judge("::ffff:10.1.2.3", allowed), UM_WEBHOOK_ADDRESS_ALLOWED, "and mapped");
    is_int(judge("1.1.1.1", allowed), UM_WEBHOOK_ADDRESS_ALLOWED, "and a public one");
    is_int(judge("::1", allowed), UM_WEBHOOK_ADDRESS_ALLOWED, "and one of IPv6");
    is_int(judge("10.2.0.0", allowed), UM_WEBHOOK_ADDRESS_REFUSED, "the next network is refused");
    is_int(judge("127.0.0.1", allowed), UM_WEBHOOK_ADDRESS_REFUSED, "and others are, too");
}

static void test_urls(void)
{
    static const struct { const char *url; int is_good, is_tls; } urls[] = {
        { "https://example.org", 1, 1 }, { "https://example.org:8443/hooks/1?key=2", 1, 1 },
        { "HTTPS://EXAMPLE.ORG/", 1, 1 }, { "https://[2001:db8::1]/x", 1, 1 }, { "http://10.0.0.1/x", 1, 0 },
        { "ftp://example.org/", 0, 0 }, { "file:///etc/passwd", 0, 0 }, { "gopher://example.org/", 0, 0 },
        { "https://user@example.org/", 0, 0 }, { "https://user:pass@example.org/", 0, 0 },
        { "https://example.org/#part", 0, 0 }, { "https://", 0, 0 }, { "https:///x", 0, 0 }, { "example.org", 0, 0 },
        { "", 0, 0 }, { "https://example.org/\r\nX: y", 0, 0 }, { "https://ex\xc3\xa4mple.org/", 0, 0 },
        { "https://example.org:99999/", 0, 0 },
    };
    int is_tls;

    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        const char *fault = um_webhook_send_check_url(pool, urls[i].url, &is_tls);

        ok((fault == NULL) == urls[i].is_good && (fault || is_tls == urls[i].is_tls), "\"%s\": %s", urls[i].url,
           fault ? fault : "taken");
        ok(!fault || !strstr(fault, "pass"), "and no password is quoted");
    }
    is_text(um_webhook_send_name(pool, "https://example.org/x?key=2"), "https://example.org/x",
            "the name of a receiver has no query");
}

/* --- the text and the times --- */

static void test_body(void)
{
    um_webhook_row_t row = { .kind = "account.renamed", .at_ms = 1767225600123, .user_id = "0199", .detail = "",
                             .username = "al\"ice \xc3\xa4", .actor = "cli" };

    is_text(um_webhook_body(pool, &row), "{\"type\":\"account.renamed\",\"timestamp\":\"2026-01-01T00:00:00.123Z\","
            "\"data\":{\"id\":\"0199\",\"username\":\"al\\\"ice \xc3\xa4\",\"actor\":\"cli\",\"detail\":null}}",
            "the text of an event");
}

static void test_delays(void)
{
    apr_int64_t sum = 0, least = 0;

    for (int i = 1; i <= 10; i++) {
        apr_int64_t shortest = um_webhook_body_delay(i, 0), longest = um_webhook_body_delay(i, 255);

        ok(shortest > least && longest > shortest && longest * 3 <= shortest * 5 + 3, "attempt %d waits %d to %d s", i,
           (int)shortest, (int)longest);
        least = shortest;
        sum += um_webhook_body_delay(i, 128);
    }
    ok(um_webhook_body_delay(1, 0) <= 5 && um_webhook_body_delay(1, 255) <= 7, "the second attempt follows soon");
    ok(sum > 3 * 86400 - 86400 && sum < 4 * 86400, "ten attempts take about three days: %d s", (int)sum);
    is_int(um_webhook_body_delay(1000, 128), um_webhook_body_delay(10, 128), "later ones wait a day");
}

static void test_types(void)
{
    for (unsigned i = 0; i < UM_EVENT_COUNT; i++) {
        const char *type = um_event_kind_type((um_event_e)i);

        ok(!type || (strchr(type, '.') && strspn(type, "abcdefghijklmnopqrstuvwxyz_.") == strlen(type)),
           "%s has a type of Standard Webhooks", um_event_kind_text((um_event_e)i));
        for (unsigned k = 0; k < i && type; k++) {
            const char *other = um_event_kind_type((um_event_e)k);

            ok(!other || strcmp(other, type) != 0, "%s is the type of one kind", type);
        }
    }
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_secrets();
    test_signatures();
    test_new_secret();
    test_addresses();
    test_urls();
    test_body();
    test_delays();
    test_types();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
