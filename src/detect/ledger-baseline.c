/* SPDX-License-Identifier: MIT */

/* Ledger: the baseline. What lives on is told once more, as present, each `baseline`: or a journal that keeps four weeks would know nothing of a
 * connection that is older. Each connection has its own time within the first part of that span, so that not all are told at once. */

#include "detect/ledger-internal.h"

#define SPREAD 24 /* the part of the baseline in which all have their turn: an hour of a day */

/* How often a turn that comes `phase` after the begin of each baseline has come by t. */
static uint64_t turns(const Ledger *l, uint64_t t, uint64_t phase) {
        uint64_t first = l->baseline_from + phase;

        return t < first ? 0 : (t - first) / l->options.baseline;
}

void ledger_baseline_begin(Ledger *l, uint64_t now) {
        if (l->baseline_from == 0 || l->options.baseline == 0) {
                l->baseline_from = l->baseline_before = l->baseline_now = now;
                return;
        }
        l->baseline_before = l->baseline_now;
        l->baseline_now = MAX(now, l->baseline_now);
        if (turns(l, l->baseline_now, 0) == turns(l, l->baseline_before, 0))
                return;
        /* What stands only in the first event about a process, too. */
        for (Actor *a = l->actors; a; a = a->hh.next)
                a->evidence_told = a->exe_told = false;
}

bool ledger_baseline_due(const Ledger *l, const Connection *c) {
        uint64_t spread = l->options.baseline / SPREAD, phase;

        if (!c->told || l->options.baseline == 0)
                return false;
        /* Mostly it is nobody's turn. */
        if (turns(l, l->baseline_now, 0) == turns(l, l->baseline_before, spread))
                return false;
        phase = hash_mix(c->id, l->secret[0]) % (spread + 1);
        return turns(l, l->baseline_now, phase) > turns(l, l->baseline_before, phase);
}
