#include "config_reading.h"

#include <stdlib.h>

static const char file[] = "kafka: embedded\n"
                           "workers: 5\n"
                           "streams:\n"
                           "  jobs: { topic: t, work: { group: g } }\n"
                           "routes:\n"
                           "  - { on: GET /a }\n"
                           "  - { on: GET /b, use: x }\n";

static void set(struct reading *reading, const char *path, const char *value)
{
    const struct config_override override = { path, value };
    read_with(reading, file, &override, 1);
}

static void given_set(struct reading *reading, const char *path, const char *value)
{
    set(reading, path, value);
    assert_mistakes(reading, "");
}

static void assert_set_refused(const char *path, const char *value, const char *mistakes)
{
    struct reading reading;
    set(&reading, path, value);
    assert_mistakes(&reading, mistakes);
    end_reading(&reading);
}

static void a_set_value_stands_over_the_file(void **state)
{
    struct reading reading;
    given_set(&reading, "workers", "7");
    assert_int_equal(reading.sample.workers, 7);
    end_reading(&reading);

    given_set(&reading, "streams.jobs.work.order", "key");
    const struct stream_sample *stream = reading.sample.streams.items;
    assert_int_equal(stream->work.order, ORDER_KEY);
    assert_string_equal(stream->work.group, "g");
    end_reading(&reading);
}

static void the_last_set_wins(void **state)
{
    const struct config_override overrides[] = { { "workers", "7" }, { "workers", "8" } };
    struct reading reading;
    read_with(&reading, file, overrides, 2);
    assert_mistakes(&reading, "");
    assert_int_equal(reading.sample.workers, 8);
    end_reading(&reading);
}

static void what_is_missing_on_the_way_is_made(void **state)
{
    const struct config_override overrides[] = { { "streams.new.topic", "n" }, { "streams.new.work.group", "h" }, { "buffer", "2KiB" } };
    struct reading reading;
    read_with(&reading, "", overrides, 3);
    assert_mistakes(&reading, "");
    const struct stream_sample *stream = reading.sample.streams.items;
    assert_string_equal(stream->name, "new");
    assert_string_equal(stream->topic, "n");
    assert_string_equal(stream->work.group, "h");
    assert_int_equal(reading.sample.buffer_bytes, 2048);
    end_reading(&reading);
}

static void sets_need_no_file(void **state)
{
    const struct config_override override = { "workers", "9" };
    struct reading reading;
    reading.config = config_read(NULL, &sample_schema, &override, 1, &reading.sample, &reading.report);
    assert_mistakes(&reading, "");
    assert_int_equal(reading.sample.workers, 9);
    end_reading(&reading);
}

static void a_property_keeps_the_dots_of_its_name(void **state)
{
    struct reading reading;
    given_set(&reading, "kafka.properties.max.poll.interval.ms", "6000");
    const struct config_pair *pairs = reading.sample.kafka.properties.items;
    assert_int_equal(reading.sample.kafka.properties.count, 1);
    assert_string_equal(pairs[0].name, "max.poll.interval.ms");
    assert_string_equal(pairs[0].value, "6000");
    end_reading(&reading);
}

static void a_path_into_a_short_form_keeps_what_stood_there(void **state)
{
    struct reading reading;
    given_set(&reading, "kafka.password", "p");
    assert_string_equal(reading.sample.kafka.brokers, "embedded");
    assert_string_equal(reading.sample.kafka.password, "p");
    end_reading(&reading);
}

static void a_value_may_be_a_list_or_a_mapping(void **state)
{
    struct reading reading;
    given_set(&reading, "kafka", "{ brokers: 'a:1', properties: { x.y: 1 } }");
    assert_string_equal(reading.sample.kafka.brokers, "a:1");
    assert_int_equal(reading.sample.kafka.properties.count, 1);
    end_reading(&reading);

    given_set(&reading, "routes", "[]");
    assert_int_equal(reading.sample.routes.count, 0);
    end_reading(&reading);
}

static void an_item_of_a_list_has_its_index(void **state)
{
    struct reading reading;
    given_set(&reading, "routes.1.on", "GET /c");
    assert_string_equal(((const struct route_sample *)reading.sample.routes.items)[1].on, "GET /c");
    end_reading(&reading);

    given_set(&reading, "routes.2.on", "GET /d");
    assert_int_equal(reading.sample.routes.count, 3);
    end_reading(&reading);

    given_set(&reading, "routes.1.use.1", "y");
    const struct route_sample *route = (const struct route_sample *)reading.sample.routes.items + 1;
    assert_int_equal(route->use.count, 2);
    assert_string_equal(((const char *const *)route->use.items)[0], "x");
    assert_string_equal(((const char *const *)route->use.items)[1], "y");
    end_reading(&reading);
}

static void free_yaml_may_be_set_deeply(void **state)
{
    struct reading reading;
    given_set(&reading, "streams.jobs.reply.error.code", "5");
    const struct stream_sample *stream = reading.sample.streams.items;
    char *json = yyjson_val_write(stream->reply, 0, NULL);
    assert_string_equal(json, "{\"error\":{\"code\":5}}");
    free(json);
    end_reading(&reading);
}

static void a_set_value_may_hold_variables(void **state)
{
    setenv("T_TEN", "10", 1);
    struct reading reading;
    given_set(&reading, "workers", "${T_TEN}");
    assert_int_equal(reading.sample.workers, 10);
    end_reading(&reading);
}

static void an_address_needs_no_quotes(void **state)
{
    static const char *const values[] = { "127.0.0.1:8002", ":8080", "redis://u:p@h:1/0" };
    struct reading reading;
    for (size_t i = 0; i < 3; i++) {
        given_set(&reading, "store", values[i]);
        assert_string_equal(reading.sample.store, values[i]);
        end_reading(&reading);
    }
}

static void nothing_set_takes_back_to_the_default(void **state)
{
    struct reading reading;
    given_set(&reading, "workers", "null");
    assert_int_equal(reading.sample.workers, 10);
    end_reading(&reading);
}

static void an_empty_value_is_the_empty_text_and_nothing_else(void **state)
{
    struct reading reading;
    given_set(&reading, "store", "");
    assert_string_equal(reading.sample.store, "");
    end_reading(&reading);

    assert_set_refused("workers", "", "--set: workers: found \"\"; allowed: a whole number from 1 to 1000\n");
    assert_set_refused("streams.jobs.work.order", "", "--set: streams.jobs.work.order: found \"\"; allowed: partition, key, none\n");
    assert_set_refused("store", " ", "--set: store: found blanks or a comment; allowed: a value, in quotes where it begins with #\n");
    assert_set_refused("store", "#1", "--set: store: found blanks or a comment; allowed: a value, in quotes where it begins with #\n");
}

static void a_mistake_names_set_and_the_path(void **state)
{
    assert_set_refused("workers", "x", "--set: workers: found \"x\"; allowed: a whole number from 1 to 1000\n");
    assert_set_refused("worker", "1", "--set: worker: found an unknown key; did you mean \"workers\"?\n");
    assert_set_refused("streams.x.share", "1", "--set: streams.x.topic: found nothing, and it is required; allowed: a text\n");
    assert_set_refused("workers.more", "1", "--set: workers.more: workers is \"5\"; a path through it needs a mapping there\n");
    assert_set_refused("streams.0.topic", "t", "");
    assert_set_refused("routes.7.on", "a", "--set: routes.7.on: found \"7\" as an index; allowed: 0 to 2, the last to append\n");
    assert_set_refused("routes.first.on", "a",
                       "--set: routes.first.on: found \"first\" as an index; allowed: 0 to 2, the last to append\n");
    assert_set_refused("routes.-1.on", "a", "--set: routes.-1.on: found \"-1\" as an index; allowed: 0 to 2, the last to append\n");
    assert_set_refused("a..b", "1",
                       "--set: a..b: found an empty name in the path; allowed: names with one dot between them, as in pool.workers=10\n");
    assert_set_refused("", "1",
                       "--set: found an empty name in the path; allowed: names with one dot between them, as in pool.workers=10\n");
    assert_set_refused("kafka", "{ brokers",
                       "--set: kafka: this is not YAML: did not find expected ',' or '}' while parsing a flow mapping\n");
    assert_set_refused("kafka", "{ a: 1, a: 2 }",
                       "--set: kafka.a: found the key a second time\n"
                       "--set: kafka.a: found an unknown key; allowed: brokers, password, properties\n");
    assert_set_refused("kafka.properties.a", "[1]", "--set: kafka.properties.a: found a list; allowed: a text\n");
}

static void a_mistake_in_the_file_keeps_its_line_beside_a_set(void **state)
{
    const struct config_override override = { "streams.jobs.topic", "t" };
    struct reading reading;
    read_with(&reading, "\nstreams:\n  jobs:\n    share: 7\n", &override, 1);
    assert_mistakes(&reading, "x.yaml:4: streams.jobs.share: found \"7\"; allowed: a number from 0 to 1\n");
    end_reading(&reading);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_set_value_stands_over_the_file),
        cmocka_unit_test(the_last_set_wins),
        cmocka_unit_test(what_is_missing_on_the_way_is_made),
        cmocka_unit_test(sets_need_no_file),
        cmocka_unit_test(a_property_keeps_the_dots_of_its_name),
        cmocka_unit_test(a_path_into_a_short_form_keeps_what_stood_there),
        cmocka_unit_test(a_value_may_be_a_list_or_a_mapping),
        cmocka_unit_test(an_item_of_a_list_has_its_index),
        cmocka_unit_test(free_yaml_may_be_set_deeply),
        cmocka_unit_test(a_set_value_may_hold_variables),
        cmocka_unit_test(an_address_needs_no_quotes),
        cmocka_unit_test(nothing_set_takes_back_to_the_default),
        cmocka_unit_test(an_empty_value_is_the_empty_text_and_nothing_else),
        cmocka_unit_test(a_mistake_names_set_and_the_path),
        cmocka_unit_test(a_mistake_in_the_file_keeps_its_line_beside_a_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
