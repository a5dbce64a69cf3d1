/* SPDX-License-Identifier: MIT */

/* Rows as a JSON array, written object by object, so that 100,000 of them need the memory of one. Keys are documented
 * in sockaudit(1). Numbers are JSON numbers, what is unknown is absent, strings are escaped to printable UTF-8 first. */

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "detect/community-id.h"
#include "inspect/list.h"
#include "inspect/users.h"

#define STRING_MAX 8192
#define PEER_HOLDERS_MAX 256

/* An object, or what became of it: the first failure is remembered. */
typedef struct Json {
        struct json_object *object;
        bool failed;
} Json;

static void json_add(Json *j, const char *key, struct json_object *value) {
        if (!value || json_object_object_add(j->object, key, value) < 0) {
                json_object_put(value);
                j->failed = true;
        }
}

static void json_number(Json *j, const char *key, uint64_t value) {
        json_add(j, key, json_object_new_uint64(value));
}

/* Tcp figures have a value for "unknown". */
static void json_figure(Json *j, const char *key, uint64_t value) {
        if (value != SOCKET_UNKNOWN)
                json_number(j, key, value);
}

static void json_word(Json *j, const char *key, const char *value) {
        if (value)
                json_add(j, key, json_object_new_string(value));
}

static void json_text(Json *j, const char *key, Text *t) {
        if (text_error(t) < 0)
                j->failed = true;
        else if (t->size > 0)
                json_add(j, key, json_object_new_string_len(text_string(t), (int) t->size));
        text_done(t);
}

static void json_bytes(Json *j, const char *key, Bytes value) {
        Text t = TEXT_NULL;

        if (!value.data)
                return;
        (void) text_escape(&t, value, STRING_MAX);
        json_text(j, key, &t);
}

static void json_uid(Json *j, const char *key, uint32_t uid) {
        if (uid != PROCESS_UNKNOWN)
                json_number(j, key, uid);
}

static void json_user(Json *j, const char *key, uint32_t uid) {
        Text t = TEXT_NULL;

        if (uid == PROCESS_UNKNOWN)
                return;
        user_append(&t, uid);
        json_text(j, key, &t);
}

static void json_process(Json *j, const Map *m, const ListRow *row) {
        const Process *p = &m->processes[row->process].process;
        const Socket *s = &m->sockets[row->socket].socket;
        char tty[PROCESS_TTY_MAX];

        json_number(j, "pid", p->pid);
        json_number(j, "start", p->start_ticks);
        json_bytes(j, "comm", bytes_of(p->comm));
        json_bytes(j, "exe", bytes_of(p->exe));
        json_word(j, "exe_state", exe_state_name(p->exe_state));
        if (p->cmdline_told)
                json_bytes(j, "cmdline", (Bytes){ p->cmdline_told, p->cmdline_told_size });
        else if (p->cmdline)
                json_bytes(j, "cmdline", (Bytes){ p->cmdline, p->cmdline_size });
        json_uid(j, "uid", p->uid);
        json_user(j, "user", p->uid);
        json_uid(j, "login_uid", p->login_uid);
        json_user(j, "login_user", p->login_uid);
        json_uid(j, "audit_session", p->audit_session);
        json_bytes(j, "unit", bytes_of(p->unit));
        json_bytes(j, "user_unit", bytes_of(p->user_unit));
        json_bytes(j, "cgroup", bytes_of(p->cgroup));
        json_bytes(j, "container", bytes_of(p->container));
        json_word(j, "container_runtime", p->container_runtime);
        json_word(j, "pod_uid", p->pod);
        json_bytes(j, "cwd", bytes_of(p->cwd));
        json_word(j, "tty", process_tty(p, tty));
        if (p->parent != 0)
                json_number(j, "parent", p->parent);
        if (p->netns_inode != 0 && s->netns != 0 && p->netns != s->netns)
                json_number(j, "process_netns", p->netns_inode);
        json_number(j, "fd", (uint64_t) row->fd);
}

/* Whole, and in parts. */
static void json_endpoint(Json *j, const char *whole, const char *address, const char *port, const Socket *s, const Endpoint *e) {
        char buffer[ENDPOINT_TEXT_MAX];

        json_word(j, whole, endpoint_text(s->family, e, buffer));
        json_word(j, address, endpoint_ip(s->family, e, buffer));
        if (s->transport != TRANSPORT_RAW)
                json_number(j, port, e->port);
}

static void json_identity(Json *j, const Map *m, const MapSocket *s) {
        const Netns *netns = map_netns(m, s->socket.netns);
        char protocol[SOCKET_PROTOCOL_MAX];

        if (s->socket.inode != 0)
                json_number(j, "inode", s->socket.inode);
        if (s->socket.cookie != 0)
                json_number(j, "cookie", s->socket.cookie);
        if (netns && netns->id != 0) {
                json_number(j, "netns", netns->inode);
                json_number(j, "netns_cookie", netns->id);
        }
        json_word(j, "family", family_name(s->socket.family));
        json_word(j, "transport", transport_name(s->socket.transport));
        json_bytes(j, "protocol", bytes_of(s->protocol[0] ? s->protocol : s->unlisted ? NULL : socket_protocol(&s->socket, protocol)));
        json_word(j, "state", list_state(s));
        json_word(j, "direction", direction_name(s->direction));
        json_add(j, "listed", json_object_new_boolean(!s->unlisted));
        json_uid(j, "socket_uid", s->socket.uid);
}

static void json_vsock(Json *j, const Socket *s) {
        json_number(j, "local_cid", endpoint_word(&s->local, 0));
        json_number(j, "local_port", endpoint_word(&s->local, 1));
        if (endpoint_word(&s->peer, 1) == 0)
                return;
        json_number(j, "peer_cid", endpoint_word(&s->peer, 0));
        json_number(j, "peer_port", endpoint_word(&s->peer, 1));
}

static void json_addresses(Json *j, const Map *m, const MapSocket *s) {
        const Socket *peer = s->peer != MAP_NONE ? &m->sockets[s->peer].socket : NULL;
        char buffer[SOCKET_NAME_MAX], id[COMMUNITY_ID_MAX];

        if (socket_has_addresses(&s->socket) && !s->unlisted) {
                json_endpoint(j, "local", "local_address", "local_port", &s->socket, &s->socket.local);
                if (list_has_peer_address(s))
                        json_endpoint(j, "peer", "peer_address", "peer_port", &s->socket, &s->socket.peer);
                if (community_id(&s->socket, id))
                        json_word(j, "community_id", id);
        }
        if (s->socket.interface != 0)
                json_number(j, "interface_index", s->socket.interface);
        json_bytes(j, "interface", (Bytes){ s->socket.device[0] ? s->socket.device : NULL, (uint32_t) strlen(s->socket.device) });
        if (s->socket.family == FAMILY_NETLINK && !s->unlisted)
                json_number(j, "local_port", endpoint_word(&s->socket.local, 0));
        if (s->socket.family == FAMILY_VSOCK && !s->unlisted)
                json_vsock(j, &s->socket);
        if (s->socket.family == FAMILY_UNIX) {
                json_bytes(j, "local", socket_path(&s->socket, buffer));
                json_bytes(j, "local_path", socket_path(&s->socket, buffer));
                if (!peer && s->queue != MAP_NONE)
                        peer = &m->sockets[s->queue].socket;
                if (peer) {
                        json_bytes(j, "peer", socket_path(peer, buffer));
                        json_bytes(j, "peer_path", socket_path(peer, buffer));
                }
        }
}

static void json_holders(struct json_object *array, const Map *m, uint32_t inode, bool *failed) {
        const MapHolder *h;
        size_t n = map_holders(m, inode, &h);

        for (size_t i = 0; i < n && json_object_array_length(array) < PEER_HOLDERS_MAX; i++) {
                const Process *p = &m->processes[h[i].process].process;
                Json j = { .object = json_object_new_object() };

                if (!j.object) {
                        *failed = true;
                        return;
                }
                json_number(&j, "pid", p->pid);
                json_bytes(&j, "comm", bytes_of(p->comm));
                json_number(&j, "fd", (uint64_t) h[i].fd);
                if (j.failed || json_object_array_add(array, j.object) < 0) {
                        json_object_put(j.object);
                        *failed = true;
                        return;
                }
        }
}

static void json_peer(Json *j, const Map *m, const ListRow *row) {
        const MapSocket *s = &m->sockets[row->socket];
        uint32_t inode = map_peer_inode(m, row->socket);
        struct json_object *array;
        const uint32_t *clients;
        size_t n = inode == 0 && s->socket.family == FAMILY_UNIX ? map_clients(m, s->socket.inode, &clients) : 0;

        json_word(j, "peer_state", peer_state_name(map_peer_state(m, row->socket)));
        if (inode != 0 || map_peer_state(m, row->socket) != PEER_STATE_UNKNOWN)
                json_word(j, "peer_by", peer_by_name(s->socket.family == FAMILY_UNIX ? PEER_BY_UNIX : PEER_BY_TUPLE));
        if (inode != 0)
                json_number(j, "peer_inode", inode);
        if (n > 0)
                json_number(j, "client_count", n);
        array = json_object_new_array();
        if (!array) {
                j->failed = true;
                return;
        }
        json_holders(array, m, inode, &j->failed);
        for (size_t i = 0; i < n && json_object_array_length(array) < PEER_HOLDERS_MAX; i++)
                json_holders(array, m, m->sockets[clients[i]].socket.inode, &j->failed);
        if (json_object_array_length(array) > 0)
                json_add(j, "peer_holders", array);
        else
                json_object_put(array);
}

static void json_figures(Json *j, const MapSocket *s) {
        static const char *const timers[] = {
                [TIMER_RETRANSMIT] = "retransmit",
                [TIMER_KEEPALIVE] = "keepalive",
                [TIMER_PROBE] = "probe",
        };
        const Socket *k = &s->socket;

        if (s->unlisted)
                return;
        json_number(j, "send_queue", k->send_queue);
        json_number(j, "receive_queue", k->receive_queue);
        json_figure(j, "bytes_sent", k->bytes_sent);
        json_figure(j, "bytes_received", k->bytes_received);
        json_figure(j, "retransmits", k->total_retransmits);
        json_figure(j, "rtt_usec", k->rtt_usec);
        json_figure(j, "idle_usec", k->idle_usec);
        if (k->timer < ELEMENTSOF(timers) && timers[k->timer]) {
                json_word(j, "timer", timers[k->timer]);
                json_number(j, "timer_usec", (uint64_t) k->timer_msec * USEC_PER_MSEC);
                json_number(j, "timer_retransmits", k->retransmits);
        }
        if (k->family == FAMILY_UNIX && k->shutdown != 0)
                json_number(j, "shutdown", k->shutdown);
}

static void json_stuck(Json *j, const Map *m, const ListRow *row) {
        const MapSocket *s = &m->sockets[row->socket];
        Text why = TEXT_NULL;

        if (s->stall == STALL_NONE)
                return;
        json_word(j, "stall", stall_name(s->stall));
        json_number(j, "stalled_usec", s->stalled);
        stuck_why(&why, m, row->socket, row->process);
        json_text(j, "why", &why);
}

static int json_row(const Map *m, const ListRow *row, bool last, FILE *f) {
        const MapSocket *s = &m->sockets[row->socket];
        Json j = { .object = json_object_new_object() };
        const MapHolder *h;

        if (!j.object)
                return -ENOMEM;
        if (row->process != MAP_NONE)
                json_process(&j, m, row);
        json_identity(&j, m, s);
        json_addresses(&j, m, s);
        json_peer(&j, m, row);
        json_number(&j, "holders", map_holders(m, s->socket.inode, &h));
        json_figures(&j, s);
        json_stuck(&j, m, row);
        if (!j.failed)
                (void) fprintf(f, "  %s%s\n",
                               json_object_to_json_string_ext(j.object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE),
                               last ? "" : ",");
        json_object_put(j.object);
        return j.failed ? -ENOMEM : 0;
}

int list_json(const Map *m, const ListRow *rows, size_t count, FILE *f) {
        (void) fputs("[\n", f);
        for (size_t i = 0; i < count; i++) {
                int r = json_row(m, &rows[i], i + 1 == count, f);

                if (r < 0)
                        return r;
        }
        (void) fputs("]\n", f);
        return 0;
}
