/* What is passed on: by the stream's producer, at least once, and in transactions, exactly once. The mock cluster shows records of aborted
 * transactions to everybody, and keeps no offsets that a transaction commits: so a work that begins anew begins at the beginning here. What
 * readers of committed records see on real brokers is tests/system/test_exactly_once.py's matter. */
#include "work_fixture.h"

#include "io/kafka/consumer_parts.h"
#include "work/cut.h"
#include "work/work_parts.h"

#define RECORDS 40 /* a partition */
#define READ    (4 * PARTITIONS * RECORDS)

/* Request kinds of Kafka's protocol. */
enum { HEARTBEAT = 12, INIT_PRODUCER_ID = 22, END_TXN = 26, TXN_OFFSET_COMMIT = 28 };

/* --- given --- */

static void given_pipeline(struct crew *crew, enum work_guarantee guarantee)
{
    given_crew(crew, 8);
    crew->config.output = (struct topic_config){ .name = OUTPUT_TOPIC, .partitions = 1, .create = true };
    crew->config.guarantee = guarantee;
    crew->config.commit.timeout_us = 5000000;
    given_log(crew);
    if (guarantee == WORK_EXACTLY_ONCE)
        crew->base.target.embedded = NULL; /* which is refused; as brokers somewhere it is taken */
}

/* The mock cluster has no controller: who asks about its topics must know it for what it is. */
static void given_worker(struct crew *crew, size_t which)
{
    given_work(crew, which);
    crew->works[which]->consumer->options.target.embedded = crew->base.broker;
}

static void given_numbers(struct crew *crew, int32_t partitions)
{
    char value[96];
    for (int32_t partition = 0; partition < partitions; partition++)
        for (int number = 0; number < RECORDS; number++) {
            snprintf(value, sizeof(value), "{\"partition\":%d,\"number\":%d,\"processing_time\":1}", (int)partition, number);
            given_record(crew, partition, NULL, value);
        }
    given_all_written(crew);
}

static void given_refusals(struct crew *crew, int16_t request, size_t count, rd_kafka_resp_err_t code)
{
    for (size_t i = 0; i < count; i++)
        rd_kafka_mock_push_request_errors(cluster_of(&crew->base), request, 1, code);
}

/* Its end is asked for, again and again, and not answered. */
static void given_transactions_that_last(struct crew *crew)
{
    given_refusals(crew, END_TXN, 2000, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE);
}

static void when_they_may_end(struct crew *crew)
{
    rd_kafka_mock_clear_request_errors(cluster_of(&crew->base), END_TXN);
}

/* --- waiting --- */

static double transactions(struct crew *crew, enum transaction_end end)
{
    return metric_value(crew->works[0]->series.transactions[end]);
}

static bool is_in_a_transaction(struct fixture *base, void *arg)
{
    (void)arg;
    return cut_under_way(((struct crew *)(void *)base)->works[0]) > 0;
}

static void when_in_a_transaction(struct crew *crew)
{
    assert_true(wait_until(&crew->base, is_in_a_transaction, NULL, WORK_PATIENCE));
}

static bool is_lost(struct fixture *base, void *arg)
{
    return metric_value(((struct crew *)(void *)base)->works[0]->series.lost) > 0;
}

static bool is_wanted_back(struct fixture *base, void *arg)
{
    (void)arg;
    return !list_empty(&((struct crew *)(void *)base)->works[0]->giving_up);
}

static bool is_shared(struct fixture *base, void *arg)
{
    struct crew *crew = (struct crew *)(void *)base;
    for (size_t which = 0; which < 2; which++) {
        struct work_counts counts;
        work_counts(crew->works[which], &counts);
        if (counts.partitions != PARTITIONS / 2)
            return false;
    }
    return true;
}

static bool have_been_tried(struct fixture *base, void *arg)
{
    struct work_counts counts;
    work_counts(((struct crew *)(void *)base)->works[0], &counts);
    return counts.attempts >= *(uint64_t *)arg;
}

static void when_tried(struct crew *crew, uint64_t attempts)
{
    assert_true(wait_until(&crew->base, have_been_tried, &attempts, WORK_PATIENCE));
}

static bool is_all_committed(struct fixture *base, void *arg)
{
    (void)arg;
    const struct work *work = ((struct crew *)(void *)base)->works[0];
    list_each(link, &work->partitions) {
        const struct partition *partition = list_entry(link, struct partition, link);
        if (partition->commits > 0 || partition->committed != partition->offsets.watermark)
            return false;
    }
    return work->round == NULL && list_empty(&work->cut);
}

static void when_all_is_committed(struct crew *crew)
{
    assert_true(wait_until(&crew->base, is_all_committed, NULL, WORK_PATIENCE));
}

/* --- what came out --- */

static int number_in(const rd_kafka_message_t *record, const char *name)
{
    yyjson_doc *doc = yyjson_read(record->payload, record->len, 0);
    assert_non_null(doc);
    int number = yyjson_get_int(yyjson_obj_get(yyjson_doc_get_root(doc), name));
    yyjson_doc_free(doc);
    return number;
}

/* What came out again begins anew, and none is left out. `times`: each so often in all; 0: it cannot be told. */
static void then_all_came_out_in_order(struct crew *crew, int partitions, size_t times)
{
    rd_kafka_t *reader;
    rd_kafka_message_t **records = calloc(READ, sizeof(*records));
    size_t count = read_topic(crew, OUTPUT_TOPIC, 1, &reader, records, READ);
    int next[PARTITIONS] = { 0 };
    for (size_t i = 0; i < count; i++) {
        int partition = number_in(records[i], "partition"), number = number_in(records[i], "number");
        assert_true(number <= next[partition]); /* none overtakes */
        next[partition] = number + 1;
    }
    for (int partition = 0; partition < partitions; partition++)
        assert_int_equal(next[partition], RECORDS);
    if (times > 0)
        assert_int_equal(count, times * RECORDS * (size_t)partitions);
    free_records(reader, records, count);
    free(records);
}

static void then_each_was_worked_once(struct crew *crew, int partitions)
{
    read_evidence(crew);
    then_partitions_were_worked_in_order(crew);
    then_each_was_done_once(crew, partitions, RECORDS);
    assert_int_equal(crew->line_count, 2 * (size_t)partitions * RECORDS);
}

static void then_nothing_is_held(const struct work *work)
{
    assert_int_equal(work->cut_count, 0);
    assert_int_equal(work->cut_bytes, 0);
    assert_int_equal(work->sending, 0);
    assert_int_equal(work->records.used, 0);
    assert_int_equal(work->bytes.used, 0);
    assert_true(list_empty(&work->leftovers));
}

/* --- at least once --- */

static void an_output_ends_its_record_and_comes_out_in_order(void **state)
{
    struct crew crew;
    given_pipeline(&crew, WORK_AT_LEAST_ONCE);
    given_numbers(&crew, PARTITIONS);
    given_worker(&crew, 0);
    when_ended(&crew, PARTITIONS * RECORDS);
    when_all_is_committed(&crew);
    then_nothing_is_held(crew.works[0]);
    for (int32_t partition = 0; partition < PARTITIONS; partition++)
        assert_int_equal(committed(&crew, partition), RECORDS);
    assert_int_equal((int)metric_value(crew.works[0]->series.outputs), PARTITIONS * RECORDS);
    then_each_was_worked_once(&crew, PARTITIONS);
    then_all_came_out_in_order(&crew, PARTITIONS, 1);
    then_the_crew_goes(&crew);
}

/* --- exactly once --- */

static void outputs_and_offsets_are_committed_in_transactions(void **state)
{
    struct crew crew;
    given_pipeline(&crew, WORK_EXACTLY_ONCE);
    given_numbers(&crew, PARTITIONS);
    given_worker(&crew, 0);
    when_ended(&crew, PARTITIONS * RECORDS);
    when_all_is_committed(&crew);
    then_nothing_is_held(crew.works[0]);
    list_each(link, &crew.works[0]->partitions)
        assert_int_equal(list_entry(link, struct partition, link)->committed, RECORDS);
    assert_true(transactions(&crew, TRANSACTION_COMMITTED) > 0);
    assert_true(transactions(&crew, TRANSACTION_ABORTED) + transactions(&crew, TRANSACTION_UNKNOWN) == 0);
    then_each_was_worked_once(&crew, PARTITIONS);
    then_all_came_out_in_order(&crew, PARTITIONS, 1);
    then_the_crew_goes(&crew);
}

static void what_was_aborted_is_sent_again_and_not_worked_again(void **state)
{
    struct crew crew;
    given_pipeline(&crew, WORK_EXACTLY_ONCE);
    given_refusals(&crew, TXN_OFFSET_COMMIT, 2, RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS);
    given_numbers(&crew, PARTITIONS);
    given_worker(&crew, 0);
    when_ended(&crew, PARTITIONS * RECORDS);
    when_all_is_committed(&crew);
    then_nothing_is_held(crew.works[0]);
    assert_int_equal((int)transactions(&crew, TRANSACTION_ABORTED), 2);
    then_each_was_worked_once(&crew, PARTITIONS);
    then_all_came_out_in_order(&crew, PARTITIONS, 0);
    then_the_crew_goes(&crew);
}

static void of_what_it_is_not_known_whether_it_was_committed_all_begins_where_the_group_stands(void **state)
{
    struct crew crew;
    given_pipeline(&crew, WORK_EXACTLY_ONCE);
    given_refusals(&crew, END_TXN, 1, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH);
    given_numbers(&crew, 1);
    given_worker(&crew, 0);
    when_ended(&crew, RECORDS);
    when_all_is_committed(&crew);
    then_nothing_is_held(crew.works[0]);
    assert_int_equal((int)transactions(&crew, TRANSACTION_UNKNOWN), 1);
    assert_true(is_lost(&crew.base, NULL));
    then_all_came_out_in_order(&crew, 1, 0);
    then_the_crew_goes(&crew);
}

static void until_the_id_is_claimed_nothing_is_handed_over_and_nothing_counts_as_aborted(void **state)
{
    struct crew crew;
    given_pipeline(&crew, WORK_EXACTLY_ONCE);
    given_refusals(&crew, INIT_PRODUCER_ID, 1000, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS);
    given_numbers(&crew, 1);
    given_worker(&crew, 0);
    when_tried(&crew, RECORDS);
    when_time_passes(&crew, 500);
    struct work *work = crew.works[0];
    assert_int_equal(work->refused.code, E_UNAVAILABLE);
    assert_non_null(strstr(work->refused.message, "is not ours yet"));
    assert_int_equal(work->aborts, 0);
    assert_int_equal((int)transactions(&crew, TRANSACTION_ABORTED), 0);
    rd_kafka_mock_clear_request_errors(cluster_of(&crew.base), INIT_PRODUCER_ID);
    when_ended(&crew, RECORDS);
    when_all_is_committed(&crew);
    assert_int_equal(work->refused.code, 0);
    then_each_was_worked_once(&crew, 1);
    then_all_came_out_in_order(&crew, 1, 1);
    then_the_crew_goes(&crew);
}

static void a_dead_letter_goes_along_with_the_outputs(void **state)
{
    struct crew crew;
    given_pipeline(&crew, WORK_EXACTLY_ONCE);
    given_record(&crew, 0, "k", "{\"processing_time\":1,\"always_fail\":true}");
    given_record(&crew, 0, "k", "not JSON");
    given_numbers(&crew, 1);
    given_worker(&crew, 0);
    when_ended(&crew, RECORDS + 2);
    when_all_is_committed(&crew);
    then_nothing_is_held(crew.works[0]);

    rd_kafka_t *reader;
    rd_kafka_message_t *letters[4];
    size_t count = read_dead_letters(&crew, &reader, letters, 4);
    assert_int_equal(count, 2);
    then_header_is(letters[0], "x-origin-offset", "0");
    then_header_is(letters[0], "x-attempt", "3");
    then_header_is(letters[1], "x-origin-offset", "1");
    then_header_is(letters[1], "x-attempt", "1");
    free_records(reader, letters, count);
    then_all_came_out_in_order(&crew, 1, 1);
    then_the_crew_goes(&crew);
}

/* --- while a transaction runs --- */

static void partitions_that_are_wanted_back_wait_for_the_transaction(void **state)
{
    struct crew crew;
    given_pipeline(&crew, WORK_EXACTLY_ONCE);
    given_transactions_that_last(&crew);
    given_numbers(&crew, PARTITIONS);
    given_worker(&crew, 0);
    when_in_a_transaction(&crew);
    given_worker(&crew, 1);
    assert_true(wait_until(&crew.base, is_wanted_back, NULL, WORK_PATIENCE));
    when_time_passes(&crew, 300);
    assert_true(is_wanted_back(&crew.base, NULL) && is_in_a_transaction(&crew.base, NULL));
    when_they_may_end(&crew);
    assert_true(wait_until(&crew.base, is_shared, NULL, WORK_PATIENCE));
    when_all_is_committed(&crew);
    assert_true(transactions(&crew, TRANSACTION_ABORTED) + transactions(&crew, TRANSACTION_UNKNOWN) == 0);
    assert_false(is_lost(&crew.base, NULL));
    then_the_crew_goes(&crew);
}

static void what_is_lost_while_a_transaction_runs_ends_for_nobody_and_begins_anew(void **state)
{
    struct crew crew;
    given_pipeline(&crew, WORK_EXACTLY_ONCE);
    given_transactions_that_last(&crew);
    given_numbers(&crew, PARTITIONS);
    given_worker(&crew, 0);
    when_in_a_transaction(&crew);
    given_refusals(&crew, HEARTBEAT, 1, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID);
    assert_true(wait_until(&crew.base, is_lost, NULL, WORK_PATIENCE));
    assert_true(is_in_a_transaction(&crew.base, NULL));
    when_they_may_end(&crew);
    when_assigned(&crew, 0);
    when_ended(&crew, PARTITIONS * RECORDS);
    when_all_is_committed(&crew);
    then_nothing_is_held(crew.works[0]);
    then_all_came_out_in_order(&crew, PARTITIONS, 0);
    then_the_crew_goes(&crew);
}

static void a_close_waits_for_the_transaction_that_runs(void **state)
{
    struct crew crew;
    given_pipeline(&crew, WORK_EXACTLY_ONCE);
    given_numbers(&crew, 1);
    given_worker(&crew, 0);
    given_transactions_that_last(&crew);
    when_in_a_transaction(&crew);
    work_close(crew.works[0], clock_us() + CLOSE_US, on_work_closed, &crew.work_closed[0]);
    when_time_passes(&crew, 500);
    assert_false(crew.work_closed[0]);
    assert_true(is_in_a_transaction(&crew.base, NULL));
    when_they_may_end(&crew);
    assert_true(wait_until(&crew.base, is_set, &crew.work_closed[0], 5000));
    crew.works[0] = NULL;
    then_the_crew_goes(&crew);
}

static void a_close_ends_also_when_nobody_answers_for_the_transaction(void **state)
{
    struct crew crew;
    given_pipeline(&crew, WORK_EXACTLY_ONCE);
    crew.config.commit.timeout_us = 2 * WORK_PATIENCE * UINT64_C(1000);
    given_numbers(&crew, 1);
    given_worker(&crew, 0);
    given_transactions_that_last(&crew);
    when_in_a_transaction(&crew);
    when_closed(&crew, 0); /* much earlier than it would end */
    when_they_may_end(&crew);
    then_the_crew_goes(&crew);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_output_ends_its_record_and_comes_out_in_order),
        cmocka_unit_test(outputs_and_offsets_are_committed_in_transactions),
        cmocka_unit_test(what_was_aborted_is_sent_again_and_not_worked_again),
        cmocka_unit_test(of_what_it_is_not_known_whether_it_was_committed_all_begins_where_the_group_stands),
        cmocka_unit_test(until_the_id_is_claimed_nothing_is_handed_over_and_nothing_counts_as_aborted),
        cmocka_unit_test(a_dead_letter_goes_along_with_the_outputs),
        cmocka_unit_test(partitions_that_are_wanted_back_wait_for_the_transaction),
        cmocka_unit_test(what_is_lost_while_a_transaction_runs_ends_for_nobody_and_begins_anew),
        cmocka_unit_test(a_close_waits_for_the_transaction_that_runs),
        cmocka_unit_test(a_close_ends_also_when_nobody_answers_for_the_transaction),
    };
    return cmocka_run_group_tests_name("exactly_once", tests, NULL, NULL);
}
