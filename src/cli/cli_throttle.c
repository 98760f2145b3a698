/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "json.h"
#include "monotonic.h"
#include "throttle_admin.h"

#include <apr_file_io.h>
#include <apr_strings.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* The process id in httpd's PidFile. 0: there is none, and *why says so. */
static long read_pid(um_cli_t *cli, const char *path, const char **why)
{
    apr_file_t *file;
    char text[128] = "";
    apr_status_t rv = apr_file_open(&file, path, APR_READ, APR_OS_DEFAULT, cli->pool);
    long pid;

    if (rv != APR_SUCCESS) {
        *why = apr_pstrdup(cli->pool, apr_strerror(rv, text, sizeof(text)));
        return 0;
    }
    (void)apr_file_gets(text, 32, file);
    apr_file_close(file);
    pid = strtol(text, NULL, 10);
    *why = "it has no process id";
    return pid > 0 ? pid : 0;
}

/* Opens the file in memory in which httpd's parent holds the counts. -1: it is not there, or may not be opened. */
static int open_memory(um_cli_t *cli, long pid)
{
    const char *folder = apr_psprintf(cli->pool, "/proc/%ld/fd", pid);
    apr_dir_t *dir;
    apr_finfo_t entry;
    int found = -1;

    if (apr_dir_open(&dir, folder, cli->pool) != APR_SUCCESS) {
        return -1;
    }
    while (found < 0 && apr_dir_read(&entry, APR_FINFO_NAME, dir) == APR_SUCCESS) {
        const char *path = apr_pstrcat(cli->pool, folder, "/", entry.name, NULL);
        static const char wanted[] = "/memfd:" UM_THROTTLE_MEMORY_NAME;
        char target[64] = "";

        if (readlink(path, target, sizeof(target) - 1) > 0 && strncmp(target, wanted, strlen(wanted)) == 0) {
            found = open(path, O_RDWR | O_CLOEXEC);
        }
    }
    apr_dir_close(dir);
    return found;
}

/* The throttles of the running server; NULL, and *code with the reason printed. */
static um_throttle_t *attach_server(um_cli_t *cli, int *code)
{
    const char *path = cli->args[0];
    const char *why = NULL;
    long pid = read_pid(cli, path, &why);
    int file = pid ? open_memory(cli, pid) : -1;
    void *memory = MAP_FAILED;
    um_throttle_t *throttle;
    struct stat info;

    if (file >= 0 && fstat(file, &info) == 0) {
        memory = mmap(NULL, (size_t)info.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    }
    if (!pid) {
        *code = um_cli_fail(cli, UM_CLI_UNREACHABLE, "%s: %s; it must be httpd's PidFile, which exists while "
                            "httpd runs", path, why);
        return NULL;
    }
    if (memory == MAP_FAILED) {
        *code = um_cli_fail(cli, UM_CLI_UNREACHABLE, "%s: no httpd with throttles runs under this process id, or this "
                            "user may not read its memory: call the command as root", path);
        return NULL;
    }
    throttle = um_throttle_attach(cli->pool, memory, (apr_size_t)info.st_size);
    if (!throttle) {
        *code = um_cli_fail(cli, UM_CLI_FAILED, "%s: httpd runs another version of the module", path);
    }
    return throttle;
}

static void list_refusal(const um_cli_t *cli, const um_refusal_t *refusal, apr_int64_t now)
{
    const char *tries = um_throttle_class_names[refusal->kind / UM_THROTTLE_KEYS];
    const char *key = um_throttle_key_names[refusal->kind % UM_THROTTLE_KEYS];
    apr_int64_t last = (now - refusal->last) / 1000;
    apr_int64_t wait = refusal->until > now ? (refusal->until - now + 999) / 1000 : 0;
    um_json_t *object = um_json_object(cli->pool);

    um_json_put_text(object, "class", tries);
    um_json_put_text(object, "key", key);
    um_json_put_int(object, "refused", refusal->count);
    um_json_put_int(object, "last_ago", last);
    um_json_put_int(object, "allowed_in", wait);
    um_json_put_text(object, "of", refusal->text);
    /* The name is last, so that whatever somebody has typed cannot pass for the numbers. */
    um_cli_list(cli, object, "%s %s, refused %u times, last %" APR_INT64_T_FMT " s ago, allowed in %" APR_INT64_T_FMT
                " s: %s", tries, key, refusal->count, last, wait, refusal->text);
}

static int throttle_list(um_cli_t *cli)
{
    int code = UM_CLI_DONE;
    um_throttle_t *throttle = attach_server(cli, &code);
    apr_int64_t now = um_monotonic_ms();
    apr_array_header_t *list = throttle ? um_throttle_admin_list(cli->pool, throttle, 0) : NULL;

    for (int i = 0; list && i < list->nelts; i++) {
        list_refusal(cli, &APR_ARRAY_IDX(list, i, um_refusal_t), now);
    }
    return code;
}

static int throttle_clear(um_cli_t *cli)
{
    int code = UM_CLI_DONE, count;
    um_throttle_t *throttle = attach_server(cli, &code);

    if (!throttle) {
        return code;
    }
    count = um_throttle_admin_clear(cli->pool, throttle, 0, cli->args[1]);
    if (count < 0) {
        return um_cli_fail(cli, UM_CLI_MISUSE, "%s: neither an address nor a name", cli->args[1]);
    }
    um_cli_say(cli, "cleared %d count%s", count, count == 1 ? "" : "s");
    return UM_CLI_DONE;
}

const um_cli_command_t um_cli_throttle[] = {
    { .verb = "list", .synopsis = "[PIDFILE]", .arguments = 1, .place = "PidFile",
      .options = "json",
      .function = throttle_list, .help = "list the addresses and names that httpd has refused lately" },
    { .verb = "clear", .synopsis = "[PIDFILE] NAME|ADDRESS", .arguments = 2, .place = "PidFile",
      .function = throttle_clear, .help = "forget the failures of a name or an address" },
    { .function = NULL },
};
