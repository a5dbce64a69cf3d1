/* SPDX-License-Identifier: MIT */
#pragma once

/* Sink: where events go. put() never blocks: what cannot be written now is queued within bounds; what falls
 * off the queue is counted, and the counts are collected by the caller, which makes audit-lost of them. */

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

const char *sink_name(unsigned kind);
/* -EINVAL: no such name. */
int sink_from_name(const char *name);

typedef struct SinkLoss {
        uint64_t count;     /* events that fell off since the last question */
        uint64_t first_seq; /* of these */
        uint64_t last_seq;
} SinkLoss;

/* path: of the journal's socket; NULL: /run/systemd/journal/socket. queue_bytes: bound of what waits. */
int sink_journal_new(Sink **ret, const FormatContext *c, const char *path, uint64_t queue_bytes);
/* fd: borrowed. kind: SINK_JSON or SINK_TEXT. Set to non-blocking where it is a pipe, socket or terminal. */
int sink_stream_new(Sink **ret, SinkKind kind, const FormatContext *c, int fd, uint64_t queue_bytes);
Sink *sink_free(Sink *s);
DEFINE_CLEANUP(Sink, sink_free)

SinkKind sink_kind(const Sink *s);

/* 0 written or queued; -ENOBUFS it fell off (and is counted); -ENOMEM (counted, too). */
int sink_put(Sink *s, const Event *e);

/* Send what waits, as far as it goes without blocking. Returns the number of events that still wait, or negative errno when the
 * sink is unreachable (the queue is kept). */
int64_t sink_flush(Sink *s);

/* What to wait for while something is queued: a descriptor for EPOLLOUT, or -1: try again in a second. */
int sink_fd(const Sink *s);
uint64_t sink_waiting(const Sink *s);

/* Returns and resets. */
SinkLoss sink_take_loss(Sink *s);

/* Is journald there? true when its socket accepts a connection. path as above. */
bool sink_journal_available(const char *path);
