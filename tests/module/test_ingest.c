/* The way in as a whole, on a broker inside the process and a real Redis: shape, key, limit, report. */
#include "ingest/ingest.h"
#include "producer_fixture.h"
#include "redis_server.h"
#include "tracer_fixture.h"

struct way_in {
    struct fixture broker;
    struct ingest_config config;
    struct redis *redis;
    struct random random;
    struct tracing tracing;
    struct ingest *ingest;
    bool closed;
};

struct submitted {
    struct ingest_request request;
    unsigned results;
    struct ingest_result result;
    char sentence[ERROR_MESSAGE_SIZE];
};

static void given_broker_and_deadline(struct way_in *way, uint64_t deadline_us)
{
    memset(way, 0, sizeof(*way));
    given_broker(&way->broker);
    way->broker.config.deadline_us = deadline_us;
    given_ready_producer(&way->broker);
    random_init_seed(&way->random, 1);
    given_tracer(&way->tracing, way->broker.metrics);
}

static void given_broker_and_topic(struct way_in *way)
{
    given_broker_and_deadline(way, 10000000);
}

static void given_ingest(struct way_in *way)
{
    static const struct shape_field_config fields[] = {
        { .name = "id", .generate = "uuid" },
        { .name = "amount", .type = SHAPE_INT },
    };
    struct error err = { 0 };
    struct ingest_options options = {
        .loop = &way->broker.loop,
        .stream = "jobs",
        .config = &way->config,
        .shape = shape_new(fields, 2, &err),
        .topic = way->broker.jobs,
        .redis = way->redis,
        .random = &way->random,
        .tracer = way->tracing.tracer,
        .metrics = way->broker.metrics,
        .stats = &way->broker.stats,
    };
    way->ingest = ingest_open(&options, &err);
    assert_string_equal(err.message, "");
}

static void given_way_in(struct way_in *way)
{
    given_broker_and_topic(way);
    given_ingest(way);
}

static void on_result(void *arg, const struct ingest_result *result)
{
    struct submitted *submitted = arg;
    submitted->results++;
    submitted->result = *result;
    snprintf(submitted->sentence, sizeof(submitted->sentence), "%s", result->sentence);
}

static bool has_result(struct fixture *fixture, void *submitted)
{
    (void)fixture;
    return ((struct submitted *)submitted)->results > 0;
}

static int submit(struct way_in *way, struct submitted *submitted, const char *body, const char *key, struct error *err)
{
    *submitted = (struct submitted){ 0 };
    struct ingest_event event = { .body = text_of(body), .key = text_of(key), .trace = &some_trace };
    return ingest_submit(&submitted->request, way->ingest, &event, on_result, submitted, err);
}

static void then_it_is_stored(struct way_in *way, struct submitted *submitted)
{
    assert_true(wait_until(&way->broker, has_result, submitted, PATIENCE_MS));
    assert_int_equal(submitted->result.code, 0);
    assert_true(submitted->result.partition >= 0);
    assert_true(submitted->result.offset >= 0);
}

static void on_way_closed(void *arg)
{
    ((struct way_in *)arg)->closed = true;
}

static bool is_closed(struct fixture *fixture, void *way)
{
    (void)fixture;
    return ((struct way_in *)way)->closed;
}

static void then_all_closes(struct way_in *way)
{
    ingest_close(way->ingest, on_way_closed, way);
    assert_false(way->closed);
    assert_true(wait_until(&way->broker, is_closed, way, PATIENCE_MS));
    if (way->redis != NULL) {
        way->closed = false;
        redis_close(way->redis, on_way_closed, way);
        assert_true(wait_until(&way->broker, is_closed, way, PATIENCE_MS));
    }
    tracer_free(way->tracing.tracer);
    then_everything_closes(&way->broker);
}

static void an_event_is_stored_once_and_told_where(void **state)
{
    struct way_in way;
    struct submitted submitted;
    struct error err = { 0 };
    given_way_in(&way);
    assert_int_equal(submit(&way, &submitted, NULL, NULL, &err), 0);
    assert_int_equal(submitted.results, 0);
    then_it_is_stored(&way, &submitted);
    assert_int_equal(submitted.results, 1);
    then_all_closes(&way);
}

static void events_with_one_key_go_to_one_partition(void **state)
{
    struct way_in way;
    struct submitted first, second;
    struct error err = { 0 };
    given_way_in(&way);
    assert_int_equal(submit(&way, &first, NULL, "order-1", &err), 0);
    then_it_is_stored(&way, &first);
    assert_int_equal(submit(&way, &second, NULL, "order-1", &err), 0);
    then_it_is_stored(&way, &second);
    assert_int_equal(first.result.partition, second.result.partition);
    assert_int_equal(second.result.offset, first.result.offset + 1);
    then_all_closes(&way);
}

static void an_empty_key_is_none(void **state)
{
    struct way_in way;
    struct submitted submitted;
    struct error err = { 0 };
    unsigned partitions = 0;
    given_way_in(&way);
    for (int i = 0; i < 40; i++) {
        assert_int_equal(submit(&way, &submitted, NULL, "", &err), 0);
        then_it_is_stored(&way, &submitted);
        partitions |= 1u << submitted.result.partition;
    }
    assert_true((partitions & (partitions - 1)) != 0); /* more than the one that the key "" would have */
    then_all_closes(&way);
}

static void a_field_of_the_event_can_be_its_key(void **state)
{
    struct way_in way;
    struct submitted first, second;
    struct error err = { 0 };
    given_broker_and_topic(&way);
    way.config.key = "field:amount";
    given_ingest(&way);
    assert_int_equal(submit(&way, &first, "{\"amount\":17}", "ignored", &err), 0);
    then_it_is_stored(&way, &first);
    assert_int_equal(submit(&way, &second, "{\"amount\":17}", "also ignored", &err), 0);
    then_it_is_stored(&way, &second);
    assert_int_equal(first.result.partition, second.result.partition);
    then_all_closes(&way);
}

static void a_wrong_event_is_refused_and_spends_no_token(void **state)
{
    struct way_in way;
    struct submitted submitted;
    struct error err = { 0 };
    given_broker_and_topic(&way);
    way.config.limit = (struct limiter_config){ .rate = 0.001, .burst = 1 };
    given_ingest(&way);
    assert_int_equal(submit(&way, &submitted, "{\"amount\":\"much\"}", NULL, &err), E_INVALID);
    assert_non_null(strstr(err.message, "amount"));
    assert_int_equal(submit(&way, &submitted, "{\"amount\":1}", NULL, &err), 0);
    then_it_is_stored(&way, &submitted);
    then_all_closes(&way);
}

static void over_the_rate_an_event_is_refused_with_a_time_to_come_again(void **state)
{
    struct way_in way;
    struct submitted admitted, limited;
    struct error err = { 0 };
    given_broker_and_topic(&way);
    way.config.limit = (struct limiter_config){ .rate = 0.5, .burst = 1 };
    given_ingest(&way);
    assert_int_equal(submit(&way, &admitted, NULL, NULL, &err), 0);
    assert_int_equal(submit(&way, &limited, NULL, NULL, &err), E_LIMITED);
    assert_true(limited.request.retry_after_us > 0);
    assert_true(limited.request.retry_after_us <= 2000000);
    then_it_is_stored(&way, &admitted);
    assert_int_equal(limited.results, 0);
    then_all_closes(&way);
}

static bool is_redis_ready(struct fixture *fixture, void *way)
{
    (void)fixture;
    return redis_ready(((struct way_in *)way)->redis);
}

/* The first event finds no token here, so it waits for Redis while the caller's texts are gone. */
static void an_event_that_waits_for_redis_is_kept_whole(void **state)
{
    struct way_in way;
    struct submitted submitted;
    struct error err = { 0 };
    struct redis_server server = { 0 };
    server_start(&server);
    char url[64];
    snprintf(url, sizeof(url), "redis://127.0.0.1:%d", server.port);
    struct redis_config redis = { .url = url, .timeout_us = 1000000 };
    given_broker_and_topic(&way);
    way.config.limit = (struct limiter_config){ .rate = 1000, .burst = 1000, .name = "kept-whole" };
    way.redis = redis_start(&(struct redis_options){ &way.broker.loop, &redis, way.broker.metrics, NULL }, &err);
    assert_non_null(way.redis);
    assert_true(wait_until(&way.broker, is_redis_ready, &way, PATIENCE_MS));
    given_ingest(&way);

    char key[] = "order-1", body[] = "{\"amount\":5}";
    assert_int_equal(submit(&way, &submitted, body, key, &err), 0);
    memset(key, 'x', sizeof(key) - 1);
    memset(body, 'x', sizeof(body) - 1);
    then_it_is_stored(&way, &submitted);

    struct submitted again;
    assert_int_equal(submit(&way, &again, NULL, "order-1", &err), 0);
    then_it_is_stored(&way, &again);
    assert_int_equal(again.result.partition, submitted.result.partition);
    then_all_closes(&way);
    server_end(&server);
}

static void with_the_broker_gone_an_event_is_refused_with_a_time_to_come_again(void **state)
{
    struct way_in way;
    struct submitted submitted;
    struct error err = { 0 };
    given_broker_and_topic(&way);
    way.broker.config.breaker.stall_us = 200000;
    given_ingest(&way);
    given_broker_down(&way.broker);
    assert_int_equal(submit(&way, &submitted, NULL, NULL, &err), 0);
    assert_true(wait_until(&way.broker, is_refused, NULL, PATIENCE_MS));
    struct submitted refused;
    assert_int_equal(submit(&way, &refused, NULL, NULL, &err), E_UNAVAILABLE);
    assert_true(refused.request.retry_after_us > 0);
    given_broker_up(&way.broker);
    then_it_is_stored(&way, &submitted);
    then_all_closes(&way);
}

static void then_it_is_told(struct way_in *way, struct submitted *submitted, int code, const char *beginning, const char *reason)
{
    assert_true(wait_until(&way->broker, has_result, submitted, PATIENCE_MS));
    assert_int_equal(submitted->result.code, code);
    assert_ptr_equal(strstr(submitted->sentence, beginning), submitted->sentence);
    assert_non_null(strstr(submitted->sentence, reason));
}

static void an_event_without_an_answer_is_told_that_nobody_knows(void **state)
{
    struct way_in way;
    struct submitted submitted;
    struct error err = { 0 };
    given_broker_and_deadline(&way, 1000000);
    given_ingest(&way);
    given_open_connection(&way.broker);
    rd_kafka_mock_broker_set_rtt(cluster_of(&way.broker), 1, 4000);
    assert_int_equal(submit(&way, &submitted, NULL, NULL, &err), 0);
    then_it_is_told(&way, &submitted, E_UNKNOWN, "it cannot be known whether the event was stored: after ", "timed out");
    assert_int_equal(submitted.result.retry_after_us, 0);
    then_all_closes(&way);
}

static void an_event_that_the_broker_does_not_take_is_told_so(void **state)
{
    struct way_in way;
    struct submitted submitted;
    struct error err = { 0 };
    given_way_in(&way);
    given_open_connection(&way.broker);
    rd_kafka_mock_push_request_errors(cluster_of(&way.broker), 0 /* Produce */, 1, RD_KAFKA_RESP_ERR_POLICY_VIOLATION);
    assert_int_equal(submit(&way, &submitted, NULL, NULL, &err), 0);
    then_it_is_told(&way, &submitted, E_UNAVAILABLE, "the event was not stored: ", "olicy");
    assert_true(submitted.result.retry_after_us > 0);
    then_all_closes(&way);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_is_stored_once_and_told_where),
        cmocka_unit_test(events_with_one_key_go_to_one_partition),
        cmocka_unit_test(an_empty_key_is_none),
        cmocka_unit_test(a_field_of_the_event_can_be_its_key),
        cmocka_unit_test(a_wrong_event_is_refused_and_spends_no_token),
        cmocka_unit_test(over_the_rate_an_event_is_refused_with_a_time_to_come_again),
        cmocka_unit_test(an_event_that_waits_for_redis_is_kept_whole),
        cmocka_unit_test(an_event_without_an_answer_is_told_that_nobody_knows),
        cmocka_unit_test(an_event_that_the_broker_does_not_take_is_told_so),
        cmocka_unit_test(with_the_broker_gone_an_event_is_refused_with_a_time_to_come_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
