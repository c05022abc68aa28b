#include "io/redis/redis.h"

#include <hiredis/hiredis.h>

/* struct redis_reply is hiredis' redisReply under a name that includes nothing of hiredis. */
static const redisReply *inside(const struct redis_reply *reply)
{
    return (const redisReply *)(const void *)reply;
}

enum redis_type redis_reply_type(const struct redis_reply *reply)
{
    switch (inside(reply)->type) {
    case REDIS_REPLY_NIL:
        return REDIS_NIL;
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
        return REDIS_TEXT;
    case REDIS_REPLY_INTEGER:
        return REDIS_INTEGER;
    case REDIS_REPLY_ARRAY:
        return REDIS_LIST;
    case REDIS_REPLY_ERROR:
        return REDIS_ERROR;
    default:
        return REDIS_OTHER;
    }
}

int64_t redis_reply_integer(const struct redis_reply *reply)
{
    return redis_reply_type(reply) == REDIS_INTEGER ? inside(reply)->integer : 0;
}

struct text redis_reply_text(const struct redis_reply *reply)
{
    enum redis_type type = redis_reply_type(reply);
    if (type != REDIS_TEXT && type != REDIS_ERROR)
        return TEXT_NONE;
    return (struct text){ inside(reply)->str, inside(reply)->len };
}

size_t redis_reply_count(const struct redis_reply *reply)
{
    return redis_reply_type(reply) == REDIS_LIST ? inside(reply)->elements : 0;
}

const struct redis_reply *redis_reply_at(const struct redis_reply *reply, size_t index)
{
    return (const struct redis_reply *)(const void *)inside(reply)->element[index];
}
