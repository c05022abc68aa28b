#include "io/profiler/gperftools.h"

#include <gperftools/profiler.h>
#include <stdio.h>

bool gperftools_is_there(void)
{
    return true;
}

bool gperftools_start(const char *path)
{
    return ProfilerStart(path) != 0;
}

/* At its end it prints a line of its own to `stderr`, in the midst of our log, which writes to the descriptor. So that variable, which
 * glibc lets one set, leads nowhere meanwhile. */
void gperftools_stop(void)
{
    FILE *kept = stderr, *nowhere = fopen("/dev/null", "we");
    if (nowhere != NULL)
        stderr = nowhere;
    ProfilerStop();
    stderr = kept;
    if (nowhere != NULL)
        fclose(nowhere);
}
