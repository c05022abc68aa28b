/* partial_success: what a collector that took a batch says that it did not take of it. Any thread. */
#pragma once

#include "base/text.h"

#include <stdint.h>

struct partial_success {
    uint64_t rejected;   /* spans */
    struct text message; /* why, or a warning where none was rejected; within the response, any bytes; absent: none */
};

/* Of an encoded ExportTraceServiceResponse (opentelemetry/proto/collector/trace/v1/trace_service.proto); zeros where it has none, or is
 * something else. */
struct partial_success partial_success_read(struct text response);
