/* SPDX-License-Identifier: MIT */
#pragma once

/* Hashes of executables (collect/exehash.h): what is known is kept by file and version, and what is not is asked of a deputy, one file after the other,
 * without waiting. His answers are for the ledger. A file that has no answer in time is one that has none, and his successor goes on with the others. */

#include <stddef.h>
#include <stdint.h>

#include "collect/deputy.h"
#include "collect/process.h"

#define EXE_ASKED_MAX 64
#define EXE_KNOWN_MAX 4096

typedef struct Cycle Cycle;
typedef struct KnownExe KnownExe;

typedef struct ExeQuestion {
        DeputyQuestion question;
        ExeFile file;
} ExeQuestion;

typedef struct CycleExes {
        Deputy deputy;
        ExeQuestion asked[EXE_ASKED_MAX]; /* a ring, the oldest at `first` */
        size_t first, count;
        uint64_t since;  /* when he came to the oldest, at the earliest */
        KnownExe *known; /* at most EXE_KNOWN_MAX */
} CycleExes;

void cycle_exes_done(CycleExes *e);

/* What is known already, into what was read of a process. */
void cycle_exe_known(const Cycle *c, Process *p);
/* Ask what this process executes, if the ledger wants that and does not know. What he has no room for is asked when the process is read again. -ENOMEM. */
int cycle_exe_ask(Cycle *c, uint32_t pid);
/* His answers so far. -ENOMEM. */
int cycle_exe_take(Cycle *c);
