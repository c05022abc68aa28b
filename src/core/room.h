/* room: how much more one of several may take from a bounded store that all share.
 *
 * Dynamic thresholds (Choudhury and Hahne, 1998): nobody may hold more than what is still free. So one alone fills half of
 * the store, n that are all hungry hold limit / (n + 1) each, and a newcomer always finds room while the hot one waits. */
#pragma once

#include <stddef.h>

struct room {
    size_t limit;
    size_t used; /* by all */
};

/* What one that holds `held` may take more; at least 1 for one that holds nothing while there is any room at all. */
size_t room_for(const struct room *room, size_t held);
