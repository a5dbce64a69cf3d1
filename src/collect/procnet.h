/* SPDX-License-Identifier: MIT */
#pragma once

/* The text of /proc/PID/net: tcp, tcp6, udp, udp6, udplite, udplite6, raw, raw6, icmp, icmp6, unix, packet and netlink. Any kernel, no privilege; but less is in it
 * than in sock_diag: no cookie, no unix peer, no figures of tcp_info, no interface, no uid or queues of unix sockets, no
 * backlog limit of listeners; and more can be hidden in it:
 *
 *  - The name of a unix socket is written as it is, where '@' stands for NUL: "@a@b" may have been "\0a\0b", "\0a@b", or even a
 *    file called @a@b.
 *  - A name with a newline runs over two lines. A second line that is no row is put back into the name; but any user can
 *    choose a name whose second line is a perfect row, and nothing in the text tells it from a socket. */

#include <stdbool.h>
#include <stddef.h>

#include "collect/collect.h"

/* The kernel prints IP addresses as 32-bit words of the machine: this says how they are to be read. */
#define PROCNET_LITTLE (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)

/* One row of an inet file, without its newline. Returns 1: `ret` is a socket; 0: a TIME_WAIT row or a request
 * (SYN_RECV without inode), which are not told; -EINVAL: not such a row. */
int procnet_parse_inet(const char *line, size_t size, Family family, Transport transport, bool little, Socket *ret);

/* One row of the unix file. Returns 1; 0: nobody's yet (not accepted); -EINVAL. */
int procnet_parse_unix(const char *line, size_t size, Socket *ret);
/* What followed a newline in the name of `s`. -EINVAL when that cannot be. */
int procnet_continue_unix(const char *line, size_t size, Socket *s);

/* One row of the packet or netlink file. Returns 1; 0: not to be told (the kernel's own); -EINVAL. */
int procnet_parse_packet(const char *line, size_t size, Socket *ret);
int procnet_parse_netlink(const char *line, size_t size, Socket *ret);

/* A file fed in pieces: lines are put together and rows handed out. */
typedef struct ProcnetReader {
        const Taker *taker;
        Family family;
        Transport transport;
        uint64_t netns;
        bool begun;   /* the heading has been seen */
        bool pending; /* a unix row whose name may go on */
        bool skipped; /* the last unix row was not told, its name may go on */
        int answer;   /* what the taker said last */
        Socket socket;
        size_t size; /* of what waits in line for its end */
        char line[1024];
} ProcnetReader;

/* 0, -EINVAL for a damaged file, or what taker->row returned. */
int procnet_feed(ProcnetReader *r, const char *data, size_t size);
/* At the end of the file. */
int procnet_finish(ProcnetReader *r);

/* Rows of one table through taker->row, with taker->between after each read; begin and end are the caller's. How it
 * went is in `ret`; returns 0 or what taker->row returned. */
int procnet_look(int proc_fd, const Netns *netns, TableKind table, const Taker *taker, Coverage *ret);
/* Only icmp and icmp6 of TABLE_RAW, which no sock_diag lists. */
int procnet_look_icmp(int proc_fd, const Netns *netns, const Taker *taker, Coverage *ret);
