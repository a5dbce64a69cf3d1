/* SPDX-License-Identifier: MIT */
#pragma once

/* The iterator: each descriptor of a process that is a socket which one of the kernel's tables has, whatever its network namespace. The same rows, with the same figures, as sock_diag gives of them. Nothing is locked: a figure may be torn, as it may be there.
 *
 * Where marks are wanted, a TCP socket that it meets without a Use gets one, so that its end is recorded, though its beginning was not. To look for it costs
 * a fifth of a row. */

#include "bpf/tcp.bpf.h"

bool marks; /* set by collect/hooks.c */

/* icsk_pending (include/net/inet_connection_sock.h) */
enum {
        ICSK_TIME_RETRANS = 1,
        ICSK_TIME_PROBE0 = 3,
        ICSK_TIME_LOSS_PROBE = 5,
        ICSK_TIME_REO_TIMEOUT = 6,
};

/* idiag_timer */
enum {
        TIMER_RETRANSMIT = 1,
        TIMER_KEEPALIVE = 2,
        TIMER_PROBE = 4,
};

/* Descriptors are those of the first thread; where it has ended, those of the next one. */
static __always_inline bool speaks_for_process(const struct task_struct *task) {
        const struct task_struct *leader = task->group_leader;

        if (task->pid == task->tgid)
                return true;
        return !leader->files && leader->thread_node.next == &((struct task_struct *) task)->thread_node;
}

/* Of those that are not in a table yet, or not any more, sock_diag says nothing either. */
static __always_inline bool is_listed(const struct sock *sk) {
        switch (sk->__sk_common.skc_family) {
        case AF_UNIX:
        case AF_PACKET:
                return true;
        case AF_NETLINK:
                return BPF_CORE_READ((struct netlink_sock *) sk, portid) != 0;
        case AF_INET:
        case AF_INET6:
                if (sk->sk_protocol == IPPROTO_TCP || sk->sk_protocol == IPPROTO_MPTCP)
                        return sk->__sk_common.skc_state != TCP_CLOSE;
                return sk->__sk_common.skc_num != 0;
        }
        return false;
}

static __always_inline u32 sent_memory(const struct sock *sk) {
        int n = sk->sk_wmem_alloc.refs.counter - 1;

        return n > 0 ? (u32) n : 0;
}

static __always_inline u32 received_memory(const struct sock *sk) {
        int n = sk->sk_backlog.rmem_alloc.counter;

        return n > 0 ? (u32) n : 0;
}

static __always_inline void set_held(struct RecordHeld *h, const struct task_struct *task, u32 fd, const struct file *file, const struct sock *sk) {
        const struct net *net = sk->__sk_common.skc_net.net;

        h->family = (u8) sk->__sk_common.skc_family;
        h->state = sk->__sk_common.skc_state;
        h->type = (u8) sk->sk_type;
        h->protocol = sk->sk_protocol;
        h->shutdown = sk->sk_shutdown;
        h->pid = pid_of(task);
        h->fd = (__s32) fd;
        h->start = task->group_leader->start_boottime;
        h->cookie = bpf_get_socket_cookie((void *) sk);
        h->netns = net->net_cookie;
        h->netns_inode = net->ns.inum;
        h->inode = (u32) file->f_inode->i_ino;
        h->interface = (u32) sk->__sk_common.skc_bound_dev_if;
        h->uid = sk->sk_uid.val;
        h->send_queue = sent_memory(sk);
        h->receive_queue = received_memory(sk);
}

/* ---- TCP, and what is like it ---- */

static __always_inline u32 ticks_until(unsigned long when) {
        long left = (long) (when - bpf_jiffies64());

        return left > 0 ? (u32) left : 0;
}

static __always_inline u32 ticks_since(u32 when) {
        return (u32) bpf_jiffies64() - when;
}

static __always_inline unsigned long retransmit_at(const struct inet_connection_sock *icsk) {
        const struct inet_connection_sock___timeout *old = (const void *) icsk;
        const struct sock___timer *sk = (const void *) icsk;

        if (bpf_core_field_exists(old->icsk_timeout))
                return BPF_CORE_READ(old, icsk_timeout);
        if (bpf_core_field_exists(sk->tcp_retransmit_timer))
                return BPF_CORE_READ(sk, tcp_retransmit_timer.expires);
        return BPF_CORE_READ(icsk, icsk_retransmit_timer.expires);
}

static __always_inline void set_keepalive(struct RecordHeldInet *i, const struct inet_connection_sock *icsk) {
        const struct inet_connection_sock___keepalive *new = (const void *) icsk;
        struct timer_list timer;

        if (bpf_core_field_exists(new->icsk_keepalive_timer))
                timer = BPF_CORE_READ(new, icsk_keepalive_timer);
        else
                timer = BPF_CORE_READ(icsk, icsk_inet.sk.sk_timer);
        if (!timer.entry.pprev)
                return;
        i->timer = TIMER_KEEPALIVE;
        i->retransmits = BPF_CORE_READ(icsk, icsk_probes_out);
        i->timer_ticks = ticks_until(timer.expires);
}

static __always_inline void set_timer(struct RecordHeldInet *i, const struct inet_connection_sock *icsk, u8 pending) {
        switch (pending) {
        case ICSK_TIME_RETRANS:
        case ICSK_TIME_LOSS_PROBE:
        case ICSK_TIME_REO_TIMEOUT:
                i->timer = TIMER_RETRANSMIT;
                i->retransmits = BPF_CORE_READ(icsk, icsk_retransmits);
                i->timer_ticks = ticks_until(retransmit_at(icsk));
                break;
        case ICSK_TIME_PROBE0:
                i->timer = TIMER_PROBE;
                i->retransmits = BPF_CORE_READ(icsk, icsk_probes_out);
                i->timer_ticks = ticks_until(retransmit_at(icsk));
                break;
        default:
                set_keepalive(i, icsk);
                break;
        }
}

/* The use of a socket that has none began before it was recorded. */
static __always_inline u64 opening_of(const struct sock *sk) {
        struct Use seeded = { .flags = RECORD_SEEDED }, *use;

        if (sk->__sk_common.skc_state == TCP_LISTEN)
                seeded.flags |= USE_LISTENS;
        use = bpf_sk_storage_get(&uses, (void *) sk, &seeded, BPF_SK_STORAGE_GET_F_CREATE);
        if (use)
                return use->opened;
        lose(LOST_STORAGE);
        return 0;
}

static __always_inline void set_inet(struct RecordHeldInet *i, const struct sock *sk) {
        if (sk->__sk_common.skc_family == AF_INET) {
                *(u32 *) i->local = sk->__sk_common.skc_rcv_saddr;
                *(u32 *) i->peer = sk->__sk_common.skc_daddr;
        } else {
                __builtin_memcpy(i->local, sk->__sk_common.skc_v6_rcv_saddr.in6_u.u6_addr8, 16);
                __builtin_memcpy(i->peer, sk->__sk_common.skc_v6_daddr.in6_u.u6_addr8, 16);
        }
        i->local_port = sk->__sk_common.skc_num;
        i->peer_port = __builtin_bswap16(sk->__sk_common.skc_dport);
        i->cgroup = sk->sk_cgrp_data.cgroup ? sk->sk_cgrp_data.cgroup->kn->id : 0;
}

static __always_inline u32 less(u32 a, u32 b) {
        return a < b ? a : b;
}

static __always_inline void set_tcp(struct RecordHeldTcp *t, const struct tcp_sock *tp) {
        t->bytes_sent = tp->bytes_sent > tp->bytes_retrans ? tp->bytes_sent - tp->bytes_retrans : 0;
        t->bytes_received = tp->bytes_received;
        t->bytes_acked = tp->bytes_acked;
        t->retransmits = tp->total_retrans;
        t->rtt_usec = tp->srtt_us >> 3;
        t->rto_ticks = tp->inet_conn.icsk_rto;
        t->idle_ticks = less(ticks_since(tp->lsndtime), ticks_since(tp->inet_conn.icsk_ack.lrcvtime));
        t->heard_ticks = ticks_since(tp->rcv_tstamp);
        t->receive_space = (u32) tp->rcvq_space.space;
}

static __always_inline void set_backlog(struct RecordHeld *h, const struct sock *sk) {
        h->receive_queue = BPF_CORE_READ(sk, sk_ack_backlog);
        h->send_queue = BPF_CORE_READ(sk, sk_max_ack_backlog);
}

struct HeldTcp {
        struct RecordHeld held;
        struct RecordHeldInet inet;
        struct RecordHeldTcp tcp;
};

static __always_inline void tell_tcp(struct seq_file *seq, struct HeldTcp *r, const struct sock *sk) {
        const struct tcp_sock *tp = bpf_skc_to_tcp_sock((void *) sk);
        bool listens = r->held.state == TCP_LISTEN;

        if (!tp)
                return;
        if (marks)
                r->inet.opened = opening_of(sk);
        r->inet.backoff = tp->inet_conn.icsk_backoff;
        set_timer(&r->inet, &tp->inet_conn, tp->inet_conn.icsk_pending);
        if (listens)
                set_backlog(&r->held, sk);
        else {
                r->held.receive_queue = tp->rcv_nxt - tp->copied_seq;
                if ((__s32) r->held.receive_queue < 0)
                        r->held.receive_queue = 0;
                r->held.send_queue = tp->write_seq - tp->snd_una;
                set_tcp(&r->tcp, tp);
        }
        r->held.size = listens ? sizeof(r->held) + sizeof(r->inet) : sizeof(*r);
        bpf_seq_write(seq, r, r->held.size);
}

static __always_inline void tell_inet(struct seq_file *seq, struct HeldTcp *r, const struct sock *sk) {
        set_inet(&r->inet, sk);
        if (!marks)
                r->inet.opened = RECORD_NOT_ASKED;
        if (sk->sk_protocol == IPPROTO_TCP) {
                tell_tcp(seq, r, sk);
                return;
        }
        if (sk->sk_protocol == IPPROTO_MPTCP) {
                struct sock *first = bpf_core_type_exists(struct mptcp_sock) ? BPF_CORE_READ((struct mptcp_sock *) sk, first) : NULL;

                set_timer(&r->inet, (const void *) sk, BPF_CORE_READ((const struct inet_connection_sock *) sk, icsk_pending));
                if (r->held.state == TCP_LISTEN && first)
                        set_backlog(&r->held, first);
        } else if (sk->sk_protocol == IPPROTO_UDP || sk->sk_protocol == IPPROTO_UDPLITE)
                r->held.receive_queue -= (u32) BPF_CORE_READ((struct udp_sock *) sk, forward_deficit);
        r->held.size = sizeof(r->held) + sizeof(r->inet);
        bpf_seq_write(seq, r, sizeof(r->held) + sizeof(r->inet));
}

/* ---- unix ---- */

#define QUEUE_MAX 64 /* of so many packets the bytes are counted, where the kernel does not count them itself */

static __always_inline u32 unix_received(const struct sock *sk, u8 type) {
        const struct unix_sock___inq *counted = (const void *) sk;
        const void *end = &sk->sk_receive_queue;
        struct sk_buff *skb = BPF_CORE_READ(sk, sk_receive_queue.next);
        u32 n = 0;

        if (type == SOCK_DGRAM)
                return skb == end ? 0 : BPF_CORE_READ(skb, len);
        if (type == SOCK_STREAM && bpf_core_field_exists(counted->inq_len))
                return (u32) BPF_CORE_READ(counted, inq_len);
        for (int i = 0; i < QUEUE_MAX && skb && skb != end; i++) {
                n += BPF_CORE_READ(skb, len) - BPF_CORE_READ((struct unix_skb_parms *) skb->cb, consumed);
                skb = BPF_CORE_READ(skb, next);
        }
        return n;
}

static __always_inline u32 inode_behind(const struct sock *sk) {
        struct socket_alloc *s = (struct socket_alloc *) BPF_CORE_READ(sk, sk_socket);

        return s ? (u32) BPF_CORE_READ(s, vfs_inode.i_ino) : 0;
}

static __always_inline u32 peer_inode(const struct sock *sk) {
        const struct sock *peer = BPF_CORE_READ((const struct unix_sock *) sk, peer);

        return peer ? inode_behind(peer) : 0;
}

static __always_inline u32 first_waiting(const struct sock *sk) {
        const struct sk_buff *skb = BPF_CORE_READ(sk, sk_receive_queue.next);

        return (const void *) skb == &sk->sk_receive_queue ? 0 : peer_inode(BPF_CORE_READ(skb, sk));
}

struct HeldUnix {
        struct RecordHeld held;
        struct RecordHeldUnix local;
        char name[RECORD_UNIX_ROOM];
};

static __always_inline u32 set_name(struct HeldUnix *r, const struct sock *sk) {
        const struct unix_address *address = BPF_CORE_READ((const struct unix_sock *) sk, addr);
        u32 size = address ? (u32) BPF_CORE_READ(address, len) - 2 : 0;

        if (size == 0 || size > RECORD_UNIX_NAME + 1) /* the NUL after a path of full length is counted, too */
                return 0;
        bpf_probe_read_kernel(r->name, size, (const char *) address + bpf_core_field_offset(struct unix_address, name) + 2);
        r->local.name_size = size;
        return (size + 7) & ~7u;
}

static __always_inline void tell_unix(struct seq_file *seq, struct HeldUnix *r, const struct sock *sk) {
        u32 room;

        r->local.peer_inode = peer_inode(sk);
        if (r->held.state == TCP_LISTEN) {
                r->held.receive_queue = sk->sk_receive_queue.qlen;
                r->held.send_queue = sk->sk_max_ack_backlog;
                r->local.waiting = first_waiting(sk);
        } else
                r->held.receive_queue = unix_received(sk, r->held.type);
        room = set_name(r, sk);
        if (room > RECORD_UNIX_ROOM)
                return;
        r->held.size = (u16) (sizeof(r->held) + sizeof(r->local) + room);
        bpf_seq_write(seq, r, sizeof(r->held) + sizeof(r->local) + room);
}

/* ---- the others ---- */

struct HeldNetlink {
        struct RecordHeld held;
        struct RecordHeldNetlink netlink;
};

static __always_inline void tell_netlink(struct seq_file *seq, struct HeldNetlink *r, const struct sock *sk) {
        const struct netlink_sock *n = (const void *) sk;

        r->netlink.port = BPF_CORE_READ(n, portid);
        r->netlink.peer_port = BPF_CORE_READ(n, dst_portid);
        r->held.size = sizeof(*r);
        bpf_seq_write(seq, r, sizeof(*r));
}

static __always_inline void tell_packet(struct seq_file *seq, struct RecordHeld *r, const struct sock *sk) {
        const struct packet_sock *p = (const void *) sk;

        r->protocol = __builtin_bswap16(BPF_CORE_READ(p, num));
        r->interface = (u32) BPF_CORE_READ(p, ifindex);
        r->size = sizeof(*r);
        bpf_seq_write(seq, r, sizeof(*r));
}

SEC("iter/task_file")
int socket_list(struct bpf_iter__task_file *ctx) {
        const struct task_struct *task = ctx->task;
        struct file *file = ctx->file;
        struct socket *socket;
        const struct sock *sk;
        union {
                struct RecordHeld held;
                struct HeldTcp inet;
                struct HeldUnix local;
                struct HeldNetlink netlink;
        } r;

        if (!task || !file)
                return 0;
        socket = bpf_sock_from_file(file);
        sk = socket ? socket->sk : NULL;
        if (!sk || !speaks_for_process(task) || !is_listed(sk))
                return 0;
        __builtin_memset(&r, 0, sizeof(r));
        set_held(&r.held, task, ctx->fd, file, sk);
        switch (r.held.family) {
        case AF_INET:
        case AF_INET6:
                tell_inet(ctx->meta->seq, &r.inet, sk);
                break;
        case AF_UNIX:
                tell_unix(ctx->meta->seq, &r.local, sk);
                break;
        case AF_NETLINK:
                tell_netlink(ctx->meta->seq, &r.netlink, sk);
                break;
        case AF_PACKET:
                tell_packet(ctx->meta->seq, &r.held, sk);
                break;
        }
        return 0;
}
