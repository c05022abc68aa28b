#include "app/command.h"

#include "app/version.h"
#include "attack/attack.h"
#include "base/memory.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

static int command_version(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    printf("millrace %s (librdkafka %s)\n", version_millrace(), version_librdkafka());
    return 0;
}

static int command_help(int argc, char **argv);

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *usage;
    const char *summary;
} commands[] = {
    { "serve", command_serve, "[-c FILE] [--only ROLE,...] [--set PATH=VALUE]...", "the server; without -c: embedded" },
    { "attack", attack_main, "[-mode=hot ...]", "the load generator; -help lists its options" },
    { "check", command_check, "[-c FILE] [--set PATH=VALUE]...", "prints the effective configuration, or every mistake" },
    { "docs", command_docs, "configuration|metrics", "prints a page of the documentation, from the tables" },
    { "version", command_version, "", "prints the versions" },
    { "help", command_help, "", "prints this" },
};

static int command_help(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    printf("Millrace puts HTTP in front of Kafka and ordered, rate-limited, retried workers behind it.\n\n");
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        printf("  millrace %-8s %-46s %s\n", commands[i].name, commands[i].usage, commands[i].summary);
    printf("\nRoles for --only: ingest, work. README.md tells the rest.\n");
    return 0;
}

static const char *without_dashes(const char *word)
{
    return word + strspn(word, "-");
}

int command_run(int argc, char **argv)
{
    if (argc < 2) {
        command_help(argc, argv);
        return 2;
    }
    const char *word = without_dashes(argv[1]);
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strcmp(word, commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    fprintf(stderr, "millrace: found the command \"%s\"; allowed: serve, attack, check, docs, version, help\n", argv[1]);
    return 2;
}

static int add_override(struct command_options *options, char *assignment)
{
    char *equals = strchr(assignment, '=');
    if (equals == NULL || equals == assignment) {
        fprintf(stderr, "millrace: found --set \"%s\"; allowed: --set PATH=VALUE, as in --set pool.workers=20\n", assignment);
        return 2;
    }
    *equals = '\0';
    size_t size = (options->override_count + 1) * sizeof(*options->overrides);
    options->overrides = mem_realloc(options->overrides, size);
    options->overrides[options->override_count++] = (struct config_override){ assignment, equals + 1 };
    return 0;
}

int command_options_parse(struct command_options *options, int argc, char **argv)
{
    static const struct option longs[] = {
        { "config", required_argument, NULL, 'c' },
        { "set", required_argument, NULL, 's' },
        { "only", required_argument, NULL, 'o' },
        { 0 },
    };
    *options = (struct command_options){ 0 };
    optind = 1;
    for (int c; (c = getopt_long(argc, argv, "c:", longs, NULL)) != -1;) {
        if (c == 'c')
            options->file = optarg;
        else if (c == 'o')
            options->only = optarg;
        else if (c != 's' || add_override(options, optarg) != 0)
            return 2; /* getopt has said what it found */
    }
    if (optind < argc) {
        fprintf(stderr, "millrace: found \"%s\"; allowed: -c FILE, --set PATH=VALUE, --only ROLE,...\n", argv[optind]);
        return 2;
    }
    return 0;
}

void command_options_free(struct command_options *options)
{
    mem_free(options->overrides);
}
