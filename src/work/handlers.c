#include "work/handler.h"

const struct handler *handler_of(const struct handler_config *config)
{
#define HANDLER(kind, doc)    \
    if (config->kind.present) \
        return &kind##_handler;
#include "work/handler_list.h"
#undef HANDLER
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
