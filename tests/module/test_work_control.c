/* What is changed from outside while a work runs: pauses, slots, simulated time. */
#include "work_fixture.h"

#include "work/work_parts.h"

#include <librdkafka/rdkafka_mock.h>

enum { OFFSET_COMMIT = 8 /* in the protocol */ };

static struct work_counts counts_of(const struct crew *crew, size_t which)
{
    struct work_counts counts;
    work_counts(crew->works[which], &counts);
    return counts;
}

static bool runs_some(struct fixture *base, void *arg)
{
    const struct crew *crew = (struct crew *)(void *)base;
    return counts_of(crew, 0).running >= *(size_t *)arg;
}

static void when_running(struct crew *crew, size_t count)
{
    assert_true(wait_until(&crew->base, runs_some, &count, WORK_PATIENCE));
}

static bool runs_none(struct fixture *base, void *arg)
{
    (void)arg;
    return counts_of((struct crew *)(void *)base, 0).running == 0;
}

static void given_full_log(struct crew *crew, int count, const char *value)
{
    given_log(crew);
    for (int partition = 0; partition < PARTITIONS; partition++)
        given_records(crew, partition, count, value);
    given_all_written(crew);
}

static void a_pause_lets_jobs_end_and_begins_none_until_it_is_over(void **state)
{
    struct crew crew;
    given_crew(&crew, 4);
    given_full_log(&crew, 10, "{\"processing_time\":50}");
    given_work(&crew, 0);
    when_running(&crew, 1);
    work_pause(crew.works[0]);
    work_pause(crew.works[0]);
    assert_true(work_paused(crew.works[0]));
    assert_true(wait_until(&crew.base, runs_none, NULL, WORK_PATIENCE));
    struct work_counts paused = counts_of(&crew, 0);
    when_time_passes(&crew, 300);
    struct work_counts later = counts_of(&crew, 0);
    assert_true(paused.done > 0 && paused.done < PARTITIONS * 10);
    assert_int_equal(later.done, paused.done);
    assert_int_equal(later.taken, paused.taken);
    struct error err;
    assert_true(work_ready(crew.works[0], &err));

    work_resume(crew.works[0]);
    when_ended(&crew, PARTITIONS * 10);
    read_evidence(&crew);
    then_partitions_were_worked_in_order(&crew);
    then_each_was_done_once(&crew, PARTITIONS, 10);
    then_the_crew_goes(&crew);
}

static void a_pause_holds_for_partitions_that_come_later_and_keeps_what_was_done(void **state)
{
    struct crew crew;
    given_crew(&crew, 4);
    given_full_log(&crew, 5, "{\"processing_time\":1}");
    given_work(&crew, 0);
    work_pause(crew.works[0]);
    when_assigned(&crew, 0);
    when_time_passes(&crew, 300);
    assert_int_equal(counts_of(&crew, 0).taken, 0);

    given_work(&crew, 1); /* the group is divided anew: half of it is worked by the other one */
    when_assigned(&crew, 1);
    when_time_passes(&crew, 300);
    assert_int_equal(counts_of(&crew, 0).taken, 0);
    assert_true(work_paused(crew.works[0]));
    work_resume(crew.works[0]);
    when_ended(&crew, PARTITIONS * 5);
    read_evidence(&crew);
    then_each_was_done_once(&crew, PARTITIONS, 5);
    then_the_crew_goes(&crew);
}

static void a_pause_outlives_commits_that_the_broker_refuses(void **state)
{
    struct crew crew;
    given_crew(&crew, 4);
    given_full_log(&crew, 10, "{\"processing_time\":20}");
    given_work(&crew, 0);
    when_running(&crew, 1);
    rd_kafka_resp_err_t refusals[3];
    for (size_t i = 0; i < 3; i++)
        refusals[i] = RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED;
    rd_kafka_mock_push_request_errors_array(embedded_cluster(crew.base.target.embedded), OFFSET_COMMIT, 3, refusals);
    work_pause(crew.works[0]);
    when_time_passes(&crew, 600); /* the fourth is taken */
    assert_int_equal(metric_value(crew.works[0]->series.commit_refused), 3);
    struct work_counts counts = counts_of(&crew, 0);
    assert_true(work_paused(crew.works[0]));
    assert_true(counts.done > 0 && counts.done < PARTITIONS * 10 && counts.running == 0);
    int64_t sum = 0;
    for (int32_t partition = 0; partition < PARTITIONS; partition++) {
        int64_t offset = committed(&crew, partition);
        sum += offset < 0 ? 0 : offset;
    }
    assert_int_equal(sum, counts.done);
    then_the_crew_goes(&crew);
}

static void a_job_that_fails_rests_through_a_pause_and_is_tried_again_after_it(void **state)
{
    struct crew crew;
    given_crew(&crew, 4);
    crew.config.retry = (struct work_retry_config){ .retries = 1, .base_us = 20000, .max_us = 20000 };
    given_log(&crew);
    given_record(&crew, 0, NULL, "{\"processing_time\":30,\"always_fail\":true}");
    given_all_written(&crew);
    given_work(&crew, 0);
    when_running(&crew, 1);
    work_pause(crew.works[0]);
    when_time_passes(&crew, 200);
    assert_int_equal(counts_of(&crew, 0).attempts, 1);
    assert_int_equal(counts_of(&crew, 0).waiting, 1); /* its rest is over */
    work_resume(crew.works[0]);
    when_ended(&crew, 1);
    assert_int_equal(counts_of(&crew, 0).dead, 1);
    then_the_crew_goes(&crew);
}

static void a_drain_ends_a_work_that_is_paused(void **state)
{
    struct crew crew;
    given_crew(&crew, 4);
    given_full_log(&crew, 5, "{\"processing_time\":20}");
    given_work(&crew, 0);
    when_running(&crew, 1);
    work_pause(crew.works[0]);
    when_drained(&crew, 0, 5000);
    assert_int_equal(crew.still_running, 0);
    work_resume(crew.works[0]); /* too late: it begins nothing */
    when_time_passes(&crew, 100);
    assert_int_equal(counts_of(&crew, 0).running, 0);
    then_the_crew_goes(&crew);
}

static void slots_are_raised_and_lowered_while_jobs_run(void **state)
{
    struct crew crew;
    given_crew(&crew, 1);
    crew.shared.slots_max = 6;
    crew.config.order = LANE_ORDER_NONE;
    given_full_log(&crew, 60, "{\"processing_time\":30}");
    given_work(&crew, 0);
    when_running(&crew, 1);
    struct error err;
    assert_int_equal(work_set(crew.works[0], &(struct work_setting){ .has_concurrency = true, .concurrency = 6 }, &err), 0);
    when_running(&crew, 6);
    assert_int_equal(work_set(crew.works[0], &(struct work_setting){ .has_concurrency = true, .concurrency = 2 }, &err), 0);
    when_time_passes(&crew, 100); /* those that ran have ended */
    for (int look = 0; look < 20; look++) {
        assert_in_range(counts_of(&crew, 0).running, 0, 2); /* less between an end and the start in the turn after it */
        when_time_passes(&crew, 5);
    }
    when_running(&crew, 2);
    then_the_crew_goes(&crew);
}

static void a_time_that_is_set_holds_for_every_job_that_begins(void **state)
{
    struct crew crew;
    given_crew(&crew, 1);
    given_full_log(&crew, 20, "{\"processing_time\":100}");
    given_work(&crew, 0);
    when_running(&crew, 1);
    struct error err;
    struct work_setting setting;
    work_get(crew.works[0], &setting);
    assert_false(setting.has_time); /* each record has its own */
    assert_int_equal(work_set(crew.works[0], &(struct work_setting){ .has_time = true, .time_us = 0 }, &err), 0);
    uint64_t began_us = clock_us();
    when_ended(&crew, PARTITIONS * 20);
    assert_true(clock_us() - began_us < PARTITIONS * 20 * 100000 / 4);
    work_get(crew.works[0], &setting);
    assert_true(setting.has_time && setting.time_us == 0 && setting.concurrency == 1 && !setting.paused);
    then_the_crew_goes(&crew);
}

static void what_is_not_allowed_changes_nothing(void **state)
{
    struct crew crew;
    given_crew(&crew, 2);
    crew.shared.slots_max = 4;
    crew.config.handler = (struct handler_config){ .noop = { .present = true } };
    given_log(&crew);
    given_work(&crew, 0);
    struct work_setting setting = { .has_paused = true, .paused = true, .has_concurrency = true, .concurrency = 5 };
    struct error err;
    assert_int_equal(work_set(crew.works[0], &setting, &err), E_INVALID);
    assert_string_equal(err.message, "found concurrency 5; allowed: 1 to 4 (pool.max)");
    setting.concurrency = 0;
    assert_int_equal(work_set(crew.works[0], &setting, &err), E_INVALID);
    setting = (struct work_setting){ .has_concurrency = true, .concurrency = 3, .has_time = true };
    assert_int_equal(work_set(crew.works[0], &setting, &err), E_INVALID);
    assert_string_equal(err.message, "found a processing time for the handler noop, whose jobs take the time that they take");
    work_get(crew.works[0], &setting);
    assert_int_equal(setting.concurrency, 2);
    assert_false(setting.paused || setting.has_time);
    then_the_crew_goes(&crew);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pause_lets_jobs_end_and_begins_none_until_it_is_over),
        cmocka_unit_test(a_pause_holds_for_partitions_that_come_later_and_keeps_what_was_done),
        cmocka_unit_test(a_pause_outlives_commits_that_the_broker_refuses),
        cmocka_unit_test(a_job_that_fails_rests_through_a_pause_and_is_tried_again_after_it),
        cmocka_unit_test(a_drain_ends_a_work_that_is_paused),
        cmocka_unit_test(slots_are_raised_and_lowered_while_jobs_run),
        cmocka_unit_test(a_time_that_is_set_holds_for_every_job_that_begins),
        cmocka_unit_test(what_is_not_allowed_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
