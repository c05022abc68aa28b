#include "work/cut.h"

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
        .outputs = metric(metrics, METRIC_OUTPUTS, stream),
        .output_errors = metric(metrics, METRIC_OUTPUT_ERRORS, stream),
        .transactions = { [TRANSACTION_COMMITTED] = metric(metrics, METRIC_TRANSACTIONS, stream, "committed"),
                          [TRANSACTION_ABORTED] = metric(metrics, METRIC_TRANSACTIONS, stream, "aborted"),
                          [TRANSACTION_UNKNOWN] = metric(metrics, METRIC_TRANSACTIONS, stream, "unknown") },
        .transaction_duration = metric(metrics, METRIC_TRANSACTION_DURATION, stream),
        .uncommitted = metric(metrics, METRIC_WORK_UNCOMMITTED, stream),
        .refused = { [PUBLICATION_OUTPUT] = metric(metrics, METRIC_OUTPUTS_REFUSED, stream),
                     [PUBLICATION_DEAD_LETTER] = metric(metrics, METRIC_DEAD_REFUSED, stream) },
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
        .stuck = metric(metrics, METRIC_WORK_STUCK, stream),
        .crowds = metric(metrics, METRIC_WORK_CROWDS, stream),
        .crowded = metric(metrics, METRIC_WORK_CROWDED, stream),
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

static size_t count_crowds(const struct work *work)
{
    size_t count = 0;
    list_each(link, &work->partitions)
        count += list_entry(link, struct partition, link)->crowd.key.data != NULL;
    return count;
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
    metric_set(work->series.uncommitted, (double)(work->cut_count + cut_under_way(work)));
    for (int kind = 0; kind < 2; kind++)
        metric_set(work->series.refused[kind], (double)work->refusals[kind].records);
    metric_set(work->series.stuck, (double)work->stuck);
    metric_set(work->series.crowds, (double)count_crowds(work));
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
