/* SPDX-License-Identifier: MIT */

/* dump KIND [PID [confirm]]: what a collector says about the namespace of a process (0: our own), as JSON
 * lines: one a socket, and one with the coverage behind each table. With `confirm` each socket is asked for again by name.
 * dump walk|walk-one [PID [all]]: what the iterator says of that namespace, or (all) of all: what each process holds, or that process alone; one line a
 * descriptor. */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/parse.h"
#include "collect/collect.h"
#include "collect/procfs.h"
#include "collect/walk.h"

typedef struct Dump {
        Collector *collector;
        const Netns *netns;
        bool confirm, all;
        Socket *sockets; /* asked for again when the table is read */
        size_t count, allocated;
} Dump;

static void print_figure(const char *name, uint64_t value) {
        if (value == SOCKET_UNKNOWN)
                printf(", \"%s\": null", name);
        else
                printf(", \"%s\": %" PRIu64, name, value);
}

static void print_addresses(const Socket *s) {
        char local[ENDPOINT_TEXT_MAX], peer[ENDPOINT_TEXT_MAX];
        Family family = (Family) s->family;

        printf(", \"local\": [\"%s\", %u], \"peer\": [\"%s\", %u]", endpoint_ip(family, &s->local, local), s->local.port,
               endpoint_ip(family, &s->peer, peer), s->peer.port);
}

static void print_holder(const HolderAt *at) {
        if (at)
                printf(", \"pid\": %u, \"start\": %" PRIu64 ", \"fd\": %d", at->pid, at->start_ticks, at->fd);
}

static void print_path(const Socket *s) {
        printf(", \"path\": \"");
        for (unsigned i = 0; i < s->path_size; i++)
                printf("%02x", (unsigned char) s->path[i]);
        printf("\", \"peer_inode\": %u", s->peer_inode);
}

static void print_socket(const Dump *d, const Socket *s, const HolderAt *at) {
        printf("{\"table\": \"%s\", \"family\": \"%s\", \"transport\": \"%s\", \"state\": \"%s\", \"inode\": %u, \"cookie\": %" PRIu64
               ", \"netns\": %" PRIu64 ", \"uid\": %u, \"send_queue\": %u, \"receive_queue\": %u, \"interface\": %u, \"shutdown\": %u"
               ", \"timer\": %u, \"timer_msec\": %u, \"retransmits\": %u",
               table_name(table_of(s->family, s->transport)), family_name(s->family), transport_name(s->transport) ?: "", state_name(s->state), s->inode, s->cookie,
               s->netns, s->uid, s->send_queue, s->receive_queue, s->interface, s->shutdown, s->timer, s->timer_msec, s->retransmits);
        if (s->device[0])
                printf(", \"device\": \"%s\"", s->device);
        if (s->family == FAMILY_NETLINK || s->family == FAMILY_PACKET)
                printf(", \"protocol\": %u, \"port_id\": %u", s->local.port, endpoint_word(&s->local, 0));
        if (socket_has_addresses(s))
                print_addresses(s);
        else
                print_path(s);
        print_figure("bytes_sent", s->bytes_sent);
        print_figure("bytes_received", s->bytes_received);
        print_figure("total_retransmits", s->total_retransmits);
        print_figure("rtt_usec", s->rtt_usec);
        print_figure("idle_usec", s->idle_usec);
        print_figure("cgroup", s->cgroup);
        print_holder(at);
        if (d->confirm)
                printf(", \"confirm\": %d", collector_confirm(d->collector, d->netns, s));
        printf("}\n");
}

static int dump_begin(void *userdata, const Netns *netns, TableKind table, uint64_t t) {
        Dump *d = userdata;

        d->count = 0;
        return 0;
}

static int dump_row(void *userdata, const Socket *socket) {
        Dump *d = userdata;

        if (socket->subflow)
                return 0;
        if (d->count == d->allocated) {
                size_t want = MAX(d->allocated * 2, (size_t) 1024);
                Socket *p = reallocarray(d->sockets, want, sizeof(*p));

                if (!p)
                        return -ENOMEM;
                d->sockets = p;
                d->allocated = want;
        }
        d->sockets[d->count++] = *socket;
        return 0;
}

static int dump_end(void *userdata, const Netns *netns, TableKind table, uint64_t t, Coverage coverage) {
        Dump *d = userdata;

        for (size_t i = 0; i < d->count; i++)
                print_socket(d, &d->sockets[i], NULL);
        printf("{\"table\": \"%s\", \"coverage\": \"%s\", \"error\": %d}\n", table_name(table), coverage_name(coverage.state), coverage.error);
        return 0;
}

static int print_held(void *userdata, const Held *held) {
        const Dump *d = userdata;

        if (d->all || (held->socket.netns == d->netns->id && held->netns_inode == d->netns->inode))
                print_socket(d, &held->socket, &held->at);
        return 0;
}

static int walk(Dump *d, int proc_fd, uint32_t pid) {
        _cleanup_free_ uint32_t *pids = NULL;
        size_t count = 1;
        int r = pid == 0 ? procfs_list(proc_fd, &pids, &count) : 0;

        for (size_t i = 0; i < count && r >= 0; i++)
                r = collector_walk(d->collector, pids ? pids[i] : pid, false, d->netns, 1, print_held, NULL, d);

        for (TableKind t = 0; t < _TABLE_MAX; t++)
                printf("{\"table\": \"%s\", \"coverage\": \"%s\"}\n", table_name(t), coverage_name(WALK_TABLES & TABLE_BIT(t) ? COVERAGE_OK : COVERAGE_DENIED));
        return r;
}

int main(int argc, char *argv[]) {
        _cleanup_close_ int proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
        _cleanup_(collector_freep) Collector *c = NULL;
        Netns netns;
        Dump dump = { .netns = &netns, .confirm = argc > 3 && strcmp(argv[3], "confirm") == 0, .all = argc > 3 && strcmp(argv[3], "all") == 0 };
        const Taker taker = { .userdata = &dump, .begin = dump_begin, .row = dump_row, .end = dump_end };
        bool walks = argc > 1 && strncmp(argv[1], "walk", 4) == 0;
        int kind, r;
        uint32_t pid = 0;

        kind = argc > 1 ? collector_from_name(walks ? "bpf" : argv[1]) : -1;
        if (kind < 0 || (argc > 2 && parse_u32(argv[2], 0, INT32_MAX, &pid) < 0)) {
                fprintf(stderr, "dump KIND [PID [confirm]]\n");
                return 2;
        }
        r = collector_new(&c, (CollectorKind) kind, proc_fd);
        if (r >= 0)
                r = collector_netns(c, dump.all ? 0 : pid, &netns);
        if (r >= 0) {
                dump.collector = c;
                r = walks ? walk(&dump, proc_fd, strcmp(argv[1], "walk-one") == 0 ? pid : 0) : collector_look(c, &netns, TABLES_ALL, &taker);
        }
        free(dump.sockets);
        if (r < 0)
                fprintf(stderr, "dump: %s\n", strerror(-r));
        return r < 0;
}
