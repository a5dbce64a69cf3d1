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

static __always_inline void lose(u32 what) {
        u64 *count = bpf_map_lookup_elem(&lost, &what);

        if (count)
                (*count)++;
}

/* Is anything of who runs now to be recorded? */
static __always_inline bool is_skipped(const struct task_struct *task) {
        u32 pid = (u32) task->tgid;
        const struct RecordProcess *p = bpf_map_lookup_elem(&skip, &pid);

        return p && p->exec == task->self_exec_id && p->start == task->group_leader->start_boottime;
}

static __always_inline void set_process(struct RecordProcess *ret, const struct task_struct *task) {
        ret->pid = (u32) task->tgid;
        ret->exec = task->self_exec_id;
        ret->start = task->group_leader->start_boottime;
}
