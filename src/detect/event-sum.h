/* SPDX-License-Identifier: MIT */
#pragma once

/* EventSum: events of one kind as a single one: how many, their bounds together, the fields in which all of them agree, and sums of
 * those that are numbers of something. What differs is absent from it, as what is unknown. */

#include "detect/event.h"

typedef struct SumValue {
        FieldId id;
        uint64_t number;
        char *bytes; /* NULL: it is a number */
        uint32_t size;
} SumValue;

typedef struct EventSum {
        uint64_t count;
        uint64_t not_before; /* of the earliest; 0: one of them has none */
        uint64_t not_after;  /* of the latest */
        uint64_t inherited;  /* INHERITED_COUNT of all */
        SumValue *values;    /* in order of the table of fields */
        size_t value_count;
} EventSum;

/* e: as it would be told. -ENOMEM: it was not added. */
int event_sum_add(EventSum *s, const Event *e);
/* Into an event of this kind that has no fields yet; it borrows from s. */
void event_sum_put(const EventSum *s, Event *e);
/* It is empty, and can be used again. */
void event_sum_done(EventSum *s);
