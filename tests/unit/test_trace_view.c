/* Which traces are listed, and how one is put together and drawn. */
#include "trace/span_store.h"
#include "trace/trace_list.h"
#include "trace/trace_text.h"
#include "trace/trace_value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define SECOND      1000000ULL
#define WALL_OFFSET (1767225600 * (int64_t)SECOND) /* 2026-01-01 00:00:00 */

static const char *const keys[] = { "key", "count" };
static const char *const event_keys[] = { "sleep_ms", "error" };

struct fixture {
    struct random random;
    struct metrics *metrics;
    struct tracer *tracer;
    struct span_site *request, *send, *job, *attempt;
};

static const struct trace_config config = { .sampler = SAMPLER_ALWAYS_ON, .memory_bytes = 512 * 1024 };

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    random_init_seed(&fixture->random, 1);
    fixture->metrics = metrics_new();
    fixture->tracer = tracer_new(&config, &fixture->random, fixture->metrics);
    const struct span_constant constant = { "constant", span_text(TEXT("all of them")) };
    fixture->request = tracer_site(fixture->tracer, "GET /submit", SPAN_SERVER, &constant, 1, keys, 2);
    fixture->send = tracer_site(fixture->tracer, "send jobs", SPAN_PRODUCER, NULL, 0, keys, 2);
    fixture->job = tracer_site(fixture->tracer, "process jobs", SPAN_CONSUMER, NULL, 0, keys, 2);
    fixture->attempt = tracer_site(fixture->tracer, "attempt", SPAN_INTERNAL, NULL, 0, keys, 2);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    tracer_free(fixture->tracer);
    metrics_free(fixture->metrics);
    free(fixture);
    return 0;
}

/* Ids that a person can tell apart: the trace's number in its last byte, the span's in its last. */
static struct trace_context context_of(uint8_t trace, uint8_t span)
{
    struct trace_context context = { .trace_id = { [15] = trace }, .span_id = { [7] = span }, .flags = 1 };
    return context;
}

static struct span span_of(struct span_site *site, uint8_t trace, uint8_t span, uint8_t parent, uint64_t started_us, uint64_t ended_us)
{
    return (struct span){
        .site = site, .context = context_of(trace, span), .parent_id = { [7] = parent }, .started_us = started_us, .ended_us = ended_us
    };
}

static void tell(struct fixture *fixture, struct span span)
{
    tracer_add(fixture->tracer, &span);
}

static void tell_failed(struct fixture *fixture, struct span span, struct text message)
{
    span.status = SPAN_STATUS_ERROR;
    span.status_message = message;
    tracer_add(fixture->tracer, &span);
}

static void assert_listed(const struct fixture *fixture, enum trace_list_kind kind, size_t limit, const char *expected)
{
    struct trace_list list;
    char found[TRACE_LIST_MAX + 1] = { 0 };
    trace_list_fill(&list, fixture->tracer, kind, limit);
    for (size_t i = 0; i < list.count; i++)
        found[i] = (char)list.rows[i].trace_id[15];
    assert_string_equal(found, expected);
}

static void the_last_are_those_that_were_told_last(void **state)
{
    struct fixture *fixture = *state;
    assert_listed(fixture, TRACES_LAST, 10, "");
    for (const char *trace = "abcab"; *trace != '\0'; trace++)
        tell(fixture, span_of(fixture->request, (uint8_t)*trace, 1, 0, 1, 2));
    assert_listed(fixture, TRACES_LAST, 10, "bac");
    assert_listed(fixture, TRACES_LAST, 2, "ba");
}

static void the_slowest_are_sorted_by_their_slowest_local_root(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        uint8_t trace;
        uint64_t duration_us;
    } rows[] = { { 'a', 50 }, { 'b', 10 }, { 'c', 70 }, { 'b', 60 }, { 'd', 5 }, { 'e', 65 }, { 'c', 20 } };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        tell(fixture, span_of(fixture->request, rows[i].trace, (uint8_t)(i + 1), 0, 100, 100 + rows[i].duration_us));
    tell(fixture, span_of(fixture->attempt, 'd', 100, 5, 100, 9999)); /* not a local root */
    assert_listed(fixture, TRACES_SLOWEST, 10, "cebad");
    assert_listed(fixture, TRACES_SLOWEST, 3, "ceb");
    assert_listed(fixture, TRACES_SLOWEST, 1, "c");
}

static void a_remote_parent_makes_a_local_root(void **state)
{
    struct fixture *fixture = *state;
    struct span span = span_of(fixture->job, 'a', 1, 99, 0, 10);
    span.parent_is_remote = true;
    tell(fixture, span);
    tell(fixture, span_of(fixture->attempt, 'b', 1, 99, 0, 10));
    assert_listed(fixture, TRACES_SLOWEST, 10, "a");
}

static void the_failed_have_an_error_in_one_of_their_spans(void **state)
{
    struct fixture *fixture = *state;
    tell(fixture, span_of(fixture->request, 'a', 1, 0, 1, 2));
    tell_failed(fixture, span_of(fixture->attempt, 'a', 2, 1, 1, 2), TEXT_NONE);
    tell(fixture, span_of(fixture->request, 'b', 1, 0, 1, 2));
    tell_failed(fixture, span_of(fixture->request, 'c', 1, 0, 1, 2), TEXT("no"));
    assert_listed(fixture, TRACES_FAILED, 10, "ca");
}

static void open_view(const struct fixture *fixture, struct trace_view *view, uint8_t trace)
{
    const struct trace_context context = context_of(trace, 0);
    assert_true(trace_view_open(view, fixture->tracer, context.trace_id));
}

/* The spans' numbers in the order of the tree, each followed by its depth. */
static void assert_tree(const struct fixture *fixture, uint8_t trace, const char *expected)
{
    struct trace_view view;
    char found[256] = "";
    open_view(fixture, &view, trace);
    for (size_t i = 0; i < view.count; i++)
        snprintf(found + strlen(found), sizeof(found) - strlen(found), "%s%u:%u%s", i == 0 ? "" : " ",
                 view.nodes[i].outline->context.span_id[7], view.nodes[i].depth, view.nodes[i].parent_elsewhere ? "?" : "");
    assert_string_equal(found, expected);
    trace_view_close(&view);
}

static void spans_stand_below_their_parents_in_the_order_of_time(void **state)
{
    struct fixture *fixture = *state;
    tell(fixture, span_of(fixture->attempt, 'a', 5, 3, 60, 70)); /* told from the inside out */
    tell(fixture, span_of(fixture->attempt, 'a', 4, 3, 40, 50));
    tell(fixture, span_of(fixture->send, 'a', 2, 1, 5, 9));
    tell(fixture, span_of(fixture->job, 'a', 3, 2, 30, 80));
    tell(fixture, span_of(fixture->request, 'a', 1, 0, 0, 10));
    tell(fixture, span_of(fixture->send, 'b', 1, 0, 0, 10));
    assert_tree(fixture, 'a', "1:0 2:1 3:2 4:3 5:3");
}

static void what_starts_at_once_is_sorted_by_which_is_around_the_other(void **state)
{
    struct fixture *fixture = *state;
    tell(fixture, span_of(fixture->attempt, 'a', 3, 1, 10, 20));
    tell(fixture, span_of(fixture->attempt, 'a', 2, 1, 10, 50));
    tell(fixture, span_of(fixture->request, 'a', 1, 0, 10, 60));
    assert_tree(fixture, 'a', "1:0 2:1 3:1");
}

static void a_span_whose_parent_is_not_held_is_a_root(void **state)
{
    struct fixture *fixture = *state;
    tell(fixture, span_of(fixture->job, 'a', 3, 77, 30, 80));
    tell(fixture, span_of(fixture->attempt, 'a', 4, 3, 40, 50));
    tell(fixture, span_of(fixture->request, 'a', 1, 66, 0, 10));
    assert_tree(fixture, 'a', "1:0? 3:0? 4:1");
}

static void an_unknown_trace_has_no_view(void **state)
{
    struct fixture *fixture = *state;
    struct trace_view view;
    tell(fixture, span_of(fixture->request, 'a', 1, 0, 0, 10));
    const struct trace_context context = context_of('b', 0);
    assert_false(trace_view_open(&view, fixture->tracer, context.trace_id));
}

static void tell_crowd(struct fixture *fixture)
{
    for (int i = 0; i < 20000; i++)
        tell(fixture, span_of(fixture->request, (uint8_t)(i % 100 + 1), 1, 0, 0, 1));
}

/* The request went well, its job fails later: both are there when all else has been forgotten. */
static void a_failed_trace_is_held_whole_for_longer(void **state)
{
    struct fixture *fixture = *state;
    const struct trace_context job = context_of('z', 3);
    tell(fixture, span_of(fixture->request, 'z', 1, 0, 0, 10));
    tell(fixture, span_of(fixture->send, 'z', 2, 1, 5, 9));
    assert_int_equal(tracer_keeps(fixture->tracer, fixture->job, &job, true, 30, 80), TRACE_NOTABLE);
    struct span span = span_of(fixture->job, 'z', 3, 2, 30, 80);
    span.notable = true;
    tell(fixture, span);
    assert_tree(fixture, 'z', "1:0 2:1 3:2"); /* none twice, while both rings hold them */
    tell_crowd(fixture);
    assert_tree(fixture, 'z', "1:0 2:1 3:2");
}

/* Each of its two jobs fails, and takes along what was told before. */
static void what_is_held_for_longer_is_so_once(void **state)
{
    struct fixture *fixture = *state;
    tell(fixture, span_of(fixture->request, 'z', 1, 0, 0, 10));
    for (uint8_t job = 2; job <= 3; job++) {
        struct span span = span_of(fixture->job, 'z', job, 1, 20u * job, 80);
        assert_int_equal(tracer_keeps(fixture->tracer, fixture->job, &span.context, true, 30, 80), TRACE_NOTABLE);
        span.notable = true;
        tell(fixture, span);
    }
    tell_crowd(fixture);
    assert_tree(fixture, 'z', "1:0 2:1 3:1");
}

static void a_walk_takes_no_more_steps_than_it_may(void **state)
{
    struct fixture *fixture = *state;
    const struct trace_context context = context_of('a', 0);
    for (uint8_t i = 1; i <= 10; i++)
        tell(fixture, span_of(fixture->request, 'a', i, 0, 0, 10));
    struct span_walk walk;
    struct text record;
    span_walk_begin(&walk, tracer_recent(fixture->tracer), context.trace_id, 3);
    for (uint8_t i = 10; i > 7; i--) {
        assert_true(span_walk_next(&walk, &record));
        assert_int_equal(span_record_outline(record)->context.span_id[7], i);
    }
    assert_false(span_walk_next(&walk, &record));
}

static void a_chain_without_end_and_a_crowd_of_one_trace_are_bounded(void **state)
{
    struct fixture *fixture = *state;
    for (uint32_t i = 1; i <= 1500; i++) {
        struct span span = span_of(fixture->attempt, 'a', 0, 0, i, i + 1);
        memcpy(span.context.span_id, &i, sizeof(i));
        const uint32_t parent = i - 1;
        memcpy(span.parent_id, &parent, sizeof(parent));
        tell(fixture, span);
    }
    struct trace_view view;
    struct buffer text = { 0 };
    open_view(fixture, &view, 'a');
    assert_int_equal(view.count, TRACE_VIEW_MAX);
    assert_int_equal(view.left_out, 500);
    assert_int_equal(view.nodes[TRACE_VIEW_MAX - 1].depth, TRACE_VIEW_MAX - 1);
    trace_text(&view, 0, &text);
    assert_non_null(memmem(text.data, text.size, "500 of them are not shown", 25));
    buffer_free(&text);
    trace_view_close(&view);
}

static void tell_sad_story(struct fixture *fixture)
{
    struct span request = span_of(fixture->request, 'a', 1, 99, 1000, 5810);
    struct span attempt = span_of(fixture->attempt, 'a', 4, 3, 10000, 110000);
    const struct span_value values[] = { span_int(53), span_text(TEXT("over its limit")) };
    const struct span_event event = { "local-retry-scheduled", 110000, event_keys, values, 2 };
    const struct trace_context link = context_of('b', 7);
    request.values[0] = span_text(TEXT("a\x1b[31m\nred"));
    request.values[1] = span_int(-3);
    attempt.events = &event;
    attempt.event_count = 1;
    attempt.links = &link;
    attempt.link_count = 1;
    tell(fixture, request);
    tell(fixture, span_of(fixture->send, 'a', 2, 1, 2000, 2500));
    tell(fixture, span_of(fixture->job, 'a', 3, 2, 10000, 1001000));
    tell_failed(fixture, attempt, TEXT("over its limit"));
    tell(fixture, span_of(fixture->attempt, 'a', 5, 3, 163000, 1000000));
}

static void a_tree_is_drawn_for_a_terminal(void **state)
{
    struct fixture *fixture = *state;
    struct trace_view view;
    struct buffer text = { 0 };
    tell_sad_story(fixture);
    open_view(fixture, &view, 'a');
    trace_text(&view, WALL_OFFSET, &text);
    buffer_char(&text, '\0');
    assert_string_equal(text.data,
                        "trace 00000000000000000000000000000061  2026-01-01T00:00:00.001000Z  1.000 s\n"
                        "5 spans of this process, 1 with an error\n"
                        "\n"
                        "                                                       offset   duration\n"
                        "GET /submit (parent elsewhere)                              0    4.81 ms  ▏\n"
                        "│  key=a\\x1b[31m\\x0ared  count=-3\n"
                        "└─ send jobs                                          1.00 ms     500 us  ▏\n"
                        "   └─ process jobs                                    9.00 ms     991 ms  █████████████████████████▊\n"
                        "      ├─ attempt                                      9.00 ms     100 ms  ██▌\n"
                        "      │     • 109 ms  local-retry-scheduled  sleep_ms=53\n"
                        "      │     → trace 00000000000000000000000000000062\n"
                        "      │     ✗ over its limit\n"
                        "      └─ attempt                                       162 ms     837 ms      █████████████████████▊\n");
    buffer_free(&text);
    trace_view_close(&view);
}

static void a_list_is_a_line_a_trace(void **state)
{
    struct fixture *fixture = *state;
    struct trace_list list;
    struct buffer text = { 0 };
    tell_sad_story(fixture);
    tell(fixture, span_of(fixture->send, 'b', 1, 0, 0, 10));
    trace_list_fill(&list, fixture->tracer, TRACES_LAST, 10);
    trace_list_text(&list, fixture->tracer, WALL_OFFSET, &text);
    buffer_char(&text, '\0');
    assert_string_equal(text.data, "trace                             started, UTC              duration  spans  errors  first span\n"
                                   "00000000000000000000000000000062  2026-01-01 00:00:00.000      10 us      1       0  send jobs\n"
                                   "00000000000000000000000000000061  2026-01-01 00:00:00.001    1.000 s      5       1  GET /submit\n");
    buffer_free(&text);
}

static const char *text_at(yyjson_mut_val *value, const char *pointer)
{
    return yyjson_mut_get_str(yyjson_mut_ptr_get(value, pointer));
}

static double number_at(yyjson_mut_val *value, const char *pointer)
{
    return yyjson_mut_get_num(yyjson_mut_ptr_get(value, pointer));
}

static void a_trace_as_json_has_all_of_its_spans(void **state)
{
    struct fixture *fixture = *state;
    struct trace_view view;
    tell_sad_story(fixture);
    open_view(fixture, &view, 'a');
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *value = trace_value(&view, WALL_OFFSET, doc);
    assert_string_equal(text_at(value, "/trace_id"), "00000000000000000000000000000061");
    assert_string_equal(text_at(value, "/started"), "2026-01-01T00:00:00.001000Z");
    assert_true(number_at(value, "/duration_ms") == 1000);
    assert_true(number_at(value, "/span_count") == 5);
    assert_true(number_at(value, "/errors") == 1);
    assert_int_equal(yyjson_mut_arr_size(yyjson_mut_obj_get(value, "spans")), 5);
    assert_string_equal(text_at(value, "/spans/0/kind"), "server");
    assert_string_equal(text_at(value, "/spans/0/attributes/constant"), "all of them");
    assert_string_equal(text_at(value, "/spans/0/parent_span_id"), "0000000000000063");
    assert_true(yyjson_mut_get_bool(yyjson_mut_ptr_get(value, "/spans/0/parent_elsewhere")));
    assert_string_equal(text_at(value, "/spans/3/status"), "error");
    assert_string_equal(text_at(value, "/spans/3/status_message"), "over its limit");
    assert_string_equal(text_at(value, "/spans/3/parent_span_id"), "0000000000000003");
    assert_true(number_at(value, "/spans/3/events/0/attributes/sleep_ms") == 53);
    assert_true(number_at(value, "/spans/3/events/0/offset_ms") == 109);
    assert_string_equal(text_at(value, "/spans/3/links/0/span_id"), "0000000000000007");
    yyjson_mut_doc_free(doc);
    trace_view_close(&view);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_last_are_those_that_were_told_last, setup, teardown),
        cmocka_unit_test_setup_teardown(the_slowest_are_sorted_by_their_slowest_local_root, setup, teardown),
        cmocka_unit_test_setup_teardown(a_remote_parent_makes_a_local_root, setup, teardown),
        cmocka_unit_test_setup_teardown(the_failed_have_an_error_in_one_of_their_spans, setup, teardown),
        cmocka_unit_test_setup_teardown(spans_stand_below_their_parents_in_the_order_of_time, setup, teardown),
        cmocka_unit_test_setup_teardown(what_starts_at_once_is_sorted_by_which_is_around_the_other, setup, teardown),
        cmocka_unit_test_setup_teardown(a_span_whose_parent_is_not_held_is_a_root, setup, teardown),
        cmocka_unit_test_setup_teardown(an_unknown_trace_has_no_view, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failed_trace_is_held_whole_for_longer, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_held_for_longer_is_so_once, setup, teardown),
        cmocka_unit_test_setup_teardown(a_walk_takes_no_more_steps_than_it_may, setup, teardown),
        cmocka_unit_test_setup_teardown(a_chain_without_end_and_a_crowd_of_one_trace_are_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(a_tree_is_drawn_for_a_terminal, setup, teardown),
        cmocka_unit_test_setup_teardown(a_list_is_a_line_a_trace, setup, teardown),
        cmocka_unit_test_setup_teardown(a_trace_as_json_has_all_of_its_spans, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
