/* SPDX-License-Identifier: MIT */
#pragma once

/* Clocks, in microseconds. Events keep CLOCK_BOOTTIME, which never steps and counts suspended time;
 * it becomes wall-clock time only when an event is emitted. */

#include <stdbool.h>
#include <stdint.h>

uint64_t clock_boottime(void);
uint64_t clock_monotonic(void);
/* CPU time of this process. */
uint64_t clock_cpu(void);
/* CLOCK_REALTIME minus CLOCK_BOOTTIME: add it to a boottime instant to get microseconds since the epoch. */
int64_t clock_offset(void);

/* The clocks against each other. Slewing moves all of them alike: the offset changes when somebody sets the clock, `asleep` when
 * the machine slept, and neither does otherwise. */
typedef struct ClockReading {
        uint64_t boottime;
        int64_t offset;  /* as clock_offset() */
        uint64_t asleep; /* since the boot */
        uint64_t blur;   /* the three were not read at once, but within this time */
} ClockReading;

void clock_read(ClockReading *ret);

/* What happened between two readings. Both are 0 where nothing did that stands out of the blur. */
typedef struct ClockChange {
        uint64_t asleep; /* at least 10 ms of it */
        int64_t step;    /* forwards, or backwards, by more than a second */
} ClockChange;

ClockChange clock_compare(const ClockReading *before, const ClockReading *now);

/* An offset to convert by: the one in use, for as long as it is right to the millisecond, so that one instant is always written alike. */
int64_t clock_follow(int64_t offset, const ClockReading *now);

/* Is the kernel's clock kept in step with others, and then: how wrong can it be? Only asks. 0; or negative errno, where that is not allowed. */
int clock_sync(bool *ret_synchronised, uint64_t *ret_error_usec);
