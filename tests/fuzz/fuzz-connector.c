/* SPDX-License-Identifier: MIT */

/* One datagram of the process connector; what it says is counted as a stream would be. */

#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "collect/connector.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        uint32_t next[4] = {};
        bool known[4] = {};
        Connector c = { .fd = -1, .next = next, .known = known, .cpus = ELEMENTSOF(next) };
        ConnectorNotice n;

        if (connector_parse(data, size, &n) < 0)
                return 0;
        if (n.kind > CONNECTOR_EXIT || (n.kind != CONNECTOR_FORK && n.kind != CONNECTOR_OTHER && n.parent != 0))
                abort();
        for (int i = 0; i < 2; i++)
                if (connector_count(&c, &n) > INT32_MAX)
                        abort();
        return 0;
}
