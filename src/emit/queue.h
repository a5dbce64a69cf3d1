/* SPDX-License-Identifier: MIT */
#pragma once

/* Queue: what waits for a sink, in memory, the oldest first. Bounded by the memory that its entries take; an entry alone is
 * taken whatever its size. */

#include <stdint.h>

#include "base/text.h"

/* An event, as it goes out. */
typedef struct SinkItem {
        uint64_t seq;
        const char *data; /* until the queue is touched again */
        size_t size;
} SinkItem;

typedef struct QueueEntry QueueEntry;

typedef struct Queue {
        QueueEntry *first, *last;
        QueueEntry *spare; /* the last that was popped, with its memory */
        uint64_t count, bytes, max_bytes;
} Queue;

void queue_done(Queue *q);

/* Takes what is in t, and leaves t empty. 0, -ENOBUFS when it is full, or -ENOMEM. */
int queue_add(Queue *q, uint64_t seq, Text *t);
/* 1, or 0 when it is empty. */
int queue_first(const Queue *q, SinkItem *ret);
void queue_pop(Queue *q);
