#include "base/log.h"
#include "io/kafka/consumer_parts.h"

#include <inttypes.h>

#define PARTITIONS_GUESSED   20
#define PREFETCH_MIN_KB      64
#define PREFETCH_MIN_RECORDS 100
#define PREFETCH_MAX_RECORDS 10000
#define FETCH_MIN_BYTES      16384
#define FETCH_MAX_BYTES      1048576
#define USUAL_BATCH_BYTES    (72 * 1024) /* of producers that are set up for throughput: 64 KiB, and their heads */
#define RECORD_COST_BYTES    640         /* in librdkafka, a small record whole: measured with jobs of 60 bytes and a trace */
#define RECORD_COST_FACTOR   4           /* over such a record's bytes in an answer */

static unsigned ms(uint64_t us)
{
    return (unsigned)(us / 1000);
}

static uint32_t shares(const struct consumer_options *options)
{
    return options->partitions == 0 ? PARTITIONS_GUESSED : options->partitions;
}

static uint64_t partition_bytes(const struct consumer_options *options)
{
    return options->prefetch_bytes / shares(options);
}

static uint64_t within(uint64_t value, uint64_t min, uint64_t max)
{
    if (value < min)
        return min;
    return value > max ? max : value;
}

/* What one answer may bring for a partition: it is kept whole, however full the queue is by then. Each time a full queue has given a
 * record away it may grow by as much, so while a backlog builds up memory creeps until it has; small records take four times their bytes.
 * But the broker gives a partition nothing while its next batch is larger, unless it is the first one that a fetch names: with less than a
 * usual batch for each of 20 partitions every answer brought a single batch, 3,600 for 2 million records in place of 250. */
static uint64_t fetch_bytes(const struct consumer_options *options)
{
    uint64_t share = partition_bytes(options);
    uint64_t batch = within(USUAL_BATCH_BYTES, 0, share / (RECORD_COST_FACTOR + 1));
    return within(share / 32, within(batch, FETCH_MIN_BYTES, FETCH_MAX_BYTES), FETCH_MAX_BYTES);
}

/* What is left of the share beside an answer that comes when the queue is all but full. */
static uint64_t rest(const struct consumer_options *options, uint64_t answer_bytes)
{
    uint64_t bytes = partition_bytes(options);
    return bytes > answer_bytes ? bytes - answer_bytes : 0;
}

/* Both limits hold for each partition, once its queue is its own. */
static uint64_t prefetch_kb(const struct consumer_options *options)
{
    uint64_t kb = rest(options, fetch_bytes(options)) / 1024;
    return kb < PREFETCH_MIN_KB ? PREFETCH_MIN_KB : kb;
}

/* librdkafka's bytes are the records' own: of small ones their number is what takes memory. */
static uint64_t prefetch_records(const struct consumer_options *options)
{
    uint64_t records = rest(options, fetch_bytes(options) * RECORD_COST_FACTOR) / RECORD_COST_BYTES;
    return within(records, PREFETCH_MIN_RECORDS, PREFETCH_MAX_RECORDS);
}

static int set_classic(rd_kafka_conf_t *conf, const struct consumer_options *options, struct error *err)
{
    if (client_set(conf, err, "partition.assignment.strategy", "%s", options->assignor) != 0 ||
        client_set(conf, err, "session.timeout.ms", "%u", ms(options->session_us)) != 0 ||
        client_set(conf, err, "heartbeat.interval.ms", "%u", ms(options->heartbeat_us)) != 0)
        return E_INVALID;
    return 0;
}

static int set_remote(rd_kafka_conf_t *conf, const struct consumer_options *options, struct error *err)
{
    if (client_set(conf, err, "group.protocol", "consumer") != 0)
        return E_INVALID;
    return options->assignor == NULL ? 0 : client_set(conf, err, "group.remote.assignor", "%s", options->assignor);
}

static int set_group(rd_kafka_conf_t *conf, const struct consumer_options *options, struct error *err)
{
    if (options->instance != NULL && client_set(conf, err, "group.instance.id", "%s", options->instance) != 0)
        return E_INVALID;
    if (client_set(conf, err, "group.id", "%s", options->group) != 0 ||
        client_set(conf, err, "max.poll.interval.ms", "%u", ms(options->max_poll_us)) != 0)
        return E_INVALID;
    return options->protocol == CONSUMER_PROTOCOL_CLASSIC ? set_classic(conf, options, err) : set_remote(conf, options, err);
}

/* The owner commits what is done, by explicit lists; librdkafka stores and commits nothing by itself, and an offset
 * that is not there is our decision. */
static int set_offsets(rd_kafka_conf_t *conf, struct error *err)
{
    if (client_set(conf, err, "enable.auto.commit", "false") != 0 || client_set(conf, err, "enable.auto.offset.store", "false") != 0 ||
        client_set(conf, err, "auto.offset.reset", "error") != 0)
        return E_INVALID;
    return 0;
}

static int set_fetching(rd_kafka_conf_t *conf, const struct consumer_options *options, struct error *err)
{
    /* A fetch waits at the broker for any of the partitions it names; one whose queue was full is not named, and waits with it. With one
     * busy partition beside 7 idle ones that cost: 370,000 records/s at 100 ms, 1,100,000 at 20, where an idle member's fetches take
     * 0.5 % of a processor. A mock cluster's fetch does not wake on new data at all. */
    const char *wait_ms = options->target.embedded != NULL ? "10" : "20";
    if (client_set(conf, err, "queued.min.messages", "%" PRIu64, prefetch_records(options)) != 0 ||
        client_set(conf, err, "queued.max.messages.kbytes", "%" PRIu64, prefetch_kb(options)) != 0 ||
        client_set(conf, err, "fetch.message.max.bytes", "%" PRIu64, fetch_bytes(options)) != 0 ||
        client_set(conf, err, "fetch.queue.backoff.ms", "2") != 0 || client_set(conf, err, "fetch.wait.max.ms", "%s", wait_ms) != 0 ||
        /* A topic that is made later, or gains partitions, is seen within this time. */
        client_set(conf, err, "topic.metadata.refresh.interval.ms", "5000") != 0)
        return E_INVALID;
    return 0;
}

rd_kafka_conf_t *consumer_conf(const struct consumer_options *options, struct error *err)
{
    rd_kafka_conf_t *conf = client_conf(&options->target, options->name, err);
    if (conf == NULL)
        return NULL;
    if (set_fetching(conf, options, err) != 0)
        goto fail;
    if (options->properties != NULL && client_set_all(conf, options->properties, err) != 0)
        goto fail;
    if (set_group(conf, options, err) != 0 || set_offsets(conf, err) != 0)
        goto fail;
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_OFFSET_COMMIT | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_STATS);
    return conf;

fail:
    rd_kafka_conf_destroy(conf);
    return NULL;
}

/* A handle keeps the properties that it was opened with; no broker has told the topic's real number by then. */
void consumer_divide_anew(struct consumer *consumer)
{
    struct consumer_options *options = &consumer->options;
    uint32_t assigned = 0;
    list_each(link, &consumer->partitions)
        assigned++;
    if (assigned <= shares(options))
        return;
    log_warn("consumer",
             "%s: %" PRIu32 " partitions of %s are assigned, and prefetch was divided among %" PRIu32 ": up to %" PRIu64
             " bytes may be held, until a new client divides it anew",
             options->name, assigned, options->topic, shares(options), partition_bytes(options) * assigned);
    options->partitions = assigned;
}
