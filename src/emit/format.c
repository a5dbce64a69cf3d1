/* SPDX-License-Identifier: MIT */

/* Events as fields.
 *
 * Two layers: format_value() gives one field of the table as text, by its type; format_fields() walks what every
 * event has, then the table. MESSAGE and JSON are made from these two and know no field's type.
 *
 * Invariants: no value is empty; every value is printable UTF-8; name and value together are at most
 * FORMAT_VALUE_MAX bytes; only SOCKAUDIT_HOLDER repeats; there are never more than FORMAT_FIELDS_MAX fields.
 *
 * Unix paths arrive as the kernel has them: a leading NUL marks an abstract name and is shown as '@'. A path that
 * begins with a real '@' is written \x40, so that the two cannot be confused. */

#include "emit/format.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "collect/notice.h"
#include "collect/socket.h"
#include "detect/rule.h"

#define PREFIX "SOCKAUDIT_"

static const char *const full_names[_EVENT_FIELD_MAX] = {
#define X(id, name, ...) [EVENT_FIELD_##id] = PREFIX name,
        EVENT_FIELDS(X)
#undef X
};

int64_t format_epoch(const FormatContext *c, uint64_t boottime) {
        int64_t t;

        /* What was before the boot is negative. */
        if (__builtin_add_overflow((int64_t) boottime, c->clock_offset, &t))
                return -1;
        return MAX(t, (int64_t) -1);
}

/* --- one value --------------------------------------------------------------------------------------- */

static const char *number_name(FieldType type, uint64_t number) {
        unsigned n = (unsigned) MIN(number, (uint64_t) UINT32_MAX);

        switch ((int) type) {
        case FIELD_FAMILY:
                return family_name(n);
        case FIELD_TRANSPORT:
                return transport_name(n);
        case FIELD_STATE:
                return state_name(n);
        case FIELD_DIRECTION:
                return direction_name(n);
        case FIELD_END:
                return end_name(n);
        default:
                return NULL;
        }
}

/* What was made fits into max or is left out as a whole: half a number would be another number. */
static int put_whole(Text *t, const char *s, size_t max) {
        if (!s || !*s || strlen(s) > max)
                return -ENODATA;
        text_append(t, s);
        return 0;
}

static int put_address(Text *t, Bytes b, size_t max) {
        char buffer[INET6_ADDRSTRLEN];

        if (b.size != 4 && b.size != 16)
                return -ENODATA;
        return put_whole(t, inet_ntop(b.size == 4 ? AF_INET : AF_INET6, b.data, buffer, sizeof(buffer)), max);
}

static int put_states(Text *t, Bytes b, size_t max) {
        size_t start = t->size;

        for (uint32_t i = 0; i < b.size; i++) {
                const char *name = state_name((unsigned char) b.data[i]);

                if (!name)
                        continue;
                if (t->size - start + strlen(name) + 1 > max)
                        return TEXT_TRUNCATED;
                text_printf(t, "%s%s", t->size > start ? " " : "", name);
        }
        return t->size > start ? 0 : -ENODATA;
}

static int put_holder_ids(const FormatContext *c, Text *t, Bytes b, size_t max) {
        size_t start = t->size;

        for (uint32_t i = 0; i + sizeof(HolderId) <= b.size; i += sizeof(HolderId)) {
                char text[64];
                HolderId h;

                memcpy(&h, b.data + i, sizeof(h));
                (void) snprintf(text, sizeof(text), "%s%" PRIu32 "/%" PRId64 "/%" PRId32, t->size > start ? " " : "", h.pid,
                                MAX(format_epoch(c, h.start_usec), (int64_t) 0), h.fd);
                if (t->size - start + strlen(text) > max)
                        return TEXT_TRUNCATED;
                text_append(t, text);
        }
        return t->size > start ? 0 : -ENODATA;
}

static int put_hex(Text *t, Bytes b, size_t max) {
        if (b.size == 0)
                return -ENODATA;
        for (uint32_t i = 0; i < b.size; i++) {
                if ((i + 1) * 2 > max)
                        return TEXT_TRUNCATED;
                text_printf(t, "%02x", (unsigned char) b.data[i]);
        }
        return 0;
}

static int put_bytes(Text *t, Bytes b, size_t max) {
        size_t start = t->size;
        unsigned altered = text_escape(t, b, max);

        /* An empty value says nothing; one of which nothing fitted is at least named as truncated. */
        return t->size > start || altered ? (int) altered : -ENODATA;
}

/* Escaped as far as that is needed by who made it. That is not trusted to be, either. */
static int put_lines(Text *t, Bytes b, size_t max) {
        size_t start = t->size;

        for (uint32_t i = 0, n; i < b.size; i += n) {
                bool as_it_is = b.data[i] == '\n' || b.data[i] == '\\';

                for (n = 1; !as_it_is && i + n < b.size && b.data[i + n] != '\n' && b.data[i + n] != '\\'; n++)
                        ;
                if (as_it_is ? t->size - start == max : text_escape(t, (Bytes){ b.data + i, n }, max - (t->size - start)) & TEXT_TRUNCATED)
                        return TEXT_TRUNCATED;
                if (as_it_is)
                        text_append_bytes(t, b.data + i, 1);
        }
        return b.size > 0 ? 0 : -ENODATA;
}

static int put_path(Text *t, Bytes b, size_t max) {
        bool abstract = b.size > 0 && b.data[0] == 0, at = b.size > 0 && b.data[0] == '@';
        int r;

        if (!abstract && !at)
                return put_bytes(t, b, max);
        text_append(t, abstract ? "@" : "\\x40");
        r = put_bytes(t, (Bytes){ .data = b.data + 1, .size = b.size - 1 }, max - MIN(max, (size_t) 4));
        return MAX(r, 0) | (at ? TEXT_ESCAPED : 0);
}

int format_value(const FormatContext *c, const Event *e, FieldId id, size_t max, Text *t) {
        const EventValue *v = &e->values[id];
        FieldType type = event_field_info(id)->type;
        char buffer[32];
        int64_t epoch;

        if (!event_has(e, id))
                return -ENODATA;

        switch (type) {
        case FIELD_NUMBER:
        case FIELD_USEC:
                (void) snprintf(buffer, sizeof(buffer), "%" PRIu64, v->number);
                return put_whole(t, buffer, max);
        case FIELD_HEX:
                (void) snprintf(buffer, sizeof(buffer), "%016" PRIx64, v->number);
                return put_whole(t, buffer, max);
        case FIELD_TIME:
                epoch = format_epoch(c, v->number);
                (void) snprintf(buffer, sizeof(buffer), "%" PRId64, epoch);
                return epoch < 0 ? -ENODATA : put_whole(t, buffer, max);
        case FIELD_FAMILY:
        case FIELD_TRANSPORT:
        case FIELD_STATE:
        case FIELD_DIRECTION:
        case FIELD_END:
                return put_whole(t, number_name(type, v->number), max);
        case FIELD_STATES:
                return put_states(t, v->bytes, max);
        case FIELD_ADDRESS:
                return put_address(t, v->bytes, max);
        case FIELD_LINES:
                return put_lines(t, v->bytes, max);
        case FIELD_BYTES_HEX:
                return put_hex(t, v->bytes, max);
        case FIELD_WORD: /* safe as it is, but not trusted to be: one rule for all text */
        case FIELD_BYTES:
                if (id == EVENT_FIELD_LOCAL_PATH || id == EVENT_FIELD_PEER_PATH)
                        return put_path(t, v->bytes, max);
                return put_bytes(t, v->bytes, max);
        case FIELD_HOLDER_IDS:
                return put_holder_ids(c, t, v->bytes, max);
        case FIELD_HOLDERS:
                break;
        }
        return -ENODATA;
}

/* --- all fields -------------------------------------------------------------------------------------- */

typedef struct Writer {
        const FormatContext *context;
        const Event *event;
        format_field_t callback;
        void *userdata;
        Text value;              /* of the field at hand */
        Text escaped, truncated; /* names so far */
        size_t count;
} Writer;

static void writer_done(Writer *w) {
        text_done(&w->value);
        text_done(&w->escaped);
        text_done(&w->truncated);
}

static int write_field(Writer *w, const char *name, const char *value, size_t size) {
        w->count++;
        assert(w->count <= FORMAT_FIELDS_MAX);
        return w->callback(w->userdata, name, value, size);
}

static int write_string(Writer *w, const char *name, const char *value) {
        return write_field(w, name, value, strlen(value));
}

static int write_number(Writer *w, const char *name, uint64_t number) {
        char buffer[24];

        (void) snprintf(buffer, sizeof(buffer), "%" PRIu64, number);
        return write_string(w, name, buffer);
}

/* What stands in w->value. */
static int write_value(Writer *w, const char *name) {
        int r = text_error(&w->value);

        return r < 0 ? r : write_field(w, name, text_string(&w->value), w->value.size);
}

static size_t value_max(const char *name) {
        return FORMAT_VALUE_MAX - strlen(name) - 1;
}

static void note_altered(Writer *w, const char *name, unsigned altered) {
        if (altered & TEXT_ESCAPED)
                text_printf(&w->escaped, "%s%s", w->escaped.size > 0 ? " " : "", name);
        if (altered & TEXT_TRUNCATED)
                text_printf(&w->truncated, "%s%s", w->truncated.size > 0 ? " " : "", name);
}

static int write_common(Writer *w) {
        const Event *e = w->event;
        const EventKindInfo *kind = event_kind_info(e->kind);
        int r;

        text_clear(&w->value);
        format_message(w->context, e, &w->value);
        r = write_value(w, "MESSAGE");
        if (r >= 0)
                r = write_string(w, "MESSAGE_ID", kind->message_id);
        if (r >= 0)
                r = write_number(w, "PRIORITY", (uint64_t) (e->priority >= 0 ? e->priority : kind->priority) & 7);
        if (r >= 0)
                r = write_string(w, "SYSLOG_IDENTIFIER", "sockaudit");
        if (r >= 0)
                r = write_string(w, "SYSLOG_FACILITY", "13");
        if (r >= 0)
                r = write_number(w, PREFIX "SCHEMA", EVENT_SCHEMA);
        if (r >= 0)
                r = write_string(w, PREFIX "EVENT", kind->name);
        if (r >= 0)
                r = write_string(w, PREFIX "RUN", w->context->run);
        if (r >= 0)
                r = write_number(w, PREFIX "SEQ", e->seq);
        return r;
}

static int write_holders(Writer *w) {
        const char *name = full_names[EVENT_FIELD_HOLDER];
        unsigned altered = 0;
        int r = 0;

        for (size_t i = 0; i < w->event->holder_count && r >= 0; i++) {
                const EventHolder *h = &w->event->holders[i];
                int64_t start = format_epoch(w->context, h->start_usec);

                text_clear(&w->value);
                text_printf(&w->value, "%" PRIu32 "/%" PRId64 "/%d/", h->pid, MAX(start, (int64_t) 0), h->fd);
                altered |= text_escape(&w->value, bytes_of(h->comm), value_max(name) - w->value.size);
                r = write_value(w, name);
        }
        note_altered(w, event_field_info(EVENT_FIELD_HOLDER)->name, altered);
        return r;
}

/* The exact bytes of a path, unless the event brings them itself. */
static int write_path_hex(Writer *w, FieldId path, FieldId hex) {
        if (event_has(w->event, hex))
                return 0;
        text_clear(&w->value);
        note_altered(w, event_field_info(hex)->name,
                     (unsigned) put_hex(&w->value, w->event->values[path].bytes, value_max(full_names[hex])));
        return write_value(w, full_names[hex]);
}

static int write_own(Writer *w, FieldId id) {
        int altered, r;

        text_clear(&w->value);
        altered = format_value(w->context, w->event, id, value_max(full_names[id]), &w->value);
        if (altered < 0)
                return 0;
        note_altered(w, event_field_info(id)->name, (unsigned) altered);
        r = write_value(w, full_names[id]);
        if (r >= 0 && altered && id == EVENT_FIELD_LOCAL_PATH)
                r = write_path_hex(w, id, EVENT_FIELD_LOCAL_PATH_HEX);
        if (r >= 0 && altered && id == EVENT_FIELD_PEER_PATH)
                r = write_path_hex(w, id, EVENT_FIELD_PEER_PATH_HEX);
        return r;
}

static bool is_problem(EventKind kind) {
        return kind == EVENT_CONNECTION_STALLED || kind == EVENT_CONNECTION_RECOVERED || kind == EVENT_CONNECTION_FAILED ||
               kind == EVENT_EXPECTATION_UNMET || kind == EVENT_EXPECTATION_MET;
}

static bool belongs_to_unit(const FormatContext *c, const Event *e) {
        return c->unit_log == FORMAT_UNIT_LOG_ALL || (c->unit_log == FORMAT_UNIT_LOG_PROBLEMS && is_problem(e->kind));
}

/* journalctl -u compares the exact name, in which systemd writes \x2d and the like itself: it goes out as it is, or, where it
 * is no name of a unit, not at all. */
static int write_unit(Writer *w, FieldId id, const char *name) {
        static const char unit_chars[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ:-_.\\@";
        Bytes unit = w->event->values[id].bytes;

        if (!belongs_to_unit(w->context, w->event) || !event_has(w->event, id) || unit.size == 0 || unit.size > 255)
                return 0;
        for (uint32_t i = 0; i < unit.size; i++)
                if (!unit.data[i] || !strchr(unit_chars, unit.data[i]))
                        return 0;
        text_clear(&w->value);
        text_append_bytes(&w->value, unit.data, unit.size);
        return write_value(w, name);
}

int format_fields(const FormatContext *c, const Event *e, format_field_t callback, void *userdata) {
        _cleanup_(writer_done) Writer w = { .context = c, .event = e, .callback = callback, .userdata = userdata };
        int r = write_common(&w);

        for (unsigned id = 0; id < _EVENT_FIELD_MAX && r >= 0; id++)
                r = id == EVENT_FIELD_HOLDER ? write_holders(&w) : write_own(&w, id);
        if (r >= 0)
                r = text_error(&w.escaped);
        if (r >= 0)
                r = text_error(&w.truncated);
        if (r >= 0 && w.escaped.size > 0)
                r = write_field(&w, PREFIX "ESCAPED", w.escaped.data, w.escaped.size);
        if (r >= 0 && w.truncated.size > 0)
                r = write_field(&w, PREFIX "TRUNCATED", w.truncated.data, w.truncated.size);
        if (r >= 0)
                r = write_unit(&w, EVENT_FIELD_UNIT, "OBJECT_SYSTEMD_UNIT");
        if (r >= 0)
                r = write_unit(&w, EVENT_FIELD_USER_UNIT, "OBJECT_SYSTEMD_USER_UNIT");
        return MIN(r, 0);
}
