/* SPDX-License-Identifier: MIT */

/* storm N [RATE]: N connections to itself, one after the other: connect, accept, send 100 bytes, receive them, close both ends: two closes
 * each. RATE: closes a second at most. Prints "wall_ms X", "cpu_ms X" and "closes N". */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/parse.h"

#define ADDRESSES 32 /* so that ports last while others are in TIME_WAIT */

static void die(const char *what) {
        (void) fprintf(stderr, "storm: %s: %s\n", what, strerror(errno));
        exit(1);
}

static void once(int listener, struct sockaddr_in *to) {
        char buffer[100] = {};
        int c = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), a;

        if (c < 0 || connect(c, (struct sockaddr *) to, sizeof(*to)) < 0)
                die("connect");
        a = accept(listener, NULL, NULL);
        if (a < 0 || send(c, buffer, sizeof(buffer), 0) != sizeof(buffer) || recv(a, buffer, sizeof(buffer), MSG_WAITALL) != sizeof(buffer))
                die("accept");
        (void) close(c);
        (void) close(a);
}

int main(int argc, char *argv[]) {
        struct sockaddr_in a = { .sin_family = AF_INET };
        socklen_t size = sizeof(a);
        int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        uint64_t wall, cpu;
        uint32_t n, rate = 0;

        if (argc < 2 || argc > 3 || parse_u32(argv[1], 1, 10000000, &n) < 0 || (argc == 3 && parse_u32(argv[2], 1, 10000000, &rate) < 0)) {
                (void) fputs("usage: storm N [RATE]\n", stderr);
                return 2;
        }
        (void) prctl(PR_SET_NAME, "bench-storm");
        if (listener < 0 || bind(listener, (struct sockaddr *) &a, sizeof(a)) < 0 || listen(listener, 128) < 0 ||
            getsockname(listener, (struct sockaddr *) &a, &size) < 0)
                die("listen");
        wall = clock_monotonic();
        cpu = clock_cpu();
        for (uint32_t i = 0; i < n; i++) {
                uint64_t due = rate ? wall + (uint64_t) i * 2 * 1000000 / rate : 0, now = rate ? clock_monotonic() : 0;

                if (now < due)
                        (void) usleep((useconds_t) (due - now));
                a.sin_addr.s_addr = htonl(0x7f000101 + i % ADDRESSES);
                once(listener, &a);
        }
        (void) printf("wall_ms %.3f\ncpu_ms %.3f\ncloses %u\n", (double) (clock_monotonic() - wall) / 1000, (double) (clock_cpu() - cpu) / 1000, n * 2);
        return 0;
}
