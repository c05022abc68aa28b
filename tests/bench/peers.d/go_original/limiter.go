package main

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/redis/go-redis/v9"
)

// A bucket that all instances share: one call to Redis for each request, by Redis' own clock.
type tokenBucket struct {
	client   *redis.Client
	rate     float64 // tokens a second
	capacity float64
}

var takeToken = redis.NewScript(`
local rate, capacity = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local bucket = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = tonumber(bucket[1]) or capacity
local at = tonumber(bucket[2]) or now
tokens = math.min(capacity, tokens + math.max(0, now - at) * rate)
local allowed = tokens >= 1
if allowed then tokens = tokens - 1 end
redis.call('HSET', KEYS[1], 'tokens', tokens, 'at', now)
redis.call('EXPIRE', KEYS[1], 60)
return allowed and 1 or 0`)

func (b *tokenBucket) take(ctx context.Context) (bool, error) {
	taken, err := takeToken.Run(ctx, b.client, []string{"bucket"}, b.rate, b.capacity).Int()
	return taken == 1, err
}

func limited(b *tokenBucket) gin.HandlerFunc {
	return func(c *gin.Context) {
		taken, err := b.take(c.Request.Context())
		if err != nil {
			c.AbortWithStatusJSON(http.StatusServiceUnavailable, gin.H{"error": err.Error()})
			return
		}
		if !taken {
			rateLimited.Inc()
			c.AbortWithStatusJSON(http.StatusTooManyRequests, gin.H{"error": "rate limit exceeded"})
		}
	}
}
