/* SPDX-License-Identifier: MIT */
#pragma once

/* Cycle: one look at everything that is wanted: processes, their descriptors, the tables of their namespaces,
 * and the questions that remain. The order in which a polling daemon feeds its ledger, and nothing else: no
 * timer, no sink, no log. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collect/collect.h"
#include "config/config.h"
#include "cycle-books.h"
#include "cycle-exe.h"
#include "cycle-peer.h"
#include "cycle-process.h"
#include "detect/ledger.h"

/* What goes on beside a cycle. Each may be NULL. */
typedef struct CycleHooks {
        void *userdata;
        /* Again and again, between any two reads of the kernel: a time to give the ledger notices of sockets (but none of processes). */
        void (*between)(void *userdata);
        /* A namespace is about to be looked at, in these tables. */
        void (*look)(void *userdata, const Netns *netns, unsigned tables);
} CycleHooks;

struct Cycle {
        int proc_fd;          /* borrowed */
        Collector *collector; /* borrowed */
        Ledger *ledger;       /* borrowed */
        const Config *config; /* borrowed; may be replaced between two cycles */
        CycleHooks hooks;

        Netns *namespaces; /* once looked at, and still there as far as we know; our own has pid 0 */
        size_t namespace_count;
        size_t namespaces_own; /* the first of them: watched processes lived there in the last cycle */
        size_t looked;     /* how many of them were looked at in the last cycle */
        size_t as_text;    /* and how many of all only as text, for want of CAP_SYS_ADMIN */
        uint32_t own_netns; /* inode */
        uint64_t began;     /* the current cycle */
        uint64_t walked;    /* when all descriptors were walked last; 0: never */
        bool walks;         /* descriptors are read by the iterator in the kernel, with their sockets */
        bool whole;         /* ... but all tables are to be dumped */
        bool walking;       /* what is walked is a look, too */
        bool walk_unknown;  /* it has shown a socket of which the hooks in the kernel have to say more */
        bool walk_failed;   /* and not all of it could be */
        bool way_lost;      /* who led to the namespace of the last look was not there */
        size_t asked, acquitted; /* in the current cycle */
        CycleBooks books;
        Peers peers;
        CycleProcesses processes;
        CycleExes exes;
};

typedef struct CycleFigures {
        uint64_t duration, cpu; /* usec */
        size_t namespaces, as_text; /* looked at; and those of which only the text may be read */
        size_t asked, acquitted; /* suspects of rule 4, and those of them that were alive */
} CycleFigures;

void cycle_done(Cycle *c);

/* Between any two reads of the kernel. */
void cycle_between(void *cycle);

/* 0, or negative errno: out of memory, or /proc cannot be read at all. */
int cycle_run(Cycle *c, CycleFigures *ret);

/* The rules changed: all processes are read again, all descriptors walked, and tables of which no rule tells anything are forgotten. */
void cycle_restart(Cycle *c);
