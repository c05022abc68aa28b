/* `millrace check`: the effective configuration as YAML, and before it, as remarks, what these roles start of it; or every reason why
 * `serve` would not take it. */
#include "app/command.h"
#include "app/rehearsal.h"

#include <stdio.h>

static void print_stream(const struct command_options *options, const struct settings *settings, const struct stream_config *stream,
                         struct buffer *out)
{
    bool takes = roles_ingest(&options->roles, settings, stream);
    bool works = roles_work(&options->roles, stream);
    bool watches = roles_watch(&options->roles, stream);
    buffer_printf(out, "# stream %s:%s", stream->name, takes || works || watches ? "" : " nothing");
    if (takes)
        buffer_printf(out, " takes events");
    if (works)
        buffer_printf(out, "%s works in group %s", takes ? "," : "", stream->work.group);
    if (watches)
        buffer_printf(out, "%s watches group %s", takes || works ? "," : "", stream->work.group);
    buffer_char(out, '\n');
}

static void print_listener(const struct command_options *options, const struct listener_config *listener, struct buffer *out)
{
    if (roles_open_listener(&options->roles, listener))
        buffer_printf(out, "# listener %s: opens %s\n", listener->name, listener->http.address);
    else
        buffer_printf(out, "# listener %s: stays closed, its routes are for other roles\n", listener->name);
}

static void print_starts(const struct command_options *options, const struct settings *settings, struct buffer *out)
{
    const struct stream_config *streams = settings->streams.items;
    for (size_t i = 0; i < settings->streams.count; i++)
        print_stream(options, settings, &streams[i], out);
    const struct listener_config *listeners = settings->listeners.items;
    for (size_t i = 0; i < settings->listeners.count; i++)
        print_listener(options, &listeners[i], out);
}

static void print_configuration(const struct command_options *options, const struct settings *settings, const struct config *config)
{
    struct buffer text = { 0 };
    print_starts(options, settings, &text);
    config_print(config, &text);
    fwrite(text.data, 1, text.size, stdout);
    buffer_free(&text);
}

int command_check(int argc, char **argv)
{
    struct command_options options;
    struct settings settings;
    struct config *config;
    int status = command_configure(&options, &settings, &config, argc, argv);
    if (status != 0)
        return status;

    command_print_report(&options);
    struct buffer text = { 0 };
    size_t refusals = rehearse_start(&settings, &options.roles, &text);
    fwrite(text.data, 1, text.size, stderr);
    if (refusals == 0)
        print_configuration(&options, &settings, config);
    buffer_free(&text);
    config_free(config);
    command_options_free(&options);
    return refusals == 0 ? 0 : 1;
}
