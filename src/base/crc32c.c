/* SPDX-License-Identifier: MIT */

#include "base/crc32c.h"

#include <endian.h>
#include <string.h>

#define POLYNOMIAL 0x82f63b78 /* of iSCSI and ext4, least significant bit first */

/* table[n][b]: what the byte b becomes, with n bytes of zero after it. */
void crc32c_init(Crc32c *c) {
        for (uint32_t b = 0; b < 256; b++) {
                uint32_t crc = b;

                for (int bit = 0; bit < 8; bit++)
                        crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
                c->table[0][b] = crc;
        }
        for (int n = 1; n < 8; n++)
                for (uint32_t b = 0; b < 256; b++)
                        c->table[n][b] = c->table[n - 1][b] >> 8 ^ c->table[0][c->table[n - 1][b] & 0xff];
}

#ifdef __x86_64__
/* The processor's own: eight bytes in one instruction. */
__attribute__((target("sse4.2"))) static uint32_t by_instruction(uint32_t crc, const uint8_t *p, size_t size) {
        uint64_t wide = ~crc;

        for (; size >= 8; p += 8, size -= 8) {
                uint64_t word;

                memcpy(&word, p, sizeof(word));
                wide = __builtin_ia32_crc32di(wide, word);
        }
        for (crc = (uint32_t) wide; size > 0; p++, size--)
                crc = __builtin_ia32_crc32qi(crc, *p);
        return ~crc;
}
#endif

uint32_t crc32c(const Crc32c *c, uint32_t crc, const void *data, size_t size) {
#ifdef __x86_64__
        if (__builtin_cpu_supports("sse4.2"))
                return by_instruction(crc, data, size);
#endif
        return crc32c_by_table(c, crc, data, size);
}

uint32_t crc32c_by_table(const Crc32c *c, uint32_t crc, const void *data, size_t size) {
        const uint8_t *p = data;

        crc = ~crc;
        for (; size >= 8; p += 8, size -= 8) {
                uint64_t word;

                memcpy(&word, p, sizeof(word));
                word = le64toh(word) ^ crc;
                crc = c->table[7][word & 0xff] ^ c->table[6][word >> 8 & 0xff] ^ c->table[5][word >> 16 & 0xff] ^
                      c->table[4][word >> 24 & 0xff] ^ c->table[3][word >> 32 & 0xff] ^ c->table[2][word >> 40 & 0xff] ^
                      c->table[1][word >> 48 & 0xff] ^ c->table[0][word >> 56];
        }
        for (; size > 0; p++, size--)
                crc = crc >> 8 ^ c->table[0][(crc ^ *p) & 0xff];
        return ~crc;
}
