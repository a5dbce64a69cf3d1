/* SPDX-License-Identifier: MIT */
#pragma once

/* What holds for the events of every history, whatever it was:
 *   - seq has no holes;
 *   - no event is bounded by a NOT_BEFORE after its NOT_AFTER;
 *   - a connection is opened once (present or appeared) before it changes or vanishes, and nothing is told about it after
 *     its end. `completed` is both at once. A reload may open it again, a baseline may say again that it is present: duplicates are possible,
 *     inventions are not;
 *   - unknown is absent: no empty text, no namespace 0. */

#include <stdbool.h>

#include "detect/event.h"

typedef struct Life Life;

typedef struct Invariants {
        uint64_t seq;
        Life *lives;
        bool folds;    /* connections may be told for the first time when they stall */
        bool baseline; /* what lives on is told once more, as present */
} Invariants;

/* NULL, or what is wrong with this event: a static sentence. */
const char *invariants_check(Invariants *v, const Event *e);
/* Connections may be opened again. */
void invariants_reload(Invariants *v);
void invariants_done(Invariants *v);
