/* SPDX-License-Identifier: MIT */

/* A socket belongs for ever to the namespace in which socket(2) was called: so only this call needs to be made there.
 *
 * Everything that a thread does in the wrong namespace would be a lie about the right one. The way back is therefore checked: our
 * namespace is held open meanwhile, so its inode cannot be in use again, and after the return it must be the same. There is
 * nothing sensible to do when it is not, hence abort(). */

#include "collect/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "collect/procfs.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

#define OWN "thread-self/ns/net"

static const char *ns_path(uint32_t pid, char buffer[static sizeof("4294967295/ns/net")]) {
        if (pid == 0)
                return OWN;
        (void) snprintf(buffer, sizeof("4294967295/ns/net"), "%u/ns/net", pid);
        return buffer;
}

static int ns_error(int error) {
        return error == -ENOENT || error == -ENOTDIR ? -ESRCH : error == -EPERM ? -EACCES : error;
}

int netns_inode(int proc_fd, uint32_t pid, uint32_t *ret) {
        char path[sizeof("4294967295/ns/net")], link[64];
        ssize_t n = fd_readlink_at(proc_fd, ns_path(pid, path), link, sizeof(link));

        return n < 0 ? ns_error((int) n) : procfs_parse_link(link, "net", ret);
}

int netns_cookie(int socket_fd, uint64_t *ret) {
        uint64_t cookie;
        socklen_t size = sizeof(cookie);

        if (getsockopt(socket_fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size) < 0)
                return -errno;
        *ret = cookie;
        return 0;
}

uint64_t netns_id_of_inode(uint32_t inode) {
        return UINT64_C(1) << 63 | inode;
}

static bool same_file(int fd, int dir_fd, const char *path) {
        struct stat a, b;

        return fstat(fd, &a) == 0 && fstatat(dir_fd, path, &b, 0) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

int netns_socket(int proc_fd, uint32_t pid, int domain, int type, int protocol) {
        _cleanup_close_ int own = -1, foreign = -1;
        char path[sizeof("4294967295/ns/net")];
        int fd;

        if (pid == 0) {
                fd = socket(domain, type | SOCK_CLOEXEC, protocol);
                return fd < 0 ? -errno : fd;
        }
        foreign = openat(proc_fd, ns_path(pid, path), O_RDONLY | O_CLOEXEC);
        if (foreign < 0)
                return ns_error(-errno);
        own = openat(proc_fd, OWN, O_RDONLY | O_CLOEXEC);
        if (own < 0)
                return ns_error(-errno);

        if (setns(foreign, CLONE_NEWNET) < 0)
                return -errno;
        fd = socket(domain, type | SOCK_CLOEXEC, protocol);
        if (fd < 0)
                fd = -errno;
        if (setns(own, CLONE_NEWNET) < 0 || !same_file(own, proc_fd, OWN))
                abort();
        return fd;
}
