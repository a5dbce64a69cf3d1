/* SPDX-License-Identifier: MIT */

#include "emit/outbox.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/fd.h"
#include "base/state.h"

#define OUTBOX_HEADER "sockaudit outbox 1\n"
#define OUTBOX_HEADER_SIZE (sizeof(OUTBOX_HEADER) - 1)
static_assert(OUTBOX_HEADER_SIZE == OUTBOX_EMPTY, "a head alone");
#define OUTBOX_VERSION_AT 17 /* up to here it is the same in all versions */
#define OUTBOX_MAGIC 0x31435253u /* "SRC1": its first byte is not zero, so it ends what was released */
#define PUNCH_BYTES (1u << 20)
#define MEMORY_BYTES (16u << 20) /* as much may wait in memory while the disk is full */
#define READ_BYTES 4096 /* most records need one read */

/* In the byte order of the host: it does not leave it. */
typedef struct RecordHeader {
        uint32_t magic;
        uint32_t crc;
        uint64_t size; /* of the event */
        uint64_t seq;
        char run[OUTBOX_RUN_SIZE];
} RecordHeader;

#define CHECKED_FROM offsetof(RecordHeader, size)

struct Outbox {
        int fd;
        int disk_fd; /* of the file, while what waits is in memory; else -1 */
        bool memory; /* fd is memory */
        uint64_t max_bytes;
        uint64_t begin, end;
        bool no_holes; /* the file system makes none */
        char *buffer;  /* the record that was read or appended last */
        size_t allocated;
        uint64_t at;   /* where that is; 0: nowhere */
        Crc32c crc;
};

/* --- reading and writing ----------------------------------------------------------------------------- */

/* As much as there is, up to size; or negative errno. */
static ssize_t read_at(int fd, void *data, size_t size, uint64_t offset) {
        size_t done = 0;

        while (done < size) {
                ssize_t n = pread(fd, (char *) data + done, size - done, (off_t) (offset + done));

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                done += (size_t) n;
        }
        return (ssize_t) done;
}

static int copy_range(int from_fd, uint64_t from, uint64_t to, int to_fd, uint64_t at) {
        char block[16384];

        while (from < to) {
                ssize_t n = read_at(from_fd, block, MIN(sizeof(block), to - from), from);

                if (n <= 0)
                        return n < 0 ? (int) n : -EIO;
                if (pwrite(to_fd, block, (size_t) n, (off_t) at) != n)
                        return -ENOSPC;
                from += (uint64_t) n;
                at += (uint64_t) n;
        }
        return 0;
}

static uint32_t record_crc(const Outbox *o, const RecordHeader *h, const char *data) {
        uint32_t crc = crc32c(&o->crc, 0, (const char *) h + CHECKED_FROM, sizeof(*h) - CHECKED_FROM);

        return crc32c(&o->crc, crc, data, h->size);
}

static int outbox_grow(Outbox *o, size_t size) {
        char *p;

        if (size <= o->allocated)
                return 0;
        p = realloc(o->buffer, size);
        if (!p)
                return -ENOMEM;
        o->buffer = p;
        o->allocated = size;
        return 0;
}

/* The first `size` bytes of a record into the buffer, of which it has `have`. */
static int outbox_fill(Outbox *o, uint64_t position, size_t have, size_t size) {
        int r = outbox_grow(o, size);
        ssize_t n;

        if (r < 0)
                return r;
        n = read_at(o->fd, o->buffer + have, size - have, position + have);
        if (n < 0)
                return (int) n;
        return (size_t) n < size - have ? -EBADMSG : 0;
}

/* The record at a position into the buffer. 0; -EBADMSG: there is none. */
static int outbox_load(Outbox *o, uint64_t position) {
        size_t room = o->end - position, have = MIN(room, (size_t) READ_BYTES);
        RecordHeader h;
        int r;

        o->at = 0;
        if (room < sizeof(h))
                return -EBADMSG;
        r = outbox_fill(o, position, 0, have);
        if (r < 0)
                return r;
        memcpy(&h, o->buffer, sizeof(h));
        if (h.magic != OUTBOX_MAGIC || h.size > OUTBOX_EVENT_MAX || h.size > room - sizeof(h))
                return -EBADMSG;
        if (sizeof(h) + h.size > have) {
                r = outbox_fill(o, position, have, sizeof(h) + h.size);
                if (r < 0)
                        return r;
        }
        if (record_crc(o, &h, o->buffer + sizeof(h)) != h.crc)
                return -EBADMSG;
        o->at = position;
        return 0;
}

int outbox_read(Outbox *o, uint64_t position, OutboxRecord *ret) {
        RecordHeader h;
        int r;

        if (position >= o->end)
                return 0;
        r = position == o->at ? 0 : outbox_load(o, position);
        if (r < 0)
                return r;
        memcpy(&h, o->buffer, sizeof(h));
        *ret = (OutboxRecord){ .seq = h.seq, .data = o->buffer + sizeof(h), .size = h.size, .next = position + sizeof(h) + h.size };
        memcpy(ret->run, h.run, sizeof(h.run));
        return 1;
}

/* The buffer to the end. All or nothing. */
static int outbox_write(Outbox *o, size_t size) {
        ssize_t n;
        int r;

        do
                n = pwrite(o->fd, o->buffer, size, (off_t) o->end);
        while (n < 0 && errno == EINTR);
        if (n == (ssize_t) size)
                return 0;
        r = n < 0 ? -errno : -ENOSPC; /* half of it */
        (void) ftruncate(o->fd, (off_t) o->end);
        return r;
}

/* The disk takes no more: what waits goes on in memory, at the same positions. */
static int outbox_to_memory(Outbox *o) {
        _cleanup_close_ int fd = memfd_create("sockaudit-outbox", MFD_CLOEXEC);
        int r = fd < 0 ? -errno : copy_range(o->fd, o->begin, o->end, fd, o->begin);

        if (r < 0)
                return r;
        o->disk_fd = o->fd;
        o->fd = TAKE_FD(fd);
        o->memory = true;
        return 0;
}

static void outbox_to_disk(Outbox *o) {
        fd_close(o->fd);
        o->fd = TAKE_FD(o->disk_fd);
        o->memory = false;
}

int outbox_append(Outbox *o, const char *run, uint64_t seq, const char *data, size_t size) {
        RecordHeader h = { .magic = OUTBOX_MAGIC, .size = size, .seq = seq };
        size_t whole = sizeof(h) + size;
        uint64_t waiting = o->end - o->begin + whole;
        int r;

        if (size > OUTBOX_EVENT_MAX)
                return -EMSGSIZE;
        if (waiting > (o->disk_fd >= 0 ? MIN(o->max_bytes, (uint64_t) MEMORY_BYTES) : o->max_bytes))
                return -ENOBUFS;
        o->at = 0;
        r = outbox_grow(o, whole);
        if (r < 0)
                return r;
        memcpy(h.run, run, sizeof(h.run));
        h.crc = record_crc(o, &h, data);
        memcpy(o->buffer, &h, sizeof(h));
        memcpy(o->buffer + sizeof(h), data, size);
        r = outbox_write(o, whole);
        if (r < 0 && !o->memory && waiting <= MEMORY_BYTES && outbox_to_memory(o) == 0)
                r = outbox_write(o, whole);
        if (r < 0)
                return r;
        o->at = o->end;
        o->end += whole;
        return 0;
}

bool outbox_outlives(const Outbox *o) {
        return !o->memory;
}

uint64_t outbox_begin(const Outbox *o) {
        return o->begin;
}

uint64_t outbox_end(const Outbox *o) {
        return o->end;
}

static void outbox_punch(Outbox *o, uint64_t position) {
        if (fallocate(o->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t) o->begin, (off_t) (position - o->begin)) == 0)
                o->begin = position;
        else
                o->no_holes = errno == EOPNOTSUPP || errno == ENOSYS;
}

uint64_t outbox_release(Outbox *o, uint64_t position) {
        if (position < o->end) {
                if (!o->no_holes && position - o->begin >= MIN((uint64_t) PUNCH_BYTES, o->max_bytes / 8))
                        outbox_punch(o, position);
                return position;
        }
        if (o->disk_fd >= 0)
                outbox_to_disk(o);
        if (o->end > OUTBOX_HEADER_SIZE && ftruncate(o->fd, OUTBOX_HEADER_SIZE) == 0) {
                o->begin = o->end = OUTBOX_HEADER_SIZE;
                o->at = 0;
        }
        return o->end;
}

/* --- opening ----------------------------------------------------------------------------------------- */

static int set_aside(const Outbox *o, int dir_fd, uint64_t from, uint64_t to) {
        int r = dir_fd < 0 ? -EBADF : state_make_room(dir_fd, OUTBOX_NAME);
        _cleanup_close_ int fd = r < 0 ? r : state_file(dir_fd, OUTBOX_NAME ".damaged-1", O_WRONLY | O_CREAT | O_EXCL);

        return fd < 0 ? fd : copy_range(o->fd, from, to, fd, 0);
}

/* Where the zeros end: the first record. */
static int skip_released(Outbox *o) {
        char block[4096];
        off_t data = lseek(o->fd, (off_t) o->begin, SEEK_DATA);
        ssize_t n;

        if (data < 0 && errno == ENXIO) /* a hole to the end */
                data = (off_t) o->end;
        if (data > (off_t) o->begin)
                o->begin = (uint64_t) data;
        while ((n = read_at(o->fd, block, MIN(sizeof(block), o->end - o->begin), o->begin)) > 0)
                for (ssize_t i = 0; i < n; i++, o->begin++)
                        if (block[i] != 0)
                                return 0;
        return (int) n;
}

/* 1: it is an outbox that we can read; 0: it is not, and ret says what it is. */
static int outbox_recognise(const Outbox *o, OutboxFound *ret) {
        char header[OUTBOX_HEADER_SIZE];
        ssize_t n = read_at(o->fd, header, sizeof(header), 0);

        if (n < 0)
                return (int) n;
        if (n == (ssize_t) sizeof(header) && memcmp(header, OUTBOX_HEADER, sizeof(header)) == 0)
                return 1;
        ret->why = n > OUTBOX_VERSION_AT && memcmp(header, OUTBOX_HEADER, OUTBOX_VERSION_AT) == 0 ? OUTBOX_FUTURE : OUTBOX_FOREIGN;
        return 0;
}

/* Counts what is whole. Where that ends. */
static int outbox_scan(Outbox *o, uint64_t *ret_end, OutboxFound *found) {
        uint64_t position;
        OutboxRecord record;
        int r = skip_released(o);

        if (r < 0)
                return r;
        for (position = o->begin; (r = outbox_read(o, position, &record)) > 0; position = record.next)
                found->count++;
        *ret_end = position;
        return r == -EBADMSG ? 0 : r;
}

static int outbox_recover(Outbox *o, int dir_fd, OutboxFound *found) {
        uint64_t size = o->end, whole = 0;
        int r = outbox_recognise(o, found);

        o->begin = OUTBOX_HEADER_SIZE;
        if (r > 0)
                r = outbox_scan(o, &whole, found);
        if (r < 0)
                return r;
        found->bad = size - whole;
        if (found->bad > 0) {
                found->kept = set_aside(o, dir_fd, whole, size);
                if (ftruncate(o->fd, (off_t) whole) < 0)
                        return -errno;
        }
        o->end = whole;
        if (found->count > 0)
                return 0;
        /* Nothing waits: as new, which also ends what was released. */
        if (ftruncate(o->fd, 0) < 0)
                return -errno;
        if (pwrite(o->fd, OUTBOX_HEADER, OUTBOX_HEADER_SIZE, 0) != (ssize_t) OUTBOX_HEADER_SIZE)
                return -ENOSPC;
        o->begin = o->end = OUTBOX_HEADER_SIZE;
        o->at = 0;
        return 0;
}

int outbox_open_fd(Outbox **ret, int fd, int dir_fd, uint64_t max_bytes, OutboxFound *ret_found) {
        _cleanup_(outbox_freep) Outbox *o = calloc(1, sizeof(*o));
        OutboxFound found = {};
        struct stat st;
        int r;

        if (!o)
                return -ENOMEM;
        o->fd = o->disk_fd = -1;
        o->max_bytes = max_bytes;
        crc32c_init(&o->crc);
        if (fstat(fd, &st) < 0)
                return -errno;
        o->end = (uint64_t) st.st_size;
        o->fd = fd;
        r = outbox_recover(o, dir_fd, &found);
        if (r < 0) {
                o->fd = -1;
                return r;
        }
        *ret_found = found;
        *ret = TAKE_PTR(o);
        return 0;
}

int outbox_open(Outbox **ret, int dir_fd, uint64_t max_bytes, OutboxFound *ret_found) {
        _cleanup_close_ int fd = state_file(dir_fd, OUTBOX_NAME, O_RDWR | O_CREAT);
        int r;

        if (fd < 0)
                return fd;
        if (flock(fd, LOCK_EX | LOCK_NB) < 0)
                return errno == EWOULDBLOCK ? -EBUSY : -errno;
        r = outbox_open_fd(ret, fd, dir_fd, max_bytes, ret_found);
        if (r >= 0)
                TAKE_FD(fd);
        return r;
}

int outbox_open_memory(Outbox **ret, uint64_t max_bytes) {
        _cleanup_close_ int fd = memfd_create("sockaudit-outbox", MFD_CLOEXEC);
        OutboxFound found;
        int r;

        if (fd < 0)
                return -errno;
        r = outbox_open_fd(ret, fd, -1, max_bytes, &found);
        if (r < 0)
                return r;
        TAKE_FD(fd);
        (*ret)->memory = true;
        return 0;
}

Outbox *outbox_free(Outbox *o) {
        if (!o)
                return NULL;
        fd_close(o->fd);
        fd_close(o->disk_fd);
        free(o->buffer);
        free(o);
        return NULL;
}
