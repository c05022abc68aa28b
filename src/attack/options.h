/* options: the words of the command line, one table. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum attack_mode { ATTACK_RANDOM, ATTACK_HOT };

struct attack_options {
    int mode; /* enum attack_mode */
    const char *target;
    const char *hot_key;
    double hot_ratio; /* of the requests that carry hot_key, in hot mode */
    const char *key_param;
    int64_t key_space; /* keys k-0 .. k-(N-1) */
    int64_t workers;
    int64_t connections; /* 0: one for each worker */
    double rate;         /* requests a second, open loop; 0: closed loop */
    uint64_t duration_us;
    uint64_t think_us; /* closed loop: a worker's pause after each answer */
    uint64_t timeout_us;
    uint64_t print_every_us;
    const char *body; /* NULL: GET; else POST with it */
    bool json;
};

/* Reads `-name=value`, `-name value` and the same with two dashes. Returns 0; 2 after a sentence on stderr; -1 after -help. */
int attack_options_parse(struct attack_options *options, int argc, char **argv);
