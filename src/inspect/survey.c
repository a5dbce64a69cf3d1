/* SPDX-License-Identifier: MIT */

/* Survey: descriptors first, then the tables of sockets, then what these leave open:
 *
 *     1. the processes asked for, with their descriptors
 *     2. the tables of their namespaces
 *     3. all namespaces, if a unix socket has its other end there (or lives there itself: an accepted one is in its client's)
 *        or a descriptor is in no table so far
 *     4. the descriptors of all processes, if somebody else holds the other end of a connection on this host
 *     5. namespaces that nobody lives in any more, but some of their sockets are held; the protocol of what is in no table
 *
 * So `list 901` of a process that talks to other hosts only costs one process and one dump.
 *
 * Known races: nothing here is one instant. A socket opened behind the walk is not shown; one closed before the dump is in no table,
 * is then looked at again (5), found closed and dropped. A dump under churn may skip a living socket (ARCHITECTURE.md, rule 4):
 * it is shown, as one in no table. Our own process is left out. */

#include "inspect/survey.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "collect/procfs.h"
#include "inspect/survey-private.h"

void survey_done(Survey *s) {
        map_done(&s->map);
}

/* --- tables ----------------------------------------------------------------------------------------- */

static int take_begin(void *userdata, const Netns *netns, TableKind table, uint64_t t) {
        return 0;
}

static int take_row(void *userdata, const Socket *socket) {
        SurveyRun *run = userdata;

        return map_add_socket(&run->survey->map, socket);
}

static int take_end(void *userdata, const Netns *netns, TableKind table, uint64_t t, Coverage coverage) {
        SurveyRun *run = userdata;

        if (coverage.state == COVERAGE_OK || coverage.state == COVERAGE_GONE)
                return 0;
        /* Most kernels do not list these; that they are there, their descriptors tell. */
        if (table == TABLE_VSOCK && coverage.error == ENOENT)
                return 0;
        run->survey->tables_failed++;
        if (run->survey->table_error == 0)
                run->survey->table_error = coverage.error;
        return 0;
}

static int look(SurveyRun *run, const Netns *netns, unsigned tables) {
        static const Taker taker = { .begin = take_begin, .row = take_row, .end = take_end };
        Taker t = taker;

        t.userdata = run;
        return collector_look(run->collector, netns, tables, &t);
}

static const Netns *known_netns(const Map *m, uint32_t inode) {
        for (size_t i = 0; i < m->netns_count; i++)
                if (m->namespaces[i].inode == inode)
                        return &m->namespaces[i];
        return NULL;
}

/* Enter a namespace into the map and look at it. One that may not be entered is known without identity, so that it is tried and
 * counted once. */
static int look_at_new(SurveyRun *run, uint32_t inode, uint32_t pid, unsigned tables) {
        Survey *s = run->survey;
        Netns netns = run->own;
        bool failed = false;
        int r;

        if (inode != run->own.inode) {
                r = collector_netns(run->collector, pid, &netns);
                if (r == -ESRCH)
                        return 0; /* another process may still live there */
                if (r == -ENOMEM)
                        return r;
                failed = r < 0;
                if (failed)
                        netns = (Netns){ .inode = inode };
        }
        r = map_add_netns(&s->map, &netns);
        if (r < 0)
                return r;
        if (failed) {
                s->namespaces_failed++;
                return 0;
        }
        s->namespaces_as_text += collector_reads_text(run->collector, &netns);
        r = survey_peers_add(&run->peers, &netns);
        return r < 0 ? r : look(run, &netns, tables);
}

/* Look at the namespace of a process, unless that was done. */
static int look_at(SurveyRun *run, MapProcess *p, unsigned tables) {
        uint32_t inode = p->process.netns_inode;
        const Netns *known = inode != 0 ? known_netns(&run->survey->map, inode) : NULL;
        int r;

        if (inode == 0)
                return 0;
        if (!known) {
                r = look_at_new(run, inode, p->process.pid, tables);
                if (r < 0)
                        return r;
                known = known_netns(&run->survey->map, inode);
        }
        p->process.netns = known ? known->id : 0;
        return 0;
}

static int look_at_namespaces(SurveyRun *run, bool wanted_only, unsigned tables) {
        Map *m = &run->survey->map;

        for (size_t i = 0; i < m->process_count; i++) {
                int r;

                if (wanted_only && !m->processes[i].wanted)
                        continue;
                r = look_at(run, &m->processes[i], tables);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* --- what is still open ----------------------------------------------------------------------------- */

static int read_protocol(SurveyRun *run, const MapHolder *h, char ret[MAP_PROTOCOL_MAX]) {
        const Process *p = &run->survey->map.processes[h->process].process;

        return procfs_protocol(run->proc_fd, p->pid, p->start_ticks, h->fd, h->inode, ret);
}

/* Tables in which the sockets of wanted processes, or their other ends, may still be found. */
static unsigned tables_open(SurveyRun *run) {
        const Map *m = &run->survey->map;
        unsigned tables = 0;

        for (size_t i = 0; i < m->holder_count; i++) {
                char protocol[MAP_PROTOCOL_MAX];
                uint32_t found = map_find(m, m->holders[i].inode);

                if (found != MAP_NONE)
                        tables |= m->sockets[found].socket.family == FAMILY_UNIX ? TABLE_BIT(TABLE_UNIX) : 0;
                else if (read_protocol(run, &m->holders[i], protocol) == 0) {
                        if (strncmp(protocol, "UNIX", 4) == 0)
                                tables |= TABLE_BIT(TABLE_UNIX);
                        else if (strcmp(protocol, "PACKET") == 0)
                                tables |= TABLE_BIT(TABLE_PACKET);
                        else if (strcmp(protocol, "NETLINK") != 0 && strcmp(protocol, "AF_VSOCK") != 0)
                                tables |= TABLES_ALL;
                }
        }
        return tables;
}

/* Is there a connection whose other end is on this host, and nobody is known yet who holds it? */
static bool peers_open(const Map *m) {
        for (size_t i = 0; i < m->holder_count; i++) {
                const MapHolder *h;
                const uint32_t *clients;
                uint32_t found = map_find(m, m->holders[i].inode), inode;

                if (found == MAP_NONE)
                        continue;
                inode = map_peer_inode(m, found);
                if (inode != 0 && map_holders(m, inode, &h) == 0)
                        return true;
                if (map_clients(m, m->holders[i].inode, &clients) > 0)
                        return true;
        }
        return false;
}

/* Namespaces in which nobody lives any more, by way of the descriptors that wanted processes have there. -ENOMEM. */
static int look_behind(SurveyRun *run) {
        static const Taker taker = { .begin = take_begin, .row = take_row, .end = take_end };
        Map *m = &run->survey->map;
        size_t count = m->holder_count, found = 0;
        Taker t = taker;

        t.userdata = run;
        for (size_t i = 0; i < count; i++) {
                const MapHolder *h = &m->holders[i];
                const Process *p = &m->processes[h->process].process;
                const HolderAt at = { .pid = p->pid, .start_ticks = p->start_ticks, .fd = h->fd, .inode = h->inode };
                char protocol[MAP_PROTOCOL_MAX];
                Netns netns;
                int r;

                if (!m->processes[h->process].wanted || map_find(m, h->inode) != MAP_NONE || read_protocol(run, h, protocol) < 0 ||
                    (strncmp(protocol, "UNIX", 4) != 0 && strncmp(protocol, "TCP", 3) != 0 && strncmp(protocol, "UDP", 3) != 0))
                        continue;
                r = collector_look_behind(run->collector, &at, m->namespaces, m->netns_count, TABLES_ALL, &t, &netns);
                if (r == 0) {
                        r = map_add_netns(m, &netns);
                        found++;
                }
                if (r == -ENOMEM)
                        return r;
        }
        return found > 0 ? map_join(m) : 0;
}

/* Every descriptor of a wanted process gets a socket: what is in no table is named as far as possible; what was closed meanwhile
 * is dropped. */
static int name_unlisted(SurveyRun *run) {
        Map *m = &run->survey->map;
        uint32_t last = 0;
        size_t kept = 0;

        for (size_t i = 0; i < m->holder_count; i++) {
                MapHolder h = m->holders[i];
                char protocol[MAP_PROTOCOL_MAX];

                if (m->processes[h.process].wanted && h.inode != last && map_find(m, h.inode) == MAP_NONE) {
                        if (read_protocol(run, &h, protocol) < 0) {
                                run->survey->closed++;
                                continue;
                        }
                        if (map_add_unlisted(m, h.inode, protocol) < 0)
                                return -ENOMEM;
                        last = h.inode; /* holders are sorted: the next ones of this inode have their socket */
                }
                m->holders[kept++] = h;
        }
        m->holder_count = kept;
        return map_join(m);
}

/* Other ends of TCP and UDP connections in namespaces that have not been looked at. */
static int look_across(SurveyRun *run) {
        Map *m = &run->survey->map;
        int r = survey_peers_complete(&run->peers, m, run->proc_fd);
        const Netns *netns;
        size_t next = 0, found = 0;

        while (r >= 0 && (netns = survey_peers_missing(&run->peers, m, &next))) {
                r = look_at_new(run, netns->inode, netns->pid, TABLE_BIT(TABLE_TCP) | TABLE_BIT(TABLE_UDP));
                found++;
        }
        return r < 0 || found == 0 ? r : map_join(m);
}

static int find_queues(SurveyRun *run) {
        Map *m = &run->survey->map;
        int r = survey_queues(&run->peers, m);

        return r < 0 || m->waiting_count == 0 ? r : map_join(m);
}

static int survey_stages(SurveyRun *run) {
        Map *m = &run->survey->map;
        unsigned tables;
        int r;

        r = survey_read_processes(run);
        r = r < 0 ? r : survey_walk_wanted(run);
        if (r >= 0 && run->options->everything)
                r = look_at_new(run, run->own.inode, 0, TABLES_ALL);
        r = r < 0 ? r : look_at_namespaces(run, !run->options->everything, TABLES_ALL);
        r = r < 0 ? r : map_join(m);
        if (r < 0 || run->options->everything)
                return r;

        r = look_across(run);
        if (r < 0)
                return r;
        tables = tables_open(run);
        if (tables != 0) {
                r = survey_read_others(run);
                r = r < 0 ? r : look_at_namespaces(run, false, tables);
                r = r < 0 ? r : map_join(m);
                if (r < 0)
                        return r;
        }
        r = find_queues(run);
        if (r < 0 || !peers_open(m))
                return r;
        if (tables == 0) {
                r = survey_read_others(run);
                if (r < 0)
                        return r;
        }
        for (uint32_t i = 0; i < m->process_count; i++) {
                r = survey_walk_process(run, i);
                if (r < 0)
                        return r;
        }
        return map_join(m);
}

int survey_run(const SurveyOptions *options, Survey *ret) {
        _cleanup_close_ int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _cleanup_(collector_freep) Collector *collector = NULL;
        _cleanup_(survey_done) Survey s = {};
        SurveyRun run = { .options = options, .survey = &s, .proc_fd = proc_fd };
        int r;

        if (proc_fd < 0)
                return -errno;
        r = collector_new(&collector, options->collector, proc_fd);
        if (r < 0)
                return r;
        run.collector = collector;
        s.collector = collector_kind(collector);
        r = collector_netns(collector, 0, &run.own);
        if (r < 0)
                return r;
        run.peers.collector = collector;
        s.map.places = survey_places;
        s.map.userdata = &run.peers;
        s.begin = clock_boottime() + (uint64_t) clock_offset();
        r = survey_stages(&run);
        if (r >= 0 && options->everything)
                r = find_queues(&run);
        r = r < 0 ? r : look_behind(&run);
        r = r < 0 ? r : name_unlisted(&run);
        s.map.places = NULL; /* all is joined */
        s.map.userdata = NULL;
        survey_peers_done(&run.peers);
        deputy_done(&run.deputy);
        if (r < 0)
                return r;
        s.end = clock_boottime() + (uint64_t) clock_offset();
        *ret = s;
        s = (Survey){};
        return 0;
}
