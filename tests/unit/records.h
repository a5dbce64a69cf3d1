/* SPDX-License-Identifier: MIT */
#pragma once

/* Records of an outbox, for the tests of it. */

#include "emit/outbox.h"

#define RUN "0123456789abcdef0123456789abcdef"

/* The event of a seq: its length differs, and all of it follows from the seq. */
static size_t event(uint64_t seq, char data[400]) {
        size_t size = 1 + (size_t) (seq * 37 % 300);

        for (size_t i = 0; i < size; i++)
                data[i] = (char) (seq + i * 7);
        return size;
}

static int append(Outbox *o, uint64_t seq) {
        char data[400];
        size_t size = event(seq, data);

        return outbox_append(o, RUN, seq, data, size);
}

static void assert_record(const OutboxRecord *r, uint64_t seq) {
        char data[400];
        size_t size = event(seq, data);

        assert_int_equal(r->seq, seq);
        assert_string_equal(r->run, RUN);
        assert_int_equal(r->size, size);
        assert_memory_equal(r->data, data, size);
}

/* All records are seq `first`, `first` + 1, ... Returns how many. */
static uint64_t check_all(Outbox *o, uint64_t first) {
        uint64_t count = 0, position = outbox_begin(o);
        OutboxRecord r;
        int n;

        while ((n = outbox_read(o, position, &r)) > 0) {
                assert_record(&r, first + count++);
                position = r.next;
        }
        assert_int_equal(n, 0);
        assert_int_equal(position, outbox_end(o));
        return count;
}
