#include "base/clock.h"
#include "base/memory.h"
#include "core/shape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define WALL_US  INT64_C(1769903999123456) /* 2026-01-31T23:59:59.123456Z */
#define TRACE_ID "0af7651916cd43dd8448eb211c80319c"

/* The values of configuration, as a YAML reader would hand them over: kept until the test's end. */

struct values {
    yyjson_doc *docs[16];
    size_t count;
};

static int given_values(void **state)
{
    *state = mem_zalloc(sizeof(struct values));
    return 0;
}

static int free_values(void **state)
{
    struct values *values = *state;
    for (size_t i = 0; i < values->count; i++)
        yyjson_doc_free(values->docs[i]);
    mem_free(values);
    return 0;
}

static const yyjson_val *value_of(void **state, const char *json)
{
    struct values *values = *state;
    yyjson_doc *doc = yyjson_read(json, strlen(json), 0);
    assert_non_null(doc);
    values->docs[values->count++] = doc;
    return yyjson_doc_get_root(doc);
}

static struct shape *given_shape(const struct shape_field_config *fields, size_t count)
{
    struct error err = { 0 };
    struct shape *shape = shape_new(fields, count, &err);
    if (shape == NULL)
        fail_msg("%s", err.message);
    return shape;
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int apply(const struct shape *shape, struct text body, struct buffer *out, struct error *err)
{
    struct random random;
    random_init_seed(&random, 1);
    struct shape_context context = { .random = &random, .wall_us = WALL_US, .trace_id = TEXT(TRACE_ID) };
    return shape_apply(shape, body, &context, out, err);
}

static void assert_event(const struct shape *shape, struct text body, const char *expected)
{
    struct buffer out = { 0 };
    struct error err = { 0 };
    buffer_string(&out, "before");
    if (apply(shape, body, &out, &err) != 0)
        fail_msg("%s", err.message);
    buffer_char(&out, '\0');
    assert_string_equal(out.data + strlen("before"), expected);
    buffer_free(&out);
}

static void assert_refused(const struct shape *shape, const char *body, const char *message)
{
    struct buffer out = { 0 };
    struct error err = { 0 };
    buffer_string(&out, "before");
    assert_int_equal(apply(shape, text_of(body), &out, &err), E_INVALID);
    assert_string_equal(err.message, message);
    assert_int_equal(out.size, strlen("before"));
    buffer_free(&out);
}

/* Makes an event out of nothing and returns the value of its one field as text; the caller frees it. */
static char *made_by(const char *generate)
{
    struct shape_field_config field = { .name = "f", .generate = generate };
    struct shape *shape = given_shape(&field, 1);
    struct buffer out = { 0 };
    assert_int_equal(apply(shape, TEXT_NONE, &out, NULL), 0);
    assert_memory_equal(out.data, "{\"f\":", 5);
    assert_int_equal(out.data[out.size - 1], '}');
    char *value = mem_strndup(out.data + 5, out.size - 6);
    buffer_free(&out);
    shape_free(shape);
    return value;
}

/* What is made */

static void a_uuid_is_one_of_version_4(void **state)
{
    char *value = made_by("uuid");
    assert_int_equal(strlen(value), 38);
    static const char form[] = "\"xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx\"";
    for (size_t i = 0; form[i] != '\0'; i++) {
        const char *allowed = form[i] == 'x' ? "0123456789abcdef" : form[i] == 'y' ? "89ab" : (char[]){ form[i], '\0' };
        assert_non_null(strchr(allowed, value[i]));
    }
    mem_free(value);
}

static void now_is_the_time_it_was_given(void **state)
{
    char *value = made_by("now");
    assert_string_equal(value, "\"2026-01-31T23:59:59.123456Z\"");
    mem_free(value);
}

static void trace_is_the_trace_id(void **state)
{
    char *value = made_by("trace");
    assert_string_equal(value, "\"" TRACE_ID "\"");
    mem_free(value);
}

static void random_takes_every_value_of_its_range_and_no_other(void **state)
{
    static const char *const spellings[] = { "random(-1,2)", "random( -1 , 2 )", "random(-1,+3)" };
    for (size_t i = 0; i < COUNT(spellings); i++) {
        struct shape_field_config field = { .name = "n", .generate = spellings[i] };
        struct shape *shape = given_shape(&field, 1);
        struct random random;
        random_init_seed(&random, 3);
        struct shape_context context = { .random = &random };
        bool seen[4] = { false };
        for (int k = 0; k < 200; k++) {
            struct buffer out = { 0 };
            assert_int_equal(shape_apply(shape, TEXT_NONE, &context, &out, NULL), 0);
            buffer_char(&out, '\0');
            long value = strtol(out.data + strlen("{\"n\":"), NULL, 10);
            assert_true(value >= -1 && value <= 2);
            seen[value + 1] = true;
            buffer_free(&out);
        }
        assert_true(seen[0] && seen[1] && seen[2] && seen[3]);
        shape_free(shape);
    }
}

static void fields_come_in_the_order_of_the_declaration(void **state)
{
    const struct shape_field_config fields[] = {
        { .name = "z", .fallback = value_of(state, "\"last \\\"letter\\\"\"") },
        { .name = "optional", .type = SHAPE_INT },
        { .name = "n", .generate = "random(7,7)" },
        { .name = "m", .fallback = value_of(state, "{\"a\": [1, 2.50]}") },
    };
    struct shape *shape = given_shape(fields, COUNT(fields));
    assert_event(shape, TEXT_NONE, "{\"z\":\"last \\\"letter\\\"\",\"n\":7,\"m\":{\"a\":[1,2.5]}}");
    assert_event(shape, TEXT(""), "{\"z\":\"last \\\"letter\\\"\",\"n\":7,\"m\":{\"a\":[1,2.5]}}");
    assert_event(shape, TEXT("{}"), "{\"z\":\"last \\\"letter\\\"\",\"n\":7,\"m\":{\"a\":[1,2.5]}}");
    shape_free(shape);
}

static void two_events_have_two_ids(void **state)
{
    struct shape_field_config field = { .name = "id", .generate = "uuid" };
    struct shape *shape = given_shape(&field, 1);
    struct random random;
    random_init_seed(&random, 1);
    struct shape_context context = { .random = &random };
    struct buffer a = { 0 }, b = { 0 };
    shape_apply(shape, TEXT_NONE, &context, &a, NULL);
    shape_apply(shape, TEXT_NONE, &context, &b, NULL);
    assert_memory_not_equal(a.data, b.data, a.size);
    buffer_free(&a);
    buffer_free(&b);
    shape_free(shape);
}

/* What is brought */

static const struct shape_field_config job[] = {
    { .name = "id", .generate = "uuid" },
    { .name = "processing_time", .type = SHAPE_INT, .generate = "random(100,100)" },
};

static void what_is_brought_is_kept_and_what_is_missing_is_added(void **state)
{
    struct shape *shape = given_shape(job, COUNT(job));
    assert_event(shape, TEXT("{\"id\":\"mine\"}"), "{\"id\":\"mine\",\"processing_time\":100}");
    assert_event(shape, TEXT(" { \"processing_time\" : 5 , \"id\" : \"\" } "), "{\"processing_time\":5,\"id\":\"\"}");
    assert_event(shape, TEXT("{\"extra\":{},\"id\":\"a\"}"), "{\"extra\":{},\"id\":\"a\",\"processing_time\":100}");
    shape_free(shape);
}

static void unknown_fields_keep_every_digit_and_escape(void **state)
{
    struct shape *shape = given_shape(NULL, 0);
    const char *body = "{\"a\":0.10,\"b\":123456789012345678901234567890,\"c\":1E+400,\"d\":-0,\"e\":\"\\u00e9\\/\",\"\\u0041\":[1.0]}";
    assert_event(shape, text_of(body), body);
    shape_free(shape);
}

static void a_shape_without_fields_takes_any_object(void **state)
{
    struct shape *shape = given_shape(NULL, 0);
    assert_event(shape, TEXT_NONE, "{}");
    assert_event(shape, TEXT("{ }"), "{}");
    assert_refused(shape, "[]", "found an array; allowed: one JSON object");
    shape_free(shape);
}

static void an_escaped_name_is_the_field_it_spells(void **state)
{
    struct shape *shape = given_shape(job, COUNT(job));
    assert_event(shape, TEXT("{\"\\u0069d\":\"a\",\"processing_time\":1}"), "{\"\\u0069d\":\"a\",\"processing_time\":1}");
    assert_refused(shape, "{\"\\u0069d\":1}", "field id: found 1; allowed: a string");
    shape_free(shape);
}

static void what_is_no_event_is_refused_and_leaves_nothing_behind(void **state)
{
    struct shape *shape = given_shape(job, COUNT(job));
    assert_refused(shape, "{} {}", "not JSON: unexpected content after document at byte 3; allowed: one JSON object");
    assert_refused(shape, "{\"id\":\"a\",\"id\":\"b\"}", "found the name \"id\" twice in one object; allowed: once");
    struct buffer deep = { 0 };
    buffer_string(&deep, "{\"a\":");
    for (int i = 0; i < SHAPE_DEPTH_MAX; i++)
        buffer_char(&deep, '[');
    for (int i = 0; i < SHAPE_DEPTH_MAX; i++)
        buffer_char(&deep, ']');
    buffer_string(&deep, "}");
    buffer_char(&deep, '\0');
    assert_refused(shape, deep.data, "found more than 64 arrays and objects within one another; allowed: 64");
    buffer_free(&deep);
    shape_free(shape);
}

static void each_type_takes_its_values_and_refuses_others(void **state)
{
    static const char *const values[] = { "\"s\"", "1", "1.5", "true", "{}", "[]", "null" };
    static const struct {
        enum shape_type type;
        const char *taken; /* a letter for each of `values` */
    } cases[] = {
        { SHAPE_STRING, "y......" }, { SHAPE_INT, ".y....." },   { SHAPE_NUMBER, ".yy...." }, { SHAPE_BOOL, "...y..." },
        { SHAPE_OBJECT, "....y.." }, { SHAPE_ARRAY, ".....y." }, { SHAPE_ANY, "yyyyyyy" },    { SHAPE_AUTO, "yyyyyyy" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct shape_field_config field = { .name = "f", .type = cases[i].type };
        struct shape *shape = given_shape(&field, 1);
        for (size_t k = 0; k < COUNT(values); k++) {
            char body[32];
            snprintf(body, sizeof(body), "{\"f\":%s}", values[k]);
            struct buffer out = { 0 };
            int rc = apply(shape, text_of(body), &out, NULL);
            assert_int_equal(rc, cases[i].taken[k] == 'y' ? 0 : E_INVALID);
            buffer_free(&out);
        }
        shape_free(shape);
    }
}

static void an_integer_has_64_bits_and_no_fraction(void **state)
{
    struct shape_field_config field = { .name = "n", .type = SHAPE_INT };
    struct shape *shape = given_shape(&field, 1);
    assert_event(shape, TEXT("{\"n\":-9223372036854775808}"), "{\"n\":-9223372036854775808}");
    assert_refused(shape, "{\"n\":9223372036854775808}", "field n: found 9223372036854775808; allowed: an integer of 64 bits");
    assert_refused(shape, "{\"n\":1.0}", "field n: found 1.0; allowed: an integer of 64 bits");
    assert_refused(shape, "{\"n\":1e2}", "field n: found 1e2; allowed: an integer of 64 bits");
    assert_refused(shape, "{\"n\":1000000000100000000010000000001000000000100000}",
                   "field n: found 1000000000100000000010000000001000000000...; allowed: an integer of 64 bits");
    shape_free(shape);
}

static void strings_are_measured_in_characters_not_bytes(void **state)
{
    struct shape_field_config field = { .name = "id", .generate = "uuid", .min = value_of(state, "1"), .max = value_of(state, "128") };
    struct shape *shape = given_shape(&field, 1);
    struct buffer body = { 0 };
    buffer_string(&body, "{\"id\":\"");
    for (int i = 0; i < 128; i++)
        buffer_string(&body, "\xf0\x9f\x8c\x8d");
    buffer_string(&body, "\"}");
    buffer_char(&body, '\0');
    assert_event(shape, text_of(body.data), body.data);
    body.size -= 3;
    buffer_string(&body, "x\"}");
    buffer_char(&body, '\0');
    assert_refused(shape, body.data, "field id: found a string of 129 characters; allowed: a string, 1 to 128 characters");
    assert_refused(shape, "{\"id\":\"\"}", "field id: found a string of 0 characters; allowed: a string, 1 to 128 characters");
    buffer_free(&body);
    shape_free(shape);
}

static void bounds_are_included_and_named(void **state)
{
    const struct shape_field_config fields[] = {
        { .name = "n", .type = SHAPE_INT, .min = value_of(state, "-5"), .max = value_of(state, "9223372036854775806") },
        { .name = "x", .type = SHAPE_NUMBER, .min = value_of(state, "0.1") },
        { .name = "a", .type = SHAPE_ARRAY, .max = value_of(state, "2") },
    };
    struct shape *shape = given_shape(fields, COUNT(fields));
    assert_event(shape, TEXT("{\"n\":-5,\"x\":0.1,\"a\":[1,2]}"), "{\"n\":-5,\"x\":0.1,\"a\":[1,2]}");
    assert_event(shape, TEXT("{\"n\":9223372036854775806}"), "{\"n\":9223372036854775806}");
    assert_refused(shape, "{\"x\":0.09}", "field x: found 0.09; allowed: a number, at least 0.1");
    assert_refused(shape, "{\"a\":[1,2,3]}", "field a: found an array of 3 items; allowed: an array, at most 2 items");
    struct buffer out = { 0 };
    assert_int_equal(apply(shape, TEXT("{\"n\":-6}"), &out, NULL), E_INVALID);
    assert_int_equal(apply(shape, TEXT("{\"n\":9223372036854775807}"), &out, NULL), E_INVALID);
    shape_free(shape);
}

static void a_required_field_must_be_brought(void **state)
{
    const struct shape_field_config fields[] = {
        { .name = "id", .generate = "uuid" },
        { .name = "amount", .type = SHAPE_NUMBER, .required = true },
    };
    struct shape *shape = given_shape(fields, COUNT(fields));
    assert_refused(shape, NULL, "field amount: found nothing; allowed: a number");
    assert_refused(shape, "{\"id\":\"a\"}", "field amount: found nothing; allowed: a number");
    assert_refused(shape, "{\"amount\":null}", "field amount: found null; allowed: a number");
    assert_event(shape, TEXT("{\"id\":\"a\",\"amount\":0.10}"), "{\"id\":\"a\",\"amount\":0.10}");
    shape_free(shape);
}

static void a_body_of_a_megabyte_is_kept(void **state)
{
    struct shape *shape = given_shape(job, COUNT(job));
    struct buffer body = { 0 }, out = { 0 };
    buffer_string(&body, "{\"id\":\"a\",\"processing_time\":1");
    for (int i = 0; body.size < 1 << 20; i++)
        buffer_printf(&body, ",\"n%d\":%d", i, i);
    buffer_char(&body, '}');
    assert_int_equal(apply(shape, buffer_as_text(&body), &out, NULL), 0);
    assert_int_equal(out.size, body.size);
    assert_memory_equal(out.data, body.data, body.size);
    buffer_free(&out);
    buffer_free(&body);
    shape_free(shape);
}

static void without_memory_nothing_is_left_behind(void **state)
{
    struct shape *shape = given_shape(job, COUNT(job));
    struct buffer body = { 0 }, out = { 0 };
    buffer_string(&body, "{\"id\":\"a\"");
    for (int i = 0; i < 200; i++)
        buffer_printf(&body, ",\"n%d\":%d", i, i);
    buffer_char(&body, '}');
    long count = 0;
    int rc = E_UNAVAILABLE;
    for (; rc != 0; count++) {
        mem_fail_after(count);
        rc = apply(shape, buffer_as_text(&body), &out, NULL);
        mem_fail_after(-1);
        assert_true(rc == 0 || (rc == E_UNAVAILABLE && out.size == 0));
    }
    assert_true(count > 1);
    buffer_free(&out);
    buffer_free(&body);
    shape_free(shape);
}

/* What is declared */

static void a_field_that_contradicts_itself_is_refused_with_a_sentence(void **state)
{
    const struct {
        struct shape_field_config field;
        const char *message;
    } cases[] = {
        { { .generate = "uid" }, "generate: found \"uid\"; allowed: uuid, random(a,b), now, trace" },
        { { .generate = "" }, "generate: found \"\"; allowed: uuid, random(a,b), now, trace" },
        { { .generate = "random(5,4)" }, "generate: found random(5,4), where the first is above the second; allowed: at most the second" },
        { { .generate = "random(5,+-1)" },
          "generate: found random(5,+-1), where the first is above the second; allowed: at most the second" },
        { { .generate = "random(1)" },
          "generate: found random(1); allowed: random(a,b) or random(a,+range) with whole numbers of 64 bits" },
        { { .generate = "random(1,2,3)" },
          "generate: found random(1,2,3); allowed: random(a,b) or random(a,+range) with whole numbers of 64 bits" },
        { { .generate = "random(1.5,2)" },
          "generate: found random(1.5,2); allowed: random(a,b) or random(a,+range) with whole numbers of 64 bits" },
        { { .generate = "random()" }, "generate: found random(); allowed: random(a,b) or random(a,+range) with whole numbers of 64 bits" },
        { { .generate = "random(9223372036854775807,+1)" },
          "generate: found random(9223372036854775807,+1); allowed: random(a,b) or random(a,+range) with whole numbers of 64 bits" },
        { { .type = SHAPE_INT, .generate = "uuid" }, "generate: uuid makes a string, but the type is an integer of 64 bits" },
        { { .type = SHAPE_STRING, .generate = "random(1,2)" },
          "generate: random(1,2) makes an integer of 64 bits, but the type is a string" },
        { { .generate = "random(1,20)", .max = value_of(state, "10") },
          "generate: random(1,20) leaves the bounds; allowed: an integer of 64 bits, at most 10" },
        { { .generate = "uuid", .max = value_of(state, "35") },
          "generate: uuid leaves the bounds; allowed: a string, at most 35 characters" },
        { { .required = true, .generate = "uuid" },
          "found required and generate; allowed: one of them (a required field is brought by the client)" },
        { { .required = true, .fallback = value_of(state, "1") },
          "found required and default; allowed: one of them (a required field is brought by the client)" },
        { { .generate = "uuid", .fallback = value_of(state, "\"a\"") }, "found default and generate; allowed: one of them" },
        { { .type = SHAPE_INT, .fallback = value_of(state, "\"a\"") },
          "default: found a string of 1 characters; allowed: an integer of 64 bits" },
        { { .fallback = value_of(state, "7"), .min = value_of(state, "8") },
          "default: found 7; allowed: an integer of 64 bits, at least 8" },
        { { .type = SHAPE_BOOL, .min = value_of(state, "1") },
          "min: found a bound for a boolean; allowed: for string, int, number and array" },
        { { .type = SHAPE_STRING, .max = value_of(state, "\"9\"") }, "max: found a string; allowed: a number" },
        { { .type = SHAPE_STRING, .min = value_of(state, "2"), .max = value_of(state, "1") },
          "min: found 2, which is above max; allowed: at most 1" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct shape_field_config field = cases[i].field;
        struct error err = { 0 };
        char expected[256];
        field.name = "f";
        assert_null(shape_new(&field, 1, &err));
        snprintf(expected, sizeof(expected), "field f: %s", cases[i].message);
        assert_int_equal(err.code, E_INVALID);
        assert_string_equal(err.message, expected);
    }
}

static void the_type_follows_from_what_is_generated_or_the_default(void **state)
{
    const struct shape_field_config fields[] = {
        { .name = "id", .generate = "uuid" },
        { .name = "n", .generate = "random(1,2)" },
        { .name = "d", .fallback = value_of(state, "\"x\"") },
        { .name = "x", .fallback = value_of(state, "1.5") },
        { .name = "anything", .fallback = value_of(state, "null") },
    };
    struct shape *shape = given_shape(fields, COUNT(fields));
    assert_refused(shape, "{\"id\":1}", "field id: found 1; allowed: a string");
    assert_refused(shape, "{\"n\":\"1\"}", "field n: found a string of 1 characters; allowed: an integer of 64 bits");
    assert_refused(shape, "{\"d\":true}", "field d: found a boolean; allowed: a string");
    assert_refused(shape, "{\"x\":[]}", "field x: found an array of 0 items; allowed: a number");
    assert_event(shape, TEXT("{\"id\":\"\",\"n\":3,\"d\":\"\",\"x\":2,\"anything\":{}}"),
                 "{\"id\":\"\",\"n\":3,\"d\":\"\",\"x\":2,\"anything\":{}}");
    shape_free(shape);
}

static void a_shape_has_64_fields_at_most_each_declared_once(void **state)
{
    struct shape_field_config fields[SHAPE_FIELDS_MAX + 1] = { 0 };
    char names[SHAPE_FIELDS_MAX + 1][16];
    for (int i = 0; i <= SHAPE_FIELDS_MAX; i++) {
        snprintf(names[i], sizeof(names[i]), "f%d", i);
        fields[i] = (struct shape_field_config){ .name = names[i], .generate = "random(1,1)" };
    }
    struct error err;
    assert_null(shape_new(fields, SHAPE_FIELDS_MAX + 1, &err));
    assert_string_equal(err.message, "found a shape of 65 fields; allowed: at most 64");

    struct shape *shape = given_shape(fields, SHAPE_FIELDS_MAX);
    struct buffer out = { 0 };
    assert_int_equal(apply(shape, TEXT("{\"f63\":2,\"f0\":2}"), &out, NULL), 0);
    buffer_char(&out, '\0');
    assert_memory_equal(out.data, "{\"f63\":2,\"f0\":2,\"f1\":1,", 23);
    assert_non_null(strstr(out.data, ",\"f62\":1}"));
    buffer_free(&out);
    shape_free(shape);

    fields[1].name = "f0";
    assert_null(shape_new(fields, 2, &err));
    assert_string_equal(err.message, "field f0: declared twice");
}

#define WITH_VALUES(name) cmocka_unit_test_setup_teardown(name, given_values, free_values)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_uuid_is_one_of_version_4),
        cmocka_unit_test(now_is_the_time_it_was_given),
        cmocka_unit_test(trace_is_the_trace_id),
        cmocka_unit_test(random_takes_every_value_of_its_range_and_no_other),
        WITH_VALUES(fields_come_in_the_order_of_the_declaration),
        cmocka_unit_test(two_events_have_two_ids),
        cmocka_unit_test(what_is_brought_is_kept_and_what_is_missing_is_added),
        cmocka_unit_test(unknown_fields_keep_every_digit_and_escape),
        cmocka_unit_test(a_shape_without_fields_takes_any_object),
        cmocka_unit_test(an_escaped_name_is_the_field_it_spells),
        cmocka_unit_test(what_is_no_event_is_refused_and_leaves_nothing_behind),
        cmocka_unit_test(each_type_takes_its_values_and_refuses_others),
        cmocka_unit_test(an_integer_has_64_bits_and_no_fraction),
        WITH_VALUES(strings_are_measured_in_characters_not_bytes),
        WITH_VALUES(bounds_are_included_and_named),
        cmocka_unit_test(a_required_field_must_be_brought),
        cmocka_unit_test(a_body_of_a_megabyte_is_kept),
        cmocka_unit_test(without_memory_nothing_is_left_behind),
        WITH_VALUES(a_field_that_contradicts_itself_is_refused_with_a_sentence),
        WITH_VALUES(the_type_follows_from_what_is_generated_or_the_default),
        cmocka_unit_test(a_shape_has_64_fields_at_most_each_declared_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
