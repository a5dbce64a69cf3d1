/* SPDX-License-Identifier: MIT */
#pragma once

/* What the files of the message share: message.c has the line and its table of kinds, and the parts below; message-connection.c,
 * message-process.c and message-audit.c have a body for each kind of event. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "detect/event.h"
#include "emit/format.h"

/* Each part from outside has a bound of its own. */
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

bool message_has(const Message *m, FieldId id);
/* 0 when it is not there. */
uint64_t message_number(const Message *m, FieldId id);
/* The value as text, NULL when there is none; valid until the next call. */
const char *message_value(Message *m, FieldId id, size_t max);
void message_put_name(Message *m, FieldId id, size_t max, const char *unknown);
/* Begins a DETAIL; returns the text for what cannot be said in one printf. */
Text *message_detail(Message *m);
/* `before VALUE after`, if there is a value. */
void message_detail_value(Message *m, const char *before, FieldId id, const char *after);
void message_put_count(Text *t, uint64_t n, const char *thing, const char *plural);
/* How and after what time it ended: a connection, a process. */
void message_detail_end(Message *m);
/* A gap that is one process: PID is then that process's, not the daemon's. */
bool message_is_about_a_process(const Message *m);

/* --- bodies ------------------------------------------------------------------------------------------ */

/* message-connection.c */
void message_put_connection(Message *m);
void message_put_listener(Message *m);
void message_put_socket(Message *m);
void message_put_summary(Message *m);
void message_put_expectation(Message *m);

/* message-process.c */
void message_put_process(Message *m);
void message_put_inherited(Message *m);

/* message-audit.c */
void message_put_started(Message *m);
void message_put_stopped(Message *m);
void message_put_gap(Message *m);
void message_put_condition(Message *m);
void message_put_lost(Message *m);
void message_put_balance(Message *m);
