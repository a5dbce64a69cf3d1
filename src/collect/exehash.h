/* SPDX-License-Identifier: MIT */
#pragma once

/* What a process executes, as a number that its content alone decides: SHA-256 of the file. Only a deputy calls exehash(): a file answers when its file
 * system does. Those whose server may never answer (FUSE, NFS, CIFS, 9p, and whatever is not known to keep its files on this host) are refused by their
 * name in mountinfo, before anything is asked of the file. What lies below a local file system (a loop device, a lower layer of overlayfs) can still be
 * such a file: then the deputy stands, and is left. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "collect/process.h"

#define EXEHASH_SIZE_MAX (256ULL << 20) /* bytes of a file */

typedef struct ExeHash {
        ExeFile file;
        uint8_t sha[EXE_SHA_SIZE];
} ExeHash;

/* 0; -ESRCH: that process is gone; -EOPNOTSUPP: no regular file, or not on a file system of this host; -EFBIG; -EAGAIN: it was written to meanwhile; or why
 * it cannot be read. Beyond 16 MiB it uses half of a processor. */
int exehash(int proc_fd, uint32_t pid, uint64_t start_ticks, ExeHash *ret);

/* Does this file system (its name in mountinfo) keep its files on this host? */
bool exehash_is_local(const char *type);

/* The name of the file system of that mount, from text as /proc/PID/mountinfo has it; into ret. 0, or -ENOENT. */
int exehash_mount_type(FILE *mountinfo, uint64_t mount_id, char *ret, size_t size);
