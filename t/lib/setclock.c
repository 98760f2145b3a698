/* SPDX-License-Identifier: Apache-2.0 */
/* Preloaded into a server of the tests: sets its time of day, and nothing else, by as many seconds as the file says that
 * the environment names in UM_TEST_CLOCK. The monotonic clock goes on as it does. */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long offset(void)
{
    const char *name = getenv("UM_TEST_CLOCK");
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
    return status;
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
