#include "core/lanes.h"

#include "base/memory.h"

#include <assert.h>
#include <string.h>
#include <xxhash.h>

#define BUCKETS_MIN 64
#define SPARE_MAX   256 /* lanes that are kept for the next ones: 20 KiB a set */

struct lane {
    struct list records; /* the head is ready, running or resting; the others wait for it */
    size_t length;
    size_t queued;     /* of the set's, in this lane */
    struct lane *next; /* in its bucket, or among the spare ones */
    uint64_t hash;
    bool keyed; /* stands in the table; its key is the head's */
};

static struct record *head_of(const struct lane *lane)
{
    return list_entry(lane->records.next, struct record, link);
}

static bool same_key(struct text a, struct text b)
{
    return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

static uint64_t hash_of(const struct lane_set *set, struct text key)
{
    return XXH3_64bits_withSeed(key.data, key.size, set->seed);
}

static size_t bucket_of(const struct lane_set *set, uint64_t hash)
{
    return hash & (set->bucket_count - 1);
}

static void resize(struct lane_set *set, size_t bucket_count)
{
    struct lane **old = set->buckets;
    size_t old_count = set->bucket_count;
    set->buckets = mem_zalloc(bucket_count * sizeof(*set->buckets));
    set->bucket_count = bucket_count;

    for (size_t i = 0; i < old_count; i++) {
        for (struct lane *lane = old[i], *next; lane != NULL; lane = next) {
            next = lane->next;
            struct lane **bucket = &set->buckets[bucket_of(set, lane->hash)];
            lane->next = *bucket;
            *bucket = lane;
        }
    }
    mem_free(old);
}

/* Grows at one lane a bucket, shrinks at one in eight: so neither happens twice without many lanes between. */
static void fit(struct lane_set *set)
{
    if (set->lanes > set->bucket_count)
        resize(set, set->bucket_count == 0 ? BUCKETS_MIN : set->bucket_count * 2);
    else if (set->bucket_count > BUCKETS_MIN && set->lanes < set->bucket_count / 8)
        resize(set, set->bucket_count / 2);
}

static struct lane *find(const struct lane_set *set, struct text key, uint64_t hash)
{
    if (set->bucket_count == 0)
        return NULL;
    for (struct lane *lane = set->buckets[bucket_of(set, hash)]; lane != NULL; lane = lane->next) {
        if (lane->hash == hash && same_key(head_of(lane)->key, key))
            return lane;
    }
    return NULL;
}

static struct lane *take_spare(struct lane_set *set)
{
    struct lane *lane = set->spare;
    if (lane == NULL)
        return NULL;
    set->spare = lane->next;
    set->spare_count--;
    return lane;
}

static struct lane *new_lane(struct lane_set *set)
{
    struct lane *lane = take_spare(set);
    if (lane == NULL)
        lane = mem_alloc(sizeof(*lane));
    *lane = (struct lane){ .keyed = false };
    list_init(&lane->records);
    set->lanes++;
    return lane;
}

static struct lane *keyed_lane(struct lane_set *set, struct text key)
{
    uint64_t hash = hash_of(set, key);
    struct lane *lane = find(set, key, hash);
    if (lane != NULL)
        return lane;

    lane = new_lane(set);
    lane->hash = hash;
    lane->keyed = true;
    fit(set);
    struct lane **bucket = &set->buckets[bucket_of(set, hash)];
    lane->next = *bucket;
    *bucket = lane;
    return lane;
}

static struct lane *only_lane(struct lane_set *set)
{
    if (set->only == NULL)
        set->only = new_lane(set);
    return set->only;
}

static struct lane *lane_for(struct lane_set *set, const struct record *record)
{
    if (set->order == LANE_ORDER_PARTITION)
        return only_lane(set);
    if (set->order == LANE_ORDER_KEY && record->key.data != NULL)
        return keyed_lane(set, record->key);
    return new_lane(set);
}

static void unlink_from_bucket(struct lane_set *set, struct lane *lane)
{
    struct lane **place = &set->buckets[bucket_of(set, lane->hash)];
    while (*place != lane)
        place = &(*place)->next;
    *place = lane->next;
}

static void keep_or_free(struct lane_set *set, struct lane *lane)
{
    if (set->spare_count >= SPARE_MAX) {
        mem_free(lane);
        return;
    }
    lane->next = set->spare;
    set->spare = lane;
    set->spare_count++;
}

static void free_lane(struct lane_set *set, struct lane *lane)
{
    if (lane->keyed)
        unlink_from_bucket(set, lane);
    if (set->only == lane)
        set->only = NULL;
    keep_or_free(set, lane);
    set->lanes--;
    if (set->bucket_count != 0)
        fit(set);
}

/* Takes a record out of its lane; an empty lane goes with it. Returns what is the head now, or NULL. */
static struct record *take_out(struct lane_set *set, struct record *record)
{
    struct lane *lane = record->lane;
    list_remove(&record->link);
    record->lane = NULL;
    lane->length--;
    set->records--;
    if (lane->length > 0)
        return head_of(lane);
    free_lane(set, lane);
    return NULL;
}

static void leave_queue(struct lane_set *set, struct lane *lane, size_t places)
{
    lane->queued -= places;
    set->queued -= places;
}

static void leave_queue_alone(struct lane_set *set, const struct record *record)
{
    if (!record->begun && record->lane->queued > 0)
        leave_queue(set, record->lane, 1);
}

bool lane_add(struct lane_set *set, struct record *record)
{
    struct lane *lane = lane_for(set, record);
    bool idle = lane->length == 0;
    bool placed = idle || set->order == LANE_ORDER_PARTITION || head_of(lane)->state != RECORD_RESTING;

    list_push(&lane->records, &record->link);
    lane->length++;
    record->lane = lane;
    record->state = idle ? RECORD_READY : RECORD_WAITING;
    record->begun = false;
    set->records++;
    lane->queued += placed;
    set->queued += placed;
    return idle;
}

void lane_start(struct lane_set *set, struct record *record)
{
    assert(record->state == RECORD_READY);
    leave_queue_alone(set, record);
    record->state = RECORD_RUNNING;
    record->begun = true;
    set->running++;
}

struct record *lane_done(struct lane_set *set, struct record *record)
{
    if (record->state == RECORD_RESTING)
        set->resting--;
    else
        set->running--;
    struct record *successor = take_out(set, record);
    if (successor != NULL)
        successor->state = RECORD_READY;
    return successor;
}

void lane_fetch(const struct record *record)
{
    __builtin_prefetch(record->lane, 1);
    __builtin_prefetch(&record->lane->keyed, 1);
}

void lane_rest(struct lane_set *set, struct record *record)
{
    assert(record->state == RECORD_RUNNING);
    record->state = RECORD_RESTING;
    set->running--;
    set->resting++;
    if (set->order != LANE_ORDER_PARTITION)
        leave_queue(set, record->lane, record->lane->queued);
}

void lane_wake(struct lane_set *set, struct record *record)
{
    assert(record->state == RECORD_RESTING);
    record->state = RECORD_READY;
    set->resting--;
}

void lane_put_back(struct lane_set *set, struct record *record)
{
    assert(record->state == RECORD_RUNNING);
    record->state = RECORD_READY;
    set->running--;
}

void lane_drop(struct lane_set *set, struct record *record)
{
    assert(record->state != RECORD_RUNNING);
    if (record->state == RECORD_RESTING)
        set->resting--;
    leave_queue_alone(set, record);
    take_out(set, record);
}

size_t lane_length(const struct record *record)
{
    return record->lane->length;
}

size_t lane_set_length(const struct lane_set *set, struct text key)
{
    const struct lane *lane = find(set, key, hash_of(set, key));
    return lane == NULL ? 0 : lane->length;
}

void lane_set_init(struct lane_set *set, enum lane_order order, uint64_t seed)
{
    *set = (struct lane_set){ .order = order, .seed = seed };
}

void lane_set_close(struct lane_set *set)
{
    assert(set->records == 0 && set->lanes == 0);
    for (struct lane *lane; (lane = take_spare(set)) != NULL;)
        mem_free(lane);
    mem_free(set->buckets);
    set->buckets = NULL;
    set->bucket_count = 0;
}
