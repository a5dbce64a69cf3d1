/* SPDX-License-Identifier: MIT */

/* Order in one go over the queue: first what is new or changed (and then holds what it inherited), then what ended. So a child
 * is known before the parent that left it everything is gone.
 *
 * Known races: a process that ends between its notice and our reading is not known; one that executes a program twice is judged by the
 * last. A rewritten command line comes without a notice: where a rule asks for one, all are read again each rescan. So does another network
 * namespace, but for that, as for a descriptor that was received, a process must run: those that are watched are asked for that. To be moved to another
 * control group it need not: that is found when it has its turn. */

#include "cycle-process.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "base/clock.h"
#include "base/macro.h"
#include "collect/procfs.h"
#include "cycle-walk.h"
#include "cycle.h"

#define CHANGES_MAX 16384
#define START_SLACK (20 * USEC_PER_MSEC) /* start times are cut to ticks */

struct ProcessChange {
        UT_hash_handle hh;
        uint32_t pid;
        NoticeKind kind;      /* FORK, EXEC or CHANGE: to be read; _NOTICE_MAX: nothing of it */
        uint64_t since;       /* the first of them, at the earliest */
        bool ended;
        uint64_t exit_not_before, exit_not_after;
        uint64_t ended_start; /* of the one that has ended; 0: of whom is to be found out */
};

static void change_free(CycleProcesses *p, ProcessChange *change) {
        HASH_DEL(p->changes, change);
        free(change);
}

void cycle_processes_done(CycleProcesses *p) {
        ProcessChange *change, *next;

        HASH_ITER(hh, p->changes, change, next) {
                change_free(p, change);
        }
        deputy_done(&p->deputy);
}

/* --- facts ----------------------------------------------------------------------------------------- */

static bool match_needs_cmdline(const Match *m) {
        return m && (m->cmdline.count > 0 || match_needs_cmdline(m->not));
}

static bool rules_need_cmdline(const RuleSet *rules) {
        for (size_t i = 0; i < rules->count; i++)
                if (match_needs_cmdline(rules->rules[i].match))
                        return true;
        for (size_t i = 0; i < rules->exclude_count; i++)
                if (match_needs_cmdline(&rules->excludes[i]))
                        return true;
        return false;
}

static bool is_cmdline_wanted(const Config *config) {
        return config->cmdline != CMDLINE_OFF || rules_need_cmdline(&config->rules);
}

static bool is_same_program(const Process *a, const Process *b) {
        return process_same(a, b) && a->exe && b->exe && strcmp(a->exe, b->exe) == 0;
}

/* Who did not answer when he was asked for his command line is not asked again, or he would be waited for each time. */
static int read_process(Cycle *c, uint32_t pid, Process *ret) {
        const Process *known = ledger_process(c->ledger, pid);
        int r = procfs_read(c->proc_fd, pid, PROCFS_ALL, ret);

        if (r >= 0)
                cycle_exe_known(c, ret);
        if (r < 0 || !is_cmdline_wanted(c->config))
                return r;
        if (known && known->cmdline_silent && is_same_program(known, ret)) {
                ret->cmdline_silent = true;
                return 0;
        }
        return deputy_cmdline(&c->processes.deputy, c->proc_fd, ret);
}

/* --- notices --------------------------------------------------------------------------------------- */

static bool is_alive(const Cycle *c, uint32_t pid, const Process *known) {
        ProcfsStat stat;

        return procfs_stat(c->proc_fd, pid, &stat) == 0 && stat.start_ticks == known->start_ticks;
}

/* The process that an exit notice is about, if the ledger knows it and it has really ended: its number may have been given again, or only
 * its first thread be gone. */
static int work_exit(Cycle *c, const ProcessChange *change) {
        const Process *known = ledger_process(c->ledger, change->pid);
        Notice n = { .kind = NOTICE_EXIT, .source = NOTICE_BY_CONNECTOR, .not_before = change->exit_not_before, .not_after = change->exit_not_after };
        Process p;

        if (!known || known->start_usec > change->exit_not_after)
                return 0;
        if (change->ended_start != 0 ? change->ended_start != known->start_ticks : is_alive(c, change->pid, known))
                return 0;
        process_init(&p);
        p.pid = change->pid;
        p.start_ticks = known->start_ticks;
        n.process = &p;
        return ledger_note(c->ledger, &n);
}

static int work_change(Cycle *c, const ProcessChange *change) {
        _cleanup_process_ Process p = {};
        Notice n = { .kind = change->kind, .source = NOTICE_BY_CONNECTOR, .not_before = change->since, .process = &p };
        LedgerStatus status;
        int r;

        ledger_status(c->ledger, &status);
        if (!ledger_process(c->ledger, change->pid) && status.known >= c->config->limits.processes) {
                c->processes.scan = true; /* which says how many */
                return 0;
        }
        r = read_process(c, change->pid, &p);
        if (r < 0) {
                if (r != -ESRCH)
                        cycle_process_lost(c);
                return r == -ENOMEM ? r : 0;
        }
        /* It is the one that was there before, but for an exec that nobody noticed. */
        if (n.kind == NOTICE_FORK && p.start_usec + START_SLACK < change->since)
                n.kind = NOTICE_EXEC;
        n.not_after = clock_boottime();
        r = ledger_note(c->ledger, &n);
        return r < 0 ? r : cycle_exe_ask(c, change->pid);
}

void cycle_process_lost(Cycle *c) {
        c->processes.scan = c->processes.reread = true;
}

static ProcessChange *change_of(Cycle *c, uint32_t pid) {
        CycleProcesses *p = &c->processes;
        ProcessChange *change;

        HASH_FIND(hh, p->changes, &pid, sizeof(pid), change);
        if (change)
                return change;
        change = HASH_COUNT(p->changes) < CHANGES_MAX ? malloc(sizeof(*change)) : NULL;
        if (!change) {
                cycle_process_lost(c);
                return NULL;
        }
        *change = (ProcessChange){ .pid = pid, .kind = _NOTICE_MAX };
        HASH_ADD(hh, p->changes, pid, sizeof(change->pid), change);
        if (change->hh.tbl)
                return change;
        free(change);
        cycle_process_lost(c);
        return NULL;
}

void cycle_process_queue(Cycle *c, NoticeKind kind, uint32_t pid, uint64_t not_before, uint64_t not_after) {
        ProcessChange *change = change_of(c, pid);

        if (!change)
                return;
        if (kind == NOTICE_EXIT) {
                change->ended = true;
                change->exit_not_before = not_before;
                change->exit_not_after = not_after;
                if (!ledger_process(c->ledger, pid))
                        change_free(&c->processes, change); /* born and gone between two readings */
                return;
        }
        if (kind == NOTICE_FORK && change->ended) {
                /* The number is another's now. Out of memory is found again by the next scan. */
                (void) work_exit(c, change);
                change->ended = false;
                change->kind = _NOTICE_MAX;
        }
        if (change->kind == _NOTICE_MAX) {
                change->kind = kind;
                change->since = not_before;
        }
}

void cycle_process_ended(Cycle *c, uint32_t pid, uint64_t start_ticks, uint64_t when) {
        ProcessChange *change = ledger_process(c->ledger, pid) ? change_of(c, pid) : NULL;

        if (!change)
                return; /* born and gone between two readings */
        change->ended = true;
        change->exit_not_before = change->exit_not_after = when;
        change->ended_start = start_ticks;
}

/* What is new or changed, while there is time. */
static int work_changes(Cycle *c, uint64_t end) {
        ProcessChange *change, *next;
        int r = 0;

        HASH_ITER(hh, c->processes.changes, change, next) {
                if (change->kind == _NOTICE_MAX)
                        continue;
                if (clock_cpu() > end)
                        break;
                if (!change->ended)
                        r = work_change(c, change);
                if (r < 0)
                        break;
                change->kind = _NOTICE_MAX;
                if (!change->ended)
                        change_free(&c->processes, change);
        }
        ledger_processes_settle(c->ledger, clock_boottime());
        return r < 0 ? r : ledger_processes(c->ledger, LEDGER_UNWALKED, cycle_walk_process, c);
}

static int work_exits(Cycle *c) {
        ProcessChange *change, *next;

        HASH_ITER(hh, c->processes.changes, change, next) {
                int r = change->ended ? work_exit(c, change) : 0;

                if (r < 0)
                        return r;
                if (change->ended)
                        change_free(&c->processes, change);
        }
        return 0;
}

int cycle_process_work(Cycle *c, uint64_t cpu) {
        LedgerStatus before, after;
        int r;

        if (!c->processes.changes)
                return 0;
        ledger_status(c->ledger, &before);
        r = work_changes(c, clock_cpu() + cpu);
        if (r >= 0)
                r = work_exits(c);
        if (r < 0 && r != -ENOMEM) {
                cycle_process_lost(c);
                r = 0;
        }
        ledger_status(c->ledger, &after);
        return r < 0 ? r : after.seq != before.seq || after.announcing;
}

/* --- scans ----------------------------------------------------------------------------------------- */

/* Only that it is gone is an answer. */
static int not_read(Cycle *c, uint32_t pid, int error) {
        if (error != -ENOMEM && error != -ESRCH)
                ledger_process_unread(c->ledger, pid);
        return error == -ENOMEM ? error : 0;
}

/* How closely one is looked at that is known. */
typedef enum Depth {
        DEPTH_NONE,  /* nothing tells of a change */
        DEPTH_STAT,  /* is it another one, or has it another name? */
        DEPTH_WHOLE, /* it is read again */
} Depth;

/* 0, also when the process has gone meanwhile; -ENOMEM. */
static int scan_process(Cycle *c, uint32_t pid, Depth depth) {
        const Process *known = ledger_process(c->ledger, pid);
        _cleanup_process_ Process p = {};
        ProcfsStat stat;
        int r;

        if (depth == DEPTH_NONE && known && ledger_process_touch(c->ledger, pid, known->start_ticks, NULL) >= 0)
                return 0;
        cycle_between(c);
        r = procfs_stat(c->proc_fd, pid, &stat);
        if (r == 0 && depth < DEPTH_WHOLE && ledger_process_touch(c->ledger, pid, stat.start_ticks, stat.comm) >= 0)
                return 0;
        if (r == 0)
                r = read_process(c, pid, &p);
        if (r < 0)
                return not_read(c, pid, r);
        r = ledger_process_see(c->ledger, &p);
        return r < 0 ? r : cycle_exe_ask(c, pid);
}

int cycle_process(Cycle *c, uint32_t pid) {
        return scan_process(c, pid, DEPTH_WHOLE);
}

#define TURNS 8   /* at so many rescans each process is compared once, changed or not */
#define WALKS 64  /* ... and its descriptors are walked */
#define AWAKE 2   /* who has not run for so many rescans is asked in his turn only */

static bool has_turn(const Cycle *c, uint32_t pid, uint32_t turns) {
        return pid % turns == c->processes.turn % turns;
}

/* Others wake up, too; but then the sockets that they open have no holder, or somebody gives notice. */
static bool is_asleep(const Cycle *c, const Process *p) {
        return c->processes.noticed && p->ran != 0 && c->began > p->ran_since + AWAKE * c->config->rescan;
}

/* Since it was walked. */
static bool has_run(Cycle *c, const Process *p) {
        uint64_t before = clock_boottime();

        cycle_between(c);
        return c->walked == 0 || !process_rests(p, cycle_ran(c, p), before);
}

static bool is_moved(const Cycle *c, const Process *p) {
        _cleanup_process_ Process now;

        process_init(&now);
        return procfs_cgroup(c->proc_fd, p->pid, &now) >= 0 && !process_same_group(p, &now);
}

/* At a rescan. Who is walked and has not run is still the one that he was, with what he had; if he was read before, or while, he last ran, he is read
 * once more. */
static int rescan_known(Cycle *c, const Process *p, bool all) {
        bool walks = ledger_walks(c->ledger, p->pid), turn = has_turn(c, p->pid, TURNS);
        bool busy = walks && (turn || !is_asleep(c, p)) && has_run(c, p);
        bool changed = busy || (walks && p->read_since < p->ran_since) || (turn && is_moved(c, p));
        bool again = busy || has_turn(c, p->pid, WALKS) || (turn && walks && procfs_shares(p->pid, p->parent));
        uint32_t pid = p->pid;
        int r = scan_process(c, pid, all || changed ? DEPTH_WHOLE : turn && !walks ? DEPTH_STAT : DEPTH_NONE);

        if (again)
                ledger_walk_again(c->ledger, pid);
        return r;
}

/* Those over the limit are not looked at; whoever is known already is, and found gone. */
static int scan(Cycle *c, bool again) {
        bool all = !c->processes.noticed || c->processes.reread || c->walked == 0 || rules_need_cmdline(&c->config->rules);
        _cleanup_free_ uint32_t *pids = NULL;
        size_t count = 0, over = 0;
        LedgerStatus status;
        uint64_t room;
        int r;

        ledger_status(c->ledger, &status);
        room = c->config->limits.processes - MIN((uint64_t) status.known, c->config->limits.processes);
        ledger_processes_begin(c->ledger, clock_boottime());
        r = procfs_list(c->proc_fd, &pids, &count);
        if (r >= 0 && count == 0)
                r = -ENODATA; /* not even ourselves: that is no /proc, and says of nobody that he is gone */
        for (size_t i = 0; i < count && r >= 0; i++) {
                const Process *known = ledger_process(c->ledger, pids[i]);

                if (!known && room == 0) {
                        over++;
                        continue;
                }
                room -= !known;
                if (known && again)
                        r = rescan_known(c, known, all);
                else
                        r = scan_process(c, pids[i], all ? DEPTH_STAT : DEPTH_NONE);
        }
        if (r < 0)
                return r;
        ledger_processes_end(c->ledger, clock_boottime(), true);
        ledger_over_limit(c->ledger, LIMIT_PROCESSES, clock_boottime(), over);
        c->processes.scan = false;
        if (again) {
                c->processes.turn++;
                c->processes.reread = false;
        }
        return 0;
}

int cycle_processes(Cycle *c, bool again) {
        uint64_t cpu = c->config->interval * c->config->cpu_max / 10000;
        int r = cycle_process_work(c, cpu);

        if (r >= 0 && (!c->processes.noticed || c->processes.scan || again))
                r = scan(c, again);
        return MIN(r, 0);
}
