/* SPDX-License-Identifier: MIT */
#pragma once

/* The processes of a cycle: which there are, what they are, and what they hold.
 *
 * Without notices /proc is listed in each cycle, and the stat line of every process read. With them (`noticed`) the set is kept by
 * fork, exec, change and exit: a process is read at its start and when it has changed, and /proc is listed each `rescan`, and after a loss. At a
 * rescan those that are walked and have run are read again (who has not for long is asked for that at every eighth), and of the others one in eight is compared
 * with what is known of it, in turn. Notices are queued, one
 * entry a pid, and worked off before the next look or between two, within a budget: whoever forks or renames himself in a loop costs no more than
 * that. What ended before it was read was never known. */

#include <stdbool.h>
#include <stdint.h>

#include "collect/deputy.h"
#include "collect/notice.h"
#include "collect/process.h"

typedef struct Cycle Cycle;
typedef struct ProcessChange ProcessChange;

typedef struct CycleProcesses {
        bool noticed; /* by the caller: notices of all processes are queued here */
        ProcessChange *changes;
        bool scan;    /* some were lost: /proc is listed in the next cycle */
        bool reread;  /* ... and all are read again at the next rescan */
        Deputy deputy; /* who reads command lines */
        uint32_t turn; /* counts rescans: whose it is to be looked at, though nothing says that they have changed */
} CycleProcesses;

void cycle_processes_done(CycleProcesses *p);

/* A notice: fork, exec, change or exit. A fork not during a look. */
void cycle_process_queue(Cycle *c, NoticeKind kind, uint32_t pid, uint64_t not_before, uint64_t not_after);
/* The last thread of this very process has ended. */
void cycle_process_ended(Cycle *c, uint32_t pid, uint64_t start_ticks, uint64_t when);
void cycle_process_lost(Cycle *c);

/* Work off what is queued, but stop to begin anything new after `cpu` microseconds of processor time. Not during a look. Returns 1 when an event was
 * made: a look soon tells more. 0, or -ENOMEM; for want of anything else the next scan heals it. */
int cycle_process_work(Cycle *c, uint64_t cpu);

/* The first step of a cycle. again: a rescan, after which LEDGER_UNWALKED are also those who have run since they were walked, those, in their turn, who share
 * their descriptors with their parent, and one in 64 of the rest: after 64 of them all were walked. */
int cycle_processes(Cycle *c, bool again);
