/* SPDX-License-Identifier: MIT */

#include "inspect/stuck.h"

#include <errno.h>
#include <stdlib.h>

#include "inspect/list.h"

typedef struct Mark {
        uint64_t netns, cookie;
        uint32_t inode; /* where there is no cookie */
        bool waiting;   /* for accept */
        uint32_t marks[_STALL_PART_MAX];
        uint8_t kinds[_STALL_PART_MAX];
} Mark;

struct Before {
        size_t count;
        Mark marks[];
};

/* --- the earlier look ------------------------------------------------------------------------------ */

static int mark_compare(const void *a, const void *b) {
        const Mark *x = a, *y = b;
        int r = CMP(x->netns, y->netns);

        r = r != 0 ? r : CMP(x->cookie, y->cookie);
        return r != 0 ? r : CMP(x->inode, y->inode);
}

static bool mark_of(const Socket *s, Mark *ret) {
        bool any = stall_is_waiting(s);

        *ret = (Mark){ .netns = s->netns, .cookie = s->cookie, .inode = s->cookie == 0 ? s->inode : 0, .waiting = any };
        for (StallPart part = 0; part < _STALL_PART_MAX; part++) {
                StallSign sign = stall_sign(part, s);

                ret->marks[part] = sign.mark;
                ret->kinds[part] = sign.kind;
                any |= sign.kind != STALL_NONE;
        }
        return any && (s->cookie != 0 || s->inode != 0);
}

int before_take(Before **ret, const Map *m) {
        Before *b = malloc(sizeof(Before) + m->socket_count * sizeof(Mark));

        if (!b)
                return -ENOMEM;
        b->count = 0;
        for (size_t i = 0; i < m->socket_count; i++)
                if (!m->sockets[i].unlisted && mark_of(&m->sockets[i].socket, &b->marks[b->count]))
                        b->count++;
        qsort(b->marks, b->count, sizeof(Mark), mark_compare);
        *ret = b;
        return 0;
}

Before *before_free(Before *b) {
        free(b);
        return NULL;
}

static const Mark *before_find(const Before *b, const Socket *s) {
        Mark want;

        (void) mark_of(s, &want);
        return b && b->count > 0 ? bsearch(&want, b->marks, b->count, sizeof(Mark), mark_compare) : NULL;
}

/* --- judgement ------------------------------------------------------------------------------------- */

/* Two looks a moment apart: what is on its way to the other side is not stuck, though it has not been acknowledged in between. */
static bool is_on_its_way(const Socket *s, unsigned kind) {
        return kind == STALL_UNACKNOWLEDGED && s->retransmits == 0;
}

static bool listens_there(const Socket *listener, const Socket *s) {
        Endpoint a = listener->local, b = s->local;
        Family f = endpoint_normalise(listener->family, &a), g = endpoint_normalise(s->family, &b);

        return s->netns == listener->netns && a.port == b.port &&
               (endpoint_is_any(&a) || (f == g && endpoint_compare(&a, &b) == 0));
}

/* What the earlier look says of a part: nothing has moved since, or something has. */
typedef struct Verdict {
        uint64_t least;
        bool still;
} Verdict;

/* Of a TCP listener: the connection that waits longest for it. Sockets without inode come first. */
static Verdict judge_waiting(const Map *m, const Socket *listener, const Before *before, uint64_t elapsed) {
        Verdict v = {};

        for (size_t i = 0; i < m->socket_count && m->sockets[i].socket.inode == 0; i++) {
                const Socket *s = &m->sockets[i].socket;
                const Mark *mark;

                if (!stall_is_waiting(s) || !listens_there(listener, s))
                        continue;
                mark = before_find(before, s);
                v.least = MAX(v.least, stall_waiting(s));
                if (mark && mark->waiting) {
                        v.still = true;
                        v.least = MAX(v.least, elapsed);
                }
        }
        return v;
}

static Verdict judge_sign(const Socket *s, StallPart part, const StallSign *sign, const Before *before, uint64_t elapsed) {
        const Mark *mark = before_find(before, s);
        Verdict v = { .least = sign->least };

        if (!mark || mark->kinds[part] == STALL_NONE)
                return v;
        v.still = sign->mark != 0 && mark->marks[part] == sign->mark && !is_on_its_way(s, sign->kind);
        if (v.still)
                v.least = MAX(v.least, elapsed);
        else if (part == STALL_OF_READING)
                v.least = 0; /* known is the age of the last bytes, and some before them have just been read */
        return v;
}

static void judge_part(const Map *m, MapSocket *s, StallPart part, const Before *before, uint64_t elapsed) {
        StallSign sign = stall_sign(part, &s->socket);
        Verdict v;

        if (sign.kind == STALL_NONE)
                return;
        if (sign.kind == STALL_NOT_ACCEPTED && s->socket.transport == TRANSPORT_TCP)
                v = judge_waiting(m, &s->socket, before, elapsed);
        else
                v = judge_sign(&s->socket, part, &sign, before, elapsed);
        if (!v.still && v.least < STALL_DEFAULTS[sign.kind])
                return;
        s->stall = sign.kind;
        s->stalled = v.least;
}

void map_judge(Map *m, const Before *before, uint64_t elapsed) {
        for (size_t i = 0; i < m->socket_count; i++) {
                MapSocket *s = &m->sockets[i];

                s->stall = STALL_NONE;
                s->stalled = 0;
                for (StallPart part = 0; !s->unlisted && part < _STALL_PART_MAX && s->stall == STALL_NONE; part++)
                        judge_part(m, s, part, before, elapsed);
        }
}

/* --- in words -------------------------------------------------------------------------------------- */

/* Whom the other end belongs to, if to somebody on this host: "by app[4410]". */
static bool append_peer(Text *t, const char *before, const Map *m, uint32_t socket, uint32_t process) {
        const MapHolder *h = map_primary(m, map_peer_inode(m, socket), process);

        if (!h)
                return false;
        text_append(t, before);
        list_process(t, &m->processes[h->process].process);
        return true;
}

static void append_holder(Text *t, const Map *m, uint32_t process) {
        if (process != MAP_NONE)
                list_process(t, &m->processes[process].process);
        else
                text_append(t, "nobody");
}

static void append_timer(Text *t, const Socket *s, const char *what) {
        if (s->retransmits > 0)
                text_printf(t, " %u %s%s", s->retransmits, what, s->retransmits == 1 ? "" : "s");
        if (s->timer_msec > 0 && s->timer != TIMER_KEEPALIVE) {
                text_printf(t, "%s next in ", s->retransmits > 0 ? "," : "");
                list_duration(t, s->timer_msec * USEC_PER_MSEC);
        }
}

static void why_close_wait(Text *t, const Map *m, const MapSocket *s, uint32_t process) {
        text_append(t, "peer closed ");
        list_duration(t, s->stalled);
        text_append(t, " ago, ");
        append_holder(t, m, process);
        text_append(t, " has not");
}

static void why_not_reading(Text *t, const Map *m, uint32_t socket, uint32_t process) {
        const MapSocket *s = &m->sockets[socket];
        bool sent = s->socket.send_queue > 0 && stall_sign(STALL_OF_SENDING, &s->socket).kind == STALL_NOT_READING;

        text_append(t, "not-reading: ");
        list_size(t, sent ? s->socket.send_queue : stall_unread(&s->socket));
        if (sent) {
                if (!append_peer(t, " unread by ", m, socket, process))
                        text_append(t, " unread by the other end");
        } else {
                (void) append_peer(t, " from ", m, socket, process);
                text_append(t, " unread");
        }
        text_append(t, " for ");
        list_duration(t, s->stalled);
}

void stuck_why(Text *t, const Map *m, uint32_t socket, uint32_t process) {
        const MapSocket *s = &m->sockets[socket];
        const Socket *k = &s->socket;

        switch ((StallKind) s->stall) {
        case STALL_CONNECTING:
                text_append(t, "connecting:");
                append_timer(t, k, "unanswered attempt");
                break;
        case STALL_UNACKNOWLEDGED:
                text_append(t, "unacknowledged:");
                append_timer(t, k, "retransmit");
                break;
        case STALL_ZERO_WINDOW:
                text_append(t, "zero-window: ");
                if (!append_peer(t, "", m, socket, process))
                        text_append(t, "the other end");
                text_append(t, " takes no more for ");
                list_duration(t, s->stalled);
                break;
        case STALL_CLOSE_WAIT:
                why_close_wait(t, m, s, process);
                break;
        case STALL_NOT_ACCEPTED:
                text_printf(t, "not-accepted: %u", k->receive_queue);
                if (k->send_queue > 0)
                        text_printf(t, " of %u", k->send_queue);
                text_append(t, k->receive_queue == 1 ? " waits for " : " wait for ");
                list_duration(t, s->stalled);
                break;
        case STALL_NOT_READING:
                why_not_reading(t, m, socket, process);
                break;
        case STALL_NONE:
        case _STALL_MAX:
                break;
        }
}
