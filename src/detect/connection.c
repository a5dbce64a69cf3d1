/* SPDX-License-Identifier: MIT */

#include "detect/connection.h"

#include <string.h>

static uint32_t narrow(uint64_t v) {
        return v >= UINT32_MAX ? UINT32_MAX : (uint32_t) v;
}

/* FIN_WAIT_1 alone proves nothing: the other side's end may be on its way. The first that is seen stays true. */
void connection_learn_closer(Connection *c, unsigned state) {
        if (c->transport != TRANSPORT_TCP || c->closer != CLOSER_UNKNOWN)
                return;
        if (state == STATE_FIN_WAIT_2)
                c->closer = CLOSER_LOCAL;
        else if (state == STATE_CLOSE_WAIT || state == STATE_LAST_ACK)
                c->closer = CLOSER_PEER;
        else if (state == STATE_CLOSING)
                c->closer = CLOSER_BOTH;
}

Connection *connection_new(Pool *pool, uint64_t key, const Socket *s, TableState *table) {
        Connection *c = pool_get(pool);

        if (!c)
                return NULL;
        if (s->path_size > 0) {
                c->path = malloc(s->path_size);
                if (!c->path)
                        return connection_free(c);
                memcpy(c->path, s->path, s->path_size);
                c->path_size = s->path_size;
        }
        c->key = key;
        c->cookie = s->cookie;
        c->table = table;
        c->family = s->family;
        c->transport = s->transport;
        c->state = c->told_state = s->state;
        connection_learn_closer(c, c->state);
        c->local = s->local;
        c->peer = c->told_peer = s->peer;
        c->uid = s->uid;
        c->rule = RULE_NONE;
        c->fd = -1;
        c->newcomer = true;
        connection_update(c, s);
        return c;
}

Connection *connection_free(Connection *c) {
        if (c) {
                free(c->path);
                free(c->stuck);
                free(c->changes);
                free(c->device);
        }
        pool_put(c);
        return NULL;
}

void connection_change_state(Connection *c, unsigned state) {
        /* Of what was never told, every state is news. */
        if (!c->told || c->state != c->told_state) {
                if (c->state_count == STATES_MAX) {
                        memmove(c->states, c->states + 1, STATES_MAX - 1);
                        c->state_count--;
                }
                c->states[c->state_count++] = c->state;
        }
        c->state = (uint8_t) state;
        connection_learn_closer(c, c->state);
        if (!c->told)
                c->told_state = c->state;
}

/* It can be bound, and bound to another one, at any time. Without memory the name is unknown. */
static void update_interface(Connection *c, const Socket *s) {
        if (c->interface == s->interface && (c->device || !s->device[0]))
                return;
        c->interface = s->interface;
        free(c->device);
        c->device = s->device[0] ? strndup(s->device, sizeof(s->device)) : NULL;
}

void connection_update(Connection *c, const Socket *s) {
        /* An orphan's inode becomes 0: the old one stays for people. */
        if (s->inode != 0)
                c->inode = s->inode;
        c->orphan = s->inode == 0;
        update_interface(c, s);
        if (socket_is_raw(c->family, c->transport))
                c->local = s->local; /* bind(2) gives a packet socket another protocol */
        if (s->peer_inode != 0)
                c->peer_inode = s->peer_inode;
        c->send_queue = s->send_queue;
        c->receive_queue = s->receive_queue;
        c->bytes_sent = s->bytes_sent;
        c->bytes_received = s->bytes_received;
        c->retransmits = narrow(s->total_retransmits);
        c->rtt_usec = narrow(s->rtt_usec);
}

bool connection_is_other_use(const Connection *c, const Socket *s) {
        if (c->cookie == 0 && s->inode != 0 && c->inode != 0 && s->inode != c->inode)
                return true;
        if (c->cookie == 0 && (c->transport == TRANSPORT_UDP || c->transport == TRANSPORT_UDPLITE) && c->local.port != s->local.port)
                return true;
        if (c->transport == TRANSPORT_TCP)
                return endpoint_compare(&c->peer, &s->peer) != 0 || endpoint_compare(&c->local, &s->local) != 0;
        if (c->family == FAMILY_UNIX && c->transport != TRANSPORT_DGRAM)
                return c->peer_inode != 0 && s->peer_inode != 0 && c->peer_inode != s->peer_inode;
        return false;
}

bool connection_is_about_other_use(const Connection *c, const Notice *n) {
        return c->transport == TRANSPORT_TCP && n->socket.peer.port != 0 && endpoint_compare(&c->peer, &n->socket.peer) != 0;
}

bool connection_never_was(const Connection *c, const Notice *n) {
        bool attempt = n->end == END_REFUSED || n->end == END_TIMED_OUT || n->end == END_UNREACHABLE || n->error != 0;

        if (c->transport != TRANSPORT_TCP || c->state != STATE_SYN_SENT)
                return false;
        if (n->kind == NOTICE_CLOSE && attempt)
                return true;
        return (n->kind == NOTICE_CLOSE || n->kind == NOTICE_DESTROY) && n->socket.answered == ANSWERED_NO;
}

void connection_socket(const Connection *c, Socket *ret) {
        socket_init(ret);
        ret->cookie = c->cookie;
        ret->netns = c->table->netns.id;
        ret->inode = c->inode;
        ret->family = c->family;
        ret->transport = c->transport;
        ret->state = c->state;
        ret->local = c->local;
        ret->peer = c->peer;
        ret->interface = c->interface;
        if (c->device)
                (void) memccpy(ret->device, c->device, 0, sizeof(ret->device) - 1);
        ret->uid = c->uid;
        ret->path_size = c->path_size;
        if (c->path_size > 0)
                memcpy(ret->path, c->path, c->path_size);
        ret->peer_inode = c->peer_inode;
        ret->send_queue = c->send_queue;
        ret->receive_queue = c->receive_queue;
        ret->bytes_sent = c->bytes_sent;
        ret->bytes_received = c->bytes_received;
        ret->total_retransmits = c->retransmits == UINT32_MAX ? SOCKET_UNKNOWN : c->retransmits;
        ret->rtt_usec = c->rtt_usec == UINT32_MAX ? SOCKET_UNKNOWN : c->rtt_usec;
}

const char *closer_name(unsigned closer) {
        static const char *const names[_CLOSER_MAX] = {
                [CLOSER_LOCAL] = "local",
                [CLOSER_PEER] = "peer",
                [CLOSER_BOTH] = "both",
        };

        return closer < _CLOSER_MAX ? names[closer] : NULL;
}

const char *attribution_name(unsigned attribution) {
        static const char *const names[_ATTRIBUTION_MAX] = {
                [ATTRIBUTION_FD] = "fd",
                [ATTRIBUTION_OPENER] = "opener",
                [ATTRIBUTION_ACCEPTOR] = "acceptor",
                [ATTRIBUTION_CLOSER] = "closer",
                [ATTRIBUTION_LISTENER] = "listener",
                [ATTRIBUTION_CGROUP] = "cgroup",
        };

        return attribution < _ATTRIBUTION_MAX ? names[attribution] : NULL;
}
