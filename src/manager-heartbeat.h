/* SPDX-License-Identifier: MIT */
#pragma once

/* Heartbeat: what the daemon tells of itself from time to time: audit-balance each `balance` and at the stop, each hour and at the stop the closes of
 * unknown sockets, and what the clocks did since it looked at them last (audit-gap: suspend, clock-step). Private to manager*.c. */

#include "base/clock.h"
#include "cycle.h"
#include "detect/ledger.h"

typedef struct Heartbeat {
        Ledger *ledger;   /* borrowed */
        Cycle *cycle;     /* borrowed */
        uint64_t due;     /* CLOCK_BOOTTIME: the next audit-balance */
        uint64_t missed_due; /* the next sums of what was missed, with a balance */
        ClockReading clock;
        bool journal;      /* events go there: say how long it keeps them */
        int journal_error; /* why that could not be said the last time */
        bool is_short;     /* it keeps less than is wanted, and that was logged */
} Heartbeat;

void heartbeat_start(Heartbeat *h, Ledger *l, Cycle *c, uint64_t interval, bool journal);

/* Compare the clocks with the last time and tell what happened to them. Returns how long the machine slept meanwhile. */
uint64_t heartbeat_check_clock(Heartbeat *h);

/* Around each cycle: is the balance due after it? Then tell it. */
void heartbeat_before_cycle(Heartbeat *h);
void heartbeat_after_cycle(Heartbeat *h, uint64_t interval);

/* The balance of now, without a look. */
void heartbeat_stop(Heartbeat *h);

/* COUNTS of the ledger into an event; `counts` must live as long. */
void heartbeat_set_counts(const Ledger *l, Event *e, Text *counts);
