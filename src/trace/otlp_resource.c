#include "trace/otlp_resource.h"

#include "base/baggage.h"
#include "trace/otlp_attribute.h"

enum { RESOURCE_ATTRIBUTES = 1 };

struct own_attribute {
    const char *name;
    struct span_value value;
};

static bool has(struct text list, struct text wanted)
{
    struct text name;
    struct buffer value = { 0 };
    bool found = false;
    while (!found && baggage_next(&list, &name, &value) > 0)
        found = text_equal(name, wanted);
    buffer_free(&value);
    return found;
}

static void add_text(struct buffer *out, struct text name, struct text value)
{
    const struct span_value text = span_text(value);
    otlp_attribute(out, RESOURCE_ATTRIBUTES, name, &text);
}

/* Names are unique in a resource: of those with the same one the last counts. */
static void add_configured(struct buffer *out, struct text list, bool has_service)
{
    struct text name;
    struct buffer value = { 0 };
    while (baggage_next(&list, &name, &value) > 0) {
        bool replaced = has(list, name) || (has_service && text_is(name, "service.name"));
        if (!replaced)
            add_text(out, name, buffer_as_text(&value));
        buffer_clear(&value);
    }
    buffer_free(&value);
}

void otlp_resource(const struct trace_config *config, const struct otlp_process *process, struct buffer *out)
{
    struct text list = text_of(config->attributes);
    bool has_service = config->service != NULL && config->service[0] != '\0';
    const struct own_attribute own[] = {
        { "service.version", span_text(TEXT(MILLRACE_VERSION)) },
        { "service.instance.id", span_text(process->instance) },
        { "host.name", span_text(process->host) },
        { "process.pid", span_int(process->pid) },
        { "telemetry.sdk.name", span_text(TEXT("millrace")) },
        { "telemetry.sdk.language", span_text(TEXT("c")) },
        { "telemetry.sdk.version", span_text(TEXT(MILLRACE_VERSION)) },
    };
    if (has_service)
        add_text(out, TEXT("service.name"), text_of(config->service));
    else if (!has(list, TEXT("service.name")))
        add_text(out, TEXT("service.name"), TEXT("millrace"));
    add_configured(out, list, has_service);
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        if (!has(list, text_of(own[i].name)))
            otlp_attribute(out, RESOURCE_ATTRIBUTES, text_of(own[i].name), &own[i].value);
}
