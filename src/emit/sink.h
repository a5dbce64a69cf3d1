/* SPDX-License-Identifier: MIT */
#pragma once

/* Sink: where events go. put() never blocks: what cannot be written now waits within bounds; what does not fit
 * is counted, and the counts are collected by the caller, which makes audit-lost of them.
 *
 * Order is kept: nothing passes what waits, and when that is full the new event is lost. The caller must ignore SIGPIPE, and
 * SIGXFSZ where there is an outbox. What still waits when a sink is freed is gone, unless it is in an outbox: flush before. */

#include <stdbool.h>
#include <stdint.h>

#include "detect/event.h"
#include "emit/format.h"
#include "emit/delivery.h"

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

/* Bytes of the event that it was given last, as it writes it. */
size_t sink_size(const Sink *s);

typedef struct SinkLoss {
        uint64_t count;     /* events that could not be kept since the last question */
        uint64_t first_seq; /* of these; 0 when there were none */
        uint64_t last_seq;
        int error;          /* why, negative errno: -ENOBUFS when no more may wait, else what failed */
} SinkLoss;

/* c: borrowed. path: of the journal's socket; NULL: /run/systemd/journal/socket. outbox: what waits, taken over on success; `waiting` events
 * are in it, maybe of an earlier daemon. journald need not be there yet. -ENAMETOOLONG: no path of a socket; -ENOMEM.
 *
 * What journald had in its socket and had not read when it was killed is lost, and no sender can see that, unless it reads back. */
int sink_journal_new(Sink **ret, const FormatContext *c, const char *path, Outbox *outbox, uint64_t waiting);
/* For those who read back. */
Delivery *sink_journal_delivery(Sink *s);

/* c, fd: borrowed. kind: SINK_JSON or SINK_TEXT. Flags of the descriptor are left alone, since they are shared with other
 * processes: it is opened anew or asked first, see sink-stream.c. -EBADF: not open; -ENOMEM.
 *
 * After EPIPE or the like the sink is dead: what waited and all that follows is counted as lost. */
int sink_stream_new(Sink **ret, SinkKind kind, const FormatContext *c, int fd, uint64_t queue_bytes);
Sink *sink_free(Sink *s);
DEFINE_CLEANUP(Sink, sink_free)

SinkKind sink_kind(const Sink *s);

/* 0 it waits, or was written; -ENOBUFS it could not be kept (and is counted); -ENOMEM (counted, too). */
int sink_put(Sink *s, const Event *e);

/* Send what waits, as far as it goes without blocking or taking long. Returns the number of events that still wait, or negative errno when the
 * sink is unreachable (what waits is kept; a dead stream sink has nothing). */
int64_t sink_flush(Sink *s);

/* What to wait for while something waits: a descriptor for EPOLLOUT, or -1: try again in a second. It may be another one
 * after each put() or flush(). */
int sink_fd(const Sink *s);
uint64_t sink_waiting(const Sink *s);

/* Returns and resets. */
SinkLoss sink_take_loss(Sink *s);

/* Is journald there? true when its socket accepts a connection. path as above. */
bool sink_journal_available(const char *path);
