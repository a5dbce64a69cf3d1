/* SPDX-License-Identifier: MIT */
#pragma once

/* Outlets: the sinks in the event loop. What waits is sent when its descriptor can take it, or tried again each
 * second where there is none; what fell off becomes one audit-lost, as soon as the sink takes events again. Private to manager*.c. */

#include <stddef.h>

#include <systemd/sd-event.h>

#include "base/text.h"
#include "config/config.h"
#include "detect/ledger.h"
#include "emit/sink.h"
#include "manager-delivery.h"

typedef struct Outlets Outlets;

struct Outlet {
        Outlets *outlets;
        Sink *sink;
        sd_event_source *source; /* of its descriptor, or of a timer, while something waits */
        int source_fd;           /* -1: a timer */
        SinkLoss loss;           /* not yet told */
        bool full;               /* the disk is, and that was logged */
        bool dead;               /* nobody reads the other end of a pipe any more */
};

struct Outlets {
        sd_event *event;
        Ledger *ledger; /* tells losses */
        const char *run;
        Text degraded; /* why delivery is not as good as it could be; empty: it is */
        DeliveryLoop delivery;
        Outlet items[_SINK_MAX];
        size_t count;
};

void outlets_done(Outlets *o);

/* A sink of this kind. 0 or negative errno, logged. */
int outlets_add(Outlets *o, SinkKind kind, const FormatContext *format, const Config *config);

bool outlets_have(const Outlets *o, SinkKind kind);

/* Events that are not written yet, and are lost if we end now: not those in an outbox. */
uint64_t outlets_waiting(const Outlets *o);

/* How many bytes it takes of the journal, about; 0 where there is none. */
uint64_t outlets_put(Outlets *o, const Event *e);

/* Send what can be sent. When no outlet is left that anybody hears, the event loop is told to exit with -EPIPE. */
void outlets_flush(Outlets *o);

/* The same for one. */
void outlet_flush(Outlet *o);

/* Make audit-lost. run: of the events that were lost; NULL: this one. */
void outlet_say_lost(Outlet *o, const SinkLoss *loss, const char *reason, const char *run);
/* Losses that would be told later are told now. */
void outlets_tell_lost(Outlets *o);

/* Is this event of this run on its way to the journal, in the outbox? */
bool outlets_hold(Outlets *o, const char *run, uint64_t seq);

void outlets_degrade(Outlets *o, const char *why);

/* At the end: wait for what still waits, and to read back what the journal was sent, but no longer than `usec`; what is left is logged. */
void outlets_drain(Outlets *o, uint64_t usec);

/* An event about the daemon itself, to be filled and given to ledger_say() before the next one. */
Event *audit_event(EventKind kind);
