/* SPDX-License-Identifier: MIT */
#pragma once

/* Strict readings of numbers: the whole string or nothing, no sign, no leading blanks, no leading zero in
 * decimals (so that no one takes 010 for 8), no overflow. All return 0, -EINVAL (not such a thing) or
 * -ERANGE (it is, but outside the bounds), and write the result on success only. */

#include <stdint.h>

int parse_u64(const char *s, uint64_t min, uint64_t max, uint64_t *ret);
int parse_u32(const char *s, uint32_t min, uint32_t max, uint32_t *ret);
int parse_hex64(const char *s, uint64_t *ret);

/* A span: NUMBER UNIT with unit us, ms, s, m, h or d, one or several joined ("1h30m"); result in
 * microseconds. A bare 0 is allowed, any other bare number is -EINVAL. */
int parse_duration(const char *s, uint64_t *ret_usec);

/* A size in bytes: NUMBER with optional K, M, G, T (powers of 1024). */
int parse_size(const char *s, uint64_t *ret);

/* "5%" or "0.5%" into hundredths of a percent. 1 to 10000. */
int parse_percent(const char *s, uint32_t *ret);
