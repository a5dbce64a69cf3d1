/* SPDX-License-Identifier: MIT */

#include "collect/deputy.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "collect/exehash.h"
#include "collect/procfs.h"

#define ARGUMENT "--deputy"

static_assert(sizeof(DeputyAnswer) == PIPE_BUF, "an answer is written as a whole");

/* --- its process ----------------------------------------------------------------------------------- */

bool deputy_called(int argc, char *argv[]) {
        return argc == 2 && strcmp(argv[1], ARGUMENT) == 0;
}

static int64_t work(int proc_fd, const DeputyQuestion *q, char data[DEPUTY_DATA_MAX]) {
        switch (q->task) {
        case DEPUTY_CMDLINE:
                return procfs_cmdline(proc_fd, q->pid, q->start_ticks, data, DEPUTY_DATA_MAX);
        case DEPUTY_EXE: {
                ExeHash h;
                int r = exehash(proc_fd, q->pid, q->start_ticks, &h);

                memcpy(data, &h, r < 0 ? 0 : sizeof(h));
                return r < 0 ? r : (int64_t) sizeof(h);
        }
        default:
                return -EINVAL;
        }
}

int deputy_main(void) {
        _cleanup_close_ int proc_fd = -1;
        DeputyAnswer a = {};

        /* Should we be too busy to see that who asks is gone. */
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        while (read(STDIN_FILENO, &a.question, sizeof(a.question)) == sizeof(a.question)) {
                a.size = work(proc_fd, &a.question, a.data);
                if (write(STDOUT_FILENO, &a, sizeof(a)) != sizeof(a))
                        break;
        }
        return 0;
}

/* --- who asks -------------------------------------------------------------------------------------- */

/* Those who were killed and have died since; room: somebody else may be killed. */
static bool reap(Deputy *d) {
        bool room = false;

        for (size_t i = 0; i < ELEMENTSOF(d->left); i++) {
                if (d->left[i] != 0 && waitpid(d->left[i], NULL, WNOHANG) != 0)
                        d->left[i] = 0;
                room |= d->left[i] == 0;
        }
        return room;
}

void deputy_kill(Deputy *d) {
        if (d->pid == 0)
                return;
        (void) kill(d->pid, SIGKILL);
        (void) reap(d);
        for (size_t i = 0; i < ELEMENTSOF(d->left); i++)
                if (d->left[i] == 0) {
                        d->left[i] = d->pid;
                        break;
                }
        (void) reap(d);
        d->pid = 0;
        (void) fd_close(d->to);
        (void) fd_close(d->from);
}

void deputy_done(Deputy *d) {
        deputy_kill(d);
        *d = (Deputy){};
}

/* No descriptor of ours is in it: neither a socket, whose holder it would be, nor the outbox. */
static int spawn(pid_t *ret, int in, int out) {
        char name[] = "sockauditd", argument[] = ARGUMENT, *arguments[] = { name, argument, NULL };
        posix_spawn_file_actions_t actions;
        pid_t pid;
        int r = posix_spawn_file_actions_init(&actions);

        if (r != 0)
                return -r;
        r = posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
        if (r == 0)
                r = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
        if (r == 0)
                r = posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
        if (r == 0)
                r = posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
        if (r == 0)
                r = posix_spawn(&pid, "/proc/self/exe", &actions, NULL, arguments, environ);
        (void) posix_spawn_file_actions_destroy(&actions);
        if (r == 0)
                *ret = pid;
        return -r;
}

static int start(Deputy *d) {
        _cleanup_close_ int in = -1, out = -1, to = -1, from = -1;
        int fds[2], r;

        if (!reap(d))
                return -EBUSY;
        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        in = fds[0];
        to = fds[1];
        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        from = fds[0];
        out = fds[1];
        if (fcntl(to, F_SETFL, O_NONBLOCK) < 0)
                return -errno;
        r = spawn(&d->pid, in, out);
        if (r < 0)
                return r;
        d->to = TAKE_FD(to);
        d->from = TAKE_FD(from);
        return 0;
}

/* As write(2), but that nobody reads is an error only: `sockaudit list | head` needs the signal, and ours is none of its pipes. */
static ssize_t write_without_signal(int fd, const void *data, size_t size) {
        sigset_t pipe, before, pending;
        ssize_t n;
        int e;

        (void) sigemptyset(&pipe);
        (void) sigaddset(&pipe, SIGPIPE);
        (void) sigpending(&pending);
        (void) sigprocmask(SIG_BLOCK, &pipe, &before);
        n = write(fd, data, size);
        e = errno;
        if (n < 0 && e == EPIPE && !sigismember(&pending, SIGPIPE))
                (void) sigtimedwait(&pipe, NULL, &(struct timespec){});
        (void) sigprocmask(SIG_SETMASK, &before, NULL);
        errno = e;
        return n;
}

int deputy_ask(Deputy *d, const DeputyQuestion *q) {
        int r = d->pid > 0 ? 0 : start(d);

        if (r < 0)
                return r;
        if (write_without_signal(d->to, q, sizeof(*q)) == sizeof(*q))
                return 0;
        r = -errno;
        if (r != -EAGAIN)
                deputy_kill(d);
        return r;
}

int deputy_answer(Deputy *d, int wait, DeputyAnswer *ret) {
        struct pollfd p = { .fd = d->from, .events = POLLIN };
        ssize_t n;

        if (d->pid == 0)
                return -EPIPE;
        if (poll(&p, 1, wait) <= 0)
                return 0;
        n = read(d->from, ret, sizeof(*ret));
        if (n == sizeof(*ret))
                return 1;
        deputy_kill(d);
        return -EPIPE;
}

#define SLICE 20       /* msec */
#define STANDS_MAX 5   /* slices in a row, at the end of which it waits for something that no signal but SIGKILL ends */
#define SLICES_MAX 150 /* whatever it does: on a busy machine it may just not have had its turn */
#define RESTS 4        /* times as long as nobody answered */

/* Does it wait for a lock, or for a file system? */
static bool stands(const Deputy *d, int proc_fd) {
        ProcfsStat stat;

        return procfs_stat(proc_fd, (uint32_t) d->pid, &stat) == 0 && stat.state == 'D';
}

/* One question, where there is no other, and its answer. 1; 0 when what it asks does not answer: it was killed; or negative errno. */
static int consult(Deputy *d, int proc_fd, const DeputyQuestion *q, DeputyAnswer *ret) {
        int r = deputy_ask(d, q);
        unsigned stood = 0;

        for (unsigned i = 0; r == 0 && i < SLICES_MAX && stood < STANDS_MAX; i++) {
                r = deputy_answer(d, SLICE, ret);
                stood = r == 0 && stands(d, proc_fd) ? stood + 1 : 0;
        }
        if (r == 0)
                deputy_kill(d);
        return r;
}

/* They have no memory, and no arguments. */
static bool is_kernel_thread(const Process *p) {
        return !p->exe && (p->pid == 2 || p->parent == 2);
}

int deputy_cmdline(Deputy *d, int proc_fd, Process *p) {
        DeputyQuestion q = { .task = DEPUTY_CMDLINE, .pid = p->pid, .start_ticks = p->start_ticks };
        uint64_t began = clock_boottime();
        DeputyAnswer a;
        int r;

        if (is_kernel_thread(p) || began < d->rests)
                return 0;
        r = consult(d, proc_fd, &q, &a);
        if (r == 0) {
                uint64_t now = clock_boottime();

                p->cmdline_silent = true;
                d->rests = now + RESTS * (now - began);
        }
        if (r > 0 && a.size == -ESRCH)
                return -ESRCH;
        return r > 0 && a.size > 0 ? procfs_set_cmdline(p, a.data, MIN((size_t) a.size, sizeof(a.data))) : 0;
}
