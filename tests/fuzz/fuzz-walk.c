/* SPDX-License-Identifier: MIT */

/* Records of the iterator one after another, as reads give them. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collect/walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const Held *h) {
        const Socket *s = &h->socket;

        if (h->at.fd < 0 || h->at.inode == 0 || h->at.inode != s->inode || s->path_size > SOCKET_PATH_MAX)
                abort();
        if (s->family == FAMILY_UNKNOWN)
                return;
        if (h->at.pid == 0 || !(TABLE_BIT(table_of(s->family, s->transport)) & WALK_TABLES) || !state_name(s->state) ||
            (s->transport == TRANSPORT_UNKNOWN && s->family != FAMILY_NETLINK))
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        char *records = malloc(MAX(size, (size_t) 1)); /* the end is the end */
        size_t offset = 0;
        Held held;
        int r;

        if (!records)
                return 0;
        memcpy(records, data, size);
        while ((r = walk_parse(records + offset, size - offset, 4000, &held)) > 0) {
                check(&held);
                offset += (size_t) r;
        }
        if (offset > size || (r != -EAGAIN && r != -EBADMSG))
                abort();
        free(records);
        return 0;
}
