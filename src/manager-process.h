/* SPDX-License-Identifier: MIT */
#pragma once

/* Notices of processes (collect/connector.h), in the event loop, into the queue of the cycle. Private to manager*.c. */

#include <stdbool.h>
#include <stdint.h>

#include <systemd/sd-event.h>

#include "collect/connector.h"
#include "cycle.h"

typedef struct ProcessNotices {
        sd_event *event;
        Ledger *ledger;
        Cycle *cycle;
        void *userdata;
        void (*look)(void *userdata); /* something was told: look soon */
        bool users_only;              /* all but another user is told by others, too */

        Connector connector;
        sd_event_source *source;
        int64_t offset, before; /* CLOCK_BOOTTIME minus CLOCK_MONOTONIC: now, and when the queue was read before */
        uint64_t empty;         /* when it was last read empty */
        uint64_t told_lost, tell_at, tell_distance; /* losses so far, and when the next are told */
        uint64_t cpu;           /* spent here since somebody took account of it */
} ProcessNotices;

#define PROCESS_NOTICES_NULL ((ProcessNotices){ .connector = CONNECTOR_NULL })

/* The members above `connector` are the caller's. 0, also where there are no such notices: why is logged; or negative errno. */
int process_notices_open(ProcessNotices *n);
void process_notices_done(ProcessNotices *n);

/* What waits, into the queue of the cycle; not during a look. */
void process_notices_drain(ProcessNotices *n);
