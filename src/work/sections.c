/* What /debug/stats tells of the way out: partitions, lanes, slots. */
#include "base/clock.h"
#include "work/work_parts.h"

#include <string.h>

#define LANES_SHOWN 5

/* --- partitions --- */

static const struct job *oldest_job(const struct partition *partition)
{
    return list_empty(&partition->jobs) ? NULL : list_entry(partition->jobs.next, struct job, link);
}

static size_t sleepers(const struct partition *partition)
{
    return partition->lanes.resting - partition->sending;
}

/* null where there is nothing to tell. A record's time is its producer's, whose clock may be ahead of ours, or ours has been set back. */
static void add_age(yyjson_mut_doc *doc, yyjson_mut_val *value, const char *name, bool known, int64_t ms)
{
    if (known)
        yyjson_mut_obj_add_int(doc, value, name, ms > 0 ? ms : 0);
    else
        yyjson_mut_obj_add_null(doc, value, name);
}

static void describe_oldest(const struct job *oldest, yyjson_mut_doc *doc, yyjson_mut_val *value, uint64_t now_us)
{
    bool begun = oldest != NULL && oldest->began_us > 0;
    bool dated = oldest != NULL && oldest->timestamp_ms >= 0;
    add_age(doc, value, "oldest_ms", begun, begun ? (int64_t)(now_us - oldest->began_us) / 1000 : 0);
    add_age(doc, value, "oldest_age_ms", dated, dated ? clock_wall_us() / 1000 - oldest->timestamp_ms : 0);
}

yyjson_mut_val *describe_partition(const struct partition *partition, yyjson_mut_doc *doc, uint64_t now_us)
{
    struct consumer_position position;
    consumer_position(partition->source, &position);
    const struct lane_set *lanes = &partition->lanes;
    const struct job *oldest = oldest_job(partition);

    yyjson_mut_val *value = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_str(doc, value, "stream", partition->work->options.stream);
    yyjson_mut_obj_add_int(doc, value, "partition", partition->number);
    yyjson_mut_obj_add_int(doc, value, "watermark", partition->offsets.watermark);
    yyjson_mut_obj_add_int(doc, value, "committed", partition->committed);
    yyjson_mut_obj_add_int(doc, value, "position", position.next);
    yyjson_mut_obj_add_int(doc, value, "end", position.end);
    yyjson_mut_obj_add_uint(doc, value, "done_above", offsets_above(&partition->offsets));
    yyjson_mut_obj_add_uint(doc, value, "running", lanes->running);
    yyjson_mut_obj_add_uint(doc, value, "waiting", lanes->records - lanes->running - lanes->resting);
    yyjson_mut_obj_add_uint(doc, value, "retrying", sleepers(partition));
    yyjson_mut_obj_add_uint(doc, value, "publishing", partition->sending);
    yyjson_mut_obj_add_uint(doc, value, "uncommitted", partition->records - lanes->records);
    yyjson_mut_obj_add_uint(doc, value, "room", intake_room(partition));
    yyjson_mut_obj_add_uint(doc, value, "prefetched", position.prefetched);
    yyjson_mut_obj_add_uint(doc, value, "bytes", partition->bytes);
    yyjson_mut_obj_add_uint(doc, value, "done", partition->tally->done);
    yyjson_mut_obj_add_uint(doc, value, "dead", partition->tally->dead);
    describe_oldest(oldest, doc, value, now_us);
    why_describe(partition, doc, value, now_us);
    return value;
}

static void describe_partitions(const struct list *partitions, yyjson_mut_doc *doc, yyjson_mut_val *array, uint64_t now_us)
{
    list_each(link, partitions)
        yyjson_mut_arr_append(array, describe_partition(list_entry(link, struct partition, link), doc, now_us));
}

static yyjson_mut_val *fill_partitions(void *arg, yyjson_mut_doc *doc)
{
    struct work_shared *shared = arg;
    yyjson_mut_val *array = yyjson_mut_arr(doc);
    uint64_t now_us = clock_us();
    list_each(link, &shared->works) {
        const struct work *work = list_entry(link, struct work, link);
        describe_partitions(&work->partitions, doc, array, now_us);
        describe_partitions(&work->giving_up, doc, array, now_us);
    }
    return array;
}

/* --- lanes and slots --- */

/* The longest lanes, each by its head; of one length those that came first. */
struct top {
    const struct job *heads[LANES_SHOWN];
    size_t count;
};

static void offer(struct top *top, const struct job *head)
{
    size_t place = top->count;
    while (place > 0 && lane_length(&top->heads[place - 1]->record) < lane_length(&head->record))
        place--;
    if (place == LANES_SHOWN)
        return;
    if (top->count < LANES_SHOWN)
        top->count++;
    memmove(&top->heads[place + 1], &top->heads[place], (top->count - place - 1) * sizeof(top->heads[0]));
    top->heads[place] = head;
}

/* O(records held): for whoever looks, not for each turn. */
static void find_longest(const struct work *work, struct top *top)
{
    *top = (struct top){ .count = 0 };
    list_each(place, &work->partitions) {
        const struct partition *partition = list_entry(place, struct partition, link);
        list_each(link, &partition->jobs) {
            const struct job *job = list_entry(link, struct job, link);
            if (job->record.state != RECORD_WAITING && job_is_in_lane(job))
                offer(top, job);
        }
    }
}

void describe_key(struct text key, yyjson_mut_doc *doc, yyjson_mut_val *value)
{
    if (key.size > KEY_SHOWN_BYTES)
        key.size = KEY_SHOWN_BYTES;
    if (key.data != NULL)
        stats_add_text(doc, value, "key", key);
    else
        yyjson_mut_obj_add_null(doc, value, "key");
}

/* Whose records fill the room: in key order, these are the keys that are hot now. */
static void describe_longest(const struct work *work, yyjson_mut_doc *doc, yyjson_mut_val *value)
{
    struct top top;
    find_longest(work, &top);
    yyjson_mut_obj_add_uint(doc, value, "longest", top.count == 0 ? 0 : lane_length(&top.heads[0]->record));
    yyjson_mut_val *rows = yyjson_mut_obj_add_arr(doc, value, "hottest");
    for (size_t i = 0; i < top.count; i++) {
        yyjson_mut_val *row = yyjson_mut_arr_add_obj(doc, rows);
        yyjson_mut_obj_add_int(doc, row, "partition", top.heads[i]->partition->number);
        if (work->config->order == LANE_ORDER_KEY)
            describe_key(top.heads[i]->record.key, doc, row);
        yyjson_mut_obj_add_uint(doc, row, "records", lane_length(&top.heads[i]->record));
    }
}

static void describe_crowds(const struct work *work, yyjson_mut_doc *doc, yyjson_mut_val *value)
{
    uint64_t now_us = clock_us();
    yyjson_mut_val *rows = yyjson_mut_obj_add_arr(doc, value, "head_of_line");
    list_each(link, &work->partitions) {
        const struct partition *partition = list_entry(link, struct partition, link);
        if (partition->crowd.key.data == NULL)
            continue;
        yyjson_mut_val *row = yyjson_mut_arr_add_obj(doc, rows);
        yyjson_mut_obj_add_int(doc, row, "partition", partition->number);
        describe_key(partition->crowd.key, doc, row);
        yyjson_mut_obj_add_uint(doc, row, "records", crowd_size(partition));
        yyjson_mut_obj_add_uint(doc, row, "since_ms", (now_us - partition->crowd.since_us) / 1000);
    }
}

static yyjson_mut_val *describe_lanes(const struct work *work, yyjson_mut_doc *doc)
{
    size_t lanes = 0;
    list_each(link, &work->partitions)
        lanes += list_entry(link, struct partition, link)->lanes.lanes;
    struct work_counts counts;
    work_counts(work, &counts);

    yyjson_mut_val *value = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_str(doc, value, "stream", work->options.stream);
    yyjson_mut_obj_add_str(doc, value, "order", work_orders[work->config->order]);
    yyjson_mut_obj_add_uint(doc, value, "lanes", lanes);
    yyjson_mut_obj_add_uint(doc, value, "waiting", counts.waiting);
    yyjson_mut_obj_add_uint(doc, value, "running", counts.running);
    yyjson_mut_obj_add_uint(doc, value, "resting", counts.resting);
    yyjson_mut_obj_add_uint(doc, value, "queue", work->queue.used);
    yyjson_mut_obj_add_uint(doc, value, "queue_limit", work->queue.limit);
    yyjson_mut_obj_add_uint(doc, value, "held", work->records.used);
    yyjson_mut_obj_add_uint(doc, value, "held_limit", work->records.limit);
    yyjson_mut_obj_add_uint(doc, value, "bytes", work->bytes.used);
    yyjson_mut_obj_add_uint(doc, value, "bytes_limit", work->bytes.limit);
    describe_longest(work, doc, value);
    describe_crowds(work, doc, value);
    return value;
}

static yyjson_mut_val *fill_lanes(void *arg, yyjson_mut_doc *doc)
{
    struct work_shared *shared = arg;
    yyjson_mut_val *array = yyjson_mut_arr(doc);
    list_each(link, &shared->works)
        yyjson_mut_arr_append(array, describe_lanes(list_entry(link, struct work, link), doc));
    return array;
}

static void describe_slots(yyjson_mut_doc *doc, yyjson_mut_val *array, const char *name, const struct scheduler *slots, size_t stuck)
{
    yyjson_mut_val *value = yyjson_mut_arr_add_obj(doc, array);
    yyjson_mut_obj_add_str(doc, value, "slots", name);
    yyjson_mut_obj_add_uint(doc, value, "limit", slots->limit);
    yyjson_mut_obj_add_uint(doc, value, "busy", slots->busy);
    yyjson_mut_obj_add_uint(doc, value, "stuck", stuck);
}

static yyjson_mut_val *fill_slots(void *arg, yyjson_mut_doc *doc)
{
    struct work_shared *shared = arg;
    yyjson_mut_val *array = yyjson_mut_arr(doc);
    describe_slots(doc, array, "pool", &shared->slots, stuck_on(shared, &shared->slots));
    list_each(link, &shared->works) {
        const struct work *work = list_entry(link, struct work, link);
        if (work->slots == &work->own_slots)
            describe_slots(doc, array, work->options.stream, &work->own_slots, work->stuck);
    }
    return array;
}

void sections_add(struct work_shared *shared, struct stats *stats)
{
    shared->partitions = (struct stats_section){
        .name = "partitions", .summary = "Each assigned partition, and why it does not move.", .fill = fill_partitions, .arg = shared
    };
    shared->lanes = (struct stats_section){
        .name = "lanes", .summary = "Records in order: how many wait, run and rest.", .fill = fill_lanes, .arg = shared
    };
    shared->slots_section = (struct stats_section){
        .name = "slots", .summary = "Jobs at once: slots and how many are busy.", .fill = fill_slots, .arg = shared
    };
    stats_add(stats, &shared->partitions);
    stats_add(stats, &shared->lanes);
    stats_add(stats, &shared->slots_section);
}

void sections_remove(struct work_shared *shared)
{
    stats_remove(&shared->partitions);
    stats_remove(&shared->lanes);
    stats_remove(&shared->slots_section);
}
