/* SPDX-License-Identifier: MIT */

/* The socket is bound before it joins: without an address it would hear nothing, and a later bind(2) would make it leave its groups, both
 * without an error.
 *
 * What does not fit into the buffer is dropped by the kernel and counted in /proc/net/netlink, exactly. ENOBUFS only says that this began. */

#include "collect/destroy.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "collect/look.h"
#include "collect/sockdiag.h"

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

#define BUFFER (32 << 20)  /* the kernel doubles it: about 50,000 messages */
#define MESSAGE_MAX 2048   /* one is 380 bytes (6.18) */
#define BATCH 64

static uint64_t set_buffer(int fd) {
        int size = BUFFER;
        socklen_t length = sizeof(size);

        if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
                (void) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
        if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, &length) < 0)
                return 0;
        return (uint64_t) size;
}

int destroy_open(Destroy *d) {
        const struct sockaddr_nl any = { .nl_family = AF_NETLINK };
        _cleanup_close_ int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);
        int yes = 1;
        int r;

        if (fd < 0 || bind(fd, (const struct sockaddr *) &any, sizeof(any)) < 0)
                return -errno;
        *d = (Destroy){ .fd = -1, .buffer = set_buffer(fd) };
        r = drops_open(&d->drops, fd);
        if (r < 0)
                return r;
        d->everywhere = setsockopt(fd, SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, &yes, sizeof(yes)) == 0;
        d->fd = TAKE_FD(fd);
        return 0;
}

void destroy_close(Destroy *d) {
        d->fd = fd_close(d->fd);
        d->groups = 0;
}

int destroy_join(Destroy *d, unsigned tables) {
        static const struct {
                TableKind table;
                int group;
        } groups[] = {
                { TABLE_TCP, SKNLGRP_INET_TCP_DESTROY },
                { TABLE_TCP, SKNLGRP_INET6_TCP_DESTROY },
                { TABLE_UDP, SKNLGRP_INET_UDP_DESTROY },
                { TABLE_UDP, SKNLGRP_INET6_UDP_DESTROY },
        };

        for (size_t i = 0; i < ELEMENTSOF(groups); i++) {
                unsigned bit = TABLE_BIT(groups[i].table);
                int option = tables & bit ? NETLINK_ADD_MEMBERSHIP : NETLINK_DROP_MEMBERSHIP;

                if ((tables & bit) == (d->groups & bit))
                        continue;
                if (setsockopt(d->fd, SOL_NETLINK, option, &groups[i].group, sizeof(groups[i].group)) < 0)
                        return -errno;
        }
        d->groups = tables & (TABLE_BIT(TABLE_TCP) | TABLE_BIT(TABLE_UDP));
        return 0;
}

/* --- receiving ------------------------------------------------------------------------------------- */

typedef struct Room {
        _Alignas(struct nlmsghdr) char data[BATCH][MESSAGE_MAX];
        _Alignas(struct cmsghdr) char control[BATCH][CMSG_SPACE(sizeof(int32_t))];
        struct sockaddr_nl from[BATCH];
        struct iovec iov[BATCH];
        struct mmsghdr messages[BATCH];
} Room;

static void prepare(Room *room, size_t count) {
        for (size_t i = 0; i < count; i++) {
                room->iov[i] = (struct iovec){ room->data[i], MESSAGE_MAX };
                room->messages[i].msg_hdr = (struct msghdr){
                        .msg_name = &room->from[i],
                        .msg_namelen = sizeof(room->from[i]),
                        .msg_iov = &room->iov[i],
                        .msg_iovlen = 1,
                        .msg_control = room->control[i],
                        .msg_controllen = sizeof(room->control[i]),
                };
        }
}

static int32_t nsid_of_message(struct msghdr *m) {
        int32_t nsid = DESTROY_OWN;

        for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
                if (c->cmsg_level == SOL_NETLINK && c->cmsg_type == NETLINK_LISTEN_ALL_NSID &&
                    c->cmsg_len >= CMSG_LEN(sizeof(nsid)))
                        memcpy(&nsid, CMSG_DATA(c), sizeof(nsid));
        return nsid;
}

/* False: it is not the kernel's. */
static bool take(struct mmsghdr *m, const struct sockaddr_nl *from, const char *data, DestroyMessage *ret) {
        const struct nlmsghdr *h;
        size_t offset = 0;

        if (m->msg_hdr.msg_namelen != sizeof(*from) || from->nl_pid != 0)
                return false;
        h = sockdiag_next(data, m->msg_len, &offset);
        *ret = (DestroyMessage){ .nsid = nsid_of_message(&m->msg_hdr) };
        ret->damaged = m->msg_hdr.msg_flags & (MSG_TRUNC | MSG_CTRUNC) || !h || sockdiag_parse_destroy(h, &ret->socket) < 0;
        return true;
}

int destroy_receive(Destroy *d, DestroyMessage *ret, size_t count) {
        static Room room; /* large, and one thread receives */
        int n, taken;

        count = MIN(count, (size_t) BATCH);
        do {
                prepare(&room, count);
                n = recvmmsg(d->fd, room.messages, (unsigned) count, MSG_DONTWAIT, NULL);
                if (n < 0)
                        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
                taken = 0;
                for (int i = 0; i < n; i++)
                        taken += take(&room.messages[i], &room.from[i], room.data[i], &ret[taken]);
        } while (taken == 0);
        return taken;
}
