/* SPDX-License-Identifier: MIT */
#pragma once

/* Configuration files of systemd, as far as one value goes: a file in the first directory that has it, and drop-ins (NAME.d, ending in .conf) of all of
 * them, sorted by name; of two with the same name the one of the earlier directory counts. The last assignment wins. */

#include <stddef.h>

#include "base/text.h"

/* Directories, NULL at the end. */
extern const char *const unitfile_conf_dirs[];   /* of journald.conf */
extern const char *const unitfile_system_dirs[]; /* of units of the system */

/* 0 and the value, empty where it is set to nothing; -ENOENT: it is set nowhere; or what reading said. */
int unitfile_get(const char *const *directories, const char *name, const char *section, const char *key, Text *ret);

/* Pure: the last value in one text appended to a cleared `ret`; 1, or 0: it is not set there, and `ret` is left alone. */
int unitfile_parse(const char *text, size_t size, const char *section, const char *key, Text *ret);

/* Pure: a span as systemd.time(7) has it, in whole numbers: seconds, or units from seconds to years, one or several ("1month 2d"). Microseconds. 0, -EINVAL or -ERANGE. */
int unitfile_parse_span(const char *s, uint64_t *ret_usec);
