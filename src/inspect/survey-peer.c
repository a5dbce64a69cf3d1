/* SPDX-License-Identifier: MIT */

#include "inspect/survey-peer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collect/netns.h"
#include "collect/procfs.h"

void survey_peers_done(SurveyPeers *p) {
        hostnet_done(&p->hosts);
        free(p->answers);
        *p = (SurveyPeers){};
}

static bool has_place(const HostNet *h, uint64_t id) {
        for (size_t i = 0; i < h->place_count; i++)
                if (h->places[i].netns.id == id)
                        return true;
        return false;
}

int survey_peers_add(SurveyPeers *p, const Netns *netns) {
        if (has_place(&p->hosts, netns->id))
                return 0;
        free(p->answers);
        p->answers = NULL;
        return hostnet_add(&p->hosts, p->collector, netns);
}

static size_t find_places(SurveyPeers *p, uint64_t netns, const Find *f, uint64_t ret[MAP_PLACES]) {
        uint32_t across[HOSTNET_CANDIDATES];
        size_t n;

        if (hostnet_is_local(&p->hosts, netns, f)) {
                ret[0] = netns;
                return 1;
        }
        n = hostnet_across(&p->hosts, p->collector, netns, f, across);
        for (size_t i = 0; i < n; i++)
                ret[i] = p->hosts.places[across[i]].netns.id;
        return n;
}

_Static_assert(MAP_PLACES >= HOSTNET_CANDIDATES, "room for all of them");

static size_t slot_of(uint64_t netns, const Find *f) {
        size_t sum = (size_t) netns;

        for (size_t i = 0; i < sizeof(f->local.ip); i++)
                sum = sum * 31 + f->local.ip[i] * 7u + f->peer.ip[i];
        return sum % SURVEY_ANSWERS;
}

static bool same_addresses(const Find *a, const Find *b) {
        return a->family == b->family && memcmp(a->local.ip, b->local.ip, 16) == 0 && memcmp(a->peer.ip, b->peer.ip, 16) == 0;
}

size_t survey_places(void *userdata, const Socket *s, uint64_t ret[MAP_PLACES]) {
        SurveyPeers *p = userdata;
        size_t slot, n;
        Find f = {};

        find_addresses(&f, s);
        slot = slot_of(s->netns, &f);
        if (!p->answers)
                p->answers = calloc(SURVEY_ANSWERS, sizeof(*p->answers));
        if (p->answers && p->answers[slot].netns == s->netns && same_addresses(&p->answers[slot].asked, &f)) {
                memcpy(ret, p->answers[slot].places, sizeof(p->answers[slot].places));
                return p->answers[slot].count;
        }
        n = find_places(p, s->netns, &f, ret);
        if (p->answers) {
                p->answers[slot].netns = s->netns;
                p->answers[slot].asked = f;
                p->answers[slot].count = n;
                memcpy(p->answers[slot].places, ret, n * sizeof(*ret));
        }
        return n;
}

/* --- other namespaces ------------------------------------------------------------------------------- */

static bool is_open(SurveyPeers *p, const MapSocket *s) {
        Find f = {};

        if (!socket_has_addresses(&s->socket) || s->unlisted || s->peer != MAP_NONE || s->socket.peer.port == 0)
                return false;
        find_addresses(&f, &s->socket);
        return hostnet_is_global(f.family, f.local.ip) && !hostnet_is_local(&p->hosts, s->socket.netns, &f);
}

static bool is_wanted(const Map *m, const MapSocket *s) {
        const MapHolder *h;
        size_t n = map_holders(m, s->socket.inode, &h);

        for (size_t i = 0; i < n; i++)
                if (m->processes[h[i].process].wanted)
                        return true;
        return false;
}

static bool some_are_open(SurveyPeers *p, const Map *m) {
        for (size_t i = 0; i < m->socket_count; i++)
                if (is_open(p, &m->sockets[i]) && is_wanted(m, &m->sockets[i]))
                        return true;
        return false;
}

static bool has_inode(const HostNet *h, uint32_t inode) {
        for (size_t i = 0; i < h->place_count; i++)
                if (h->places[i].netns.inode == inode)
                        return true;
        return false;
}

int survey_peers_complete(SurveyPeers *p, const Map *m, int proc_fd) {
        _cleanup_free_ uint32_t *pids = NULL;
        size_t count;
        int r;

        if (p->complete || !some_are_open(p, m))
                return 0;
        p->complete = true;
        r = procfs_list(proc_fd, &pids, &count);
        for (size_t i = 0; r >= 0 && i < count; i++) {
                uint32_t inode;
                Netns netns;

                if (netns_inode(proc_fd, pids[i], &inode) < 0 || has_inode(&p->hosts, inode))
                        continue;
                if (collector_netns(p->collector, pids[i], &netns) >= 0)
                        r = survey_peers_add(p, &netns);
        }
        return r == -ENOMEM ? r : 0;
}

static bool may_have_ends(SurveyPeers *p, const Map *m, uint64_t place) {
        for (size_t i = 0; i < m->socket_count; i++) {
                uint64_t places[MAP_PLACES];
                size_t n = is_open(p, &m->sockets[i]) && is_wanted(m, &m->sockets[i]) ? survey_places(p, &m->sockets[i].socket, places) : 0;

                for (size_t k = 0; k < n; k++)
                        if (places[k] == place)
                                return true;
        }
        return false;
}

const Netns *survey_peers_missing(SurveyPeers *p, const Map *m, size_t *next) {
        while (p->complete && *next < p->hosts.place_count) {
                const Netns *netns = &p->hosts.places[(*next)++].netns;

                if (!map_netns(m, netns->id) && may_have_ends(p, m, netns->id))
                        return netns;
        }
        return NULL;
}

/* --- queues ----------------------------------------------------------------------------------------- */

static bool may_wait(const Socket *s) {
        return s->family == FAMILY_UNIX && s->state == STATE_ESTABLISHED && s->peer_inode == 0 && s->cookie != 0 && s->inode != 0 &&
               (s->transport == TRANSPORT_STREAM || s->transport == TRANSPORT_SEQPACKET);
}

/* In all namespaces of the map: a listener need not live in that of its client. */
int survey_queues(SurveyPeers *p, Map *m) {
        _cleanup_free_ Find *finds = NULL;
        size_t count = 0;

        for (size_t i = 0; i < m->socket_count; i++) {
                Find *grown;

                if (!may_wait(&m->sockets[i].socket) || !is_wanted(m, &m->sockets[i]))
                        continue;
                grown = array_grow(finds, count, sizeof(Find));
                if (!grown)
                        return -ENOMEM;
                finds = grown;
                finds[count++] = (Find){ .family = FAMILY_UNIX, .client = m->sockets[i].socket.inode };
        }
        for (size_t i = 0; i < m->netns_count && count > 0; i++)
                if (m->namespaces[i].id != 0 && collector_find(p->collector, &m->namespaces[i], finds, count) == -ENOMEM)
                        return -ENOMEM;
        for (size_t i = 0; i < count; i++)
                if (finds[i].server.count == 1 && map_add_waiting(m, finds[i].client, finds[i].server.inode) < 0)
                        return -ENOMEM;
        return 0;
}
