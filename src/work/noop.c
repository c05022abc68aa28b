#include "work/handler.h"

static int noop_open(void **state, const struct handler_context *context, const struct handler_config *config, struct error *err)
{
    *state = context->loop;
    return 0;
}

static enum outcome noop_start(void *state, struct attempt *attempt)
{
    return OUTCOME_DONE;
}

static bool noop_cancel(void *state, struct attempt *attempt)
{
    return false;
}

static void noop_close(void *state, void (*closed)(void *arg), void *arg)
{
    closed(arg);
}

const struct config_schema noop_schema = {
    .name = "noop",
    .doc = "Does nothing, at once: for measuring what is around the work.",
    .size = sizeof(struct noop_config),
    .fields = (const struct config_field[]){ { 0 } },
    .present_offset = offsetof(struct noop_config, present),
};

const struct handler noop_handler = {
    .name = "noop",
    .span = "noop",
    .open = noop_open,
    .start = noop_start,
    .cancel = noop_cancel,
    .close = noop_close,
};
