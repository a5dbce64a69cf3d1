/* SPDX-License-Identifier: MIT */
#pragma once

/* Delivery in the event loop: while something is on its way to the journal, the journal is read back five times a second. What does not come back within
 * a second is asked about (Synchronize), at most once a second. What was sent twice in vain is told. Private to manager*.c. */

#include <systemd/sd-event.h>

#include "config/config.h"
#include "emit/confirm.h"
#include "emit/sink.h"
#include "emit/synchronize.h"

typedef struct Outlet Outlet;

typedef struct DeliveryLoop {
        Outlet *outlet; /* of the journal; NULL: there is none */
        Delivery *delivery;
        bool has_file;  /* the outbox is one */
        bool outlives;  /* and takes what waits */
        bool full;        /* it does not: told */
        uint64_t full_at; /* it did not, last; CLOCK_BOOTTIME */
        sd_event_source *timer;

        Confirm *confirm; /* NULL: the journal is not read back */
        bool behind;      /* there is more to read */
        bool stale;       /* it could not be opened anew, and that was logged */

        Synchronize synchronize;
        uint64_t asked_at, asked_mark;
        bool answered;
        uint64_t aged_at, aged_mark; /* what was sent up to this mark was sent before this time (monotonic) */

        DeliveryLoss loss; /* not yet told */
        uint64_t tell_at, tell_distance;
        bool arrived; /* something has, since a loss was told */
} DeliveryLoop;

/* The outbox in the state directory, or where that cannot be used one in memory, and the sink of the outlet on top. What is not as good as it could be is logged,
 * and added to the outlets' `degraded`. 0 or negative errno. */
int delivery_loop_open(DeliveryLoop *l, Outlet *outlet, const FormatContext *format, const Config *config);
void delivery_loop_done(DeliveryLoop *l);

/* After each flush: something was sent, or waits, or is to be told, or a condition is over. */
void delivery_loop_wake(DeliveryLoop *l);
/* Read back what has arrived by now. True: nothing waits and nothing is on its way. */
bool delivery_loop_turn(DeliveryLoop *l);
/* Tell now what was lost, if anything was. */
void delivery_loop_tell(DeliveryLoop *l);
