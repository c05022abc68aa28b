#include "core/lanes.h"
#include "work/handler.h"
#include "work/work_config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void the_defaults_are_those_of_the_worker_pool(void **state)
{
    struct work_config config;
    struct config_report report = { 0 };
    struct config *read = config_read_text("test", "group: g\ndead: jobs-dlq\n", &work_schema, NULL, 0, &config, &report);
    assert_int_equal(report.count, 0);
    assert_int_equal(config.order, LANE_ORDER_PARTITION);
    assert_int_equal(config.queue, 100);
    assert_int_equal(config.retry.retries, 3);
    assert_int_equal(config.retry.base_us, 40000);
    assert_int_equal(config.retry.max_us, 400000);
    assert_int_equal(config.retry.jitter_us, 30000);
    assert_int_equal(work_session_us(&config), 10000000);
    assert_int_equal(work_heartbeat_us(&config), 3000000);
    assert_string_equal(work_assignor_name(&config), "cooperative-sticky");
    assert_int_equal(config.commit.interval_us, 1000000);
    assert_string_equal(config.dead.name, "jobs-dlq");
    assert_true(config.dead.create);
    assert_ptr_equal(handler_of(&config.handler), &simulate_handler);
    assert_int_equal(config.handler.simulate.min_us, 100000);
    config_free(read);
}

static void the_handler_that_stands_in_the_file_is_the_one_that_works(void **state)
{
    struct work_config config;
    struct config_report report = { 0 };
    struct config *read = config_read_text("test", "group: g\nhandler: { noop: {} }\n", &work_schema, NULL, 0, &config, &report);
    assert_int_equal(report.count, 0);
    assert_ptr_equal(handler_of(&config.handler), &noop_handler);
    config_free(read);
}

static void under_the_consumer_protocol_session_and_heartbeat_are_left_to_the_broker(void **state)
{
    static const struct {
        const char *text;
        const char *assignor;
    } cases[] = {
        { "group: g\nprotocol: consumer\n", NULL },
        { "group: g\nprotocol: consumer\nassignor: uniform\ninstance: a\n", "uniform" },
        { "group: g\nprotocol: consumer\nassignor: range\n", "range" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct work_config config;
        struct config_report report = { 0 };
        struct config *read = config_read_text("test", cases[i].text, &work_schema, NULL, 0, &config, &report);
        assert_int_equal(report.count, 0);
        if (cases[i].assignor == NULL)
            assert_null(work_assignor_name(&config));
        else
            assert_string_equal(work_assignor_name(&config), cases[i].assignor);
        config_free(read);
    }
}

static void impossible_pairs_are_refused_with_a_sentence(void **state)
{
    static const struct {
        const char *text;
        const char *words;
    } cases[] = {
        { "group: g\ndrain: 5m\n", "allowed: drain < max_poll" },
        { "group: g\nsession: 10s\nheartbeat: 6s\n", "one lost heartbeat would end the session" },
        { "group: g\nmax_poll: 8s\ndrain: 1s\n", "allowed: max_poll >= session" },
        { "group: g\nhandler: { simulate: {}, noop: {} }\n", "found 2 kinds of handler" },
        { "group: g\nhandler: {}\n", "found 0 kinds of handler; allowed: one of simulate, noop" },
        { "group: g\nconcurrency: 5\nhandler: { simulate: { mode: cpu } }\n", "found concurrency 5 with simulate mode cpu" },
        { "group: g\nretry: { base: 2s, max: 1s }\n", "allowed: base <= max" },
        { "group: g\nproperties: { enable.auto.commit: true }\n", "enable.auto.commit" },
        { "group: g\nprotocol: consumer\nsession: 10s\n", "found a session, which is the broker's" },
        { "group: g\nprotocol: consumer\nheartbeat: 3s\n", "found a heartbeat, which is the broker's" },
        { "group: g\nprotocol: consumer\nassignor: cooperative-sticky\n", "allowed: auto, uniform, range" },
        { "group: g\nassignor: uniform\n", "allowed: auto, cooperative-sticky, range, roundrobin" },
        { "group: g\norder: keys\n", "partition, key, none" },
        { "order: key\n", "required" },
        { "group: g\nprotocol: consumer\nmax_poll: 500ms\ndrain: 100ms\n", "from 3s to" },
        { "group: g\ndead: ''\n", "found the topic name \"\"; allowed: 1 to 249" },
        { "group: g\ndead: { name: 'a b' }\n", "found the topic name \"a b\"" },
        { "group: g\nproperties: { enable.partition.eof: true }\n", "enable.partition.eof" },
        { "group: ''\n", "found a group without a name" },
        { "group: g\ninstance: ''\n", "found an instance without a name" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct work_config config;
        struct config_report report = { 0 };
        struct config *read = config_read_text("test", cases[i].text, &work_schema, NULL, 0, &config, &report);
        assert_true(report.count >= 1);
        assert_non_null(strstr(report.mistakes[0].message, cases[i].words));
        config_free(read);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_defaults_are_those_of_the_worker_pool),
        cmocka_unit_test(the_handler_that_stands_in_the_file_is_the_one_that_works),
        cmocka_unit_test(under_the_consumer_protocol_session_and_heartbeat_are_left_to_the_broker),
        cmocka_unit_test(impossible_pairs_are_refused_with_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
