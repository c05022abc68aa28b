#include "app/command.h"

#include "app/version.h"
#include "attack/attack.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int command_version(int argc, char **argv)
{
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
    { "docs", command_docs, "configuration|actions|metrics", "prints a page of the documentation, from the tables" },
    { "version", command_version, "", "prints the versions" },
    { "help", command_help, "", "prints this" },
};

static int command_help(int argc, char **argv)
{
    printf("Millrace puts HTTP in front of Kafka and ordered, rate-limited, retried workers behind it.\n\n");
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        printf("  millrace %-8s %-52s %s\n", commands[i].name, commands[i].usage, commands[i].summary);
    printf("\nRoles for --only: %s. README.md tells the rest.\n", roles_names);
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

int command_refuse(const char *found, const char *allowed)
{
    fprintf(stderr, "millrace: found \"%s\"; allowed: %s\n", found, allowed);
    return 2;
}

static int run_command(const struct command *command, int argc, char **argv)
{
    if (argc == 2 && asks_for_help(argv[1]) && command->run != attack_main) /* which explains its options itself */
        return show_usage(command);
    if (argc > 1 && command->usage[0] == '\0')
        return command_refuse(argv[1], "nothing more");
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
    return command_refuse(word, "serve, attack, check, docs, version, help");
}
