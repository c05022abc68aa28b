/* gperftools: its libprofiler, or the absence of it (-Dprofiler=disabled, or not installed where Millrace was built). */
#pragma once

#include <stdbool.h>

bool gperftools_is_there(void);

/* Begins to write samples of all threads to the file. False when it cannot: something else samples this process already. */
bool gperftools_start(const char *path);

/* Ends it; the file is complete. Any thread. */
void gperftools_stop(void);
