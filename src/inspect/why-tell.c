/* SPDX-License-Identifier: MIT */

/* Sentences about what is stuck. Each says what was seen, with the least time that it has lasted, then whose fault that looks like, which is
 * a guess and called one, then whether others of this host suffer from the same peer. */

#include <errno.h>
#include <stdlib.h>

#include "inspect/why.h"

#define TOLD_MAX 10 /* sockets; the table has all */

typedef struct Tell {
        const Map *map;
        Text *text;
        const MapSocket *socket;
        uint32_t index, process; /* of the row */
} Tell;

static void put_holder(Tell *w) {
        if (w->process != MAP_NONE)
                list_process(w->text, &w->map->processes[w->process].process);
        else
                text_append(w->text, "A process that may not be seen");
}

static bool put_peer_process(Tell *w, const char *before) {
        const MapHolder *h = map_primary(w->map, map_peer_inode(w->map, w->index), w->process);

        if (!h)
                return false;
        text_append(w->text, before);
        list_process(w->text, &w->map->processes[h->process].process);
        return true;
}

/* Address or path, and the process, if it is one of this host. */
static void put_peer(Tell *w) {
        const MapSocket *peer = w->socket->peer != MAP_NONE ? &w->map->sockets[w->socket->peer] : NULL;
        size_t size = w->text->size;

        if (list_has_peer_address(w->socket))
                list_endpoint(w->text, &w->socket->socket, &w->socket->socket.peer);
        else if (peer && peer->socket.path_size > 0)
                list_cell(w->text, w->map, &(ListRow){ w->process, -1, w->socket->peer }, LIST_COLUMN_LOCAL);
        if (!put_peer_process(w, w->text->size > size ? " (" : ""))
                text_append(w->text, w->text->size > size ? "" : "the other end");
        else if (list_has_peer_address(w->socket) || (peer && peer->socket.path_size > 0))
                text_append(w->text, ")");
}

static void put_local(Tell *w) {
        list_cell(w->text, w->map, &(ListRow){ w->process, -1, w->index }, LIST_COLUMN_LOCAL);
}

static void put_size(Tell *w, uint64_t bytes) {
        list_size(w->text, bytes);
        text_append(w->text, bytes < 1024 ? " bytes" : "");
}

static void put_for(Tell *w) {
        text_append(w->text, " for at least ");
        list_duration(w->text, w->socket->stalled);
}

/* "; 7 retransmits, the next in 26s" */
static void put_timer(Tell *w, const char *what, const char *plural) {
        const Socket *s = &w->socket->socket;

        if (s->retransmits > 0)
                text_printf(w->text, "; %u %s", s->retransmits, s->retransmits == 1 ? what : plural);
        if (s->timer_msec > 0 && s->timer != TIMER_KEEPALIVE) {
                text_append(w->text, s->retransmits > 0 ? ", the next in " : "; the next try in ");
                list_duration(w->text, s->timer_msec * USEC_PER_MSEC);
        }
}

/* --- what was seen --------------------------------------------------------------------------------- */

static void tell_sending(Tell *w, const char *what) {
        put_holder(w);
        text_append(w->text, " cannot send to ");
        put_peer(w);
        text_append(w->text, ": ");
        put_size(w, w->socket->socket.send_queue);
        text_printf(w->text, " wait, and the other side %s", what);
        put_for(w);
}

static void tell_connecting(Tell *w) {
        put_holder(w);
        text_append(w->text, " cannot connect to ");
        put_peer(w);
        text_append(w->text, ": no answer");
        put_for(w);
        put_timer(w, "attempt was repeated", "attempts were repeated");
}

static void tell_close_wait(Tell *w) {
        put_peer(w);
        text_append(w->text, " closed its connection with ");
        put_holder(w);
        text_append(w->text, " at least ");
        list_duration(w->text, w->socket->stalled);
        text_append(w->text, " ago, and ");
        put_holder(w);
        text_append(w->text, " has not closed it");
        if (stall_unread(&w->socket->socket) > 0) {
                text_append(w->text, "; ");
                put_size(w, stall_unread(&w->socket->socket));
                text_append(w->text, " wait to be read");
        }
}

static void tell_not_accepted(Tell *w) {
        put_holder(w);
        text_append(w->text, " does not accept on ");
        put_local(w);
        text_printf(w->text, ": %u %s", w->socket->socket.receive_queue,
                    w->socket->socket.receive_queue == 1 ? "connection waits" : "connections wait");
        if (w->socket->socket.send_queue > 0)
                text_printf(w->text, " in its queue of %u", w->socket->socket.send_queue);
        text_append(w->text, w->socket->socket.receive_queue == 1 ? "," : ", one of them");
        put_for(w);
}

static bool is_sender(const Tell *w) {
        return stall_sign(STALL_OF_SENDING, &w->socket->socket).kind == STALL_NOT_READING;
}

static void tell_not_reading(Tell *w) {
        put_holder(w);
        if (is_sender(w)) {
                text_append(w->text, " has sent what ");
                put_peer(w);
                text_append(w->text, " does not read: ");
                put_size(w, w->socket->socket.send_queue);
                text_append(w->text, " of memory wait, and none was read");
        } else {
                bool named = w->socket->socket.path_size > 0;

                text_append(w->text, named ? " does not read what is sent to " : " does not read what comes from ");
                if (named)
                        put_local(w);
                else
                        put_peer(w);
                text_append(w->text, ": ");
                put_size(w, stall_unread(&w->socket->socket));
                text_append(w->text, " wait, and none was read");
        }
        put_for(w);
}

static void tell_seen(Tell *w) {
        switch ((StallKind) w->socket->stall) {
        case STALL_CONNECTING:
                tell_connecting(w);
                break;
        case STALL_UNACKNOWLEDGED:
                tell_sending(w, "has acknowledged none");
                put_timer(w, "retransmission", "retransmissions");
                break;
        case STALL_ZERO_WINDOW:
                tell_sending(w, "takes none: its window is zero");
                put_timer(w, "probe without answer", "probes without answer");
                break;
        case STALL_CLOSE_WAIT:
                tell_close_wait(w);
                break;
        case STALL_NOT_ACCEPTED:
                tell_not_accepted(w);
                break;
        case STALL_NOT_READING:
                tell_not_reading(w);
                break;
        case STALL_NONE:
        case _STALL_MAX:
                break;
        }
        text_append(w->text, ".\n");
}

/* --- whose fault it looks like --------------------------------------------------------------------- */

static void blame_path(Tell *w) {
        uint64_t heard = w->socket->socket.heard_usec;

        text_append(w->text, "  It looks like the path or the other host");
        if (heard != SOCKET_UNKNOWN && heard + USEC_PER_SEC >= w->socket->stalled) {
                text_append(w->text, ": nothing has been heard from it for ");
                list_duration(w->text, heard);
        } else if (heard != SOCKET_UNKNOWN) {
                text_append(w->text, ": it still answers, heard ");
                list_duration(w->text, heard);
                text_append(w->text, " ago, but what is sent does not arrive");
        } else
                text_append(w->text, ": it is down, or packets are dropped on the way");
}

static void blame(Tell *w) {
        Text *t = w->text;

        switch ((StallKind) w->socket->stall) {
        case STALL_CONNECTING:
        case STALL_UNACKNOWLEDGED:
                blame_path(w);
                break;
        case STALL_ZERO_WINDOW:
                if (w->socket->socket.retransmits > 0) {
                        blame_path(w);
                        break;
                }
                text_append(t, "  It looks like the other side: its host answers, but ");
                text_append(t, put_peer_process(w, "") ? "" : "its program");
                text_append(t, " does not read");
                break;
        case STALL_CLOSE_WAIT:
        case STALL_NOT_ACCEPTED:
                text_append(t, "  It looks like ");
                put_holder(w);
                text_append(t, " itself");
                break;
        case STALL_NOT_READING:
                text_append(t, "  It looks like ");
                if (!is_sender(w))
                        put_holder(w);
                else if (!put_peer_process(w, ""))
                        text_append(t, "the program at the other end");
                text_append(t, is_sender(w) ? "" : " itself");
                break;
        case STALL_NONE:
        case _STALL_MAX:
                break;
        }
        text_append(t, ".\n");
}

/* --- others ---------------------------------------------------------------------------------------- */

/* Does b talk to the same service as a, or, where the other side has connected, to the same host? */
static bool same_peer(const MapSocket *a, const MapSocket *b) {
        Endpoint x = a->socket.peer, y = b->socket.peer;
        Family f = endpoint_normalise(a->socket.family, &x), g = endpoint_normalise(b->socket.family, &y);

        if (!list_has_peer_address(b) || b->socket.transport != TRANSPORT_TCP || f != g)
                return false;
        if (a->direction == DIRECTION_INGRESS)
                x.port = y.port = 0;
        return endpoint_compare(&x, &y) == 0;
}

static void tell_others(Tell *w) {
        size_t all = 0, stuck = 0;

        if (!list_has_peer_address(w->socket) || w->socket->stall == STALL_CLOSE_WAIT)
                return;
        for (uint32_t i = 0; i < w->map->socket_count; i++) {
                const MapSocket *s = &w->map->sockets[i];

                if (i == w->index || !same_peer(w->socket, s))
                        continue;
                all++;
                stuck += s->stall != STALL_NONE;
        }
        if (all == 0)
                text_append(w->text, "  Nothing else on this host is connected to it.\n");
        else
                text_printf(w->text, "  Of %zu other %s of this host to it, %zu %s stuck, too.\n", all,
                            all == 1 ? "connection" : "connections", stuck, stuck == 1 ? "is" : "are");
}

static void tell_one(Tell *w) {
        tell_seen(w);
        blame(w);
        tell_others(w);
}

/* --- nothing --------------------------------------------------------------------------------------- */

static void tell_nothing(const List *l, uint64_t elapsed, Text *t) {
        const Map *m = &l->survey.map;
        size_t connected = 0;
        uint32_t last = MAP_NONE;

        for (size_t i = 0; i < l->row_count; i++) {
                const MapSocket *s = &m->sockets[l->rows[i].socket];

                connected += l->rows[i].socket != last && (list_has_peer_address(s) || s->socket.peer_inode != 0);
                last = l->rows[i].socket;
        }
        if (l->row_count == 0)
                return;
        text_append(t, "Nothing is stuck");
        if (elapsed > 0) {
                text_append(t, ": nothing that waits stood still for the ");
                list_duration(t, elapsed);
                text_append(t, " between two looks");
        }
        text_append(t, ".\n");
        if (connected == 0)
                text_append(t, "It is connected to nothing at all, though.\n");
}

int why_tell(const List *l, uint64_t elapsed, Text *t) {
        /* What is sent is asked about first: what does not come in is mostly a consequence. */
        static const StallKind order[] = { STALL_UNACKNOWLEDGED, STALL_ZERO_WINDOW, STALL_CONNECTING, STALL_CLOSE_WAIT, STALL_NOT_ACCEPTED,
                                           STALL_NOT_READING };
        const Map *m = &l->survey.map;
        _cleanup_free_ bool *told = calloc(m->socket_count + 1, sizeof(bool));
        size_t n = 0;

        if (!told)
                return -ENOMEM;
        for (size_t k = 0; k < ELEMENTSOF(order); k++)
                for (size_t i = 0; i < l->row_count; i++) {
                        const ListRow *row = &l->rows[i];
                        const MapSocket *s = &m->sockets[row->socket];

                        if (s->stall != order[k] || told[row->socket])
                                continue;
                        told[row->socket] = true;
                        if (++n <= TOLD_MAX)
                                tell_one(&(Tell){ .map = m, .text = t, .socket = s, .index = row->socket, .process = row->process });
                }
        if (n > TOLD_MAX)
                text_printf(t, "And %zu more, in the table below.\n", n - TOLD_MAX);
        if (n == 0)
                tell_nothing(l, elapsed, t);
        return text_error(t);
}
