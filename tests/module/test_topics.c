#include "producer_fixture.h"

/* On a cluster that is asked like a real one: through its controller, and without being made to hold a topic first. */
#define CONTROLLER 0

static struct fixture fixture;
static unsigned changes;

static void given_cluster(void)
{
    given_broker(&fixture);
    changes = 0;
    fixture.target.embedded = NULL;
    /* The mock cluster names 0 as its controller, and has no such broker. */
    assert_int_equal(rd_kafka_mock_broker_add(cluster_of(&fixture), CONTROLLER), 0);
}

static void given_topic_of(int partitions)
{
    assert_int_equal(rd_kafka_mock_topic_create(cluster_of(&fixture), "jobs", partitions, 1), 0);
}

static void on_changed(void *arg)
{
    (void)arg;
    changes++;
}

static void given_questions(void)
{
    struct error err = { 0 };
    fixture.topics = topics_open(&fixture.loop, &fixture.target, &err);
    fixture.topic = topics_add(fixture.topics, &fixture.topic_config, &err);
    topics_start(fixture.topics, on_changed, NULL);
}

static bool is_away(struct fixture *with, void *arg)
{
    struct error err;
    (void)arg;
    return !topics_ready(with->topics, &err) && strstr(err.message, "no broker answers") != NULL;
}

static bool is_answered(struct fixture *with, void *arg)
{
    return changes > 0 && !is_away(with, arg);
}

static void a_topic_as_configured_is_ready(void **state)
{
    (void)state;
    given_cluster();
    given_topic_of(PARTITIONS);
    given_questions();
    assert_int_equal(changes, 0);
    assert_true(wait_until(&fixture, are_topics_ready, NULL, PATIENCE_MS));
    assert_true(topic_present(fixture.topic));
    assert_int_equal(topic_partitions(fixture.topic), PARTITIONS);
    assert_int_equal(changes, 1);
    then_everything_closes(&fixture);
}

static void another_count_of_partitions_is_said_and_the_topic_is_used_as_it_is(void **state)
{
    (void)state;
    struct error err;
    given_cluster();
    given_topic_of(3);
    given_questions();
    assert_true(wait_until(&fixture, is_answered, NULL, PATIENCE_MS));
    assert_true(topic_present(fixture.topic));
    assert_int_equal(topic_partitions(fixture.topic), 3);
    assert_false(topics_ready(fixture.topics, &err));
    assert_non_null(strstr(err.message, "has 3 partitions, configured are 4"));
    given_producer(&fixture);
    assert_true(is_admitted(&fixture, NULL));
    then_everything_closes(&fixture);
}

static void any_count_will_do_when_none_is_configured(void **state)
{
    (void)state;
    given_cluster();
    given_topic_of(3);
    fixture.topic_config.partitions = 0;
    given_questions();
    assert_true(wait_until(&fixture, are_topics_ready, NULL, PATIENCE_MS));
    then_everything_closes(&fixture);
}

static void a_missing_topic_that_is_not_to_be_made_is_said_and_found_when_somebody_makes_it(void **state)
{
    (void)state;
    struct error err;
    given_cluster();
    given_questions();
    given_producer(&fixture);
    assert_true(wait_until(&fixture, is_answered, NULL, PATIENCE_MS));
    assert_false(topics_ready(fixture.topics, &err));
    assert_non_null(strstr(err.message, "create: true"));
    assert_int_equal(producer_topic_admits(fixture.jobs, &err), E_UNAVAILABLE);
    assert_non_null(strstr(err.message, "missing"));
    pass(&fixture, 700);
    assert_false(topic_present(fixture.topic)); /* asking did not make it */

    given_topic_of(PARTITIONS);
    assert_true(wait_until(&fixture, is_admitted, NULL, 2000));
    struct sent sent;
    send_one(&fixture, &sent);
    assert_true(wait_until(&fixture, is_reported, &sent, PATIENCE_MS));
    assert_int_equal(sent.delivery.status, DELIVERY_PERSISTED);
    then_everything_closes(&fixture);
}

static void brokers_that_go_and_come_back_are_noticed(void **state)
{
    (void)state;
    given_cluster();
    given_topic_of(PARTITIONS);
    given_questions();
    assert_true(wait_until(&fixture, are_topics_ready, NULL, PATIENCE_MS));
    given_broker_down(&fixture);
    assert_int_equal(rd_kafka_mock_broker_set_down(cluster_of(&fixture), CONTROLLER), 0);
    assert_true(wait_until(&fixture, is_away, NULL, 8000));
    assert_true(topic_present(fixture.topic)); /* as far as is known */

    given_broker_up(&fixture);
    assert_int_equal(rd_kafka_mock_broker_set_up(cluster_of(&fixture), CONTROLLER), 0);
    assert_true(wait_until(&fixture, are_topics_ready, NULL, 5000));
    then_everything_closes(&fixture);
}

static void one_topic_wanted_twice_is_one_unless_the_counts_differ(void **state)
{
    (void)state;
    struct error err;
    struct topic_config open = { .name = "jobs" };
    struct topic_config other = { .name = "jobs", .partitions = 5 };
    given_cluster();
    given_questions();
    assert_ptr_equal(topics_add(fixture.topics, &open, &err), fixture.topic);
    assert_null(topics_add(fixture.topics, &other, &err));
    assert_int_equal(err.code, E_INVALID);
    assert_non_null(strstr(err.message, "4 and with 5"));
    then_everything_closes(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_topic_as_configured_is_ready),
        cmocka_unit_test(another_count_of_partitions_is_said_and_the_topic_is_used_as_it_is),
        cmocka_unit_test(any_count_will_do_when_none_is_configured),
        cmocka_unit_test(a_missing_topic_that_is_not_to_be_made_is_said_and_found_when_somebody_makes_it),
        cmocka_unit_test(brokers_that_go_and_come_back_are_noticed),
        cmocka_unit_test(one_topic_wanted_twice_is_one_unless_the_counts_differ),
    };
    return cmocka_run_group_tests_name("topics", tests, NULL, NULL);
}
