/* SPDX-License-Identifier: MIT */

#include "collect/socket.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

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
                .opened = SOCKET_UNKNOWN,
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

bool socket_is_raw(unsigned family, unsigned transport) {
        return family == FAMILY_PACKET || family == FAMILY_NETLINK || transport == TRANSPORT_RAW;
}

Transport transport_of_type(unsigned type) {
        switch (type) {
        case SOCK_STREAM:
                return TRANSPORT_STREAM;
        case SOCK_DGRAM:
                return TRANSPORT_DGRAM;
        case SOCK_SEQPACKET:
                return TRANSPORT_SEQPACKET;
        case SOCK_RAW:
                return TRANSPORT_RAW;
        case SOCK_PACKET:
                return TRANSPORT_PACKET;
        default:
                return TRANSPORT_UNKNOWN;
        }
}

Transport transport_on_wire(unsigned transport) {
        return transport == TRANSPORT_MPTCP ? TRANSPORT_TCP : (Transport) transport;
}

typedef struct Protocol {
        uint16_t number;
        const char *name;
} Protocol;

/* Of IP (RFC 790 and its successors), of Ethernet (linux/if_ether.h), and of netlink as /etc/iproute2/nl_protos names them. */
static const Protocol ip_protocols[] = {
        { 1, "icmp" },  { 2, "igmp" },    { 4, "ipip" },  { 6, "tcp" },   { 17, "udp" },   { 41, "ipv6" },  { 47, "gre" },
        { 50, "esp" },  { 51, "ah" },     { 58, "icmp6" }, { 89, "ospf" }, { 103, "pim" }, { 112, "vrrp" }, { 132, "sctp" },
        { 136, "udplite" }, { 255, "raw" },
};
static const Protocol ether_protocols[] = {
        { 0, "none" },        { 3, "all" },       { 4, "802.2" },    { 0x0800, "ip" },     { 0x0806, "arp" },
        { 0x8100, "802.1q" }, { 0x86dd, "ipv6" }, { 0x8863, "pppoe" }, { 0x8864, "pppoe-data" }, { 0x888e, "802.1x" },
        { 0x88cc, "lldp" },   { 0x88f7, "ptp" },
};
static const Protocol netlink_protocols[] = {
        { 0, "rtnl" },   { 1, "unused" },  { 2, "usersock" }, { 3, "fw" },          { 4, "tcpdiag" },    { 5, "nflog" },
        { 6, "xfrm" },   { 7, "selinux" }, { 8, "iscsi" },    { 9, "audit" },       { 10, "fiblookup" }, { 11, "connector" },
        { 12, "nft" },   { 13, "ip6fw" },  { 14, "dec-rt" },  { 15, "uevent" },     { 16, "genl" },      { 18, "scsi-trans" },
        { 19, "ecryptfs" }, { 20, "rdma" }, { 21, "crypto" }, { 22, "smc" },
};

static const char *protocol_name(const Protocol *table, size_t count, uint16_t number, char buffer[SOCKET_PROTOCOL_MAX]) {
        for (size_t i = 0; i < count; i++)
                if (table[i].number == number)
                        return table[i].name;
        (void) snprintf(buffer, SOCKET_PROTOCOL_MAX, number < 256 ? "%u" : "0x%04x", number);
        return buffer;
}

const char *socket_protocol(const Socket *s, char buffer[SOCKET_PROTOCOL_MAX]) {
        uint16_t n = s->local.port;

        if (s->family == FAMILY_PACKET)
                return protocol_name(ether_protocols, ELEMENTSOF(ether_protocols), n, buffer);
        if (s->family == FAMILY_NETLINK)
                return protocol_name(netlink_protocols, ELEMENTSOF(netlink_protocols), n, buffer);
        return s->transport == TRANSPORT_RAW ? protocol_name(ip_protocols, ELEMENTSOF(ip_protocols), n, buffer) : NULL;
}

static bool is_udp(unsigned transport) {
        return transport == TRANSPORT_UDP || transport == TRANSPORT_UDPLITE;
}

bool socket_is_listener(const Socket *s) {
        if (s->state == STATE_LISTEN)
                return true;
        return is_udp(s->transport) && s->state == STATE_CLOSE && s->local.port != 0;
}

bool socket_has_addresses(const Socket *s) {
        return s->family == FAMILY_IPV4 || s->family == FAMILY_IPV6;
}

uint32_t endpoint_word(const Endpoint *e, unsigned i) {
        const uint8_t *p = e->ip + 4 * (i % 4);

        return (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16 | (uint32_t) p[2] << 8 | p[3];
}

void endpoint_set_word(Endpoint *e, unsigned i, uint32_t value) {
        for (unsigned k = 0; k < 4; k++)
                e->ip[4 * (i % 4) + k] = (uint8_t) (value >> (24 - 8 * k));
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

Bytes socket_path(const Socket *s, char buffer[SOCKET_NAME_MAX]) {
        uint32_t size = MIN((uint32_t) s->path_size, (uint32_t) SOCKET_PATH_MAX), before = size > 0 && s->path[0] == '@' ? 2 : 0;

        if (size == 0)
                return (Bytes){};
        memcpy(buffer, "./", before);
        memcpy(buffer + before, s->path, size);
        if (buffer[0] == 0)
                buffer[0] = '@';
        return (Bytes){ buffer, before + size };
}
