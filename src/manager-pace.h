/* SPDX-License-Identifier: MIT */
#pragma once

/* When to look: an interval after the last look, later where looks would take more of a processor than cpu_max, sooner where something is to be
 * seen. What could not be kept is a gap. Times are CLOCK_BOOTTIME, in microseconds. */

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "detect/ledger.h"

typedef struct Pace {
        uint64_t due;      /* when the next cycle is to start; 0: at once */
        uint64_t earliest; /* before that, it would cost more than cpu_max */
        uint64_t late_looks, missed; /* of the episode that goes on: looks that took longer than the interval, and those that did not take place for it */
        uint64_t late_since, late_until; /* its bounds */
        bool stretched;    /* cpu_max keeps looks more than two intervals apart, and that was told */
} Pace;

/* After a cycle: those that did not take place, since the look took longer than the interval (the first one of an episode is told, and the whole
 * episode when it is over), or nobody let us run.
 * before, meanwhile: how long the machine slept before it and in it; that was told, and nobody was held up by it. */
void pace_check(Pace *p, Ledger *l, const Config *config, uint64_t started, uint64_t duration, uint64_t before, uint64_t meanwhile);

/* No more cycles: an episode that goes on is over, too. */
void pace_end(Pace *p, Ledger *l);

/* A cycle has ended that cost so much CPU time: how long until the next one. */
uint64_t pace_next(Pace *p, const Config *config, uint64_t ended, uint64_t cpu);

/* Something is to be seen at that time. True: the next cycle is then. */
bool pace_sooner(Pace *p, uint64_t at);
