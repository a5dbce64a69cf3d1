/* SPDX-License-Identifier: MIT */

/* The queue of a sink, and the count of what fell off.
 *
 * An event is formatted into an entry of its own, written as far as it goes, and queued with the rest. The queue is
 * bounded by the memory its entries take; an entry that was begun is queued whatever its size, or a stream would have
 * half a line in it. So the bound may be exceeded by one entry. */

#include "emit/sink-private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[_SINK_MAX] = {
        [SINK_JOURNAL] = "journal",
        [SINK_JSON] = "json",
        [SINK_TEXT] = "text",
};

const char *sink_name(unsigned kind) {
        return kind < _SINK_MAX ? names[kind] : NULL;
}

int sink_from_name(const char *name) {
        for (int i = 0; i < _SINK_MAX; i++)
                if (strcmp(names[i], name) == 0)
                        return i;
        return -EINVAL;
}

static SinkEntry *entry_free(SinkEntry *entry) {
        if (entry)
                text_done(&entry->text);
        free(entry);
        return NULL;
}

static uint64_t entry_bytes(const SinkEntry *entry) {
        return sizeof(*entry) + entry->text.allocated;
}

void sink_init(Sink *s, SinkKind kind, const SinkOps *ops, const FormatContext *c, uint64_t queue_bytes) {
        *s = (Sink){ .kind = kind, .ops = ops, .context = c, .fd = -1, .max_bytes = queue_bytes };
        s->end = &s->first;
}

static SinkEntry *queue_pop(Sink *s) {
        SinkEntry *entry = s->first;

        s->first = entry->next;
        if (!s->first)
                s->end = &s->first;
        s->waiting--;
        s->waiting_bytes -= entry_bytes(entry);
        return entry;
}

static void queue_push(Sink *s, SinkEntry *entry) {
        entry->next = NULL;
        *s->end = entry;
        s->end = &entry->next;
        s->waiting++;
        s->waiting_bytes += entry_bytes(entry);
}

Sink *sink_free(Sink *s) {
        if (!s)
                return NULL;
        while (s->first)
                entry_free(queue_pop(s));
        entry_free(s->spare);
        s->ops->close(s);
        free(s);
        return NULL;
}

SinkKind sink_kind(const Sink *s) {
        return s->kind;
}

static int sink_lose(Sink *s, uint64_t seq, int error) {
        SinkLoss *l = &s->loss;

        l->first_seq = l->count > 0 ? MIN(l->first_seq, seq) : seq;
        l->last_seq = MAX(l->last_seq, seq);
        l->count++;
        return error;
}

/* Nothing will go out any more: what waits is lost. */
static void sink_die(Sink *s) {
        s->dead = true;
        while (s->first) {
                SinkEntry *entry = queue_pop(s);

                (void) sink_lose(s, entry->seq, 0);
                entry_free(entry);
        }
}

/* 0 all of it, else what write() said. */
static int sink_write(Sink *s, SinkEntry *entry) {
        s->blocked = false;
        while (entry->written < entry->text.size) {
                ssize_t n = s->ops->write(s, entry->text.data + entry->written, entry->text.size - entry->written);

                if (n < 0) {
                        s->blocked = n == -EAGAIN;
                        return (int) n;
                }
                entry->written += (size_t) n;
        }
        return 0;
}

static int sink_drain(Sink *s) {
        while (s->first) {
                int r = sink_write(s, s->first);

                if (r == -EPIPE)
                        sink_die(s);
                if (r < 0)
                        return r;
                entry_free(queue_pop(s));
        }
        return 0;
}

/* The spare entry, with the event in it. */
static int sink_format(Sink *s, const Event *e) {
        if (!s->spare)
                s->spare = calloc(1, sizeof(*s->spare));
        if (!s->spare)
                return -ENOMEM;
        s->spare->seq = e->seq;
        s->spare->written = 0;
        text_clear(&s->spare->text);
        return s->ops->format(s->context, e, &s->spare->text);
}

int sink_put(Sink *s, const Event *e) {
        SinkEntry *entry;
        int r;

        if (s->dead)
                return sink_lose(s, e->seq, -ENOBUFS);
        if (sink_format(s, e) < 0)
                return sink_lose(s, e->seq, -ENOMEM);

        entry = s->spare;
        r = sink_drain(s);
        if (r == 0)
                r = sink_write(s, entry);
        if (r == 0)
                return 0;
        if (r == -EPIPE) {
                sink_die(s);
                return sink_lose(s, e->seq, -ENOBUFS);
        }
        if (entry->written == 0 && s->waiting_bytes + entry_bytes(entry) > s->max_bytes)
                return sink_lose(s, e->seq, -ENOBUFS);
        queue_push(s, TAKE_PTR(s->spare));
        return 0;
}

int64_t sink_flush(Sink *s) {
        int r = s->dead ? -EPIPE : sink_drain(s);

        return r < 0 && r != -EAGAIN ? r : (int64_t) s->waiting;
}

int sink_fd(const Sink *s) {
        return s->blocked ? s->fd : -1;
}

uint64_t sink_waiting(const Sink *s) {
        return s->waiting;
}

SinkLoss sink_take_loss(Sink *s) {
        SinkLoss loss = s->loss;

        s->loss = (SinkLoss){};
        return loss;
}
