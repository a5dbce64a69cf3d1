/* SPDX-License-Identifier: MIT */
#pragma once

/* Clocks, in microseconds. Events keep CLOCK_BOOTTIME, which never steps and counts suspended time;
 * it becomes wall-clock time only when an event is emitted. */

#include <stdint.h>

uint64_t clock_boottime(void);
uint64_t clock_monotonic(void);
/* CPU time of this process. */
uint64_t clock_cpu(void);
/* CLOCK_REALTIME minus CLOCK_BOOTTIME, read back to back: add it to a boottime instant to get microseconds
 * since the epoch. */
int64_t clock_offset(void);
