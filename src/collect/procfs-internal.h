/* SPDX-License-Identifier: MIT */
#pragma once

/* What the files of procfs share: directories of numbers, and one descriptor of /proc/PID for all that is read of a process. */

#include <dirent.h>
#include <stdint.h>

#include "base/macro.h"
#include "collect/procfs.h"

DIR *dir_close(DIR *d);
DEFINE_CLEANUP(DIR, dir_close)
/* Opens a directory for reading; -errno. */
int dir_open_at(int dir_fd, const char *path, DIR **ret);
/* Next entry of a directory whose name is a number. 1, 0 at the end, negative errno. */
int dir_next_number(DIR *d, const char **ret_name, uint32_t *ret);

/* How errors of files below /proc/PID are told: -ESRCH, -EACCES, or as they are. */
int procfs_error(int error);
/* An O_PATH descriptor of /proc/PID; or -ESRCH, -EACCES. */
int procfs_open(int proc_fd, uint32_t pid);
/* Is it (pid, start_ticks)? 0 to not check. 0 or -ESRCH. */
int procfs_check(int dir_fd, uint64_t start_ticks, ProcfsStat *ret);
/* The device of all files of memfd_create(2); 0: unknown. */
uint64_t procfs_memfd_device(void);
