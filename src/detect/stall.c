/* SPDX-License-Identifier: MIT */

#include "detect/stall.h"

#include "base/macro.h"

#define RTO_MIN (200 * USEC_PER_MSEC)
#define RTO_MAX (120 * USEC_PER_SEC)
#define SYN_RTO USEC_PER_SEC
#define TICK (10 * USEC_PER_MSEC) /* of the slowest kernel: 100 a second */

static const char *const names[_STALL_MAX] = {
        [STALL_CONNECTING] = "connecting",
        [STALL_UNACKNOWLEDGED] = "unacknowledged",
        [STALL_ZERO_WINDOW] = "zero-window",
        [STALL_CLOSE_WAIT] = "close-wait",
        [STALL_NOT_ACCEPTED] = "not-accepted",
        [STALL_NOT_READING] = "not-reading",
};

const uint64_t STALL_DEFAULTS[_STALL_MAX] = {
        [STALL_CONNECTING] = 3 * USEC_PER_SEC,
        [STALL_UNACKNOWLEDGED] = 10 * USEC_PER_SEC,
        [STALL_ZERO_WINDOW] = 30 * USEC_PER_SEC,
        [STALL_CLOSE_WAIT] = 60 * USEC_PER_SEC,
        [STALL_NOT_ACCEPTED] = 5 * USEC_PER_SEC,
        [STALL_NOT_READING] = 60 * USEC_PER_SEC,
};

const char *stall_name(unsigned kind) {
        return kind < _STALL_MAX ? names[kind] : NULL;
}

/* --- time ------------------------------------------------------------------------------------------ */

/* tcp_info counts from the tick in which something happened to the one that goes on: what it says may be nearly a tick too long. */
static uint64_t at_least(uint64_t counted) {
        return counted == SOCKET_UNKNOWN || counted < TICK ? 0 : counted - TICK;
}

/* `n` timeouts, the first of `first`, each twice as long as the one before, none longer than the kernel allows. */
static uint64_t doubling(uint64_t first, unsigned n) {
        uint64_t sum = 0, step = MIN(first, RTO_MAX);

        for (unsigned i = 0; i < n; i++) {
                sum += step;
                step = MIN(step * 2, RTO_MAX);
        }
        return sum;
}

/* Since the first transmission of what has been sent again `retransmits` times. Not each timeout doubles the time, and it may have been
 * doubled before. */
static uint64_t since_first_sent(const Socket *s, uint64_t unit) {
        unsigned again = s->retransmits, doubled = MIN((unsigned) s->backoff, again);
        uint64_t first;

        if (again == 0)
                return 0;
        if (s->rto_usec == 0)
                return s->state == STATE_SYN_SENT ? unit * again : doubling(unit, again);
        first = s->rto_usec >> MIN(doubled, 31U);
        return (again - doubled) * first + doubling(first, doubled) + at_least(s->idle_usec);
}

/* Probes of a window of 0 do not lengthen the retransmission timeout; the count of doublings is that of the probes, answered or not. */
static uint64_t since_first_probe(const Socket *s) {
        return s->rto_usec == 0 ? 0 : doubling(MAX(s->rto_usec, RTO_MIN), s->backoff);
}

/* --- signs ----------------------------------------------------------------------------------------- */

static uint32_t mark_of(uint64_t n) {
        return (uint32_t) n ?: UINT32_MAX;
}

static StallSign sign_of_state(const Socket *s) {
        switch (s->transport == TRANSPORT_TCP ? s->state : STATE_UNKNOWN) {
        case STATE_SYN_SENT:
                return (StallSign){ STALL_CONNECTING, STATE_SYN_SENT, since_first_sent(s, SYN_RTO) };
        case STATE_CLOSE_WAIT:
                /* Its FIN acknowledged something, too: later acknowledgements only make this less. */
                return (StallSign){ STALL_CLOSE_WAIT, STATE_CLOSE_WAIT, at_least(s->heard_usec) };
        default:
                return (StallSign){};
        }
}

static StallSign sign_of_tcp_sending(const Socket *s) {
        bool probing = s->timer == TIMER_PROBE;

        if (s->state == STATE_SYN_SENT || s->state == STATE_LISTEN || s->send_queue == 0)
                return (StallSign){};
        if (s->bytes_acked != SOCKET_UNKNOWN)
                return (StallSign){ probing ? STALL_ZERO_WINDOW : STALL_UNACKNOWLEDGED, mark_of(s->bytes_acked),
                                    probing ? since_first_probe(s) : since_first_sent(s, RTO_MIN) };
        if (probing)
                return (StallSign){ STALL_ZERO_WINDOW, mark_of(s->send_queue), 0 };
        if (s->timer == TIMER_RETRANSMIT && s->retransmits >= 2)
                return (StallSign){ STALL_UNACKNOWLEDGED, TIMER_RETRANSMIT, since_first_sent(s, RTO_MIN) };
        return (StallSign){};
}

static StallSign sign_of_sending(const Socket *s) {
        if (s->transport == TRANSPORT_TCP)
                return sign_of_tcp_sending(s);
        if (s->family == FAMILY_UNIX && s->state != STATE_LISTEN && s->send_queue > 0)
                return (StallSign){ STALL_NOT_READING, mark_of(s->send_queue), 0 };
        return (StallSign){};
}

uint32_t stall_unread(const Socket *s) {
        bool fin = s->transport == TRANSPORT_TCP &&
                   (s->state == STATE_CLOSE_WAIT || s->state == STATE_LAST_ACK || s->state == STATE_CLOSING);

        return s->receive_queue - (fin && s->receive_queue > 0);
}

static StallSign sign_of_reading(const Socket *s) {
        bool tcp = s->transport == TRANSPORT_TCP;

        if ((!tcp && s->family != FAMILY_UNIX) || stall_unread(s) == 0)
                return (StallSign){};
        if (s->state == STATE_LISTEN)
                return (StallSign){ STALL_NOT_ACCEPTED, tcp ? 0 : s->waiting, 0 };
        if (!tcp)
                return (StallSign){ STALL_NOT_READING, mark_of(s->receive_queue), 0 };
        if (s->inode == 0 || s->state == STATE_SYN_SENT)
                return (StallSign){}; /* nobody has it yet, or any more */
        if (s->bytes_received == SOCKET_UNKNOWN)
                return (StallSign){ STALL_NOT_READING, mark_of(s->receive_queue), 0 };
        return (StallSign){ STALL_NOT_READING, mark_of(s->bytes_received - s->receive_queue), at_least(s->idle_usec) };
}

StallSign stall_sign(StallPart part, const Socket *s) {
        switch (part) {
        case STALL_OF_SENDING:
                return sign_of_sending(s);
        case STALL_OF_STATE:
                return sign_of_state(s);
        case STALL_OF_READING:
                return sign_of_reading(s);
        case _STALL_PART_MAX:
                break;
        }
        return (StallSign){};
}

bool stall_is_waiting(const Socket *s) {
        return s->transport == TRANSPORT_TCP && s->inode == 0 && (s->state == STATE_ESTABLISHED || s->state == STATE_CLOSE_WAIT);
}

uint64_t stall_waiting(const Socket *s) {
        return MAX(at_least(s->heard_usec), at_least(s->idle_usec));
}

StallPart stall_past(const StallSpan spans[_STALL_PART_MAX], const uint64_t thresholds[_STALL_MAX], uint64_t now) {
        StallPart part;

        for (part = 0; part < _STALL_PART_MAX; part++) {
                const StallSpan *span = &spans[part];
                uint64_t threshold = thresholds[span->kind];

                if (span->kind != STALL_NONE && threshold != 0 && now >= span->not_after && now - span->not_after >= threshold)
                        break;
        }
        return part;
}
