/* SPDX-License-Identifier: MIT */
#pragma once

/* Processes: what they are is written down here, where they are still there. One that forks has all of its parent but for what the head says. */

#include "bpf/maps.bpf.h"

#define COMPONENTS 48 /* of a path that is longer the last ones are kept */

/* One component before what is there already. False: it does not fit. */
static __always_inline bool prepend(struct RecordPath *p, const unsigned char *name, u32 size) {
        u32 begin = p->begin;

        if (size >= RECORD_NAME || size + 1 > begin)
                return false;
        begin -= size + 1;
        if (begin >= RECORD_PATH)
                return false;
        p->text[begin] = '/';
        bpf_probe_read_kernel(p->text + begin + 1, size & (RECORD_NAME - 1), name);
        p->begin = (u16) begin;
        return true;
}

static __always_inline struct mount *mount_of(struct vfsmount *mnt) {
        return (struct mount *) ((void *) mnt - __builtin_preserve_field_info(((struct mount *) 0)->mnt, BPF_FIELD_BYTE_OFFSET));
}

/* As its mount namespace has it. */
static __always_inline void set_path(struct RecordPath *p, struct vfsmount *mnt, struct dentry *dentry) {
        struct mount *mount = mount_of(mnt);

        p->begin = RECORD_PATH;
        p->cut = 1;
        p->deleted = BPF_CORE_READ(dentry, d_hash.pprev) == NULL && BPF_CORE_READ(dentry, d_parent) != dentry;
        for (int i = 0; i < COMPONENTS; i++) {
                struct dentry *parent = BPF_CORE_READ(dentry, d_parent);
                struct mount *above = BPF_CORE_READ(mount, mnt_parent);

                if (dentry == BPF_CORE_READ(mount, mnt.mnt_root)) {
                        if (above == mount) {
                                p->cut = 0;
                                return;
                        }
                        dentry = BPF_CORE_READ(mount, mnt_mountpoint);
                        mount = above;
                        continue;
                }
                if (dentry == parent) { /* it is in no tree: a file in memory */
                        prepend(p, BPF_CORE_READ(dentry, d_name.name), BPF_CORE_READ(dentry, d_name.len));
                        p->deleted = 1;
                        p->cut = 0;
                        return;
                }
                if (!prepend(p, BPF_CORE_READ(dentry, d_name.name), BPF_CORE_READ(dentry, d_name.len)))
                        return;
                dentry = parent;
        }
}

static __always_inline struct kernfs_node *kernfs_parent(struct kernfs_node *kn) {
        struct kernfs_node___renamed *renamed = (void *) kn;

        if (bpf_core_field_exists(renamed->__parent))
                return BPF_CORE_READ(renamed, __parent);
        return BPF_CORE_READ(kn, parent);
}

static __always_inline void set_cgroup(struct RecordPath *p, struct kernfs_node *kn) {
        char name[RECORD_NAME];

        p->begin = RECORD_PATH;
        p->cut = 1;
        p->deleted = 0;
        for (int i = 0; i < COMPONENTS; i++) {
                struct kernfs_node *parent = kernfs_parent(kn);
                const char *at;
                long size;

                if (!parent) {
                        p->cut = 0;
                        return;
                }
                at = BPF_CORE_READ(kn, name);
                size = bpf_probe_read_kernel_str(name, sizeof(name), at);
                if (size <= 0 || !prepend(p, (const unsigned char *) at, (u32) size - 1))
                        return;
                kn = parent;
        }
}

static __always_inline void set_head(struct RecordProcessHead *h, u8 kind, const struct task_struct *task) {
        const struct cred *cred = task->real_cred;
        struct tty_struct *tty = BPF_CORE_READ(task, signal, tty);

        __builtin_memset(h, 0, sizeof(*h));
        h->kind = kind;
        h->when = bpf_ktime_get_boot_ns();
        set_process(&h->process, task);
        h->parent.pid = pid_of(task->real_parent);
        h->parent.start = BPF_CORE_READ(task, real_parent, group_leader, start_boottime);
        h->cgroup = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
        h->netns = BPF_CORE_READ(task, nsproxy, net_ns, net_cookie);
        h->netns_inode = BPF_CORE_READ(task, nsproxy, net_ns, ns.inum);
        h->uid = cred->uid.val;
        h->effective_uid = cred->euid.val;
        h->gid = cred->gid.val;
        h->login_uid = task->loginuid.val;
        h->session = task->sessionid;
        if (tty)
                h->tty = (u32) BPF_CORE_READ(tty, driver, major) << 20 |
                         (u32) (BPF_CORE_READ(tty, driver, minor_start) + BPF_CORE_READ(tty, index));
        bpf_probe_read_kernel_str(h->comm, sizeof(h->comm), task->comm);
}

static __always_inline bool is_thread(const struct task_struct *task) {
        return task->pid != task->tgid;
}

static __always_inline void tell_head(u8 kind, const struct task_struct *task) {
        struct RecordProcessHead *h;

        if (pid_of(task) == 0)
                return;
        h = bpf_ringbuf_reserve(&ring, sizeof(*h), 0);
        if (!h) {
                lose(LOST_PROCESS);
                return;
        }
        set_head(h, kind, task);
        bpf_ringbuf_submit(h, 0);
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(process_fork, struct task_struct *parent, struct task_struct *child) {
        if (!is_thread(child))
                tell_head(RECORD_FORK, child);
        return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(process_exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm) {
        struct RecordExec *r;
        struct file *exe;
        unsigned long from, to;
        u32 size;

        if (pid_of(task) == 0)
                return 0;
        r = bpf_ringbuf_reserve(&ring, sizeof(*r), 0);
        if (!r) {
                lose(LOST_PROCESS);
                return 0;
        }
        set_head(&r->head, RECORD_EXEC, task);
        exe = BPF_CORE_READ(task, mm, exe_file);
        set_path(&r->exe, BPF_CORE_READ(exe, f_path.mnt), BPF_CORE_READ(exe, f_path.dentry));
        set_path(&r->cwd, BPF_CORE_READ(task, fs, pwd.mnt), BPF_CORE_READ(task, fs, pwd.dentry));
        set_cgroup(&r->cgroup, BPF_CORE_READ(task, cgroups, dfl_cgrp, kn));
        from = BPF_CORE_READ(task, mm, arg_start);
        to = BPF_CORE_READ(task, mm, arg_end);
        size = (u32) (to - from);
        r->arguments_size = size;
        asm volatile("" : "+r"(size)); /* what is compared is what is used, or the verifier does not believe it */
        if (size > RECORD_ARGUMENTS)
                size = RECORD_ARGUMENTS;
        if (bpf_probe_read_user(r->arguments, size, (const void *) from) < 0)
                r->arguments_size = 0;
        bpf_ringbuf_submit(r, 0);
        return 0;
}

/* Nothing costs less than to take another name: who does it in a loop must not fill the ring. What he is called then is seen when he is read again. */
static __always_inline bool may_rename(u32 pid) {
        struct Span first = { .since = bpf_ktime_get_boot_ns(), .count = 1 };
        struct Span *s = bpf_map_lookup_elem(&renames, &pid);

        if (!s || first.since - s->since > RENAME_SPAN)
                return bpf_map_update_elem(&renames, &pid, &first, BPF_ANY) == 0;
        return s->count++ < RENAME_MAX;
}

/* prctl(2) PR_SET_NAME, of the thread whose name is that of the process. An exec renames, too, before it is one. */
SEC("tp_btf/task_rename")
int BPF_PROG(process_rename, struct task_struct *task, const char *comm) {
        struct RecordProcessHead *h;
        u32 pid = pid_of(task);

        if (pid == 0 || is_thread(task) || BPF_CORE_READ_BITFIELD(task, in_execve) || !may_rename(pid))
                return 0;
        bpf_map_delete_elem(&skip, &pid); /* under this name it may be watched */
        h = bpf_ringbuf_reserve(&ring, sizeof(*h), 0);
        if (!h) {
                lose(LOST_PROCESS);
                return 0;
        }
        set_head(h, RECORD_RENAME, task);
        bpf_probe_read_kernel_str(h->comm, sizeof(h->comm), comm);
        bpf_ringbuf_submit(h, 0);
        return 0;
}

/* Its last thread: what it holds is closed after this. */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(process_exit, struct task_struct *task) {
        u32 pid = pid_of(task);

        if (task->signal->live.counter != 0)
                return 0;
        tell_head(RECORD_EXIT, task);
        bpf_map_delete_elem(&skip, &pid);
        return 0;
}

/* Which processes there are, and where they live, for those that are older than the programs. */
SEC("iter/task")
int process_list(struct bpf_iter__task *ctx) {
        const struct task_struct *task = ctx->task;
        struct RecordListed p = {};

        if (!task || is_thread(task))
                return 0;
        set_process(&p.process, task);
        p.netns = BPF_CORE_READ(task, nsproxy, net_ns, net_cookie);
        p.netns_inode = BPF_CORE_READ(task, nsproxy, net_ns, ns.inum);
        bpf_seq_write(ctx->meta->seq, &p, sizeof(p));
        return 0;
}
