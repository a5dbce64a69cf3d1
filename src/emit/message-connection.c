/* SPDX-License-Identifier: MIT */

/* What is said of connections, listeners, sockets, and of connections that a rule expects: PROTO LOCAL DIR PEER, and details by kind. */

#include <inttypes.h>
#include <string.h>

#include "collect/socket.h"
#include "detect/rule.h"
#include "emit/format-human.h"
#include "emit/message-private.h"

static bool is_unix(const Message *m) {
        return message_number(m, EVENT_FIELD_FAMILY) == FAMILY_UNIX;
}

static void put_protocol(Message *m) {
        bool by_family = message_has(m, EVENT_FIELD_FAMILY) && message_number(m, EVENT_FIELD_FAMILY) != FAMILY_IPV4 &&
                         message_number(m, EVENT_FIELD_FAMILY) != FAMILY_IPV6;
        const char *s = message_value(m, by_family ? EVENT_FIELD_FAMILY : EVENT_FIELD_TRANSPORT, NAME_MAX_);

        text_printf(m->text, " %s", s ? s : "?");
}

static void put_end(Message *m, FieldId address, FieldId port, FieldId path) {
        Text *t = m->text;
        const char *s;

        text_append(t, " ");
        if (is_unix(m)) {
                message_put_name(m, path, PATH_MAX_, "-");
                return;
        }
        s = message_value(m, address, NAME_MAX_);
        if (!s && !message_has(m, port)) {
                text_append(t, "-");
                return;
        }
        text_printf(t, s && strchr(s, ':') ? "[%s]" : "%s", s ? s : "*");
        if (message_has(m, port))
                text_printf(t, ":%" PRIu64, message_number(m, port));
}

static void put_local(Message *m) {
        put_end(m, EVENT_FIELD_LOCAL_ADDRESS, EVENT_FIELD_LOCAL_PORT, EVENT_FIELD_LOCAL_PATH);
}

static void put_direction(Message *m) {
        uint64_t direction = message_number(m, EVENT_FIELD_DIRECTION);

        text_append(m->text, direction == DIRECTION_EGRESS    ? " ->"
                             : direction == DIRECTION_INGRESS ? " <-"
                                                              : " --");
}

static void put_both_ends(Message *m) {
        put_local(m);
        put_direction(m);
        put_end(m, EVENT_FIELD_PEER_ADDRESS, EVENT_FIELD_PEER_PORT, EVENT_FIELD_PEER_PATH);
        if (!message_has(m, EVENT_FIELD_PEER_PID))
                return;
        text_append(m->text, " ");
        message_put_name(m, EVENT_FIELD_PEER_COMM, NAME_MAX_, "?");
        text_printf(m->text, "[%" PRIu64 "]", message_number(m, EVENT_FIELD_PEER_PID));
}

static void detail_holders(Message *m) {
        if (!message_has(m, EVENT_FIELD_HOLDER_COUNT))
                return;
        if (message_number(m, EVENT_FIELD_HOLDER_COUNT) == 0)
                text_append(message_detail(m), "no holder");
        else
                message_put_count(message_detail(m), message_number(m, EVENT_FIELD_HOLDER_COUNT), "holder", "s");
}

static void detail_traffic(Message *m) {
        if (message_has(m, EVENT_FIELD_BYTES_SENT)) {
                format_size(message_detail(m), message_number(m, EVENT_FIELD_BYTES_SENT));
                text_append(m->text, " sent");
        }
        if (message_has(m, EVENT_FIELD_BYTES_RECEIVED)) {
                format_size(message_detail(m), message_number(m, EVENT_FIELD_BYTES_RECEIVED));
                text_append(m->text, " received");
        }
        if (message_number(m, EVENT_FIELD_RETRANSMITS) > 0)
                message_put_count(message_detail(m), message_number(m, EVENT_FIELD_RETRANSMITS), "retransmit", "s");
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
                if (!message_has(m, changes[i].id))
                        continue;
                text_printf(message_detail(m), "%s ", changes[i].verb);
                message_put_count(m->text, m->event->values[changes[i].id].bytes.size / sizeof(HolderId), "holder", "s");
        }
        if (message_has(m, EVENT_FIELD_HOLDER_COUNT) && message_number(m, EVENT_FIELD_HOLDER_COUNT) == 0)
                text_append(message_detail(m), "released");
}

static void detail_state(Message *m) {
        bool moved = message_has(m, EVENT_FIELD_STATE) && message_has(m, EVENT_FIELD_PREVIOUS_STATE) &&
                message_number(m, EVENT_FIELD_STATE) != message_number(m, EVENT_FIELD_PREVIOUS_STATE);

        if (moved) {
                message_detail_value(m, "", EVENT_FIELD_PREVIOUS_STATE, " => ");
                message_put_name(m, EVENT_FIELD_STATE, NAME_MAX_, "?");
        } else
                message_detail_value(m, "", EVENT_FIELD_STATE, "");
        message_detail_value(m, "by way of ", EVENT_FIELD_STATES, "");
}

/* What waits, and where. Of an attempt to connect and of an end it is the kernel's own mark. */
static void detail_waiting(Message *m, bool accept) {
        uint64_t unread = message_number(m, EVENT_FIELD_RECEIVE_QUEUE), unsent = message_number(m, EVENT_FIELD_SEND_QUEUE);
        uint64_t state = message_number(m, EVENT_FIELD_STATE);

        if (accept) {
                text_printf(message_detail(m), "%" PRIu64, unread);
                if (unsent > 0)
                        text_printf(m->text, " of %" PRIu64, unsent);
                text_append(m->text, unread == 1 ? " waits" : " wait");
                if (message_number(m, EVENT_FIELD_LISTEN_OVERFLOWS) > 0)
                        text_printf(message_detail(m), "%" PRIu64 " turned away", message_number(m, EVENT_FIELD_LISTEN_OVERFLOWS));
                return;
        }
        if (state == STATE_CLOSE_WAIT && unread > 0)
                unread--;
        if (unsent > 0 && state != STATE_SYN_SENT) {
                format_size(message_detail(m), unsent);
                text_append(m->text, is_unix(m) ? " not read by the other end" : " waiting");
        }
        if (unread > 0) {
                format_size(message_detail(m), unread);
                text_append(m->text, " unread");
        }
        if (message_number(m, EVENT_FIELD_TIMER_RETRANSMITS) > 0)
                message_put_count(message_detail(m), message_number(m, EVENT_FIELD_TIMER_RETRANSMITS), "retransmit", "s");
}

static void detail_stall(Message *m) {
        bool over = m->event->kind != EVENT_CONNECTION_STALLED, accept = false;
        const char *stall = message_value(m, EVENT_FIELD_STALL, NAME_MAX_);

        if (stall) {
                accept = strcmp(stall, "not-accepted") == 0;
                text_printf(message_detail(m), "%s%s", over ? "was " : "", stall);
        }
        if (message_has(m, EVENT_FIELD_STALLED)) {
                text_append(m->text, " for ");
                format_duration(m->text, message_number(m, EVENT_FIELD_STALLED));
        }
        if (!over)
                detail_waiting(m, accept);
}

void message_put_connection(Message *m) {
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
                message_detail_end(m);
                detail_traffic(m);
                break;
        case EVENT_CONNECTION_FAILED:
                message_detail_end(m);
                break;
        case EVENT_CONNECTION_VANISHED:
        case EVENT_CONNECTION_COMPLETED:
                message_detail_end(m);
                detail_traffic(m);
                if (message_has(m, EVENT_FIELD_STALL))
                        detail_stall(m);
                break;
        default:
                detail_state(m);
                detail_holders(m);
                break;
        }
}

/* Of connections that are alike in nothing else it may be any. */
static void put_any_end(Message *m, FieldId address, FieldId port, FieldId path) {
        if (message_has(m, address) || message_has(m, port) || message_has(m, path))
                put_end(m, address, port, path);
        else
                text_append(m->text, " *");
}

/* What is alike in all of them, and how many there were. */
void message_put_summary(Message *m) {
        static const struct {
                FieldId id;
                const char *what;
        } sums[] = {
                { EVENT_FIELD_OPENED, "opened" }, { EVENT_FIELD_CLOSED, "closed" },   { EVENT_FIELD_FAILED, "failed" },
                { EVENT_FIELD_MISSED, "missed" }, { EVENT_FIELD_PRESENT, "present" }, { EVENT_FIELD_CHANGES, "changed" },
        };

        text_append(m->text, " ");
        message_put_name(m, EVENT_FIELD_TRANSPORT, NAME_MAX_, "*");
        put_any_end(m, EVENT_FIELD_LOCAL_ADDRESS, EVENT_FIELD_LOCAL_PORT, EVENT_FIELD_LOCAL_PATH);
        put_direction(m);
        put_any_end(m, EVENT_FIELD_PEER_ADDRESS, EVENT_FIELD_PEER_PORT, EVENT_FIELD_PEER_PATH);
        for (size_t i = 0; i < ELEMENTSOF(sums); i++)
                if (message_has(m, sums[i].id))
                        text_printf(message_detail(m), "%" PRIu64 " %s", message_number(m, sums[i].id), sums[i].what);
        detail_traffic(m);
        if (message_has(m, EVENT_FIELD_PEER_COUNT))
                message_put_count(message_detail(m), message_number(m, EVENT_FIELD_PEER_COUNT), "peer", "s");
        format_time(message_detail(m), format_epoch(m->context, message_number(m, EVENT_FIELD_SPAN_FIRST)), false);
        text_append(m->text, " to ");
        format_time(m->text, format_epoch(m->context, message_number(m, EVENT_FIELD_SPAN_LAST)), false);
}

/* With the connection that there is instead, or the last one. */
void message_put_expectation(Message *m) {
        bool unmet = m->event->kind == EVENT_EXPECTATION_UNMET;

        if (message_has(m, EVENT_FIELD_FAMILY)) {
                put_protocol(m);
                put_both_ends(m);
        }
        text_printf(message_detail(m), "%" PRIu64 " of %" PRIu64 " ", message_number(m, EVENT_FIELD_FOUND), message_number(m, EVENT_FIELD_EXPECTED));
        message_put_name(m, EVENT_FIELD_EXPECTED_STATE, NAME_MAX_, "?");
        text_append(m->text, unmet ? " for " : " again, after ");
        format_duration(m->text, message_number(m, EVENT_FIELD_UNMET));
        if (message_has(m, EVENT_FIELD_PROCESS_COUNT) && message_number(m, EVENT_FIELD_PROCESS_COUNT) == 0)
                text_append(message_detail(m), "no process matches");
        if (message_has(m, EVENT_FIELD_LAST_ENDED)) {
                text_append(message_detail(m), "the last one ended by ");
                format_time(m->text, format_epoch(m->context, message_number(m, EVENT_FIELD_LAST_ENDED)), false);
                text_append(m->text, " in ");
        } else if (message_has(m, EVENT_FIELD_STATE))
                text_append(message_detail(m), "one is ");
        if (message_has(m, EVENT_FIELD_STATE))
                message_put_name(m, EVENT_FIELD_STATE, NAME_MAX_, "?");
        message_detail_value(m, "", EVENT_FIELD_END, "");
        message_detail_value(m, "", EVENT_FIELD_ERROR, "");
        if (message_has(m, EVENT_FIELD_STALL))
                detail_stall(m);
}

/* What waits on a wire: which protocol, and on which interface. */
void message_put_socket(Message *m) {
        put_protocol(m);
        put_local(m);
        message_detail_value(m, "protocol ", EVENT_FIELD_PROTOCOL, "");
        message_detail_value(m, "on ", EVENT_FIELD_INTERFACE, "");
        detail_holders(m);
}

void message_put_listener(Message *m) {
        put_protocol(m);
        put_local(m);
        detail_holders(m);
}
