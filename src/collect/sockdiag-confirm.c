/* SPDX-License-Identifier: MIT */

/* One socket, by all that is known of it: does it live? */

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "collect/sockdiag-internal.h"

static void cookie_words(uint64_t cookie, uint32_t ret[2]) {
        ret[0] = (uint32_t) cookie;
        ret[1] = (uint32_t) (cookie >> 32);
}

static int ask_tcp(Sockdiag *d, const Socket *s) {
        SockdiagRequest request = {
                .inet = {
                        .sdiag_family = s->family == FAMILY_IPV6 ? AF_INET6 : AF_INET,
                        .sdiag_protocol = IPPROTO_TCP,
                        .idiag_states = UINT32_MAX,
                        .id = {
                                .idiag_sport = htons(s->local.port),
                                .idiag_dport = htons(s->peer.port),
                                .idiag_if = s->interface,
                        },
                },
        };

        memcpy(request.inet.id.idiag_src, s->local.ip, sizeof(s->local.ip));
        memcpy(request.inet.id.idiag_dst, s->peer.ip, sizeof(s->peer.ip));
        cookie_words(s->cookie, request.inet.id.idiag_cookie);
        return sockdiag_send(d, &request.header, SOCK_DIAG_BY_FAMILY, 0, sizeof(request.inet));
}

static int ask_unix(Sockdiag *d, const Socket *s) {
        SockdiagRequest request = {
                .local = { .sdiag_family = AF_UNIX, .udiag_states = UINT32_MAX, .udiag_ino = s->inode },
        };

        cookie_words(s->cookie, request.local.udiag_cookie);
        return sockdiag_send(d, &request.header, SOCK_DIAG_BY_FAMILY, 0, sizeof(request.local));
}

static int confirm_row(void *userdata, const Socket *found) {
        const Socket *s = userdata;

        return found->cookie == s->cookie && found->timer != TIMER_TIME_WAIT ? -EEXIST : -ENOENT;
}

int sockdiag_confirm(Sockdiag *d, const Socket *socket) {
        bool local = socket->family == FAMILY_UNIX;
        bool tcp = socket_has_addresses(socket) && socket->transport == TRANSPORT_TCP;
        Socket wanted = *socket;
        Taker taker = { .userdata = &wanted, .row = confirm_row };
        SockdiagExchange e = {
                .taker = &taker,
                .format = { SOCK_DIAG_BY_FAMILY, TRANSPORT_TCP, local ? sockdiag_parse_unix : NULL },
        };
        _Alignas(struct nlmsghdr) char buffer[8192];
        ssize_t n;
        int r;

        if (socket->cookie == 0 || (!tcp && !local) || (tcp && socket_is_listener(socket)) || (local && socket->inode == 0))
                return -EOPNOTSUPP;
        r = local ? ask_unix(d, socket) : ask_tcp(d, socket);
        if (r < 0)
                return r;
        n = sockdiag_receive(d, buffer, sizeof(buffer));
        if (n < 0)
                return (int) n;
        r = sockdiag_exchange_part(&e, buffer, (size_t) n, d->sequence);
        if (e.answer == -EEXIST)
                return 1;
        /* Not told (TIME_WAIT), another one, or not there. */
        if (r == 0 || e.answer < 0 || r == -ENOENT || r == -ESTALE)
                return 0;
        return r > 0 ? -EBADMSG : r;
}
