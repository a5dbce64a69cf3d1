/* SPDX-License-Identifier: MIT */
#pragma once

/* Notices: what the kernel tells by itself, in the event loop and beside the looks, into the ledger: messages about freed sockets (collect/destroy.h),
 * with the namespaces they come from (collect/nsid.h). Private to manager*.c. */

#include <stdbool.h>
#include <stdint.h>

#include <systemd/sd-event.h>

#include "collect/destroy.h"
#include "collect/look.h"
#include "collect/nsid.h"
#include "detect/ledger.h"

#define NOTICES_BATCH 64

typedef struct Notices {
        sd_event *event;
        Ledger *ledger;
        int proc_fd;
        Netns own;
        void *userdata;
        void (*heal)(void *userdata); /* notices were lost: ledger_heal_at() may have changed */

        Destroy destroy;
        Nsid nsid;
        sd_event_source *source;
        const char *degraded;  /* what cannot be heard; NULL: nothing */
        bool text;             /* by the caller: other namespaces are read as text */
        bool refused;          /* a namespace could not be given a number, and that was logged */
        uint64_t empty;        /* when the queue was last read empty, and nothing older was on its way */
        uint64_t crowded;      /* when some were last lost */
        uint64_t lost;         /* received, and could not be used: not told yet */
        bool overrun;          /* the kernel has dropped some: not told yet */
        DestroyMessage batch[NOTICES_BATCH];
        uint64_t from[NOTICES_BATCH]; /* Netns.id of each, 0: not known */
} Notices;

#define NOTICES_NULL ((Notices){ .destroy = DESTROY_NULL, .nsid = NSID_NULL })

/* The members above `destroy` are the caller's. wanted: whether the collector's records have what a message can be joined by. 0 or negative
 * errno; that the kernel refuses is no error: see notices_degraded(). */
int notices_open(Notices *n, bool wanted);
void notices_done(Notices *n);
const char *notices_degraded(const Notices *n);

/* Everything that waits, into the ledger. */
void notices_drain(Notices *n);

/* A namespace is about to be looked at: hear what becomes of the sockets in these tables. */
void notices_look(Notices *n, const Netns *netns, unsigned tables);
