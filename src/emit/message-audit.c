/* SPDX-License-Identifier: MIT */

/* What the daemon says of itself: that it runs, what it did not observe, what was lost, and its books. */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "emit/format-human.h"
#include "emit/message-private.h"

/* Of a word that is a number with a sign; 0 when it is not there. */
static int64_t signed_number(const Message *m, FieldId id) {
        Bytes b = message_has(m, id) ? m->event->values[id].bytes : (Bytes){};
        char text[24] = "";

        memcpy(text, b.data ?: "", MIN((size_t) b.size, sizeof(text) - 1));
        return strtoll(text, NULL, 10);
}

static void detail_map(Message *m) {
        bool sockets = message_has(m, EVENT_FIELD_SOCKET_COUNT);

        if (sockets)
                message_put_count(message_detail(m), message_number(m, EVENT_FIELD_SOCKET_COUNT), "socket", "s");
        if (!message_has(m, EVENT_FIELD_PROCESS_COUNT))
                return;
        if (sockets)
                text_append(m->text, " of ");
        message_put_count(sockets ? m->text : message_detail(m), message_number(m, EVENT_FIELD_PROCESS_COUNT), "process", "es");
}

void message_put_started(Message *m) {
        message_detail_value(m, "version ", EVENT_FIELD_VERSION, "");
        message_detail_value(m, "collector ", EVENT_FIELD_COLLECTOR, "");
        message_detail_value(m, "degraded: ", EVENT_FIELD_DEGRADED, "");
        detail_map(m);
        message_detail_value(m, "configuration ", EVENT_FIELD_CONFIG_HASH, "");
}

void message_put_stopped(Message *m) {
        message_detail_value(m, "by ", EVENT_FIELD_STOPPED_BY, "");
        detail_map(m);
}

/* How long the machine slept; by how much the clock was set. */
static void put_clock_gap(Message *m) {
        int64_t before, after;

        if (message_has(m, EVENT_FIELD_DURATION)) {
                text_append(m->text, " for ");
                format_duration(m->text, message_number(m, EVENT_FIELD_DURATION));
        }
        if (!message_has(m, EVENT_FIELD_CLOCK_BEFORE) || !message_has(m, EVENT_FIELD_CLOCK_AFTER))
                return;
        before = signed_number(m, EVENT_FIELD_CLOCK_BEFORE);
        after = signed_number(m, EVENT_FIELD_CLOCK_AFTER);
        text_append(m->text, after < before ? " backwards by " : " forwards by ");
        format_duration(m->text, after < before ? (uint64_t) before - (uint64_t) after : (uint64_t) after - (uint64_t) before);
}

void message_put_gap(Message *m) {
        static const FieldId from = EVENT_FIELD_NOT_BEFORE, to = EVENT_FIELD_NOT_AFTER;
        bool dated = message_has(m, from) && message_has(m, to) && message_number(m, to) - message_number(m, from) >= 86400 * USEC_PER_SEC;

        text_append(message_detail(m), message_has(m, EVENT_FIELD_CLOCK_AFTER) ? "clock set" : "not observed");
        if (message_has(m, from)) {
                text_append(m->text, message_has(m, to) ? " " : " since ");
                format_time(m->text, format_epoch(m->context, message_number(m, from)), dated);
        }
        if (message_has(m, to)) {
                text_append(m->text, message_has(m, from) ? " to " : " until ");
                format_time(m->text, format_epoch(m->context, message_number(m, to)), dated);
        }
        message_detail_value(m, "", EVENT_FIELD_GAP_REASON, "");
        put_clock_gap(m);
        message_detail_value(m, "", EVENT_FIELD_ERROR, "");
        message_detail_value(m, "table ", EVENT_FIELD_GAP_TABLE, "");
        message_detail_value(m, "limits.", EVENT_FIELD_GAP_LIMIT, "");
        message_detail_value(m, "netns ", EVENT_FIELD_NETNS, "");
        if (message_is_about_a_process(m)) {
                text_append(message_detail(m), "process ");
                message_put_name(m, EVENT_FIELD_COMM, NAME_MAX_, "?");
                text_printf(m->text, "[%" PRIu64 "]", message_number(m, EVENT_FIELD_PID));
        } else
                message_detail_value(m, "count ", EVENT_FIELD_GAP_COUNT, "");
}

void message_put_condition(Message *m) {
        message_detail_value(m, "", EVENT_FIELD_CONDITION, "");
        if (message_has(m, EVENT_FIELD_DURATION)) {
                text_append(message_detail(m), "after ");
                format_duration(m->text, message_number(m, EVENT_FIELD_DURATION));
        }
        message_detail_value(m, "", EVENT_FIELD_DEGRADED, "");
        message_detail_value(m, "", EVENT_FIELD_ERROR, "");
        if (message_has(m, EVENT_FIELD_BUDGET_WRITTEN)) {
                format_size(message_detail(m), message_number(m, EVENT_FIELD_BUDGET_WRITTEN));
                text_append(m->text, " written");
        }
        message_detail_value(m, "most by ", EVENT_FIELD_BUDGET_RULES, "");
        message_detail_value(m, "", EVENT_FIELD_BUDGET_FOLDED, " events summed up");
}

void message_put_lost(Message *m) {
        uint64_t first = message_number(m, EVENT_FIELD_LOST_FIRST_SEQ), last = message_number(m, EVENT_FIELD_LOST_LAST_SEQ);
        uint64_t count = message_number(m, EVENT_FIELD_LOST_COUNT);

        if (message_has(m, EVENT_FIELD_LOST_FIRST_SEQ) && message_has(m, EVENT_FIELD_LOST_LAST_SEQ)) {
                message_put_count(message_detail(m), count, "event", "s");
                if (first == last)
                        text_printf(message_detail(m), "seq %" PRIu64, first);
                else /* with some between them that arrived, unless the count says all */
                        text_printf(message_detail(m), last - first + 1 == count ? "seq %" PRIu64 " to %" PRIu64
                                                                         : "between seq %" PRIu64 " and %" PRIu64,
                                    first, last);
        } else {
                message_put_count(message_detail(m), count, "notice", "s");
                text_append(m->text, " of the kernel");
        }
        message_detail_value(m, "of run ", EVENT_FIELD_LOST_RUN, "");
        message_detail_value(m, "sink ", EVENT_FIELD_SINK, "");
        message_detail_value(m, "", EVENT_FIELD_GAP_REASON, "");
}

/* Of an estimate: not how many namespaces balance, which reads like a fault where none is to be expected to. */
static void put_balanced(Message *m) {
        bool counted = message_has(m, EVENT_FIELD_NAMESPACE_COUNT);

        if (message_has(m, EVENT_FIELD_ESTIMATE)) {
                text_append(message_detail(m), "an estimate");
                if (counted) {
                        text_append(m->text, " for ");
                        message_put_count(m->text, message_number(m, EVENT_FIELD_NAMESPACE_COUNT), "namespace", "s");
                }
                text_append(m->text, ": without hooks in it the kernel also counts refused attempts and processes that are not watched");
        } else if (counted && message_has(m, EVENT_FIELD_BALANCED_COUNT)) {
                text_printf(message_detail(m), "%" PRIu64 " of ", message_number(m, EVENT_FIELD_BALANCED_COUNT));
                message_put_count(m->text, message_number(m, EVENT_FIELD_NAMESPACE_COUNT), "namespace", "s");
                text_append(m->text, " balanced");
        }
}

void message_put_balance(Message *m) {
        detail_map(m);
        message_detail_value(m, "openings (active passive) by the kernel ", EVENT_FIELD_OPENED_KERNEL, "");
        message_detail_value(m, "recorded ", EVENT_FIELD_OPENED_RECORDED, "");
        message_detail_value(m, "reported ", EVENT_FIELD_OPENED_REPORTED, "");
        if (message_number(m, EVENT_FIELD_MISSED) > 0)
                message_detail_value(m, "", EVENT_FIELD_MISSED, " missed");
        put_balanced(m);
        message_detail_value(m, "clock in step: ", EVENT_FIELD_CLOCK_SYNC, "");
        if (message_has(m, EVENT_FIELD_KEEPS)) {
                text_append(message_detail(m), "the journal keeps ");
                format_duration(m->text, message_number(m, EVENT_FIELD_KEEPS));
        }
}
