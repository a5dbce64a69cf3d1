/* SPDX-License-Identifier: MIT */

/* Ledger: making events. Which fields an event carries is decided here, and only here. */

#include <string.h>

#include "detect/community-id.h"
#include "detect/ledger-internal.h"

const char *notice_seen_by(const Notice *n) {
        static const char *const names[] = {
                [NOTICE_BY_DESTROY] = "destroy", [NOTICE_BY_BPF] = "bpf", [NOTICE_BY_CONNECTOR] = "connector",
        };

        return n ? names[n->source] : "snapshot";
}

Event *ledger_event(Ledger *l, EventKind kind, uint64_t not_before, uint64_t not_after, const char *seen_by) {
        Event *e = &l->event;

        event_init(e, kind);
        if (not_before != 0)
                event_set_number(e, EVENT_FIELD_NOT_BEFORE, not_before);
        if (not_after != 0)
                event_set_number(e, EVENT_FIELD_NOT_AFTER, not_after);
        event_set_word(e, EVENT_FIELD_SEEN_BY, seen_by);
        return e;
}

void ledger_say(Ledger *l, Event *e) {
        e->seq = ++l->seq;
        l->counts[e->kind]++;
        l->emit(l->userdata, e);
}

static void set_ip(Event *e, FieldId id, unsigned family, const Endpoint *endpoint) {
        event_set_bytes(e, id, (Bytes){ .data = (const char *) endpoint->ip, .size = family == FAMILY_IPV4 ? 4 : 16 });
}

void ledger_event_address(Event *e, FieldId address, FieldId port, unsigned family, const Endpoint *endpoint) {
        if (family != FAMILY_IPV4 && family != FAMILY_IPV6)
                return;
        set_ip(e, address, family, endpoint);
        event_set_number(e, port, endpoint->port);
}

/* An IP address and port; of a raw socket, whose port is its protocol, the address; of netlink and vsock, which have no IP address,
 * their own ports. */
static void set_local(Event *e, const Connection *c) {
        Socket s = { .family = c->family, .transport = c->transport, .local = c->local };
        char protocol[SOCKET_PROTOCOL_MAX];

        if (socket_protocol(&s, protocol))
                event_set_printf(e, EVENT_FIELD_PROTOCOL, "%s", socket_protocol(&s, protocol));
        if (c->family == FAMILY_NETLINK)
                event_set_number(e, EVENT_FIELD_LOCAL_PORT, endpoint_word(&c->local, 0));
        else if (c->family == FAMILY_VSOCK)
                event_set_number(e, EVENT_FIELD_LOCAL_PORT, endpoint_word(&c->local, 1));
        else if (c->family != FAMILY_PACKET && c->transport == TRANSPORT_RAW)
                set_ip(e, EVENT_FIELD_LOCAL_ADDRESS, c->family, &c->local);
        else if (c->local.port != 0 || !endpoint_is_any(&c->local))
                ledger_event_address(e, EVENT_FIELD_LOCAL_ADDRESS, EVENT_FIELD_LOCAL_PORT, c->family, &c->local);
        if (c->device)
                event_set_bytes(e, EVENT_FIELD_INTERFACE, bytes_of(c->device));
}

static void set_peer(Event *e, const Connection *c) {
        if (c->family == FAMILY_VSOCK && endpoint_word(&c->peer, 1) != 0)
                event_set_number(e, EVENT_FIELD_PEER_PORT, endpoint_word(&c->peer, 1));
        else if (socket_is_raw(c->family, c->transport)) {
                if (c->transport == TRANSPORT_RAW && c->family != FAMILY_PACKET && !endpoint_is_any(&c->peer))
                        set_ip(e, EVENT_FIELD_PEER_ADDRESS, c->family, &c->peer);
        } else if (c->peer.port != 0 || !endpoint_is_any(&c->peer))
                ledger_event_address(e, EVENT_FIELD_PEER_ADDRESS, EVENT_FIELD_PEER_PORT, c->family, &c->peer);
}

static void set_holders(const Ledger *l, Event *e, const Connection *c) {
        size_t count = 0;

        for (Holder *h = c->orphan ? NULL : ledger_holders(l, c->inode); h; h = h->next_of_inode, count++)
                if (c->primary == h->actor && c->fd == h->fd && count > 0 && e->holder_count > 0) {
                        /* the primary holder stands first, also in a list that is cut */
                        EventHolder first = e->holders[0];
                        e->holders[0] = (EventHolder){ h->actor->process.pid, h->actor->process.start_usec, h->fd,
                                                       h->actor->process.comm };
                        event_add_holder(e, &first);
                } else
                        event_add_holder(e, &(EventHolder){ h->actor->process.pid, h->actor->process.start_usec,
                                                            h->fd, h->actor->process.comm });
        if (count == 1)
                e->holder_count = 0;
        else if (count > 1)
                event_set_number(e, EVENT_FIELD_HOLDER_COUNT, count);
}

static void set_community_id(const Ledger *l, Event *e, const Connection *c) {
        char id[COMMUNITY_ID_MAX];
        Socket s;

        if (!l->options.tell_community_id)
                return;
        connection_socket(c, &s);
        if (community_id(&s, id))
                event_set_printf(e, EVENT_FIELD_COMMUNITY_ID, "%s", id);
}

static void set_socket(const Ledger *l, Event *e, const Connection *c) {
        event_set_number(e, EVENT_FIELD_CONNECTION, c->id);
        if (c->table->netns.inode != 0)
                event_set_number(e, EVENT_FIELD_NETNS, c->table->netns.inode);
        event_set_number(e, EVENT_FIELD_FAMILY, c->family);
        if (c->transport != TRANSPORT_UNKNOWN)
                event_set_number(e, EVENT_FIELD_TRANSPORT, c->transport);
        event_set_number(e, EVENT_FIELD_STATE, c->state);
        if (c->direction != DIRECTION_UNKNOWN)
                event_set_number(e, EVENT_FIELD_DIRECTION, c->direction);
        set_local(e, c);
        set_peer(e, c);
        set_community_id(l, e, c);
        if (c->path_size > 0)
                event_set_bytes(e, EVENT_FIELD_LOCAL_PATH, (Bytes){ .data = c->path, .size = c->path_size });
        if (c->peer_inode != 0)
                event_set_number(e, EVENT_FIELD_PEER_INODE, c->peer_inode);
        set_holders(l, e, c);
}

void ledger_event_connection(Ledger *l, Event *e, Connection *c) {
        set_socket(l, e, c);
        ledger_event_peer(l, e, c);
        if (c->rule != RULE_NONE)
                event_set_word(e, EVENT_FIELD_RULE, l->rules->rules[c->rule].name);
        if (!c->primary)
                return;
        if (c->fd >= 0)
                event_set_number(e, EVENT_FIELD_FD, (uint64_t) c->fd);
        if (c->attribution > ATTRIBUTION_FD)
                event_set_word(e, EVENT_FIELD_ATTRIBUTION, attribution_name(c->attribution));
        ledger_event_process(l, e, c->primary, false);
        if (c->primary->process.netns_inode != 0 && c->table->netns.inode != 0 &&
            c->primary->process.netns_inode != c->table->netns.inode)
                event_set_number(e, EVENT_FIELD_PROCESS_NETNS, c->primary->process.netns_inode);
}

void ledger_event_figures(Event *e, const Connection *c) {
        if (c->bytes_sent != SOCKET_UNKNOWN)
                event_set_number(e, EVENT_FIELD_BYTES_SENT, c->bytes_sent);
        if (c->bytes_received != SOCKET_UNKNOWN)
                event_set_number(e, EVENT_FIELD_BYTES_RECEIVED, c->bytes_received);
        if (c->retransmits != UINT32_MAX && c->retransmits != 0)
                event_set_number(e, EVENT_FIELD_RETRANSMITS, c->retransmits);
        if (c->rtt_usec != UINT32_MAX && c->rtt_usec != 0)
                event_set_number(e, EVENT_FIELD_RTT, c->rtt_usec);
        if (c->send_queue != 0)
                event_set_number(e, EVENT_FIELD_SEND_QUEUE, c->send_queue);
        if (c->receive_queue != 0)
                event_set_number(e, EVENT_FIELD_RECEIVE_QUEUE, c->receive_queue);
}

static void set_id(Event *e, FieldId id, uint32_t value) {
        if (value != PROCESS_UNKNOWN)
                event_set_number(e, id, value);
}

static void set_container(Event *e, const Process *p) {
        event_set_bytes(e, EVENT_FIELD_CONTAINER, bytes_of(p->container));
        if (p->container_runtime)
                event_set_word(e, EVENT_FIELD_CONTAINER_RUNTIME, p->container_runtime);
        if (p->pod)
                event_set_word(e, EVENT_FIELD_POD_UID, p->pod);
}

static void set_cmdline(const Ledger *l, Event *e, FieldId id, const Process *p) {
        if (p->cmdline_told && l->options.cmdline == CMDLINE_REDACTED)
                event_set_bytes(e, id, (Bytes){ .data = p->cmdline_told, .size = p->cmdline_told_size });
        else if (p->cmdline && l->options.cmdline != CMDLINE_OFF)
                event_set_bytes(e, id, (Bytes){ .data = p->cmdline, .size = p->cmdline_size });
}

/* The fields that come only once about a process. */
static void set_evidence(Ledger *l, Event *e, const Process *p) {
        const Actor *parent = ledger_actor(l, p->parent);
        char tty[PROCESS_TTY_MAX];

        set_cmdline(l, e, EVENT_FIELD_CMDLINE, p);
        event_set_bytes(e, EVENT_FIELD_CWD, bytes_of(p->cwd));
        if (process_tty(p, tty))
                event_set_printf(e, EVENT_FIELD_TTY, "%s", tty);
        if (p->parent == 0)
                return;
        event_set_number(e, EVENT_FIELD_PARENT_PID, p->parent);
        if (!parent || parent->process.start_ticks > p->start_ticks)
                return;
        event_set_bytes(e, EVENT_FIELD_PARENT_COMM, bytes_of(parent->process.comm));
        event_set_bytes(e, EVENT_FIELD_PARENT_EXE, bytes_of(parent->process.exe));
        set_cmdline(l, e, EVENT_FIELD_PARENT_CMDLINE, &parent->process);
        event_set_word(e, EVENT_FIELD_PARENT_ENTITY, parent->entity);
}

void ledger_event_process(Ledger *l, Event *e, Actor *a, bool evidence) {
        const Process *p = &a->process;

        event_set_number(e, EVENT_FIELD_PID, p->pid);
        event_set_word(e, EVENT_FIELD_PROCESS_ENTITY, a->entity);
        event_set_number(e, EVENT_FIELD_PROCESS_START, p->start_usec);
        event_set_bytes(e, EVENT_FIELD_COMM, bytes_of(p->comm));
        event_set_bytes(e, EVENT_FIELD_EXE, bytes_of(p->exe));
        if (exe_state_name(p->exe_state))
                event_set_word(e, EVENT_FIELD_EXE_STATE, exe_state_name(p->exe_state));
        set_id(e, EVENT_FIELD_UID, p->uid);
        if (p->effective_uid != p->uid)
                set_id(e, EVENT_FIELD_EFFECTIVE_UID, p->effective_uid);
        set_id(e, EVENT_FIELD_GID, p->gid);
        set_id(e, EVENT_FIELD_LOGIN_UID, p->login_uid);
        set_id(e, EVENT_FIELD_AUDIT_SESSION, p->audit_session);
        event_set_bytes(e, EVENT_FIELD_UNIT, bytes_of(p->unit));
        event_set_bytes(e, EVENT_FIELD_USER_UNIT, bytes_of(p->user_unit));
        event_set_bytes(e, EVENT_FIELD_CGROUP, bytes_of(p->cgroup));
        set_container(e, p);
        if (evidence || !a->evidence_told)
                set_evidence(l, e, p);
        a->evidence_told = true;
        if (p->exe_sha_state == EXE_SHA_KNOWN && (evidence || !a->exe_told)) {
                event_set_bytes(e, EVENT_FIELD_EXE_SHA, (Bytes){ .data = (const char *) p->exe_sha, .size = sizeof(p->exe_sha) });
                a->exe_told = true;
        }
}

static Event *gap_event(Ledger *l, const char *reason, uint64_t from, uint64_t to, uint64_t count) {
        Event *e = ledger_event(l, EVENT_AUDIT_GAP, from, to, "snapshot");

        if (strcmp(reason, "stopped") == 0 || strcmp(reason, "reload") == 0 || strcmp(reason, "boot") == 0)
                e->priority = 5;
        event_set_word(e, EVENT_FIELD_GAP_REASON, reason);
        if (count != 0)
                event_set_number(e, EVENT_FIELD_GAP_COUNT, count);
        return e;
}

void ledger_gap(Ledger *l, const char *reason, uint64_t from, uint64_t to, uint64_t count) {
        ledger_say(l, gap_event(l, reason, from, to, count));
}

void ledger_over_limit(Ledger *l, LedgerLimit limit, uint64_t now, uint64_t count) {
        static const char *const names[_LIMIT_MAX] = {
                [LIMIT_SOCKETS] = "sockets", [LIMIT_HOLDERS] = "holders", [LIMIT_PROCESSES] = "processes", [LIMIT_NAMESPACES] = "namespaces",
                [LIMIT_PEER_WALKS] = "peer_walks",
        };
        bool goes_on = l->limits[limit].most != 0;
        Event *e;

        if (count > 0 && !goes_on)
                l->limits[limit].since = l->limits[limit].fitted;
        l->limits[limit].most = MAX(l->limits[limit].most, count);
        if (goes_on != (count > 0)) {
                e = gap_event(l, "over-limit", l->limits[limit].since, now, l->limits[limit].most);
                event_set_word(e, EVENT_FIELD_GAP_LIMIT, names[limit]);
                ledger_say(l, e);
        }
        if (count == 0) {
                l->limits[limit].fitted = now;
                l->limits[limit].most = 0;
        }
}

void ledger_gap_table(Ledger *l, const TableState *t, uint64_t to) {
        Event *e = gap_event(l, coverage_name(t->gap.state), t->gap_since, to, 0);

        event_set_word(e, EVENT_FIELD_GAP_TABLE, table_name(t->kind));
        if (t->netns.inode != 0)
                event_set_number(e, EVENT_FIELD_NETNS, t->netns.inode);
        if (t->gap.error != 0)
                event_set_word(e, EVENT_FIELD_ERROR, strerrorname_np(t->gap.error));
        ledger_say(l, e);
}

void ledger_gap_denied(Ledger *l, uint64_t now) {
        Event *e = gap_event(l, "denied", l->scan_t0, now, l->denied);
        Actor *a = l->denied == 1 ? ledger_actor(l, l->denied_pid) : NULL;

        if (a)
                ledger_event_process(l, e, a, false);
        ledger_say(l, e);
}
