#include "io/profiler/gperftools.h"

bool gperftools_is_there(void)
{
    return false;
}

bool gperftools_start(const char *path)
{
    return false;
}

void gperftools_stop(void)
{
}
