/* SPDX-License-Identifier: MIT */

/* connections N [COMM]: makes N loopback connections, both ends in processes of ours (comm "bench-held", or COMM), as many a process as its
 * descriptors allow, prints "ready" and holds them until standard input ends. */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/macro.h"
#include "base/parse.h"

#define WORKERS_MAX 200

static void die(const char *what) {
        (void) fprintf(stderr, "connections: %s: %s\n", what, strerror(errno));
        exit(1);
}

/* Both ends in processes of their own. Worker number i listens at an address that no other has, so that ports last. */
static void hold(unsigned i, unsigned n, const char *comm) {
        struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f010001 + (i << 8)) };
        socklen_t size = sizeof(a);
        int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        pid_t client;

        (void) prctl(PR_SET_NAME, comm);
        if (listener < 0 || bind(listener, (struct sockaddr *) &a, sizeof(a)) < 0 || listen(listener, 4096) < 0 ||
            getsockname(listener, (struct sockaddr *) &a, &size) < 0)
                die("listen");
        client = fork();
        if (client < 0)
                die("fork");
        if (client == 0) {
                (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
                (void) close(listener);
                for (unsigned k = 0; k < n; k++) {
                        int c = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

                        if (c < 0 || connect(c, (struct sockaddr *) &a, sizeof(a)) < 0)
                                die("connect");
                }
                for (;;)
                        (void) pause();
        }
        for (unsigned k = 0; k < n; k++)
                if (accept(listener, NULL, NULL) < 0)
                        die("accept");
}

int main(int argc, char *argv[]) {
        pid_t workers[WORKERS_MAX];
        unsigned n, each, count = 0;
        struct rlimit limit;
        int ready[2];
        char c;

        if (argc < 2 || argc > 3 || parse_u32(argv[1], 1, 1000000, &n) < 0) {
                (void) fputs("usage: connections N [COMM]\n", stderr);
                return 2;
        }
        if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
                die("getrlimit");
        limit.rlim_cur = limit.rlim_max;
        (void) setrlimit(RLIMIT_NOFILE, &limit);
        each = MIN((unsigned) limit.rlim_cur - 100, 10000u); /* so that free ports are found at once */
        if (pipe(ready) < 0)
                die("pipe");
        for (unsigned left = n; left > 0 && count < WORKERS_MAX; count++) {
                unsigned mine = left < each ? left : each;

                workers[count] = fork();
                if (workers[count] < 0)
                        die("fork");
                if (workers[count] == 0) {
                        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
                        hold(count, mine, argc > 2 ? argv[2] : "bench-held");
                        if (write(ready[1], "r", 1) != 1)
                                die("write");
                        for (;;)
                                (void) pause();
                }
                left -= mine;
        }
        for (unsigned i = 0; i < count; i++)
                if (read(ready[0], &c, 1) != 1)
                        die("a worker");
        (void) puts("ready");
        (void) fflush(stdout);
        while (read(STDIN_FILENO, &c, 1) > 0)
                ;
        for (unsigned i = 0; i < count; i++)
                (void) kill(workers[i], SIGKILL);
        while (wait(NULL) > 0)
                ;
        return 0;
}
