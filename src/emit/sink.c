/* SPDX-License-Identifier: MIT */

/* What all sinks do alike: an event is formatted, added to what waits, and what waits is written as far as it goes. What cannot
 * be added is counted. Nothing is written that was not added before: half a line in a stream is finished, whatever comes. */

#include "emit/sink-private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PUT_MAX 2      /* events that one put() writes: while many wait, an event costs no more than two, and they get fewer all the same */
#define FLUSH_MAX 1000 /* that one flush() writes, where it can be waited for more: some ten milliseconds */

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

void sink_init(Sink *s, SinkKind kind, const SinkOps *ops, const FormatContext *c) {
        *s = (Sink){ .kind = kind, .ops = ops, .context = c, .fd = -1 };
}

Sink *sink_free(Sink *s) {
        if (!s)
                return NULL;
        s->ops->close(s);
        text_done(&s->text);
        free(s);
        return NULL;
}

SinkKind sink_kind(const Sink *s) {
        return s->kind;
}

size_t sink_size(const Sink *s) {
        return s->text.size;
}

void sink_lose(Sink *s, int error, uint64_t count, uint64_t first_seq, uint64_t last_seq) {
        SinkLoss *l = &s->loss;

        l->first_seq = l->count > 0 ? MIN(l->first_seq, first_seq) : first_seq;
        l->last_seq = MAX(l->last_seq, last_seq);
        l->count += count;
        if (l->error == 0 || error != -ENOBUFS) /* that other ones follow from */
                l->error = error;
}

static void sink_pop(Sink *s) {
        s->ops->pop(s);
        s->written = 0;
}

/* Nothing will go out any more: what waits is lost. */
static void sink_die(Sink *s) {
        SinkItem item;

        s->dead = true;
        while (s->ops->first(s, &item) > 0) {
                sink_lose(s, -EPIPE, 1, item.seq, item.seq);
                sink_pop(s);
        }
}

/* 0 all of it, else what write() said. */
static int sink_write(Sink *s, const SinkItem *item) {
        while (s->written < item->size) {
                ssize_t n = s->ops->write(s, item->data + s->written, item->size - s->written);

                if (n < 0)
                        return (int) n;
                s->written += (size_t) n;
        }
        return 0;
}

static int sink_drain(Sink *s, unsigned max) {
        SinkItem item;
        unsigned n;
        int r = 0;

        for (n = 0; n < max || s->fd < 0; n++) {
                r = s->ops->first(s, &item);
                if (r <= 0)
                        break;
                r = sink_write(s, &item);
                if (r < 0)
                        break;
                sink_pop(s);
        }
        if (r == -EPIPE)
                sink_die(s);
        s->ready = r == -EAGAIN || n == max;
        return r;
}

int sink_put(Sink *s, const Event *e) {
        int r = 0;

        text_clear(&s->text);
        if (s->dead)
                r = -ENOBUFS;
        if (r == 0)
                r = s->ops->format(s->context, e, &s->text);
        if (r == 0)
                r = s->ops->add(s, e->seq, &s->text);
        if (r < 0) {
                sink_lose(s, r, 1, e->seq, e->seq);
                return r == -ENOMEM ? r : -ENOBUFS;
        }
        (void) sink_drain(s, PUT_MAX);
        return s->dead ? -ENOBUFS : 0;
}

int64_t sink_flush(Sink *s) {
        int r = s->dead ? -EPIPE : sink_drain(s, FLUSH_MAX);

        if (s->ops->settle)
                s->ops->settle(s);
        return r < 0 && r != -EAGAIN ? r : (int64_t) sink_waiting(s);
}

int sink_fd(const Sink *s) {
        return s->ready ? s->fd : -1;
}

uint64_t sink_waiting(const Sink *s) {
        return s->ops->waiting(s);
}

SinkLoss sink_take_loss(Sink *s) {
        SinkLoss loss = s->loss;

        s->loss = (SinkLoss){};
        return loss;
}
