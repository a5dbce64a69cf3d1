/* SPDX-License-Identifier: MIT */
#pragma once

/* The sums of what is not told singly (detect/fold.h) in the daemon: where they are kept, and when they are told. They are in a file of the state directory, so that
 * they outlive it whenever it ends; where that cannot be they are in memory, and told before the end. Private to manager*.c.
 *
 * Known race: killed between the emission of a sum and the moment it is let go, without an outbox in a file, it is told by the next run once more. */

#include "base/mapped.h"
#include "config/config.h"
#include "detect/ledger.h"
#include "manager-outlet.h"

#define FOLD_STORE_NAME "fold"

typedef struct FoldStore {
        Ledger *ledger; /* borrowed */
        Fold *fold;
        uint32_t rows;  /* limits.fold_rows */
        char boot[FOLD_RUN_SIZE + 1];
        char run[FOLD_RUN_SIZE + 1];
        uint64_t secret[2];
        Mapped file;    /* data NULL: there is none */
        void *memory;   /* then; of `size` bytes */
        size_t size;
        uint64_t resets; /* LedgerStatus.fold_resets that was logged */
} FoldStore;

/* After the outlets, and before anything is told. in_file: it may be one. run, boot_id: of this daemon, this boot. What is not as good as it could be is logged, and
 * added to the outlets' `degraded`. -ENOMEM. */
int fold_store_open(FoldStore *s, Ledger *l, const Config *config, Outlets *outlets, bool in_file, const char *run, const char *boot_id);
void fold_store_done(FoldStore *s);

/* After audit-started: what the run before has left, and cannot go on, is told. -ENOMEM. */
int fold_store_begin(FoldStore *s);
/* The rules are others than before: after a reload. */
void fold_store_rules(FoldStore *s);
/* After each cycle. */
void fold_store_turn(FoldStore *s);
/* At the end: what would be lost is told. */
void fold_store_stop(FoldStore *s);
