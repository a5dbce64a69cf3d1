/* SPDX-License-Identifier: MIT */
#pragma once

/* Delivery: from the outbox into the journal. An event stays in the outbox until it is known to have arrived, and the only proof
 * of that is that it was read back: a sender is told nothing of what journald drops or loses.
 *
 * A Letter is an event that was sent and is not yet known to have arrived. That one is missing is proven
 *
 *   - by another one that was sent after it, only once, and has come back: journald takes what it is sent in order. A letter that may have been
 *     sent before, by us or by the daemon before us, proves nothing: it may have come back for its first sending;
 *   - by an answer of Synchronize that was asked for after it was sent, once the journal was read to its end (delivery_dealt_with()).
 *
 * What is missing is sent once more; what is missing then is lost. A connection that broke does not count as a sending.
 *
 * Runs are delivered one after the other, so that a number says which event is meant. */

#include <stdbool.h>
#include <stdint.h>

#include "emit/outbox.h"
#include "emit/queue.h"

#define DELIVERY_LETTERS_MAX 32768 /* of 32 bytes; with so many under way nothing is sent until some are settled */

typedef struct Delivery Delivery;

/* outbox: taken over on success; `waiting` events are in it. run: of this daemon. Until delivery_expect() what was sent counts as arrived. -ENOMEM. */
int delivery_new(Delivery **ret, Outbox *outbox, uint64_t waiting, const char *run);
Delivery *delivery_free(Delivery *d);
DEFINE_CLEANUP(Delivery, delivery_free)

/* An event of this run: as outbox_append(). */
int delivery_add(Delivery *d, uint64_t seq, const char *data, size_t size);

/* What is to be sent next: 1; 0 when there is nothing, or nothing may be sent now; or negative errno: the outbox cannot be read, and what waits in
 * it is lost. */
int delivery_next(Delivery *d, SinkItem *ret);
/* It was. */
void delivery_sent(Delivery *d);
/* What was sent, and has not come back, went to a journald that is no more. */
void delivery_broken(Delivery *d);
/* Give the outbox back what has arrived. */
void delivery_settle(Delivery *d);

/* Is this event of this run, of OUTBOX_RUN_SIZE digits, still in the outbox? */
bool delivery_holds(Delivery *d, const char *run, uint64_t seq);

/* As outbox_outlives(). */
bool delivery_outlives(const Delivery *d);

/* To be sent, for the first time or once more. */
uint64_t delivery_waiting(const Delivery *d);
/* Sent, and not known to have arrived or to be missing. */
uint64_t delivery_unconfirmed(const Delivery *d);

/* From now on (true) what was sent must be read back; or all that was sent counts as arrived. */
void delivery_expect(Delivery *d, bool confirmation);

/* If another run's turn has come: that run, whose events will be sent next, so that the reader is there before them. Else NULL. */
const char *delivery_turn(Delivery *d);
/* Whose turn it is. */
const char *delivery_run(const Delivery *d);

/* An event of the run whose turn it is was read back. True: that was not known. */
bool delivery_confirm(Delivery *d, uint64_t seq);

/* All sendings so far: a mark for delivery_dealt_with() and delivery_oldest(). */
uint64_t delivery_mark(const Delivery *d);
/* Of the oldest that is unconfirmed; UINT64_MAX when none is. */
uint64_t delivery_oldest(const Delivery *d);
/* journald has dealt with all that was sent up to this mark, and what of that is in the journal has been read. 0: with what the letters themselves prove. */
void delivery_dealt_with(Delivery *d, uint64_t mark);

/* What was sent twice in vain. Returns and resets. */
typedef struct DeliveryLoss {
        uint64_t count, first_seq, last_seq;
        char run[OUTBOX_RUN_SIZE + 1];
} DeliveryLoss;

DeliveryLoss delivery_take_loss(Delivery *d);
