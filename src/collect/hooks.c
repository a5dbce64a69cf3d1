/* SPDX-License-Identifier: MIT */

#include "collect/hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/fd.h"
#include "base/macro.h"
#include "collect/cgroup.h"
/* What bpftool writes is not held to our warnings. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wcast-qual"
#include "bpf/programs.skel.h"
#pragma GCC diagnostic pop

#define MOUNTS_MAX (64u << 20)

struct Hooks {
        struct programs *programs;
        struct ring_buffer *ring;
        struct bpf_link *links[_HOOK_MAX]; /* of options: libbpf attaches all others by itself */
        unsigned options;                  /* those that work */
        struct {
                int error;
                Hook program;
        } refused[_HOOK_OPTION_MAX];
        struct RecordBook *cpus; /* of a book, one a processor */
        int cpu_count;
        hooks_record_t take;
        void *userdata;
        unsigned room; /* records that the reading which goes on may still take */
};

static const char *const program_names[_HOOK_MAX] = {
        [HOOK_TCP] = "tcp_state",
        [HOOK_FORK] = "process_fork",
        [HOOK_EXEC] = "process_exec",
        [HOOK_RENAME] = "process_rename",
        [HOOK_EXIT] = "process_exit",
        [HOOK_PROCESSES] = "process_list",
        [HOOK_SOCKETS] = "socket_list",
        [HOOK_UDP_BIND4] = "udp_bind4",
        [HOOK_UDP_BIND6] = "udp_bind6",
        [HOOK_UDP_CONNECT4] = "udp_connect4",
        [HOOK_UDP_CONNECT6] = "udp_connect6",
        [HOOK_UDP_SEND4] = "udp_send4",
        [HOOK_UDP_SEND6] = "udp_send6",
        [HOOK_UDP_RELEASE] = "udp_release",
};

/* The set of options that it is loaded for; 0: it always is. */
static unsigned options_of(Hook program) {
        return program >= HOOK_UDP_BIND4 && program <= HOOK_UDP_RELEASE ? 1u << HOOK_OPTION_UDP : 0;
}

const char *hook_name(unsigned program) {
        return program < _HOOK_MAX ? program_names[program] : NULL;
}

/* What libbpf would say on stderr is said by whoever asked, as an error. */
static int say_nothing(enum libbpf_print_level level, const char *format, va_list arguments) {
        return 0;
}

static struct programs *open_programs(void) {
        struct programs *p;
        struct stat st;

        (void) libbpf_set_print(say_nothing);
        p = programs__open();
        if (p && stat("/proc/self/ns/pid", &st) == 0)
                p->rodata->pid_namespace = (uint32_t) st.st_ino;
        if (p)
                p->rodata->own_pid = (uint32_t) getpid();
        return p;
}

static struct bpf_program *program_of(struct programs *p, Hook program) {
        return bpf_object__find_program_by_name(p->obj, program_names[program]);
}

static int probe(Hook program) {
        struct programs *p = open_programs();
        int r;

        if (!p)
                return -errno;
        for (Hook i = 0; i < _HOOK_MAX; i++)
                (void) bpf_program__set_autoload(program_of(p, i), i == program);
        (void) bpf_map__set_max_entries(p->maps.ring, 1u << 16);
        r = programs__load(p);
        programs__destroy(p);
        return r;
}

int hooks_probe(int ret[_HOOK_MAX]) {
        for (Hook i = 0; i < _HOOK_MAX; i++)
                ret[i] = probe(i);
        return 0;
}

static int take_record(void *userdata, void *record, size_t size) {
        Hooks *h = userdata;

        h->room--;
        return h->take(h->userdata, record, size) > 0 || h->room == 0 ? -EINTR : 0; /* which ends the reading after this record */
}

/* The first of these programs that the kernel refuses; 0: none. options: of options_of(). */
static int refused(unsigned options, Hook *ret) {
        int r = 0;

        for (*ret = 0; *ret < _HOOK_MAX; (*ret)++) {
                r = options_of(*ret) == options ? probe(*ret) : 0;
                if (r < 0)
                        break;
        }
        return r;
}

static int load(Hooks *h, size_t ring_size) {
        int r = 0;

        h->programs = open_programs();
        if (!h->programs)
                return -errno;
        for (Hook i = 0; i < _HOOK_MAX; i++)
                (void) bpf_program__set_autoload(program_of(h->programs, i), (options_of(i) & ~h->options) == 0);
        if (ring_size != 0)
                r = bpf_map__set_max_entries(h->programs->maps.ring, (uint32_t) ring_size);
        return r < 0 ? r : programs__load(h->programs);
}

static void leave_out(Hooks *h, HookOption option, int error, Hook program) {
        h->options &= ~(1u << option);
        h->refused[option].error = error;
        h->refused[option].program = program;
}

/* Once more, without those options that are refused, if there are such. */
static int load_less(Hooks *h, size_t ring_size, int error) {
        unsigned options = h->options;

        for (HookOption o = 0; o < _HOOK_OPTION_MAX; o++) {
                Hook program;
                int r = options & 1u << o ? refused(1u << o, &program) : 0;

                if (r < 0)
                        leave_out(h, o, r, program);
        }
        if (h->options == options)
                return error;
        programs__destroy(h->programs);
        return load(h, ring_size);
}

static int open_root_group(void) {
        _cleanup_free_ char *mounts = NULL, *path = NULL;
        size_t size;
        int r = fd_read_at(AT_FDCWD, "/proc/self/mountinfo", MOUNTS_MAX, &mounts, &size), fd;

        if (r >= 0)
                r = cgroup_parse_mounts(mounts, &path);
        if (r < 0)
                return r;
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

/* What happens in any control group below it is told. */
static int attach_udp(Hooks *h, Hook *ret_refused) {
        _cleanup_close_ int group = open_root_group();

        *ret_refused = _HOOK_MAX;
        if (group < 0)
                return group;
        for (Hook i = HOOK_UDP_BIND4; i <= HOOK_UDP_RELEASE; i++) {
                h->links[i] = bpf_program__attach_cgroup(program_of(h->programs, i), group);
                if (!h->links[i]) {
                        *ret_refused = i;
                        return -errno;
                }
        }
        return 0;
}

static void detach_options(Hooks *h) {
        for (Hook i = 0; i < _HOOK_MAX; i++) {
                bpf_link__destroy(h->links[i]);
                h->links[i] = NULL;
        }
}

static int attach(Hooks *h) {
        int r = programs__attach(h->programs), error;
        Hook program;

        if (r < 0 || !(h->options & 1u << HOOK_OPTION_UDP))
                return r;
        error = attach_udp(h, &program);
        if (error < 0) {
                detach_options(h);
                leave_out(h, HOOK_OPTION_UDP, error, program);
        }
        return 0;
}

int hooks_option(const Hooks *h, HookOption option, Hook *ret_refused) {
        *ret_refused = h->refused[option].program;
        return h->refused[option].error < 0 ? h->refused[option].error : (h->options & 1u << option) != 0;
}

int hooks_open(Hooks **ret, size_t ring_size, unsigned options, Hook *ret_refused) {
        Hooks *h = calloc(1, sizeof(*h));
        int r;

        *ret_refused = _HOOK_MAX;
        if (!h)
                return -ENOMEM;
        h->options = options;
        h->cpu_count = libbpf_num_possible_cpus();
        r = h->cpu_count < 0 ? h->cpu_count : load(h, ring_size);
        if (r < 0 && h->options != 0)
                r = load_less(h, ring_size, r);
        if (r < 0) {
                hooks_free(h);
                return refused(0, ret_refused) ?: r;
        }
        h->cpus = calloc((size_t) h->cpu_count, sizeof(*h->cpus));
        h->ring = h->cpus ? ring_buffer__new(bpf_map__fd(h->programs->maps.ring), take_record, h, NULL) : NULL;
        r = h->ring ? attach(h) : -ENOMEM;
        if (r < 0) {
                hooks_free(h);
                return r;
        }
        *ret = h;
        return 0;
}

Hooks *hooks_free(Hooks *h) {
        if (h) {
                detach_options(h);
                ring_buffer__free(h->ring);
                programs__destroy(h->programs);
                free(h->cpus);
        }
        free(h);
        return NULL;
}

int hooks_fd(const Hooks *h) {
        return ring_buffer__epoll_fd(h->ring);
}

int hooks_read(Hooks *h, unsigned max, hooks_record_t take, void *userdata) {
        int r;

        h->take = take;
        h->userdata = userdata;
        h->room = max;
        r = ring_buffer__consume(h->ring);
        return r < 0 && r != -EINTR ? r : (int) (max - h->room);
}

/* A descriptor from which comes what the program says of all processes, or of one. -EOPNOTSUPP: of one alone it cannot (before Linux 6.1). */
static int iterate(const struct bpf_program *program, uint32_t pid) {
        union bpf_iter_link_info info = { .task.pid = pid };
        struct bpf_link_create_opts options = { .sz = sizeof(options), .iter_info = &info, .iter_info_len = sizeof(info) };
        _cleanup_close_ int link = bpf_link_create(bpf_program__fd(program), 0, BPF_TRACE_ITER, &options);

        if (link < 0)
                return link == -EINVAL || link == -E2BIG ? -EOPNOTSUPP : link;
        return bpf_iter_create(link);
}

int hooks_processes(const Hooks *h, uint32_t pid, void (*take)(void *userdata, const struct RecordListed *p), void *userdata) {
        _cleanup_close_ int fd = iterate(h->programs->progs.process_list, pid);
        struct RecordListed buffer[256];
        ssize_t n;

        if (fd < 0)
                return fd;
        while ((n = read(fd, buffer, sizeof(buffer))) > 0) {
                if ((size_t) n % sizeof(buffer[0]) != 0)
                        return -EIO;
                for (size_t i = 0; i < (size_t) n / sizeof(buffer[0]); i++)
                        take(userdata, &buffer[i]);
        }
        return n < 0 ? -errno : 0;
}

int hooks_sockets(const Hooks *h, uint32_t pid, bool marks) {
        h->programs->bss->marks = marks;
        return iterate(h->programs->progs.socket_list, pid);
}

int hooks_skip(Hooks *h, const struct RecordProcess *p, bool skip) {
        int fd = bpf_map__fd(h->programs->maps.skip);
        int r = skip ? bpf_map_update_elem(fd, &p->pid, p, BPF_ANY) : bpf_map_delete_elem(fd, &p->pid);

        return r == -ENOENT ? 0 : r;
}

int hooks_book(const Hooks *h, uint64_t netns, struct RecordBook *ret) {
        int r = bpf_map_lookup_elem(bpf_map__fd(h->programs->maps.books), &netns, h->cpus);

        if (r < 0)
                return r;
        *ret = (struct RecordBook){};
        for (int i = 0; i < h->cpu_count; i++) {
                ret->active += h->cpus[i].active;
                ret->passive += h->cpus[i].passive;
                ret->watched_active += h->cpus[i].watched_active;
                ret->watched_passive += h->cpus[i].watched_passive;
                ret->unsent += h->cpus[i].unsent;
        }
        return 0;
}

int hooks_lost(const Hooks *h, uint64_t ret[_LOST_MAX]) {
        _cleanup_free_ uint64_t *cpus = calloc((size_t) h->cpu_count, sizeof(*cpus));

        if (!cpus)
                return -ENOMEM;
        for (uint32_t i = 0; i < _LOST_MAX; i++) {
                int r = bpf_map_lookup_elem(bpf_map__fd(h->programs->maps.lost), &i, cpus);

                if (r < 0)
                        return r;
                ret[i] = 0;
                for (int cpu = 0; cpu < h->cpu_count; cpu++)
                        ret[i] += cpus[cpu];
        }
        return 0;
}

int hooks_take_losses(Hooks *h, void (*take)(void *userdata, uint32_t pid, const struct RecordLoss *loss), void *userdata) {
        int fd = bpf_map__fd(h->programs->maps.lost_by);
        struct RecordLoss loss;
        uint32_t pid;

        while (bpf_map_get_next_key(fd, NULL, &pid) == 0) {
                int r = bpf_map_lookup_and_delete_elem(fd, &pid, &loss);

                if (r < 0)
                        return r;
                take(userdata, pid, &loss);
        }
        return 0;
}
