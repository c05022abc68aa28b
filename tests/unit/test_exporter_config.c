#include "io/curl/exporter_config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct reading {
    struct config *config;
    struct exporter_config exporter;
    char mistakes[1024];
    char url[256];
};

static void end_reading(struct reading *reading)
{
    config_free(reading->config);
}

/* What `export` stands in. */
struct traces {
    struct exporter_config export;
};

static const struct config_field fields[] = {
    { .name = "export", .type = CONFIG_STRUCT, .offset = offsetof(struct traces, export), .schema = &exporter_schema },
    { 0 },
};
static const struct config_schema traces_schema = { .name = "traces", .size = sizeof(struct traces), .fields = fields };

static struct reading read_file(const char *yaml)
{
    struct traces traces;
    struct reading reading;
    struct config_report report = { 0 };
    struct buffer out = { 0 }, url = { 0 };
    reading.config = config_read_text("x.yaml", yaml, &traces_schema, NULL, 0, &traces, &report);
    reading.exporter = traces.export;
    config_report_print(&report, &out);
    snprintf(reading.mistakes, sizeof(reading.mistakes), "%.*s", TEXT_ARG(buffer_as_text(&out)));
    if (report.count == 0) {
        exporter_config_url(&reading.exporter, &url);
        snprintf(reading.url, sizeof(reading.url), "%s", url.data);
    }
    buffer_free(&out);
    buffer_free(&url);
    return reading;
}

static struct reading read_export(const char *value)
{
    char yaml[256];
    snprintf(yaml, sizeof(yaml), "export: %s", value);
    return read_file(yaml);
}

static int forget_environment(void **state)
{
    static const char *const names[] = {
        "OTEL_TRACES_EXPORTER",        "OTEL_EXPORTER_OTLP_ENDPOINT",    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        "OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_HEADERS",     "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
        "OTEL_EXPORTER_OTLP_TIMEOUT",  "OTEL_EXPORTER_OTLP_COMPRESSION", "OTEL_EXPORTER_OTLP_CERTIFICATE",
        "OTEL_BSP_SCHEDULE_DELAY",     "OTEL_BSP_MAX_EXPORT_BATCH_SIZE"
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        unsetenv(names[i]);
    return 0;
}

static void nothing_is_exported_unless_somebody_says_where_to(void **state)
{
    struct reading reading = read_export("{}");
    assert_string_equal(reading.mistakes, "");
    assert_false(exporter_config_wanted(&reading.exporter));
    end_reading(&reading);
}

static void a_lone_value_is_the_endpoint(void **state)
{
    struct reading reading = read_export("http://collector:4318");
    assert_string_equal(reading.mistakes, "");
    assert_true(exporter_config_wanted(&reading.exporter));
    assert_string_equal(reading.url, "http://collector:4318/v1/traces");
    assert_int_equal(reading.exporter.timeout_us, 10000000);
    assert_int_equal(reading.exporter.delay_us, 1000000);
    assert_int_equal(reading.exporter.batch, 512);
    assert_int_equal(reading.exporter.compression, EXPORTER_COMPRESSION_NONE);
    end_reading(&reading);
}

static void the_path_is_added_to_an_endpoint_and_not_to_a_url(void **state)
{
    static const char *const cases[][2] = {
        { "{ endpoint: 'http://collector:4318/' }", "http://collector:4318/v1/traces" },
        { "{ endpoint: 'https://collector/otlp/' }", "https://collector/otlp/v1/traces" },
        { "{ endpoint: 'http://collector:4318/?token=a/b' }", "http://collector:4318/v1/traces?token=a/b" }, /* as some vendors have it */
        { "{ url: 'http://collector/take/these' }", "http://collector/take/these" },
        { "{ url: 'http://one/', endpoint: 'http://other:4318' }", "http://one/" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct reading reading = read_export(cases[i][0]);
        assert_string_equal(reading.mistakes, "");
        assert_string_equal(reading.url, cases[i][1]);
        end_reading(&reading);
    }
}

static void opentelemetrys_environment_is_the_default(void **state)
{
    setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://general:4318", 1);
    setenv("OTEL_EXPORTER_OTLP_HEADERS", "a=1", 1);
    setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "2500", 1);
    setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip", 1);
    setenv("OTEL_BSP_SCHEDULE_DELAY", "5000", 1);
    setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "100", 1);
    struct reading reading = read_export("{}");
    assert_string_equal(reading.mistakes, "");
    assert_string_equal(reading.url, "http://general:4318/v1/traces");
    assert_string_equal(reading.exporter.headers, "a=1");
    assert_int_equal(reading.exporter.timeout_us, 2500000);
    assert_int_equal(reading.exporter.compression, EXPORTER_COMPRESSION_GZIP);
    assert_int_equal(reading.exporter.delay_us, 5000000);
    assert_int_equal(reading.exporter.batch, 100);
    end_reading(&reading);
}

static void the_variable_for_traces_comes_before_the_general_one(void **state)
{
    setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://general:4318", 1);
    setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://traces:4318/here", 1);
    setenv("OTEL_EXPORTER_OTLP_HEADERS", "a=1", 1);
    setenv("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "b=2", 1);
    struct reading reading = read_export("{}");
    assert_string_equal(reading.url, "http://traces:4318/here");
    assert_string_equal(reading.exporter.headers, "b=2");
    end_reading(&reading);
}

static void exporting_is_switched_off_by_name(void **state)
{
    setenv("OTEL_TRACES_EXPORTER", "none", 1);
    struct reading reading = read_export("http://collector:4318");
    assert_string_equal(reading.mistakes, "");
    assert_false(exporter_config_wanted(&reading.exporter));
    end_reading(&reading);
}

static void a_mistake_is_told_with_what_is_allowed_and_without_secrets(void **state)
{
    static const char *const cases[][2] = {
        { "{ endpoint: 'collector:4318' }", "endpoint: found" },
        { "{ endpoint: 'http://me:hunter2@collector' }", "endpoint: found a user" },
        { "{ url: 'grpc://collector' }", "url: found" },
        { "{ endpoint: 'http://c', protocol: grpc }", "protocol: found \"grpc\"; allowed: http/protobuf" },
        { "{ endpoint: 'http://c', headers: 'hunter2' }", "headers: found no header as pair 1" },
        { "{ endpoint: 'http://c', headers: 'a=1,b c=hunter2' }", "headers: found no header as pair 2" },
        { "{ endpoint: 'http://c', headers: 'a=hunter2%0d%0aHost:%20x' }", "headers: found no header as pair 1" },
        { "{ endpoint: 'http://c', certificate: /nowhere.pem }", "certificate: cannot read" },
        { "{ endpoint: 'http://c', timeout: 1ms }", "timeout: found" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct reading reading = read_export(cases[i][0]);
        if (strstr(reading.mistakes, cases[i][1]) == NULL)
            fail_msg("%s: %s", cases[i][0], reading.mistakes);
        assert_null(strstr(reading.mistakes, "hunter2"));
        end_reading(&reading);
    }
}

static void a_mistake_of_the_environment_is_told_with_its_variable_where_the_file_says_nothing(void **state)
{
    setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318", 1);
    struct reading reading = read_file("{}");
    assert_non_null(strstr(reading.mistakes, "export.endpoint: found no URL"));
    assert_non_null(strstr(reading.mistakes, "(from OTEL_EXPORTER_OTLP_ENDPOINT)"));
    end_reading(&reading);
}

static void a_value_of_the_environment_that_is_none_is_told_and_the_default_holds(void **state)
{
    static const char *const cases[][2] = {
        { "OTEL_TRACES_EXPORTER", "exporter: found \"zipkin\" (from OTEL_TRACES_EXPORTER), which is ignored; allowed: otlp, none" },
        { "OTEL_EXPORTER_OTLP_PROTOCOL", "protocol: found \"zipkin\" (from OTEL_EXPORTER_OTLP_PROTOCOL), which is ignored" },
        { "OTEL_EXPORTER_OTLP_TIMEOUT", "timeout: found \"zipkinms\" (from OTEL_EXPORTER_OTLP_TIMEOUT), which is ignored" },
        { "OTEL_EXPORTER_OTLP_COMPRESSION", "compression: found \"zipkin\"" },
        { "OTEL_BSP_SCHEDULE_DELAY", "delay: found \"zipkinms\"" },
        { "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "batch: found \"zipkin\"" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        forget_environment(state);
        setenv(cases[i][0], "zipkin", 1);
        struct reading reading = read_export("http://collector:4318");
        if (strstr(reading.mistakes, cases[i][1]) == NULL)
            fail_msg("%s: %s", cases[i][0], reading.mistakes);
        assert_true(exporter_config_wanted(&reading.exporter));
        assert_int_equal(reading.exporter.timeout_us, 10000000);
        assert_int_equal(reading.exporter.compression, EXPORTER_COMPRESSION_NONE);
        assert_int_equal(reading.exporter.delay_us, 1000000);
        assert_int_equal(reading.exporter.batch, 512);
        end_reading(&reading);
    }
}

static void a_secret_that_a_default_takes_from_the_environment_is_not_shown(void **state)
{
    setenv("OTEL_EXPORTER_OTLP_HEADERS", "api-key=hunter2", 1);
    setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/?password=hunter2&token=hunter2&API_KEY=hunter2", 1);
    struct reading reading = read_export("{}");
    struct buffer out = { 0 };
    config_print(reading.config, &out);
    buffer_char(&out, '\0');
    assert_string_equal(reading.exporter.headers, "api-key=hunter2");
    assert_null(strstr(out.data, "hunter2"));
    assert_non_null(strstr(out.data, "collector:4318"));
    buffer_free(&out);
    end_reading(&reading);
}

static void headers_become_lines(void **state)
{
    struct exporter_config config = { .headers = "api-key=a%20b , X-Tenant=1,empty=" };
    struct buffer lines = { 0 };
    size_t count = 0;
    assert_int_equal(exporter_config_headers(&config, &lines, &count, NULL), 0);
    assert_int_equal(count, 3);
    static const char expected[] = "api-key: a b\0X-Tenant: 1\0empty;";
    assert_int_equal(lines.size, sizeof(expected));
    assert_memory_equal(lines.data, expected, sizeof(expected));
    buffer_free(&lines);
}

#define without_environment(test) cmocka_unit_test_setup(test, forget_environment)

int main(void)
{
    const struct CMUnitTest tests[] = {
        without_environment(nothing_is_exported_unless_somebody_says_where_to),
        without_environment(a_lone_value_is_the_endpoint),
        without_environment(the_path_is_added_to_an_endpoint_and_not_to_a_url),
        without_environment(opentelemetrys_environment_is_the_default),
        without_environment(the_variable_for_traces_comes_before_the_general_one),
        without_environment(exporting_is_switched_off_by_name),
        without_environment(a_mistake_is_told_with_what_is_allowed_and_without_secrets),
        without_environment(a_mistake_of_the_environment_is_told_with_its_variable_where_the_file_says_nothing),
        without_environment(a_value_of_the_environment_that_is_none_is_told_and_the_default_holds),
        without_environment(a_secret_that_a_default_takes_from_the_environment_is_not_shown),
        without_environment(headers_become_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
