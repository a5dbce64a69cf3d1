/* SPDX-License-Identifier: MIT */

/* The verb `list`: what the processes asked for are connected to, now.
 *
 * The targets decide how much is looked at (survey.h) and which rows are shown. A row is a descriptor of a process; sockets
 * that no visible process holds are rows only where sockets, not processes, are asked for. Without a target, and with more
 * sockets than fit a screen, rows of a process that belong together are counted (list-group.c).
 *
 * What could not be seen is always told, and is an exit code of its own where the targets could have been among it. */

#include "inspect/list.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collect/procfs.h"
#include "inspect/users.h"
#include "inspect/verb.h"

#define GROUP_FROM 50 /* more rows than this are grouped, without a target */

void list_done(List *l) {
        for (size_t i = 0; i < l->target_count; i++)
                target_done(&l->targets[i]);
        free(l->targets);
        survey_done(&l->survey);
        free(l->rows);
}

/* --- options ---------------------------------------------------------------------------------------- */

static void print_columns(const TableColumn *columns, size_t count) {
        int used = 4;

        (void) fputs("   ", stdout);
        for (size_t i = 0; i < count; i++) {
                if (used + (int) strlen(columns[i].name) > 76) {
                        (void) fputs("\n   ", stdout);
                        used = 4;
                }
                used += printf(" %s", columns[i].name);
        }
        (void) fputs("\n", stdout);
}

static int help(void) {
        (void) fputs("sockaudit list [OPTION]... [TARGET]...\n\n"
                     "Shows which sockets processes have, now, and who is at the other end.\n\n"
                     "TARGET, any of several:\n"
                     "  901                           process id\n"
                     "  fluentd                       process name or basename of its executable\n"
                     "  x.service                     systemd unit\n"
                     "  /run/x.sock  @name            unix path or abstract name, either end\n"
                     "  :9200  198.51.100.7  198.51.100.0/24  198.51.100.7:9200  [::1]:443\n"
                     "                                address, either end\n"
                     "  inode:N  user:NAME  container:ID\n\n"
                     "  -a, --all                     every socket, also where they would be grouped\n"
                     "  -j, --json                    a JSON array with everything known\n"
                     "  -c, --columns=A,B,...         what to show\n"
                     "  -n, --no-headings             neither heading nor last line\n"
                     "      --collector=auto|sock_diag|proc\n"
                     "                                how to ask the kernel\n"
                     "  -h, --help                    this text\n\n"
                     "Columns:\n",
                     stdout);
        print_columns(LIST_COLUMNS, LIST_COLUMNS_COUNT);
        (void) fputs("Columns where sockets are grouped (asked for by 'count'):\n", stdout);
        print_columns(GROUP_COLUMNS, GROUP_COLUMNS_COUNT);
        return VERB_OK;
}

static int usage(const char *message) {
        verb_error("%s (see: sockaudit list --help)", message);
        return VERB_USAGE;
}

/* Is `name` one of the words between commas? */
static bool has_word(const char *words, const char *name) {
        size_t n = strlen(name);

        for (const char *s = words; *s; s += strcspn(s, ","), s += *s == ',')
                if (strcspn(s, ",") == n && memcmp(s, name, n) == 0)
                        return true;
        return false;
}

static int set_columns(List *l, const char *names) {
        _cleanup_text_ Text message = TEXT_NULL;
        int r;

        l->grouped = has_word(names, "count");
        r = l->grouped ? table_choose(GROUP_COLUMNS, GROUP_COLUMNS_COUNT, names, &l->columns, &message)
                       : table_choose(LIST_COLUMNS, LIST_COLUMNS_COUNT, names, &l->columns, &message);
        if (r < 0)
                return usage(text_string(&message));
        l->column_names = names;
        return VERB_OK;
}

int list_collector(List *l, const char *name) {
        int kind = collector_from_name(name);

        if (kind < 0)
                return usage("--collector: expected auto, sock_diag or proc");
        l->collector = (CollectorKind) kind;
        return VERB_OK;
}

/* VerbExit, or -1 to go on. */
static int parse_options(List *l, int argc, char *argv[]) {
        enum { OPTION_COLLECTOR = 256 };
        static const struct option options[] = {
                { "all", no_argument, NULL, 'a' },
                { "json", no_argument, NULL, 'j' },
                { "columns", required_argument, NULL, 'c' },
                { "no-headings", no_argument, NULL, 'n' },
                { "collector", required_argument, NULL, OPTION_COLLECTOR },
                { "help", no_argument, NULL, 'h' },
                {},
        };
        int c, r;

        optind = 0;
        opterr = 0;
        while ((c = getopt_long(argc, argv, ":ajc:nh", options, NULL)) >= 0) {
                r = VERB_OK;
                switch (c) {
                case 'a':
                        l->all = true;
                        break;
                case 'j':
                        l->json = true;
                        break;
                case 'c':
                        r = set_columns(l, optarg);
                        break;
                case 'n':
                        l->headings = false;
                        break;
                case OPTION_COLLECTOR:
                        r = list_collector(l, optarg);
                        break;
                case 'h':
                        return help();
                case ':':
                        verb_error("%s needs a value (see: sockaudit list --help)", argv[MAX(optind - 1, 1)]);
                        return VERB_USAGE;
                default:
                        /* Among several after one dash, optind is not past the word yet. */
                        verb_error("unknown option %s (see: sockaudit list --help)", argv[MAX(optind - 1, 1)]);
                        return VERB_USAGE;
                }
                if (r != VERB_OK)
                        return r;
        }
        return -1;
}

int list_targets(List *l, int argc, char *argv[]) {
        l->targets = calloc((size_t) argc + 1, sizeof(Target));
        if (!l->targets)
                return -ENOMEM;
        for (int i = optind; i < argc; i++) {
                Target *t = &l->targets[l->target_count];
                const char *why = NULL;
                int r = target_parse(argv[i], t, &why);

                if (r == -ENOMEM)
                        return r;
                if (r < 0) {
                        verb_error("%s: %s (see: sockaudit %s --help)", argv[i], why, argv[0]);
                        return VERB_USAGE;
                }
                l->target_count++;
                if (t->kind == TARGET_USER && t->number == PROCESS_UNKNOWN && user_find(t->name, &t->number) < 0) {
                        verb_error("%s: there is no such user", argv[i]);
                        return VERB_USAGE;
                }
        }
        return 0;
}

/* --- look ------------------------------------------------------------------------------------------- */

static bool wants_process(void *userdata, const Process *p) {
        List *l = userdata;

        for (size_t i = 0; i < l->target_count; i++)
                if (target_has_process(&l->targets[i], p) == TARGET_YES)
                        return true;
        return false;
}

static bool wants_sockets(const List *l) {
        for (size_t i = 0; i < l->target_count; i++)
                if (target_wants_sockets(&l->targets[i]))
                        return true;
        return false;
}

static int compare_pids(const void *a, const void *b) {
        return CMP(*(const uint32_t *) a, *(const uint32_t *) b);
}

/* The pids of the targets, ascending, each once, if there is nothing else asked for. */
static int only_pids(const List *l, uint32_t **ret, size_t *ret_count) {
        _cleanup_free_ uint32_t *pids = calloc(l->target_count + 1, sizeof(uint32_t));
        size_t n = 0;

        if (!pids)
                return -ENOMEM;
        for (size_t i = 0; i < l->target_count; i++) {
                if (l->targets[i].kind != TARGET_PID)
                        return 0;
                pids[i] = l->targets[i].number;
        }
        qsort(pids, l->target_count, sizeof(uint32_t), compare_pids);
        for (size_t i = 0; i < l->target_count; i++)
                if (n == 0 || pids[n - 1] != pids[i])
                        pids[n++] = pids[i];
        *ret_count = n;
        *ret = n > 0 ? TAKE_PTR(pids) : NULL;
        return 0;
}

int list_look(List *l) {
        _cleanup_free_ uint32_t *pids = NULL;
        SurveyOptions o = {
                .collector = l->collector,
                .want = PROCFS_EXE | (l->json ? PROCFS_CWD | PROCFS_LOGIN : 0),
                .cmdline = l->json,
                .everything = l->everything || l->target_count == 0 || wants_sockets(l),
                .wants = wants_process,
                .userdata = l,
        };
        int r;

        r = l->everything ? 0 : only_pids(l, &pids, &o.pid_count);
        if (r < 0)
                return r;
        o.pids = pids;
        return survey_run(&o, &l->survey);
}

/* --- rows ------------------------------------------------------------------------------------------- */

/* Does any target want this descriptor (process NULL: this socket)? Remembers which targets did. */
static bool wants_row(List *l, const Process *p, const MapSocket *s) {
        const Map *m = &l->survey.map;
        const Socket *peer = s->peer != MAP_NONE ? &m->sockets[s->peer].socket : NULL;
        bool wanted = l->target_count == 0;

        for (size_t i = 0; i < l->target_count; i++) {
                Target *t = &l->targets[i];

                if ((p && target_has_process(t, p) == TARGET_YES) || target_has_socket(t, &s->socket, peer))
                        wanted = t->found = true;
        }
        return wanted;
}

/* A row for each wanted descriptor, then one for each wanted socket that nobody is seen to hold. */
static int select_rows(List *l) {
        const Map *m = &l->survey.map;
        bool sockets = l->target_count > 0 ? wants_sockets(l) : l->all;

        l->rows = reallocarray(NULL, m->holder_count + m->socket_count + 1, sizeof(ListRow));
        if (!l->rows)
                return -ENOMEM;
        for (size_t i = 0; i < m->holder_count; i++) {
                const MapHolder *h = &m->holders[i];
                uint32_t found = map_find(m, h->inode);

                if (found != MAP_NONE && m->processes[h->process].wanted &&
                    wants_row(l, &m->processes[h->process].process, &m->sockets[found]))
                        l->rows[l->row_count++] = (ListRow){ h->process, h->fd, found };
        }
        for (uint32_t i = 0; i < m->socket_count; i++) {
                const MapSocket *s = &m->sockets[i];
                const MapHolder *h;

                if (map_holders(m, s->socket.inode, &h) > 0 || s->unlisted)
                        continue;
                if (!sockets || !wants_row(l, NULL, s))
                        l->unheld++;
                else
                        l->rows[l->row_count++] = (ListRow){ MAP_NONE, -1, i };
        }
        return 0;
}

static int compare_rows(const void *a, const void *b, void *userdata) {
        const ListRow *x = a, *y = b;
        const Map *m = userdata;
        int r = CMP(x->process == MAP_NONE, y->process == MAP_NONE);

        if (r == 0 && x->process != y->process) {
                const Process *p = &m->processes[x->process].process, *q = &m->processes[y->process].process;

                r = strcmp(p->comm ? p->comm : "", q->comm ? q->comm : "");
                r = r != 0 ? r : CMP(p->pid, q->pid);
        }
        r = r != 0 ? r : CMP(x->fd, y->fd);
        return r != 0 ? r : CMP(x->socket, y->socket);
}

static int count_stuck(List *l) {
        const Map *m = &l->survey.map;
        _cleanup_free_ bool *seen = calloc(m->socket_count + 1, sizeof(bool));

        if (!seen)
                return -ENOMEM;
        for (size_t i = 0; i < l->row_count; i++) {
                uint32_t s = l->rows[i].socket;

                l->stuck += !seen[s] && m->sockets[s].stall != STALL_NONE;
                seen[s] = true;
        }
        return 0;
}

int list_select(List *l) {
        int r = select_rows(l);

        if (r < 0)
                return r;
        qsort_r(l->rows, l->row_count, sizeof(ListRow), compare_rows, &l->survey.map);
        list_judge(l);
        return count_stuck(l);
}

/* --- output ----------------------------------------------------------------------------------------- */

static int add_rows(const List *l, Table *table) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < l->row_count; i++) {
                Text cells[TABLE_COLUMNS_MAX] = {};

                for (size_t c = 0; c < l->columns.count; c++)
                        list_cell(&cells[c], &l->survey.map, &l->rows[i], l->columns.columns[c]);
                r = table_add(table, cells);
                for (size_t c = 0; c < l->columns.count; c++)
                        text_done(&cells[c]);
        }
        return r;
}

static int print_footer(const List *l, bool grouped) {
        _cleanup_text_ Text t = TEXT_NULL;
        int r = list_footer(l, grouped, &t);

        if (r >= 0)
                (void) fputs(text_string(&t), stdout);
        return r;
}

static int print_table(List *l) {
        bool grouped = l->grouped ||
                       (!l->column_names && !l->all && l->target_count == 0 && l->row_count > GROUP_FROM);
        _cleanup_(table_freep) Table *table = NULL;
        int r;

        if (!l->column_names) {
                r = set_columns(l, grouped ? GROUP_COLUMNS_DEFAULT : l->stuck > 0 ? LIST_COLUMNS_STUCK : LIST_COLUMNS_DEFAULT);
                if (r != VERB_OK)
                        return -EINVAL;
                l->grouped = false; /* not asked for: the footer says how to get at the rest */
        }
        r = table_new(&table, grouped ? GROUP_COLUMNS : LIST_COLUMNS, &l->columns, l->headings);
        if (r < 0)
                return r;
        r = grouped ? group_rows(&l->survey.map, l->rows, l->row_count, &l->columns, table) : add_rows(l, table);
        if (r < 0)
                return r;
        if (l->row_count > 0)
                r = table_print(table, stdout);
        return r < 0 || !l->headings ? r : print_footer(l, grouped);
}

int list_print(List *l) {
        _cleanup_text_ Text denied = TEXT_NULL;
        int r;

        r = l->json ? list_json(&l->survey.map, l->rows, l->row_count, stdout) : print_table(l);
        if (r < 0)
                return r;
        if (fflush(stdout) != 0 || ferror(stdout))
                return errno > 0 ? -errno : -EIO;

        list_denied(l, &denied);
        if (denied.size > 0 && (l->json || !l->headings))
                verb_error("%s", text_string(&denied));
        return 0;
}

static int run(List *l) {
        bool found;
        int r;

        r = list_look(l);
        if (r < 0)
                return r;
        map_judge(&l->survey.map, NULL, 0);
        r = list_select(l);
        if (r < 0)
                return r;
        r = list_print(l);
        if (r < 0)
                return r;
        found = list_report_not_found(l);
        return l->stuck > 0 ? VERB_WRONG : l->doubt ? VERB_INCOMPLETE : found ? VERB_OK : VERB_WRONG;
}

int verb_list(int argc, char *argv[]) {
        _cleanup_(list_done) List l = { .headings = true };
        int r;

        r = parse_options(&l, argc, argv);
        if (r >= 0)
                return r;
        r = list_targets(&l, argc, argv);
        if (r > 0)
                return r;
        r = r < 0 ? r : run(&l);
        if (r < 0) {
                verb_error("list: %s", strerror(-r));
                return VERB_INCOMPLETE;
        }
        return r;
}
