/* Where to begin, when brokers do not answer or refuse. */
#include "base/log.h"
#include "membership_fixture.h"

/* Whatever the refusal is, where to begin is asked until it is answered. */
static void where_to_begin_is_asked_again_until_it_is_answered(void **state)
{
    static const struct {
        int16_t request;
        rd_kafka_resp_err_t code;
    } cases[] = {
        { OFFSET_FETCH, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS },
        { LIST_OFFSETS, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE },
        { FIND_COORDINATOR, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct crew crew;
        given_crew(&crew, 10);
        given_full_log(&crew);
        given_refusals(&crew, cases[i].request, 3, cases[i].code);
        given_work(&crew, 0);
        then_all_is_done_once(&crew);
        then_the_crew_goes(&crew);
    }
}

static uint64_t warnings(void)
{
    struct log_counts counts;
    log_count(&counts);
    return counts.lines[LOG_WARN];
}

/* At the start of a process a broker counts as not connected for a moment. */
static void a_single_refusal_is_no_warning_and_those_that_follow_are(void **state)
{
    static const struct {
        size_t refusals;
        bool warned;
    } cases[] = { { 1, false }, { 3, true } };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct crew crew;
        given_crew(&crew, 10);
        given_full_log(&crew);
        given_refusals(&crew, OFFSET_FETCH, cases[i].refusals, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED);
        uint64_t before = warnings();
        given_work(&crew, 0);
        then_all_is_done_once(&crew);
        assert_int_equal(warnings() > before, cases[i].warned);
        then_the_crew_goes(&crew);
    }
}

static void while_the_coordinator_refuses_readiness_tells_what_is_waited_for(void **state)
{
    struct crew crew;
    struct error err;
    given_crew(&crew, 10);
    given_full_log(&crew);
    given_refusals(&crew, OFFSET_FETCH, 4, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED);
    given_work(&crew, 0);
    assert_true(wait_until(&crew.base, is_asking, NULL, WORK_PATIENCE));
    when_time_passes(&crew, 1500);
    assert_true(is_asking(&crew.base, NULL));
    assert_false(work_ready(crew.works[0], &err));
    assert_non_null(strstr(err.message, "asking for commits"));
    then_all_is_done_once(&crew);
    then_the_crew_goes(&crew);
}

/* librdkafka tells no loss while it waits for an assignment. */
static void whoever_asked_for_long_where_to_begin_is_in_doubt(void **state)
{
    struct crew crew;
    given_crew(&crew, 10);
    given_full_log(&crew);
    given_refusals(&crew, OFFSET_FETCH, 5, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS);
    given_work(&crew, 0);
    assert_true(wait_until(&crew.base, is_in_doubt, NULL, WORK_PATIENCE));
    assert_int_equal(ended(&crew), 0);
    then_all_is_done_once(&crew);
    then_the_crew_goes(&crew);
}

static void under_the_consumer_protocol_an_assignment_may_be_lost_while_it_is_asked_where_to_begin(void **state)
{
    struct crew crew;
    given_crew(&crew, 10);
    crew.config.protocol = CONSUMER_PROTOCOL_CONSUMER;
    given_full_log(&crew);
    given_refusals(&crew, OFFSET_FETCH, 16, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS); /* for longer than a heartbeat is away */
    given_work(&crew, 0);
    assert_true(wait_until(&crew.base, is_asking, NULL, WORK_PATIENCE));
    given_refusals(&crew, CONSUMER_GROUP_HEARTBEAT, 1, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID);
    then_all_is_done_once(&crew);
    then_the_crew_goes(&crew);
}

static bool is_lost_while_asking(struct fixture *base, void *arg)
{
    struct crew *crew = (struct crew *)(void *)base;
    (void)arg;
    return crew->works[0]->consumer->state != CONSUMER_ASKING;
}

/* librdkafka wants back what it has not been told yet where to begin with, when the topic is gone. */
static void what_is_wanted_back_while_it_is_asked_where_to_begin_is_not_begun_later(void **state)
{
    struct crew crew;
    given_crew(&crew, 10);
    given_full_log(&crew);
    given_refusals(&crew, OFFSET_FETCH, 60, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS);
    given_work(&crew, 0);
    assert_true(wait_until(&crew.base, is_asking, NULL, WORK_PATIENCE));
    rd_kafka_mock_topic_set_error(cluster_of(&crew.base), TOPIC, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    assert_true(wait_until(&crew.base, is_lost_while_asking, NULL, WORK_PATIENCE));
    assert_true(list_empty(&crew.works[0]->consumer->lookups));
    rd_kafka_mock_clear_request_errors(cluster_of(&crew.base), OFFSET_FETCH);
    rd_kafka_mock_topic_set_error(cluster_of(&crew.base), TOPIC, RD_KAFKA_RESP_ERR_NO_ERROR);
    then_all_is_done_once(&crew);
    then_the_crew_goes(&crew);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(where_to_begin_is_asked_again_until_it_is_answered),
        cmocka_unit_test(a_single_refusal_is_no_warning_and_those_that_follow_are),
        cmocka_unit_test(while_the_coordinator_refuses_readiness_tells_what_is_waited_for),
        cmocka_unit_test(whoever_asked_for_long_where_to_begin_is_in_doubt),
        cmocka_unit_test(under_the_consumer_protocol_an_assignment_may_be_lost_while_it_is_asked_where_to_begin),
        cmocka_unit_test(what_is_wanted_back_while_it_is_asked_where_to_begin_is_not_begun_later),
    };
    cmocka_set_test_filter(getenv("ONLY"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
