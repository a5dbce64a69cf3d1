/* SPDX-License-Identifier: MIT */

/* datagrams HOW COUNT: sends COUNT datagrams to itself over loopback, and receives each before the next. Prints the CPU time of one of them, in nanoseconds.
 *
 *   connected, unconnected   over one socket
 *   connected-life, unconnected-life   each over one of its own */

#include <arpa/inet.h>
#include <err.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static struct sockaddr_in there = { .sin_family = AF_INET };

static uint64_t cpu_nsec(void) {
        struct timespec t;

        (void) clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
        return (uint64_t) t.tv_sec * 1000000000 + (uint64_t) t.tv_nsec;
}

static int sender(bool connected) {
        int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        if (fd < 0 || (connected && connect(fd, (struct sockaddr *) &there, sizeof(there)) < 0))
                err(EXIT_FAILURE, "sender");
        return fd;
}

static void pass(int from, int to, bool connected) {
        char data[64] = {};
        ssize_t sent = connected ? send(from, data, sizeof(data), 0) : sendto(from, data, sizeof(data), 0, (struct sockaddr *) &there, sizeof(there));

        if (sent != sizeof(data) || recv(to, data, sizeof(data), 0) != sizeof(data))
                err(EXIT_FAILURE, "datagram");
}

int main(int argc, char *argv[]) {
        unsigned long count = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
        bool connected, lives;
        socklen_t size = sizeof(there);
        uint64_t began;
        int to, from;

        if (count == 0)
                errx(EXIT_FAILURE, "usage: datagrams HOW COUNT");
        connected = strncmp(argv[1], "connected", strlen("connected")) == 0;
        lives = strstr(argv[1], "-life");
        there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        to = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (to < 0 || bind(to, (struct sockaddr *) &there, sizeof(there)) < 0 || getsockname(to, (struct sockaddr *) &there, &size) < 0)
                err(EXIT_FAILURE, "receiver");
        from = lives ? -1 : sender(connected);
        began = cpu_nsec();
        for (unsigned long i = 0; i < count; i++) {
                int fd = lives ? sender(connected) : from;

                pass(fd, to, connected);
                if (lives)
                        (void) close(fd);
        }
        printf("%.0f\n", (double) (cpu_nsec() - began) / (double) count);
        return EXIT_SUCCESS;
}
