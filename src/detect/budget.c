/* SPDX-License-Identifier: MIT */

#include "detect/budget.h"

#include "base/macro.h"

#define HOURS 24.0
#define DAY ((double) (86400 * USEC_PER_SEC))

static double capacity(const Budget *b) {
        return (double) b->day / HOURS;
}

void budget_limit(Budget *b, uint64_t day) {
        if (day == b->day)
                return;
        *b = (Budget){ .day = day, .filled = b->filled, .full = b->filled };
        b->level = capacity(b);
}

bool budget_fill(Budget *b, uint64_t now) {
        double most = capacity(b);

        if (b->filled == 0)
                b->full = now;
        else if (now > b->filled)
                b->level += (double) b->day * (double) (now - b->filled) / DAY;
        b->filled = MAX(b->filled, now);
        b->spent = b->spent && b->level < most / 4;
        if (b->level < most)
                return false;
        b->level = most;
        b->written = 0;
        b->full = b->filled;
        return true;
}

void budget_spend(Budget *b, uint64_t bytes) {
        b->written += bytes;
        b->level -= (double) bytes;
        b->spent = b->spent || (b->day != 0 && b->level <= 0);
}
