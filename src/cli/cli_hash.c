/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "json.h"
#include "pwhash.h"

#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TARGET 250              /* ms; below a quarter of a second people do not notice it */
#define MOST_TARGET 60000
#define MEMORY 19456            /* KiB: the least that OWASP advises with two passes */
#define LEAST_MEMORY 7168       /* KiB, see pwhash.h */
#define MOST_MEMORY 262144
#define MOST_PASSES 10
#define MOST_LANES 16
#define TRIES 3

/* Reads a number from 1 on and its unit: small, or large, which is so many times as much. 0: it is none, or more than
 * most. */
static long read_amount(const char *text, const char *small, const char *large, long times, long most)
{
    char *end;
    long number = strtol(text, &end, 10), factor = strcmp(end, large) == 0 ? times : 1;

    return end != text && (factor > 1 || strcmp(end, small) == 0) && number > 0 && number <= most / factor
           ? number * factor : 0;
}

/* Reads "250ms" or "2s" into milliseconds. 0: it is none. */
static long read_milliseconds(const char *text)
{
    return read_amount(text, "ms", "s", 1000, MOST_TARGET);
}

/* Reads "64m" or "19456k" into KiB. 0: it is none. */
static long read_memory(const char *text)
{
    long number = read_amount(text, "k", "m", 1024, MOST_MEMORY);

    return number >= LEAST_MEMORY ? number : 0;
}

/* Milliseconds for one hash: the fastest of some tries, because other work only adds to it. */
static double measure(um_cli_t *cli, const um_pwhash_params_t *params)
{
    static const char password[] = "correct horse battery staple";
    double best = 0;

    for (int i = 0; i < TRIES; i++) {
        apr_time_t start = apr_time_now();
        const char *hash;
        double took;

        if (um_pwhash_make(cli->pool, params, password, sizeof(password) - 1, &hash) != APR_SUCCESS) {
            return 0;
        }
        took = (double)(apr_time_now() - start) / 1000;
        best = best == 0 || took < best ? took : best;
    }
    return best;
}

/* argon2id: as many passes as fit, and twice the memory each time when more than the most would fit. Returns the
 * milliseconds that the parameters take; 0: a hash could not be made. */
static double fit_argon2id(um_cli_t *cli, um_pwhash_params_t *params, long memory, long target)
{
    double one;

    params->cost = (unsigned)memory;
    for (;;) {
        params->block = 1;
        one = measure(cli, params);
        if (one == 0 || one * MOST_PASSES >= (double)target || params->cost * 2 > MOST_MEMORY || cli->memory) {
            break;
        }
        params->cost *= 2;
    }
    params->block = one == 0 || target < one ? 1 : (double)target / one > MOST_PASSES ? MOST_PASSES
                    : (unsigned)((double)target / one + 0.5);
    return one == 0 ? 0 : measure(cli, params);
}

/* scrypt: the memory stays, and p grows. */
static double fit_scrypt(um_cli_t *cli, um_pwhash_params_t *params, long target)
{
    double one;

    params->lanes = 1;
    one = measure(cli, params);
    params->lanes = one == 0 || target < one ? 1 : (double)target / one > MOST_LANES ? MOST_LANES
                    : (unsigned)((double)target / one + 0.5);
    return one == 0 ? 0 : measure(cli, params);
}

static void print_result(um_cli_t *cli, const um_pwhash_params_t *params, double took)
{
    int is_scrypt = strcmp(params->family, "scrypt") == 0 && params->cost < 32;
    apr_int64_t memory = is_scrypt ? (APR_INT64_C(128) << params->cost) * params->block / 1024 : params->cost;
    long cores = sysconf(_SC_NPROCESSORS_ONLN), count = cores < 1 ? 1 : cores > 64 ? 64 : cores;
    const char *value = apr_psprintf(cli->pool, "%s %s=%u %s=%u p=%u", params->family, is_scrypt ? "ln" : "m",
                                     params->cost, is_scrypt ? "r" : "t", params->block, params->lanes);
    um_json_t *object = um_json_object(cli->pool);

    um_json_put_text(object, "UserMgmtPasswordHash", value);
    um_json_put_int(object, "milliseconds", (apr_int64_t)(took + 0.5));
    um_json_put_int(object, "memory_kib", memory);
    um_json_put_int(object, "concurrency", count);
    um_json_put_int(object, "memory_kib_of_all", memory * count);
    if (cli->json) {
        um_cli_show(cli, object);
        return;
    }
    um_cli_say(cli, "UserMgmtPasswordHash \"%s\"", value);
    um_cli_say(cli, "# a hash takes %.0f ms and %.1f MiB here", took, (double)memory / 1024);
    um_cli_say(cli, "# %ld at a time (UserMgmtHashConcurrency) take %.1f MiB and allow %.0f sign-ins a second", count,
               (double)memory * (double)count / 1024, 1000 / took * (double)count);
}

static int calibrate(um_cli_t *cli)
{
    long target = cli->target ? read_milliseconds(cli->target) : TARGET;
    long memory = cli->memory ? read_memory(cli->memory) : MEMORY;
    um_pwhash_params_t params;
    const char *why = NULL;
    double took;

    if (!target) {
        return um_cli_fail(cli, UM_CLI_MISUSE, "--target %s: must be a time, such as 250ms or 1s", cli->target);
    }
    if (!memory) {
        return um_cli_fail(cli, UM_CLI_MISUSE, "--memory %s: must be from 7m to 256m", cli->memory);
    }
    if (um_pwhash_params(cli->pool, "auto", &params, &why) != APR_SUCCESS) {
        return um_cli_fail(cli, UM_CLI_FAILED, "%s", why);
    }
    if (strcmp(params.family, "scrypt") == 0 && cli->memory) {
        return um_cli_fail(cli, UM_CLI_MISUSE, "--memory is for argon2id, which this build lacks");
    }
    took = strcmp(params.family, "scrypt") == 0 ? fit_scrypt(cli, &params, target)
           : fit_argon2id(cli, &params, memory, target);
    if (took == 0) {
        return um_cli_fail(cli, UM_CLI_FAILED, "a hash could not be made: out of memory");
    }
    print_result(cli, &params, took);
    return UM_CLI_DONE;
}

const um_cli_command_t um_cli_hash[] = {
    { .verb = "calibrate", .synopsis = "", .options = "target memory json", .function = calibrate,
      .help = "measure this machine and print the UserMgmtPasswordHash that takes a wanted time" },
    { .function = NULL },
};
