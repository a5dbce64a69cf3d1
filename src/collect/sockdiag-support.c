/* SPDX-License-Identifier: MIT */

/* A dump is asked for, and nothing is taken from the answer but whether there is one. A missing handler says ENOENT, in an error or at the end of a dump (inet). */

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netlink_diag.h>
#include <linux/packet_diag.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <linux/vm_sockets_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "collect/sockdiag-support.h"
#include "collect/sockdiag.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#ifndef AF_VSOCK
#define AF_VSOCK 40
#endif

#define PART_MAX 32768

/* Requests of all families begin with it: family, protocol. */
typedef struct Ask {
        struct nlmsghdr header;
        union {
                struct inet_diag_req_v2 inet;
                struct unix_diag_req local;
                struct packet_diag_req packet;
                struct netlink_diag_req netlink;
                struct vsock_diag_req vsock;
        };
        struct {
                struct nlattr header;
                uint32_t value;
        } protocol; /* of inet, where it is more than a byte */
} Ask;

static const struct {
        uint8_t family;
        uint32_t protocol;
        size_t size;
} families[_SOCKDIAG_FAMILY_MAX] = {
        [SOCKDIAG_TCP] = { AF_INET, IPPROTO_TCP, sizeof(struct inet_diag_req_v2) },
        [SOCKDIAG_UDP] = { AF_INET, IPPROTO_UDP, sizeof(struct inet_diag_req_v2) },
        [SOCKDIAG_RAW] = { AF_INET, IPPROTO_RAW, sizeof(struct inet_diag_req_v2) },
        [SOCKDIAG_MPTCP] = { AF_INET, IPPROTO_MPTCP, sizeof(struct inet_diag_req_v2) },
        [SOCKDIAG_UNIX] = { AF_UNIX, 0, sizeof(struct unix_diag_req) },
        [SOCKDIAG_PACKET] = { AF_PACKET, 0, sizeof(struct packet_diag_req) },
        [SOCKDIAG_NETLINK] = { AF_NETLINK, NDIAG_PROTO_ALL, sizeof(struct netlink_diag_req) },
        [SOCKDIAG_VSOCK] = { AF_VSOCK, 0, sizeof(struct vsock_diag_req) },
};

static size_t fill(Ask *a, SockdiagFamily family) {
        size_t size = families[family].size;

        memset(a, 0, sizeof(*a));
        a->inet.sdiag_family = families[family].family;
        a->inet.sdiag_protocol = (uint8_t) (families[family].protocol > UINT8_MAX ? IPPROTO_RAW : families[family].protocol);
        if (families[family].family == AF_INET)
                a->inet.idiag_states = 1u << 10; /* listeners are few */
        if (families[family].protocol > UINT8_MAX) {
                a->protocol.header = (struct nlattr){ .nla_len = sizeof(a->protocol), .nla_type = INET_DIAG_REQ_PROTOCOL };
                a->protocol.value = families[family].protocol;
                size = offsetof(Ask, protocol) - offsetof(Ask, inet) + sizeof(a->protocol);
        }
        return size;
}

/* 0 an answer that is none of errors, 1 not yet any, or negative errno. */
static int judge(const void *data, size_t size, uint32_t sequence) {
        const struct nlmsghdr *m;
        size_t offset = 0;

        while ((m = sockdiag_next(data, size, &offset))) {
                int error = 0;

                if (m->nlmsg_seq != sequence)
                        continue;
                if (m->nlmsg_type != NLMSG_ERROR && m->nlmsg_type != NLMSG_DONE)
                        return 0;
                if (mnl_nlmsg_get_payload_len(m) >= sizeof(error))
                        memcpy(&error, mnl_nlmsg_get_payload(m), sizeof(error));
                return error < 0 && error > -4096 ? error : error > 0 ? -EBADMSG : 0;
        }
        return 1;
}

int sockdiag_supports(SockdiagFamily family) {
        _Alignas(struct nlmsghdr) char buffer[PART_MAX];
        const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
        _cleanup_sockdiag_ Sockdiag d = SOCKDIAG_NULL;
        int r = sockdiag_open(&d, -1, 0);
        size_t size;
        Ask a;

        if (r < 0)
                return r;
        size = fill(&a, family);
        a.header = (struct nlmsghdr){
                .nlmsg_len = (uint32_t) NLMSG_LENGTH(size),
                .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
                .nlmsg_seq = ++d.sequence,
        };
        if (sendto(d.fd, &a, a.header.nlmsg_len, 0, (const struct sockaddr *) &kernel, sizeof(kernel)) < 0)
                return -errno;
        do {
                struct sockaddr_nl from = {};
                socklen_t from_size = sizeof(from);
                ssize_t n = recvfrom(d.fd, buffer, sizeof(buffer), 0, (struct sockaddr *) &from, &from_size);

                if (n < 0)
                        return -errno;
                r = from.nl_pid == 0 ? judge(buffer, (size_t) n, d.sequence) : 1;
        } while (r > 0);
        return r;
}
