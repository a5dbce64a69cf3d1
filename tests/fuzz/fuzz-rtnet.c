/* SPDX-License-Identifier: MIT */

/* Netlink messages one after another: each is read as an address and as a route. */

#include <stdlib.h>
#include <string.h>

#include "collect/rtnet.h"
#include "collect/socket.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        void *messages = malloc(MAX(size, (size_t) 1)); /* aligned, and the end is the end */
        const struct nlmsghdr *m;
        size_t offset = 0;
        NetAddress a;
        NetRoute r;

        if (!messages)
                return 0;
        memcpy(messages, data, size);
        while ((m = sockdiag_next(messages, size, &offset))) {
                if (rtnet_parse_address(m, &a) > 0 && a.family != FAMILY_IPV4 && a.family != FAMILY_IPV6)
                        abort();
                if (rtnet_parse_route(m, &r) > 0 && r.gateway.family > FAMILY_IPV6)
                        abort();
        }
        free(messages);
        return 0;
}
