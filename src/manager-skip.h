/* SPDX-License-Identifier: MIT */
#pragma once

/* Skip: which processes the programs in the kernel are to leave out. They record everybody of whom they do not know better: when the ledger has decided that a
 * process is not watched, they are told so, for the program that it executes now. Private to manager*.c. */

#include "collect/hooks.h"
#include "detect/ledger.h"

typedef struct SkipProcess SkipProcess;

typedef struct Skip {
        Hooks *hooks; /* borrowed */
        const Ledger *ledger; /* borrowed */
        SkipProcess *processes; /* by pid: those that live */
} Skip;

void skip_done(Skip *s);

/* It begins, executes another program, or has another name: what was decided about it is so no longer. Who cannot be remembered is recorded for ever: that costs time, and
 * nothing else. */
void skip_remember(Skip *s, const struct RecordProcess *process);
void skip_forget(Skip *s, uint32_t pid);
/* Those that there are already. 0 or negative errno. */
int skip_remember_all(Skip *s);

/* Who is watched now, and who not, is what the programs are told. */
void skip_settle(const Skip *s);
