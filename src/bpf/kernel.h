/* SPDX-License-Identifier: MIT */
#pragma once

/* The kernel's types, as far as the programs read them: members and names alone count, since libbpf finds where they are in the kernel that runs (CO-RE).
 * What has another name elsewhere has a second type with a ___suffix, which libbpf ignores. */

typedef unsigned char __u8;
typedef short __s16;
typedef unsigned short __u16;
typedef int __s32;
typedef unsigned int __u32;
typedef long long __s64;
typedef unsigned long long __u64;
typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef _Bool bool;

enum { false, true };

#define NULL ((void *) 0)

#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define IPPROTO_TCP 6
#define INIT_PID_NAMESPACE 0xEFFFFFFCu /* PROC_PID_INIT_INO of include/linux/proc_ns.h */

enum bpf_map_type {
        BPF_MAP_TYPE_HASH = 1,
        BPF_MAP_TYPE_ARRAY = 2,
        BPF_MAP_TYPE_PERCPU_HASH = 5,
        BPF_MAP_TYPE_PERCPU_ARRAY = 6,
        BPF_MAP_TYPE_SK_STORAGE = 24,
        BPF_MAP_TYPE_RINGBUF = 27,
};

enum {
        BPF_ANY,
        BPF_NOEXIST,
        BPF_F_NO_PREALLOC = 1,
        BPF_F_CLONE = 512,
        BPF_SK_STORAGE_GET_F_CREATE = 1,
};

/* include/net/tcp_states.h */
enum {
        TCP_ESTABLISHED = 1,
        TCP_SYN_SENT,
        TCP_SYN_RECV,
        TCP_FIN_WAIT1,
        TCP_FIN_WAIT2,
        TCP_TIME_WAIT,
        TCP_CLOSE,
        TCP_CLOSE_WAIT,
        TCP_LAST_ACK,
        TCP_LISTEN,
        TCP_CLOSING,
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* ---- network namespaces and sockets ---- */

struct ns_common {
        u32 inum;
};

struct net {
        struct ns_common ns;
        u64 net_cookie;
};

typedef struct {
        struct net *net;
} possible_net_t;

struct in6_addr {
        union {
                u8 u6_addr8[16];
        } in6_u;
};

struct hlist_node {
        struct hlist_node *next, **pprev;
};

struct sock_common {
        union {
                struct {
                        __be32 skc_daddr, skc_rcv_saddr;
                };
        };
        union {
                struct {
                        __be16 skc_dport;
                        u16 skc_num;
                };
        };
        u16 skc_family;
        volatile u8 skc_state;
        int skc_bound_dev_if;
        possible_net_t skc_net;
        unsigned long skc_flags;
        struct in6_addr skc_v6_daddr, skc_v6_rcv_saddr;
};

typedef struct {
        int owned;
} socket_lock_t;

typedef struct {
        u32 val;
} kuid_t;

struct socket;

struct sk_buff_head {
        u32 qlen;
};

struct sock {
        struct sock_common __sk_common;
        socket_lock_t sk_lock;
        u16 sk_protocol, sk_type;
        int sk_err;
        struct socket *sk_socket;
        kuid_t sk_uid;
        u32 sk_ack_backlog, sk_max_ack_backlog;
        u8 sk_shutdown;
        struct sk_buff_head sk_receive_queue;
};

struct inet_sock {
        struct sock sk;
        __be16 inet_sport;
};

struct inet_connection_sock {
        struct inet_sock icsk_inet;
        u8 icsk_retransmits;
};

struct tcp_sock {
        struct inet_connection_sock inet_conn;
        u64 bytes_sent, bytes_retrans, bytes_received, bytes_acked;
        u32 segs_out, srtt_us, total_retrans;
        u32 write_seq, snd_una, rcv_nxt, copied_seq;
};

/* Where MPTCP is built. */
struct tcp_sock___mptcp {
        bool is_mptcp;
};

struct inode;

struct socket {
        struct sock *sk;
};

/* ---- files ---- */

struct super_block {
        unsigned long s_magic;
};

struct inode {
        unsigned long i_ino;
        struct super_block *i_sb;
};

struct socket_alloc {
        struct socket socket;
        struct inode vfs_inode;
};

struct qstr {
        u32 len;
        const unsigned char *name;
};

struct hlist_bl_node {
        struct hlist_bl_node *next, **pprev;
};

struct dentry {
        struct hlist_bl_node d_hash;
        struct dentry *d_parent;
        struct qstr d_name;
        struct inode *d_inode;
};

struct vfsmount {
        struct dentry *mnt_root;
};

struct mount {
        struct mount *mnt_parent;
        struct dentry *mnt_mountpoint;
        struct vfsmount mnt;
};

struct path {
        struct vfsmount *mnt;
        struct dentry *dentry;
};

struct file {
        struct path f_path;
        struct inode *f_inode;
        void *private_data;
        const void *f_op;
};

struct fs_struct {
        struct path pwd;
};

/* ---- processes ---- */

struct kernfs_node {
        struct kernfs_node *parent;
        const char *name;
        u64 id;
};

/* Linux 6.15 */
struct kernfs_node___renamed {
        struct kernfs_node *__parent;
};

struct cgroup {
        struct kernfs_node *kn;
};

struct css_set {
        struct cgroup *dfl_cgrp;
};

struct nsproxy {
        struct net *net_ns;
};

typedef struct {
        int counter;
} atomic_t;

struct tty_driver {
        int major, minor_start;
};

struct tty_struct {
        int index;
        struct tty_driver *driver;
};

struct signal_struct {
        atomic_t live;
        int group_exit_code;
        struct tty_struct *tty;
};

struct cred {
        kuid_t uid, euid;
        struct {
                u32 val;
        } gid;
};

struct mm_struct {
        unsigned long arg_start, arg_end;
        struct file *exe_file;
};

struct pid_namespace {
        struct ns_common ns;
};

struct upid {
        int nr;
        struct pid_namespace *ns;
};

/* One struct upid for each level stands at `numbers`. */
struct pid {
        unsigned int level;
        struct upid numbers[1];
};

struct task_struct {
        unsigned int flags;
        unsigned int in_execve : 1;
        int exit_code;
        int pid, tgid;
        u64 start_boottime;
        u32 self_exec_id;
        char comm[16];
        struct task_struct *real_parent, *group_leader;
        struct pid *thread_pid;
        struct mm_struct *mm;
        const struct cred *real_cred, *cred;
        struct signal_struct *signal;
        struct nsproxy *nsproxy;
        struct css_set *cgroups;
        struct fs_struct *fs;
        kuid_t loginuid;
        unsigned int sessionid;
};

struct linux_binprm {
        const char *filename;
};

/* ---- iterators ---- */

struct seq_file;

struct bpf_iter_meta {
        struct seq_file *seq;
        u64 session_id, seq_num;
};

struct bpf_iter__task_file {
        struct bpf_iter_meta *meta;
        struct task_struct *task;
        u32 fd;
        struct file *file;
};

struct bpf_iter__task {
        struct bpf_iter_meta *meta;
        struct task_struct *task;
};

#pragma clang attribute pop
