/* SPDX-License-Identifier: MIT */

/* Manager: the daemon. An sd-event loop with one timer; each time it fires, one cycle. The time between two cycles is
 * the configured interval, stretched so that the cycles' CPU time stays under cpu_max; a cycle that takes longer than the
 * interval is told once an episode, and the next one starts an interval after it, so they never pile up.
 *
 * Sinks never block: what waits is sent when their descriptor can take it, what fell off becomes audit-lost as
 * soon as the sink takes events again. */

#include "manager.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/text.h"
#include "collect/collect.h"
#include "collect/procfs.h"
#include "config/config.h"
#include "cycle.h"
#include "emit/sink.h"

#define STOP_WAIT_USEC (2 * USEC_PER_SEC) /* for what still waits for a sink */

typedef struct Outlet {
        struct Manager *manager;
        Sink *sink;
        sd_event_source *source; /* EPOLLOUT, while something waits */
        int source_fd;
        SinkLoss loss; /* not yet told */
        bool dead;     /* nobody reads the other end of a pipe any more */
} Outlet;

typedef struct Manager {
        ManagerOptions options;
        Config config;
        sd_event *event;
        sd_event_source *timer;
        int proc_fd;
        Collector *collector;
        Ledger *ledger;
        Cycle cycle;
        FormatContext format;
        Outlet outlets[_SINK_MAX];
        size_t outlet_count;
        uint64_t due;   /* when the next cycle is to start; 0: at once */
        bool late;      /* an episode of late cycles is going on, and was told */
        bool ready;
        char stopped_by[128];
} Manager;

/* --- events ---------------------------------------------------------------------------------------- */

static void on_event(void *userdata, const Event *e) {
        Manager *m = userdata;

        for (size_t i = 0; i < m->outlet_count; i++)
                (void) sink_put(m->outlets[i].sink, e); /* what it cannot take it counts */
}

static Event *audit_event(EventKind kind) {
        static Event e;

        event_init(&e, kind);
        event_set_number(&e, EVENT_FIELD_NOT_AFTER, clock_boottime());
        event_set_number(&e, EVENT_FIELD_PID, (uint64_t) getpid());
        event_set_word(&e, EVENT_FIELD_VERSION, SOCKAUDIT_VERSION);
        return &e;
}

static void tell_configuration(Manager *m, EventKind kind) {
        _cleanup_text_ Text rules = TEXT_NULL;
        Event *e = audit_event(kind);

        for (size_t i = 0; i < m->config.rules.count; i++)
                text_printf(&rules, "%s%s", i > 0 ? ", " : "", m->config.rules.rules[i].text ?: m->config.rules.rules[i].name);
        event_set_bytes(e, EVENT_FIELD_RULES, bytes_of(text_string(&rules)));
        event_set_number(e, EVENT_FIELD_CONFIG_HASH, m->config.hash);
        event_set_word(e, EVENT_FIELD_COLLECTOR, collector_name(collector_kind(m->collector)));
        ledger_say(m->ledger, e);
}

static void tell_stopped(Manager *m) {
        _cleanup_text_ Text counts = TEXT_NULL;
        Event *e = audit_event(EVENT_AUDIT_STOPPED);
        LedgerStatus status;

        ledger_status(m->ledger, &status);
        for (EventKind k = 0; k < _EVENT_KIND_MAX; k++)
                if (status.counts[k] > 0)
                        text_printf(&counts, "%s%s=%llu", counts.size > 0 ? " " : "", event_kind_info(k)->name,
                                    (unsigned long long) status.counts[k]);
        event_set_bytes(e, EVENT_FIELD_COUNTS, bytes_of(text_string(&counts)));
        if (m->stopped_by[0])
                event_set_bytes(e, EVENT_FIELD_STOPPED_BY, bytes_of(m->stopped_by));
        event_set_number(e, EVENT_FIELD_SOCKET_COUNT, status.sockets);
        event_set_number(e, EVENT_FIELD_PROCESS_COUNT, status.processes);
        ledger_say(m->ledger, e);
}

/* --- sinks ----------------------------------------------------------------------------------------- */

static void outlet_tell_loss(Manager *m, Outlet *o) {
        SinkLoss loss = sink_take_loss(o->sink);
        Event *e;

        if (loss.count > 0) {
                if (o->loss.count == 0) {
                        log_warning("%s: events do not fit its queue and are lost; counting", sink_name(sink_kind(o->sink)));
                        o->loss = loss;
                } else {
                        o->loss.count += loss.count;
                        o->loss.last_seq = loss.last_seq;
                }
        }
        if (o->loss.count == 0 || sink_waiting(o->sink) > 0)
                return;
        e = audit_event(EVENT_AUDIT_LOST);
        event_set_word(e, EVENT_FIELD_SINK, sink_name(sink_kind(o->sink)));
        event_set_number(e, EVENT_FIELD_LOST_COUNT, o->loss.count);
        event_set_number(e, EVENT_FIELD_LOST_FIRST_SEQ, o->loss.first_seq);
        event_set_number(e, EVENT_FIELD_LOST_LAST_SEQ, o->loss.last_seq);
        o->loss = (SinkLoss){};
        ledger_say(m->ledger, e);
}

static int on_writable(sd_event_source *source, int fd, uint32_t revents, void *userdata);

/* A journal comes back, the reader of a pipe does not. A daemon that nobody hears has no purpose. */
static void outlet_dies(Outlet *o) {
        Manager *m = o->manager;
        size_t alive = 0;

        o->dead = true;
        o->source = sd_event_source_disable_unref(o->source);
        log_error("%s: nobody reads standard output any more", sink_name(sink_kind(o->sink)));
        for (size_t i = 0; i < m->outlet_count; i++)
                alive += !m->outlets[i].dead;
        if (alive == 0)
                (void) sd_event_exit(m->event, -EPIPE);
}

/* Send what can be sent, and wait for the descriptor while something is left. */
static void outlet_flush(Outlet *o) {
        Manager *m = o->manager;
        int fd, r = 0;

        if (o->dead)
                return;
        if (sink_flush(o->sink) < 0 && sink_kind(o->sink) != SINK_JOURNAL) {
                outlet_dies(o);
                return;
        }
        outlet_tell_loss(m, o);
        fd = sink_waiting(o->sink) > 0 ? sink_fd(o->sink) : -1;
        if (o->source && o->source_fd != fd)
                o->source = sd_event_source_disable_unref(o->source);
        o->source_fd = fd;
        if (fd >= 0 && !o->source)
                r = sd_event_add_io(m->event, &o->source, fd, EPOLLOUT, on_writable, o);
        /* Regular files cannot be waited for (EPERM): the next cycle tries again, as it does without a descriptor. */
        if (r < 0)
                o->source = NULL;
}

static int on_writable(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        (void) source;
        (void) fd;
        (void) revents;
        outlet_flush(userdata);
        return 0;
}

static void flush_all(Manager *m) {
        for (size_t i = 0; i < m->outlet_count; i++)
                outlet_flush(&m->outlets[i]);
}

/* At the end: wait for the sinks, but not for ever. */
static void drain(Manager *m) {
        uint64_t end = clock_monotonic() + STOP_WAIT_USEC;

        for (size_t i = 0; i < m->outlet_count; i++) {
                Sink *s = m->outlets[i].sink;

                while (sink_flush(s) != 0 && sink_waiting(s) > 0 && clock_monotonic() < end) {
                        struct pollfd p = { .fd = sink_fd(s), .events = POLLOUT };
                        (void) poll(&p, 1, 100);
                }
                if (sink_waiting(s) > 0)
                        log_warning("%s: %llu events could not be written before the end", sink_name(sink_kind(s)),
                                    (unsigned long long) sink_waiting(s));
        }
}

static int add_sink(Manager *m, SinkKind kind) {
        Outlet *o = &m->outlets[m->outlet_count];
        int r;

        if (kind == SINK_JOURNAL) {
                if (!sink_journal_available(NULL))
                        log_warning("journal: systemd-journald does not answer; events wait for it within limits.queue");
                r = sink_journal_new(&o->sink, &m->format, NULL, m->config.limits.queue);
        } else
                r = sink_stream_new(&o->sink, kind, &m->format, STDOUT_FILENO, m->config.limits.queue);
        if (r < 0) {
                log_error("%s: the sink cannot be opened: %s", sink_name(kind), strerror(-r));
                return r;
        }
        o->manager = m;
        o->source_fd = -1;
        m->outlet_count++;
        return 0;
}

static int add_sinks(Manager *m) {
        unsigned sinks = m->options.sinks ?: m->config.sinks;

        for (SinkKind k = 0; k < _SINK_MAX; k++)
                if (sinks & 1u << k) {
                        int r = add_sink(m, k);
                        if (r < 0)
                                return r;
                }
        return 0;
}

/* --- cycles ---------------------------------------------------------------------------------------- */

static void notify_status(Manager *m, const CycleFigures *f) {
        LedgerStatus status;

        ledger_status(m->ledger, &status);
        (void) sd_notifyf(0, "%sSTATUS=%zu sockets of %zu matching processes in %zu namespaces by %s, last look took %llu ms",
                          m->ready ? "" : "READY=1\n", status.sockets, status.processes, f->namespaces,
                          collector_name(collector_kind(m->collector)), (unsigned long long) (f->duration / USEC_PER_MSEC));
        m->ready = true;
}

/* Promise 3 for collectors whose cost is what exists. */
static uint64_t next_distance(const Manager *m, const CycleFigures *f) {
        uint64_t least = f->cpu * 10000 / m->config.cpu_max;

        return MAX(m->config.interval, least);
}

/* Cycles that did not take place: the look took longer than the interval (told once an episode), or nobody let us run. */
static void check_late(Manager *m, uint64_t started, const CycleFigures *f) {
        uint64_t interval = m->config.interval;
        bool late = f->duration > interval;

        if (m->due != 0 && started > m->due + interval) {
                log_warning("held up for %llu ms: nothing was looked at meanwhile",
                            (unsigned long long) ((started - m->due) / USEC_PER_MSEC));
                ledger_gap(m->ledger, "cycle-missed", m->due, started, (started - m->due) / interval);
        }
        if (late && !m->late) {
                log_warning("a look took %llu ms, longer than the interval of %llu ms; the next one starts an interval after it",
                            (unsigned long long) (f->duration / USEC_PER_MSEC), (unsigned long long) (interval / USEC_PER_MSEC));
                ledger_gap(m->ledger, "cycle-missed", started, started + f->duration, f->duration / interval);
        }
        m->late = late;
}

static int cycle(Manager *m) {
        uint64_t started = clock_boottime(), distance;
        CycleFigures figures;
        int r;

        m->format.clock_offset = clock_offset();
        r = cycle_run(&m->cycle, &figures);
        if (r < 0) {
                log_error("cannot look any more: %s", strerror(-r));
                return r;
        }
        check_late(m, started, &figures);
        flush_all(m);
        notify_status(m, &figures);
        if (m->options.once)
                return sd_event_exit(m->event, 0);
        distance = next_distance(m, &figures);
        m->due = clock_boottime() + distance;
        r = sd_event_source_set_time_relative(m->timer, distance);
        return r < 0 ? r : sd_event_source_set_enabled(m->timer, SD_EVENT_ONESHOT);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        int r = cycle(userdata);

        (void) source;
        (void) usec;
        /* An error from a handler only disables its source: the daemon would live on blind. */
        return r < 0 ? sd_event_exit(((Manager *) userdata)->event, r) : 0;
}

/* --- configuration and signals --------------------------------------------------------------------- */

static void log_messages(int level, const Text *messages) {
        const char *s = text_string(messages);

        while (*s) {
                size_t n = strcspn(s, "\n");
                log_line(level, "%.*s", (int) n, s);
                s += n + (s[n] == '\n');
        }
}

static int load(Manager *m, Config *ret) {
        _cleanup_text_ Text messages = TEXT_NULL;
        int r = config_load(m->options.config_path ?: CONFIG_PATH,
                            m->options.config_path ? CONFIG_TRUST_WARN : CONFIG_TRUST_REQUIRED, ret, &messages);

        log_messages(r < 0 ? LOG_ERR : LOG_WARNING, &messages);
        return r;
}

static void reload(Manager *m) {
        Config config, old;

        (void) sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long) clock_monotonic());
        if (load(m, &config) < 0)
                log_error("the configuration was not reloaded: the one before stays in force");
        else {
                if (config.collector != m->config.collector || (!m->options.sinks && config.sinks != m->config.sinks))
                        log_warning("collector and sinks are read at start only: restart to change them");
                old = m->config;
                m->config = config;
                (void) ledger_set_rules(m->ledger, &m->config.rules);
                config_done(&old);
                cycle_restart(&m->cycle);
                tell_configuration(m, EVENT_AUDIT_RELOADED);
                m->due = 0;
                (void) sd_event_source_set_time_relative(m->timer, 0);
                (void) sd_event_source_set_enabled(m->timer, SD_EVENT_ONESHOT);
        }
        (void) sd_notify(0, "READY=1");
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *si, void *userdata) {
        Manager *m = userdata;
        _cleanup_process_ Process p = {};

        (void) source;
        if (si->ssi_signo == SIGHUP) {
                reload(m);
                flush_all(m);
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
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(signals); i++)
                r = sd_event_add_signal(m->event, NULL, signals[i], on_signal, m);
        if (r >= 0)
                r = sd_event_add_time_relative(m->event, &m->timer, CLOCK_BOOTTIME, 0, 1000, on_timer, m);
        if (r >= 0)
                r = sd_event_set_watchdog(m->event, true);
        return r;
}

/* --- start and end --------------------------------------------------------------------------------- */

static void read_boot_id(int proc_fd, char ret[33]) {
        char text[64];
        size_t n = 0;

        if (fd_read_once_at(proc_fd, "sys/kernel/random/boot_id", text, sizeof(text)) < 0)
                text[0] = 0;
        for (const char *s = text; *s && n < 32; s++)
                if (*s != '-' && *s != '\n')
                        ret[n++] = *s;
        ret[n] = 0;
}

static void read_port_range(int proc_fd, LedgerOptions *o) {
        char text[64], *first = text, *last;
        uint32_t a, b;

        if (fd_read_once_at(proc_fd, "sys/net/ipv4/ip_local_port_range", text, sizeof(text)) < 0)
                return;
        last = strpbrk(text, "\t ");
        if (!last)
                return;
        *last++ = 0;
        last[strcspn(last, "\n")] = 0;
        if (parse_u32(first, 1, UINT16_MAX, &a) == 0 && parse_u32(last, a, UINT16_MAX, &b) == 0) {
                o->ephemeral_first = (uint16_t) a;
                o->ephemeral_last = (uint16_t) b;
        }
}

static int open_ledger(Manager *m) {
        LedgerOptions o = {
                .own_pid = (uint32_t) getpid(),
                .max_sockets = m->config.limits.sockets,
                .tell_cmdline = m->config.cmdline == CMDLINE_FULL,
        };
        uint64_t random[4];

        if (getrandom(random, sizeof(random), 0) != sizeof(random))
                return -errno;
        o.secret[0] = random[0];
        o.secret[1] = random[1];
        (void) snprintf(m->format.run, sizeof(m->format.run), "%016llx%016llx", (unsigned long long) random[2],
                        (unsigned long long) random[3]);
        m->format.clock_offset = clock_offset();
        m->format.unit_log = m->config.unit_log;
        read_boot_id(m->proc_fd, o.boot_id);
        read_port_range(m->proc_fd, &o);
        return ledger_new(&m->ledger, &o, &m->config.rules, on_event, m);
}

static int open_collector(Manager *m) {
        int r = collector_new(&m->collector, (CollectorKind) m->config.collector, m->proc_fd);

        if (r < 0)
                log_error("collector %s does not work here: %s", collector_name((unsigned) m->config.collector), strerror(-r));
        return r;
}

static int start(Manager *m) {
        int r = load(m, &m->config);

        if (r < 0)
                return r;
        m->proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (m->proc_fd < 0)
                return -errno;
        r = open_collector(m);
        if (r >= 0)
                r = open_ledger(m);
        if (r >= 0)
                r = add_sinks(m);
        if (r >= 0)
                r = add_sources(m);
        if (r < 0)
                return r;
        m->cycle = (Cycle){ .proc_fd = m->proc_fd, .collector = m->collector, .ledger = m->ledger, .config = &m->config };
        tell_configuration(m, EVENT_AUDIT_STARTED);
        log_info("watching by %s, %zu %s, every %llu ms", collector_name(collector_kind(m->collector)),
                 m->config.rules.count, m->config.rules.count == 1 ? "rule" : "rules", (unsigned long long) (m->config.interval / USEC_PER_MSEC));
        return 0;
}

static void manager_done(Manager *m) {
        for (size_t i = 0; i < m->outlet_count; i++) {
                sd_event_source_disable_unref(m->outlets[i].source);
                sink_free(m->outlets[i].sink);
        }
        cycle_done(&m->cycle);
        ledger_free(m->ledger);
        collector_free(m->collector);
        sd_event_source_disable_unref(m->timer);
        sd_event_unref(m->event);
        fd_close(m->proc_fd);
        config_done(&m->config);
}

int manager_run(const ManagerOptions *options) {
        Manager m = { .options = *options, .proc_fd = -1 };
        int r;

        config_init(&m.config);
        r = start(&m);
        if (r >= 0) {
                r = sd_event_loop(m.event);
                (void) sd_notify(0, "STOPPING=1");
                tell_stopped(&m);
                drain(&m);
        } else if (r != -EBADMSG)
                log_error("cannot start: %s", strerror(-r));
        manager_done(&m);
        return r;
}
