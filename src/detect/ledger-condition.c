/* SPDX-License-Identifier: MIT */

/* Ledger: what makes the daemon work less well for a while, as audit-degraded and audit-restored tell it. */

#include <string.h>

#include "detect/ledger-internal.h"

static const struct {
        const char *word, *what;
} conditions[_CONDITION_MAX] = {
        [CONDITION_OUTBOX] = { "outbox", "the disk takes no more: what waits for the journal is lost when the daemon ends" },
        [CONDITION_LOOK] = { "look", "nothing can be looked at: what opens and closes meanwhile is not seen" },
        [CONDITION_HOOKS] = { "hooks", "programs in the kernel do not see any more what happens: what comes and goes between two looks is not seen" },
        [CONDITION_BUDGET] = { "budget", "there is more to tell than the budget allows: events of priority 6 are summed up" },
        [CONDITION_MAP] = { "map", "the state cannot be written: the next start tells everything anew" },
};

Event *ledger_condition_event(Ledger *l, LedgerCondition condition, bool holds, uint64_t now) {
        Event *e;

        if (l->conditions[condition].holds == holds)
                return NULL;
        l->conditions[condition].holds = holds;
        if (holds)
                l->conditions[condition].since = now;
        e = ledger_event(l, holds ? EVENT_AUDIT_DEGRADED : EVENT_AUDIT_RESTORED, l->conditions[condition].since, now, NULL);
        if (!holds)
                event_set_number(e, EVENT_FIELD_DURATION, now - l->conditions[condition].since);
        event_set_word(e, EVENT_FIELD_CONDITION, conditions[condition].word);
        event_set_word(e, EVENT_FIELD_DEGRADED, conditions[condition].what);
        return e;
}

void ledger_condition(Ledger *l, LedgerCondition condition, bool holds, int error, uint64_t now) {
        Event *e = ledger_condition_event(l, condition, holds, now);

        if (!e)
                return;
        if (holds)
                l->conditions[condition].error = error;
        if (l->conditions[condition].error != 0)
                event_set_word(e, EVENT_FIELD_ERROR, strerrorname_np(l->conditions[condition].error));
        ledger_say(l, e);
}
