/* Spans on their way out of the process: where the configuration names a collector. */
#include "app/node.h"

#include "trace/otlp_resource.h"

/* Who we are in every trace. */
static void describe(struct node *node, struct buffer *resource)
{
    char instance[RANDOM_UUID_SIZE], host[UV_MAXHOSTNAMESIZE];
    size_t size = sizeof(host);
    random_uuid(&node->random, instance);
    struct otlp_process process = {
        .instance = text_of(instance),
        .host = uv_os_gethostname(host, &size) == 0 ? text_of(host) : TEXT_NONE,
        .pid = uv_os_getpid(),
    };
    otlp_resource(&node->settings->traces.trace, &process, resource);
}

int exporting_open(struct node *node, struct error *err)
{
    const struct exporter_config *config = &node->settings->traces.export;
    if (!exporter_config_wanted(config) || !tracer_is_on(node->tracer))
        return 0;
    struct buffer resource = { 0 };
    describe(node, &resource);
    node->exporter = exporter_start(
        &(struct exporter_options){
            .loop = &node->loop,
            .config = config,
            .tracer = node->tracer,
            .resource = buffer_as_text(&resource),
            .metrics = node->metrics,
            .stats = &node->stats,
        },
        err);
    buffer_free(&resource);
    return node->exporter == NULL ? error_wrap(err, "traces.export") : 0;
}
