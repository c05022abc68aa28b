#include "config_reading.h"

#include "config/units.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void every_type_reaches_its_place(void **state)
{
    struct reading reading;
    given(&reading, "kafka: { brokers: 'a:1,b:2', password: secret, properties: { max.poll.interval.ms: 6000, client.rack: } }\n"
                    "store: redis://localhost\n"
                    "eager: false\n"
                    "workers: 20\n"
                    "linger: 1.5ms\n"
                    "buffer: 64KiB\n"
                    "streams:\n"
                    "  jobs: { topic: jobs_topic, share: 0.25, work: { group: g, order: key, timeout: 5m } }\n"
                    "  orders: { topic: 7 }\n"
                    "routes:\n"
                    "  - { on: GET /a, use: [health, metrics] }\n"
                    "  - use: debug\n");
    const struct sample *sample = &reading.sample;
    assert_string_equal(sample->kafka.brokers, "a:1,b:2");
    assert_string_equal(sample->kafka.password, "secret");
    assert_string_equal(sample->store, "redis://localhost");
    assert_false(sample->eager);
    assert_int_equal(sample->workers, 20);
    assert_int_equal(sample->linger_us, 1500);
    assert_int_equal(sample->buffer_bytes, 65536);

    const struct config_pair *pairs = sample->kafka.properties.items;
    assert_int_equal(sample->kafka.properties.count, 2);
    assert_string_equal(pairs[0].name, "max.poll.interval.ms");
    assert_string_equal(pairs[0].value, "6000");
    assert_string_equal(pairs[1].value, "");

    const struct stream_sample *streams = sample->streams.items;
    assert_int_equal(sample->streams.count, 2);
    assert_string_equal(streams[0].name, "jobs");
    assert_true(streams[0].share == 0.25);
    assert_int_equal(streams[0].work.order, ORDER_KEY);
    assert_int_equal(streams[0].work.timeout_us, 300000000);
    assert_string_equal(streams[1].name, "orders");
    assert_string_equal(streams[1].topic, "7");

    const struct route_sample *routes = sample->routes.items;
    assert_int_equal(sample->routes.count, 2);
    assert_string_equal(((const char **)routes[0].use.items)[1], "metrics");
    assert_int_equal(routes[1].use.count, 1);
    assert_string_equal(((const char **)routes[1].use.items)[0], "debug");
    end_reading(&reading);
}

static void what_is_left_out_has_its_default(void **state)
{
    static const char *const empties[] = { "", "# nothing\n", "---\n", "{}", "null", "workers:\nstreams: ~\nkafka: null\n" };
    for (size_t i = 0; i < sizeof(empties) / sizeof(*empties); i++) {
        struct reading reading;
        given(&reading, empties[i]);
        assert_string_equal(reading.sample.kafka.brokers, "embedded");
        assert_null(reading.sample.kafka.password);
        assert_string_equal(reading.sample.store, "");
        assert_true(reading.sample.eager);
        assert_int_equal(reading.sample.workers, 10);
        assert_int_equal(reading.sample.linger_us, 500);
        assert_int_equal(reading.sample.buffer_bytes, 64 << 20);
        assert_int_equal(reading.sample.streams.count, 0);
        end_reading(&reading);
    }
}

static void a_part_left_out_asks_for_none_of_its_fields(void **state)
{
    struct reading reading;
    given(&reading, "streams: { jobs: { topic: t } }");
    const struct stream_sample *stream = reading.sample.streams.items;
    assert_null(stream->work.group);
    assert_int_equal(stream->work.order, ORDER_PARTITION);
    assert_null(stream->reply);
    end_reading(&reading);
}

static void one_value_may_stand_for_a_whole_part(void **state)
{
    struct reading reading;
    given(&reading, "kafka: localhost:9092");
    assert_string_equal(reading.sample.kafka.brokers, "localhost:9092");
    end_reading(&reading);
}

static void durations_have_units(void **state)
{
    static const struct {
        const char *text;
        uint64_t micros;
    } right[] = {
        { "0", 0 },          { "500us", 500 },     { "100ms", 100000 }, { "10s", 10000000 }, { "0.5s", 500000 },
        { "5m", 300000000 }, { "2h", 7200000000 }, { "1.25ms", 1250 },  { "0ms", 0 },        { "2000000h", 7200000000000000 },
    };
    static const char *const wrong[] = { "",     "10",  "s",     "10 s", "-1s",  "+1s",      ".5s", "1.s",
                                         "1e3s", "10S", "10sec", "1d",   "0x1s", "3000000h", "1s1" };
    uint64_t micros;
    for (size_t i = 0; i < sizeof(right) / sizeof(*right); i++) {
        assert_true(config_parse_duration(right[i].text, &micros));
        assert_int_equal(micros, right[i].micros);
    }
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
        assert_false(config_parse_duration(wrong[i], &micros));
}

static void sizes_may_have_units(void **state)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } right[] = {
        { "0", 0 },
        { "900", 900 },
        { "12B", 12 },
        { "3KB", 3000 },
        { "64KiB", 65536 },
        { "2MB", 2000000 },
        { "1MiB", 1048576 },
        { "1GB", 1000000000 },
        { "2GiB", 2147483648 },
        { "1TiB", 1099511627776 },
        { "18446744073709551615", UINT64_MAX },
    };
    static const char *const wrong[] = { "",    "KiB", "-1", "1.5KiB", "1k", "1K", "1kb", "1 MiB", "18446744073709551616", "17179869184GiB",
                                         "0x10" };
    uint64_t bytes;
    for (size_t i = 0; i < sizeof(right) / sizeof(*right); i++) {
        assert_true(config_parse_size(right[i].text, &bytes));
        assert_true(bytes == right[i].bytes);
    }
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
        assert_false(config_parse_size(wrong[i], &bytes));
}

static void numbers_are_decimal_and_finite(void **state)
{
    static const char *const right[] = { "0", "-1", "+2.5", ".5", "1.", "1e3", "1.5E-3" };
    static const char *const wrong[] = { "", ".", "-", "nan", "inf", ".inf", "0x10", "1e", "1e999", "1,5", "1 ", " 1", "1_000" };
    double value;
    for (size_t i = 0; i < sizeof(right) / sizeof(*right); i++) {
        assert_true(config_parse_number(right[i], &value));
        assert_true(value == strtod(right[i], NULL));
    }
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
        assert_false(config_parse_number(wrong[i], &value));

    int64_t whole;
    assert_true(config_parse_int("-9223372036854775808", &whole));
    assert_true(whole == INT64_MIN);
    assert_false(config_parse_int("9223372036854775808", &whole));
    assert_false(config_parse_int("1.0", &whole));
    assert_false(config_parse_int("", &whole));
}

static void a_bound_is_said_in_the_largest_unit_that_fits(void **state)
{
    static const struct {
        double value;
        const char *duration;
        const char *size;
    } rows[] = {
        { 0, "0", "0" },         { 1, "1us", "1" },         { 1500, "1500us", "1500" },    { 1e6, "1s", "1MB" },
        { 90e6, "90s", "90MB" }, { 3.6e9, "1h", "3600MB" }, { 65536, "65536us", "64KiB" },
    };
    char text[CONFIG_UNIT_TEXT];
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        config_format_duration(rows[i].value, text);
        assert_string_equal(text, rows[i].duration);
        config_format_size(rows[i].value, text);
        assert_string_equal(text, rows[i].size);
    }
}

static void a_wrong_value_is_told_with_what_is_allowed(void **state)
{
    static const struct {
        const char *yaml;
        const char *mistake;
    } rows[] = {
        { "\nworkers: many", "x.yaml:2: workers: found \"many\"; allowed: a whole number from 1 to 1000\n" },
        { "workers: 0", "x.yaml:1: workers: found \"0\"; allowed: a whole number from 1 to 1000\n" },
        { "workers: 1001", "x.yaml:1: workers: found \"1001\"; allowed: a whole number from 1 to 1000\n" },
        { "workers: [1]", "x.yaml:1: workers: found a list; allowed: a whole number from 1 to 1000\n" },
        { "workers: \"\"", "x.yaml:1: workers: found \"\"; allowed: a whole number from 1 to 1000\n" },
        { "eager: yes", "x.yaml:1: eager: found \"yes\"; allowed: true, false\n" },
        { "linger: 10", "x.yaml:1: linger: found \"10\"; allowed: a duration with its unit (500us, 100ms, 10s, 5m, 2h) from 0 to 1s\n" },
        { "linger: 2s", "x.yaml:1: linger: found \"2s\"; allowed: a duration with its unit (500us, 100ms, 10s, 5m, 2h) from 0 to 1s\n" },
        { "buffer: 5", "x.yaml:1: buffer: found \"5\"; allowed: a size (900, 64KiB, 1MiB, 2GiB), at least 1KiB\n" },
        { "streams: { a: { topic: t, share: 1.5 } }", "x.yaml:1: streams.a.share: found \"1.5\"; allowed: a number from 0 to 1\n" },
        { "streams:\n  a:\n    topic: t\n    work: { group: g, order: keys }",
          "x.yaml:4: streams.a.work.order: found \"keys\"; allowed: partition, key, none\n" },
        { "store: { a: 1 }", "x.yaml:1: store: found a mapping; allowed: a text\n" },
        { "kafka: [a, b]", "x.yaml:1: kafka.brokers: found a list; allowed: a text\n" },
        { "kafka: { password: [a] }", "x.yaml:1: kafka.password: found a list; allowed: a text or { file: PATH }\n" },
        { "kafka: { password: { path: a } }", "x.yaml:1: kafka.password: found a mapping; allowed: a text or { file: PATH }\n" },
        { "kafka: { properties: [a] }", "x.yaml:1: kafka.properties: found a list; allowed: a mapping of names to texts\n" },
        { "kafka: { properties: { a: [1] } }", "x.yaml:1: kafka.properties.a: found a list; allowed: a text\n" },
        { "streams: jobs", "x.yaml:1: streams: found \"jobs\"; allowed: a mapping of names to mappings\n" },
        { "streams: { jobs: on }", "x.yaml:1: streams.jobs: found \"on\"; allowed: a mapping with the keys topic, share, reply, work\n" },
        { "streams: { 'a b': { topic: t } }",
          "x.yaml:1: streams.a b: found a name that is not allowed; allowed: 1 to 64 letters, digits, _ and -\n" },
        { "routes: debug", "x.yaml:1: routes: found \"debug\"; allowed: a list of mappings\n" },
        { "routes: [debug]", "x.yaml:1: routes.0: found \"debug\"; allowed: a mapping with the keys on, use\n" },
        { "routes:\n- use: [a, [b]]", "x.yaml:2: routes.0.use.1: found a list; allowed: a text\n" },
        { "routes: [ { use: [a, ] }, { use: { a: 1 } } ]", "x.yaml:1: routes.1.use: found a mapping; allowed: a list of texts\n" },
        { "[]",
          "x.yaml:1: found a list; allowed: a mapping with the keys kafka, store, eager, workers, linger, buffer, streams, routes\n" },
        { "word",
          "x.yaml:1: found \"word\"; allowed: a mapping with the keys kafka, store, eager, workers, linger, buffer, streams, routes\n" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        assert_refused(rows[i].yaml, rows[i].mistake);
}

static void an_unknown_key_is_told_with_the_nearest_known(void **state)
{
    assert_refused("worker: 1", "x.yaml:1: worker: found an unknown key; did you mean \"workers\"?\n");
    assert_refused("kafak: a", "x.yaml:1: kafak: found an unknown key; did you mean \"kafka\"?\n");
    assert_refused("streams: { a: { topic: t, work: { gruop: g, group: g } } }",
                   "x.yaml:1: streams.a.work.gruop: found an unknown key; did you mean \"group\"?\n");
    assert_refused("kafka: { zookeeper: a }", "x.yaml:1: kafka.zookeeper: found an unknown key; allowed: brokers, password, properties\n");
    assert_refused("'': a", "x.yaml:1: found an unknown key; allowed: kafka, store, eager, workers, linger, buffer, streams, routes\n");
}

static void what_is_missing_is_told_where_it_should_stand(void **state)
{
    assert_refused("workers: 1\nstreams:\n  jobs:\n    share: 1\n",
                   "x.yaml:4: streams.jobs.topic: found nothing, and it is required; allowed: a text\n");
    assert_refused("streams:\n  jobs:\n    topic: ~\n",
                   "x.yaml:3: streams.jobs.topic: found nothing, and it is required; allowed: a text\n");
    assert_refused("streams:\n  jobs:\n", "x.yaml:2: streams.jobs.topic: found nothing, and it is required; allowed: a text\n");
    assert_refused("streams: { a: { topic: t, work: {} } }",
                   "x.yaml:1: streams.a.work.group: found nothing, and it is required; allowed: a text\n");
}

static void all_mistakes_are_told_in_the_order_of_their_lines(void **state)
{
    assert_refused("streams:\n"
                   "  jobs: { topic: t, share: x }\n"
                   "workers: -1\n"
                   "linger: 10\n"
                   "worker: 1\n"
                   "kafka:\n"
                   "  broker: a\n",
                   "x.yaml:2: streams.jobs.share: found \"x\"; allowed: a number from 0 to 1\n"
                   "x.yaml:3: workers: found \"-1\"; allowed: a whole number from 1 to 1000\n"
                   "x.yaml:4: linger: found \"10\"; allowed: a duration with its unit (500us, 100ms, 10s, 5m, 2h) from 0 to 1s\n"
                   "x.yaml:5: worker: found an unknown key; did you mean \"workers\"?\n"
                   "x.yaml:7: kafka.broker: found an unknown key; did you mean \"brokers\"?\n");
}

static void a_check_sees_only_what_is_whole(void **state)
{
    assert_refused("streams:\n  a:\n    topic: t\n    work:\n      group: g\n      order: none\n",
                   "x.yaml:5: streams.a.work: found order: none without a timeout; allowed: a timeout above 0\n");
    assert_refused(
        "streams: { a: { topic: t, work: { group: g, order: none, timeout: x } } }",
        "x.yaml:1: streams.a.work.timeout: found \"x\"; allowed: a duration with its unit (500us, 100ms, 10s, 5m, 2h) from 0 to 1h\n");
}

static void a_check_may_name_the_line_of_a_part(void **state)
{
    assert_refused("streams:\n  a:\n    topic: t\n    work:\n      group: g\n      order: key\n      timeout: 31m\n",
                   "x.yaml:7: streams.a.work.timeout: found more than 30m; allowed: up to 30m with order: key\n");
    setenv("T_LONG", "31m", 1);
    assert_refused("streams: { a: { topic: t, work: { group: g, order: key, timeout: '${T_LONG}' } } }",
                   "x.yaml:1: streams.a.work.timeout: found more than 30m; allowed: up to 30m with order: key (from T_LONG)\n");
}

static void a_long_value_is_cut_and_a_password_hidden_in_messages(void **state)
{
    assert_refused("workers: redis://me:pass@host",
                   "x.yaml:1: workers: found \"redis://me:********@host\"; allowed: a whole number from 1 to 1000\n");
    char yaml[300] = "workers: ";
    memset(yaml + strlen(yaml), 'a', 200);
    char mistake[300];
    snprintf(mistake, sizeof(mistake), "x.yaml:1: workers: found \"%.80s\"...; allowed: a whole number from 1 to 1000\n", yaml + 9);
    assert_refused(yaml, mistake);
}

static char *given_file(const char *content, size_t size)
{
    static char path[64];
    snprintf(path, sizeof(path), "/tmp/test_config_XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, size), (ssize_t)size);
    close(fd);
    return path;
}

static void assert_secret(const char *content, const char *secret)
{
    char *path = given_file(content, strlen(content));
    char yaml[128];
    snprintf(yaml, sizeof(yaml), "kafka: { password: { file: %s } }", path);
    struct reading reading;
    given(&reading, yaml);
    assert_string_equal(reading.sample.kafka.password, secret);
    end_reading(&reading);
    unlink(path);
}

static void a_secret_comes_from_a_file_without_its_last_newline(void **state)
{
    assert_secret("geheim\n", "geheim");
    assert_secret("geheim\r\n", "geheim");
    assert_secret("two\nlines", "two\nlines");
    assert_secret("", "");
}

static void a_secret_that_cannot_be_read_is_a_mistake(void **state)
{
    assert_refused("kafka:\n  password:\n    file: /nowhere/at/all\n",
                   "x.yaml:3: kafka.password.file: cannot read \"/nowhere/at/all\": No such file or directory\n");
    assert_refused("kafka: { password: { file: /tmp } }", "x.yaml:1: kafka.password.file: cannot read \"/tmp\": Is a directory\n");

    char *path = given_file("a\0b", 3);
    char yaml[128];
    char mistake[256];
    snprintf(yaml, sizeof(yaml), "kafka: { password: { file: %s } }", path);
    snprintf(mistake, sizeof(mistake),
             "x.yaml:1: kafka.password.file: cannot read \"%s\": Invalid or incomplete multibyte or wide character\n", path);
    assert_refused(yaml, mistake);
    unlink(path);
}

static void yaml_becomes_json_typed_as_its_core_schema_says(void **state)
{
    static const struct {
        const char *yaml;
        const char *json;
    } rows[] = {
        { "{ a: $trace, b: 'x' }", "{\"a\":\"$trace\",\"b\":\"x\"}" },
        { "[1, -2, +3, 0x1f, 0o17, 1.5, 1e3, .5]", "[1,-2,3,31,15,1.5,1000.0,0.5]" },
        { "[true, True, FALSE, yes, on]", "[true,true,false,\"yes\",\"on\"]" },
        { "[~, null, 'null', \"~\"]", "[null,null,\"null\",\"~\"]" },
        { "['1', \"true\", 01, 1_000, .inf, .nan, 0x, 0o8]", "[\"1\",\"true\",1,\"1_000\",\".inf\",\".nan\",\"0x\",\"0o8\"]" },
        { "[9223372036854775807, 9223372036854775808]", "[9223372036854775807,9.223372036854775808e18]" },
        { "{ a: { b: [] }, c: {} }", "{\"a\":{\"b\":[]},\"c\":{}}" },
        { "text", "\"text\"" },
        { "\"a\\\"\\u00e9\"", "\"a\\\"\u00e9\"" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char yaml[256];
        snprintf(yaml, sizeof(yaml), "streams: { a: { topic: t, reply: %s } }", rows[i].yaml);
        struct reading reading;
        given(&reading, yaml);
        const struct stream_sample *stream = reading.sample.streams.items;
        char *json = yyjson_val_write(stream->reply, 0, NULL);
        yyjson_doc *expected = yyjson_read(rows[i].json, strlen(rows[i].json), 0);
        char *wanted = yyjson_write(expected, 0, NULL);
        assert_string_equal(json, wanted);
        free(json);
        free(wanted);
        yyjson_doc_free(expected);
        end_reading(&reading);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_reaches_its_place),
        cmocka_unit_test(what_is_left_out_has_its_default),
        cmocka_unit_test(a_part_left_out_asks_for_none_of_its_fields),
        cmocka_unit_test(one_value_may_stand_for_a_whole_part),
        cmocka_unit_test(durations_have_units),
        cmocka_unit_test(sizes_may_have_units),
        cmocka_unit_test(numbers_are_decimal_and_finite),
        cmocka_unit_test(a_bound_is_said_in_the_largest_unit_that_fits),
        cmocka_unit_test(a_wrong_value_is_told_with_what_is_allowed),
        cmocka_unit_test(an_unknown_key_is_told_with_the_nearest_known),
        cmocka_unit_test(what_is_missing_is_told_where_it_should_stand),
        cmocka_unit_test(all_mistakes_are_told_in_the_order_of_their_lines),
        cmocka_unit_test(a_check_sees_only_what_is_whole),
        cmocka_unit_test(a_check_may_name_the_line_of_a_part),
        cmocka_unit_test(a_long_value_is_cut_and_a_password_hidden_in_messages),
        cmocka_unit_test(a_secret_comes_from_a_file_without_its_last_newline),
        cmocka_unit_test(a_secret_that_cannot_be_read_is_a_mistake),
        cmocka_unit_test(yaml_becomes_json_typed_as_its_core_schema_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
