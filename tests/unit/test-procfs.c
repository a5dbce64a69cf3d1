/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "collect/procfs.h"

#define STAT_TAIL                                                                                     \
        " S 812 901 901 0 -1 4194560 120 0 0 0 1 2 0 0 20 0 1 0 123456 9000000 100 18446744073709551615 " \
        "1 1 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0\n"

/* ---- Pure ---- */

static void test_parse_stat(void **state) {
        static const struct {
                const char *text, *comm;
        } cases[] = {
                { "901 (nginx)" STAT_TAIL, "nginx" },
                { "901 (a) S 1 (b))" STAT_TAIL, "a) S 1 (b)" },
                { "901 ())" STAT_TAIL, ")" },
                { "901 ()" STAT_TAIL, "" },
                { "901 (tmux: server)" STAT_TAIL, "tmux: server" },
                { "901 (two\nlines)" STAT_TAIL, "two\nlines" },
                { "901 (\x1b[31m\xff)" STAT_TAIL, "\x1b[31m\xff" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_process_ Process p;
                ProcfsStat stat;

                process_init(&p);
                assert_int_equal(procfs_parse_stat(cases[i].text, &p), 0);
                assert_string_equal(p.comm, cases[i].comm);
                assert_int_equal(p.pid, 901);
                assert_int_equal(p.parent, 812);
                assert_int_equal(p.start_ticks, 123456);
                assert_int_equal(p.start_usec, 123456 * 1000000ULL / (uint64_t) sysconf(_SC_CLK_TCK));
                assert_int_equal(procfs_parse_stat_line(cases[i].text, &stat), 0);
                assert_int_equal(stat.start_ticks, 123456);
                assert_string_equal(stat.comm, cases[i].comm);
                assert_false(stat.headless);
        }
}

static void test_parse_stat_bad(void **state) {
        static const char *const bad[] = {
                "", "901", "901 (x", "901 (x)", "901 x)" STAT_TAIL, "(x)" STAT_TAIL, ")(", "901 )(", "9999999999 (x)" STAT_TAIL,
                "-1 (x)" STAT_TAIL, "901 (x) S -812 901", "901 (x) S 812 901 901 0 -1 4194560",
                "901 (x) S 812 901 901 0 -1 4194560 120 0 0 0 1 2 0 0 20 0 1 0 ",
                "901 (x) S 812 901 901 0 -1 4194560 120 0 0 0 1 2 0 0 20 0 1 0 -5 1",
                "901 (x) S 812 901 901 0 -1 4194560 120 0 0 0 1 2 0 0 20 0 1 0 18446744073709551615 1",
        };
        _cleanup_process_ Process p;
        ProcfsStat stat = { .start_ticks = 7 };

        process_init(&p);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                assert_int_equal(procfs_parse_stat(bad[i], &p), -EINVAL);
                assert_int_equal(procfs_parse_stat_line(bad[i], &stat), -EINVAL);
        }
        assert_null(p.comm);
        assert_int_equal(p.pid, 0);
        assert_int_equal(stat.start_ticks, 7);
}

/* Its first thread may have ended, and all of it, while its parent does not look. */
static void test_parse_stat_dead(void **state) {
        static const struct {
                char letter;
                int threads, answer;
                bool headless;
        } cases[] = { { 'S', 1, 0, false }, { 'Z', 1, -ESRCH, false }, { 'X', 0, -ESRCH, false }, { 'Z', 2, 0, true }, { 'R', 9, 0, false } };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_process_ Process p;
                ProcfsStat stat = {};
                char text[128];

                process_init(&p);
                (void) snprintf(text, sizeof(text), "901 (x) %c 812 901 901 0 -1 4194560 120 0 0 0 1 2 0 0 20 0 %d 0 123456 1 1",
                                cases[i].letter, cases[i].threads);
                assert_int_equal(procfs_parse_stat(text, &p), cases[i].answer);
                assert_int_equal(procfs_parse_stat_line(text, &stat), cases[i].answer);
                assert_int_equal(stat.headless, cases[i].headless);
        }
}

static void test_parse_status(void **state) {
        Process p;

        process_init(&p);
        assert_int_equal(procfs_parse_status("Name:\tx\\nUid:\t9\nUmask:\t0022\nUid:\t1000\t0\t0\t0\nGid:\t33\t34\t33\t33\n", &p), 0);
        assert_int_equal(p.uid, 1000);
        assert_int_equal(p.effective_uid, 0);
        assert_int_equal(p.gid, 33);
        assert_int_equal(procfs_parse_status("Uid:\t4294967295\t1\nGid:\t2\t3", &p), 0);
        assert_true(p.uid == UINT32_MAX);
}

static void test_parse_status_bad(void **state) {
        static const char *const bad[] = {
                "", "\n\n", "Uid:", "Uid:\t1\t1\n", "Gid:\t1\t1\n", "Uid:\t1\nGid:\t1\t1\n", "Uid:\t4294967296\t1\nGid:\t1\t1\n",
                "Name:\tUid:\t1\t1\nGid:\t1\t1\n", "Uid:\tx\t1\nGid:\t1\t1\n",
        };
        Process p;

        process_init(&p);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(procfs_parse_status(bad[i], &p), -EINVAL);
        assert_true(p.uid == PROCESS_UNKNOWN && p.gid == PROCESS_UNKNOWN);
}

static void test_parse_cgroup(void **state) {
        static const struct {
                const char *text, *cgroup, *unit;
        } cases[] = {
                { "0::/system.slice/nginx.service\n", "/system.slice/nginx.service", "nginx.service" },
                { "0::/system.slice/nginx.service", "/system.slice/nginx.service", "nginx.service" },
                { "0::/system.slice/nginx.service (deleted)\n", "/system.slice/nginx.service", "nginx.service" },
                { "0::/\n", "/", NULL },
                /* both hierarchies: whichever says more */
                { "12:cpu,cpuacct:/a\n1:name=systemd:/system.slice/ssh.service\n0::/\n", "/system.slice/ssh.service", "ssh.service" },
                { "1:name=systemd:/x.slice/a.service\n0::/system.slice/b.service\n", "/system.slice/b.service", "b.service" },
                { "1:name=systemd:/\n0::/b.service\n", "/b.service", "b.service" },
                { "1:name=systemd:/c.scope\n", "/c.scope", "c.scope" },
                { "0::/a:b/c::/d.service\n", "/a:b/c::/d.service", "d.service" },
                { "0::/foo\\x2dbar.service\n", "/foo\\x2dbar.service", "foo\\x2dbar.service" },
                { "0::/../other\n", "/../other", NULL },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_process_ Process p;

                process_init(&p);
                assert_int_equal(procfs_parse_cgroup("0::/before.service\n", &p), 0); /* is replaced, not leaked */
                assert_int_equal(procfs_parse_cgroup(cases[i].text, &p), 0);
                assert_string_equal(p.cgroup, cases[i].cgroup);
                if (cases[i].unit)
                        assert_string_equal(p.unit, cases[i].unit);
                else
                        assert_null(p.unit);
        }
}

static void test_parse_cgroup_bad(void **state) {
        static const char *const bad[] = { "", "\n", "0::", "0::x\n", "::/x\n", "4:memory:/x\n", "x::/y\n", "0:/\n" };
        Process p;

        process_init(&p);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(procfs_parse_cgroup(bad[i], &p), -EINVAL);
        assert_null(p.cgroup);
}

static void test_parse_link(void **state) {
        static const char *const bad[] = {
                "", "socket", "socket:", "socket:[", "socket:[]", "socket:[1", "socket:[1]x", "socket:[-1]", "socket:[ 1]",
                "socket:[4294967296]", "/socket:[1]", "pipe:[1]", "socket:[1] (deleted)",
        };
        uint32_t inode = 7;

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(procfs_parse_link(bad[i], "socket", &inode), -EINVAL);
        assert_int_equal(inode, 7);
        assert_int_equal(procfs_parse_link("socket:[4294967295]", "socket", &inode), 0);
        assert_true(inode == UINT32_MAX);
        assert_int_equal(procfs_parse_link("net:[4026531840]", "net", &inode), 0);
        assert_true(inode == 4026531840U);
}

/* ---- A tree that looks like /proc ---- */

static char tree[] = "/tmp/test-procfs.XXXXXX";

static void put(const char *path, const char *data, size_t size) {
        char full[256];
        int fd;

        (void) snprintf(full, sizeof(full), "%s/%s", tree, path);
        fd = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, data, size), size);
        close(fd);
}

static void put_text(const char *path, const char *text) {
        put(path, text, strlen(text));
}

static void put_link(const char *path, const char *to) {
        char full[256];

        (void) snprintf(full, sizeof(full), "%s/%s", tree, path);
        assert_int_equal(symlink(to, full), 0);
}

static void put_dir(const char *path) {
        char full[256];

        (void) snprintf(full, sizeof(full), "%s/%s", tree, path);
        assert_int_equal(mkdir(full, 0700), 0);
}

static int tree_make(void **state) {
        assert_non_null(mkdtemp(tree));
        put_dir("901");
        put_dir("901/fd");
        put_dir("901/ns");
        put_text("901/stat", "901 (a) S b)" STAT_TAIL);
        put_text("901/status", "Name:\ta\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\n");
        put_text("901/cgroup", "0::/system.slice/a.service\n");
        put("901/cmdline", "a\0-x y\0\0", 8);
        put_text("901/loginuid", "1000");
        put_text("901/sessionid", "4294967295");
        put_link("901/exe", "/usr/bin/a (deleted)");
        put_link("901/ns/net", "net:[4026531840]");
        put_link("901/fd/0", "/dev/null");
        put_link("901/fd/3", "socket:[77]");
        put_link("901/fd/4", "pipe:[78]");
        put_link("901/fd/12", "socket:[79]");
        put_link("901/fd/13", "/tmp/socket:[80]/a/long/path/of/some/file/that/is/no/socket");
        put_link("901/fd/x", "socket:[81]");
        put_dir("7");
        put_text("7/stat", "8 (x)" STAT_TAIL);
        put_dir("70");
        put_dir("self");
        put_text("70000", "a file");
        *state = (void *) (intptr_t) open(tree, O_PATH | O_DIRECTORY | O_CLOEXEC);
        return 0;
}

static int tree_remove(void **state) {
        char command[64];

        close((int) (intptr_t) *state);
        (void) snprintf(command, sizeof(command), "rm -rf %s", tree);
        return system(command);
}

static void test_tree_list(void **state) {
        _cleanup_free_ uint32_t *pids = NULL;
        size_t count = 0;

        assert_int_equal(procfs_list((int) (intptr_t) *state, &pids, &count), 0);
        assert_int_equal(count, 4);
        assert_int_equal(pids[0], 7);
        assert_int_equal(pids[1], 70);
        assert_int_equal(pids[2], 901);
        assert_int_equal(pids[3], 70000);
}

static void read_cmdline(int proc_fd, Process *p) {
        char text[256];
        ssize_t n = procfs_cmdline(proc_fd, p->pid, p->start_ticks, text, sizeof(text));

        assert_true(n >= 0);
        assert_int_equal(procfs_set_cmdline(p, text, (size_t) n), 0);
}

static void test_tree_read(void **state) {
        int proc_fd = (int) (intptr_t) *state;
        _cleanup_process_ Process p, q;

        process_init(&p);
        process_init(&q);
        assert_int_equal(procfs_read(proc_fd, 901, PROCFS_ALL, &p), 0);
        assert_int_equal(p.pid, 901);
        assert_string_equal(p.comm, "a) S b");
        assert_string_equal(p.exe, "/usr/bin/a");
        assert_int_equal(p.exe_state, EXE_DELETED);
        assert_true(p.exe_file.inode == 0);
        read_cmdline(proc_fd, &p);
        assert_string_equal(p.cmdline, "a -x y");
        assert_int_equal(p.cmdline_size, 6);
        assert_string_equal(p.unit, "a.service");
        assert_int_equal(p.uid, 1);
        assert_int_equal(p.effective_uid, 2);
        assert_int_equal(p.gid, 5);
        assert_int_equal(p.login_uid, 1000);
        assert_true(p.audit_session == PROCESS_UNKNOWN);
        assert_true(p.netns_inode == 4026531840U);

        assert_int_equal(procfs_read(proc_fd, 901, 0, &q), 0);
        assert_null(q.exe);
        assert_null(q.cmdline);
        assert_true(q.login_uid == PROCESS_UNKNOWN);
        assert_int_equal(q.netns_inode, 0);
        assert_string_equal(q.cgroup, "/system.slice/a.service");
}

static void test_tree_cgroup(void **state) {
        int proc_fd = (int) (intptr_t) *state;
        _cleanup_process_ Process p;

        process_init(&p);
        assert_int_equal(procfs_cgroup(proc_fd, 901, &p), 0);
        assert_string_equal(p.cgroup, "/system.slice/a.service");
        assert_string_equal(p.unit, "a.service");
        assert_int_equal(procfs_cgroup(proc_fd, 902, &p), -ESRCH);
        assert_int_equal(procfs_cgroup(proc_fd, 70, &p), -ESRCH);
}

static void test_tree_gone(void **state) {
        int proc_fd = (int) (intptr_t) *state;
        ProcfsStat stat = { .start_ticks = 5 };
        Process p;

        process_init(&p);
        assert_int_equal(procfs_read(proc_fd, 902, PROCFS_ALL, &p), -ESRCH);
        assert_int_equal(procfs_read(proc_fd, 70, PROCFS_ALL, &p), -ESRCH);    /* died between two reads */
        assert_int_equal(procfs_read(proc_fd, 7, PROCFS_ALL, &p), -ESRCH);     /* somebody else's stat */
        assert_int_equal(procfs_read(proc_fd, 70000, PROCFS_ALL, &p), -ESRCH); /* no directory */
        assert_int_equal(procfs_stat(proc_fd, 902, &stat), -ESRCH);
        assert_int_equal(stat.start_ticks, 5);
        assert_int_equal(procfs_stat(proc_fd, 901, &stat), 0);
        assert_int_equal(stat.start_ticks, 123456);
}

typedef struct Found {
        int fd[8];
        uint32_t inode[8];
        size_t count;
        int answer;
} Found;

static int found_add(void *userdata, int fd, uint32_t inode) {
        Found *f = userdata;

        if (f->count < ELEMENTSOF(f->fd)) {
                f->fd[f->count] = fd;
                f->inode[f->count] = inode;
        }
        f->count++;
        return f->answer;
}

static void test_tree_sockets(void **state) {
        int proc_fd = (int) (intptr_t) *state;
        Found f = {};

        assert_int_equal(procfs_sockets(proc_fd, 901, 123456, found_add, &f), 2);
        assert_int_equal(f.count, 2);
        for (size_t i = 0; i < 2; i++)
                assert_true((f.fd[i] == 3 && f.inode[i] == 77) || (f.fd[i] == 12 && f.inode[i] == 79));

        f = (Found){ .answer = -EXFULL };
        assert_int_equal(procfs_sockets(proc_fd, 901, 0, found_add, &f), -EXFULL);
        assert_int_equal(f.count, 1);

        f = (Found){};
        assert_int_equal(procfs_sockets(proc_fd, 901, 123457, found_add, &f), -ESRCH);
        assert_int_equal(procfs_sockets(proc_fd, 902, 0, found_add, &f), -ESRCH);
        assert_int_equal(procfs_sockets(proc_fd, 70, 0, found_add, &f), -ESRCH);
        assert_int_equal(f.count, 0);
}

typedef struct Own {
        bool seen[4096];
        size_t count;
} Own;

static int own_add(void *userdata, int fd, uint32_t inode) {
        Own *own = userdata;

        assert_in_range(fd, 0, ELEMENTSOF(own->seen) - 1);
        assert_false(own->seen[fd]);
        own->seen[fd] = true;
        own->count++;
        return 0;
}

/* Our own descriptors: without holes, with some, and with so many that they are listed from the middle on. */
static void test_self_sockets(void **state) {
        static const int numbers[] = { 50, 51, 52, 53, 54, 55, 56, 57, 58, 70, 71, 90, 200, 201, 900, 1023 };
        int proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC), sockets[ELEMENTSOF(numbers)];

        assert_true(proc_fd >= 0);
        for (size_t n = 0; n <= ELEMENTSOF(numbers); n++) {
                Own own = {}, before = {};

                assert_true(procfs_sockets(proc_fd, (uint32_t) getpid(), 0, own_add, &before) >= 0);
                for (size_t i = 0; i < n; i++) {
                        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

                        assert_true(fd >= 0);
                        sockets[i] = dup3(fd, numbers[i], O_CLOEXEC);
                        assert_int_equal(sockets[i], numbers[i]);
                        assert_int_equal(close(fd), 0);
                }
                assert_int_equal(procfs_sockets(proc_fd, (uint32_t) getpid(), 0, own_add, &own), before.count + n);
                assert_int_equal(own.count, before.count + n);
                for (size_t i = 0; i < n; i++) {
                        assert_true(own.seen[numbers[i]]);
                        assert_int_equal(close(sockets[i]), 0);
                }
        }
        assert_int_equal(close(proc_fd), 0);
}

#define MIDST 50
#define LAST 70

/* In the midst of the walk others are opened below the last one: then there are as many as the kernel had counted before it comes. */
static int own_add_and_open(void *userdata, int fd, uint32_t inode) {
        for (int n = MIDST + 1; fd == MIDST && n < LAST; n++)
                assert_int_equal(dup3(MIDST, n, O_CLOEXEC), n);
        return own_add(userdata, fd, inode);
}

static void test_self_opens_meanwhile(void **state) {
        int proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC), fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        int numbers[MIDST + 1], count = 0;
        Own own = {};

        /* So many before it that the walk goes on by number. */
        do
                numbers[count++] = fcntl(fd, F_DUPFD_CLOEXEC, 0);
        while (numbers[count - 1] < MIDST);
        assert_int_equal(dup3(fd, LAST, O_CLOEXEC), LAST);
        assert_int_equal(close(numbers[0]), 0); /* for what the walk itself opens */
        assert_int_equal(close(numbers[1]), 0);
        assert_true(procfs_sockets(proc_fd, (uint32_t) getpid(), 0, own_add_and_open, &own) > 0);
        assert_true(own.seen[MIDST] && own.seen[MIDST + 1] && own.seen[LAST]);
        while (count > 2)
                assert_int_equal(close(numbers[--count]), 0);
        for (int n = MIDST + 1; n <= LAST; n++)
                assert_int_equal(close(n), 0);
        assert_int_equal(close(fd), 0);
        assert_int_equal(close(proc_fd), 0);
}

static void test_tree_holds(void **state) {
        int proc_fd = (int) (intptr_t) *state;

        assert_int_equal(procfs_holds(proc_fd, 901, 123456, 3, 77), 1);
        assert_int_equal(procfs_holds(proc_fd, 901, 0, 3, 77), 1);
        assert_int_equal(procfs_holds(proc_fd, 901, 123456, 3, 78), 0);
        assert_int_equal(procfs_holds(proc_fd, 901, 123456, 4, 78), 0); /* a pipe */
        assert_int_equal(procfs_holds(proc_fd, 901, 123456, 99, 77), 0);
        assert_int_equal(procfs_holds(proc_fd, 901, 1, 3, 77), -ESRCH);
        assert_int_equal(procfs_holds(proc_fd, 902, 0, 3, 77), -ESRCH);
}

/* ---- The real one ---- */

static void test_self(void **state) {
        _cleanup_close_ int proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
        _cleanup_close_ int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        _cleanup_process_ Process p;
        struct stat st;
        ProcfsStat line;
        char text[256];
        Found f = {};

        process_init(&p);
        assert_int_equal(prctl(PR_SET_NAME, "a) S 1\n(b"), 0);
        assert_int_equal(procfs_read(proc_fd, (uint32_t) getpid(), PROCFS_ALL, &p), 0);
        assert_string_equal(p.comm, "a) S 1\n(b");
        assert_int_equal(p.parent, getppid());
        assert_int_equal(p.uid, getuid());
        assert_int_equal(p.effective_uid, geteuid());
        assert_int_equal(p.gid, getgid());
        assert_int_equal(p.exe_state, EXE_PRESENT);
        assert_non_null(p.cwd);
        assert_int_equal(stat("/proc/self/exe", &st), 0);
        assert_true(p.exe_file.inode == st.st_ino && p.exe_file.device == st.st_dev && p.exe_file.size == (uint64_t) st.st_size);
        read_cmdline(proc_fd, &p);
        assert_non_null(p.cmdline);
        assert_int_equal(procfs_cmdline(proc_fd, p.pid, p.start_ticks + 1, text, sizeof(text)), -ESRCH);
        assert_int_equal(strlen(p.cmdline), p.cmdline_size);
        assert_true(p.netns_inode != 0);
        assert_int_equal(procfs_stat(proc_fd, p.pid, &line), 0);
        assert_int_equal(line.start_ticks, p.start_ticks);
        assert_string_equal(line.comm, p.comm);

        assert_int_equal(fstat(s, &st), 0);
        assert_int_equal(procfs_holds(proc_fd, p.pid, p.start_ticks, s, (uint32_t) st.st_ino), 1);
        assert_int_equal(procfs_holds(proc_fd, p.pid, p.start_ticks, s, (uint32_t) st.st_ino + 1), 0);
        assert_true(procfs_sockets(proc_fd, p.pid, p.start_ticks, found_add, &f) >= 1);
}

static void *outlive(void *userdata) {
        _cleanup_close_ int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        char c = (char) s;

        if (write(((int *) userdata)[1], &c, 1) == 1)
                pause();
        return NULL;
}

/* A process whose first thread has ended holds what its other threads hold. */
static void test_headless(void **state) {
        _cleanup_close_ int proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
        int pipe_fds[2], r;
        ProcfsStat line = {};
        Found f = {};
        pid_t pid;
        char c;

        assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
        pid = fork();
        if (pid == 0) {
                pthread_t thread;

                (void) pthread_create(&thread, NULL, outlive, pipe_fds);
                (void) syscall(SYS_exit, 0); /* this thread alone */
        }
        assert_int_equal(read(pipe_fds[0], &c, 1), 1);
        for (int i = 0; i < 1000 && !line.headless; i++, usleep(1000))
                assert_int_equal(procfs_stat(proc_fd, (uint32_t) pid, &line), 0);
        assert_true(line.headless);
        r = procfs_sockets(proc_fd, (uint32_t) pid, line.start_ticks, found_add, &f);
        assert_true(r >= 1);
        assert_int_equal(f.fd[f.count - 1], c);
        assert_int_equal(procfs_holds(proc_fd, (uint32_t) pid, line.start_ticks, c, f.inode[f.count - 1]), 1);
        assert_int_equal(kill(pid, SIGKILL), 0);
        /* It has ended, and nobody has waited for it yet. */
        for (r = 0; r != -ESRCH; usleep(1000))
                r = procfs_stat(proc_fd, (uint32_t) pid, &line);
        assert_int_equal(procfs_sockets(proc_fd, (uint32_t) pid, line.start_ticks, found_add, &f), -ESRCH);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        (void) close(pipe_fds[0]);
        (void) close(pipe_fds[1]);
}

/* A program that waits to be killed, from a file that is open, or at a path. */
static pid_t run_program(int fd, const char *path) {
        int pipes[2];
        pid_t pid;
        char c;

        assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                char *const arguments[] = { (char[]){ "sleep" }, (char[]){ "60" }, NULL };

                if (fd >= 0)
                        (void) fexecve(fd, arguments, environ);
                else
                        (void) execv(path, arguments);
                _exit(1);
        }
        close(pipes[1]);
        assert_int_equal(read(pipes[0], &c, 1), 0); /* closed by the exec */
        close(pipes[0]);
        return pid;
}

static void check_exe(pid_t pid, ExeState state, const char *path) {
        _cleanup_close_ int proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
        _cleanup_process_ Process p;

        process_init(&p);
        assert_int_equal(procfs_read(proc_fd, (uint32_t) pid, PROCFS_EXE, &p), 0);
        assert_int_equal(p.exe_state, state);
        assert_string_equal(p.exe, path);
}

static void end_program(pid_t pid) {
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void copy_sleep(const char *path) {
        char command[160];

        (void) snprintf(command, sizeof(command), "cp \"$(command -v sleep)\" '%s'", path);
        assert_int_equal(system(command), 0);
}

/* A program whose name ends in " (deleted)" is not a deleted program; a deleted one is, and one that was replaced is neither. */
static void test_self_exe(void **state) {
        char copy[64], other[64], fake[64];
        pid_t pid;

        (void) snprintf(copy, sizeof(copy), "%s/sleep (deleted)", tree);
        (void) snprintf(other, sizeof(other), "%s/new", tree);
        copy_sleep(copy);
        copy_sleep(other);
        pid = run_program(-1, copy);
        check_exe(pid, EXE_PRESENT, copy);
        assert_int_equal(unlink(copy), 0);
        check_exe(pid, EXE_DELETED, copy);
        assert_int_equal(rename(other, copy), 0);
        check_exe(pid, EXE_REPLACED, copy);
        assert_int_equal(unlink(copy), 0);
        check_exe(pid, EXE_DELETED, copy);
        end_program(pid);

        /* A file that is only called like one of memfd_create(2). */
        (void) snprintf(fake, sizeof(fake), "%s/memfd:x", tree);
        copy_sleep(fake);
        pid = run_program(-1, fake);
        assert_int_equal(unlink(fake), 0);
        check_exe(pid, EXE_DELETED, fake);
        end_program(pid);
}

static void test_self_memfd(void **state) {
        _cleanup_close_ int fd = memfd_create("a b", MFD_CLOEXEC), source = -1;
        char copy[64], buffer[65536];
        ssize_t n;
        pid_t pid;

        (void) snprintf(copy, sizeof(copy), "%s/source", tree);
        copy_sleep(copy);
        source = open(copy, O_RDONLY | O_CLOEXEC);
        assert_true(fd >= 0 && source >= 0);
        while ((n = read(source, buffer, sizeof(buffer))) > 0)
                assert_int_equal(write(fd, buffer, (size_t) n), n);
        pid = run_program(fd, NULL);
        check_exe(pid, EXE_MEMFD, "/memfd:a b");
        end_program(pid);
}

typedef struct Waker {
        int wake[2], woken[2];
} Waker;

static void *wait_to_be_woken(void *userdata) {
        const Waker *w = userdata;
        char c = 0;

        for (;;)
                if (write(w->woken[1], &c, 1) != 1 || read(w->wake[0], &c, 1) != 1)
                        _exit(1);
}

/* A child that waits has not run; one that was woken has, whichever of its threads it was. */
static void check_ran(bool threaded) {
        int proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
        uint64_t before = 0, now = 0;
        char c = 0;
        pid_t pid;
        Waker w;

        assert_int_equal(pipe(w.wake), 0);
        assert_int_equal(pipe(w.woken), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                pthread_t thread;

                if (threaded && pthread_create(&thread, NULL, wait_to_be_woken, &w) == 0)
                        (void) pthread_join(thread, NULL);
                (void) wait_to_be_woken(&w);
        }
        assert_int_equal(read(w.woken[0], &c, 1), 1);
        for (int tries = 0; tries < 1000; tries++) {
                /* until it has gone to sleep */
                assert_int_equal(procfs_ran(proc_fd, (uint32_t) pid, 0, &before), 0);
                (void) usleep(10000);
                assert_int_equal(procfs_ran(proc_fd, (uint32_t) pid, before, &now), 0);
                if (now == before)
                        break;
        }
        assert_true(now == before && now != 0);
        assert_int_equal(write(w.wake[1], &c, 1), 1);
        assert_int_equal(read(w.woken[0], &c, 1), 1);
        for (int tries = 0; tries < 1000 && now == before; tries++) {
                (void) usleep(1000); /* it may not have left its processor yet */
                assert_int_equal(procfs_ran(proc_fd, (uint32_t) pid, before, &now), 0);
        }
        assert_true(now != before);
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        assert_int_equal(procfs_ran(proc_fd, (uint32_t) pid, before, &now), -ESRCH);
        for (int i = 0; i < 2; i++) {
                assert_int_equal(close(w.wake[i]), 0);
                assert_int_equal(close(w.woken[i]), 0);
        }
        assert_int_equal(close(proc_fd), 0);
}

static void test_ran(void **state) {
        check_ran(false);
        check_ran(true);
}

/* Two programs that execute each other for ever, under DIRECTORY. */
static pid_t start_twins(const char *directory) {
        static const char *const names[] = { "one", "two" };
        char command[512], path[128], loop[128];
        pid_t pid;

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                (void) snprintf(command, sizeof(command), "cp /bin/sh %s/%s", directory, names[i]);
                assert_int_equal(system(command), 0);
        }
        (void) snprintf(command, sizeof(command), "echo '[ $2 = one ] && exec $1/one $0 $1 two; exec $1/two $0 $1 one' >%s/loop", directory);
        assert_int_equal(system(command), 0);
        (void) snprintf(path, sizeof(path), "%s/one", directory);
        (void) snprintf(loop, sizeof(loop), "%s/loop", directory);
        pid = fork();
        if (pid == 0) {
                (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
                execl(path, path, loop, directory, "two", NULL);
                _exit(1);
        }
        return pid;
}

/* In the midst of an exec it is the one or the other. The kernel changes the program a moment before the name: that can be seen, but
 * hardly ever. */
static void test_exec_meanwhile(void **state) {
        _cleanup_close_ int proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
        char directory[] = "/tmp/test-procfs-XXXXXX", command[64];
        unsigned halves = 0, read = 0, seen[2] = {};
        pid_t pid;

        (void) state;
        assert_non_null(mkdtemp(directory));
        pid = start_twins(directory);
        while (read < 4000) {
                _cleanup_process_ Process p;

                process_init(&p);
                if (procfs_read(proc_fd, (uint32_t) pid, PROCFS_EXE, &p) < 0 || !p.exe || (strcmp(p.comm, "one") != 0 && strcmp(p.comm, "two") != 0))
                        continue;
                read++;
                halves += strcmp(strrchr(p.exe, '/') + 1, p.comm) != 0;
                seen[p.comm[0] == 't']++;
        }
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        (void) snprintf(command, sizeof(command), "rm -r %s", directory);
        assert_int_equal(system(command), 0);
        print_message("%u of %u are halves\n", halves, read);
        assert_in_range(halves, 0, 20);
        assert_true(seen[0] > 100 && seen[1] > 100);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_parse_stat),   cmocka_unit_test(test_parse_stat_bad), cmocka_unit_test(test_parse_stat_dead),
                cmocka_unit_test(test_parse_status), cmocka_unit_test(test_parse_status_bad),
                cmocka_unit_test(test_parse_cgroup), cmocka_unit_test(test_parse_cgroup_bad),
                cmocka_unit_test(test_parse_link),   cmocka_unit_test(test_tree_list),
                cmocka_unit_test(test_tree_read),    cmocka_unit_test(test_tree_cgroup),
                cmocka_unit_test(test_tree_gone),
                cmocka_unit_test(test_tree_sockets), cmocka_unit_test(test_tree_holds),
                cmocka_unit_test(test_self),         cmocka_unit_test(test_self_exe),
                cmocka_unit_test(test_headless),
                cmocka_unit_test(test_self_memfd),   cmocka_unit_test(test_self_sockets),
                cmocka_unit_test(test_ran),          cmocka_unit_test(test_exec_meanwhile),
                cmocka_unit_test(test_self_opens_meanwhile),
        };

        return cmocka_run_group_tests(tests, tree_make, tree_remove);
}
