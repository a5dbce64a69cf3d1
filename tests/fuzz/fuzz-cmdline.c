/* SPDX-License-Identifier: MIT */

/* Command lines: anybody can start a program with any arguments. Whatever stands before it, the value of --password is not shown. */

#include <stdlib.h>
#include <string.h>

#include "collect/cmdline.h"

#define SECRET "\0--password\0hunter2!"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_free_ char *arguments = malloc(size + sizeof(SECRET));
        _cleanup_text_ Text t = TEXT_NULL;

        if (!arguments || memmem(data, size, "unter2", 6))
                return 0;
        memcpy(arguments, data, size);
        memcpy(arguments + size, SECRET, sizeof(SECRET));
        if (cmdline_redact(&t, arguments, size + sizeof(SECRET)) == 0 || memmem(t.data, t.size, "hunter2!", 8))
                abort();
        return 0;
}
