/* SPDX-License-Identifier: MIT */

#include "manager-outlet.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

#define RETRY_USEC USEC_PER_SEC
/* Bytes that journald adds of its own to an entry; of the rest so many take about as many as we send (tests/journald/test_size.py); and what is longer has long values,
 * tables of peers, which it compresses (tests/bench/volume). */
#define JOURNAL_ENTRY 350
#define JOURNAL_PLAIN 1500
#define JOURNAL_COMPRESSED 3
#define DRAIN_MSEC 20 /* between two looks at the end, where nothing can be waited for */

Event *audit_event(EventKind kind) {
        static Event e; /* large, and there is one at a time */

        event_init(&e, kind);
        event_set_number(&e, EVENT_FIELD_NOT_AFTER, clock_boottime());
        event_set_number(&e, EVENT_FIELD_PID, (uint64_t) getpid());
        event_set_word(&e, EVENT_FIELD_VERSION, SOCKAUDIT_VERSION);
        return &e;
}

static const char *outlet_name(const Outlet *o) {
        return sink_name(sink_kind(o->sink));
}

void outlet_say_lost(Outlet *o, const SinkLoss *loss, const char *reason, const char *run) {
        Event *e = audit_event(EVENT_AUDIT_LOST);

        event_set_word(e, EVENT_FIELD_SINK, outlet_name(o));
        event_set_word(e, EVENT_FIELD_GAP_REASON, reason);
        event_set_number(e, EVENT_FIELD_LOST_COUNT, loss->count);
        event_set_number(e, EVENT_FIELD_LOST_FIRST_SEQ, loss->first_seq);
        event_set_number(e, EVENT_FIELD_LOST_LAST_SEQ, loss->last_seq);
        if (run && strcmp(run, o->outlets->run) != 0)
                event_set_word(e, EVENT_FIELD_LOST_RUN, run);
        ledger_say(o->outlets->ledger, e);
}

static void outlet_tell_loss(Outlet *o) {
        SinkLoss loss = sink_take_loss(o->sink);

        if (loss.count > 0 && o->loss.count == 0) {
                log_warning("%s: %s, and events are lost; counting", outlet_name(o), loss.error == -ENOBUFS ? "no more may wait for it" : strerror(-loss.error));
                o->loss = loss;
        } else if (loss.count > 0) {
                o->loss.count += loss.count;
                o->loss.last_seq = loss.last_seq;
        }
        if (o->loss.count == 0 || sink_waiting(o->sink) > 0)
                return;
        loss = o->loss;
        o->loss = (SinkLoss){};
        outlet_say_lost(o, &loss, loss.error == -ENOBUFS ? "over-limit" : "sink-failed", NULL);
}

void outlets_degrade(Outlets *o, const char *why) {
        text_printf(&o->degraded, "%s%s", o->degraded.size > 0 ? "; " : "", why);
}

/* A journal comes back, the reader of a pipe does not. A daemon that nobody hears has no purpose. */
static void outlet_dies(Outlet *o) {
        Outlets *all = o->outlets;
        size_t alive = 0;

        o->dead = true;
        o->source = sd_event_source_disable_unref(o->source);
        log_error("%s: nobody reads standard output any more", outlet_name(o));
        for (size_t i = 0; i < all->count; i++)
                alive += !all->items[i].dead;
        if (alive == 0)
                (void) sd_event_exit(all->event, -EPIPE);
}

static int on_writable(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        outlet_flush(userdata);
        return 0;
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata) {
        Outlet *o = userdata;

        o->source = sd_event_source_disable_unref(o->source);
        outlet_flush(o);
        return 0;
}

/* Something waits: until its descriptor can take it, or for a second. Regular files cannot be waited for (EPERM). */
static void outlet_wait(Outlet *o) {
        int fd = sink_fd(o->sink), r = -EPERM;

        if (o->source && o->source_fd == fd)
                return;
        o->source = sd_event_source_disable_unref(o->source);
        o->source_fd = fd;
        if (fd >= 0)
                r = sd_event_add_io(o->outlets->event, &o->source, fd, EPOLLOUT, on_writable, o);
        if (r >= 0)
                return;
        o->source_fd = -1;
        r = sd_event_add_time_relative(o->outlets->event, &o->source, CLOCK_BOOTTIME, RETRY_USEC, 0, on_retry, o);
        if (r < 0)
                o->source = NULL; /* the next cycle tries */
}

/* A disk that is full is not the end of it: what does not fit into the queue meanwhile is counted as lost. */
static void outlet_check_full(Outlet *o, int64_t r) {
        bool full = r == -ENOSPC || r == -EDQUOT;

        if (full && !o->full)
                log_warning("%s: %s; events wait within their limit", outlet_name(o), strerror((int) -r));
        o->full = full;
}

void outlet_flush(Outlet *o) {
        int64_t r;

        if (o->dead)
                return;
        r = sink_flush(o->sink);
        outlet_check_full(o, r);
        if (r < 0 && !o->full && sink_kind(o->sink) != SINK_JOURNAL) {
                outlet_dies(o);
                return;
        }
        outlet_tell_loss(o);
        if (sink_waiting(o->sink) > 0)
                outlet_wait(o);
        else
                o->source = sd_event_source_disable_unref(o->source);
        if (sink_kind(o->sink) == SINK_JOURNAL)
                delivery_loop_wake(&o->outlets->delivery);
}

void outlets_done(Outlets *o) {
        delivery_loop_done(&o->delivery);
        text_done(&o->degraded);
        for (size_t i = 0; i < o->count; i++) {
                sd_event_source_disable_unref(o->items[i].source);
                sink_free(o->items[i].sink);
        }
        o->count = 0;
}

int outlets_add(Outlets *o, SinkKind kind, const FormatContext *format, const Config *config) {
        Outlet *new = &o->items[o->count];
        int r;

        o->run = format->run;
        new->outlets = o;
        new->source_fd = -1;
        if (kind == SINK_JOURNAL)
                r = delivery_loop_open(&o->delivery, new, format, config);
        else
                r = sink_stream_new(&new->sink, kind, format, STDOUT_FILENO, config->limits.queue);
        if (r < 0) {
                log_error("%s: the sink cannot be opened: %s", sink_name(kind), strerror(-r));
                new->sink = sink_free(new->sink);
                return r;
        }
        o->count++;
        return 0;
}

bool outlets_have(const Outlets *o, SinkKind kind) {
        for (size_t i = 0; i < o->count; i++)
                if (sink_kind(o->items[i].sink) == kind)
                        return true;
        return false;
}

static bool outlet_outlives(const Outlet *o) {
        return sink_kind(o->sink) == SINK_JOURNAL && delivery_outlives(sink_journal_delivery(o->sink));
}

uint64_t outlets_waiting(const Outlets *o) {
        uint64_t n = 0;

        for (size_t i = 0; i < o->count; i++)
                n += outlet_outlives(&o->items[i]) ? 0 : sink_waiting(o->items[i].sink);
        return n;
}

bool outlets_hold(Outlets *o, const char *run, uint64_t seq) {
        return o->delivery.outlet && delivery_holds(o->delivery.delivery, run, seq);
}

static uint64_t journal_cost(size_t sent) {
        size_t plain = MIN(sent, (size_t) JOURNAL_PLAIN);

        return JOURNAL_ENTRY + plain + (sent - plain) / JOURNAL_COMPRESSED;
}

uint64_t outlets_put(Outlets *o, const Event *e) {
        uint64_t journal = 0;

        for (size_t i = 0; i < o->count; i++) {
                (void) sink_put(o->items[i].sink, e); /* what it cannot take it counts */
                if (sink_kind(o->items[i].sink) == SINK_JOURNAL)
                        journal = journal_cost(sink_size(o->items[i].sink));
        }
        return journal;
}

void outlets_flush(Outlets *o) {
        for (size_t i = 0; i < o->count; i++)
                outlet_flush(&o->items[i]);
}

void outlets_tell_lost(Outlets *o) {
        if (o->delivery.outlet)
                delivery_loop_tell(&o->delivery);
}

/* True: all of it is where it should be. */
static bool outlet_drain(Outlet *o) {
        int64_t r = sink_flush(o->sink);

        if (sink_kind(o->sink) == SINK_JOURNAL)
                return delivery_loop_turn(&o->outlets->delivery);
        return r == 0 || sink_waiting(o->sink) == 0;
}

static void log_left(const Outlet *o) {
        const DeliveryLoop *l = &o->outlets->delivery;
        bool journal = sink_kind(o->sink) == SINK_JOURNAL;
        uint64_t waiting = sink_waiting(o->sink), on_way = journal ? delivery_unconfirmed(l->delivery) : 0;
        const char *next = journal && l->outlives ? "; they wait in the outbox for the next start" : "";

        if (waiting > 0)
                log_warning("%s: %llu events could not be written before the end%s", outlet_name(o), (unsigned long long) waiting, next);
        if (on_way > 0)
                log_warning("%s: %llu events were sent and not found in it before the end%s", outlet_name(o), (unsigned long long) on_way, next);
}

void outlets_drain(Outlets *o, uint64_t usec) {
        uint64_t end = clock_monotonic() + usec;

        for (size_t i = 0; i < o->count; i++) {
                Sink *s = o->items[i].sink;

                while (!outlet_drain(&o->items[i]) && clock_monotonic() < end) {
                        struct pollfd p = { .fd = sink_fd(s), .events = POLLOUT };
                        (void) poll(&p, 1, DRAIN_MSEC);
                }
                outlets_tell_lost(o); /* what was found by this; it is sent, and maybe stored */
                log_left(&o->items[i]);
        }
}
