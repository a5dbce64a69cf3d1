/* SPDX-License-Identifier: MIT */

#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int log_level = LOG_INFO;

void log_set_level(int level) {
        log_level = level;
}

int log_level_from_name(const char *name) {
        static const char *const names[] = {
                [LOG_ERR] = "err",
                [LOG_WARNING] = "warning",
                [LOG_NOTICE] = "notice",
                [LOG_INFO] = "info",
                [LOG_DEBUG] = "debug",
        };

        for (size_t i = LOG_ERR; i < ELEMENTSOF(names); i++)
                if (strcmp(names[i], name) == 0)
                        return (int) i;
        return -EINVAL;
}

/* Whoever starts it with standard error on the journal says so (systemd.exec(5)), by the number of the socket. */
static bool stderr_is_journal(void) {
        const char *stream = getenv("JOURNAL_STREAM");
        char own[64];
        struct stat st;

        if (!stream || fstat(STDERR_FILENO, &st) < 0)
                return false;
        snprintf(own, sizeof(own), "%ju:%ju", (uintmax_t) st.st_dev, (uintmax_t) st.st_ino);
        return strcmp(stream, own) == 0;
}

void log_line(int level, const char *format, ...) {
        char line[2048];
        size_t n = 0;
        va_list ap;
        int r;

        if (level > log_level)
                return;
        if (stderr_is_journal())
                n = (size_t) snprintf(line, sizeof(line), "<%i>", level);
        va_start(ap, format);
        r = vsnprintf(line + n, sizeof(line) - n - 1, format, ap);
        va_end(ap);
        if (r < 0)
                return;
        n = MIN(n + (size_t) r, sizeof(line) - 2);
        for (size_t i = 0; i < n; i++)
                if ((unsigned char) line[i] < 0x20 || line[i] == 0x7f)
                        line[i] = '?';
        line[n++] = '\n';
        /* One write a line, so that lines of several writers do not mix. Nothing can be done when it fails. */
        if (write(STDERR_FILENO, line, n) < 0)
                return;
}
