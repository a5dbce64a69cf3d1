/* SPDX-License-Identifier: MIT */

/* What `list` says about its own look: when it was, what could not be seen, and whether the targets could have been among
 * that. The rule: nothing that was denied is left out in silence, and "no such thing" is said only where it could not hide. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "inspect/list.h"
#include "inspect/verb.h"

/* Kernel threads have no descriptors, but refuse to say so. */
static bool is_kernel_thread(const Process *p) {
        return p->pid == 2 || p->parent == 2;
}

static bool is_wanted(const List *l, const Process *p) {
        for (size_t i = 0; i < l->target_count; i++)
                if (target_has_process(&l->targets[i], p) == TARGET_YES)
                        return true;
        return false;
}

static void judge_processes(List *l) {
        const Map *m = &l->survey.map;

        for (size_t i = 0; i < m->process_count; i++) {
                const MapProcess *p = &m->processes[i];

                for (size_t k = 0; k < l->target_count; k++)
                        if (target_has_process(&l->targets[k], &p->process) == TARGET_YES)
                                l->targets[k].found = true;
                if (p->walk != MAP_DENIED || is_kernel_thread(&p->process))
                        continue;
                l->denied++;
                l->denied_one = &p->process;
                l->doubt |= l->target_count == 0 || is_wanted(l, &p->process);
        }
}

void list_judge(List *l) {
        const Map *m = &l->survey.map;

        judge_processes(l);
        for (size_t i = 0; i < l->row_count; i++)
                /* Held, but by whom may not be seen. */
                l->doubt |= l->rows[i].process == MAP_NONE && m->sockets[l->rows[i].socket].socket.inode != 0 && l->denied > 0;
        l->doubt |= l->survey.tables_failed > 0;
}

static const char *plural(size_t n, const char *one, const char *many) {
        return n == 1 ? one : many;
}

/* Processes behind which a target that was not found could hide: their executables, or namespaces, may not be read. */
static size_t hiding(const List *l, const Target *t) {
        const Map *m = &l->survey.map;
        bool sockets = target_wants_sockets(t);
        size_t n = 0;

        for (size_t i = 0; i < m->process_count; i++) {
                const Process *p = &m->processes[i].process;

                if (!is_kernel_thread(p))
                        n += sockets ? p->netns_inode == 0 : target_has_process(t, p) == TARGET_MAYBE;
        }
        return n;
}

bool list_report_not_found(List *l) {
        bool all = true;

        for (size_t i = 0; i < l->target_count; i++) {
                const Target *t = &l->targets[i];
                bool sockets = target_wants_sockets(t);
                size_t n = t->found ? 0 : hiding(l, t);

                if (t->found)
                        continue;
                all = false;
                l->doubt |= n > 0 || (sockets && l->survey.namespaces_failed > 0);
                if (n > 0)
                        verb_error("%s: no %s matches; %s of %zu %s may not be read", t->text, sockets ? "socket" : "process",
                                   sockets ? "network namespaces" : "executables", n, plural(n, "process", "processes"));
                else
                        verb_error("%s: no %s matches", t->text, sockets ? "socket" : "process");
        }
        return all;
}

void list_denied(const List *l, Text *t) {
        const Survey *s = &l->survey;

        bool root = geteuid() == 0;

        if (l->denied == 1 && root) {
                list_process(t, l->denied_one);
                text_append(t, " could not be read");
        } else if (l->denied > 0)
                text_printf(t, "%zu %s%s could not be read%s", l->denied, plural(l->denied, "process", "processes"),
                            root ? "" : " of others", root ? "" : "; run as root to see them");
        if (s->namespaces_failed > 0)
                text_printf(t, "%s%zu network %s could not be entered", t->size > 0 ? "; " : "", s->namespaces_failed,
                            plural(s->namespaces_failed, "namespace", "namespaces"));
        if (s->tables_failed > 0)
                text_printf(t, "%s%zu %s of sockets could not be read to the end%s%s", t->size > 0 ? "; " : "", s->tables_failed,
                            plural(s->tables_failed, "table", "tables"), s->table_error ? ": " : "",
                            s->table_error ? strerror(s->table_error) : "");
}

static void format_time(uint64_t usec, char *ret, size_t size) {
        time_t seconds = (time_t) (usec / USEC_PER_SEC);
        struct tm tm = {};
        size_t n;

        (void) localtime_r(&seconds, &tm);
        n = strftime(ret, size, "%H:%M:%S", &tm);
        (void) snprintf(ret + n, size - n, ".%03u", (unsigned) (usec % USEC_PER_SEC / USEC_PER_MSEC));
}

static void describe_time(const List *l, Text *t) {
        char begin[32], end[32];
        size_t seconds = strlen("00:00:00");

        format_time(l->survey.begin, begin, sizeof(begin));
        format_time(l->survey.end, end, sizeof(end));
        text_printf(t, "Seen %s to %s by %s", begin, strncmp(begin, end, seconds) == 0 ? end + seconds : end,
                    collector_name(l->survey.collector));
        if (l->survey.namespaces_as_text > 0)
                text_printf(t, " (%zu network %s as text, without unix peers)", l->survey.namespaces_as_text,
                            plural(l->survey.namespaces_as_text, "namespace", "namespaces"));
}

/* Distinct sockets and processes of the rows, which are sorted by process. */
static int count_rows(const List *l, size_t *ret_sockets, size_t *ret_processes) {
        const Map *m = &l->survey.map;
        _cleanup_free_ bool *seen = calloc(m->socket_count + 1, sizeof(bool));
        size_t sockets = 0, processes = 0;
        uint32_t last = MAP_NONE;

        if (!seen)
                return -ENOMEM;
        for (size_t i = 0; i < l->row_count; i++) {
                const ListRow *row = &l->rows[i];

                sockets += !seen[row->socket];
                seen[row->socket] = true;
                processes += row->process != last && row->process != MAP_NONE;
                last = row->process;
        }
        *ret_sockets = sockets;
        *ret_processes = processes;
        return 0;
}

int list_footer(const List *l, bool grouped, Text *t) {
        _cleanup_text_ Text denied = TEXT_NULL;
        size_t sockets, processes;
        int r;

        r = count_rows(l, &sockets, &processes);
        if (r < 0)
                return r;
        text_printf(t, "%zu %s of %zu %s", sockets, plural(sockets, "socket", "sockets"), processes,
                    plural(processes, "process", "processes"));
        if (l->stuck > 0)
                text_printf(t, ", %zu %s a look", l->stuck, plural(l->stuck, "needs", "need"));
        if (grouped && !l->grouped)
                text_append(t, ", counted by peer (--all shows each)");
        if (l->target_count == 0 && l->unheld > 0)
                text_printf(t, "; %zu more that no visible process holds", l->unheld);
        text_append(t, ". ");
        describe_time(l, t);
        list_denied(l, &denied);
        text_printf(t, "; %s.\n", denied.size > 0 ? text_string(&denied) : "nothing denied");
        return text_error(t);
}
