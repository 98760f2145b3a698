/* SPDX-License-Identifier: Apache-2.0 */
#include "ctx.h"
#include "event.h"
#include "log_limit.h"
#include "metric.h"
#include "module.h"
#include "process.h"

#include <apr_atomic.h>
#include <apr_network_io.h>
#include <apr_portable.h>
#include <apr_strings.h>
#include <errno.h>
#include <fcntl.h>
#include <http_core.h>
#include <http_log.h>
#include <string.h>
#include <unistd.h>

/* The lines contain addresses of people, so the file is not for everybody. */
#define MODE (APR_FPROT_UREAD | APR_FPROT_UWRITE | APR_FPROT_GREAD)

/* The notes of a request keep a line until its answer is known. */
#define KEPT_KEY "usermgmt-audit"
/* And the number of its reason. */
#define KEPT_REASON_KEY "usermgmt-audit-reason"

struct um_audit_t {
    const char *target;         /* as configured */
    int file;
    um_log_limit_t lost_log, again_log;
    /* Atomic: lines that could not be written since the last line about them; and whether a part of one was written. */
    apr_uint32_t lost, is_torn;
};

/* A full disk may last for a night, and the log of errors may be on it. */
#define REPORT_SECONDS 60

/* The name of this machine. It is set by the parent, and children inherit it. */
static char node[APRMAXHOSTLEN + 1];

/* --- opening ------------------------------------------------------------------------------------------------------ */

/* A program that does not read must not stop requests: when its pipe is full, lines are lost. */
static apr_status_t open_program(apr_pool_t *pconf, const char *text, apr_file_t **file)
{
    int is_shell = text[1] == '$';
    piped_log *program = ap_open_piped_log_ex(pconf, text + 1 + strspn(text + 1, "|$"),
                                              is_shell ? APR_SHELLCMD_ENV : APR_PROGRAM_ENV);
    apr_os_file_t fd;

    if (!program) {
        return APR_EGENERAL;
    }
    *file = ap_piped_log_write_fd(program);
    apr_os_file_get(&fd, *file);
    return fcntl(fd, F_SETFL, O_WRONLY | O_NONBLOCK) == 0 ? APR_SUCCESS : errno;
}

static um_audit_t *open_log(apr_pool_t *pconf, const um_server_t *server)
{
    const char *target = server->settings.audit_log;
    um_audit_t *audit = apr_pcalloc(pconf, sizeof(*audit));
    apr_file_t *file = NULL;
    apr_os_file_t fd;
    apr_status_t rv = *target == '|' ? open_program(pconf, target, &file)
                      : apr_file_open(&file, target, APR_FOPEN_WRITE | APR_FOPEN_APPEND | APR_FOPEN_CREATE, MODE,
                                      pconf);

    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, rv, server->server, "UM701: the audit log %s cannot be %s, or correct "
                     "UserMgmtAuditLog", target, *target == '|' ? "started: see the line before, install the program"
                     : "opened: create its folder");
        return NULL;
    }
    apr_os_file_get(&fd, file);
    audit->target = target;
    audit->file = fd;
    return audit;
}

/* The log of an earlier host with the same file or program; NULL: there is none. */
static um_audit_t *find_opened(const um_server_t *server, const server_rec *main_server)
{
    for (um_server_t *other = um_server_of(main_server); other && other != server; other = um_server_next(other)) {
        if (other->audit && strcmp(other->audit->target, server->settings.audit_log) == 0) {
            return other->audit;
        }
    }
    return NULL;
}

int um_audit_open_logs(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main_server)
{
    (void)plog;
    if (apr_gethostname(node, sizeof(node), ptemp) != APR_SUCCESS) {
        node[0] = '\0';
    }
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) {
        return OK;
    }
    for (um_server_t *server = um_server_of(main_server); server; server = um_server_next(server)) {
        server->audit = NULL;
        if (server->settings.audit_log && (server->settings.enabled || server->settings.signing_key)) {
            server->audit = find_opened(server, main_server);
            server->audit = server->audit ? server->audit : open_log(pconf, server);
            if (!server->audit) {
                return HTTP_INTERNAL_SERVER_ERROR;
            }
        }
    }
    return OK;
}

/* --- the context of a request ------------------------------------------------------------------------------------- */

void um_audit_describe(um_ctx_t *ctx, request_rec *r)
{
    ctx->address = r->useragent_ip;
    ctx->user_agent = apr_table_get(r->headers_in, "User-Agent");
    ctx->request_id = um_request_id_of(r);
    ctx->host = r->server->server_hostname;
    ctx->node = node;
}

void um_audit_describe_worker(um_ctx_t *ctx, const um_server_t *server)
{
    ctx->actor = "worker";
    ctx->host = server->server->server_hostname;
    ctx->node = node;
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

static void report_lost(const um_server_t *server, int error)
{
    um_audit_t *audit = server->audit;

    um_counters_add(um_request_metrics_counters(server), UM_METRIC_EVENTS_LOST, 1);
    apr_atomic_inc32(&audit->lost);
    if (um_log_limit_allows_after(&audit->lost_log, REPORT_SECONDS)) {
        ap_log_error(APLOG_MARK, APLOG_ERR, error, server->server, "UM702: the audit log %s could not be written, and "
                     "requests go on without it; %u lines of this process were lost", audit->target,
                     apr_atomic_xchg32(&audit->lost, 0));
    }
}

/* Says how many lines are missing, when the first one is written after them. */
static void report_written(const um_server_t *server)
{
    um_audit_t *audit = server->audit;

    if (apr_atomic_read32(&audit->lost) && um_log_limit_allows_after(&audit->again_log, REPORT_SECONDS)) {
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, server->server, "UM703: the audit log %s is written again; %u more "
                     "lines of this process were lost", audit->target, apr_atomic_xchg32(&audit->lost, 0));
    }
}

/* One write for a line: the system appends it as a whole, whatever other processes write. */
static void write_line(const um_server_t *server, const char *line, apr_size_t len)
{
    um_audit_t *audit = server->audit;
    ssize_t written;

    /* A full disk took a part of an earlier line: it must not spoil this one. */
    if (apr_atomic_read32(&audit->is_torn) && write(audit->file, "\n", 1) == 1) {
        apr_atomic_set32(&audit->is_torn, 0);
    }
    do {
        written = write(audit->file, line, len);
    } while (written < 0 && errno == EINTR);
    if (written >= 0 && (apr_size_t)written < len) {
        apr_atomic_set32(&audit->is_torn, 1);
        errno = ENOSPC;
    }
    if (written < 0 || (apr_size_t)written < len) {
        report_lost(server, errno);
    }
    else {
        report_written(server);
    }
}

/* Calls the function for the line of each settled event, and forgets the events. */
typedef void line_fn(void *baton, const um_server_t *server, const char *line, apr_size_t len);

static void each_line(const um_server_t *server, um_ctx_t *ctx, line_fn *function, void *baton)
{
    char line[UM_EVENT_LINE_MAX];

    for (int i = 0; ctx->events && server->audit && i < ctx->events->nelts; i++) {
        const um_event_t *event = APR_ARRAY_IDX(ctx->events, i, const um_event_t *);

        if (event->outcome != UM_OUTCOME_OPEN && !event->is_unlogged) {
            function(baton, server, line, um_event_line(ctx, event, line));
        }
    }
    for (; ctx->events_lost && server->audit; ctx->events_lost--) {
        report_lost(server, ENOBUFS);
    }
    ctx->events = NULL;
}

static void write_now(void *unused, const um_server_t *server, const char *line, apr_size_t len)
{
    (void)unused;
    write_line(server, line, len);
}

static void count_events(const um_ctx_t *ctx)
{
    for (int i = 0; ctx->events && i < ctx->events->nelts; i++) {
        um_metric_count_event(ctx, APR_ARRAY_IDX(ctx->events, i, const um_event_t *));
    }
}

void um_audit_write(const um_server_t *server, um_ctx_t *ctx)
{
    if (ctx->events) {
        count_events(ctx);
        each_line(server, ctx, write_now, NULL);
    }
}

static void keep_line(void *baton, const um_server_t *server, const char *line, apr_size_t len)
{
    request_rec *r = baton;

    (void)server;
    apr_table_setn(r->notes, KEPT_KEY, apr_pstrmemdup(r->pool, line, len));
}

void um_audit_keep(request_rec *r, um_ctx_t *ctx)
{
    if (ctx->events) {
        apr_table_setn(r->notes, KEPT_REASON_KEY, apr_itoa(r->pool, ctx->reason));
    }
    each_line(um_server_of(r->server), ctx, keep_line, r);
}

void um_audit_write_kept(request_rec *r)
{
    const char *line = apr_table_get(r->notes, KEPT_KEY);
    const char *reason = apr_table_get(r->notes, KEPT_REASON_KEY);
    const um_server_t *server = um_server_of(r->server);

    if (reason) {
        um_counters_add(um_request_metrics_counters(server), UM_METRIC_SIGN_INS + (unsigned)apr_atoi64(reason), 1);
        apr_table_unset(r->notes, KEPT_REASON_KEY);
    }
    if (line && server->audit) {
        apr_table_unset(r->notes, KEPT_KEY);
        write_line(server, line, strlen(line));
    }
}
