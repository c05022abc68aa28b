/* tree: a YAML text as nodes that know where they stood. Inside of config/ only.
 *
 * Limits, since aliases can grow exponentially: CONFIG_NODES_MAX nodes in a tree, copies counted, CONFIG_DEPTH_MAX levels.
 * The five systems' files have below 500 nodes and 10 levels. Nodes live in the arena. */
#pragma once

#include "base/arena.h"
#include "config/config.h"

#define CONFIG_FILE_MAX  ((size_t)1 << 20)
#define CONFIG_NODES_MAX 10000
#define CONFIG_DEPTH_MAX 32
#define CONFIG_KEY_MAX   128 /* bytes; no property of librdkafka comes near */

enum config_kind { CONFIG_SCALAR, CONFIG_SEQUENCE, CONFIG_MAPPING };

/* Who wrote a node that has no line. */
#define CONFIG_FROM_OVERRIDE "--set"
#define CONFIG_FROM_DEFAULT  "(default)"

struct config_node {
    enum config_kind kind;
    const char *file;                 /* or CONFIG_FROM_... */
    unsigned line;                    /* from 1; 0 when it has none */
    const char *name;                 /* the key, in a mapping */
    const char *text;                 /* the value, of a scalar */
    bool plain;                       /* a scalar without quotes: `5` may be a number, `"5"` is a text where no schema says otherwise */
    bool broken;                      /* has its mistake already; nobody looks at its value again */
    bool absent;                      /* an optional struct that stands nowhere; its children are the defaults of its fields */
    const char *variables;            /* "LIMIT_RATE": environment variables whose values are in `text`, or NULL */
    const char *ignored;              /* ",LIMIT_RATE,": those whose values were none, where a default names them */
    const struct config_field *field; /* what it was decoded as; NULL: not decoded by a field of its own */
    struct config_node *parent, *first, *last, *next;
    size_t count; /* children */
};

struct config {
    struct arena arena;
    struct config_node *root; /* after decoding: the effective configuration; NULL when there was no YAML */
};

struct config_node *config_node_new(struct arena *arena, enum config_kind kind, const char *file, unsigned line);
struct config_node *config_node_scalar(struct arena *arena, const char *text, const char *file, unsigned line);

void config_node_add(struct config_node *parent, struct config_node *child); /* at the end */
struct config_node *config_node_child(const struct config_node *parent, const char *name);
struct config_node *config_node_at(const struct config_node *parent, size_t index);

/* Puts `node` where `old` stands, under its name. `old` leaves the tree. */
void config_node_replace(struct config_node *old, struct config_node *node);

/* Is there nothing: an empty plain scalar, `~` or `null`? */
bool config_node_is_null(const struct config_node *node);

/* "streams.jobs.topic", "listen.main.routes.0"; in the form that --set takes. */
const char *config_node_path(struct arena *arena, const struct config_node *node);

/* The node of a path in that form; the nearest above it where there is none. */
const struct config_node *config_node_find(const struct config_node *root, const char *path);

/* Puts the long form { shorthand: node } in the place of a scalar or list. Returns the mapping, or `node` itself if it is a
 * mapping or the schema has no shorthand. */
struct config_node *config_node_long_form(struct arena *arena, struct config_node *node, const struct config_schema *schema);

/* Puts a list of one in the place of a lone scalar; a list stays. */
struct config_node *config_node_as_list(struct arena *arena, struct config_node *node);

#define config_each_child(child, node) for (struct config_node *child = (node)->first; child != NULL; child = child->next)
