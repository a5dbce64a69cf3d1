/* SPDX-License-Identifier: MIT */

/* /proc/PID into Process.
 *
 * One O_PATH descriptor of /proc/PID stands for the process: the kernel ties it to the struct pid, so when the
 * process dies all reads below it fail (ENOENT or ESRCH), even if the number is in use again. What it cannot
 * tell apart is a change of credentials between two reads, or an exec that keeps the name; the facts are then of both sides. */

#include "collect/procfs-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "collect/cmdline.h"
#include "collect/scan.h"

#define STAT_MAX 2048    /* 52 numbers and a comm of at most 64 bytes */
#define STATUS_MAX 4096  /* Uid and Gid stand in the first lines; Groups, which may be long, behind them */
#define CGROUP_MAX 16384 /* v1: one line a hierarchy, each with a path */

DIR *dir_close(DIR *d) {
        if (d)
                (void) closedir(d);
        return NULL;
}

int dir_open_at(int dir_fd, const char *path, DIR **ret) {
        _cleanup_close_ int fd = openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *d;

        if (fd < 0)
                return -errno;
        d = fdopendir(fd);
        if (!d)
                return -errno;
        TAKE_FD(fd);
        *ret = d;
        return 0;
}

int dir_next_number(DIR *d, const char **ret_name, uint32_t *ret) {
        for (;;) {
                const struct dirent *entry;
                uint64_t n;

                errno = 0;
                entry = readdir(d);
                if (!entry)
                        return -errno;

                Scan s = { entry->d_name, entry->d_name + strlen(entry->d_name) };
                if (scan_decimal(&s, INT_MAX, &n) && s.p == s.end) {
                        *ret_name = entry->d_name;
                        *ret = (uint32_t) n;
                        return 1;
                }
        }
}

static int compare_pids(const void *a, const void *b) {
        return CMP(*(const uint32_t *) a, *(const uint32_t *) b);
}

int procfs_list(int proc_fd, uint32_t **ret_pids, size_t *ret_count) {
        _cleanup_(dir_closep) DIR *d = NULL;
        _cleanup_free_ uint32_t *pids = NULL;
        size_t count = 0, allocated = 0;
        const char *name;
        uint32_t pid;
        int r;

        r = dir_open_at(proc_fd, ".", &d);
        if (r < 0)
                return r;
        while ((r = dir_next_number(d, &name, &pid)) > 0) {
                if (count == allocated) {
                        size_t want = MAX(allocated * 2, (size_t) 1024);
                        uint32_t *p = reallocarray(pids, want, sizeof(*pids));

                        if (!p)
                                return -ENOMEM;
                        pids = p;
                        allocated = want;
                }
                pids[count++] = pid;
        }
        if (r < 0)
                return r;

        if (count > 0)
                qsort(pids, count, sizeof(*pids), compare_pids);
        *ret_pids = TAKE_PTR(pids);
        *ret_count = count;
        return 0;
}

/* ---- One process ---- */

int procfs_error(int error) {
        switch (error) {
        case -ENOENT:
        case -ENOTDIR:
                return -ESRCH;
        case -EPERM:
                return -EACCES;
        default:
                return error;
        }
}

int procfs_open(int proc_fd, uint32_t pid) {
        char name[sizeof("4294967295")];
        int fd;

        (void) snprintf(name, sizeof(name), "%u", pid);
        fd = openat(proc_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? procfs_error(-errno) : fd;
}

static int read_stat(int dir_fd, const char *file, ProcfsStat *ret) {
        char text[STAT_MAX];
        ssize_t n = fd_read_once_at(dir_fd, file, text, sizeof(text));

        return n < 0 ? procfs_error((int) n) : procfs_parse_stat_line(text, ret);
}

int procfs_check(int dir_fd, uint64_t start_ticks, ProcfsStat *ret) {
        int r = read_stat(dir_fd, "stat", ret);

        if (r < 0)
                return r;
        return start_ticks == 0 || ret->start_ticks == start_ticks ? 0 : -ESRCH;
}

/* A fact that is denied or not there stays unknown; only running out of memory is an error. */
static int unless_no_memory(int r) {
        return r == -ENOMEM ? r : 0;
}

uint64_t procfs_memfd_device(void) {
        static uint64_t device;
        struct stat st;

        if (device == 0) {
                _cleanup_close_ int fd = memfd_create("sockaudit", MFD_CLOEXEC);

                if (fd >= 0 && fstat(fd, &st) == 0)
                        device = st.st_dev;
        }
        return device;
}

/* Is there a file of this name where the process was started? Only what the kernel has in its cache counts, since the server of a
 * network or FUSE file system may never answer. */
static bool is_named(int dir_fd, const char *path) {
        struct open_how how = { .flags = O_PATH | O_NOFOLLOW | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_CACHED };
        _cleanup_close_ int root = -1, fd = -1;
        char own[64], its[64];
        bool shared = fd_readlink_at(AT_FDCWD, "/proc/thread-self/ns/mnt", own, sizeof(own)) > 0 &&
                      fd_readlink_at(dir_fd, "ns/mnt", its, sizeof(its)) > 0 && strcmp(own, its) == 0;

        /* The path is that of our own root, where we share its mounts. */
        if (shared)
                root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        else
                root = openat(dir_fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (root < 0)
                return false;
        fd = (int) syscall(SYS_openat2, root, path, &how, sizeof(how));
        return fd >= 0;
}

static ExeState exe_state(int dir_fd, const char *path, const struct statx *sx) {
        if (sx && makedev(sx->stx_dev_major, sx->stx_dev_minor) == procfs_memfd_device())
                return EXE_MEMFD;
        return is_named(dir_fd, path) ? EXE_REPLACED : EXE_DELETED;
}

/* The kernel marks a path without a directory entry with " (deleted)"; anybody can also give a file such a
 * name. Only a file without any link left is believed to be deleted; else the name stays as it reads. A
 * copy of the link to nowhere (in tests) is believed. DONT_SYNC: never ask the server of a network or FUSE file. */
static int read_exe(int dir_fd, Process *p) {
        static const char deleted[] = " (deleted)";
        char path[PATH_MAX + sizeof(deleted)];
        size_t n = sizeof(deleted) - 1;
        struct statx sx = {};
        bool known;
        ssize_t size;

        size = fd_readlink_at(dir_fd, "exe", path, sizeof(path));
        if (size < 0)
                return 0;
        known = statx(dir_fd, "exe", AT_STATX_DONT_SYNC, STATX_BASIC_STATS, &sx) == 0;
        if ((size_t) size > n && strcmp(path + size - n, deleted) == 0 && (!known || sx.stx_nlink == 0)) {
                path[(size_t) size - n] = 0;
                p->exe_state = exe_state(dir_fd, path, known ? &sx : NULL);
        }
        p->exe = strdup(path);
        if (!p->exe)
                return -ENOMEM;
        if (known)
                exe_file_from(&sx, &p->exe_file);
        return 0;
}

static int read_cwd(int dir_fd, Process *p) {
        char path[PATH_MAX];

        if (fd_readlink_at(dir_fd, "cwd", path, sizeof(path)) <= 0)
                return 0;
        p->cwd = strdup(path);
        return p->cwd ? 0 : -ENOMEM;
}

static int read_told(const char *arguments, size_t size, Process *p) {
        _cleanup_text_ Text told = TEXT_NULL;
        int r = cmdline_redact(&told, arguments, size);

        if (r <= 0)
                return r;
        p->cmdline_told_size = (uint32_t) told.size;
        p->cmdline_told = TAKE_PTR(told.data);
        return 0;
}

ssize_t procfs_cmdline(int proc_fd, uint32_t pid, uint64_t start_ticks, char *buffer, size_t size) {
        _cleanup_close_ int dir_fd = procfs_open(proc_fd, pid);
        ProcfsStat stat;
        ssize_t n;
        int r;

        if (dir_fd < 0)
                return dir_fd;
        n = fd_read_once_at(dir_fd, "cmdline", buffer, size);
        r = procfs_check(dir_fd, start_ticks, &stat);
        return r < 0 ? r : n < 0 ? procfs_error((int) n) : n;
}

/* Arguments end in NUL each. Programs that rewrite their title leave more of them at the end. */
int procfs_set_cmdline(Process *p, char *text, size_t size) {
        while (size > 0 && text[size - 1] == 0)
                size--;
        if (size == 0)
                return 0;
        if (read_told(text, size, p) < 0)
                return -ENOMEM;
        for (size_t i = 0; i < size; i++)
                if (text[i] == 0)
                        text[i] = ' ';
        p->cmdline = strndup(text, size);
        if (!p->cmdline)
                return -ENOMEM;
        p->cmdline_size = (uint32_t) size;
        return 0;
}

static void read_number(int dir_fd, const char *file, uint32_t *ret) {
        char text[32];
        ssize_t n = fd_read_once_at(dir_fd, file, text, sizeof(text));
        uint64_t number;
        Scan s;

        if (n <= 0)
                return;
        s = (Scan){ text, text + n };
        if (scan_decimal(&s, UINT32_MAX, &number))
                *ret = (uint32_t) number;
}

static void read_netns(int dir_fd, Process *p) {
        char link[64];

        if (fd_readlink_at(dir_fd, "ns/net", link, sizeof(link)) > 0)
                (void) procfs_parse_link(link, "net", &p->netns_inode);
}

static int read_status(int dir_fd, Process *p) {
        char text[STATUS_MAX];

        if (fd_read_once_at(dir_fd, "status", text, sizeof(text)) <= 0)
                return 0;
        return unless_no_memory(procfs_parse_status(text, p));
}

static int read_cgroup(int dir_fd, const char *file, Process *p) {
        char text[CGROUP_MAX];
        ssize_t n = fd_read_once_at(dir_fd, file, text, sizeof(text));

        return n < 0 ? procfs_error((int) n) : procfs_parse_cgroup(text, p);
}

/* ret_torn: it was called otherwise at the end than at the beginning, as after an exec: what lies between may be of both. */
static int read_facts(int proc_fd, uint32_t pid, unsigned want, Process *ret, bool *ret_torn) {
        _cleanup_process_ Process p;
        _cleanup_close_ int dir_fd = -1;
        char text[STAT_MAX];
        ProcfsStat stat;
        ssize_t n;
        int r;

        process_init(&p);
        dir_fd = procfs_open(proc_fd, pid);
        if (dir_fd < 0)
                return dir_fd;
        n = fd_read_once_at(dir_fd, "stat", text, sizeof(text));
        if (n < 0)
                return procfs_error((int) n);
        r = procfs_parse_stat(text, &p);
        if (r < 0)
                return r;
        if (p.pid != pid)
                return -ESRCH;

        r = read_status(dir_fd, &p);
        if (r >= 0)
                r = unless_no_memory(read_cgroup(dir_fd, "cgroup", &p));
        if (r >= 0 && (want & PROCFS_EXE))
                r = read_exe(dir_fd, &p);
        if (r < 0)
                return r;
        if (want & PROCFS_CWD) {
                r = read_cwd(dir_fd, &p);
                if (r < 0)
                        return r;
        }
        if (want & PROCFS_LOGIN) {
                read_number(dir_fd, "loginuid", &p.login_uid);
                read_number(dir_fd, "sessionid", &p.audit_session);
        }
        if (want & PROCFS_NETNS)
                read_netns(dir_fd, &p);

        r = procfs_check(dir_fd, p.start_ticks, &stat);
        if (r < 0)
                return r;
        *ret_torn = strcmp(stat.comm, p.comm) != 0;
        *ret = p;
        process_init(&p);
        return 0;
}

#define READS_MAX 4 /* who calls himself otherwise all the time shall not hold us up */

int procfs_read(int proc_fd, uint32_t pid, unsigned want, Process *ret) {
        bool torn = false;
        int r = read_facts(proc_fd, pid, want, ret, &torn);

        for (unsigned reads = 1; r >= 0 && torn && reads < READS_MAX; reads++) {
                process_done(ret);
                r = read_facts(proc_fd, pid, want, ret, &torn);
        }
        return r;
}

int procfs_stat(int proc_fd, uint32_t pid, ProcfsStat *ret) {
        char name[sizeof("4294967295/stat")];

        (void) snprintf(name, sizeof(name), "%u/stat", pid);
        return read_stat(proc_fd, name, ret);
}

int procfs_cgroup(int proc_fd, uint32_t pid, Process *ret) {
        char name[sizeof("4294967295/cgroup")];

        (void) snprintf(name, sizeof(name), "%u/cgroup", pid);
        return read_cgroup(proc_fd, name, ret);
}
