/* The spans of jobs: one tree below the span that the record names, whatever becomes of the record. */
#include "trace/span_site.h"
#include "work_fixture.h"

#define TRACE  "0af7651916cd43dd8448eb211c80319c"
#define SENDER "b7ad6b7169203331"

static void given_job(struct crew *crew, const char *value, const char *traceparent)
{
    rd_kafka_resp_err_t code =
        rd_kafka_producev(crew->writer, RD_KAFKA_V_TOPIC(TOPIC), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_KEY("a", 1),
                          RD_KAFKA_V_VALUE((void *)(uintptr_t)value, strlen(value)), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                          RD_KAFKA_V_HEADER("traceparent", traceparent, (ssize_t)strlen(traceparent)), RD_KAFKA_V_END);
    assert_int_equal(code, 0);
    given_all_written(crew);
}

/* A crew that has worked one job. */
static void given_worked(struct crew *crew, const char *value, const char *traceparent)
{
    given_crew(crew, 4);
    given_log(crew);
    given_job(crew, value, traceparent);
    given_work(crew, 0);
    when_ended(crew, 1);
}

/* The n-th span of that name, from 0; it is valid until the next is told. */
static bool find(const struct crew *crew, const char *name, size_t n, struct span_held *held)
{
    struct trace_cursor cursor = { 0 };
    while (tracer_next(crew->tracing.tracer, &cursor, held, NULL))
        if (strcmp(held->span.site->name, name) == 0 && n-- == 0)
            return true;
    return false;
}

static size_t count(const struct crew *crew, const char *name)
{
    struct span_held held;
    size_t n = 0;
    while (find(crew, name, n, &held))
        n++;
    return n;
}

static struct span the(const struct crew *crew, const char *name, struct span_held *held)
{
    assert_true(find(crew, name, 0, held));
    return held->span;
}

static struct span_value value_of(const struct span *span, const char *key)
{
    for (size_t i = 0; i < span->site->key_count; i++)
        if (text_is(span->site->keys[i], key))
            return span->values[i];
    fail_msg("%s has no %s", span->site->name, key);
    return (struct span_value){ 0 };
}

static void then_text_is(const struct span *span, const char *key, const char *expected)
{
    struct span_value value = value_of(span, key);
    assert_int_equal(value.type, SPAN_TEXT);
    if (!text_is(value.text, expected))
        fail_msg("%s of %s is \"%.*s\", not \"%s\"", key, span->site->name, TEXT_ARG(value.text), expected);
}

static void then_number_is(const struct span *span, const char *key, int64_t expected)
{
    struct span_value value = value_of(span, key);
    assert_int_equal(value.type, SPAN_INT);
    assert_int_equal(value.integer, expected);
}

static void then_child_of(const struct span *span, const struct span *parent)
{
    assert_memory_equal(span->context.trace_id, parent->context.trace_id, 16);
    assert_memory_equal(span->parent_id, parent->context.span_id, 8);
    assert_memory_not_equal(span->context.span_id, parent->context.span_id, 8);
}

static void a_job_is_one_tree_below_the_span_that_its_record_names(void **state)
{
    struct crew crew;
    struct span_held held;
    given_worked(&crew, "{\"processing_time\":5}", "00-" TRACE "-" SENDER "-01");

    struct span job = the(&crew, "process_message", &held);
    char parent[TRACE_PARENT_SIZE];
    struct trace_context named = job.context;
    memcpy(named.span_id, job.parent_id, 8);
    trace_parent_text(&named, parent);
    assert_string_equal(parent, "00-" TRACE "-" SENDER "-01");
    assert_int_equal(job.site->kind, SPAN_CONSUMER);
    assert_int_equal(job.status, SPAN_STATUS_UNSET);
    then_text_is(&job, "messaging.destination.partition.id", "0");
    then_number_is(&job, "messaging.kafka.offset", 0);
    then_text_is(&job, "messaging.kafka.message.key", "a");
    then_number_is(&job, "messaging.message.body.size", 21);
    then_number_is(&job, "millrace.attempts", 1);
    then_text_is(&job, "millrace.outcome", "done");

    struct span wait = the(&crew, "lane_wait", &held);
    struct span attempt = the(&crew, "heavy_calculation", &held);
    struct span parse = the(&crew, "json_unmarshal", &held);
    then_child_of(&wait, &job);
    then_child_of(&attempt, &job);
    then_child_of(&parse, &attempt);
    assert_true(job.started_us == wait.started_us && wait.started_us <= wait.ended_us && wait.ended_us <= attempt.started_us);
    assert_true(attempt.ended_us - attempt.started_us >= 5000 && attempt.ended_us <= job.ended_us);
    assert_true(parse.started_us >= attempt.started_us && parse.ended_us <= attempt.ended_us);
    assert_int_equal(tracer_added(crew.tracing.tracer), 4);
    then_the_crew_goes(&crew);
}

static void each_failed_attempt_is_an_error_that_tells_when_the_next_follows(void **state)
{
    struct crew crew;
    struct span_held held;
    given_worked(&crew, "{\"processing_time\":1,\"always_fail\":true}", "00-" TRACE "-" SENDER "-01");

    struct span job = the(&crew, "process_message", &held);
    assert_int_equal(job.status, SPAN_STATUS_ERROR);
    then_text_is(&job, "millrace.outcome", "dead");
    then_number_is(&job, "millrace.attempts", 3);
    assert_int_equal(count(&crew, "heavy_calculation"), 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_true(find(&crew, "heavy_calculation", i, &held));
        then_child_of(&held.span, &job);
        then_number_is(&held.span, "millrace.attempt", i + 1);
        then_text_is(&held.span, "millrace.outcome", "failed");
        assert_int_equal(held.span.status, SPAN_STATUS_ERROR);
        assert_true(text_is(held.span.status_message, "the simulated job is one that always fails"));
        assert_int_equal(held.span.event_count, i < 2);
        if (i == 2)
            continue;
        assert_string_equal(held.events[0].name, "local-retry-scheduled");
        assert_string_equal(held.events[0].keys[0], "next_attempt");
        assert_int_equal(held.events[0].values[0].integer, i + 2);
        assert_string_equal(held.events[0].keys[1], "sleep_ms");
        assert_in_range(held.events[0].values[1].integer, 20 << i, (20 << i) + 1);
        assert_string_equal(held.events[0].keys[2], "error");
        assert_true(text_is(held.events[0].values[2].text, "the simulated job is one that always fails"));
    }
    then_the_crew_goes(&crew);
}

static void a_dead_letter_names_the_span_of_its_publication(void **state)
{
    struct crew crew;
    struct span_held held;
    given_worked(&crew, "not JSON", "00-" TRACE "-" SENDER "-01");

    struct span job = the(&crew, "process_message", &held);
    struct span letter = the(&crew, "kafka_send_" DEAD_TOPIC, &held);
    then_child_of(&letter, &job);
    assert_int_equal(letter.site->kind, SPAN_PRODUCER);
    then_number_is(&letter, "messaging.kafka.offset", 0);
    then_number_is(&letter, "messaging.message.body.size", 8);
    char traceparent[TRACE_PARENT_SIZE];
    trace_parent_text(&letter.context, traceparent);

    rd_kafka_t *reader;
    rd_kafka_message_t *letters[2];
    size_t letter_count = read_dead_letters(&crew, &reader, letters, 2);
    assert_int_equal(letter_count, 1);
    then_header_is(letters[0], "traceparent", traceparent);
    free_records(reader, letters, letter_count);
    then_the_crew_goes(&crew);
}

static void of_a_trace_that_is_not_sampled_only_what_failed_is_kept(void **state)
{
    struct crew crew;
    struct span_held held;
    given_worked(&crew, "{\"processing_time\":1}", "00-" TRACE "-" SENDER "-00");
    assert_int_equal(tracer_added(crew.tracing.tracer), 0);

    given_job(&crew, "{\"processing_time\":1,\"always_fail\":true}", "00-" TRACE "-" SENDER "-00");
    when_ended(&crew, 2);
    struct span job = the(&crew, "process_message", &held);
    assert_false(trace_is_sampled(&job.context));
    assert_int_equal(count(&crew, "heavy_calculation"), 3);
    assert_int_equal(count(&crew, "lane_wait"), 1);
    struct span letter = the(&crew, "kafka_send_" DEAD_TOPIC, &held);
    then_child_of(&letter, &job);
    then_the_crew_goes(&crew);
}

static void a_record_without_a_valid_traceparent_begins_a_trace(void **state)
{
    static const char *const values[] = { "", "00-00000000000000000000000000000000-" SENDER "-01", "00-" TRACE "-0000000000000000-01",
                                          "01" };
    static const uint8_t none[8];
    struct crew crew;
    given_crew(&crew, 4);
    given_log(&crew);
    given_work(&crew, 0);
    for (unsigned i = 0; i < 4; i++)
        given_job(&crew, "{\"processing_time\":1}", values[i]);
    when_ended(&crew, 4);
    for (unsigned i = 0; i < 4; i++) {
        struct span_held held;
        assert_true(find(&crew, "process_message", i, &held));
        assert_memory_equal(held.span.parent_id, none, 8);
        assert_true(trace_is_sampled(&held.span.context));
    }
    then_the_crew_goes(&crew);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_is_one_tree_below_the_span_that_its_record_names),
        cmocka_unit_test(each_failed_attempt_is_an_error_that_tells_when_the_next_follows),
        cmocka_unit_test(a_dead_letter_names_the_span_of_its_publication),
        cmocka_unit_test(of_a_trace_that_is_not_sampled_only_what_failed_is_kept),
        cmocka_unit_test(a_record_without_a_valid_traceparent_begins_a_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
