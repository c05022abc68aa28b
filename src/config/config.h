/* config: reads a YAML file against schema tables, and collects every mistake in it, not only the first.
 *
 *   schema     a table of fields: name, type, default, bounds, words for the documentation, place in a C struct
 *   tree       the file as nodes that know their lines
 *   report     the mistakes: file, line, path, what was found, what is allowed
 *   warning    what is wrong in the environment where a field's own default names a variable (OTEL_...): told, and as if not set, for
 *              it was set for every program alike (OpenTelemetry's specification asks for that). What the file says is refused
 *   path       where a value stands: "streams.jobs.topic", "listen.main.routes.0"
 *   shorthand  one value that stands for a whole struct: `kafka: embedded`
 *   effective  what holds in the end, defaults included: what `millrace check` prints
 *
 * In (steps in reading.h):                         Out of the effective tree, or of the schema:
 *   parse.c     text to tree; syntax.c explains      print.c     as YAML
 *   override.c  --set PATH=VALUE                     json.c      as JSON
 *   expand.c    ${NAME:-default}                     shown.c     what both may show of secrets
 *   decode.c    tree to structs; value.c a scalar    document.c  docs/configuration.md
 *
 * SIGHUP reads anew, and adopt.c compares both trees: what is `reloadable` is taken over, the rest is named.
 *
 * Each module of the server has its own schema beside it (`kafka_config.c`); app/settings.c composes them.
 * Everything decoded lives in the config's arena until config_free. One thread, at start (and at SIGHUP). */
#pragma once

#include "base/buffer.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <yyjson.h>

enum config_type {
    CONFIG_STRING,   /* const char * */
    CONFIG_SECRET,   /* const char *: a string or { file: PATH }; never printed */
    CONFIG_BOOL,     /* bool */
    CONFIG_INT,      /* int64_t, within min..max */
    CONFIG_NUMBER,   /* double, within min..max */
    CONFIG_DURATION, /* uint64_t microseconds: "500us", "100ms", "10s", "5m", "2h"; a bare number is refused, 0 excepted */
    CONFIG_SIZE,     /* uint64_t bytes: "900", "64KiB", "1MiB", "2GiB"; KB and MB mean 1000 */
    CONFIG_ENUM,     /* int: index into `choices` */
    CONFIG_STRUCT,   /* the nested schema's struct, embedded */
    CONFIG_LIST, /* struct config_list of nested structs (schema set) or of const char * (schema NULL; a lone scalar is a list of one) */
    CONFIG_DICT, /* struct config_list of nested structs, in file order; the key goes to the field named by schema->key_offset */
    CONFIG_MAP,  /* struct config_list of struct config_pair: free names with scalar values (librdkafka properties) */
    CONFIG_JSON, /* const yyjson_val *: any YAML as JSON, scalars typed as YAML 1.2 core does; NULL when absent */
};

struct config_list {
    void *items; /* array of the nested struct, of const char *, or of config_pair */
    size_t count;
};

struct config_pair {
    const char *name;
    const char *value;
};

struct config_schema;

struct config_field {
    const char *name;
    enum config_type type;
    size_t offset;        /* offsetof in the schema's struct */
    const char *fallback; /* as it would stand in the file, ${NAME:-default} too; NULL: absent (NULL, 0, false, empty) */
    const char *doc;      /* one sentence; units included where the type does not tell */
    bool required;
    bool reloadable;                    /* SIGHUP may change it */
    double min, max;                    /* both 0: unbounded */
    const char *const *choices;         /* CONFIG_ENUM: NULL-terminated */
    bool (*accepts)(const char *text);  /* CONFIG_STRING, optional: whether it is one of the form that `allowed` tells */
    const char *allowed;
    const struct config_schema *schema; /* CONFIG_STRUCT, LIST, DICT */
};

struct config_report;
struct config_node;

/* Where a decoded struct stood, so that a check can name the line. */
struct config_place {
    const char *file; /* or "--set", "(default)" */
    unsigned line;
    const char *path; /* "streams.jobs.ingest" */
};

struct config_schema {
    const char *name; /* for the documentation: "stream" */
    const char *doc;
    size_t size;                       /* sizeof the struct */
    const struct config_field *fields; /* ends with name == NULL */
    size_t key_offset;                 /* CONFIG_DICT: const char * that takes the key */
    size_t present_offset;             /* bool that tells whether the struct stands in the file; 0: not wanted */
    /* If set, the struct may stand in the file as one scalar or list, which then is the value of this field:
     * `kafka: embedded`, `redis: local`. NULL: only a mapping is allowed. */
    const char *shorthand;
    /* Optional: impossible pairs. Adds to the report with config_mistake. `object` is decoded. */
    void (*check)(const void *object, const struct config_place *place, struct config_report *report);
};

struct config_mistake {
    const char *file;
    unsigned line; /* 0 when it has none (--set) */
    const char *path;
    const char *message; /* "found X; allowed: Y" in a sentence */
};

struct config_report {
    struct config_mistake *mistakes;
    size_t count;
    struct config_mistake *warnings;
    size_t warning_count;
    void *arena;
    const struct config_node *root; /* what is being checked, for config_mistake_at */
};

struct config; /* owns the decoded structs and the tree */

struct config_override {
    const char *path;  /* "kafka.properties.max.poll.interval.ms"; after "properties." the rest is one name */
    const char *value; /* YAML of a value: scalar, or flow list or mapping; "" is the empty text, "null" takes back to the default */
};

/* Reads `file` (NULL: an empty configuration; only overrides and defaults) into `object`, a struct of `schema`.
 * Returns the config, which the caller frees when `object` is no longer used, also when the report has mistakes.
 * `report` says what is wrong; count == 0 means that `object` is whole, whatever the warnings. The file is read once, whole (limit
 * 1 MiB). */
struct config *config_read(const char *file, const struct config_schema *schema, const struct config_override *overrides,
                           size_t override_count, void *object, struct config_report *report);

/* The same for a text in memory, which messages call `name`. */
struct config *config_read_text(const char *name, const char *text, const struct config_schema *schema,
                                const struct config_override *overrides, size_t override_count, void *object, struct config_report *report);

void config_free(struct config *config);

/* Adds a mistake from a check, in printf's way. Mistakes are kept in line order. */
void config_mistake(struct config_report *report, const struct config_place *place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same about a part of what is checked, whose line is looked up: `part` is a path from there, "routes.0.stream". */
void config_mistake_at(struct config_report *report, const struct config_place *place, const char *part, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* A mistake where the file that a value names cannot be read; NULL, for none, is none. `part` as above. */
void config_check_file(struct config_report *report, const struct config_place *place, const char *part, const char *path);

/* "examples/x.yaml:12: streams.jobs.work.order: found "keys"; allowed: partition, key, none" a mistake, a line each; then the warnings. */
void config_report_print(const struct config_report *report, struct buffer *out);

/* A value that differs: its path, and whether it was taken over. The path lives as long as the config. */
typedef void (*config_difference_cb)(void *arg, const char *path, bool adopted);

/* Takes over from `fresh` each value whose field is reloadable, and tells of each that differs; what stands in one of both only is
 * one difference. Both are whole, of one schema. The decoded struct stays as it is: whoever reloads changes it himself. */
void config_adopt(struct config *config, const struct config *fresh, config_difference_cb differs, void *arg);

/* The effective configuration as YAML: every field, defaults included with a remark "# default", units kept, secrets as
 * "********"; what came from a variable says which ("# from LIMIT_RATE"). */
void config_print(const struct config *config, struct buffer *out);

/* The same as a JSON value for /debug/stats, secrets hidden. */
yyjson_mut_val *config_json(const struct config *config, yyjson_mut_doc *doc);

/* docs/configuration.md from the tables. */
void config_document(const struct config_schema *schema, struct buffer *out);
