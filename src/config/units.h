/* units: numbers, durations and sizes as a configuration writes them. Pure; any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Each reads the whole text, and returns false when it is something else or does not fit. */
bool config_parse_int(const char *text, int64_t *value);
bool config_parse_number(const char *text, double *value);      /* decimal, finite */
bool config_parse_bool(const char *text, bool *value);          /* true, false, in YAML 1.2's three spellings */
bool config_parse_duration(const char *text, uint64_t *micros); /* "500us", "1.5s", "0" */
bool config_parse_size(const char *text, uint64_t *bytes);      /* "900", "64KiB" */

#define CONFIG_UNIT_TEXT 32

/* In the largest unit that leaves a whole number: "90s", "1h", "64KiB". */
void config_format_duration(double micros, char text[CONFIG_UNIT_TEXT]);
void config_format_size(double bytes, char text[CONFIG_UNIT_TEXT]);
void config_format_number(double value, char text[CONFIG_UNIT_TEXT]);
