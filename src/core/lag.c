#include "core/lag.h"

int64_t lag_offsets(int64_t committed, int64_t start, int64_t end)
{
    int64_t from = committed >= 0 ? committed : start;
    return end > from ? end - from : 0;
}
