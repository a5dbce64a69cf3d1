/* SPDX-License-Identifier: MIT */
#pragma once

/* The memory of a Fold, and what is kept of it beside: fold.c (counting, telling), fold-open.c (making and opening). */

#include "detect/fold.h"
#include "detect/socketmap.h"

#define FOLD_MAGIC "sockaudf"
#define FOLD_NAMES_BEGIN 8 /* so that no name is number 0 */
#define FOLD_NAMES_PER_ROW 64
#define FOLD_NAMES_LEAST (1u << 20)

/* The head. All before `crc` is set once. */
typedef struct FoldHead {
        char magic[8];
        uint32_t version;
        uint32_t rows; /* room for; and for as many groups */
        uint64_t names; /* room for, in bytes */
        uint64_t secret[2];
        uint32_t crc;

        uint32_t group_count, row_count; /* records that were ever in use: those behind are not looked at */
        uint64_t names_used;
        char boot[FOLD_RUN_SIZE]; /* of the times in it; and what made the wall clock of these */
        int64_t offset;
        char run[FOLD_RUN_SIZE];
        uint64_t telling; /* seq of the event of that run that is being told; 0: none */
        struct {
                uint32_t valid;
                uint32_t row;
                FoldSums sums; /* that the row is to have */
        } redo;
} FoldHead;

struct Fold {
        FoldHead *head; /* these four are in the memory */
        FoldGroup *groups;
        FoldRow *rows;
        char *names;

        SocketMap group_index, row_index, name_index; /* key: number + 1, or a hash of bytes: name */
        struct FoldNote {
                uint64_t since; /* the least sums.first of its rows; 0: it has no sums */
                bool wanted;
        } *notes;          /* one a group */
        uint32_t *free_groups, *free_rows, *selected;
        size_t free_group_count, free_row_count;
        uint64_t due;      /* nothing is to be told or forgotten before that */
};

/* A store that comes after all before it, and before all after it, for who looks at the memory when we are dead. */
#define STORE_LAST(place, value)                                        \
        do {                                                            \
                __atomic_signal_fence(__ATOMIC_SEQ_CST);                \
                __atomic_store_n(&(place), (value), __ATOMIC_RELEASE);  \
                __atomic_signal_fence(__ATOMIC_SEQ_CST);                \
        } while (0)

uint64_t fold_hash(uint64_t h, const void *data, size_t size);
/* Room beside the memory for what is known of it. -ENOMEM. */
int fold_attach(Fold **ret, void *memory, uint32_t rows);
/* The row has sums: of its combination, too. */
void fold_note_row(Fold *f, const FoldRow *row);
/* Do once more what redo says. */
void fold_redo(Fold *f);
