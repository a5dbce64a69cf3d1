/* SPDX-License-Identifier: MIT */

#include "cycle-stray.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "collect/procfs.h"
#include "cycle.h"

static bool is_among(const Netns *items, size_t count, uint64_t id) {
        for (size_t i = 0; i < count; i++)
                if (items[i].id == id)
                        return true;
        return false;
}

static int keep(Strays *s, const Netns *netns) {
        Netns *found;

        if (is_among(s->found, s->found_count, netns->id))
                return 0;
        found = array_grow(s->found, s->found_count, sizeof(Netns));
        if (!found)
                return -ENOMEM;
        s->found = found;
        s->found[s->found_count++] = *netns;
        return 0;
}

/* 1 found; 0 not there. */
static int is_there(const Strays *s, const Netns *netns, uint32_t inode) {
        Find f = { .family = FAMILY_UNIX, .inode = inode };
        int r = collector_find(s->cycle->collector, netns, &f, 1);

        return r == -ENOMEM ? r : r >= 0 && f.found.count > 0;
}

/* In which namespace is it? Those that were looked at first: the look may have skipped it. */
static int find_unix(Strays *s, const Stray *stray) {
        const HostNet *h = &s->cycle->peers.hosts;
        int r = 0;

        for (size_t i = 0; i < s->known_count && r == 0; i++)
                r = is_there(s, &s->known[i], stray->inode);
        for (size_t i = 0; i < s->found_count && r == 0; i++)
                r = is_there(s, &s->found[i], stray->inode);
        if (r == 0)
                r = cycle_places(s->cycle);
        for (size_t i = 0; i < h->place_count && r == 0; i++) {
                if (is_among(s->known, s->known_count, h->places[i].netns.id))
                        continue;
                r = is_there(s, &h->places[i].netns, stray->inode);
                if (r > 0)
                        r = keep(s, &h->places[i].netns) ?: 1;
        }
        return r;
}

/* In one that nobody lives in. Once for each socket, and only if this is allowed: it touches the descriptor. 1 found; 0 not. */
static int look_behind(Strays *s, const Stray *stray, const char *protocol) {
        const HolderAt at = { .pid = stray->pid, .start_ticks = stray->start_ticks, .fd = stray->fd, .inode = stray->inode };
        bool local = strncmp(protocol, "UNIX", 4) == 0, inet = strncmp(protocol, "TCP", 3) == 0 || strncmp(protocol, "UDP", 3) == 0;
        unsigned tables = local ? TABLE_BIT(TABLE_UNIX) : TABLE_BIT(TABLE_TCP) | TABLE_BIT(TABLE_UDP);
        Netns netns;
        int r;

        if (!s->cycle->config->intrusive || (!local && !inet))
                return 0;
        r = collector_look_behind(s->cycle->collector, &at, s->known, s->known_count, tables, s->taker, &netns);
        if (r == 0)
                r = keep(s, &netns) ?: 1;
        return r == -ENOMEM ? r : r > 0;
}

/* Every unix socket is in the table of its namespace, and this one is in none that can be looked at. Of the others that have no row most are only not
 * bound yet. */
static void note_unfound(Strays *s, bool local) {
        s->unfound += local && s->tables & TABLE_BIT(TABLE_UNIX);
}

static int take_stray(void *userdata, const Stray *stray) {
        Strays *s = userdata;
        char protocol[PROCFS_PROTOCOL_MAX];
        bool local;
        int r;

        if (procfs_protocol(s->cycle->proc_fd, stray->pid, stray->start_ticks, stray->fd, stray->inode, protocol) < 0)
                return 1;
        local = strncmp(protocol, "UNIX", 4) == 0;
        r = local ? find_unix(s, stray) : 0;
        if (r != 0)
                return r;
        /* Once more after the next look, when processes that are new by now are known. */
        if (local && stray->looks < 3)
                return 0;
        r = look_behind(s, stray, protocol);
        if (r == 0)
                note_unfound(s, local);
        return r < 0 ? r : 1;
}

int cycle_strays(Strays *s) {
        int r = ledger_strays(s->cycle->ledger, take_stray, s);

        if (s->unfound > 0)
                ledger_gap(s->cycle->ledger, "namespace-lost", s->cycle->began, clock_boottime(), s->unfound);
        return r;
}
