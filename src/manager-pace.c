/* SPDX-License-Identifier: MIT */

#include "manager-pace.h"

#include "base/log.h"
#include "base/macro.h"

void pace_check(Pace *p, Ledger *l, const Config *config, uint64_t started, uint64_t duration, uint64_t before, uint64_t meanwhile) {
        uint64_t interval = config->interval, held_up = p->due != 0 && started > p->due + before ? started - p->due - before : 0;
        bool late = duration > interval + meanwhile;

        if (held_up > interval) {
                log_warning("held up for %llu ms: nothing was looked at meanwhile", (unsigned long long) (held_up / USEC_PER_MSEC));
                ledger_gap(l, "cycle-missed", p->due, started, held_up / interval);
        }
        if (late && p->missed == 0) {
                log_warning("a look took %llu ms, longer than the interval of %llu ms; the next one starts an interval after it",
                            (unsigned long long) (duration / USEC_PER_MSEC), (unsigned long long) (interval / USEC_PER_MSEC));
                ledger_gap(l, "cycle-missed", started, started + duration, duration / interval);
                p->late_since = started;
        }
        if (!late)
                pace_end(p, l);
        else {
                p->late_looks++;
                p->late_until = started + duration;
                p->missed += duration / interval;
        }
}

void pace_end(Pace *p, Ledger *l) {
        if (p->late_looks > 1)
                ledger_gap(l, "cycle-missed", p->late_since, p->late_until, p->missed);
        p->late_looks = p->missed = 0;
}

/* What lives shorter than that is not seen by looks, and their events say so by their bounds. */
static void check_stretched(Pace *p, uint64_t interval, uint64_t distance) {
        bool stretched = distance > 2 * interval;

        if (stretched && !p->stretched)
                log_notice("a look every %llu ms would take more of a processor than cpu_max: the next one is in %llu ms",
                           (unsigned long long) (interval / USEC_PER_MSEC), (unsigned long long) (distance / USEC_PER_MSEC));
        p->stretched = stretched;
}

uint64_t pace_next(Pace *p, const Config *config, uint64_t ended, uint64_t cpu) {
        p->earliest = ended + cpu * 10000 / config->cpu_max;
        p->due = MAX(ended + config->interval, p->earliest);
        check_stretched(p, config->interval, p->due - ended);
        return p->due - ended;
}

bool pace_sooner(Pace *p, uint64_t at) {
        if (p->due == 0 || at >= p->due)
                return false;
        p->due = at;
        return true;
}
