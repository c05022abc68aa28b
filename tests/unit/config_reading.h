/* config_reading: what the tests of config/ do with the sample schema. */
#pragma once

#include "config_sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What a test has read. */
struct reading {
    struct config *config;
    struct sample sample;
    struct config_report report;
};

static inline void read_with(struct reading *reading, const char *yaml, const struct config_override *overrides, size_t count)
{
    reading->config = config_read_text("x.yaml", yaml, &sample_schema, overrides, count, &reading->sample, &reading->report);
}

static inline void end_reading(struct reading *reading)
{
    config_free(reading->config);
}

/* All mistakes as they are printed. */
static inline void assert_mistakes(const struct reading *reading, const char *expected)
{
    struct buffer printed = { 0 };
    config_report_print(&reading->report, &printed);
    buffer_char(&printed, '\0');
    assert_string_equal(printed.data, expected);
    buffer_free(&printed);
}

static inline void given(struct reading *reading, const char *yaml)
{
    read_with(reading, yaml, NULL, 0);
    assert_mistakes(reading, "");
}

static inline void assert_refused(const char *yaml, const char *mistakes)
{
    struct reading reading;
    read_with(&reading, yaml, NULL, 0);
    assert_mistakes(&reading, mistakes);
    end_reading(&reading);
}
