/* SPDX-License-Identifier: Apache-2.0 */
/* Preloaded into a program of the tests: sets its time of day by as many seconds as the file says that the environment
 * names in UM_TEST_CLOCK. With UM_TEST_MONOTONIC the monotonic clock of the module and of usermgmt, and of nothing else,
 * stands still, at the milliseconds that the file says that this names. */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long number_in(const char *variable)
{
    const char *name = getenv(variable);
    char text[32] = "";
    int file = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;

    if (file >= 0) {
        if (read(file, text, sizeof(text) - 1) < 0) {
            text[0] = '\0';
        }
        close(file);
    }
    return strtol(text, NULL, 10);
}

static long offset(void)
{
    return number_in("UM_TEST_CLOCK");
}

static int is_ours(const void *address)
{
    Dl_info info;
    const char *name = dladdr(address, &info) && info.dli_fname ? strrchr(info.dli_fname, '/') : NULL;

    return name && strstr(name, "usermgmt");
}

int clock_gettime(clockid_t id, struct timespec *now)
{
    static int (*real)(clockid_t, struct timespec *);
    int status;

    if (!real) {
        *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
    }
    status = real(id, now);
    if (status == 0 && id == CLOCK_REALTIME) {
        now->tv_sec += offset();
    }
    if (status == 0 && id == CLOCK_MONOTONIC && getenv("UM_TEST_MONOTONIC") && is_ours(__builtin_return_address(0))) {
        long ms = number_in("UM_TEST_MONOTONIC");

        now->tv_sec = ms / 1000;
        now->tv_nsec = ms % 1000 * 1000000;
    }
    return status;
}

/* A wait until a moment of the clock that stands still takes as long as it is away. */
int clock_nanosleep(clockid_t id, int flags, const struct timespec *time, struct timespec *rest)
{
    static int (*real)(clockid_t, int, const struct timespec *, struct timespec *);
    struct timespec span = *time;

    if (!real) {
        *(void **)&real = dlsym(RTLD_NEXT, "clock_nanosleep");
    }
    if (id == CLOCK_MONOTONIC && flags == TIMER_ABSTIME && getenv("UM_TEST_MONOTONIC")
        && is_ours(__builtin_return_address(0))) {
        long ms = number_in("UM_TEST_MONOTONIC");
        long ns = (span.tv_sec - ms / 1000) * 1000000000 + span.tv_nsec - ms % 1000 * 1000000;

        span.tv_sec = ns > 0 ? ns / 1000000000 : 0;
        span.tv_nsec = ns > 0 ? ns % 1000000000 : 0;
        flags = 0;
    }
    return real(id, flags, &span, rest);
}

/* The system compares the end of a wait with the real time. */
int pthread_mutex_timedlock(pthread_mutex_t *mutex, const struct timespec *end)
{
    static int (*real)(pthread_mutex_t *, const struct timespec *);
    struct timespec real_end = *end;

    if (!real) {
        *(void **)&real = dlsym(RTLD_NEXT, "pthread_mutex_timedlock");
    }
    real_end.tv_sec -= offset();
    return real(mutex, &real_end);
}

int gettimeofday(struct timeval *now, void *zone)
{
    struct timespec time;
    int status = clock_gettime(CLOCK_REALTIME, &time);

    (void)zone;
    now->tv_sec = time.tv_sec;
    now->tv_usec = time.tv_nsec / 1000;
    return status;
}

time_t time(time_t *now)
{
    struct timespec time;

    clock_gettime(CLOCK_REALTIME, &time);
    if (now) {
        *now = time.tv_sec;
    }
    return time.tv_sec;
}
