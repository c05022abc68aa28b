/* Works that leave their group in any state. Calls that wait for librdkafka's group thread are late here, as on a busy machine: what is
 * asked of a group that has ended by then may never be answered, and must not be asked. */
#include "membership_fixture.h"

enum { LEAVE_GROUP = 13 };

#define LATE_US 20000

static unsigned asked_in_vain;

static void be_late(const rd_kafka_t *handle)
{
    usleep(LATE_US);
    asked_in_vain += rd_kafka_consumer_closed((rd_kafka_t *)(uintptr_t)handle) != 0;
}

/* The linker puts __wrap_X in the place of X, and X in that of __real_X. */
#define LATE(type, name, parameters, arguments) \
    type __real_##name parameters;              \
    type __wrap_##name parameters;              \
    type __wrap_##name parameters               \
    {                                           \
        be_late(handle);                        \
        return __real_##name arguments;         \
    }

LATE(rd_kafka_resp_err_t, rd_kafka_assign, (rd_kafka_t * handle, const rd_kafka_topic_partition_list_t *list), (handle, list))
LATE(rd_kafka_error_t *, rd_kafka_incremental_assign, (rd_kafka_t * handle, const rd_kafka_topic_partition_list_t *list), (handle, list))
LATE(rd_kafka_error_t *, rd_kafka_incremental_unassign, (rd_kafka_t * handle, const rd_kafka_topic_partition_list_t *list), (handle, list))
LATE(rd_kafka_resp_err_t, rd_kafka_subscribe, (rd_kafka_t * handle, const rd_kafka_topic_partition_list_t *list), (handle, list))
LATE(rd_kafka_resp_err_t, rd_kafka_unsubscribe, (rd_kafka_t * handle), (handle))
LATE(char *, rd_kafka_memberid, (const rd_kafka_t *handle), (handle))

/* --- every kind of member --- */

struct kind {
    const char *name;
    enum work_assignor assignor;
    enum consumer_protocol protocol;
    const char *instance;
    bool says_so; /* by a request of its own */
};

static const struct kind kinds[] = {
    { "cooperative", ASSIGNOR_COOPERATIVE_STICKY, CONSUMER_PROTOCOL_CLASSIC, NULL, true },
    { "cooperative, static", ASSIGNOR_COOPERATIVE_STICKY, CONSUMER_PROTOCOL_CLASSIC, "one", false },
    { "eager", ASSIGNOR_RANGE, CONSUMER_PROTOCOL_CLASSIC, NULL, true },
    { "eager, static", ASSIGNOR_RANGE, CONSUMER_PROTOCOL_CLASSIC, "one", false },
    { "of the broker's division", ASSIGNOR_AUTO, CONSUMER_PROTOCOL_CONSUMER, NULL, false },
};

static size_t requests_of_kind(struct crew *crew, int16_t kind)
{
    size_t count, found = 0;
    rd_kafka_mock_request_t **requests = rd_kafka_mock_get_requests(cluster_of(&crew->base), &count);
    for (size_t i = 0; i < count; i++)
        found += rd_kafka_mock_request_api_key(requests[i]) == kind;
    rd_kafka_mock_request_destroy_array(requests, count);
    return found;
}

static bool was_told_of_leaving(struct crew *crew)
{
    return requests_of_kind(crew, LEAVE_GROUP) > 0;
}

static void when_it_leaves(struct crew *crew, const struct kind *kind)
{
    print_message("%s\n", kind->name);
    asked_in_vain = 0;
    uint64_t began_us = clock_us();
    when_closed(crew, 0);
    assert_true(clock_us() - began_us < 10000000);
    assert_int_equal(asked_in_vain, 0);
    assert_int_equal(was_told_of_leaving(crew), kind->says_so);
    rd_kafka_mock_stop_request_tracking(cluster_of(&crew->base));
}

/* From the beginning: whoever is about to come back says its farewell before it leaves for good. */
static void given_watched_crew(struct crew *crew)
{
    given_crew(crew, 10);
    rd_kafka_mock_start_request_tracking(cluster_of(&crew->base));
}

static void for_each_kind(void (*given)(struct crew *crew))
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct crew crew;
        given_watched_crew(&crew);
        crew.config.assignor = kinds[i].assignor;
        crew.config.protocol = kinds[i].protocol;
        crew.config.instance = kinds[i].instance;
        given(&crew);
        when_it_leaves(&crew, &kinds[i]);
        then_the_crew_goes(&crew);
    }
}

/* --- in every state --- */

static void working(struct crew *crew)
{
    given_full_log(crew);
    given_work(crew, 0);
    when_ended(crew, 5);
}

static void whoever_works_leaves_in_peace(void **state)
{
    (void)state;
    for_each_kind(working);
}

static bool has_wished_to_join(struct fixture *base, void *arg)
{
    struct crew *crew = (struct crew *)(void *)base;
    (void)arg;
    return requests_of_kind(crew, JOIN_GROUP) > 0 || crew->works[0]->consumer->state != CONSUMER_JOINING;
}

/* This coordinator gives a name together with its answer. */
static void wishing_to_join(struct crew *crew)
{
    rd_kafka_mock_group_initial_rebalance_delay_ms(cluster_of(&crew->base), 50);
    given_full_log(crew);
    given_work(crew, 0);
    assert_true(wait_until(&crew->base, has_wished_to_join, NULL, WORK_PATIENCE));
}

static void whoever_wishes_to_join_leaves_in_peace(void **state)
{
    (void)state;
    for_each_kind(wishing_to_join);
}

static bool has_a_name(struct fixture *base, void *arg)
{
    struct crew *crew = (struct crew *)(void *)base;
    const struct consumer *consumer = crew->works[0]->consumer;
    (void)arg;
    return consumer->state != CONSUMER_JOINING || handle_has_name(consumer);
}

/* The answer is on its way, or in our queue. */
static void being_answered(struct crew *crew)
{
    given_full_log(crew);
    given_work(crew, 0);
    assert_true(wait_until(&crew->base, has_a_name, NULL, WORK_PATIENCE));
}

static void whoever_is_just_assigned_something_leaves_in_peace(void **state)
{
    (void)state;
    for_each_kind(being_answered);
}

static void asking_where_to_begin(struct crew *crew)
{
    given_full_log(crew);
    given_refusals(crew, OFFSET_FETCH, 30, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS);
    given_work(crew, 0);
    assert_true(wait_until(&crew->base, is_asking, NULL, WORK_PATIENCE));
    rd_kafka_mock_clear_request_errors(cluster_of(&crew->base), OFFSET_FETCH);
}

static void whoever_asks_where_to_begin_leaves_in_peace(void **state)
{
    (void)state;
    for_each_kind(asking_where_to_begin);
}

static bool is_giving_up(struct fixture *base, void *arg)
{
    struct crew *crew = (struct crew *)(void *)base;
    (void)arg;
    return crew->works[0]->consumer->state == CONSUMER_GIVING_UP;
}

/* Its jobs take longer than the group's patience with it. */
static void giving_up(struct crew *crew)
{
    crew->config.handler.simulate.range_us = 10000000;
    given_log(crew);
    for (int partition = 0; partition < PARTITIONS; partition++)
        given_records(crew, partition, 4, "{\"processing_time\":3000}");
    given_all_written(crew);
    given_work(crew, 0);
    when_assigned(crew, 0);
    when_time_passes(crew, 100); /* jobs run */
    if (crew->config.instance != NULL)
        crew->config.instance = "another";
    given_work(crew, 1);
    assert_true(wait_until(&crew->base, is_giving_up, NULL, WORK_PATIENCE));
}

static void whoever_gives_partitions_up_leaves_in_peace(void **state)
{
    (void)state;
    for_each_kind(giving_up);
}

static void coming_back(struct crew *crew)
{
    working(crew);
    consumer_return(crew->works[0]->consumer);
}

static void whoever_leaves_to_come_back_leaves_for_good(void **state)
{
    struct crew crew;
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        given_watched_crew(&crew);
        crew.config.assignor = i == 0 ? ASSIGNOR_COOPERATIVE_STICKY : ASSIGNOR_RANGE;
        coming_back(&crew);
        when_it_leaves(&crew, &kinds[i * 2]);
        then_the_crew_goes(&crew);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whoever_works_leaves_in_peace),
        cmocka_unit_test(whoever_wishes_to_join_leaves_in_peace),
        cmocka_unit_test(whoever_is_just_assigned_something_leaves_in_peace),
        cmocka_unit_test(whoever_asks_where_to_begin_leaves_in_peace),
        cmocka_unit_test(whoever_gives_partitions_up_leaves_in_peace),
        cmocka_unit_test(whoever_leaves_to_come_back_leaves_for_good),
    };
    cmocka_set_test_filter(getenv("ONLY"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
