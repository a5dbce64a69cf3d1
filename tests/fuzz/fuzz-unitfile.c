/* SPDX-License-Identifier: MIT */

/* A configuration file of systemd. */

#include <stdlib.h>

#include "base/unitfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_text_ Text t = TEXT_NULL;
        uint64_t usec;

        if (unitfile_parse((const char *) data, size, "Journal", "Storage", &t) < 0 || t.size > size)
                abort();
        (void) unitfile_parse_span(text_string(&t), &usec);
        return 0;
}
