/* SPDX-License-Identifier: MIT */

/* The text of /proc/PID/net/snmp and netstat, and that of /proc/PID/mountinfo. */

#include <stdlib.h>

#include "base/macro.h"
#include "collect/netns.h"
#include "collect/snmp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_free_ uint32_t *inodes = NULL;
        size_t count;
        Openings o;
        Overflows v;

        (void) snmp_parse((const char *) data, size, &o);
        (void) netstat_parse((const char *) data, size, &v);
        if (netns_parse_mounted((const char *) data, size, &inodes, &count) == 0 && count > size)
                abort();
        return 0;
}
