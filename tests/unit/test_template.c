#include "core/template.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *const names[] = { "trace", "count", "share", "running", "partitions", "topic", NULL };

enum { TRACE, COUNT, SHARE, RUNNING, PARTITIONS, TOPIC, SLOTS };

static struct template *compile(const char *json, struct error *err)
{
    yyjson_doc *doc = yyjson_read(json, strlen(json), 0);
    assert_non_null(doc);
    struct template *template = template_new(yyjson_doc_get_root(doc), names, err);
    yyjson_doc_free(doc); /* a template holds nothing of what it was made from */
    return template;
}

static struct template *given_template(const char *json)
{
    struct error err = { 0 };
    struct template *template = compile(json, &err);
    if (template == NULL)
        fail_msg("%s", err.message);
    return template;
}

static void assert_renders(const char *json, const struct template_value *values, const char *expected)
{
    struct template *template = given_template(json);
    struct buffer out = { 0 };
    buffer_string(&out, "before ");
    template_render(template, values, &out);
    buffer_char(&out, '\0');
    assert_string_equal(out.data + strlen("before "), expected);
    buffer_free(&out);
    template_free(template);
}

static void a_reply_is_minimal_json_in_the_order_of_the_file(void **state)
{
    assert_renders("{ \"z\": [1, 2.5, true, null], \"a\": {\"message\": \"Job Enqueued\"}, \"e\": {}, \"l\": [] }", NULL,
                   "{\"z\":[1,2.5,true,null],\"a\":{\"message\":\"Job Enqueued\"},\"e\":{},\"l\":[]}");
}

static void each_type_is_written_as_json_has_it(void **state)
{
    struct template_value values[SLOTS] = {
        [TRACE] = template_text(TEXT("say \"hi\"\n")),
        [COUNT] = template_int(INT64_MIN),
        [SHARE] = template_double(0.1),
        [RUNNING] = template_bool(true),
        [PARTITIONS] = template_json(TEXT("[1,2]")),
    };
    assert_renders("{\"t\":\"$trace\",\"c\":\"$count\",\"s\":\"$share\",\"r\":\"$running\",\"p\":\"$partitions\",\"n\":\"$topic\"}", values,
                   "{\"t\":\"say \\\"hi\\\"\\n\",\"c\":-9223372036854775808,\"s\":0.1,\"r\":true,\"p\":[1,2],\"n\":null}");
}

static void absent_text_is_null_and_empty_text_is_not(void **state)
{
    struct template_value values[SLOTS] = { [TRACE] = template_text(TEXT_NONE), [TOPIC] = template_text(TEXT("")) };
    assert_renders("[\"$trace\",\"$topic\"]", values, "[null,\"\"]");
}

static void a_slot_may_be_the_whole_reply_and_stand_more_than_once(void **state)
{
    struct template_value values[SLOTS] = { [COUNT] = template_int(7) };
    assert_renders("\"$count\"", values, "7");
    assert_renders("[\"$count\",\"$count\"]", values, "[7,7]");
}

static void only_a_string_that_begins_with_a_dollar_is_a_slot(void **state)
{
    assert_renders("{\"$trace\":\"costs $count\",\"a\":\"\",\"b\":\"x$\"}", NULL, "{\"$trace\":\"costs $count\",\"a\":\"\",\"b\":\"x$\"}");
}

static void two_dollars_stand_for_one(void **state)
{
    assert_renders("[\"$$trace\",\"$$\",\"$$$trace\"]", NULL, "[\"$trace\",\"$\",\"$$trace\"]");
}

static void doubles_read_back_the_same_and_what_json_lacks_is_null(void **state)
{
    static const double numbers[] = { 0.1, 1.0 / 3, 1e300, 5e-324, -0.25, 123456789.125, 1e21 };
    struct template *template = given_template("\"$share\"");
    struct template_value values[SLOTS];
    struct buffer out = { 0 };
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        values[SHARE] = template_double(numbers[i]);
        buffer_clear(&out);
        template_render(template, values, &out);
        buffer_char(&out, '\0');
        assert_true(strtod(out.data, NULL) == numbers[i]);
    }
    buffer_free(&out);
    template_free(template);

    values[SHARE] = template_double(NAN);
    assert_renders("\"$share\"", values, "null");
    values[SHARE] = template_double(-INFINITY);
    assert_renders("\"$share\"", values, "null");
    values[SHARE] = template_double(0.1);
    assert_renders("\"$share\"", values, "0.1");
}

static void a_template_tells_which_values_it_shows(void **state)
{
    struct template *template = given_template("{\"a\":[\"$trace\"],\"b\":\"$topic\",\"c\":\"$$count\"}");
    assert_true(template_uses(template, TRACE));
    assert_true(template_uses(template, TOPIC));
    assert_false(template_uses(template, COUNT));
    assert_false(template_uses(template, 1000));
    template_free(template);
}

static void assert_refused(const char *json, const char *message)
{
    struct error err;
    assert_null(compile(json, &err));
    assert_int_equal(err.code, E_INVALID);
    assert_string_equal(err.message, message);
}

static void an_unknown_name_is_refused_where_it_stands_with_the_known_ones(void **state)
{
    assert_refused("{\"error\":{\"id\":\"$tracee\"}}",
                   "error: id: found $tracee; allowed: $trace, $count, $share, $running, $partitions, $topic "
                   "(a text that begins with a dollar: $$)");
    assert_refused("[\"$\"]", "found $; allowed: $trace, $count, $share, $running, $partitions, $topic "
                              "(a text that begins with a dollar: $$)");
    assert_refused("[\"$Trace\"]", "found $Trace; allowed: $trace, $count, $share, $running, $partitions, $topic "
                                   "(a text that begins with a dollar: $$)");
}

static void a_reply_without_bottom_is_refused(void **state)
{
    assert_refused("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", "deeper than 32 levels");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reply_is_minimal_json_in_the_order_of_the_file),
        cmocka_unit_test(each_type_is_written_as_json_has_it),
        cmocka_unit_test(absent_text_is_null_and_empty_text_is_not),
        cmocka_unit_test(a_slot_may_be_the_whole_reply_and_stand_more_than_once),
        cmocka_unit_test(only_a_string_that_begins_with_a_dollar_is_a_slot),
        cmocka_unit_test(two_dollars_stand_for_one),
        cmocka_unit_test(doubles_read_back_the_same_and_what_json_lacks_is_null),
        cmocka_unit_test(a_template_tells_which_values_it_shows),
        cmocka_unit_test(an_unknown_name_is_refused_where_it_stands_with_the_known_ones),
        cmocka_unit_test(a_reply_without_bottom_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
