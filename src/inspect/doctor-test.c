/* SPDX-License-Identifier: MIT */

/* The self-test: a child opens a connection to itself in a network namespace of its own, or on loopback in the present one where that is not
 * allowed; and the same collector and ledger as in the daemon must tell both ends of it, with the child as their process: that they appear, and,
 * when the child has closed them, that they vanish. */

#include "inspect/doctor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "collect/collect.h"
#include "collect/netns.h"
#include "collect/procfs.h"
#include "config/config.h"
#include "detect/ledger.h"

#define COMM "sockaudit-test"
#define PATIENCE (5 * USEC_PER_SEC)
#define PAUSE 2000 /* usec between two looks */

static const char rules[] = "watch: [{name: self-test, match: {comm: " COMM "}, sockets: {transport: tcp}}]\n";

/* --- the child ------------------------------------------------------------------------------------- */

/* What it answers each order with. */
typedef struct Answer {
        int error;      /* negative errno */
        bool apart;     /* in a namespace of its own */
        uint16_t server, client; /* ports */
} Answer;

typedef struct Child {
        pid_t pid;
        int fd; /* of a socket pair: a byte is an order, an Answer comes back */
} Child;

static int make_connection(int fds[3], Answer *a) {
        struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t size = sizeof(address);

        fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        fds[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fds[0] < 0 || fds[1] < 0 || bind(fds[0], (struct sockaddr *) &address, size) < 0 || listen(fds[0], 1) < 0 ||
            getsockname(fds[0], (struct sockaddr *) &address, &size) < 0)
                return -errno;
        a->server = ntohs(address.sin_port);
        if (connect(fds[1], (struct sockaddr *) &address, sizeof(address)) < 0 ||
            getsockname(fds[1], (struct sockaddr *) &address, &size) < 0)
                return -errno;
        a->client = ntohs(address.sin_port);
        fds[2] = accept4(fds[0], NULL, NULL, SOCK_CLOEXEC);
        return fds[2] < 0 ? -errno : 0;
}

_Noreturn static void child_run(int fd) {
        int fds[3] = { -1, -1, -1 };
        Answer a = {};
        char order;

        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void) prctl(PR_SET_NAME, COMM);
        while (read(fd, &order, 1) == 1) {
                if (order == 'n')
                        a.apart = netns_leave() == 0;
                else if (order == 'o')
                        a.error = make_connection(fds, &a);
                else
                        for (size_t i = 0; i < ELEMENTSOF(fds); i++)
                                fds[i] = fd_close(fds[i]);
                if (write(fd, &a, sizeof(a)) != sizeof(a))
                        break;
        }
        _exit(0);
}

static int child_start(Child *c) {
        int fds[2];

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
                return -errno;
        c->pid = fork();
        if (c->pid == 0) {
                (void) close(fds[0]);
                child_run(fds[1]);
        }
        (void) close(fds[1]);
        c->fd = fds[0];
        return c->pid < 0 ? -errno : 0;
}

static int child_order(const Child *c, char order, Answer *ret) {
        struct pollfd p = { .fd = c->fd, .events = POLLIN };

        if (write(c->fd, &order, 1) != 1 || poll(&p, 1, (int) (PATIENCE / USEC_PER_MSEC)) != 1 || read(c->fd, ret, sizeof(*ret)) != sizeof(*ret))
                return -EIO;
        return ret->error;
}

static void child_end(Child *c) {
        fd_close(c->fd);
        if (c->pid > 0) {
                (void) kill(c->pid, SIGKILL);
                (void) waitpid(c->pid, NULL, 0);
        }
}

/* --- looking --------------------------------------------------------------------------------------- */

typedef struct Test {
        const Doctor *doctor;
        Collector *collector;
        Ledger *ledger;
        Config config;
        Child child;
        Answer answer;
        Netns netns;
        Coverage coverage; /* of the last look */
        unsigned appeared, vanished; /* ends */
} Test;

static void on_event(void *userdata, const Event *e) {
        Test *t = userdata;
        uint64_t local, peer;

        if (!event_has(e, EVENT_FIELD_PEER_PORT) || !event_has(e, EVENT_FIELD_PID) || e->values[EVENT_FIELD_PID].number != (uint64_t) t->child.pid)
                return;
        local = e->values[EVENT_FIELD_LOCAL_PORT].number;
        peer = e->values[EVENT_FIELD_PEER_PORT].number;
        if (!(local == t->answer.client && peer == t->answer.server) && !(local == t->answer.server && peer == t->answer.client))
                return;
        t->appeared += e->kind == EVENT_CONNECTION_APPEARED;
        t->vanished += e->kind == EVENT_CONNECTION_VANISHED;
}

static int take_holder(void *userdata, int fd, uint32_t inode) {
        return ledger_hold(((Test *) userdata)->ledger, fd, inode);
}

static int walk(void *userdata, const Process *p) {
        Test *t = userdata;
        Coverage coverage = {};
        int r = ledger_holders_begin(t->ledger, p->pid, p->start_ticks, clock_boottime());

        if (r >= 0)
                r = procfs_sockets(t->doctor->proc_fd, p->pid, p->start_ticks, take_holder, t);
        if (r < 0)
                coverage = (Coverage){ COVERAGE_DENIED, -r };
        ledger_holders_end(t->ledger, clock_boottime(), 0, coverage);
        return MIN(r, 0);
}

static int scan(Test *t) {
        _cleanup_process_ Process p = {};
        int r;

        ledger_processes_begin(t->ledger, clock_boottime());
        r = procfs_read(t->doctor->proc_fd, (uint32_t) t->child.pid, PROCFS_EXE, &p);
        if (r >= 0)
                r = ledger_process_see(t->ledger, &p);
        if (r >= 0)
                ledger_processes_end(t->ledger, clock_boottime(), true);
        return MIN(r, 0);
}

static int take_begin(void *userdata, const Netns *netns, TableKind table, uint64_t t) {
        return ledger_look_begin(((Test *) userdata)->ledger, netns, table, t);
}

static int take_row(void *userdata, const Socket *row) {
        return ledger_see(((Test *) userdata)->ledger, row);
}

static int take_end(void *userdata, const Netns *netns, TableKind table, uint64_t when, Coverage coverage) {
        Test *t = userdata;

        t->coverage = coverage;
        return ledger_look_end(t->ledger, when, coverage);
}

/* Rule 4, in short. */
static Verdict ask(void *userdata, const Suspect *s, uint64_t *ret_when) {
        const Test *t = userdata;
        int r = collector_confirm(t->collector, &t->netns, &s->socket);
        bool held = false;

        for (size_t i = 0; i < s->holder_count; i++)
                held |= procfs_holds(t->doctor->proc_fd, s->holders[i].pid, s->holders[i].start_ticks, s->holders[i].fd, s->socket.inode) > 0;
        *ret_when = clock_boottime();
        if (r == -EOPNOTSUPP)
                return !held && s->absent >= 2 ? VERDICT_GONE : VERDICT_UNSURE;
        return r < 0 ? VERDICT_UNSURE : r > 0 ? VERDICT_ALIVE : VERDICT_GONE;
}

static int look(Test *t) {
        const Taker taker = { .userdata = t, .begin = take_begin, .row = take_row, .end = take_end };
        int r = scan(t);

        if (r >= 0)
                r = ledger_processes(t->ledger, LEDGER_ALL, walk, t);
        if (r >= 0)
                r = collector_look(t->collector, &t->netns, TABLE_BIT(TABLE_TCP), &taker);
        if (r >= 0 && ledger_unheld(t->ledger) > 0)
                r = ledger_processes(t->ledger, LEDGER_ALL, walk, t);
        if (r < 0)
                return r;
        ledger_judge(t->ledger, clock_boottime());
        ledger_question(t->ledger, ask, t);
        return 0;
}

/* Give the order and look until both ends have made their event. */
static int await_ends(Test *t, char order, const unsigned *ends, uint64_t *ret_usec) {
        uint64_t began;
        int r = child_order(&t->child, order, &t->answer);

        began = clock_monotonic();
        while (r >= 0 && *ends < 2) {
                r = look(t);
                if (r >= 0 && *ends < 2 && clock_monotonic() - began > PATIENCE)
                        return -ETIMEDOUT;
                if (*ends < 2)
                        (void) usleep(PAUSE);
        }
        *ret_usec = clock_monotonic() - began;
        return r;
}

/* --- the test -------------------------------------------------------------------------------------- */

static int begin(Test *t, CollectorKind kind) {
        _cleanup_text_ Text messages = TEXT_NULL;
        LedgerOptions o = {};
        int r = config_parse("self-test", rules, strlen(rules), &t->config, &messages);

        if (r >= 0 && getrandom(o.secret, sizeof(o.secret), 0) != sizeof(o.secret))
                r = -EIO;
        if (r >= 0)
                r = ledger_new(&t->ledger, &o, &t->config.rules, on_event, t);
        if (r >= 0)
                r = collector_new(&t->collector, kind, t->doctor->proc_fd);
        if (r >= 0)
                r = child_start(&t->child);
        if (r >= 0)
                r = child_order(&t->child, 'n', &t->answer);
        if (r >= 0)
                r = collector_netns(t->collector, t->answer.apart ? (uint32_t) t->child.pid : 0, &t->netns);
        return r;
}

static void end(Test *t) {
        child_end(&t->child);
        ledger_free(t->ledger);
        collector_free(t->collector);
        config_done(&t->config);
}

static void judge(Finding *f, const Test *t, int r, bool begun, uint64_t appeared, uint64_t vanished) {
        const char *where = t->answer.apart ? "in a network namespace of its own" : "on loopback, without a network namespace of its own";

        if (r >= 0)
                finding_set(f, DOCTOR_OK, "a connection of its own appeared after %llu.%llu ms and vanished after %llu.%llu ms, %s",
                            (unsigned long long) appeared / 1000, (unsigned long long) appeared / 100 % 10, (unsigned long long) vanished / 1000,
                            (unsigned long long) vanished / 100 % 10, where);
        else if (!begun)
                finding_error(f, r);
        else if (t->coverage.state != COVERAGE_OK)
                finding_set(f, DOCTOR_NO, "%s: the table of sockets could not be read: %s %s", where, coverage_name(t->coverage.state),
                            t->coverage.error ? strerror(t->coverage.error) : "");
        else if (r == -ETIMEDOUT)
                finding_set(f, DOCTOR_NO, "%s: of a connection of its own %u ends appeared and %u vanished, of 2", where, t->appeared, t->vanished);
        else
                finding_set(f, DOCTOR_NO, "%s: %s", where, strerror(-r));
        if (f->state == DOCTOR_NO && begun)
                finding_remedy(f, "the lines above say what is missing; if nothing is, this is a defect: report it with the output of this command");
}

void doctor_self_test(const Doctor *d, Finding *f, int collector) {
        Test t = { .doctor = d, .child = { .fd = -1 } };
        uint64_t appeared = 0, vanished = 0;
        bool begun;
        int r;

        config_init(&t.config);
        r = begin(&t, (CollectorKind) collector);
        begun = r >= 0;
        /* What is there at the first look is not new. */
        if (r >= 0)
                r = look(&t);
        if (r >= 0)
                r = await_ends(&t, 'o', &t.appeared, &appeared);
        if (r >= 0)
                r = await_ends(&t, 'c', &t.vanished, &vanished);
        judge(f, &t, r, begun, appeared, vanished);
        end(&t);
}
