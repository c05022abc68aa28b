/* Transactions against brokers that refuse, are away, or have dismissed us: committed, aborted, or not to be told. */
#include "transactor_fixture.h"

static void records_and_offsets_are_committed_one_transaction_after_the_other(void **state)
{
    struct ledger ledger;
    given_open_ledger(&ledger);
    for (int64_t offset = 10; offset <= 30; offset += 10) {
        when_run(&ledger, offset);
        then_it_is_committed(&ledger);
    }
    assert_true(records_in_the_output(&ledger) >= 3 * RECORDS); /* and its control records */
    then_the_ledger_closes(&ledger);
}

static void without_records_the_offsets_alone_are_committed(void **state)
{
    struct ledger ledger;
    struct error err = { 0 };
    given_open_ledger(&ledger);
    const struct consumer_commit commit = { ledger.source, 7, TEXT("told") };
    assert_int_equal(transactor_run(ledger.transactor, NULL, 0, ledger.consumer, &commit, 1, on_ledger_end, &ledger, &err), 0);
    when_over(&ledger);
    then_it_is(&ledger, TRANSACTION_COMMITTED);
    then_the_ledger_closes(&ledger);
}

/* --- aborted: nothing of it counts, and the same handle goes on --- */

static void what_the_group_refuses_is_aborted_and_the_next_one_goes_through(void **state)
{
    static const struct {
        rd_kafka_resp_err_t code;
        int means;
    } refusals[] = {
        { RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, E_CANCELED },         { RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, E_CANCELED },
        { RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, E_CANCELED },         { RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, E_CANCELED },
        { RD_KAFKA_RESP_ERR_STALE_MEMBER_EPOCH, E_CANCELED },         { RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, E_UNAVAILABLE },
        { RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE, E_TOO_LARGE },
    };
    struct ledger ledger;
    given_open_ledger(&ledger);
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        given_refusals(&ledger, TXN_OFFSET_COMMIT, 1, refusals[i].code);
        when_run(&ledger, 100 + (int64_t)i);
        then_it_is(&ledger, TRANSACTION_ABORTED);
        assert_int_equal(ledger.result.code, refusals[i].means);

        when_run(&ledger, 200 + (int64_t)i);
        then_it_is_committed(&ledger);
    }
    then_the_ledger_closes(&ledger);
}

static void a_record_that_is_too_large_aborts_all_and_is_named(void **state)
{
    struct ledger ledger;
    given_open_ledger(&ledger);
    given_refusals(&ledger, PRODUCE, 1, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    when_run(&ledger, 10);
    then_it_is(&ledger, TRANSACTION_ABORTED);
    assert_int_equal(ledger.records[0].delivery.code, E_TOO_LARGE);
    assert_non_null(strstr(ledger.sentence, OUTPUT));
    when_run_until_committed(&ledger, 10);
    then_the_ledger_closes(&ledger);
}

/* A broker that tells no offset, because it takes a record for one that it has already, may have it or not. */
static void a_record_of_which_it_is_not_known_that_it_is_stored_is_not_committed(void **state)
{
    struct ledger ledger;
    given_open_ledger(&ledger);
    given_refusals(&ledger, PRODUCE, 1, RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER);
    when_run(&ledger, 10);
    assert_int_equal(ledger.records[0].delivery.status, DELIVERY_POSSIBLY_PERSISTED);
    then_it_is(&ledger, TRANSACTION_ABORTED);
    when_run_until_committed(&ledger, 10);
    then_the_ledger_closes(&ledger);
}

/* --- asked again --- */

static void what_was_not_heard_is_asked_again_within_the_transaction(void **state)
{
    static const struct {
        int16_t request;
        rd_kafka_resp_err_t code;
    } losses[] = {
        { END_TXN, RD_KAFKA_RESP_ERR__TRANSPORT },
        { END_TXN, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE },
        { END_TXN, RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS },
        { TXN_OFFSET_COMMIT, RD_KAFKA_RESP_ERR__TRANSPORT },
        { TXN_OFFSET_COMMIT, RD_KAFKA_RESP_ERR_NOT_COORDINATOR },
        { ADD_OFFSETS_TO_TXN, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS },
        { PRODUCE, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION },
    };
    struct ledger ledger;
    given_open_ledger(&ledger);
    for (size_t i = 0; i < sizeof(losses) / sizeof(losses[0]); i++) {
        given_refusals(&ledger, losses[i].request, 2, losses[i].code);
        when_run(&ledger, 10 + (int64_t)i);
        then_it_is_committed(&ledger);
    }
    then_the_ledger_closes(&ledger);
}

/* --- the id --- */

static void an_id_that_is_not_had_at_once_is_claimed_until_it_is(void **state)
{
    struct ledger ledger;
    given_ledger(&ledger);
    given_refusals(&ledger, INIT_PRODUCER_ID, 4, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS);
    given_member(&ledger);
    given_transactor(&ledger, 5000000);
    when_ours(&ledger);
    assert_false(is_open(&ledger.base, NULL));
    when_run(&ledger, 10);
    then_it_is(&ledger, TRANSACTION_ABORTED);
    assert_int_equal(ledger.result.code, E_UNAVAILABLE);
    when_open(&ledger);
    when_run(&ledger, 10);
    then_it_is_committed(&ledger);
    then_the_ledger_closes(&ledger);
}

static void an_id_that_is_refused_is_claimed_by_another_handle_after_a_pause(void **state)
{
    struct ledger ledger;
    given_ledger(&ledger);
    given_refusals(&ledger, INIT_PRODUCER_ID, 1, RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
    given_member(&ledger);
    given_transactor(&ledger, 5000000);
    when_ours(&ledger);
    when_open(&ledger);
    when_run(&ledger, 10);
    then_it_is_committed(&ledger);
    then_the_ledger_closes(&ledger);
}

/* --- unknown --- */

static void who_is_fenced_cannot_tell_and_claims_the_id_anew(void **state)
{
    static const struct {
        int16_t request;
        rd_kafka_resp_err_t code;
    } fences[] = {
        { END_TXN, RD_KAFKA_RESP_ERR_PRODUCER_FENCED },
        { END_TXN, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH },
        { TXN_OFFSET_COMMIT, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH },
        { ADD_OFFSETS_TO_TXN, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH },
    };
    struct ledger ledger;
    given_open_ledger(&ledger);
    for (size_t i = 0; i < sizeof(fences) / sizeof(fences[0]); i++) {
        given_refusals(&ledger, fences[i].request, 1, fences[i].code);
        when_run(&ledger, 10);
        then_it_is(&ledger, TRANSACTION_UNKNOWN);
        assert_false(is_open(&ledger.base, NULL));
        when_open(&ledger);
        when_run(&ledger, 20 + (int64_t)i);
        then_it_is_committed(&ledger);
    }
    then_the_ledger_closes(&ledger);
}

static void while_no_broker_answers_a_transaction_ends_in_its_time_and_another_follows(void **state)
{
    struct ledger ledger;
    given_ledger(&ledger);
    given_member(&ledger);
    given_transactor(&ledger, 1000000);
    when_ours(&ledger);
    when_open(&ledger);
    given_broker_down(&ledger.base);
    uint64_t began_us = clock_us();
    when_run(&ledger, 10);
    assert_true(clock_us() - began_us < 10000000);
    assert_int_not_equal(ledger.result.end, TRANSACTION_COMMITTED);
    given_broker_up(&ledger.base);
    when_ours(&ledger);
    when_open(&ledger);
    when_run(&ledger, 20);
    then_it_is_committed(&ledger);
    then_the_ledger_closes(&ledger);
}

/* --- membership --- */

static void nothing_is_committed_by_who_is_no_member(void **state)
{
    struct ledger ledger;
    struct error err = { 0 };
    given_ledger(&ledger);
    given_member(&ledger);
    given_transactor(&ledger, 5000000);
    when_open(&ledger);
    if (ledger.source == NULL)
        assert_int_equal(transactor_run(ledger.transactor, NULL, 0, ledger.consumer, NULL, 0, on_ledger_end, &ledger, &err), E_UNAVAILABLE);
    when_ours(&ledger);
    consumer_read_anew(ledger.consumer, "the test asks for it");
    assert_null(ledger.source);
    when_ours(&ledger);
    when_run(&ledger, 10);
    then_it_is_committed(&ledger);
    assert_int_equal(ledger.ends, 1);
    then_the_ledger_closes(&ledger);
}

/* As if it had joined as another, and nobody had told of the loss. */
static void partitions_of_an_earlier_member_are_lost_and_nothing_of_them_is_committed(void **state)
{
    struct ledger ledger;
    struct error err = { 0 };
    given_open_ledger(&ledger);
    mem_free(ledger.consumer->member);
    ledger.consumer->member = mem_strdup("an earlier one");
    assert_int_equal(begin(&ledger, 10, NULL, &err), E_UNAVAILABLE);
    assert_true(wait_until(&ledger.base, is_lost, NULL, PATIENCE_MS));
    when_ours(&ledger);
    when_run(&ledger, 10);
    then_it_is_committed(&ledger);
    then_the_ledger_closes(&ledger);
}

/* --- closing --- */

static void a_transaction_that_runs_is_given_up_when_the_transactor_closes_and_ends_before(void **state)
{
    struct ledger ledger;
    given_open_ledger(&ledger);
    given_refusals(&ledger, END_TXN, 1000, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE);
    when_begun(&ledger, 10);
    pass(&ledger.base, 500);
    assert_int_equal(ledger.ends, 0);
    uint64_t began_us = clock_us();
    when_transactor_closed(&ledger);
    assert_true(clock_us() - began_us < 4000000);
    assert_int_equal(ledger.ends, 1);
    then_it_is(&ledger, TRANSACTION_UNKNOWN);
    rd_kafka_mock_clear_request_errors(cluster_of(&ledger.base), END_TXN);
    then_the_ledger_closes(&ledger);
}

static void a_transaction_just_handed_over_ends_before_the_transactor_is_gone(void **state)
{
    struct ledger ledger;
    for (int i = 0; i < 3; i++) {
        given_open_ledger(&ledger);
        when_begun(&ledger, 10);
        pass(&ledger.base, (uint64_t)i);
        when_transactor_closed(&ledger);
        assert_int_equal(ledger.ends, 1);
        then_the_ledger_closes(&ledger);
    }
}

static void it_closes_at_once_while_it_claims_its_id(void **state)
{
    struct ledger ledger;
    given_ledger(&ledger);
    given_broker_down(&ledger.base);
    given_transactor(&ledger, 5000000);
    pass(&ledger.base, 300);
    uint64_t began_us = clock_us();
    when_transactor_closed(&ledger);
    assert_true(clock_us() - began_us < 4000000);
    given_broker_up(&ledger.base);
    then_the_ledger_closes(&ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_and_offsets_are_committed_one_transaction_after_the_other),
        cmocka_unit_test(without_records_the_offsets_alone_are_committed),
        cmocka_unit_test(what_the_group_refuses_is_aborted_and_the_next_one_goes_through),
        cmocka_unit_test(a_record_that_is_too_large_aborts_all_and_is_named),
        cmocka_unit_test(a_record_of_which_it_is_not_known_that_it_is_stored_is_not_committed),
        cmocka_unit_test(what_was_not_heard_is_asked_again_within_the_transaction),
        cmocka_unit_test(an_id_that_is_not_had_at_once_is_claimed_until_it_is),
        cmocka_unit_test(an_id_that_is_refused_is_claimed_by_another_handle_after_a_pause),
        cmocka_unit_test(who_is_fenced_cannot_tell_and_claims_the_id_anew),
        cmocka_unit_test(while_no_broker_answers_a_transaction_ends_in_its_time_and_another_follows),
        cmocka_unit_test(nothing_is_committed_by_who_is_no_member),
        cmocka_unit_test(partitions_of_an_earlier_member_are_lost_and_nothing_of_them_is_committed),
        cmocka_unit_test(a_transaction_that_runs_is_given_up_when_the_transactor_closes_and_ends_before),
        cmocka_unit_test(a_transaction_just_handed_over_ends_before_the_transactor_is_gone),
        cmocka_unit_test(it_closes_at_once_while_it_claims_its_id),
    };
    return cmocka_run_group_tests_name("transactor", tests, NULL, NULL);
}
