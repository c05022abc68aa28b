/* stats_section: the section "http" of /debug/stats. */
#pragma once

#include "io/http/engine.h"

void stats_section_add(struct http_server *server, struct stats *stats);
