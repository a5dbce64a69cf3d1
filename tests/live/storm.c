/* SPDX-License-Identifier: MIT */

/* storm KIND COUNT [RATE]: makes COUNT TCP connections of a kind, RATE a second at most (0: as fast as it goes), and says what it made: a JSON line for each
 * *end* of a connection, when all are over. `storm list` names the kinds.
 *
 * A kind is a row of a table: a script of one letter a step (storm-steps.c), small for the client and capital for the server, who live in this process or in others;
 * all take these steps in turn, told by this process, which takes the times around each. What they know of an end they write into memory that they share.
 * Each connection walks the script up to the first `;`, then all go on behind it. Bytes and peers differ from connection to connection. */

#include <arpa/inet.h>
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "storm.h"

#define CHANNEL 99 /* descriptors of a process that is told what to do */
#define MEMORY 98

static const Kind kinds[] = {
        { "plain", AF_INET, NULL, HERE, HERE, "oAdGxEX", { "closed", "local", 0 }, { "closed", "peer", 0 } },
        { "apart", AF_INET, NULL, HERE, OTHER, "oAdGDgxEX", { "closed", "local", 0 }, { "closed", "peer", 0 } },
        { "forking", AF_INET, NULL, HERE, EACH, "oAdGDgXex", { "closed", "peer", 0 }, { "closed", "local", 0 } },
        { "brief", AF_INET, NULL, BRIEF, HERE, "oAdGxEX", { "closed", "local", 0 }, { "closed", "peer", 0 } },
        { "killed-client", AF_INET, NULL, EACH, OTHER, "oAdGkEX", { "killed", "local", 0 }, { "closed", "peer", 0 } },
        { "killed-server", AF_INET, NULL, HERE, EACH, "oAdGKex", { "closed", "peer", 0 }, { "killed", "local", 0 } },
        { "reset-client", AF_INET, NULL, HERE, HERE, "oAdGrEX", { "reset-sent", "local", 0 }, { "reset-received", "peer", ECONNRESET } },
        { "reset-server", AF_INET, NULL, HERE, OTHER, "oAdGRex", { "reset-received", "peer", ECONNRESET }, { "reset-sent", "local", 0 } },
        { "unread-client", AF_INET, NULL, HERE, HERE, "oADixEX", { "reset-sent", "local", 0 }, { "reset-received", "peer", ECONNRESET } },
        { "unread-server", AF_INET, NULL, HERE, OTHER, "oAdIXex", { "reset-received", "peer", ECONNRESET }, { "reset-sent", "local", 0 } },
        { "half", AF_INET, NULL, HERE, HERE, "oAdGhEDXgex", { "closed", "local", 0 }, { "closed", "peer", 0 } },
        { "again", AF_INET, "127.0.1.1", HERE, HERE, "aAdGuEX", { "reset-sent", "local", 0 }, { "reset-received", "peer", ECONNRESET } },
        { "again-other", AF_INET, NULL, HERE, HERE, "aAdGuEX", { "reset-sent", "local", 0 }, { "reset-received", "peer", ECONNRESET } },
        { "nonblocking", AF_INET, NULL, HERE, HERE, "nAdGxEX", { "closed", "local", 0 }, { "closed", "peer", 0 } },
        { "ipv6", AF_INET6, "::1", HERE, HERE, "oAdGxEX", { "closed", "local", 0 }, { "closed", "peer", 0 } },
        { "mapped", AF_INET6, "::ffff:127.0.1.1", HERE, HERE, "oAdGxEX", { "closed", "local", 0 }, { "closed", "peer", 0 } },
        { "passed", AF_INET, NULL, PASSED, HERE, "oApdGxEX", { "closed", "local", 0 }, { "closed", "peer", 0 } },
        { "unaccepted", AF_INET, NULL, HERE, HERE, "od;Lex", { "reset-received", "peer", ECONNRESET }, { "reset-sent", "local", 0 } },
        { "refused", AF_INET, "127.0.2.1", HERE, HERE, "bx", { "refused", NULL, ECONNREFUSED }, { 0 } },
        /* With such neighbours as test_storm.py makes. */
        { "unreachable", AF_INET, "192.0.2.2", HERE, HERE, "f;wx", { "unreachable", NULL, EHOSTUNREACH }, { 0 } },
        { "timed-out", AF_INET, "192.0.2.3", HERE, HERE, "f;wx", { "timed-out", NULL, ETIMEDOUT }, { 0 } },
};

static int memory, channels[2] = { -1, -1 }; /* to a client, to a server that live elsewhere */
static int children[2];

/* ---- processes ---- */

static void perform(Order o) {
        uint32_t n = o.connection * 2 + (isupper(o.step) != 0);

        steps[(unsigned) o.step].take(&ends[n], &fds[n], o.connection);
}

static void send_order(int to, Order o, int fd) {
        union {
                struct cmsghdr head;
                char space[CMSG_SPACE(sizeof(int))];
        } control = { .head = { .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS } };
        struct iovec part = { &o, sizeof(o) };
        struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };

        if (fd >= 0) {
                m.msg_control = &control;
                m.msg_controllen = sizeof(control);
                memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
        }
        check((int) sendmsg(to, &m, MSG_NOSIGNAL), "order");
}

/* False: there are no more. */
static bool receive_order(int from, Order *ret, int *ret_fd) {
        union {
                struct cmsghdr head;
                char space[CMSG_SPACE(sizeof(int))];
        } control = { 0 };
        struct iovec part = { ret, sizeof(*ret) };
        struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };

        *ret_fd = -1;
        if (check((int) recvmsg(from, &m, MSG_CMSG_CLOEXEC), "order") == 0)
                return false;
        if (control.head.cmsg_type == SCM_RIGHTS)
                memcpy(ret_fd, CMSG_DATA(&control.head), sizeof(*ret_fd));
        return true;
}

static void answer(void) {
        check((int) write(CHANNEL, "", 1), "answer");
}

static void obey(bool forks, bool is_child);

/* What was accepted is a child's alone. This process goes on when that one is over, and answers for what ended it. */
static void hand_to_child(uint32_t i) {
        int status, pid = check(fork(), "fork");

        if (pid == 0)
                obey(false, true);
        let_go(&fds[2 * i + 1]);
        ends[2 * i + 1].holder = pid;
        answer();
        check(waitpid(pid, &status, 0), "waitpid");
        if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
                exit(WEXITSTATUS(status));
        answer();
}

static void obey(bool forks, bool is_child) {
        Order o;
        int passed;

        while (receive_order(CHANNEL, &o, &passed)) {
                if (o.step == 'p') {
                        fds[o.connection * 2] = passed;
                        ends[o.connection * 2].holder = getpid();
                } else
                        perform(o);
                if (is_child && steps[(unsigned) o.step].ends)
                        break;
                if (forks && o.step == 'A')
                        hand_to_child(o.connection);
                else
                        answer();
        }
        exit(EXIT_SUCCESS);
}

/* By its path: `/proc/self/exe` would be its name. */
static void execute(void) {
        char number[11], path[4096];
        ssize_t size = readlink("/proc/self/exe", path, sizeof(path) - 1);

        path[check((int) size, "/proc/self/exe")] = 0;
        check(dup2(memory, MEMORY), "dup2");
        (void) snprintf(number, sizeof(number), "%u", count);
        check(execl(path, "storm", "obey", kind->name, number, (char *) NULL), "exec");
}

/* name: NULL: that of this process. Who takes a name often is told of as a loss: the programs in the kernel do not record each. */
static void employ(int side, const char *name, bool executes) {
        int pair[2];

        check(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), "socketpair");
        children[side] = check(fork(), "fork");
        channels[side] = pair[0];
        if (children[side] != 0) {
                (void) close(pair[1]);
                return;
        }
        check(dup2(pair[1], CHANNEL), "dup2");
        (void) close(pair[0]); /* or the end of the other side would not be seen */
        (void) close(pair[1]);
        if (executes)
                execute();
        if (name)
                (void) prctl(PR_SET_NAME, name);
        obey(side == 1 && kind->server == EACH, false);
}

static void dismiss(int side) {
        int status;

        if (channels[side] < 0)
                return;
        (void) close(channels[side]);
        channels[side] = -1;
        check(waitpid(children[side], &status, 0), "waitpid");
        if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
                exit(WEXITSTATUS(status));
}

/* ---- the storm ---- */

static void tell(int side, Order o, int fd) {
        char c;

        send_order(channels[side], o, fd);
        if (check((int) recv(channels[side], &c, 1, 0), "answer") != 1)
                errx(EXIT_FAILURE, "%s: it ended", kind->name);
}

static void kill_end(int side, uint32_t i) {
        char c;

        check(kill(ends[2 * i + (uint32_t) side].holder, SIGKILL), "kill");
        if (side == 0)
                dismiss(side);
        else if (recv(channels[side], &c, 1, 0) != 1)
                errx(EXIT_FAILURE, "%s: it ended", kind->name);
}

/* One that is passed is here until it is. */
static bool is_here(int side, char what, uint32_t i) {
        return channels[side] < 0 || (side == 0 && kind->client == PASSED && (steps[(unsigned) what].opens || fds[2 * i] >= 0));
}

static void pass(uint32_t i) {
        tell(0, (Order){ 'p', i }, fds[2 * i]);
        let_go(&fds[2 * i]);
}

static void do_step(char what, uint32_t i) {
        int side = isupper(what) != 0;

        if (what == 'k' || what == 'K')
                kill_end(side, i);
        else if (what == 'p')
                pass(i);
        else if (is_here(side, what, i))
                perform((Order){ what, i });
        else
                tell(side, (Order){ what, i }, -1);
}

/* Up to the next `;`, with the times around what opens and what ends. */
static void walk(const char *script, uint32_t i) {
        End *e = &ends[2 * i];

        if (steps[(unsigned) *script].opens && (kind->client == EACH || kind->client == BRIEF))
                employ(0, NULL, kind->client == BRIEF);
        for (; *script && *script != ';'; script++) {
                bool opens = steps[(unsigned) *script].opens;

                if (opens)
                        e[0].opened[0] = e[1].opened[0] = now();
                if (steps[(unsigned) *script].ends && e->closed[0] == 0)
                        e[0].closed[0] = e[1].closed[0] = now();
                do_step(*script, i);
                if (opens)
                        e[0].opened[1] = e[1].opened[1] = now();
        }
        if (kind->client == EACH || kind->client == BRIEF)
                dismiss(0);
}

static void walk_all(const char *script, uint32_t rate) {
        uint64_t begin = now();

        for (uint32_t i = 0; i < count; i++) {
                uint64_t due = rate ? begin + (uint64_t) i * 1000000 / rate : 0, t = rate ? now() : 0;

                if (t < due)
                        (void) usleep((useconds_t) (due - t));
                walk(script, i);
                ends[2 * i].closed[1] = ends[2 * i + 1].closed[1] = now();
        }
}

/* ---- what is told ---- */

static void print_address(const char *name, const Address *a) {
        char ip[INET6_ADDRSTRLEN];
        bool v4 = a->any.sa_family == AF_INET;

        (void) inet_ntop(a->any.sa_family, v4 ? (const void *) &a->v4.sin_addr : (const void *) &a->v6.sin6_addr, ip, sizeof(ip));
        printf("\"%s\": [\"%s\", %u], ", name, ip, ntohs(a->v4.sin_port));
}

static void print_end(const End *e, const char *side, const Expected *x) {
        printf("{\"kind\": \"%s\", \"side\": \"%s\", \"listener\": %d, \"pid\": %d, \"holder\": %d, ", kind->name, side, getpid(), e->pid, e->holder);
        print_address("local", &e->local);
        print_address("peer", &e->peer);
        printf("\"sent\": %lu, \"received\": %lu, \"opened\": [%lu, %lu], \"closed\": [%lu, %lu], ", e->sent, e->received, e->opened[0], e->opened[1],
               e->closed[0], e->closed[1]);
        printf("\"end\": \"%s\", \"closed_by\": \"%s\", \"error\": \"%s\"}\n", x->end, x->closed_by ? x->closed_by : "",
               x->error ? strerrorname_np(x->error) : "");
}

static void print_all(void) {
        for (uint32_t i = 0; i < count; i++) {
                print_end(&ends[2 * i], "active", &kind->at_client);
                if (ends[2 * i + 1].used)
                        print_end(&ends[2 * i + 1], "passive", &kind->at_server);
        }
}

/* ---- beginning ---- */

typedef struct Memory {
        Address at;
        End ends[];
} Memory;

static void share(void) {
        size_t size = sizeof(Memory) + sizeof(End) * 2 * count;
        Memory *m;

        check(ftruncate(memory, (off_t) size), "ftruncate");
        m = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
        fds = calloc(2 * (size_t) count, sizeof(int));
        if (m == MAP_FAILED || !fds)
                err(EXIT_FAILURE, "memory");
        memset(fds, 0xff, 2 * (size_t) count * sizeof(int));
        ends = m->ends;
        at = m->at;
}

static void open_listener(void) {
        Address a = address(NULL, 0);
        socklen_t size = sizeof(a);

        listener = new_socket(0);
        check(bind(listener, &a.any, size_of(&a)), "bind");
        check(getsockname(listener, &a.any, &size), "getsockname");
        if (kind->at_server.end)
                check(listen(listener, 4096), "listen");
        memory = check(memfd_create("storm", MFD_CLOEXEC), "memfd_create");
        check((int) pwrite(memory, &a, sizeof(a), 0), "memory");
}

static const Kind *find_kind(const char *name) {
        for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
                if (strcmp(kinds[i].name, name) == 0)
                        return &kinds[i];
        errx(2, "no such kind: %s", name);
}

int main(int argc, char *argv[]) {
        const struct rlimit files = { 1 << 14, 1 << 14 };
        bool obeys = argc == 4 && strcmp(argv[1], "obey") == 0;
        const char *next;

        if (argc == 2 && strcmp(argv[1], "list") == 0) {
                for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
                        puts(kinds[i].name);
                return EXIT_SUCCESS;
        }
        if (argc < 3 || argc > 4)
                errx(2, "usage: storm KIND COUNT [RATE] | storm list");
        kind = find_kind(argv[obeys ? 2 : 1]);
        count = (uint32_t) strtoul(argv[obeys ? 3 : 2], NULL, 10);
        memory = MEMORY;
        if (!obeys)
                open_listener();
        share();
        if (obeys)
                obey(false, false);
        (void) setrlimit(RLIMIT_NOFILE, &files);
        if (kind->server != HERE)
                employ(1, "storm-server", false);
        if (kind->client == PASSED)
                employ(0, "storm-keeper", false);
        for (next = kind->script; next; next = strchr(next, ';') ? strchr(next, ';') + 1 : NULL)
                walk_all(next, next == kind->script && argc == 4 ? (uint32_t) strtoul(argv[3], NULL, 10) : 0);
        dismiss(0);
        dismiss(1);
        print_all();
        return EXIT_SUCCESS;
}
