/* SPDX-License-Identifier: MIT */
#pragma once

/* Format: an event as fields, as MESSAGE, as JSON, as a line for people. Every format is made from the field
 * table of detect/event.h; no kind or field is named twice. Pure: no clock, no descriptor; only the time zone of
 * the lines for people comes from outside. */

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "detect/event.h"

#define FORMAT_VALUE_MAX 4000  /* bytes of a field, with its name */
#define FORMAT_MESSAGE_MAX 1024
#define FORMAT_FIELDS_MAX 200  /* of an event that had every field there is: journald drops entries of more than 1,024 without a word */

/* Which events carry OBJECT_SYSTEMD_UNIT, so that `journalctl -u UNIT` shows them: as UnitLog of config/config.h. */
typedef enum FormatUnitLog {
        FORMAT_UNIT_LOG_PROBLEMS, /* connections that stall, fail or are missing, and their recovery */
        FORMAT_UNIT_LOG_ALL,      /* every event about a process whose unit is known */
        FORMAT_UNIT_LOG_NONE,
} FormatUnitLog;

/* What does not change while the daemon runs. */
typedef struct FormatContext {
        char run[33];         /* 32 hexadecimal digits */
        int64_t clock_offset; /* CLOCK_REALTIME - CLOCK_BOOTTIME, usec; refreshed by the caller */
        unsigned unit_log;    /* FormatUnitLog */
} FormatContext;

/* Microseconds since the epoch of a CLOCK_BOOTTIME instant; negative: not a time (out of range). */
int64_t format_epoch(const FormatContext *c, uint64_t boottime);

/* One field as printable UTF-8, at most max bytes, appended to t (FIELD_HOLDERS has no single value). Returns a set
 * of TextEscape, or -ENODATA and nothing appended when the event does not have it, or has a value without a text: an
 * empty one, a number without a name, an address of wrong size. */
int format_value(const FormatContext *c, const Event *e, FieldId id, size_t max, Text *t);

/* Called once a field, in a fixed order; name is the whole one ("SOCKAUDIT_PID", "MESSAGE"); value printable UTF-8.
 * A negative return ends it and is passed on. */
typedef int (*format_field_t)(void *userdata, const char *name, const char *value, size_t size);

/* All fields of an event: MESSAGE, MESSAGE_ID, PRIORITY, SYSLOG_IDENTIFIER, SYSLOG_FACILITY, SCHEMA, EVENT, RUN, SEQ, the event's own
 * in the order of the table, ESCAPED and TRUNCATED (names without prefix, separated by blanks), OBJECT_SYSTEMD_UNIT. Only
 * SOCKAUDIT_HOLDER comes more than once. ..._PATH_HEX is made here, where ..._PATH had to be altered. -ENOMEM. */
int format_fields(const FormatContext *c, const Event *e, format_field_t callback, void *userdata);

/* `PROC[PID] VERB: PROTO LOCAL DIR PEER DETAIL (rule R)`, at most FORMAT_MESSAGE_MAX bytes, appended. */
void format_message(const FormatContext *c, const Event *e, Text *t);

/* One JSON object and a newline: every value a string, SOCKAUDIT_HOLDER always an array (absent when there is none). -ENOMEM. */
int format_json(const FormatContext *c, const Event *e, Text *t);

/* Local time to the millisecond, two blanks, MESSAGE, newline. The time is NOT_AFTER, else OPENED_AT, else NOT_BEFORE, else
 * left out. */
void format_text(const FormatContext *c, const Event *e, Text *t);
