/* SPDX-License-Identifier: MIT */

#include "collect/host.h"

#include <string.h>

#include "base/fd.h"
#include "base/parse.h"

void host_boot_id(int proc_fd, char ret[33]) {
        char text[64];
        size_t n = 0;

        if (fd_read_once_at(proc_fd, "sys/kernel/random/boot_id", text, sizeof(text)) < 0)
                text[0] = 0;
        for (const char *s = text; *s && n < 32; s++)
                if (*s != '-' && *s != '\n')
                        ret[n++] = *s;
        ret[n] = 0;
}

void host_port_range(int proc_fd, uint16_t *ret_first, uint16_t *ret_last) {
        char text[64], *first = text, *last;
        uint32_t a, b;

        if (fd_read_once_at(proc_fd, "sys/net/ipv4/ip_local_port_range", text, sizeof(text)) < 0)
                return;
        last = strpbrk(text, "\t ");
        if (!last)
                return;
        *last++ = 0;
        last[strcspn(last, "\n")] = 0;
        if (parse_u32(first, 1, UINT16_MAX, &a) == 0 && parse_u32(last, a, UINT16_MAX, &b) == 0) {
                *ret_first = (uint16_t) a;
                *ret_last = (uint16_t) b;
        }
}
