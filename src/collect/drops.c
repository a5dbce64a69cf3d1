/* SPDX-License-Identifier: MIT */

#include "collect/drops.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "collect/scan.h"

#define NETLINK_TEXT_MAX (16u << 20)

int drops_open(Drops *d, int socket_fd) {
        struct stat st;

        if (fstat(socket_fd, &st) < 0)
                return -errno;
        *d = (Drops){ .inode = (uint32_t) st.st_ino };
        return 0;
}

/* sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode; Dump is a number, or a pointer in old kernels. */
static bool scan_line(Scan *s, uint64_t *ret_drops, uint64_t *ret_inode) {
        for (int column = 0; column < 8; column++) {
                scan_blanks(s);
                if (!scan_word(s))
                        return false;
        }
        scan_blanks(s);
        if (!scan_decimal(s, UINT32_MAX, ret_drops))
                return false;
        scan_blanks(s);
        return scan_decimal(s, UINT32_MAX, ret_inode);
}

int drops_parse(const char *text, size_t size, uint32_t inode, uint32_t *ret) {
        const char *end = text + size, *p = memchr(text, '\n', size); /* behind the names of the columns */

        while (p && ++p < end) {
                const char *next = memchr(p, '\n', (size_t) (end - p));
                Scan line = { p, next ?: end };
                uint64_t drops, found;

                if (!scan_line(&line, &drops, &found))
                        return -EINVAL;
                if (found == inode) {
                        *ret = (uint32_t) drops;
                        return 0;
                }
                p = next;
        }
        return -ENOENT;
}

int drops_read(Drops *d, int proc_fd, uint32_t *ret) {
        _cleanup_free_ char *text = NULL;
        uint32_t count;
        size_t size;
        int r = fd_read_at(proc_fd, "thread-self/net/netlink", NETLINK_TEXT_MAX, &text, &size);

        if (r >= 0)
                r = drops_parse(text, size, d->inode, &count);
        if (r < 0)
                return r;
        *ret = count - d->count; /* the kernel's counter wraps, too */
        d->count = count;
        return 0;
}
