/* SPDX-License-Identifier: MIT */

/* records [RING]: what the programs in the kernel record, a JSON line each, from `ready` until its standard input ends; then one line more with what they
 * counted: the book of this network namespace, and what was lost. RING: bytes of the ring, a power of two.
 * records alone: loads each program alone, and prints its name and the errno, 0 if the kernel takes it. */

#include <arpa/inet.h>
#include <ctype.h>
#include <err.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "collect/hooks.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

static uint64_t read_count;

static const char *name_of(unsigned kind) {
        static const char *const names[] = { [RECORD_OPEN] = "open", [RECORD_CLOSE] = "close", [RECORD_EXEC] = "exec", [RECORD_EXIT] = "exit" };

        return kind < sizeof(names) / sizeof(*names) && names[kind] ? names[kind] : "process";
}

static void print_address(const char *name, const uint8_t ip[16], uint8_t family, uint16_t port) {
        char text[INET6_ADDRSTRLEN];

        printf("\"%s\": [\"%s\", %u], ", name, inet_ntop(family, ip, text, sizeof(text)), ntohs(port));
}

static void print_socket(const struct RecordSocket *r) {
        printf("{\"kind\": \"%s\", \"flags\": %u, \"old_state\": %u, \"error\": %u, \"opener\": %u, \"closer\": %u, ", name_of(r->kind), r->flags, r->old_state,
               r->error, r->opener.pid, r->closer.pid);
        print_address("local", r->local, r->family, r->local_port);
        print_address("peer", r->peer, r->family, r->peer_port);
        printf("\"sent\": %llu, \"received\": %llu, \"opened\": %llu, \"when\": %llu, \"netns\": %u}\n", r->bytes_sent,
               r->bytes_received - ((r->flags & RECORD_FIN) != 0), r->opened / 1000, r->when / 1000, r->netns_inode);
}

/* Any process may call itself anything. */
static void print_text(const char *name, const char *text, size_t size) {
        printf(", \"%s\": \"", name);
        for (size_t i = 0; i < size && text[i]; i++)
                putchar(isalnum((unsigned char) text[i]) || strchr("/-_.", text[i]) ? text[i] : '?');
        putchar('"');
}

static void print_process(const struct RecordProcessHead *h, size_t size) {
        const struct RecordExec *e = (const struct RecordExec *) h;

        printf("{\"kind\": \"%s\", \"pid\": %u, \"parent\": %u, \"when\": %llu", name_of(h->kind), h->process.pid, h->parent.pid, h->when / 1000);
        print_text("comm", h->comm, sizeof(h->comm));
        if (size >= sizeof(*e))
                print_text("exe", e->exe.text + e->exe.begin, RECORD_PATH - e->exe.begin);
        puts("}");
}

static int take(void *userdata, const void *record, size_t size) {
        const struct RecordProcessHead *h = record;

        read_count++;
        if (h->kind <= RECORD_CLOSE)
                print_socket(record);
        else
                print_process(h, size);
        return 0;
}

static void take_loss(void *userdata, uint32_t pid, const struct RecordLoss *loss) {
        printf("%s[%u, %llu, %llu, %llu]", *(const char **) userdata, pid, loss->count, loss->bytes_sent, loss->bytes_received);
        *(const char **) userdata = ", ";
}

static void print_counts(Hooks *h) {
        struct RecordBook b = { 0 };
        uint64_t netns, lost[_LOST_MAX];
        socklen_t size = sizeof(netns);
        int s = socket(AF_INET, SOCK_STREAM, 0);
        const char *separator = "";

        if (s < 0 || getsockopt(s, SOL_SOCKET, SO_NETNS_COOKIE, &netns, &size) < 0)
                err(EXIT_FAILURE, "SO_NETNS_COOKIE");
        (void) close(s);
        (void) hooks_book(h, netns, &b); /* none yet: zeros */
        if (hooks_lost(h, lost) < 0)
                errx(EXIT_FAILURE, "hooks_lost");
        printf("{\"read\": %lu, \"active\": %llu, \"passive\": %llu, \"watched_active\": %llu, \"watched_passive\": %llu, \"unsent\": %llu, \"lost\": [", read_count,
               b.active, b.passive, b.watched_active, b.watched_passive, b.unsent);
        for (int i = 0; i < _LOST_MAX; i++)
                printf("%s%lu", i ? ", " : "", lost[i]);
        printf("], \"lost_by\": [");
        if (hooks_take_losses(h, take_loss, &separator) < 0)
                errx(EXIT_FAILURE, "hooks_take_losses");
        puts("]}");
}

static int load_alone(void) {
        int errors[_HOOK_MAX];
        int r = hooks_probe(errors);

        if (r < 0)
                errx(EXIT_FAILURE, "hooks_probe: %s", strerror(-r));
        for (unsigned i = 0; i < _HOOK_MAX; i++)
                printf("%s %d\n", hook_name(i), -errors[i]);
        return EXIT_SUCCESS;
}

int main(int argc, char *argv[]) {
        size_t ring = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
        struct pollfd fds[2] = { { .fd = STDIN_FILENO, .events = POLLIN }, { .events = POLLIN } };
        Hook refused;
        Hooks *h;
        int r;

        if (argc > 1 && strcmp(argv[1], "alone") == 0)
                return load_alone();
        r = hooks_open(&h, ring, 0, &refused);
        if (r < 0)
                errx(EXIT_FAILURE, "hooks_open: %s: %s", refused < _HOOK_MAX ? hook_name(refused) : "?", strerror(-r));
        puts("ready");
        (void) fflush(stdout);
        fds[1].fd = hooks_fd(h);
        while (fds[0].revents == 0) {
                (void) poll(fds, 2, 50);
                while (hooks_read(h, 1024, take, NULL) == 1024)
                        ;
        }
        print_counts(h);
        hooks_free(h);
        return EXIT_SUCCESS;
}
