/* SPDX-License-Identifier: MIT */
#pragma once

/* Outbox: events on their way, in an append-only file that outlives the daemon. It is the queue: what was appended is read back
 * to be sent, and released when it has arrived.
 *
 *     "sockaudit outbox 1\n"   the version; another one is not read
 *     zeros                    what was released
 *     records, to the end:     magic, CRC-32C of all that follows, size, seq, run, and the event as it is sent
 *
 * Appending ends with one pwrite(2), so that what was appended survives any death of the daemon; nothing is synced, so a power
 * cut may take what the kernel had not written. Released space is given back by punching holes; where the file system cannot, once nothing waits.
 * One process at a time: it is locked. Positions are offsets in the file.
 *
 * While the disk is full, what waits is in memory, up to 16 MiB, until nothing waits. What the file then still has may be sent again by the next daemon. */

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"

#define OUTBOX_NAME "outbox"
#define OUTBOX_EMPTY 19          /* bytes of one in which nothing waits */
#define OUTBOX_RUN_SIZE 32       /* hexadecimal digits */
#define OUTBOX_EVENT_MAX (1 << 20)

typedef struct Outbox Outbox;

typedef struct OutboxRecord {
        uint64_t seq;
        char run[OUTBOX_RUN_SIZE + 1]; /* of the daemon that made it */
        const char *data;              /* until the next call */
        size_t size;
        uint64_t next;                 /* where the record after it is */
} OutboxRecord;

/* What was found at opening. */
typedef struct OutboxFound {
        uint64_t count; /* records that wait */
        uint64_t bad;   /* bytes that are no record, from the first such byte to the end: cut off, and set aside */
        int kept;       /* 0, or why they could not be set aside, negative errno */
        enum {
                OUTBOX_DAMAGED,
                OUTBOX_FOREIGN, /* it was no outbox */
                OUTBOX_FUTURE,  /* of a later version */
        } why;
} OutboxFound;

/* In the directory `dir_fd` (state_open()), which is borrowed for the call. max_bytes: as much as may wait. -EBUSY: another process has it; else
 * as state_file(), read(2) and write(2). */
int outbox_open(Outbox **ret, int dir_fd, uint64_t max_bytes, OutboxFound *ret_found);

/* The same in memory, for hosts without such a directory. */
int outbox_open_memory(Outbox **ret, uint64_t max_bytes);

/* The same on a descriptor, which is taken over on success. dir_fd: where to set aside what is bad; -1: nowhere. */
int outbox_open_fd(Outbox **ret, int fd, int dir_fd, uint64_t max_bytes, OutboxFound *ret_found);
Outbox *outbox_free(Outbox *o);
DEFINE_CLEANUP(Outbox, outbox_free)

/* Is what waits in a file? */
bool outbox_outlives(const Outbox *o);

/* 0; -ENOBUFS: as much waits as may; -EMSGSIZE: it is too large; else as write(2), above all -ENOSPC. All or nothing. */
int outbox_append(Outbox *o, const char *run, uint64_t seq, const char *data, size_t size);

/* Of what has not been released. */
uint64_t outbox_begin(const Outbox *o);
uint64_t outbox_end(const Outbox *o);

/* The record at a position: 1, 0 at the end, -EBADMSG when there is none that its CRC confirms, else as read(2). ret is written for 1 only. */
int outbox_read(Outbox *o, uint64_t position, OutboxRecord *ret);

/* What is before this position is needed no more; the end, when nothing is. Returns where that position is now: when nothing waits the file is
 * cut to nothing, and the next record is at its begin again. */
uint64_t outbox_release(Outbox *o, uint64_t position);
