/* SPDX-License-Identifier: MIT */

/* Manager: the daemon. An sd-event loop with one timer; each time it fires, one cycle. The time between two cycles is
 * the configured interval, stretched so that the cycles' CPU time stays under cpu_max; a cycle that takes longer than the
 * interval is told once an episode, and the next one starts an interval after it, so they never pile up. */

#include "manager.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "collect/host.h"
#include "collect/procfs.h"
#include "manager-internal.h"

#define STOP_WAIT_USEC (2 * USEC_PER_SEC) /* for what still waits for a sink */
#define BLIND_MAX (10 * USEC_PER_SEC)     /* so long looks may fail: then a new start, by whoever watches over us, may help */

/* --- events ---------------------------------------------------------------------------------------- */

static void on_event(void *userdata, const Event *e) {
        Manager *m = userdata;
        ClockReading now;

        clock_read(&now);
        m->format.clock_offset = clock_follow(m->format.clock_offset, &now);
        ledger_spend(m->ledger, e, outlets_put(&m->outlets, e));
}

static void tell_stopped(Manager *m) {
        _cleanup_text_ Text counts = TEXT_NULL;
        Event *e = audit_event(EVENT_AUDIT_STOPPED);

        heartbeat_set_counts(m->ledger, e, &counts);
        if (m->stopped_by[0])
                event_set_bytes(e, EVENT_FIELD_STOPPED_BY, bytes_of(m->stopped_by));
        ledger_say(m->ledger, e);
}

static int add_sinks(Manager *m) {
        unsigned sinks = m->options.sinks ?: m->config->sinks;
        int r = 0;

        m->outlets.event = m->event;
        m->outlets.ledger = m->ledger;
        for (SinkKind k = 0; k < _SINK_MAX && r >= 0; k++)
                if (sinks & 1u << k)
                        r = outlets_add(&m->outlets, k, &m->format, m->config);
        return r;
}

/* --- cycles ---------------------------------------------------------------------------------------- */

static void notify_status(Manager *m, const CycleFigures *f) {
        char as_text[64] = "";
        LedgerStatus status;

        ledger_status(m->ledger, &status);
        if (f->as_text > 0)
                (void) snprintf(as_text, sizeof(as_text), " (%zu as text)", f->as_text);
        if (f->as_text > 0 && !m->as_text)
                log_notice("network namespaces may not be entered: read as text, without cookies, unix peers and other ends in other namespaces");
        m->as_text = f->as_text > 0;
        (void) sd_notifyf(0, "%sSTATUS=%zu sockets of %zu matching processes in %zu namespaces%s by %s, last look took %llu ms",
                          m->ready ? "" : "READY=1\n", status.sockets, status.processes, f->namespaces, as_text,
                          collector_name(collector_kind(m->collector)), (unsigned long long) (f->duration / USEC_PER_MSEC));
        m->ready = true;
}

/* Rule 13: notices were lost, so the map is looked at before its time. */
static void on_heal(void *userdata) {
        Manager *m = userdata;
        uint64_t at = ledger_heal_at(m->ledger);

        if (pace_sooner(&m->pace, at))
                (void) sd_event_source_set_time(m->timer, at);
}

/* A process began to match, or one that did is gone: what it opened, or closed, is seen soon. */
static void on_process(void *userdata) {
        Manager *m = userdata;
        uint64_t at = MAX(clock_boottime(), m->pace.earliest);

        outlets_flush(&m->outlets);
        if (pace_sooner(&m->pace, at))
                (void) sd_event_source_set_time(m->timer, at);
}

/* What a look did not finish is left as it was. Maybe the next one has memory and descriptors again. */
static int look_failed(Manager *m, uint64_t now, int error) {
        int r;

        if (m->blind == 0)
                m->blind = now;
        if (m->options.once || now - m->blind >= BLIND_MAX) {
                log_error("cannot look any more: %s", strerror(-error));
                return error;
        }
        if (m->blind == now)
                log_warning("cannot look: %s; trying again", strerror(-error));
        ledger_condition(m->ledger, CONDITION_LOOK, true, -error, now);
        outlets_flush(&m->outlets);
        r = sd_event_source_set_time(m->timer, clock_boottime() + m->config->interval);
        return r < 0 ? r : sd_event_source_set_enabled(m->timer, SD_EVENT_ONESHOT);
}

static int open_process_notices(Manager *m) {
        m->processes = (ProcessNotices){
                .event = m->event, .ledger = m->ledger, .cycle = &m->cycle, .userdata = m, .look = on_process,
                .users_only = collector_hooks(m->collector), .connector = CONNECTOR_NULL,
        };
        return m->options.once ? 0 : process_notices_open(&m->processes);
}

/* As if there never were any. */
static int do_without_hooks(Manager *m) {
        hook_notices_done(&m->hooks);
        process_notices_done(&m->processes);
        m->cycle.processes.noticed = false;
        collector_drop_hooks(m->collector);
        ledger_hooks_are_gone(m->ledger);
        cycle_process_lost(&m->cycle);
        return open_process_notices(m);
}

static int cycle(Manager *m) {
        uint64_t started = clock_boottime(), asleep = heartbeat_check_clock(&m->heartbeat);
        CycleFigures figures;
        int r;

        heartbeat_before_cycle(&m->heartbeat);
        notices_drain(&m->notices);
        process_notices_drain(&m->processes);
        hook_notices_drain(&m->hooks, false);
        r = cycle_run(&m->cycle, &figures);
        if (r < 0)
                return look_failed(m, started, r);
        m->blind = 0;
        skip_settle(&m->hooks.skip);
        if (hook_notices_are_deaf(&m->hooks)) {
                r = do_without_hooks(m);
                if (r < 0)
                        return r;
        }
        ledger_condition(m->ledger, CONDITION_LOOK, false, 0, clock_boottime());
        if (ledger_heal_at(m->ledger) <= started)
                ledger_healed(m->ledger, started + figures.duration);
        pace_check(&m->pace, m->ledger, m->config, started, figures.duration, asleep, heartbeat_check_clock(&m->heartbeat));
        heartbeat_after_cycle(&m->heartbeat, m->config->balance);
        fold_store_turn(&m->fold);
        resume_renew(&m->resume, m->ledger, m->cycle.began, m->config->balance);
        ledger_condition(m->ledger, CONDITION_MAP, m->resume.error != 0, m->resume.error, clock_boottime());
        outlets_flush(&m->outlets);
        log_debug("a look of %llu ms: %zu suspects asked about, %zu of them alive", (unsigned long long) (figures.duration / USEC_PER_MSEC),
                  figures.asked, figures.acquitted);
        notify_status(m, &figures);
        if (m->options.once)
                return sd_event_exit(m->event, 0);
        /* Counted from the end of the look: what holds us up after it, while events are written, is a gap, too. */
        (void) pace_next(&m->pace, m->config, started + figures.duration, figures.cpu + m->processes.cpu + m->hooks.cpu);
        m->processes.cpu = m->hooks.cpu = 0;
        r = sd_event_source_set_time(m->timer, m->pace.due); /* a relative one would count from before the look */
        if (r >= 0)
                r = sd_event_source_set_enabled(m->timer, SD_EVENT_ONESHOT);
        on_heal(m);
        return r;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        int r = cycle(userdata);

        (void) source;
        (void) usec;
        /* An error from a handler only disables its source: the daemon would live on blind. */
        return r < 0 ? sd_event_exit(((Manager *) userdata)->event, r) : 0;
}

/* --- signals --------------------------------------------------------------------------------------- */

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *si, void *userdata) {
        Manager *m = userdata;
        _cleanup_process_ Process p = {};

        (void) source;
        if (si->ssi_signo == SIGHUP) {
                manager_reload(m);
                outlets_flush(&m->outlets);
                return 0;
        }
        /* Who ended the audit is evidence; a process that is gone already is at least a number. */
        if (si->ssi_code == SI_USER && procfs_read(m->proc_fd, si->ssi_pid, 0, &p) == 0)
                (void) snprintf(m->stopped_by, sizeof(m->stopped_by), "%u/%u/%s", si->ssi_pid, si->ssi_uid, p.comm);
        else if (si->ssi_code == SI_USER)
                (void) snprintf(m->stopped_by, sizeof(m->stopped_by), "%u/%u/?", si->ssi_pid, si->ssi_uid);
        else
                (void) snprintf(m->stopped_by, sizeof(m->stopped_by), "kernel or terminal");
        return sd_event_exit(m->event, 0);
}

/* A source that rests (sd_event_source_set_ratelimit()) needs a descriptor that sd-event makes when it first does, and to have none left then is the end of
 * the loop: so it is made now. */
static int make_rest_possible(sd_event *event) {
        sd_event_source *source = NULL;
        int r = sd_event_add_time(event, &source, CLOCK_MONOTONIC, UINT64_MAX, 0, NULL, NULL);

        sd_event_source_disable_unref(source);
        return r;
}

static int add_sources(Manager *m) {
        static const int signals[] = { SIGTERM, SIGINT, SIGHUP };
        sigset_t mask;
        int r = sd_event_default(&m->event);

        if (r < 0)
                return r;
        (void) sigemptyset(&mask);
        for (size_t i = 0; i < ELEMENTSOF(signals); i++)
                (void) sigaddset(&mask, signals[i]);
        if (sigprocmask(SIG_BLOCK, &mask, NULL) < 0)
                return -errno;
        (void) signal(SIGPIPE, SIG_IGN); /* a reader of ours that went away is an error of write(2) */
        (void) signal(SIGXFSZ, SIG_IGN); /* and so is an outbox that may not grow */
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(signals); i++)
                r = sd_event_add_signal(m->event, NULL, signals[i], on_signal, m);
        if (r >= 0)
                r = sd_event_add_time_relative(m->event, &m->timer, CLOCK_BOOTTIME, 0, 1000, on_timer, m);
        if (r >= 0)
                r = make_rest_possible(m->event);
        if (r >= 0)
                r = sd_event_set_watchdog(m->event, true);
        return r;
}

/* --- start and end --------------------------------------------------------------------------------- */

/* What the run before has left concerns those who read what it told: in the journal, or where a unit says that it keeps state. */
static bool resumes(const Manager *m) {
        unsigned sinks = m->options.sinks ?: m->config->sinks;

        return !m->options.once && (sinks & 1u << SINK_JOURNAL || getenv("STATE_DIRECTORY"));
}

static int open_ledger(Manager *m) {
        LedgerOptions o = manager_ledger_options(m->config);
        uint64_t random[4];
        Netns own;
        int r;

        if (getrandom(random, sizeof(random), 0) != sizeof(random))
                return -errno;
        o.notices_exact = collector_hooks(m->collector);
        o.secret[0] = random[0];
        o.secret[1] = random[1];
        (void) snprintf(m->format.run, sizeof(m->format.run), "%016llx%016llx", (unsigned long long) random[2],
                        (unsigned long long) random[3]);
        m->format.clock_offset = clock_offset();
        m->format.unit_log = m->config->unit_log;
        host_boot_id(m->proc_fd, o.boot_id);
        host_port_range(m->proc_fd, &o.ephemeral_first, &o.ephemeral_last);
        if (resumes(m))
                resume_open(&m->resume, o.boot_id, collector_kind(m->collector));
        r = collector_netns(m->collector, 0, &own);
        return r < 0 ? r : resume_ledger(&m->resume, &m->ledger, &own, &o, &m->config->rules, on_event, m);
}

static int open_fold(Manager *m) {
        char boot_id[33] = {};

        host_boot_id(m->proc_fd, boot_id);
        return fold_store_open(&m->fold, m->ledger, m->config, &m->outlets, resumes(m), m->format.run, boot_id);
}

static void on_between(void *userdata) {
        Manager *m = userdata;

        notices_drain(&m->notices);
        hook_notices_drain(&m->hooks, true);
}

/* Of these the programs in the kernel tell more than messages about freed sockets. */
static unsigned hooked_tables(const Manager *m) {
        Hook program;

        if (!m->hooks.hooks)
                return 0;
        return TABLE_BIT(TABLE_TCP) | (hooks_option(m->hooks.hooks, HOOK_OPTION_UDP, &program) > 0 ? TABLE_BIT(TABLE_UDP) : 0);
}

static void on_look(void *userdata, const Netns *netns, unsigned tables) {
        Manager *m = userdata;

        m->notices.text |= collector_reads_text(m->collector, netns);
        notices_look(&m->notices, netns, tables & ~hooked_tables(m));
}

static int open_hook_notices(Manager *m) {
        m->hooks = (HookNotices){
                .event = m->event, .ledger = m->ledger, .cycle = &m->cycle, .hooks = collector_hooks(m->collector), .userdata = m, .heal = on_heal, .look = on_process,
        };
        return hook_notices_open(&m->hooks);
}

/* The map can be kept without them: what they would have told is then seen later, or not at all, and that is said. */
static int open_notices(Manager *m) {
        Netns own = {};
        int r = collector_netns(m->collector, 0, &own);

        if (r < 0)
                return r;
        m->notices = (Notices){ .event = m->event, .ledger = m->ledger, .proc_fd = m->proc_fd, .own = own, .userdata = m, .heal = on_heal };
        r = notices_open(&m->notices, collector_kind(m->collector) != COLLECTOR_PROC && !m->options.once);
        m->cycle.hooks = (CycleHooks){ .userdata = m, .between = on_between, .look = on_look };
        if (notices_degraded(&m->notices) && !m->options.once)
                log_warning("%s", notices_degraded(&m->notices));
        return r;
}

static int start(Manager *m) {
        int r = manager_load(m, m->configs);

        if (r < 0)
                return r;
        m->proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (m->proc_fd < 0)
                return -errno;
        r = manager_open_collector(m);
        if (r >= 0)
                r = open_ledger(m);
        if (r >= 0)
                r = add_sources(m);
        if (r >= 0)
                r = add_sinks(m);
        if (r >= 0)
                r = open_fold(m);
        if (r < 0)
                return r;
        m->cycle = (Cycle){ .proc_fd = m->proc_fd, .collector = m->collector, .ledger = m->ledger, .config = m->config };
        m->cycle.namespaces = TAKE_PTR(m->resume.namespaces);
        m->cycle.namespace_count = m->resume.namespace_count;
        cycle_restart(&m->cycle);
        heartbeat_start(&m->heartbeat, m->ledger, &m->cycle, m->config->balance, outlets_have(&m->outlets, SINK_JOURNAL));
        r = open_notices(m);
        if (r >= 0)
                r = open_process_notices(m);
        if (r >= 0)
                r = open_hook_notices(m);
        if (r < 0)
                return r;
        manager_tell_configuration(m, EVENT_AUDIT_STARTED);
        if (m->resume.gap)
                ledger_gap(m->ledger, m->resume.gap, m->resume.from, clock_boottime(), 0);
        log_info("watching by %s, %zu %s, every %llu ms", collector_name(collector_kind(m->collector)),
                 m->config->rules.count, m->config->rules.count == 1 ? "rule" : "rules", (unsigned long long) (m->config->interval / USEC_PER_MSEC));
        return fold_store_begin(&m->fold);
}

static void manager_done(Manager *m) {
        notices_done(&m->notices);
        hook_notices_done(&m->hooks);
        process_notices_done(&m->processes);
        outlets_done(&m->outlets);
        cycle_done(&m->cycle);
        ledger_free(m->ledger);
        fold_store_done(&m->fold);
        collector_free(m->collector);
        sd_event_source_disable_unref(m->timer);
        sd_event_unref(m->event);
        fd_close(m->proc_fd);
        resume_done(&m->resume);
        config_done(m->config);
}

/* Where looks are walks, nobody knows what others hold: the next run compares with that, too. */
static void look_for_the_next_run(Manager *m) {
        CycleFigures figures;
        int r = 0;

        m->cycle.whole = true;
        if (collector_walks(m->collector) && m->blind == 0)
                r = cycle_run(&m->cycle, &figures);
        if (r < 0)
                m->blind = clock_boottime();
}

int manager_run(const ManagerOptions *options) {
        Manager m = { .options = *options, .proc_fd = -1, .notices = NOTICES_NULL, .processes = PROCESS_NOTICES_NULL, .resume = RESUME_NULL,
                      .fold = { .file = MAPPED_NULL } };
        int r;

        m.config = m.configs;
        config_init(m.config);
        r = start(&m);
        if (r >= 0) {
                r = sd_event_loop(m.event);
                if (r < 0)
                        log_error("ending before time: %s", strerror(-r));
                (void) sd_notify(0, "STOPPING=1");
                notices_drain(&m.notices);
                hook_notices_drain(&m.hooks, false);
                if (r >= 0 && !m.options.once)
                        look_for_the_next_run(&m);
                heartbeat_stop(&m.heartbeat);
                pace_end(&m.pace, m.ledger);
                fold_store_stop(&m.fold);
                outlets_tell_lost(&m.outlets);
                tell_stopped(&m);
                outlets_drain(&m.outlets, STOP_WAIT_USEC);
                if (r >= 0)
                        /* What is lost was not told, and half a look is no map. */
                        resume_save(&m.resume, outlets_waiting(&m.outlets) > 0 || m.blind > 0 ? NULL : m.ledger, m.cycle.namespaces, m.cycle.namespace_count);
        } else if (r != -EBADMSG)
                log_error("cannot start: %s", strerror(-r));
        manager_done(&m);
        return r;
}
