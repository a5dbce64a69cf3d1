/* SPDX-License-Identifier: MIT */

#include "emit/synchronize.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"

#define QUESTION "{\"method\":\"io.systemd.Journal.Synchronize\",\"parameters\":{}}" /* its NUL belongs to it */

void synchronize_done(Synchronize *s) {
        s->fd = fd_close(s->fd);
        s->size = 0;
}

int synchronize_ask(Synchronize *s, const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        _cleanup_close_ int fd = -1;

        synchronize_done(s);
        strncpy(address.sun_path, path ?: SYNCHRONIZE_SOCKET, sizeof(address.sun_path) - 1);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0 || connect(fd, (const struct sockaddr *) &address, sizeof(address)) < 0)
                return -errno;
        if (send(fd, QUESTION, sizeof(QUESTION), MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t) sizeof(QUESTION))
                return -EIO;
        s->fd = TAKE_FD(fd);
        return 0;
}

int synchronize_answered(Synchronize *s) {
        ssize_t n;
        int r = -EPROTO;

        if (s->fd < 0)
                return -ENOTCONN;
        n = recv(s->fd, s->answer + s->size, sizeof(s->answer) - s->size, MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        if (n < 0)
                r = -errno;
        else if (n == 0)
                r = -ECONNRESET;
        else {
                s->size += (size_t) n;
                if (s->answer[s->size - 1] != 0 && s->size < sizeof(s->answer))
                        return 0;
                /* {"parameters":{}}, or what went wrong. */
                if (s->answer[s->size - 1] == 0 && !strstr(s->answer, "\"error\""))
                        r = 1;
        }
        synchronize_done(s);
        return r;
}
