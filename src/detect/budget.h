/* SPDX-License-Identifier: MIT */
#pragma once

/* Budget: bytes of the journal that may be written in a day, as a bucket: it holds what is due to an hour, and fills all the time. What must be told is
 * told when it is empty, too, and then it goes into debt. `spent` means: it was emptied, and has not become a quarter full again. Pure; times are
 * CLOCK_BOOTTIME microseconds. */

#include <stdbool.h>
#include <stdint.h>

typedef struct Budget {
        uint64_t day;     /* bytes; 0: no limit, and it is never spent */
        double level;     /* bytes that are left; negative: debt */
        uint64_t filled;  /* until then */
        bool spent;
        uint64_t written; /* bytes since it was full */
        uint64_t full;    /* when it was, last; or the first time */
} Budget;

/* Another limit: it begins with a full bucket. */
void budget_limit(Budget *b, uint64_t day);
/* Time goes on. True: it is full. */
bool budget_fill(Budget *b, uint64_t now);
/* So many bytes were written. */
void budget_spend(Budget *b, uint64_t bytes);
