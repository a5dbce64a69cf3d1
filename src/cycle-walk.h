/* SPDX-License-Identifier: MIT */
#pragma once

/* Who holds what, process by process: what cycle.c has cycle-walk.c do. */

#include <stddef.h>
#include <stdint.h>

#include "collect/look.h"
#include "collect/process.h"

typedef struct Cycle Cycle;

/* procfs_ran(); 0: not known. */
uint64_t cycle_ran(const Cycle *c, const Process *p);

/* Of ledger_processes(): feed the descriptors of a process. */
int cycle_walk_process(void *cycle, const Process *p);
/* The same, but not of who certainly has not run since his last walk: he has got nothing meanwhile. */
int cycle_walk_busy(void *cycle, const Process *p);

/* Look at those of `tables` that can be walked, in all these namespaces at once, by walking everybody who is watched. 0 or negative errno. */
int cycle_walk_all(Cycle *c, const Netns *netns, size_t netns_count, unsigned tables);
/* Which of `tables` are still to be dumped in this namespace. */
unsigned cycle_walk_left(const Cycle *c, const Netns *netns, unsigned tables);
