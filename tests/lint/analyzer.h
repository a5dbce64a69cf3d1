/* SPDX-License-Identifier: MIT */
#pragma once

/* Read first by clang-tidy only (scripts/test). After a failed call errno is positive; the analyzer takes 0 for possible and
 * follows `return -errno` as if it meant success. Here errno is one of a few values that the sources look for. */

#include <errno.h>
#include <stdbool.h>

bool analyzer_choice(void);

static inline int *analyzer_errno(void) {
        int *e = __errno_location();

        *e = analyzer_choice() ? EINTR : analyzer_choice() ? ENOENT : analyzer_choice() ? EAGAIN : EIO;
        return e;
}

#undef errno
#define errno (*analyzer_errno())
