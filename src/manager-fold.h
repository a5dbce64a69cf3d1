/* SPDX-License-Identifier: MIT */
#pragma once

/* The sums of what is not told singly (detect/fold.h) in the daemon: where they are kept, and when they are told. Private to manager*.c. */

#include "config/config.h"
#include "detect/ledger.h"

typedef struct FoldStore {
        Ledger *ledger; /* borrowed */
        Fold *fold;
        void *memory;
        size_t size;
        uint64_t resets; /* LedgerStatus.fold_resets that was logged */
} FoldStore;

/* Before anything is told. run: of this daemon. -ENOMEM. */
int fold_store_open(FoldStore *s, Ledger *l, const Config *config, const char *run);
void fold_store_done(FoldStore *s);

/* The rules are others than before: after a reload. */
void fold_store_rules(FoldStore *s);
/* After each cycle. */
void fold_store_turn(FoldStore *s);
/* At the end: what would be lost is told. */
void fold_store_stop(FoldStore *s);
