/* SPDX-License-Identifier: MIT */

/* A destroy message has no time. It came after the queue was last read empty, and the kernel's worker that sends it is late: by half a
 * second where four processes want each processor, by more where messages were dropped, since that worker then yields after
 * each. So the earliest time is that of the queue less WORKER_LATE, and a look that has shown the connection since, which is certain, narrows it.
 *
 * Waking up for each message would slow down those who close: after one the descriptor rests for DRAIN_USEC. */

#include "manager-notices.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/macro.h"
#include "collect/netns.h"
#include "collect/notice.h"

#define DRAIN_USEC (50 * USEC_PER_MSEC)
#define WORKER_LATE (10 * USEC_PER_SEC)
#define CROWDED_QUIET (60 * USEC_PER_SEC) /* after a loss: until the queue that was read empty means something again */
#define DRAIN_BATCHES 4096                /* in one go: about a quarter of a million */

const char *notices_degraded(const Notices *n) {
        return n->degraded;
}

static void give_up(Notices *n, const char *what, int error) {
        n->degraded = what;
        log_warning("%s: %s", what, strerror(-error));
        n->source = sd_event_source_disable_unref(n->source);
        destroy_close(&n->destroy);
        nsid_close(&n->nsid);
}

/* --- messages -------------------------------------------------------------------------------------- */

/* The earliest time of what was read at `now`. */
static uint64_t not_before(const Notices *n, uint64_t now) {
        uint64_t earliest = n->empty > WORKER_LATE ? n->empty - WORKER_LATE : 1;

        return MIN(earliest, now);
}

static uint64_t netns_of(const Notices *n, int32_t nsid) {
        return nsid == DESTROY_OWN ? n->own.id : nsid_find(&n->nsid, nsid);
}

/* After numbers were given anew our own may be among them. */
static void learn_own(Notices *n) {
        int r = nsid_learn(&n->nsid, n->proc_fd, &n->own);

        if (r < 0 && r != -ENOENT)
                log_warning("our own network namespace cannot be asked for its number: %s", strerror(-r));
}

/* Which namespaces these messages come from. A number that was given anew meanwhile can be either's. */
static void resolve(Notices *n, int count) {
        int news;

        for (int i = 0; i < count; i++)
                n->from[i] = netns_of(n, n->batch[i].nsid);
        news = n->nsid.news_fd >= 0 ? nsid_news(&n->nsid) : 0;
        if (news == 0)
                return;
        for (int i = 0; i < count; i++) {
                uint64_t now = netns_of(n, n->batch[i].nsid);

                if (n->from[i] != 0 && now != n->from[i]) {
                        n->lost++;
                        n->from[i] = 0;
                }
        }
        learn_own(n);
}

static void note(Notices *n, const DestroyMessage *m, uint64_t netns, uint64_t now) {
        Notice notice = {
                .kind = NOTICE_DESTROY,
                .source = NOTICE_BY_DESTROY,
                .not_before = not_before(n, now),
                .not_after = now,
                .socket = m->socket,
        };
        int r;

        notice.socket.netns = netns;
        /* Where only text can be read no row has a cookie, and of UDP nothing else tells one from another. */
        if (netns != n->own.id && (n->text || !netns_has_cookie(netns))) {
                if (m->socket.transport != TRANSPORT_TCP)
                        return;
                notice.socket.cookie = 0;
        }
        r = ledger_note(n->ledger, &notice);
        if (r < 0)
                n->lost++;
}

static void take_batch(Notices *n, int count) {
        uint64_t now = clock_boottime();

        resolve(n, count);
        for (int i = 0; i < count; i++)
                if (n->batch[i].damaged)
                        n->lost++;
                else if (n->from[i] != 0)
                        note(n, &n->batch[i], n->from[i], now);
}

/* --- loss ------------------------------------------------------------------------------------------ */

static void tell_lost(Notices *n, uint64_t now) {
        Notice notice = { .kind = NOTICE_LOST, .source = NOTICE_BY_DESTROY, .not_before = not_before(n, now), .not_after = now };
        uint32_t dropped = 0;
        int r = n->overrun ? drops_read(&n->destroy.drops, n->proc_fd, &dropped) : 0;

        if (r < 0)
                log_warning("the kernel dropped messages about closed sockets, and does not say how many: %s", strerror(-r));
        notice.count = n->lost + dropped;
        n->lost = 0;
        n->overrun = r < 0; /* asked again */
        if (notice.count == 0)
                return;
        (void) ledger_note(n->ledger, &notice);
        if (n->heal)
                n->heal(n->userdata);
}

static void drain(Notices *n) {
        uint64_t now = 0;

        for (unsigned i = 0; i < DRAIN_BATCHES && n->destroy.fd >= 0; i++) {
                int count;

                now = clock_boottime();
                count = destroy_receive(&n->destroy, n->batch, NOTICES_BATCH);
                if (count == -ENOBUFS) {
                        n->overrun = true;
                        n->crowded = now;
                } else if (count < 0) {
                        give_up(n, "closes are not heard any more", count);
                } else if (count == 0) {
                        if (n->crowded == 0 || now - n->crowded > CROWDED_QUIET)
                                n->empty = now;
                        break;
                } else
                        take_batch(n, count);
        }
        if (n->overrun || n->lost > 0)
                tell_lost(n, clock_boottime());
}

void notices_drain(Notices *n) {
        if (n->destroy.fd >= 0)
                drain(n);
}

static int on_readable(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        (void) source;
        (void) fd;
        (void) revents;
        notices_drain(userdata);
        return 0;
}

/* --- namespaces ------------------------------------------------------------------------------------ */

static bool is_known(const Notices *n, uint64_t netns) {
        for (size_t i = 0; i < n->nsid.count; i++)
                if (n->nsid.entries[i].netns == netns)
                        return true;
        return false;
}

/* Its sockets are heard from now on, before the look that begins now. */
static void learn(Notices *n, const Netns *netns) {
        int r;

        notices_drain(n); /* what was received before belongs to the one that had its number before */
        if (n->nsid.fd < 0)
                return;
        r = nsid_learn(&n->nsid, n->proc_fd, netns);
        if (r >= 0 || r == -ESRCH || r == -ENOENT || n->refused)
                return;
        n->refused = true;
        n->degraded = "closes in other network namespaces are not heard";
        log_warning("%s: %s", n->degraded, strerror(-r));
}

void notices_look(Notices *n, const Netns *netns, unsigned tables) {
        int r;

        if (n->destroy.fd < 0)
                return;
        r = destroy_join(&n->destroy, tables);
        if (r < 0) {
                give_up(n, "closes cannot be heard", r);
                return;
        }
        if (netns->id != n->own.id && n->nsid.fd >= 0 && !n->refused && !is_known(n, netns->id))
                learn(n, netns);
        if (netns->id == n->own.id || is_known(n, netns->id))
                (void) ledger_hears(n->ledger, netns, n->destroy.groups);
}

/* --- start and end --------------------------------------------------------------------------------- */

static int add_source(Notices *n) {
        int r = sd_event_add_io(n->event, &n->source, n->destroy.fd, EPOLLIN, on_readable, n);

        if (r >= 0)
                r = sd_event_source_set_ratelimit(n->source, DRAIN_USEC, 1);
        return r;
}

/* Without the right to hear others (CAP_NET_BROADCAST), or to give them numbers, our own namespace is still heard. */
static void open_namespaces(Notices *n) {
        int r = n->destroy.everywhere ? nsid_open(&n->nsid) : -EPERM;

        if (r >= 0)
                learn_own(n);
        else
                n->degraded = "closes in other network namespaces are not heard";
}

int notices_open(Notices *n, bool wanted) {
        int r;

        n->destroy = DESTROY_NULL;
        n->nsid = NSID_NULL;
        n->empty = clock_boottime();
        if (!wanted) {
                n->degraded = "closes are not heard: this way of looking has no cookies to join them by";
                return 0;
        }
        r = destroy_open(&n->destroy);
        if (r < 0) {
                n->degraded = "closes are not heard: the kernel refuses";
                return 0;
        }
        open_namespaces(n);
        return add_source(n);
}

void notices_done(Notices *n) {
        n->source = sd_event_source_disable_unref(n->source);
        destroy_close(&n->destroy);
        nsid_close(&n->nsid);
}
