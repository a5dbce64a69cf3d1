/* SPDX-License-Identifier: MIT */

/* /proc/PID/net into rows, in pieces as read(2) gives them, so that memory does not depend on the number of sockets. What stands in a
 * row is in procnet-parse.c.
 *
 * Known races: the kernel resumes between two reads by counting rows, so that a live socket can be skipped (or told
 * twice) while others come and go; nothing marks that. See rule 4 of the ledger. It is the first row of a read that is
 * skipped; so reads do not begin at the same rows in each look, or the same sockets would be skipped again and again. */

#include "collect/procnet.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "collect/netns.h"
#include "collect/scan.h"

/* ---- Lines ---- */

static int reader_row(ProcnetReader *r) {
        r->socket.netns = r->netns;
        r->answer = r->taker->row(r->taker->userdata, &r->socket);
        return MIN(r->answer, 0);
}

static int reader_flush_unix(ProcnetReader *r) {
        bool told = r->pending && !r->skipped;

        r->pending = false;
        return told ? reader_row(r) : 0;
}

static int reader_line_unix(ProcnetReader *r, const char *line, size_t size) {
        Socket next;
        int told, k;

        told = procnet_parse_unix(line, size, &next);
        if (told < 0)
                return r->pending ? procnet_continue_unix(line, size, &r->socket) : told;
        k = reader_flush_unix(r);
        if (k < 0)
                return k;
        r->socket = next;
        r->pending = true;
        r->skipped = told == 0;
        return 0;
}

static int reader_line(ProcnetReader *r, const char *line, size_t size) {
        int k;

        if (!r->begun) {
                const char *heading = r->family == FAMILY_UNIX ? "Num" : r->transport != TRANSPORT_UNKNOWN ? "sl" : "sk";
                Scan s = { line, line + size };

                scan_blanks(&s);
                if ((size_t) (s.end - s.p) < strlen(heading) || strncmp(s.p, heading, strlen(heading)) != 0)
                        return -EINVAL;
                r->begun = true;
                return 0;
        }
        if (r->family == FAMILY_UNIX)
                return reader_line_unix(r, line, size);
        if (r->family == FAMILY_PACKET)
                k = procnet_parse_packet(line, size, &r->socket);
        else if (r->family == FAMILY_NETLINK)
                k = procnet_parse_netlink(line, size, &r->socket);
        else
                k = procnet_parse_inet(line, size, r->family, r->transport, PROCNET_LITTLE, &r->socket);
        return k <= 0 ? k : reader_row(r);
}

int procnet_feed(ProcnetReader *r, const char *data, size_t size) {
        while (size > 0) {
                const char *newline = memchr(data, '\n', size);
                size_t n = newline ? (size_t) (newline - data) : size;
                int k;

                if (newline && r->size == 0)
                        k = reader_line(r, data, n);
                else {
                        if (n > sizeof(r->line) - r->size)
                                return -EINVAL;
                        memcpy(r->line + r->size, data, n);
                        r->size += n;
                        if (!newline)
                                return 0;
                        k = reader_line(r, r->line, r->size);
                        r->size = 0;
                }
                if (k < 0)
                        return k;
                data += n + 1;
                size -= n + 1;
        }
        return 0;
}

int procnet_finish(ProcnetReader *r) {
        if (r->size > 0 || !r->begun)
                return -EINVAL;
        return reader_flush_unix(r);
}

/* ---- Files ---- */

typedef struct File {
        const char *name;
        TableKind table;
        Family family;
        Transport transport;
        bool optional; /* a kernel without it has no such sockets */
} File;

static const File files[] = {
        { "tcp", TABLE_TCP, FAMILY_IPV4, TRANSPORT_TCP, false },
        { "tcp6", TABLE_TCP, FAMILY_IPV6, TRANSPORT_TCP, true },
        { "udp", TABLE_UDP, FAMILY_IPV4, TRANSPORT_UDP, false },
        { "udp6", TABLE_UDP, FAMILY_IPV6, TRANSPORT_UDP, true },
        { "raw", TABLE_RAW, FAMILY_IPV4, TRANSPORT_RAW, false },
        { "raw6", TABLE_RAW, FAMILY_IPV6, TRANSPORT_RAW, true },
        { "icmp", TABLE_RAW, FAMILY_IPV4, TRANSPORT_ICMP, true },
        { "icmp6", TABLE_RAW, FAMILY_IPV6, TRANSPORT_ICMP, true },
        { "unix", TABLE_UNIX, FAMILY_UNIX, TRANSPORT_UNKNOWN, false },
        { "udplite", TABLE_UDPLITE, FAMILY_IPV4, TRANSPORT_UDPLITE, true },
        { "udplite6", TABLE_UDPLITE, FAMILY_IPV6, TRANSPORT_UDPLITE, true },
        { "packet", TABLE_PACKET, FAMILY_PACKET, TRANSPORT_UNKNOWN, true },
        { "netlink", TABLE_NETLINK, FAMILY_NETLINK, TRANSPORT_UNKNOWN, false },
};

/* Of the first read: less than the page that the kernel fills, so that the reads after it begin elsewhere, too. */
static size_t first_size(void) {
        return 256 + clock_boottime() % 3840;
}

/* 0 or how it failed; `ret_answer` is what the taker said, which may be any error too. */
static int read_file(int fd, const File *file, uint64_t netns, const Taker *taker, int *ret_answer) {
        ProcnetReader reader = { .taker = taker, .family = file->family, .transport = file->transport, .netns = netns };
        char buffer[32768];
        size_t size = first_size();
        ssize_t n;
        int r;

        do {
                do
                        n = read(fd, buffer, size);
                while (n < 0 && errno == EINTR);
                if (n < 0)
                        return -errno;
                r = n > 0 ? procnet_feed(&reader, buffer, (size_t) n) : procnet_finish(&reader);
                *ret_answer = reader.answer;
                if (r >= 0 && taker->between)
                        taker->between(taker->userdata);
                size = sizeof(buffer);
        } while (r >= 0 && n > 0);
        return r;
}

static Coverage coverage_of(int error) {
        switch (error) {
        case 0:
                return (Coverage){ COVERAGE_OK, 0 };
        case -EACCES:
        case -EPERM:
        case -ENOENT:
                return (Coverage){ COVERAGE_DENIED, -error };
        default:
                return (Coverage){ COVERAGE_INTERRUPTED, error == -EINVAL ? EBADMSG : -error };
        }
}

static int open_net(int proc_fd, const Netns *netns) {
        char path[sizeof("4294967295/net")] = "net";
        int fd;

        if (netns->pid != 0)
                (void) snprintf(path, sizeof(path), "%u/net", netns->pid);
        fd = openat(proc_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

/* The namespace is that in which the process is when the file is opened: its rows are of no other, wherever it goes then. */
static int open_file(int proc_fd, int dir_fd, const File *file, const Netns *netns) {
        _cleanup_close_ int fd = openat(dir_fd, file->name, O_RDONLY | O_CLOEXEC);
        int r = fd < 0 ? -errno : 0;

        if (netns_left(proc_fd, netns->pid, netns->inode))
                return -ESRCH;
        return r < 0 ? r : TAKE_FD(fd);
}

/* -ESRCH: who leads there has left. */
static int look_file(int proc_fd, int dir_fd, const File *file, const Netns *netns, const Taker *taker, int *ret_answer) {
        _cleanup_close_ int fd = open_file(proc_fd, dir_fd, file, netns);

        if (fd < 0)
                return fd == -ENOENT && file->optional ? 0 : fd;
        return read_file(fd, file, netns->id, taker, ret_answer);
}

static int look(int proc_fd, const Netns *netns, TableKind table, Transport only, const Taker *taker, Coverage *ret) {
        _cleanup_close_ int dir_fd = open_net(proc_fd, netns);
        int r = netns_left(proc_fd, netns->pid, netns->inode) ? -ESRCH : MIN(dir_fd, 0), answer = 0;

        if (table == TABLE_VSOCK && r >= 0)
                r = -ENOENT; /* has no text */
        for (size_t i = 0; i < ELEMENTSOF(files) && r >= 0; i++) {
                if (files[i].table != table || (only != TRANSPORT_UNKNOWN && files[i].transport != only))
                        continue;
                r = look_file(proc_fd, dir_fd, &files[i], netns, taker, &answer);
                if (answer < 0)
                        return answer;
        }
        *ret = r == -ESRCH ? (Coverage){ COVERAGE_GONE, 0 } : coverage_of(r);
        return 0;
}

int procnet_look(int proc_fd, const Netns *netns, TableKind table, const Taker *taker, Coverage *ret) {
        return look(proc_fd, netns, table, TRANSPORT_UNKNOWN, taker, ret);
}

int procnet_look_icmp(int proc_fd, const Netns *netns, const Taker *taker, Coverage *ret) {
        return look(proc_fd, netns, TABLE_RAW, TRANSPORT_ICMP, taker, ret);
}
