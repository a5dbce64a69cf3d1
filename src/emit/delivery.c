/* SPDX-License-Identifier: MIT */

#include "emit/delivery.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef enum LetterState {
        LETTER_SENT,
        LETTER_AGAIN, /* it is missing, and waits to be sent once more */
        LETTER_DONE,  /* it has arrived, or is lost; it is kept until those before it are, too */
} LetterState;

typedef struct Letter {
        uint64_t seq;
        uint64_t position; /* of its record in the outbox */
        uint64_t mark;     /* of its last sending */
        uint8_t state;     /* LetterState */
        uint8_t sendings;  /* on connections that did not break */
        bool once;         /* there is one copy of it at most */
} Letter;

struct Delivery {
        Outbox *outbox;
        char own[OUTBOX_RUN_SIZE + 1];
        char run[OUTBOX_RUN_SIZE + 1]; /* of all letters; empty before the first turn */
        bool confirmation;

        uint64_t next;           /* position in the outbox of what was never sent */
        uint64_t unsent;         /* from there on */
        uint64_t again, on_way;  /* letters to be sent once more; sent */
        Letter *letters;         /* from begin to end, in the order of the outbox, so of their seq */
        size_t begin, end, allocated;
        size_t again_from;       /* before it none is to be sent again */
        uint64_t mark, proven;

        Letter *current;     /* what delivery_next() gave; NULL: a record that was never sent */
        OutboxRecord record; /* of it */
        DeliveryLoss loss;
};

int delivery_new(Delivery **ret, Outbox *outbox, uint64_t waiting, const char *run) {
        Delivery *d = calloc(1, sizeof(*d));

        if (!d)
                return -ENOMEM;
        memcpy(d->own, run, OUTBOX_RUN_SIZE);
        d->outbox = outbox;
        d->next = outbox_begin(outbox);
        d->unsent = waiting;
        *ret = d;
        return 0;
}

Delivery *delivery_free(Delivery *d) {
        if (!d)
                return NULL;
        delivery_settle(d);
        outbox_free(d->outbox);
        free(d->letters);
        free(d);
        return NULL;
}

bool delivery_holds(Delivery *d, const char *run, uint64_t seq) {
        OutboxRecord record;

        for (uint64_t position = outbox_begin(d->outbox); outbox_read(d->outbox, position, &record) > 0; position = record.next)
                if (record.seq == seq && memcmp(record.run, run, OUTBOX_RUN_SIZE) == 0)
                        return true;
        return false;
}

bool delivery_outlives(const Delivery *d) {
        return outbox_outlives(d->outbox);
}

uint64_t delivery_waiting(const Delivery *d) {
        return d->unsent + d->again;
}

uint64_t delivery_unconfirmed(const Delivery *d) {
        return d->on_way;
}

const char *delivery_run(const Delivery *d) {
        return d->run;
}

uint64_t delivery_mark(const Delivery *d) {
        return d->mark;
}

int delivery_add(Delivery *d, uint64_t seq, const char *data, size_t size) {
        int r = outbox_append(d->outbox, d->own, seq, data, size);

        d->unsent += r == 0;
        return r;
}

/* --- letters ----------------------------------------------------------------------------------------- */

/* Room for one more. */
static bool letters_grow(Delivery *d) {
        Letter *p;

        if (d->end < d->allocated)
                return true;
        if (d->begin > d->allocated / 2) {
                memmove(d->letters, d->letters + d->begin, (d->end - d->begin) * sizeof(Letter));
                d->end -= d->begin;
                d->begin = d->again_from = 0;
                return true;
        }
        p = reallocarray(d->letters, d->allocated + DELIVERY_LETTERS_MAX / 8, sizeof(Letter));
        if (!p)
                return false;
        d->letters = p;
        d->allocated += DELIVERY_LETTERS_MAX / 8;
        return true;
}

static int compare_seq(const void *seq, const void *letter) {
        return CMP(*(const uint64_t *) seq, ((const Letter *) letter)->seq);
}

static Letter *letters_find(const Delivery *d, uint64_t seq) {
        if (d->begin == d->end)
                return NULL;
        if (d->letters[d->begin].seq == seq) /* nearly always */
                return d->letters + d->begin;
        return bsearch(&seq, d->letters + d->begin, d->end - d->begin, sizeof(Letter), compare_seq);
}

static Letter *letters_again(Delivery *d) {
        if (d->again == 0)
                return NULL;
        d->again_from = MAX(d->again_from, d->begin);
        while (d->letters[d->again_from].state != LETTER_AGAIN)
                d->again_from++;
        return d->letters + d->again_from;
}

static void letter_set(Delivery *d, Letter *l, LetterState state) {
        d->again -= l->state == LETTER_AGAIN;
        d->on_way -= l->state == LETTER_SENT;
        l->state = (uint8_t) state;
        d->again += state == LETTER_AGAIN;
        d->on_way += state == LETTER_SENT;
        if (state == LETTER_AGAIN)
                d->again_from = MIN(d->again_from, (size_t) (l - d->letters));
        while (d->begin < d->end && d->letters[d->begin].state == LETTER_DONE)
                d->begin++;
        if (d->begin == d->end)
                d->begin = d->end = d->again_from = 0;
}

uint64_t delivery_oldest(const Delivery *d) {
        uint64_t oldest = UINT64_MAX;

        for (size_t i = d->begin; i < d->end; i++)
                if (d->letters[i].state == LETTER_SENT)
                        oldest = MIN(oldest, d->letters[i].mark);
        return oldest;
}

/* --- sending ----------------------------------------------------------------------------------------- */

static bool is_turn(Delivery *d, const char *run) {
        if (strcmp(run, d->run) == 0)
                return true;
        if (d->confirmation) /* its reader comes first */
                return false;
        memcpy(d->run, run, sizeof(d->run));
        return true;
}

/* The disk has spoilt it: what was never sent is lost, and the outbox begins anew. */
static int give_up(Delivery *d, int error) {
        d->unsent = 0;
        d->begin = d->end = d->again = d->on_way = 0;
        d->next = outbox_release(d->outbox, outbox_end(d->outbox));
        return error;
}

int delivery_next(Delivery *d, SinkItem *ret) {
        int r;

        d->current = letters_again(d);
        if (!d->current && (d->end - d->begin >= DELIVERY_LETTERS_MAX || !letters_grow(d)))
                return 0;
        r = outbox_read(d->outbox, d->current ? d->current->position : d->next, &d->record);
        if (r < 0)
                return give_up(d, r);
        if (r == 0 || !is_turn(d, d->record.run))
                return 0;
        *ret = (SinkItem){ .seq = d->record.seq, .data = d->record.data, .size = d->record.size };
        return 1;
}

static void sent_again(Delivery *d, Letter *l) {
        l->mark = ++d->mark;
        l->sendings++;
        l->once = false;
        letter_set(d, l, LETTER_SENT);
}

void delivery_sent(Delivery *d) {
        if (d->current) {
                sent_again(d, TAKE_PTR(d->current));
                return;
        }
        d->mark++;
        if (d->confirmation) {
                d->letters[d->end++] = (Letter){
                        .seq = d->record.seq, .position = d->next, .mark = d->mark, .state = LETTER_SENT, .sendings = 1,
                        .once = strcmp(d->run, d->own) == 0,
                };
                d->on_way++;
        }
        d->next = d->record.next;
        d->unsent--;
}

void delivery_broken(Delivery *d) {
        for (size_t i = d->begin; i < d->end; i++)
                if (d->letters[i].state == LETTER_SENT)
                        d->letters[i].sendings = 0;
}

void delivery_settle(Delivery *d) {
        if (d->begin < d->end)
                (void) outbox_release(d->outbox, d->letters[d->begin].position);
        else
                d->next = outbox_release(d->outbox, d->next);
}

/* --- arriving ---------------------------------------------------------------------------------------- */

void delivery_expect(Delivery *d, bool confirmation) {
        d->confirmation = confirmation;
        if (!confirmation)
                d->begin = d->end = d->again = d->on_way = 0;
}

const char *delivery_turn(Delivery *d) {
        OutboxRecord record;
        const char *run;

        if (!d->confirmation || d->begin < d->end)
                return NULL;
        run = outbox_read(d->outbox, d->next, &record) > 0 ? record.run : d->own;
        if (strcmp(run, d->run) == 0)
                return NULL;
        memcpy(d->run, run, sizeof(d->run));
        return d->run;
}

bool delivery_confirm(Delivery *d, uint64_t seq) {
        Letter *l = letters_find(d, seq);

        if (!l || l->state == LETTER_DONE)
                return false;
        if (l->once)
                d->proven = MAX(d->proven, l->mark);
        letter_set(d, l, LETTER_DONE);
        return true;
}

static void lose(Delivery *d, uint64_t seq) {
        DeliveryLoss *loss = &d->loss;

        if (loss->count++ == 0) {
                memcpy(loss->run, d->run, sizeof(loss->run));
                loss->first_seq = seq;
        }
        loss->first_seq = MIN(loss->first_seq, seq);
        loss->last_seq = MAX(loss->last_seq, seq);
}

void delivery_dealt_with(Delivery *d, uint64_t mark) {
        mark = MAX(mark, d->proven);
        for (size_t i = d->begin; i < d->end; i++) {
                Letter *l = d->letters + i;

                if (l->state != LETTER_SENT || l->mark > mark)
                        continue;
                if (l->sendings > 1)
                        lose(d, l->seq);
                /* The first ones may be dropped by this: what is left begins at the same place all the same. */
                letter_set(d, l, l->sendings > 1 ? LETTER_DONE : LETTER_AGAIN);
        }
}

DeliveryLoss delivery_take_loss(Delivery *d) {
        DeliveryLoss loss = d->loss;

        d->loss = (DeliveryLoss){};
        return loss;
}
