#include "io/kafka/client_statistics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* As librdkafka's STATISTICS.md describes it, what is read of it. */
#define WINDOW(name, avg, p99, cnt) "\"" name "\":{\"avg\":" avg ",\"p99\":" p99 ",\"max\":" p99 ",\"cnt\":" cnt "}"
#define BROKER(key, id, source, state, rtt)                                       \
    "\"" key "\":{\"nodeid\":" id ",\"source\":\"" source "\",\"state\":\"" state \
    "\",\"tx\":7,\"waitresp_cnt\":2,\"txerrs\":1,\"rxerrs\":0," rtt "}"
#define RTT                    WINDOW("rtt", "1500", "2500", "9")
#define TEXT_OF(brokers, more) "{\"type\":\"consumer\",\"replyq\":3,\"brokers\":{" brokers "}" more "}"

struct fixture {
    struct metrics *metrics;
    struct stats stats;
    struct statistics statistics;
    struct client_statistics *client;
    struct buffer page;
};

static int open_client(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture){ .metrics = metrics_new() };
    stats_init(&fixture.stats);
    statistics_init(&fixture.statistics, fixture.metrics, &fixture.stats);
    fixture.client = client_statistics_open(&fixture.statistics, "consumer", "jobs");
    *state = &fixture;
    return 0;
}

static int close_client(void **state)
{
    struct fixture *fixture = *state;
    client_statistics_close(fixture->client);
    assert_true(list_empty(&fixture->statistics.clients));
    statistics_close(&fixture->statistics);
    metrics_free(fixture->metrics);
    buffer_free(&fixture->page);
    return 0;
}

static void tell(struct fixture *fixture, const char *json)
{
    client_statistics_read(fixture->client, text_of(json));
}

/* Is there this line? */
static bool shows(struct fixture *fixture, const char *line)
{
    buffer_clear(&fixture->page);
    metrics_write(fixture->metrics, &fixture->page);
    buffer_char(&fixture->page, '\0');
    return strstr(fixture->page.data, line) != NULL;
}

static void a_broker_is_told_by_its_id(void **state)
{
    tell(*state, TEXT_OF(BROKER("a:9092/1", "1", "learned", "UP", RTT) "," BROKER("b:9092/2", "2", "learned", "CONNECT", RTT), ""));
    assert_true(shows(*state, "millrace_kafka_broker_up{broker=\"1\",client=\"consumer jobs\"} 1\n"));
    assert_true(shows(*state, "millrace_kafka_broker_up{broker=\"2\",client=\"consumer jobs\"} 0\n"));
    assert_true(shows(*state, "millrace_kafka_broker_requests_total{broker=\"1\",client=\"consumer jobs\"} 7\n"));
    assert_true(shows(*state, "millrace_kafka_broker_requests_in_flight{broker=\"1\",client=\"consumer jobs\"} 2\n"));
    assert_true(shows(*state, "millrace_kafka_broker_errors_total{broker=\"1\",client=\"consumer jobs\",kind=\"send\"} 1\n"));
    assert_true(shows(*state, "millrace_kafka_replies_waiting{client=\"consumer jobs\"} 3\n"));
}

static void windows_are_told_in_seconds(void **state)
{
    tell(*state, TEXT_OF(BROKER("a:9092/1", "1", "learned", "UP", RTT "," WINDOW("throttle", "250", "1000", "4")), ""));
    assert_true(shows(*state, "millrace_kafka_broker_rtt_seconds{broker=\"1\",client=\"consumer jobs\",statistic=\"avg\"} 0.0015\n"));
    assert_true(shows(*state, "millrace_kafka_broker_rtt_seconds{broker=\"1\",client=\"consumer jobs\",statistic=\"p99\"} 0.0025\n"));
    assert_true(shows(*state, "millrace_kafka_broker_throttle_seconds{broker=\"1\",client=\"consumer jobs\",statistic=\"max\"} 1\n"));
}

static void a_window_in_which_nothing_happened_is_not_told(void **state)
{
    tell(*state, TEXT_OF(BROKER("a:9092/1", "1", "learned", "UP", RTT), ""));
    assert_true(shows(*state, "millrace_kafka_broker_rtt_seconds{"));
    tell(*state, TEXT_OF(BROKER("a:9092/1", "1", "learned", "UP", WINDOW("rtt", "0", "0", "0")), ""));
    assert_false(shows(*state, "millrace_kafka_broker_rtt_seconds{"));
    assert_true(shows(*state, "millrace_kafka_broker_up{"));
}

static void addresses_without_a_broker_are_not_told_and_the_coordinator_has_a_name(void **state)
{
    tell(*state,
         TEXT_OF(BROKER("a:9092/bootstrap", "-1", "configured", "UP", RTT) "," BROKER("GroupCoordinator", "1", "logical", "UP", RTT), ""));
    assert_true(shows(*state, "millrace_kafka_broker_up{broker=\"coordinator\",client=\"consumer jobs\"} 1\n"));
    assert_false(shows(*state, "broker=\"1\""));
    assert_false(shows(*state, "broker=\"-1\""));
}

static void a_broker_that_is_gone_is_told_no_longer_and_comes_back(void **state)
{
    static const char both[] = TEXT_OF(BROKER("a:9092/1", "1", "learned", "UP", RTT) "," BROKER("b:9092/2", "2", "learned", "UP", RTT), "");
    tell(*state, both);
    tell(*state, TEXT_OF(BROKER("a:9092/1", "1", "learned", "UP", RTT), ""));
    assert_false(shows(*state, "broker=\"2\""));
    assert_true(shows(*state, "broker=\"1\""));
    tell(*state, both);
    assert_true(shows(*state, "millrace_kafka_broker_up{broker=\"2\",client=\"consumer jobs\"} 1\n"));
}

static void what_was_fetched_is_summed_over_partitions(void **state)
{
    tell(*state, TEXT_OF("", ",\"cgrp\":{\"rebalance_cnt\":4,\"rebalance_age\":2500},\"topics\":{\"t\":{\"partitions\":{"
                             "\"0\":{\"fetchq_cnt\":5,\"fetchq_size\":500},\"1\":{\"fetchq_cnt\":6,\"fetchq_size\":600},\"-1\":{}}}}"));
    assert_true(shows(*state, "millrace_kafka_fetched_records{client=\"consumer jobs\"} 11\n"));
    assert_true(shows(*state, "millrace_kafka_fetched_bytes{client=\"consumer jobs\"} 1100\n"));
    assert_true(shows(*state, "millrace_kafka_group_rebalances_total{client=\"consumer jobs\"} 4\n"));
    assert_true(shows(*state, "millrace_kafka_group_rebalance_age_seconds{client=\"consumer jobs\"} 2.5\n"));
}

static void a_client_that_is_closed_is_told_no_longer(void **state)
{
    struct fixture *fixture = *state;
    tell(fixture, TEXT_OF(BROKER("a:9092/1", "1", "learned", "UP", RTT), ""));
    client_statistics_close(fixture->client);
    assert_false(shows(fixture, "client=\"consumer jobs\""));
    fixture->client = client_statistics_open(&fixture->statistics, "consumer", "jobs");
}

static void a_text_that_is_none_of_librdkafkas_changes_nothing(void **state)
{
    static const char *const texts[] = {
        "", "{", "[]", "null", "{}", "{\"brokers\":[]}", "{\"brokers\":{\"a\":1,\"b\":{},\"c\":{\"nodeid\":\"x\",\"state\":3}}}"
    };
    tell(*state, TEXT_OF(BROKER("a:9092/1", "1", "learned", "UP", RTT), ""));
    for (size_t i = 0; i + 1 < sizeof(texts) / sizeof(texts[0]); i++)
        tell(*state, texts[i]);
    assert_true(shows(*state, "millrace_kafka_broker_up{broker=\"1\",client=\"consumer jobs\"} 1\n"));
    tell(*state, texts[sizeof(texts) / sizeof(texts[0]) - 1]);
    assert_false(shows(*state, "broker="));
}

#define statistics_test(name) cmocka_unit_test_setup_teardown(name, open_client, close_client)

int main(void)
{
    const struct CMUnitTest tests[] = {
        statistics_test(a_broker_is_told_by_its_id),
        statistics_test(windows_are_told_in_seconds),
        statistics_test(a_window_in_which_nothing_happened_is_not_told),
        statistics_test(addresses_without_a_broker_are_not_told_and_the_coordinator_has_a_name),
        statistics_test(a_broker_that_is_gone_is_told_no_longer_and_comes_back),
        statistics_test(what_was_fetched_is_summed_over_partitions),
        statistics_test(a_client_that_is_closed_is_told_no_longer),
        statistics_test(a_text_that_is_none_of_librdkafkas_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
