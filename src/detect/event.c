/* SPDX-License-Identifier: MIT */

#include "detect/event.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const EventKindInfo kinds[_EVENT_KIND_MAX] = {
#define X(id, name, priority, message_id, verb, help) [EVENT_##id] = { name, priority, message_id, verb, help },
        EVENT_KINDS(X)
#undef X
};

static const FieldInfo fields[_EVENT_FIELD_MAX] = {
#define X(id, name, type, help) [EVENT_FIELD_##id] = { name, FIELD_##type, help },
        EVENT_FIELDS(X)
#undef X
};

const EventKindInfo *event_kind_info(EventKind kind) {
        return &kinds[kind];
}

EventKind event_kind_from_name(const char *name) {
        unsigned k;

        for (k = 0; k < _EVENT_KIND_MAX; k++)
                if (strcmp(kinds[k].name, name) == 0)
                        break;
        return k;
}

const FieldInfo *event_field_info(FieldId id) {
        return &fields[id];
}

FieldId event_field_from_name(const char *name, size_t size) {
        unsigned f;

        for (f = 0; f < _EVENT_FIELD_MAX; f++)
                if (strlen(fields[f].name) == size && memcmp(fields[f].name, name, size) == 0)
                        break;
        return f;
}

void event_init(Event *e, EventKind kind) {
        e->kind = kind;
        e->priority = -1;
        e->seq = 0;
        memset(e->present, 0, sizeof(e->present));
        e->holder_count = 0;
        e->scratch_used = 0;
}

bool event_has(const Event *e, FieldId id) {
        return e->present[id / 64] >> (id % 64) & 1;
}

void event_clear(Event *e, FieldId id) {
        e->present[id / 64] &= ~(1ULL << (id % 64));
}

static EventValue *event_value(Event *e, FieldId id) {
        e->present[id / 64] |= 1ULL << (id % 64);
        return &e->values[id];
}

void event_set_number(Event *e, FieldId id, uint64_t value) {
        event_value(e, id)->number = value;
}

void event_set_bytes(Event *e, FieldId id, Bytes value) {
        if (value.data)
                event_value(e, id)->bytes = value;
}

void event_set_word(Event *e, FieldId id, const char *value) {
        event_set_bytes(e, id, bytes_of(value));
}

void event_set_printf(Event *e, FieldId id, const char *format, ...) {
        size_t room = sizeof(e->scratch) - e->scratch_used;
        char *start = e->scratch + e->scratch_used;
        va_list ap;
        int n;

        if (room < 2)
                return;
        va_start(ap, format);
        n = vsnprintf(start, room, format, ap);
        va_end(ap);
        if (n < 0)
                return;
        n = (int) MIN((size_t) n, room - 1);
        e->scratch_used += (size_t) n + 1;
        event_set_bytes(e, id, (Bytes){ .data = start, .size = (uint32_t) n });
}

void event_add_holder(Event *e, const EventHolder *holder) {
        if (e->holder_count < EVENT_HOLDERS_MAX)
                e->holders[e->holder_count++] = *holder;
}
