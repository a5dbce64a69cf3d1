/* SPDX-License-Identifier: MIT */
#pragma once

/* Sockets of watched processes that no table so far has: the namespaces in which they are, if there are such. An accepted unix socket lives in that
 * of its client; and a socket may be the last that lives in one. */

#include <stddef.h>

#include "collect/collect.h"

typedef struct Cycle Cycle;

typedef struct Strays {
        Cycle *cycle;
        const Taker *taker; /* for looks at what nobody lives in */
        const Netns *known; /* already looked at in this cycle */
        size_t known_count;
        unsigned tables;    /* that some rule asks for */
        Netns *found;       /* other ones, to be looked at (pid: somebody there), or kept (NETNS_NOBODY: looked at already) */
        size_t found_count;
        size_t unfound;     /* unix sockets that are in none: a gap, since nothing else will tell of them */
} Strays;

/* After the looks. The caller frees `found`. -ENOMEM. */
int cycle_strays(Strays *s);
