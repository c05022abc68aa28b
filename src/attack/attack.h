/* attack: the load generator: `millrace attack -mode=hot -workers=20 -duration=60s`. */
#pragma once

/* Runs with the words after `millrace`; returns the process's exit status: 0 when it could measure, 1 when not one
 * request was answered, 2 on wrong usage. What was answered is the result, whichever status it had: that is wrk's rule too. */
int attack_main(int argc, char **argv);
