#include "producer_fixture.h"

#include "io/kafka/producer_state.h"

#define PRODUCE 0 /* the protocol's number of the request */

static struct fixture fixture;

static bool is_flushed(struct fixture *with, void *arg)
{
    (void)arg;
    return with->flushed;
}

static void on_flushed(void *arg)
{
    ((struct fixture *)arg)->flushed = true;
}

static const char *refusal(void)
{
    static struct error err;
    assert_int_equal(producer_topic_admits(fixture.jobs, &err), E_UNAVAILABLE);
    return err.message;
}

static void without_a_broker_at_start_a_send_is_refused_at_once_and_taken_within_5_s_of_its_coming(void **state)
{
    (void)state;
    struct sent sent;
    struct error err;
    given_broker(&fixture);
    given_broker_down(&fixture);
    given_topics(&fixture);
    given_producer(&fixture);
    uint64_t start_us = clock_us();
    assert_int_equal(send_record(&fixture, &sent, TEXT_NONE, TEXT("v"), &err), E_UNAVAILABLE);
    assert_true(clock_us() - start_us < 100000);
    assert_non_null(strstr(err.message, "no broker"));
    assert_false(producer_ready(fixture.producer, &err));
    assert_int_equal(producer_topic_retry_after_us(fixture.jobs), 1000000);
    pass(&fixture, 4000); /* backoffs grow meanwhile */

    given_broker_up(&fixture);
    assert_true(wait_until(&fixture, is_admitted, NULL, 5000));
    assert_true(producer_ready(fixture.producer, &err));
    send_one(&fixture, &sent);
    assert_true(wait_until(&fixture, is_reported, &sent, PATIENCE_MS));
    assert_int_equal(sent.delivery.status, DELIVERY_PERSISTED);
    then_everything_closes(&fixture);
}

static void a_stalled_record_opens_the_breaker_and_its_report_closes_it(void **state)
{
    (void)state;
    struct sent sent;
    struct error err;
    given_broker(&fixture);
    fixture.config.breaker.stall_us = 500000;
    given_ready_producer(&fixture);
    given_open_connection(&fixture);
    given_broker_down(&fixture);
    send_one(&fixture, &sent);
    assert_true(is_admitted(&fixture, NULL));
    assert_true(wait_until(&fixture, is_refused, NULL, 1000));
    assert_non_null(strstr(refusal(), "breaker"));
    pass(&fixture, 300); /* a tick, which tells the metrics */
    assert_false(producer_ready(fixture.producer, &err));
    assert_true(metric_value(metric(fixture.metrics, METRIC_BREAKER_STATE, "jobs")) == 1);
    assert_true(metric_value(metric(fixture.metrics, METRIC_BREAKER_OPENED, "jobs")) == 1);
    assert_int_equal(sent.reports, 0);

    given_broker_up(&fixture);
    assert_true(wait_until(&fixture, is_admitted, NULL, 5000));
    assert_true(wait_until(&fixture, is_reported, &sent, PATIENCE_MS));
    assert_int_equal(sent.delivery.status, DELIVERY_PERSISTED);
    assert_true(producer_ready(fixture.producer, &err));
    then_everything_closes(&fixture);
}

static void after_an_outage_longer_than_the_deadline_one_record_is_let_through_to_find_out(void **state)
{
    (void)state;
    struct sent sent[2];
    struct error err;
    given_broker(&fixture);
    fixture.config.deadline_us = 1000000;
    fixture.config.breaker = (struct breaker_config){ .failures = 1, .stall_us = 500000, .pause_us = 300000 };
    given_ready_producer(&fixture);
    given_open_connection(&fixture);
    given_broker_down(&fixture);
    send_one(&fixture, &sent[0]);
    assert_true(wait_until(&fixture, is_reported, &sent[0], PATIENCE_MS));
    assert_int_equal(sent[0].delivery.status, DELIVERY_NOT_PERSISTED);
    assert_int_equal(send_record(&fixture, &sent[1], TEXT_NONE, TEXT("v"), &err), E_UNAVAILABLE);

    given_broker_up(&fixture);
    assert_true(wait_until(&fixture, is_admitted, NULL, 5000));
    send_one(&fixture, &sent[0]);
    assert_int_equal(fixture.jobs->breaker.state, BREAKER_HALF_OPEN);
    assert_int_equal(send_record(&fixture, &sent[1], TEXT_NONE, TEXT("v"), &err), E_UNAVAILABLE);
    assert_true(wait_until(&fixture, is_reported, &sent[0], PATIENCE_MS));
    assert_int_equal(sent[0].delivery.status, DELIVERY_PERSISTED);
    assert_int_equal(fixture.jobs->breaker.state, BREAKER_CLOSED);
    then_everything_closes(&fixture);
}

static void failures_in_a_row_open_the_breaker(void **state)
{
    (void)state;
    struct sent sent[3];
    given_broker(&fixture);
    fixture.config.breaker.failures = 3;
    given_ready_producer(&fixture);
    given_open_connection(&fixture);
    for (int i = 0; i < 3; i++) {
        assert_true(is_admitted(&fixture, NULL));
        rd_kafka_mock_push_request_errors(cluster_of(&fixture), PRODUCE, 1, RD_KAFKA_RESP_ERR_POLICY_VIOLATION);
        send_one(&fixture, &sent[i]);
        assert_true(wait_until(&fixture, is_reported, &sent[i], PATIENCE_MS));
        assert_int_equal(sent[i].delivery.code, E_UNAVAILABLE);
        assert_non_null(strstr(sent[i].sentence, "olicy"));
    }
    assert_non_null(strstr(refusal(), "breaker"));
    assert_true(metric_value(metric(fixture.metrics, METRIC_PRODUCE_ERRORS, "jobs", "jobs", "not_persisted")) == 3);
    then_everything_closes(&fixture);
}

static void a_flush_waits_for_every_report_and_refuses_what_comes_after(void **state)
{
    (void)state;
    struct sent sent[100];
    given_broker(&fixture);
    given_ready_producer(&fixture);
    for (int i = 0; i < 100; i++)
        send_one(&fixture, &sent[i]);
    producer_flush(fixture.producer, clock_us() + 5000000, on_flushed, &fixture);
    assert_false(fixture.flushed);
    assert_non_null(strstr(refusal(), "shut down"));
    assert_true(wait_until(&fixture, is_flushed, NULL, 5000));
    for (int i = 0; i < 100; i++) {
        assert_int_equal(sent[i].reports, 1);
        assert_int_equal(sent[i].delivery.status, DELIVERY_PERSISTED);
    }
    then_everything_closes(&fixture);
}

static void a_flush_of_nothing_is_done_soon_but_later(void **state)
{
    (void)state;
    given_broker(&fixture);
    given_ready_producer(&fixture);
    producer_flush(fixture.producer, clock_us() + 5000000, on_flushed, &fixture);
    assert_false(fixture.flushed);
    assert_true(wait_until(&fixture, is_flushed, NULL, 100));
    then_everything_closes(&fixture);
}

static void at_its_deadline_a_flush_gives_up_what_never_left_and_what_had_no_answer(void **state)
{
    (void)state;
    struct sent gone, waiting;
    given_broker(&fixture);
    given_ready_producer(&fixture);
    given_open_connection(&fixture);
    rd_kafka_mock_broker_set_rtt(cluster_of(&fixture), 1, 8000);
    send_one(&fixture, &gone);
    pass(&fixture, 100);
    given_broker_down(&fixture);
    pass(&fixture, 100);
    send_one(&fixture, &waiting);
    producer_flush(fixture.producer, clock_us() + 300000, on_flushed, &fixture);
    assert_true(wait_until(&fixture, is_flushed, NULL, 2000));
    assert_int_equal(gone.reports, 1);
    assert_int_equal(waiting.reports, 1);
    assert_int_equal(gone.delivery.code, E_UNKNOWN);
    assert_int_equal(waiting.delivery.status, DELIVERY_NOT_PERSISTED);
    assert_int_equal(waiting.delivery.code, E_CANCELED);
    then_everything_closes(&fixture);
}

static void closing_ends_every_request_through_its_callback(void **state)
{
    (void)state;
    struct sent sent[50];
    given_broker(&fixture);
    given_ready_producer(&fixture);
    given_open_connection(&fixture);
    rd_kafka_mock_broker_set_rtt(cluster_of(&fixture), 1, 5000);
    for (int i = 0; i < 50; i++)
        send_one(&fixture, &sent[i]);
    then_everything_closes(&fixture);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(sent[i].reports, 1);
        assert_true(sent[i].delivery.code == E_CANCELED || sent[i].delivery.code == E_UNKNOWN);
    }
}

static void closing_at_once_is_as_good(void **state)
{
    (void)state;
    given_broker(&fixture);
    given_topics(&fixture);
    given_producer(&fixture);
    then_everything_closes(&fixture);
}

static bool is_renewed(struct fixture *with, void *before)
{
    return with->producer->phase == PRODUCER_OPEN && with->producer->handle != before;
}

static void a_fatal_error_ends_what_was_sent_and_makes_the_handle_anew(void **state)
{
    (void)state;
    struct sent sent[2];
    struct error err;
    given_broker(&fixture);
    given_ready_producer(&fixture);
    given_open_connection(&fixture);
    void *before = fixture.producer->handle;
    rd_kafka_mock_broker_set_rtt(cluster_of(&fixture), 1, 2000);
    send_one(&fixture, &sent[0]);
    rd_kafka_test_fatal_error(fixture.producer->handle->client, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "a test");
    assert_int_equal(send_record(&fixture, &sent[1], TEXT_NONE, TEXT("v"), &err), E_UNAVAILABLE);
    assert_true(wait_until(&fixture, is_renewed, before, PATIENCE_MS));
    assert_int_equal(sent[0].reports, 1);
    assert_int_not_equal(sent[0].delivery.status, DELIVERY_PERSISTED);

    rd_kafka_mock_broker_set_rtt(cluster_of(&fixture), 1, 0);
    assert_true(wait_until(&fixture, is_admitted, NULL, PATIENCE_MS));
    send_one(&fixture, &sent[1]);
    assert_true(wait_until(&fixture, is_reported, &sent[1], PATIENCE_MS));
    assert_int_equal(sent[1].delivery.status, DELIVERY_PERSISTED);
    then_everything_closes(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_broker_at_start_a_send_is_refused_at_once_and_taken_within_5_s_of_its_coming),
        cmocka_unit_test(a_stalled_record_opens_the_breaker_and_its_report_closes_it),
        cmocka_unit_test(after_an_outage_longer_than_the_deadline_one_record_is_let_through_to_find_out),
        cmocka_unit_test(failures_in_a_row_open_the_breaker),
        cmocka_unit_test(a_flush_waits_for_every_report_and_refuses_what_comes_after),
        cmocka_unit_test(a_flush_of_nothing_is_done_soon_but_later),
        cmocka_unit_test(at_its_deadline_a_flush_gives_up_what_never_left_and_what_had_no_answer),
        cmocka_unit_test(closing_ends_every_request_through_its_callback),
        cmocka_unit_test(closing_at_once_is_as_good),
        cmocka_unit_test(a_fatal_error_ends_what_was_sent_and_makes_the_handle_anew),
    };
    return cmocka_run_group_tests_name("producer_outage", tests, NULL, NULL);
}
