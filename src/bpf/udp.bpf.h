/* SPDX-License-Identifier: MIT */
#pragma once

/* UDP, where it is asked for (hooks: [udp]): programs of the root control group, which run in the process that acts. A use of a socket begins when it is first
 * bound, connected, or used to send to somebody, and lasts until the socket is released: then RECORD_CLOSE tells the whole of it, with the addresses that it has at
 * its end. There is no RECORD_OPEN, since a socket that connects has no local port yet; what lives longer is shown by looks.
 *
 * Whoever connects or sends without being connected is asked for the socket's Use, also for those of others: that is the price. */

#include "bpf/maps.bpf.h"

/* sk: as the verifier knows it in that program. 1: the kernel may go on. */
static __always_inline int udp_begins(void *sk, u32 protocol) {
        const struct task_struct *task;
        struct Use *use;

        if (protocol != IPPROTO_UDP || bpf_sk_storage_get(&uses, sk, NULL, 0))
                return 1;
        task = bpf_get_current_task_btf();
        if (pid_of(task) == 0 || is_skipped(task))
                return 1;
        use = bpf_sk_storage_get(&uses, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
        if (!use) {
                lose(LOST_STORAGE);
                return 1;
        }
        use->opened = bpf_ktime_get_boot_ns();
        set_process(&use->opener, task);
        return 1;
}

static __always_inline void set_udp_addresses(struct RecordSocket *r, const struct sock *sk) {
        const struct inet_sock *inet = (const void *) sk;

        r->family = (u8) BPF_CORE_READ(sk, __sk_common.skc_family);
        if (r->family == AF_INET) {
                *(u32 *) r->local = BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr);
                *(u32 *) r->peer = BPF_CORE_READ(sk, __sk_common.skc_daddr);
        } else {
                BPF_CORE_READ_INTO(&r->local, sk, __sk_common.skc_v6_rcv_saddr);
                BPF_CORE_READ_INTO(&r->peer, sk, __sk_common.skc_v6_daddr);
        }
        r->local_port = BPF_CORE_READ(inet, inet_sport);
        r->peer_port = BPF_CORE_READ(sk, __sk_common.skc_dport);
        r->interface = (u32) BPF_CORE_READ(sk, __sk_common.skc_bound_dev_if);
}

/* The verifier does not know the members of `sk` here: each is read by a helper. */
static __always_inline void udp_ends(struct bpf_sock *ctx, const struct Use *use) {
        const struct task_struct *task = bpf_get_current_task_btf();
        const struct sock *sk = (const void *) ctx;
        const struct net *net = BPF_CORE_READ(sk, __sk_common.skc_net.net);
        struct RecordSocket *r = bpf_ringbuf_reserve(&ring, sizeof(*r), 0);

        if (!r) {
                lose(LOST_CLOSE);
                lose_close(use, 0, 0);
                return;
        }
        __builtin_memset(r, 0, sizeof(*r));
        r->kind = RECORD_CLOSE;
        r->flags = is_killed(task) ? RECORD_KILLED : 0;
        r->old_state = BPF_CORE_READ(sk, __sk_common.skc_state);
        r->protocol = IPPROTO_UDP;
        r->when = bpf_ktime_get_boot_ns();
        r->opened = use->opened;
        r->cookie = bpf_get_socket_cookie(ctx);
        r->netns = BPF_CORE_READ(net, net_cookie);
        r->netns_inode = BPF_CORE_READ(net, ns.inum);
        r->inode = inode_of_socket(BPF_CORE_READ(sk, sk_socket));
        r->opener = use->opener;
        set_process(&r->closer, task);
        r->uid = BPF_CORE_READ(sk, sk_uid.val);
        set_udp_addresses(r, sk);
        bpf_ringbuf_submit(r, 0);
}

SEC("cgroup/post_bind4")
int udp_bind4(struct bpf_sock *ctx) {
        return udp_begins(ctx, ctx->protocol);
}

SEC("cgroup/post_bind6")
int udp_bind6(struct bpf_sock *ctx) {
        return udp_begins(ctx, ctx->protocol);
}

SEC("cgroup/connect4")
int udp_connect4(struct bpf_sock_addr *ctx) {
        return udp_begins(ctx->sk, ctx->protocol);
}

SEC("cgroup/connect6")
int udp_connect6(struct bpf_sock_addr *ctx) {
        return udp_begins(ctx->sk, ctx->protocol);
}

SEC("cgroup/sendmsg4")
int udp_send4(struct bpf_sock_addr *ctx) {
        return udp_begins(ctx->sk, ctx->protocol);
}

SEC("cgroup/sendmsg6")
int udp_send6(struct bpf_sock_addr *ctx) {
        return udp_begins(ctx->sk, ctx->protocol);
}

SEC("cgroup/sock_release")
int udp_release(struct bpf_sock *ctx) {
        const struct Use *use = ctx->protocol == IPPROTO_UDP ? bpf_sk_storage_get(&uses, ctx, NULL, 0) : NULL;

        if (use)
                udp_ends(ctx, use);
        return 1;
}
