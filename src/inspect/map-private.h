/* SPDX-License-Identifier: MIT */
#pragma once

/* What the files of the map share. */

#include "inspect/map.h"

/* map.c: the order of Map.waiting */
int map_waiting_compare(const void *a, const void *b);

/* map-peer.c: of a map whose sockets are sorted; -ENOMEM. */
int map_index_tuples(Map *m);
/* Then: directions and other ends, of each. */
void map_join_ends(Map *m);
