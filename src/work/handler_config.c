#include "work/handler_config.h"

#include "base/buffer.h"

static void check_handler(const void *object, const struct config_place *place, struct config_report *report)
{
    const struct handler_config *config = object;
    int chosen = 0;
    struct buffer names = { 0 };
#define HANDLER(kind, doc)          \
    chosen += config->kind.present; \
    buffer_string(&names, ", " #kind);
#include "work/handler_list.h"
#undef HANDLER
    if (chosen != 1)
        config_mistake(report, place, "found %d kinds of handler; allowed: one of%.*s", chosen, (int)names.size - 1, names.data + 1);
    buffer_free(&names);
}

static const struct config_field handler_fields[] = {
#define HANDLER(kind, about) \
    { .name = #kind, .type = CONFIG_STRUCT, .offset = offsetof(struct handler_config, kind), .doc = about, .schema = &kind##_schema },
#include "work/handler_list.h"
#undef HANDLER
    { 0 },
};

const struct config_schema handler_schema = {
    .name = "handler",
    .doc = "What working a record means; exactly one kind.",
    .size = sizeof(struct handler_config),
    .fields = handler_fields,
    .check = check_handler,
};
