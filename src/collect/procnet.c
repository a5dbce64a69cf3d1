/* SPDX-License-Identifier: MIT */

/* /proc/PID/net into rows, in pieces as read(2) gives them, so that memory does not depend on the number of sockets.
 *
 * Known races: the kernel resumes between two reads by counting rows, so that a live socket can be skipped (or told
 * twice) while others come and go; nothing marks that. See rule 4 of the ledger. */

#include "collect/procnet.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "collect/netns.h"
#include "collect/scan.h"

/* ---- Rows ---- */

/* A word as printed by %08X of a 32-bit value in memory, back into the bytes of that memory. */
static void word_bytes(uint32_t word, bool little, uint8_t ret[4]) {
        for (unsigned i = 0; i < 4; i++)
                ret[i] = (uint8_t) (word >> (little ? i * 8 : 24 - i * 8));
}

/* Eight digits: scan_hex() would take all 32 of an IPv6 address. */
static bool scan_word32(Scan *s, uint64_t *ret) {
        Scan word = { s->p, s->p + 8 };

        if (s->end - s->p < 8 || !scan_hex(&word, 8, ret) || word.p != word.end)
                return false;
        s->p = word.p;
        return true;
}

static bool scan_endpoint(Scan *s, Family family, bool little, Endpoint *ret) {
        uint64_t word, port;

        for (unsigned i = 0; i < (family == FAMILY_IPV6 ? 4 : 1); i++) {
                if (!scan_word32(s, &word))
                        return false;
                word_bytes((uint32_t) word, little, ret->ip + i * 4);
        }
        if (!scan_char(s, ':') || !scan_hex(s, 4, &port))
                return false;
        ret->port = (uint16_t) port;
        scan_blanks(s);
        return true;
}

/* "HEX:HEX " */
static bool scan_pair(Scan *s, unsigned digits_a, uint64_t *ret_a, unsigned digits_b, uint64_t *ret_b) {
        if (!scan_hex(s, digits_a, ret_a) || !scan_char(s, ':') || !scan_hex(s, digits_b, ret_b))
                return false;
        scan_blanks(s);
        return true;
}

/* A number behind blanks. */
static bool scan_field(Scan *s, uint64_t *ret) {
        scan_blanks(s);
        return scan_decimal(s, UINT32_MAX, ret);
}

static bool scan_signed(Scan *s) {
        uint64_t n;

        (void) scan_char(s, '-');
        return scan_decimal(s, UINT32_MAX, &n);
}

static bool scan_at_blank(const Scan *s) {
        return s->p == s->end || *s->p == ' ';
}

static uint32_t ticks_msec(uint64_t ticks) {
        uint64_t hz = (uint64_t) MAX(sysconf(_SC_CLK_TCK), 1L);

        return ticks > UINT32_MAX / 1000 ? UINT32_MAX : (uint32_t) (ticks * 1000 / hz);
}

/* "sl: LOCAL REMOTE st tx:rx tr:when retransmits uid probes inode ...", blanks before and between. */
int procnet_parse_inet(const char *line, size_t size, Family family, Transport transport, bool little, Socket *ret) {
        Scan s = { line, line + size };
        uint64_t slot, state, tx, rx, timer, when, retransmits, uid, probes, inode;
        Socket socket;

        socket_init(&socket);
        scan_blanks(&s);
        if (!scan_decimal(&s, UINT32_MAX, &slot) || !scan_char(&s, ':'))
                return -EINVAL;
        scan_blanks(&s);
        if (!scan_endpoint(&s, family, little, &socket.local) || !scan_endpoint(&s, family, little, &socket.peer))
                return -EINVAL;
        if (!scan_hex(&s, 2, &state) || !scan_char(&s, ' ') || !scan_pair(&s, 8, &tx, 8, &rx) ||
            !scan_pair(&s, 2, &timer, 16, &when) || !scan_hex(&s, 8, &retransmits))
                return -EINVAL;
        scan_blanks(&s);
        if (!scan_decimal(&s, UINT32_MAX, &uid))
                return -EINVAL;
        scan_blanks(&s);
        if (!scan_decimal(&s, INT_MAX, &probes))
                return -EINVAL;
        scan_blanks(&s);
        if (!scan_decimal(&s, UINT32_MAX, &inode) || !scan_at_blank(&s))
                return -EINVAL;
        if (state == 0 || state >= _STATE_MAX)
                return -EINVAL;
        if (state == STATE_TIME_WAIT || (state == STATE_SYN_RECV && inode == 0))
                return 0;

        /* As sock_diag: what the count is of depends on the timer. */
        if (timer == TIMER_KEEPALIVE || timer == TIMER_PROBE)
                retransmits = probes;
        else if (timer != TIMER_RETRANSMIT)
                retransmits = 0;
        socket.family = (uint8_t) family;
        socket.transport = (uint8_t) transport;
        socket.state = (uint8_t) state;
        socket.timer = (uint8_t) timer;
        socket.timer_msec = timer == TIMER_NONE ? 0 : ticks_msec(when);
        socket.retransmits = (uint8_t) MIN(retransmits, (uint64_t) UINT8_MAX);
        socket.send_queue = (uint32_t) tx;
        socket.receive_queue = (uint32_t) rx;
        socket.uid = (uint32_t) uid;
        socket.inode = (uint32_t) inode;
        *ret = socket;
        return 1;
}

static Transport unix_transport(uint64_t type) {
        switch (type) {
        case 1:
                return TRANSPORT_STREAM;
        case 2:
                return TRANSPORT_DGRAM;
        case 5:
                return TRANSPORT_SEQPACKET;
        default:
                return TRANSPORT_UNKNOWN;
        }
}

/* The flag __SO_ACCEPTCON; and enum socket_state of <linux/net.h> for the rest. */
static State unix_state(uint64_t flags, uint64_t state) {
        enum { UNCONNECTED = 1, CONNECTING, CONNECTED, DISCONNECTING };

        if (flags & 0x10000)
                return STATE_LISTEN;
        switch (state) {
        case CONNECTING:
        case CONNECTED:
                return STATE_ESTABLISHED;
        case UNCONNECTED:
        case DISCONNECTING:
                return STATE_CLOSE;
        default:
                return STATE_UNKNOWN;
        }
}

/* "POINTER: references protocol flags type st inode[ NAME]" */
int procnet_parse_unix(const char *line, size_t size, Socket *ret) {
        Scan s = { line, line + size };
        uint64_t pointer, references, protocol, flags, type, state, inode;
        Socket socket;

        socket_init(&socket);
        if (!scan_hex(&s, 16, &pointer) || !scan_char(&s, ':') || !scan_char(&s, ' ') ||
            !scan_word32(&s, &references) || !scan_char(&s, ' ') || !scan_word32(&s, &protocol) ||
            !scan_char(&s, ' ') || !scan_word32(&s, &flags) || !scan_char(&s, ' ') || !scan_hex(&s, 4, &type) ||
            !scan_char(&s, ' ') || !scan_hex(&s, 2, &state) || !scan_char(&s, ' '))
                return -EINVAL;
        scan_blanks(&s);
        if (!scan_decimal(&s, UINT32_MAX, &inode) || !scan_at_blank(&s))
                return -EINVAL;

        socket.family = FAMILY_UNIX;
        socket.transport = (uint8_t) unix_transport(type);
        socket.state = (uint8_t) unix_state(flags, state);
        socket.inode = (uint32_t) inode;
        if (socket.transport == TRANSPORT_UNKNOWN || socket.state == STATE_UNKNOWN)
                return -EINVAL;
        if (scan_char(&s, ' ')) {
                size_t n = (size_t) (s.end - s.p);

                if (n > SOCKET_PATH_MAX)
                        return -EINVAL;
                memcpy(socket.path, s.p, n);
                socket.path_size = (uint8_t) n;
                if (n > 0 && socket.path[0] == '@')
                        socket.path[0] = 0;
        }
        *ret = socket;
        return inode != 0;
}

int procnet_continue_unix(const char *line, size_t size, Socket *s) {
        if (s->path_size == 0 || size >= (size_t) (SOCKET_PATH_MAX - s->path_size))
                return -EINVAL;
        s->path[s->path_size++] = '\n';
        memcpy(s->path + s->path_size, line, size);
        s->path_size = (uint8_t) (s->path_size + size);
        return 0;
}

/* "POINTER references type protocol interface running rmem uid inode", blanks between. */
int procnet_parse_packet(const char *line, size_t size, Socket *ret) {
        Scan s = { line, line + size };
        uint64_t pointer, references, type, protocol, interface, running, rmem, uid, inode;
        Socket socket;

        socket_init(&socket);
        if (!scan_hex(&s, 16, &pointer) || !scan_field(&s, &references) || !scan_field(&s, &type))
                return -EINVAL;
        scan_blanks(&s);
        if (!scan_hex(&s, 4, &protocol) || !scan_field(&s, &interface) || !scan_field(&s, &running) || !scan_field(&s, &rmem) ||
            !scan_field(&s, &uid) || !scan_field(&s, &inode) || !scan_at_blank(&s))
                return -EINVAL;

        socket.family = FAMILY_PACKET;
        socket.transport = (uint8_t) (type == SOCK_RAW      ? TRANSPORT_RAW
                                      : type == SOCK_DGRAM  ? TRANSPORT_DGRAM
                                      : type == SOCK_PACKET ? TRANSPORT_PACKET
                                                            : TRANSPORT_UNKNOWN);
        if (socket.transport == TRANSPORT_UNKNOWN)
                return -EINVAL;
        socket.state = STATE_CLOSE;
        socket.local.port = (uint16_t) protocol;
        socket.interface = (uint32_t) interface;
        socket.uid = (uint32_t) uid;
        socket.inode = (uint32_t) inode;
        *ret = socket;
        return inode != 0;
}

/* "POINTER protocol portid groups rmem wmem dump locks drops inode", blanks between. */
int procnet_parse_netlink(const char *line, size_t size, Socket *ret) {
        Scan s = { line, line + size };
        uint64_t pointer, protocol, port_id, groups, n, inode;
        Socket socket;

        socket_init(&socket);
        if (!scan_hex(&s, 16, &pointer) || !scan_field(&s, &protocol) || !scan_field(&s, &port_id))
                return -EINVAL;
        scan_blanks(&s);
        if (!scan_hex(&s, 8, &groups))
                return -EINVAL;
        for (unsigned i = 0; i < 5; i++) {
                scan_blanks(&s);
                if (!(i < 3 ? scan_signed(&s) : scan_decimal(&s, UINT32_MAX, &n)))
                        return -EINVAL;
        }
        if (!scan_field(&s, &inode) || !scan_at_blank(&s))
                return -EINVAL;

        socket.family = FAMILY_NETLINK;
        socket.state = STATE_CLOSE;
        socket.local.port = (uint16_t) MIN(protocol, (uint64_t) UINT16_MAX);
        endpoint_set_word(&socket.local, 0, (uint32_t) port_id);
        socket.inode = (uint32_t) inode;
        *ret = socket;
        return port_id != 0 && inode != 0;
}

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

/* 0 or how it failed; `ret_answer` is what the taker said, which may be any error too. */
static int read_file(int dir_fd, const File *file, uint64_t netns, const Taker *taker, int *ret_answer) {
        _cleanup_close_ int fd = openat(dir_fd, file->name, O_RDONLY | O_CLOEXEC);
        ProcnetReader reader = { .taker = taker, .family = file->family, .transport = file->transport, .netns = netns };
        char buffer[32768];
        ssize_t n;
        int r;

        if (fd < 0)
                return -errno;
        do {
                do
                        n = read(fd, buffer, sizeof(buffer));
                while (n < 0 && errno == EINTR);
                if (n < 0)
                        return -errno;
                r = n > 0 ? procnet_feed(&reader, buffer, (size_t) n) : procnet_finish(&reader);
                *ret_answer = reader.answer;
                if (r >= 0 && taker->between)
                        taker->between(taker->userdata);
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

static int look(int proc_fd, const Netns *netns, TableKind table, Transport only, const Taker *taker, Coverage *ret) {
        _cleanup_close_ int dir_fd = open_net(proc_fd, netns);
        int r = netns_left(proc_fd, netns->pid, netns->inode) ? -ESRCH : MIN(dir_fd, 0), answer = 0;

        if (table == TABLE_VSOCK && r >= 0)
                r = -ENOENT; /* has no text */
        for (size_t i = 0; i < ELEMENTSOF(files) && r >= 0; i++) {
                if (files[i].table != table || (only != TRANSPORT_UNKNOWN && files[i].transport != only))
                        continue;
                r = read_file(dir_fd, &files[i], netns->id, taker, &answer);
                if (answer < 0)
                        return answer;
                if (r == -ENOENT && files[i].optional)
                        r = 0;
        }
        /* A process that died meanwhile takes the files with it: what was not there means nothing then. */
        *ret = netns_left(proc_fd, netns->pid, netns->inode) ? (Coverage){ COVERAGE_GONE, 0 } : coverage_of(r);
        return 0;
}

int procnet_look(int proc_fd, const Netns *netns, TableKind table, const Taker *taker, Coverage *ret) {
        return look(proc_fd, netns, table, TRANSPORT_UNKNOWN, taker, ret);
}

int procnet_look_icmp(int proc_fd, const Netns *netns, const Taker *taker, Coverage *ret) {
        return look(proc_fd, netns, TABLE_RAW, TRANSPORT_ICMP, taker, ret);
}
