/* SPDX-License-Identifier: MIT */

/* A socket belongs for ever to the namespace in which socket(2) was called: so only this call needs to be made there.
 *
 * Everything that a thread does in the wrong namespace would be a lie about the right one. The way back is therefore checked: our
 * namespace is held open meanwhile, so its inode cannot be in use again, and after the return it must be the same. There is
 * nothing sensible to do when it is not, hence abort(). */

#include "collect/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "collect/procfs.h"
#include "collect/scan.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

#define INITIAL_USER_NAMESPACE 0xEFFFFFFDu /* its inode, the same on every machine (PROC_USER_INIT_INO) */

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

bool netns_left(int proc_fd, uint32_t pid, uint32_t inode) {
        uint32_t now;
        int r;

        if (pid == 0)
                return false;
        r = netns_inode(proc_fd, pid, &now);
        return r == -ESRCH || (r >= 0 && now != inode);
}

/* "36 25 0:4 net:[4026532000] /run/netns/x rw ...": the fourth word is the root of the mount. Blanks in names are escaped. */
static bool mount_inode(Scan line, uint32_t *ret) {
        char root[sizeof("net:[4294967295]")] = "";
        const char *start = line.p;

        for (unsigned i = 0; i < 4; i++) {
                scan_blanks(&line);
                start = line.p;
                if (!scan_word(&line))
                        return false;
        }
        if ((size_t) (line.p - start) >= sizeof(root))
                return false;
        memcpy(root, start, (size_t) (line.p - start));
        return procfs_parse_link(root, "net", ret) == 0;
}

int netns_parse_mounted(const char *text, size_t size, uint32_t **ret, size_t *ret_count) {
        _cleanup_free_ uint32_t *inodes = NULL;
        const char *end = text + size, *newline;
        size_t count = 0;

        for (const char *line = text; line < end; line = newline + 1) {
                uint32_t *grown = array_grow(inodes, count, sizeof(*inodes));

                if (!grown)
                        return -ENOMEM;
                inodes = grown;
                newline = memchr(line, '\n', (size_t) (end - line)) ?: end;
                count += mount_inode((Scan){ line, newline }, &inodes[count]);
        }
        *ret = TAKE_PTR(inodes);
        *ret_count = count;
        return 0;
}

#define MOUNTINFO_MAX (64u << 20)

int netns_mounted(int proc_fd, uint32_t **ret, size_t *ret_count) {
        _cleanup_free_ char *text = NULL;
        size_t size;
        int r = fd_read_at(proc_fd, "self/mountinfo", MOUNTINFO_MAX, &text, &size);

        return r < 0 ? r : netns_parse_mounted(text, size, ret, ret_count);
}

int netns_cookie(int socket_fd, uint64_t *ret) {
        uint64_t cookie;
        socklen_t size = sizeof(cookie);

        if (getsockopt(socket_fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size) < 0)
                return -errno;
        *ret = cookie;
        return 0;
}

int netns_interface(int socket_fd, uint32_t index, char ret[IF_NAMESIZE]) {
        struct ifreq request = { .ifr_ifindex = (int) index };

        if (ioctl(socket_fd, SIOCGIFNAME, &request) < 0)
                return -errno;
        memcpy(ret, request.ifr_name, IF_NAMESIZE);
        ret[IF_NAMESIZE - 1] = 0;
        return 0;
}

uint64_t netns_id_of_inode(uint32_t inode) {
        return UINT64_C(1) << 63 | inode;
}

int netns_open(int proc_fd, uint32_t pid) {
        char path[sizeof("4294967295/ns/net")];
        int fd = openat(proc_fd, ns_path(pid, path), O_RDONLY | O_CLOEXEC);

        return fd < 0 ? ns_error(-errno) : fd;
}

int netns_is_initial_user(int proc_fd, uint32_t pid, uint32_t inode) {
        _cleanup_close_ int ns_fd = -1, user_fd = -1;
        char path[sizeof("4294967295/ns/net")];
        struct stat st;

        ns_fd = openat(proc_fd, ns_path(pid, path), O_RDONLY | O_CLOEXEC);
        if (ns_fd < 0)
                return ns_error(-errno);
        if (fstat(ns_fd, &st) < 0)
                return -errno;
        if (st.st_ino != inode)
                return -ESRCH;
        /* EPERM: it belongs to one that is not ours, nor below it. */
        user_fd = ioctl(ns_fd, NS_GET_USERNS);
        if (user_fd < 0)
                return errno == EPERM ? 0 : -errno;
        if (fstat(user_fd, &st) < 0)
                return -errno;
        return st.st_ino == INITIAL_USER_NAMESPACE;
}

static bool same_file(int fd, int dir_fd, const char *path) {
        struct stat a, b;

        return fstat(fd, &a) == 0 && fstatat(dir_fd, path, &b, 0) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

int netns_socket_in(int proc_fd, int ns_fd, int domain, int type, int protocol) {
        _cleanup_close_ int own = openat(proc_fd, OWN, O_RDONLY | O_CLOEXEC);
        int fd;

        if (own < 0)
                return ns_error(-errno);
        if (setns(ns_fd, CLONE_NEWNET) < 0)
                return -errno;
        fd = socket(domain, type | SOCK_CLOEXEC, protocol);
        if (fd < 0)
                fd = -errno;
        if (setns(own, CLONE_NEWNET) < 0 || !same_file(own, proc_fd, OWN))
                abort();
        return fd;
}

int netns_socket(int proc_fd, uint32_t pid, int domain, int type, int protocol) {
        _cleanup_close_ int foreign = -1;
        int fd;

        if (pid == 0) {
                fd = socket(domain, type | SOCK_CLOEXEC, protocol);
                return fd < 0 ? -errno : fd;
        }
        foreign = netns_open(proc_fd, pid);
        if (foreign < 0)
                return foreign;
        return netns_socket_in(proc_fd, foreign, domain, type, protocol);
}

int netns_of_socket(int proc_fd, uint32_t pid, uint64_t start_ticks, int fd, uint32_t inode) {
        _cleanup_close_ int pid_fd = -1, copy = -1;
        ProcfsStat line;
        struct stat st;
        int ns_fd, r;

        pid_fd = (int) syscall(SYS_pidfd_open, pid, 0);
        if (pid_fd < 0)
                return -errno;
        r = procfs_stat(proc_fd, pid, &line);
        if (r < 0)
                return r;
        if (line.start_ticks != start_ticks)
                return -ESRCH;
        copy = (int) syscall(SYS_pidfd_getfd, pid_fd, fd, 0);
        if (copy < 0)
                return errno == EBADF ? -ESRCH : -errno;
        if (fstat(copy, &st) < 0 || !S_ISSOCK(st.st_mode) || st.st_ino != inode)
                return -ESRCH;
        ns_fd = ioctl(copy, SIOCGSKNS);
        return ns_fd < 0 ? -errno : ns_fd;
}

int netns_leave(void) {
        struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
        _cleanup_close_ int fd = -1;

        if (unshare(CLONE_NEWNET) < 0)
                return -errno;
        fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo) < 0)
                return -errno;
        return 0;
}
