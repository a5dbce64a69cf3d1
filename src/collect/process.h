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

typedef struct Process {
        uint32_t pid;
        uint32_t parent;      /* pid; 0: none */
        uint64_t start_ticks; /* since boot */
        uint64_t start_usec;  /* the same as CLOCK_BOOTTIME */

        char *comm;
        char *exe; /* path; " (deleted)" is taken off and said in exe_deleted */
        bool exe_deleted;
        uint64_t exe_device, exe_inode; /* 0: unknown */
        char *cmdline; /* arguments joined by one blank each; NULL for kernel threads or when not asked for */
        uint32_t cmdline_size;
        char *cgroup; /* path of the v2 hierarchy, else of the v1 name=systemd one */
        char *unit;   /* system unit from the cgroup path; NULL: none */
        char *user_unit;

        uint32_t uid, effective_uid, gid;  /* PROCESS_UNKNOWN */
        uint32_t login_uid, audit_session; /* PROCESS_UNKNOWN: not set */
        uint32_t netns_inode;              /* 0: unknown; shown to people, never an identity */
        uint64_t netns;                    /* Netns.id; 0: unknown */
} Process;

void process_done(Process *p);
/* Sets the unknowns. */
void process_init(Process *p);

#define _cleanup_process_ _cleanup_(process_done)

/* Same pid and start time. */
bool process_same(const Process *a, const Process *b);

/* The unit that a cgroup path belongs to: the first component that ends in .service, .scope, .socket, .mount or .swap
 * (cgroups below it are made by the unit itself, which could give them any name). Below user@N.service, which is the system unit,
 * the next such component is the user unit. Writes owned strings or NULL. -ENOMEM or 0. */
int cgroup_units(const char *cgroup, char **ret_unit, char **ret_user_unit);
