/* SPDX-License-Identifier: MIT */

#include "collect/socket.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/macro.h"

void socket_init(Socket *s) {
        *s = (Socket){
                .uid = UINT32_MAX,
                .bytes_sent = SOCKET_UNKNOWN,
                .bytes_received = SOCKET_UNKNOWN,
                .total_retransmits = SOCKET_UNKNOWN,
                .rtt_usec = SOCKET_UNKNOWN,
                .idle_usec = SOCKET_UNKNOWN,
                .bytes_acked = SOCKET_UNKNOWN,
                .heard_usec = SOCKET_UNKNOWN,
                .cgroup = SOCKET_UNKNOWN,
        };
}

static const char *const family_names[_FAMILY_MAX] = {
        [FAMILY_IPV4] = "ipv4",
        [FAMILY_IPV6] = "ipv6",
        [FAMILY_UNIX] = "unix",
        [FAMILY_PACKET] = "packet",
        [FAMILY_NETLINK] = "netlink",
        [FAMILY_VSOCK] = "vsock",
};

static const char *const transport_names[_TRANSPORT_MAX] = {
        [TRANSPORT_TCP] = "tcp",
        [TRANSPORT_UDP] = "udp",
        [TRANSPORT_UDPLITE] = "udplite",
        [TRANSPORT_RAW] = "raw",
        [TRANSPORT_ICMP] = "icmp",
        [TRANSPORT_MPTCP] = "mptcp",
        [TRANSPORT_SCTP] = "sctp",
        [TRANSPORT_STREAM] = "stream",
        [TRANSPORT_DGRAM] = "dgram",
        [TRANSPORT_SEQPACKET] = "seqpacket",
        [TRANSPORT_PACKET] = "packet",
};

static const char *const state_names[_STATE_MAX] = {
        [STATE_ESTABLISHED] = "established",
        [STATE_SYN_SENT] = "syn-sent",
        [STATE_SYN_RECV] = "syn-recv",
        [STATE_FIN_WAIT_1] = "fin-wait-1",
        [STATE_FIN_WAIT_2] = "fin-wait-2",
        [STATE_TIME_WAIT] = "time-wait",
        [STATE_CLOSE] = "unconnected",
        [STATE_CLOSE_WAIT] = "close-wait",
        [STATE_LAST_ACK] = "last-ack",
        [STATE_LISTEN] = "listening",
        [STATE_CLOSING] = "closing",
};

static const char *name_of(const char *const *names, size_t count, unsigned number) {
        return number < count ? names[number] : NULL;
}

/* 0 is nobody's number, so it can say "no such name". */
static unsigned number_of(const char *const *names, size_t count, const char *name) {
        for (size_t i = 1; i < count; i++)
                if (names[i] && strcmp(names[i], name) == 0)
                        return (unsigned) i;
        return 0;
}

const char *family_name(unsigned family) {
        return name_of(family_names, _FAMILY_MAX, family);
}

const char *transport_name(unsigned transport) {
        return name_of(transport_names, _TRANSPORT_MAX, transport);
}

const char *state_name(unsigned state) {
        return name_of(state_names, _STATE_MAX, state);
}

Family family_from_name(const char *name) {
        return (Family) number_of(family_names, _FAMILY_MAX, name);
}

Transport transport_from_name(const char *name) {
        return (Transport) number_of(transport_names, _TRANSPORT_MAX, name);
}

State state_from_name(const char *name) {
        if (strcmp(name, "closed") == 0 || strcmp(name, "unconn") == 0)
                return STATE_CLOSE;
        if (strcmp(name, "listen") == 0)
                return STATE_LISTEN;
        return (State) number_of(state_names, _STATE_MAX, name);
}

bool socket_is_listener(const Socket *s) {
        if (s->state == STATE_LISTEN)
                return true;
        return s->transport == TRANSPORT_UDP && s->state == STATE_CLOSE && s->local.port != 0;
}

bool socket_has_addresses(const Socket *s) {
        return s->family == FAMILY_IPV4 || s->family == FAMILY_IPV6;
}

bool endpoint_is_any(const Endpoint *e) {
        static const uint8_t any[sizeof(e->ip)];

        return memcmp(e->ip, any, sizeof(any)) == 0;
}

int endpoint_compare(const Endpoint *a, const Endpoint *b) {
        int r = memcmp(a->ip, b->ip, sizeof(a->ip));

        return r != 0 ? CMP(r, 0) : CMP(a->port, b->port);
}

Family endpoint_normalise(Family family, Endpoint *e) {
        static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
        Endpoint v4 = { .port = e->port };

        if (family != FAMILY_IPV6 || memcmp(e->ip, mapped, sizeof(mapped)) != 0)
                return family;
        memcpy(v4.ip, e->ip + sizeof(mapped), 4);
        *e = v4;
        return FAMILY_IPV4;
}

const char *endpoint_ip(Family family, const Endpoint *e, char buffer[ENDPOINT_TEXT_MAX]) {
        if (!inet_ntop(family == FAMILY_IPV6 ? AF_INET6 : AF_INET, e->ip, buffer, ENDPOINT_TEXT_MAX))
                buffer[0] = 0;
        return buffer;
}

const char *endpoint_text(Family family, const Endpoint *e, char buffer[ENDPOINT_TEXT_MAX]) {
        char ip[ENDPOINT_TEXT_MAX], port[sizeof("65535")] = "*";
        bool brackets = family == FAMILY_IPV6 && !endpoint_is_any(e);

        if (e->port != 0)
                (void) snprintf(port, sizeof(port), "%u", (unsigned) e->port);
        (void) snprintf(buffer, ENDPOINT_TEXT_MAX, "%s%.45s%s:%s", brackets ? "[" : "",
                        endpoint_is_any(e) ? "*" : endpoint_ip(family, e, ip), brackets ? "]" : "", port);
        return buffer;
}

Bytes socket_path(const Socket *s, char buffer[SOCKET_PATH_MAX]) {
        uint32_t size = MIN((uint32_t) s->path_size, (uint32_t) SOCKET_PATH_MAX);

        if (size == 0)
                return (Bytes){};
        memcpy(buffer, s->path, size);
        if (buffer[0] == 0)
                buffer[0] = '@';
        return (Bytes){ buffer, size };
}
