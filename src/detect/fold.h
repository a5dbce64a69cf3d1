/* SPDX-License-Identifier: MIT */
#pragma once

/* Fold: sums of connections that are not told singly, in a piece of memory that is given from outside, and which may be a file that outlives the daemon.
 * Pure: no clock, no descriptor.
 *
 *     FoldHead     what it is, how large, and the word of the last update that may have been interrupted
 *     FoldGroup[]  a combination of what `fold.by` names: its values, and how many of it were told singly
 *     FoldRow[]    one peer of a combination: its sums. Without sums (sums.last 0) a row is free
 *     names        text of both, each once, only ever appended to
 *
 * Killed between any two instructions, it loses no sum and invents none: an update is written to the head first, with the values that are to be, and done again
 * at the next opening; a record is whole before its key, or the count of records, says that it is there. What is told is marked with the seq of its event before
 * that is emitted, and let go after it: whoever opens it finds in the outbox whether it was told (fold_recover()).
 *
 * A key is a hash with a secret that is kept in the memory: it cannot be guessed, and is the identity of a combination, or a row. Not thread-safe. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "base/text.h"
#include "detect/rule.h"

#define FOLD_VERSION 1
#define FOLD_RUN_SIZE 32
#define FOLD_ROWS_MAX 10000000 /* so that 32 bits number each byte of names */
#define FOLD_NAME_SIZE_MAX 4096 /* longer ones are cut, which is more than a field has room for: so the event says that it is cut */
#define FOLD_FORGET (24 * 3600 * USEC_PER_SEC) /* a combination without traffic for so long */

/* What is counted. */
typedef enum FoldSum {
        FOLD_OPENED,
        FOLD_CLOSED,
        FOLD_FAILED,
        FOLD_MISSED,
        FOLD_PRESENT,
        FOLD_CHANGES,
        FOLD_BYTES_SENT,
        FOLD_BYTES_RECEIVED,
        _FOLD_SUM_MAX,
} FoldSum;

typedef struct FoldSums {
        uint64_t n[_FOLD_SUM_MAX];
        uint64_t first, last; /* CLOCK_BOOTTIME usec, not 0: all of it happened between them; last 0: there is nothing */
} FoldSums;

typedef enum FoldName {
        FOLD_RULE,
        FOLD_EXE,
        FOLD_COMM,
        FOLD_UNIT,
        FOLD_USER_UNIT,
        FOLD_CONTAINER,
        _FOLD_NAME_MAX,
} FoldName;

/* The other side: an address, the path of a unix socket, or neither. */
typedef struct FoldPeer {
        uint8_t family; /* ipv4, ipv6; else there is no address */
        uint8_t ip[16]; /* as in Endpoint */
        Bytes path;     /* data NULL: none */
} FoldPeer;

/* A connection, as far as sums can tell it from others. What `by` does not name is not looked at. */
typedef struct FoldFacts {
        Bytes names[_FOLD_NAME_MAX]; /* data NULL: unknown */
        uint64_t netns;
        uint32_t netns_inode;
        uint32_t uid;                /* PROCESS_UNKNOWN */
        uint16_t local_port, peer_port; /* 0: none */
        uint8_t direction, transport;
        FoldPeer peer;
} FoldFacts;

typedef struct FoldGroup {
        uint64_t key;     /* 0: free */
        uint64_t netns;
        uint64_t every;   /* FoldSpec, as it was */
        uint64_t used_at; /* the last time that it had traffic */
        uint32_t by, first;
        uint32_t told;    /* of it were told singly */
        uint32_t uid;     /* PROCESS_UNKNOWN: unknown, or not in by */
        uint32_t netns_inode;
        uint32_t names[_FOLD_NAME_MAX]; /* for fold_name() */
        uint16_t local_port, peer_port; /* 0: none, or not in by */
        uint8_t direction, transport;   /* 0: likewise */
} FoldGroup;

typedef struct FoldRow {
        uint64_t key;
        uint64_t batch;   /* seq of the event that is telling it; 0: none */
        uint32_t group;
        uint32_t path;    /* for fold_name() */
        uint8_t ip[16];
        uint8_t family;
        FoldSums sums;
} FoldRow;

typedef struct Fold Fold;

/* Bytes for so many rows, and as many combinations. */
size_t fold_size(uint32_t rows);

/* In `memory` of fold_size() bytes, aligned to 8, borrowed: from now on an empty one. run: FOLD_RUN_SIZE digits, of the daemon that uses it. -ENOMEM. */
int fold_new(Fold **ret, void *memory, uint32_t rows, const uint64_t secret[2], const char *run);

/* What another run has left in `memory`, of `size` bytes. -ENODATA: nothing; -EINVAL: it is none of ours; -EPROTONOSUPPORT: of another version; -EBADMSG: it cannot be; -ENOMEM.
 * Nothing in it was changed then; what was interrupted is finished otherwise. */
int fold_open(Fold **ret, void *memory, size_t size);
Fold *fold_free(Fold *f);
DEFINE_CLEANUP(Fold, fold_free)

/* The event that was being told when that run ended: it had this seq in this run, of FOLD_RUN_SIZE digits. 0: none. */
uint64_t fold_telling(const Fold *f, const char **ret_run);
/* Was it told? Then its rows are let go. From now on the memory is of `run`. Call once after fold_open(). */
void fold_recover(Fold *f, bool told, const char *run);

/* The boot of the times in it, FOLD_RUN_SIZE digits, and what made the wall clock of them. */
int64_t fold_origin(const Fold *f, const char **ret_boot);
/* Call when nothing of another boot is in it, and whenever the offset changes. */
void fold_set_origin(Fold *f, const char *boot, int64_t offset);

/* How many rows it has room for. */
uint32_t fold_capacity(const Fold *f);

/* --- counting -------------------------------------------------------------------------------------- */

/* The combination, made where it is not there yet: its number. -ENOSPC: no room; -ENOMEM. */
int fold_group(Fold *f, const FoldSpec *spec, const FoldFacts *facts, uint64_t now, uint32_t *ret);
/* Would one more of this combination be told singly? */
bool fold_wants_first(const Fold *f, const FoldSpec *spec, const FoldFacts *facts);
/* Is one more of it to be told singly? Then it counts as told. */
bool fold_takes_first(Fold *f, uint32_t group);
/* Add to the sums of a peer. -ENOSPC: no room; -ENOMEM. Nothing was added then. */
int fold_add(Fold *f, uint32_t group, const FoldPeer *peer, const FoldSums *more);

/* --- telling --------------------------------------------------------------------------------------- */

/* Nothing is due, or to be forgotten, before this time. */
uint64_t fold_due(const Fold *f);

/* Is this combination, which has sums since then, to be told? */
typedef bool (*fold_wanted_t)(void *userdata, const Fold *f, const FoldGroup *g, uint64_t since);

/* The rows with sums of all combinations that are wanted: how many. They are numbered from 0, those of one combination together, and in it in the order of
 * their peers. The numbers hold until the next fold_select(). */
size_t fold_select(Fold *f, fold_wanted_t wanted, void *userdata);
const FoldRow *fold_row(const Fold *f, size_t number);
const FoldGroup *fold_group_of(const Fold *f, const FoldRow *row);
/* data NULL: none. */
Bytes fold_name(const Fold *f, uint32_t name);

/* Rows `from` to before `to` are told by the event with this seq, which is emitted between these two calls. */
void fold_tell_begin(Fold *f, size_t from, size_t to, uint64_t seq);
void fold_tell_end(Fold *f, size_t from, size_t to);

/* Combinations without traffic for FOLD_FORGET go. */
void fold_forget(Fold *f, uint64_t now);
/* All do, when everything was told: there is room again. */
void fold_reset(Fold *f);
