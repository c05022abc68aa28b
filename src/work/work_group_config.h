/* work_group_config: what of a `work:` part is about its consumer group: words, and what must fit together. */
#pragma once

#include "work/work_config.h"

/* By enum consumer_protocol, and by enum work_assignor; they end with NULL. */
extern const char *const work_protocols[];
extern const char *const work_assignors[];

/* session, heartbeat, max_poll, drain, protocol and assignor. */
void work_group_check(const struct work_config *config, const struct config_place *place, struct config_report *report);
