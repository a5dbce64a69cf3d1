/* SPDX-License-Identifier: MIT */

/* An event made of any bytes: all that goes out is printable UTF-8 within its bounds, and JSON that parses. */

#include <assert.h>
#include <json-c/json.h>
#include <string.h>

#include "emit/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct Input {
        const uint8_t *data;
        size_t size;
} Input;

/* Up to n bytes of the input, little-endian. */
static uint64_t take_number(Input *in, size_t n) {
        uint64_t number = 0;

        for (size_t i = 0; i < n && in->size > 0; i++, in->data++, in->size--)
                number |= (uint64_t) *in->data << 8 * i;
        return number;
}

static Bytes take_bytes(Input *in) {
        size_t n = take_number(in, 2);
        Bytes b;

        n = MIN(n, in->size);
        b = (Bytes){ .data = (const char *) in->data, .size = (uint32_t) n };
        in->data += n;
        in->size -= n;
        return b;
}

static void take_holder(Input *in, Event *e) {
        static char comms[EVENT_HOLDERS_MAX][16];
        char *comm = comms[e->holder_count % EVENT_HOLDERS_MAX];
        EventHolder h = { .comm = comm };
        Bytes b;

        if (e->holder_count == EVENT_HOLDERS_MAX)
                return;
        h.pid = (uint32_t) take_number(in, 4);
        h.start_usec = take_number(in, 8);
        h.fd = (int) take_number(in, 4);
        b = take_bytes(in);
        memset(comm, 0, 16);
        memcpy(comm, b.data, MIN(b.size, 15u));
        event_add_holder(e, &h);
}

static void take_event(Input *in, FormatContext *c, Event *e) {
        event_init(e, (EventKind) (take_number(in, 1) % _EVENT_KIND_MAX));
        c->unit_log = (unsigned) take_number(in, 1) % 3;
        c->clock_offset = (int64_t) take_number(in, 8);
        while (in->size > 0) {
                FieldId id = (FieldId) (take_number(in, 1) % _EVENT_FIELD_MAX);
                FieldType type = event_field_info(id)->type;

                if (type == FIELD_HOLDERS)
                        take_holder(in, e);
                else if (type >= FIELD_STATES)
                        event_set_bytes(e, id, take_bytes(in));
                else
                        event_set_number(e, id, take_number(in, 8));
        }
}

/* What text_escape() would leave as it is, but for the backslashes of escapes, and the ends of lines where there are such. */
static void check_printable(const char *s, size_t size, bool lines) {
        _cleanup_free_ char *copy = malloc(size + 1);
        _cleanup_text_ Text t = TEXT_NULL;

        assert(copy);
        memcpy(copy, s, size);
        for (size_t i = 0; i < size; i++)
                if (copy[i] == '\\' || (lines && copy[i] == '\n'))
                        copy[i] = '/';
        assert(text_escape(&t, (Bytes){ .data = copy, .size = (uint32_t) size }, SIZE_MAX) == 0);
}

static int check_field(void *userdata, const char *name, const char *value, size_t size) {
        assert(size > 0 && value[size] == 0);
        assert(strlen(name) + 1 + size <= FORMAT_VALUE_MAX);
        check_printable(value, size, strcmp(name, "SOCKAUDIT_PEERS") == 0);
        if (strcmp(name, "MESSAGE") == 0)
                assert(size <= FORMAT_MESSAGE_MAX);
        return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static Event e;
        FormatContext c = { .run = "0123456789abcdef0123456789abcdef" };
        Input in = { data, size };
        _cleanup_text_ Text json = TEXT_NULL, text = TEXT_NULL;
        json_object *o;

        take_event(&in, &c, &e);
        assert(format_fields(&c, &e, check_field, NULL) == 0);

        assert(format_json(&c, &e, &json) == 0);
        o = json_tokener_parse(text_string(&json));
        assert(o && json_object_is_type(o, json_type_object));
        json_object_put(o);

        format_text(&c, &e, &text);
        assert(text.size > 0 && text.data[text.size - 1] == '\n');
        check_printable(text.data, text.size - 1, false);
        return 0;
}
