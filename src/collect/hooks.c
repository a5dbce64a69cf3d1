/* SPDX-License-Identifier: MIT */

#include "collect/hooks.h"

#include <errno.h>
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
/* What bpftool writes is not held to our warnings. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wcast-qual"
#include "bpf/programs.skel.h"
#pragma GCC diagnostic pop

struct Hooks {
        struct programs *programs;
        struct ring_buffer *ring;
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
};

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

/* Which of them it was that made the whole fail. */
static int refused(int error, Hook *ret) {
        int errors[_HOOK_MAX];

        (void) hooks_probe(errors);
        for (Hook i = 0; i < _HOOK_MAX; i++)
                if (errors[i] < 0) {
                        *ret = i;
                        return errors[i];
                }
        *ret = _HOOK_MAX;
        return error;
}

int hooks_open(Hooks **ret, size_t ring_size, Hook *ret_refused) {
        Hooks *h = calloc(1, sizeof(*h));
        int r;

        *ret_refused = _HOOK_MAX;
        if (!h)
                return -ENOMEM;
        h->cpu_count = libbpf_num_possible_cpus();
        h->programs = open_programs();
        r = h->programs ? 0 : -errno;
        if (r == 0 && h->cpu_count < 0)
                r = h->cpu_count;
        if (r == 0 && ring_size != 0)
                r = bpf_map__set_max_entries(h->programs->maps.ring, (uint32_t) ring_size);
        if (r == 0)
                r = programs__load(h->programs);
        if (r < 0) {
                hooks_free(h);
                return refused(r, ret_refused);
        }
        h->cpus = calloc((size_t) h->cpu_count, sizeof(*h->cpus));
        h->ring = h->cpus ? ring_buffer__new(bpf_map__fd(h->programs->maps.ring), take_record, h, NULL) : NULL;
        r = h->ring ? programs__attach(h->programs) : -ENOMEM;
        if (r < 0) {
                hooks_free(h);
                return r;
        }
        *ret = h;
        return 0;
}

Hooks *hooks_free(Hooks *h) {
        if (h) {
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

/* An iterator over one process; fails before Linux 6.1. */
static struct bpf_link *link_one(const struct bpf_program *program, uint32_t pid) {
        union bpf_iter_link_info info = { .task = { .pid = pid } };
        LIBBPF_OPTS(bpf_iter_attach_opts, options, .link_info = &info, .link_info_len = sizeof(info));

        return bpf_program__attach_iter(program, &options);
}

static int list_processes(int fd, void (*take)(void *userdata, const struct RecordListed *p), void *userdata) {
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

int hooks_processes(const Hooks *h, uint32_t pid, void (*take)(void *userdata, const struct RecordListed *p), void *userdata) {
        struct bpf_link *one = pid != 0 ? link_one(h->programs->progs.process_list, pid) : NULL;
        _cleanup_close_ int fd = -1;
        int r;

        if (pid != 0 && !one)
                return -errno;
        fd = bpf_iter_create(bpf_link__fd(one ?: h->programs->links.process_list));
        r = list_processes(fd, take, userdata);
        bpf_link__destroy(one);
        return r;
}

/* What is read does not need the link any more. */
int hooks_sockets(const Hooks *h, uint32_t pid, bool marks) {
        struct bpf_link *one = link_one(h->programs->progs.socket_list, pid);
        int fd;

        if (!one)
                return errno == E2BIG || errno == EINVAL ? -EOPNOTSUPP : -errno;
        h->programs->bss->marks = marks;
        fd = bpf_iter_create(bpf_link__fd(one));
        bpf_link__destroy(one);
        return fd;
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
