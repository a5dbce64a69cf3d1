/* SPDX-License-Identifier: MIT */
#pragma once

/* What every file needs: cleanup attributes, ownership transfer, small arithmetic. Nothing here allocates
 * or fails. */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define _cleanup_(f) __attribute__((cleanup(f)))
#define _pure_ __attribute__((pure))
#define _const_ __attribute__((const))
#define _printf_(a, b) __attribute__((format(printf, a, b)))
#define _must_check_ __attribute__((warn_unused_result))
#define _unused_ __attribute__((unused))

#define ELEMENTSOF(a) (sizeof(a) / sizeof((a)[0]))

/* -1, 0, 1; never a subtraction, which would wrap. */
#define CMP(a, b) ((a) < (b) ? -1 : (a) > (b))

#define MIN(a, b)                          \
        ({                                 \
                __typeof__(a) _a = (a);    \
                __typeof__(b) _b = (b);    \
                _a < _b ? _a : _b;         \
        })
#define MAX(a, b)                          \
        ({                                 \
                __typeof__(a) _a = (a);    \
                __typeof__(b) _b = (b);    \
                _a > _b ? _a : _b;         \
        })

/* Give up ownership: the variable is emptied, its old value is the result. */
#define TAKE_PTR(p)                        \
        ({                                 \
                __typeof__(p) _p = (p);    \
                (p) = NULL;                \
                _p;                        \
        })
#define TAKE_FD(fd)                        \
        ({                                 \
                int _fd = (fd);            \
                (fd) = -1;                 \
                _fd;                       \
        })

#define SWAP(a, b)                         \
        do {                               \
                __typeof__(a) _s = (a);    \
                (a) = (b);                 \
                (b) = _s;                  \
        } while (0)

/* For _cleanup_(xxxp): calls a destructor that accepts NULL. */
#define DEFINE_CLEANUP(type, function)                           \
        static inline _unused_ void function##p(type **p) {     \
                if (*p)                                          \
                        function(*p);                            \
        }

static inline void freep(void *p) {
        free(*(void **) p);
}

#define _cleanup_free_ _cleanup_(freep)

#define USEC_PER_SEC 1000000ULL
#define USEC_PER_MSEC 1000ULL

/* Room for one more element in an array that holds `count`: it doubles, so that growing costs little. The new array, or
 * NULL when memory ran out (the old one is kept). */
static inline void *array_grow(void *array, size_t count, size_t size) {
        if (count != 0 && (count < 4 || (count & (count - 1)) != 0))
                return array;
        return reallocarray(array, count == 0 ? 4 : count * 2, size);
}
