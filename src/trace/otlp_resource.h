/* otlp_resource: who makes the spans: opentelemetry.proto.resource.v1.Resource, encoded once at start.
 *
 * Attributes come from `traces.service`, from `traces.attributes` (the form of OTEL_RESOURCE_ATTRIBUTES: "name=value,name=value", names and
 * values percent-encoded, blanks around them without meaning), and from the process; in this order, and the first one counts. So
 * OTEL_SERVICE_NAME has precedence, as OpenTelemetry's specification of the environment says. */
#pragma once

#include "base/buffer.h"
#include "trace/trace_config.h"

#include <stdint.h>

/* The process as it is known to whoever starts it. */
struct otlp_process {
    struct text instance; /* service.instance.id: a UUID of this start */
    struct text host;     /* absent: not known */
    int64_t pid;
};

/* Appends the message without tag and length: for otlp_encode. `config` has whole attributes. */
void otlp_resource(const struct trace_config *config, const struct otlp_process *process, struct buffer *out);
