/* SPDX-License-Identifier: MIT */

/* The steps of a connection (storm.c), each by the process that has that end of it. */

#include <arpa/inet.h>
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "storm.h"

#define PEERS 32 /* so that ports last while others are in TIME_WAIT */
#define USES 5   /* of one socket, where it is used again */

const Kind *kind;
uint32_t count;
End *ends;
int *fds;
int listener = -1;
Address at;

int check(int r, const char *what) {
        if (r < 0)
                err(EXIT_FAILURE, "%s: %s", kind ? kind->name : "storm", what);
        return r;
}

uint64_t now(void) {
        struct timespec t;

        check(clock_gettime(CLOCK_BOOTTIME, &t), "clock_gettime");
        return (uint64_t) t.tv_sec * 1000000 + (uint64_t) t.tv_nsec / 1000;
}

socklen_t size_of(const Address *a) {
        return a->any.sa_family == AF_INET ? sizeof(a->v4) : sizeof(a->v6);
}

Address address(const char *ip, uint16_t port) {
        Address a = { .any.sa_family = (sa_family_t) kind->family };

        if (kind->family == AF_INET)
                a.v4.sin_port = htons(port);
        else
                a.v6.sin6_port = htons(port);
        if (ip && inet_pton(kind->family, ip, kind->family == AF_INET ? (void *) &a.v4.sin_addr : (void *) &a.v6.sin6_addr) != 1)
                errx(EXIT_FAILURE, "%s is no address", ip);
        return a;
}

static Address peer_of(uint32_t i) {
        char ip[] = "127.0.1.000";

        if (kind->to)
                return address(kind->to, ntohs(at.v4.sin_port));
        (void) snprintf(ip, sizeof(ip), "127.0.1.%u", 1 + i % PEERS);
        return address(ip, ntohs(at.v4.sin_port));
}

int new_socket(int flags) {
        return check(socket(kind->family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0), "socket");
}

static void know(End *e, int fd) {
        socklen_t size = sizeof(Address), peer_size = sizeof(Address);

        check(getsockname(fd, &e->local.any, &size), "getsockname");
        check(getpeername(fd, &e->peer.any, &peer_size), "getpeername");
        e->pid = e->holder = getpid();
        e->used = 1;
}

static void know_client(End *e, int fd) {
        know(e, fd);
        e[1].local = e->peer;
        e[1].peer = e->local;
        e[1].used = 1;
}

static void connect_blocking(End *e, int *fd, uint32_t i) {
        Address to = peer_of(i);

        if (*fd < 0)
                *fd = new_socket(0);
        check(connect(*fd, &to.any, size_of(&to)), "connect");
        know_client(e, *fd);
}

/* The socket of the connection before, if it can be used once more. */
static void connect_again(End *e, int *fd, uint32_t i) {
        if (i % USES == 0 && i > 0)
                (void) close(fd[-2]);
        else if (i > 0)
                *fd = fd[-2];
        connect_blocking(e, fd, i);
}

/* Its own address is known before it connects: of what fails nobody could say it afterwards. It is the .1 of the network of its peer. */
static Address prepare_to_fail(End *e, int *fd, uint32_t i, int flags) {
        Address to = peer_of(i), from = to;
        socklen_t size = sizeof(e->local);
        int once = 1;

        from.v4.sin_port = 0;
        from.v4.sin_addr.s_addr = htonl((ntohl(from.v4.sin_addr.s_addr) & ~0xffu) + 1);
        *fd = new_socket(flags);
        check(bind(*fd, &from.any, size_of(&from)), "bind");
        check(getsockname(*fd, &e->local.any, &size), "getsockname");
        check(setsockopt(*fd, IPPROTO_TCP, TCP_SYNCNT, &once, sizeof(once)), "TCP_SYNCNT");
        e->peer = to;
        e->pid = e->holder = getpid();
        e->used = 1;
        return to;
}

/* 0: it is to succeed. */
static void connect_to(int fd, const Address *to, int error) {
        if (connect(fd, &to->any, size_of(to)) < 0 ? errno != error : error != 0)
                err(EXIT_FAILURE, "%s: connect", kind->name);
}

static void connect_in_vain(End *e, int *fd, uint32_t i) {
        Address to = prepare_to_fail(e, fd, i, 0);

        connect_to(*fd, &to, kind->at_client.error);
}

static void start_in_vain(End *e, int *fd, uint32_t i) {
        Address to = prepare_to_fail(e, fd, i, SOCK_NONBLOCK);

        connect_to(*fd, &to, EINPROGRESS);
}

static void await(int fd, short what) {
        if (poll(&(struct pollfd){ .fd = fd, .events = what }, 1, 60000) != 1)
                errx(EXIT_FAILURE, "%s: nothing came", kind->name);
}

/* Asked by connect(2), which waits for the socket's lock. SO_ERROR would not, and might take the error away before the kernel has ended the attempt. */
static void finish(int fd, const Address *to, int error) {
        await(fd, POLLOUT);
        connect_to(fd, to, error);
}

static void fail(End *e, int *fd, uint32_t i) {
        Address to = peer_of(i);

        finish(*fd, &to, kind->at_client.error);
}

static void connect_nonblocking(End *e, int *fd, uint32_t i) {
        Address to = peer_of(i);

        *fd = new_socket(SOCK_NONBLOCK);
        connect_to(*fd, &to, EINPROGRESS);
        finish(*fd, &to, 0);
        know_client(e, *fd);
}

static void take(End *e, int *fd, uint32_t i) {
        *fd = check(accept4(listener, NULL, NULL, SOCK_CLOEXEC), "accept");
        know(e, *fd);
}

/* What the server sends is another number of bytes. */
static size_t size_from(Order o) {
        return islower(o.step) ? 1 + o.connection % 1000 : 3 + o.connection % 7;
}

static void give(End *e, int *fd, Order o) {
        char buffer[1024] = { 0 };
        size_t size = size_from(o);
        End *other = islower(o.step) ? e + 1 : e - 1;

        if (check((int) send(*fd, buffer, size, MSG_NOSIGNAL), "send") != (int) size)
                errx(EXIT_FAILURE, "send: not all");
        e->sent += size;
        other->received += size;
}

static void give_client(End *e, int *fd, uint32_t i) {
        give(e, fd, (Order){ 'd', i });
}

static void give_server(End *e, int *fd, uint32_t i) {
        give(e, fd, (Order){ 'D', i });
}

static void get(int fd, size_t size) {
        char buffer[1024];

        if (recv(fd, buffer, size, MSG_WAITALL) != (ssize_t) size)
                errx(EXIT_FAILURE, "%s: recv: not all", kind->name);
}

static void get_client(End *e, int *fd, uint32_t i) {
        get(*fd, size_from((Order){ 'D', i }));
}

static void get_server(End *e, int *fd, uint32_t i) {
        get(*fd, size_from((Order){ 'd', i }));
}

static void get_end(End *e, int *fd, uint32_t i) {
        char c;
        ssize_t n;

        await(*fd, POLLIN);
        n = recv(*fd, &c, 1, 0);
        if (n > 0 || (n < 0 && errno != ECONNRESET))
                err(EXIT_FAILURE, "%s: recv: no end", kind->name);
}

static void readable(End *e, int *fd, uint32_t i) {
        await(*fd, POLLIN);
}

static void end_writing(End *e, int *fd, uint32_t i) {
        check(shutdown(*fd, SHUT_WR), "shutdown");
}

void let_go(int *fd) {
        check(close(*fd), "close");
        *fd = -1;
}

static void end(End *e, int *fd, uint32_t i) {
        let_go(fd);
}

static void reset(End *e, int *fd, uint32_t i) {
        const struct linger at_once = { .l_onoff = 1 };

        check(setsockopt(*fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), "SO_LINGER");
        let_go(fd);
}

static void disconnect(End *e, int *fd, uint32_t i) {
        const struct sockaddr none = { .sa_family = AF_UNSPEC };

        check(connect(*fd, &none, sizeof(none)), "connect to nobody");
}

/* With everything that nobody has accepted. */
static void end_listener(End *e, int *fd, uint32_t i) {
        if (i > 0)
                return;
        for (uint32_t n = 0; n < 2 * count; n++)
                ends[n].closed[0] = now();
        let_go(&listener);
}

const Step steps[128] = {
        ['o'] = { connect_blocking, .opens = true },
        ['a'] = { connect_again, .opens = true },
        ['n'] = { connect_nonblocking, .opens = true },
        ['b'] = { connect_in_vain, .opens = true, .ends = true },
        ['f'] = { start_in_vain, .opens = true, .ends = true }, /* what fails may do so at once */
        ['w'] = { fail },
        ['A'] = { take },
        ['d'] = { give_client }, ['D'] = { give_server },
        ['g'] = { get_client }, ['G'] = { get_server },
        ['i'] = { readable }, ['I'] = { readable },
        ['e'] = { get_end }, ['E'] = { get_end },
        ['h'] = { end_writing },
        ['x'] = { end, .ends = true }, ['X'] = { end, .ends = true },
        ['r'] = { reset, .ends = true }, ['R'] = { reset, .ends = true },
        ['u'] = { disconnect, .ends = true },
        ['L'] = { end_listener },
        ['k'] = { NULL, .ends = true }, ['K'] = { NULL, .ends = true }, /* the process of that end is killed */
        ['p'] = { NULL },                                               /* the descriptor goes to another process */
};
