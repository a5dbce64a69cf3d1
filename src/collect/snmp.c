/* SPDX-License-Identifier: MIT */

#include "collect/snmp.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "collect/netns.h"
#include "collect/scan.h"

#define SNMP_MAX (1u << 16) /* they are some 1,500 and 5,000 bytes long */

/* The rest of the next line that begins with the prefix, and *text behind it. */
static bool next_line(Scan *text, const char *prefix, Scan *ret) {
        size_t n = strlen(prefix);

        while (text->p != text->end) {
                const char *newline = memchr(text->p, '\n', (size_t) (text->end - text->p));
                Scan line = { text->p, newline ?: text->end };

                text->p = newline ? newline + 1 : text->end;
                if ((size_t) (line.end - line.p) >= n && memcmp(line.p, prefix, n) == 0) {
                        line.p += n;
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
static int counters_parse(const char *text, size_t size, const char *prefix, const char *const wanted[2], uint64_t ret[2]) {
        Scan all = { text, text + size }, names, values;
        unsigned found = 0;

        if (!next_line(&all, prefix, &names) || !next_line(&all, prefix, &values))
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
                for (unsigned i = 0; i < 2; i++)
                        if (is_word(name, names.p, wanted[i]))
                                found |= scan_decimal(&value, UINT64_MAX, &ret[i]) && value.p == value.end ? 1u << i : 4;
        }
        return found == 3 ? 0 : -EINVAL;
}

int snmp_parse(const char *text, size_t size, Openings *ret) {
        static const char *const wanted[] = { "ActiveOpens", "PassiveOpens" };
        uint64_t found[2];
        int r = counters_parse(text, size, "Tcp:", wanted, found);

        if (r >= 0)
                *ret = (Openings){ .active = found[0], .passive = found[1] };
        return r;
}

int netstat_parse(const char *text, size_t size, Overflows *ret) {
        static const char *const wanted[] = { "ListenOverflows", "ListenDrops" };
        uint64_t found[2];
        int r = counters_parse(text, size, "TcpExt:", wanted, found);

        if (r >= 0)
                *ret = (Overflows){ .overflows = found[0], .drops = found[1] };
        return r;
}

/* Text of a file below net of the namespace. */
static int text_read(int proc_fd, const Netns *netns, const char *name, char **ret, size_t *ret_size) {
        char path[sizeof("4294967295/net/netstat")];

        if (netns->pid != 0)
                (void) snprintf(path, sizeof(path), "%u/net/%s", netns->pid, name);
        else
                (void) snprintf(path, sizeof(path), "net/%s", name);
        return fd_read_at(proc_fd, path, SNMP_MAX, ret, ret_size);
}

int snmp_read(int proc_fd, const Netns *netns, Openings *ret) {
        _cleanup_free_ char *text = NULL;
        Openings found;
        size_t size;
        int r;

        r = text_read(proc_fd, netns, "snmp", &text, &size);
        if (r >= 0)
                r = snmp_parse(text, size, &found);
        /* Whoever has the number by now may live elsewhere. */
        if (netns_left(proc_fd, netns->pid, netns->inode))
                return -ESRCH;
        if (r >= 0)
                *ret = found;
        return r;
}

int netstat_read(int proc_fd, const Netns *netns, Overflows *ret) {
        _cleanup_free_ char *text = NULL;
        Overflows found;
        size_t size;
        int r;

        r = text_read(proc_fd, netns, "netstat", &text, &size);
        if (r >= 0)
                r = netstat_parse(text, size, &found);
        if (netns_left(proc_fd, netns->pid, netns->inode))
                return -ESRCH;
        if (r >= 0)
                *ret = found;
        return r;
}
