/* SPDX-License-Identifier: MIT */
#pragma once

/* YamlTree: a YAML document as a tree of plain values, each with its place. Private to config*.c, and the only
 * view of YAML that they have. */

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "config/config-problem.h"

#define YAML_SIZE_MAX (1U << 20) /* bytes of a file */
#define YAML_DEPTH_MAX 16
#define YAML_PRINT_MAX 2000
#define YAML_VALUES_MAX 100000   /* values of a file; the reader of the tree counts aliases at each use */

typedef enum NodeKind {
        NODE_SCALAR,
        NODE_LIST,
        NODE_MAP,
} NodeKind;

typedef struct Node Node;

typedef struct NodeItem {
        const Node *key; /* NULL in a list */
        const Node *value;
} NodeItem;

struct Node {
        NodeKind kind;
        bool plain;            /* a scalar without quotes */
        bool finished;         /* its end was seen; an alias to what is not finished would be a loop */
        unsigned line, column; /* from 1 */
        char *tag;             /* explicit; NULL: none */
        char *text;            /* of a scalar, NUL-terminated */
        size_t size;           /* of text: may hold NULs */
        NodeItem *items;       /* of a list or map */
        size_t count;
};

typedef struct YamlTree {
        Node **nodes; /* all of them, owned; aliases share */
        size_t count;
        Node *root;
} YamlTree;

void yamltree_done(YamlTree *t);

/* Reads `text` into a tree. What is wrong goes to `problems` (the first syntax error ends the reading): -EBADMSG.
 * -ENOMEM. ret is written on success only. place: order and name of the file. */
int yamltree_read(const Place *place, const char *text, size_t size, Problems *problems, YamlTree *ret);

/* A node as one line of YAML in flow style, printable, appended to t: nothing more once t holds YAML_PRINT_MAX bytes, so that aliases of
 * aliases end. */
void node_print(const Node *n, Text *t);
