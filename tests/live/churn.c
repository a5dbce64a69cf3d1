/* SPDX-License-Identifier: MIT */

/* Sockets that nobody touches, and churn beside them.
 *
 *     churn keep unix|tcp|udp COUNT   opens COUNT sockets under the name `kept`, says "ready" and waits
 *     churn stir unix|tcp|udp         opens and closes under the name `stirrer`, one loop a CPU, until its input ends
 *     churn pass unix|tcp|udp RATE    opens RATE pairs (UDP: sockets) a second under the name `kept`; each lives for half a second
 *
 * All end with their standard input; stir then prints how often it went round, pass how many it opened. TCP goes through 127.0.0.1 within the process
 * and is closed by reset, so that no TIME_WAIT uses up the ports. */

#include <arpa/inet.h>
#include <err.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define STIRRERS 1

typedef enum Kind {
        KIND_UNIX,
        KIND_TCP,
        KIND_UDP,
} Kind;

typedef struct Pair {
        int fd[2]; /* the second one is -1 for UDP */
} Pair;

static const char *const kinds[] = { "unix", "tcp", "udp" };
static atomic_bool over;
static atomic_ulong rounds;

static int check(int r, const char *what) {
        if (r < 0)
                err(EXIT_FAILURE, "%s", what);
        return r;
}

/* 127.0.0.1 has too few ports for all: `host` is spread over 127.0.0.0/8. */
static struct sockaddr_in address(unsigned host) {
        return (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001 + host) };
}

/* A listener on a port of its own; *ret: where. */
static int listener(unsigned host, struct sockaddr_in *ret) {
        socklen_t size = sizeof(*ret);
        int fd = check(socket(AF_INET, SOCK_STREAM, 0), "socket");

        *ret = address(host);
        check(bind(fd, (struct sockaddr *) ret, sizeof(*ret)), "bind");
        check(listen(fd, 64), "listen");
        check(getsockname(fd, (struct sockaddr *) ret, &size), "getsockname");
        return fd;
}

static Pair open_tcp(unsigned host, int at, const struct sockaddr_in *to) {
        const struct linger reset = { .l_onoff = 1 };
        struct sockaddr_in from = address(host);
        int late = 1; /* the port is chosen at connect(2): it need be free only towards that peer */
        Pair p;

        p.fd[0] = check(socket(AF_INET, SOCK_STREAM, 0), "socket");
        check(setsockopt(p.fd[0], IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &late, sizeof(late)), "late");
        check(bind(p.fd[0], (struct sockaddr *) &from, sizeof(from)), "bind");
        check(connect(p.fd[0], (const struct sockaddr *) to, sizeof(*to)), "connect");
        p.fd[1] = check(accept(at, NULL, NULL), "accept");
        for (int i = 0; i < 2; i++)
                check(setsockopt(p.fd[i], SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), "linger");
        return p;
}

static Pair open_udp(unsigned host) {
        struct sockaddr_in a = address(host);
        Pair p = { .fd = { check(socket(AF_INET, SOCK_DGRAM, 0), "socket"), -1 } };

        check(bind(p.fd[0], (struct sockaddr *) &a, sizeof(a)), "bind");
        return p;
}

static Pair open_pair(Kind kind, unsigned host, int at, const struct sockaddr_in *to) {
        Pair p;

        if (kind == KIND_TCP)
                return open_tcp(host, at, to);
        if (kind == KIND_UDP)
                return open_udp(host);
        check(socketpair(AF_UNIX, SOCK_STREAM, 0, p.fd), "socketpair");
        return p;
}

static void close_pair(Pair p) {
        (void) close(p.fd[0]);
        if (p.fd[1] >= 0)
                (void) close(p.fd[1]);
}

static void keep(Kind kind, unsigned count) {
        struct sockaddr_in to = {};
        int at = kind == KIND_TCP ? listener(1, &to) : -1;

        for (unsigned i = 0; i < count; i += kind == KIND_UDP ? 1 : 2)
                (void) open_pair(kind, 2 + i / 10000, at, &to);
        puts("ready");
        (void) fflush(stdout);
        while (getchar() >= 0)
                ;
}

static void *stir(void *argument) {
        static atomic_uint threads;
        unsigned host = 100 + ++threads;
        const Kind kind = *(const Kind *) argument;
        struct sockaddr_in to = {};
        int at = kind == KIND_TCP ? listener(host, &to) : -1;

        while (!over) {
                close_pair(open_pair(kind, host, at, &to));
                rounds++;
        }
        return NULL;
}

static void stir_all(Kind kind) {
        pthread_t threads[STIRRERS];

        for (int i = 0; i < STIRRERS; i++)
                if (pthread_create(&threads[i], NULL, stir, &kind) != 0)
                        errx(EXIT_FAILURE, "pthread_create");
        puts("ready");
        (void) fflush(stdout);
        while (getchar() >= 0)
                ;
        over = true;
        for (int i = 0; i < STIRRERS; i++)
                (void) pthread_join(threads[i], NULL);
        printf("%lu\n", rounds);
}

static double seconds(void) {
        struct timespec t;

        check(clock_gettime(CLOCK_MONOTONIC, &t), "clock_gettime");
        return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

/* What a slow machine falls behind is not made up for: after a pause no flood comes. */
static void pass(Kind kind, unsigned rate) {
        const unsigned alive = rate / 2;
        Pair *pairs = calloc(alive, sizeof(Pair));
        struct sockaddr_in to = {};
        int at = kind == KIND_TCP ? listener(1, &to) : -1;
        unsigned long opened = 0;
        double due = seconds();

        if (!pairs || alive == 0)
                errx(EXIT_FAILURE, "no rate");
        puts("ready");
        (void) fflush(stdout);
        while (poll(&(struct pollfd){ .fd = STDIN_FILENO, .events = POLLIN }, 1, 5) == 0) {
                double now = seconds();

                if (due < now - 0.1)
                        due = now - 0.1;
                for (; due < now; due += 1.0 / rate, opened++) {
                        if (opened >= alive)
                                close_pair(pairs[opened % alive]);
                        pairs[opened % alive] = open_pair(kind, 2, at, &to);
                }
        }
        for (unsigned long i = opened > alive ? opened - alive : 0; i < opened; i++)
                close_pair(pairs[i % alive]);
        free(pairs);
        printf("%lu\n", opened);
}

int main(int argc, char *argv[]) {
        const struct rlimit files = { 1 << 17, 1 << 17 };
        const char *verb = argc > 1 ? argv[1] : "";
        bool stirs = argc == 3 && strcmp(verb, "stir") == 0;
        Kind kind = KIND_UNIX;

        if (!stirs && !(argc == 4 && (strcmp(verb, "keep") == 0 || strcmp(verb, "pass") == 0)))
                errx(2, "usage: churn keep KIND COUNT | churn stir KIND | churn pass KIND RATE");
        while (kind <= KIND_UDP && strcmp(kinds[kind], argv[2]) != 0)
                kind++;
        if (kind > KIND_UDP)
                errx(2, "unknown kind %s", argv[2]);
        check(prctl(PR_SET_NAME, stirs ? "stirrer" : "kept"), "prctl");
        (void) setrlimit(RLIMIT_NOFILE, &files);
        if (stirs)
                stir_all(kind);
        else if (strcmp(verb, "keep") == 0)
                keep(kind, (unsigned) strtoul(argv[3], NULL, 10));
        else
                pass(kind, (unsigned) strtoul(argv[3], NULL, 10));
        return EXIT_SUCCESS;
}
