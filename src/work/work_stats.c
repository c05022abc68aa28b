#include "base/clock.h"
#include "work/work_parts.h"

#include <inttypes.h>
#include <stdio.h>

enum { LONGEST_KEY_SHOWN = 64 /* bytes */ };

/* --- counts --- */

static void add_partition(struct work_counts *counts, const struct partition *partition)
{
    const struct lane_set *lanes = &partition->lanes;
    counts->resting += lanes->resting;
    counts->waiting += lanes->records - lanes->running - lanes->resting;
}

void work_counts(const struct work *work, struct work_counts *counts)
{
    *counts = work->counts;
    counts->running = work->running;
    counts->ended_us = work->ended_us;
    list_each(link, &work->partitions) {
        add_partition(counts, list_entry(link, struct partition, link));
        counts->partitions++;
    }
    list_each(link, &work->giving_up) {
        add_partition(counts, list_entry(link, struct partition, link));
        counts->partitions++;
    }
}

void work_series_init(struct work *work)
{
    struct metrics *metrics = work->shared->metrics;
    const char *stream = work->options.stream;
    work->series = (struct work_series){
        .done = metric(metrics, METRIC_WORKED, stream, "done"),
        .dead = metric(metrics, METRIC_WORKED, stream, "dead"),
        .retries = metric(metrics, METRIC_WORK_RETRIES, stream),
        .duration = metric(metrics, METRIC_WORK_DURATION, stream),
        .attempt_duration = metric(metrics, METRIC_WORK_ATTEMPT_DURATION, stream),
        .dead_stored = metric(metrics, METRIC_DEAD, stream),
        .dead_errors = metric(metrics, METRIC_DEAD_ERRORS, stream),
        .offsets_missing = metric(metrics, METRIC_OFFSETS_MISSING, stream),
        .skipped = metric(metrics, METRIC_WORK_SKIPPED, stream),
        .bare = metric(metrics, METRIC_COMMITS_BARE, stream),
        .waiting = metric(metrics, METRIC_WORK_WAITING, stream),
        .queued = metric(metrics, METRIC_WORK_QUEUE, stream),
        .running = metric(metrics, METRIC_WORK_RUNNING, stream),
        .resting = metric(metrics, METRIC_WORK_RESTING, stream),
        .partitions = metric(metrics, METRIC_WORK_PARTITIONS, stream),
        .paused = metric(metrics, METRIC_WORK_PAUSED, stream),
        .slots = metric(metrics, METRIC_WORK_SLOTS, stream),
        .committed = metric(metrics, METRIC_COMMITS, stream, "ok"),
        .commit_refused = metric(metrics, METRIC_COMMITS, stream, "refused"),
        .assigned = metric(metrics, METRIC_REBALANCES, stream, "assigned"),
        .revoked = metric(metrics, METRIC_REBALANCES, stream, "revoked"),
        .lost = metric(metrics, METRIC_REBALANCES, stream, "lost"),
        .broken = metric(metrics, METRIC_REBALANCES, stream, "broken"),
    };
    for (int outcome = OUTCOME_DONE; outcome < OUTCOME_PENDING; outcome++)
        work->series.attempts[outcome] = metric(metrics, METRIC_WORK_ATTEMPTS, stream, outcome_name((enum outcome)outcome));
}

void work_collect(struct work *work)
{
    struct work_counts counts;
    work_counts(work, &counts);
    metric_set(work->series.waiting, (double)counts.waiting);
    metric_set(work->series.queued, (double)work->queue.used);
    metric_set(work->series.running, (double)counts.running);
    metric_set(work->series.resting, (double)counts.resting);
    metric_set(work->series.partitions, (double)counts.partitions);
    metric_set(work->series.paused, work_paused(work));
    metric_set(work->series.slots, (double)work->slots->limit);
}

/* --- a partition in words --- */

static const struct job *oldest_job(const struct partition *partition)
{
    return list_empty(&partition->jobs) ? NULL : list_entry(partition->jobs.next, struct job, link);
}

/* What stands at the watermark decides; else what is not taken. In the order in which one hides the other. */
static const char *why(const struct partition *partition, const struct consumer_position *position)
{
    const struct work *work = partition->work;
    const struct job *job = oldest_job(partition);
    if (partition->state == PARTITION_GIVEN_UP)
        return "it is given back: what runs ends first";
    if (work->draining)
        return "shutting down: what runs ends first";
    if (work->unavailable > 0)
        return "what the handler needs is away";
    if (job == NULL)
        return position->next < position->end ? "its next records are being fetched" : "nothing to do: all is done";
    if (job->end != NULL)
        return dead_letter_is_sending(job) ? "its oldest record is being stored as a dead letter"
                                           : "its oldest record cannot be stored as a dead letter yet";
    if (job->record.state == RECORD_RUNNING)
        return job->run->overdue ? "its oldest record is stuck: it runs longer than its timeout" : "its oldest record runs";
    if (job->record.state == RECORD_RESTING)
        return "its oldest record failed, and rests until its next attempt";
    return work->slots->busy >= work->slots->limit ? "its oldest record waits for a slot" : "its oldest record is about to start";
}

static size_t sleepers(const struct partition *partition)
{
    return partition->lanes.resting - partition->sending;
}

static yyjson_mut_val *describe_partition(const struct partition *partition, yyjson_mut_doc *doc, uint64_t now_us)
{
    struct consumer_position position = { .next = partition->offsets.next, .end = -1 };
    if (partition->source != NULL)
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
    yyjson_mut_obj_add_uint(doc, value, "dead_letters", partition->sending);
    yyjson_mut_obj_add_uint(doc, value, "room", intake_room(partition));
    yyjson_mut_obj_add_uint(doc, value, "prefetched", position.prefetched);
    yyjson_mut_obj_add_uint(doc, value, "bytes", partition->bytes);
    yyjson_mut_obj_add_uint(doc, value, "done", partition->tally->done);
    yyjson_mut_obj_add_uint(doc, value, "dead", partition->tally->dead);
    if (oldest != NULL && oldest->began_us > 0)
        yyjson_mut_obj_add_uint(doc, value, "oldest_ms", (now_us - oldest->began_us) / 1000);
    else
        yyjson_mut_obj_add_null(doc, value, "oldest_ms");
    yyjson_mut_obj_add_str(doc, value, "why", why(partition, &position));
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

static const struct job *longest_lane(const struct work *work)
{
    const struct job *longest = NULL;
    list_each(place, &work->partitions) {
        const struct partition *partition = list_entry(place, struct partition, link);
        list_each(link, &partition->jobs) {
            const struct job *job = list_entry(link, struct job, link);
            if (longest == NULL || lane_length(&job->record) > lane_length(&longest->record))
                longest = job;
        }
    }
    return longest;
}

static void describe_longest(const struct work *work, yyjson_mut_doc *doc, yyjson_mut_val *value)
{
    const struct job *job = longest_lane(work);
    yyjson_mut_obj_add_uint(doc, value, "longest", job == NULL ? 0 : lane_length(&job->record));
    if (job == NULL || job->record.key.data == NULL || work->config->order != LANE_ORDER_KEY)
        return;
    yyjson_mut_obj_add_int(doc, value, "longest_partition", job->partition->number);
    struct text key = job->record.key;
    if (key.size > LONGEST_KEY_SHOWN)
        key.size = LONGEST_KEY_SHOWN;
    stats_add_text(doc, value, "longest_key", key);
}

static yyjson_mut_val *describe_lanes(const struct work *work, yyjson_mut_doc *doc)
{
    static const char *const orders[] = { "partition", "key", "none" };
    size_t lanes = 0;
    list_each(link, &work->partitions)
        lanes += list_entry(link, struct partition, link)->lanes.lanes;
    struct work_counts counts;
    work_counts(work, &counts);

    yyjson_mut_val *value = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_str(doc, value, "stream", work->options.stream);
    yyjson_mut_obj_add_str(doc, value, "order", orders[work->config->order]);
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

static void describe_slots(yyjson_mut_doc *doc, yyjson_mut_val *array, const char *name, const struct scheduler *slots)
{
    yyjson_mut_val *value = yyjson_mut_arr_add_obj(doc, array);
    yyjson_mut_obj_add_str(doc, value, "slots", name);
    yyjson_mut_obj_add_uint(doc, value, "limit", slots->limit);
    yyjson_mut_obj_add_uint(doc, value, "busy", slots->busy);
}

static yyjson_mut_val *fill_slots(void *arg, yyjson_mut_doc *doc)
{
    struct work_shared *shared = arg;
    yyjson_mut_val *array = yyjson_mut_arr(doc);
    describe_slots(doc, array, "pool", &shared->slots);
    list_each(link, &shared->works) {
        const struct work *work = list_entry(link, struct work, link);
        if (work->slots == &work->own_slots)
            describe_slots(doc, array, work->options.stream, &work->own_slots);
    }
    return array;
}

void work_stats_add(struct work_shared *shared, struct stats *stats)
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

void work_stats_remove(struct work_shared *shared)
{
    stats_remove(&shared->partitions);
    stats_remove(&shared->lanes);
    stats_remove(&shared->slots_section);
}

/* --- the actions work.stats, work.counts --- */

void work_identity(const struct work *work, struct work_identity *identity)
{
    const struct work_config *config = work->config;
    *identity = (struct work_identity){
        .stream = work->options.stream,
        .topic = work->options.topic,
        .group = config->group,
        .member = config->instance != NULL ? config->instance : work->member,
        .state = work->consumer == NULL ? "left" : consumer_state(work->consumer),
    };
}

yyjson_mut_val *work_partition_numbers(const struct work *work, yyjson_mut_doc *doc)
{
    yyjson_mut_val *numbers = yyjson_mut_arr(doc);
    list_each(link, &work->partitions)
        yyjson_mut_arr_add_int(doc, numbers, list_entry(link, struct partition, link)->number);
    return numbers;
}

yyjson_mut_val *work_partition_counts(const struct work *work, yyjson_mut_doc *doc)
{
    yyjson_mut_val *rows = yyjson_mut_arr(doc);
    for (size_t number = 0; number < work->tally_count; number++) {
        if (!work->tallies[number]->assigned)
            continue;
        yyjson_mut_val *row = yyjson_mut_arr_add_obj(doc, rows);
        yyjson_mut_obj_add_uint(doc, row, "partition", number);
        yyjson_mut_obj_add_uint(doc, row, "count", work->tallies[number]->done);
    }
    return rows;
}

yyjson_mut_val *work_stats(const struct work *work, yyjson_mut_doc *doc)
{
    struct work_counts counts;
    struct work_identity identity;
    work_counts(work, &counts);
    work_identity(work, &identity);
    yyjson_mut_val *value = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_str(doc, value, "stream", identity.stream);
    yyjson_mut_obj_add_str(doc, value, "topic", identity.topic);
    yyjson_mut_obj_add_str(doc, value, "group", identity.group);
    yyjson_mut_obj_add_str(doc, value, "state", identity.state);
    yyjson_mut_obj_add_bool(doc, value, "paused", work_paused(work));
    yyjson_mut_obj_add_uint(doc, value, "taken", counts.taken);
    yyjson_mut_obj_add_uint(doc, value, "done", counts.done);
    yyjson_mut_obj_add_uint(doc, value, "dead", counts.dead);
    yyjson_mut_obj_add_uint(doc, value, "attempts", counts.attempts);
    yyjson_mut_obj_add_uint(doc, value, "retries", counts.retries);
    yyjson_mut_obj_add_uint(doc, value, "waiting", counts.waiting);
    yyjson_mut_obj_add_uint(doc, value, "running", counts.running);
    yyjson_mut_obj_add_uint(doc, value, "resting", counts.resting);
    yyjson_mut_obj_add_val(doc, value, "partitions", work_partition_numbers(work, doc));
    return value;
}
