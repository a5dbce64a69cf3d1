/* SPDX-License-Identifier: MIT */
#pragma once

/* Sink: where events go. put() never blocks: what cannot be written now is queued within bounds; what falls
 * off the queue is counted, and the counts are collected by the caller, which makes audit-lost of them.
 *
 * Order is kept: nothing passes the queue, and when it is full the new event falls off. The caller must ignore
 * SIGPIPE. What still waits when a sink is freed is gone: flush before. */

#include <stdbool.h>
#include <stdint.h>

#include "detect/event.h"
#include "emit/format.h"

typedef struct Sink Sink;

typedef enum SinkKind {
        SINK_JOURNAL, /* the native protocol of systemd-journald(8) */
        SINK_JSON,    /* one object a line on a descriptor */
        SINK_TEXT,    /* one line for people on a descriptor */
        _SINK_MAX,
} SinkKind;

/* NULL for a number that has none. */
const char *sink_name(unsigned kind);
/* -EINVAL: no such name. */
int sink_from_name(const char *name);

typedef struct SinkLoss {
        uint64_t count;     /* events that fell off since the last question */
        uint64_t first_seq; /* of these; 0 when there were none */
        uint64_t last_seq;
} SinkLoss;

/* c: borrowed. path: of the journal's socket; NULL: /run/systemd/journal/socket. queue_bytes: bound of what waits.
 * journald need not be there yet. -ENAMETOOLONG: no path of a socket; -ENOMEM.
 *
 * What journald had in its socket and had not read when it was killed is lost, and no sender can see that; with the
 * socket unit of systemd it stays and is read by the next journald. */
int sink_journal_new(Sink **ret, const FormatContext *c, const char *path, uint64_t queue_bytes);

/* c, fd: borrowed. kind: SINK_JSON or SINK_TEXT. Flags of the descriptor are left alone, since they are shared with other
 * processes: it is opened anew or asked first, see sink-stream.c. -EBADF: not open; -ENOMEM.
 *
 * After EPIPE or the like the sink is dead: what waited and all that follows is counted as lost. */
int sink_stream_new(Sink **ret, SinkKind kind, const FormatContext *c, int fd, uint64_t queue_bytes);
Sink *sink_free(Sink *s);
DEFINE_CLEANUP(Sink, sink_free)

SinkKind sink_kind(const Sink *s);

/* 0 written or queued; -ENOBUFS it fell off (and is counted); -ENOMEM (counted, too). */
int sink_put(Sink *s, const Event *e);

/* Send what waits, as far as it goes without blocking. Returns the number of events that still wait, or negative errno when the
 * sink is unreachable (the queue is kept; a dead stream sink has none). */
int64_t sink_flush(Sink *s);

/* What to wait for while something is queued: a descriptor for EPOLLOUT, or -1: try again in a second. It may be another one
 * after each put() or flush(). */
int sink_fd(const Sink *s);
/* Events in the queue. */
uint64_t sink_waiting(const Sink *s);

/* Returns and resets. */
SinkLoss sink_take_loss(Sink *s);

/* Is journald there? true when its socket accepts a connection. path as above. */
bool sink_journal_available(const char *path);
