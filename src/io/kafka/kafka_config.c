#include "io/kafka/kafka_config.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <string.h>

/* Properties that have a key of their own, or whose other values would break a promise (no record is lost, each is reported). */
static const struct {
    const char *property;
    const char *instead;
} reserved[] = {
    { "bootstrap.servers", "set kafka.brokers" },
    { "metadata.broker.list", "set kafka.brokers" },
    { "test.mock.num.brokers", "set kafka: embedded" },
    { "client.id", "set kafka.client_id" },
    { "security.protocol", "set kafka.security.protocol" },
    { "sasl.mechanism", "set kafka.security.mechanism" },
    { "sasl.mechanisms", "set kafka.security.mechanism" },
    { "sasl.username", "set kafka.security.user" },
    { "sasl.password", "set kafka.security.password, which is never printed" },
    { "ssl.ca.location", "set kafka.security.ca" },
    { "ssl.certificate.location", "set kafka.security.certificate" },
    { "ssl.key.location", "set kafka.security.key" },
    { "ssl.key.password", "set kafka.security.key_password, which is never printed" },
    { "statistics.interval.ms", "set kafka.statistics" },
    { "allow.auto.create.topics", "set create: true at the topic" },
    { "group.id", "set work.group at the stream" },
    { "group.instance.id", "set work.instance at the stream" },
    { "group.protocol", "set work.protocol at the stream" },
    { "group.remote.assignor", "set work.assignor at the stream" },
    { "partition.assignment.strategy", "set work.assignor at the stream" },
    { "session.timeout.ms", "set work.session at the stream" },
    { "heartbeat.interval.ms", "set work.heartbeat at the stream" },
    { "max.poll.interval.ms", "set work.max_poll at the stream" },
    { "auto.offset.reset", "set work.start at the stream" },
    { "enable.auto.commit", "offsets are committed by what is done" },
    { "enable.auto.offset.store", "offsets are committed by what is done" },
    { "enable.partition.eof", "to have read everything is no trouble, and would be logged as one each time" },
    { "transactional.id", "set guarantee: exactly_once at work" },
    { "transaction.timeout.ms", "set commit.timeout at work" },
    { "acks", "set acks at the producer" },
    { "request.required.acks", "set acks at the producer" },
    { "enable.idempotence", "set idempotent at the producer" },
    { "linger.ms", "set linger at the producer" },
    { "queue.buffering.max.ms", "set linger at the producer" },
    { "batch.num.messages", "set batch_records at the producer" },
    { "batch.size", "set batch_bytes at the producer" },
    { "compression.codec", "set compression at the producer" },
    { "compression.type", "set compression at the producer" },
    { "message.timeout.ms", "set deadline at the producer or at ingest" },
    { "delivery.timeout.ms", "set deadline at the producer or at ingest" },
    { "queue.buffering.max.messages", "set queue_records at the producer" },
    { "queue.buffering.max.kbytes", "set queue_bytes at the producer" },
    { "delivery.report.only.error", "every record gets its report" },
    { "transactional.id", "transactions are not for this producer" },
    { "log.queue", "log lines go to the log" },
};

static const char *instead_of(const char *property)
{
    for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
        if (strcmp(reserved[i].property, property) == 0)
            return reserved[i].instead;
    return NULL;
}

static void check_property(rd_kafka_conf_t *conf, const struct config_pair *pair, const struct config_place *place,
                           struct config_report *report)
{
    char part[256];
    snprintf(part, sizeof(part), "properties.%s", pair->name);
    const char *instead = instead_of(pair->name);
    if (instead != NULL) {
        config_mistake_at(report, place, part, "property %s cannot be set here: %s", pair->name, instead);
        return;
    }
    char reason[256];
    if (rd_kafka_conf_set(conf, pair->name, pair->value, reason, sizeof(reason)) != RD_KAFKA_CONF_OK)
        config_mistake_at(report, place, part, "property %s is refused by librdkafka: %s", pair->name, reason);
}

void kafka_config_check_properties(const struct config_list *properties, const struct config_place *place, struct config_report *report)
{
    const struct config_pair *pairs = properties->items;
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    for (size_t i = 0; i < properties->count; i++)
        check_property(conf, &pairs[i], place, report);
    rd_kafka_conf_destroy(conf);
}

static void check_kafka(const void *object, const struct config_place *place, struct config_report *report)
{
    const struct kafka_config *config = object;
    const struct kafka_security *security = &config->security;
    bool sasl = security->protocol == KAFKA_SASL_PLAINTEXT || security->protocol == KAFKA_SASL_SSL;
    if (sasl && (security->user == NULL || security->password == NULL))
        config_mistake(report, place, "security.protocol is a SASL one, without user or password; allowed: both, or plaintext or ssl");
    if (!sasl && security->user != NULL)
        config_mistake(report, place, "security.user is set, but the protocol asks for none; allowed: protocol sasl_plaintext or sasl_ssl");
    if ((security->certificate == NULL) != (security->key == NULL))
        config_mistake(report, place, "security has one of certificate and key; allowed: both, or none");
    config_check_file(report, place, "security.ca", security->ca);
    config_check_file(report, place, "security.certificate", security->certificate);
    config_check_file(report, place, "security.key", security->key);
    kafka_config_check_properties(&config->properties, place, report);
}

static void check_producer(const void *object, const struct config_place *place, struct config_report *report)
{
    const struct producer_config *config = object;
    static const char *const acks[] = { "0", "1", "all" };
    if (config->idempotent && config->acks != PRODUCER_ACKS_ALL)
        config_mistake(report, place, "found idempotent: true with acks: %s; allowed: acks: all, or idempotent: false", acks[config->acks]);
    if (config->deadline_us < 1000)
        config_mistake(report, place, "found a deadline under 1ms; allowed: 1ms or more");
    if (config->linger_us >= config->deadline_us)
        config_mistake(report, place, "found a linger that is not below the deadline; allowed: linger < deadline");
    if (config->queue_bytes < config->batch_bytes)
        config_mistake(report, place, "found queue_bytes below batch_bytes; allowed: a queue that holds at least one batch");
    kafka_config_check_properties(&config->properties, place, report);
}

bool kafka_config_embedded(const struct kafka_config *config)
{
    return config->brokers == NULL || config->brokers[0] == '\0' || strcmp(config->brokers, "embedded") == 0;
}

static const char *const protocols[] = { "plaintext", "ssl", "sasl_plaintext", "sasl_ssl", NULL };
static const char *const mechanisms[] = { "plain", "scram_sha_256", "scram_sha_512", NULL };
static const char *const acks_choices[] = { "0", "1", "all", NULL };
static const char *const compressions[] = { "none", "gzip", "snappy", "lz4", "zstd", NULL };

#define SECURITY(member) offsetof(struct kafka_security, member)
static const struct config_field security_fields[] = {
    { .name = "protocol", CONFIG_ENUM, SECURITY(protocol), "plaintext", "How the brokers are spoken to.", .choices = protocols },
    { .name = "mechanism", CONFIG_ENUM, SECURITY(mechanism), "plain", "The SASL mechanism.", .choices = mechanisms },
    { .name = "user", CONFIG_STRING, SECURITY(user), NULL, "The SASL user." },
    { .name = "password", CONFIG_SECRET, SECURITY(password), NULL, "The SASL password." },
    { .name = "ca", CONFIG_STRING, SECURITY(ca), NULL, "PEM file of the authorities to trust; else those of the system." },
    { .name = "certificate", CONFIG_STRING, SECURITY(certificate), NULL, "PEM file of the client's certificate." },
    { .name = "key", CONFIG_STRING, SECURITY(key), NULL, "PEM file of the client's key." },
    { .name = "key_password", CONFIG_SECRET, SECURITY(key_password), NULL, "The password of that file." },
    { .name = NULL },
};

static const struct config_schema security_schema = {
    .name = "kafka_security",
    .doc = "How the brokers are spoken to.",
    .size = sizeof(struct kafka_security),
    .fields = security_fields,
};

#define KAFKA(member) offsetof(struct kafka_config, member)
static const struct config_field kafka_fields[] = {
    { .name = "brokers",
      CONFIG_STRING,
      KAFKA(brokers),
      "embedded",
      "host:port of one or more brokers, with commas; or embedded: a cluster inside the process that keeps nothing." },
    { .name = "client_id", CONFIG_STRING, KAFKA(client_id), "millrace", "The name that the brokers see." },
    { .name = "statistics",
      CONFIG_DURATION,
      KAFKA(statistics_us),
      "5s",
      "How often librdkafka tells of its connections and queues (millrace_kafka_*, /debug/stats?section=brokers); 0: never.",
      .max = 3.6e9 },
    { .name = "security", CONFIG_STRUCT, KAFKA(security), NULL, "TLS and SASL.", .schema = &security_schema },
    { .name = "properties", CONFIG_MAP, KAFKA(properties), NULL, "Properties of librdkafka for every handle." },
    { .name = NULL },
};

const struct config_schema kafka_schema = {
    .name = "kafka",
    .doc = "The brokers.",
    .size = sizeof(struct kafka_config),
    .fields = kafka_fields,
    .shorthand = "brokers",
    .check = check_kafka,
};

#define PRODUCER(member) offsetof(struct producer_config, member)
static const struct config_field producer_fields[] = {
    { .name = "acks",
      CONFIG_ENUM,
      PRODUCER(acks),
      "all",
      "Who must have a record before it counts as stored: 0 nobody, 1 the leader, all in sync.",
      .choices = acks_choices },
    { .name = "idempotent",
      CONFIG_BOOL,
      PRODUCER(idempotent),
      "true",
      "The broker drops what is sent twice and keeps the order; needs acks: all." },
    { .name = "linger", CONFIG_DURATION, PRODUCER(linger_us), "500us", "How long a batch waits for more records." },
    { .name = "batch_records", CONFIG_INT, PRODUCER(batch_records), "10000", "Records in a batch, at most.", .min = 1, .max = 1000000 },
    { .name = "batch_bytes", CONFIG_SIZE, PRODUCER(batch_bytes), "1000000", "Bytes in a batch, at most.", .min = 1, .max = 2147483647 },
    { .name = "compression", CONFIG_ENUM, PRODUCER(compression), "none", "How batches are compressed.", .choices = compressions },
    { .name = "deadline",
      CONFIG_DURATION,
      PRODUCER(deadline_us),
      "10s",
      "How long a record may wait for its report (message.timeout.ms)." },
    { .name = "queue_records",
      CONFIG_INT,
      PRODUCER(queue_records),
      "100000",
      "Records without a report, at most; more are refused.",
      .min = 1,
      .max = 10000000 },
    { .name = "queue_bytes",
      CONFIG_SIZE,
      PRODUCER(queue_bytes),
      "64MiB",
      "Bytes of records without a report, at most; more are refused.",
      .min = 1024,
      .max = 4294967295 },
    { .name = "breaker", CONFIG_STRUCT, PRODUCER(breaker), NULL, "When a topic is taken for broken.", .schema = &breaker_schema },
    { .name = "properties", CONFIG_MAP, PRODUCER(properties), NULL, "Properties of librdkafka for this producer." },
    { .name = NULL },
};

const struct config_schema producer_schema = {
    .name = "producer",
    .doc = "One librdkafka producer: what its records are promised.",
    .size = sizeof(struct producer_config),
    .fields = producer_fields,
    .key_offset = PRODUCER(name),
    .check = check_producer,
};
