#include "config_reading.h"

#include <stdio.h>
#include <stdlib.h>

static int with_variables(void **state)
{
    setenv("T_BROKERS", "b1:9092,b2:9092", 1);
    setenv("T_TEN", "10", 1);
    setenv("T_WORD", "many", 1);
    setenv("T_EMPTY", "", 1);
    setenv("T_DOLLAR", "${T_TEN}", 1);
    setenv("T_URL", "redis://me:geheim@host", 1);
    unsetenv("T_UNSET");
    unsetenv("T_UNSET2");
    return 0;
}

static void assert_store(const char *scalar, const char *value)
{
    char yaml[512];
    snprintf(yaml, sizeof(yaml), "store: %s\n", scalar);
    struct reading reading;
    given(&reading, yaml);
    assert_string_equal(reading.sample.store, value);
    end_reading(&reading);
}

static void a_variable_stands_for_its_value(void **state)
{
    assert_store("${T_BROKERS}", "b1:9092,b2:9092");
    assert_store("\"${T_BROKERS}\"", "b1:9092,b2:9092");
    assert_store("'a ${T_TEN} b ${T_TEN}${T_WORD}'", "a 10 b 10many");
    assert_store("|\n  ${T_TEN}\n  lines\n", "10\nlines\n");
}

static void a_default_stands_where_a_variable_is_unset_or_empty(void **state)
{
    assert_store("${T_UNSET:-else}", "else");
    assert_store("${T_EMPTY:-else}", "else");
    assert_store("${T_TEN:-else}", "10");
    assert_store("${T_UNSET:-http://host:80/}", "http://host:80/");
    assert_store("a${T_UNSET:-}b", "ab");
}

static void defaults_nest(void **state)
{
    assert_store("${T_UNSET:-${T_TEN:-50}}", "10");
    assert_store("${T_UNSET:-${T_UNSET2:-50}}", "50");
    assert_store("${T_UNSET:-a${T_UNSET2:-b${T_TEN}c}d}e", "ab10cde");
    assert_store("${T_TEN:-${T_UNSET}}", "10");
    assert_store("${T_TEN:-${T_WORD:-${T_UNSET}}}", "10");
}

static void an_empty_variable_is_set(void **state)
{
    assert_store("\"${T_EMPTY}\"", "");
    assert_store("\"a${T_EMPTY}\"", "a");
}

static void other_dollars_stay(void **state)
{
    assert_store("$trace", "$trace");
    assert_store("$$ $1 a$b 5$", "$$ $1 a$b 5$");
    assert_store("$${T_TEN}", "${T_TEN}");
    assert_store("$T_TEN", "$T_TEN");
}

static void a_value_is_not_expanded_again(void **state)
{
    assert_store("${T_DOLLAR}", "${T_TEN}");
}

static void a_type_is_read_after_expansion(void **state)
{
    struct reading reading;
    given(&reading, "workers: ${T_TEN}\n"
                    "linger: ${T_TEN}ms\n"
                    "buffer: \"${T_UNSET:-64}KiB\"\n"
                    "eager: ${T_UNSET:-false}\n"
                    "streams: { a: { topic: t, reply: { n: \"${T_TEN}\" } } }\n"
                    "kafka: ${T_BROKERS}\n");
    assert_int_equal(reading.sample.workers, 10);
    assert_int_equal(reading.sample.linger_us, 10000);
    assert_int_equal(reading.sample.buffer_bytes, 65536);
    assert_false(reading.sample.eager);
    assert_string_equal(reading.sample.kafka.brokers, "b1:9092,b2:9092");
    const struct stream_sample *stream = reading.sample.streams.items;
    assert_true(yyjson_is_str(yyjson_obj_get((yyjson_val *)stream->reply, "n")));
    end_reading(&reading);
}

static void a_plain_scalar_in_json_is_typed_after_expansion(void **state)
{
    struct reading reading;
    given(&reading, "streams:\n  a:\n    topic: t\n    reply:\n      n: ${T_TEN}\n      s: '${T_TEN}'\n");
    const struct stream_sample *stream = reading.sample.streams.items;
    assert_true(yyjson_is_int(yyjson_obj_get((yyjson_val *)stream->reply, "n")));
    assert_true(yyjson_is_str(yyjson_obj_get((yyjson_val *)stream->reply, "s")));
    end_reading(&reading);
}

static void nothing_from_a_variable_is_nothing_in_the_file(void **state)
{
    struct reading reading;
    given(&reading, "workers: ${T_EMPTY}\nkafka: { password: }\n");
    assert_int_equal(reading.sample.workers, 10);
    end_reading(&reading);
}

static void keys_are_not_expanded(void **state)
{
    struct reading reading;
    given(&reading, "kafka: { properties: { \"${T_TEN}\": a } }");
    assert_string_equal(((struct config_pair *)reading.sample.kafka.properties.items)->name, "${T_TEN}");
    end_reading(&reading);
}

static void a_bad_value_is_told_with_the_variable_that_held_it(void **state)
{
    assert_refused("workers: ${T_WORD}", "x.yaml:1: workers: found \"many\" (from T_WORD); allowed: a whole number from 1 to 1000\n");
    assert_refused("workers: ${T_UNSET:-${T_WORD:-5}}",
                   "x.yaml:1: workers: found \"many\" (from T_WORD); allowed: a whole number from 1 to 1000\n");
    assert_refused("workers: ${T_WORD}${T_TEN:-7}",
                   "x.yaml:1: workers: found \"many10\" (from T_WORD, T_TEN); allowed: a whole number from 1 to 1000\n");
    assert_refused("workers: ${T_UNSET:-few}", "x.yaml:1: workers: found \"few\"; allowed: a whole number from 1 to 1000\n");
    assert_refused("workers: '${T_EMPTY}'", "x.yaml:1: workers: found \"\" (from T_EMPTY); allowed: a whole number from 1 to 1000\n");
    assert_refused("workers: ${T_URL}",
                   "x.yaml:1: workers: found \"redis://me:********@host\" (from T_URL); allowed: a whole number from 1 to 1000\n");
}

static void an_unset_variable_is_one_mistake_that_names_it(void **state)
{
    assert_refused("kafka:\n  brokers: ${T_UNSET}\nworkers: '${T_UNSET2}'\n",
                   "x.yaml:2: kafka.brokers: the environment variable T_UNSET is not set, and ${T_UNSET} has no default as in "
                   "${T_UNSET:-default}\n"
                   "x.yaml:3: workers: the environment variable T_UNSET2 is not set, and ${T_UNSET2} has no default as in "
                   "${T_UNSET2:-default}\n");
}

static void a_malformed_variable_is_told(void **state)
{
    static const char *const rows[][2] = {
        { "'${}'", "found ${}" },     { "'${1A}'", "found ${1A}" },   { "'${A-b}'", "found ${A-b}" },
        { "'a${A'", "found ${A..." }, { "'${A B}'", "found ${A B}" }, { "'${'", "found ${..." },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char yaml[64];
        char mistake[256];
        snprintf(yaml, sizeof(yaml), "store: %s", rows[i][0]);
        snprintf(mistake, sizeof(mistake), "x.yaml:1: store: %s; allowed: ${NAME} or ${NAME:-default}, and $${ for the characters ${\n",
                 rows[i][1]);
        assert_refused(yaml, mistake);
    }
    assert_refused("store: '${A:-b'", "x.yaml:1: store: found ${...:-b without its closing brace\n");
}

static void nesting_is_limited(void **state)
{
    struct buffer yaml = { 0 };
    buffer_string(&yaml, "store: '");
    for (int i = 0; i < 5000; i++)
        buffer_string(&yaml, "${T_UNSET:-");
    buffer_string(&yaml, "'");
    buffer_char(&yaml, '\0');
    assert_refused(yaml.data, "x.yaml:1: store: found defaults within defaults more than 8 deep\n");
    buffer_free(&yaml);
}

static void large_values_are_limited_in_sum(void **state)
{
    char value[65536];
    memset(value, 'x', sizeof(value) - 1);
    value[sizeof(value) - 1] = '\0';
    setenv("T_LARGE", value, 1);
    struct buffer yaml = { 0 };
    buffer_string(&yaml, "routes:\n");
    for (int i = 0; i < 100; i++)
        buffer_string(&yaml, "- on: ${T_LARGE}\n");
    buffer_char(&yaml, '\0');

    struct reading reading;
    read_with(&reading, yaml.data, NULL, 0);
    assert_int_equal(reading.report.count, 100 - 16);
    assert_string_equal(reading.report.mistakes[0].message, "the values of variables grow beyond 1 MiB");
    assert_int_equal(reading.report.mistakes[0].line, 18);
    end_reading(&reading);
    buffer_free(&yaml);
    unsetenv("T_LARGE");
}

struct standard {
    const char *service;
    int64_t workers;
    int64_t queue;
};

static const struct config_field standard_fields[] = {
    { .name = "service", .type = CONFIG_STRING, .offset = offsetof(struct standard, service), .fallback = "${T_EMPTY:-}" },
    { .name = "workers", .type = CONFIG_INT, .offset = offsetof(struct standard, workers), .fallback = "${T_TEN:-4}" },
    { .name = "queue",
      .type = CONFIG_INT,
      .offset = offsetof(struct standard, queue),
      .fallback = "${T_QUEUE:-${T_ANY_QUEUE:-100}}",
      .min = 0,
      .max = 200 },
    { 0 },
};

static const struct config_schema standard_schema = {
    .name = "standard", .doc = "What knows names of the environment by itself.", .size = sizeof(struct standard), .fields = standard_fields
};

static void a_schemas_default_may_name_a_variable(void **state)
{
    struct standard standard;
    struct config_report report;
    struct config *config = config_read_text("x.yaml", "queue: null", &standard_schema, NULL, 0, &standard, &report);
    assert_int_equal(report.count, 0);
    assert_string_equal(standard.service, "");
    assert_int_equal(standard.workers, 10);
    assert_int_equal(standard.queue, 100);
    struct buffer printed = { 0 };
    config_print(config, &printed);
    buffer_char(&printed, '\0');
    assert_string_equal(printed.data, "service: \"\"  # default\nworkers: 10  # from T_TEN\nqueue: 100  # default\n");
    buffer_free(&printed);
    config_free(config);
}

static void a_file_goes_before_a_variable_in_a_schemas_default(void **state)
{
    struct standard standard;
    struct config_report report;
    struct config *config = config_read_text("x.yaml", "workers: 7", &standard_schema, NULL, 0, &standard, &report);
    assert_int_equal(standard.workers, 7);
    config_free(config);
}

static void a_bad_variable_in_a_schemas_default_is_told_and_as_if_not_set(void **state)
{
    static const char *const values[] = { "many", "-1", "null", "~" };
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        struct standard standard;
        struct config_report report;
        char message[160];
        setenv("T_QUEUE", values[i], 1);
        struct config *config = config_read_text("x.yaml", "workers: 7", &standard_schema, NULL, 0, &standard, &report);
        assert_int_equal(report.count, 0);
        assert_int_equal(report.warning_count, 1);
        assert_string_equal(report.warnings[0].path, "queue");
        snprintf(message, sizeof(message), "found \"%s\" (from T_QUEUE), which is ignored; allowed: a whole number from 0 to 200",
                 values[i]);
        assert_string_equal(report.warnings[0].message, message);
        assert_int_equal(standard.queue, 100);
        config_free(config);
    }
    unsetenv("T_QUEUE");
}

static void without_the_bad_variable_the_next_one_holds(void **state)
{
    struct standard standard;
    struct config_report report;
    setenv("T_QUEUE", "many", 1);
    setenv("T_ANY_QUEUE", "50", 1);
    struct config *config = config_read_text("x.yaml", "", &standard_schema, NULL, 0, &standard, &report);
    assert_int_equal(report.warning_count, 1);
    assert_int_equal(standard.queue, 50);
    config_free(config);

    setenv("T_ANY_QUEUE", "more", 1);
    config = config_read_text("x.yaml", "", &standard_schema, NULL, 0, &standard, &report);
    assert_int_equal(report.warning_count, 2);
    assert_int_equal(standard.queue, 100);
    config_free(config);
    unsetenv("T_ANY_QUEUE");
    unsetenv("T_QUEUE");
}

static void a_bad_variable_that_the_file_names_is_refused(void **state)
{
    struct standard standard;
    struct config_report report;
    setenv("T_QUEUE", "many", 1);
    struct config *config = config_read_text("x.yaml", "queue: ${T_QUEUE:-5}", &standard_schema, NULL, 0, &standard, &report);
    unsetenv("T_QUEUE");
    assert_int_equal(report.count, 1);
    assert_int_equal(report.warning_count, 0);
    assert_non_null(strstr(report.mistakes[0].message, "found \"many\" (from T_QUEUE)"));
    config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_variable_stands_for_its_value),
        cmocka_unit_test(a_default_stands_where_a_variable_is_unset_or_empty),
        cmocka_unit_test(defaults_nest),
        cmocka_unit_test(an_empty_variable_is_set),
        cmocka_unit_test(other_dollars_stay),
        cmocka_unit_test(a_value_is_not_expanded_again),
        cmocka_unit_test(a_type_is_read_after_expansion),
        cmocka_unit_test(a_plain_scalar_in_json_is_typed_after_expansion),
        cmocka_unit_test(nothing_from_a_variable_is_nothing_in_the_file),
        cmocka_unit_test(keys_are_not_expanded),
        cmocka_unit_test(a_bad_value_is_told_with_the_variable_that_held_it),
        cmocka_unit_test(an_unset_variable_is_one_mistake_that_names_it),
        cmocka_unit_test(a_malformed_variable_is_told),
        cmocka_unit_test(nesting_is_limited),
        cmocka_unit_test(large_values_are_limited_in_sum),
        cmocka_unit_test(a_schemas_default_may_name_a_variable),
        cmocka_unit_test(a_file_goes_before_a_variable_in_a_schemas_default),
        cmocka_unit_test(a_bad_variable_in_a_schemas_default_is_told_and_as_if_not_set),
        cmocka_unit_test(without_the_bad_variable_the_next_one_holds),
        cmocka_unit_test(a_bad_variable_that_the_file_names_is_refused),
    };
    return cmocka_run_group_tests(tests, with_variables, NULL);
}
