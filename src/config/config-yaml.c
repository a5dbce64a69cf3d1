/* SPDX-License-Identifier: MIT */

/* YamlTree: built from the events of libyaml, not from its documents, because limits can be kept between two
 * events only: libyaml 0.2.5 knows no limit of nesting and is quadratic in it (28 s for 100,000 brackets).
 *
 * Limits: size of the text, depth, number of values, number of anchors. Aliases are shared nodes and never copied;
 * one that contains itself is refused. Explicit tags are kept for the reader to refuse, since it knows the key. */

#include "config/config-yaml.h"

#include <errno.h>
#include <string.h>
#include <yaml.h>

#define ANCHORS_MAX 256 /* they are searched one by one */

typedef struct Anchor {
        char *name;
        Node *node;
} Anchor;

typedef struct Builder {
        const Place *place;
        Problems *problems;
        YamlTree tree;
        Node *stack[YAML_DEPTH_MAX]; /* open lists and maps */
        Node *keys[YAML_DEPTH_MAX];  /* of an open map: the key that waits for its value */
        size_t depth;
        Anchor *anchors;
        size_t anchor_count;
        unsigned documents, values;
} Builder;

void yamltree_done(YamlTree *t) {
        for (size_t i = 0; i < t->count; i++) {
                Node *n = t->nodes[i];

                free(n->tag);
                free(n->text);
                free(n->items);
                free(n);
        }
        free(t->nodes);
        *t = (YamlTree){};
}

static void builder_done(Builder *b) {
        yamltree_done(&b->tree);
        for (size_t i = 0; i < b->anchor_count; i++)
                free(b->anchors[i].name);
        free(b->anchors);
}

static Place place_at(const Builder *b, const yaml_mark_t *mark) {
        return (Place){ b->place->order, b->place->file, (unsigned) mark->line + 1, (unsigned) mark->column + 1 };
}

static int builder_refuse(Builder *b, const yaml_event_t *e, const char *what) {
        Place at = place_at(b, &e->start_mark);

        problems_error(b->problems, &at, NULL, "%s", what);
        return -EBADMSG;
}

static int node_append(Node *parent, const Node *key, const Node *value) {
        NodeItem *items = array_grow(parent->items, parent->count, sizeof(NodeItem));

        if (!items)
                return -ENOMEM;
        parent->items = items;
        parent->items[parent->count++] = (NodeItem){ key, value };
        return 0;
}

/* Puts a node (new or shared) where the document goes on. */
static int builder_place(Builder *b, Node *n) {
        Node *parent;

        if (b->depth == 0) {
                b->tree.root = n;
                return 0;
        }
        parent = b->stack[b->depth - 1];
        if (parent->kind == NODE_LIST)
                return node_append(parent, NULL, n);
        if (!b->keys[b->depth - 1]) {
                b->keys[b->depth - 1] = n;
                return 0;
        }
        return node_append(parent, TAKE_PTR(b->keys[b->depth - 1]), n);
}

static int builder_anchor(Builder *b, const yaml_event_t *e, const yaml_char_t *name, Node *n) {
        Anchor *anchors;
        char *copy;

        if (!name)
                return 0;
        if (b->anchor_count >= ANCHORS_MAX)
                return builder_refuse(b, e, "more than 256 anchors");
        anchors = array_grow(b->anchors, b->anchor_count, sizeof(Anchor));
        if (!anchors)
                return -ENOMEM;
        b->anchors = anchors;
        copy = strdup((const char *) name);
        if (!copy)
                return -ENOMEM;
        b->anchors[b->anchor_count++] = (Anchor){ copy, n };
        return 0;
}

static int builder_alias(Builder *b, const yaml_event_t *e) {
        /* The last anchor of a name counts. */
        for (size_t i = b->anchor_count; i-- > 0;)
                if (strcmp(b->anchors[i].name, (const char *) e->data.alias.anchor) == 0) {
                        if (!b->anchors[i].node->finished)
                                return builder_refuse(b, e, "found alias inside of what it stands for");
                        return builder_place(b, b->anchors[i].node);
                }
        return builder_refuse(b, e, "found undefined alias");
}

static int builder_node(Builder *b, const yaml_event_t *e, NodeKind kind, const yaml_char_t *tag,
                        const yaml_char_t *anchor, Node **ret) {
        Node **nodes, *n;
        int r;

        nodes = array_grow(b->tree.nodes, b->tree.count, sizeof(Node *));
        if (!nodes)
                return -ENOMEM;
        b->tree.nodes = nodes;
        n = calloc(1, sizeof(Node));
        if (!n)
                return -ENOMEM;
        b->tree.nodes[b->tree.count++] = n;

        n->kind = kind;
        n->line = (unsigned) e->start_mark.line + 1;
        n->column = (unsigned) e->start_mark.column + 1;
        if (tag) {
                n->tag = strdup((const char *) tag);
                if (!n->tag)
                        return -ENOMEM;
        }
        r = builder_anchor(b, e, anchor, n);
        if (r < 0)
                return r;
        r = builder_place(b, n);
        if (r < 0)
                return r;
        *ret = n;
        return 0;
}

static int builder_scalar(Builder *b, const yaml_event_t *e) {
        Node *n;
        int r;

        r = builder_node(b, e, NODE_SCALAR, e->data.scalar.tag, e->data.scalar.anchor, &n);
        if (r < 0)
                return r;
        n->size = e->data.scalar.length;
        n->text = malloc(n->size + 1);
        if (!n->text)
                return -ENOMEM;
        memcpy(n->text, e->data.scalar.value, n->size);
        n->text[n->size] = 0;
        n->plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
        n->finished = true;
        return 0;
}

static int builder_open(Builder *b, const yaml_event_t *e, NodeKind kind, const yaml_char_t *tag,
                        const yaml_char_t *anchor) {
        Node *n;
        int r;

        if (b->depth >= YAML_DEPTH_MAX)
                return builder_refuse(b, e, "nested more than 16 levels deep");
        r = builder_node(b, e, kind, tag, anchor, &n);
        if (r < 0)
                return r;
        b->keys[b->depth] = NULL;
        b->stack[b->depth++] = n;
        return 0;
}

static void builder_close(Builder *b) {
        Node *n = b->depth > 0 ? b->stack[--b->depth] : NULL;

        if (n)
                n->finished = true;
}

static bool is_value(const yaml_event_t *e) {
        return e->type == YAML_SCALAR_EVENT || e->type == YAML_ALIAS_EVENT || e->type == YAML_SEQUENCE_START_EVENT ||
               e->type == YAML_MAPPING_START_EVENT;
}

static int builder_event(Builder *b, const yaml_event_t *e) {
        if (is_value(e) && ++b->values > YAML_VALUES_MAX)
                return builder_refuse(b, e, "more than 100000 values");

        switch (e->type) {
        case YAML_DOCUMENT_START_EVENT:
                return ++b->documents > 1 ? builder_refuse(b, e, "more than one document") : 0;
        case YAML_SCALAR_EVENT:
                return builder_scalar(b, e);
        case YAML_ALIAS_EVENT:
                return builder_alias(b, e);
        case YAML_SEQUENCE_START_EVENT:
                return builder_open(b, e, NODE_LIST, e->data.sequence_start.tag, e->data.sequence_start.anchor);
        case YAML_MAPPING_START_EVENT:
                return builder_open(b, e, NODE_MAP, e->data.mapping_start.tag, e->data.mapping_start.anchor);
        case YAML_SEQUENCE_END_EVENT:
        case YAML_MAPPING_END_EVENT:
                builder_close(b);
                return 0;
        case YAML_NO_EVENT:
        case YAML_STREAM_START_EVENT:
        case YAML_STREAM_END_EVENT:
        case YAML_DOCUMENT_END_EVENT:
        default:
                return 0;
        }
}

/* Errors of the reader (encoding, control characters) come with an offset only. */
static Place place_of_offset(const Builder *b, const char *text, size_t size, size_t offset) {
        Place at = { b->place->order, b->place->file, 1, 1 };

        for (size_t i = 0; i < size && i < offset; i++)
                if (text[i] == '\n') {
                        at.line++;
                        at.column = 1;
                } else if (((unsigned char) text[i] & 0xC0) != 0x80) /* not the inside of a character */
                        at.column++;
        return at;
}

static int builder_syntax(Builder *b, const yaml_parser_t *parser, const char *text, size_t size) {
        const char *problem = parser->problem ?: "not YAML", *hint = "";
        Place at;

        if (parser->error == YAML_MEMORY_ERROR)
                return -ENOMEM;
        if (parser->error == YAML_READER_ERROR) {
                at = place_of_offset(b, text, size, parser->problem_offset);
                if (parser->problem_value >= 0)
                        problems_error(b->problems, &at, NULL, "%s (0x%02X)", problem, (unsigned) parser->problem_value);
                else
                        problems_error(b->problems, &at, NULL, "%s", problem);
                return -EBADMSG;
        }
        /* Exclusions are written with '!', which is the mark of a tag for YAML. */
        if (parser->context && strcmp(parser->context, "while scanning a tag") == 0)
                hint = "; expected a value that begins with '!' to be in quotes";
        at = place_at(b, &parser->problem_mark);
        problems_error(b->problems, &at, NULL, "%s%s%s%s", problem, parser->context ? " " : "", parser->context ?: "", hint);
        return -EBADMSG;
}

static int builder_parse(Builder *b, yaml_parser_t *parser, const char *text, size_t size) {
        yaml_event_type_t type;

        do {
                yaml_event_t e;
                int r;

                if (!yaml_parser_parse(parser, &e))
                        return builder_syntax(b, parser, text, size);
                type = e.type;
                r = builder_event(b, &e);
                yaml_event_delete(&e);
                if (r < 0)
                        return r;
        } while (type != YAML_STREAM_END_EVENT);
        return 0;
}

int yamltree_read(const Place *place, const char *text, size_t size, Problems *problems, YamlTree *ret) {
        _cleanup_(builder_done) Builder b = { .place = place, .problems = problems };
        Place start = { place->order, place->file, 1, 1 };
        yaml_parser_t parser;
        int r;

        if (size > YAML_SIZE_MAX) {
                problems_error(problems, &start, NULL, "file is larger than 1 MiB");
                return -EBADMSG;
        }
        if (!yaml_parser_initialize(&parser))
                return -ENOMEM;
        /* The encoding is left to libyaml: naming UTF-8 would make it stumble over a byte order mark. */
        yaml_parser_set_input_string(&parser, (const unsigned char *) text, size);
        r = builder_parse(&b, &parser, text, size);
        yaml_parser_delete(&parser);
        if (r < 0)
                return r;

        if (!b.tree.root) {
                problems_error(problems, &start, NULL, "file is empty");
                return -EBADMSG;
        }
        *ret = b.tree;
        b.tree = (YamlTree){};
        return 0;
}

static void scalar_print(const Node *n, Text *t) {
        if (!n->plain)
                text_append(t, "\"");
        (void) text_escape(t, (Bytes){ .data = n->text, .size = (uint32_t) n->size }, YAML_PRINT_MAX);
        if (!n->plain)
                text_append(t, "\"");
}

void node_print(const Node *n, Text *t) {
        static const char *const brackets[] = { [NODE_LIST] = "[]", [NODE_MAP] = "{}" };

        if (t->size >= YAML_PRINT_MAX)
                return;
        if (n->kind == NODE_SCALAR) {
                scalar_print(n, t);
                return;
        }
        text_append_bytes(t, brackets[n->kind], 1);
        for (size_t i = 0; i < n->count && t->size < YAML_PRINT_MAX; i++) {
                if (i > 0)
                        text_append(t, ", ");
                if (n->items[i].key) {
                        node_print(n->items[i].key, t);
                        text_append(t, ": ");
                }
                node_print(n->items[i].value, t);
        }
        text_append_bytes(t, brackets[n->kind] + 1, 1);
}
