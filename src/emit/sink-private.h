/* SPDX-License-Identifier: MIT */
#pragma once

/* What the kinds of sink share: sink.c has the queue and the count of losses, and is written against SinkOps; a
 * kind formats an event and writes bytes. */

#include <sys/types.h>

#include "base/text.h"
#include "emit/sink.h"

typedef struct SinkOps {
        /* Append the event as it goes out. 0 or -ENOMEM. */
        int (*format)(const FormatContext *c, const Event *e, Text *t);
        /* As write(2) without blocking: bytes taken (the caller comes back with the rest), -EAGAIN when nothing goes
         * now, -EPIPE when nothing will ever go again, else the error that makes the sink unreachable. */
        ssize_t (*write)(Sink *s, const char *data, size_t size);
        void (*close)(Sink *s);
} SinkOps;

/* An event on its way; one that was begun has written > 0. */
typedef struct SinkEntry SinkEntry;

struct SinkEntry {
        SinkEntry *next;
        uint64_t seq;
        size_t written;
        Text text;
};

/* The first member of each kind's own struct. */
struct Sink {
        SinkKind kind;
        const SinkOps *ops;
        const FormatContext *context;
        int fd;       /* where write() says -EAGAIN, what to poll; -1: none */
        bool blocked; /* the last write() said -EAGAIN */
        bool dead;    /* it said -EPIPE */

        SinkEntry *first, **end; /* the queue */
        SinkEntry *spare;        /* made before anything is written: queueing the rest of a line cannot fail */
        uint64_t waiting, waiting_bytes, max_bytes;
        SinkLoss loss;
};

void sink_init(Sink *s, SinkKind kind, const SinkOps *ops, const FormatContext *c, uint64_t queue_bytes);
