/* SPDX-License-Identifier: MIT */
#pragma once

/* Hook notices: what the programs in the kernel tell (collect/hooks.h), in the event loop and beside the looks, into the ledger; and which processes they
 * are to leave out. Private to manager*.c. */

#include <stdbool.h>
#include <stdint.h>

#include <systemd/sd-event.h>

#include "collect/hooks.h"
#include "cycle.h"
#include "manager-skip.h"

typedef struct HookedExit HookedExit;

typedef struct HookNotices {
        sd_event *event;
        Ledger *ledger;
        Cycle *cycle;
        Hooks *hooks; /* NULL: this collector has none, and nothing happens here */
        void *userdata;
        void (*heal)(void *userdata); /* records were lost: ledger_heal_at() may have changed */
        void (*look)(void *userdata); /* something of a process was told: look soon */

        sd_event_source *source;
        Skip skip;
        HookedExit *exits;        /* of watched processes that may still be closing what they held */
        void *held;               /* a record that cannot be used before the look is over; NULL: none */
        size_t held_size;
        bool looking;             /* a look goes on */
        bool changed;             /* something of a process was read since its consequences were drawn */
        uint64_t heard;           /* when the books were last read, and the programs had seen everything */
        uint64_t empty;           /* when the ring was last read empty */
        uint64_t unused;          /* records that were read, and could not be used: not told yet */
        uint64_t scanned_for;     /* so many records of processes were lost when /proc was last to be listed for that */
        uint64_t told_lost[_LOST_MAX], tell_at, tell_distance;
        uint64_t process_max;     /* CPU time of the reading that goes on: what is told of processes above this is not used */
        uint64_t process_cpu;     /* of it, spent on processes */
        unsigned count;           /* of processes, in it */
        uint64_t cpu;             /* spent here since somebody took account of it */
} HookNotices;

/* The members above `source` are the caller's. Call before anything of a process is read. 0 or negative errno. */
int hook_notices_open(HookNotices *n);
void hook_notices_done(HookNotices *n);

/* Everything that waits, into the ledger. looking: between two reads of a look, where no process may end. */
void hook_notices_drain(HookNotices *n, bool looking);

/* After a cycle: do they still see what happens? If not, that is told, and true; then they are to be done without. */
bool hook_notices_are_deaf(HookNotices *n);
