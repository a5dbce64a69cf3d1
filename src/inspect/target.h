/* SPDX-License-Identifier: MIT */
#pragma once

/* Target: what the operator wants to see, as one word of the command line.
 *
 *     901                a process id
 *     fluentd            comm, or basename of the executable
 *     x.service          a unit (also .scope .socket .mount .swap; .slice: everything below it), system or user
 *     /run/x.sock @name  a unix path or abstract name, as glob: both ends
 *     :9200  198.51.100.7  198.51.100.0/24  198.51.100.7:9200  [::1]:443  :8000-8999     either end
 *     inode:N            a socket inode
 *     user:NAME          processes of a user, by name or number (real uid)
 *     container:ID       processes of a container, by id (12 to 64 hexadecimal digits), name (LXC, nspawn) or uid of its pod
 *
 * Pure: no look-ups. A user name stays a name until the caller has resolved it. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "collect/process.h"
#include "collect/socket.h"
#include "detect/addressset.h"

typedef enum TargetKind {
        TARGET_PID,
        TARGET_NAME,
        TARGET_UNIT,
        TARGET_USER,
        TARGET_CONTAINER,
        TARGET_INODE, /* from here on: a target about sockets, not processes */
        TARGET_ADDRESS,
        TARGET_PATH,
} TargetKind;

typedef struct Target {
        TargetKind kind;
        const char *text;      /* the whole word, borrowed */
        const char *name;      /* what follows the prefix, if any; points into text */
        uint32_t number;       /* pid, inode, uid; PROCESS_UNKNOWN: the user name is still to be resolved */
        AddressSet *addresses; /* address, path; owned */
        bool found;            /* for the caller: something matched */
} Target;

/* 0; -EINVAL with a static sentence in *ret_why (what was expected); -ENOMEM. Borrows `text`. */
int target_parse(const char *text, Target *ret, const char **ret_why);
void target_done(Target *t);

/* Is the target about sockets, whoever holds them? Then target_has_process() is false for every process. */
bool target_wants_sockets(const Target *t);

typedef enum TargetMatch {
        TARGET_NO,
        TARGET_YES,
        TARGET_MAYBE, /* the name is not the process's comm, and its executable may not be read */
} TargetMatch;

TargetMatch target_has_process(const Target *t, const Process *p);

/* peer: the socket at the other end where that is known (unix), else NULL. */
bool target_has_socket(const Target *t, const Socket *s, const Socket *peer);
