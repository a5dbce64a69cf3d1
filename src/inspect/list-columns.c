/* SPDX-License-Identifier: MIT */

/* The columns of `list`: each is a heading, a line of help and a function that writes one cell. All that comes from outside
 * goes through text_escape() here. */

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "inspect/list.h"
#include "inspect/users.h"

#define CELL_MAX 512 /* bytes of one name from outside, escaped */

/* --- pieces ----------------------------------------------------------------------------------------- */

void list_size(Text *t, uint64_t bytes) {
        static const char units[] = "KMGTPE";
        double value = (double) bytes;
        size_t unit = 0;

        if (bytes < 1024) {
                text_printf(t, "%u", (unsigned) bytes);
                return;
        }
        for (value /= 1024; value >= 1023.5 && unit < sizeof(units) - 2; unit++)
                value /= 1024;
        text_printf(t, value < 99.95 ? "%.1f%c" : "%.0f%c", value, units[unit]);
}

void list_duration(Text *t, uint64_t usec) {
        uint64_t s = usec / USEC_PER_SEC;

        if (usec < USEC_PER_SEC)
                text_printf(t, "%ums", (unsigned) (usec / USEC_PER_MSEC));
        else if (s < 60)
                text_printf(t, "%us", (unsigned) s);
        else if (s < 600)
                text_printf(t, "%um%us", (unsigned) (s / 60), (unsigned) (s % 60));
        else if (s < 3600)
                text_printf(t, "%um", (unsigned) (s / 60));
        else if (s < 86400)
                text_printf(t, "%uh%um", (unsigned) (s / 3600), (unsigned) (s % 3600 / 60));
        else
                text_printf(t, "%llud%uh", (unsigned long long) (s / 86400), (unsigned) (s % 86400 / 3600));
}

static void append_outside(Text *t, const char *s) {
        (void) text_escape(t, bytes_of(s), CELL_MAX);
}

static void append_path(Text *t, const Socket *s) {
        char buffer[SOCKET_NAME_MAX];

        (void) text_escape(t, socket_path(s, buffer), CELL_MAX);
}

void list_endpoint(Text *t, const Socket *s, const Endpoint *e) {
        Endpoint copy = *e;
        Family family = endpoint_normalise(s->family, &copy);
        char buffer[ENDPOINT_TEXT_MAX];

        text_append(t, endpoint_text(family, &copy, buffer));
}

void list_process(Text *t, const Process *p) {
        append_outside(t, p->comm ? p->comm : "?");
        text_printf(t, "[%u]", p->pid);
}

void list_protocol(Text *t, const MapSocket *s) {
        const char *transport = transport_name(s->socket.transport);
        char lower[MAP_PROTOCOL_MAX];
        size_t i;

        if (s->socket.family == FAMILY_UNIX) {
                bool stream = s->socket.transport == TRANSPORT_STREAM || !transport;

                text_printf(t, "unix%s%s", stream ? "" : "-", stream ? "" : transport);
                return;
        }
        if (s->socket.family != FAMILY_UNKNOWN && !socket_has_addresses(&s->socket)) {
                bool dgram = s->socket.family == FAMILY_PACKET && s->socket.transport == TRANSPORT_DGRAM;

                text_printf(t, "%s%s", family_name(s->socket.family), dgram ? "-dgram" : "");
                return;
        }
        if (transport || s->socket.family != FAMILY_UNKNOWN) {
                text_append(t, transport ? transport : family_name(s->socket.family));
                return;
        }
        for (i = 0; s->protocol[i]; i++)
                lower[i] = (char) tolower((unsigned char) s->protocol[i]);
        lower[i] = 0;
        append_outside(t, lower);
}

bool list_has_peer_address(const MapSocket *s) {
        return socket_has_addresses(&s->socket) && !s->unlisted && s->socket.state != STATE_LISTEN &&
               !(s->socket.peer.port == 0 && endpoint_is_any(&s->socket.peer));
}

const char *list_state(const MapSocket *s) {
        bool has_table = table_of(s->socket.family, s->socket.transport) != _TABLE_MAX;

        /* The tables leave out inet sockets that are not bound, not listening any more, or whose connection is over, and netlink sockets
         * that are not bound. The other families leave out none: the table could not be read. */
        if (s->unlisted)
                return has_table && (socket_has_addresses(&s->socket) || s->socket.family == FAMILY_NETLINK) ? state_name(STATE_CLOSE)
                                                                                                            : NULL;
        return state_name(s->socket.state);
}

static void append_unit_and_user(Text *t, const Process *p) {
        if (p->user_unit || p->unit) {
                text_append(t, " ");
                append_outside(t, p->user_unit ? p->user_unit : p->unit);
        }
        if (p->uid != PROCESS_UNKNOWN) {
                text_append(t, " (user ");
                user_append(t, p->uid);
                text_append(t, ")");
        }
}

void list_peer_process(Text *t, const Map *m, const ListRow *row) {
        uint32_t inode = map_peer_inode(m, row->socket);
        const MapHolder *first, *h = map_primary(m, inode, row->process);
        size_t holders = map_holders(m, inode, &first);

        if (!h)
                return;
        if (t->size > 0)
                text_append(t, " ");
        list_process(t, &m->processes[h->process].process);
        if (h->process != row->process)
                append_unit_and_user(t, &m->processes[h->process].process);
        if (holders > 1)
                text_printf(t, " +%zu", holders - 1);
}

/* --- cells ------------------------------------------------------------------------------------------ */

static const Process *row_process(const Map *m, const ListRow *row) {
        return row->process != MAP_NONE ? &m->processes[row->process].process : NULL;
}

static const MapSocket *row_socket(const Map *m, const ListRow *row) {
        return &m->sockets[row->socket];
}

static void cell_process(Text *t, const Map *m, const ListRow *row) {
        const Process *p = row_process(m, row);

        if (p)
                list_process(t, p);
        else
                /* With an inode somebody holds it, whom we may not see; without, nobody does. */
                text_append(t, row_socket(m, row)->socket.inode != 0 ? "?[?]" : "-");
}

static void cell_pid(Text *t, const Map *m, const ListRow *row) {
        if (row_process(m, row))
                text_printf(t, "%u", row_process(m, row)->pid);
}

static void cell_comm(Text *t, const Map *m, const ListRow *row) {
        if (row_process(m, row))
                append_outside(t, row_process(m, row)->comm);
}

static void cell_exe(Text *t, const Map *m, const ListRow *row) {
        const Process *p = row_process(m, row);

        if (!p || !p->exe)
                return;
        append_outside(t, p->exe);
        if (exe_state_name(p->exe_state))
                text_printf(t, " (%s)", exe_state_name(p->exe_state));
}

static void cell_unit(Text *t, const Map *m, const ListRow *row) {
        const Process *p = row_process(m, row);

        if (p)
                append_outside(t, p->user_unit ? p->user_unit : p->unit);
}

static void cell_user(Text *t, const Map *m, const ListRow *row) {
        const Process *p = row_process(m, row);

        if (p && p->uid != PROCESS_UNKNOWN)
                user_append(t, p->uid);
}

static void cell_interface(Text *t, const Map *m, const ListRow *row) {
        append_outside(t, row_socket(m, row)->socket.device);
}

static void cell_container(Text *t, const Map *m, const ListRow *row) {
        if (row_process(m, row))
                append_outside(t, row_process(m, row)->container);
}

static void cell_pod(Text *t, const Map *m, const ListRow *row) {
        if (row_process(m, row))
                append_outside(t, row_process(m, row)->pod);
}

static void cell_fd(Text *t, const Map *m, const ListRow *row) {
        if (row->fd >= 0)
                text_printf(t, "%d", row->fd);
}

static void cell_proto(Text *t, const Map *m, const ListRow *row) {
        list_protocol(t, row_socket(m, row));
}

/* As ss(8): protocol and what it is bound to. */
static void append_local(Text *t, const Socket *s) {
        char protocol[SOCKET_PROTOCOL_MAX];

        if (s->family == FAMILY_NETLINK)
                text_printf(t, "%s:%u", socket_protocol(s, protocol), endpoint_word(&s->local, 0));
        else if (s->family == FAMILY_VSOCK)
                text_printf(t, "%u:%u", endpoint_word(&s->local, 0), endpoint_word(&s->local, 1));
        else if (s->family == FAMILY_PACKET) {
                text_printf(t, "%s:", socket_protocol(s, protocol));
                append_outside(t, s->device[0] ? s->device : s->interface == 0 ? "*" : "?");
        } else if (socket_has_addresses(s))
                list_endpoint(t, s, &s->local);
}

static void cell_local(Text *t, const Map *m, const ListRow *row) {
        const MapSocket *s = row_socket(m, row);

        if (s->socket.family == FAMILY_UNIX)
                append_path(t, &s->socket);
        else if (!s->unlisted)
                append_local(t, &s->socket);
}

static void cell_dir(Text *t, const Map *m, const ListRow *row) {
        Direction d = row_socket(m, row)->direction;

        text_append(t, d == DIRECTION_EGRESS ? "->" : d == DIRECTION_INGRESS ? "<-" : "--");
}

static void append_clients(Text *t, const Map *m, const Socket *s) {
        const uint32_t *clients;
        size_t n = map_clients(m, s->inode, &clients);
        const MapHolder *h = n > 0 ? map_primary(m, m->sockets[clients[0]].socket.inode, MAP_NONE) : NULL;

        if (n == 0)
                return;
        if (h)
                list_process(t, &m->processes[h->process].process);
        else
                text_append(t, "?[?]");
        if (n > 1)
                text_printf(t, " and %zu more", n - 1);
}

static void cell_peer(Text *t, const Map *m, const ListRow *row) {
        const MapSocket *s = row_socket(m, row);
        const MapSocket *peer = s->peer != MAP_NONE ? &m->sockets[s->peer] : NULL;

        if (list_has_peer_address(s)) {
                list_endpoint(t, &s->socket, &s->socket.peer);
                if (peer && peer->socket.inode == 0)
                        text_append(t, map_peer_state(m, row->socket) == PEER_PENDING ? " (not accepted)" : " (held by nobody)");
        }
        if (s->socket.family == FAMILY_UNIX && peer)
                append_path(t, &peer->socket);
        else if (s->socket.family == FAMILY_UNIX && s->queue != MAP_NONE) {
                append_path(t, &m->sockets[s->queue].socket);
                text_append(t, " (not accepted)");
        } else if (s->socket.family == FAMILY_UNIX && map_peer_state(m, row->socket) == PEER_GONE)
                text_append(t, "(gone)");
        if (s->socket.family == FAMILY_UNIX && s->socket.peer_inode == 0)
                append_clients(t, m, &s->socket);
        list_peer_process(t, m, row);
}

static void cell_state(Text *t, const Map *m, const ListRow *row) {
        const char *state = list_state(row_socket(m, row));

        if (state)
                text_append(t, state);
}

static void cell_sendq(Text *t, const Map *m, const ListRow *row) {
        if (!row_socket(m, row)->unlisted)
                list_size(t, row_socket(m, row)->socket.send_queue);
}

static void cell_recvq(Text *t, const Map *m, const ListRow *row) {
        if (!row_socket(m, row)->unlisted)
                list_size(t, row_socket(m, row)->socket.receive_queue);
}

static void cell_idle(Text *t, const Map *m, const ListRow *row) {
        const Socket *s = &row_socket(m, row)->socket;

        if (s->idle_usec != SOCKET_UNKNOWN && s->state != STATE_LISTEN)
                list_duration(t, s->idle_usec);
}

static void cell_why(Text *t, const Map *m, const ListRow *row) {
        stuck_why(t, m, row->socket, row->process);
}

static void cell_sent(Text *t, const Map *m, const ListRow *row) {
        if (row_socket(m, row)->socket.bytes_sent != SOCKET_UNKNOWN)
                list_size(t, row_socket(m, row)->socket.bytes_sent);
}

static void cell_received(Text *t, const Map *m, const ListRow *row) {
        if (row_socket(m, row)->socket.bytes_received != SOCKET_UNKNOWN)
                list_size(t, row_socket(m, row)->socket.bytes_received);
}

static void cell_retransmits(Text *t, const Map *m, const ListRow *row) {
        const Socket *s = &row_socket(m, row)->socket;

        if (s->total_retransmits != SOCKET_UNKNOWN)
                text_printf(t, "%llu", (unsigned long long) s->total_retransmits);
}

static void cell_rtt(Text *t, const Map *m, const ListRow *row) {
        const Socket *s = &row_socket(m, row)->socket;

        if (s->rtt_usec != SOCKET_UNKNOWN && s->state != STATE_LISTEN)
                text_printf(t, "%.3fms", (double) s->rtt_usec / 1000);
}

static void cell_inode(Text *t, const Map *m, const ListRow *row) {
        if (row_socket(m, row)->socket.inode != 0)
                text_printf(t, "%u", row_socket(m, row)->socket.inode);
}

static void cell_netns(Text *t, const Map *m, const ListRow *row) {
        const Netns *n = map_netns(m, row_socket(m, row)->socket.netns);

        const Process *p = row_process(m, row);

        if (!n || n->id == 0)
                return;
        text_printf(t, "%u", n->inode);
        if (p && p->netns_inode != 0 && p->netns_inode != n->inode)
                text_printf(t, " (process %u)", p->netns_inode);
}

const TableColumn LIST_COLUMNS[] = {
        { "process", "PROCESS[PID]", "Process name and id; -: nobody holds the socket; ?[?]: who does may not be seen" },
        { "pid", "PID", "Process id", .right = true },
        { "comm", "COMM", "Process name" },
        { "exe", "EXE", "Path of the executable", .cut = 20 },
        { "unit", "UNIT", "systemd unit of the process" },
        { "user", "USER", "Real user of the process" },
        { "fd", "FD", "Descriptor", .right = true },
        { "proto", "PROTO", "Protocol: tcp, udp, unix (stream), unix-dgram, ..." },
        { "local", "LOCAL", "Address or path of this end", .cut = 15 },
        { "dir", "DIR", "Who connected: -> this process, <- the other end, -- undecided" },
        { "peer", "PEER (OTHER END)", "Address or path of the other end, and who holds it on this host", .cut = 17 },
        { "state", "STATE", "State, as ss(8) spells it" },
        { "sendq", "SENDQ", "Bytes not yet acknowledged; backlog limit of a TCP listener", .right = true },
        { "recvq", "RECVQ", "Bytes not yet read; connections not yet accepted of a listener", .right = true },
        { "idle", "IDLE", "Time since data last came or went (TCP)", .right = true },
        { "why", "WHY", "What is stuck, and why", .cut = 20 },
        { "sent", "SENT", "Payload bytes sent (TCP)", .right = true },
        { "received", "RECEIVED", "Payload bytes received (TCP)", .right = true },
        { "retransmits", "RETRANS", "Segments sent again (TCP)", .right = true },
        { "rtt", "RTT", "Smoothed round-trip time (TCP)", .right = true },
        { "inode", "INODE", "Socket inode", .right = true },
        { "netns", "NETNS", "Inode of the network namespace that the socket lives in, and that of the process where it is another one", .right = true },
        { "interface", "INTERFACE", "Interface that the socket is bound to" },
        { "container", "CONTAINER", "Container of the process", .cut = 12 },
        { "pod", "POD", "Uid of the Kubernetes pod of the process" },
};

/* In the order of LIST_COLUMNS. */
static void (*const cells[])(Text *t, const Map *m, const ListRow *row) = {
        cell_process,
        cell_pid,
        cell_comm,
        cell_exe,
        cell_unit,
        cell_user,
        cell_fd,
        cell_proto,
        cell_local,
        cell_dir,
        cell_peer,
        cell_state,
        cell_sendq,
        cell_recvq,
        cell_idle,
        cell_why,
        cell_sent,
        cell_received,
        cell_retransmits,
        cell_rtt,
        cell_inode,
        cell_netns,
        cell_interface,
        cell_container,
        cell_pod,
};

static_assert(ELEMENTSOF(cells) == ELEMENTSOF(LIST_COLUMNS), "a function for each column");

const size_t LIST_COLUMNS_COUNT = ELEMENTSOF(LIST_COLUMNS);
const char LIST_COLUMNS_DEFAULT[] = "process,fd,proto,local,dir,peer,state,sendq,recvq,idle";
const char LIST_COLUMNS_STUCK[] = "process,fd,proto,local,dir,peer,state,sendq,recvq,idle,why";

void list_cell(Text *t, const Map *m, const ListRow *row, size_t column) {
        cells[column](t, m, row);
}
