#include "ingest/limiter_state.h"

/* The shared bucket: a hash {tokens, ts}, on Redis' own clock, so that clocks of clients do not matter. It holds its tokens in
 * full precision ("%.17g"). A clock that is set back costs nothing and gives nothing; it goes on from the new time. An idle key
 * vanishes once its bucket is full, for a missing key means a full bucket. core/bucket is the same in C.
 * Answers {granted, millionths of a token left}. */
const char limiter_lua[] = "local rate, burst = tonumber(ARGV[1]) / 1000000, tonumber(ARGV[2])\n" /* tokens a microsecond */
                           "local need, want, given_back = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])\n"
                           "local time = redis.call('TIME')\n"
                           "local now = time[1] * 1000000 + time[2]\n"
                           "local bucket = redis.call('HMGET', KEYS[1], 'tokens', 'ts')\n"
                           "local tokens, ts = tonumber(bucket[1]) or burst, tonumber(bucket[2]) or now\n"
                           "tokens = math.min(burst, tokens + math.max(0, now - ts) * rate + given_back)\n"
                           "local granted = 0\n"
                           "if tokens >= need then granted = math.floor(math.min(tokens, want)) end\n"
                           "tokens = tokens - granted\n"
                           "redis.call('HSET', KEYS[1], 'tokens', string.format('%.17g', tokens), 'ts', string.format('%.0f', now))\n"
                           "redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.ceil((burst - tokens) / rate / 1000) + 1000))\n"
                           "return { granted, math.floor(tokens * 1000000) }\n";
