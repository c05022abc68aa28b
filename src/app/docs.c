#include "api/action_document.h"
#include "app/command.h"
#include "app/settings.h"
#include "base/metrics.h"

#include <stdio.h>
#include <string.h>

static void write_configuration(struct buffer *out)
{
    config_document(&settings_schema, out);
}

static const struct {
    const char *name;
    void (*write)(struct buffer *out);
} pages[] = {
    { "configuration", write_configuration },
    { "actions", action_document },
    { "metrics", metrics_document },
};

int command_docs(int argc, char **argv)
{
    for (size_t i = 0; argc == 2 && i < sizeof(pages) / sizeof(pages[0]); i++) {
        if (strcmp(argv[1], pages[i].name) != 0)
            continue;
        struct buffer text = { 0 };
        pages[i].write(&text);
        fwrite(text.data, 1, text.size, stdout);
        buffer_free(&text);
        return 0;
    }
    fprintf(stderr, "millrace: docs: found \"%s\"; allowed: one of configuration, actions, metrics\n", argc < 2 ? "" : argv[argc - 1]);
    return 2;
}
