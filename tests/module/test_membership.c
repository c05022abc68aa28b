/* What keeps a work in its group and what puts it out: coordinators that move, fatal errors, standing still, idleness. */
#include "membership_fixture.h"

static void a_coordinator_that_has_moved_is_followed_by_commits(void **state)
{
    struct crew crew;
    given_crew(&crew, 10);
    given_full_log(&crew);
    given_work(&crew, 0);
    when_ended(&crew, 20);
    given_refusals(&crew, OFFSET_COMMIT, 3, RD_KAFKA_RESP_ERR_NOT_COORDINATOR);
    given_refusals(&crew, HEARTBEAT, 2, RD_KAFKA_RESP_ERR_NOT_COORDINATOR);
    then_all_is_done_once(&crew);
    assert_false(is_lost(&crew.base, NULL));
    then_the_crew_goes(&crew);
}

static void a_broker_that_goes_away_in_the_middle_of_a_rebalance_delays_it(void **state)
{
    struct crew crew;
    given_crew(&crew, 10);
    given_full_log(&crew);
    given_work(&crew, 0);
    when_ended(&crew, 20);
    given_work(&crew, 1);
    when_time_passes(&crew, 150);
    given_broker_down(&crew.base);
    when_time_passes(&crew, 1500);
    given_broker_up(&crew.base);
    assert_true(wait_until(&crew.base, are_committed, &(int64_t){ COUNT }, WORK_PATIENCE));
    read_evidence(&crew);
    then_nothing_was_lost_or_overtaken(&crew, PARTITIONS, COUNT);
    then_the_crew_goes(&crew);
}

static void more_partitions_than_the_prefetch_was_divided_among_are_remembered_for_the_next_client(void **state)
{
    struct crew crew;
    given_crew(&crew, 10);
    given_log(&crew);
    given_work(&crew, 0);
    crew.works[0]->consumer->options.partitions = PARTITIONS / 2;
    when_assigned(&crew, 0);
    assert_int_equal(crew.works[0]->consumer->options.partitions, PARTITIONS);
    then_the_crew_goes(&crew);
}

/* --- leaving --- */

/* Until the slowest member has ended its jobs the others' commits wait for their answer, and then are refused. */
static void given_a_rebalance_that_refuses_commits(struct crew *crew, int count)
{
    for (int i = 0; i < count; i++)
        rd_kafka_mock_broker_push_request_error_rtts(cluster_of(&crew->base), EMBEDDED_BROKER, OFFSET_COMMIT, 1,
                                                     (int)RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, 200);
}

static void what_a_rebalance_has_overtaken_is_committed_without_waiting_for_the_next_interval(void **state)
{
    struct crew crew;
    given_crew(&crew, 10);
    crew.config.commit.interval_us = 3600000000; /* the first is asked for here, the next is an hour away */
    given_full_log(&crew);
    given_work(&crew, 0);
    when_ended(&crew, (uint64_t)COUNT * PARTITIONS);
    given_refusals(&crew, OFFSET_COMMIT, 3, RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS);
    alarm_set(&crew.works[0]->alarm, &crew.works[0]->commit_due.entry, 0);
    assert_true(wait_until(&crew.base, are_committed, &(int64_t){ COUNT }, WORK_PATIENCE));
    then_the_crew_goes(&crew);
}

static void whoever_leaves_while_the_group_is_divided_waits_until_its_commits_are_taken(void **state)
{
    struct crew crew;
    given_crew(&crew, 10);
    crew.config.commit.interval_us = 60000000; /* no commit but the last ones */
    given_full_log(&crew);
    given_work(&crew, 0);
    when_ended(&crew, 20);
    when_drained(&crew, 0, 5000);
    given_a_rebalance_that_refuses_commits(&crew, 20);
    when_closed(&crew, 0);
    crew.config.commit.interval_us = 100000;
    given_work(&crew, 0);
    assert_true(wait_until(&crew.base, are_committed, &(int64_t){ COUNT }, WORK_PATIENCE));
    read_evidence(&crew);
    then_each_was_done_once(&crew, PARTITIONS, COUNT);
    then_the_crew_goes(&crew);
}

static void nobody_waits_for_commits_longer_than_the_time_to_close(void **state)
{
    struct crew crew;
    given_crew(&crew, 10);
    crew.config.commit.interval_us = 60000000;
    given_full_log(&crew);
    given_work(&crew, 0);
    when_ended(&crew, 20);
    given_a_rebalance_that_refuses_commits(&crew, 100);
    uint64_t began_us = clock_us();
    when_closed(&crew, 0);
    assert_true(clock_us() - began_us > CLOSE_US - CONSUMER_CLOSE_US);
    assert_true(clock_us() - began_us < CLOSE_US + 2000000);
    then_the_crew_goes(&crew);
}

/* --- idleness --- */

/* librdkafka itself leaves the group when it is not polled for `max_poll`. */
static void whoever_has_nothing_to_do_for_longer_than_max_poll_stays_a_member(void **state)
{
    struct crew crew;
    struct error err;
    given_crew(&crew, 10);
    crew.config.max_poll_us = 3000000;
    given_log(&crew);
    given_work(&crew, 0);
    when_assigned(&crew, 0);
    when_time_passes(&crew, 4500);
    assert_false(is_lost(&crew.base, NULL));
    assert_true(work_ready(crew.works[0], &err));
    then_the_crew_goes(&crew);
}

static void whoever_has_no_room_for_longer_than_max_poll_stays_a_member(void **state)
{
    struct crew crew;
    given_crew(&crew, 1);
    crew.config.max_poll_us = 3000000;
    crew.config.queue = 1;
    crew.config.handler.simulate.range_us = 10000000;
    given_log(&crew);
    given_records(&crew, 0, 3, "{\"processing_time\":4500}");
    given_records(&crew, 1, 3, "{\"processing_time\":1}");
    given_all_written(&crew);
    given_work(&crew, 0);
    when_ended(&crew, 1);
    assert_false(is_lost(&crew.base, NULL));
    then_the_crew_goes(&crew);
}

/* --- a fatal error --- */

static void given_fatal_error(struct crew *crew)
{
    rd_kafka_t *handle = crew->works[0]->consumer->handle;
    assert_int_equal(rd_kafka_test_fatal_error(handle, RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, "for a test"), 0);
}

static bool is_broken(struct fixture *base, void *arg)
{
    (void)arg;
    return metric_value(metric(base->metrics, METRIC_REBALANCES, "jobs", "broken")) > 0;
}

static void given_a_broken_work(struct crew *crew)
{
    crew->config.instance = "one";
    given_full_log(crew);
    given_work(crew, 0);
    when_ended(crew, 20);
    given_fatal_error(crew);
    assert_true(wait_until(&crew->base, is_broken, NULL, WORK_PATIENCE));
}

static void a_fatal_error_loses_the_partitions_and_a_new_client_joins_after_a_pause(void **state)
{
    struct crew crew;
    struct error err;
    given_crew(&crew, 10);
    given_a_broken_work(&crew);
    assert_true(is_lost(&crew.base, NULL));
    assert_int_equal(partitions_of(&crew, 0), 0);
    assert_false(work_ready(crew.works[0], &err));
    assert_non_null(strstr(err.message, "waiting to join anew"));
    assert_non_null(strstr(err.message, "fenced"));

    crew.works[0]->consumer->rejoin_us = clock_us(); /* not the whole pause */
    assert_true(wait_until(&crew.base, are_committed, &(int64_t){ COUNT }, WORK_PATIENCE));
    assert_true(work_ready(crew.works[0], &err));
    read_evidence(&crew);
    then_nothing_was_lost_or_overtaken(&crew, PARTITIONS, COUNT);
    then_the_crew_goes(&crew);
}

static void whoever_was_driven_out_of_its_name_waits_longer_each_time(void **state)
{
    struct crew crew;
    given_crew(&crew, 10);
    given_a_broken_work(&crew);
    struct consumer *consumer = crew.works[0]->consumer;
    uint64_t first_us = consumer->rejoin_us - clock_us();
    consumer->rejoin_us = clock_us();
    when_ended(&crew, 40);
    given_fatal_error(&crew);
    when_time_passes(&crew, 300);
    uint64_t second_us = consumer->rejoin_us - clock_us();
    assert_true(first_us > 10000000);
    assert_true(second_us > first_us + 5000000);
    then_the_crew_goes(&crew);
}

static void a_work_can_be_closed_at_any_time_after_a_fatal_error(void **state)
{
    static const unsigned pauses_ms[] = { 0, 1, 20, 500 };
    for (size_t i = 0; i < sizeof(pauses_ms) / sizeof(pauses_ms[0]); i++) {
        struct crew crew;
        given_crew(&crew, 10);
        given_a_broken_work(&crew);
        when_time_passes(&crew, pauses_ms[i]);
        uint64_t began_us = clock_us();
        when_closed(&crew, 0);
        assert_true(clock_us() - began_us < 2000000);
        then_the_crew_goes(&crew);
    }
}

/* --- standing still --- */

static size_t starts(struct crew *crew)
{
    size_t count = 0;
    read_evidence(crew);
    for (size_t i = 0; i < crew->line_count; i++)
        count += crew->lines[i].start;
    return count;
}

/* As if the process had got no processor for a minute. */
static void given_stillness(struct crew *crew)
{
    crew->works[0]->consumer->looked_us -= 60000000;
}

static bool is_running(struct fixture *base, void *arg)
{
    struct crew *crew = (struct crew *)(void *)base;
    struct work_counts counts;
    (void)arg;
    work_counts(crew->works[0], &counts);
    return counts.running > 0;
}

static void after_standing_still_nothing_is_begun_until_a_commit_is_acknowledged(void **state)
{
    struct crew crew;
    struct error err;
    given_crew(&crew, 10);
    given_full_log(&crew);
    given_work(&crew, 0);
    when_ended(&crew, 20);
    assert_true(wait_until(&crew.base, is_running, NULL, WORK_PATIENCE));
    rd_kafka_mock_broker_set_rtt(cluster_of(&crew.base), EMBEDDED_BROKER, 700);
    when_time_passes(&crew, 10); /* its thread has done so */
    given_stillness(&crew);
    size_t before = starts(&crew);
    when_time_passes(&crew, 400);
    assert_true(is_in_doubt(&crew.base, NULL));
    assert_false(is_running(&crew.base, NULL)); /* what ran has ended */
    assert_false(work_ready(crew.works[0], &err));
    assert_non_null(strstr(err.message, "in doubt"));
    assert_int_equal(starts(&crew), before);

    rd_kafka_mock_broker_set_rtt(cluster_of(&crew.base), EMBEDDED_BROKER, 0);
    assert_true(wait_until(&crew.base, are_committed, &(int64_t){ COUNT }, WORK_PATIENCE));
    assert_false(is_lost(&crew.base, NULL));
    read_evidence(&crew);
    then_partitions_were_worked_in_order(&crew); /* and nothing twice */
    then_the_crew_goes(&crew);
}

static void whoever_stood_still_and_was_forgotten_begins_nothing_before_it_is_assigned_again(void **state)
{
    struct crew crew;
    given_crew(&crew, 10);
    given_full_log(&crew);
    given_work(&crew, 0);
    when_ended(&crew, 20);
    for (int i = 0; i < 5; i++)
        rd_kafka_mock_push_request_errors(cluster_of(&crew.base), OFFSET_COMMIT, 1, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID);
    given_stillness(&crew);
    size_t before = starts(&crew);
    when_time_passes(&crew, 400); /* the refusals come; then the group says so too */
    rd_kafka_mock_push_request_errors(cluster_of(&crew.base), HEARTBEAT, 1, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID);
    assert_true(wait_until(&crew.base, is_lost, NULL, WORK_PATIENCE));
    assert_int_equal(starts(&crew), before);
    assert_false(is_in_doubt(&crew.base, NULL));

    assert_true(wait_until(&crew.base, are_committed, &(int64_t){ COUNT }, WORK_PATIENCE));
    read_evidence(&crew);
    then_nothing_was_lost_or_overtaken(&crew, PARTITIONS, COUNT);
    then_the_crew_goes(&crew);
}

static bool is_leaving(struct fixture *base, void *arg)
{
    const struct consumer *consumer = arg;
    (void)base;
    return consumer->leaving;
}

/* Nobody answers, so the doubt lasts until the end: what it asks for must not make the end begin anew. */
static void whoever_is_in_doubt_leaves_once(void **state)
{
    struct crew crew;
    given_crew(&crew, 10);
    given_full_log(&crew);
    given_work(&crew, 0);
    when_ended(&crew, 20);
    given_broker_down(&crew.base);
    given_stillness(&crew);
    assert_true(wait_until(&crew.base, is_in_doubt, NULL, WORK_PATIENCE));
    struct consumer *consumer = crew.works[0]->consumer;
    work_close(crew.works[0], clock_us() + CLOSE_US, on_work_closed, &crew.work_closed[0]);
    assert_true(wait_until(&crew.base, is_leaving, consumer, WORK_PATIENCE));
    uint64_t farewell_us = consumer->farewell_us;
    when_time_passes(&crew, 300);
    assert_false(crew.work_closed[0]);
    assert_int_equal(consumer->farewell_us, farewell_us);
    assert_true(wait_until(&crew.base, is_set, &crew.work_closed[0], WORK_PATIENCE));
    crew.works[0] = NULL;
    given_broker_up(&crew.base);
    then_the_crew_goes(&crew);
}

/* --- reading anew --- */

static void when_it_reads_anew(struct crew *crew)
{
    consumer_read_anew(crew->works[0]->consumer, "the test asks for it");
    assert_int_equal(partitions_of(crew, 0), 0);
}

static bool has_all(struct fixture *base, void *arg)
{
    (void)arg;
    return partitions_of((struct crew *)(void *)base, 0) == PARTITIONS;
}

/* Whoever reads anew has done nothing wrong: it says farewell, so that its partitions wait for nobody, and waits no longer each time. */
static void who_reads_anew_again_and_again_has_its_partitions_soon(void **state)
{
    static const enum consumer_protocol protocols[] = { CONSUMER_PROTOCOL_CLASSIC, CONSUMER_PROTOCOL_CONSUMER };
    for (size_t i = 0; i < 2; i++) {
        struct crew crew;
        given_crew(&crew, 10);
        crew.config.protocol = (int)protocols[i];
        given_full_log(&crew);
        given_work(&crew, 0);
        assert_true(wait_until(&crew.base, has_all, NULL, WORK_PATIENCE));
        for (int times = 0; times < 4; times++) {
            when_it_reads_anew(&crew);
            assert_true(wait_until(&crew.base, has_all, NULL, 8000));
        }
        then_the_crew_goes(&crew);
    }
}

static void who_reads_anew_can_be_closed_at_any_time(void **state)
{
    static const uint64_t pauses_ms[] = { 0, 300, 1200 };
    for (size_t i = 0; i < 3; i++) {
        struct crew crew;
        given_crew(&crew, 10);
        crew.config.protocol = CONSUMER_PROTOCOL_CONSUMER;
        given_full_log(&crew);
        given_work(&crew, 0);
        assert_true(wait_until(&crew.base, has_all, NULL, WORK_PATIENCE));
        when_it_reads_anew(&crew);
        when_time_passes(&crew, pauses_ms[i]);
        then_the_crew_goes(&crew);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_coordinator_that_has_moved_is_followed_by_commits),
        cmocka_unit_test(a_broker_that_goes_away_in_the_middle_of_a_rebalance_delays_it),
        cmocka_unit_test(more_partitions_than_the_prefetch_was_divided_among_are_remembered_for_the_next_client),
        cmocka_unit_test(what_a_rebalance_has_overtaken_is_committed_without_waiting_for_the_next_interval),
        cmocka_unit_test(whoever_leaves_while_the_group_is_divided_waits_until_its_commits_are_taken),
        cmocka_unit_test(nobody_waits_for_commits_longer_than_the_time_to_close),
        cmocka_unit_test(whoever_has_nothing_to_do_for_longer_than_max_poll_stays_a_member),
        cmocka_unit_test(whoever_has_no_room_for_longer_than_max_poll_stays_a_member),
        cmocka_unit_test(a_fatal_error_loses_the_partitions_and_a_new_client_joins_after_a_pause),
        cmocka_unit_test(whoever_was_driven_out_of_its_name_waits_longer_each_time),
        cmocka_unit_test(a_work_can_be_closed_at_any_time_after_a_fatal_error),
        cmocka_unit_test(after_standing_still_nothing_is_begun_until_a_commit_is_acknowledged),
        cmocka_unit_test(whoever_stood_still_and_was_forgotten_begins_nothing_before_it_is_assigned_again),
        cmocka_unit_test(whoever_is_in_doubt_leaves_once),
        cmocka_unit_test(who_reads_anew_again_and_again_has_its_partitions_soon),
        cmocka_unit_test(who_reads_anew_can_be_closed_at_any_time),
    };
    cmocka_set_test_filter(getenv("ONLY"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
