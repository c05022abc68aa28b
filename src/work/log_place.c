#include "work/log_place.h"

#include "base/hex.h"
#include "work/job.h"
#include "work/job_trace.h"
#include "work/work_parts.h"

/* OpenTelemetry's conventions for messaging; a stream is ours. */
static void begin(struct log_place *place, const struct work *work, const struct partition *partition)
{
    place->fields[0] = log_text("millrace.stream", text_of(work->options.stream));
    place->fields[1] = log_text("messaging.destination.name", text_of(work->options.topic));
    place->scope = (struct log_scope){ .fields = place->fields, .field_count = 2 };
    if (partition != NULL)
        place->fields[place->scope.field_count++] = log_id("messaging.destination.partition.id", partition->number);
    log_scope_begin(&place->scope);
}

void log_place_of_work(struct log_place *place, const struct work *work)
{
    begin(place, work, NULL);
}

void log_place_of_partition(struct log_place *place, const struct partition *partition)
{
    begin(place, partition->work, partition);
}

/* The trace of its span, or else the one that its record names. */
static bool find_trace(const struct job *job, struct trace_context *trace)
{
    if (job->trace != NULL) {
        *trace = job->trace->context;
        return true;
    }
    for (uint32_t i = 0; i < job->header_count; i++)
        if (text_is_nocase(job->headers[i].name, "traceparent"))
            return trace_parse(trace, job->headers[i].value);
    return false;
}

void log_place_of_job(struct log_place *place, const struct job *job)
{
    struct trace_context trace;
    begin(place, job->partition->work, job->partition);
    place->fields[place->scope.field_count++] = log_number("messaging.kafka.offset", job->offset);
    if (!find_trace(job, &trace))
        return;
    const char *end = hex_write(place->trace_id, trace.trace_id, sizeof(trace.trace_id));
    place->scope.trace_id = (struct text){ place->trace_id, (size_t)(end - place->trace_id) };
}
