/* SPDX-License-Identifier: MIT */

/* looks WHAT: measures one thing in a fresh process and prints "NAME VALUE" lines: milliseconds of wall and CPU, bytes.
 *
 *   bare [PID...]     the kernel's own dump of TCP over IPv4 and IPv6, received and thrown away: in this network namespace, or in those of
 *                     these processes
 *   look COLLECTOR    first cycle of a daemon that watches the processes named bench-held: processes, holders, tables,
 *                     ledger; events are made and thrown away
 *   steady WHAT [noticed [COLLECTOR]]   the looks of a daemon that has watched the processes of this name for a while, or, if WHAT is a path,
 *                     what this configuration says: CPU of each, one a second; noticed: it hears of processes. Half a second after each
 *                     bare dumps, as above, of the namespaces that it looked at, so that whatever else goes on is in both. With collector bpf sockets
 *                     of UDP and unix ones are wanted, too
 *   ledger            feeding the ledger the map it has already, from memory, and judging it
 *   foreign           the same as look sock_diag, but nobody is watched who holds these connections */

#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <malloc.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "collect/collect.h"
#include "collect/connector.h"
#include "collect/deputy.h"
#include "collect/netns.h"
#include "config/config.h"
#include "cycle.h"

#define NAMESPACES_MAX 512

static uint64_t wall0, cpu0;

static void start(void) {
        wall0 = clock_monotonic();
        cpu0 = clock_cpu();
}

static void stop(void) {
        uint64_t wall = clock_monotonic() - wall0, cpu = clock_cpu() - cpu0;

        (void) printf("wall_ms %llu.%03llu\ncpu_ms %llu.%03llu\n", (unsigned long long) (wall / 1000),
                      (unsigned long long) (wall % 1000), (unsigned long long) (cpu / 1000), (unsigned long long) (cpu % 1000));
}

/* "VmRSS" or "VmHWM" of this process in bytes. */
static unsigned long long memory(const char *what) {
        char text[8192], *line;

        if (fd_read_once_at(AT_FDCWD, "/proc/self/status", text, sizeof(text)) < 0)
                return 0;
        line = strstr(text, what);
        return line ? strtoull(line + strlen(what) + 1, NULL, 10) * 1024 : 0;
}

static int dump(int fd, unsigned family) {
        static char buffer[32768];
        struct {
                struct nlmsghdr header;
                struct inet_diag_req_v2 request;
        } m = {
                .header = { .nlmsg_len = sizeof(m), .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
                .request = { .sdiag_family = (uint8_t) family, .sdiag_protocol = IPPROTO_TCP,
                             .idiag_ext = 1 << (INET_DIAG_INFO - 1), .idiag_states = ~(1u << 6 | 1u << 12) },
        };
        bool done = false;

        if (send(fd, &m, sizeof(m), 0) < 0)
                return -1;
        while (!done) {
                ssize_t n = recv(fd, buffer, sizeof(buffer), 0);
                struct nlmsghdr *h = (struct nlmsghdr *) buffer;

                if (n <= 0)
                        return -1;
                for (; NLMSG_OK(h, (size_t) n); h = NLMSG_NEXT(h, n))
                        done |= h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR;
        }
        return 0;
}

/* Getting there is not part of what is measured. */
static int netlink_in(const char *pid) {
        char path[64];
        int fd;

        (void) snprintf(path, sizeof(path), "/proc/%s/ns/net", pid);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
                return -1;
        (void) fd_close(fd);
        return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
}

static int bare(char **pids, int count) {
        int fds[NAMESPACES_MAX] = {}, n = 0;

        if (count == 0)
                fds[n++] = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
        while (n < count && n < NAMESPACES_MAX) {
                fds[n] = netlink_in(pids[n]);
                n++;
        }
        start();
        for (int i = 0; i < n; i++)
                if (fds[i] < 0 || dump(fds[i], AF_INET) < 0 || dump(fds[i], AF_INET6) < 0)
                        return 1;
        stop();
        return 0;
}

static void count_event(void *userdata, const Event *e) {
        (void) e;
        (*(uint64_t *) userdata)++;
}

static void watch(Config *config, const char *comm) {
        Rule *rule = calloc(1, sizeof(Rule));

        config_init(config);
        *rule = (Rule){ .name = strdup("bench"), .match = calloc(1, sizeof(Match)), .descendants = true, .processes = true,
                        .sockets = { .transports = 1u << TRANSPORT_TCP, .listen = -1 }, .changed = CHANGE_ALL };
        (void) strings_add(&rule->match->comm, comm);
        config->rules.rules = rule;
        config->rules.count = 1;
}

static int look(CollectorKind kind, const char *comm) {
        uint64_t events = 0;
        Collector *collector;
        Config config;
        Cycle cycle = {};
        CycleFigures figures;
        LedgerOptions options = { .boot_id = "00000000000000000000000000000000", .secret = { 1, 2 } };
        LedgerStatus status;
        unsigned long long before;
        Ledger *ledger;
        int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        watch(&config, comm);
        if (proc_fd < 0 || collector_new(&collector, kind, proc_fd) < 0 ||
            ledger_new(&ledger, &options, &config.rules, count_event, &events) < 0)
                return 1;
        cycle = (Cycle){ .proc_fd = proc_fd, .collector = collector, .ledger = ledger, .config = &config };
        before = memory("VmRSS:");
        start();
        if (cycle_run(&cycle, &figures) < 0)
                return 1;
        stop();
        ledger_status(ledger, &status);
        (void) printf("watched %zu\nforeign %zu\nevents %llu\npeak_bytes %llu\n", status.sockets, status.foreign,
                      (unsigned long long) events, memory("VmHWM:") - before);
        (void) malloc_trim(0);
        (void) printf("steady_bytes %llu\n", memory("VmRSS:") - before);
        (void) fflush(stdout);
        wall0 = clock_monotonic();
        cpu0 = clock_cpu();
        if (cycle_run(&cycle, &figures) < 0)
                return 1;
        (void) printf("again_wall_ms %.3f\nagain_cpu_ms %.3f\n", (double) (clock_monotonic() - wall0) / 1000,
                      (double) (clock_cpu() - cpu0) / 1000);
        ledger_free(ledger);
        collector_free(collector);
        cycle_done(&cycle);
        config_done(&config);
        (void) fd_close(proc_fd);
        return 0;
}

/* --- looks that find nothing new ------------------------------------------------------------------- */

#define RESCANS_BEFORE 3 /* each is read once more after its first walk */
#define RESCANS 2        /* whole ones are measured: a rescan and the looks to the next one, so that the mean is what it is in the long run */
#define LOOKS_MAX 100

static void take_notice(void *userdata, const ConnectorNotice *n) {
        static const NoticeKind kinds[] = {
                [CONNECTOR_FORK] = NOTICE_FORK, [CONNECTOR_EXEC] = NOTICE_EXEC, [CONNECTOR_CHANGE] = NOTICE_CHANGE, [CONNECTOR_EXIT] = NOTICE_EXIT,
        };
        uint64_t now = clock_boottime();

        if (n->kind != CONNECTOR_ACK)
                cycle_process_queue(userdata, kinds[n->kind], n->pid, now, now);
}

typedef struct Costs {
        uint64_t items[LOOKS_MAX], sum;
        size_t count;
} Costs;

static void cost_add(Costs *c, uint64_t cost) {
        c->sum += c->items[c->count++] = cost;
}

static int compare_costs(const void *a, const void *b) {
        return CMP(*(const uint64_t *) a, *(const uint64_t *) b);
}

static int configure(Config *config, const char *what) {
        _cleanup_text_ Text messages = {};

        if (!strchr(what, '/')) {
                watch(config, what);
                return 0;
        }
        return config_load(what, CONFIG_TRUST_WARN, config, &messages);
}

static void costs_print(Costs *c, const char *what) {
        qsort(c->items, c->count, sizeof(c->items[0]), compare_costs);
        (void) printf("%smedian_ms %.3f\n%smean_ms %.3f\n%smost_ms %.3f\n", what, (double) c->items[c->count / 2] / 1000, what,
                      (double) c->sum / (double) c->count / 1000, what, (double) c->items[c->count - 1] / 1000);
}

/* CPU of bare dumps where the last cycle looked. Getting there is not part of it; nor is who is gone. */
static uint64_t bare_cost(const Cycle *c) {
        uint64_t sum = 0;

        for (size_t i = 0; i < c->looked; i++) {
                int fd = netns_socket(c->proc_fd, c->namespaces[i].pid, AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);
                uint64_t cpu = clock_cpu();

                if (fd >= 0 && dump(fd, AF_INET) == 0 && dump(fd, AF_INET6) == 0)
                        sum += clock_cpu() - cpu;
                (void) fd_close(fd);
        }
        return sum;
}

static int steady(const char *what, bool noticed, CollectorKind kind) {
        LedgerOptions options = { .boot_id = "00000000000000000000000000000000", .secret = { 1, 2 } };
        Costs looks = {}, dumps = {};
        uint64_t events = 0;
        unsigned rescans = 0;
        Connector connector = CONNECTOR_NULL;
        CycleFigures figures;
        LedgerStatus status;
        Collector *collector;
        Config config;
        Cycle cycle;
        Ledger *ledger;
        int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (configure(&config, what) < 0 || proc_fd < 0 || collector_new(&collector, kind, proc_fd) < 0 ||
            ledger_new(&ledger, &options, &config.rules, count_event, &events) < 0 || (noticed && connector_open(&connector, false) < 0))
                return 1;
        if (kind == COLLECTOR_BPF)
                config.rules.rules[0].sockets = (SocketFilter){ .families = 1u << FAMILY_IPV4 | 1u << FAMILY_IPV6 | 1u << FAMILY_UNIX, .listen = -1 };
        cycle = (Cycle){ .proc_fd = proc_fd, .collector = collector, .ledger = ledger, .config = &config, .processes.noticed = noticed };
        while (looks.count < LOOKS_MAX) {
                uint64_t cpu, walked = cycle.walked;

                (void) usleep(500000);
                cpu = clock_cpu();
                if (noticed && connector_receive(&connector, 100000, take_notice, &cycle) < 0)
                        return 1;
                if (cycle_run(&cycle, &figures) < 0)
                        return 1;
                cpu = clock_cpu() - cpu;
                rescans += cycle.walked != walked;
                if (rescans == RESCANS_BEFORE + RESCANS)
                        break;
                if (rescans >= RESCANS_BEFORE)
                        cost_add(&looks, cpu);

                (void) usleep(500000);
                cpu = bare_cost(&cycle);
                if (rescans >= RESCANS_BEFORE)
                        cost_add(&dumps, cpu);
        }
        ledger_status(ledger, &status);
        (void) printf("watched %zu\nknown %zu\nnamespaces %zu\n", status.sockets, status.known, cycle.looked);
        costs_print(&looks, "");
        costs_print(&dumps, "bare_");
        connector_close(&connector);
        ledger_free(ledger);
        collector_free(collector);
        cycle_done(&cycle);
        config_done(&config);
        (void) fd_close(proc_fd);
        return 0;
}

/* --- the ledger alone ------------------------------------------------------------------------------ */

typedef struct Rows {
        Socket *rows;
        size_t count, room;
} Rows;

static int take_begin(void *userdata, const Netns *netns, TableKind table, uint64_t t) {
        return 0;
}

static int take_row(void *userdata, const Socket *row) {
        Rows *r = userdata;

        if (r->count == r->room) {
                r->room = r->room ? r->room * 2 : 1024;
                r->rows = reallocarray(r->rows, r->room, sizeof(Socket));
        }
        r->rows[r->count++] = *row;
        return 0;
}

static int take_end(void *userdata, const Netns *netns, TableKind table, uint64_t t, Coverage coverage) {
        return 0;
}

static void feed(Ledger *l, const Netns *netns, const Rows *rows, uint64_t now) {
        (void) ledger_look_begin(l, netns, TABLE_TCP, now);
        for (size_t i = 0; i < rows->count; i++)
                (void) ledger_see(l, &rows->rows[i]);
        (void) ledger_look_end(l, now + 1, (Coverage){});
        ledger_judge(l, now + 2);
}

/* Every row is held by one process, with the descriptor of its number. */
static int ledger_alone(void) {
        Taker taker = { .begin = take_begin, .row = take_row, .end = take_end };
        LedgerOptions options = { .boot_id = "00000000000000000000000000000000", .secret = { 1, 2 } };
        uint64_t events = 0, least = UINT64_MAX;
        Rows rows = {};
        Process p = {};
        Netns netns;
        Collector *collector;
        Config config;
        Ledger *l;
        int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        watch(&config, "bench-held");
        taker.userdata = &rows;
        if (proc_fd < 0 || collector_new(&collector, COLLECTOR_SOCK_DIAG, proc_fd) < 0 || collector_netns(collector, 0, &netns) < 0 ||
            collector_look(collector, &netns, TABLE_BIT(TABLE_TCP), &taker) < 0 ||
            ledger_new(&l, &options, &config.rules, count_event, &events) < 0)
                return 1;
        process_init(&p);
        p.pid = 7;
        p.start_ticks = 1;
        p.comm = strdup("bench-held");
        ledger_processes_begin(l, 1);
        (void) ledger_process_see(l, &p);
        ledger_processes_end(l, 2, true);
        (void) ledger_holders_begin(l, 7, 1, 0);
        for (size_t i = 0; i < rows.count; i++)
                if (rows.rows[i].inode != 0)
                        (void) ledger_hold(l, (int) i, rows.rows[i].inode);
        ledger_holders_end(l, 3, 0, (Coverage){});
        feed(l, &netns, &rows, 10);
        for (uint64_t i = 0; i < 5; i++) {
                uint64_t t;

                start();
                feed(l, &netns, &rows, 100 + i * 10);
                t = clock_cpu() - cpu0;
                least = t < least ? t : least;
        }
        (void) printf("rows %zu\nevents %llu\ncpu_ms %.3f\n", rows.count, (unsigned long long) events, (double) least / 1000);
        ledger_free(l);
        collector_free(collector);
        config_done(&config);
        free(rows.rows);
        (void) fd_close(proc_fd);
        return 0;
}

int main(int argc, char *argv[]) {
        if (deputy_called(argc, argv))
                return deputy_main();
        if (argc >= 2 && strcmp(argv[1], "bare") == 0)
                return bare(argv + 2, argc - 2);
        if (argc >= 3 && strcmp(argv[1], "steady") == 0)
                return steady(argv[2], argc > 3, argc > 4 ? (CollectorKind) collector_from_name(argv[4]) : COLLECTOR_SOCK_DIAG);
        if (argc == 2 && strcmp(argv[1], "ledger") == 0)
                return ledger_alone();
        if (argc == 2 && strcmp(argv[1], "foreign") == 0)
                return look(COLLECTOR_SOCK_DIAG, "looks"); /* itself, which holds none of them */
        if (argc == 3 && strcmp(argv[1], "look") == 0 && collector_from_name(argv[2]) >= 0)
                return look((CollectorKind) collector_from_name(argv[2]), "bench-held");
        (void) fputs("usage: looks bare [PID...] | look COLLECTOR | steady WHAT [noticed [COLLECTOR]] | ledger | foreign\n", stderr);
        return 2;
}
