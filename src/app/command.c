#include "app/command.h"

#include "app/version.h"
#include "attack/attack.h"
#include "base/memory.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define ALLOWED_OPTIONS "-c FILE, --set PATH=VALUE, --only ROLE,..."

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
    { "check", command_check, "[-c FILE] [--only ROLE,...] [--set PATH=VALUE]...", "prints the effective configuration, or every mistake" },
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
        printf("  millrace %-8s %-52s %s\n", commands[i].name, commands[i].usage, commands[i].summary);
    printf("\nRoles for --only: ingest, work. README.md tells the rest.\n");
    return 0;
}

/* "help" itself, -h, -help and --help: what people try. */
static bool asks_for_help(const char *word)
{
    static const char *const words[] = { "help", "-h", "-help", "--help" };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(word, words[i]) == 0)
            return true;
    return false;
}

static int show_usage(const struct command *command)
{
    printf("millrace %s %s\n\n  %s\n", command->name, command->usage, command->summary);
    return 0;
}

static int refuse(const char *found, const char *allowed)
{
    fprintf(stderr, "millrace: found \"%s\"; allowed: %s\n", found, allowed);
    return 2;
}

static int run_command(const struct command *command, int argc, char **argv)
{
    if (argc == 2 && asks_for_help(argv[1]) && command->run != attack_main) /* which explains its options itself */
        return show_usage(command);
    if (argc > 1 && command->usage[0] == '\0')
        return refuse(argv[1], "nothing more");
    return command->run(argc, argv);
}

int command_run(int argc, char **argv)
{
    if (argc < 2) {
        command_help(argc, argv);
        return 2;
    }
    const char *word = argv[1];
    if (asks_for_help(word))
        word = "help";
    else if (strcmp(word, "--version") == 0)
        word = "version";
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strcmp(word, commands[i].name) == 0)
            return run_command(&commands[i], argc - 1, argv + 1);
    return refuse(word, "serve, attack, check, docs, version, help");
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
    return refuse(optopt == 0 ? word : letter, ALLOWED_OPTIONS);
}

/* `word` is the one that getopt has just read. */
static int take_option(struct command_options *options, int c, const char *word)
{
    switch (c) {
    case 'c':
        options->file = optarg;
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

int command_options_parse(struct command_options *options, int argc, char **argv)
{
    static const struct option longs[] = {
        { "config", required_argument, NULL, 'c' },
        { "set", required_argument, NULL, 's' },
        { "only", required_argument, NULL, 'o' },
        { 0 },
    };
    *options = (struct command_options){ .roles = { .ingest = true, .work = true } };
    optind = 1;
    opterr = 0;
    for (int c; (c = getopt_long(argc, argv, ":c:", longs, NULL)) != -1;)
        if (take_option(options, c, argv[optind - 1]) != 0)
            return 2;
    return optind < argc ? refuse(argv[optind], ALLOWED_OPTIONS) : 0;
}

void command_options_free(struct command_options *options)
{
    mem_free(options->overrides);
}
