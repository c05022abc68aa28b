#include "producer_fixture.h"

#include <stdlib.h>
#include <unistd.h>

static struct fixture fixture;

static void a_record_is_reported_with_its_place(void **state)
{
    (void)state;
    struct sent sent[2];
    given_broker(&fixture);
    given_ready_producer(&fixture);
    struct error err;
    assert_int_equal(send_record(&fixture, &sent[0], TEXT("foobar"), TEXT("a"), &err), 0);
    assert_int_equal(sent[0].reports, 0); /* never inside the call */
    assert_int_equal(send_record(&fixture, &sent[1], TEXT("foobar"), TEXT("b"), &err), 0);
    assert_true(wait_until(&fixture, is_reported, &sent[1], PATIENCE_MS));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(sent[i].reports, 1);
        assert_int_equal(sent[i].delivery.status, DELIVERY_PERSISTED);
        assert_int_equal(sent[i].delivery.code, 0);
        assert_int_equal(sent[i].delivery.offset, i);
        assert_true(sent[i].delivery.latency_us > 0);
    }
    then_everything_closes(&fixture);
}

/* The hashes are of Kafka's own test of its murmur2 (UtilsTest.testMurmur2), made positive, modulo 4 partitions. */
static void a_key_goes_to_the_partition_that_java_clients_choose(void **state)
{
    (void)state;
    static const struct {
        struct text key;
        int32_t partition;
    } known[] = {
        { { "21", 2 }, (-973932308 & 0x7fffffff) % PARTITIONS },
        { { "foobar", 6 }, (-790332482 & 0x7fffffff) % PARTITIONS },
        { { "a-little-bit-long-string", 24 }, (-985981536 & 0x7fffffff) % PARTITIONS },
        { { "abc", 3 }, (479470107 & 0x7fffffff) % PARTITIONS },
    };
    given_broker(&fixture);
    given_ready_producer(&fixture);
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        struct sent sent;
        struct error err;
        assert_int_equal(send_record(&fixture, &sent, known[i].key, TEXT("v"), &err), 0);
        assert_true(wait_until(&fixture, is_reported, &sent, PATIENCE_MS));
        assert_int_equal(sent.delivery.partition, known[i].partition);
    }
    then_everything_closes(&fixture);
}

static void records_without_a_key_reach_every_partition(void **state)
{
    (void)state;
    unsigned seen[PARTITIONS] = { 0 };
    given_broker(&fixture);
    given_ready_producer(&fixture);
    given_open_connection(&fixture);
    for (int i = 0; i < 60; i++) {
        struct sent sent;
        send_one(&fixture, &sent);
        assert_true(wait_until(&fixture, is_reported, &sent, PATIENCE_MS));
        seen[sent.delivery.partition]++;
        pass(&fixture, 3);
    }
    for (int i = 0; i < PARTITIONS; i++)
        assert_true(seen[i] > 0);
    then_everything_closes(&fixture);
}

/* What waits behind a batch of its own partition keeps librdkafka's thread awake until that one is acknowledged. */
static void no_batch_waits_behind_another_while_a_partition_is_idle(void **state)
{
    (void)state;
    struct sent sent[PARTITIONS];
    unsigned seen[PARTITIONS] = { 0 };
    given_broker(&fixture);
    given_ready_producer(&fixture);
    given_open_connection(&fixture);
    rd_kafka_mock_broker_set_rtt(cluster_of(&fixture), 1, 300);
    for (int i = 0; i < PARTITIONS; i++) {
        send_one(&fixture, &sent[i]);
        usleep(600);
    }
    for (int i = 0; i < PARTITIONS; i++) {
        assert_true(wait_until(&fixture, is_reported, &sent[i], PATIENCE_MS));
        seen[sent[i].delivery.partition]++;
    }
    for (int i = 0; i < PARTITIONS; i++)
        assert_int_equal(seen[i], 1);
    then_everything_closes(&fixture);
}

static rd_kafka_t *open_reader(struct fixture *with)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", with->brokers, NULL, 0);
    rd_kafka_conf_set(conf, "group.id", "reader", NULL, 0);
    rd_kafka_t *reader = rd_kafka_new(RD_KAFKA_CONSUMER, conf, NULL, 0);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, "jobs", 2)->offset = 0;
    rd_kafka_assign(reader, list);
    rd_kafka_topic_partition_list_destroy(list);
    return reader;
}

static void a_reader_finds_key_value_and_headers_as_they_were_sent(void **state)
{
    (void)state;
    struct sent sent;
    struct error err;
    const struct producer_header headers[] = { { TEXT("traceparent"), TEXT("00-ab") },
                                               { TEXT("empty"), TEXT("") },
                                               { TEXT("null"), TEXT_NONE } };
    const struct producer_record record = { TEXT("foobar"), TEXT("v\0w"), headers, 3, PRODUCER_ANY_PARTITION, 1234567890123, NULL };
    given_broker(&fixture);
    given_ready_producer(&fixture);
    sent = (struct sent){ 0 };
    assert_int_equal(producer_send(&sent.request, fixture.jobs, &record, on_sent, &sent, &err), 0);
    assert_true(wait_until(&fixture, is_reported, &sent, PATIENCE_MS));

    rd_kafka_t *reader = open_reader(&fixture);
    rd_kafka_message_t *message = rd_kafka_consumer_poll(reader, PATIENCE_MS);
    assert_non_null(message);
    assert_int_equal(message->err, 0);
    assert_int_equal(message->key_len, 6);
    assert_memory_equal(message->key, "foobar", 6);
    assert_int_equal(message->len, 3);
    assert_memory_equal(message->payload, "v\0w", 3);
    assert_int_equal(rd_kafka_message_timestamp(message, NULL), 1234567890123);
    rd_kafka_headers_t *found;
    const char *name;
    const void *value;
    size_t size;
    assert_int_equal(rd_kafka_message_headers(message, &found), 0);
    assert_int_equal(rd_kafka_header_cnt(found), 3);
    rd_kafka_header_get_all(found, 0, &name, &value, &size);
    assert_string_equal(name, "traceparent");
    assert_memory_equal(value, "00-ab", size);
    rd_kafka_header_get_all(found, 1, &name, &value, &size);
    assert_non_null(value);
    assert_int_equal(size, 0);
    rd_kafka_header_get_all(found, 2, &name, &value, &size);
    assert_null(value);
    rd_kafka_message_destroy(message);
    rd_kafka_destroy(reader);
    then_everything_closes(&fixture);
}

static void a_record_over_the_size_limit_is_refused_at_once(void **state)
{
    (void)state;
    static char large[1100000];
    struct sent sent;
    struct error err;
    given_broker(&fixture);
    given_ready_producer(&fixture);
    assert_int_equal(send_record(&fixture, &sent, TEXT_NONE, (struct text){ large, sizeof(large) }, &err), E_TOO_LARGE);
    assert_non_null(strstr(err.message, "message.max.bytes"));
    assert_true(producer_room(fixture.producer) == 1);
    then_everything_closes(&fixture);
    assert_int_equal(sent.reports, 0);
}

static void a_record_that_the_broker_finds_too_large_says_so_and_opens_no_breaker(void **state)
{
    (void)state;
    struct sent sent;
    given_broker(&fixture);
    fixture.config.breaker.failures = 1;
    given_ready_producer(&fixture);
    given_open_connection(&fixture);
    rd_kafka_mock_push_request_errors(cluster_of(&fixture), 0 /* Produce */, 1, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    send_one(&fixture, &sent);
    assert_true(wait_until(&fixture, is_reported, &sent, PATIENCE_MS));
    assert_int_equal(sent.delivery.status, DELIVERY_NOT_PERSISTED);
    assert_int_equal(sent.delivery.code, E_TOO_LARGE);
    assert_true(is_admitted(&fixture, NULL));
    then_everything_closes(&fixture);
}

/* What librdkafka reports of a record whose partition vanished, as its topic was made again with fewer. */
static void a_record_whose_partition_is_gone_may_be_sent_again(void **state)
{
    (void)state;
    static const rd_kafka_resp_err_t codes[] = { RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC };
    given_broker(&fixture);
    fixture.config.idempotent = false;
    given_ready_producer(&fixture);
    given_open_connection(&fixture);
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        struct sent sent;
        rd_kafka_mock_push_request_errors(cluster_of(&fixture), 0 /* Produce */, 1, codes[i]);
        send_one(&fixture, &sent);
        assert_true(wait_until(&fixture, is_reported, &sent, PATIENCE_MS));
        assert_int_equal(sent.delivery.status, DELIVERY_NOT_PERSISTED);
        assert_int_equal(sent.delivery.code, E_UNAVAILABLE);
    }
    then_everything_closes(&fixture);
}

static void an_error_that_passes_is_not_seen(void **state)
{
    (void)state;
    struct sent sent;
    given_broker(&fixture);
    given_ready_producer(&fixture);
    given_open_connection(&fixture);
    rd_kafka_mock_push_request_errors(cluster_of(&fixture), 0 /* Produce */, 2, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
                                      RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT);
    send_one(&fixture, &sent);
    assert_true(wait_until(&fixture, is_reported, &sent, PATIENCE_MS));
    assert_int_equal(sent.delivery.status, DELIVERY_PERSISTED);
    then_everything_closes(&fixture);
}

static void a_record_that_never_left_by_its_deadline_is_surely_not_stored(void **state)
{
    (void)state;
    struct sent sent;
    given_broker(&fixture);
    fixture.config.deadline_us = 500000;
    given_ready_producer(&fixture);
    given_broker_down(&fixture);
    pass(&fixture, 50);
    send_one(&fixture, &sent);
    assert_true(wait_until(&fixture, is_reported, &sent, 2500));
    assert_int_equal(sent.delivery.status, DELIVERY_NOT_PERSISTED);
    assert_int_equal(sent.delivery.code, E_UNAVAILABLE);
    assert_true(sent.delivery.latency_us >= 500000);
    assert_int_not_equal(strlen(sent.sentence), 0);
    then_everything_closes(&fixture);
}

static void a_record_that_left_without_an_answer_is_possibly_stored(void **state)
{
    (void)state;
    struct sent sent;
    given_broker(&fixture);
    fixture.config.deadline_us = 1000000;
    given_ready_producer(&fixture);
    given_open_connection(&fixture);
    rd_kafka_mock_broker_set_rtt(cluster_of(&fixture), 1, 4000);
    send_one(&fixture, &sent);
    assert_true(wait_until(&fixture, is_reported, &sent, PATIENCE_MS));
    assert_int_equal(sent.delivery.status, DELIVERY_POSSIBLY_PERSISTED);
    assert_int_equal(sent.delivery.code, E_UNKNOWN);
    then_everything_closes(&fixture);
}

static void a_full_queue_refuses_presses_and_lets_go_again(void **state)
{
    (void)state;
    struct sent sent[11];
    struct error err;
    given_broker(&fixture);
    fixture.config.queue_records = 10;
    given_ready_producer(&fixture);
    given_open_connection(&fixture);
    rd_kafka_mock_broker_set_rtt(cluster_of(&fixture), 1, 300);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(fixture.pressed, i > 8 ? 1 : 0);
        send_one(&fixture, &sent[i]);
    }
    assert_true(producer_room(fixture.producer) == 0);
    assert_int_equal(send_record(&fixture, &sent[10], TEXT_NONE, TEXT("v"), &err), E_UNAVAILABLE);
    assert_non_null(strstr(err.message, "full"));
    assert_int_equal(producer_topic_admits(fixture.jobs, &err), E_UNAVAILABLE);
    uint64_t again_us = producer_topic_retry_after_us(fixture.jobs);
    assert_true(again_us >= 100000 && again_us <= 60000000);

    assert_true(wait_until(&fixture, is_idle, NULL, PATIENCE_MS));
    assert_int_equal(fixture.pressed, 1);
    assert_int_equal(fixture.released, 1);
    assert_true(producer_room(fixture.producer) == 1);
    send_one(&fixture, &sent[10]);
    assert_true(wait_until(&fixture, is_reported, &sent[10], PATIENCE_MS));
    then_everything_closes(&fixture);
}

static void bytes_fill_the_queue_as_records_do(void **state)
{
    (void)state;
    static char half[600];
    struct sent sent[2];
    struct error err;
    given_broker(&fixture);
    fixture.config.queue_bytes = 1000;
    given_ready_producer(&fixture);
    assert_int_equal(send_record(&fixture, &sent[0], TEXT_NONE, (struct text){ half, sizeof(half) }, &err), 0);
    assert_int_equal(send_record(&fixture, &sent[1], TEXT_NONE, (struct text){ half, sizeof(half) }, &err), E_UNAVAILABLE);
    assert_true(wait_until(&fixture, is_reported, &sent[0], PATIENCE_MS));
    then_everything_closes(&fixture);
}

static const char *section(const char *name)
{
    static char text[4096];
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    struct stats_section *found = stats_find(&fixture.stats, name);
    assert_non_null(found);
    yyjson_mut_doc_set_root(doc, found->fill(found->arg, doc));
    char *json = yyjson_mut_write(doc, 0, NULL);
    snprintf(text, sizeof(text), "%s", json);
    free(json);
    yyjson_mut_doc_free(doc);
    return text;
}

static void the_statistics_name_the_hot_key_the_queue_and_the_breaker(void **state)
{
    (void)state;
    struct sent sent[10];
    struct error err;
    given_broker(&fixture);
    given_ready_producer(&fixture);
    for (int i = 0; i < 10; i++)
        assert_int_equal(send_record(&fixture, &sent[i], i < 8 ? TEXT("hot") : TEXT("cold"), TEXT("v"), &err), 0);
    assert_non_null(strstr(section("producer"), "\"queue_records\":10"));
    assert_true(wait_until(&fixture, is_idle, NULL, PATIENCE_MS));
    assert_non_null(strstr(section("hot_keys"), "\"key\":\"hot\",\"count\":8,\"error\":0,\"share\":0.8"));
    assert_non_null(strstr(section("breaker"), "\"state\":\"closed\""));
    assert_non_null(strstr(section("producer"), "\"produced\":10"));
    assert_true(metric_value(metric(fixture.metrics, METRIC_PRODUCED, "jobs", "jobs")) == 10);
    then_everything_closes(&fixture);
}

static void a_property_that_librdkafka_does_not_know_is_named(void **state)
{
    (void)state;
    struct config_pair pairs[] = { { "linger.mss", "5" } };
    struct error err;
    given_broker(&fixture);
    fixture.config.properties = (struct config_list){ pairs, 1 };
    struct producer_options options = {
        .loop = &fixture.loop, .target = fixture.target, .config = &fixture.config, .metrics = fixture.metrics
    };
    assert_null(producer_open(&options, &err));
    assert_int_equal(err.code, E_INVALID);
    assert_non_null(strstr(err.message, "linger.mss"));
    then_everything_closes(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_is_reported_with_its_place),
        cmocka_unit_test(a_key_goes_to_the_partition_that_java_clients_choose),
        cmocka_unit_test(records_without_a_key_reach_every_partition),
        cmocka_unit_test(no_batch_waits_behind_another_while_a_partition_is_idle),
        cmocka_unit_test(a_reader_finds_key_value_and_headers_as_they_were_sent),
        cmocka_unit_test(a_record_over_the_size_limit_is_refused_at_once),
        cmocka_unit_test(a_record_that_the_broker_finds_too_large_says_so_and_opens_no_breaker),
        cmocka_unit_test(a_record_whose_partition_is_gone_may_be_sent_again),
        cmocka_unit_test(an_error_that_passes_is_not_seen),
        cmocka_unit_test(a_record_that_never_left_by_its_deadline_is_surely_not_stored),
        cmocka_unit_test(a_record_that_left_without_an_answer_is_possibly_stored),
        cmocka_unit_test(a_full_queue_refuses_presses_and_lets_go_again),
        cmocka_unit_test(bytes_fill_the_queue_as_records_do),
        cmocka_unit_test(the_statistics_name_the_hot_key_the_queue_and_the_breaker),
        cmocka_unit_test(a_property_that_librdkafka_does_not_know_is_named),
    };
    return cmocka_run_group_tests_name("producer", tests, NULL, NULL);
}
