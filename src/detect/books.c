/* SPDX-License-Identifier: MIT */

/* Books: what the kernel counted against what was told (rule 12), and closes of sockets that were never in the map
 * (rule 7). */

#include <errno.h>

#include "detect/ledger-internal.h"

Book *ledger_book(Ledger *l, const Netns *netns) {
        Book *books;

        for (size_t i = 0; i < l->book_count; i++)
                if (l->books[i].netns.id == netns->id)
                        return &l->books[i];
        books = reallocarray(l->books, l->book_count + 1, sizeof(Book));
        if (!books)
                return NULL;
        l->books = books;
        l->books[l->book_count] = (Book){ .netns = *netns };
        return &l->books[l->book_count++];
}

unsigned ledger_book_column(unsigned direction) {
        if (direction == DIRECTION_EGRESS)
                return BOOK_ACTIVE;
        return direction == DIRECTION_INGRESS ? BOOK_PASSIVE : BOOK_UNKNOWN;
}

/* Only what appeared while we looked, and not what did between two runs: the kernel's counters begin at our zero, too. With hooks openings are recorded
 * by their notices (books-hooked.c), and what looks alone have found is no opening that hooks have counted. */
void ledger_book_opened(Ledger *l, Connection *c, bool reported) {
        unsigned column = ledger_book_column(c->direction);
        Book *b;

        if (c->transport != TRANSPORT_TCP || c->state == STATE_LISTEN || !c->appeared || c->opened_not_before < l->resumed)
                return;
        b = l->options.notices_exact && !c->noticed ? NULL : ledger_book(l, &c->table->netns);
        if (!b)
                return;
        if (reported) {
                b->reported[column] += !c->booked;
                b->unwanted[column] -= c->unwanted;
                c->unwanted = false;
                c->booked = true;
        } else if (!l->options.notices_exact)
                b->recorded[column]++;
        else if (c->rule == RULE_NONE && !c->unwanted) {
                b->unwanted[column]++;
                c->unwanted = true;
        }
}

void ledger_books_kernel(Ledger *l, const Netns *netns, Openings before, Openings after, bool born) {
        Book *b = ledger_book(l, netns);
        Openings moved = { after.active - before.active, after.passive - before.passive };

        if (!b)
                return;
        if (!b->kernel_known && !born) {
                b->hooked_zero = b->hooked;
                b->zero = after;
                b->zero_uncertain = moved;
                moved = (Openings){};
        }
        b->kernel_known = true;
        b->now = after;
        b->uncertain.active = b->zero_uncertain.active + moved.active;
        b->uncertain.passive = b->zero_uncertain.passive + moved.passive;
        ledger_book_listen(b);
}

/* Since its zero; a counter that began anew goes below it. */
int64_t ledger_book_kernel(const Book *b, unsigned column) {
        return column == BOOK_ACTIVE ? (int64_t) (b->now.active - b->zero.active) : (int64_t) (b->now.passive - b->zero.passive);
}

/* Does what the kernel counted agree with what was recorded, but for what opened while the tables were read? An opening of which nobody knows
 * the direction may be either. */
static bool book_is_plausible(const Book *b) {
        int64_t active = ledger_book_kernel(b, BOOK_ACTIVE) - b->recorded[BOOK_ACTIVE];
        int64_t passive = ledger_book_kernel(b, BOOK_PASSIVE) - b->recorded[BOOK_PASSIVE];
        int64_t rest = active + passive - b->recorded[BOOK_UNKNOWN];
        int64_t a = (int64_t) b->uncertain.active, p = (int64_t) b->uncertain.passive;

        return b->kernel_known && active >= -a && passive >= -p && rest >= -(a + p) && rest <= a + p;
}

static bool book_balances(const Ledger *l, const Book *b) {
        return l->options.notices_exact ? ledger_book_is_exact(l, b) : book_is_plausible(b);
}

/* No table of it is left: the namespace is gone. */
static bool book_is_over(const Ledger *l, const Book *b) {
        for (size_t i = 0; i < l->table_count; i++)
                if (l->tables[i]->life == TABLE_LIVE && l->tables[i]->netns.id == b->netns.id)
                        return false;
        return true;
}

static void book_add(Book *sum, const Book *b) {
        sum->kernel_known |= b->kernel_known;
        sum->now.active += b->now.active - b->zero.active;
        sum->now.passive += b->now.passive - b->zero.passive;
        sum->uncertain.active += b->uncertain.active;
        sum->uncertain.passive += b->uncertain.passive;
        for (unsigned i = 0; i < _BOOK_MAX; i++) {
                sum->recorded[i] += b->recorded[i];
                sum->reported[i] += b->reported[i];
                sum->unwanted[i] += b->unwanted[i];
        }
        ledger_book_add_hooked(sum, b);
        sum->unattributable += b->unattributable;
        sum->missed += b->missed;
}

#define ROWS_MAX 3600 /* bytes: with the last row it fits a field */

/* A row of SOCKAUDIT_UNBALANCED. */
static void book_row(Text *t, const Book *b, bool over) {
        if (t->size > ROWS_MAX)
                return;
        text_printf(t, "%s%u ", t->size > 0 ? "; " : "", b->netns.inode);
        if (b->kernel_known)
                text_printf(t, "kernel=%lld,%lld ", (long long) ledger_book_kernel(b, BOOK_ACTIVE), (long long) ledger_book_kernel(b, BOOK_PASSIVE));
        if (b->hooked_known)
                ledger_book_row_hooked(t, b);
        text_printf(t, "recorded=%lld,%lld,%lld", (long long) b->recorded[0], (long long) b->recorded[1], (long long) b->recorded[2]);
        if (b->uncertain.active != 0 || b->uncertain.passive != 0)
                text_printf(t, " uncertain=%llu,%llu", (unsigned long long) b->uncertain.active, (unsigned long long) b->uncertain.passive);
        if (over)
                text_append(t, " gone");
}

static void set_sums(const Ledger *l, Event *e, const Book *sum) {
        if (sum->kernel_known) {
                event_set_printf(e, EVENT_FIELD_OPENED_KERNEL, "%lld %lld", (long long) ledger_book_kernel(sum, BOOK_ACTIVE),
                                 (long long) ledger_book_kernel(sum, BOOK_PASSIVE));
                event_set_printf(e, EVENT_FIELD_OPENED_UNCERTAIN, "%llu %llu", (unsigned long long) sum->uncertain.active,
                                 (unsigned long long) sum->uncertain.passive);
        }
        if (sum->hooked_known)
                ledger_book_set_hooked(e, sum);
        event_set_printf(e, EVENT_FIELD_OPENED_RECORDED, "%lld %lld %lld", (long long) (sum->recorded[0] - sum->unwanted[0]),
                         (long long) (sum->recorded[1] - sum->unwanted[1]), (long long) (sum->recorded[2] - sum->unwanted[2]));
        event_set_printf(e, EVENT_FIELD_OPENED_REPORTED, "%lld %lld %lld", (long long) sum->reported[0],
                         (long long) sum->reported[1], (long long) sum->reported[2]);
        event_set_number(e, EVENT_FIELD_MISSED, sum->missed);
        event_set_number(e, EVENT_FIELD_UNATTRIBUTABLE, sum->unattributable);
        event_set_word(e, EVENT_FIELD_SEEN_BY, l->options.notices_exact ? "bpf" : "snapshot");
        if (!l->options.notices_exact)
                event_set_word(e, EVENT_FIELD_ESTIMATE, "yes");
}

void ledger_balance(Ledger *l, Event *e) {
        Book sum = {};
        size_t balanced = 0, kept = 0, count = l->book_count;

        text_clear(&l->unbalanced);
        for (size_t i = 0; i < count; i++) {
                const Book *b = &l->books[i];
                bool over = book_is_over(l, b), balances = book_balances(l, b);

                balanced += balances;
                if (!balances)
                        book_row(&l->unbalanced, b, over);
                book_add(over ? &l->closed : &sum, b);
                if (!over)
                        l->books[kept++] = *b;
        }
        l->book_count = kept;
        book_add(&sum, &l->closed);
        set_sums(l, e, &sum);
        event_set_number(e, EVENT_FIELD_NAMESPACE_COUNT, count);
        event_set_number(e, EVENT_FIELD_BALANCED_COUNT, balanced);
        if (l->options.notices_exact && balanced < count)
                e->priority = 4;
        if (l->unbalanced.size > 0)
                event_set_bytes(e, EVENT_FIELD_UNBALANCED, bytes_of(text_string(&l->unbalanced)));
}

int ledger_missed(Ledger *l, const Notice *n, TableState *t) {
        Book *b = ledger_book(l, &t->netns);
        const Socket *s = &n->socket;

        if (!b)
                return -ENOMEM;
        if (s->peer.port == 0 || s->answered == ANSWERED_NO) {
                /* Never connected, refused, or reset by linger 0: the kernel does not say which. */
                b->unattributable++;
                return 0;
        }
        b->missed++;
        ledger_tell_missed(l, n, t);
        return 0;
}

void ledger_books_free(Ledger *l) {
        free(l->books);
        text_done(&l->unbalanced);
}
