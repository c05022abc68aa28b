#include "core/room.h"

size_t room_for(const struct room *room, size_t held)
{
    if (room->used >= room->limit)
        return 0;
    size_t free = room->limit - room->used;
    if (held >= free)
        return held == 0 ? 1 : 0;
    return (free - held + 1) / 2; /* afterwards it holds as much as is free */
}
