/* SPDX-License-Identifier: MIT */
#pragma once

/* TCP: each use of a socket that is recorded gives RECORD_OPEN when it is established (before, a socket has no local port yet) or listens, and RECORD_CLOSE
 * at its transition to CLOSE, with the last figures: what frees the socket later has wiped them, and connect(AF_UNSPEC) makes any number of uses on one.
 *
 * Who runs (`current`) is the process that did it only while the socket is locked by a process (sk_lock.owned); otherwise it is whoever was interrupted. */

#include "bpf/maps.bpf.h"

#define SOCK_DONE 1 /* bit of sk_flags: a FIN has come (include/net/sock.h) */

/* Of an MPTCP connection, which is told itself. */
static __always_inline bool is_subflow(const struct tcp_sock *tp) {
        const struct tcp_sock___mptcp *m = (const void *) tp;

        return bpf_core_field_exists(m->is_mptcp) && m->is_mptcp;
}

static __always_inline struct RecordBook *book_of(u64 netns) {
        static const struct RecordBook zero;
        struct RecordBook *b = bpf_map_lookup_elem(&books, &netns);

        if (b)
                return b;
        bpf_map_update_elem(&books, &netns, &zero, BPF_NOEXIST);
        b = bpf_map_lookup_elem(&books, &netns);
        if (!b)
                lose(LOST_BOOK);
        return b;
}

static __always_inline void set_addresses(struct RecordSocket *r, const struct sock *sk) {
        r->family = (u8) sk->__sk_common.skc_family;
        if (r->family == AF_INET) {
                *(u32 *) r->local = sk->__sk_common.skc_rcv_saddr;
                *(u32 *) r->peer = sk->__sk_common.skc_daddr;
        } else {
                __builtin_memcpy(r->local, sk->__sk_common.skc_v6_rcv_saddr.in6_u.u6_addr8, 16);
                __builtin_memcpy(r->peer, sk->__sk_common.skc_v6_daddr.in6_u.u6_addr8, 16);
        }
        r->peer_port = sk->__sk_common.skc_dport;
        r->interface = (u32) sk->__sk_common.skc_bound_dev_if;
}

static __always_inline void set_figures(struct RecordSocket *r, const struct tcp_sock *tp) {
        r->local_port = tp->inet_conn.icsk_inet.inet_sport; /* skc_num is 0 by now */
        r->bytes_sent = tp->bytes_sent - tp->bytes_retrans;
        r->bytes_received = tp->bytes_received;
        r->retransmits = tp->total_retrans;
        r->rtt_usec = tp->srtt_us >> 3;
}

static __always_inline bool has_fin(const struct sock *sk) {
        return sk->__sk_common.skc_flags & 1UL << SOCK_DONE;
}

static __always_inline void count_watched(u64 netns, const struct Use *use) {
        struct RecordBook *book = book_of(netns);

        if (book && use->flags & RECORD_PASSIVE)
                book->watched_passive++;
        else if (book)
                book->watched_active++;
}

static __always_inline void emit(const struct sock *sk, const struct tcp_sock *tp, const struct Use *use, u8 kind, u8 old_state) {
        bool first = !(use->flags & (RECORD_TOLD | RECORD_SEEDED | USE_LISTENS));
        struct net *net = sk->__sk_common.skc_net.net;
        struct RecordSocket *r;

        if (first)
                count_watched(net->net_cookie, use);
        r = bpf_ringbuf_reserve(&ring, sizeof(*r), 0);
        if (!r) { /* asked once: older verifiers forget the answer */
                if (first)
                        lose(LOST_OPEN);
                if (kind == RECORD_CLOSE) {
                        lose(LOST_CLOSE);
                        lose_close(use, tp->bytes_sent - tp->bytes_retrans, tp->bytes_received - has_fin(sk));
                }
                return;
        }
        __builtin_memset(r, 0, sizeof(*r));
        r->kind = kind;
        r->flags = use->flags & (u8) ~USE_LISTENS;
        r->old_state = old_state;
        r->error = (u16) sk->sk_err;
        r->protocol = sk->sk_protocol;
        r->when = bpf_ktime_get_boot_ns();
        r->opened = use->opened;
        r->cookie = bpf_get_socket_cookie((void *) sk);
        r->netns = net->net_cookie;
        r->netns_inode = net->ns.inum;
        r->inode = inode_of_socket(sk->sk_socket);
        r->opener = use->opener;
        r->closer = use->closer;
        r->uid = sk->sk_uid.val;
        set_addresses(r, sk);
        set_figures(r, tp);
        if (has_fin(sk))
                r->flags |= RECORD_FIN;
        bpf_ringbuf_submit(r, 0); /* wakes the reader only where it has read everything before */
}

/* A connect, or a listen, by who runs now. */
static __always_inline void begins(const struct sock *sk, u8 flags) {
        const struct task_struct *task = bpf_get_current_task_btf();
        struct RecordBook *book = flags & USE_LISTENS ? NULL : book_of(sk->__sk_common.skc_net.net->net_cookie);
        const struct tcp_sock *tp;
        struct Use *use;

        if (book)
                book->active++;
        if (pid_of(task) == 0 || is_skipped(task)) {
                bpf_sk_storage_delete(&uses, (void *) sk); /* of a use by another process */
                return;
        }
        tp = bpf_skc_to_tcp_sock((void *) sk);
        if (!tp || is_subflow(tp))
                return;
        use = bpf_sk_storage_get(&uses, (void *) sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
        if (!use) {
                lose(LOST_STORAGE);
                return;
        }
        use->opened = bpf_ktime_get_boot_ns();
        use->flags = flags | (use->used ? RECORD_REUSED : 0);
        use->used = true;
        use->segments = tp->segs_out;
        use->closer.pid = 0;
        set_process(&use->opener, task);
        if (flags & USE_LISTENS && tp->inet_conn.icsk_inet.inet_sport != 0) /* else it has no port yet */
                emit(sk, tp, use, RECORD_OPEN, TCP_CLOSE);
}

/* What a listener gets. Its addresses are still those of the listener. */
static __always_inline void is_born(const struct sock *sk) {
        struct RecordBook *book = book_of(sk->__sk_common.skc_net.net->net_cookie);
        struct Use *use = bpf_sk_storage_get(&uses, (void *) sk, NULL, 0);

        if (book)
                book->passive++;
        if (!use)
                return;
        use->opened = bpf_ktime_get_boot_ns();
        use->flags = RECORD_PASSIVE;
        use->closer.pid = 0;
}

/* An attempt that came to an end before anything was sent, or (TCP_REPAIR) without it: the kernel does not count such. */
static __always_inline void count_unsent(const struct sock *sk, const struct tcp_sock *tp, const struct Use *use) {
        struct RecordBook *book;

        if (tp->segs_out != (use ? use->segments : 0))
                return;
        book = book_of(sk->__sk_common.skc_net.net->net_cookie);
        if (book)
                book->unsent++;
}

static __always_inline void is_established(const struct sock *sk, u8 old_state) {
        struct Use *use = bpf_sk_storage_get(&uses, (void *) sk, NULL, 0);
        const struct tcp_sock *tp;

        if (!use && old_state != TCP_SYN_SENT)
                return;
        tp = bpf_skc_to_tcp_sock((void *) sk);
        if (tp && old_state == TCP_SYN_SENT)
                count_unsent(sk, tp, use);
        if (!use || !tp || is_subflow(tp))
                return;
        emit(sk, tp, use, RECORD_OPEN, old_state);
        use->flags |= RECORD_TOLD;
}

static __always_inline void note_closer(const struct sock *sk, struct Use *use) {
        const struct task_struct *task = bpf_get_current_task_btf();

        if (!sk->sk_lock.owned || use->closer.pid != 0 || pid_of(task) == own_pid)
                return;
        set_process(&use->closer, task);
        if (is_killed(task))
                use->flags |= RECORD_KILLED;
}

static __always_inline void is_closing(const struct sock *sk) {
        struct Use *use = bpf_sk_storage_get(&uses, (void *) sk, NULL, 0);

        if (use)
                note_closer(sk, use);
}

static __always_inline void is_closed(const struct sock *sk, u8 old_state) {
        struct Use *use = bpf_sk_storage_get(&uses, (void *) sk, NULL, 0);
        const struct tcp_sock *tp;

        if (!use && old_state != TCP_SYN_SENT)
                return;
        tp = bpf_skc_to_tcp_sock((void *) sk);
        if (!tp)
                return;
        if (old_state == TCP_SYN_SENT)
                count_unsent(sk, tp, use);
        if (!use || is_subflow(tp))
                return;
        note_closer(sk, use);
        emit(sk, tp, use, RECORD_CLOSE, old_state);
        use->opened = 0;
        use->flags = 0;
        use->closer.pid = 0;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(tcp_state, const struct sock *sk, int old_state, int state) {
        if (sk->sk_protocol != IPPROTO_TCP || old_state == state)
                return 0;
        switch (state) {
        case TCP_SYN_SENT:
                begins(sk, 0);
                break;
        case TCP_LISTEN:
                begins(sk, USE_LISTENS);
                break;
        case TCP_SYN_RECV:
                if (old_state == TCP_LISTEN)
                        is_born(sk);
                break;
        case TCP_ESTABLISHED:
                is_established(sk, (u8) old_state);
                break;
        case TCP_FIN_WAIT1:
        case TCP_LAST_ACK:
                is_closing(sk);
                break;
        case TCP_CLOSE:
                is_closed(sk, (u8) old_state);
                break;
        }
        return 0;
}
