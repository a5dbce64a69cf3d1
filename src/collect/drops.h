/* SPDX-License-Identifier: MIT */
#pragma once

/* How many messages the kernel has dropped that were for one of our netlink sockets, since its buffer was full: the column Drops of
 * /proc/net/netlink. */

#include <stddef.h>
#include <stdint.h>

typedef struct Drops {
        uint32_t inode; /* of the socket, by which the file names it */
        uint32_t count; /* when it was last asked */
} Drops;

/* Of a socket that is new. 0 or negative errno. */
int drops_open(Drops *d, int socket_fd);

/* Since the last call. 0 or negative errno. */
int drops_read(Drops *d, int proc_fd, uint32_t *ret);

/* Pure: the column of one socket in the text. 0, -ENOENT or -EINVAL. */
int drops_parse(const char *text, size_t size, uint32_t inode, uint32_t *ret);
