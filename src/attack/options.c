#include "attack/options.h"

#include "base/text.h"
#include "config/units.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

enum option_type { OPTION_TEXT, OPTION_MODE, OPTION_COUNT, OPTION_RATIO, OPTION_NUMBER, OPTION_TIME, OPTION_FLAG };

static const struct option_row {
    const char *name;
    enum option_type type;
    size_t offset;
    const char *fallback;
    const char *summary;
} table[] = {
    { "mode", OPTION_MODE, offsetof(struct attack_options, mode), "random", "random: any key; hot: mostly one" },
    { "target", OPTION_TEXT, offsetof(struct attack_options, target), "http://127.0.0.1:8080/submit", "where to" },
    { "hot-key", OPTION_TEXT, offsetof(struct attack_options, hot_key), "hot", "the hot key" },
    { "hot-ratio", OPTION_RATIO, offsetof(struct attack_options, hot_ratio), "0.9", "share of the hot key, 0..1" },
    { "key-param", OPTION_TEXT, offsetof(struct attack_options, key_param), "key", "the query parameter; empty: no key" },
    { "key-space", OPTION_COUNT, offsetof(struct attack_options, key_space), "10000", "how many other keys: k-0, k-1, ..." },
    { "workers", OPTION_COUNT, offsetof(struct attack_options, workers), "20", "requests at once, closed loop" },
    { "conns", OPTION_COUNT, offsetof(struct attack_options, connections), NULL, "connections; default: one a worker" },
    { "rate", OPTION_NUMBER, offsetof(struct attack_options, rate), "0",
      "requests a second, open loop: latency counts from the intended start" },
    { "duration", OPTION_TIME, offsetof(struct attack_options, duration_us), "120s", "how long" },
    { "think", OPTION_TIME, offsetof(struct attack_options, think_us), "100ms", "pause of a worker after each answer" },
    { "timeout", OPTION_TIME, offsetof(struct attack_options, timeout_us), "2s", "of one request" },
    { "print-every", OPTION_TIME, offsetof(struct attack_options, print_every_us), "5s", "time between lines of progress; 0: none" },
    { "body", OPTION_TEXT, offsetof(struct attack_options, body), NULL, "POST this instead of GET" },
    { "json", OPTION_FLAG, offsetof(struct attack_options, json), NULL, "the summary as one line of JSON" },
};

#define ROWS (sizeof(table) / sizeof(table[0]))

static void print_help(void)
{
    printf("millrace attack: load for an HTTP endpoint, with keys.\n\n");
    for (size_t i = 0; i < ROWS; i++)
        printf("  -%-12s %s%s%s%s\n", table[i].name, table[i].summary, table[i].fallback ? " (" : "",
               table[i].fallback ? table[i].fallback : "", table[i].fallback ? ")" : "");
    printf("\nExit status: 0, or 1 when not one request was answered, or 2 for wrong words. Any answer counts, a 503 too.\n");
}

static bool parse_number(const char *value, double low, double high, double *out)
{
    char *end;
    *out = strtod(value, &end);
    return end != value && *end == '\0' && *out >= low && *out <= high;
}

static bool set_mode(const char *value, void *place)
{
    int mode = strcmp(value, "random") == 0 ? ATTACK_RANDOM : strcmp(value, "hot") == 0 ? ATTACK_HOT : -1;
    if (mode >= 0)
        *(int *)place = mode;
    return mode >= 0;
}

/* Returns what is allowed when the value is not, else NULL. */
static const char *set(const struct option_row *row, const char *value, struct attack_options *options)
{
    void *place = (char *)options + row->offset;
    double number = 0;
    switch (row->type) {
    case OPTION_TEXT:
        *(const char **)place = value;
        return NULL;
    case OPTION_MODE:
        return set_mode(value, place) ? NULL : "random, hot";
    case OPTION_COUNT:
        if (!parse_number(value, 1, 1e6, &number) || number != (double)(int64_t)number)
            return "a whole number, 1 to 1000000";
        *(int64_t *)place = (int64_t)number;
        return NULL;
    case OPTION_RATIO:
        return parse_number(value, 0, 1, place) ? NULL : "a number, 0 to 1";
    case OPTION_NUMBER:
        return parse_number(value, 0, 1e7, place) ? NULL : "a number, 0 to 10000000";
    case OPTION_TIME:
        return config_parse_duration(value, place) ? NULL : "a duration like 500us, 100ms, 2s, 1m";
    case OPTION_FLAG:
        *(bool *)place = strcmp(value, "false") != 0;
        return NULL;
    }
    return NULL;
}

static const struct option_row *find(const char *name, size_t size)
{
    for (size_t i = 0; i < ROWS; i++)
        if (strlen(table[i].name) == size && memcmp(table[i].name, name, size) == 0)
            return &table[i];
    return NULL;
}

/* Reads one option at argv[*at] and moves `at` past it. */
static int parse_one(struct attack_options *options, int argc, char **argv, int *at)
{
    const char *word = argv[(*at)++];
    const char *name = word + strspn(word, "-");
    const char *equals = strchr(name, '=');
    size_t size = equals != NULL ? (size_t)(equals - name) : strlen(name);
    if (word[0] == '-' && (strcmp(name, "help") == 0 || strcmp(name, "h") == 0)) {
        print_help();
        return -1;
    }
    const struct option_row *row = word[0] == '-' ? find(name, size) : NULL;
    if (row == NULL) {
        fprintf(stderr, "millrace attack: found \"%s\"; -help lists what is allowed\n", word);
        return 2;
    }
    const char *value = equals != NULL ? equals + 1 : row->type == OPTION_FLAG ? "true" : *at < argc ? argv[(*at)++] : NULL;
    const char *allowed = value == NULL ? "a value" : set(row, value, options);
    if (allowed == NULL)
        return 0;
    fprintf(stderr, "millrace attack: -%s: found \"%s\"; allowed: %s\n", row->name, value == NULL ? "" : value, allowed);
    return 2;
}

int attack_options_parse(struct attack_options *options, int argc, char **argv)
{
    *options = (struct attack_options){ 0 };
    for (size_t i = 0; i < ROWS; i++)
        if (table[i].fallback != NULL)
            set(&table[i], table[i].fallback, options);
    for (int at = 1; at < argc;) {
        int status = parse_one(options, argc, argv, &at);
        if (status != 0)
            return status;
    }
    if (options->connections == 0)
        options->connections = options->workers;
    return 0;
}
