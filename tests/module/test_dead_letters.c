/* What cannot be worked: where it goes, what it carries along, and what happens while it cannot go there. */
#include "work/publication.h"
#include "work_fixture.h"

static void given_traced_record(struct crew *crew, int32_t partition, const char *value)
{
    rd_kafka_resp_err_t code = rd_kafka_producev(
        crew->writer, RD_KAFKA_V_TOPIC(TOPIC), RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_KEY("the key", 7),
        RD_KAFKA_V_VALUE((void *)(uintptr_t)value, strlen(value)), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_HEADER("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", 55),
        RD_KAFKA_V_HEADER("x-request-id", "r-17", 4), RD_KAFKA_V_HEADER("x-final-error", "of an earlier life", 18), RD_KAFKA_V_END);
    assert_int_equal(code, 0);
    given_all_written(crew);
}

static void a_record_that_has_failed_for_the_last_time_is_a_dead_letter_that_tells_its_origin(void **state)
{
    static const char value[] = "{\"processing_time\":1,\"always_fail\":true}";
    struct crew crew;
    given_crew(&crew, 4);
    given_log(&crew);
    given_record(&crew, 3, NULL, "{\"processing_time\":1}");
    given_traced_record(&crew, 3, value); /* offset 1 */
    given_work(&crew, 0);
    when_ended(&crew, 2);

    rd_kafka_t *reader;
    rd_kafka_message_t *letters[4];
    size_t count = read_dead_letters(&crew, &reader, letters, 4);
    assert_int_equal(count, 1);
    assert_int_equal(letters[0]->key_len, 7);
    assert_memory_equal(letters[0]->key, "the key", 7);
    assert_int_equal(letters[0]->len, strlen(value));
    assert_memory_equal(letters[0]->payload, value, strlen(value));
    then_header_is(letters[0], "x-origin-topic", TOPIC);
    then_header_is(letters[0], "x-origin-partition", "3");
    then_header_is(letters[0], "x-origin-offset", "1");
    then_header_is(letters[0], "x-attempt", "3");
    then_header_is(letters[0], "x-final-error", "the simulated job is one that always fails");
    then_header_is(letters[0], "x-request-id", "r-17");
    free_records(reader, letters, count);
    then_the_crew_goes(&crew);
}

static void a_dead_letter_is_a_new_span_of_the_same_trace(void **state)
{
    struct crew crew;
    given_crew(&crew, 4);
    given_log(&crew);
    given_traced_record(&crew, 0, "not JSON");
    given_work(&crew, 0);
    when_ended(&crew, 1);

    rd_kafka_t *reader;
    rd_kafka_message_t *letters[4];
    size_t count = read_dead_letters(&crew, &reader, letters, 4);
    assert_int_equal(count, 1);
    rd_kafka_headers_t *headers;
    const void *value;
    size_t size;
    assert_int_equal(rd_kafka_message_headers(letters[0], &headers), 0);
    assert_int_equal(rd_kafka_header_get(headers, 0, "traceparent", &value, &size), 0);
    assert_memory_equal(value, "00-0af7651916cd43dd8448eb211c80319c-", 36);
    assert_memory_not_equal((const char *)value + 36, "b7ad6b7169203331", 16);
    assert_int_not_equal(rd_kafka_header_get(headers, 1, "traceparent", &value, &size), 0);
    free_records(reader, letters, count);
    then_the_crew_goes(&crew);
}

static void a_record_that_cannot_be_read_is_a_dead_letter_at_once(void **state)
{
    static const char *const values[] = { "not JSON", "[1,2]", "{\"processing_time\":\"long\"}", "{\"processing_time\":-1}", "", NULL };
    enum { COUNT = sizeof(values) / sizeof(values[0]) };
    struct crew crew;
    given_crew(&crew, 4);
    given_log(&crew);
    for (size_t i = 0; i < COUNT; i++)
        given_record(&crew, 0, NULL, values[i]);
    given_record(&crew, 0, NULL, "{\"processing_time\":1}");
    given_all_written(&crew);
    given_work(&crew, 0);
    when_ended(&crew, COUNT + 1);

    rd_kafka_t *reader;
    rd_kafka_message_t *letters[2 * COUNT];
    size_t count = read_dead_letters(&crew, &reader, letters, 2 * COUNT);
    assert_int_equal(count, COUNT);
    for (size_t i = 0; i < count; i++)
        then_header_is(letters[i], "x-attempt", "1");
    free_records(reader, letters, count);

    struct work_counts counts;
    work_counts(crew.works[0], &counts);
    assert_int_equal(counts.done, 1);
    assert_int_equal(counts.dead, COUNT);
    then_the_crew_goes(&crew);
}

static void a_record_too_large_for_the_dead_letter_topic_leaves_a_pointer(void **state)
{
    static const struct config_pair small = { "message.max.bytes", "2000" };
    struct crew crew;
    given_crew(&crew, 4);
    crew.base.config.properties = (struct config_list){ (void *)(uintptr_t)&small, 1 };
    given_log(&crew);
    char value[5000];
    memset(value, 'x', sizeof(value));
    value[sizeof(value) - 1] = '\0';
    given_record(&crew, 2, "k", value);
    given_all_written(&crew);
    given_work(&crew, 0);
    when_ended(&crew, 1);

    rd_kafka_t *reader;
    rd_kafka_message_t *letters[4];
    size_t count = read_dead_letters(&crew, &reader, letters, 4);
    assert_int_equal(count, 1);
    then_header_is(letters[0], "x-origin-partition", "2");
    then_header_is(letters[0], "x-origin-offset", "0");
    assert_memory_equal(letters[0]->payload, "{\"origin\":{\"topic\":\"jobs\",\"partition\":2,\"offset\":0},\"bytes\":5000,", 62);
    free_records(reader, letters, count);
    then_the_crew_goes(&crew);
}

static void a_record_that_there_is_no_memory_for_leaves_a_pointer_too(void **state)
{
    struct crew crew;
    given_crew(&crew, 4);
    given_log(&crew);
    given_work(&crew, 0);
    when_assigned(&crew, 0);
    mem_fail_after(0);
    given_record(&crew, 1, "k", "{\"processing_time\":1}");
    given_all_written(&crew);
    when_ended(&crew, 1);
    mem_fail_after(-1);

    rd_kafka_t *reader;
    rd_kafka_message_t *letters[4];
    size_t count = read_dead_letters(&crew, &reader, letters, 4);
    assert_int_equal(count, 1);
    then_header_is(letters[0], "x-origin-partition", "1");
    then_header_is(letters[0], "x-final-error", "there was no memory for its 22 bytes");
    free_records(reader, letters, count);
    then_the_crew_goes(&crew);
}

static void given_refused_produce(struct crew *crew)
{
    for (int i = 0; i < 8; i++)
        rd_kafka_mock_push_request_errors(cluster_of(&crew->base), 0 /* Produce */, 1, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS);
}

static bool is_refused_once(struct fixture *base, void *arg)
{
    (void)arg;
    return metric_value(metric(base->metrics, METRIC_DEAD_ERRORS, "jobs")) >= 1;
}

static void nothing_is_committed_until_its_dead_letter_is_stored(void **state)
{
    struct crew crew;
    given_crew(&crew, 4);
    crew.base.config.deadline_us = 300000; /* then the producer gives a record up */
    given_log(&crew);
    given_record(&crew, 0, NULL, "{\"processing_time\":1}");
    given_record(&crew, 0, NULL, "not JSON");
    given_record(&crew, 0, NULL, "{\"processing_time\":1}");
    given_all_written(&crew);
    rd_kafka_mock_topic_set_error(cluster_of(&crew.base), DEAD_TOPIC, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    given_refused_produce(&crew);
    given_work(&crew, 0);
    assert_true(wait_until(&crew.base, is_refused_once, NULL, WORK_PATIENCE));
    when_time_passes(&crew, 300);
    assert_int_equal(committed(&crew, 0), 1);

    rd_kafka_mock_topic_set_error(cluster_of(&crew.base), DEAD_TOPIC, RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_mock_clear_request_errors(cluster_of(&crew.base), 0);
    when_ended(&crew, 3);
    when_time_passes(&crew, 300);
    assert_int_equal(committed(&crew, 0), 3);
    rd_kafka_t *reader;
    rd_kafka_message_t *letters[4];
    size_t count = read_dead_letters(&crew, &reader, letters, 4);
    assert_int_equal(count, 1);
    free_records(reader, letters, count);
    then_the_crew_goes(&crew);
}

static void given_dead_letters_refused(struct crew *crew)
{
    crew->base.config.deadline_us = 300000; /* then the producer gives a record up */
    given_log(crew);
    for (int32_t partition = 0; partition < 2; partition++)
        given_record(crew, partition, NULL, "not JSON");
    given_all_written(crew);
    rd_kafka_mock_topic_set_error(cluster_of(&crew->base), DEAD_TOPIC, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    given_refused_produce(crew);
}

static bool are_both_refused(struct fixture *base, void *arg)
{
    const struct crew *crew = (struct crew *)(void *)base;
    (void)arg;
    return crew->works[0]->refusals[PUBLICATION_DEAD_LETTER].records == 2;
}

static void what_is_refused_is_counted_until_it_is_taken(void **state)
{
    struct crew crew;
    struct error err;
    given_crew(&crew, 4);
    given_dead_letters_refused(&crew);
    given_work(&crew, 0);
    assert_true(wait_until(&crew.base, are_both_refused, NULL, WORK_PATIENCE));
    assert_true(work_publishes(crew.works[0], &err)); /* it may pass */
    crew.works[0]->refusals[PUBLICATION_DEAD_LETTER].since_us -= 11 * UINT64_C(1000000);
    assert_false(work_publishes(crew.works[0], &err));
    assert_non_null(strstr(err.message, "and 2 records wait for it: "));

    rd_kafka_mock_topic_set_error(cluster_of(&crew.base), DEAD_TOPIC, RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_mock_clear_request_errors(cluster_of(&crew.base), 0);
    when_ended(&crew, 2);
    assert_int_equal(crew.works[0]->refusals[PUBLICATION_DEAD_LETTER].records, 0);
    assert_true(work_publishes(crew.works[0], &err));
    then_the_crew_goes(&crew);
}

static void what_is_left_to_others_is_no_longer_counted_as_refused(void **state)
{
    struct crew crew;
    given_crew(&crew, 4);
    given_dead_letters_refused(&crew);
    given_work(&crew, 0);
    assert_true(wait_until(&crew.base, are_both_refused, NULL, WORK_PATIENCE));
    when_drained(&crew, 0, 3000);
    assert_int_equal(crew.works[0]->refusals[PUBLICATION_DEAD_LETTER].records, 0);
    then_the_crew_goes(&crew);
}

static void without_a_dead_letter_topic_what_cannot_be_worked_is_let_go(void **state)
{
    struct crew crew;
    given_crew(&crew, 4);
    given_log(&crew);
    crew.dead = NULL;
    given_record(&crew, 0, NULL, "not JSON");
    given_record(&crew, 0, NULL, "{\"processing_time\":1}");
    given_all_written(&crew);
    given_work(&crew, 0);
    when_ended(&crew, 2);
    when_time_passes(&crew, 300);
    assert_int_equal(committed(&crew, 0), 2);
    then_the_crew_goes(&crew);
}

static void a_topic_that_is_its_own_dead_letter_topic_is_refused(void **state)
{
    struct crew crew;
    struct error err = { 0 };
    given_crew(&crew, 4);
    given_log(&crew);
    crew.config.dead.name = TOPIC;
    struct work_options options = { .shared = &crew.shared, .stream = "jobs", .topic = TOPIC, .config = &crew.config, .dead = crew.dead };
    assert_null(work_start(&options, &err));
    assert_int_equal(err.code, E_INVALID);
    then_the_crew_goes(&crew);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_that_has_failed_for_the_last_time_is_a_dead_letter_that_tells_its_origin),
        cmocka_unit_test(a_dead_letter_is_a_new_span_of_the_same_trace),
        cmocka_unit_test(a_record_that_cannot_be_read_is_a_dead_letter_at_once),
        cmocka_unit_test(a_record_too_large_for_the_dead_letter_topic_leaves_a_pointer),
        cmocka_unit_test(a_record_that_there_is_no_memory_for_leaves_a_pointer_too),
        cmocka_unit_test(nothing_is_committed_until_its_dead_letter_is_stored),
        cmocka_unit_test(what_is_refused_is_counted_until_it_is_taken),
        cmocka_unit_test(what_is_left_to_others_is_no_longer_counted_as_refused),
        cmocka_unit_test(without_a_dead_letter_topic_what_cannot_be_worked_is_let_go),
        cmocka_unit_test(a_topic_that_is_its_own_dead_letter_topic_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
