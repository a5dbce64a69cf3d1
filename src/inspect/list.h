/* SPDX-License-Identifier: MIT */
#pragma once

/* What the files of the verb `list` share: list.c selects rows, list-report.c tells what could not be
 * seen, list-columns.c writes rows as cells, list-group.c counts those that belong together,
 * list-json.c writes them as JSON. */

#include "base/text.h"
#include "inspect/stuck.h"
#include "inspect/survey.h"
#include "inspect/table.h"
#include "inspect/target.h"

/* One descriptor of one process, or a socket that no visible process holds. */
typedef struct ListRow {
        uint32_t process; /* index; MAP_NONE */
        int fd;           /* -1: none */
        uint32_t socket;  /* index */
} ListRow;

typedef struct List {
        bool json, all, headings;
        const char *column_names; /* NULL: the usual ones */
        TableChoice columns;
        bool everything;          /* looked at, whatever the targets are */
        bool grouped;             /* a column that only groups have was asked for */
        CollectorKind collector;
        Target *targets;
        size_t target_count;

        Survey survey;
        ListRow *rows;
        size_t row_count;
        size_t stuck;   /* sockets of the rows that need a look */
        size_t unheld;  /* sockets without a visible holder that are not shown */
        size_t denied;  /* processes whose descriptors could not be read */
        const Process *denied_one; /* one of them */
        bool doubt;     /* the targets could have been among what could not be seen */
} List;

/* --- list.c ----------------------------------------------------------------------------------------- */

/* From argv[optind] on; argv[0] is the verb. VerbExit (0: good), or -ENOMEM. */
int list_targets(List *l, int argc, char *argv[]);
int list_look(List *l);
/* What the targets ask for of what was seen, in order; counts what is stuck. */
int list_select(List *l);
/* Rows as a table, with what could not be seen. */
int list_print(List *l);
/* What --collector says. VerbExit. */
int list_collector(List *l, const char *name);
void list_done(List *l);

/* --- list-report.c ---------------------------------------------------------------------------------- */

/* Which targets were found, what was denied, and whether the targets could have been behind that. Needs the rows. */
void list_judge(List *l);
/* A line on stderr for each target that was not found; false when there was one. */
bool list_report_not_found(List *l);
/* What could not be seen; nothing where there is nothing. */
void list_denied(const List *l, Text *t);
/* The last line of a table. -ENOMEM. */
int list_footer(const List *l, bool grouped, Text *t);

/* --- list-columns.c --------------------------------------------------------------------------------- */

extern const TableColumn LIST_COLUMNS[];
extern const size_t LIST_COLUMNS_COUNT;
extern const char LIST_COLUMNS_DEFAULT[]; /* as for --columns */
extern const char LIST_COLUMNS_STUCK[];   /* where something is stuck */

/* Indexes of those that group_rows() shows, too. */
enum {
        LIST_COLUMN_PROCESS = 0,
        LIST_COLUMN_LOCAL = 8,
        LIST_COLUMN_DIR = 9,
        LIST_COLUMN_PEER = 10,
        LIST_COLUMN_WHY = 15,
};

/* Append the cell of a column (index of LIST_COLUMNS), safe to print; nothing where it is unknown. */
void list_cell(Text *t, const Map *m, const ListRow *row, size_t column);
void list_size(Text *t, uint64_t bytes);     /* 0, 31, 48.2K, 208K */
void list_duration(Text *t, uint64_t usec);  /* 350ms, 31s, 4m31s, 2h5m, 3d4h */
void list_endpoint(Text *t, const Socket *s, const Endpoint *e); /* IPv4-mapped as IPv4 */
void list_process(Text *t, const Process *p); /* comm[pid] */
void list_protocol(Text *t, const MapSocket *s); /* tcp, unix, unix-dgram, netlink; nothing where it is unknown */
/* The process that holds the other end; its unit and user, if it is not the process of the row itself. */
void list_peer_process(Text *t, const Map *m, const ListRow *row);
/* Connected inet socket: its peer has an address. */
bool list_has_peer_address(const MapSocket *s);
/* Name of the state as told to people; NULL: unknown. */
const char *list_state(const MapSocket *s);

/* --- list-group.c ----------------------------------------------------------------------------------- */

extern const TableColumn GROUP_COLUMNS[];
extern const size_t GROUP_COLUMNS_COUNT;
extern const char GROUP_COLUMNS_DEFAULT[];

/* Rows must be sorted by process. -ENOMEM. */
int group_rows(const Map *m, const ListRow *rows, size_t count, const TableChoice *choice, Table *table);

/* --- list-json.c ------------------------------------------------------------------------------------ */

/* An array with an object for each row. */
int list_json(const Map *m, const ListRow *rows, size_t count, FILE *f);
