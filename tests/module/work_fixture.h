/* work_fixture: a broker inside the process, records on it, and one or two works of a group on them. The records are written, the
 * dead letters and commits read by handles of librdkafka that have nothing to do with our code; what the handlers did is read from
 * the file that they record. */
#pragma once

#include "core/lanes.h"
#include "producer_fixture.h"
#include "tracer_fixture.h"
#include "work/work.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yyjson.h>

#define GROUP         "workers"
#define TOPIC         "jobs"
#define DEAD_TOPIC    "jobs-dlq"
#define OUTPUT_TOPIC  "done"
#define EVIDENCE_MAX  20000
#define WORK_PATIENCE 60000
#define CLOSE_US      (10 * UINT64_C(1000000))

/* A line of what a handler recorded. */
struct line {
    bool start; /* or end */
    char outcome[16];
    int partition;
    int64_t offset;
    int attempt;
    int64_t us;
    char key[32];
};

struct crew {
    struct fixture base;
    struct pool pool;
    struct work_shared shared;
    struct tracing tracing;
    struct work_config config;
    struct topic *dead_topic, *output_topic;
    struct producer_topic *dead, *output; /* no output: NULL */
    struct work *works[2];
    bool work_closed[2];
    bool drained;
    size_t still_running;
    rd_kafka_t *writer;
    char file[64];
    struct line *lines;
    size_t line_count;
};

/* --- given --- */

static inline rd_kafka_t *open_raw(struct crew *crew, rd_kafka_type_t type, const char *group)
{
    char reason[200];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", crew->base.brokers, reason, sizeof(reason));
    if (group != NULL)
        rd_kafka_conf_set(conf, "group.id", group, reason, sizeof(reason));
    else
        rd_kafka_conf_set(conf, "linger.ms", "1", reason, sizeof(reason));
    if (type == RD_KAFKA_CONSUMER)
        rd_kafka_conf_set(conf, "fetch.wait.max.ms", "10", reason, sizeof(reason));
    rd_kafka_t *handle = rd_kafka_new(type, conf, reason, sizeof(reason));
    assert_non_null(handle);
    return handle;
}

/* Defaults that a test changes before given_work. */
static inline void given_crew(struct crew *crew, size_t slots)
{
    *crew = (struct crew){ .still_running = 0 };
    given_broker(&crew->base);
    rd_kafka_mock_group_initial_rebalance_delay_ms(cluster_of(&crew->base), 100);
    snprintf(crew->file, sizeof(crew->file), "/tmp/millrace-work-%d.jsonl", (int)getpid());
    unlink(crew->file);
    crew->config = (struct work_config){
        .group = GROUP,
        .handler = { .simulate = { .present = true, .min_us = 1000, .range_us = 50000, .fail = 0, .record = crew->file } },
        .order = LANE_ORDER_PARTITION,
        .queue = 100,
        .window = { .records = 10000, .bytes = 64 << 20 },
        .prefetch_bytes = 32 << 20,
        .commit = { .interval_us = 100000 },
        .drain_us = 5000000,
        .retry = { .retries = 2, .base_us = 20000, .max_us = 100000, .jitter_us = 1000 },
        .dead = { .name = DEAD_TOPIC, .partitions = 2, .create = true },
        .session_us = 3000000, /* the mock cluster waits for the session of a member that has left */
        .heartbeat_us = 200000,
        .max_poll_us = 30000000,
    };
    given_tracer(&crew->tracing, crew->base.metrics);
    pool_prepare(4);
    pool_init(&crew->pool, &crew->base.loop);
    work_shared_init(&crew->shared, &crew->base.loop, &crew->pool, slots, crew->base.metrics, &crew->base.stats);
}

/* The topic with its records' writer, and the producer of dead letters and of what is passed on. */
static inline void given_log(struct crew *crew)
{
    struct error err = { 0 };
    crew->base.topic_config.create = true;
    crew->base.topics = topics_open(&crew->base.loop, &crew->base.target, &err);
    assert_string_equal(err.message, "");
    crew->base.topic = topics_add(crew->base.topics, &crew->base.topic_config, &err);
    crew->dead_topic = topics_add(crew->base.topics, &crew->config.dead, &err);
    if (crew->config.output.name != NULL)
        crew->output_topic = topics_add(crew->base.topics, &crew->config.output, &err);
    assert_string_equal(err.message, "");
    topics_start(crew->base.topics, NULL, NULL);
    given_producer(&crew->base);
    struct producer_topic_options options = { .stream = "jobs", .topic = crew->dead_topic };
    crew->dead = producer_topic_open(crew->base.producer, &options);
    options.topic = crew->output_topic;
    crew->output = options.topic == NULL ? NULL : producer_topic_open(crew->base.producer, &options);
    assert_true(wait_until(&crew->base, are_topics_ready, NULL, PATIENCE_MS));
    crew->writer = open_raw(crew, RD_KAFKA_PRODUCER, NULL);
}

static inline void given_work(struct crew *crew, size_t which)
{
    struct error err = { 0 };
    struct work_options options = {
        .shared = &crew->shared,
        .stream = "jobs",
        .topic = TOPIC,
        .partitions = PARTITIONS,
        .config = &crew->config,
        .target = crew->base.target,
        .tracer = crew->tracing.tracer,
        .dead = crew->dead,
        .output = crew->output,
        .producer = &crew->base.config,
    };
    crew->works[which] = work_start(&options, &err);
    assert_string_equal(err.message, "");
    assert_non_null(crew->works[which]);
}

static inline void given_record(struct crew *crew, int32_t partition, const char *key, const char *value)
{
    size_t key_size = key == NULL ? 0 : strlen(key);
    size_t value_size = value == NULL ? 0 : strlen(value);
    void *bytes = (void *)(uintptr_t)value;
    rd_kafka_resp_err_t code =
        rd_kafka_producev(crew->writer, RD_KAFKA_V_TOPIC(TOPIC), RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_KEY(key, key_size),
                          RD_KAFKA_V_VALUE(bytes, value_size), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
    assert_int_equal(code, 0);
}

static inline void given_records(struct crew *crew, int32_t partition, int count, const char *value)
{
    for (int i = 0; i < count; i++)
        given_record(crew, partition, NULL, value);
}

static inline void given_all_written(struct crew *crew)
{
    assert_int_equal(rd_kafka_flush(crew->writer, PATIENCE_MS), 0);
}

/* --- waiting --- */

static inline uint64_t ended(const struct crew *crew)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < 2; i++) {
        struct work_counts counts = { 0 };
        if (crew->works[i] != NULL)
            work_counts(crew->works[i], &counts);
        sum += counts.done + counts.dead;
    }
    return sum;
}

static inline bool have_ended(struct fixture *base, void *arg)
{
    return ended((struct crew *)(void *)base) >= *(uint64_t *)arg;
}

/* Done or dead, by the works that live. */
static inline void when_ended(struct crew *crew, uint64_t count)
{
    assert_true(wait_until(&crew->base, have_ended, &count, WORK_PATIENCE));
}

static inline bool is_assigned(struct fixture *base, void *arg)
{
    struct work_counts counts;
    (void)base;
    work_counts(arg, &counts);
    return counts.partitions > 0;
}

static inline void when_assigned(struct crew *crew, size_t which)
{
    assert_true(wait_until(&crew->base, is_assigned, crew->works[which], WORK_PATIENCE));
}

static inline void when_time_passes(struct crew *crew, uint64_t ms)
{
    wait_until(&crew->base, never, NULL, ms);
}

/* --- closing --- */

static inline void on_work_closed(void *arg)
{
    *(bool *)arg = true;
}

static inline bool is_set(struct fixture *base, void *arg)
{
    (void)base;
    return *(bool *)arg;
}

static inline void when_closed(struct crew *crew, size_t which)
{
    crew->work_closed[which] = false;
    work_close(crew->works[which], clock_us() + CLOSE_US, on_work_closed, &crew->work_closed[which]);
    assert_true(wait_until(&crew->base, is_set, &crew->work_closed[which], WORK_PATIENCE));
    crew->works[which] = NULL;
}

static inline void on_drained(void *arg, size_t still_running)
{
    struct crew *crew = arg;
    crew->drained = true;
    crew->still_running = still_running;
}

static inline void when_drained(struct crew *crew, size_t which, uint64_t patience_ms)
{
    work_stop_fetching(crew->works[which]);
    work_drain(crew->works[which], clock_us() + patience_ms * 1000, on_drained, crew);
    assert_true(wait_until(&crew->base, is_set, &crew->drained, WORK_PATIENCE));
}

static inline void on_pool_closed(void *arg)
{
    (void)arg;
}

static inline void then_the_crew_goes(struct crew *crew)
{
    for (size_t i = 0; i < 2; i++) {
        if (crew->works[i] != NULL)
            when_closed(crew, i);
    }
    work_shared_close(&crew->shared);
    pool_close(&crew->pool, on_pool_closed, NULL);
    rd_kafka_destroy(crew->writer);
    tracer_free(crew->tracing.tracer);
    then_everything_closes(&crew->base);
    unlink(crew->file);
    free(crew->lines);
}

/* --- what handlers recorded --- */

static inline struct line parse_line(const char *text, size_t size)
{
    struct line line = { 0 };
    yyjson_doc *doc = yyjson_read(text, size, 0);
    assert_non_null(doc);
    yyjson_val *root = yyjson_doc_get_root(doc);
    line.start = strcmp(yyjson_get_str(yyjson_obj_get(root, "event")), "start") == 0;
    line.partition = yyjson_get_int(yyjson_obj_get(root, "partition"));
    line.offset = yyjson_get_sint(yyjson_obj_get(root, "offset"));
    line.attempt = yyjson_get_int(yyjson_obj_get(root, "attempt"));
    line.us = yyjson_get_sint(yyjson_obj_get(root, "us"));
    const char *outcome = yyjson_get_str(yyjson_obj_get(root, "outcome"));
    snprintf(line.outcome, sizeof(line.outcome), "%s", outcome == NULL ? "" : outcome);
    const char *key = yyjson_get_str(yyjson_obj_get(root, "key"));
    snprintf(line.key, sizeof(line.key), "%s", key == NULL ? "" : key);
    yyjson_doc_free(doc);
    return line;
}

static inline void read_evidence(struct crew *crew)
{
    free(crew->lines);
    crew->lines = calloc(EVIDENCE_MAX, sizeof(*crew->lines));
    crew->line_count = 0;
    FILE *file = fopen(crew->file, "r");
    assert_non_null(file);
    char text[1024];
    while (crew->line_count < EVIDENCE_MAX && fgets(text, sizeof(text), file) != NULL)
        crew->lines[crew->line_count++] = parse_line(text, strlen(text));
    fclose(file);
}

static inline size_t count_lines(const struct crew *crew, int partition, int64_t offset, bool start)
{
    size_t count = 0;
    for (size_t i = 0; i < crew->line_count; i++) {
        const struct line *line = &crew->lines[i];
        count += line->start == start && line->partition == partition && (offset < 0 || line->offset == offset);
    }
    return count;
}

/* Each partition's first starts come in the order of their offsets, and none before the one before it has ended for good. */
static inline void then_partitions_were_worked_in_order(const struct crew *crew)
{
    int64_t running[PARTITIONS], next[PARTITIONS];
    for (int i = 0; i < PARTITIONS; i++)
        running[i] = -1, next[i] = 0;
    for (size_t i = 0; i < crew->line_count; i++) {
        const struct line *line = &crew->lines[i];
        if (line->start) {
            assert_true(running[line->partition] == -1);
            assert_int_equal(line->offset, next[line->partition]);
            running[line->partition] = line->offset;
        } else {
            assert_int_equal(running[line->partition], line->offset);
            running[line->partition] = -1;
            next[line->partition] += strcmp(line->outcome, "done") == 0;
        }
    }
}

/* Where a commit may have come too late, records are done again: but never before the one before them was done, and none is left out. */
static inline void then_nothing_was_lost_or_overtaken(const struct crew *crew, int partitions, int count)
{
    int64_t next[PARTITIONS] = { 0 };
    for (size_t i = 0; i < crew->line_count; i++) {
        const struct line *line = &crew->lines[i];
        assert_true(line->offset <= next[line->partition]);
        if (!line->start && line->offset == next[line->partition] && strcmp(line->outcome, "done") == 0)
            next[line->partition]++;
    }
    for (int partition = 0; partition < partitions; partition++)
        assert_int_equal(next[partition], count);
}

static inline void then_each_was_done_once(const struct crew *crew, int partitions, int count)
{
    for (int partition = 0; partition < partitions; partition++) {
        for (int64_t offset = 0; offset < count; offset++)
            assert_int_equal(count_lines(crew, partition, offset, false), 1);
    }
}

/* --- what the broker has --- */

static inline int64_t committed(struct crew *crew, int32_t partition)
{
    rd_kafka_t *reader = open_raw(crew, RD_KAFKA_CONSUMER, GROUP);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, TOPIC, partition);
    assert_int_equal(rd_kafka_committed(reader, list, PATIENCE_MS), 0);
    int64_t offset = list->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(reader);
    return offset;
}

static inline void given_commit(struct crew *crew, int32_t partition, int64_t offset)
{
    rd_kafka_t *reader = open_raw(crew, RD_KAFKA_CONSUMER, GROUP);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, TOPIC, partition)->offset = offset;
    assert_int_equal(rd_kafka_commit(reader, list, 0), 0);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(reader);
}

/* The records of a topic, at most `max`, until none comes for 500 ms. The caller destroys them. */
static inline size_t read_topic(struct crew *crew, const char *topic, int32_t partitions, rd_kafka_t **reader, rd_kafka_message_t **records,
                                size_t max)
{
    *reader = open_raw(crew, RD_KAFKA_CONSUMER, "reader");
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partitions);
    for (int32_t partition = 0; partition < partitions; partition++)
        rd_kafka_topic_partition_list_add(list, topic, partition)->offset = 0;
    rd_kafka_assign(*reader, list);
    rd_kafka_topic_partition_list_destroy(list);
    size_t count = 0;
    rd_kafka_message_t *record;
    while (count < max && (record = rd_kafka_consumer_poll(*reader, count == 0 ? 5000 : 500)) != NULL) {
        if (record->err == 0)
            records[count++] = record;
        else
            rd_kafka_message_destroy(record);
    }
    return count;
}

static inline size_t read_dead_letters(struct crew *crew, rd_kafka_t **reader, rd_kafka_message_t **letters, size_t max)
{
    return read_topic(crew, DEAD_TOPIC, 2, reader, letters, max);
}

static inline void free_records(rd_kafka_t *reader, rd_kafka_message_t **records, size_t count)
{
    for (size_t i = 0; i < count; i++)
        rd_kafka_message_destroy(records[i]);
    rd_kafka_consumer_close(reader);
    rd_kafka_destroy(reader);
}

/* The header's only value. */
static inline void then_header_is(const rd_kafka_message_t *letter, const char *name, const char *expected)
{
    rd_kafka_headers_t *headers;
    const void *value;
    size_t size;
    assert_int_equal(rd_kafka_message_headers(letter, &headers), 0);
    assert_int_equal(rd_kafka_header_get(headers, 0, name, &value, &size), 0);
    assert_string_equal((const char *)value, expected);
    assert_int_not_equal(rd_kafka_header_get(headers, 1, name, &value, &size), 0);
}
