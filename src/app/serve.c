#include "app/command.h"
#include "app/node.h"
#include "app/reload.h"
#include "app/shutdown.h"
#include "app/version.h"
#include "base/log.h"
#include "base/memory.h"

#include <assert.h>
#include <signal.h>
#include <unistd.h>

static void node_free(struct node *node)
{
    for (size_t i = 0; i < node->settings->listeners.count; i++)
        routes_free(&node->routes[i]);
    mem_free(node->routes);
    mem_free(node->streams);
    mem_free(node->producers);
    process_stats_remove(&node->process);
    tracer_free(node->tracer);
    metrics_free(node->metrics);
    arena_free(&node->arena);
}

static int run(const struct command_options *options, struct settings *settings, struct config *config)
{
    struct node node;
    struct error err;
    if (node_start(&node, settings, config, &options->roles, &err) != 0) {
        log_error("node", "cannot start: %s", err.message);
        log_stop(LOG_FAREWELL_US);
        _exit(1); /* not exit: threads of librdkafka run already, and would outlive what they use */
    }
    struct reload reload;
    reload_watch(&reload, &node, settings, &options->source);
    struct shutdown shutdown;
    shutdown_watch(&shutdown, &node, &reload);
    uv_run(&node.loop, UV_RUN_DEFAULT);

    int rc = uv_loop_close(&node.loop);
    assert(rc == 0 && "every handle was closed");
    node_free(&node);
    return 0;
}

int command_serve(int argc, char **argv)
{
    struct command_options options;
    struct settings settings;
    struct config *config;
    int status = command_configure(&options, &settings, &config, argc, argv);
    if (status != 0)
        return status;

    signal(SIGPIPE, SIG_IGN);
    log_set_level(settings.log.level);
    log_set_form(settings.log.form);
    log_start();
    if (kafka_config_embedded(&settings.kafka))
        log_warn("node", "%s", embedded_warning); /* first of all lines: nobody shall take it for durable */
    log_info("node", "millrace %s, librdkafka %s", version_millrace(), version_librdkafka());
    settings_log_warnings(&options.report);
    http_raise_file_limit();
    status = run(&options, &settings, config);
    config_free(config);
    command_options_free(&options);
    log_stop(LOG_FAREWELL_US);
    return status;
}
