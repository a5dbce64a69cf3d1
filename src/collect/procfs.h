/* SPDX-License-Identifier: MIT */
#pragma once

/* /proc/PID: which processes there are, their facts and their descriptors. Everything about one process is
 * read through one directory descriptor, start time first and last, so that a reused pid cannot mix two
 * processes. `proc_fd` is a directory: /proc, or a tree made by a test. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collect/process.h"

/* Ascending pids of all visible processes. Owned array. 0, -ENOMEM or what open/readdir said. */
int procfs_list(int proc_fd, uint32_t **ret_pids, size_t *ret_count);

/* What to read beyond stat, status and cgroup. */
typedef enum ProcfsWant {
        PROCFS_EXE = 1 << 0,
        PROCFS_LOGIN = 1 << 1, /* loginuid, sessionid */
        PROCFS_NETNS = 1 << 2, /* netns_inode */
        PROCFS_CWD = 1 << 3,   /* the name of the directory alone, which the kernel knows without asking the file system */
        PROCFS_ALL = 15,
} ProcfsWant;

/* All but the command line (deputy.h). Fill `ret` (initialised or unused; done by the caller). -ESRCH when the process is gone (see procfs_stat()) or changed while
 * reading; a single fact that was denied stays unknown. */
int procfs_read(int proc_fd, uint32_t pid, unsigned want, Process *ret);

#define PROCFS_COMM_MAX 64 /* kernel threads have longer names than the 15 bytes of processes */

/* The line of /proc/PID/stat: is it still the same process, under the same name? */
typedef struct ProcfsStat {
        uint64_t start_ticks;
        char comm[PROCFS_COMM_MAX];
        char state;    /* R, S, D ... as proc(5) has it */
        bool headless; /* its first thread has ended, others go on: /proc/PID/fd is empty, /proc/PID/task/TID/fd is not */
} ProcfsStat;

/* One read. -ESRCH when it is gone, or has ended and only waits for its parent (it holds nothing any more). */
int procfs_stat(int proc_fd, uint32_t pid, ProcfsStat *ret);

/* Its arguments, each with a NUL behind it, cut to size - 1 bytes. Whose process it is can see to it that this
 * never returns: only a deputy calls it. Bytes read, -ESRCH, -EACCES. */
ssize_t procfs_cmdline(int proc_fd, uint32_t pid, uint64_t start_ticks, char *buffer, size_t size);
/* What that has read, which is changed, into a Process that has no command line yet. 0, -ENOMEM. */
int procfs_set_cmdline(Process *p, char *text, size_t size);

/* What its control groups say (cgroup to pod), into a Process that is initialised. -ESRCH, -EACCES, -EINVAL, -ENOMEM. */
int procfs_cgroup(int proc_fd, uint32_t pid, Process *ret);

/* Call back for each descriptor of the process that is a socket. A negative return ends the walk. */
typedef int (*procfs_socket_t)(void *userdata, int fd, uint32_t inode);

/* Returns the number of sockets found; -ESRCH when the process is gone or is not (pid, start_ticks) any more; -EACCES when
 * denied; or what the callback returned. start_ticks 0: do not check. */
int procfs_sockets(int proc_fd, uint32_t pid, uint64_t start_ticks, procfs_socket_t callback, void *userdata);

/* Does descriptor `fd` of this process still refer to the socket? 1, 0, -ESRCH, -EACCES. */
int procfs_holds(int proc_fd, uint32_t pid, uint64_t start_ticks, int fd, uint32_t inode);

#define PROCFS_PROTOCOL_MAX 32
/* What the kernel calls the protocol of a descriptor that is a socket ("TCP", "UNIX-STREAM", "NETLINK"); empty: it does not say. 0, or -ESRCH when it is
 * not that socket any more. */
int procfs_protocol(int proc_fd, uint32_t pid, uint64_t start_ticks, int fd, uint32_t inode, char ret[PROCFS_PROTOCOL_MAX]);

/* Have two processes the same table of descriptors (clone(2), CLONE_FILES)? False also where that cannot be said. */
bool procfs_shares(uint32_t pid, uint32_t other);

/* A number that is another one when a thread of the process has run since (/proc/PID/task/TID/schedstat: time on a processor, time of waiting, how
 * often); never 0. Who has not run has opened and received no descriptor, unless he shares his table of them with another process
 * (clone(2), CLONE_FILES). A thread that has not left its processor since shows it only after the next tick. -E2BIG: too many
 * threads to be worth asking. before: what it was when it was asked for last, which makes the same answer cheaper; 0: unknown. -EOPNOTSUPP: the kernel does not count (CONFIG_SCHED_INFO); -ESRCH, -EACCES. */
int procfs_ran(int proc_fd, uint32_t pid, uint64_t before, uint64_t *ret);

/* Pure parts, for tests and fuzzing: text in, facts out. -EINVAL when it is not such a text. */
int procfs_parse_stat(const char *text, Process *p); /* -ESRCH as procfs_stat() */
int procfs_parse_stat_line(const char *text, ProcfsStat *ret);
int procfs_parse_status(const char *text, Process *p);
int procfs_parse_cgroup(const char *text, Process *p);
/* "socket:[123]" into 123; -EINVAL when it is something else. */
int procfs_parse_link(const char *link, const char *prefix, uint32_t *ret_inode);
