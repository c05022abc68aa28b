#include "producer_fixture.h"

static struct fixture fixture;
static struct sent sent[6000];

static size_t fill(size_t limit, struct text key, struct text value, struct error *err)
{
    size_t count = 0;
    while (count < limit && send_record(&fixture, &sent[count], key, value, err) == 0)
        count++;
    return count;
}

static int64_t first_offset_kept(int32_t partition)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", fixture.brokers, NULL, 0);
    rd_kafka_t *reader = rd_kafka_new(RD_KAFKA_CONSUMER, conf, NULL, 0);
    int64_t low = -1, high = -1;
    assert_int_equal(rd_kafka_query_watermark_offsets(reader, "jobs", partition, &low, &high, PATIENCE_MS), 0);
    rd_kafka_destroy(reader);
    return low;
}

/* The key goes to one partition; what does not fit any more is refused, and nothing before it was dropped. */
static void a_partition_is_filled_until_the_next_record_would_drop_an_unread_one(void **state)
{
    (void)state;
    static char value[1000];
    struct error err;
    given_broker(&fixture);
    given_ready_producer(&fixture);
    size_t count = fill(6000, TEXT("foobar"), (struct text){ value, sizeof(value) }, &err);
    assert_in_range(count, 4500, 5242);
    assert_int_equal(err.code, E_UNAVAILABLE);
    assert_non_null(strstr(err.message, "embedded broker"));
    assert_true(wait_until(&fixture, is_idle, NULL, PATIENCE_MS));
    assert_int_equal(send_record(&fixture, &sent[count], TEXT("foobar"), (struct text){ value, sizeof(value) }, &err), E_UNAVAILABLE);
    assert_int_equal(first_offset_kept(sent[0].delivery.partition), 0);
    then_everything_closes(&fixture);
}

static void what_is_done_makes_room(void **state)
{
    (void)state;
    static char value[1000];
    struct error err;
    given_broker(&fixture);
    given_ready_producer(&fixture);
    size_t count = fill(6000, TEXT("foobar"), (struct text){ value, sizeof(value) }, &err);
    assert_true(wait_until(&fixture, is_idle, NULL, PATIENCE_MS));
    embedded_note_done(fixture.broker, "jobs", sent[0].delivery.partition, 1000);
    size_t more = fill(6000, TEXT("foobar"), (struct text){ value, sizeof(value) }, &err);
    assert_in_range(more, 1000 - 2 * 64, 1000 + 64);
    assert_true(wait_until(&fixture, is_idle, NULL, PATIENCE_MS));
    embedded_note_done(fixture.broker, "jobs", sent[0].delivery.partition, (int64_t)(count + more));
    assert_true(embedded_fill(embedded_topic_find(fixture.broker, "jobs")) == 0);
    then_everything_closes(&fixture);
}

static void a_record_that_was_not_stored_takes_no_room(void **state)
{
    (void)state;
    struct sent one;
    given_broker(&fixture);
    given_ready_producer(&fixture);
    given_open_connection(&fixture);
    double before = embedded_fill(embedded_topic_find(fixture.broker, "jobs"));
    rd_kafka_mock_push_request_errors(cluster_of(&fixture), 0 /* Produce */, 1, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    send_one(&fixture, &one);
    assert_true(embedded_fill(embedded_topic_find(fixture.broker, "jobs")) > before);
    assert_true(wait_until(&fixture, is_reported, &one, PATIENCE_MS));
    assert_true(embedded_fill(embedded_topic_find(fixture.broker, "jobs")) == before);
    then_everything_closes(&fixture);
}

static void a_topic_is_made_once(void **state)
{
    (void)state;
    struct error err;
    given_broker(&fixture);
    struct embedded_topic *topic = embedded_topic_create(fixture.broker, "jobs", 7, &err);
    assert_ptr_equal(embedded_topic_create(fixture.broker, "jobs", 9, &err), topic);
    assert_null(embedded_topic_find(fixture.broker, "others"));
    embedded_note_done(fixture.broker, "others", 0, 5); /* ignored */
    embedded_note_done(fixture.broker, "jobs", 7, 5);
    then_everything_closes(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_partition_is_filled_until_the_next_record_would_drop_an_unread_one),
        cmocka_unit_test(what_is_done_makes_room),
        cmocka_unit_test(a_record_that_was_not_stored_takes_no_room),
        cmocka_unit_test(a_topic_is_made_once),
    };
    return cmocka_run_group_tests_name("embedded", tests, NULL, NULL);
}
