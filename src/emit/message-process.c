/* SPDX-License-Identifier: MIT */

/* What is said of processes: which program, who runs it, and what it inherited. */

#include <inttypes.h>

#include "emit/message-private.h"

/* Of those that this event stands for. */
static void put_number(Message *m) {
        if (!message_has(m, EVENT_FIELD_PROCESS_COUNT))
                return;
        m->detailed = true;
        message_put_count(message_detail(m), message_number(m, EVENT_FIELD_PROCESS_COUNT), "process", "es");
}

void message_put_process(Message *m) {
        Text *t = m->text;

        text_append(t, " ");
        message_put_name(m, EVENT_FIELD_EXE, PATH_MAX_, "-");
        if (message_has(m, EVENT_FIELD_EXE_STATE)) {
                text_append(t, " (");
                message_put_name(m, EVENT_FIELD_EXE_STATE, NAME_MAX_, "");
                text_append(t, ")");
        }
        if (message_has(m, EVENT_FIELD_UID))
                text_printf(t, " uid %" PRIu64, message_number(m, EVENT_FIELD_UID));
        if (message_has(m, EVENT_FIELD_EFFECTIVE_UID))
                text_printf(t, " acting as %" PRIu64, message_number(m, EVENT_FIELD_EFFECTIVE_UID));
        if (message_has(m, EVENT_FIELD_USER_UNIT) || message_has(m, EVENT_FIELD_UNIT)) {
                text_append(t, " in ");
                message_put_name(m, message_has(m, EVENT_FIELD_USER_UNIT) ? EVENT_FIELD_USER_UNIT : EVENT_FIELD_UNIT, NAME_MAX_, "?");
        }
        if (message_has(m, EVENT_FIELD_PARENT_PID)) {
                text_append(t, " child of ");
                message_put_name(m, EVENT_FIELD_PARENT_COMM, NAME_MAX_, "?");
                text_printf(t, "[%" PRIu64 "]", message_number(m, EVENT_FIELD_PARENT_PID));
        }
        put_number(m);
        message_detail_end(m);
}

void message_put_inherited(Message *m) {
        message_put_count(message_detail(m), message_number(m, EVENT_FIELD_INHERITED_COUNT), "socket", "s");
        text_append(m->text, " of ");
        message_put_name(m, EVENT_FIELD_FROM_COMM, NAME_MAX_, "?");
        if (message_has(m, EVENT_FIELD_FROM_PID))
                text_printf(m->text, "[%" PRIu64 "]", message_number(m, EVENT_FIELD_FROM_PID));
        put_number(m);
}
