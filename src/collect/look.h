/* SPDX-License-Identifier: MIT */
#pragma once

/* Netns, Table and Coverage: what a look looks at, and how well it could. */

#include <stdbool.h>
#include <stdint.h>

/* A network namespace. */
typedef struct Netns {
        uint64_t id;    /* identity: SO_NETNS_COOKIE (Linux 5.14), else made from the inode; never 0 */
        uint32_t inode; /* of /proc/PID/ns/net; reused by the kernel at once: for people only */
        uint32_t pid;   /* a process that lives there, through which it is reached; 0: our own */
} Netns;

/* Does this Netns.id say what its sockets' cookies say, too? Else it was made from the inode, which another namespace may have by now. */
bool netns_has_cookie(uint64_t id);

/* How often TCP connections were opened in a namespace, as the kernel counts: attempts of this side (a SYN each, refused ones and
 * repeated uses of a socket, too) and completed handshakes of others. */
typedef struct Openings {
        uint64_t active, passive;
} Openings;

/* How often the kernel turned an attempt to connect away in a namespace: since a queue was full, and for whatever reason. */
typedef struct Overflows {
        uint64_t overflows, drops;
} Overflows;

/* The tables of sockets that are looked at as a whole. */
typedef enum TableKind {
        TABLE_TCP,  /* IPv4 and IPv6; MPTCP, too */
        TABLE_UDP,  /* IPv4 and IPv6 */
        TABLE_RAW,  /* IPv4 and IPv6; ICMP sockets, too */
        TABLE_UNIX,
        TABLE_UDPLITE,
        TABLE_PACKET,
        TABLE_NETLINK, /* those of the kernel itself are not told */
        TABLE_VSOCK,   /* few kernels list them */
        _TABLE_MAX,
} TableKind;

/* Bits of a set of tables. */
#define TABLE_BIT(kind) (1u << (kind))
#define TABLES_ALL (TABLE_BIT(_TABLE_MAX) - 1)

const char *table_name(TableKind kind);
/* Where a socket is listed; a transport that is not known (0) may be any of its family. _TABLE_MAX: in none. */
TableKind table_of(unsigned family, unsigned transport);

typedef enum CoverageState {
        COVERAGE_OK,          /* read to the end; see rule 4 of the ledger for what that does not mean */
        COVERAGE_GONE,        /* the process went away, or the namespace, or the process that leads there has left it */
        COVERAGE_LOST,        /* the namespace is nowhere to be found any more, and somebody still holds sockets of it */
        COVERAGE_DENIED,      /* error says why */
        COVERAGE_INTERRUPTED, /* cut short: overrun, truncated, damaged reply */
        COVERAGE_OVER_LIMIT,
        _COVERAGE_MAX,
} CoverageState;

typedef struct Coverage {
        CoverageState state;
        int error; /* positive errno; 0: none */
} Coverage;

const char *coverage_name(CoverageState state);
