/* SPDX-License-Identifier: MIT */
#pragma once

/* Process: who. Identity is pid and start time (field 22 of /proc/PID/stat, clock ticks since boot); a pid
 * alone means nothing. Everything is captured when the process is first seen, so that it is still there
 * when the process is gone. All strings are bytes from outside (hostile), owned, NULL when unknown. */

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"
#include "base/text.h"

#define PROCESS_UNKNOWN UINT32_MAX /* of uids and ids */

#define USEC_PER_TICK 10000 /* start times are cut to ticks: USER_HZ is 100 */

/* What events say of command lines. */
typedef enum Cmdline {
        CMDLINE_REDACTED, /* without secrets */
        CMDLINE_FULL,
        CMDLINE_OFF,
} Cmdline;

/* What became of the file that a process executes. */
typedef enum ExeState {
        EXE_PRESENT,  /* it is there under its name, or nothing is known */
        EXE_DELETED,  /* it has no name any more */
        EXE_REPLACED, /* ... and another file has that name now, as after an upgrade */
        EXE_MEMFD,    /* it never had one: memfd_create(2) */
        _EXE_MAX,
} ExeState;

const char *exe_state_name(unsigned state); /* NULL for EXE_PRESENT */

#define EXE_SHA_SIZE 32

/* A file, and a version of it: what is equal in all of this has the same content. Times in nanoseconds. */
typedef struct ExeFile {
        uint64_t device, inode; /* inode 0: unknown */
        uint64_t size;
        int64_t changed, written; /* ctime, mtime */
} ExeFile;

struct statx;
void exe_file_from(const struct statx *sx, ExeFile *ret);

typedef enum ExeSha {
        EXE_SHA_UNKNOWN,
        EXE_SHA_ASKED, /* it may be known soon */
        EXE_SHA_KNOWN,
} ExeSha;

typedef struct Process {
        uint32_t pid;
        uint32_t parent;      /* pid; 0: none */
        uint64_t start_ticks; /* since boot */
        uint64_t start_usec;  /* the same as CLOCK_BOOTTIME */

        char *comm;
        char *exe; /* path; " (deleted)" is taken off and said in exe_state */
        ExeState exe_state;
        ExeFile exe_file;
        ExeSha exe_sha_state;
        uint8_t exe_sha[EXE_SHA_SIZE]; /* SHA-256 of that file */
        char *cmdline; /* arguments joined by one blank each; NULL for kernel threads or when not asked for */
        uint32_t cmdline_size;
        char *cmdline_told; /* the same without secrets (cmdline.h); NULL: it has none */
        uint32_t cmdline_told_size;
        bool cmdline_silent; /* it was asked for, and nobody answered (deputy.h) */
        char *cgroup; /* path of the v2 hierarchy, else of the v1 name=systemd one */
        char *unit;   /* system unit from the cgroup path; NULL: none */
        char *user_unit;
        char *container; /* id or name of the container, from the cgroup paths (cgroup.h); NULL: none */
        const char *container_runtime; /* static; NULL: unknown */
        char *pod; /* uid of the Kubernetes pod; NULL: none */
        char *cwd; /* working directory, as its name was when read */
        uint32_t tty; /* device number of the controlling terminal; 0: none */

        uint32_t uid, effective_uid, gid;  /* PROCESS_UNKNOWN */
        uint32_t login_uid, audit_session; /* PROCESS_UNKNOWN: not set */
        uint32_t netns_inode;              /* 0: unknown; shown to people, never an identity */
        uint64_t netns;                    /* Netns.id; 0: unknown */

        uint64_t ran;       /* procfs_ran() before its descriptors were last walked; 0: unknown */
        uint64_t ran_since; /* when that number was first read, at the latest */
        uint64_t read_since; /* when the facts above were read, at the earliest */
} Process;

void process_done(Process *p);
/* Sets the unknowns. */
void process_init(Process *p);

#define _cleanup_process_ _cleanup_(process_done)

/* A child has from its parent what a fork gives it: program, command line, control group, working directory, into what is unknown. -ENOMEM. */
int process_inherit(Process *child, const Process *parent);

/* Same pid and start time. */
bool process_same(const Process *a, const Process *b);

/* Same control group and container. */
bool process_same_group(const Process *a, const Process *b);

/* Has it certainly not run since its descriptors were last walked? ran: procfs_ran() at `now` or later. A thread that stays on its processor shows
 * that only at the next tick, so a number that is still young says nothing. */
bool process_rests(const Process *p, uint64_t ran, uint64_t now);

#define PROCESS_TTY_MAX 24
/* "pts/3", "tty1", "ttyS0", else "MAJOR:MINOR". NULL: it has none. */
const char *process_tty(const Process *p, char buffer[PROCESS_TTY_MAX]);
