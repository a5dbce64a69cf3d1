/* SPDX-License-Identifier: MIT */
#pragma once

/* What the programs share with each other, and with collect/hooks.c. */

#include "bpf/kernel.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf/record.h"

/* Enumerator of Use.flags beside RecordFlag. */
#define USE_LISTENS 128

/* What is remembered of a socket that is recorded: it has a Use, others have none. A socket that a listener gets is born with a copy of its listener's. */
struct Use {
        u64 opened;
        u32 segments; /* tcp_sock.segs_out when it began */
        u8 flags;
        bool used; /* it had a use before */
        struct RecordProcess opener, closer;
};

struct {
        __uint(type, BPF_MAP_TYPE_SK_STORAGE);
        __uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
        __type(key, int);
        __type(value, struct Use);
} uses SEC(".maps");

/* Processes of which nothing is to be recorded, as which program of theirs. Who is not in here is: there was no time yet to decide. */
struct {
        __uint(type, BPF_MAP_TYPE_HASH);
        __uint(map_flags, BPF_F_NO_PREALLOC);
        __uint(max_entries, 262144);
        __type(key, u32);
        __type(value, struct RecordProcess);
} skip SEC(".maps");

struct {
        __uint(type, BPF_MAP_TYPE_RINGBUF);
        __uint(max_entries, 1 << 24); /* collect/hooks.c may set another size */
} ring SEC(".maps");

struct {
        __uint(type, BPF_MAP_TYPE_PERCPU_HASH);
        __uint(max_entries, 1024);
        __type(key, u64); /* RecordSocket.netns */
        __type(value, struct RecordBook);
} books SEC(".maps");

struct {
        __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
        __uint(max_entries, _LOST_MAX);
        __type(key, u32);
        __type(value, u64);
} lost SEC(".maps");

struct {
        __uint(type, BPF_MAP_TYPE_HASH);
        __uint(max_entries, 4096);
        __type(key, u32); /* pid */
        __type(value, struct RecordLoss);
} lost_by SEC(".maps");

/* A process is told to have another name RENAME_MAX times in RENAME_SPAN nanoseconds. */
#define RENAME_MAX 8
#define RENAME_SPAN 1000000000

struct Span {
        u64 since, count;
};

struct {
        __uint(type, BPF_MAP_TYPE_LRU_HASH);
        __uint(max_entries, 1024);
        __type(key, u32); /* pid */
        __type(value, struct Span);
} renames SEC(".maps");

static __always_inline void lose(u32 what) {
        u64 *count = bpf_map_lookup_elem(&lost, &what);

        if (count)
                (*count)++;
}

/* Inode of the pid namespace whose numbers are told: that of the reader. */
const volatile __u32 pid_namespace = INIT_PID_NAMESPACE;

/* The reader's own: who only looks at a descriptor of another process can be the last that has it, and is not who closed it. */
const volatile __u32 own_pid = 0;

#define PID_LEVELS 32 /* MAX_PID_NS_LEVEL */

/* 0: it is in another pid namespace, from which that of the reader cannot be seen. */
static __noinline u32 pid_of(const struct task_struct *task) {
        const struct pid *pid;
        const char *numbers;
        u32 level;

        if (pid_namespace == INIT_PID_NAMESPACE)
                return (u32) task->tgid;
        pid = task->group_leader->thread_pid;
        level = BPF_CORE_READ(pid, level);
        numbers = (const char *) pid + bpf_core_field_offset(struct pid, numbers);
        for (u32 i = 0; i < PID_LEVELS && i <= level; i++) {
                const struct upid *number = (const void *) (numbers + i * bpf_core_type_size(struct upid));

                if (BPF_CORE_READ(number, ns, ns.inum) == pid_namespace)
                        return (u32) BPF_CORE_READ(number, nr);
        }
        return 0;
}

/* Is anything of who runs now to be recorded? */
static __always_inline bool is_skipped(const struct task_struct *task) {
        u32 pid = pid_of(task);
        const struct RecordProcess *p = bpf_map_lookup_elem(&skip, &pid);

        return p && p->exec == task->self_exec_id && p->start == task->group_leader->start_boottime;
}

static __always_inline void set_process(struct RecordProcess *ret, const struct task_struct *task) {
        ret->pid = pid_of(task);
        ret->exec = task->self_exec_id;
        ret->start = task->group_leader->start_boottime;
}

#define PF_EXITING 4

/* It ends by a signal. */
static __always_inline bool is_killed(const struct task_struct *task) {
        return task->flags & PF_EXITING && task->signal->group_exit_code & 0x7f;
}

static __always_inline u32 inode_of_socket(struct socket *socket) {
        struct socket_alloc *s = (struct socket_alloc *) socket;

        return s ? (u32) BPF_CORE_READ(s, vfs_inode.i_ino) : 0;
}

/* A use whose end has no room in the ring. */
static __always_inline void lose_close(const struct Use *use, u64 bytes_sent, u64 bytes_received) {
        struct RecordLoss first = {}, *loss;
        u32 pid = use->closer.pid ? use->closer.pid : use->opener.pid;

        loss = bpf_map_lookup_elem(&lost_by, &pid);
        if (!loss) {
                bpf_map_update_elem(&lost_by, &pid, &first, BPF_NOEXIST);
                loss = bpf_map_lookup_elem(&lost_by, &pid);
        }
        if (!loss)
                return;
        __sync_fetch_and_add(&loss->count, 1);
        __sync_fetch_and_add(&loss->bytes_sent, bytes_sent);
        __sync_fetch_and_add(&loss->bytes_received, bytes_received);
}
