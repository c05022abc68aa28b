#include "base/clock.h"
#include "core/lag.h"
#include "watch/watch_parts.h"

#include <math.h>
#include <stdio.h>

static bool is_stale(const struct watch *watch)
{
    return watch->failures >= WATCH_STALE;
}

/* GROUP_NOTHING: the partition has no leader that could tell. */
static int64_t lag_of(const struct watch *watch, const struct group_partition *partition)
{
    if (partition->end == GROUP_NOTHING || (partition->committed == GROUP_NOTHING && partition->beginning == GROUP_NOTHING))
        return GROUP_NOTHING;
    return lag_offsets(partition->committed, watch->options.from_end ? partition->end : partition->beginning, partition->end);
}

/* --- metrics --- */

static double known(const struct watch *watch, int64_t value)
{
    return is_stale(watch) || value == GROUP_NOTHING ? NAN : (double)value;
}

enum { GAUGES = 6 }; /* of a partition */

static void find_gauges(const struct watch *watch, size_t number, struct series *gauges[GAUGES])
{
    struct metrics *metrics = watch->options.shared->metrics;
    const char *topic = watch->options.topic;
    const char *group = watch->options.group;
    char label[24];
    snprintf(label, sizeof(label), "%zu", number);
    gauges[0] = metric(metrics, METRIC_GROUP_LAG, group, topic, label);
    gauges[1] = metric(metrics, METRIC_GROUP_COMMITTED, group, topic, label);
    gauges[2] = metric(metrics, METRIC_TOPIC_END, topic, label);
    gauges[3] = metric(metrics, METRIC_TOPIC_LEADER, topic, label);
    gauges[4] = metric(metrics, METRIC_TOPIC_IN_SYNC, topic, label);
    gauges[5] = metric(metrics, METRIC_TOPIC_UNDER_REPLICATED, topic, label);
}

static void tell_partition(const struct watch *watch, size_t number)
{
    const struct group_partition *partition = &watch->partitions[number];
    struct series *gauges[GAUGES];
    find_gauges(watch, number, gauges);
    metric_set(gauges[0], known(watch, lag_of(watch, partition)));
    metric_set(gauges[1], known(watch, partition->committed));
    metric_set(gauges[2], known(watch, partition->end));
    metric_set(gauges[3], is_stale(watch) ? NAN : partition->leader);
    metric_set(gauges[4], known(watch, partition->in_sync));
    metric_set(gauges[5], known(watch, partition->in_sync < partition->replicas ? 1 : 0));
}

/* A topic was made again with fewer: what the last of them had would stay for ever. */
static void hide_partition(const struct watch *watch, size_t number)
{
    struct series *gauges[GAUGES];
    find_gauges(watch, number, gauges);
    for (size_t i = 0; i < GAUGES; i++)
        metric_hide(gauges[i]);
}

void watch_tell(struct watch *watch)
{
    struct metrics *metrics = watch->options.shared->metrics;
    size_t count = watch->reading.partition_count;
    if (watch->read_wall_us == 0)
        return;
    for (size_t i = count; i < watch->told; i++)
        hide_partition(watch, i);
    for (size_t i = 0; i < count; i++)
        tell_partition(watch, i);
    watch->told = count > watch->told ? count : watch->told;
    metric_set(metric(metrics, METRIC_GROUP_MEMBERS, watch->options.group), known(watch, watch->reading.members));
    metric_set(metric(metrics, METRIC_TOPIC_PARTITIONS, watch->options.topic), known(watch, (int64_t)watch->reading.partition_count));
    metric_set(metric(metrics, METRIC_BROKERS), known(watch, watch->reading.brokers));
    metric_set(metric(metrics, METRIC_WATCH_LAST, watch->options.stream), (double)watch->read_wall_us / 1e6);
}

/* --- the section `lag` --- */

static void add_known(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *name, int64_t value)
{
    if (value == GROUP_NOTHING)
        yyjson_mut_obj_add_null(doc, object, name);
    else
        yyjson_mut_obj_add_sint(doc, object, name, value);
}

static yyjson_mut_val *partition_told(const struct watch *watch, size_t number, yyjson_mut_doc *doc)
{
    const struct group_partition *partition = &watch->partitions[number];
    yyjson_mut_val *row = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_uint(doc, row, "partition", number);
    add_known(doc, row, "lag", lag_of(watch, partition));
    add_known(doc, row, "committed", partition->committed);
    add_known(doc, row, "end", partition->end);
    add_known(doc, row, "leader", partition->leader);
    yyjson_mut_obj_add_sint(doc, row, "replicas", partition->replicas);
    yyjson_mut_obj_add_sint(doc, row, "in_sync", partition->in_sync);
    return row;
}

static yyjson_mut_val *partitions_told(const struct watch *watch, yyjson_mut_doc *doc, int64_t *lag)
{
    yyjson_mut_val *rows = yyjson_mut_arr(doc);
    *lag = 0;
    for (size_t i = 0; i < watch->reading.partition_count; i++) {
        int64_t of_one = lag_of(watch, &watch->partitions[i]);
        *lag += of_one == GROUP_NOTHING ? 0 : of_one;
        yyjson_mut_arr_append(rows, partition_told(watch, i, doc));
    }
    return rows;
}

static yyjson_mut_val *told(const struct watch *watch, yyjson_mut_doc *doc)
{
    int64_t lag;
    bool has_any = watch->read_wall_us != 0 && !is_stale(watch);
    yyjson_mut_val *partitions = partitions_told(watch, doc, &lag);
    yyjson_mut_val *object = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_str(doc, object, "group", watch->options.group);
    yyjson_mut_obj_add_str(doc, object, "topic", watch->options.topic);
    add_known(doc, object, "lag", has_any ? lag : GROUP_NOTHING);
    add_known(doc, object, "members", has_any ? watch->reading.members : GROUP_NOTHING);
    if (watch->read_wall_us != 0) {
        char when[CLOCK_RFC3339_SIZE];
        clock_rfc3339(watch->read_wall_us, when);
        yyjson_mut_obj_add_strcpy(doc, object, "read_at", when);
    }
    if (watch->failures > 0)
        yyjson_mut_obj_add_strcpy(doc, object, "problem", watch->away.message);
    if (has_any)
        yyjson_mut_obj_add_val(doc, object, "partitions", partitions);
    return object;
}

static yyjson_mut_val *fill(void *arg, yyjson_mut_doc *doc)
{
    struct watch_shared *shared = arg;
    yyjson_mut_val *streams = yyjson_mut_obj(doc);
    list_each(link, &shared->watches) {
        const struct watch *watch = list_entry(link, struct watch, link);
        yyjson_mut_obj_add_val(doc, streams, watch->options.stream, told(watch, doc));
    }
    return streams;
}

void watch_section_add(struct watch_shared *shared, struct stats *stats)
{
    shared->section = (struct stats_section){
        .name = "lag", .summary = "How far watched groups are behind: commits, ends of the log, members.", .fill = fill, .arg = shared
    };
    stats_add(stats, &shared->section);
}
