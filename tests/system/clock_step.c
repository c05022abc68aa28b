/* Preloaded by a test: the wall clock of the main thread is as many seconds away from the system's as the file CLOCK_STEP_FILE says (an
 * int64_t). The monotonic clock is the system's, as it is when somebody sets the clock. Other threads are librdkafka's, which wait by the
 * wall clock: for them it must be that of the kernel. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *step;

static void __attribute__((constructor)) open_step(void)
{
    int fd = open(getenv("CLOCK_STEP_FILE"), O_RDONLY | O_CLOEXEC);
    step = mmap(NULL, sizeof(*step), PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
}

int clock_gettime(clockid_t id, struct timespec *now)
{
    int rc = (int)syscall(SYS_clock_gettime, id, now);
    if (rc == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE) && syscall(SYS_gettid) == getpid())
        now->tv_sec += *step;
    return rc;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec precise;
    clock_gettime(CLOCK_REALTIME, &precise);
    *now = (struct timeval){ .tv_sec = precise.tv_sec, .tv_usec = precise.tv_nsec / 1000 };
    return 0;
}

time_t time(time_t *out)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out != NULL)
        *out = now.tv_sec;
    return now.tv_sec;
}
