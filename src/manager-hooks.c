/* SPDX-License-Identifier: MIT */

/* Records come in the order in which they were made, so that a process is known before what it opens. Its exit is kept until it is a zombie, or gone, and
 * everything was read that was written before that: what it held is closed after it.
 *
 * After a record that finds an empty ring the kernel wakes us, and no second time until we have read: so we rest for DRAIN_USEC after each reading, and
 * a storm costs those who connect one wake-up for each of these, and not one for each connection. */

#include "manager-hooks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/macro.h"
#include "collect/procfs.h"
#include "collect/record.h"

#define DRAIN_USEC (50 * USEC_PER_MSEC)
#define DRAIN_BATCH 4096
#define DRAIN_BATCHES 256
#define TELL_LONGEST (60 * USEC_PER_SEC)
#define PROCESSES_MIN 64 /* of a reading, whatever they cost */

struct HookedExit {
        HookedExit *next;
        uint32_t pid;
        uint64_t start_ticks;
        uint64_t when;
        bool over; /* it holds nothing any more */
};

bool hook_notices_are_deaf(HookNotices *n) {
        uint64_t now = clock_boottime(), missed;
        Hearing hearing;

        if (!n->hooks || n->cycle->books.read_count == 0)
                return false;
        hearing = ledger_hearing(n->ledger, &missed);
        if (hearing == HEARING_GOOD)
                n->heard = now;
        if (hearing != HEARING_DEAF)
                return false;
        log_warning("programs in the kernel have missed %llu connections that it has counted: going on without them", (unsigned long long) missed);
        ledger_gap(n->ledger, "collector-lost", n->heard, now, missed);
        ledger_condition(n->ledger, CONDITION_HOOKS, true, 0, now);
        return true;
}

/* ---- processes ---- */

/* Of whom it has what the record does not say: a child of its parent, who renames himself of himself. NULL: nobody is known. */
static const Process *model_of(const HookNotices *n, unsigned kind, const struct RecordProcessHead *h) {
        const struct RecordProcess *of = kind == RECORD_FORK ? &h->parent : &h->process;
        const Process *known = kind == RECORD_EXEC ? NULL : ledger_process(n->ledger, of->pid);

        return known && known->start_ticks == record_ticks(of->start) ? known : NULL;
}

/* model: of model_of(). */
static int note_process(HookNotices *n, unsigned kind, const struct RecordProcessHead *h, size_t size, const Process *model) {
        static const NoticeKind kinds[] = { [RECORD_FORK] = NOTICE_FORK, [RECORD_EXEC] = NOTICE_EXEC, [RECORD_RENAME] = NOTICE_CHANGE };
        _cleanup_process_ Process p;
        Notice notice = {
                .kind = kinds[kind],
                .source = NOTICE_BY_BPF,
                .not_before = h->when / 1000,
                .not_after = h->when / 1000,
                .process = &p,
        };
        int r;

        process_init(&p);
        r = record_process(h, size, &p);
        if (r >= 0 && model)
                r = process_inherit(&p, model);
        if (r == -ENOMEM)
                return r;
        return ledger_note(n->ledger, &notice);
}

static bool is_within_limit(const HookNotices *n, uint32_t pid) {
        LedgerStatus status;

        if (ledger_process(n->ledger, pid))
                return true;
        ledger_status(n->ledger, &status);
        return status.known < n->cycle->config->limits.processes;
}

/* A local user can make ten thousand forks a second. What is above cpu_max is found again in /proc, if it still lives. What connections cost is not held
 * against processes: who made them would not be known. */
static bool is_too_much(HookNotices *n) {
        return ++n->count > PROCESSES_MIN && n->process_cpu > n->process_max;
}

/* Of whom nothing is told, no close is of interest. */
static int take_exit(HookNotices *n, const struct RecordProcessHead *h) {
        uint32_t pid = h->process.pid;
        uint64_t start_ticks = record_ticks(h->process.start), when = h->when / 1000;
        HookedExit *e = ledger_wants(n->ledger, pid, start_ticks) > 0 ? malloc(sizeof(*e)) : NULL;

        skip_forget(&n->skip, pid);
        ledger_process_ending(n->ledger, pid, start_ticks);
        if (e) {
                *e = (HookedExit){ .next = n->exits, .pid = pid, .start_ticks = start_ticks, .when = when };
                n->exits = e;
        } else
                cycle_process_ended(n->cycle, pid, start_ticks, when);
        return 0;
}

static bool mark_exits(HookNotices *n) {
        bool any = false;

        for (HookedExit *e = n->exits; e; e = e->next) {
                ProcfsStat stat;
                int r = procfs_stat(n->cycle->proc_fd, e->pid, &stat);

                e->over = r == -ESRCH || (r >= 0 && stat.start_ticks != e->start_ticks);
                any |= e->over;
        }
        return any;
}

static void tell_exits(HookNotices *n) {
        HookedExit **at = &n->exits;

        while (*at) {
                HookedExit *e = *at;

                if (!e->over) {
                        at = &e->next;
                        continue;
                }
                *at = e->next;
                cycle_process_ended(n->cycle, e->pid, e->start_ticks, e->when);
                n->changed = true;
                free(e);
        }
}

static int use_process(HookNotices *n, unsigned kind, const struct RecordProcessHead *h, size_t size) {
        uint32_t pid = h->process.pid;
        const Process *model;
        bool is_modelled;
        int r;

        n->changed = true;
        if (kind == RECORD_EXIT)
                return take_exit(n, h);
        skip_remember(&n->skip, &h->process);
        if (!is_within_limit(n, pid)) {
                n->cycle->processes.scan = true; /* which says how many */
                return 0;
        }
        model = model_of(n, kind, h);
        is_modelled = model != NULL; /* which is not valid any more when the ledger has changed */
        r = note_process(n, kind, h, size, model);
        /* While it lives /proc knows more: the whole command line, the file that it executes. */
        if (r >= 0 && (kind == RECORD_EXEC || !is_modelled) && ledger_wants(n->ledger, pid, record_ticks(h->process.start)) > 0)
                cycle_process_queue(n->cycle, NOTICE_EXEC, pid, h->when / 1000, h->when / 1000);
        return r;
}

static int take_process(HookNotices *n, unsigned kind, const struct RecordProcessHead *h, size_t size) {
        uint64_t cpu = clock_cpu();
        int r;

        if (kind != RECORD_EXIT && is_too_much(n)) {
                cycle_process_lost(n->cycle);
                return -EBUSY;
        }
        r = use_process(n, kind, h, size);
        n->process_cpu += clock_cpu() - cpu;
        return r;
}

/* ---- sockets ---- */

/* Who is older than the programs, or was told while the ring was full. */
static void complete_process(const HookNotices *n, Process *who) {
        const Process *known = ledger_process(n->ledger, who->pid);
        uint64_t start_ticks = who->start_ticks;
        Process p;

        if (known && known->start_ticks == start_ticks)
                return;
        process_init(&p);
        if (procfs_read(n->cycle->proc_fd, who->pid, PROCFS_ALL, &p) >= 0 && p.start_ticks == start_ticks) {
                process_done(who);
                *who = p;
                return;
        }
        process_done(&p);
        who->comm = strdup("?");
}

static int take_socket(const HookNotices *n, const struct RecordSocket *r) {
        _cleanup_process_ Process who;
        Notice notice;

        process_init(&who);
        record_socket(r, &notice, &who);
        if (notice.process)
                complete_process(n, &who);
        return ledger_note(n->ledger, &notice);
}

/* ---- the ring ---- */

static void use_record(HookNotices *n, const void *record, size_t size) {
        unsigned kind = record_kind(record, size);
        int r = -EBADMSG;

        switch (kind) {
        case RECORD_OPEN:
        case RECORD_CLOSE:
                r = take_socket(n, record);
                break;
        case RECORD_FORK:
        case RECORD_EXEC:
        case RECORD_RENAME:
        case RECORD_EXIT:
                r = take_process(n, kind, record, size);
                break;
        }
        n->unused += r < 0;
}

/* The number is another process's now, whose predecessor the look that goes on may be about. */
static bool must_wait(const HookNotices *n, const void *record, size_t size) {
        unsigned kind = record_kind(record, size);
        const struct RecordProcessHead *h = record;
        const Process *known;

        if (!n->looking || (kind != RECORD_FORK && kind != RECORD_EXEC && kind != RECORD_RENAME))
                return false;
        known = ledger_process(n->ledger, h->process.pid);
        return known && known->start_ticks != record_ticks(h->process.start);
}

static int take(void *userdata, const void *record, size_t size) {
        HookNotices *n = userdata;

        if (!must_wait(n, record, size)) {
                use_record(n, record, size);
                return 0;
        }
        n->held = malloc(size);
        if (!n->held) {
                n->unused++;
                return 0;
        }
        memcpy(n->held, record, size);
        n->held_size = size;
        return 1;
}

static void use_held(HookNotices *n) {
        void *held = TAKE_PTR(n->held);

        if (held)
                use_record(n, held, n->held_size);
        free(held);
}

/* ---- loss ---- */

typedef struct Losers {
        HookNotices *notices;
        uint64_t now, count;
} Losers;

static void tell_loser(void *userdata, uint32_t pid, const struct RecordLoss *loss) {
        Losers *l = userdata;
        HookNotices *n = l->notices;
        Process who;
        Notice notice = { .kind = NOTICE_LOST, .source = NOTICE_BY_BPF, .not_before = n->empty, .not_after = l->now, .count = loss->count, .process = &who };

        process_init(&who);
        who.pid = pid;
        socket_init(&notice.socket);
        notice.socket.bytes_sent = loss->bytes_sent;
        notice.socket.bytes_received = loss->bytes_received;
        (void) ledger_note(n->ledger, &notice);
        l->count += loss->count;
}

/* Closes by process, and everything else in one. */
static void tell_lost(HookNotices *n, uint64_t now) {
        Notice notice = { .kind = NOTICE_LOST, .source = NOTICE_BY_BPF, .not_before = n->empty, .not_after = now };
        Losers losers = { .notices = n, .now = now };
        uint64_t lost[_LOST_MAX], count = n->unused;

        if (hooks_lost(n->hooks, lost) < 0)
                return;
        if (lost[LOST_PROCESS] != n->scanned_for) {
                cycle_process_lost(n->cycle);
                n->scanned_for = lost[LOST_PROCESS];
        }
        if (now < n->tell_at)
                return;
        for (size_t i = 0; i < _LOST_MAX; i++)
                count += lost[i] - n->told_lost[i];
        if (count == 0)
                return;
        (void) hooks_take_losses(n->hooks, tell_loser, &losers);
        memcpy(n->told_lost, lost, sizeof(lost));
        n->unused = 0;
        n->tell_distance = now > n->tell_at + TELL_LONGEST ? USEC_PER_SEC : MIN(n->tell_distance * 2, TELL_LONGEST);
        n->tell_at = now + n->tell_distance;
        notice.count = count - MIN(count, losers.count);
        if (notice.count > 0)
                (void) ledger_note(n->ledger, &notice);
        n->heal(n->userdata);
}

/* To its end: then true, and all that was written before *ret_at was read. */
static bool read_ring(HookNotices *n, uint64_t *ret_at) {
        int r = DRAIN_BATCH;

        for (unsigned i = 0; i < DRAIN_BATCHES && r == DRAIN_BATCH && !n->held; i++) {
                *ret_at = clock_boottime();
                r = hooks_read(n->hooks, DRAIN_BATCH, take, n);
        }
        if (r < 0)
                log_warning("records of the kernel cannot be read: %s", strerror(-r));
        return r >= 0 && r < DRAIN_BATCH && !n->held;
}

void hook_notices_drain(HookNotices *n, bool looking) {
        uint64_t now = clock_boottime(), cpu = clock_cpu(), since;
        bool whole;

        if (!n->hooks || (looking && n->held))
                return;
        n->looking = looking;
        n->count = 0;
        since = now - MIN(n->empty, now);
        n->process_cpu = 0;
        n->process_max = MAX(since, DRAIN_USEC) * n->cycle->config->cpu_max / 10000;
        if (!looking)
                use_held(n);
        whole = read_ring(n, &now);
        if (whole && !looking && mark_exits(n)) {
                whole = read_ring(n, &now);
                if (whole)
                        tell_exits(n);
        }
        tell_lost(n, clock_boottime());
        if (whole)
                n->empty = now;
        n->cpu += clock_cpu() - cpu;
}

/* New processes are matched, and what they inherited is known, before they end. */
static int draw_consequences(HookNotices *n) {
        uint64_t cpu = clock_cpu();
        int r;

        if (!n->changed)
                return 0;
        n->changed = false;
        r = cycle_process_work(n->cycle, DRAIN_USEC * n->cycle->config->cpu_max / 10000);
        if (r >= 0) {
                ledger_processes_settle(n->ledger, clock_boottime());
                skip_settle(&n->skip);
        }
        n->cpu += clock_cpu() - cpu;
        return r;
}

static int on_readable(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        HookNotices *n = userdata;
        int r;

        (void) source;
        (void) fd;
        (void) revents;
        hook_notices_drain(n, false);
        r = draw_consequences(n);
        if (r > 0)
                n->look(n->userdata);
        return r < 0 ? sd_event_exit(n->event, r) : 0;
}

int hook_notices_open(HookNotices *n) {
        int r;

        if (!n->hooks)
                return 0;
        n->empty = n->heard = clock_boottime();
        n->cycle->processes.noticed = true;
        n->skip = (Skip){ .hooks = n->hooks, .ledger = n->ledger };
        r = skip_remember_all(&n->skip);
        if (r < 0)
                log_info("processes that are older cannot be left out: %s", strerror(-r));
        r = sd_event_add_io(n->event, &n->source, hooks_fd(n->hooks), EPOLLIN, on_readable, n);
        if (r >= 0)
                r = sd_event_source_set_ratelimit(n->source, DRAIN_USEC, 1);
        return r;
}

void hook_notices_done(HookNotices *n) {
        skip_done(&n->skip);
        while (n->exits) {
                HookedExit *e = n->exits;

                n->exits = e->next;
                free(e);
        }
        n->source = sd_event_source_disable_unref(n->source);
        free(n->held);
        n->held = NULL;
        n->hooks = NULL;
}
