/* Head of line: in key order, a key whose lane fills half of what its partition may hold leaves the other keys little room. It is said
 * once, counted, and shown until its lane is half as long again. */
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "work/log_place.h"
#include "work/work_parts.h"

#include <inttypes.h>
#include <stdint.h>
#include <string.h>

/* Shorter lanes hold nobody back for long, however little there is room for. */
#define CROWD_MIN 16

static void tell(const struct partition *partition, const char *sentence)
{
    struct text key = partition->crowd.key;
    struct buffer shown = { 0 };
    if (key.size > KEY_SHOWN_BYTES)
        key.size = KEY_SHOWN_BYTES;
    buffer_printable(&shown, key);
    struct log_place place;
    log_place_of_partition(&place, partition);
    log_warn("work", "%s: partition %" PRId32 ": key %.*s %s", partition->work->options.stream, partition->number,
             TEXT_ARG(buffer_as_text(&shown)), sentence);
    log_scope_end();
    buffer_free(&shown);
}

static void end(struct partition *partition)
{
    tell(partition, "is not head of line any more");
    crowd_close(partition);
}

size_t crowd_size(const struct partition *partition)
{
    return partition->crowd.key.data == NULL ? 0 : lane_set_length(&partition->lanes, partition->crowd.key);
}

void crowd_update(struct partition *partition, size_t room)
{
    struct crowd *crowd = &partition->crowd;
    if (partition->lanes.order != LANE_ORDER_KEY) {
        crowd->at = SIZE_MAX;
        return;
    }
    size_t half = (partition->lanes.records + room + 1) / 2;
    crowd->at = half > CROWD_MIN ? half : CROWD_MIN;
    if (crowd->key.data != NULL && crowd_size(partition) < crowd->at / 2)
        end(partition);
}

void crowd_lane_ended(struct partition *partition)
{
    if (crowd_size(partition) == 0)
        end(partition);
}

void crowd_begin(struct partition *partition, const struct job *job)
{
    struct crowd *crowd = &partition->crowd;
    struct text key = job->record.key;
    if (crowd->key.data != NULL || key.data == NULL)
        return;
    char *copy = mem_alloc(key.size + 1);
    memcpy(copy, key.data, key.size);
    crowd->key = (struct text){ copy, key.size };
    crowd->since_us = clock_us();
    metric_add(partition->work->series.crowded, 1);
    tell(partition, "is head of line: it fills half of what the partition may hold, and leaves the other keys little room");
}

void crowd_close(struct partition *partition)
{
    mem_free((char *)(uintptr_t)partition->crowd.key.data);
    partition->crowd.key = TEXT_NONE;
}
