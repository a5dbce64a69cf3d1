/* SPDX-License-Identifier: MIT */

#include "base/pages.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static char *align_up(char *p, size_t alignment) {
        return p + (-(uintptr_t) p & (alignment - 1));
}

void *pages_new(size_t size, bool huge) {
        size_t all = size + PAGES_HUGE; /* so that an aligned piece is in it */
        char *p, *start, *end;

        if (size < PAGES_HUGE)
                return calloc(1, size);
        if (all < size)
                return NULL;
        p = mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED)
                return NULL;
        start = align_up(p, PAGES_HUGE);
        end = align_up(start + size, (size_t) sysconf(_SC_PAGESIZE));
        if (start > p)
                (void) munmap(p, (size_t) (start - p));
        if (end < p + all)
                (void) munmap(end, (size_t) (p + all - end));
        if (huge)
                (void) madvise(start, size, MADV_HUGEPAGE);
        return start;
}

void pages_free(void *pages, size_t size) {
        if (size < PAGES_HUGE)
                free(pages);
        else if (pages)
                (void) munmap(pages, size);
}
