/* SPDX-License-Identifier: MIT */
#pragma once

/* What of a Map is stuck (detect/stall.h), from one look or from two, and why in a few words. With one look only what a row proves by
 * itself is stuck: that the time of its retransmissions, probes or acknowledgements is over the threshold. A second look adds what has not
 * moved between the two, which proves no more time than that. Thresholds are those that hold without a configuration. Pure. */

#include "inspect/map.h"

/* What an earlier look had. */
typedef struct Before Before;

/* -ENOMEM. */
int before_take(Before **ret, const Map *m);
Before *before_free(Before *b);
DEFINE_CLEANUP(Before, before_free)

/* Fills MapSocket.stall and .stalled. Needs map_join(). before: `elapsed` usec ago; NULL: there was no earlier look. */
void map_judge(Map *m, const Before *before, uint64_t elapsed);

/* The sentence without subject that stands in the column WHY; nothing where nothing is stuck. process: index of who holds this descriptor;
 * MAP_NONE: nobody. */
void stuck_why(Text *t, const Map *m, uint32_t socket, uint32_t process);
