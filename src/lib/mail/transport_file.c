/* SPDX-License-Identifier: Apache-2.0 */
#include "transport_private.h"
#include "atomic_file.h"
#include "random.h"

#include <string.h>

#include <apr_file_info.h>
#include <apr_file_io.h>
#include <apr_strings.h>
#include <apr_time.h>

/* Names sort by time and are unique. */
static apr_status_t name_file(apr_pool_t *pool, const char **name)
{
    apr_time_exp_t now;
    const char *id;
    apr_status_t status = um_random_text(pool, 9, &id);

    if (status == APR_SUCCESS) {
        apr_time_exp_gmt(&now, apr_time_now());
        *name = apr_psprintf(pool, "%04d%02d%02dT%02d%02d%02d.%06d-%s.eml", now.tm_year + 1900, now.tm_mon + 1,
                             now.tm_mday, now.tm_hour, now.tm_min, now.tm_sec, now.tm_usec, id);
    }
    return status;
}

static um_transport_e send_file(um_transport_t *t, um_transport_mail_t *mail)
{
    const char *folder = t->own, *name, *file, *unready;
    apr_status_t status = name_file(mail->pool, &name);

    if (status == APR_SUCCESS) {
        file = apr_pstrcat(mail->pool, folder, "/", name, NULL);
        /* In the same folder, because rename works within one file system only. The name begins with a dot, so that a
         * program that looks for mails does not take an unfinished one. */
        unready = apr_pstrcat(mail->pool, folder, "/.", name, ".new", NULL);
        status = um_atomic_file_put(mail->pool, unready, file, mail->bytes, mail->len);
    }
    if (status != APR_SUCCESS) {
        mail->why = um_transport_reason(mail->pool, "the mail cannot be written into its folder", status);
        return UM_TRANSPORT_DOWN;
    }
    mail->why = "written";
    return UM_TRANSPORT_SENT;
}

apr_status_t um_transport_file_open(um_transport_t *t, const char *scheme, const char *rest, const char **why)
{
    apr_finfo_t info;
    apr_status_t status;

    (void)scheme;
    if (strncmp(rest, "///", 3) == 0) {
        rest += 2;
    }
    if (rest[0] != '/' || rest[1] == '/') {
        *why = "file: needs the absolute path of a folder, as in file:/var/mail/outgoing";
        return APR_EINVAL;
    }
    status = apr_stat(&info, rest, APR_FINFO_TYPE, t->pool);
    if (status != APR_SUCCESS) {
        *why = um_transport_reason(t->pool, rest, status);
        return status;
    }
    if (info.filetype != APR_DIR) {
        *why = apr_pstrcat(t->pool, rest, " is not a folder", NULL);
        return APR_EINVAL;
    }
    t->own = apr_pstrdup(t->pool, rest);
    t->send = send_file;
    return APR_SUCCESS;
}
