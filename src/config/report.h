/* report: how the parts of config/ say what is wrong. Inside of config/ only. */
#pragma once

#include "config/tree.h"

/* More are dropped: who has a thousand mistakes reads the first. */
#define CONFIG_MISTAKES_MAX 1000
#define CONFIG_WARNINGS_MAX 64

void config_report_init(struct config_report *report, struct arena *arena);

void config_report_add(struct config_report *report, const char *file, unsigned line, const char *path, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* A mistake about a node: its place is known. The node is broken from now on. */
void config_report_node(struct config_report *report, struct config_node *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A warning about a default's value, which is taken from the environment and is ignored. */
void config_report_warning(struct config_report *report, const struct config_node *node, const char *allowed);

/* What stands there, for a message: `"12" (from LIMIT_RATE)`, `a mapping`, `nothing`. Passwords in it are hidden, long texts cut. */
const char *config_found(struct arena *arena, const struct config_node *node);
