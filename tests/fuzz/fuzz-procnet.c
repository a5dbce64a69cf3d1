/* SPDX-License-Identifier: MIT */

/* A file of /proc/PID/net in pieces: the first byte chooses family and size of the pieces, the rest is the text. Whatever
 * comes out must be a row that could be told. */

#include <stdlib.h>

#include "collect/procnet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int row(void *userdata, const Socket *s) {
        if (!family_name(s->family) || (!transport_name(s->transport) && s->family != FAMILY_NETLINK) || table_of(s->family, s->transport) == _TABLE_MAX || !state_name(s->state) || s->path_size > SOCKET_PATH_MAX)
                abort();
        return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const Family families[] = { FAMILY_IPV4, FAMILY_IPV6, FAMILY_UNIX, FAMILY_PACKET, FAMILY_NETLINK };
        const Taker taker = { .row = row };
        ProcnetReader r = { .taker = &taker, .transport = TRANSPORT_TCP };
        size_t piece;

        if (size == 0)
                return 0;
        r.family = families[data[0] % ELEMENTSOF(families)];
        if (r.family != FAMILY_IPV4 && r.family != FAMILY_IPV6)
                r.transport = TRANSPORT_UNKNOWN;
        piece = data[0] / ELEMENTSOF(families) % 64u + 1;
        for (data++, size--; size > 0;) {
                size_t n = MIN(piece, size);

                if (procnet_feed(&r, (const char *) data, n) < 0)
                        return 0;
                data += n;
                size -= n;
        }
        (void) procnet_finish(&r);
        return 0;
}
