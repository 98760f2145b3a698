/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_SITE_MAIL_H
#define UM_SITE_MAIL_H
/* A site that says things by mail: the templates of conf/mail, mails as files in a folder of their own, and a worker
 * whose clock the test sets. */
#include <apr_file_info.h>

#include "mail_kind.h"
#include "mail_settings.h"
#include "site.h"
#include "notification.h"
#include "outbox.h"
#include "store_mail.h"
#include "store_one_time_token.h"
#include "template.h"
#include "transport.h"

#define SITE_URL "https://site.example"

typedef struct site_mail_t {
    um_mail_settings_t mail_settings;
    um_outbox_t outbox;
    atomic_int stop, cut;
    const char *folder;        /**< of the mails */
} site_mail_t;

/* The worker's time during a batch, and how much later it is at each look. */
static apr_time_t site_clock_now, site_clock_step;

static apr_time_t site_clock(void)
{
    site_clock_now += site_clock_step;
    return site_clock_now;
}

static const um_templates_t *site_templates(apr_pool_t *pool)
{
    const char *srcdir = getenv("srcdir"), *why = "no reason given";
    const char *folder = apr_pstrcat(pool, srcdir ? srcdir : ".", "/conf/mail", NULL);
    um_templates_t *templates;

    if (um_templates_read(pool, folder, um_mail_kind_names(pool), um_notification_placeholders, "en", &templates, &why)
        != APR_SUCCESS) {
        printf("Bail out! no templates: %s\n", why);
        exit(1);
    }
    return templates;
}

static apr_int64_t site_tick(void)
{
    return apr_time_as_msec(site_clock());
}

/* After site_open(): mail of every kind is sent, and no address is verified. */
__attribute__((unused))
static void site_mail_open(site_t *s, site_mail_t *m)
{
    um_transport_options_t options = { .timeout = 5 };
    const char *why = NULL;

    memset(m, 0, sizeof(*m));
    m->mail_settings = (um_mail_settings_t){
        .sends = 1, .templates = site_templates(s->pool), .from_name = "Example",
        .from_address = "no-reply@site.example", .site = "site.example", .host = "site.example:443",
        .reset_url = SITE_URL "/reset?token={token}", .verify_url = SITE_URL "/verify?token={token}",
        .invite_url = SITE_URL "/invite?token={token}",
    };
    s->settings.reset_lifetime = 86400;
    s->settings.verify_lifetime = 259200;
    s->settings.invite_lifetime = 604800;
    s->settings.mail_hourly_limit = 5;
    s->settings.mail_attempts = 4;
    s->settings.mail_max_age = 86400;
    s->settings.notify_password_change = s->settings.notify_email_change = 1;
    s->site.mail_settings = &m->mail_settings;
    m->folder = mkdtemp(apr_pstrdup(s->pool, site_file("mail.XXXXXX")));
    m->outbox = (um_outbox_t){ .stop = &m->stop, .cut = &m->cut, .timeout = options.timeout, .clock = site_clock,
                               .tick = site_tick };
    if (!m->folder || um_transport_open(s->pool, apr_pstrcat(s->pool, "file:", m->folder, NULL), &options,
                                        &m->outbox.transport, &why) != APR_SUCCESS) {
        printf("Bail out! no folder for mails: %s\n", why ? why : "none could be made");
        exit(1);
    }
}

static int site_mail_by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The files of the mails, oldest first. */
static apr_array_header_t *site_mail_files(site_t *s, const site_mail_t *m)
{
    apr_array_header_t *files = apr_array_make(s->pool, 8, sizeof(const char *));
    apr_finfo_t info;
    apr_dir_t *dir;

    if (apr_dir_open(&dir, m->folder, s->pool) == APR_SUCCESS) {
        while (apr_dir_read(&info, APR_FINFO_NAME, dir) == APR_SUCCESS) {
            if (info.name[0] != '.') {
                APR_ARRAY_PUSH(files, const char *) = apr_pstrcat(s->pool, m->folder, "/", info.name, NULL);
            }
        }
        apr_dir_close(dir);
    }
    qsort(files->elts, (size_t)files->nelts, sizeof(const char *), site_mail_by_name);
    return files;
}

/* Before site_close(). */
__attribute__((unused))
static void site_mail_close(site_t *s, site_mail_t *m)
{
    const apr_array_header_t *files = site_mail_files(s, m);

    for (int i = 0; i < files->nelts; i++) {
        unlink(APR_ARRAY_IDX(files, i, const char *));
    }
    rmdir(m->folder);
}

typedef struct site_mail_row_t {
    const um_mail_t *mail;
    apr_pool_t *pool;
} site_mail_row_t;

static apr_status_t site_mail_insert(um_tx_t *tx, void *baton)
{
    site_mail_row_t *row = baton;

    return um_store_mail_insert_tx(tx, row->pool, row->mail);
}

/* A row that an event left; whether it was stored. */
__attribute__((unused))
static int site_mail_put(site_t *s, const char *kind, const um_user_t *user, const char *address)
{
    um_ctx_t *ctx = site_ctx(s);
    um_store_call_t call = um_ctx_store(ctx);
    site_mail_row_t row = { .pool = ctx->pool };
    um_mail_t *mail;

    if (um_notification_create(ctx, kind, user, address, "", &mail) != UM_OK || !mail) {
        return 0;
    }
    row.mail = mail;
    return um_store_transaction(&call, site_mail_insert, &row) == APR_SUCCESS;
}

/* Works off the requests, and one batch of mails, at the site's time. */
__attribute__((unused))
static um_status_e site_mail_work(site_t *s, site_mail_t *m, um_outbox_round_t *round)
{
    um_outbox_round_t unwanted;
    um_status_e status;
    int more;

    site_clock_now = s->now;
    status = um_outbox_resolve(site_ctx(s), &m->outbox, &more);
    if (status != UM_OK) {
        return status;
    }
    return um_outbox_work(site_ctx(s), &m->outbox, round ? round : &unwanted);
}

static int site_mail_hex(char c)
{
    const char *digits = "0123456789ABCDEF", *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* The bytes of a mail without its quoted-printable, header and all. */
static const char *site_mail_decode(apr_pool_t *pool, const char *bytes)
{
    char *text = apr_pcalloc(pool, strlen(bytes) + 1), *end = text;

    for (const char *c = bytes; *c; c++) {
        if (*c == '=' && c[1] == '\r' && c[2] == '\n') {
            c += 2;
        }
        else if (*c == '=' && site_mail_hex(c[1]) >= 0 && site_mail_hex(c[2]) >= 0) {
            *end++ = (char)(site_mail_hex(c[1]) * 16 + site_mail_hex(c[2]));
            c += 2;
        }
        else {
            *end++ = *c;
        }
    }
    return text;
}

/* The number-th mail that was sent (from 0), decoded; NULL: there are not so many. */
__attribute__((unused))
static const char *site_mail_read(site_t *s, const site_mail_t *m, int number)
{
    const apr_array_header_t *files = site_mail_files(s, m);
    apr_size_t len = 65536;
    char *bytes = apr_pcalloc(s->pool, len + 1);
    apr_file_t *file;

    if (number >= files->nelts || apr_file_open(&file, APR_ARRAY_IDX(files, number, const char *), APR_FOPEN_READ, 0,
                                                s->pool) != APR_SUCCESS) {
        return NULL;
    }
    (void)apr_file_read_full(file, bytes, len, &len);
    apr_file_close(file);
    return site_mail_decode(s->pool, bytes);
}

__attribute__((unused))
static int site_mail_count(site_t *s, const site_mail_t *m)
{
    return site_mail_files(s, m)->nelts;
}

/* The token that a mail carries; NULL: none. */
__attribute__((unused))
static const char *site_mail_token(site_t *s, const char *mail)
{
    const char *at = mail ? strstr(mail, "\r\nToken: ") : NULL;

    return at ? apr_pstrndup(s->pool, at + 9, 43) : NULL;
}

/* Works off what is due and returns the token among what was sent; NULL: none was. */
__attribute__((unused))
static const char *site_mail_newest(site_t *s, site_mail_t *m)
{
    const char *token = NULL;
    int before = site_mail_count(s, m);

    site_mail_work(s, m, NULL);
    for (int i = site_mail_count(s, m) - 1; !token && i >= before; i--) {
        token = site_mail_token(s, site_mail_read(s, m, i));
    }
    return token;
}

/* Every value in the database as text: to see that nothing has changed, or that something is in it nowhere. */
__attribute__((unused))
static const char *site_dump(site_t *s)
{
    const char *dump = "";

    for (int i = 0; ; i++) {
        const char *table, *columns, *rows;

        table = site_ask(s, apr_psprintf(s->pool, "select name from sqlite_master where type = 'table' order by name "
                                         "limit 1 offset %d", i));
        if (!table) {
            return dump;
        }
        columns = site_ask(s, apr_psprintf(s->pool, "select group_concat('coalesce(' || name || ', ''-'')', ' || '' '' "
                                           "|| ') from pragma_table_info('%s')", table));
        rows = site_ask(s, apr_psprintf(s->pool, "select group_concat(line, char(10)) from (select %s as line from %s "
                                        "order by 1)", columns, table));
        dump = apr_pstrcat(s->pool, dump, table, "\n", rows ? rows : "", "\n", NULL);
    }
}
#endif
