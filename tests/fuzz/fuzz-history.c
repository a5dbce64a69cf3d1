/* SPDX-License-Identifier: MIT */

/* Fields of journal entries, one after the other, parted by zero bytes: whatever stands in them, the records that come out are bounded, and
 * what is printed is printable. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/history.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(history_done) History h;
        Socket peer;

        history_init(&h);
        while (size > 0) {
                const uint8_t *end = memchr(data, 0, size);
                size_t n = end ? (size_t) (end - data) : size;
                char *copy = malloc(n + 1); /* its own block: a read behind it is seen */

                if (!copy)
                        return 0;
                memcpy(copy, data, n);
                (void) history_field(&h, copy, n);
                free(copy);
                data += n + (end != NULL);
                size -= n + (end != NULL);
        }
        for (const char *s = text_string(&h.message); *s; s++)
                if ((unsigned char) *s < 0x20 || *s == 0x7f)
                        abort();
        if (h.socket.path_size > SOCKET_PATH_MAX || (history_peer(&h, &peer) && peer.path_size > SOCKET_PATH_MAX))
                abort();
        return 0;
}
