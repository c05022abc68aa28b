/* Two works of one group: partitions come and go, and nothing is lost, done twice or out of order. */
#include "crew_fixture.h"

#include "work/work_parts.h"

static bool works_too(struct fixture *base, void *arg)
{
    struct crew *crew = (struct crew *)(void *)base;
    struct work_counts counts;
    (void)arg;
    work_counts(crew->works[1], &counts);
    return counts.done > 5;
}

/* A second member comes in the middle of the work, and leaves in the middle of it. */
static void when_a_member_joins_and_leaves(struct crew *crew)
{
    given_full_log(crew);
    given_work(crew, 0);
    when_ended(crew, 20);
    given_work(crew, 1);
    when_shared(crew);
    assert_true(wait_until(&crew->base, works_too, NULL, WORK_PATIENCE));
    when_closed(crew, 1);
    assert_true(wait_until(&crew->base, are_committed, &(int64_t){ COUNT }, WORK_PATIENCE));
    read_evidence(crew);
}

/* The mock cluster refuses commits for longer than a real one while the group is divided, so some records may be done again here;
 * that none is, is shown on real Kafka (tests/system/test_rebalance.py). */
static void under_a_cooperative_assignor_a_member_joins_and_leaves_and_nothing_is_lost(void **state)
{
    struct crew crew;
    given_crew(&crew, 10);
    when_a_member_joins_and_leaves(&crew);
    then_nothing_was_lost_or_overtaken(&crew, PARTITIONS, COUNT);
    then_the_crew_goes(&crew);
}

static void under_an_eager_assignor_a_member_joins_and_leaves_and_nothing_is_lost(void **state)
{
    struct crew crew;
    given_crew(&crew, 10);
    crew.config.assignor = ASSIGNOR_RANGE;
    when_a_member_joins_and_leaves(&crew);
    then_nothing_was_lost_or_overtaken(&crew, PARTITIONS, COUNT);
    then_the_crew_goes(&crew);
}

static void under_the_consumer_protocol_a_member_joins_and_leaves_and_nothing_is_lost(void **state)
{
    struct crew crew;
    given_crew(&crew, 10);
    crew.config.protocol = CONSUMER_PROTOCOL_CONSUMER;
    when_a_member_joins_and_leaves(&crew);
    then_nothing_was_lost_or_overtaken(&crew, PARTITIONS, COUNT);
    then_the_crew_goes(&crew);
}

static void under_a_cooperative_assignor_what_stays_goes_on_while_others_leave(void **state)
{
    struct crew crew;
    given_crew(&crew, 10);
    given_full_log(&crew);
    given_work(&crew, 0);
    when_ended(&crew, 20);
    struct partition *before[PARTITIONS] = { NULL };
    list_each(link, &crew.works[0]->partitions) {
        struct partition *partition = list_entry(link, struct partition, link);
        before[partition->number] = partition;
    }
    given_work(&crew, 1);
    when_shared(&crew);
    list_each(link, &crew.works[0]->partitions) {
        struct partition *partition = list_entry(link, struct partition, link);
        assert_ptr_equal(partition, before[partition->number]); /* never taken away */
    }
    when_closed(&crew, 1);
    then_the_crew_goes(&crew);
}

static void running_jobs_may_end_before_their_partition_is_given_back(void **state)
{
    struct crew crew;
    given_crew(&crew, 10);
    crew.config.handler.simulate.range_us = 10000000;
    crew.config.session_us = 10000000; /* so long the mock cluster waits for whoever gives up, also on a busy machine */
    given_log(&crew);
    for (int partition = 0; partition < PARTITIONS; partition++)
        given_records(&crew, partition, 4, "{\"processing_time\":1500}");
    given_all_written(&crew);
    given_work(&crew, 0);
    when_assigned(&crew, 0);
    given_work(&crew, 1);
    when_shared(&crew);
    assert_true(wait_until(&crew.base, are_committed, &(int64_t){ 4 }, WORK_PATIENCE));
    read_evidence(&crew);
    for (size_t i = 0; i < crew.line_count; i++)
        assert_true(crew.lines[i].start || strcmp(crew.lines[i].outcome, "done") == 0); /* none was ended before its time */
    then_nothing_was_lost_or_overtaken(&crew, PARTITIONS, 4);
    then_the_crew_goes(&crew);
}

static void a_job_that_outlives_the_drain_is_done_again_by_the_next_owner(void **state)
{
    struct crew crew;
    given_crew(&crew, 10);
    crew.config.handler.simulate.range_us = 10000000;
    crew.config.drain_us = 200000;
    given_log(&crew);
    for (int partition = 0; partition < PARTITIONS; partition++)
        given_record(&crew, partition, NULL, "{\"processing_time\":6000}");
    given_all_written(&crew);
    given_work(&crew, 0);
    when_assigned(&crew, 0);
    given_work(&crew, 1);
    when_shared(&crew);
    assert_true(wait_until(&crew.base, are_committed, &(int64_t){ 1 }, WORK_PATIENCE));
    read_evidence(&crew);
    size_t cut = 0;
    for (size_t i = 0; i < crew.line_count; i++)
        cut += !crew.lines[i].start && strcmp(crew.lines[i].outcome, "failed") == 0;
    assert_true(cut >= PARTITIONS / 2);
    then_nothing_was_lost_or_overtaken(&crew, PARTITIONS, 1);
    then_the_crew_goes(&crew);
}

static void lost_partitions_are_neither_waited_for_nor_committed(void **state)
{
    struct crew crew;
    given_crew(&crew, 10);
    crew.config.handler.simulate.range_us = 10000000;
    crew.config.commit.interval_us = 60000000; /* no commit but a last one */
    given_log(&crew);
    given_record(&crew, 0, NULL, "{\"processing_time\":1}");
    given_record(&crew, 0, NULL, "{\"processing_time\":3000}");
    given_all_written(&crew);
    given_work(&crew, 0);
    when_ended(&crew, 1);
    when_time_passes(&crew, 100);
    rd_kafka_mock_push_request_errors(cluster_of(&crew.base), 12 /* Heartbeat */, 1, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID);
    uint64_t began_us = clock_us();
    assert_true(wait_until(&crew.base, is_lost, NULL, WORK_PATIENCE));
    assert_true(clock_us() - began_us < 2500000); /* the job still runs */
    assert_int_equal(committed(&crew, 0), RD_KAFKA_OFFSET_INVALID);

    when_ended(&crew, 3); /* both again, by the next assignment */
    then_the_crew_goes(&crew);
}

static void a_commit_beyond_the_end_of_a_topic_that_was_made_anew_begins_at_its_start(void **state)
{
    struct crew crew;
    given_crew(&crew, 10);
    given_log(&crew);
    given_records(&crew, 0, 5, "{\"processing_time\":1}");
    given_records(&crew, 1, 5, "{\"processing_time\":1}");
    given_all_written(&crew);
    given_commit(&crew, 0, 1000);
    given_work(&crew, 0);
    when_ended(&crew, 10);
    read_evidence(&crew);
    then_each_was_done_once(&crew, 2, 5);
    then_the_crew_goes(&crew);
}

static void under_an_eager_assignor_too_a_commit_beyond_the_end_begins_at_the_start(void **state)
{
    struct crew crew;
    given_crew(&crew, 10);
    crew.config.assignor = ASSIGNOR_RANGE;
    given_log(&crew);
    given_records(&crew, 0, 5, "{\"processing_time\":1}");
    given_records(&crew, 1, 50, "{\"processing_time\":1}");
    given_all_written(&crew);
    given_commit(&crew, 0, 1000);
    given_work(&crew, 0);
    when_ended(&crew, 55);
    read_evidence(&crew);
    then_partitions_were_worked_in_order(&crew);
    then_the_crew_goes(&crew);
}

/* An unclean election of a leader does that. Until the next tick the partition is not read yet, and commits are made. */
static void a_log_that_was_cut_while_it_was_worked_is_worked_anew_from_its_start(void **state)
{
    enum { FETCH = 1 };
    struct crew crew;
    given_crew(&crew, 10);
    crew.config.commit.interval_us = 20000;
    given_log(&crew);
    given_records(&crew, 0, 5, "{\"processing_time\":1}");
    given_all_written(&crew);
    given_work(&crew, 0);
    when_ended(&crew, 5);

    rd_kafka_mock_push_request_errors(cluster_of(&crew.base), FETCH, 1, RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE);
    when_ended(&crew, 10);
    read_evidence(&crew);
    for (int64_t offset = 0; offset < 5; offset++)
        assert_int_equal(count_lines(&crew, 0, offset, false), 2);
    then_the_crew_goes(&crew);
}

static void offsets_that_retention_has_taken_are_counted_and_the_rest_is_worked(void **state)
{
    enum { RECORDS = 12, SIZE = 900000 }; /* the mock cluster keeps 5 MiB a partition */
    struct crew crew;
    given_crew(&crew, 10);
    crew.config.handler = (struct handler_config){ .noop = { .present = true } };
    given_log(&crew);
    char *value = malloc(SIZE + 1);
    memset(value, 'x', SIZE);
    value[SIZE] = '\0';
    for (int i = 0; i < RECORDS; i++) {
        given_record(&crew, 0, NULL, value);
        given_all_written(&crew);
    }
    free(value);
    given_commit(&crew, 0, 1);
    given_work(&crew, 0);
    uint64_t missing = 0;
    for (int i = 0; i < 100 && (missing == 0 || missing + ended(&crew) < RECORDS - 1); i++) {
        when_time_passes(&crew, 100);
        missing = (uint64_t)metric_value(metric(crew.base.metrics, METRIC_OFFSETS_MISSING, "jobs"));
    }
    assert_true(missing > 0);
    assert_int_equal(missing + ended(&crew), RECORDS - 1);
    when_time_passes(&crew, 300);
    assert_int_equal(committed(&crew, 0), RECORDS);
    then_the_crew_goes(&crew);
}

static void a_work_can_be_closed_while_it_joins(void **state)
{
    struct crew crew;
    given_crew(&crew, 10);
    given_log(&crew);
    given_work(&crew, 0);
    when_closed(&crew, 0);
    given_work(&crew, 0);
    when_time_passes(&crew, 120);
    then_the_crew_goes(&crew);
}

static void a_work_can_be_closed_while_its_broker_is_away(void **state)
{
    struct crew crew;
    given_crew(&crew, 10);
    given_log(&crew);
    given_records(&crew, 0, 5, "{\"processing_time\":1}");
    given_all_written(&crew);
    given_work(&crew, 0);
    when_ended(&crew, 5);
    given_broker_down(&crew.base);
    when_time_passes(&crew, 200);
    uint64_t began_us = clock_us();
    when_closed(&crew, 0);
    assert_true(clock_us() - began_us < 8000000);
    then_the_crew_goes(&crew);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(under_a_cooperative_assignor_a_member_joins_and_leaves_and_nothing_is_lost),
        cmocka_unit_test(under_an_eager_assignor_a_member_joins_and_leaves_and_nothing_is_lost),
        cmocka_unit_test(under_the_consumer_protocol_a_member_joins_and_leaves_and_nothing_is_lost),
        cmocka_unit_test(under_a_cooperative_assignor_what_stays_goes_on_while_others_leave),
        cmocka_unit_test(running_jobs_may_end_before_their_partition_is_given_back),
        cmocka_unit_test(a_job_that_outlives_the_drain_is_done_again_by_the_next_owner),
        cmocka_unit_test(lost_partitions_are_neither_waited_for_nor_committed),
        cmocka_unit_test(a_commit_beyond_the_end_of_a_topic_that_was_made_anew_begins_at_its_start),
        cmocka_unit_test(under_an_eager_assignor_too_a_commit_beyond_the_end_begins_at_the_start),
        cmocka_unit_test(a_log_that_was_cut_while_it_was_worked_is_worked_anew_from_its_start),
        cmocka_unit_test(offsets_that_retention_has_taken_are_counted_and_the_rest_is_worked),
        cmocka_unit_test(a_work_can_be_closed_while_it_joins),
        cmocka_unit_test(a_work_can_be_closed_while_its_broker_is_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
