/* Shapes and breakers as they stand in a file. */
#include "config/config.h"
#include "core/breaker.h"
#include "core/shape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

struct stream {
    struct config_list shape;
    struct breaker_config breaker;
};

static const struct config_field stream_fields[] = {
    { "shape", CONFIG_DICT, .offset = offsetof(struct stream, shape), .doc = "Fields.", .schema = &shape_field_schema },
    { "breaker", CONFIG_STRUCT, .offset = offsetof(struct stream, breaker), .doc = "Breaker.", .schema = &breaker_schema },
    { .name = NULL },
};

static const struct config_schema stream_schema = {
    .name = "stream", .doc = "A stream.", .size = sizeof(struct stream), .fields = stream_fields
};

static struct config *read_yaml(const char *yaml, struct stream *stream, struct config_report *report)
{
    return config_read_text("x.yaml", yaml, &stream_schema, NULL, 0, stream, report);
}

static void assert_event(const struct stream *stream, struct text body, const char *expected)
{
    struct error err = { 0 };
    struct shape *shape = shape_new(stream->shape.items, stream->shape.count, &err);
    if (shape == NULL)
        fail_msg("%s", err.message);
    struct random random;
    random_init_seed(&random, 1);
    struct shape_context context = { .random = &random };
    struct buffer out = { 0 };
    if (shape_apply(shape, body, &context, &out, &err) != 0)
        fail_msg("%s", err.message);
    buffer_char(&out, '\0');
    assert_string_equal(out.data, expected);
    buffer_free(&out);
    shape_free(shape);
}

static void a_file_declares_fields_in_its_order(void **state)
{
    struct stream stream;
    struct config_report report;
    struct config *config = read_yaml("shape:\n"
                                      "  source: { default: unknown, max: 7 }\n"
                                      "  id: { type: int, generate: 'random(${NOT_SET_LOW:-5},+${NOT_SET_RANGE:-0})' }\n"
                                      "  metadata: { default: { tags: [a, 1] } }\n"
                                      "  amount: { type: number, min: 0 }\n"
                                      "  note: {}\n",
                                      &stream, &report);
    assert_int_equal(report.count, 0);
    assert_event(&stream, TEXT_NONE, "{\"source\":\"unknown\",\"id\":5,\"metadata\":{\"tags\":[\"a\",1]}}");
    assert_event(&stream, TEXT("{\"note\":[],\"amount\":0.10,\"id\":7,\"metadata\":{}}"),
                 "{\"note\":[],\"amount\":0.10,\"id\":7,\"metadata\":{},\"source\":\"unknown\"}");
    config_free(config);
}

static void a_shape_that_is_not_there_takes_any_object(void **state)
{
    struct stream stream;
    struct config_report report;
    struct config *config = read_yaml("breaker: {}\n", &stream, &report);
    assert_int_equal(report.count, 0);
    assert_event(&stream, TEXT("{\"a\":1}"), "{\"a\":1}");
    config_free(config);
}

static void every_field_that_contradicts_itself_is_named_with_its_line(void **state)
{
    struct stream stream;
    struct config_report report;
    struct config *config = read_yaml("shape:\n"
                                      "  id: { generate: uuid, max: 35 }\n"
                                      "  n: { type: int, generate: 'random(9,1)' }\n"
                                      "  ok: { type: string, min: 1 }\n"
                                      "  m: { type: integer }\n",
                                      &stream, &report);
    struct buffer printed = { 0 };
    config_report_print(&report, &printed);
    buffer_char(&printed, '\0');
    assert_string_equal(printed.data,
                        "x.yaml:2: shape.id: generate: uuid leaves the bounds; allowed: a string, at most 35 characters\n"
                        "x.yaml:3: shape.n: generate: found random(9,1), where the first is above the second; allowed: at most the second\n"
                        "x.yaml:5: shape.m.type: found \"integer\"; allowed: auto, string, int, number, bool, object, array, any\n");
    buffer_free(&printed);
    config_free(config);
}

static void a_breaker_has_the_defaults_of_the_design(void **state)
{
    struct stream stream;
    struct config_report report;
    struct config *config = read_yaml("shape: {}\n", &stream, &report);
    assert_int_equal(report.count, 0);
    assert_int_equal(stream.breaker.failures, 10);
    assert_int_equal(stream.breaker.stall_us, 2000000);
    assert_int_equal(stream.breaker.pause_us, 1000000);
    config_free(config);
}

static void a_breaker_that_never_could_open_or_rest_is_refused(void **state)
{
    struct stream stream;
    struct config_report report;
    struct config *config = read_yaml("breaker: { failures: 0, stall: 0, pause: 2h }\n", &stream, &report);
    assert_int_equal(report.count, 3);
    config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_declares_fields_in_its_order),
        cmocka_unit_test(a_shape_that_is_not_there_takes_any_object),
        cmocka_unit_test(every_field_that_contradicts_itself_is_named_with_its_line),
        cmocka_unit_test(a_breaker_has_the_defaults_of_the_design),
        cmocka_unit_test(a_breaker_that_never_could_open_or_rest_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
