/* SPDX-License-Identifier: MIT */
#pragma once

/* What the kinds of sink share: sink.c is written against SinkOps; a kind formats an event, keeps what waits, and writes bytes. */

#include <sys/types.h>

#include "base/text.h"
#include "emit/queue.h"
#include "emit/sink.h"

typedef struct SinkOps {
        /* Append the event as it goes out. 0 or -ENOMEM. */
        int (*format)(const FormatContext *c, const Event *e, Text *t);
        /* It waits, behind all others; what is in t may be taken. 0; -ENOBUFS or another error: it cannot be kept. */
        int (*add)(Sink *s, uint64_t seq, Text *t);
        /* How many wait. */
        uint64_t (*waiting)(const Sink *s);
        /* What is to be written next: 1, or 0 when there is nothing that may be written now. */
        int (*first)(Sink *s, SinkItem *ret);
        /* As write(2) without blocking: bytes taken (the caller comes back with the rest), -EAGAIN when nothing goes
         * now, -EPIPE when nothing will ever go again, else the error that makes the sink unreachable. */
        ssize_t (*write)(Sink *s, const char *data, size_t size);
        /* The first was written. */
        void (*pop)(Sink *s);
        /* At the end of each flush; NULL: nothing to do. */
        void (*settle)(Sink *s);
        void (*close)(Sink *s);
} SinkOps;

/* The first member of each kind's own struct. */
struct Sink {
        SinkKind kind;
        const SinkOps *ops;
        const FormatContext *context;
        Text text;       /* of the event that is put */
        int fd;          /* where write() says -EAGAIN, what to poll; -1: none */
        bool ready;      /* something waits, and it goes on as soon as fd can be written */
        bool dead;       /* write() said -EPIPE */
        size_t written;  /* of the first */
        SinkLoss loss;
};

void sink_init(Sink *s, SinkKind kind, const SinkOps *ops, const FormatContext *c);
/* error: why, negative errno; -ENOBUFS: no more may wait. */
void sink_lose(Sink *s, int error, uint64_t count, uint64_t first_seq, uint64_t last_seq);
