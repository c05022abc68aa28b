#include "work/work_parts.h"

/* Of all partitions at once, and then what is ready starts: work is begun, and quick work done, while the processor still has its bytes at
 * hand. Each asking costs as much as some ten records. */
#define TAKEN_AT_ONCE 256
#define TAKEN_MIN     8 /* of one */
#define TAKEN_MAX     64

void intake_wants(struct partition *partition)
{
    bool waits = partition->hungry.next != &partition->hungry;
    if (partition->state == PARTITION_OURS && !waits)
        list_push(&partition->work->hungry, &partition->hungry);
}

void intake_account(struct partition *partition)
{
    struct room *queue = &partition->work->queue;
    size_t now = partition->lanes.queued;
    queue->used = queue->used - partition->counted + now;
    partition->counted = now;
}

/* Bytes are known only when a record has come: counted in records of the size that was usual so far. */
static size_t room_by_bytes(const struct partition *partition)
{
    size_t bytes = room_for(&partition->work->bytes, partition->bytes);
    size_t records = bytes / (partition->average_bytes + 1);
    return bytes > 0 && records == 0 ? 1 : records;
}

size_t intake_room(const struct partition *partition)
{
    const struct work *work = partition->work;
    if (work->stopped || work_paused(work) || partition->state != PARTITION_OURS)
        return 0;
    size_t by_queue = room_for(&work->queue, partition->lanes.queued);
    size_t by_records = room_for(&work->records, partition->records);
    size_t by_bytes = room_by_bytes(partition);
    size_t by_commit = commit_room(partition);
    size_t room = by_queue < by_records ? by_queue : by_records;
    if (by_commit < room)
        room = by_commit;
    return room < by_bytes ? room : by_bytes;
}

static void on_record(void *object, const struct consumer_record *record)
{
    struct partition *partition = object;
    metric_add(partition->consumed_series, 1);
    uint32_t place = offsets_receive(&partition->offsets, record->offset);
    if (place == 0) {
        metric_add(partition->work->series.skipped, 1); /* done by an earlier owner */
        return;
    }
    struct job *job = job_new(partition, record);
    job->place = place;
    partition->average_bytes = (partition->average_bytes * 7 + job->size_bytes) / 8;
    partition->work->counts.taken++;
    if (lane_add(&partition->lanes, &job->record))
        schedule_add(&partition->schedule, &job->entry);
    if (lane_length(&job->record) >= partition->crowd.at)
        crowd_begin(partition, job);
    intake_account(partition);
}

/* While some of it are ready and only wait for a slot, more would be pushed out of the processor's cache until they got one: they stay
 * with librdkafka, which has them anyway. */
static bool has_enough(const struct partition *partition)
{
    return !list_empty(&partition->schedule.entries);
}

static size_t share_of(size_t partitions)
{
    size_t share = TAKEN_AT_ONCE / partitions;
    if (share < TAKEN_MIN)
        return TAKEN_MIN;
    return share > TAKEN_MAX ? TAKEN_MAX : share;
}

/* A partition that gave all it was asked for may have more: it goes to the end of the line. */
static size_t take(struct partition *partition, size_t share)
{
    if (has_enough(partition)) {
        intake_wants(partition);
        return 0;
    }
    size_t room = intake_room(partition);
    size_t wanted = room < share ? room : share;
    bool idle = list_empty(&partition->jobs);
    crowd_update(partition, room);
    size_t taken = wanted == 0 ? 0 : consumer_take(partition->source, wanted, on_record);
    if (idle && taken > 0)
        partition->moved_us = partition->work->taken_us;
    if (taken == wanted)
        intake_wants(partition);
    return taken;
}

size_t intake_take(struct work *work, uint64_t now_us)
{
    work->taken_us = now_us;
    struct list line;
    list_init(&line);
    size_t partitions = 0;
    for (struct list *link; (link = list_pop(&work->hungry)) != NULL; partitions++)
        list_push(&line, link);

    size_t taken = 0;
    for (struct list *link; (link = list_pop(&line)) != NULL;)
        taken += take(list_entry(link, struct partition, hungry), share_of(partitions));
    if (taken > 0)
        trim_later(work);
    return taken;
}
