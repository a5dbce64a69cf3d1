/* SPDX-License-Identifier: MIT */

#include "inspect/verb.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"

#define MESSAGE_MAX 1024

void verb_error(const char *format, ...) {
        _cleanup_text_ Text t = TEXT_NULL;
        char message[MESSAGE_MAX];
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(message, sizeof(message), format, ap);
        va_end(ap);
        (void) text_escape(&t, bytes_of(message), 4 * MESSAGE_MAX);
        (void) fprintf(stderr, "sockaudit: %s\n", text_string(&t));
}
