/* SPDX-License-Identifier: MIT */

/* Events as one line for people:
 *
 *     PROC[PID] VERB: PROTO LOCAL DIR PEER DETAIL, DETAIL (rule R)
 *
 * Blanks part the words, so that awk can read it, too: a name with blanks, quotes, brackets or escapes in it stands in
 * double quotes. No part depends on the locale; times of day are local.
 *
 * Each part from outside has a bound of its own (message-private.h). Together they stay below FORMAT_MESSAGE_MAX but for the strangest
 * events; those are cut at the end. */

#include <inttypes.h>
#include <string.h>

#include "emit/format-human.h"
#include "emit/message-private.h"

/* --- parts ------------------------------------------------------------------------------------------ */

bool message_has(const Message *m, FieldId id) {
        return event_has(m->event, id);
}

uint64_t message_number(const Message *m, FieldId id) {
        return message_has(m, id) ? m->event->values[id].number : 0;
}

const char *message_value(Message *m, FieldId id, size_t max) {
        int r;

        text_clear(&m->scratch);
        r = format_value(m->context, m->event, id, max, &m->scratch);
        if (r < 0)
                return NULL;
        if (r & TEXT_TRUNCATED)
                text_append(&m->scratch, "...");
        return text_string(&m->scratch);
}

void message_put_name(Message *m, FieldId id, size_t max, const char *unknown) {
        const char *s = message_value(m, id, max);

        if (s)
                format_quoted(m->text, s);
        else
                text_append(m->text, unknown);
}

Text *message_detail(Message *m) {
        text_append(m->text, m->detailed ? ", " : " ");
        m->detailed = true;
        return m->text;
}

void message_detail_value(Message *m, const char *before, FieldId id, const char *after) {
        const char *s = message_value(m, id, DETAIL_MAX);

        if (s)
                text_printf(message_detail(m), "%s%s%s", before, s, after);
}

void message_put_count(Text *t, uint64_t n, const char *thing, const char *plural) {
        text_printf(t, "%" PRIu64 " %s%s", n, thing, n == 1 ? "" : plural);
}

/* Looks bound an end from both sides, and a duration from above; a notice knows the instant. */
static bool is_exact(const Message *m) {
        return !message_has(m, EVENT_FIELD_NOT_BEFORE) ||
               message_number(m, EVENT_FIELD_NOT_BEFORE) == message_number(m, EVENT_FIELD_NOT_AFTER);
}

void message_detail_end(Message *m) {
        if (message_has(m, EVENT_FIELD_DURATION)) {
                text_append(message_detail(m), is_exact(m) ? "after " : "after at most ");
                format_duration(m->text, message_number(m, EVENT_FIELD_DURATION));
        }
        message_detail_value(m, "", EVENT_FIELD_END, "");
        message_detail_value(m, "", EVENT_FIELD_ERROR, "");
        message_detail_value(m, "closed by ", EVENT_FIELD_CLOSED_BY, "");
}

bool message_is_about_a_process(const Message *m) {
        return m->event->kind == EVENT_AUDIT_GAP && message_has(m, EVENT_FIELD_COMM) && message_has(m, EVENT_FIELD_PID);
}

/* --- the line --------------------------------------------------------------------------------------- */

typedef struct Form {
        bool own; /* about the daemon, not about a process that is watched */
        void (*body)(Message *m);
} Form;

static const Form *event_form(EventKind kind) {
        static const Form forms[_EVENT_KIND_MAX] = {
                [EVENT_CONNECTION_PRESENT] = { false, message_put_connection },
                [EVENT_CONNECTION_APPEARED] = { false, message_put_connection },
                [EVENT_CONNECTION_CHANGED] = { false, message_put_connection },
                [EVENT_CONNECTION_VANISHED] = { false, message_put_connection },
                [EVENT_CONNECTION_COMPLETED] = { false, message_put_connection },
                [EVENT_CONNECTION_FAILED] = { false, message_put_connection },
                [EVENT_CONNECTION_MISSED] = { false, message_put_connection },
                [EVENT_CONNECTION_SUMMARY] = { false, message_put_summary },
                [EVENT_CONNECTION_STALLED] = { false, message_put_connection },
                [EVENT_CONNECTION_RECOVERED] = { false, message_put_connection },
                [EVENT_EXPECTATION_UNMET] = { false, message_put_expectation },
                [EVENT_EXPECTATION_MET] = { false, message_put_expectation },
                [EVENT_LISTENER_PRESENT] = { false, message_put_listener },
                [EVENT_LISTENER_APPEARED] = { false, message_put_listener },
                [EVENT_LISTENER_VANISHED] = { false, message_put_listener },
                [EVENT_SOCKET_PRESENT] = { false, message_put_socket },
                [EVENT_SOCKET_APPEARED] = { false, message_put_socket },
                [EVENT_SOCKET_VANISHED] = { false, message_put_socket },
                [EVENT_PROCESS_MATCHED] = { false, message_put_process },
                [EVENT_PROCESS_GONE] = { false, message_put_process },
                [EVENT_PROCESS_INHERITED] = { false, message_put_inherited },
                [EVENT_AUDIT_STARTED] = { true, message_put_started },
                [EVENT_AUDIT_STOPPED] = { true, message_put_stopped },
                [EVENT_AUDIT_RELOADED] = { true, message_put_started },
                [EVENT_AUDIT_GAP] = { true, message_put_gap },
                [EVENT_AUDIT_LOST] = { true, message_put_lost },
                [EVENT_AUDIT_BALANCE] = { true, message_put_balance },
                [EVENT_AUDIT_DEGRADED] = { true, message_put_condition },
                [EVENT_AUDIT_RESTORED] = { true, message_put_condition },
        };

        return &forms[kind];
}

static void put_head(Message *m, bool own) {
        if (own)
                text_append(m->text, "sockauditd");
        else
                message_put_name(m, EVENT_FIELD_COMM, NAME_MAX_, "?");
        if (message_has(m, EVENT_FIELD_PID) && !(own && message_is_about_a_process(m)))
                text_printf(m->text, "[%" PRIu64 "]", message_number(m, EVENT_FIELD_PID));
        else if (!own)
                text_append(m->text, "[?]");
}

/* Any process of this name. */
static void put_processes(Message *m) {
        static const FieldId names[] = { EVENT_FIELD_COMM, EVENT_FIELD_EXE, EVENT_FIELD_USER_UNIT, EVENT_FIELD_UNIT, EVENT_FIELD_CONTAINER };
        const char *s = NULL, *slash;

        for (size_t i = 0; i < ELEMENTSOF(names) && !s; i++)
                s = message_value(m, names[i], NAME_MAX_);
        slash = s ? strrchr(s, '/') : NULL;
        if (s)
                format_quoted(m->text, slash ? slash + 1 : s);
        text_append(m->text, s ? "[*]" : "*[*]");
}

static void put_rule(Message *m) {
        if (!message_has(m, EVENT_FIELD_RULE))
                return;
        text_append(m->text, " (rule ");
        message_put_name(m, EVENT_FIELD_RULE, NAME_MAX_, "?");
        text_append(m->text, ")");
}

static void cut(Text *t, size_t max) {
        if (t->size <= max)
                return;
        while (max > 0 && (t->data[max] & 0xc0) == 0x80)
                max--;
        t->size = max;
        t->data[max] = 0;
}

void format_message(const FormatContext *c, const Event *e, Text *t) {
        Message m = { .context = c, .event = e, .text = t };
        const Form *form = event_form(e->kind);
        size_t start = t->size;

        if (e->kind == EVENT_CONNECTION_SUMMARY)
                put_processes(&m);
        else
                put_head(&m, form->own);
        text_printf(t, " %s:", event_kind_info(e->kind)->verb);
        form->body(&m);
        put_rule(&m);
        cut(t, start + FORMAT_MESSAGE_MAX);
        if (text_error(&m.scratch) < 0)
                t->failed = true;
        text_done(&m.scratch);
}

void format_text(const FormatContext *c, const Event *e, Text *t) {
        static const FieldId times[] = { EVENT_FIELD_NOT_AFTER, EVENT_FIELD_OPENED_AT, EVENT_FIELD_NOT_BEFORE };

        for (size_t i = 0; i < ELEMENTSOF(times); i++)
                if (event_has(e, times[i])) {
                        format_time(t, format_epoch(c, e->values[times[i]].number), false);
                        text_append(t, "  ");
                        break;
                }
        format_message(c, e, t);
        text_append(t, "\n");
}
