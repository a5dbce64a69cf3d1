/* SPDX-License-Identifier: MIT */
#pragma once

/* Stall: what in a row of the kernel's tables says that a connection is stuck, how long for certain, and whether anything has
 * moved between two rows of the same socket. Pure; the ledger, `list` and `why` ask the same questions.
 *
 *     connecting       SYN_SENT: nobody answers
 *     unacknowledged   bytes wait, the other side acknowledges none
 *     zero-window      bytes wait, the other side takes none: its receive queue is full
 *     close-wait       the other side has closed, the process has not
 *     not-accepted     a connection waits for accept()
 *     not-reading      bytes wait to be read: by the process where they are received, by the other end where a unix socket has
 *                      sent them (its own queue is then the one that is full)
 *
 * A socket has three parts that get stuck on their own. Of each a row gives a sign: a kind, a mark that stays the same for as long as
 * nothing moves, and the least time that it has lasted by this row alone.
 *
 * What this rests on: bytes acknowledged and bytes read (received less waiting) only grow, so that an equal mark means that nothing
 * moved in between. Unix sockets and /proc/net have no such counters: there the same number of bytes in the queue is taken for
 * standing still, or, of retransmissions, that the timer has fired twice without an answer. */

#include <stdbool.h>
#include <stdint.h>

#include "collect/socket.h"

typedef enum StallKind {
        STALL_NONE,
        STALL_CONNECTING,
        STALL_UNACKNOWLEDGED,
        STALL_ZERO_WINDOW,
        STALL_CLOSE_WAIT,
        STALL_NOT_ACCEPTED,
        STALL_NOT_READING,
        _STALL_MAX,
} StallKind;

const char *stall_name(unsigned kind); /* NULL: none */

/* In the order in which they are told when more than one is stuck. */
typedef enum StallPart {
        STALL_OF_SENDING,
        STALL_OF_STATE,
        STALL_OF_READING,
        _STALL_PART_MAX,
} StallPart;

typedef struct StallSign {
        uint8_t kind;   /* STALL_NONE: nothing waits there */
        uint32_t mark;  /* 0: whether anything moves cannot be told */
        uint64_t least; /* usec that it has lasted, by this row alone */
} StallSign;

/* The sign of a TCP listener has neither mark nor least: they are those of the connections that wait, see stall_waiting(). */
StallSign stall_sign(StallPart part, const Socket *s);

/* Bytes that wait to be read: the kernel counts the FIN of the other side among them until the process has seen it. */
uint32_t stall_unread(const Socket *s);

/* A TCP connection that nobody has accepted yet: how long it has waited, at least. */
uint64_t stall_waiting(const Socket *s);
bool stall_is_waiting(const Socket *s);

/* Of one part: since when. */
typedef struct StallSpan {
        uint8_t kind;        /* STALL_NONE: it moves */
        uint64_t not_before; /* it began after this; 0: unknown */
        uint64_t not_after;  /* and before this */
} StallSpan;

/* What is stuck for longer than its threshold (usec, by kind; 0: not to be told), for certain, at time `now`; the first in the order of
 * StallPart. _STALL_PART_MAX: nothing. */
StallPart stall_past(const StallSpan spans[_STALL_PART_MAX], const uint64_t thresholds[_STALL_MAX], uint64_t now);

/* Where nothing else is configured. */
extern const uint64_t STALL_DEFAULTS[_STALL_MAX];
