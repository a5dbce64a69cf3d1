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
#define AF_NETLINK 16
#define AF_PACKET 17
#define IPPROTO_ICMP 1
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define IPPROTO_ICMPV6 58
#define IPPROTO_UDPLITE 136
#define IPPROTO_MPTCP 262
#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define SOCK_RAW 3
#define INIT_PID_NAMESPACE 0xEFFFFFFCu /* PROC_PID_INIT_INO of include/linux/proc_ns.h */

enum bpf_map_type {
        BPF_MAP_TYPE_HASH = 1,
        BPF_MAP_TYPE_ARRAY = 2,
        BPF_MAP_TYPE_PERCPU_HASH = 5,
        BPF_MAP_TYPE_PERCPU_ARRAY = 6,
        BPF_MAP_TYPE_LRU_HASH = 9,
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

struct list_head {
        struct list_head *next, *prev;
};

typedef struct {
        int counter;
} atomic_t;

typedef struct {
        atomic_t refs;
} refcount_t;

struct timer_list {
        struct hlist_node entry;
        unsigned long expires;
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

struct sk_buff {
        struct sk_buff *next;
        struct sock *sk;
        unsigned int len;
        char cb[48];
};

struct sk_buff_head {
        struct sk_buff *next;
        u32 qlen;
};

struct sock_cgroup_data {
        struct cgroup *cgroup;
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
        struct {
                atomic_t rmem_alloc;
        } sk_backlog;
        refcount_t sk_wmem_alloc;
        struct timer_list sk_timer;
        struct sock_cgroup_data sk_cgrp_data;
};

struct inet_sock {
        struct sock sk;
        __be16 inet_sport;
};

struct inet_connection_sock {
        struct inet_sock icsk_inet;
        struct timer_list icsk_retransmit_timer;
        u32 icsk_rto;
        u8 icsk_retransmits, icsk_pending, icsk_backoff, icsk_probes_out;
        struct {
                u32 lrcvtime;
        } icsk_ack;
};

/* Before Linux 6.18 */
struct inet_connection_sock___timeout {
        unsigned long icsk_timeout;
};

/* Linux 6.19 */
struct sock___timer {
        struct timer_list tcp_retransmit_timer;
};

struct inet_connection_sock___keepalive {
        struct timer_list icsk_keepalive_timer;
};

struct tcp_sock {
        struct inet_connection_sock inet_conn;
        u64 bytes_sent, bytes_retrans, bytes_received, bytes_acked;
        u32 segs_out, srtt_us, total_retrans;
        u32 write_seq, snd_una, rcv_nxt, copied_seq;
        u32 lsndtime, rcv_tstamp;
        struct {
                int space;
        } rcvq_space;
};

struct udp_sock {
        int forward_deficit;
};

struct mptcp_sock {
        struct sock *first;
};

struct packet_sock {
        int ifindex;
        __be16 num;
};

struct netlink_sock {
        u32 portid, dst_portid;
};

struct sockaddr_un {
        u16 sun_family;
        char sun_path[108];
};

struct unix_address {
        int len;
        struct sockaddr_un name[0];
};

struct unix_sock {
        struct unix_address *addr;
        struct sock *peer;
};

/* Linux 6.17 */
struct unix_sock___inq {
        int inq_len;
};

struct unix_skb_parms {
        u32 consumed;
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

struct tty_driver {
        int major, minor_start;
};

struct tty_struct {
        int index;
        struct tty_driver *driver;
};

struct files_struct;

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
        struct files_struct *files;
        struct list_head thread_node;
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

/* ---- contexts of programs of control groups, of which the verifier knows each member (include/uapi/linux/bpf.h) ---- */

struct bpf_sock {
        u32 bound_dev_if, family, type, protocol;
};

struct bpf_sock_addr {
        u32 user_family, user_ip4, user_ip6[4], user_port;
        u32 family, type, protocol;
        u32 msg_src_ip4, msg_src_ip6[4];
        struct bpf_sock *sk __attribute__((aligned(8)));
};
