/* SPDX-License-Identifier: MIT */
#pragma once

/* Expect: the events that a step made, as text, against the `>` lines that follow it. */

#include "detect/event.h"
#include "invariant.h"
#include "script.h"

typedef struct Expect {
        Script *script;
        Invariants invariants;
        struct Got *got; /* of the step */
        size_t count;
        struct Label *labels; /* names of connections: c1, i1001 */
} Expect;

/* A ledger_emit_t. */
void expect_event(void *userdata, const Event *e);
/* Reads the `>` lines; ends the program when they are not what happened. */
void expect_compare(Expect *x);
void expect_done(Expect *x);
