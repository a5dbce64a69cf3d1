/* SPDX-License-Identifier: MIT */

#include "manager-delivery.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/state.h"
#include "manager-outlet.h"

#define READ_EVERY (200 * USEC_PER_MSEC)
#define READ_MAX 1000 /* entries a turn: some three milliseconds */
#define NUDGE_EVERY USEC_PER_SEC
#define FULL_FOR (5 * USEC_PER_SEC) /* a disk that was full counts as full */
#define TELL_FIRST (10 * USEC_PER_SEC) /* from one audit-lost to the next while it goes on */
#define TELL_LONGEST (600 * USEC_PER_SEC)

/* --- what was lost ----------------------------------------------------------------------------------- */

void delivery_loop_tell(DeliveryLoop *l) {
        DeliveryLoss *loss = &l->loss;

        if (loss->count == 0)
                return;
        log_warning("journal: %llu events were sent twice and are not in it (SOCKAUDIT_SEQ %llu to %llu): a limit of rate, size or level, or a full disk",
                    (unsigned long long) loss->count, (unsigned long long) loss->first_seq, (unsigned long long) loss->last_seq);
        outlet_say_lost(l->outlet, &(SinkLoss){ .count = loss->count, .first_seq = loss->first_seq, .last_seq = loss->last_seq }, "journal-suppressed", loss->run);
        *loss = (DeliveryLoss){};
        /* If it stores nothing at all, this event is the next that is lost. */
        l->tell_distance = l->arrived || l->tell_distance == 0 ? TELL_FIRST : MIN(2 * l->tell_distance, TELL_LONGEST);
        l->tell_at = clock_monotonic() + l->tell_distance;
        l->arrived = false;
}

static void count_lost(DeliveryLoop *l) {
        DeliveryLoss more = delivery_take_loss(l->delivery);

        if (more.count > 0 && l->loss.count > 0 && strcmp(more.run, l->loss.run) != 0)
                delivery_loop_tell(l);
        if (more.count > 0 && l->loss.count > 0) {
                l->loss.count += more.count;
                l->loss.first_seq = MIN(l->loss.first_seq, more.first_seq);
                l->loss.last_seq = MAX(l->loss.last_seq, more.last_seq);
        } else if (more.count > 0)
                l->loss = more;
        if (clock_monotonic() >= l->tell_at)
                delivery_loop_tell(l);
}

/* --- reading back ------------------------------------------------------------------------------------ */

static void do_not_confirm(DeliveryLoop *l, int error) {
        static const char why[] = "what is sent to the journal counts as delivered, since it cannot be read back";

        log_warning("journal: %s: %s", why, error == -EPERM ? "only root's events can be told from those of others" : strerror(-error));
        outlets_degrade(l->outlet->outlets, why);
        l->confirm = confirm_free(l->confirm);
        delivery_expect(l->delivery, false);
}

/* The reader of `run`, from here on. */
static void read_run(DeliveryLoop *l, const char *run) {
        Confirm *new = NULL;
        int r = confirm_open(&new, run);

        if (r < 0) {
                do_not_confirm(l, r);
                return;
        }
        confirm_free(l->confirm);
        l->confirm = new;
}

/* False: it cannot be, for now. */
static bool reopen(DeliveryLoop *l) {
        int r = confirm_reopen(l->confirm);

        if (r < 0 && !l->stale)
                log_warning("journal: cannot be opened anew (%s): what is missing in it is not known yet", strerror(-r));
        l->stale = r < 0;
        return r >= 0;
}

/* True: to the end. */
static bool read_back(DeliveryLoop *l) {
        uint64_t seq;
        int r = 1;

        confirm_refresh(l->confirm);
        for (unsigned n = 0; n < READ_MAX; n++) {
                r = confirm_next(l->confirm, &seq);
                if (r <= 0)
                        break;
                l->arrived |= delivery_confirm(l->delivery, seq);
        }
        if (r < 0) {
                log_warning("journal: cannot be read (%s): what is on its way may be sent twice", strerror(-r));
                read_run(l, delivery_run(l->delivery)); /* not from where it was: it would fail there again */
        }
        return r == 0;
}

/* What journald has dealt with, and what has not come back, is missing. */
static void judge(DeliveryLoop *l) {
        bool whole;

        l->behind = false;
        /* Before reading: what it had stored when it answered is there to be read. */
        l->answered |= synchronize_answered(&l->synchronize) > 0;
        whole = read_back(l);
        if (whole && l->answered && delivery_oldest(l->delivery) <= l->asked_mark) {
                /* Something is missing: maybe where we look, since the journal is elsewhere by now. */
                if (!reopen(l))
                        return;
                whole = read_back(l);
        }
        delivery_dealt_with(l->delivery, whole && l->answered ? l->asked_mark : 0);
        l->answered &= !whole;
        l->behind = !whole;
}

static void nudge(DeliveryLoop *l) {
        uint64_t now = clock_monotonic();

        if (now - l->aged_at < NUDGE_EVERY)
                return;
        if (delivery_oldest(l->delivery) <= l->aged_mark && l->synchronize.fd < 0 && !l->answered && now - l->asked_at >= NUDGE_EVERY) {
                l->asked_at = now;
                l->asked_mark = delivery_mark(l->delivery);
                (void) synchronize_ask(&l->synchronize, NULL);
        }
        l->aged_at = now;
        l->aged_mark = delivery_mark(l->delivery);
}

static void check_disk(DeliveryLoop *l) {
        uint64_t now = clock_boottime();

        l->outlives = delivery_outlives(l->delivery);
        /* Once nothing waits, the file is tried again: that alone does not mean that there is room. */
        if (!l->has_file || (l->outlives && now - l->full_at < FULL_FOR))
                return;
        if (!l->outlives && !l->full)
                log_warning("outbox: the disk takes no more: what waits for the journal is in memory, and is lost when the daemon ends");
        l->full = !l->outlives;
        if (l->full)
                l->full_at = now;
        ledger_condition(l->outlet->outlets->ledger, CONDITION_OUTBOX, l->full, 0, now);
}

bool delivery_loop_turn(DeliveryLoop *l) {
        const char *run;

        check_disk(l);
        if (l->confirm) {
                judge(l);
                nudge(l);
                count_lost(l);
        }
        run = delivery_turn(l->delivery);
        if (run)
                read_run(l, run);
        delivery_settle(l->delivery);
        return delivery_waiting(l->delivery) + delivery_unconfirmed(l->delivery) == 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        DeliveryLoop *l = userdata;

        (void) delivery_loop_turn(l);
        outlet_flush(l->outlet); /* what is to be sent again; it wakes us */
        return 0;
}

void delivery_loop_wake(DeliveryLoop *l) {
        bool busy = delivery_waiting(l->delivery) + delivery_unconfirmed(l->delivery) > 0;
        uint64_t at = clock_monotonic(), set;
        int enabled;

        check_disk(l);
        if (!l->confirm || (!busy && l->loss.count == 0))
                return;
        if (busy)
                at += l->behind ? 0 : READ_EVERY;
        else
                at = MAX(at, l->tell_at);
        if (sd_event_source_get_enabled(l->timer, &enabled) < 0 || sd_event_source_get_time(l->timer, &set) < 0)
                return;
        if (enabled != SD_EVENT_OFF && set <= at)
                return;
        if (sd_event_source_set_time(l->timer, at) >= 0)
                (void) sd_event_source_set_enabled(l->timer, SD_EVENT_ONESHOT);
}

/* --- start and end ----------------------------------------------------------------------------------- */

static void log_found(const OutboxFound *found) {
        static const char *const why[] = {
                [OUTBOX_DAMAGED] = "it is damaged", [OUTBOX_FOREIGN] = "it is none of ours", [OUTBOX_FUTURE] = "a later version made it",
        };

        if (found->count > 0)
                log_notice("outbox: %llu events of an earlier daemon wait in it, and are sent now; some may come twice", (unsigned long long) found->count);
        if (found->bad > 0)
                log_warning("outbox: %llu bytes at its end cannot be read, since %s; %s%s", (unsigned long long) found->bad, why[found->why],
                            found->kept < 0 ? "they could not be kept: " : "they are kept as " OUTBOX_NAME ".damaged-1",
                            found->kept < 0 ? strerror(-found->kept) : "");
}

static int open_outbox(DeliveryLoop *l, const Config *config, Outbox **ret, uint64_t *ret_waiting) {
        static const char without[] = "what waits for the journal is lost when the daemon ends, since there is no outbox";
        _cleanup_close_ int dir_fd = state_open_own();
        OutboxFound found = {};
        int r = dir_fd < 0 ? dir_fd : outbox_open(ret, dir_fd, config->limits.outbox, &found);

        l->has_file = l->outlives = r >= 0;
        if (r < 0) {
                log_warning("outbox: the state directory cannot be used (%s): %s", r == -EBUSY ? "another sockauditd uses it" : strerror(-r), without);
                outlets_degrade(l->outlet->outlets, without);
                r = outbox_open_memory(ret, config->limits.queue);
        } else
                log_found(&found);
        *ret_waiting = found.count;
        return r;
}

/* Before anything is sent: from here on the journal is read. */
static int expect_confirmation(DeliveryLoop *l) {
        int r = sd_event_add_time_relative(l->outlet->outlets->event, &l->timer, CLOCK_MONOTONIC, 0, USEC_PER_MSEC, on_timer, l);

        if (r >= 0)
                r = sd_event_source_set_enabled(l->timer, SD_EVENT_OFF);
        if (r < 0)
                return r;
        if (geteuid() != 0) {
                do_not_confirm(l, -EPERM);
                return 0;
        }
        delivery_expect(l->delivery, true);
        read_run(l, delivery_turn(l->delivery));
        delivery_loop_wake(l);
        return 0;
}

int delivery_loop_open(DeliveryLoop *l, Outlet *outlet, const FormatContext *format, const Config *config) {
        _cleanup_(outbox_freep) Outbox *outbox = NULL;
        uint64_t waiting;
        int r;

        *l = (DeliveryLoop){ .outlet = outlet, .synchronize = SYNCHRONIZE_NULL };
        r = open_outbox(l, config, &outbox, &waiting);
        if (r >= 0)
                r = sink_journal_new(&outlet->sink, format, NULL, outbox, waiting);
        if (r < 0)
                return r;
        TAKE_PTR(outbox);
        if (!sink_journal_available(NULL))
                log_warning("journal: systemd-journald does not answer; events wait for it");
        l->delivery = sink_journal_delivery(outlet->sink);
        return expect_confirmation(l);
}

void delivery_loop_done(DeliveryLoop *l) {
        if (!l->outlet)
                return;
        l->timer = sd_event_source_disable_unref(l->timer);
        l->confirm = confirm_free(l->confirm);
        synchronize_done(&l->synchronize);
}
