#include "io/profiler/gperftools.h"

#include <gperftools/profiler.h>

bool gperftools_is_there(void)
{
    return true;
}

bool gperftools_start(const char *path)
{
    return ProfilerStart(path) != 0;
}

void gperftools_stop(void)
{
    ProfilerStop();
}
