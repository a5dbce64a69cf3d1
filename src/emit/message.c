/* SPDX-License-Identifier: MIT */

/* Events as one line for people:
 *
 *     PROC[PID] VERB: PROTO LOCAL DIR PEER DETAIL, DETAIL (rule R)
 *
 * Blanks part the words, so that awk can read it, too: a name with blanks, quotes, brackets or escapes in it stands in
 * double quotes. No part depends on the locale; times of day are local.
 *
 * Each part from outside has a bound of its own. Together they stay below FORMAT_MESSAGE_MAX but for the strangest events;
 * those are cut at the end. */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "collect/socket.h"
#include "detect/rule.h"
#include "emit/format-human.h"
#include "emit/format.h"

#define NAME_MAX_ 64    /* comm, rule, unit */
#define PATH_MAX_ 256   /* unix paths, executables */
#define DETAIL_MAX 160  /* anything else */

typedef struct Message {
        const FormatContext *context;
        const Event *event;
        Text *text;
        Text scratch;  /* one value */
        bool detailed; /* a DETAIL was written: the next one is set off by a comma */
} Message;

/* --- parts ------------------------------------------------------------------------------------------- */

static bool has(const Message *m, FieldId id) {
        return event_has(m->event, id);
}

/* 0 when it is not there. */
static uint64_t number(const Message *m, FieldId id) {
        return has(m, id) ? m->event->values[id].number : 0;
}

/* Of a word that is a number with a sign; 0 when it is not there. */
static int64_t signed_number(const Message *m, FieldId id) {
        Bytes b = has(m, id) ? m->event->values[id].bytes : (Bytes){};
        char text[24] = "";

        memcpy(text, b.data ?: "", MIN((size_t) b.size, sizeof(text) - 1));
        return strtoll(text, NULL, 10);
}

/* The value as text, NULL when there is none; valid until the next call. */
static const char *value(Message *m, FieldId id, size_t max) {
        int r;

        text_clear(&m->scratch);
        r = format_value(m->context, m->event, id, max, &m->scratch);
        if (r < 0)
                return NULL;
        if (r & TEXT_TRUNCATED)
                text_append(&m->scratch, "...");
        return text_string(&m->scratch);
}

static void put_name(Message *m, FieldId id, size_t max, const char *unknown) {
        const char *s = value(m, id, max);

        if (s)
                format_quoted(m->text, s);
        else
                text_append(m->text, unknown);
}

/* Begins a DETAIL; returns the text for what cannot be said in one printf. */
static Text *detail(Message *m) {
        text_append(m->text, m->detailed ? ", " : " ");
        m->detailed = true;
        return m->text;
}

/* `before VALUE after`, if there is a value. */
static void detail_value(Message *m, const char *before, FieldId id, const char *after) {
        const char *s = value(m, id, DETAIL_MAX);

        if (s)
                text_printf(detail(m), "%s%s%s", before, s, after);
}

/* --- connections and listeners ----------------------------------------------------------------------- */

static bool is_unix(const Message *m) {
        return number(m, EVENT_FIELD_FAMILY) == FAMILY_UNIX;
}

static void put_protocol(Message *m) {
        bool by_family = has(m, EVENT_FIELD_FAMILY) && number(m, EVENT_FIELD_FAMILY) != FAMILY_IPV4 &&
                         number(m, EVENT_FIELD_FAMILY) != FAMILY_IPV6;
        const char *s = value(m, by_family ? EVENT_FIELD_FAMILY : EVENT_FIELD_TRANSPORT, NAME_MAX_);

        text_printf(m->text, " %s", s ? s : "?");
}

static void put_end(Message *m, FieldId address, FieldId port, FieldId path) {
        Text *t = m->text;
        const char *s;

        text_append(t, " ");
        if (is_unix(m)) {
                put_name(m, path, PATH_MAX_, "-");
                return;
        }
        s = value(m, address, NAME_MAX_);
        if (!s && !has(m, port)) {
                text_append(t, "-");
                return;
        }
        text_printf(t, s && strchr(s, ':') ? "[%s]" : "%s", s ? s : "*");
        if (has(m, port))
                text_printf(t, ":%" PRIu64, number(m, port));
}

static void put_local(Message *m) {
        put_end(m, EVENT_FIELD_LOCAL_ADDRESS, EVENT_FIELD_LOCAL_PORT, EVENT_FIELD_LOCAL_PATH);
}

static void put_both_ends(Message *m) {
        uint64_t direction = number(m, EVENT_FIELD_DIRECTION);

        put_local(m);
        text_append(m->text, direction == DIRECTION_EGRESS    ? " ->"
                             : direction == DIRECTION_INGRESS ? " <-"
                                                              : " --");
        put_end(m, EVENT_FIELD_PEER_ADDRESS, EVENT_FIELD_PEER_PORT, EVENT_FIELD_PEER_PATH);
        if (!has(m, EVENT_FIELD_PEER_PID))
                return;
        text_append(m->text, " ");
        put_name(m, EVENT_FIELD_PEER_COMM, NAME_MAX_, "?");
        text_printf(m->text, "[%" PRIu64 "]", number(m, EVENT_FIELD_PEER_PID));
}

static void put_count(Text *t, uint64_t n, const char *thing, const char *plural) {
        text_printf(t, "%" PRIu64 " %s%s", n, thing, n == 1 ? "" : plural);
}

static void detail_holders(Message *m) {
        if (!has(m, EVENT_FIELD_HOLDER_COUNT))
                return;
        if (number(m, EVENT_FIELD_HOLDER_COUNT) == 0)
                text_append(detail(m), "no holder");
        else
                put_count(detail(m), number(m, EVENT_FIELD_HOLDER_COUNT), "holder", "s");
}

static void detail_traffic(Message *m) {
        if (has(m, EVENT_FIELD_BYTES_SENT)) {
                format_size(detail(m), number(m, EVENT_FIELD_BYTES_SENT));
                text_append(m->text, " sent");
        }
        if (has(m, EVENT_FIELD_BYTES_RECEIVED)) {
                format_size(detail(m), number(m, EVENT_FIELD_BYTES_RECEIVED));
                text_append(m->text, " received");
        }
        if (number(m, EVENT_FIELD_RETRANSMITS) > 0)
                put_count(detail(m), number(m, EVENT_FIELD_RETRANSMITS), "retransmit", "s");
}

/* How and after what time it ended. */
/* Looks bound an end from both sides, and a duration from above; a notice knows the instant. */
static bool is_exact(const Message *m) {
        return !has(m, EVENT_FIELD_NOT_BEFORE) ||
               number(m, EVENT_FIELD_NOT_BEFORE) == number(m, EVENT_FIELD_NOT_AFTER);
}

static void detail_end(Message *m) {
        if (has(m, EVENT_FIELD_DURATION)) {
                text_append(detail(m), is_exact(m) ? "after " : "after at most ");
                format_duration(m->text, number(m, EVENT_FIELD_DURATION));
        }
        detail_value(m, "", EVENT_FIELD_END, "");
        detail_value(m, "", EVENT_FIELD_ERROR, "");
        detail_value(m, "closed by ", EVENT_FIELD_CLOSED_BY, "");
}

static void detail_holder_changes(Message *m) {
        static const struct {
                FieldId id;
                const char *verb;
        } changes[] = {
                { EVENT_FIELD_HOLDER_GAINED, "gained" },
                { EVENT_FIELD_HOLDER_LOST, "lost" },
        };

        for (size_t i = 0; i < ELEMENTSOF(changes); i++) {
                if (!has(m, changes[i].id))
                        continue;
                text_printf(detail(m), "%s ", changes[i].verb);
                put_count(m->text, m->event->values[changes[i].id].bytes.size / sizeof(HolderId), "holder", "s");
        }
        if (has(m, EVENT_FIELD_HOLDER_COUNT) && number(m, EVENT_FIELD_HOLDER_COUNT) == 0)
                text_append(detail(m), "released");
}

static void detail_state(Message *m) {
        bool moved = has(m, EVENT_FIELD_STATE) && has(m, EVENT_FIELD_PREVIOUS_STATE) &&
                number(m, EVENT_FIELD_STATE) != number(m, EVENT_FIELD_PREVIOUS_STATE);

        if (moved) {
                detail_value(m, "", EVENT_FIELD_PREVIOUS_STATE, " => ");
                put_name(m, EVENT_FIELD_STATE, NAME_MAX_, "?");
        } else
                detail_value(m, "", EVENT_FIELD_STATE, "");
        detail_value(m, "by way of ", EVENT_FIELD_STATES, "");
}

/* What waits, and where. Of an attempt to connect and of an end it is the kernel's own mark. */
static void detail_waiting(Message *m, bool accept) {
        uint64_t unread = number(m, EVENT_FIELD_RECEIVE_QUEUE), unsent = number(m, EVENT_FIELD_SEND_QUEUE);
        uint64_t state = number(m, EVENT_FIELD_STATE);

        if (accept) {
                text_printf(detail(m), "%" PRIu64, unread);
                if (unsent > 0)
                        text_printf(m->text, " of %" PRIu64, unsent);
                text_append(m->text, unread == 1 ? " waits" : " wait");
                if (number(m, EVENT_FIELD_LISTEN_OVERFLOWS) > 0)
                        text_printf(detail(m), "%" PRIu64 " turned away", number(m, EVENT_FIELD_LISTEN_OVERFLOWS));
                return;
        }
        if (state == STATE_CLOSE_WAIT && unread > 0)
                unread--;
        if (unsent > 0 && state != STATE_SYN_SENT) {
                format_size(detail(m), unsent);
                text_append(m->text, is_unix(m) ? " not read by the other end" : " waiting");
        }
        if (unread > 0) {
                format_size(detail(m), unread);
                text_append(m->text, " unread");
        }
        if (number(m, EVENT_FIELD_TIMER_RETRANSMITS) > 0)
                put_count(detail(m), number(m, EVENT_FIELD_TIMER_RETRANSMITS), "retransmit", "s");
}

static void detail_stall(Message *m) {
        bool over = m->event->kind != EVENT_CONNECTION_STALLED, accept = false;
        const char *stall = value(m, EVENT_FIELD_STALL, NAME_MAX_);

        if (stall) {
                accept = strcmp(stall, "not-accepted") == 0;
                text_printf(detail(m), "%s%s", over ? "was " : "", stall);
        }
        if (has(m, EVENT_FIELD_STALLED)) {
                text_append(m->text, " for ");
                format_duration(m->text, number(m, EVENT_FIELD_STALLED));
        }
        if (!over)
                detail_waiting(m, accept);
}

static void put_connection(Message *m) {
        put_protocol(m);
        put_both_ends(m);

        switch ((int) m->event->kind) {
        case EVENT_CONNECTION_CHANGED:
                detail_state(m);
                detail_holder_changes(m);
                break;
        case EVENT_CONNECTION_STALLED:
        case EVENT_CONNECTION_RECOVERED:
                detail_stall(m);
                break;
        case EVENT_CONNECTION_MISSED:
                if (has(m, EVENT_FIELD_CLOSED) && number(m, EVENT_FIELD_CLOSED) != 1)
                        put_count(detail(m), number(m, EVENT_FIELD_CLOSED), "connection", "s");
                detail_end(m);
                detail_traffic(m);
                break;
        case EVENT_CONNECTION_FAILED:
                detail_end(m);
                break;
        case EVENT_CONNECTION_VANISHED:
        case EVENT_CONNECTION_COMPLETED:
                detail_end(m);
                detail_traffic(m);
                if (has(m, EVENT_FIELD_STALL))
                        detail_stall(m);
                break;
        default:
                detail_state(m);
                detail_holders(m);
                break;
        }
}

/* With the connection that there is instead, or the last one. */
static void put_expectation(Message *m) {
        bool unmet = m->event->kind == EVENT_EXPECTATION_UNMET;

        if (has(m, EVENT_FIELD_FAMILY)) {
                put_protocol(m);
                put_both_ends(m);
        }
        text_printf(detail(m), "%" PRIu64 " of %" PRIu64 " ", number(m, EVENT_FIELD_FOUND), number(m, EVENT_FIELD_EXPECTED));
        put_name(m, EVENT_FIELD_EXPECTED_STATE, NAME_MAX_, "?");
        text_append(m->text, unmet ? " for " : " again, after ");
        format_duration(m->text, number(m, EVENT_FIELD_UNMET));
        if (has(m, EVENT_FIELD_PROCESS_COUNT) && number(m, EVENT_FIELD_PROCESS_COUNT) == 0)
                text_append(detail(m), "no process matches");
        if (has(m, EVENT_FIELD_LAST_ENDED)) {
                text_append(detail(m), "the last one ended by ");
                format_time(m->text, format_epoch(m->context, number(m, EVENT_FIELD_LAST_ENDED)), false);
                text_append(m->text, " in ");
        } else if (has(m, EVENT_FIELD_STATE))
                text_append(detail(m), "one is ");
        if (has(m, EVENT_FIELD_STATE))
                put_name(m, EVENT_FIELD_STATE, NAME_MAX_, "?");
        detail_value(m, "", EVENT_FIELD_END, "");
        detail_value(m, "", EVENT_FIELD_ERROR, "");
        if (has(m, EVENT_FIELD_STALL))
                detail_stall(m);
}

/* What waits on a wire: which protocol, and on which interface. */
static void put_socket(Message *m) {
        put_protocol(m);
        put_local(m);
        detail_value(m, "protocol ", EVENT_FIELD_PROTOCOL, "");
        detail_value(m, "on ", EVENT_FIELD_INTERFACE, "");
        detail_holders(m);
}

static void put_listener(Message *m) {
        put_protocol(m);
        put_local(m);
        detail_holders(m);
}

/* --- processes and the daemon itself ----------------------------------------------------------------- */

static void put_process(Message *m) {
        Text *t = m->text;

        text_append(t, " ");
        put_name(m, EVENT_FIELD_EXE, PATH_MAX_, "-");
        if (has(m, EVENT_FIELD_EXE_STATE)) {
                text_append(t, " (");
                put_name(m, EVENT_FIELD_EXE_STATE, NAME_MAX_, "");
                text_append(t, ")");
        }
        if (has(m, EVENT_FIELD_UID))
                text_printf(t, " uid %" PRIu64, number(m, EVENT_FIELD_UID));
        if (has(m, EVENT_FIELD_EFFECTIVE_UID))
                text_printf(t, " acting as %" PRIu64, number(m, EVENT_FIELD_EFFECTIVE_UID));
        if (has(m, EVENT_FIELD_USER_UNIT) || has(m, EVENT_FIELD_UNIT)) {
                text_append(t, " in ");
                put_name(m, has(m, EVENT_FIELD_USER_UNIT) ? EVENT_FIELD_USER_UNIT : EVENT_FIELD_UNIT, NAME_MAX_, "?");
        }
        if (has(m, EVENT_FIELD_PARENT_PID)) {
                text_append(t, " child of ");
                put_name(m, EVENT_FIELD_PARENT_COMM, NAME_MAX_, "?");
                text_printf(t, "[%" PRIu64 "]", number(m, EVENT_FIELD_PARENT_PID));
        }
        detail_end(m);
}

static void put_inherited(Message *m) {
        put_count(detail(m), number(m, EVENT_FIELD_INHERITED_COUNT), "socket", "s");
        text_append(m->text, " of ");
        put_name(m, EVENT_FIELD_FROM_COMM, NAME_MAX_, "?");
        if (has(m, EVENT_FIELD_FROM_PID))
                text_printf(m->text, "[%" PRIu64 "]", number(m, EVENT_FIELD_FROM_PID));
}

static void detail_map(Message *m) {
        bool sockets = has(m, EVENT_FIELD_SOCKET_COUNT);

        if (sockets)
                put_count(detail(m), number(m, EVENT_FIELD_SOCKET_COUNT), "socket", "s");
        if (!has(m, EVENT_FIELD_PROCESS_COUNT))
                return;
        if (sockets)
                text_append(m->text, " of ");
        put_count(sockets ? m->text : detail(m), number(m, EVENT_FIELD_PROCESS_COUNT), "process", "es");
}

static void put_started(Message *m) {
        detail_value(m, "version ", EVENT_FIELD_VERSION, "");
        detail_value(m, "collector ", EVENT_FIELD_COLLECTOR, "");
        detail_value(m, "degraded: ", EVENT_FIELD_DEGRADED, "");
        detail_map(m);
        detail_value(m, "configuration ", EVENT_FIELD_CONFIG_HASH, "");
}

static void put_stopped(Message *m) {
        detail_value(m, "by ", EVENT_FIELD_STOPPED_BY, "");
        detail_map(m);
}

/* A gap that is one process: PID is then that process's, not the daemon's. */
static bool event_is_about_a_process(const Message *m) {
        return m->event->kind == EVENT_AUDIT_GAP && has(m, EVENT_FIELD_COMM) && has(m, EVENT_FIELD_PID);
}

/* How long the machine slept; by how much the clock was set. */
static void put_clock_gap(Message *m) {
        int64_t before, after;

        if (has(m, EVENT_FIELD_DURATION)) {
                text_append(m->text, " for ");
                format_duration(m->text, number(m, EVENT_FIELD_DURATION));
        }
        if (!has(m, EVENT_FIELD_CLOCK_BEFORE) || !has(m, EVENT_FIELD_CLOCK_AFTER))
                return;
        before = signed_number(m, EVENT_FIELD_CLOCK_BEFORE);
        after = signed_number(m, EVENT_FIELD_CLOCK_AFTER);
        text_append(m->text, after < before ? " backwards by " : " forwards by ");
        format_duration(m->text, after < before ? (uint64_t) before - (uint64_t) after : (uint64_t) after - (uint64_t) before);
}

static void put_gap(Message *m) {
        static const FieldId from = EVENT_FIELD_NOT_BEFORE, to = EVENT_FIELD_NOT_AFTER;
        bool dated = has(m, from) && has(m, to) && number(m, to) - number(m, from) >= 86400 * USEC_PER_SEC;

        text_append(detail(m), has(m, EVENT_FIELD_CLOCK_AFTER) ? "clock set" : "not observed");
        if (has(m, from)) {
                text_append(m->text, has(m, to) ? " " : " since ");
                format_time(m->text, format_epoch(m->context, number(m, from)), dated);
        }
        if (has(m, to)) {
                text_append(m->text, has(m, from) ? " to " : " until ");
                format_time(m->text, format_epoch(m->context, number(m, to)), dated);
        }
        detail_value(m, "", EVENT_FIELD_GAP_REASON, "");
        put_clock_gap(m);
        detail_value(m, "", EVENT_FIELD_ERROR, "");
        detail_value(m, "table ", EVENT_FIELD_GAP_TABLE, "");
        detail_value(m, "limits.", EVENT_FIELD_GAP_LIMIT, "");
        detail_value(m, "netns ", EVENT_FIELD_NETNS, "");
        if (event_is_about_a_process(m)) {
                text_append(detail(m), "process ");
                put_name(m, EVENT_FIELD_COMM, NAME_MAX_, "?");
                text_printf(m->text, "[%" PRIu64 "]", number(m, EVENT_FIELD_PID));
        } else
                detail_value(m, "count ", EVENT_FIELD_GAP_COUNT, "");
}

static void put_lost(Message *m) {
        uint64_t first = number(m, EVENT_FIELD_LOST_FIRST_SEQ), last = number(m, EVENT_FIELD_LOST_LAST_SEQ);
        uint64_t count = number(m, EVENT_FIELD_LOST_COUNT);

        if (has(m, EVENT_FIELD_LOST_FIRST_SEQ) && has(m, EVENT_FIELD_LOST_LAST_SEQ)) {
                put_count(detail(m), count, "event", "s");
                if (first == last)
                        text_printf(detail(m), "seq %" PRIu64, first);
                else /* with some between them that arrived, unless the count says all */
                        text_printf(detail(m), last - first + 1 == count ? "seq %" PRIu64 " to %" PRIu64
                                                                         : "between seq %" PRIu64 " and %" PRIu64,
                                    first, last);
        } else {
                put_count(detail(m), count, "notice", "s");
                text_append(m->text, " of the kernel");
        }
        detail_value(m, "sink ", EVENT_FIELD_SINK, "");
        detail_value(m, "", EVENT_FIELD_GAP_REASON, "");
}

static void put_balance(Message *m) {
        detail_map(m);
        detail_value(m, "openings (active passive) by the kernel ", EVENT_FIELD_OPENED_KERNEL, "");
        detail_value(m, "recorded ", EVENT_FIELD_OPENED_RECORDED, "");
        detail_value(m, "reported ", EVENT_FIELD_OPENED_REPORTED, "");
        if (number(m, EVENT_FIELD_MISSED) > 0)
                detail_value(m, "", EVENT_FIELD_MISSED, " missed");
        if (has(m, EVENT_FIELD_NAMESPACE_COUNT) && has(m, EVENT_FIELD_BALANCED_COUNT)) {
                text_printf(detail(m), "%" PRIu64 " of ", number(m, EVENT_FIELD_BALANCED_COUNT));
                put_count(m->text, number(m, EVENT_FIELD_NAMESPACE_COUNT), "namespace", "s");
                text_append(m->text, " balanced");
        }
        if (has(m, EVENT_FIELD_ESTIMATE))
                text_append(detail(m), "an estimate");
        detail_value(m, "clock in step: ", EVENT_FIELD_CLOCK_SYNC, "");
}

/* --- the line ---------------------------------------------------------------------------------------- */

typedef struct Form {
        bool own; /* about the daemon, not about a process that is watched */
        void (*body)(Message *m);
} Form;

static const Form *event_form(EventKind kind) {
        static const Form forms[_EVENT_KIND_MAX] = {
                [EVENT_CONNECTION_PRESENT] = { false, put_connection },
                [EVENT_CONNECTION_APPEARED] = { false, put_connection },
                [EVENT_CONNECTION_CHANGED] = { false, put_connection },
                [EVENT_CONNECTION_VANISHED] = { false, put_connection },
                [EVENT_CONNECTION_COMPLETED] = { false, put_connection },
                [EVENT_CONNECTION_FAILED] = { false, put_connection },
                [EVENT_CONNECTION_MISSED] = { false, put_connection },
                [EVENT_CONNECTION_STALLED] = { false, put_connection },
                [EVENT_CONNECTION_RECOVERED] = { false, put_connection },
                [EVENT_EXPECTATION_UNMET] = { false, put_expectation },
                [EVENT_EXPECTATION_MET] = { false, put_expectation },
                [EVENT_LISTENER_PRESENT] = { false, put_listener },
                [EVENT_LISTENER_APPEARED] = { false, put_listener },
                [EVENT_LISTENER_VANISHED] = { false, put_listener },
                [EVENT_SOCKET_PRESENT] = { false, put_socket },
                [EVENT_SOCKET_APPEARED] = { false, put_socket },
                [EVENT_SOCKET_VANISHED] = { false, put_socket },
                [EVENT_PROCESS_MATCHED] = { false, put_process },
                [EVENT_PROCESS_GONE] = { false, put_process },
                [EVENT_PROCESS_INHERITED] = { false, put_inherited },
                [EVENT_AUDIT_STARTED] = { true, put_started },
                [EVENT_AUDIT_STOPPED] = { true, put_stopped },
                [EVENT_AUDIT_RELOADED] = { true, put_started },
                [EVENT_AUDIT_GAP] = { true, put_gap },
                [EVENT_AUDIT_LOST] = { true, put_lost },
                [EVENT_AUDIT_BALANCE] = { true, put_balance },
        };

        return &forms[kind];
}

static void put_head(Message *m, bool own) {
        if (own)
                text_append(m->text, "sockauditd");
        else
                put_name(m, EVENT_FIELD_COMM, NAME_MAX_, "?");
        if (has(m, EVENT_FIELD_PID) && !(own && event_is_about_a_process(m)))
                text_printf(m->text, "[%" PRIu64 "]", number(m, EVENT_FIELD_PID));
        else if (!own)
                text_append(m->text, "[?]");
        text_printf(m->text, " %s:", event_kind_info(m->event->kind)->verb);
}

static void put_rule(Message *m) {
        if (!has(m, EVENT_FIELD_RULE))
                return;
        text_append(m->text, " (rule ");
        put_name(m, EVENT_FIELD_RULE, NAME_MAX_, "?");
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

        put_head(&m, form->own);
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
