/* views_config: `metrics: { views: [ { name: my_total, of: produced, where: { stream: jobs }, labels: [] } ] }`. */
#pragma once

#include "config/config.h"

struct view_config {
    const char *name;
    const char *of;
    struct config_list where;     /* of struct config_pair */
    struct config_list rename;    /* of struct config_pair */
    struct config_list constants; /* of struct config_pair */
    const yyjson_val *labels;     /* an array of names; NULL: all */
    const yyjson_val *buckets;    /* an array of numbers; NULL: the family's */
    const char *help;
};

struct metrics_config {
    struct config_list views; /* of struct view_config */
};

extern const struct config_schema metrics_schema;
