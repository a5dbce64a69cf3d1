/* SPDX-License-Identifier: MIT */

/* Books: what the kernel counted against what was told (rule 12), and closes of sockets that were never in the map
 * (rule 7). */

#include <errno.h>
#include <string.h>

#include "detect/ledger-internal.h"

#define MISSED_MAX 10000

Book *ledger_book(Ledger *l, const Netns *netns) {
        Book *books;

        for (size_t i = 0; i < l->book_count; i++)
                if (l->books[i].netns.id == netns->id)
                        return &l->books[i];
        books = reallocarray(l->books, l->book_count + 1, sizeof(Book));
        if (!books)
                return NULL;
        l->books = books;
        l->books[l->book_count] = (Book){ .netns = *netns };
        return &l->books[l->book_count++];
}

static unsigned column_of(unsigned direction) {
        if (direction == DIRECTION_EGRESS)
                return BOOK_ACTIVE;
        return direction == DIRECTION_INGRESS ? BOOK_PASSIVE : BOOK_UNKNOWN;
}

/* Only what appeared while we looked: the kernel's counters begin at our zero, too. */
void ledger_book_opened(Ledger *l, Connection *c, bool reported) {
        Book *b;

        if (c->transport != TRANSPORT_TCP || c->state == STATE_LISTEN || !c->appeared)
                return;
        b = ledger_book(l, &c->table->netns);
        if (!b)
                return;
        if (reported)
                b->reported[column_of(c->direction)] += !c->booked;
        else
                b->recorded[column_of(c->direction)]++;
        c->booked |= reported;
}

void ledger_books_kernel(Ledger *l, const Netns *netns, uint64_t active, uint64_t passive) {
        Book *b = ledger_book(l, netns);

        if (!b)
                return;
        if (!b->kernel_known) {
                b->kernel_zero[BOOK_ACTIVE] = active;
                b->kernel_zero[BOOK_PASSIVE] = passive;
                b->kernel_known = true;
        }
        b->kernel_now[BOOK_ACTIVE] = active;
        b->kernel_now[BOOK_PASSIVE] = passive;
}

static void tell_book(Ledger *l, const Book *b, uint64_t now) {
        Event *e = ledger_event(l, EVENT_AUDIT_BALANCE, 0, now, l->options.notices_exact ? "bpf" : "snapshot");
        long long kernel[2];

        for (int i = 0; i < 2; i++)
                kernel[i] = (long long) (b->kernel_now[i] - b->kernel_zero[i]);
        if (b->netns.inode != 0)
                event_set_number(e, EVENT_FIELD_NETNS, b->netns.inode);
        if (b->kernel_known)
                event_set_printf(e, EVENT_FIELD_OPENED_KERNEL, "%lld %lld", kernel[0], kernel[1]);
        event_set_printf(e, EVENT_FIELD_OPENED_RECORDED, "%lld %lld %lld", (long long) b->recorded[0],
                         (long long) b->recorded[1], (long long) b->recorded[2]);
        event_set_printf(e, EVENT_FIELD_OPENED_REPORTED, "%lld %lld %lld", (long long) b->reported[0],
                         (long long) b->reported[1], (long long) b->reported[2]);
        event_set_number(e, EVENT_FIELD_MISSED, b->missed);
        event_set_number(e, EVENT_FIELD_UNATTRIBUTABLE, b->unattributable);
        if (!l->options.notices_exact)
                event_set_word(e, EVENT_FIELD_ESTIMATE, "yes");
        ledger_say(l, e);
}

void ledger_balance(Ledger *l, uint64_t now) {
        for (size_t i = 0; i < l->book_count; i++)
                tell_book(l, &l->books[i], now);
}

int ledger_missed(Ledger *l, const Notice *n, TableState *t) {
        Book *b = ledger_book(l, &t->netns);
        const Socket *s = &n->socket;
        struct MissedKey key;
        Missed *m;

        if (!b)
                return -ENOMEM;
        if (s->peer.port == 0) {
                /* Never connected, refused, or reset by linger 0: the kernel does not say which. */
                b->unattributable++;
                return 0;
        }
        b->missed++;
        memset(&key, 0, sizeof(key)); /* it is hashed with its padding */
        key.netns = t->netns.id;
        key.family = s->family;
        key.transport = s->transport;
        memcpy(key.peer_ip, s->peer.ip, sizeof(key.peer_ip));
        if (ledger_listens(l, &t->netns, s->transport, s->family, &s->local, 0))
                key.listener_port = s->local.port;
        else
                key.peer_port = s->peer.port;
        HASH_FIND(hh, l->missed, &key, sizeof(key), m);
        if (!m) {
                if (HASH_COUNT(l->missed) >= MISSED_MAX)
                        ledger_flush_missed(l, n->not_after); /* told early, not dropped */
                m = calloc(1, sizeof(Missed));
                if (!m)
                        return -ENOMEM;
                m->key = key;
                m->netns_inode = t->netns.inode;
                m->not_before = n->not_before;
                HASH_ADD(hh, l->missed, key, sizeof(m->key), m);
                if (!m->hh.tbl) {
                        free(m);
                        return -ENOMEM;
                }
        }
        m->count++;
        m->not_before = MIN(m->not_before, n->not_before);
        m->not_after = MAX(m->not_after, n->not_after);
        if (s->bytes_sent != SOCKET_UNKNOWN)
                m->bytes_sent += s->bytes_sent;
        if (s->bytes_received != SOCKET_UNKNOWN)
                m->bytes_received += s->bytes_received;
        return 0;
}

static void tell_missed(Ledger *l, const Missed *m) {
        Event *e = ledger_event(l, EVENT_CONNECTION_MISSED, m->not_before, m->not_after, "destroy");

        if (m->netns_inode != 0)
                event_set_number(e, EVENT_FIELD_NETNS, m->netns_inode);
        event_set_number(e, EVENT_FIELD_FAMILY, m->key.family);
        event_set_number(e, EVENT_FIELD_TRANSPORT, m->key.transport);
        event_set_bytes(e, EVENT_FIELD_PEER_ADDRESS,
                        (Bytes){ .data = (const char *) m->key.peer_ip, .size = m->key.family == FAMILY_IPV4 ? 4 : 16 });
        if (m->key.listener_port != 0) {
                event_set_number(e, EVENT_FIELD_LOCAL_PORT, m->key.listener_port);
                event_set_number(e, EVENT_FIELD_DIRECTION, DIRECTION_INGRESS);
        } else
                event_set_number(e, EVENT_FIELD_PEER_PORT, m->key.peer_port);
        event_set_number(e, EVENT_FIELD_CLOSED, m->count);
        event_set_number(e, EVENT_FIELD_BYTES_SENT, m->bytes_sent);
        event_set_number(e, EVENT_FIELD_BYTES_RECEIVED, m->bytes_received);
        ledger_say(l, e);
}

void ledger_flush_missed(Ledger *l, uint64_t now) {
        Missed *m, *next;

        (void) now;
        HASH_ITER(hh, l->missed, m, next) {
                tell_missed(l, m);
                HASH_DEL(l->missed, m);
                free(m);
        }
}

void ledger_books_free(Ledger *l) {
        Missed *m, *next;

        HASH_ITER(hh, l->missed, m, next) {
                HASH_DEL(l->missed, m);
                free(m);
        }
        free(l->books);
}
