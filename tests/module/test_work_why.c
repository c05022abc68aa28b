/* Why a partition does not move, where the reason is the brokers' or the handler's. */
#include "work_fixture.h"

#include "work/work_parts.h"

#include <librdkafka/rdkafka_mock.h>

enum { OFFSET_COMMIT = 8 /* in the protocol */ };

struct hearing {
    struct crew *crew;
    const char *words;
    char told[512];
};

static void ask(struct hearing *hearing)
{
    struct error err = { 0 };
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *value = work_shared_why(&hearing->crew->shared, text_of("jobs"), 0, doc, &err);
    assert_string_equal(err.message, "");
    snprintf(hearing->told, sizeof(hearing->told), "%s", yyjson_mut_get_str(yyjson_mut_obj_get(value, "why")));
    yyjson_mut_doc_free(doc);
}

static bool is_told(struct fixture *base, void *arg)
{
    struct hearing *hearing = arg;
    ask(hearing);
    return strstr(hearing->told, hearing->words) != NULL;
}

static void then_told(struct crew *crew, const char *words)
{
    struct hearing hearing = { .crew = crew, .words = words };
    if (!wait_until(&crew->base, is_told, &hearing, WORK_PATIENCE))
        fail_msg("expected \"%s\", heard last \"%s\"", words, hearing.told);
}

static void commits_that_the_broker_refuses_are_the_reason_until_one_is_taken(void **state)
{
    struct crew crew;
    given_crew(&crew, 4);
    given_log(&crew);
    given_work(&crew, 0);
    when_assigned(&crew, 0);
    rd_kafka_resp_err_t refusals[3];
    for (size_t i = 0; i < 3; i++)
        refusals[i] = RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED;
    rd_kafka_mock_push_request_errors_array(embedded_cluster(crew.base.target.embedded), OFFSET_COMMIT, 3, refusals);
    given_record(&crew, 0, NULL, "{\"processing_time\":1}");
    given_all_written(&crew);
    then_told(&crew, "partition 0 is done up to offset 1, but the broker refuses its commits since ");
    then_told(&crew, "partition 0 has no records to work: position = end = 1");
    then_the_crew_goes(&crew);
}

/* Kafka takes any time where message.timestamp.after.max.ms allows it. */
static void a_record_from_the_far_future_has_no_age(void **state)
{
    struct crew crew;
    given_crew(&crew, 4);
    crew.config.handler.simulate.range_us = 10000000;
    given_log(&crew);
    given_work(&crew, 0);
    char value[] = "{\"processing_time\":2000}";
    rd_kafka_resp_err_t code =
        rd_kafka_producev(crew.writer, RD_KAFKA_V_TOPIC(TOPIC), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_TIMESTAMP(INT64_MAX - 1),
                          RD_KAFKA_V_VALUE(value, strlen(value)), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
    assert_int_equal(code, 0);
    given_all_written(&crew);
    then_told(&crew, "partition 0 waits for offset 0, which runs since ");

    struct error err;
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *row = work_shared_why(&crew.shared, text_of("jobs"), 0, doc, &err);
    assert_int_equal(yyjson_mut_get_sint(yyjson_mut_obj_get(row, "oldest_age_ms")), 0);
    yyjson_mut_doc_free(doc);
    when_ended(&crew, 1);
    then_the_crew_goes(&crew);
}

/* --- a handler whose database is away until somebody says otherwise --- */

struct scripted {
    bool away;
};

static enum outcome scripted_start(void *state, struct attempt *attempt)
{
    const struct scripted *scripted = state;
    if (!scripted->away)
        return OUTCOME_DONE;
    error_set(&attempt->reason, E_UNAVAILABLE, "no database");
    return OUTCOME_UNAVAILABLE;
}

static bool scripted_cancel(void *state, struct attempt *attempt)
{
    return false;
}

static void scripted_close(void *state, void (*closed)(void *arg), void *arg)
{
    closed(arg);
}

static void what_the_handler_needs_and_does_not_find_is_the_reason(void **state)
{
    static const struct handler handler = {
        .name = "scripted", .start = scripted_start, .cancel = scripted_cancel, .close = scripted_close
    };
    struct scripted scripted = { .away = true };
    struct crew crew;
    given_crew(&crew, 4);
    crew.config.handler = (struct handler_config){ .noop = { .present = true } };
    given_log(&crew);
    given_record(&crew, 0, "a", "{}");
    given_all_written(&crew);
    given_work(&crew, 0);
    crew.works[0]->handler = &handler;
    crew.works[0]->handler_state = &scripted;
    then_told(&crew, "partition 0 waits, because what its handler needs is away: no database; it is tried again in ");
    scripted.away = false;
    then_told(&crew, "partition 0 has no records to work: position = end = 1");
    then_the_crew_goes(&crew);
}

static void a_drain_is_the_reason_while_jobs_end(void **state)
{
    struct crew crew;
    given_crew(&crew, 4);
    given_log(&crew);
    given_record(&crew, 0, NULL, "{\"processing_time\":400}");
    given_all_written(&crew);
    given_work(&crew, 0);
    then_told(&crew, "partition 0 waits for offset 0, which runs since ");
    work_stop_fetching(crew.works[0]);
    work_drain(crew.works[0], clock_us() + 5000000, on_drained, &crew);
    then_told(&crew, "partition 0 takes nothing any more, because the process is shutting down: 1 job of it still runs");
    assert_true(wait_until(&crew.base, is_set, &crew.drained, WORK_PATIENCE));
    then_the_crew_goes(&crew);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commits_that_the_broker_refuses_are_the_reason_until_one_is_taken),
        cmocka_unit_test(a_record_from_the_far_future_has_no_age),
        cmocka_unit_test(what_the_handler_needs_and_does_not_find_is_the_reason),
        cmocka_unit_test(a_drain_is_the_reason_while_jobs_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
