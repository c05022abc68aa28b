/* handler_config: `handler: { simulate: { min: 100ms } }`: what working a record means, one kind of work/handler_list.h. */
#pragma once

#include "work/noop_config.h"
#include "work/simulate_config.h"

/* Exactly one is present. */
struct handler_config {
#define HANDLER(name, doc) struct name##_config name;
#include "work/handler_list.h"
#undef HANDLER
};

extern const struct config_schema handler_schema;
