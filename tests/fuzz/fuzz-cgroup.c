/* SPDX-License-Identifier: MIT */

/* The text of /proc/PID/cgroup: names of directories are chosen by containers and users. */

#include <stdlib.h>
#include <string.h>

#include "collect/cgroup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever is found is a part of the text. */
static void check_part(const char *text, Bytes b) {
        if (b.data && (b.data < text || b.data + b.size > text + strlen(text)))
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_free_ char *text = strndup((const char *) data, size);
        Cgroup g;

        if (!text || cgroup_parse(text, &g) < 0)
                return 0;
        if (!g.path.data || g.path.data[0] != '/' || (g.user_unit.data && !g.unit.data))
                abort();
        if (!g.container[0] && (g.runtime || g.pod[0]))
                abort();
        check_part(text, g.path);
        check_part(text, g.unit);
        check_part(text, g.user_unit);
        return 0;
}
