/* SPDX-License-Identifier: MIT */
#pragma once

/* CRC-32C (Castagnoli), eight bytes a step: the check of what is read back from a disk. Any change of up to 32 bits in a row, so any
 * changed byte, changes it. It is no protection against intent. */

#include <stddef.h>
#include <stdint.h>

/* Made once by whoever keeps it. */
typedef struct Crc32c {
        uint32_t table[8][256];
} Crc32c;

void crc32c_init(Crc32c *c);

/* Of what had `crc` (0 at the start), and `data` after it. */
uint32_t crc32c(const Crc32c *c, uint32_t crc, const void *data, size_t size);
/* The same, also where the processor has an instruction for it. */
uint32_t crc32c_by_table(const Crc32c *c, uint32_t crc, const void *data, size_t size);
