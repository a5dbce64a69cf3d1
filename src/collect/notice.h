/* SPDX-License-Identifier: MIT */
#pragma once

/* Notice: one fact that the kernel told by itself, between looks: a sock_diag destroy message, a BPF record
 * or a process event. The ledger takes them beside looks, in any order. */

#include <stdint.h>

#include "collect/process.h"
#include "collect/socket.h"

typedef enum NoticeKind {
        NOTICE_DESTROY, /* a socket was freed: socket.cookie, addresses (peer port 0: never connected, refused or reset), figures;
                           state, inode and uid mean nothing (the kernel has taken them off by then) */
        NOTICE_OPEN,    /* a use of a socket begins: CLOSE->SYN_SENT, an accept, or listen */
        NOTICE_STATE,   /* a transition of a socket in use: socket.state is the new one */
        NOTICE_CLOSE,   /* a use ends: transition to CLOSE, with its final figures */
        NOTICE_FORK,    /* process.pid is the child, process.parent its parent */
        NOTICE_EXEC,
        NOTICE_CHANGE,  /* another user, or another name */
        NOTICE_EXIT,
        NOTICE_LOST,    /* count notices of this stream were lost */
        _NOTICE_MAX,
} NoticeKind;

typedef enum NoticeSource {
        NOTICE_BY_DESTROY, /* sock_diag multicast */
        NOTICE_BY_BPF,
        NOTICE_BY_CONNECTOR, /* process connector */
} NoticeSource;

/* What the process of a notice has to do with the socket. */
typedef enum Role {
        ROLE_UNKNOWN,
        ROLE_OPENER,   /* it connected, or it listens itself */
        ROLE_ACCEPTOR,
        ROLE_CLOSER,   /* of what was accepted: it closed it */
        ROLE_LISTENER, /* of what was, or will be, accepted: it listens there, and another one may have it */
} Role;

/* How a use ended (SOCKAUDIT_END). */
typedef enum End {
        END_UNKNOWN,
        END_CLOSED,
        END_RESET_SENT,
        END_RESET_RECEIVED,
        END_REFUSED,
        END_TIMED_OUT,
        END_UNREACHABLE,
        END_KILLED,
        _END_MAX,
} End;

const char *end_name(unsigned end);

typedef struct Notice {
        NoticeKind kind;
        NoticeSource source;
        uint64_t not_before, not_after; /* CLOCK_BOOTTIME usec; equal for an exact instant */
        Socket socket;                  /* socket notices; of NOTICE_CLOSE the state is the one that it left */
        uint32_t netns_inode;           /* of its namespace; 0: unknown */
        Process *process;               /* who, where known: process notices, and BPF in process context; else NULL. Its contents
                                           are taken over where the ledger does not know the process yet */
        uint8_t role;                   /* Role of the process */
        uint8_t direction;              /* Direction */
        bool reused;                    /* the socket had another use before */
        bool first;                     /* NOTICE_CLOSE: no NOTICE_OPEN has told this use */
        uint8_t end;                    /* End */
        int error;                      /* positive errno of a failed attempt; 0: unknown */
        uint64_t opened;                /* when this use began; 0: unknown, or, for NOTICE_OPEN, at the time of the notice */
        uint64_t count;                 /* NOTICE_LOST */
} Notice;
