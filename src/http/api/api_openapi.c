/* SPDX-License-Identifier: Apache-2.0 */
/* /api/openapi.yaml: docs/openapi.yaml as this host offers it, made once at the start. */
#include "api.h"

#include "base64url.h"
#include "custom_field.h"
#include "json.h"
#include "mail_settings.h"
#include "module.h"
#include "process.h"

#include <apr_strings.h>
#include <openssl/evp.h>
#include <string.h>

#define MAX_AGE 300
#define DIGEST_BYTES 16
#define LARGEST APR_STRINGIFY(UM_CUSTOM_LARGEST)

/* The lines of docs/openapi.yaml, without their ends. */
static const char *const lines[] = {
#include "openapi_lines.inc"
};

#define COUNT (sizeof(lines) / sizeof(lines[0]))

/* A document that is being made. */
typedef struct writer_t {
    apr_pool_t *pool;
    const um_server_t *server;
    apr_array_header_t *parts;      /* const char *: the lines, each with its end */
} writer_t;

static int starts_with(const char *line, const char *start)
{
    return strncmp(line, start, strlen(start)) == 0;
}

static void add(writer_t *writer, const char *line)
{
    APR_ARRAY_PUSH(writer->parts, const char *) = line;
    APR_ARRAY_PUSH(writer->parts, const char *) = "\n";
}

/* A text of the configuration as a scalar of YAML, which a string of JSON is. */
static const char *quote(apr_pool_t *pool, const char *text)
{
    um_json_writer_t *json = um_json_writer(pool);

    um_json_write_text(json, text);
    return um_json_written(json);
}

/* --- what depends on the host --- */

/* Scheme, host and port of an issuer that is an URL. NULL: it is none. */
static const char *origin_of(apr_pool_t *pool, const char *issuer)
{
    const char *host = strstr(issuer, "://");

    if (!starts_with(issuer, "https://") && !starts_with(issuer, "http://")) {
        return NULL;
    }
    host += strlen("://");
    return apr_pstrmemdup(pool, issuer, (apr_size_t)(host - issuer) + strcspn(host, "/?#"));
}

/* A path alone is relative to the address of the document, which is right behind any proxy. */
static void add_servers(writer_t *writer)
{
    const char *issuer = writer->server->issuer ? writer->server->issuer : "";
    const char *origin = origin_of(writer->pool, issuer);

    add(writer, "servers:");
    if (origin) {
        add(writer, apr_pstrcat(writer->pool, "  - url: ", quote(writer->pool, origin), NULL));
        add(writer, apr_pstrcat(writer->pool, "    description: ",
                                quote(writer->pool, apr_pstrcat(writer->pool, "Tokens have the issuer ", issuer, NULL)),
                                NULL));
    }
    add(writer, "  - url: /");
    add(writer, "    description: The host that serves this document");
}

static const char *type_of(apr_pool_t *pool, const um_custom_field_t *field)
{
    switch (field->kind) {
    case UM_CUSTOM_TEXT:
        return apr_psprintf(pool, "type: string, maxLength: %d", field->max_length);
    case UM_CUSTOM_INTEGER:
        return "type: [integer, 'null'], minimum: -" LARGEST ", maximum: " LARGEST;
    case UM_CUSTOM_BOOLEAN:
        return "type: [boolean, 'null']";
    case UM_CUSTOM_DATE:
        break;
    }
    return "type: [string, 'null'], format: date";
}

/* The lines of the fields that the site has added, in the schema that a line "    Name:" has begun. */
static void add_custom_fields(writer_t *writer, const char *schema)
{
    const um_custom_fields_t *fields = writer->server->settings.core.custom_fields;
    int is_faults = strcmp(schema, "    Faults:") == 0;

    for (int i = 0; fields && i < fields->count; i++) {
        const um_custom_field_t *field = &fields->field[i];

        add(writer, is_faults
            ? apr_psprintf(writer->pool, "        %s: { $ref: '#/components/schemas/Messages' }", field->name)
            : apr_psprintf(writer->pool, "        %s: { %s, description: %s }", field->name,
                           type_of(writer->pool, field), quote(writer->pool, field->label)));
    }
}

/* A line "required: [...]" with the site's fields: all of them in an account, which always shows them. */
static void add_required(writer_t *writer, const char *line, int has_all)
{
    const um_custom_fields_t *fields = writer->server->settings.core.custom_fields;
    const char *names = apr_pstrmemdup(writer->pool, line, strcspn(line, "]"));

    for (int i = 0; fields && i < fields->count; i++) {
        if (has_all || fields->field[i].is_required) {
            names = apr_pstrcat(writer->pool, names, ", ", fields->field[i].name, NULL);
        }
    }
    add(writer, apr_pstrcat(writer->pool, names, "]", NULL));
}

static int is_of_account(const char *schema)
{
    return strcmp(schema, "    Account:") == 0 || strcmp(schema, "    Registration:") == 0;
}

/* Whether the host offers the path of a line "  /path:", with all below it. */
static int is_offered(const um_server_t *server, const char *line)
{
    const um_settings_t *settings = &server->settings;

    if (starts_with(line, "  /api/email_verification/confirm/")) {
        return settings->core.email_verification != UM_VERIFY_OFF
               || settings->core.email_change == UM_EMAIL_CHANGE_CONFIRM;
    }
    if (starts_with(line, "  /api/email_verification/")) {
        return settings->core.email_verification != UM_VERIFY_OFF;
    }
    if (starts_with(line, "  /api-token-refresh/")) {
        return settings->core.session_idle != 0;
    }
    return !starts_with(line, "  /api-token-introspect/") || settings->client_token;
}

/* --- the document --- */

/* Whether a line ends the block that a line with so many blanks before it has begun. */
static int ends_block(const char *line, apr_size_t indent)
{
    return line[0] && strspn(line, " ") <= indent;
}

static apr_size_t skip_block(apr_size_t at)
{
    apr_size_t indent = strspn(lines[at], " ");

    for (at++; at < COUNT && !ends_block(lines[at], indent); at++) {
        continue;
    }
    return at;
}

static const char *make_text(writer_t *writer)
{
    const char *schema = "";

    for (apr_size_t at = 0; at < COUNT; ) {
        const char *line = lines[at];

        if (starts_with(line, "    ") && line[4] != ' ') {
            schema = line;
        }
        if (strcmp(line, "servers:") == 0) {
            add_servers(writer);
            at = skip_block(at);
        }
        else if (starts_with(line, "  /") && !is_offered(writer->server, line)) {
            at = skip_block(at);
        }
        else {
            if (starts_with(line, "  title: ")) {
                add(writer, apr_pstrcat(writer->pool, "  title: ",
                                        quote(writer->pool, writer->server->mail_settings->site), NULL));
            }
            else if (starts_with(line, "        # UserMgmtProfile")) {
                add_custom_fields(writer, schema);
            }
            else if (starts_with(line, "      required: ") && is_of_account(schema)) {
                add_required(writer, line, strcmp(schema, "    Account:") == 0);
            }
            else {
                add(writer, line);
            }
            at++;
        }
    }
    return apr_array_pstrcat(writer->pool, writer->parts, '\0');
}

int um_api_openapi_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main_server)
{
    (void)plog;
    for (um_server_t *server = um_server_of(main_server); server; server = um_server_next(server)) {
        writer_t writer = { ptemp, server, apr_array_make(ptemp, 2 * (int)COUNT, sizeof(const char *)) };
        unsigned char digest[EVP_MAX_MD_SIZE];
        um_document_t *document;

        if (!server->settings.enabled || !server->settings.openapi) {
            continue;
        }
        document = apr_pcalloc(pconf, sizeof(*document));
        document->type = "application/yaml";
        document->text = apr_pstrdup(pconf, make_text(&writer));
        document->max_age = MAX_AGE;
        if (!EVP_Digest(document->text, strlen(document->text), digest, NULL, EVP_sha256(), NULL)) {
            return HTTP_INTERNAL_SERVER_ERROR;
        }
        document->etag = apr_pstrcat(pconf, "\"", um_base64url_encode(ptemp, digest, DIGEST_BYTES), "\"", NULL);
        server->openapi = document;
    }
    return OK;
}

um_status_e um_api_openapi_get(um_call_t *call)
{
    call->document = call->server->openapi;
    return UM_OK;
}
