/* SPDX-License-Identifier: MIT */
#pragma once

/* The waist: every way of asking the kernel gives the same records through these functions. Nothing above
 * this header knows which one answered, but for its name.
 *
 * A collector is asked for tables of one namespace; rows arrive one by one through a Taker while the kernel
 * is being read, so that no second copy of the map exists. Processes and their descriptors come from
 * /proc (procfs.h) with every poll collector. */

#include <stdint.h>

#include "collect/find.h"
#include "collect/look.h"
#include "collect/socket.h"

typedef enum CollectorKind {
        COLLECTOR_AUTO,
        COLLECTOR_BPF,
        COLLECTOR_SOCK_DIAG,
        COLLECTOR_PROC,
        _COLLECTOR_MAX,
} CollectorKind;

const char *collector_name(unsigned kind); /* auto bpf sock_diag proc */
/* -EINVAL: no such name. */
int collector_from_name(const char *name);

/* What its hooks can see beside, where it is asked for (HookOption of collect/hooks.h): udp; NULL: no such option. */
const char *collector_option_name(unsigned option);

typedef struct Collector Collector;

#define NETNS_NOBODY UINT32_MAX

/* A descriptor of a process. */
typedef struct HolderAt {
        uint32_t pid;
        uint64_t start_ticks;
        int fd;
        uint32_t inode; /* of the socket it refers to */
} HolderAt;

/* A descriptor with its socket, and the inode of the network namespace that this lives in. */
typedef struct Held {
        HolderAt at;
        uint32_t netns_inode;
        Socket socket;
} Held;

typedef int (*held_t)(void *userdata, const Held *held);

/* Who takes what a look gives. begin: just before the first request for a table, with the time. row: one
 * socket, valid during the call. end: after the last reply. A negative return ends the look and is passed
 * on. `t` is CLOCK_BOOTTIME usec. between is called between any two reads of the kernel, so that notices can be
 * drained; NULL: not wanted. */
typedef struct Taker {
        void *userdata;
        int (*begin)(void *userdata, const Netns *netns, TableKind table, uint64_t t);
        int (*row)(void *userdata, const Socket *socket);
        int (*end)(void *userdata, const Netns *netns, TableKind table, uint64_t t, Coverage coverage);
        void (*between)(void *userdata);
} Taker;

/* proc_fd: directory descriptor of /proc (or of a tree that looks like it); borrowed, must outlive the
 * collector. COLLECTOR_AUTO takes the best that works here. -EOPNOTSUPP when the kind is not in this build or kernel;
 * -ENOMEM; else what the probe said. */
int collector_new(Collector **ret, CollectorKind kind, int proc_fd);
/* For who goes on looking: COLLECTOR_AUTO is COLLECTOR_BPF where the kernel takes its programs (above it is not, since one look is not worth loading them).
 * ring_size, options: of hooks_open(). */
int collector_new_hooked(Collector **ret, CollectorKind kind, int proc_fd, size_t ring_size, unsigned options);
Collector *collector_free(Collector *c);
DEFINE_CLEANUP(Collector, collector_free)

CollectorKind collector_kind(const Collector *c);

/* The programs in the kernel that COLLECTOR_BPF has beside; NULL: another kind. Borrowed. */
struct Hooks *collector_hooks(Collector *c);
/* Without them from now on: as COLLECTOR_SOCK_DIAG. */
void collector_drop_hooks(Collector *c);
/* Why there are none, where they were wanted: negative errno, and the name of the program that the kernel refused; NULL: none by itself. 0: they were not, or work. */
int collector_refusal(const Collector *c, const char **ret_hook);

/* Look at `tables` (a set of TABLE_BIT) of one namespace. What cannot be read is told through Taker.end with its
 * coverage, and is no error here. Returns 0, or what a Taker function returned, or -ENOMEM. */
int collector_look(Collector *c, const Netns *netns, unsigned tables, const Taker *taker);

/* The same for the namespace of a socket that process `pid` has as descriptor `fd`, if nobody lives there: it is found as netns_of_socket() says. ret is
 * that namespace; its pid is nobody's (NETNS_NOBODY). 0; -EEXIST when it is one of `known`; or negative errno. */
int collector_look_behind(Collector *c, const HolderAt *at, const Netns *known, size_t known_count, unsigned tables, const Taker *taker, Netns *ret);

/* Is there a collector_walk()? With hooks in the kernel, from Linux 6.1 on. */
bool collector_walks(const Collector *c);
/* As walk_sockets(). -EOPNOTSUPP, too, where this kind has no hooks. */
int collector_walk(const Collector *c, uint32_t pid, bool marks, const Netns *netns, size_t netns_count, held_t held, void (*between)(void *userdata), void *userdata);

/* Ask for one socket exactly (tuple and cookie of connected TCP, inode and cookie of unix). Returns 1 alive, 0
 * not there, -EOPNOTSUPP when this kind cannot tell for such a socket (listeners, UDP: an exact request
 * answers ENOENT for living SO_REUSEPORT sockets; and the proc collector always): look at the table again; else
 * negative errno. A row with TIMER_TIME_WAIT is "not there". */
int collector_confirm(Collector *c, const Netns *netns, const Socket *socket);

/* Is only the text of /proc/PID/net read of it, though this collector could more? Then there are neither cookies nor unix peers, and other ends by loopback
 * addresses alone. */
bool collector_reads_text(const Collector *c, const Netns *netns);

/* A netlink socket (any protocol) in that namespace, to be closed soon, since it keeps the namespace alive. The descriptor; -EPERM where
 * only its text can be had; -ESRCH; or negative errno. */
int collector_netlink(Collector *c, const Netns *netns, int protocol);
/* As netns_is_initial_user(). */
int collector_netns_is_trusted(Collector *c, const Netns *netns);

/* The namespace that process `pid` lives in; pid 0: our own. Returns 0, -ESRCH, -EACCES, or negative errno. Where the
 * collector cannot get the cookie, id is made from the inode. */
int collector_netns(Collector *c, uint32_t pid, Netns *ret);

/* Look for sockets of one namespace by what is known of them; the answers are in `finds` (reset by the caller). Returns 0, or negative errno:
 * then nothing is known of those without an answer. The text of /proc/PID/net has neither peers nor queues of unix sockets. */
int collector_find(Collector *c, const Netns *netns, Find *finds, size_t count);
