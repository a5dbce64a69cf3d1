/* SPDX-License-Identifier: MIT */

/* Survey: processes, and their descriptors. Our own process is left out; one that goes away meanwhile is normal. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collect/procfs.h"
#include "inspect/survey-private.h"

static int read_process(SurveyRun *run, uint32_t pid) {
        _cleanup_process_ Process p = {};
        int r;

        if (pid == (uint32_t) getpid())
                return 0;
        r = procfs_read(run->proc_fd, pid, run->options->want | PROCFS_NETNS, &p);
        if (r >= 0 && p.parent == (uint32_t) getpid())
                return 0; /* the deputy */
        if (r >= 0 && run->options->cmdline)
                r = deputy_cmdline(&run->deputy, run->proc_fd, &p);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                return 0; /* gone, which is normal */
        return map_add_process(&run->survey->map, &p);
}

static int take_holder(void *userdata, int fd, uint32_t inode) {
        SurveyRun *run = userdata;

        return map_add_holder(&run->survey->map, run->walking, fd, inode);
}

int survey_walk_process(SurveyRun *run, uint32_t index) {
        MapProcess *p = &run->survey->map.processes[index];
        int r;

        if (p->walk != MAP_NOT_WALKED)
                return 0;
        run->walking = index;
        r = procfs_sockets(run->proc_fd, p->process.pid, p->process.start_ticks, take_holder, run);
        if (r == -ENOMEM)
                return r;
        p->walk = r >= 0 ? MAP_WALKED : r == -ESRCH ? MAP_GONE : MAP_DENIED;
        return 0;
}

int survey_read_processes(SurveyRun *run) {
        const SurveyOptions *o = run->options;
        _cleanup_free_ uint32_t *all = NULL;
        const uint32_t *pids = o->pids;
        size_t count = o->pid_count;
        int r;

        if (!pids) {
                r = procfs_list(run->proc_fd, &all, &count);
                if (r < 0)
                        return r;
                pids = all;
        }
        for (size_t i = 0; i < count; i++) {
                r = read_process(run, pids[i]);
                if (r < 0)
                        return r;
        }
        return 0;
}

int survey_walk_wanted(SurveyRun *run) {
        const SurveyOptions *o = run->options;
        Map *m = &run->survey->map;

        for (uint32_t i = 0; i < m->process_count; i++) {
                int r;

                m->processes[i].wanted = o->everything || !o->wants || o->wants(o->userdata, &m->processes[i].process);
                if (!m->processes[i].wanted)
                        continue;
                r = survey_walk_process(run, i);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int compare_processes(const void *a, const void *b) {
        const MapProcess *x = *(MapProcess *const *) a, *y = *(MapProcess *const *) b;

        return CMP(x->process.pid, y->process.pid);
}

/* In ascending order of pid again. Holders know processes by index: these are made anew. */
static int sort_processes(Map *m) {
        _cleanup_free_ uint32_t *moved = reallocarray(NULL, m->process_count + 1, sizeof(*moved));
        _cleanup_free_ MapProcess **order = reallocarray(NULL, m->process_count + 1, sizeof(*order));
        _cleanup_free_ MapProcess *sorted = reallocarray(NULL, m->process_count + 1, sizeof(*sorted));

        if (!order || !moved || !sorted)
                return -ENOMEM;
        for (size_t i = 0; i < m->process_count; i++)
                order[i] = &m->processes[i];
        qsort(order, m->process_count, sizeof(*order), compare_processes);
        for (uint32_t i = 0; i < m->process_count; i++) {
                moved[order[i] - m->processes] = i;
                sorted[i] = *order[i];
        }
        for (size_t i = 0; i < m->holder_count; i++)
                m->holders[i].process = moved[m->holders[i].process];
        if (m->process_count > 0)
                memcpy(m->processes, sorted, m->process_count * sizeof(*sorted));
        return 0;
}

int survey_read_others(SurveyRun *run) {
        Map *m = &run->survey->map;
        _cleanup_free_ uint32_t *pids = NULL;
        size_t count, known = m->process_count;
        int r;

        if (!run->options->pids)
                return 0;
        r = procfs_list(run->proc_fd, &pids, &count);
        if (r < 0)
                return r;
        for (size_t i = 0, k = 0; i < count; i++) {
                while (k < known && m->processes[k].process.pid < pids[i])
                        k++;
                if (k < known && m->processes[k].process.pid == pids[i])
                        continue;
                r = read_process(run, pids[i]);
                if (r < 0)
                        return r;
        }
        return sort_processes(m);
}
