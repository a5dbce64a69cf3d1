/* SPDX-License-Identifier: MIT */

/* One row of a file of /proc/PID/net into a record. */

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "collect/procnet.h"
#include "collect/scan.h"

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
