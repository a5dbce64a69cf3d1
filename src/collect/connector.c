/* SPDX-License-Identifier: MIT */

/* Subscription, receive loop and parser of the process connector. Messages are believed when they come from the kernel (port 0; any
 * process may send to us), and counted by CPU. (An acknowledgement of kernels before 4.8 has neither number nor CPU: its CPU is -1.)
 *
 * Known limits: the kernel keeps its counter of subscribers correct only when we say goodbye; after an unclean end it goes on making
 * messages for nobody, at a cost below what can be measured. */

#include "collect/connector.h"

#include <errno.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/macro.h"

#define BUFFER_SIZE (8 << 20) /* 10,000 notices */
#define ANSWER_MSEC 500
#define BATCH 64
#define MESSAGE_MAX 256 /* 76 bytes are used */
#define CPUS_MAX 8192   /* more than any kernel can be built for */

typedef struct Head {
        struct nlmsghdr netlink;
        struct cn_msg connector;
} Head;

/* What befalls a thread, its birth and its end too, is none of these for its process. */
static void set_process(ConnectorNotice *n, ConnectorKind kind, __kernel_pid_t thread, __kernel_pid_t process) {
        if (thread == process)
                n->kind = kind;
        n->pid = (uint32_t) process;
}

int connector_parse(const void *data, size_t size, ConnectorNotice *ret) {
        struct proc_event e = {};
        size_t length;
        Head head;

        if (size < sizeof(head))
                return -EINVAL;
        memcpy(&head, data, sizeof(head));
        length = head.connector.len;
        if (head.netlink.nlmsg_len > size || head.netlink.nlmsg_len < sizeof(head) || head.connector.id.idx != CN_IDX_PROC ||
            head.connector.id.val != CN_VAL_PROC || length < offsetof(struct proc_event, event_data) ||
            length > head.netlink.nlmsg_len - sizeof(head))
                return -EINVAL;
        /* A kind that carries more than we know of is cut. */
        memcpy(&e, (const char *) data + sizeof(head), MIN(length, sizeof(e)));

        *ret = (ConnectorNotice){
                .kind = CONNECTOR_OTHER,
                .when = e.timestamp_ns / 1000,
                .cpu = e.cpu,
                .sequence = head.connector.seq,
                .acknowledged = head.connector.ack,
        };
        switch (e.what) {
        case PROC_EVENT_NONE:
                ret->kind = CONNECTOR_ACK;
                ret->error = e.event_data.ack.err;
                break;
        case PROC_EVENT_FORK:
                set_process(ret, CONNECTOR_FORK, e.event_data.fork.child_pid, e.event_data.fork.child_tgid);
                ret->parent = (uint32_t) e.event_data.fork.parent_tgid;
                break;
        case PROC_EVENT_EXEC:
                set_process(ret, CONNECTOR_EXEC, e.event_data.exec.process_tgid, e.event_data.exec.process_tgid);
                break;
        case PROC_EVENT_UID:
                set_process(ret, CONNECTOR_CHANGE, e.event_data.id.process_pid, e.event_data.id.process_tgid);
                break;
        case PROC_EVENT_COMM:
                set_process(ret, CONNECTOR_CHANGE, e.event_data.comm.process_pid, e.event_data.comm.process_tgid);
                break;
        case PROC_EVENT_EXIT:
                set_process(ret, CONNECTOR_EXIT, e.event_data.exit.process_pid, e.event_data.exit.process_tgid);
                break;
        case PROC_EVENT_GID:
        case PROC_EVENT_SID:
        case PROC_EVENT_PTRACE:
        case PROC_EVENT_COREDUMP:
        default:
                break;
        }
        return 0;
}

uint64_t connector_count(Connector *c, const ConnectorNotice *n) {
        uint32_t missing;

        if (n->cpu >= c->cpus)
                return 0;
        missing = c->known[n->cpu] ? n->sequence - c->next[n->cpu] : 0;
        c->next[n->cpu] = n->sequence + 1;
        c->known[n->cpu] = true;
        /* Numbers that go back are a counter that began anew: nothing can be said. */
        return missing > INT32_MAX ? 0 : missing;
}

/* struct proc_input of linux/cn_proc.h since 6.6, which older headers lack. A kernel that does not know it takes no notice of such a message. */
typedef struct Subscription {
        enum proc_cn_mcast_op op;
        uint32_t events;
} Subscription;

/* events: 0: all. */
static int subscribe(const Connector *c, enum proc_cn_mcast_op op, uint32_t events, uint32_t sequence) {
        Subscription s = { op, events };
        _Alignas(Head) char m[sizeof(Head) + sizeof(s)] = {};
        size_t size = events != 0 ? sizeof(s) : sizeof(op);
        Head *head = (Head *) m;
        ssize_t n;

        head->netlink = (struct nlmsghdr){ .nlmsg_len = (uint32_t) (sizeof(Head) + size), .nlmsg_type = NLMSG_DONE };
        head->connector.id = (struct cb_id){ CN_IDX_PROC, CN_VAL_PROC };
        head->connector.seq = head->connector.ack = sequence;
        head->connector.len = (uint16_t) size;
        memcpy(m + sizeof(Head), &s, size);
        do
                n = send(c->fd, m, sizeof(Head) + size, 0);
        while (n < 0 && errno == EINTR);
        return n < 0 ? -errno : 0;
}

typedef struct Answer {
        uint32_t sequence;
        bool came;
        uint32_t error;
} Answer;

static void take_answer(void *userdata, const ConnectorNotice *n) {
        Answer *a = userdata;

        /* Everybody gets everybody's: the number is what makes it ours. */
        if (n->kind != CONNECTOR_ACK || n->acknowledged != a->sequence + 1)
                return;
        a->came = true;
        a->error = n->error;
}

static int await_answer(Connector *c, Answer *a) {
        uint64_t now = clock_monotonic(), end = now + ANSWER_MSEC * USEC_PER_MSEC;
        int r;

        for (; !a->came && now < end; now = clock_monotonic()) {
                struct pollfd p = { .fd = c->fd, .events = POLLIN };

                if (poll(&p, 1, (int) ((end - now) / USEC_PER_MSEC) + 1) < 0 && errno != EINTR)
                        return -errno;
                r = connector_receive(c, 1024, take_answer, a);
                if (r < 0)
                        return r;
        }
        if (!a->came)
                return -EOPNOTSUPP;
        return a->error != 0 && a->error < 4096 ? -(int) a->error : 0;
}

static int allocate(Connector *c) {
        c->cpus = CPUS_MAX;
        c->next = calloc(c->cpus, sizeof(*c->next));
        c->known = calloc(c->cpus, sizeof(*c->known));
        return c->next && c->known ? 0 : -ENOMEM;
}

static int open_socket(Connector *c) {
        struct sockaddr_nl a = { .nl_family = AF_NETLINK, .nl_groups = CN_IDX_PROC };
        int size = BUFFER_SIZE;

        c->fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_CONNECTOR);
        if (c->fd < 0)
                return -errno;
        if (setsockopt(c->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
                (void) setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
        return bind(c->fd, (struct sockaddr *) &a, sizeof(a)) < 0 ? -errno : drops_open(&c->drops, c->fd);
}

/* An answer to a subscription to some events would be left out itself: so first to all. */
int connector_open(Connector *ret, bool users_only) {
        Connector c = CONNECTOR_NULL;
        Answer answer = {};
        int r;

        if (getrandom(&answer.sequence, sizeof(answer.sequence), 0) != sizeof(answer.sequence))
                return -errno;
        r = allocate(&c);
        if (r >= 0)
                r = open_socket(&c);
        if (r >= 0)
                r = subscribe(&c, PROC_CN_MCAST_LISTEN, 0, answer.sequence);
        if (r >= 0)
                r = await_answer(&c, &answer);
        if (r >= 0 && users_only) {
                c.users_only = true;
                r = subscribe(&c, PROC_CN_MCAST_LISTEN, PROC_EVENT_UID, 0);
        }
        if (r < 0) {
                connector_close(&c);
                return r;
        }
        *ret = c;
        return 0;
}

void connector_close(Connector *c) {
        if (c->fd >= 0)
                (void) subscribe(c, PROC_CN_MCAST_IGNORE, 0, 0);
        (void) fd_close(c->fd);
        free(c->next);
        free(c->known);
        *c = CONNECTOR_NULL;
}

typedef struct Batch {
        struct mmsghdr messages[BATCH];
        struct iovec parts[BATCH];
        struct sockaddr_nl from[BATCH];
        _Alignas(struct nlmsghdr) char data[BATCH][MESSAGE_MAX];
} Batch;

static int receive_batch(Connector *c, Batch *b, size_t count) {
        for (size_t i = 0; i < count; i++) {
                b->parts[i] = (struct iovec){ b->data[i], MESSAGE_MAX };
                b->messages[i].msg_hdr = (struct msghdr){
                        .msg_name = &b->from[i], .msg_namelen = sizeof(b->from[i]), .msg_iov = &b->parts[i], .msg_iovlen = 1,
                };
        }
        for (;;) {
                int n = recvmmsg(c->fd, b->messages, (unsigned) count, MSG_DONTWAIT, NULL);

                if (n >= 0)
                        return n;
                if (errno == EAGAIN)
                        return 0;
                if (errno == ENOBUFS)
                        c->overrun = true; /* told once; what is in the buffer is still good */
                else if (errno != EINTR)
                        return -errno;
        }
}

int connector_receive(Connector *c, size_t max, connector_take_t take, void *userdata) {
        size_t total = 0;
        Batch b;

        while (total < max) {
                size_t want = MIN(max - total, (size_t) BATCH);
                int n = receive_batch(c, &b, want);

                if (n < 0)
                        return n;
                for (int i = 0; i < n; i++) {
                        ConnectorNotice notice;

                        if (b.messages[i].msg_hdr.msg_namelen != sizeof(b.from[i]) || b.from[i].nl_pid != 0 ||
                            connector_parse(b.data[i], b.messages[i].msg_len, &notice) < 0)
                                continue;
                        c->lost += connector_count(c, &notice);
                        if (notice.kind != CONNECTOR_OTHER)
                                take(userdata, &notice);
                }
                total += (size_t) n;
                if ((size_t) n < want)
                        break;
        }
        return (int) total;
}

uint64_t connector_lost(Connector *c, int proc_fd) {
        uint32_t dropped = 1; /* at least, should the kernel not say */

        if (c->overrun) {
                (void) drops_read(&c->drops, proc_fd, &dropped);
                c->dropped += dropped;
                c->overrun = false;
        }
        return c->users_only ? c->dropped : MAX(c->lost, c->dropped);
}
