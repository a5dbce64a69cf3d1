/* SPDX-License-Identifier: MIT */
#pragma once

/* Format: an event as fields, as MESSAGE, as JSON, as a line for people. Every format is made from the field
 * table of detect/event.h; no kind or field is named twice. Pure. */

#include <stdint.h>

#include "base/text.h"
#include "detect/event.h"

#define FORMAT_VALUE_MAX 4000  /* bytes of a field, with its name */
#define FORMAT_MESSAGE_MAX 1024
#define FORMAT_FIELDS_MAX 120  /* of an event: journald drops entries of more than 1,024 without a word */

/* What does not change while the daemon runs. */
typedef struct FormatContext {
        char run[33];         /* 32 hexadecimal digits */
        int64_t clock_offset; /* CLOCK_REALTIME - CLOCK_BOOTTIME, usec; refreshed by the caller */
} FormatContext;

/* Called once a field, in a fixed order; name is the whole one ("SOCKAUDIT_PID", "MESSAGE"); value printable UTF-8.
 * A negative return ends it and is passed on. */
typedef int (*format_field_t)(void *userdata, const char *name, const char *value, size_t size);

/* All fields of an event: MESSAGE, MESSAGE_ID, PRIORITY, SYSLOG_IDENTIFIER, SYSLOG_FACILITY, SCHEMA, EVENT, RUN, SEQ, the event's own,
 * ESCAPED and TRUNCATED. Only SOCKAUDIT_HOLDER comes more than once. */
int format_fields(const FormatContext *c, const Event *e, format_field_t callback, void *userdata);

/* `PROC[PID] VERB: PROTO LOCAL DIR PEER DETAIL (rule R)` */
void format_message(const FormatContext *c, const Event *e, Text *t);

/* One JSON object and a newline: every value a string, SOCKAUDIT_HOLDER always an array (absent when there is none). */
int format_json(const FormatContext *c, const Event *e, Text *t);

/* Local time to the millisecond, MESSAGE, newline. */
void format_text(const FormatContext *c, const Event *e, Text *t);
