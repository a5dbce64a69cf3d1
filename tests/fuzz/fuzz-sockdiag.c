/* SPDX-License-Identifier: MIT */

/* Netlink messages one after another, as a receive gives them: each is read as a reply of each family. */

#include <stdlib.h>
#include <string.h>

#include "collect/sockdiag.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const Socket *s) {
        if (!family_name(s->family) || (!transport_name(s->transport) && s->family != FAMILY_NETLINK) || table_of(s->family, s->transport) == _TABLE_MAX || !state_name(s->state) || s->path_size > SOCKET_PATH_MAX)
                abort();
}

static int count(void *userdata, uint32_t inode) {
        (void) inode;
        return ++*(int *) userdata > 100 ? -1 : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        void *messages = malloc(MAX(size, (size_t) 1)); /* aligned, and the end is the end */
        const struct nlmsghdr *m;
        size_t offset = 0;
        Socket s;

        if (!messages)
                return 0;
        memcpy(messages, data, size);
        while ((m = sockdiag_next(messages, size, &offset))) {
                if (sockdiag_parse_inet(m, TRANSPORT_TCP, &s) > 0)
                        check(&s);
                if (sockdiag_parse_inet(m, TRANSPORT_UDP, &s) > 0)
                        check(&s);
                if (sockdiag_parse_unix(m, &s) > 0)
                        check(&s);
                int clients = 0;
                (void) sockdiag_parse_icons(m, count, &clients);
                if (clients > 101)
                        abort();
                if (sockdiag_parse_packet(m, &s) > 0)
                        check(&s);
                if (sockdiag_parse_netlink(m, &s) > 0)
                        check(&s);
                if (sockdiag_parse_vsock(m, &s) > 0)
                        check(&s);
        }
        if (offset > size)
                abort();
        free(messages);
        return 0;
}
