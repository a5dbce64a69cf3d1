/* SPDX-License-Identifier: MIT */

#include "cycle-books.h"

#include <errno.h>
#include <stdlib.h>

#include "base/macro.h"
#include "collect/hooks.h"
#include "collect/netns.h"
#include "collect/snmp.h"
#include "cycle.h"

void cycle_books_done(CycleBooks *b) {
        free(b->old);
        free(b->read);
        *b = (CycleBooks){};
}

static bool is_old(const CycleBooks *b, uint32_t inode) {
        for (size_t i = 0; i < b->old_count; i++)
                if (b->old[i] == inode)
                        return true;
        return false;
}

static int add_old(CycleBooks *b, uint32_t inode) {
        uint32_t *old;

        if (is_old(b, inode))
                return 0;
        old = array_grow(b->old, b->old_count, sizeof(*old));
        if (!old)
                return -ENOMEM;
        b->old = old;
        b->old[b->old_count++] = inode;
        return 0;
}

typedef struct Finding {
        CycleBooks *books;
        int proc_fd;
} Finding;

static int add_resident(void *userdata, const Process *p) {
        Finding *f = userdata;
        uint32_t inode = p->netns_inode;

        if (inode != 0)
                return add_old(f->books, inode);
        /* A zombie lives nowhere any more; who gives no access does somewhere. */
        if (netns_inode(f->proc_fd, p->pid, &inode) != -ESRCH)
                f->books->old_known = false;
        return 0;
}

static int find_old(CycleBooks *b, int proc_fd, Ledger *l) {
        _cleanup_free_ uint32_t *mounted = NULL;
        Finding f = { b, proc_fd };
        size_t count = 0;
        int r;

        r = netns_mounted(proc_fd, &mounted, &count);
        if (r == -ENOMEM)
                return r;
        b->old_known = r >= 0;
        for (size_t i = 0; i < count; i++) {
                r = add_old(b, mounted[i]);
                if (r < 0)
                        return r;
        }
        return ledger_processes(l, LEDGER_EVERYONE, add_resident, &f);
}

int cycle_books_begin(CycleBooks *b, int proc_fd, Ledger *l, bool all, bool tcp) {
        b->read_count = 0;
        b->off = !tcp;
        b->reading = all || b->wanted;
        b->wanted = false;
        if (b->begun)
                return 0;
        b->begun = true;
        return find_old(b, proc_fd, l);
}

int cycle_books_before(CycleBooks *b, int proc_fd, const Netns *netns, bool first) {
        struct CycleBook *read;

        if (b->off || (!b->reading && !first))
                return 0;
        read = array_grow(b->read, b->read_count, sizeof(*read));
        if (!read)
                return -ENOMEM;
        b->read = read;
        read = &b->read[b->read_count];
        *read = (struct CycleBook){ .netns = *netns, .born = first && b->old_known && !is_old(b, netns->inode) };
        /* Who is gone, or gives no access, has a book without the kernel's figures. */
        if (snmp_read(proc_fd, netns, &read->before) >= 0)
                b->read_count++;
        return 0;
}

int cycle_books_left(CycleBooks *b, const Netns *netns) {
        return add_old(b, netns->inode);
}

static void hooked(const Hooks *hooks, const Netns *netns, Hooked *ret) {
        struct RecordBook book = {};

        (void) hooks_book(hooks, netns->id, &book); /* there is none until something opens */
        *ret = (Hooked){
                .all = { book.active, book.passive },
                .watched = { book.watched_active, book.watched_passive },
                .unsent = book.unsent,
        };
}

/* What hooks have counted in a namespace, and between two readings of that everything that they have told. */
static void read_hooked(Cycle *c, const Netns *netns) {
        const Hooks *hooks = collector_hooks(c->collector);
        uint64_t lost[_LOST_MAX];
        Hooked before, after;

        if (!hooks || hooks_lost(hooks, lost) < 0)
                return;
        hooked(hooks, netns, &before);
        cycle_between(c);
        hooked(hooks, netns, &after);
        if (hooks_lost(hooks, lost) >= 0)
                ledger_books_hooked(c->ledger, netns, &before, &after, lost[LOST_OPEN]);
}

static bool is_read(const CycleBooks *b, uint64_t netns) {
        for (size_t i = 0; i < b->read_count; i++)
                if (b->read[i].netns.id == netns)
                        return true;
        return false;
}

/* Also of namespaces of which nothing else is known than what hooks have told. */
static void read_all_hooked(Cycle *c) {
        const CycleBooks *b = &c->books;
        Netns netns;

        for (size_t i = 0; i < b->read_count; i++)
                read_hooked(c, &b->read[i].netns);
        for (size_t i = 0; b->reading && ledger_book_netns(c->ledger, i, &netns); i++)
                if (!is_read(b, netns.id))
                        read_hooked(c, &netns);
}

void cycle_books_after(Cycle *c) {
        const CycleBooks *b = &c->books;

        read_all_hooked(c);
        for (size_t i = 0; i < b->read_count; i++) {
                Openings after;

                if (snmp_read(c->proc_fd, &b->read[i].netns, &after) >= 0)
                        ledger_books_kernel(c->ledger, &b->read[i].netns, b->read[i].before, after, b->read[i].born);
        }
}

void cycle_books_now(Cycle *c) {
        bool exact = collector_hooks(c->collector);

        for (size_t i = 0; i < c->namespace_count && !c->books.off; i++) {
                const Netns *netns = &c->namespaces[i];
                Openings before, after;

                if (snmp_read(c->proc_fd, netns, &before) < 0)
                        continue;
                read_hooked(c, netns);
                if (snmp_read(c->proc_fd, netns, &after) >= 0)
                        ledger_books_kernel(c->ledger, netns, exact ? before : after, after, false);
        }
}
