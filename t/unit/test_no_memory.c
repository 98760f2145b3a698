/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation of the libraries that lib calls fails, one after the other: nothing crashes, nothing is accepted
 * that is not valid, and what is returned is right. APR's own are left out: httpd gives its pools a function that ends
 * the process ("Memory allocation failed, aborting process."), so no caller ever sees NULL from them. */
#include "tap.h"
#include "email.h"
#include "idna.h"
#include "json.h"
#include "jwk.h"
#include "jwt.h"
#include "pwhash.h"
#include "unicode.h"

#include <apr_general.h>
#include <apr_strings.h>
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* A sanitizer has an allocator of its own. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif

#ifdef SANITIZED
int main(void)
{
    printf("1..0 # SKIP the sanitizer has an allocator of its own\n");
    return 0;
}
#else

#define NOW 1700000000
#define PASSWORD "correct horse"

/* --- the allocator --- */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static int is_counting, count, first_refused, last_refused;

/* dladdr() takes longer than all else here, hence the table of callers. */
static int is_apr(const void *caller)
{
    static struct { const void *caller; int is_apr; } seen[4096];
    size_t at = ((size_t)caller >> 2) % 4096;
    Dl_info info;

    if (seen[at].caller != caller) {
        seen[at].caller = caller;
        seen[at].is_apr = dladdr(caller, &info) && info.dli_fname && strstr(info.dli_fname, "libapr");
    }
    return seen[at].is_apr;
}

static int is_refused(const void *caller)
{
    if (!is_counting || is_apr(caller)) {
        return 0;
    }
    count++;
    if (count < first_refused || count > last_refused) {
        return 0;
    }
    errno = ENOMEM;
    return 1;
}

__attribute__((visibility("default"))) void *malloc(size_t size)
{
    return is_refused(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

__attribute__((visibility("default"))) void *calloc(size_t many, size_t size)
{
    return is_refused(__builtin_return_address(0)) ? NULL : __libc_calloc(many, size);
}

__attribute__((visibility("default"))) void *realloc(void *old, size_t size)
{
    return is_refused(__builtin_return_address(0)) ? NULL : __libc_realloc(old, size);
}

/* --- what is tried --- */

typedef enum { RIGHT, REFUSED, WRONG, ENDED, CRASHED } result_e;

static apr_pool_t *pool;
static um_jwk_t *keys[2];
static const char *pem[2], *tokens[2], *hashes[2];
static const char *const algorithms[2] = {"EdDSA", "HS256"};
static um_pwhash_params_t params[2];

static result_e of_text(apr_status_t status, const char *seen, const char *wanted)
{
    return status != APR_SUCCESS || !seen ? REFUSED : strcmp(seen, wanted) == 0 ? RIGHT : WRONG;
}

static result_e parse_json(int which)
{
    static const char *const texts[2] = {"{\"a\":[1,2.5,\"x\"],\"b\":{\"c\":null}}", "{\"a\":1,\"a\":2}"};
    um_json_doc_t *doc;
    const char *why;
    apr_status_t status = um_json_parse(pool, texts[which], strlen(texts[which]), 5, &doc, &why);

    return which == 1 ? (status == APR_SUCCESS ? WRONG : RIGHT)
                      : of_text(status, status ? NULL : um_json_print(pool, doc->root), texts[0]);
}

static result_e print_json(int which)
{
    um_json_t *object = um_json_object(pool), *list = um_json_list(pool);

    um_json_push_text(list, which ? "\xff" : "x");
    um_json_put(object, "a", list);
    um_json_put_int(object, "b", 5);
    return of_text(APR_SUCCESS, um_json_print(pool, object),
                   which ? "{\"a\":[\"\xEF\xBF\xBD\"],\"b\":5}" : "{\"a\":[\"x\"],\"b\":5}");
}

static result_e parse_key(int which)
{
    um_jwk_t *key = NULL;
    const char *why = NULL;
    apr_status_t status = um_jwk_parse(pool, pem[which], strlen(pem[which]), &key, &why);

    return of_text(status, status ? NULL : um_jwk_kid(key), um_jwk_kid(keys[which]));
}

static const um_jwk_t *find(void *baton, const char *kid)
{
    const um_jwk_t *key = baton;

    return strcmp(kid, um_jwk_kid(key)) == 0 ? key : NULL;
}

static result_e verify(int which, const char *token)
{
    const um_jwt_rules_t rules = {"at+jwt", "i", "a", NOW, 0, find, keys[which], NULL};
    um_json_t *claims = NULL;
    const char *why = NULL;

    if (um_jwt_verify(pool, &rules, token, &claims, &why) != APR_SUCCESS) {
        return claims || !why ? WRONG : REFUSED;
    }
    return claims && um_json_get(claims, "n").number == 7 ? RIGHT : WRONG;
}

static result_e verify_token(int which)
{
    return verify(which, tokens[which]);
}

static result_e verify_forged(int which)
{
    char *forged = apr_pstrdup(pool, tokens[which]);
    char *at = strrchr(forged, '.') + 5;

    *at = *at == 'A' ? 'B' : 'A';
    return verify(which, forged) == REFUSED ? RIGHT : WRONG;
}

static const char *sign(int which)
{
    um_json_t *claims = um_json_object(pool);
    const char *token = NULL;

    um_json_put_text(claims, "iss", "i");
    um_json_put_text(claims, "aud", "a");
    um_json_put_int(claims, "exp", NOW + 60);
    um_json_put_int(claims, "n", 7);
    return um_jwt_sign(pool, keys[which], "at+jwt", claims, &token) == APR_SUCCESS ? token : NULL;
}

static result_e sign_token(int which)
{
    return of_text(APR_SUCCESS, sign(which), tokens[which]);
}

static result_e verify_password(int which)
{
    um_pwhash_e answer = um_pwhash_verify(pool, hashes[which], PASSWORD, strlen(PASSWORD));

    return answer == UM_PWHASH_MATCH ? RIGHT : answer == UM_PWHASH_ERROR ? REFUSED : WRONG;
}

static result_e verify_wrong_password(int which)
{
    return um_pwhash_verify(pool, hashes[which], "wrong", 5) == UM_PWHASH_MATCH ? WRONG : RIGHT;
}

static result_e make_hash(int which)
{
    const char *hash = "";
    apr_status_t status = um_pwhash_make(pool, &params[which], PASSWORD, strlen(PASSWORD), &hash);

    if (status != APR_SUCCESS) {
        return hash ? WRONG : REFUSED;
    }
    is_counting = 0;
    return um_pwhash_verify(pool, hash, PASSWORD, strlen(PASSWORD)) == UM_PWHASH_MATCH ? RIGHT : WRONG;
}

static result_e fold_name(int which)
{
    const char *out = NULL;
    apr_status_t status = which ? um_unicode_key(pool, "\xC3\x84lice", &out) : um_unicode_nfkc(pool, "A\xCC\x88", &out);

    return of_text(status, out, which ? "\xC3\xA4lice" : "\xC3\x84");
}

static result_e fold_address(int which)
{
    return of_text(APR_SUCCESS, um_email_key(pool, which ? "A@B\xC3\xBC" "cher.example" : "A@EXAMPLE.org"),
                   which ? "a@xn--bcher-kva.example" : "a@example.org");
}

/* --- the tries --- */

static result_e run(result_e (*task)(int), int which, int first, int last)
{
    int status;
    pid_t child;

    fflush(NULL);
    child = fork();
    if (child == 0) {
        const struct rlimit none = {0, 0};
        result_e result;

        setrlimit(RLIMIT_CORE, &none);
        alarm(60);      /* an endless loop is a crash, too */
        count = 0;
        first_refused = first;
        last_refused = last;
        is_counting = 1;
        result = task(which);
        is_counting = 0;
        /* What failed has left nothing behind that makes the next try fail. */
        if (result != WRONG && task(which) != RIGHT) {
            result = WRONG;
        }
        _exit(result | (count < first ? 64 : 0));
    }
    if (child < 0 || waitpid(child, &status, 0) != child) {
        return CRASHED;
    }
    return WIFEXITED(status) ? (result_e)WEXITSTATUS(status)
                             : WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT ? ENDED : CRASHED;
}

/* may_end: values of JSON end the process when there is no memory (json.h). */
static void each_fails(const char *name, result_e (*task)(int), int which, int may_end)
{
    int results[CRASHED + 1] = {0}, bad = 0;
    int at, step;

    if (!ok(task(which) == RIGHT, "%s: right with memory", name)) {
        return;
    }
    count = 0;
    first_refused = last_refused = -1;
    is_counting = 1;
    task(which);
    is_counting = 0;
    /* OpenSSL allocates some thousand times to read PEM: fifty places must do. */
    step = count < 400 ? 1 : count / 50;
    for (at = 1; at < 5000; at += step) {
        int one = run(task, which, at, at), all = run(task, which, at, 1 << 30);

        if (one & 64) {
            break;
        }
        results[one & 63]++;
        results[all & 63]++;
        if (!bad && ((one & 63) == WRONG || (one & 63) == CRASHED || (all & 63) == WRONG || (all & 63) == CRASHED)) {
            bad = at;
        }
    }
    ok(at < 5000 && !bad && (may_end || !results[ENDED]),
       "%s: %d allocations fail, alone and with all that follow; %d right, %d refused, %d ended, bad at %d", name,
       (at - 1) / step, results[RIGHT], results[REFUSED], results[ENDED], bad);
}

static void prepare(int which)
{
    static const char *const settings[2] = {"scrypt ln=10 r=1 p=1", "auto"};
    const char *why = NULL;

    ok(um_pwhash_params(pool, settings[which], &params[which], &why) == APR_SUCCESS
       && um_pwhash_make(pool, &params[which], PASSWORD, strlen(PASSWORD), &hashes[which]) == APR_SUCCESS,
       "a hash: %s", params[which].family);
    ok(um_jwk_parse(pool, pem[which], strlen(pem[which]), &keys[which], &why) == APR_SUCCESS
       && (tokens[which] = sign(which)), "a key and its token: %s", algorithms[which]);
}

int main(void)
{
    static const struct { const char *name; result_e (*task)(int); int may_end; } tasks[] = {
        {"JSON is read", parse_json, 1}, {"JSON is written", print_json, 1}, {"a key is read", parse_key, 1},
        {"a token is signed", sign_token, 1}, {"a token is verified", verify_token, 1},
        {"a forged token is verified", verify_forged, 1}, {"a password is verified", verify_password, 0},
        {"a wrong password is verified", verify_wrong_password, 0}, {"a password is hashed", make_hash, 0},
        {"a name is folded", fold_name, 0}, {"an address is folded", fold_address, 1},
    };

    apr_initialize();
    apr_pool_create(&pool, NULL);
    pem[0] = "-----BEGIN PRIVATE KEY-----\n"
             "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
             "-----END PRIVATE KEY-----\n";
    pem[1] = "{\"kty\":\"oct\",\"k\":\"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE\"}";
    for (int which = 0; which < 2; which++) {
        prepare(which);
    }
    for (size_t i = 0; i < sizeof(tasks) / sizeof(tasks[0]); i++) {
        for (int which = 0; which < 2; which++) {
            each_fails(tasks[i].name, tasks[i].task, which, tasks[i].may_end);
        }
    }
    apr_terminate();
    return tap_done();
}
#endif
