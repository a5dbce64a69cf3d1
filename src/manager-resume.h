/* SPDX-License-Identifier: MIT */
#pragma once

/* Resume: what a run leaves for the next one (rule 11), in one file of the state directory. While a run lasts it says since when nothing would be known if it
 * ended now; a clean stop leaves the map there. It is believed once: the next start puts its own in its place before it looks. Private to manager*.c.
 *
 *     u8[8] "sockaudm", u32 version, u32 CRC-32C of all that follows
 *     u8[32] boot id, u8 collector, u8 clean, u8 with a map, u64 last look (CLOCK_BOOTTIME), i64 clock offset       in every version
 *     namespaces, the map of the ledger (detect/ledger-record.h)                                                    in this one */

#include <stdbool.h>
#include <stdint.h>

#include "collect/look.h"
#include "detect/ledger.h"

#define RESUME_NAME "map"
#define RESUME_VERSION 4

/* The beginning of the file. */
typedef struct ResumeHead {
        uint32_t version;
        char boot_id[32];
        uint8_t collector; /* CollectorKind */
        bool clean;        /* the run has ended as it should */
        bool with_map;
        uint64_t looked;   /* when the last look began */
        int64_t offset;
} ResumeHead;

typedef struct Resume {
        int dir_fd;           /* locked; -1: nothing is kept */
        ResumeHead head;      /* of this run */
        uint64_t written;     /* when it was, last */
        int error;            /* why that failed, positive errno; 0: it did not */

        /* Of the run before. */
        const char *gap;      /* why nothing was observed until this start; NULL: there was no run, or nothing is known of it */
        uint64_t from;        /* and since when; 0: unknown; before this boot it is negative */
        char *data;
        Bytes map;            /* what of data is believed; data NULL: nothing */
        Netns *namespaces;    /* that belong to it */
        size_t namespace_count;
} Resume;

#define RESUME_NULL ((Resume){ .dir_fd = -1 })

/* Reads what there is, and takes its place. That this cannot be is logged, and then nothing is kept, and everything as at the first start. */
void resume_open(Resume *r, const char boot_id[33], unsigned collector);
void resume_done(Resume *r);

/* ledger_new(), and ledger_restore() where there is a map. own: our own namespace. 0 or negative errno. */
int resume_ledger(Resume *r, Ledger **ret, const Netns *own, const LedgerOptions *options, const RuleSet *rules, ledger_emit_t emit, void *userdata);

/* The last look began at `looked`: if the run ended now, nothing were known since then. Written each `interval`; what the
 * ledger has seen before and keeps back is told then. */
void resume_renew(Resume *r, Ledger *l, uint64_t looked, uint64_t interval);
/* The end, after a judgement; l NULL: without a map. namespaces: those that the cycle knows. */
void resume_save(Resume *r, Ledger *l, const Netns *namespaces, size_t count);

/* Pure: 0; -EINVAL: it is none of ours; -EBADMSG: it is damaged. *ret_map: what follows the head. */
int resume_parse(Bytes file, ResumeHead *ret, Bytes *ret_map);
/* Pure: appends the head of a file in which the map, which is large, follows. -ENOMEM. */
int resume_format(Text *file, const ResumeHead *head, const Text *map);
