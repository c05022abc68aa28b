#include "io/kafka/kafka_config.h"
#include "io/kafka/topic_config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct setting {
    const char *path;
    const char *value;
};

/* Reads the settings as a file of that schema would be, and returns the mistakes as text. */
static const char *mistakes_of(const struct config_schema *schema, const struct setting *settings, size_t count, void *object)
{
    static char text[4096];
    struct config_override overrides[8];
    for (size_t i = 0; i < count; i++)
        overrides[i] = (struct config_override){ settings[i].path, settings[i].value };
    struct config_report report = { 0 };
    struct config *config = config_read(NULL, schema, overrides, count, object, &report);
    struct buffer out = { 0 };
    config_report_print(&report, &out);
    snprintf(text, sizeof(text), "%.*s", TEXT_ARG(buffer_as_text(&out)));
    buffer_free(&out);
    config_free(config);
    return text;
}

#define MISTAKES(schema, object, ...)                             \
    mistakes_of(&schema, (const struct setting[]){ __VA_ARGS__ }, \
                sizeof((const struct setting[]){ __VA_ARGS__ }) / sizeof(struct setting), object)

static void a_producer_has_defaults_that_lose_nothing(void **state)
{
    (void)state;
    struct producer_config producer;
    assert_string_equal(MISTAKES(producer_schema, &producer, { "deadline", "10s" }), "");
    assert_int_equal(producer.acks, PRODUCER_ACKS_ALL);
    assert_true(producer.idempotent);
    assert_int_equal(producer.linger_us, 500);
    assert_int_equal(producer.deadline_us, 10000000);
    assert_int_equal(producer.queue_bytes, 64 << 20);
    assert_int_equal(producer.breaker.stall_us, 2000000);
}

static void impossible_pairs_are_refused(void **state)
{
    (void)state;
    struct producer_config producer;
    assert_non_null(strstr(MISTAKES(producer_schema, &producer, { "acks", "1" }), "idempotent: true with acks: 1; allowed: acks: all"));
    assert_string_equal(MISTAKES(producer_schema, &producer, { "acks", "1" }, { "idempotent", "false" }), "");
    assert_non_null(strstr(MISTAKES(producer_schema, &producer, { "linger", "10s" }), "linger < deadline"));
    assert_non_null(strstr(MISTAKES(producer_schema, &producer, { "queue_bytes", "64KiB" }), "at least one batch"));
}

static void properties_are_checked_against_librdkafka(void **state)
{
    (void)state;
    struct kafka_config kafka;
    assert_string_equal(MISTAKES(kafka_schema, &kafka, { "properties.fetch.error.backoff.ms", "600" }), "");
    assert_non_null(strstr(MISTAKES(kafka_schema, &kafka, { "properties.socket.timeout.mss", "6000" }), "socket.timeout.mss"));
    assert_non_null(strstr(MISTAKES(kafka_schema, &kafka, { "properties.socket.timeout.ms", "soon" }), "socket.timeout.ms"));
}

static void properties_with_a_key_of_their_own_name_it(void **state)
{
    (void)state;
    struct kafka_config kafka;
    struct producer_config producer;
    assert_non_null(strstr(MISTAKES(kafka_schema, &kafka, { "properties.bootstrap.servers", "a:1" }), "set kafka.brokers"));
    assert_non_null(strstr(MISTAKES(kafka_schema, &kafka, { "properties.enable.auto.commit", "true" }), "what is done"));
    assert_non_null(strstr(MISTAKES(producer_schema, &producer, { "properties.acks", "1" }), "set acks"));
}

static void security_is_whole_or_absent(void **state)
{
    (void)state;
    struct kafka_config kafka;
    assert_non_null(strstr(MISTAKES(kafka_schema, &kafka, { "security.protocol", "sasl_ssl" }), "user or password"));
    assert_non_null(strstr(MISTAKES(kafka_schema, &kafka, { "security.certificate", "/dev/null" }), "certificate and key"));
    assert_non_null(
        strstr(MISTAKES(kafka_schema, &kafka, { "security.ca", "/nowhere/a.pem" }), "cannot read \"/nowhere/a.pem\": No such file"));
    assert_string_equal(
        MISTAKES(kafka_schema, &kafka, { "security.protocol", "sasl_ssl" }, { "security.user", "u" }, { "security.password", "p" }), "");
}

static void without_brokers_it_is_embedded(void **state)
{
    (void)state;
    assert_true(kafka_config_embedded(&(struct kafka_config){ .brokers = NULL }));
    assert_true(kafka_config_embedded(&(struct kafka_config){ .brokers = "" }));
    assert_true(kafka_config_embedded(&(struct kafka_config){ .brokers = "embedded" }));
    assert_false(kafka_config_embedded(&(struct kafka_config){ .brokers = "localhost:9092" }));
}

static void a_topic_needs_a_name_that_kafka_takes(void **state)
{
    (void)state;
    struct topic_config topic;
    assert_string_equal(MISTAKES(topic_schema, &topic, { "name", "jobs_topic" }, { "partitions", "20" }, { "create", "true" }), "");
    assert_int_equal(topic.partitions, 20);
    assert_non_null(strstr(MISTAKES(topic_schema, &topic, { "name", "my topic" }), "allowed: 1 to 249"));
    assert_non_null(strstr(MISTAKES(topic_schema, &topic, { "partitions", "20" }), "name"));
    assert_non_null(strstr(MISTAKES(topic_schema, &topic, { "name", "a" }, { "config.retention.ms", "1" }), "create: true"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_producer_has_defaults_that_lose_nothing),
        cmocka_unit_test(impossible_pairs_are_refused),
        cmocka_unit_test(properties_are_checked_against_librdkafka),
        cmocka_unit_test(properties_with_a_key_of_their_own_name_it),
        cmocka_unit_test(security_is_whole_or_absent),
        cmocka_unit_test(without_brokers_it_is_embedded),
        cmocka_unit_test(a_topic_needs_a_name_that_kafka_takes),
    };
    return cmocka_run_group_tests_name("kafka_config", tests, NULL, NULL);
}
