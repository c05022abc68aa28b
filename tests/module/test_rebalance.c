/* Two works of one group: partitions come and go, and nothing is lost, done twice or out of order. */
#include "work_fixture.h"

#include "work/work_parts.h"

enum { COUNT = 150 };

static void given_full_log(struct crew *crew)
{
    given_log(crew);
    for (int partition = 0; partition < PARTITIONS; partition++)
        given_records(crew, partition, COUNT, "{\"processing_time\":10}");
    given_all_written(crew);
}

static size_t partitions_of(const struct crew *crew, size_t which)
{
    struct work_counts counts;
    work_counts(crew->works[which], &counts);
    return counts.partitions;
}

static bool are_shared(struct fixture *base, void *arg)
{
    struct crew *crew = (struct crew *)(void *)base;
    (void)arg;
    return partitions_of(crew, 0) == PARTITIONS / 2 && partitions_of(crew, 1) == PARTITIONS / 2;
}

static void when_shared(struct crew *crew)
{
    assert_true(wait_until(&crew->base, are_shared, NULL, WORK_PATIENCE));
}

static bool are_all_done(struct fixture *base, void *arg)
{
    struct crew *crew = (struct crew *)(void *)base;
    (void)arg;
    for (int32_t partition = 0; partition < PARTITIONS; partition++) {
        if (committed(crew, partition) != COUNT)
            return false;
    }
    return true;
}

/* A second member comes in the middle of the work, and leaves in the middle of it. */
static void when_a_member_joins_and_leaves(struct crew *crew)
{
    given_full_log(crew);
    given_work(crew, 0);
    when_ended(crew, 60);
    given_work(crew, 1);
    when_shared(crew);
    when_ended(crew, ended(crew) + 60);
    struct work_counts counts;
    work_counts(crew->works[1], &counts);
    assert_true(counts.done > 0);
    when_closed(crew, 1);
    assert_true(wait_until(&crew->base, are_all_done, NULL, WORK_PATIENCE));
    read_evidence(crew);
}

static void under_a_cooperative_assignor_a_member_joins_and_leaves_and_nothing_is_redone(void **state)
{
    struct crew crew;
    given_crew(&crew, 10);
    when_a_member_joins_and_leaves(&crew);
    then_partitions_were_worked_in_order(&crew);
    then_each_was_done_once(&crew, PARTITIONS, COUNT);
    then_the_crew_goes(&crew);
}

/* The mock cluster refuses every commit from the moment that a member asks to join, so some records are done again here; a real one
 * takes the last commit of those who give up. */
static void under_an_eager_assignor_a_member_joins_and_leaves_and_nothing_is_lost(void **state)
{
    struct crew crew;
    given_crew(&crew, 10);
    crew.config.assignor = 1; /* range */
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

static void a_running_job_ends_and_is_committed_before_its_partition_is_given_back(void **state)
{
    struct crew crew;
    given_crew(&crew, 10);
    crew.config.handler.simulate.range_us = 10000000;
    given_log(&crew);
    for (int partition = 0; partition < PARTITIONS; partition++)
        given_records(&crew, partition, 4, "{\"processing_time\":1500}");
    given_all_written(&crew);
    given_work(&crew, 0);
    when_assigned(&crew, 0);
    given_work(&crew, 1);
    when_shared(&crew);
    uint64_t all = PARTITIONS * 4;
    when_ended(&crew, all);
    read_evidence(&crew);
    then_partitions_were_worked_in_order(&crew);
    then_each_was_done_once(&crew, PARTITIONS, 4);
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
        given_record(&crew, partition, NULL, "{\"processing_time\":4000}");
    given_all_written(&crew);
    given_work(&crew, 0);
    when_assigned(&crew, 0);
    when_time_passes(&crew, 200);
    given_work(&crew, 1);
    when_shared(&crew);
    when_ended(&crew, PARTITIONS);
    read_evidence(&crew);
    size_t starts = 0, done = 0;
    for (size_t i = 0; i < crew.line_count; i++) {
        starts += crew.lines[i].start;
        done += !crew.lines[i].start && strcmp(crew.lines[i].outcome, "done") == 0;
    }
    assert_int_equal(starts, PARTITIONS + PARTITIONS / 2);
    assert_int_equal(done, PARTITIONS);
    then_the_crew_goes(&crew);
}

static bool is_lost(struct fixture *base, void *arg)
{
    (void)arg;
    return metric_value(metric(base->metrics, METRIC_REBALANCES, "jobs", "lost")) > 0;
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
    assert_true(clock_us() - began_us < 2000000);
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
    crew.config.assignor = 1;
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
        cmocka_unit_test(under_a_cooperative_assignor_a_member_joins_and_leaves_and_nothing_is_redone),
        cmocka_unit_test(under_an_eager_assignor_a_member_joins_and_leaves_and_nothing_is_lost),
        cmocka_unit_test(under_a_cooperative_assignor_what_stays_goes_on_while_others_leave),
        cmocka_unit_test(a_running_job_ends_and_is_committed_before_its_partition_is_given_back),
        cmocka_unit_test(a_job_that_outlives_the_drain_is_done_again_by_the_next_owner),
        cmocka_unit_test(lost_partitions_are_neither_waited_for_nor_committed),
        cmocka_unit_test(a_commit_beyond_the_end_of_a_topic_that_was_made_anew_begins_at_its_start),
        cmocka_unit_test(under_an_eager_assignor_too_a_commit_beyond_the_end_begins_at_the_start),
        cmocka_unit_test(a_work_can_be_closed_while_it_joins),
        cmocka_unit_test(a_work_can_be_closed_while_its_broker_is_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
