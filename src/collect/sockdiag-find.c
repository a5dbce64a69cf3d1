/* SPDX-License-Identifier: MIT */

/* Who is at the other end: exact requests where they can be had (connected TCP by its addresses: 4 us; a unix socket by its inode),
 * else a dump against a set. Without cookies, which are not known of what is looked for.
 *
 * A client that is connected but not yet accepted has no peer inode, since nobody has made a file of the socket at the other end. The
 * listener has it in its queue, and names the clients of those who wait (ICONS): all unix listeners are then asked for theirs.
 *
 * An exact request for TCP falls back to a listener; and what is in TIME_WAIT or was only asked for is no answer. */

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <string.h>
#include <sys/socket.h>

#include "base/macro.h"
#include "collect/find.h"
#include "collect/sockdiag.h"

/* So many exact requests cost what a dump does: of TCP of a middling table; for unix sockets the kernel walks its table each time. */
#define EXACT_TCP_MAX 2000
#define EXACT_UNIX_MAX 200

#define STATES_ALL (((1u << _STATE_MAX) - 1) & ~1u & ~(1u << STATE_TIME_WAIT))

typedef struct InetRequest {
        struct nlmsghdr header;
        struct inet_diag_req_v2 inet;
} InetRequest;

typedef struct UnixRequest {
        struct nlmsghdr header;
        struct unix_diag_req local;
} UnixRequest;

static const uint32_t no_cookie[2] = { UINT32_MAX, UINT32_MAX }; /* INET_DIAG_NOCOOKIE */

/* Not there, which is an answer. */
static int unless_absent(int r) {
        return r == -ENOENT || r == -ESTALE ? 0 : r;
}

/* --- exactly ---------------------------------------------------------------------------------------- */

static int take_tcp(void *userdata, const struct nlmsghdr *m) {
        Find *f = userdata;
        Socket s;
        int r = sockdiag_parse_inet(m, TRANSPORT_TCP, &s);

        if (r > 0 && find_is_tuple(f, &s))
                find_take(f, &s);
        return MIN(r, 0);
}

static int ask_tcp(Sockdiag *d, Find *f) {
        InetRequest request = {
                .inet = {
                        .sdiag_family = f->family == FAMILY_IPV6 ? AF_INET6 : AF_INET,
                        .sdiag_protocol = IPPROTO_TCP,
                        .idiag_states = UINT32_MAX,
                        .id = { .idiag_sport = htons(f->local.port), .idiag_dport = htons(f->peer.port), .idiag_if = f->interface },
                },
        };
        int r;

        memcpy(request.inet.id.idiag_src, f->local.ip, sizeof(f->local.ip));
        memcpy(request.inet.id.idiag_dst, f->peer.ip, sizeof(f->peer.ip));
        memcpy(request.inet.id.idiag_cookie, no_cookie, sizeof(no_cookie));
        r = sockdiag_send(d, &request.header, SOCK_DIAG_BY_FAMILY, 0, sizeof(request.inet));
        return r < 0 ? r : unless_absent(sockdiag_answer(d, take_tcp, f));
}

static int take_unix(void *userdata, const struct nlmsghdr *m) {
        Find *f = userdata;
        Socket s;
        int r = sockdiag_parse_unix(m, &s);

        if (r > 0 && s.inode == f->inode)
                find_take(f, &s);
        return MIN(r, 0);
}

static int ask_unix(Sockdiag *d, Find *f) {
        UnixRequest request = {
                .local = {
                        .sdiag_family = AF_UNIX,
                        .udiag_states = UINT32_MAX,
                        .udiag_ino = f->inode,
                        .udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER,
                },
        };
        int r;

        memcpy(request.local.udiag_cookie, no_cookie, sizeof(no_cookie));
        r = sockdiag_send(d, &request.header, SOCK_DIAG_BY_FAMILY, 0, sizeof(request.local));
        return r < 0 ? r : unless_absent(sockdiag_answer(d, take_unix, f));
}

/* --- dumps ------------------------------------------------------------------------------------------ */

typedef struct Dump {
        FindSet *set;
        Transport transport;
} Dump;

static int take_row(void *userdata, const struct nlmsghdr *m) {
        const Dump *dump = userdata;
        Socket s;
        int r = sockdiag_parse_inet(m, dump->transport, &s);

        return r > 0 ? findset_row(dump->set, &s) : MIN(r, 0);
}

static int dump_inet(Sockdiag *d, FindSet *set, Transport transport, uint32_t states) {
        static const uint8_t families[] = { AF_INET, AF_INET6 };
        Dump dump = { .set = set, .transport = transport };
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(families) && r >= 0; i++) {
                InetRequest request = {
                        .inet = {
                                .sdiag_family = families[i],
                                .sdiag_protocol = transport == TRANSPORT_TCP ? IPPROTO_TCP : IPPROTO_UDP,
                                .idiag_states = states,
                        },
                };

                r = sockdiag_send(d, &request.header, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, sizeof(request.inet));
                if (r >= 0)
                        r = unless_absent(sockdiag_answer(d, take_row, &dump));
        }
        if (r >= 0)
                findset_end(set);
        return r;
}

static int take_unix_row(void *userdata, const struct nlmsghdr *m) {
        Socket s;
        int r = sockdiag_parse_unix(m, &s);

        return r > 0 ? findset_row(userdata, &s) : MIN(r, 0);
}

static int dump_unix(Sockdiag *d, Find *finds, size_t count) {
        UnixRequest request = {
                .local = { .sdiag_family = AF_UNIX, .udiag_states = UINT32_MAX, .udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER },
        };
        _cleanup_findset_ FindSet set = {};
        int r = findset_init(&set, finds, count, TRANSPORT_UNKNOWN);

        if (r >= 0)
                r = sockdiag_send(d, &request.header, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, sizeof(request.local));
        return r < 0 ? r : unless_absent(sockdiag_answer(d, take_unix_row, &set));
}

/* --- unix listeners --------------------------------------------------------------------------------- */

static int count_client(void *userdata, uint32_t inode) {
        (void) inode;
        ++*(size_t *) userdata;
        return 0;
}

typedef struct Queues {
        Find *finds;
        size_t count;
        const Socket *listener;
} Queues;

static int take_client(void *userdata, uint32_t inode) {
        const Queues *q = userdata;

        for (size_t i = 0; i < q->count; i++)
                if (q->finds[i].family == FAMILY_UNIX && q->finds[i].client == inode && inode != 0)
                        find_take_listener(&q->finds[i], q->listener);
        return 0;
}

static int take_listener(void *userdata, const struct nlmsghdr *m) {
        Queues *q = userdata;
        size_t waiting = 0;
        Socket s;
        int r = sockdiag_parse_icons(m, count_client, &waiting);

        if (r < 0 || waiting == 0)
                return r;
        r = sockdiag_parse_unix(m, &s);
        if (r <= 0)
                return r;
        q->listener = &s;
        return sockdiag_parse_icons(m, take_client, q);
}

static int dump_listeners(Sockdiag *d, Find *finds, size_t count) {
        Queues queues = { .finds = finds, .count = count };
        UnixRequest request = {
                .local = {
                        .sdiag_family = AF_UNIX,
                        .udiag_states = 1u << STATE_LISTEN,
                        .udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_ICONS,
                },
        };
        int r = sockdiag_send(d, &request.header, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, sizeof(request.local));

        return r < 0 ? r : unless_absent(sockdiag_answer(d, take_listener, &queues));
}

/* --- all of them ------------------------------------------------------------------------------------ */

/* Found, but nobody has accepted it: who will? */
static bool is_pending(const Find *f) {
        return f->transport == TRANSPORT_TCP && f->found.count > 0 && f->found.inode == 0;
}

typedef struct Wanted {
        size_t tcp, pending, udp, inodes, clients;
} Wanted;

static Wanted wanted_of(const Find *finds, size_t count) {
        Wanted w = {};

        for (size_t i = 0; i < count; i++) {
                const Find *f = &finds[i];

                w.tcp += f->transport == TRANSPORT_TCP;
                w.pending += is_pending(f);
                w.udp += f->transport == TRANSPORT_UDP;
                w.inodes += f->family == FAMILY_UNIX && f->inode != 0;
                w.clients += f->family == FAMILY_UNIX && f->client != 0;
        }
        return w;
}

static int find_set(Sockdiag *d, Find *finds, size_t count, Transport transport, uint32_t states) {
        _cleanup_findset_ FindSet set = {};
        int r = findset_init(&set, finds, count, transport);

        return r < 0 ? r : dump_inet(d, &set, transport, states);
}

static int find_tcp(Sockdiag *d, Find *finds, size_t count, size_t wanted) {
        int r = 0;

        if (wanted > EXACT_TCP_MAX)
                return find_set(d, finds, count, TRANSPORT_TCP, STATES_ALL);
        for (size_t i = 0; i < count && r >= 0; i++)
                if (finds[i].transport == TRANSPORT_TCP)
                        r = ask_tcp(d, &finds[i]);
        /* The dump of listeners cannot show a connection twice. */
        if (r >= 0 && wanted_of(finds, count).pending > 0)
                r = find_set(d, finds, count, TRANSPORT_TCP, 1u << STATE_LISTEN);
        return r;
}

int sockdiag_find(Sockdiag *d, Find *finds, size_t count) {
        Wanted w = wanted_of(finds, count);
        int r = w.tcp > 0 ? find_tcp(d, finds, count, w.tcp) : 0;

        if (r >= 0 && w.udp > 0)
                r = find_set(d, finds, count, TRANSPORT_UDP, STATES_ALL);
        if (r >= 0 && w.inodes > EXACT_UNIX_MAX)
                r = dump_unix(d, finds, count);
        for (size_t i = 0; i < count && r >= 0 && w.inodes > 0 && w.inodes <= EXACT_UNIX_MAX; i++)
                if (finds[i].family == FAMILY_UNIX && finds[i].inode != 0)
                        r = ask_unix(d, &finds[i]);
        if (r >= 0 && w.clients > 0)
                r = dump_listeners(d, finds, count);
        return r;
}
