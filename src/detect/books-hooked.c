/* SPDX-License-Identifier: MIT */

/* Books: what hooks in the kernel add to them (rule 12). Each link of the chain has its own witness:
 *
 *   KERNEL = HOOKED      counters of the kernel, counters of the programs; but for attempts that failed before anything was sent
 *   WATCHED = RECORDED   counters of the programs, notices that arrived here; but for those that had no room, which are told as lost
 *   RECORDED = REPORTED  notices, events with a seq; but for those that turned out to be of nobody who is told of, and those not yet judged */

#include "detect/ledger-internal.h"

void ledger_book_recorded(Ledger *l, const Notice *n, const TableState *t, bool healed) {
        bool counted = n->socket.transport == TRANSPORT_TCP && n->socket.state != STATE_LISTEN;
        Book *b = counted ? ledger_book(l, &t->netns) : NULL;

        if (!b)
                return;
        b->recorded[ledger_book_column(n->direction)]++;
        l->healed_openings += healed;
}

bool ledger_book_netns(const Ledger *l, size_t i, Netns *ret) {
        if (i >= l->book_count)
                return false;
        *ret = l->books[i].netns;
        return true;
}

void ledger_book_foreign(Ledger *l, const Notice *n, const TableState *t) {
        Book *b = ledger_book(l, &t->netns);

        if (b)
                b->unwanted[ledger_book_column(n->direction)]++;
}

static Openings subtract(Openings a, Openings b) {
        return (Openings){ a.active - b.active, a.passive - b.passive };
}

static bool is_between(uint64_t low, int64_t value, uint64_t high, uint64_t missing) {
        return value <= (int64_t) high && value + (int64_t) missing >= (int64_t) low;
}

void ledger_books_hooked(Ledger *l, const Netns *netns, const Hooked *before, const Hooked *after, uint64_t lost) {
        Book *b = ledger_book(l, netns);
        uint64_t missing;

        if (!b)
                return;
        l->lost_openings = lost;
        missing = lost - MIN(lost, l->healed_openings);
        b->hooked_known = true;
        b->hooked = *after;
        b->adrift = !is_between(before->watched.active, b->recorded[BOOK_ACTIVE], after->watched.active, missing) ||
                    !is_between(before->watched.passive, b->recorded[BOOK_PASSIVE], after->watched.passive, missing);
}

/* Openings of it that no judgement has seen yet. */
static void count_pending(const Ledger *l, const Book *b, int64_t ret[_BOOK_MAX]) {
        for (const Connection *c = l->pending; c; c = c->next_pending)
                if (!c->out && c->newcomer && c->noticed && c->transport == TRANSPORT_TCP && c->state != STATE_LISTEN && c->table->netns.id == b->netns.id)
                        ret[ledger_book_column(c->direction)]++;
}

/* Since the zero of the kernel's counters. */
static Openings hooked_of(const Book *b) {
        return subtract(b->hooked.all, b->hooked_zero.all);
}

static uint64_t unsent_of(const Book *b) {
        return b->hooked.unsent - b->hooked_zero.unsent;
}

/* By which the kernel has counted more than hooks, for certain. */
static int64_t missed_by_hooks(const Book *b) {
        Openings hooked = hooked_of(b);
        int64_t active = ledger_book_kernel(b, BOOK_ACTIVE) - (int64_t) hooked.active - (int64_t) b->uncertain.active;
        int64_t passive = ledger_book_kernel(b, BOOK_PASSIVE) - (int64_t) hooked.passive - (int64_t) b->uncertain.passive;

        return MAX(active, (int64_t) 0) + MAX(passive, (int64_t) 0);
}

void ledger_book_listen(Book *b) {
        if (b->hooked_known)
                b->deaf = missed_by_hooks(b) > 0 ? b->deaf + 1 : 0;
}

Hearing ledger_hearing(const Ledger *l, uint64_t *ret_missed) {
        unsigned deaf = 0;

        for (size_t i = 0; i < l->book_count; i++)
                if (l->books[i].deaf > deaf) {
                        deaf = l->books[i].deaf;
                        *ret_missed = (uint64_t) missed_by_hooks(&l->books[i]);
                }
        return MIN(deaf, (unsigned) HEARING_DEAF);
}

void ledger_hooks_are_gone(Ledger *l) {
        l->options.notices_exact = false;
        for (size_t i = 0; i < l->book_count; i++) {
                l->books[i].hooked_known = l->books[i].adrift = false;
                l->books[i].deaf = 0;
        }
}

bool ledger_book_is_exact(const Ledger *l, const Book *b) {
        int64_t pending[_BOOK_MAX] = {}, active, passive;
        Openings hooked = hooked_of(b);

        count_pending(l, b, pending);
        for (unsigned i = 0; i < _BOOK_MAX; i++)
                if (b->recorded[i] != b->reported[i] + b->unwanted[i] + pending[i])
                        return false;
        if (b->adrift)
                return false;
        if (!b->kernel_known || !b->hooked_known)
                return true;
        active = ledger_book_kernel(b, BOOK_ACTIVE) - (int64_t) (hooked.active - unsent_of(b));
        passive = ledger_book_kernel(b, BOOK_PASSIVE) - (int64_t) hooked.passive;
        return active >= -(int64_t) b->uncertain.active && active <= (int64_t) b->uncertain.active &&
               passive >= -(int64_t) b->uncertain.passive && passive <= (int64_t) b->uncertain.passive;
}

void ledger_book_add_hooked(Book *sum, const Book *b) {
        Openings hooked = hooked_of(b);

        sum->hooked_known |= b->hooked_known;
        sum->hooked.all.active += hooked.active;
        sum->hooked.all.passive += hooked.passive;
        sum->hooked.watched.active += b->hooked.watched.active;
        sum->hooked.watched.passive += b->hooked.watched.passive;
        sum->hooked.unsent += unsent_of(b);
}

void ledger_book_set_hooked(Event *e, const Book *sum) {
        event_set_printf(e, EVENT_FIELD_OPENED_HOOKED, "%lld %lld", (long long) sum->hooked.all.active, (long long) sum->hooked.all.passive);
        event_set_printf(e, EVENT_FIELD_OPENED_WATCHED, "%lld %lld", (long long) sum->hooked.watched.active - (long long) sum->unwanted[BOOK_ACTIVE],
                         (long long) sum->hooked.watched.passive - (long long) sum->unwanted[BOOK_PASSIVE]);
        if (sum->hooked.unsent > 0)
                event_set_number(e, EVENT_FIELD_OPENED_UNSENT, sum->hooked.unsent);
}

void ledger_book_row_hooked(Text *t, const Book *b) {
        Openings hooked = hooked_of(b);

        text_printf(t, "hooked=%lld,%lld unsent=%llu watched=%llu,%llu unwanted=%lld,%lld reported=%lld,%lld ", (long long) hooked.active,
                    (long long) hooked.passive, (unsigned long long) unsent_of(b), (unsigned long long) b->hooked.watched.active,
                    (unsigned long long) b->hooked.watched.passive, (long long) b->unwanted[0], (long long) b->unwanted[1],
                    (long long) b->reported[0], (long long) b->reported[1]);
}
