/* SPDX-License-Identifier: MIT */
#pragma once

/* The program's own diagnostics: one line each on stderr, with a <N> priority prefix (sd-daemon(3)) where
 * stderr is the journal. Audit events never go this way. Only manager, config's callers and the verbs
 * log; the stages return errors. What comes from outside must be escaped before it gets here; log_line()
 * replaces control bytes all the same. */

#include <syslog.h>

#include "base/macro.h"

/* LOG_ERR .. LOG_DEBUG; lines above this level are not written. Default LOG_INFO. */
void log_set_level(int level);
/* "err", "warning", "notice", "info", "debug" into a level, or -EINVAL. */
int log_level_from_name(const char *name);

void log_line(int level, const char *format, ...) _printf_(2, 3);

#define log_error(...) log_line(LOG_ERR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_WARNING, __VA_ARGS__)
#define log_notice(...) log_line(LOG_NOTICE, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)
