/* SPDX-License-Identifier: MIT */

/* What comes beside looks: a byte says what the rest is: messages about freed sockets, news of numbers of namespaces, or the text of /proc/net/netlink. */

#include <stdlib.h>
#include <string.h>

#include "collect/destroy.h"
#include "collect/nsid.h"
#include "collect/sockdiag.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const Socket *s) {
        if (!family_name(s->family) || (s->transport != TRANSPORT_TCP && s->transport != TRANSPORT_UDP) || !state_name(s->state) || s->cookie == 0)
                abort();
}

static void messages(const void *data, size_t size, bool destroy) {
        const struct nlmsghdr *m;
        size_t offset = 0;
        int32_t nsid;
        Socket s;

        while ((m = sockdiag_next(data, size, &offset)))
                if (!destroy)
                        (void) nsid_parse(m, &nsid);
                else if (sockdiag_parse_destroy(m, &s) > 0)
                        check(&s);
        if (offset > size)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        char *copy; /* aligned, and the end is the end */
        uint32_t drops;

        if (size == 0)
                return 0;
        copy = malloc(size);
        if (!copy)
                return 0;
        memcpy(copy, data + 1, size - 1);
        if (data[0] % 3 == 2)
                (void) drops_parse(copy, size - 1, data[0], &drops);
        else
                messages(copy, size - 1, data[0] % 3 == 0);
        free(copy);
        return 0;
}
