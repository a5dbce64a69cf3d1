/* SPDX-License-Identifier: MIT */
#pragma once

/* The looks of a cycle: what cycle.c has cycle-look.c do. */

#include <stdbool.h>
#include <stddef.h>

#include "collect/look.h"

typedef struct Cycle Cycle;

/* Those of one cycle. */
typedef struct CycleNamespaces {
        Cycle *cycle;
        Netns *items;
        size_t count, looked, over;
        size_t own; /* the first ones: watched processes live there, and they have been looked at */
        bool moved; /* somebody does not live any more where he was thought to */
} CycleNamespaces;

/* The tables that some rule could tell something of. */
unsigned cycle_tables(const Cycle *c);

/* One namespace. 0 or negative errno. */
int cycle_look(Cycle *c, const Netns *netns, unsigned tables);
/* All of the watched processes, and those that are left; again: those too in which nothing is left are asked about. */
int cycle_look_all(Cycle *c, CycleNamespaces *list, bool again);
/* Namespaces of others in which sockets of watched processes are. From now on they are looked at as long as there are such. */
int cycle_look_strays(Cycle *c, CycleNamespaces *list);
