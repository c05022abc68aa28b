/* command: the words after `millrace`, one file each (serve.c, check.c, ...), listed in one table. */
#pragma once

#include "app/roles.h"
#include "app/settings.h"
#include "config/config.h"

/* Finds the command by argv[1] and runs it with the rest. Returns the process's exit status:
 * 0 well, 1 refused or failed, 2 wrong usage. */
int command_run(int argc, char **argv);

/* What `serve` and `check` are told alike: -c FILE, --set PATH=VALUE..., --only ROLE,... */
struct command_options {
    struct settings_source source;
    struct roles roles;          /* of --only; all without it */
    struct config_report report; /* of reading it: the caller tells the warnings, while the config is there */
};

/* Reads argv (argv[0] is the command's name; its texts are borrowed, and cut in place), and then the configuration that it names.
 * Returns 0; or the exit status, 1 or 2, after sentences on stderr: then nothing is to be freed. */
int command_configure(struct command_options *options, struct settings *settings, struct config **config, int argc, char **argv);

/* Prints mistakes and warnings on stderr, a line each. */
void command_print_report(const struct command_options *options);

void command_options_free(struct command_options *options);

/* Says on stderr that a word of the command line is not allowed. Returns 2. */
int command_refuse(const char *found, const char *allowed);

int command_serve(int argc, char **argv);
int command_check(int argc, char **argv);
int command_docs(int argc, char **argv);
