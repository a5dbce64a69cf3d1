/* SPDX-License-Identifier: MIT */

#include "base/clock.h"

#include <time.h>

#include "base/macro.h"

static uint64_t clock_usec(clockid_t id) {
        struct timespec ts = {};

        (void) clock_gettime(id, &ts);
        return (uint64_t) ts.tv_sec * USEC_PER_SEC + (uint64_t) ts.tv_nsec / 1000;
}

uint64_t clock_boottime(void) {
        return clock_usec(CLOCK_BOOTTIME);
}

uint64_t clock_monotonic(void) {
        return clock_usec(CLOCK_MONOTONIC);
}

uint64_t clock_cpu(void) {
        return clock_usec(CLOCK_PROCESS_CPUTIME_ID);
}

int64_t clock_offset(void) {
        return (int64_t) clock_usec(CLOCK_REALTIME) - (int64_t) clock_usec(CLOCK_BOOTTIME);
}
