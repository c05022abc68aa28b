#include "work/handler.h"

const struct handler *handler_of(const struct handler_config *config)
{
    const struct {
        bool present;
        const struct handler *handler;
    } kinds[] = {
        { config->simulate.present, &simulate_handler },
        { config->noop.present, &noop_handler },
    };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (kinds[i].present)
            return kinds[i].handler;
    }
    return &simulate_handler; /* its defaults; the configuration's check leaves no other case */
}

const char *outcome_name(enum outcome outcome)
{
    static const char *const names[] = {
        [OUTCOME_DONE] = "done",       [OUTCOME_FAILED] = "failed", [OUTCOME_REJECTED] = "rejected", [OUTCOME_UNAVAILABLE] = "unavailable",
        [OUTCOME_PENDING] = "pending",
    };
    return names[outcome];
}
