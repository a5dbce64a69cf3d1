/* SPDX-License-Identifier: MIT */
#pragma once

/* Mapped: a file of the state directory as memory. What is written there outlives the process, however that ends; a power cut may take what the kernel had not
 * written. All its blocks are taken when it is opened or grows: a full disk says so then, and not by a signal later. One process at a time: it is locked. */

#include <stddef.h>

typedef struct Mapped {
        int fd;
        void *data; /* NULL: it is empty */
        size_t size;
} Mapped;

#define MAPPED_NULL ((Mapped){ .fd = -1 })

/* The file in the directory `dir_fd` (state_open()); an empty one where there is none. -EBUSY: another process has it; -EFBIG: it is larger than `max` bytes; else as
 * state_file(), posix_fallocate(3) and mmap(2). */
int mapped_open(Mapped *ret, int dir_fd, const char *name, size_t max);
/* From now on it has this size, not 0; zeros are appended. Fails as above, above all with -ENOSPC, and is then as it was. */
int mapped_resize(Mapped *m, size_t size);
void mapped_done(Mapped *m);
