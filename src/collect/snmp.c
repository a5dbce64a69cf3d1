/* SPDX-License-Identifier: MIT */

#include "collect/snmp.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "collect/netns.h"
#include "collect/scan.h"

#define SNMP_MAX (1u << 16) /* it is some 1,500 bytes long */

/* The rest of the next line that begins with "Tcp:", and *text behind it. */
static bool next_tcp(Scan *text, Scan *ret) {
        while (text->p != text->end) {
                const char *newline = memchr(text->p, '\n', (size_t) (text->end - text->p));
                Scan line = { text->p, newline ?: text->end };

                text->p = newline ? newline + 1 : text->end;
                if (line.end - line.p >= 4 && memcmp(line.p, "Tcp:", 4) == 0) {
                        line.p += 4;
                        *ret = line;
                        return true;
                }
        }
        return false;
}

static bool is_word(const char *start, const char *end, const char *word) {
        return (size_t) (end - start) == strlen(word) && memcmp(start, word, strlen(word)) == 0;
}

/* Names and values side by side: kernels differ in the columns that they have. */
int snmp_parse(const char *text, size_t size, Openings *ret) {
        Scan all = { text, text + size }, names, values;
        uint64_t active, passive;
        unsigned found = 0;

        if (!next_tcp(&all, &names) || !next_tcp(&all, &values))
                return -EINVAL;
        for (;;) {
                const char *name;
                Scan value;

                scan_blanks(&names);
                scan_blanks(&values);
                name = names.p;
                value = values;
                if (!scan_word(&names))
                        break;
                if (!scan_word(&values))
                        return -EINVAL;
                value.end = values.p;
                if (is_word(name, names.p, "ActiveOpens"))
                        found |= scan_decimal(&value, UINT64_MAX, &active) && value.p == value.end ? 1 : 4;
                else if (is_word(name, names.p, "PassiveOpens"))
                        found |= scan_decimal(&value, UINT64_MAX, &passive) && value.p == value.end ? 2 : 4;
        }
        if (found != 3)
                return -EINVAL;
        *ret = (Openings){ .active = active, .passive = passive };
        return 0;
}

int snmp_read(int proc_fd, const Netns *netns, Openings *ret) {
        _cleanup_free_ char *text = NULL;
        char path[sizeof("4294967295/net/snmp")] = "net/snmp";
        Openings found;
        size_t size;
        int r;

        if (netns->pid != 0)
                (void) snprintf(path, sizeof(path), "%u/net/snmp", netns->pid);
        r = fd_read_at(proc_fd, path, SNMP_MAX, &text, &size);
        if (r >= 0)
                r = snmp_parse(text, size, &found);
        /* Whoever has the number by now may live elsewhere. */
        if (netns_left(proc_fd, netns->pid, netns->inode))
                return -ESRCH;
        if (r >= 0)
                *ret = found;
        return r;
}
