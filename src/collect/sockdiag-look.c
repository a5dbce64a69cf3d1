/* SPDX-License-Identifier: MIT */

/* Whole tables.
 *
 * TCP is asked the old way (TCPDIAG_GETSOCK): it gives both families in one walk of the kernel's tables, which cost as
 * much as the sockets do where there are few. UDP and raw have no such message.
 *
 * A netlink socket that is a member of a group is listed twice.
 *
 * Known races: see rule 4 of the ledger. The kernel resumes by position and never sets NLM_F_DUMP_INTR. */

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "collect/sockdiag-internal.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

/* All states that sockets of a look can have. The kernel adds requests to SYN_RECV; they are taken out again by their
 * inode, since a full socket can be in that state, too. */
#define STATES_LOOK (((1u << _STATE_MAX) - 1) & ~1u & ~(1u << STATE_TIME_WAIT))

static int dump_tcp(Sockdiag *d, SockdiagExchange *e, uint32_t states) {
        SockdiagRequest request = { .tcp = { .idiag_ext = 1 << (INET_DIAG_INFO - 1), .idiag_states = states } };
        int r;

        e->format = (SockdiagFormat){ TCPDIAG_GETSOCK, TRANSPORT_TCP, NULL };
        r = sockdiag_send(d, &request.header, TCPDIAG_GETSOCK, NLM_F_DUMP, sizeof(request.tcp));
        return r < 0 ? r : sockdiag_exchange(e, d);
}

static int dump_inet(Sockdiag *d, SockdiagExchange *e, uint8_t family, uint8_t protocol, Transport transport) {
        SockdiagRequest request = {
                .inet = { .sdiag_family = family, .sdiag_protocol = protocol, .idiag_states = STATES_LOOK },
        };
        int r;

        e->format = (SockdiagFormat){ SOCK_DIAG_BY_FAMILY, transport, NULL };
        r = sockdiag_send(d, &request.header, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, sizeof(request.inet));
        return r < 0 ? r : sockdiag_exchange(e, d);
}

static int dump_unix(Sockdiag *d, SockdiagExchange *e) {
        SockdiagRequest request = {
                .local = {
                        .sdiag_family = AF_UNIX,
                        .udiag_states = UINT32_MAX,
                        .udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER | UDIAG_SHOW_RQLEN | UDIAG_SHOW_ICONS |
                                       UDIAG_SHOW_UID,
                },
        };
        int r;

        e->format = (SockdiagFormat){ SOCK_DIAG_BY_FAMILY, TRANSPORT_UNKNOWN, sockdiag_parse_unix };
        r = sockdiag_send(d, &request.header, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, sizeof(request.local));
        return r < 0 ? r : sockdiag_exchange(e, d);
}

/* A protocol number beyond 255 goes into an attribute. */
static int dump_mptcp(Sockdiag *d, SockdiagExchange *e) {
        static const uint8_t families[] = { AF_INET, AF_INET6 };
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(families) && r == 0; i++) {
                SockdiagRequest request = {
                        .mptcp = {
                                .inet = { .sdiag_family = families[i], .sdiag_protocol = 255, .idiag_states = STATES_LOOK },
                                .attribute = { sizeof(struct nlattr) + sizeof(uint32_t), INET_DIAG_REQ_PROTOCOL },
                                .protocol = IPPROTO_MPTCP,
                        },
                };

                e->format = (SockdiagFormat){ SOCK_DIAG_BY_FAMILY, TRANSPORT_MPTCP, NULL };
                r = sockdiag_send(d, &request.header, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, sizeof(request.mptcp));
                r = r < 0 ? r : sockdiag_exchange(e, d);
        }
        return r;
}

/* Known race: a connection that is opened between the two dumps shows its subflow only, and is told by the next look. */
static int dump_tcp_and_mptcp(Sockdiag *d, SockdiagExchange *e) {
        int r;

        e->mptcp = d->mptcp;
        r = dump_tcp(d, e, STATES_LOOK);
        if (r < 0 || !d->mptcp || (e->subflows == 0 && !d->mptcp_before))
                return r;
        e->rows = 0;
        r = dump_mptcp(d, e);
        d->mptcp_before = e->rows > 0;
        return r == -ENOENT ? -EOPNOTSUPP : r;
}

static int dump_both(Sockdiag *d, SockdiagExchange *e, uint8_t protocol, Transport transport) {
        int r = dump_inet(d, e, AF_INET, protocol, transport);

        if (r < 0)
                return r;
        /* One half is not a missing handler, which would have told no row. */
        r = dump_inet(d, e, AF_INET6, protocol, transport);
        return r == -ENOENT ? -EOPNOTSUPP : r;
}

static int dump_other(Sockdiag *d, SockdiagExchange *e, SockdiagRequest *request, size_t size, int (*parse)(const struct nlmsghdr *, Socket *)) {
        int r;

        e->format = (SockdiagFormat){ SOCK_DIAG_BY_FAMILY, TRANSPORT_UNKNOWN, parse };
        r = sockdiag_send(d, &request->header, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, size);
        return r < 0 ? r : sockdiag_exchange(e, d);
}

static uint32_t inode_of(int fd) {
        struct stat st;

        return fstat(fd, &st) == 0 ? (uint32_t) st.st_ino : 0;
}

static int dump_table(Sockdiag *d, SockdiagExchange *e, TableKind table) {
        SockdiagRequest packet = { .packet = { .sdiag_family = AF_PACKET, .pdiag_show = PACKET_SHOW_INFO } };
        SockdiagRequest netlink = { .netlink = { .sdiag_family = AF_NETLINK, .sdiag_protocol = NDIAG_PROTO_ALL } };
        SockdiagRequest vsock = { .vsock = { .sdiag_family = AF_VSOCK, .vdiag_states = UINT32_MAX } };

        switch (table) {
        case TABLE_TCP:
                return dump_tcp_and_mptcp(d, e);
        case TABLE_UDP:
                return dump_both(d, e, IPPROTO_UDP, TRANSPORT_UDP);
        case TABLE_UDPLITE:
                return dump_both(d, e, IPPROTO_UDPLITE, TRANSPORT_UDPLITE);
        case TABLE_RAW:
                return dump_both(d, e, IPPROTO_RAW, TRANSPORT_RAW);
        case TABLE_UNIX:
                return dump_unix(d, e);
        case TABLE_PACKET:
                return dump_other(d, e, &packet, sizeof(packet.packet), sockdiag_parse_packet);
        case TABLE_NETLINK:
                e->own = inode_of(d->fd);
                return dump_other(d, e, &netlink, sizeof(netlink.netlink), sockdiag_parse_netlink);
        case TABLE_VSOCK:
                return dump_other(d, e, &vsock, sizeof(vsock.vsock), sockdiag_parse_vsock);
        case _TABLE_MAX:
                break;
        }
        return -EINVAL;
}

int sockdiag_probe(Sockdiag *d) {
        SockdiagExchange e = {};
        int r = dump_tcp(d, &e, 1u << STATE_LISTEN);

        if (r < 0)
                return r;
        r = dump_mptcp(d, &e);
        d->mptcp = r == 0;
        /* What cannot be asked for is not there. */
        return r == 0 || r == -ENOENT || r == -EOPNOTSUPP || r == -EINVAL ? 0 : r;
}

int sockdiag_look(Sockdiag *d, uint64_t netns, TableKind table, const Taker *taker, Coverage *ret) {
        SockdiagExchange e = { .netns = netns, .taker = taker };
        int r = dump_table(d, &e, table);

        if (e.answer < 0)
                return e.answer;
        if (r == 0)
                *ret = (Coverage){ COVERAGE_OK, 0 };
        else if (r == -EPERM || r == -EACCES || r == -ENOENT)
                *ret = (Coverage){ COVERAGE_DENIED, -r };
        else
                *ret = (Coverage){ COVERAGE_INTERRUPTED, -r };
        return 0;
}
