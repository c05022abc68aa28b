/* The options that `serve` and `check` take alike, and the configuration that they name. */
#include "app/command.h"
#include "base/memory.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define ALLOWED_OPTIONS "-c FILE, --set PATH=VALUE, --only ROLE,..."

static int add_override(struct command_options *options, char *assignment)
{
    char *equals = strchr(assignment, '=');
    if (equals == NULL || equals == assignment) {
        fprintf(stderr, "millrace: found --set \"%s\"; allowed: --set PATH=VALUE, as in --set pool.workers=20\n", assignment);
        return 2;
    }
    *equals = '\0';
    struct settings_source *source = &options->source;
    source->overrides = mem_realloc(source->overrides, (source->override_count + 1) * sizeof(*source->overrides));
    source->overrides[source->override_count++] = (struct config_override){ assignment, equals + 1 };
    return 0;
}

static int set_roles(struct command_options *options, const char *words)
{
    struct error err;
    if (roles_parse(&options->roles, words, &err) == 0)
        return 0;
    fprintf(stderr, "millrace: --only: %s\n", err.message);
    return 2;
}

/* An option that getopt does not know: it names a letter, but not a long word, which `word` is then. */
static int refuse_option(const char *word)
{
    const char letter[] = { '-', (char)optopt, '\0' };
    return command_refuse(optopt == 0 ? word : letter, ALLOWED_OPTIONS);
}

/* `word` is the one that getopt has just read. */
static int take_option(struct command_options *options, int c, const char *word)
{
    switch (c) {
    case 'c':
        options->source.file = optarg;
        return 0;
    case 's':
        return add_override(options, optarg);
    case 'o':
        return set_roles(options, optarg);
    case ':':
        fprintf(stderr, "millrace: found %s without its value; allowed: " ALLOWED_OPTIONS "\n", word);
        return 2;
    default:
        return refuse_option(word);
    }
}

static int parse(struct command_options *options, int argc, char **argv)
{
    static const struct option longs[] = {
        { "config", required_argument, NULL, 'c' },
        { "set", required_argument, NULL, 's' },
        { "only", required_argument, NULL, 'o' },
        { 0 },
    };
    *options = (struct command_options){ 0 };
    roles_parse(&options->roles, NULL, NULL);
    optind = 1;
    opterr = 0;
    for (int c; (c = getopt_long(argc, argv, ":c:", longs, NULL)) != -1;)
        if (take_option(options, c, argv[optind - 1]) != 0)
            return 2;
    return optind < argc ? command_refuse(argv[optind], ALLOWED_OPTIONS) : 0;
}

void command_print_report(const struct command_options *options)
{
    struct buffer text = { 0 };
    config_report_print(&options->report, &text);
    fwrite(text.data, 1, text.size, stderr);
    buffer_free(&text);
}

static int read_settings(struct command_options *options, struct settings *settings, struct config **config)
{
    *config = settings_read(settings, &options->source, &options->report);
    if (options->report.count == 0)
        return 0;
    command_print_report(options);
    config_free(*config);
    return 1;
}

int command_configure(struct command_options *options, struct settings *settings, struct config **config, int argc, char **argv)
{
    int status = parse(options, argc, argv);
    if (status == 0)
        status = read_settings(options, settings, config);
    if (status != 0)
        command_options_free(options);
    return status;
}

void command_options_free(struct command_options *options)
{
    mem_free(options->source.overrides);
}
