/* SPDX-License-Identifier: MIT */

/* The pure half of sockdiag.c: replies into records. The kernel is trusted to mean well, not to be of our age: each attribute may be
 * missing, shorter or longer than the headers say that this was built with. */

#include "collect/sockdiag.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netlink_diag.h>
#include <linux/packet_diag.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <linux/unix_diag.h>
#include <linux/vm_sockets_diag.h>
#include <string.h>
#include <sys/socket.h>

#include "base/macro.h"

const struct nlmsghdr *sockdiag_next(const void *data, size_t size, size_t *offset) {
        const struct nlmsghdr *m = (const struct nlmsghdr *) ((const char *) data + *offset);
        size_t left = size - *offset;

        if (left < sizeof(*m) || m->nlmsg_len < sizeof(*m) || m->nlmsg_len > left)
                return NULL;
        *offset += MIN(left, ((size_t) m->nlmsg_len + NLMSG_ALIGNTO - 1) & ~(size_t) (NLMSG_ALIGNTO - 1));
        return m;
}

static uint64_t cookie_of(const uint32_t words[2]) {
        uint64_t cookie = (uint64_t) words[1] << 32 | words[0];

        return cookie == UINT64_MAX ? 0 : cookie; /* INET_DIAG_NOCOOKIE */
}

/* Copies a number of `size` bytes at `offset`, if the attribute reaches that far. */
static bool attribute_get(const struct nlattr *a, size_t offset, void *ret, size_t size) {
        if (mnl_attr_get_payload_len(a) < offset + size)
                return false;
        memcpy(ret, (const char *) mnl_attr_get_payload(a) + offset, size);
        return true;
}

#define INFO_GET(a, member, ret)                                                                      \
        attribute_get(a, offsetof(struct tcp_info, member), ret, sizeof(((struct tcp_info *) 0)->member))

static void parse_tcp_info(const struct nlattr *a, Socket *s) {
        uint32_t n, idle_sent, idle_received;
        __u64 sent, again, received, acked;

        /* bytes_sent counts what was sent again, too. */
        if (INFO_GET(a, tcpi_bytes_sent, &sent) && INFO_GET(a, tcpi_bytes_retrans, &again))
                s->bytes_sent = sent >= again ? sent - again : 0;
        if (INFO_GET(a, tcpi_bytes_received, &received))
                s->bytes_received = received;
        if (INFO_GET(a, tcpi_total_retrans, &n))
                s->total_retransmits = n;
        if (INFO_GET(a, tcpi_rtt, &n) && n != 0)
                s->rtt_usec = n;
        /* Made when the handshake is over, and left as it is when the kernel takes everything else off (linger 0, disconnect). */
        if (INFO_GET(a, tcpi_rcv_space, &n))
                s->answered = n != 0 ? ANSWERED_YES : ANSWERED_NO;
        if (INFO_GET(a, tcpi_bytes_acked, &acked))
                s->bytes_acked = acked;
        if (INFO_GET(a, tcpi_rto, &n))
                s->rto_usec = n;
        (void) INFO_GET(a, tcpi_backoff, &s->backoff);
        if (s->state == STATE_SYN_SENT)
                return; /* these begin when it is connected: until then they count from the boot */
        if (INFO_GET(a, tcpi_last_data_sent, &idle_sent) && INFO_GET(a, tcpi_last_data_recv, &idle_received))
                s->idle_usec = MIN(idle_sent, idle_received) * USEC_PER_MSEC;
        if (INFO_GET(a, tcpi_last_ack_recv, &n))
                s->heard_usec = n * USEC_PER_MSEC;
}

/* Walks the attributes behind a header of `header` bytes. mnl_attr_for_each() takes the padding behind the message for a part of
 * it, and stops at a damaged attribute without a word: hence an end of our own, with which the place where it stopped is
 * compared. */
static const struct nlattr *attributes_begin(const struct nlmsghdr *m, size_t header) {
        return mnl_nlmsg_get_payload_offset(m, header);
}

static ptrdiff_t attributes_left(const struct nlmsghdr *m, const struct nlattr *a) {
        return (const char *) m + m->nlmsg_len - (const char *) a;
}

static bool attributes_more(const struct nlmsghdr *m, const struct nlattr *a) {
        return mnl_attr_ok(a, (int) attributes_left(m, a));
}

static bool attributes_complete(const struct nlmsghdr *m, const struct nlattr *a) {
        return attributes_left(m, a) <= 0;
}

static int parse_id(const struct inet_diag_msg *d, Socket *s) {
        size_t size;

        if (d->idiag_family == AF_INET) {
                s->family = FAMILY_IPV4;
                size = 4;
        } else if (d->idiag_family == AF_INET6) {
                s->family = FAMILY_IPV6;
                size = 16;
        } else
                return -EINVAL;
        if (d->idiag_state == 0 || d->idiag_state >= _STATE_MAX)
                return -EINVAL;
        memcpy(s->local.ip, d->id.idiag_src, size);
        memcpy(s->peer.ip, d->id.idiag_dst, size);
        s->local.port = ntohs(d->id.idiag_sport);
        s->peer.port = ntohs(d->id.idiag_dport);
        s->interface = d->id.idiag_if;
        s->cookie = cookie_of(d->id.idiag_cookie);
        return 0;
}

/* The upper layer protocol of a TCP socket, by name. */
static bool is_subflow(const struct nlattr *ulp) {
        static const char mptcp[] = "mptcp";
        const struct nlattr *a;
        int left = (int) mnl_attr_get_payload_len(ulp);

        for (a = mnl_attr_get_payload(ulp); mnl_attr_ok(a, left); a = mnl_attr_next(a)) {
                if (mnl_attr_get_type(a) == INET_ULP_INFO_NAME)
                        return mnl_attr_get_payload_len(a) >= sizeof(mptcp) && memcmp(mnl_attr_get_payload(a), mptcp, sizeof(mptcp)) == 0;
                left -= (int) MNL_ALIGN(a->nla_len);
        }
        return false;
}

int sockdiag_parse_inet(const struct nlmsghdr *message, Transport transport, Socket *ret) {
        const struct inet_diag_msg *d = mnl_nlmsg_get_payload(message);
        const struct nlattr *a;
        Socket s;

        if (mnl_nlmsg_get_payload_len(message) < sizeof(*d))
                return -EINVAL;
        socket_init(&s);
        if (parse_id(d, &s) < 0)
                return -EINVAL;
        s.transport = (uint8_t) transport;
        /* The kernel gives what a listener accepts the cookie of the listener: it tells nothing apart. */
        if (transport == TRANSPORT_MPTCP)
                s.cookie = 0;
        s.state = d->idiag_state;
        s.timer = d->idiag_timer;
        s.timer_msec = d->idiag_timer == TIMER_NONE ? 0 : d->idiag_expires;
        s.retransmits = d->idiag_retrans;
        s.send_queue = d->idiag_wqueue;
        s.receive_queue = d->idiag_rqueue;
        s.uid = d->idiag_uid;
        s.inode = d->idiag_inode;

        for (a = attributes_begin(message, sizeof(*d)); attributes_more(message, a); a = mnl_attr_next(a)) {
                uint16_t type = mnl_attr_get_type(a);

                /* A listener has a tcp_info, too, in which other things stand. */
                if (type == INET_DIAG_INFO && transport == TRANSPORT_TCP && s.state != STATE_LISTEN)
                        parse_tcp_info(a, &s);
                else if (type == INET_DIAG_CGROUP_ID)
                        (void) attribute_get(a, 0, &s.cgroup, sizeof(s.cgroup));
                else if (type == INET_DIAG_ULP_INFO && transport == TRANSPORT_TCP && is_subflow(a))
                        s.transport = TRANSPORT_MPTCP;
        }
        if (!attributes_complete(message, a))
                return -EINVAL;
        if (s.state == STATE_TIME_WAIT || (s.state == STATE_SYN_RECV && s.inode == 0))
                return 0;
        *ret = s;
        return 1;
}

/* The protocol of a destroy message: it comes unasked, so nothing else says. TRANSPORT_UNKNOWN: none of those whose groups are joined. */
static Transport destroy_transport(const struct nlmsghdr *m) {
        const struct nlattr *a;
        uint8_t protocol = 0;

        for (a = attributes_begin(m, sizeof(struct inet_diag_msg)); attributes_more(m, a); a = mnl_attr_next(a))
                if (mnl_attr_get_type(a) == INET_DIAG_PROTOCOL)
                        (void) attribute_get(a, 0, &protocol, sizeof(protocol));
        return protocol == IPPROTO_TCP ? TRANSPORT_TCP : protocol == IPPROTO_UDP ? TRANSPORT_UDP : TRANSPORT_UNKNOWN;
}

int sockdiag_parse_destroy(const struct nlmsghdr *message, Socket *ret) {
        Transport transport;
        int r;

        if (message->nlmsg_type != SOCK_DIAG_BY_FAMILY || mnl_nlmsg_get_payload_len(message) < sizeof(struct inet_diag_msg))
                return -EINVAL;
        transport = destroy_transport(message);
        if (transport == TRANSPORT_UNKNOWN)
                return -EINVAL;
        r = sockdiag_parse_inet(message, transport, ret);
        if (r <= 0 || ret->cookie == 0)
                return -EINVAL;
        ret->transport = (uint8_t) transport; /* also of a subflow of MPTCP, should a message ever name that */
        return 1;
}

/* The kernel counts the NUL at the end of a path, which may stand behind all 108 bytes of sun_path. An abstract name
 * ends where it ends. */
static int parse_unix_name(const struct nlattr *a, Socket *s) {
        const char *name = mnl_attr_get_payload(a);
        size_t size = mnl_attr_get_payload_len(a);

        if (size > 0 && name[0] != 0 && name[size - 1] == 0)
                size--;
        if (size > SOCKET_PATH_MAX)
                return -EINVAL;
        memcpy(s->path, name, size);
        s->path_size = (uint8_t) size;
        return 0;
}

static int parse_unix_attribute(const struct nlattr *a, Socket *s) {
        switch (mnl_attr_get_type(a)) {
        case UNIX_DIAG_NAME:
                return parse_unix_name(a, s);
        case UNIX_DIAG_PEER:
                (void) attribute_get(a, 0, &s->peer_inode, sizeof(s->peer_inode));
                break;
        case UNIX_DIAG_RQLEN:
                (void) attribute_get(a, offsetof(struct unix_diag_rqlen, udiag_rqueue), &s->receive_queue, sizeof(uint32_t));
                (void) attribute_get(a, offsetof(struct unix_diag_rqlen, udiag_wqueue), &s->send_queue, sizeof(uint32_t));
                break;
        case UNIX_DIAG_ICONS:
                (void) attribute_get(a, 0, &s->waiting, sizeof(s->waiting)); /* in the order of the queue */
                break;
        case UNIX_DIAG_SHUTDOWN:
                (void) attribute_get(a, 0, &s->shutdown, sizeof(s->shutdown));
                break;
        case UNIX_DIAG_UID:
                (void) attribute_get(a, 0, &s->uid, sizeof(s->uid));
                break;
        default:
                break;
        }
        return 0;
}

int sockdiag_parse_unix(const struct nlmsghdr *message, Socket *ret) {
        const struct unix_diag_msg *d = mnl_nlmsg_get_payload(message);
        const struct nlattr *a;
        Socket s;

        if (mnl_nlmsg_get_payload_len(message) < sizeof(*d))
                return -EINVAL;
        socket_init(&s);
        s.family = FAMILY_UNIX;
        s.transport = (uint8_t) transport_of_type(d->udiag_type);
        s.state = d->udiag_state;
        s.inode = d->udiag_ino;
        s.cookie = cookie_of(d->udiag_cookie);
        if (d->udiag_family != AF_UNIX || table_of(FAMILY_UNIX, s.transport) != TABLE_UNIX || s.transport == TRANSPORT_UNKNOWN || s.state == 0 || s.state >= _STATE_MAX)
                return -EINVAL;

        for (a = attributes_begin(message, sizeof(*d)); attributes_more(message, a); a = mnl_attr_next(a))
                if (parse_unix_attribute(a, &s) < 0)
                        return -EINVAL;
        if (!attributes_complete(message, a))
                return -EINVAL;
        *ret = s;
        return s.inode != 0;
}

int sockdiag_parse_icons(const struct nlmsghdr *message, int (*client)(void *userdata, uint32_t inode), void *userdata) {
        const struct nlattr *a;
        size_t header = sizeof(struct unix_diag_msg);
        int r = 0;

        if (mnl_nlmsg_get_payload_len(message) < header)
                return -EINVAL;
        for (a = attributes_begin(message, header); attributes_more(message, a); a = mnl_attr_next(a)) {
                size_t size = mnl_attr_get_type(a) == UNIX_DIAG_ICONS ? mnl_attr_get_payload_len(a) : 0;
                uint32_t inode;

                for (size_t i = 0; i + sizeof(inode) <= size && r >= 0; i += sizeof(inode))
                        if (attribute_get(a, i, &inode, sizeof(inode)))
                                r = client(userdata, inode);
                if (r < 0)
                        return r;
        }
        return attributes_complete(message, a) ? 0 : -EINVAL;
}

/* ---- The other families ---- */

int sockdiag_parse_packet(const struct nlmsghdr *message, Socket *ret) {
        const struct packet_diag_msg *d = mnl_nlmsg_get_payload(message);
        const struct nlattr *a;
        Socket s;

        if (mnl_nlmsg_get_payload_len(message) < sizeof(*d))
                return -EINVAL;
        socket_init(&s);
        s.family = FAMILY_PACKET;
        s.transport = (uint8_t) transport_of_type(d->pdiag_type);
        s.state = STATE_CLOSE;
        s.local.port = d->pdiag_num;
        s.inode = d->pdiag_ino;
        s.cookie = cookie_of(d->pdiag_cookie);
        if (d->pdiag_family != AF_PACKET || s.transport == TRANSPORT_UNKNOWN || table_of(FAMILY_PACKET, s.transport) != TABLE_PACKET)
                return -EINVAL;

        for (a = attributes_begin(message, sizeof(*d)); attributes_more(message, a); a = mnl_attr_next(a))
                if (mnl_attr_get_type(a) == PACKET_DIAG_INFO)
                        (void) attribute_get(a, offsetof(struct packet_diag_info, pdi_index), &s.interface, sizeof(s.interface));
                else if (mnl_attr_get_type(a) == PACKET_DIAG_UID)
                        (void) attribute_get(a, 0, &s.uid, sizeof(s.uid));
        if (!attributes_complete(message, a))
                return -EINVAL;
        *ret = s;
        return s.inode != 0;
}

/* Whether a netlink socket was made as SOCK_RAW or SOCK_DGRAM makes no difference to the kernel: it has no transport. */
int sockdiag_parse_netlink(const struct nlmsghdr *message, Socket *ret) {
        const struct netlink_diag_msg *d = mnl_nlmsg_get_payload(message);
        enum { CONNECTED = 1 };
        Socket s;

        if (mnl_nlmsg_get_payload_len(message) < sizeof(*d))
                return -EINVAL;
        socket_init(&s);
        s.family = FAMILY_NETLINK;
        s.state = d->ndiag_state == CONNECTED ? STATE_ESTABLISHED : STATE_CLOSE;
        s.local.port = d->ndiag_protocol;
        endpoint_set_word(&s.local, 0, d->ndiag_portid);
        if (s.state == STATE_ESTABLISHED)
                endpoint_set_word(&s.peer, 0, d->ndiag_dst_portid);
        s.inode = d->ndiag_ino;
        s.cookie = cookie_of(d->ndiag_cookie);
        if (d->ndiag_family != AF_NETLINK)
                return -EINVAL;
        *ret = s;
        return d->ndiag_portid != 0 && s.inode != 0;
}

int sockdiag_parse_vsock(const struct nlmsghdr *message, Socket *ret) {
        const struct vsock_diag_msg *d = mnl_nlmsg_get_payload(message);
        Socket s;

        if (mnl_nlmsg_get_payload_len(message) < sizeof(*d))
                return -EINVAL;
        socket_init(&s);
        s.family = FAMILY_VSOCK;
        s.transport = (uint8_t) transport_of_type(d->vdiag_type);
        s.state = d->vdiag_state;
        s.shutdown = d->vdiag_shutdown;
        endpoint_set_word(&s.local, 0, d->vdiag_src_cid);
        endpoint_set_word(&s.local, 1, d->vdiag_src_port);
        endpoint_set_word(&s.peer, 0, d->vdiag_dst_cid);
        endpoint_set_word(&s.peer, 1, d->vdiag_dst_port);
        s.inode = d->vdiag_ino;
        s.cookie = cookie_of(d->vdiag_cookie);
        if (d->vdiag_family != AF_VSOCK || s.transport == TRANSPORT_UNKNOWN || table_of(FAMILY_VSOCK, s.transport) != TABLE_VSOCK ||
            s.state == 0 || s.state >= _STATE_MAX)
                return -EINVAL;
        *ret = s;
        return s.inode != 0;
}
