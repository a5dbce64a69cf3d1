/* SPDX-License-Identifier: MIT */
#pragma once

/* What the programs in the kernel (programs.bpf.c) write, and collect/hooks.c reads: one Record each, in the ring and from the iterator. Plain
 * numbers in host byte order, addresses and ports as on the wire, times as CLOCK_BOOTTIME nanoseconds. Both sides are built together, and an object file
 * carries no version of it. */

#ifndef __bpf__
#include <linux/types.h>
#endif

#define RECORD_COMM 16
#define RECORD_PATH 512      /* of what is longer the end is kept */
#define RECORD_NAME 256      /* of one component */
#define RECORD_ARGUMENTS 1024

enum RecordKind {
        RECORD_OPEN = 1, /* a connection is established, or a socket listens */
        RECORD_CLOSE,    /* a connection, an attempt or a listener ends; a UDP socket that was used is released */
        RECORD_FORK,
        RECORD_EXEC,
        RECORD_RENAME, /* it has another comm */
        RECORD_EXIT,
};

/* RecordSocket.flags */
enum RecordFlag {
        RECORD_PASSIVE = 1,  /* accepted: the opener is who listens there */
        RECORD_KILLED = 2,   /* who closed it was ended by a signal */
        RECORD_SEEDED = 4,   /* it was there before the programs were: neither its opening nor its opener is known */
        RECORD_FIN = 8,      /* the other side has ended its part: bytes_received is one more than the payload */
        RECORD_TOLD = 16,    /* RECORD_OPEN has told it */
        RECORD_REUSED = 32,  /* the socket had another use before */
};

/* A process: pid alone means nothing. */
struct RecordProcess {
        __u64 start; /* of its first thread; 0: unknown */
        __u32 pid;   /* 0: unknown */
        __u32 exec;  /* which of its programs, as task_struct.self_exec_id counts */
};

struct RecordSocket {
        __u8 kind, flags;
        __u8 family;    /* AF_INET, AF_INET6 */
        __u8 old_state; /* RECORD_CLOSE: the state before CLOSE; of UDP that at its end, ESTABLISHED or CLOSE */
        __u16 error;    /* sk_err; 0: none */
        __u16 protocol; /* IPPROTO_TCP, IPPROTO_UDP */
        __u64 when;   /* of what is told */
        __u64 opened; /* the attempt of this side, or the birth of what a listener got; of UDP the first bind, connect or datagram to somebody */
        __u64 cookie, netns;
        __u32 netns_inode;
        __u32 inode;
        struct RecordProcess opener; /* connected, or listens there; of UDP who did what began it */
        struct RecordProcess closer; /* who closed it first on this side, or reset it */
        __u8 local[16], peer[16];
        __u16 local_port, peer_port;
        __u32 interface, uid;
        __u32 retransmits, rtt_usec;
        __u64 bytes_sent, bytes_received; /* TCP alone */
};

/* A path, from `begin` to RECORD_PATH: the programs write it from its end on. */
struct RecordPath {
        __u16 begin; /* RECORD_PATH: nothing is known */
        __u8 cut;    /* there is more before it */
        __u8 deleted; /* that file has no name any more */
        char text[RECORD_PATH + RECORD_NAME];
};

/* Of the list of processes. */
struct RecordListed {
        struct RecordProcess process;
        __u64 netns;
        __u32 netns_inode;
};

/* RECORD_EXEC: all of it; RECORD_FORK, RECORD_RENAME, RECORD_EXIT: the head alone. */
struct RecordProcessHead {
        __u8 kind;
        __u64 when;
        struct RecordProcess process, parent;
        __u64 cgroup;  /* its id */
        __u64 netns;
        __u32 netns_inode;
        __u32 uid, effective_uid, gid, login_uid, session;
        __u32 tty;     /* major << 20 | minor; 0: none */
        char comm[RECORD_COMM];
};

struct RecordExec {
        struct RecordProcessHead head;
        __u32 arguments_size; /* all of them: more than RECORD_ARGUMENTS are cut */
        struct RecordPath exe, cwd, cgroup;
        char arguments[RECORD_ARGUMENTS];
};

/* A descriptor that is a socket, as the iterator gives it: this, then what its family has, RecordHeld.size bytes in all. Times that end in _ticks are of the
 * kernel's timer. Values are those that sock_diag gives. */
struct RecordHeld {
        __u16 size;
        __u8 family, state;
        __u8 type, shutdown;
        __u16 protocol;
        __u32 pid;
        __s32 fd;
        __u64 start; /* of its first thread */
        __u64 cookie, netns;
        __u32 netns_inode, inode;
        __u32 interface, uid;
        __u32 send_queue, receive_queue;
};

#define RECORD_NOT_ASKED (~0ULL)

/* AF_INET, AF_INET6. RecordHeldTcp follows where it is TCP that does not listen. */
struct RecordHeldInet {
        __u8 local[16], peer[16];
        __u16 local_port, peer_port;
        __u8 timer, retransmits, backoff, pad;
        __u32 timer_ticks;
        __u32 pad2;
        __u64 cgroup;
        __u64 opened; /* as RecordSocket.opened; 0: it was there before it was recorded; RECORD_NOT_ASKED */
};

struct RecordHeldTcp {
        __u64 bytes_sent, bytes_received, bytes_acked;
        __u32 retransmits, rtt_usec;
        __u32 rto_ticks, idle_ticks, heard_ticks; /* idle: since data last came or went; heard: since the other side last acknowledged something */
        __u32 receive_space; /* 0: never established */
};

#define RECORD_UNIX_NAME 108
#define RECORD_UNIX_ROOM 112 /* in steps of 8 bytes */

/* AF_UNIX. Its name follows, filled up to 8 bytes. */
struct RecordHeldUnix {
        __u32 peer_inode, waiting; /* waiting: inode of the socket that has waited longest to be accepted */
        __u32 name_size, pad;
};

/* AF_NETLINK; the protocol is RecordHeld.protocol. AF_PACKET has nothing more. */
struct RecordHeldNetlink {
        __u32 port, peer_port;
};

/* What the programs count. */
struct RecordBook { /* of a network namespace, on one processor */
        __u64 active, passive; /* connections that anybody opened, and got */
        __u64 watched_active, watched_passive; /* of those the ones that are recorded: counted with their first record */
        __u64 unsent; /* of `active`: the attempt failed before it sent anything */
};

enum RecordLost {
        LOST_OPEN,    /* uses whose first record was lost: of their opening, or of an attempt that came to nothing */
        LOST_CLOSE,
        LOST_PROCESS,
        LOST_STORAGE, /* the kernel had no memory for a socket's marks: it is not recorded */
        LOST_BOOK,    /* there were more namespaces than books */
        _LOST_MAX,
};

struct RecordLoss { /* closes of a process for which the ring had no room */
        __u64 count, bytes_sent, bytes_received; /* without what RECORD_FIN is about */
};
