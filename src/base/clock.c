/* SPDX-License-Identifier: MIT */

#include "base/clock.h"

#include <errno.h>
#include <sys/timex.h>
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
        ClockReading r;

        clock_read(&r);
        return r.offset;
}

#define READ_TRIES 5
#define READ_BLUR 50 /* usec: good enough, nobody interrupted */

/* Whoever is interrupted between two clocks reads the first anew; the best of a few tries counts. */
void clock_read(ClockReading *ret) {
        ret->blur = UINT64_MAX;
        for (unsigned i = 0; i < READ_TRIES && ret->blur > READ_BLUR; i++) {
                uint64_t before = clock_boottime(), monotonic = clock_monotonic();
                uint64_t real = clock_usec(CLOCK_REALTIME), after = clock_boottime();
                uint64_t middle = before + (after - before) / 2;

                if (after - before >= ret->blur)
                        continue;
                *ret = (ClockReading){
                        .boottime = middle,
                        .offset = (int64_t) (real - middle),
                        .asleep = middle > monotonic ? middle - monotonic : 0,
                        .blur = after - before,
                };
        }
}

#define ASLEEP_LEAST (10 * USEC_PER_MSEC)
#define STEP_LEAST USEC_PER_SEC

ClockChange clock_compare(const ClockReading *before, const ClockReading *now) {
        uint64_t blur = before->blur + now->blur, asleep = now->asleep > before->asleep ? now->asleep - before->asleep : 0;
        int64_t step = now->offset - before->offset;

        return (ClockChange){
                .asleep = asleep >= ASLEEP_LEAST + blur ? asleep : 0,
                .step = (uint64_t) llabs(step) > STEP_LEAST + blur ? step : 0,
        };
}

int64_t clock_follow(int64_t offset, const ClockReading *now) {
        return (uint64_t) llabs(now->offset - offset) > USEC_PER_MSEC + now->blur ? now->offset : offset;
}

int clock_sync(bool *ret_synchronised, uint64_t *ret_error_usec) {
        struct timex t = {}; /* modes 0: nothing is set */
        int state = adjtimex(&t);

        if (state < 0)
                return -errno;
        *ret_synchronised = state != TIME_ERROR && !(t.status & STA_UNSYNC);
        *ret_error_usec = t.maxerror > 0 ? (uint64_t) t.maxerror : 0;
        return 0;
}
