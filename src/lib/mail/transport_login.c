/* SPDX-License-Identifier: Apache-2.0 */
#include "transport_private.h"
#include "secret_file.h"
#include "wipe.h"

#include <string.h>

#include <apr_file_info.h>
#include <apr_strings.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

static apr_status_t refuse(apr_pool_t *pool, apr_status_t status, const char *file, const char *what, const char **why)
{
    *why = what ? apr_pstrcat(pool, file, ": ", what, NULL) : um_transport_reason(pool, file, status);
    return status;
}

/* Ends the line at *at with a NUL and moves *at behind it. NULL: there is no more line. */
static char *next_line(char **at)
{
    char *line = *at;
    apr_size_t len;

    if (*line == '\0') {
        return NULL;
    }
    len = strcspn(line, "\n");
    *at = line + len + (line[len] == '\n');
    line[len] = '\0';
    if (len > 0 && line[len - 1] == '\r') {
        line[len - 1] = '\0';
    }
    return line;
}

/* Splits text in place. Returns what is wrong with it, or NULL. */
static const char *split_login(char *text, char **user, char **password)
{
    char *first = next_line(&text), *second = next_line(&text), *third = next_line(&text);
    char *colon = first ? strchr(first, ':') : NULL;

    if (second && *second == '\0' && !third) {
        second = NULL;
    }
    if (third && (*third || next_line(&text))) {
        return "more than two lines";
    }
    *user = first;
    *password = second;
    if (!second && colon) {
        *colon = '\0';
        *password = colon + 1;
    }
    return *user && **user && *password && **password ? NULL
           : "needs one line user:password, or the user on one line and the password on the next";
}

apr_status_t um_transport_login_read(apr_pool_t *pool, const char *file, char **user, char **password,
                                     const char **why)
{
    apr_finfo_t info;
    char *bytes, *text;
    apr_size_t len;
    const char *what = NULL;
    apr_status_t status = apr_stat(&info, file, APR_FINFO_PROT, pool);

    *user = *password = NULL;
    if (status != APR_SUCCESS) {
        return refuse(pool, status, file, NULL, why);
    }
    if (info.protection & (APR_FPROT_WREAD | APR_FPROT_WWRITE)) {
        return refuse(pool, APR_EINVAL, file, "can be read or written by others; change its mode, for "
                      "example with chmod 640", why);
    }
    status = um_secret_file_read(pool, file, &bytes, &len, &what);
    if (status != APR_SUCCESS) {
        return refuse(pool, status, file, what, why);
    }
    text = apr_pstrmemdup(pool, bytes, len);
    what = memchr(bytes, '\0', len) ? "a NUL byte in it" : split_login(text, user, password);
    um_wipe(bytes, len);
    if (!what) {
        *user = apr_pstrdup(pool, *user);
        *password = apr_pstrdup(pool, *password);
        um_wipe_with(pool, *user, strlen(*user));
        um_wipe_with(pool, *password, strlen(*password));
    }
    um_wipe(text, len);
    if (what) {
        *user = *password = NULL;
        return refuse(pool, APR_EINVAL, file, what, why);
    }
    return APR_SUCCESS;
}

apr_status_t um_transport_login_check_ca(apr_pool_t *pool, const char *file, const char **why)
{
    apr_finfo_t info;
    BIO *in;
    X509 *certificate = NULL;
    char no_passphrase[] = "";
    apr_status_t status = apr_stat(&info, file, APR_FINFO_TYPE, pool);

    if (status != APR_SUCCESS) {
        return refuse(pool, status, file, NULL, why);
    }
    /* Only a regular file is opened: opening a named pipe would wait for a writer. */
    in = info.filetype == APR_REG ? BIO_new_file(file, "r") : NULL;
    if (in) {
        /* Without a passphrase OpenSSL would ask at the terminal for that of an encrypted file. */
        certificate = PEM_read_bio_X509(in, NULL, NULL, no_passphrase);
        BIO_free(in);
    }
    ERR_clear_error();
    if (!certificate) {
        return refuse(pool, APR_EINVAL, file, "holds no readable certificate in PEM", why);
    }
    X509_free(certificate);
    return APR_SUCCESS;
}
