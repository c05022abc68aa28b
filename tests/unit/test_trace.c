#include "base/trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ID     "0af7651916cd43dd8448eb211c80319c"
#define SPAN   "b7ad6b7169203331"
#define PARENT "00-" ID "-" SPAN "-01"

static void the_example_of_the_recommendation_is_read_and_written(void **state)
{
    struct trace_context trace;
    char text[TRACE_PARENT_SIZE];
    assert_true(trace_parse(&trace, TEXT(PARENT)));
    assert_int_equal(trace.flags, 1);
    trace_parent_text(&trace, text);
    assert_string_equal(text, PARENT);
    assert_true(text_is(trace_parent_id(text), ID));
}

static void what_is_no_traceparent_is_refused_and_touches_nothing(void **state)
{
    static const char *const rows[] = {
        "",
        "00",
        "00-" ID "-" SPAN,            /* no flags */
        "00-" ID "-" SPAN "-0",       /* one byte short */
        "00-" ID "-" SPAN "-01-more", /* version 00 ends there */
        "00-" ID "-" SPAN "-01.",     /* one byte long */
        "ff-" ID "-" SPAN "-01",      /* never a version */
        "FF-" ID "-" SPAN "-01",
        "0g-" ID "-" SPAN "-01",
        "cc-" ID "-" SPAN "-01.more", /* a newer version goes on after a dash only */
        "00-00000000000000000000000000000000-" SPAN "-01",
        "00-" ID "-0000000000000000-01",
        "00-0AF7651916CD43DD8448EB211C80319C-" SPAN "-01", /* upper case */
        "00-" ID "-B7AD6B7169203331-01",
        "00-" ID "-" SPAN "-0A",
        "00-" ID "-" SPAN "-0x",
        "00-0af7651916cd43dd8448eb211c80319 -" SPAN "-01",
        "00_" ID "_" SPAN "_01",
        " " PARENT,
        PARENT " ",
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct trace_context trace, before;
        memset(&trace, 0x5A, sizeof(trace));
        before = trace;
        if (trace_parse(&trace, text_of(rows[i])))
            fail_msg("taken: %s", rows[i]);
        assert_memory_equal(&trace, &before, sizeof(trace));
    }
    struct trace_context trace;
    assert_false(trace_parse(&trace, TEXT_NONE));
}

static void a_newer_version_is_read_as_far_as_version_00_goes(void **state)
{
    static const char *const rows[] = { "01-" ID "-" SPAN "-01", "cc-" ID "-" SPAN "-01-what-the-future-holds", "fe-" ID "-" SPAN "-01-" };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct trace_context trace;
        char text[TRACE_PARENT_SIZE];
        assert_true(trace_parse(&trace, text_of(rows[i])));
        trace_parent_text(&trace, text);
        assert_string_equal(text, PARENT);
    }
}

static void of_the_flags_only_sampled_goes_on(void **state)
{
    struct trace_context trace;
    assert_true(trace_parse(&trace, TEXT("00-" ID "-" SPAN "-fe")));
    assert_int_equal(trace.flags, 0);
    assert_true(trace_parse(&trace, TEXT("00-" ID "-" SPAN "-ff")));
    assert_int_equal(trace.flags, 1);
}

static void a_new_trace_is_as_it_is_decided_and_can_be_read_back(void **state)
{
    struct random random;
    random_init_seed(&random, 1);
    for (int i = 0; i < 1000; i++) {
        struct trace_context trace, read;
        char text[TRACE_PARENT_SIZE];
        trace_start(&trace, &random);
        assert_false(trace_is_sampled(&trace));
        trace_set_sampled(&trace, i % 2 == 0);
        trace_parent_text(&trace, text);
        assert_true(trace_parse(&read, text_of(text)));
        assert_memory_equal(&read, &trace, sizeof(trace));
    }
}

static void a_trace_id_alone_is_read_as_strictly(void **state)
{
    static const char *const wrong[] = { "",       "0",  ID "0", "00000000000000000000000000000000", "0AF7651916CD43DD8448EB211C80319C",
                                         " " SPAN, SPAN, PARENT, "0af7651916cd43dd8448eb211c80319g" };
    uint8_t trace_id[16] = { 0 };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        if (trace_id_parse(trace_id, text_of(wrong[i])))
            fail_msg("taken: %s", wrong[i]);
    assert_false(trace_id_parse(trace_id, TEXT_NONE));
    assert_int_equal(trace_id[0], 0);
    assert_int_equal(trace_id[1], 0);
    assert_true(trace_id_parse(trace_id, TEXT(ID)));
    assert_int_equal(trace_id[0], 0x0a);
    assert_int_equal(trace_id[15], 0x9c);
}

static void a_child_shares_the_trace_and_has_a_span_of_its_own(void **state)
{
    struct random random;
    struct trace_context parent, child;
    random_init_seed(&random, 1);
    assert_true(trace_parse(&parent, TEXT("00-" ID "-" SPAN "-00")));
    trace_child(&child, &parent, &random);
    assert_memory_equal(child.trace_id, parent.trace_id, sizeof(parent.trace_id));
    assert_memory_not_equal(child.span_id, parent.span_id, sizeof(parent.span_id));
    assert_int_equal(child.flags, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_the_recommendation_is_read_and_written),
        cmocka_unit_test(what_is_no_traceparent_is_refused_and_touches_nothing),
        cmocka_unit_test(a_newer_version_is_read_as_far_as_version_00_goes),
        cmocka_unit_test(of_the_flags_only_sampled_goes_on),
        cmocka_unit_test(a_new_trace_is_as_it_is_decided_and_can_be_read_back),
        cmocka_unit_test(a_trace_id_alone_is_read_as_strictly),
        cmocka_unit_test(a_child_shares_the_trace_and_has_a_span_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
