/* SPDX-License-Identifier: MIT */
#pragma once

/* Words, sizes and times as people read them, appended to a Text. Nothing depends on the locale; times of day are those of
 * the time zone. */

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

/* s is printable already. What is not a plain word (blanks, quotes, brackets, escapes, other than ASCII, nothing at all) is put
 * into double quotes, those within are written \x22: so blanks part the words of a line. */
void format_quoted(Text *t, const char *s);

/* "517 B", "3.1 KiB", rounded down. */
void format_size(Text *t, uint64_t bytes);

/* "850 us", "12 ms", "3.2 s", "4 min 31 s", "2 h 3 min", "1 d 1 h", rounded down. */
void format_duration(Text *t, uint64_t usec);

/* "10:31:02.120", or "2023-11-14 10:31:02.120", of microseconds since the epoch; "?" when negative. */
void format_time(Text *t, int64_t epoch, bool with_date);
