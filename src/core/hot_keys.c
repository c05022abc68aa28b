#include "core/hot_keys.h"

#include "base/list.h"
#include "base/memory.h"

#include <assert.h>
#include <stdio.h>
#include <xxhash.h>

/* The stream-summary: counters of one count hang on one bucket, buckets stand in ascending order of their counts. So the
 * least counter is at hand, and a counter that grows by one moves at most to the neighbouring bucket: O(1). */

struct bucket {
    struct list link;     /* in hot_keys.buckets, or in spare_buckets */
    struct list counters; /* never empty while in use */
    uint64_t count;
};

struct counter {
    struct list link; /* in its bucket, or in spare_counters */
    struct bucket *bucket;
    struct counter *chain; /* next one in the same slot of the index */
    uint64_t hash;
    uint64_t sure; /* count - error: so much was counted since the key has this counter */
    size_t size;
    char key[HOT_KEY_SIZE];
};

struct hot_keys {
    uint64_t seed;
    uint64_t half_life_us;
    uint64_t halved_us; /* when the current half life began; 0 before the first key */
    uint64_t total;
    struct list buckets;
    struct list spare_buckets;
    struct list spare_counters;
    struct counter **index; /* chains by hash */
    size_t index_mask;
    struct counter *counters;
    struct bucket *bucket_memory;
};

static struct bucket *bucket_of(struct list *link)
{
    return list_entry(link, struct bucket, link);
}

static struct counter *counter_of(struct list *link)
{
    return list_entry(link, struct counter, link);
}

/* The index */

static struct counter **index_slot(const struct hot_keys *keys, uint64_t hash)
{
    return &keys->index[hash & keys->index_mask];
}

static struct counter *index_find(const struct hot_keys *keys, uint64_t hash, struct text key)
{
    for (struct counter *counter = *index_slot(keys, hash); counter != NULL; counter = counter->chain)
        if (counter->hash == hash && counter->size == key.size && memcmp(counter->key, key.data, key.size) == 0)
            return counter;
    return NULL;
}

static void index_add(struct hot_keys *keys, struct counter *counter)
{
    struct counter **slot = index_slot(keys, counter->hash);
    counter->chain = *slot;
    *slot = counter;
}

static void index_remove(struct hot_keys *keys, const struct counter *counter)
{
    struct counter **at = index_slot(keys, counter->hash);
    while (*at != counter)
        at = &(*at)->chain;
    *at = counter->chain;
}

/* The summary */

static void leave_bucket(struct hot_keys *keys, struct counter *counter)
{
    struct bucket *bucket = counter->bucket;
    list_remove(&counter->link);
    if (!list_empty(&bucket->counters))
        return;
    list_remove(&bucket->link);
    list_push(&keys->spare_buckets, &bucket->link);
}

/* The bucket of `count`, which belongs right behind `before`; made when there is none. */
static struct bucket *bucket_behind(struct hot_keys *keys, struct list *before, uint64_t count)
{
    if (before->next != &keys->buckets && bucket_of(before->next)->count == count)
        return bucket_of(before->next);
    struct bucket *made = bucket_of(list_pop(&keys->spare_buckets));
    list_init(&made->counters);
    made->count = count;
    list_push_front(before, &made->link);
    return made;
}

static void enter_bucket(struct counter *counter, struct bucket *bucket)
{
    counter->bucket = bucket;
    list_push(&bucket->counters, &counter->link);
}

static void grow(struct hot_keys *keys, struct counter *counter)
{
    struct bucket *to = bucket_behind(keys, &counter->bucket->link, counter->bucket->count + 1);
    leave_bucket(keys, counter);
    enter_bucket(counter, to);
    counter->sure++;
}

static void name_counter(struct hot_keys *keys, struct counter *counter, uint64_t hash, struct text key)
{
    memcpy(counter->key, key.data, key.size);
    counter->size = key.size;
    counter->hash = hash;
    counter->sure = 0;
    index_add(keys, counter);
}

static void start_counter(struct hot_keys *keys, uint64_t hash, struct text key)
{
    struct counter *counter = counter_of(list_pop(&keys->spare_counters));
    name_counter(keys, counter, hash, key);
    enter_bucket(counter, bucket_behind(keys, &keys->buckets, 1));
    counter->sure = 1;
}

static void take_over_least(struct hot_keys *keys, uint64_t hash, struct text key)
{
    struct counter *least = counter_of(bucket_of(keys->buckets.next)->counters.next);
    index_remove(keys, least);
    name_counter(keys, least, hash, key);
    grow(keys, least);
}

/* Halving */

static void free_bucket(struct hot_keys *keys, struct bucket *bucket)
{
    list_each(link, &bucket->counters) {
        index_remove(keys, counter_of(link));
        list_remove(link);
        list_push(&keys->spare_counters, link);
    }
    list_remove(&bucket->link);
    list_push(&keys->spare_buckets, &bucket->link);
}

static void join_previous(struct hot_keys *keys, struct bucket *bucket)
{
    struct bucket *previous = bucket_of(bucket->link.prev);
    list_each(link, &bucket->counters) {
        list_remove(link);
        enter_bucket(counter_of(link), previous);
    }
    list_remove(&bucket->link);
    list_push(&keys->spare_buckets, &bucket->link);
}

/* Halving keeps the order of the buckets; only neighbours can become equal. */
static void halve(struct hot_keys *keys, unsigned times)
{
    keys->total >>= times;
    list_each(link, &keys->buckets) {
        struct bucket *bucket = bucket_of(link);
        bucket->count >>= times;
        list_each(member, &bucket->counters)
            counter_of(member)->sure >>= times;
        if (bucket->count == 0)
            free_bucket(keys, bucket);
        else if (link->prev != &keys->buckets && bucket_of(link->prev)->count == bucket->count)
            join_previous(keys, bucket);
    }
}

static void pass_time(struct hot_keys *keys, uint64_t now_us)
{
    if (keys->half_life_us == 0)
        return;
    if (keys->halved_us == 0)
        keys->halved_us = now_us;
    if (now_us < keys->halved_us + keys->half_life_us)
        return;
    uint64_t times = (now_us - keys->halved_us) / keys->half_life_us;
    keys->halved_us += times * keys->half_life_us;
    halve(keys, times > 63 ? 63 : (unsigned)times);
}

/* Counting */

/* A key that is too long is held as its begin and its hash: "customers/0123...~89abcdef01234567". */
static struct text shorten(struct text key, char out[HOT_KEY_SIZE + 1])
{
    uint64_t hash = XXH3_64bits(key.data, key.size);
    size_t kept = HOT_KEY_SIZE - 17;
    memcpy(out, key.data, kept);
    snprintf(out + kept, HOT_KEY_SIZE + 1 - kept, "~%016llx", (unsigned long long)hash);
    return (struct text){ out, HOT_KEY_SIZE };
}

void hot_keys_count(struct hot_keys *keys, struct text key, uint64_t now_us)
{
    if (key.data == NULL)
        return;
    pass_time(keys, now_us);
    keys->total++;

    char shortened[HOT_KEY_SIZE + 1];
    if (key.size > HOT_KEY_SIZE)
        key = shorten(key, shortened);

    uint64_t hash = XXH3_64bits_withSeed(key.data, key.size, keys->seed);
    struct counter *counter = index_find(keys, hash, key);
    if (counter != NULL)
        grow(keys, counter);
    else if (!list_empty(&keys->spare_counters))
        start_counter(keys, hash, key);
    else
        take_over_least(keys, hash, key);
}

size_t hot_keys_top(struct hot_keys *keys, uint64_t now_us, struct hot_key *top, size_t size)
{
    pass_time(keys, now_us);
    size_t found = 0;
    for (struct list *at = keys->buckets.prev; at != &keys->buckets && found < size; at = at->prev) {
        struct bucket *bucket = bucket_of(at);
        list_each(link, &bucket->counters) {
            if (found == size)
                break;
            const struct counter *counter = counter_of(link);
            top[found++] = (struct hot_key){ { counter->key, counter->size }, bucket->count, bucket->count - counter->sure };
        }
    }
    return found;
}

uint64_t hot_keys_total(const struct hot_keys *keys)
{
    return keys->total;
}

/* Life */

static size_t index_size(size_t counters)
{
    size_t size = 1;
    while (size < 2 * counters)
        size *= 2;
    return size;
}

struct hot_keys *hot_keys_new(size_t counters, uint64_t half_life_us, uint64_t seed)
{
    assert(counters >= 1 && counters <= HOT_KEYS_COUNTERS_MAX);
    struct hot_keys *keys = mem_zalloc(sizeof(*keys));
    keys->seed = seed;
    keys->half_life_us = half_life_us;
    list_init(&keys->buckets);
    list_init(&keys->spare_buckets);
    list_init(&keys->spare_counters);
    keys->index_mask = index_size(counters) - 1;
    keys->index = mem_zalloc((keys->index_mask + 1) * sizeof(struct counter *));
    keys->counters = mem_zalloc(counters * sizeof(struct counter));
    for (size_t i = 0; i < counters; i++)
        list_push(&keys->spare_counters, &keys->counters[i].link);

    /* One more than counters: a growing counter enters its new bucket before it leaves the old one. */
    keys->bucket_memory = mem_zalloc((counters + 1) * sizeof(struct bucket));
    for (size_t i = 0; i <= counters; i++)
        list_push(&keys->spare_buckets, &keys->bucket_memory[i].link);
    return keys;
}

void hot_keys_free(struct hot_keys *keys)
{
    if (keys == NULL)
        return;
    mem_free(keys->index);
    mem_free(keys->counters);
    mem_free(keys->bucket_memory);
    mem_free(keys);
}
