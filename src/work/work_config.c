#include "work/work_config.h"

#include "core/lanes.h"
#include "io/kafka/consumer.h"
#include "io/kafka/kafka_config.h"
#include "work/handler.h"
#include "work/work_group_config.h"

const char *const work_orders[] = { [LANE_ORDER_PARTITION] = "partition", [LANE_ORDER_KEY] = "key", [LANE_ORDER_NONE] = "none", NULL };
static const char *const guarantees[] = { [WORK_AT_LEAST_ONCE] = "at_least_once", [WORK_EXACTLY_ONCE] = "exactly_once", NULL };
static const char *const starts[] = { [CONSUMER_EARLIEST] = "earliest", [CONSUMER_LATEST] = "latest", NULL };

/* --- the parts of work --- */

#define WINDOW(member) offsetof(struct work_window_config, member)
static const struct config_field window_fields[] = {
    { .name = "records",
      .type = CONFIG_INT,
      .offset = WINDOW(records),
      .fallback = "10000",
      .doc = "Records held, whatever they wait for.",
      .min = 1,
      .max = 10000000 },
    { .name = "bytes",
      .type = CONFIG_SIZE,
      .offset = WINDOW(bytes),
      .fallback = "64MiB",
      .doc = "Their keys, values and headers.",
      .min = 1024,
      .max = 1e12 },
    { 0 },
};

static const struct config_schema window_schema = {
    .name = "window",
    .doc = "How much is held of all partitions together: waiting, running, and resting until a next attempt.",
    .size = sizeof(struct work_window_config),
    .fields = window_fields,
};

static const struct config_field commit_fields[] = {
    { .name = "interval",
      .type = CONFIG_DURATION,
      .offset = offsetof(struct work_commit_config, interval_us),
      .fallback = "1s",
      .doc = "How often what is done is committed; what was done since is done again after a crash.",
      .min = 10000,
      .max = 60e6 },
    { .name = "timeout",
      .type = CONFIG_DURATION,
      .offset = offsetof(struct work_commit_config, timeout_us),
      .fallback = "10s",
      .doc =
          "With `guarantee: exactly_once`: how long a transaction may take (transaction.timeout.ms). What a process leaves open when it is "
          "killed holds its partitions, and who reads the output, up to this long and 10 s; with `instance`, until it is back.",
      .min = 1e6,
      .max = 900e6 },
    { 0 },
};

static const struct config_schema commit_schema = {
    .name = "commit",
    .doc = "When offsets are committed.",
    .size = sizeof(struct work_commit_config),
    .fields = commit_fields,
    .shorthand = "interval",
};

static void check_retry(const void *object, const struct config_place *place, struct config_report *report)
{
    const struct work_retry_config *config = object;
    if (config->base_us > config->max_us)
        config_mistake(report, place, "found a base longer than max; allowed: base <= max");
}

#define RETRY(member) offsetof(struct work_retry_config, member)
static const struct config_field retry_fields[] = {
    { .name = "retries",
      .type = CONFIG_INT,
      .offset = RETRY(retries),
      .fallback = "3",
      .doc = "Attempts beyond the first.",
      .max = 1000000 },
    { .name = "base",
      .type = CONFIG_DURATION,
      .offset = RETRY(base_us),
      .fallback = "40ms",
      .doc = "The first pause; doubled each time.",
      .max = 86400e6 },
    { .name = "max", .type = CONFIG_DURATION, .offset = RETRY(max_us), .fallback = "400ms", .doc = "The longest pause.", .max = 86400e6 },
    { .name = "jitter",
      .type = CONFIG_DURATION,
      .offset = RETRY(jitter_us),
      .fallback = "30ms",
      .doc = "A random part of this is added to each pause.",
      .max = 86400e6 },
    { 0 },
};

static const struct config_schema retry_schema = {
    .name = "retry",
    .doc = "When a failed record is tried again. It waits in its lane without a slot; only its own lane waits with it.",
    .size = sizeof(struct work_retry_config),
    .fields = retry_fields,
    .shorthand = "retries",
    .check = check_retry,
};

/* Unlike a stream's own topic these are made without being asked: without them nothing that has ended could be let go. */
#define DEAD(member) offsetof(struct topic_config, member)
static const struct config_field dead_fields[] = {
    { .name = "name", .type = CONFIG_STRING, .offset = DEAD(name), .doc = "The topic's name.", .required = true },
    { .name = "partitions",
      .type = CONFIG_INT,
      .offset = DEAD(partitions),
      .fallback = "0",
      .doc = "How many it has; 0: any, and the broker's default when it is made.",
      .max = 100000 },
    { .name = "replication",
      .type = CONFIG_INT,
      .offset = DEAD(replication),
      .fallback = "0",
      .doc = "Copies of each partition when it is made; 0: as the broker decides.",
      .max = 1000 },
    { .name = "create", .type = CONFIG_BOOL, .offset = DEAD(create), .fallback = "true", .doc = "Make it when it is missing." },
    { .name = "config", .type = CONFIG_MAP, .offset = DEAD(config), .doc = "The broker's settings for the topic when it is made." },
    { 0 },
};

static const struct config_schema output_schema = {
    .name = "output",
    .doc = "The topic that takes what is done.",
    .size = sizeof(struct topic_config),
    .fields = dead_fields,
    .shorthand = "name",
    .check = topic_config_check,
};

static const struct config_schema dead_schema = {
    .name = "dead",
    .doc = "The topic that takes what cannot be worked.",
    .size = sizeof(struct topic_config),
    .fields = dead_fields,
    .shorthand = "name",
    .check = topic_config_check,
};

/* --- work --- */

/* Slots of one's own are no threads: more jobs that burn a processor than there are would keep the process from names, files and the
 * ends of its clients. */
static void check_slots(const struct work_config *config, const struct config_place *place, struct config_report *report)
{
    const struct simulate_config *simulate = &config->handler.simulate;
    if (config->concurrency > 0 && simulate->present && simulate->mode == SIMULATE_CPU)
        config_mistake(report, place, "found concurrency %lld with simulate mode cpu; allowed: 0, the pool's slots, for work that computes",
                       (long long)config->concurrency);
}

static void check(const void *object, const struct config_place *place, struct config_report *report)
{
    const struct work_config *config = object;
    check_slots(config, place, report);
    work_group_check(config, place, report);
    kafka_config_check_properties(&config->properties, place, report);
}

#define WORK(member) offsetof(struct work_config, member)
static const struct config_field fields[] = {
    { .name = "group", .type = CONFIG_STRING, .offset = WORK(group), .doc = "The consumer group.", .required = true },
    { .name = "instance",
      .type = CONFIG_STRING,
      .offset = WORK(instance),
      .doc = "A name of this process that outlives it (group.instance.id): a restart within `session` moves no partitions." },
    { .name = "handler",
      .type = CONFIG_STRUCT,
      .offset = WORK(handler),
      .fallback = "{ simulate: {} }",
      .doc = "What working a record means.",
      .schema = &handler_schema },
    { .name = "order",
      .type = CONFIG_ENUM,
      .offset = WORK(order),
      .fallback = "partition",
      .doc = "What is worked one after the other: a partition's records, those of a key, or none.",
      .choices = work_orders },
    { .name = "queue",
      .type = CONFIG_INT,
      .offset = WORK(queue),
      .fallback = "100",
      .doc = "Records that wait for their first start, in all partitions together; by key, not those behind a resting record. Each "
             "partition has its share, and takes none while some of its own could start and only wait for a slot.",
      .reloadable = true,
      .min = 1,
      .max = 10000000 },
    { .name = "window", .type = CONFIG_STRUCT, .offset = WORK(window), .doc = "How much is held in all.", .schema = &window_schema },
    { .name = "prefetch",
      .type = CONFIG_SIZE,
      .offset = WORK(prefetch_bytes),
      .fallback = "32MiB",
      .doc = "What librdkafka may hold ready, in all partitions together. It is divided by the topic's configured number of partitions, or "
             "by 20 where none is.",
      .min = 65536,
      .max = 1e12 },
    { .name = "concurrency",
      .type = CONFIG_INT,
      .offset = WORK(concurrency),
      .fallback = "0",
      .doc = "Jobs at once in slots of this stream's own, for work that waits rather than computes. 0: the pool's slots.",
      .reloadable = true,
      .max = 1000000 },
    { .name = "commit", .type = CONFIG_STRUCT, .offset = WORK(commit), .doc = "When offsets are committed.", .schema = &commit_schema },
    { .name = "drain",
      .type = CONFIG_DURATION,
      .offset = WORK(drain_us),
      .fallback = "30s",
      .doc = "How long running jobs may take to end when their partition is given back." },
    { .name = "start",
      .type = CONFIG_ENUM,
      .offset = WORK(start),
      .fallback = "earliest",
      .doc = "Where a group begins that has committed nothing, or whose commit is not in the log any more.",
      .choices = starts },
    { .name = "timeout",
      .type = CONFIG_DURATION,
      .offset = WORK(timeout_us),
      .fallback = "0",
      .doc = "How long one attempt may take; 0: as long as it wants." },
    { .name = "retry",
      .type = CONFIG_STRUCT,
      .offset = WORK(retry),
      .doc = "When a failed record is tried again.",
      .schema = &retry_schema },
    { .name = "dead",
      .type = CONFIG_STRUCT,
      .offset = WORK(dead),
      .doc = "The dead letter topic. Without it, what cannot be worked is logged, counted and let go.",
      .schema = &dead_schema },
    { .name = "output",
      .type = CONFIG_STRUCT,
      .offset = WORK(output),
      .doc = "The topic that a record goes on to when it is done, with its key, value and headers. At least once, its lane waits for the "
             "acknowledgement.",
      .schema = &output_schema },
    { .name = "guarantee",
      .type = CONFIG_ENUM,
      .offset = WORK(guarantee),
      .fallback = "at_least_once",
      .doc =
          "`exactly_once`: output, dead letter and offset of a record are committed in one transaction, each `commit: interval`. Who reads "
          "committed records sees each once, whatever crashes. The work itself may be repeated. Not with the embedded cluster.",
      .choices = guarantees },
    { .name = "protocol",
      .type = CONFIG_ENUM,
      .offset = WORK(protocol),
      .fallback = "classic",
      .doc = "How the group is led: `classic`, by its members; `consumer`, by the broker (Kafka 4.0 and later), in smaller steps: who "
             "stays does not stop while others come and go.",
      .choices = work_protocols },
    { .name = "assignor",
      .type = CONFIG_ENUM,
      .offset = WORK(assignor),
      .fallback = "auto",
      .doc = "How partitions are divided among the members of the group; all members must have the same. `auto` is "
             "`cooperative-sticky`, and under `protocol: consumer`, which has `uniform` and `range`, the broker's own choice.",
      .choices = work_assignors },
    { .name = "session",
      .type = CONFIG_DURATION,
      .offset = WORK(session_us),
      .doc = "After this long without a heartbeat the group takes a member for dead; 10s when absent. Under `protocol: consumer` it is the "
             "broker's (45s there) and refused here.",
      .min = 1000,
      .max = 3600e6 },
    { .name = "heartbeat",
      .type = CONFIG_DURATION,
      .offset = WORK(heartbeat_us),
      .doc = "How often we tell the group that we live, at most half of `session`; 3s when absent. Under `protocol: consumer` it is the "
             "broker's and refused here.",
      .min = 1000,
      .max = 3600e6 },
    { .name = "max_poll",
      .type = CONFIG_DURATION,
      .offset = WORK(max_poll_us),
      .fallback = "5m",
      .doc = "How long the group waits for us in a rebalance.",
      .min = 3e6, /* it is polled each second at least: who is later than this has left the group */
      .max = 86400e6 },
    { .name = "properties", .type = CONFIG_MAP, .offset = WORK(properties), .doc = "Properties of librdkafka's consumer." },
    { 0 },
};

const struct config_schema work_schema = {
    .name = "work",
    .doc =
        "What happens to the records of a stream: who works them, in which order, how many at once, and what becomes of those that fail.",
    .size = sizeof(struct work_config),
    .fields = fields,
    .check = check,
};
