/* SPDX-License-Identifier: MIT */

/* A local user can make a million notices a second. After one reading the descriptor rests for DRAIN_USEC, a reading takes no more than
 * DRAIN_MAX of them, and looking at processes stops when it has cost its part of cpu_max. What is too much stays in the kernel's buffer, and is
 * lost there when that is full: counted, told with growing distance, and healed by the list of /proc in the next cycle. */

#include "manager-process.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/macro.h"

#define DRAIN_USEC (50 * USEC_PER_MSEC)
#define DRAIN_MAX 2048
#define TELL_LONGEST (60 * USEC_PER_SEC)
#define SUSPENDED (10 * USEC_PER_MSEC) /* a larger step between the clocks is no delay between reading them */

/* Two readings of the clocks that lie close together. */
static int64_t clocks_offset(void) {
        int64_t offset = 0;

        for (unsigned i = 0; i < 8; i++) {
                uint64_t first = clock_monotonic(), boottime = clock_boottime(), last = clock_monotonic();

                offset = (int64_t) (boottime - first);
                if (last - first < 100)
                        break;
        }
        return offset;
}

static void follow_clocks(ProcessNotices *n) {
        int64_t now = clocks_offset(), step = now - n->offset;

        n->before = n->offset;
        if (step > (int64_t) SUSPENDED)
                n->offset = now;
}

static void take(void *userdata, const ConnectorNotice *notice) {
        static const NoticeKind kinds[] = {
                [CONNECTOR_FORK] = NOTICE_FORK, [CONNECTOR_EXEC] = NOTICE_EXEC, [CONNECTOR_CHANGE] = NOTICE_CHANGE, [CONNECTOR_EXIT] = NOTICE_EXIT,
        };
        ProcessNotices *n = userdata;
        /* Before or after a suspend that came between two readings: both are possible. */
        uint64_t not_before = notice->when + (uint64_t) n->before, not_after = notice->when + (uint64_t) n->offset;

        if (notice->kind != CONNECTOR_ACK && (notice->kind == CONNECTOR_CHANGE || !n->users_only))
                cycle_process_queue(n->cycle, kinds[notice->kind], notice->pid, not_before, not_after);
}

/* all: everything that came was read. */
static void tell_lost(ProcessNotices *n, uint64_t now, bool all) {
        Notice notice = { .kind = NOTICE_LOST, .source = NOTICE_BY_CONNECTOR, .not_before = n->empty, .not_after = now };
        uint64_t lost = connector_lost(&n->connector, n->cycle->proc_fd);

        if (lost <= n->told_lost)
                return;
        cycle_process_lost(n->cycle);
        if (now < n->tell_at || !all)
                return;
        notice.count = lost - n->told_lost;
        (void) ledger_note(n->ledger, &notice);
        n->told_lost = lost;
        n->tell_distance = now > n->tell_at + TELL_LONGEST ? USEC_PER_SEC : MIN(n->tell_distance * 2, TELL_LONGEST);
        n->tell_at = now + n->tell_distance;
}

static int drain(ProcessNotices *n) {
        uint64_t now = clock_boottime(), cpu = clock_cpu();
        int r;

        follow_clocks(n);
        r = connector_receive(&n->connector, DRAIN_MAX, take, n);
        if (r < 0) {
                log_warning("processes are not heard any more: %s", strerror(-r));
                n->cycle->processes.noticed = false;
                process_notices_done(n);
                return r;
        }
        tell_lost(n, clock_boottime(), r < DRAIN_MAX || now >= n->empty + TELL_LONGEST);
        if (r < DRAIN_MAX)
                n->empty = now;
        n->cpu += clock_cpu() - cpu;
        return 0;
}

void process_notices_drain(ProcessNotices *n) {
        if (n->connector.fd >= 0)
                (void) drain(n);
}

static int on_readable(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        ProcessNotices *n = userdata;
        uint64_t cpu;
        int r;

        (void) source;
        (void) fd;
        (void) revents;
        if (drain(n) < 0)
                return 0;
        cpu = clock_cpu();
        r = cycle_process_work(n->cycle, DRAIN_USEC * n->cycle->config->cpu_max / 10000);
        n->cpu += clock_cpu() - cpu;
        if (r > 0)
                n->look(n->userdata);
        return r < 0 ? sd_event_exit(n->event, r) : 0;
}

int process_notices_open(ProcessNotices *n) {
        int r = connector_open(&n->connector, n->users_only);

        if (r < 0) {
                if (n->users_only)
                        log_info("no notices of changed users here (%s): that a process has another one is seen at a rescan", strerror(-r));
                else
                        log_info("no notices of processes here (%s): each look reads the state of every process", strerror(-r));
                return r == -ENOMEM ? r : 0;
        }
        n->offset = n->before = clocks_offset();
        n->empty = clock_boottime();
        n->cycle->processes.noticed = true;
        r = sd_event_add_io(n->event, &n->source, n->connector.fd, EPOLLIN, on_readable, n);
        if (r >= 0)
                r = sd_event_source_set_ratelimit(n->source, DRAIN_USEC, 1);
        return r;
}

void process_notices_done(ProcessNotices *n) {
        n->source = sd_event_source_disable_unref(n->source);
        connector_close(&n->connector);
}
