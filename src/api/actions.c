#include "api/action.h"

#include <string.h>

static const struct action *const actions[] = {
    &action_ingest_one,   &action_node_live,  &action_node_ready, &action_node_health,
    &action_node_metrics, &action_node_stats, &action_work_stats,
};

const struct action *action_at(size_t i)
{
    return i < sizeof(actions) / sizeof(actions[0]) ? actions[i] : NULL;
}

const struct action *action_find(const char *name)
{
    for (size_t i = 0; action_at(i) != NULL; i++)
        if (strcmp(actions[i]->name, name) == 0)
            return actions[i];
    return NULL;
}
