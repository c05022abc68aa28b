#include "app/command.h"
#include "app/settings.h"

#include <stdio.h>

int command_check(int argc, char **argv)
{
    struct command_options options;
    if (command_options_parse(&options, argc, argv) != 0)
        return 2;

    struct settings settings;
    struct config *config = settings_read(&settings, options.file, options.overrides, options.override_count);
    command_options_free(&options);
    if (config == NULL)
        return 1;

    struct buffer text = { 0 };
    config_print(config, &text);
    fwrite(text.data, 1, text.size, stdout);
    buffer_free(&text);
    config_free(config);
    return 0;
}
