/* SPDX-License-Identifier: MIT */

#include "base/mapped.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/state.h"

static void unmap(Mapped *m) {
        if (m->data)
                (void) munmap(m->data, m->size);
        m->data = NULL;
}

void mapped_done(Mapped *m) {
        unmap(m);
        fd_close(m->fd);
        *m = MAPPED_NULL;
}

int mapped_resize(Mapped *m, size_t size) {
        int r = -posix_fallocate(m->fd, 0, (off_t) size);
        void *p = r < 0 ? MAP_FAILED : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, m->fd, 0);

        if (r >= 0 && p == MAP_FAILED)
                r = -errno;
        if (r < 0) {
                (void) ftruncate(m->fd, (off_t) m->size);
                return r;
        }
        unmap(m);
        m->data = p;
        m->size = size;
        (void) ftruncate(m->fd, (off_t) size); /* it may have been longer */
        return 0;
}

int mapped_open(Mapped *ret, int dir_fd, const char *name, size_t max) {
        Mapped m = { .fd = state_file(dir_fd, name, O_RDWR | O_CREAT) };
        struct stat st;
        int r = 0;

        if (m.fd < 0)
                return m.fd;
        if (flock(m.fd, LOCK_EX | LOCK_NB) < 0)
                r = errno == EWOULDBLOCK ? -EBUSY : -errno;
        else if (fstat(m.fd, &st) < 0)
                r = -errno;
        else if (st.st_size > 0 && (uint64_t) st.st_size > max)
                r = -EFBIG;
        else if (st.st_size > 0) {
                m.size = (size_t) st.st_size;
                r = mapped_resize(&m, m.size);
        }
        if (r < 0) {
                mapped_done(&m);
                return r;
        }
        *ret = m;
        return 0;
}
