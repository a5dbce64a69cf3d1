/* SPDX-License-Identifier: MIT */

/* Two sockets: requests and their answers on one; news (RTNLGRP_NSID) on the other, so that neither can push the other out of a buffer.
 *
 * Known race: a namespace is reached through a process. If that process dies and its pid is given to another one, whose namespace has the same inode
 * as the one before, all between the caller's look and nsid_learn(), the number is that of the other namespace. */

#include "collect/nsid.h"

#include <errno.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "base/fd.h"
#include "collect/netns.h"
#include "collect/sockdiag.h"

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

#define ENTRIES_MAX 65536
#define REPLY_SECONDS 10

typedef struct Request {
        struct nlmsghdr header;
        struct rtgenmsg family;
        _Alignas(4) struct nlattr fd_header;
        uint32_t fd;
        struct nlattr nsid_header;
        int32_t nsid;
} Request;

_Static_assert(sizeof(Request) == NLMSG_HDRLEN + 4 + 8 + 8, "as on the wire");

static int open_socket(int group) {
        const struct sockaddr_nl any = { .nl_family = AF_NETLINK };
        struct timeval limit = { .tv_sec = REPLY_SECONDS };
        _cleanup_close_ int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

        if (fd < 0 || bind(fd, (const struct sockaddr *) &any, sizeof(any)) < 0 ||
            setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0)
                return -errno;
        if (group != 0 && setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
                return -errno;
        return TAKE_FD(fd);
}

int nsid_open(Nsid *n) {
        *n = NSID_NULL;
        n->news_fd = open_socket(RTNLGRP_NSID);
        n->fd = n->news_fd < 0 ? n->news_fd : open_socket(0);
        if (n->fd < 0) {
                int r = n->fd;
                nsid_close(n);
                return r;
        }
        return 0;
}

void nsid_close(Nsid *n) {
        (void) fd_close(n->fd);
        (void) fd_close(n->news_fd);
        free(n->entries);
        *n = NSID_NULL;
}

/* --- messages -------------------------------------------------------------------------------------- */

int nsid_parse(const struct nlmsghdr *message, int32_t *ret) {
        size_t size = message->nlmsg_len, offset = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct rtgenmsg));
        struct nlattr a;

        if (message->nlmsg_type != RTM_NEWNSID)
                return -ENOENT;
        while (offset + sizeof(a) <= size) {
                memcpy(&a, (const char *) message + offset, sizeof(a));
                if (a.nla_len < sizeof(a) || a.nla_len > size - offset)
                        return -EINVAL;
                if (a.nla_type == NETNSA_NSID && a.nla_len >= sizeof(a) + sizeof(*ret)) {
                        memcpy(ret, (const char *) message + offset + sizeof(a), sizeof(*ret));
                        return 0;
                }
                offset += ((size_t) a.nla_len + NLA_ALIGNTO - 1) & ~(size_t) (NLA_ALIGNTO - 1);
        }
        return -EINVAL;
}

/* One datagram of the kernel into buffer. Its size or negative errno. */
static ssize_t receive(int fd, void *buffer, size_t size, int flags) {
        for (;;) {
                struct sockaddr_nl from = {};
                socklen_t length = sizeof(from);
                ssize_t n = recvfrom(fd, buffer, size, flags | MSG_TRUNC, (struct sockaddr *) &from, &length);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (length != sizeof(from) || from.nl_pid != 0)
                        continue;
                return (size_t) n > size ? -EMSGSIZE : n;
        }
}

static int answer(const struct nlmsghdr *m, int32_t *ret) {
        int error;

        if (m->nlmsg_type != NLMSG_ERROR)
                return nsid_parse(m, ret);
        if (m->nlmsg_len < NLMSG_LENGTH(sizeof(error)))
                return -EBADMSG;
        memcpy(&error, (const char *) m + NLMSG_HDRLEN, sizeof(error));
        return error <= 0 && error > -4096 ? error : -EBADMSG;
}

/* RTM_GETNSID: *ret is the number, which may be NETNSA_NSID_NOT_ASSIGNED. RTM_NEWNSID: the kernel chooses one. */
static int ask(Nsid *n, uint16_t type, int ns_fd, int32_t *ret) {
        Request request = {
                .header = { .nlmsg_len = type == RTM_NEWNSID ? sizeof(request) : offsetof(Request, nsid_header),
                            .nlmsg_type = type,
                            .nlmsg_flags = NLM_F_REQUEST | (type == RTM_NEWNSID ? NLM_F_ACK : 0),
                            .nlmsg_seq = ++n->sequence },
                .fd_header = { .nla_len = sizeof(struct nlattr) + 4, .nla_type = NETNSA_FD },
                .fd = (uint32_t) ns_fd,
                .nsid_header = { .nla_len = sizeof(struct nlattr) + 4, .nla_type = NETNSA_NSID },
                .nsid = NETNSA_NSID_NOT_ASSIGNED,
        };
        const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
        _Alignas(struct nlmsghdr) char buffer[4096];

        if (sendto(n->fd, &request, request.header.nlmsg_len, 0, (const struct sockaddr *) &kernel, sizeof(kernel)) < 0)
                return -errno;
        for (;;) {
                ssize_t size = receive(n->fd, buffer, sizeof(buffer), 0);
                const struct nlmsghdr *m;
                size_t offset = 0;

                if (size < 0)
                        return (int) size;
                m = sockdiag_next(buffer, (size_t) size, &offset);
                if (!m)
                        return -EBADMSG;
                if (m->nlmsg_seq == n->sequence)
                        return answer(m, ret);
        }
}

/* --- the map --------------------------------------------------------------------------------------- */

static size_t position(const Nsid *n, int32_t nsid) {
        size_t low = 0, high = n->count;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (n->entries[middle].nsid < nsid)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

uint64_t nsid_find(const Nsid *n, int32_t nsid) {
        size_t i = position(n, nsid);

        return i < n->count && n->entries[i].nsid == nsid ? n->entries[i].netns : 0;
}

static void forget(Nsid *n, int32_t nsid) {
        size_t i = position(n, nsid);

        if (i == n->count || n->entries[i].nsid != nsid)
                return;
        n->count--;
        memmove(&n->entries[i], &n->entries[i + 1], (n->count - i) * sizeof(NsidEntry));
}

static int remember(Nsid *n, int32_t nsid, uint64_t netns) {
        size_t i = position(n, nsid);

        if (i == n->count || n->entries[i].nsid != nsid) {
                NsidEntry *entries;

                if (n->count >= ENTRIES_MAX)
                        n->count = i = 0; /* those that are still looked at are learned again */
                entries = array_grow(n->entries, n->count, sizeof(NsidEntry));
                if (!entries)
                        return -ENOMEM;
                n->entries = entries;
                memmove(&entries[i + 1], &entries[i], (n->count - i) * sizeof(NsidEntry));
                n->count++;
        }
        n->entries[i] = (NsidEntry){ nsid, netns };
        return 0;
}

int nsid_news(Nsid *n) {
        _Alignas(struct nlmsghdr) char buffer[8192];
        int count = 0;

        for (;;) {
                ssize_t size = receive(n->news_fd, buffer, sizeof(buffer), MSG_DONTWAIT);
                const struct nlmsghdr *m;
                size_t offset = 0;
                int32_t nsid;

                if (size == -EAGAIN)
                        return count;
                if (size < 0) {
                        n->count = 0;
                        if (size != -ENOBUFS && size != -EMSGSIZE)
                                return (int) size;
                        count++;
                        continue;
                }
                while ((m = sockdiag_next(buffer, (size_t) size, &offset)))
                        if (nsid_parse(m, &nsid) == 0) {
                                forget(n, nsid);
                                count++;
                        }
        }
}

int nsid_learn(Nsid *n, int proc_fd, const Netns *netns) {
        _cleanup_close_ int fd = netns_open(proc_fd, netns->pid);
        int32_t nsid = NETNSA_NSID_NOT_ASSIGNED;
        struct stat st;
        int r;

        if (fd < 0)
                return fd;
        if (fstat(fd, &st) < 0 || (netns->inode != 0 && st.st_ino != netns->inode))
                return -ESRCH;
        r = ask(n, RTM_GETNSID, fd, &nsid);
        if (r == 0 && nsid == NETNSA_NSID_NOT_ASSIGNED && netns->pid != 0) {
                r = ask(n, RTM_NEWNSID, fd, &nsid);
                if (r == 0 || r == -EEXIST)
                        r = ask(n, RTM_GETNSID, fd, &nsid);
        }
        if (r < 0)
                return r;
        if (nsid == NETNSA_NSID_NOT_ASSIGNED)
                return -ENOENT;
        /* Our own request is among the news. It must not undo what is learned now. */
        r = nsid_news(n);
        return r < 0 ? r : remember(n, nsid, netns->id);
}
