/* SPDX-License-Identifier: MIT */

#include "emit/format-human.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

void format_quoted(Text *t, const char *s) {
        static const char plain[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.:/@+=%#~";

        if (*s && s[strspn(s, plain)] == 0) {
                text_append(t, s);
                return;
        }
        text_append(t, "\"");
        for (const char *q; (q = strchr(s, '"')); s = q + 1) {
                text_append_bytes(t, s, (size_t) (q - s));
                text_append(t, "\\x22");
        }
        text_printf(t, "%s\"", s);
}

void format_size(Text *t, uint64_t bytes) {
        static const char units[][4] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
        double scaled = (double) bytes;
        unsigned u = 0;

        if (bytes < 1024) {
                text_printf(t, "%" PRIu64 " B", bytes);
                return;
        }
        for (scaled /= 1024; scaled >= 1024 && u + 1 < ELEMENTSOF(units); u++)
                scaled /= 1024;
        /* Whole tenths, so that no locale's decimal comma comes in. */
        bytes = (uint64_t) (scaled * 10);
        text_printf(t, "%" PRIu64 ".%" PRIu64 " %s", bytes / 10, bytes % 10, units[u]);
}

void format_duration(Text *t, uint64_t usec) {
        uint64_t s = usec / USEC_PER_SEC;

        if (usec < USEC_PER_MSEC)
                text_printf(t, "%" PRIu64 " us", usec);
        else if (usec < USEC_PER_SEC)
                text_printf(t, "%llu ms", usec / USEC_PER_MSEC);
        else if (s < 60)
                text_printf(t, "%" PRIu64 ".%u s", s, (unsigned) (usec / 100000 % 10));
        else if (s < 3600)
                text_printf(t, "%" PRIu64 " min %" PRIu64 " s", s / 60, s % 60);
        else if (s < 86400)
                text_printf(t, "%" PRIu64 " h %" PRIu64 " min", s / 3600, s / 60 % 60);
        else
                text_printf(t, "%" PRIu64 " d %" PRIu64 " h", s / 86400, s / 3600 % 24);
}

void format_time(Text *t, int64_t epoch, bool with_date) {
        time_t seconds = (time_t) (epoch / (int64_t) USEC_PER_SEC);
        struct tm tm;

        if (epoch < 0 || !localtime_r(&seconds, &tm)) {
                text_append(t, "?");
                return;
        }
        if (with_date)
                text_printf(t, "%04d-%02d-%02d ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
        text_printf(t, "%02d:%02d:%02d.%03d", tm.tm_hour, tm.tm_min, tm.tm_sec,
                    (int) (epoch / (int64_t) USEC_PER_MSEC % 1000));
}
