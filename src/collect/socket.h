/* SPDX-License-Identifier: MIT */
#pragma once

/* Socket: the record of one kernel socket, as every collector gives it. A plain value: no pointers, no
 * allocation. What a collector cannot know is 0 or SOCKET_UNKNOWN, as each member says.
 *
 * Identity is (netns, cookie); without a cookie (the /proc collector) it is netns, transport and both
 * addresses. The inode finds holders, but it is 0 for sockets that nobody holds (orphans, not yet accepted,
 * TIME_WAIT), and it is reused. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

typedef enum Family {
        FAMILY_UNKNOWN,
        FAMILY_IPV4,
        FAMILY_IPV6,
        FAMILY_UNIX,
        FAMILY_PACKET,
        FAMILY_NETLINK,
        FAMILY_VSOCK,
        _FAMILY_MAX,
} Family;

typedef enum Transport {
        TRANSPORT_UNKNOWN,
        TRANSPORT_TCP,
        TRANSPORT_UDP,
        TRANSPORT_UDPLITE,
        TRANSPORT_RAW,
        TRANSPORT_ICMP,
        TRANSPORT_MPTCP,
        TRANSPORT_SCTP,
        TRANSPORT_STREAM,
        TRANSPORT_DGRAM,
        TRANSPORT_SEQPACKET,
        TRANSPORT_PACKET,
        _TRANSPORT_MAX,
} Transport;

/* The kernel's numbering (include/net/tcp_states.h); udp and unix sockets use ESTABLISHED and CLOSE, which
 * ss(8) spells "established" and "unconnected", and unix listeners LISTEN. */
typedef enum State {
        STATE_UNKNOWN = 0,
        STATE_ESTABLISHED = 1,
        STATE_SYN_SENT = 2,
        STATE_SYN_RECV = 3,
        STATE_FIN_WAIT_1 = 4,
        STATE_FIN_WAIT_2 = 5,
        STATE_TIME_WAIT = 6,
        STATE_CLOSE = 7,
        STATE_CLOSE_WAIT = 8,
        STATE_LAST_ACK = 9,
        STATE_LISTEN = 10,
        STATE_CLOSING = 11,
        _STATE_MAX = 12,
} State;

/* idiag_timer / the `tr` column of /proc/net/tcp. */
typedef enum Timer {
        TIMER_NONE = 0,
        TIMER_RETRANSMIT = 1,
        TIMER_KEEPALIVE = 2,
        TIMER_TIME_WAIT = 3, /* a TIME_WAIT or FIN_WAIT2 mini-socket: the socket is gone */
        TIMER_PROBE = 4,     /* zero-window probe */
} Timer;

#define SOCKET_PATH_MAX 108   /* sizeof(sockaddr_un.sun_path) */
#define SOCKET_DEVICE_MAX 16  /* IFNAMSIZ */
#define SOCKET_UNKNOWN UINT64_MAX

/* An IP address and port. IPv4 in the first four bytes of ip, the rest 0; network byte order. What has other addresses keeps
 * its numbers in ip (endpoint_word()): netlink the port id, vsock context id and port. */
typedef struct Endpoint {
        uint8_t ip[16];
        uint16_t port; /* host byte order; 0: none */
} Endpoint;

typedef enum Direction {
        DIRECTION_UNKNOWN,
        DIRECTION_INGRESS, /* the other side connected */
        DIRECTION_EGRESS,  /* this side connected */
        _DIRECTION_MAX,
} Direction;

/* Was a TCP socket ever established? One that was used again (connect to AF_UNSPEC) may have been in an earlier use. */
typedef enum Answered {
        ANSWERED_UNKNOWN,
        ANSWERED_NO,
        ANSWERED_YES,
} Answered;

typedef struct Socket {
        uint64_t cookie; /* 0: unknown */
        uint64_t netns;  /* Netns.id of the namespace the socket lives in */
        uint32_t inode;  /* 0: none */
        uint8_t family, transport, state, timer;
        bool subflow; /* TCP that belongs to an MPTCP connection, which is told itself: no connection of its own */

        Endpoint local, peer; /* local.port of a raw, packet or netlink socket is its protocol number */
        uint32_t interface;   /* index it is bound to; 0: none */
        char device[SOCKET_DEVICE_MAX]; /* name of that interface in its namespace, bytes from outside; empty: unknown */

        /* unix; the first byte of an abstract name is NUL, as in the kernel. path_size 0: unnamed. */
        uint8_t path_size;
        char path[SOCKET_PATH_MAX];
        uint32_t peer_inode; /* 0: none */

        uint32_t uid;         /* owner, in the initial user namespace; UINT32_MAX: unknown */
        uint32_t send_queue;  /* bytes not yet acknowledged; for a TCP listener the backlog limit */
        uint32_t receive_queue; /* bytes not yet read; for a listener the connections not yet accepted */
        uint8_t retransmits;  /* of the timer that runs now */
        uint8_t backoff;      /* how often its time was doubled */
        uint32_t timer_msec;  /* until the timer fires */
        uint32_t rto_usec;    /* retransmission timeout as it is now; 0: unknown */
        uint8_t shutdown;     /* 1 no more receive, 2 no more send (unix) */
        uint32_t waiting;     /* unix listener: inode of the socket that has waited longest for accept; 0: none, or unknown */

        /* tcp_info(7); each SOCKET_UNKNOWN where the collector has none. */
        uint64_t bytes_sent;     /* payload, without what was sent again */
        uint64_t bytes_received; /* payload; one too high after a FIN, without BPF */
        uint64_t total_retransmits;
        uint64_t rtt_usec;
        uint64_t idle_usec; /* since data last came or went */
        uint64_t bytes_acked; /* by the other side; 1 too high once the connection is made */
        uint64_t heard_usec; /* since the other side last acknowledged anything, new or not */
        uint64_t cgroup;    /* cgroup v2 id, INET_DIAG_CGROUP_ID (5.7) */
        uint8_t answered;   /* Answered */
        uint64_t opened;    /* when this use began, CLOCK_BOOTTIME usec, as hooks in the kernel have seen it; 0: they have not; SOCKET_UNKNOWN: nobody asked them */
} Socket;

/* A Socket in which everything that has an "unknown" value has it. */
void socket_init(Socket *s);

/* Names as EVENTS and configuration use them; NULL for a number that has none. */
const char *family_name(unsigned family);
const char *transport_name(unsigned transport);
const char *state_name(unsigned state);
/* 0 when there is no such name. state_from_name() also takes closed, listen and unconn. */
Family family_from_name(const char *name);
Transport transport_from_name(const char *name);
State state_from_name(const char *name);

/* What waits on a wire without a connection, and is told as a socket: packet, raw IP, netlink. */
bool socket_is_raw(unsigned family, unsigned transport);
/* On the wire: MPTCP is TCP there. */
Transport transport_on_wire(unsigned transport);
/* Of a socket that is not of IP, by its type (SOCK_STREAM ...). */
Transport transport_of_type(unsigned type);

#define SOCKET_PROTOCOL_MAX 12
/* Protocol of such a socket, as ss(8) has it: "icmp", "all", "rtnl", else its number. NULL: the transport says it all. */
const char *socket_protocol(const Socket *s, char buffer[SOCKET_PROTOCOL_MAX]);

/* TCP in LISTEN, a unix stream or seqpacket listener, or a bound, unconnected UDP socket (a server, or a
 * client that has only sent: the port tells, see ledger.h). */
bool socket_is_listener(const Socket *s);
bool socket_has_addresses(const Socket *s); /* ipv4 or ipv6 */

/* The i-th 32-bit number in ip. */
uint32_t endpoint_word(const Endpoint *e, unsigned i);
void endpoint_set_word(Endpoint *e, unsigned i, uint32_t value);

bool endpoint_is_any(const Endpoint *e);    /* 0.0.0.0 or :: */
int endpoint_compare(const Endpoint *a, const Endpoint *b);
/* ::ffff:a.b.c.d becomes a.b.c.d: the result's family is returned. */
Family endpoint_normalise(Family family, Endpoint *e);

#define ENDPOINT_TEXT_MAX 56
/* "10.0.0.2:443", "[::1]:443", "*:443" where the address is any, "10.0.0.2:*" without port; writes at most ENDPOINT_TEXT_MAX bytes and returns buffer. */
const char *endpoint_text(Family family, const Endpoint *e, char buffer[ENDPOINT_TEXT_MAX]);
/* The address alone. */
const char *endpoint_ip(Family family, const Endpoint *e, char buffer[ENDPOINT_TEXT_MAX]);

#define SOCKET_NAME_MAX (SOCKET_PATH_MAX + 2)
/* A unix name for people: path as it is, '@' for the leading NUL of an abstract name, and "./" before a path that begins with a real '@'; still to be
 * escaped. The result points into buffer. */
Bytes socket_path(const Socket *s, char buffer[SOCKET_NAME_MAX]);
