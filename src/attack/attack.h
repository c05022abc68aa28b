/* attack: the load generator: `millrace attack -mode=hot -workers=20 -duration=60s`. */
#pragma once

/* Runs with the words after `millrace`; returns the process's exit status: 0 when it could measure, 2 on wrong usage. */
int attack_main(int argc, char **argv);
