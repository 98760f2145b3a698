/* SPDX-License-Identifier: Apache-2.0 */
#include "throttle_private.h"

#include "monotonic.h"
#include "refusal_log.h"

#include <apr_strings.h>
#include <arpa/inet.h>
#include <string.h>

#define LONGEST_KEY 2048    /* bytes; of a longer name the first ones and the length count */

const char *const um_throttle_class_names[] = { "sign-in", "register", "reset", "confirm", "refresh", "api", NULL };
const char *const um_throttle_key_names[] = { "address", "account", "both", NULL };

/* --- memory --- */

static const char *make_form(apr_pool_t *pool)
{
    return apr_psprintf(pool, "%s, refusals %d", um_throttle_table_form(pool), (int)um_refusal_log_size());
}

/* The memory begins with its form; then the list of the refused, then the table. */
#define FORM_SIZE 64
#define TABLE_AT (FORM_SIZE + um_refusal_log_size())

static void write_form(apr_pool_t *pool, char form[FORM_SIZE])
{
    memset(form, 0, FORM_SIZE);
    apr_cpystrn(form, make_form(pool), FORM_SIZE);
}

apr_size_t um_throttle_size(apr_size_t table)
{
    return TABLE_AT + table;
}

apr_status_t um_throttle_init(apr_pool_t *pool, void *memory, apr_size_t size)
{
    write_form(pool, memory);
    return um_throttle_table_init((char *)memory + TABLE_AT, size - TABLE_AT, um_monotonic_ms());
}

um_throttle_t *um_throttle_attach(apr_pool_t *pool, void *memory, apr_size_t size)
{
    um_throttle_t *throttle = apr_palloc(pool, sizeof(*throttle));
    char form[FORM_SIZE];

    write_form(pool, form);
    if (size <= TABLE_AT || memcmp(memory, form, FORM_SIZE) != 0) {
        return NULL;
    }
    throttle->refusals = (char *)memory + FORM_SIZE;
    throttle->table = um_throttle_table_attach(pool, (char *)memory + TABLE_AT, size - TABLE_AT);
    return throttle->table ? throttle : NULL;
}

void um_throttle_set_scope(um_site_t *site, const char *database)
{
    if (site->throttle) {
        site->throttle_scope = um_throttle_table_hash(site->throttle->table, database, strlen(database)) | 1;
        um_throttle_table_add_scope(site->throttle->table, site->throttle_scope);
    }
}

/* --- addresses and keys --- */

/* Whether the last four bytes of an IPv6 address are those of a client's IPv4 address: mapped (RFC 4291, 2.5.5.2), or
 * translated before a server that has IPv6 alone (RFC 6052, 2.1; RFC 7755). Else all of IPv4 were one /64. */
static int has_ipv4(const unsigned char *bytes)
{
    static const unsigned char mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
    static const unsigned char translated[12] = { 0, 0x64, 0xff, 0x9b };

    return memcmp(bytes, mapped, sizeof(mapped)) == 0 || memcmp(bytes, translated, sizeof(translated)) == 0;
}

int um_throttle_client_parse(apr_pool_t *pool, const char *text, um_throttle_client_t *client)
{
    const char *zone = text ? strchr(text, '%') : NULL;
    const char *plain = zone ? apr_pstrmemdup(pool, text, (apr_size_t)(zone - text)) : text;

    *client = (um_throttle_client_t){ .text = text };
    if (plain && inet_pton(AF_INET, plain, client->bytes) == 1) {
        client->len = 4;
    }
    else if (plain && inet_pton(AF_INET6, plain, client->bytes) == 1) {
        client->len = 16;
        if (has_ipv4(client->bytes)) {
            memmove(client->bytes, client->bytes + 12, 4);
            client->len = 4;
        }
    }
    return client->len > 0;
}

int um_throttle_key_bytes(const um_throttle_client_t *client)
{
    return client->len == 4 ? 4 : 8;
}

apr_uint64_t um_throttle_client_number(const um_throttle_client_t *client)
{
    apr_uint64_t number = 0;

    if (client) {
        memcpy(&number, client->bytes, (apr_size_t)um_throttle_key_bytes(client));
        number += client->len == 4 ? 0x100000000 : 0;
    }
    return number;
}

/* A key under a scope. Tag, lengths and texts of different keys never give the same bytes. */
static apr_uint64_t make_key(const um_throttle_t *throttle, apr_uint64_t scope, const char tag[4],
                             const um_throttle_client_t *client, int client_len, const char *name)
{
    unsigned char bytes[8 + 4 + 1 + 16 + 8 + LONGEST_KEY];
    apr_uint64_t len = name ? strlen(name) : 0;
    apr_size_t used = len < LONGEST_KEY ? (apr_size_t)len : LONGEST_KEY;

    memset(bytes, 0, 37);       /* the rest is not used, or filled with the name */
    memcpy(bytes, &scope, 8);
    memcpy(bytes + 8, tag, 4);
    bytes[12] = (unsigned char)client_len;
    if (client_len) {
        memcpy(bytes + 13, client->bytes, (apr_size_t)client_len);
    }
    memcpy(bytes + 29, &len, 8);
    if (used) {
        memcpy(bytes + 37, name, used);
    }
    return um_throttle_table_hash(throttle->table, bytes, 37 + used);
}

apr_uint64_t um_throttle_key_address(const um_throttle_t *throttle, apr_uint64_t scope, int class,
                                const um_throttle_client_t *client, int client_len)
{
    const char tag[4] = { 'a', (char)class, 0, 0 };

    return make_key(throttle, scope, tag, client, client_len, NULL);
}

apr_uint64_t um_throttle_key_account(const um_throttle_t *throttle, apr_uint64_t scope, int class, const char *what,
                                const char *name)
{
    const char tag[4] = { 'n', (char)class, what[0], 0 };

    return make_key(throttle, scope, tag, NULL, 0, name);
}

apr_uint64_t um_throttle_key_pair(const um_throttle_t *throttle, apr_uint64_t scope, char what,
                             const um_throttle_client_t *client, const char *name)
{
    const char tag[4] = { what, 0, 0, 0 };

    return make_key(throttle, scope, tag, client, um_throttle_key_bytes(client), name);
}

/* --- for an administrator --- */

static int forget(const um_throttle_t *throttle, apr_uint64_t hash)
{
    um_refusal_log_remove(throttle->refusals, hash, um_monotonic_ms());
    return um_throttle_table_forget(throttle->table, hash, um_monotonic_ms());
}

static int clear_scope(const um_throttle_t *throttle, apr_uint64_t scope, const char *key,
                       const um_throttle_client_t *client)
{
    int count = 0;

    if (key && client) {
        return forget(throttle, um_throttle_key_pair(throttle, scope, UM_THROTTLE_PAIR_TYPED, client, key))
               + forget(throttle, um_throttle_key_pair(throttle, scope, UM_THROTTLE_PAIR_FOUND, client, key));
    }
    for (int class = 0; class < UM_THROTTLE_CLASSES && client; class++) {
        count += forget(throttle, um_throttle_key_address(throttle, scope, class, client,
                                                          um_throttle_key_bytes(client)));
        count += client->len == 16 ? forget(throttle, um_throttle_key_address(throttle, scope, class, client,
                                                                              UM_THROTTLE_KEY_WIDE)) : 0;
    }
    if (key) {
        count += forget(throttle, um_throttle_key_account(throttle, scope, UM_THROTTLE_SIGN_IN, "u", key));
        count += forget(throttle, um_throttle_key_account(throttle, scope, UM_THROTTLE_SIGN_IN, "f", key));
        count += forget(throttle, um_throttle_key_account(throttle, scope, UM_THROTTLE_RESET, "r", key));
        count += forget(throttle, um_throttle_key_account(throttle, scope, UM_THROTTLE_RESET, "v", key));
    }
    return count;
}

int um_throttle_clear(const um_throttle_t *throttle, apr_uint64_t scope, const char *key,
                      const um_throttle_client_t *client)
{
    apr_uint64_t each;
    int count = 0;

    if (scope) {
        return clear_scope(throttle, scope, key, client);
    }
    for (int i = 0; (each = um_throttle_table_scope(throttle->table, i)) != 0; i++) {
        count += clear_scope(throttle, each, key, client);
    }
    return count;
}
