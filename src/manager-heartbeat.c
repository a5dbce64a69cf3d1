/* SPDX-License-Identifier: MIT */

#include "manager-heartbeat.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/macro.h"
#include "emit/journal-keeps.h"
#include "manager-outlet.h"

#define MISSED_EVERY (3600 * USEC_PER_SEC) /* a host that does nothing misses look-ups of names all day */
#define BLUR_MAX (100 * USEC_PER_MSEC) /* of a reading of the clocks that was interrupted too often: the next one tells */

void heartbeat_start(Heartbeat *h, Ledger *l, Cycle *c, uint64_t interval, bool journal) {
        *h = (Heartbeat){ .ledger = l, .cycle = c, .journal = journal };
        clock_read(&h->clock);
        h->due = h->clock.boottime + interval;
        h->missed_due = h->clock.boottime + MISSED_EVERY;
}

/* --- clocks ---------------------------------------------------------------------------------------- */

static Event *clock_gap(const ClockReading *before, const ClockReading *now, const char *reason) {
        Event *e = audit_event(EVENT_AUDIT_GAP);

        event_set_number(e, EVENT_FIELD_NOT_BEFORE, before->boottime);
        event_set_number(e, EVENT_FIELD_NOT_AFTER, now->boottime);
        event_set_word(e, EVENT_FIELD_SEEN_BY, "snapshot");
        event_set_word(e, EVENT_FIELD_GAP_REASON, reason);
        return e;
}

static void tell_suspend(Heartbeat *h, const ClockReading *now, uint64_t asleep) {
        Event *e = clock_gap(&h->clock, now, "suspend");

        log_notice("the machine slept for %llu s", (unsigned long long) (asleep / USEC_PER_SEC));
        event_set_number(e, EVENT_FIELD_DURATION, asleep);
        ledger_say(h->ledger, e);
}

static void tell_step(Heartbeat *h, const ClockReading *now, int64_t step) {
        Event *e = clock_gap(&h->clock, now, "clock-step");

        log_notice("the clock was set by %lld ms", (long long) step / (long long) USEC_PER_MSEC);
        event_set_printf(e, EVENT_FIELD_CLOCK_BEFORE, "%lld", (long long) h->clock.offset);
        event_set_printf(e, EVENT_FIELD_CLOCK_AFTER, "%lld", (long long) now->offset);
        ledger_say(h->ledger, e);
}

uint64_t heartbeat_check_clock(Heartbeat *h) {
        ClockReading now;
        ClockChange change;

        clock_read(&now);
        if (now.blur > BLUR_MAX)
                return 0;
        change = clock_compare(&h->clock, &now);
        if (change.asleep != 0)
                tell_suspend(h, &now, change.asleep);
        if (change.step != 0)
                tell_step(h, &now, change.step);
        h->clock = now;
        return change.asleep;
}

/* --- balance --------------------------------------------------------------------------------------- */

void heartbeat_set_counts(const Ledger *l, Event *e, Text *counts) {
        LedgerStatus status;

        ledger_status(l, &status);
        for (EventKind k = 0; k < _EVENT_KIND_MAX; k++)
                if (status.counts[k] > 0)
                        text_printf(counts, "%s%s=%llu", counts->size > 0 ? " " : "", event_kind_info(k)->name,
                                    (unsigned long long) status.counts[k]);
        if (counts->size > 0)
                event_set_bytes(e, EVENT_FIELD_COUNTS, bytes_of(text_string(counts)));
        event_set_number(e, EVENT_FIELD_SOCKET_COUNT, status.sockets);
        event_set_number(e, EVENT_FIELD_PROCESS_COUNT, status.processes);
}

static void set_clock(Event *e) {
        bool synchronised;
        uint64_t error;

        if (clock_sync(&synchronised, &error) < 0)
                return;
        event_set_word(e, EVENT_FIELD_CLOCK_SYNC, synchronised ? "yes" : "no");
        if (synchronised)
                event_set_number(e, EVENT_FIELD_CLOCK_ERROR, error);
}

static void check_retention(Heartbeat *h, uint64_t keeps) {
        uint64_t wanted = h->cycle->config->retention_wanted;
        bool is_short = keeps < wanted;

        if (is_short && !h->is_short)
                log_warning("journal: it keeps about %llu hours at this rate, less than retention_wanted (%llu)",
                            (unsigned long long) (keeps / USEC_PER_SEC / 3600), (unsigned long long) (wanted / USEC_PER_SEC / 3600));
        h->is_short = is_short;
}

static void set_keeps(Heartbeat *h, Event *e) {
        uint64_t keeps;
        JournalUse u;
        int r;

        /* With LogNamespace= in the unit events go to the journal of another journald. */
        if (!h->journal || getenv("LOG_NAMESPACE"))
                return;
        r = journal_use_read(&u);
        if (r >= 0)
                r = journal_use_keeps(&u, clock_boottime() + (uint64_t) clock_offset(), &keeps);
        if (r >= 0) {
                event_set_number(e, EVENT_FIELD_KEEPS, keeps);
                check_retention(h, keeps);
        } else if (r != h->journal_error)
                log_debug("journal: cannot say how long it keeps: %s", strerror(-r));
        h->journal_error = r;
}

static void tell_missed(Heartbeat *h, uint64_t now) {
        ledger_tell_folded(h->ledger, now, FOLDED_MISSED);
        h->missed_due = now + MISSED_EVERY;
}

static void tell_balance(Heartbeat *h) {
        _cleanup_text_ Text counts = TEXT_NULL;
        Event *e;

        e = audit_event(EVENT_AUDIT_BALANCE);
        ledger_balance(h->ledger, e);
        heartbeat_set_counts(h->ledger, e, &counts);
        set_clock(e);
        set_keeps(h, e);
        ledger_say(h->ledger, e);
}

void heartbeat_before_cycle(Heartbeat *h) {
        h->cycle->books.wanted = clock_boottime() >= h->due;
}

void heartbeat_after_cycle(Heartbeat *h, uint64_t interval) {
        uint64_t now = clock_boottime();

        if (now < h->due)
                return;
        if (now >= h->missed_due)
                tell_missed(h, now);
        tell_balance(h);
        h->due = now + interval;
}

void heartbeat_stop(Heartbeat *h) {
        Cycle *c = h->cycle;

        ledger_flush_processes(c->ledger, clock_boottime());
        tell_missed(h, clock_boottime());
        cycle_books_now(c);
        tell_balance(h);
}
