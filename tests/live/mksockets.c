/* SPDX-License-Identifier: MIT */

/* mksockets KIND [PARAMETER=VALUE]...: makes sockets of a kind and holds them.
 *
 * Prints one JSON line with its pid and each socket (role, fd, inode, port), then reads commands from stdin, each
 * answered by a line: `close FD`. It ends at the end of stdin. `mksockets list` names the kinds.
 *
 * Parameters of all kinds: NETNS=new makes them in a network namespace of its own (with lo up); UID=NUMBER as that
 * user. Of some: N= how many, SEND= bytes that nobody reads, TYPE= stream dgram seqpacket, PATH= a unix name in hexadecimal (an
 * abstract one begins with 00). Addresses are loopback, ports are chosen by the kernel. */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/sockios.h>
#include <linux/vm_sockets.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define MADE_MAX 20000

static struct {
        int fd;
        const char *role;
} made[MADE_MAX];
static size_t made_count;

static int arg_n = 1, arg_send, arg_type = SOCK_STREAM, arg_uid = -1;
static int arg_netns;
static char arg_path[109];
static size_t arg_path_size;

static int check(int r, const char *what) {
        if (r >= 0)
                return r;
        fprintf(stderr, "mksockets: %s: %s\n", what, strerror(errno));
        exit(1);
}

static int keep(int fd, const char *role) {
        if (made_count == MADE_MAX) {
                fprintf(stderr, "mksockets: too many\n");
                exit(1);
        }
        made[made_count].fd = fd;
        made[made_count++].role = role;
        return fd;
}

static int make(int family, int type, int protocol, const char *role) {
        return keep(check(socket(family, type | SOCK_CLOEXEC, protocol), "socket"), role);
}

/* ---- IP ---- */

typedef union Address {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
} Address;

static void bind_loopback(int fd, int family, in_port_t port) {
        Address a = { .any.sa_family = (sa_family_t) family };

        if (family == AF_INET) {
                a.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
                a.v4.sin_port = port;
        } else {
                a.v6.sin6_addr = in6addr_loopback;
                a.v6.sin6_port = port;
        }
        check(bind(fd, &a.any, family == AF_INET ? sizeof(a.v4) : sizeof(a.v6)), "bind");
}

static socklen_t address_of(int fd, Address *ret) {
        socklen_t size = sizeof(*ret);

        memset(ret, 0, sizeof(*ret));
        check(getsockname(fd, &ret->any, &size), "getsockname");
        return size;
}

static int listener(int family, int backlog) {
        int fd = make(family, SOCK_STREAM, 0, "listener");

        bind_loopback(fd, family, 0);
        check(listen(fd, backlog), "listen");
        return fd;
}

static int client_of(int server) {
        Address a;
        socklen_t size = address_of(server, &a);
        int fd = make(a.any.sa_family, SOCK_STREAM, 0, "client");

        check(connect(fd, &a.any, size), "connect");
        return fd;
}

/* Until the other side has acknowledged everything, or `state` is reached; it may take its time. */
static void settle(int fd, int state) {
        for (int i = 0; i < 5000; i++) {
                struct tcp_info info;
                socklen_t size = sizeof(info);
                int waiting;

                check(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size), "TCP_INFO");
                check(ioctl(fd, SIOCOUTQ, &waiting), "SIOCOUTQ");
                if (waiting == 0 && info.tcpi_state == state)
                        return;
                usleep(1000);
        }
        check(-1, "settle");
}

static void send_bytes(int fd) {
        static char zeros[4096];

        for (int left = arg_send; left > 0;)
                left -= check((int) send(fd, zeros, (size_t) (left < 4096 ? left : 4096), 0), "send");
}

static int pair_of(int server, int *ret_accepted) {
        int client = client_of(server);

        *ret_accepted = keep(check(accept4(server, NULL, NULL, SOCK_CLOEXEC), "accept"), "server");
        send_bytes(client);
        settle(client, TCP_ESTABLISHED);
        return client;
}

static void make_tcp4(void) {
        listener(AF_INET, 7);
}

static void make_tcp6(void) {
        listener(AF_INET6, 7);
}

static void make_tcp4_pair(void) {
        int accepted, fd = listener(AF_INET, 4096);

        for (int i = 0; i < arg_n; i++)
                pair_of(fd, &accepted);
}

static void make_tcp6_pair(void) {
        int accepted, fd = listener(AF_INET6, 4096);

        for (int i = 0; i < arg_n; i++)
                pair_of(fd, &accepted);
}

static void make_tcp_mapped(void) {
        int fd = make(AF_INET6, SOCK_STREAM, 0, "listener"), client;
        Address a = { .v6 = { .sin6_family = AF_INET6 } };

        check(bind(fd, &a.any, sizeof(a.v6)), "bind");
        check(listen(fd, 7), "listen");
        address_of(fd, &a);
        a.v4 = (struct sockaddr_in){
                .sin_family = AF_INET,
                .sin_port = a.v6.sin6_port,
                .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
        };
        client = make(AF_INET, SOCK_STREAM, 0, "client");
        check(connect(client, &a.any, sizeof(a.v4)), "connect");
        keep(check(accept4(fd, NULL, NULL, SOCK_CLOEXEC), "accept"), "server");
}

/* client fin-wait-2, server close-wait */
static void make_tcp_half_closed(void) {
        int accepted, client = pair_of(listener(AF_INET, 7), &accepted);

        check(shutdown(client, SHUT_WR), "shutdown");
        settle(client, TCP_FIN_WAIT2);
}

static void make_tcp_unaccepted(void) {
        int fd = listener(AF_INET, 64);

        for (int i = 0; i < arg_n; i++)
                client_of(fd);
}

static void make_reuseport(int type, const char *role) {
        in_port_t port = 0;

        for (int i = 0, one = 1; i < arg_n; i++) {
                int fd = make(AF_INET, type, 0, role);
                Address a;

                check(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)), "SO_REUSEPORT");
                bind_loopback(fd, AF_INET, port);
                address_of(fd, &a);
                port = a.v4.sin_port;
                if (type == SOCK_STREAM)
                        check(listen(fd, 7), "listen");
        }
}

static void make_tcp_reuseport(void) {
        make_reuseport(SOCK_STREAM, "listener");
}

static void make_udp_reuseport(void) {
        make_reuseport(SOCK_DGRAM, "bound");
}

static int bound_udp(int family) {
        int fd = make(family, SOCK_DGRAM, 0, "bound");

        bind_loopback(fd, family, 0);
        return fd;
}

static void make_udp4(void) {
        bound_udp(AF_INET);
}

static void make_udp6(void) {
        bound_udp(AF_INET6);
}

static void make_udp_pair(void) {
        int server = bound_udp(AF_INET), client = make(AF_INET, SOCK_DGRAM, 0, "client");
        Address a;
        socklen_t size = address_of(server, &a);

        check(connect(client, &a.any, size), "connect");
        send_bytes(client);
}

static void make_raw4(void) {
        make(AF_INET, SOCK_RAW, IPPROTO_ICMP, "raw");
}

static void make_raw6(void) {
        make(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6, "raw");
}

/* Sockets of ping(8), which are allowed to groups; only in a namespace of our own. */
static void make_icmp4(void) {
        int fd = check(open("/proc/sys/net/ipv4/ping_group_range", O_WRONLY | O_CLOEXEC), "ping_group_range");

        check((int) write(fd, "0 2147483647", 12), "ping_group_range");
        close(fd);
        bind_loopback(make(AF_INET, SOCK_DGRAM, IPPROTO_ICMP, "icmp"), AF_INET, 0);
}

static void make_icmp6(void) {
        int fd = check(open("/proc/sys/net/ipv4/ping_group_range", O_WRONLY | O_CLOEXEC), "ping_group_range");

        check((int) write(fd, "0 2147483647", 12), "ping_group_range");
        close(fd);
        bind_loopback(make(AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6, "icmp"), AF_INET6, 0);
}

/* ---- Unix ---- */

static int bind_path(int fd) {
        struct sockaddr_un a = { .sun_family = AF_UNIX };

        memcpy(a.sun_path, arg_path, arg_path_size < 108 ? arg_path_size : 108);
        if (arg_path_size > 0)
                check(bind(fd, (struct sockaddr *) &a, (socklen_t) (offsetof(struct sockaddr_un, sun_path) + arg_path_size)), "bind");
        return fd;
}

static int connect_path(int fd) {
        struct sockaddr_un a = { .sun_family = AF_UNIX };

        memcpy(a.sun_path, arg_path, arg_path_size < 108 ? arg_path_size : 108);
        check(connect(fd, (struct sockaddr *) &a, (socklen_t) (offsetof(struct sockaddr_un, sun_path) + arg_path_size)), "connect");
        return fd;
}

static int bound_unix(void) {
        int fd = bind_path(make(AF_UNIX, arg_type, 0, arg_type == SOCK_DGRAM ? "bound" : "listener"));

        if (arg_type != SOCK_DGRAM && arg_path_size > 0)
                check(listen(fd, 7), "listen");
        return fd;
}

static void make_unix(void) {
        bound_unix();
}

static void make_unix_connected(void) {
        int fd = bound_unix();

        send_bytes(connect_path(make(AF_UNIX, arg_type, 0, "client")));
        if (arg_type != SOCK_DGRAM)
                keep(check(accept4(fd, NULL, NULL, SOCK_CLOEXEC), "accept"), "server");
}

static void make_unix_unaccepted(void) {
        bound_unix();
        for (int i = 0; i < arg_n; i++)
                connect_path(make(AF_UNIX, arg_type, 0, "client"));
}

static void make_unix_pair(void) {
        for (int i = 0; i < arg_n; i++) {
                int fds[2];

                check(socketpair(AF_UNIX, arg_type | SOCK_CLOEXEC, 0, fds), "socketpair");
                send_bytes(keep(fds[0], "a"));
                keep(fds[1], "b");
        }
}

static void make_unix_shutdown(void) {
        int fds[2];

        check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), "socketpair");
        check(shutdown(keep(fds[0], "a"), SHUT_WR), "shutdown");
        keep(fds[1], "b");
}

/* ---- TCP between its states ---- */

/* The listener's queue is full, so that nothing answers any more. */
static void make_tcp_syn_sent(void) {
        int fd = listener(AF_INET, 0), client;
        Address a;
        socklen_t size = address_of(fd, &a);

        client_of(fd);
        client = make(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0, "syn-sent");
        if (connect(client, &a.any, size) < 0 && errno != EINPROGRESS)
                check(-1, "connect");
}

/* Closed with what its peer has no room for: nobody holds it, and the kernel still sends. */
static void make_tcp_orphan(void) {
        static char zeros[1 << 16];
        int accepted, client = pair_of(listener(AF_INET, 7), &accepted);

        check(fcntl(client, F_SETFL, O_NONBLOCK), "fcntl");
        while (send(client, zeros, sizeof(zeros), 0) > 0)
                ;
        made[made_count - 2].fd = -1; /* the client, before who accepted it */
        close(client);
}

static int bind_device(int fd) {
        check(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3), "SO_BINDTODEVICE");
        return fd;
}

static void make_tcp_on_device(void) {
        int fd = listener(AF_INET, 7);

        bind_device(fd);
}

static void make_udp_on_device(void) {
        bind_device(bound_udp(AF_INET6));
}

static void make_tcp_unbound(void) {
        make(AF_INET, SOCK_STREAM, 0, "unbound");
        bind_loopback(make(AF_INET6, SOCK_STREAM, 0, "bound"), AF_INET6, 0);
}

static void make_udp_unbound(void) {
        make(AF_INET6, SOCK_DGRAM, 0, "unbound");
}

/* ---- Multipath ---- */

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

static int mptcp_listener(void) {
        int fd = make(AF_INET, SOCK_STREAM, IPPROTO_MPTCP, "listener");

        bind_loopback(fd, AF_INET, 0);
        check(listen(fd, 7), "listen");
        return fd;
}

static void connect_as(int server, int protocol, const char *client, const char *accepted) {
        Address a;
        socklen_t size = address_of(server, &a);

        check(connect(make(AF_INET, SOCK_STREAM, protocol, client), &a.any, size), "connect");
        keep(check(accept4(server, NULL, NULL, SOCK_CLOEXEC), "accept"), accepted);
}

static void make_mptcp_pair(void) {
        connect_as(mptcp_listener(), IPPROTO_MPTCP, "client", "server");
}

/* One side speaks TCP only. */
static void make_mptcp_fallback(void) {
        connect_as(mptcp_listener(), IPPROTO_TCP, "tcp-client", "tcp-server");
        connect_as(listener(AF_INET, 7), IPPROTO_MPTCP, "client", "fallen-server");
}

/* ---- The rest ---- */

static void make_udplite(void) {
        bind_loopback(make(AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE, "bound"), AF_INET, 0);
        bind_loopback(make(AF_INET6, SOCK_DGRAM, IPPROTO_UDPLITE, "bound6"), AF_INET6, 0);
}

static void make_packet(void) {
        struct sockaddr_ll lo = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = 1 };

        check(bind(make(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL), "sniffer"), (struct sockaddr *) &lo, sizeof(lo)), "bind");
        make(AF_PACKET, SOCK_DGRAM, htons(ETH_P_ARP), "dgram");
        make(AF_PACKET, SOCK_RAW, 0, "sender");
}

static void make_netlink(void) {
        static const struct {
                int protocol;
                const char *role;
        } netlinks[] = { { NETLINK_ROUTE, "rtnl" }, { NETLINK_KOBJECT_UEVENT, "uevent" }, { NETLINK_GENERIC, "genl" } };

        for (size_t i = 0; i < sizeof(netlinks) / sizeof(netlinks[0]); i++) {
                struct sockaddr_nl a = { .nl_family = AF_NETLINK, .nl_groups = i == 1 };

                check(bind(make(AF_NETLINK, SOCK_RAW, netlinks[i].protocol, netlinks[i].role), (struct sockaddr *) &a, sizeof(a)), "bind");
        }
        make(AF_NETLINK, SOCK_DGRAM, NETLINK_ROUTE, "unbound");
}

static void make_vsock(void) {
        struct sockaddr_vm a = { .svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY, .svm_port = VMADDR_PORT_ANY };
        int fd = make(AF_VSOCK, SOCK_STREAM, 0, "listener");

        check(bind(fd, (struct sockaddr *) &a, sizeof(a)), "bind");
        check(listen(fd, 7), "listen");
}

/* The same socket under two descriptors. */
static void make_dup(void) {
        keep(check(fcntl(listener(AF_INET, 7), F_DUPFD_CLOEXEC, 100), "dup"), "again");
}

static const struct {
        const char *name;
        void (*make)(void);
} kinds[] = {
        { "tcp4", make_tcp4 },
        { "tcp6", make_tcp6 },
        { "tcp4-pair", make_tcp4_pair },
        { "tcp6-pair", make_tcp6_pair },
        { "tcp-mapped", make_tcp_mapped },
        { "tcp-half-closed", make_tcp_half_closed },
        { "tcp-unaccepted", make_tcp_unaccepted },
        { "tcp-reuseport", make_tcp_reuseport },
        { "udp4", make_udp4 },
        { "udp6", make_udp6 },
        { "udp-pair", make_udp_pair },
        { "udp-reuseport", make_udp_reuseport },
        { "raw4", make_raw4 },
        { "raw6", make_raw6 },
        { "icmp4", make_icmp4 },
        { "icmp6", make_icmp6 },
        { "tcp-syn-sent", make_tcp_syn_sent },
        { "tcp-orphan", make_tcp_orphan },
        { "tcp-on-device", make_tcp_on_device },
        { "udp-on-device", make_udp_on_device },
        { "tcp-unbound", make_tcp_unbound },
        { "udp-unbound", make_udp_unbound },
        { "mptcp-pair", make_mptcp_pair },
        { "mptcp-fallback", make_mptcp_fallback },
        { "udplite", make_udplite },
        { "packet", make_packet },
        { "netlink", make_netlink },
        { "vsock", make_vsock },
        { "dup", make_dup },
        { "unix-shutdown", make_unix_shutdown },
        { "unix", make_unix },
        { "unix-connected", make_unix_connected },
        { "unix-unaccepted", make_unix_unaccepted },
        { "unix-pair", make_unix_pair },
};

static void enter_new_netns(void) {
        struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
        int fd;

        check(unshare(CLONE_NEWNET), "unshare");
        fd = check(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
        check(ioctl(fd, SIOCSIFFLAGS, &lo), "lo up");
        close(fd);
}

static void parse_path(const char *hex) {
        unsigned byte;

        for (; sscanf(hex, "%2x", &byte) == 1 && arg_path_size < sizeof(arg_path); hex += 2)
                arg_path[arg_path_size++] = (char) byte;
        check(*hex == 0 ? 0 : -1, "PATH");
}

static int parse_parameter(const char *p) {
        if (strcmp(p, "NETNS=new") == 0)
                arg_netns = 1;
        else if (strncmp(p, "PATH=", 5) == 0)
                parse_path(p + 5);
        else if (strcmp(p, "TYPE=stream") == 0)
                arg_type = SOCK_STREAM;
        else if (strcmp(p, "TYPE=dgram") == 0)
                arg_type = SOCK_DGRAM;
        else if (strcmp(p, "TYPE=seqpacket") == 0)
                arg_type = SOCK_SEQPACKET;
        else
                return sscanf(p, "N=%d", &arg_n) == 1 || sscanf(p, "SEND=%d", &arg_send) == 1 || sscanf(p, "UID=%d", &arg_uid) == 1;
        return 1;
}

static void tell(void) {
        unsigned told = 0;

        printf("{\"pid\": %d, \"sockets\": [", getpid());
        for (size_t i = 0; i < made_count; i++) {
                struct stat st;
                Address a;
                unsigned port = 0;

                if (made[i].fd < 0)
                        continue;
                check(fstat(made[i].fd, &st), "fstat");
                address_of(made[i].fd, &a);
                if (a.any.sa_family == AF_INET || a.any.sa_family == AF_INET6)
                        port = ntohs(a.v4.sin_port);
                printf("%s{\"role\": \"%s\", \"fd\": %d, \"inode\": %lu, \"port\": %u}", told++ ? ", " : "", made[i].role, made[i].fd,
                       (unsigned long) st.st_ino, port);
        }
        printf("]}\n");
        fflush(stdout);
}

static void obey(void) {
        char line[64];
        int fd;

        while (fgets(line, sizeof(line), stdin)) {
                if (sscanf(line, "close %d", &fd) == 1)
                        check(close(fd), "close");
                printf("ok\n");
                fflush(stdout);
        }
}

int main(int argc, char *argv[]) {
        size_t kind;

        for (kind = 0; kind < sizeof(kinds) / sizeof(kinds[0]); kind++) {
                if (argc == 2 && strcmp(argv[1], "list") == 0)
                        puts(kinds[kind].name);
                else if (argc > 1 && strcmp(argv[1], kinds[kind].name) == 0)
                        break;
        }
        if (kind == sizeof(kinds) / sizeof(kinds[0]))
                return argc == 2 && strcmp(argv[1], "list") == 0 ? 0 : 2;
        for (int i = 2; i < argc; i++)
                if (!parse_parameter(argv[i])) {
                        fprintf(stderr, "mksockets: what is %s?\n", argv[i]);
                        return 2;
                }

        if (arg_netns)
                enter_new_netns();
        if (arg_uid >= 0)
                check(setresuid((uid_t) arg_uid, (uid_t) arg_uid, (uid_t) arg_uid), "setresuid");
        kinds[kind].make();
        tell();
        obey();
        return 0;
}
