/* SPDX-License-Identifier: MIT */

/* Rows of one process that belong together become one: the same protocol, direction and service. The service is the end
 * whose port or path is not accidental: the peer's where this process connected, its own where the other end did. Of the
 * accidental end the address is kept where all have the same; else it is told how many differ.
 *
 * Rows are compared as the texts that are shown, one process after the other, so that the memory needed follows the
 * largest process. */

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/list.h"

/* A row, as it is compared. */
typedef struct Item {
        const ListRow *row;
        const MapSocket *socket;
        Text local, peer;
        bool peer_differs; /* the peer is the accidental end */
} Item;

typedef struct Group {
        const Item *first;
        size_t count, peers;
        size_t states[_STATE_MAX];
        uint64_t send_queue, receive_queue;
} Group;

typedef struct Grouping {
        const Map *map;
        const TableChoice *choice;
        Table *table;
} Grouping;

/* --- items ------------------------------------------------------------------------------------------ */

static void append_ip(Text *t, const Socket *s, const Endpoint *e) {
        Endpoint copy = *e;
        Family family = endpoint_normalise(s->family, &copy);
        char buffer[ENDPOINT_TEXT_MAX];

        text_append(t, endpoint_is_any(e) ? "*" : endpoint_ip(family, &copy, buffer));
}

static int item_set(Item *i, const Map *m, const ListRow *row) {
        const MapSocket *s = &m->sockets[row->socket];

        *i = (Item){ .row = row, .socket = s, .peer_differs = s->direction == DIRECTION_INGRESS };
        if (list_has_peer_address(s)) {
                bool egress = s->direction == DIRECTION_EGRESS;

                (egress ? append_ip : list_endpoint)(&i->local, &s->socket, &s->socket.local);
                (egress ? list_endpoint : append_ip)(&i->peer, &s->socket, &s->socket.peer);
                list_peer_process(&i->peer, m, row);
        } else {
                list_cell(&i->local, m, row, LIST_COLUMN_LOCAL);
                list_cell(&i->peer, m, row, LIST_COLUMN_PEER);
        }
        return text_error(&i->local) < 0 || text_error(&i->peer) < 0 ? -ENOMEM : 0;
}

static void items_free(Item *items, size_t count) {
        for (size_t i = 0; i < count; i++) {
                text_done(&items[i].local);
                text_done(&items[i].peer);
        }
        free(items);
}

static int protocol_compare(const MapSocket *a, const MapSocket *b) {
        int r = CMP(a->socket.family == FAMILY_UNIX, b->socket.family == FAMILY_UNIX);

        r = r != 0 ? r : CMP(a->socket.family > FAMILY_UNIX, b->socket.family > FAMILY_UNIX);
        r = r != 0 ? r : CMP(a->socket.transport, b->socket.transport);
        r = r != 0 ? r : strcmp(a->protocol, b->protocol);
        r = r != 0 ? r : CMP(a->socket.state == STATE_LISTEN, b->socket.state == STATE_LISTEN);
        return r != 0 ? r : CMP(a->direction, b->direction);
}

static int service_compare(const Item *a, const Item *b) {
        int r = protocol_compare(a->socket, b->socket);

        r = r != 0 ? r : strcmp(text_string(&a->local), text_string(&b->local));
        return r != 0 || a->peer_differs ? r : strcmp(text_string(&a->peer), text_string(&b->peer));
}

static int item_compare(const void *a, const void *b) {
        const Item *x = a, *y = b;
        int r = service_compare(x, y);

        return r != 0 ? r : strcmp(text_string(&x->peer), text_string(&y->peer));
}

/* --- groups ----------------------------------------------------------------------------------------- */

static void group_add(Group *g, const Item *i, const Item *before) {
        const Socket *s = &i->socket->socket;

        g->count++;
        if (!before || strcmp(text_string(&before->peer), text_string(&i->peer)) != 0)
                g->peers++;
        g->states[s->state < _STATE_MAX && list_state(i->socket) ? s->state : 0]++;
        g->send_queue += s->send_queue;
        g->receive_queue += s->receive_queue;
}

/* One state by name, several with their counts, the most frequent in order of the kernel's numbers. */
static void group_states(const Group *g, Text *t) {
        if (list_state(g->first->socket) && g->states[g->first->socket->socket.state] == g->count) {
                text_append(t, list_state(g->first->socket));
                return;
        }
        for (unsigned state = 1; state < _STATE_MAX; state++)
                if (g->states[state] > 0)
                        text_printf(t, "%s%s:%zu", t->size > 0 ? " " : "", state_name(state), g->states[state]);
}

static void cell_process(const Grouping *c, const Group *g, Text *t) {
        list_cell(t, c->map, g->first->row, LIST_COLUMN_PROCESS);
}

static void cell_proto(const Grouping *c, const Group *g, Text *t) {
        list_protocol(t, g->first->socket);
}

static void cell_local(const Grouping *c, const Group *g, Text *t) {
        text_append(t, text_string(&g->first->local));
}

static void cell_dir(const Grouping *c, const Group *g, Text *t) {
        list_cell(t, c->map, g->first->row, LIST_COLUMN_DIR);
}

static void cell_peer(const Grouping *c, const Group *g, Text *t) {
        if (g->peers > 1)
                text_printf(t, "%zu peers", g->peers);
        else
                text_append(t, text_string(&g->first->peer));
}

static void cell_count(const Grouping *c, const Group *g, Text *t) {
        text_printf(t, "%zu", g->count);
}

static void cell_state(const Grouping *c, const Group *g, Text *t) {
        group_states(g, t);
}

static void cell_sendq(const Grouping *c, const Group *g, Text *t) {
        list_size(t, g->send_queue);
}

static void cell_recvq(const Grouping *c, const Group *g, Text *t) {
        list_size(t, g->receive_queue);
}

const TableColumn GROUP_COLUMNS[] = {
        { "process", "PROCESS[PID]", "Process name and id" },
        { "proto", "PROTO", "Protocol" },
        { "local", "LOCAL", "This end, without its port where that means nothing", .cut = 15 },
        { "dir", "DIR", "Who connected: -> this process, <- the other end, -- undecided" },
        { "peer", "PEER (OTHER END)", "The other end, without its port where that means nothing; or how many differ", .cut = 17 },
        { "count", "COUNT", "Sockets of this kind", .right = true },
        { "state", "STATE", "State, or states with their counts" },
        { "sendq", "SENDQ", "Sum of bytes not yet acknowledged", .right = true },
        { "recvq", "RECVQ", "Sum of bytes not yet read", .right = true },
};

/* In the order of GROUP_COLUMNS. */
static void (*const cells[])(const Grouping *c, const Group *g, Text *t) = {
        cell_process, cell_proto, cell_local, cell_dir, cell_peer, cell_count, cell_state, cell_sendq, cell_recvq,
};

static_assert(ELEMENTSOF(cells) == ELEMENTSOF(GROUP_COLUMNS), "a function for each column");

const size_t GROUP_COLUMNS_COUNT = ELEMENTSOF(GROUP_COLUMNS);
const char GROUP_COLUMNS_DEFAULT[] = "process,proto,local,dir,peer,count,state,sendq,recvq";

static int group_print(const Grouping *c, const Group *g) {
        Text row[TABLE_COLUMNS_MAX] = {};
        int r;

        for (size_t i = 0; i < c->choice->count; i++)
                cells[c->choice->columns[i]](c, g, &row[i]);
        r = table_add(c->table, row);
        for (size_t i = 0; i < c->choice->count; i++)
                text_done(&row[i]);
        return r;
}

/* All rows of one process. */
static int group_process(const Grouping *c, const ListRow *rows, size_t count) {
        Item *items = calloc(count, sizeof(Item));
        Group g = {};
        int r = items ? 0 : -ENOMEM;

        for (size_t i = 0; r >= 0 && i < count; i++)
                r = item_set(&items[i], c->map, &rows[i]);
        if (r >= 0)
                qsort(items, count, sizeof(Item), item_compare);
        for (size_t i = 0; r >= 0 && i < count; i++) {
                bool same = i > 0 && service_compare(&items[i - 1], &items[i]) == 0;

                if (i > 0 && !same)
                        r = group_print(c, &g);
                if (!same)
                        g = (Group){ .first = &items[i] };
                group_add(&g, &items[i], same ? &items[i - 1] : NULL);
        }
        if (r >= 0)
                r = group_print(c, &g);
        items_free(items, items ? count : 0);
        return r;
}

int group_rows(const Map *m, const ListRow *rows, size_t count, const TableChoice *choice, Table *table) {
        Grouping c = { .map = m, .choice = choice, .table = table };
        size_t n;

        for (size_t i = 0; i < count; i += n) {
                int r;

                for (n = 1; i + n < count && rows[i + n].process == rows[i].process; n++)
                        ;
                r = group_process(&c, &rows[i], n);
                if (r < 0)
                        return r;
        }
        return 0;
}
