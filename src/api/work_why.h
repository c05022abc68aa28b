/* work_why: /debug/stats?partition=7 answers why that partition does not move. */
#pragma once

#include "api/action.h"

/* Answers the request, whose query has `partition` (and `stream` where several are worked). */
void work_why_run(struct route *route, struct http_request *request);
