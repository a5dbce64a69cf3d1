/* SPDX-License-Identifier: MIT */
#pragma once

/* The books of a cycle: when the kernel's counters of which namespace are read, and from which zero they count (rule 12).
 *
 * They are read before the tables and after the last look of the cycle, so that every look of it is in between: at the first
 * sight of a namespace, when the books are wanted, and each `rescan`, since the counters of a namespace that ends are gone with it.
 *
 * A namespace counts from nothing if it was born since the start: nobody lived in it when the daemon began, no mount held it then,
 * and it has not been lost sight of since. All else counts from its first reading. What lived then is known by its inode, which is
 * used again: so one that was born may be taken for an old one, but not the reverse. (A namespace that nothing but a descriptor
 * held when the daemon began would be.) */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collect/look.h"
#include "detect/ledger.h"

typedef struct Cycle Cycle;

typedef struct CycleBooks {
        bool wanted;      /* by the caller: the next cycle reads them all; the cycle takes it back */
        bool off;         /* no rule tells anything of TCP */
        bool reading;     /* the current cycle reads all of them */
        bool old_known;   /* `old` is complete */
        bool begun;
        uint32_t *old;    /* inodes of namespaces that may be older than the start */
        size_t old_count;
        struct CycleBook {
                Netns netns;
                Openings before;
                bool born;
        } *read;          /* in the current cycle */
        size_t read_count;
} CycleBooks;

void cycle_books_done(CycleBooks *b);

/* After the scan of processes. all: read the counters of every namespace; tcp: its TCP sockets are looked at. 0 or -ENOMEM. */
int cycle_books_begin(CycleBooks *b, int proc_fd, Ledger *l, bool all, bool tcp);
/* A namespace is about to be looked at; first: it was not in the cycle before. 0 or -ENOMEM. */
int cycle_books_before(CycleBooks *b, int proc_fd, const Netns *netns, bool first);
/* It is not to be found any more: if it comes back, it is an old one. 0 or -ENOMEM. */
int cycle_books_left(CycleBooks *b, const Netns *netns);
/* After the last look. */
void cycle_books_after(Cycle *c);
/* Without a look, at the end: what opened since the last one is counted, and not recorded. */
void cycle_books_now(Cycle *c);
