/* SPDX-License-Identifier: MIT */

/* clocks.so, for LD_PRELOAD: moves the clocks of one program, as if somebody had set the wall clock or the machine had slept. The file
 * named in CLOCKS holds two numbers of microseconds, and may be replaced while the program runs: what is added to the wall clock, and how long
 * the machine slept, which is added to the wall clock and the time since boot, and not to CLOCK_MONOTONIC. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static void moved(long long *ret_step, long long *ret_asleep) {
        const char *path = getenv("CLOCKS");
        FILE *f = path ? fopen(path, "re") : NULL;

        if (!f || fscanf(f, "%lld %lld", ret_step, ret_asleep) != 2)
                abort();
        (void) fclose(f);
}

static void add(struct timespec *ts, int64_t usec) {
        int64_t nsec = ts->tv_nsec + usec % 1000000 * 1000;

        ts->tv_sec += usec / 1000000 + (nsec >= 1000000000) - (nsec < 0);
        ts->tv_nsec = (nsec + 1000000000) % 1000000000;
}

int clock_gettime(clockid_t id, struct timespec *ts) {
        long long step, asleep;

        if (syscall(SYS_clock_gettime, id, ts) < 0)
                return -1;
        if (id != CLOCK_REALTIME && id != CLOCK_BOOTTIME)
                return 0;
        moved(&step, &asleep);
        add(ts, asleep + (id == CLOCK_REALTIME ? step : 0));
        return 0;
}

/* All absolute times of the daemon are of CLOCK_BOOTTIME: the kernel's own must be waited for. */
int timerfd_settime(int fd, int flags, const struct itimerspec *new, struct itimerspec *old) {
        struct itimerspec real = *new;
        long long step, asleep;

        moved(&step, &asleep);
        if (flags & TFD_TIMER_ABSTIME && (real.it_value.tv_sec != 0 || real.it_value.tv_nsec != 0))
                add(&real.it_value, -asleep);
        if (real.it_value.tv_sec < 0) /* due while it slept, soon after its boot */
                real.it_value = (struct timespec){ .tv_nsec = 1 };
        return (int) syscall(SYS_timerfd_settime, fd, flags, &real, old);
}
