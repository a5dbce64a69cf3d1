/* SPDX-License-Identifier: MIT */

/* /proc/PID/fd into sockets.
 *
 * Known race: a walk is not atomic. A descriptor moved to a lower number meanwhile (dup2, SCM_RIGHTS) can be missed; procfs_holds() and
 * the next walk are what the ledger has against it. */

#include "collect/procfs-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "collect/scan.h"

/* Inode of descriptor `name` below `dir_fd`: 1, 0 when it is no socket, -ENOENT when there is none, -ESRCH, -EACCES. */
static int read_socket(int dir_fd, const char *name, uint32_t *ret_inode) {
        char link[32]; /* "socket:[4294967295]"; whatever is longer is no socket */
        ssize_t n = fd_readlink_at(dir_fd, name, link, sizeof(link));

        if (n == -ENAMETOOLONG)
                return 0;
        if (n == -ENOENT)
                return -ENOENT;
        if (n < 0)
                return procfs_error((int) n);
        return procfs_parse_link(link, "socket", ret_inode) >= 0;
}

typedef struct Walk {
        int fd; /* of /proc/PID/fd */
        procfs_socket_t callback;
        void *userdata;
        int count; /* sockets found */
} Walk;

/* 1, also when it is no socket; -ENOENT: no such descriptor; else as read_socket() or the callback said. */
static int walk_one(Walk *w, const char *name, uint32_t fd) {
        uint32_t inode = 0;
        int r = read_socket(w->fd, name, &inode);

        if (r <= 0)
                return r < 0 ? r : 1;
        w->count++;
        r = w->callback(w->userdata, (int) fd, inode);
        return r < 0 ? r : 1;
}

/* The number in decimal, at the end of a buffer. */
static const char *number_text(uint32_t n, char buffer[static sizeof("4294967295")]) {
        size_t i = sizeof("4294967295") - 1;

        buffer[i] = 0;
        do
                buffer[--i] = (char) ('0' + n % 10);
        while ((n /= 10) > 0);
        return buffer + i;
}

/* Descriptors mostly stand without large holes. Then to ask for each number is cheaper by an eighth than to have them listed, which looks
 * up each one, too. How many there are is the size of the directory (Linux 6.2, fs/proc/fd.c; before, it is 0). Returns the first number that was
 * not asked for, or negative errno; *ret_all: so many were found. A shell has a few, and one far above them. */
static int64_t walk_numbers(Walk *w, bool *ret_all) {
        int64_t left, holes = 0;
        uint32_t fd = 0;
        struct stat st;

        if (fstat(w->fd, &st) < 0)
                return -errno;
        *ret_all = false;
        for (left = st.st_size; left > 0 && holes <= st.st_size / 8 + 1; fd++) {
                char buffer[sizeof("4294967295")];
                int r = walk_one(w, number_text(fd, buffer), fd);

                if (r < 0 && r != -ENOENT)
                        return r;
                holes += r == -ENOENT;
                left -= r > 0;
                *ret_all = left == 0;
        }
        return fd;
}

static int walk_listed(Walk *w, DIR *d, int64_t from) {
        const char *name;
        uint32_t fd;
        int r;

        while ((r = dir_next_number(d, &name, &fd)) > 0) {
                r = fd < from ? 1 : walk_one(w, name, fd);
                if (r < 0 && r != -ENOENT)
                        return r;
        }
        return procfs_error(r);
}

/* Where the descriptors of a process are read: at its first thread, or, when that has ended, at another one that goes on. Threads that
 * have descriptors of their own (CLONE_FILES was taken back) are not seen. */
static int descriptors_of(int dir_fd, uint32_t pid, const ProcfsStat *stat, char ret[sizeof("task/4294967295/fd")]) {
        _cleanup_(dir_closep) DIR *d = NULL;
        uint32_t thread = pid;
        const char *name;
        int r;

        memcpy(ret, "fd", sizeof("fd"));
        if (!stat->headless)
                return 0;
        r = dir_open_at(dir_fd, "task", &d);
        while (r >= 0 && (r = dir_next_number(d, &name, &thread)) > 0)
                if (thread != pid) {
                        (void) snprintf(ret, sizeof("task/4294967295/fd"), "task/%u/fd", thread);
                        return 0;
                }
        return r < 0 ? procfs_error(r) : -ESRCH;
}

int procfs_sockets(int proc_fd, uint32_t pid, uint64_t start_ticks, procfs_socket_t callback, void *userdata) {
        Walk w = { .callback = callback, .userdata = userdata };
        _cleanup_close_ int dir_fd = procfs_open(proc_fd, pid);
        _cleanup_(dir_closep) DIR *d = NULL;
        char path[sizeof("task/4294967295/fd")];
        ProcfsStat stat, after;
        bool all = false;
        int64_t r;

        if (dir_fd < 0)
                return dir_fd;
        r = procfs_check(dir_fd, start_ticks, &stat);
        if (r >= 0)
                r = descriptors_of(dir_fd, pid, &stat, path);
        if (r < 0)
                return (int) r;
        r = dir_open_at(dir_fd, path, &d);
        if (r < 0)
                return procfs_error((int) r);
        w.fd = dirfd(d);
        r = walk_numbers(&w, &all);
        /* So many were found, and more may have been opened meanwhile, in front of the last ones: the list goes on from there (position: number + 2). */
        if (r >= 0 && all && lseek(w.fd, r + 2, SEEK_SET) < 0)
                r = -errno;
        if (r >= 0)
                r = walk_listed(&w, d, r);
        /* What a thread or process that ended meanwhile does not show is no answer. */
        if (r >= 0 && w.count == 0)
                r = procfs_check(dir_fd, stat.start_ticks, &after) ?: after.headless == stat.headless ? 0 : -ESRCH;
        return r < 0 ? (int) r : w.count;
}

int procfs_holds(int proc_fd, uint32_t pid, uint64_t start_ticks, int fd, uint32_t inode) {
        _cleanup_close_ int dir_fd = procfs_open(proc_fd, pid);
        char path[sizeof("task/4294967295/fd")], name[sizeof(path) + sizeof("/-2147483648")];
        uint32_t found = 0;
        ProcfsStat stat;
        int r;

        if (dir_fd < 0)
                return dir_fd;
        r = procfs_check(dir_fd, start_ticks, &stat);
        if (r >= 0)
                r = descriptors_of(dir_fd, pid, &stat, path);
        if (r < 0)
                return r;
        (void) snprintf(name, sizeof(name), "%s/%d", path, fd);
        r = read_socket(dir_fd, name, &found);
        if (r <= 0)
                return r == -ENOENT ? 0 : r;
        return found == inode;
}

int procfs_protocol(int proc_fd, uint32_t pid, uint64_t start_ticks, int fd, uint32_t inode, char ret[PROCFS_PROTOCOL_MAX]) {
        char path[sizeof("/proc/self/fd/-2147483648/4294967295/fd/-2147483648")];
        ssize_t n;
        int r;

        (void) snprintf(path, sizeof(path), "/proc/self/fd/%d/%u/fd/%d", proc_fd, pid, fd);
        n = getxattr(path, "system.sockprotoname", ret, PROCFS_PROTOCOL_MAX - 1);
        ret[n > 0 ? n : 0] = 0;
        r = procfs_holds(proc_fd, pid, start_ticks, fd, inode);
        return r > 0 ? 0 : r < 0 ? r : -ESRCH;
}

/* ---- Has it run? ---- */

#define THREADS_MAX 64

/* FNV-1a. */
static uint64_t hash_bytes(uint64_t h, const char *data, size_t size) {
        for (size_t i = 0; i < size; i++)
                h = (h ^ (unsigned char) data[i]) * UINT64_C(0x100000001b3);
        return h;
}

/* Of one thread (of a process: of its first), into the hash. */
static int add_ran(int dir_fd, uint32_t thread, uint64_t *h) {
        char path[sizeof("4294967295/schedstat")], text[96];
        ssize_t n;

        (void) snprintf(path, sizeof(path), "%u/schedstat", thread);
        n = fd_read_once_at(dir_fd, path, text, sizeof(text));
        if (n <= 0)
                return n < 0 ? procfs_error((int) n) : -EOPNOTSUPP;
        if (strcmp(text, "0 0 0\n") == 0)
                return -EOPNOTSUPP; /* older kernels without CONFIG_SCHEDSTATS say so of everybody */
        *h = hash_bytes(hash_bytes(*h, path, strlen(path)), text, (size_t) n);
        return 0;
}

bool procfs_shares(uint32_t pid, uint32_t other) {
        return syscall(SYS_kcmp, (pid_t) pid, (pid_t) other, KCMP_FILES, 0UL, 0UL) == 0;
}

#define NOTHING_RAN UINT64_C(0xcbf29ce484222325)

/* One thread that has not run has started no others. */
static bool first_rests(int proc_fd, uint32_t pid, uint64_t before) {
        uint64_t h = NOTHING_RAN;

        return before != 0 && add_ran(proc_fd, pid, &h) == 0 && h == before;
}

int procfs_ran(int proc_fd, uint32_t pid, uint64_t before, uint64_t *ret) {
        char path[sizeof("4294967295/task")];
        _cleanup_(dir_closep) DIR *d = NULL;
        uint64_t h = NOTHING_RAN;
        unsigned threads = 0;
        uint32_t thread;
        const char *name;
        struct stat st;
        int r;

        if (first_rests(proc_fd, pid, before)) {
                *ret = before;
                return 0;
        }
        (void) snprintf(path, sizeof(path), "%u/task", pid);
        if (fstatat(proc_fd, path, &st, 0) < 0)
                return procfs_error(-errno);
        if (st.st_nlink == 3) /* one directory in it: most have one thread */
                r = add_ran(proc_fd, pid, &h);
        else {
                r = dir_open_at(proc_fd, path, &d);
                while (r >= 0 && (r = dir_next_number(d, &name, &thread)) > 0)
                        r = ++threads > THREADS_MAX ? -E2BIG : add_ran(dirfd(d), thread, &h);
        }
        if (r < 0)
                return procfs_error(r);
        *ret = h ?: 1;
        return 0;
}
