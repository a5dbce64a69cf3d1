/* SPDX-License-Identifier: MIT */

#include "detect/event-sum.h"

#include <errno.h>
#include <string.h>

static bool is_summed(FieldId id) {
        return id == EVENT_FIELD_NOT_BEFORE || id == EVENT_FIELD_NOT_AFTER || id == EVENT_FIELD_INHERITED_COUNT;
}

static bool holds_bytes(FieldId id) {
        return event_field_info(id)->type > FIELD_END;
}

static bool says(const Event *e, const SumValue *v) {
        const EventValue *value = &e->values[v->id];

        if (!event_has(e, v->id))
                return false;
        if (!v->bytes)
                return value->number == v->number;
        return value->bytes.size == v->size && memcmp(value->bytes.data, v->bytes, v->size) == 0;
}

static int take_value(EventSum *s, FieldId id, const EventValue *value) {
        SumValue *v = &s->values[s->value_count];

        *v = (SumValue){ .id = id };
        if (holds_bytes(id)) {
                v->bytes = malloc((size_t) value->bytes.size + 1);
                if (!v->bytes)
                        return -ENOMEM;
                memcpy(v->bytes, value->bytes.data, value->bytes.size);
                v->size = value->bytes.size;
        } else
                v->number = value->number;
        s->value_count++;
        return 0;
}

/* The first of them: all that it says. */
static int take_values(EventSum *s, const Event *e) {
        int r = 0;

        s->values = calloc(_EVENT_FIELD_MAX, sizeof(*s->values));
        if (!s->values)
                return -ENOMEM;
        for (FieldId id = 0; id < _EVENT_FIELD_MAX && r >= 0; id++)
                if (event_has(e, id) && !is_summed(id))
                        r = take_value(s, id, &e->values[id]);
        if (r < 0)
                event_sum_done(s);
        return r;
}

/* One more: what it says, too. */
static void keep_common(EventSum *s, const Event *e) {
        size_t kept = 0;

        for (size_t i = 0; i < s->value_count; i++) {
                if (says(e, &s->values[i]))
                        s->values[kept++] = s->values[i];
                else
                        free(s->values[i].bytes);
        }
        s->value_count = kept;
}

static uint64_t number(const Event *e, FieldId id) {
        return event_has(e, id) ? e->values[id].number : 0;
}

int event_sum_add(EventSum *s, const Event *e) {
        uint64_t not_before = number(e, EVENT_FIELD_NOT_BEFORE);
        int r = 0;

        if (s->count == 0)
                r = take_values(s, e);
        else
                keep_common(s, e);
        if (r < 0)
                return r;
        s->not_before = s->count == 0 ? not_before : MIN(s->not_before, not_before);
        s->not_after = MAX(s->not_after, number(e, EVENT_FIELD_NOT_AFTER));
        s->inherited += number(e, EVENT_FIELD_INHERITED_COUNT);
        s->count++;
        return 0;
}

void event_sum_put(const EventSum *s, Event *e) {
        for (size_t i = 0; i < s->value_count; i++) {
                const SumValue *v = &s->values[i];

                if (v->bytes)
                        event_set_bytes(e, v->id, (Bytes){ .data = v->bytes, .size = v->size });
                else
                        event_set_number(e, v->id, v->number);
        }
        if (s->not_before != 0)
                event_set_number(e, EVENT_FIELD_NOT_BEFORE, s->not_before);
        event_set_number(e, EVENT_FIELD_NOT_AFTER, s->not_after);
        if (s->inherited != 0)
                event_set_number(e, EVENT_FIELD_INHERITED_COUNT, s->inherited);
}

void event_sum_done(EventSum *s) {
        for (size_t i = 0; i < s->value_count; i++)
                free(s->values[i].bytes);
        free(s->values);
        *s = (EventSum){};
}
