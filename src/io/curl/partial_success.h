/* partial_success: what a collector that took a batch says that it did not take of it. Any thread. */
#pragma once

#include "base/text.h"

#include <stdint.h>

/* The `rejected_spans` of an encoded ExportTraceServiceResponse (opentelemetry/proto/collector/trace/v1/trace_service.proto); 0 where it
 * has none, or is something else. */
uint64_t partial_success_rejected(struct text response);
