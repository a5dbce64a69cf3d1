/* SPDX-License-Identifier: MIT */

/* A file as an outbox; when its last byte is odd, after the CRC of each record in it was made right, or few would be read. What is read from it was in it, and can be appended to; opened again it holds the same, and nothing is bad any more. */

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/fd.h"
#include "emit/outbox.h"

#define LIMIT (64 << 20)
#define HEADER 19 /* bytes of the version */
#define RECORD 56 /* bytes of a record without its event: magic, CRC, size ... */
#define CHECKED 8 /* where what the CRC is of begins */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static Outbox *open_copy(int fd, OutboxFound *found) {
        Outbox *o = NULL;
        int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

        if (copy < 0 || outbox_open_fd(&o, copy, -1, LIMIT, found) < 0)
                abort();
        return o;
}

static uint64_t read_all(Outbox *o, const uint8_t *data, size_t size) {
        uint64_t position = outbox_begin(o), count = 0;
        OutboxRecord r;

        while (outbox_read(o, position, &r) > 0) {
                if (data && !memmem(data, size, r.data, r.size))
                        abort();
                if (r.next <= position)
                        abort();
                position = r.next;
                count++;
        }
        if (position != outbox_end(o))
                abort();
        return count;
}

static void make_right(uint8_t *data, size_t size) {
        size_t at = HEADER;
        Crc32c table;

        crc32c_init(&table);
        while (at < size && data[at] == 0)
                at++;
        while (at < size && size - at >= RECORD) {
                uint64_t event;
                uint32_t crc;

                memcpy(&event, data + at + CHECKED, sizeof(event));
                if (event > size - at - RECORD)
                        return;
                crc = crc32c(&table, 0, data + at + CHECKED, RECORD - CHECKED + event);
                memcpy(data + at + CHECKED - sizeof(crc), &crc, sizeof(crc));
                at += RECORD + event;
        }
}

static int run(const uint8_t *data, size_t size) {
        _cleanup_close_ int fd = memfd_create("fuzz", MFD_CLOEXEC);
        OutboxFound found, again;
        uint64_t count;
        Outbox *o;

        if (fd < 0 || write(fd, data, size) != (ssize_t) size)
                abort();
        o = open_copy(fd, &found);
        count = read_all(o, data, size);
        if (count != found.count || found.bad > size)
                abort();
        if (outbox_append(o, "0123456789abcdef0123456789abcdef", 1, "x", 1) < 0)
                abort();
        outbox_free(o);
        o = open_copy(fd, &again);
        if (again.bad > 0 || again.count != count + 1 || read_all(o, NULL, 0) != count + 1)
                abort();
        (void) outbox_release(o, outbox_end(o));
        outbox_free(o);
        return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_free_ uint8_t *copy = malloc(size + 1);

        if (!copy)
                abort();
        memcpy(copy, data, size);
        if (size > 0 && data[size - 1] & 1)
                make_right(copy, size);
        return run(copy, size);
}
