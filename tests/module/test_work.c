/* A work on its partitions: order, slots, retries, commits, restarts, drain. */
#include "work_fixture.h"

#include "core/lanes.h"
#include "work/work_parts.h"

static void the_records_of_a_partition_are_worked_one_after_the_other(void **state)
{
    struct crew crew;
    given_crew(&crew, 10);
    given_log(&crew);
    for (int partition = 0; partition < PARTITIONS; partition++)
        given_records(&crew, partition, 25, "{\"processing_time\":2}");
    given_all_written(&crew);
    given_work(&crew, 0);
    when_ended(&crew, PARTITIONS * 25);

    read_evidence(&crew);
    then_partitions_were_worked_in_order(&crew);
    then_each_was_done_once(&crew, PARTITIONS, 25);
    then_the_crew_goes(&crew);
}

static void a_failed_record_holds_back_only_its_own_key(void **state)
{
    struct crew crew;
    given_crew(&crew, 10);
    crew.config.order = LANE_ORDER_KEY;
    crew.config.retry = (struct work_retry_config){ .retries = 2, .base_us = 200000, .max_us = 200000 };
    given_log(&crew);
    given_record(&crew, 0, "a", "{\"processing_time\":1,\"always_fail\":true}"); /* offset 0 */
    given_record(&crew, 0, "a", "{\"processing_time\":1}");
    for (int i = 0; i < 10; i++)
        given_record(&crew, 0, "b", "{\"processing_time\":1}");
    given_all_written(&crew);
    given_work(&crew, 0);
    when_ended(&crew, 12);

    read_evidence(&crew);
    assert_int_equal(count_lines(&crew, 0, 0, true), 3);
    size_t last_failure = 0, successor = 0, last_of_b = 0;
    for (size_t i = 0; i < crew.line_count; i++) {
        if (crew.lines[i].offset == 0 && !crew.lines[i].start)
            last_failure = i;
        if (crew.lines[i].offset == 1 && crew.lines[i].start)
            successor = i;
        if (strcmp(crew.lines[i].key, "b") == 0)
            last_of_b = i;
    }
    assert_true(successor > last_failure);
    assert_true(last_of_b < last_failure);
    then_the_crew_goes(&crew);
}

static void records_of_a_key_follow_one_another_and_keys_run_side_by_side(void **state)
{
    struct crew crew;
    given_crew(&crew, 10);
    crew.config.order = LANE_ORDER_KEY;
    given_log(&crew);
    for (int i = 0; i < 30; i++)
        given_record(&crew, 0, i % 2 == 0 ? "even" : "odd", "{\"processing_time\":3}");
    given_all_written(&crew);
    given_work(&crew, 0);
    when_ended(&crew, 30);

    read_evidence(&crew);
    int64_t running[2] = { -1, -1 }, last[2] = { -1, -1 };
    bool side_by_side = false;
    for (size_t i = 0; i < crew.line_count; i++) {
        const struct line *line = &crew.lines[i];
        int key = strcmp(line->key, "odd") == 0;
        if (line->start) {
            assert_true(running[key] == -1 && line->offset > last[key]);
            running[key] = last[key] = line->offset;
            side_by_side = side_by_side || running[1 - key] != -1;
        } else {
            running[key] = -1;
        }
    }
    assert_true(side_by_side);
    then_the_crew_goes(&crew);
}

static void no_more_jobs_run_than_there_are_slots(void **state)
{
    struct crew crew;
    given_crew(&crew, 3);
    crew.config.order = LANE_ORDER_NONE;
    given_log(&crew);
    given_records(&crew, 0, 60, "{\"processing_time\":5}");
    given_records(&crew, 1, 60, "{\"processing_time\":5}");
    given_all_written(&crew);
    given_work(&crew, 0);
    when_ended(&crew, 120);

    read_evidence(&crew);
    int running = 0, most = 0;
    for (size_t i = 0; i < crew.line_count; i++) {
        running += crew.lines[i].start ? 1 : -1;
        most = running > most ? running : most;
    }
    assert_int_equal(most, 3);
    then_the_crew_goes(&crew);
}

static bool waits_beyond(struct fixture *base, void *arg)
{
    struct crew *crew = (struct crew *)(void *)base;
    struct work_counts counts;
    work_counts(crew->works[0], &counts);
    return counts.waiting > *(size_t *)arg;
}

static void a_hot_partition_fills_its_share_and_leaves_room_for_a_cold_one(void **state)
{
    struct crew crew;
    given_crew(&crew, 1);
    crew.config.queue = 10;
    given_log(&crew);
    given_records(&crew, 0, 400, "{\"processing_time\":20}");
    given_all_written(&crew);
    given_work(&crew, 0);
    when_ended(&crew, 5);
    size_t limit = 10;
    assert_false(wait_until(&crew.base, waits_beyond, &limit, 300));

    given_record(&crew, 1, NULL, "{\"processing_time\":1}");
    given_all_written(&crew);
    when_ended(&crew, 45);
    read_evidence(&crew);
    assert_int_equal(count_lines(&crew, 1, 0, false), 1);
    assert_true(count_lines(&crew, 0, -1, false) < 60);
    then_the_crew_goes(&crew);
}

static void what_could_start_but_finds_no_slot_lets_no_more_be_taken(void **state)
{
    struct crew crew;
    given_crew(&crew, 1);
    crew.config.order = LANE_ORDER_NONE;
    crew.config.queue = 1000;
    given_log(&crew);
    given_records(&crew, 0, 400, "{\"processing_time\":20}");
    given_all_written(&crew);
    given_work(&crew, 0);
    when_ended(&crew, 5);
    size_t at_once = 64;
    assert_false(wait_until(&crew.base, waits_beyond, &at_once, 300));
    then_the_crew_goes(&crew);
}

static void nothing_is_committed_beyond_what_is_done(void **state)
{
    struct crew crew;
    given_crew(&crew, 10);
    crew.config.order = LANE_ORDER_NONE;
    crew.config.handler.simulate.range_us = 10000000; /* so that long jobs are no failures */
    given_log(&crew);
    given_records(&crew, 0, 3, "{\"processing_time\":1}");
    given_record(&crew, 0, NULL, "{\"processing_time\":1500}");
    given_records(&crew, 0, 20, "{\"processing_time\":1}");
    given_all_written(&crew);
    given_work(&crew, 0);
    when_ended(&crew, 23);
    when_time_passes(&crew, 300);
    assert_int_equal(committed(&crew, 0), 3);

    when_ended(&crew, 24);
    when_time_passes(&crew, 400);
    assert_int_equal(committed(&crew, 0), 24);
    then_the_crew_goes(&crew);
}

static void a_restart_begins_where_the_commit_stands(void **state)
{
    struct crew crew;
    given_crew(&crew, 10);
    given_log(&crew);
    given_records(&crew, 2, 10, "{\"processing_time\":1}");
    given_all_written(&crew);
    given_work(&crew, 0);
    when_ended(&crew, 10);
    when_closed(&crew, 0);
    assert_int_equal(committed(&crew, 2), 10);

    given_records(&crew, 2, 5, "{\"processing_time\":1}");
    given_all_written(&crew);
    given_work(&crew, 0);
    when_ended(&crew, 5);
    read_evidence(&crew);
    assert_int_equal(crew.line_count, 2 * 15);
    then_partitions_were_worked_in_order(&crew);
    then_the_crew_goes(&crew);
}

static void a_drain_lets_running_jobs_end_and_begins_none(void **state)
{
    struct crew crew;
    given_crew(&crew, 2);
    crew.config.handler.simulate.range_us = 10000000;
    given_log(&crew);
    given_records(&crew, 0, 5, "{\"processing_time\":700}");
    given_records(&crew, 1, 5, "{\"processing_time\":700}");
    given_all_written(&crew);
    given_work(&crew, 0);
    when_ended(&crew, 2); /* now the second of each runs */
    when_time_passes(&crew, 100);
    when_drained(&crew, 0, 5000);
    assert_int_equal(crew.still_running, 0);
    when_closed(&crew, 0);

    read_evidence(&crew);
    assert_int_equal(count_lines(&crew, 0, -1, true), 2);
    assert_int_equal(count_lines(&crew, 0, -1, false), 2);
    assert_int_equal(committed(&crew, 0), 2);
    assert_int_equal(committed(&crew, 1), 2);
    then_the_crew_goes(&crew);
}

static void a_drain_that_takes_too_long_is_cut_and_its_job_is_not_committed(void **state)
{
    struct crew crew;
    given_crew(&crew, 2);
    crew.config.handler.simulate.range_us = 100000000;
    crew.config.retry.retries = 0; /* a failure would be a dead letter at once */
    given_log(&crew);
    given_record(&crew, 0, NULL, "{\"processing_time\":1}");
    given_record(&crew, 0, NULL, "{\"processing_time\":60000}");
    given_all_written(&crew);
    given_work(&crew, 0);
    when_ended(&crew, 1);
    when_time_passes(&crew, 50);
    when_drained(&crew, 0, 200);
    assert_int_equal(crew.still_running, 1);
    when_closed(&crew, 0);
    assert_int_equal(committed(&crew, 0), 1);
    then_the_crew_goes(&crew);
}

static void jobs_that_burn_a_processor_run_beside_the_loop(void **state)
{
    struct crew crew;
    given_crew(&crew, 2);
    crew.config.handler.simulate.mode = SIMULATE_CPU;
    given_log(&crew);
    given_records(&crew, 0, 10, "{\"processing_time\":2}");
    given_records(&crew, 1, 10, "{\"processing_time\":2}");
    given_all_written(&crew);
    given_work(&crew, 0);
    when_ended(&crew, 20);
    read_evidence(&crew);
    then_partitions_were_worked_in_order(&crew);
    then_the_crew_goes(&crew);
}

static void an_attempt_that_passes_its_timeout_has_failed(void **state)
{
    struct crew crew;
    given_crew(&crew, 2);
    crew.config.handler.simulate.range_us = 1000;
    crew.config.handler.simulate.min_us = 100000000;
    crew.config.timeout_us = 50000;
    crew.config.retry.retries = 0;
    given_log(&crew);
    given_record(&crew, 0, NULL, "{\"processing_time\":60000}");
    given_all_written(&crew);
    given_work(&crew, 0);
    when_ended(&crew, 1);

    rd_kafka_t *reader;
    rd_kafka_message_t *letters[4];
    size_t count = read_dead_letters(&crew, &reader, letters, 4);
    assert_int_equal(count, 1);
    then_header_is(letters[0], "x-final-error", "the attempt took longer than its timeout of 50 ms");
    free_records(reader, letters, count);
    then_the_crew_goes(&crew);
}

/* --- a loop that stands still --- */

static bool have_begun(struct fixture *base, void *arg)
{
    struct crew *crew = (struct crew *)(void *)base;
    struct work_counts counts;
    work_counts(crew->works[0], &counts);
    return counts.running + ended(crew) == *(size_t *)arg;
}

/* Jobs that end meanwhile, and their timeouts, which come after their ends, are all heard in the loop's next turn. The commit that is
 * due before makes that of the timeouts come first. */
static void given_jobs_that_end_while_the_loop_stands_still(struct crew *crew, enum simulate_mode mode, size_t count, const char *job)
{
    crew->config.order = LANE_ORDER_NONE;
    crew->config.handler.simulate.mode = mode;
    crew->config.handler.simulate.range_us = 10000000;
    crew->config.timeout_us = 2000000;
    crew->config.commit.interval_us = 1000;
    crew->config.retry.retries = 0;
    given_log(crew);
    given_records(crew, 0, (int)count, job);
    given_all_written(crew);
    given_work(crew, 0);
    assert_true(wait_until(&crew->base, have_begun, &count, WORK_PATIENCE));
    usleep(2200000);
    when_ended(crew, count);
}

static void what_ended_in_its_time_while_the_loop_stood_still_has_not_passed_its_timeout(void **state)
{
    struct crew crew;
    given_crew(&crew, 500);
    crew.config.queue = 1000;
    given_jobs_that_end_while_the_loop_stands_still(&crew, SIMULATE_TIMER, 400, "{\"processing_time\":1500}");

    struct work_counts counts;
    work_counts(crew.works[0], &counts);
    assert_int_equal(counts.done, 400);
    read_evidence(&crew);
    then_each_was_done_once(&crew, 1, 400);
    then_the_crew_goes(&crew);
}

static void what_failed_on_a_thread_while_the_loop_stood_still_tells_its_own_reason(void **state)
{
    struct crew crew;
    given_crew(&crew, 4);
    given_jobs_that_end_while_the_loop_stands_still(&crew, SIMULATE_CPU, 4, "{\"processing_time\":300,\"always_fail\":true}");

    rd_kafka_t *reader;
    rd_kafka_message_t *letters[8];
    size_t count = read_dead_letters(&crew, &reader, letters, 8);
    assert_int_equal(count, 4);
    for (size_t i = 0; i < count; i++)
        then_header_is(letters[i], "x-final-error", "the simulated job is one that always fails");
    free_records(reader, letters, count);
    then_the_crew_goes(&crew);
}

/* --- a handler whose database is away --- */

struct scripted {
    unsigned starts;
    unsigned away; /* attempts that find it away */
};

static enum outcome scripted_start(void *state, struct attempt *attempt)
{
    struct scripted *scripted = state;
    scripted->starts++;
    assert_int_equal(attempt->number, 1);
    if (scripted->starts > scripted->away)
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

static void what_finds_its_database_away_waits_and_counts_no_attempt(void **state)
{
    static const struct handler handler = {
        .name = "scripted", .start = scripted_start, .cancel = scripted_cancel, .close = scripted_close
    };
    struct scripted scripted = { .away = 3 };
    struct crew crew;
    given_crew(&crew, 4);
    crew.config.handler = (struct handler_config){ .noop = { .present = true } };
    crew.config.retry.retries = 0;
    given_log(&crew);
    for (int partition = 0; partition < PARTITIONS; partition++)
        given_records(&crew, partition, 5, "x");
    given_all_written(&crew);
    given_work(&crew, 0);
    crew.works[0]->handler = &handler;
    crew.works[0]->handler_state = &scripted;
    when_ended(&crew, 20);

    struct work_counts counts;
    work_counts(crew.works[0], &counts);
    assert_int_equal(counts.done, 20);
    assert_int_equal(counts.dead, 0);
    assert_int_equal(scripted.starts, 23);
    then_the_crew_goes(&crew);
}

static void a_hundred_thousand_records_pass_through_and_leave_nothing_behind(void **state)
{
    struct crew crew;
    given_crew(&crew, 10);
    crew.config.handler = (struct handler_config){ .noop = { .present = true } };
    crew.config.order = LANE_ORDER_KEY;
    crew.config.queue = 1000;
    given_log(&crew);
    char key[16];
    for (int i = 0; i < 100000; i++) {
        snprintf(key, sizeof(key), "k-%d", i % 20000);
        given_record(&crew, i % PARTITIONS, key, "{}");
        if (i % 1000 == 0)
            given_all_written(&crew);
    }
    given_all_written(&crew);
    given_work(&crew, 0);
    uint64_t began_us = clock_us();
    when_ended(&crew, 100000);
    print_message("100000 records in %" PRIu64 " ms\n", (clock_us() - began_us) / 1000);
    when_time_passes(&crew, 300);
    for (int32_t partition = 0; partition < PARTITIONS; partition++)
        assert_int_equal(committed(&crew, partition), 100000 / PARTITIONS);
    assert_int_equal(crew.works[0]->records.used, 0);
    assert_int_equal(crew.works[0]->bytes.used, 0);
    assert_int_equal(crew.works[0]->queue.used, 0);
    then_the_crew_goes(&crew);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_records_of_a_partition_are_worked_one_after_the_other),
        cmocka_unit_test(a_failed_record_holds_back_only_its_own_key),
        cmocka_unit_test(records_of_a_key_follow_one_another_and_keys_run_side_by_side),
        cmocka_unit_test(no_more_jobs_run_than_there_are_slots),
        cmocka_unit_test(a_hot_partition_fills_its_share_and_leaves_room_for_a_cold_one),
        cmocka_unit_test(what_could_start_but_finds_no_slot_lets_no_more_be_taken),
        cmocka_unit_test(nothing_is_committed_beyond_what_is_done),
        cmocka_unit_test(a_restart_begins_where_the_commit_stands),
        cmocka_unit_test(a_drain_lets_running_jobs_end_and_begins_none),
        cmocka_unit_test(a_drain_that_takes_too_long_is_cut_and_its_job_is_not_committed),
        cmocka_unit_test(jobs_that_burn_a_processor_run_beside_the_loop),
        cmocka_unit_test(an_attempt_that_passes_its_timeout_has_failed),
        cmocka_unit_test(what_ended_in_its_time_while_the_loop_stood_still_has_not_passed_its_timeout),
        cmocka_unit_test(what_failed_on_a_thread_while_the_loop_stood_still_tells_its_own_reason),
        cmocka_unit_test(what_finds_its_database_away_waits_and_counts_no_attempt),
        cmocka_unit_test(a_hundred_thousand_records_pass_through_and_leave_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
