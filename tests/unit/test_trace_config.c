/* `traces:`, out of OpenTelemetry's environment and out of a file. */
#include "trace/trace_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char *const names[] = { "OTEL_SDK_DISABLED", "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG", "OTEL_SERVICE_NAME",
                                     "OTEL_RESOURCE_ATTRIBUTES" };

static int without_environment(void **state)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        unsetenv(names[i]);
    return 0;
}

static struct config *read_config(const char *yaml, struct trace_config *traces, struct config_report *report)
{
    return config_read_text("x.yaml", yaml, &trace_config_schema, NULL, 0, traces, report);
}

static void by_default_every_trace_is_sampled_that_begins_here(void **state)
{
    struct trace_config traces;
    struct config_report report;
    struct config *config = read_config("", &traces, &report);
    assert_int_equal(report.count, 0);
    assert_false(traces.disabled);
    assert_int_equal(traces.sampler, SAMPLER_PARENT_RATIO);
    assert_true(traces.ratio == 1);
    assert_int_equal(traces.memory_bytes, 4 * 1024 * 1024);
    assert_true(traces.keep.failures);
    assert_string_equal(traces.service, "");
    config_free(config);
}

static void the_standard_names_work_without_a_line_in_the_file(void **state)
{
    struct trace_config traces;
    struct config_report report;
    setenv("OTEL_SDK_DISABLED", "true", 1);
    setenv("OTEL_TRACES_SAMPLER", "traceidratio", 1);
    setenv("OTEL_TRACES_SAMPLER_ARG", "0.25", 1);
    setenv("OTEL_SERVICE_NAME", "orders", 1);
    setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test", 1);
    struct config *config = read_config("", &traces, &report);
    assert_int_equal(report.count, 0);
    assert_true(traces.disabled);
    assert_int_equal(traces.sampler, SAMPLER_RATIO);
    assert_true(traces.ratio == 0.25);
    assert_string_equal(traces.service, "orders");
    assert_string_equal(traces.attributes, "deployment.environment.name=test");
    config_free(config);
}

static void every_sampler_has_its_name(void **state)
{
    for (int i = 0; trace_samplers[i] != NULL; i++) {
        struct trace_config traces;
        struct config_report report;
        char yaml[64];
        snprintf(yaml, sizeof(yaml), "sampler: %s", trace_samplers[i]);
        struct config *config = read_config(yaml, &traces, &report);
        assert_int_equal(report.count, 0);
        assert_int_equal(traces.sampler, i);
        config_free(config);
    }
    assert_string_equal(trace_samplers[SAMPLER_PARENT_ALWAYS_OFF], "parentbased_always_off");
}

static void what_cannot_be_is_refused(void **state)
{
    static const struct {
        const char *yaml, *path, *message;
    } rows[] = {
        { "sampler: jaeger_remote", "sampler", "allowed: always_on" },
        { "ratio: 1.5", "ratio", "from 0 to 1" },
        { "memory: 1KiB", "memory", "from 512KiB" },
        { "keep: { slowest: 17 }", "keep.slowest", "from 0 to 16" },
        { "attributes: a", "attributes", "found \"a\"; allowed: name=value,name=value" },
        { "attributes: a=b,=c", "attributes", "allowed: name=value,name=value" },
        { "attributes: a=%zz", "attributes", "percent-encoded" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct trace_config traces;
        struct config_report report;
        struct config *config = read_config(rows[i].yaml, &traces, &report);
        assert_int_equal(report.count, 1);
        assert_string_equal(report.mistakes[0].path, rows[i].path);
        if (strstr(report.mistakes[0].message, rows[i].message) == NULL)
            fail_msg("%s: %s", rows[i].yaml, report.mistakes[0].message);
        config_free(config);
    }
}

/* OpenTelemetry's specification, "General SDK configuration" and "Resource SDK": what cannot be read is told and ignored. */
static void a_value_of_the_environment_that_is_none_is_told_and_the_default_holds(void **state)
{
    setenv("OTEL_SDK_DISABLED", "perhaps", 1);
    setenv("OTEL_TRACES_SAMPLER", "parentbased_jaeger_remote", 1);
    setenv("OTEL_TRACES_SAMPLER_ARG", "endpoint=http://localhost:14250", 1);
    setenv("OTEL_RESOURCE_ATTRIBUTES", "a=b,=c", 1);
    struct trace_config traces;
    struct config_report report;
    struct config *config = read_config("", &traces, &report);
    assert_int_equal(report.count, 0);
    assert_int_equal(report.warning_count, 4);
    assert_string_equal(report.warnings[1].path, "sampler");
    assert_non_null(strstr(report.warnings[1].message, "found \"parentbased_jaeger_remote\" (from OTEL_TRACES_SAMPLER)"));
    assert_false(traces.disabled);
    assert_int_equal(traces.sampler, SAMPLER_PARENT_RATIO);
    assert_true(traces.ratio == 1);
    assert_string_equal(traces.attributes, "");
    config_free(config);
}

static void the_case_of_a_name_in_the_environment_does_not_matter(void **state)
{
    setenv("OTEL_TRACES_SAMPLER", "Always_OFF", 1);
    struct trace_config traces;
    struct config_report report;
    struct config *config = read_config("", &traces, &report);
    assert_int_equal(report.warning_count, 0);
    assert_int_equal(traces.sampler, SAMPLER_ALWAYS_OFF);
    config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(by_default_every_trace_is_sampled_that_begins_here, without_environment),
        cmocka_unit_test_setup(the_standard_names_work_without_a_line_in_the_file, without_environment),
        cmocka_unit_test_setup(every_sampler_has_its_name, without_environment),
        cmocka_unit_test_setup(what_cannot_be_is_refused, without_environment),
        cmocka_unit_test_setup(a_value_of_the_environment_that_is_none_is_told_and_the_default_holds, without_environment),
        cmocka_unit_test_setup(the_case_of_a_name_in_the_environment_does_not_matter, without_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
