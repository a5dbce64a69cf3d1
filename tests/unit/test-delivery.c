/* SPDX-License-Identifier: MIT */

/* Delivery to a journal of our own making: what it lost is sent again, what it lost twice is told as lost, and nothing else is. */

#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "emit/delivery.h"

#define MEBIBYTE (1 << 20)
#define RUN "0123456789abcdef0123456789abcdef"
#define OLD_RUN "fedcba9876543210fedcba9876543210"

static Delivery *open_delivery(Outbox **ret) {
        Outbox *o = NULL;
        Delivery *d = NULL;

        assert_int_equal(outbox_open_memory(&o, 64 * MEBIBYTE), 0);
        assert_int_equal(delivery_new(&d, o, 0, RUN), 0);
        if (ret)
                *ret = o;
        return d;
}

static Delivery *open_confirmed(Outbox **ret) {
        Delivery *d = open_delivery(ret);

        delivery_expect(d, true);
        assert_string_equal(delivery_turn(d), RUN);
        assert_null(delivery_turn(d));
        return d;
}

static void add(Delivery *d, uint64_t first, uint64_t last) {
        for (uint64_t seq = first; seq <= last; seq++) {
                char text[32];

                assert_int_equal(delivery_add(d, seq, text, (size_t) snprintf(text, sizeof(text), "event %lu", seq)), 0);
        }
}

/* The seq of the next to be sent, which then is; 0: none. */
static uint64_t send_one(Delivery *d) {
        SinkItem item;
        char text[32];
        int r = delivery_next(d, &item);

        assert_true(r >= 0);
        if (r == 0)
                return 0;
        (void) snprintf(text, sizeof(text), "event %lu", item.seq);
        assert_int_equal(item.size, strlen(text));
        assert_memory_equal(item.data, text, item.size);
        delivery_sent(d);
        return item.seq;
}

static void send_all(Delivery *d, uint64_t first, uint64_t last) {
        for (uint64_t seq = first; seq <= last; seq++)
                assert_int_equal(send_one(d), seq);
        assert_int_equal(send_one(d), 0);
}

static void assert_idle(Delivery *d, Outbox *o) {
        assert_int_equal(delivery_waiting(d), 0);
        assert_int_equal(delivery_unconfirmed(d), 0);
        assert_int_equal(delivery_oldest(d), UINT64_MAX);
        delivery_settle(d);
        assert_int_equal(outbox_begin(o), outbox_end(o));
}

static void assert_lost(Delivery *d, uint64_t count, uint64_t first, uint64_t last) {
        DeliveryLoss loss = delivery_take_loss(d);

        assert_int_equal(loss.count, count);
        assert_int_equal(loss.first_seq, first);
        assert_int_equal(loss.last_seq, last);
}

static void test_without_confirmation(void **state) {
        Outbox *o;
        _cleanup_(delivery_freep) Delivery *d = open_delivery(&o);

        add(d, 1, 3);
        assert_int_equal(delivery_waiting(d), 3);
        assert_null(delivery_turn(d));
        send_all(d, 1, 3);
        assert_idle(d, o);
}

static void test_holds(void **state) {
        Delivery *d = open_confirmed(NULL);

        assert_false(delivery_holds(d, RUN, 1));
        add(d, 1, 3);
        assert_true(delivery_holds(d, RUN, 1) && delivery_holds(d, RUN, 3));
        assert_false(delivery_holds(d, RUN, 4));
        assert_false(delivery_holds(d, OLD_RUN, 1));
        send_all(d, 1, 3);
        assert_true(delivery_holds(d, RUN, 3)); /* as long as it may be sent again */
        delivery_free(d);
}

static void test_in_order(void **state) {
        Outbox *o;
        _cleanup_(delivery_freep) Delivery *d = open_confirmed(&o);

        add(d, 1, 3);
        send_all(d, 1, 3);
        assert_int_equal(delivery_unconfirmed(d), 3);
        assert_int_equal(delivery_oldest(d), 1);
        delivery_confirm(d, 7); /* never heard of */
        delivery_confirm(d, 1);
        delivery_confirm(d, 1);
        delivery_confirm(d, 2);
        delivery_dealt_with(d, 0);
        assert_int_equal(delivery_unconfirmed(d), 1);
        assert_int_equal(delivery_oldest(d), 3);
        delivery_settle(d);
        assert_true(outbox_begin(o) < outbox_end(o));
        delivery_confirm(d, 3);
        assert_idle(d, o);
        add(d, 4, 5);
        send_all(d, 4, 5);
        delivery_confirm(d, 4);
        delivery_confirm(d, 5);
        assert_idle(d, o);
        assert_lost(d, 0, 0, 0);
}

/* A later one proves that it is missing; twice, and it is lost. */
static void test_hole(void **state) {
        Outbox *o;
        _cleanup_(delivery_freep) Delivery *d = open_confirmed(&o);

        add(d, 1, 5);
        send_all(d, 1, 5);
        delivery_confirm(d, 1);
        delivery_confirm(d, 4);
        assert_int_equal(delivery_waiting(d), 0);
        delivery_dealt_with(d, 0);
        assert_int_equal(delivery_waiting(d), 2);
        send_all(d, 2, 3);
        delivery_confirm(d, 5); /* was sent before */
        delivery_confirm(d, 2);
        delivery_dealt_with(d, 0);
        assert_int_equal(delivery_unconfirmed(d), 1);
        assert_lost(d, 0, 0, 0);
        add(d, 6, 6);
        send_all(d, 6, 6);
        delivery_confirm(d, 6);
        delivery_dealt_with(d, 0);
        assert_lost(d, 1, 3, 3);
        assert_lost(d, 0, 0, 0);
        assert_idle(d, o);
}

/* What was sent twice may come back for the first time: it proves nothing. */
static void test_copies_prove_nothing(void **state) {
        Outbox *o;
        _cleanup_(delivery_freep) Delivery *d = open_confirmed(&o);

        add(d, 1, 3);
        send_all(d, 1, 3);
        delivery_dealt_with(d, delivery_mark(d));
        send_all(d, 1, 3);
        delivery_confirm(d, 3);
        delivery_dealt_with(d, 0);
        assert_int_equal(delivery_unconfirmed(d), 2);
        delivery_confirm(d, 1);
        delivery_confirm(d, 2);
        assert_lost(d, 0, 0, 0);
        assert_idle(d, o);
}

/* journald has dealt with it, and stores nothing. */
static void test_nothing_comes_back(void **state) {
        Outbox *o;
        _cleanup_(delivery_freep) Delivery *d = open_confirmed(&o);
        uint64_t mark;

        add(d, 1, 10);
        for (uint64_t seq = 1; seq <= 5; seq++)
                assert_int_equal(send_one(d), seq);
        mark = delivery_mark(d);
        for (uint64_t seq = 6; seq <= 10; seq++)
                assert_int_equal(send_one(d), seq);
        delivery_dealt_with(d, mark);
        assert_int_equal(delivery_waiting(d), 5);
        send_all(d, 1, 5);
        delivery_dealt_with(d, mark);
        assert_int_equal(delivery_waiting(d), 0);
        delivery_dealt_with(d, delivery_mark(d));
        assert_lost(d, 5, 1, 5);
        send_all(d, 6, 10);
        delivery_dealt_with(d, delivery_mark(d));
        assert_lost(d, 5, 6, 10);
        assert_idle(d, o);
}

/* It was to be sent again, and comes all the same. */
static void test_late(void **state) {
        Outbox *o;
        _cleanup_(delivery_freep) Delivery *d = open_confirmed(&o);

        add(d, 1, 2);
        send_all(d, 1, 2);
        delivery_dealt_with(d, delivery_mark(d));
        assert_int_equal(delivery_waiting(d), 2);
        delivery_confirm(d, 1);
        assert_int_equal(delivery_waiting(d), 1);
        send_all(d, 2, 2);
        delivery_confirm(d, 2);
        delivery_confirm(d, 2);
        assert_idle(d, o);
}

/* journald was killed again and again: no sending counts. */
static void test_broken(void **state) {
        Outbox *o;
        _cleanup_(delivery_freep) Delivery *d = open_confirmed(&o);

        add(d, 1, 2);
        send_all(d, 1, 2);
        for (int i = 0; i < 5; i++) {
                delivery_broken(d);
                delivery_dealt_with(d, delivery_mark(d));
                send_all(d, 1, 2);
        }
        assert_lost(d, 0, 0, 0);
        delivery_confirm(d, 1);
        delivery_dealt_with(d, delivery_mark(d));
        send_all(d, 2, 2);
        delivery_dealt_with(d, delivery_mark(d));
        assert_lost(d, 1, 2, 2);
        assert_idle(d, o);
}

/* The earlier run first, and what it may have sent itself proves nothing. */
static void test_runs(void **state) {
        _cleanup_(delivery_freep) Delivery *d = NULL;
        Outbox *o = NULL;
        DeliveryLoss loss;

        assert_int_equal(outbox_open_memory(&o, MEBIBYTE), 0);
        for (uint64_t seq = 7; seq <= 9; seq++) {
                char text[32];
                assert_int_equal(outbox_append(o, OLD_RUN, seq, text, (size_t) snprintf(text, sizeof(text), "event %lu", seq)), 0);
        }
        assert_int_equal(delivery_new(&d, o, 3, RUN), 0);
        delivery_expect(d, true);
        add(d, 1, 2);
        assert_int_equal(send_one(d), 0); /* no reader is there */
        assert_string_equal(delivery_turn(d), OLD_RUN);
        send_all(d, 7, 9);
        assert_null(delivery_turn(d));
        delivery_confirm(d, 8);
        delivery_dealt_with(d, 0);
        assert_int_equal(delivery_waiting(d), 2);
        delivery_confirm(d, 7);
        delivery_dealt_with(d, delivery_mark(d));
        send_all(d, 9, 9);
        delivery_dealt_with(d, delivery_mark(d));
        loss = delivery_take_loss(d);
        assert_int_equal(loss.count, 1);
        assert_string_equal(loss.run, OLD_RUN);
        assert_int_equal(send_one(d), 0);
        assert_string_equal(delivery_turn(d), RUN);
        send_all(d, 1, 2);
        delivery_confirm(d, 1);
        delivery_confirm(d, 2);
        assert_idle(d, o);
}

static void test_many_letters(void **state) {
        Outbox *o;
        _cleanup_(delivery_freep) Delivery *d = open_confirmed(&o);
        uint64_t last = 0, confirmed = 0;

        add(d, 1, 3 * DELIVERY_LETTERS_MAX);
        while (confirmed < 3 * DELIVERY_LETTERS_MAX) {
                uint64_t seq;

                while ((seq = send_one(d)) > 0)
                        assert_int_equal(seq, ++last);
                assert_int_equal(delivery_unconfirmed(d), MIN((uint64_t) DELIVERY_LETTERS_MAX, last - confirmed));
                for (int i = 0; i < 10000 && confirmed < last; i++)
                        delivery_confirm(d, ++confirmed);
        }
        assert_idle(d, o);
}

/* --- a journal that loses and delays ------------------------------------------------------------------ */

static uint64_t random_state = 1;

static uint64_t random_below(uint64_t n) {
        random_state ^= random_state << 13;
        random_state ^= random_state >> 7;
        random_state ^= random_state << 17;
        return random_state % n;
}

#define EVENTS 2000

typedef struct Journal {
        uint64_t queue[8 * EVENTS]; /* in its socket */
        size_t first, last;
        uint64_t stored[8 * EVENTS]; /* in the journal */
        size_t read, count;
        bool has[EVENTS + 1];
} Journal;

static void journal_work(Journal *j, uint64_t n, uint64_t loses) {
        for (; n > 0 && j->first < j->last; n--, j->first++)
                if (random_below(100) >= loses) {
                        j->stored[j->count++] = j->queue[j->first];
                        j->has[j->queue[j->first]] = true;
                }
}

static void read_back(Delivery *d, Journal *j, uint64_t n) {
        for (; n > 0 && j->read < j->count; n--)
                delivery_confirm(d, j->stored[j->read++]);
}

static void check_random(uint64_t seed) {
        static Journal j;
        _cleanup_(delivery_freep) Delivery *d = open_confirmed(NULL);
        uint64_t added = 0, lost = 0, missing = 0, loses;

        j = (Journal){};
        random_state = seed;
        loses = random_below(4) * 10;
        while (added < EVENTS || delivery_waiting(d) + delivery_unconfirmed(d) > 0) {
                uint64_t n = random_below(20), seq;

                if (added < EVENTS && random_below(3) == 0) {
                        add(d, added + 1, MIN(added + n, (uint64_t) EVENTS));
                        added = MIN(added + n, (uint64_t) EVENTS);
                }
                for (n = random_below(20); n > 0 && (seq = send_one(d)) > 0; n--)
                        j.queue[j.last++] = seq;
                journal_work(&j, random_below(30), loses);
                if (random_below(200) == 0) { /* it is killed, and we see that, or not */
                        j.first = j.last;
                        if (random_below(2) == 0)
                                delivery_broken(d);
                }
                read_back(d, &j, random_below(30));
                if (random_below(5) == 0)
                        delivery_dealt_with(d, 0);
                if (random_below(20) == 0) { /* an answer of Synchronize */
                        uint64_t mark = delivery_mark(d);

                        journal_work(&j, UINT64_MAX, loses);
                        read_back(d, &j, UINT64_MAX);
                        delivery_dealt_with(d, mark);
                }
                if (random_below(7) == 0)
                        delivery_settle(d);
                for (DeliveryLoss l = delivery_take_loss(d); l.count > 0; l.count = 0) {
                        lost += l.count;
                        assert_true(!j.has[l.first_seq] && !j.has[l.last_seq]);
                }
        }
        for (uint64_t seq = 1; seq <= EVENTS; seq++)
                missing += !j.has[seq];
        assert_int_equal(lost, missing);
}

static void test_random(void **state) {
        for (uint64_t seed = 1; seed <= 200; seed++)
                check_random(seed);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_without_confirmation),
                cmocka_unit_test(test_holds),
                cmocka_unit_test(test_in_order),
                cmocka_unit_test(test_hole),
                cmocka_unit_test(test_copies_prove_nothing),
                cmocka_unit_test(test_nothing_comes_back),
                cmocka_unit_test(test_late),
                cmocka_unit_test(test_broken),
                cmocka_unit_test(test_runs),
                cmocka_unit_test(test_many_letters),
                cmocka_unit_test(test_random),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
