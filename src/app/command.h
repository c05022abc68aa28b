/* command: the words after `millrace`, one file each (serve.c, check.c, ...), listed in one table. */
#pragma once

#include "app/node.h"
#include "config/config.h"

/* Finds the command by argv[1] and runs it with the rest. Returns the process's exit status:
 * 0 well, 1 refused or failed, 2 wrong usage. */
int command_run(int argc, char **argv);

/* What `serve` and `check` share: -c FILE, --set PATH=VALUE..., --only ROLE,... */
struct command_options {
    const char *file; /* NULL: the built-in quickstart */
    struct config_override *overrides;
    size_t override_count;
    struct roles roles; /* of --only; all without it */
};

/* Parses argv (argv[0] is the command's name) in place; texts are borrowed from it. Prints a sentence on stderr and
 * returns 2 on wrong usage, 0 otherwise. */
int command_options_parse(struct command_options *options, int argc, char **argv);
void command_options_free(struct command_options *options);

int command_serve(int argc, char **argv);
int command_check(int argc, char **argv);
int command_docs(int argc, char **argv);
