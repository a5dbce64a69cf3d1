/* SPDX-License-Identifier: MIT */

#include "emit/queue.h"

#include <errno.h>
#include <stdlib.h>

struct QueueEntry {
        QueueEntry *next;
        uint64_t seq;
        Text text;
};

static void entry_free(QueueEntry *entry) {
        if (entry)
                text_done(&entry->text);
        free(entry);
}

static uint64_t entry_bytes(const QueueEntry *entry) {
        return sizeof(*entry) + entry->text.allocated;
}

void queue_done(Queue *q) {
        while (q->first)
                queue_pop(q);
        entry_free(TAKE_PTR(q->spare));
}

int queue_add(Queue *q, uint64_t seq, Text *t) {
        QueueEntry *entry;

        if (q->first && q->bytes + sizeof(*entry) + t->allocated > q->max_bytes)
                return -ENOBUFS;
        entry = q->spare ? TAKE_PTR(q->spare) : calloc(1, sizeof(*entry));
        if (!entry)
                return -ENOMEM;
        entry->next = NULL;
        entry->seq = seq;
        SWAP(entry->text, *t);
        text_clear(t);
        if (q->first)
                q->last->next = entry;
        else
                q->first = entry;
        q->last = entry;
        q->count++;
        q->bytes += entry_bytes(entry);
        return 0;
}

int queue_first(const Queue *q, SinkItem *ret) {
        if (!q->first)
                return 0;
        *ret = (SinkItem){ .seq = q->first->seq, .data = q->first->text.data, .size = q->first->text.size };
        return 1;
}

void queue_pop(Queue *q) {
        QueueEntry *entry = q->first;

        q->first = entry->next;
        q->count--;
        q->bytes -= entry_bytes(entry);
        entry_free(q->spare);
        q->spare = entry;
}
