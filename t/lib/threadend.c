/* SPDX-License-Identifier: Apache-2.0 */
/* Preloaded into httpd by a test. A thread for which libcrypto keeps data ends slowly: it waits until libcrypto has
 * cleaned up, at most so many milliseconds. When it has, both would free that data: then the process is aborted, because
 * the allocator does not always notice. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LONGEST_MS 2000

/* libcrypto has one key with a destructor. */
static pthread_key_t watched;
static void (*free_data)(void *);
static atomic_int is_deleted;

static int is_libcrypto(const void *address)
{
    Dl_info info;

    return dladdr(address, &info) && info.dli_fname && strstr(info.dli_fname, "libcrypto");
}

static void end_slowly(void *data)
{
    for (int i = 0; i < LONGEST_MS && !is_deleted; i++) {
        usleep(1000);
    }
    if (is_deleted) {
        fputs("double free: a thread ends whose data libcrypto has freed\n", stderr);
        abort();
    }
    free_data(data);
}

int pthread_key_create(pthread_key_t *key, void (*destructor)(void *))
{
    static int (*real)(pthread_key_t *, void (*)(void *));
    int is_watched = destructor && !free_data && is_libcrypto(__builtin_return_address(0)), status;

    if (!real) {
        *(void **)&real = dlsym(RTLD_NEXT, "pthread_key_create");
    }
    if (is_watched) {
        free_data = destructor;
    }
    status = real(key, is_watched ? end_slowly : destructor);
    if (is_watched) {
        watched = *key;
        fputs("the ends of threads are watched\n", stderr);
    }
    return status;
}

int pthread_key_delete(pthread_key_t key)
{
    static int (*real)(pthread_key_t);

    if (!real) {
        *(void **)&real = dlsym(RTLD_NEXT, "pthread_key_delete");
    }
    if (free_data && key == watched) {
        is_deleted = 1;
    }
    return real(key);
}
