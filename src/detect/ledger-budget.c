/* SPDX-License-Identifier: MIT */

/* Ledger: the budget. While it is spent, events of priority 6 that would be told singly are summed up: connections by ledger-fold.c, processes by
 * ledger-crowd.c, closes of unknown sockets by books.c. Nothing is dropped, and what was told to open singly is told to end singly: so it goes into debt, and
 * comes out of it later. */

#include <inttypes.h>
#include <string.h>

#include "detect/ledger-internal.h"

#define RULES_TOLD 3

/* Of the rule that an event names; RULES_MAX: of none. */
static size_t rule_of(const Ledger *l, const Event *e) {
        Bytes name = event_has(e, EVENT_FIELD_RULE) ? e->values[EVENT_FIELD_RULE].bytes : (Bytes){};

        for (size_t i = 0; name.size > 0 && i < l->rules->count; i++)
                if (strlen(l->rules->rules[i].name) == name.size && memcmp(l->rules->rules[i].name, name.data, name.size) == 0)
                        return i;
        return RULES_MAX;
}

void ledger_spend(Ledger *l, const Event *e, uint64_t bytes) {
        size_t rule = rule_of(l, e);

        budget_spend(&l->budget, bytes);
        if (rule < RULES_MAX)
                l->written[rule] += bytes;
}

/* Of those that are not named yet, the one that has written most; RULES_MAX: none. */
static size_t next_rule(const Ledger *l, const bool *named) {
        size_t most = RULES_MAX;

        for (size_t i = 0; i < l->rules->count; i++)
                if (!named[i] && l->written[i] > 0 && (most == RULES_MAX || l->written[i] > l->written[most]))
                        most = i;
        return most;
}

static void set_rules(const Ledger *l, Event *e, Text *text) {
        bool named[RULES_MAX] = {};

        for (size_t n = 0; n < RULES_TOLD; n++) {
                size_t i = next_rule(l, named);

                if (i == RULES_MAX)
                        break;
                named[i] = true;
                text_printf(text, "%s%s=%" PRIu64, n > 0 ? " " : "", l->rules->rules[i].name, l->written[i]);
        }
        if (text->size > 0 && text_error(text) >= 0)
                event_set_bytes(e, EVENT_FIELD_BUDGET_RULES, bytes_of(text_string(text)));
}

void ledger_judge_budget(Ledger *l, uint64_t now) {
        _cleanup_text_ Text rules = TEXT_NULL;
        Event *e;

        if (budget_fill(&l->budget, now))
                memset(l->written, 0, sizeof(l->written));
        e = ledger_condition_event(l, CONDITION_BUDGET, l->budget.spent, now);
        if (!e)
                return;
        if (l->budget.spent) {
                if (l->budget.full != 0)
                        event_set_number(e, EVENT_FIELD_DURATION, now - l->budget.full);
                event_set_number(e, EVENT_FIELD_BUDGET_WRITTEN, l->budget.written);
                set_rules(l, e, &rules);
        } else {
                event_set_number(e, EVENT_FIELD_BUDGET_FOLDED, l->thrift);
                l->thrift = 0;
        }
        ledger_say(l, e);
}
