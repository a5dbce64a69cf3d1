/* SPDX-License-Identifier: MIT */

/* Texts of /proc/PID: the same bytes as stat, status, cgroup and the target of a link. */

#include <stdlib.h>
#include <string.h>

#include "collect/procfs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_process_ Process p;
        _cleanup_free_ char *text = strndup((const char *) data, size);
        ProcfsStat stat;
        uint32_t inode;

        if (!text)
                return 0;
        process_init(&p);
        if (procfs_parse_stat(text, &p) == 0 && (!p.comm || procfs_parse_stat_line(text, &stat) < 0 || stat.start_ticks != p.start_ticks))
                abort();
        (void) procfs_parse_status(text, &p);
        if (procfs_parse_cgroup(text, &p) == 0 && (!p.cgroup || p.cgroup[0] != '/'))
                abort();
        (void) procfs_parse_link(text, "socket", &inode);
        return 0;
}
