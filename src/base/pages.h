/* SPDX-License-Identifier: MIT */
#pragma once

/* Large pieces of memory, zeroed, which the kernel has back as soon as they are freed; what is smaller than a huge page is malloc's. To touch them
 * for the first time takes a tenth of the time where they are huge pages. */

#include <stdbool.h>
#include <stddef.h>

#define PAGES_HUGE ((size_t) 2 << 20) /* what is not smaller than this is aligned to it */

/* NULL: out of memory. huge: where the kernel has such pages, and at once: all of each is taken when the first byte is written. */
void *pages_new(size_t size, bool huge);
/* The same size; NULL is nothing. */
void pages_free(void *pages, size_t size);
