/* Which spans are kept: head sampling, the tail rule, and that a span comes out as it was told. */
#include "base/log.h"
#include "base/memory.h"
#include "base/trace_state.h"
#include "trace/sampler.h"
#include "trace/slowest.h"
#include "trace/tracer.h"
#include "trace/tracer_stats.h"
#include "trace/wall_anchor.h"

#include <math.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SEED   20260131
#define SECOND 1000000ULL

struct fixture {
    struct random random;
    struct metrics *metrics;
    struct tracer *tracer;
    struct span_site *site;
};

static const struct trace_config defaults = {
    .sampler = SAMPLER_PARENT_RATIO, .ratio = 1, .record_traces = 2, .memory_bytes = 512 * 1024, .keep = { .failures = true, .slowest = 2 }
};

static const char *const keys[] = { "first", "second", "third" };

static void open_fixture(struct fixture *fixture, struct trace_config config)
{
    fixture->metrics = metrics_new();
    random_init_seed(&fixture->random, SEED);
    fixture->tracer = tracer_new(&config, &fixture->random, fixture->metrics);
    fixture->site = tracer_site(fixture->tracer, "work", SPAN_CONSUMER, NULL, 0, keys, 3);
}

static void close_fixture(struct fixture *fixture)
{
    tracer_free(fixture->tracer);
    metrics_free(fixture->metrics);
}

static double roots(const struct fixture *fixture, const char *decision)
{
    return metric_value(metric(fixture->metrics, METRIC_TRACE_ROOTS, decision));
}

static struct trace_config with_sampler(enum trace_sampler sampler, double ratio)
{
    struct trace_config config = defaults;
    config.sampler = sampler;
    config.ratio = ratio;
    return config;
}

static bool begins_sampled(struct fixture *fixture, const struct trace_context *parent)
{
    struct trace_context context;
    tracer_begin(fixture->tracer, &context, parent);
    return trace_is_sampled(&context);
}

static void a_ratio_samples_that_share_of_new_traces(void **state)
{
    struct fixture fixture;
    open_fixture(&fixture, with_sampler(SAMPLER_PARENT_RATIO, 0.1));
    int sampled = 0;
    for (int i = 0; i < 100000; i++)
        sampled += begins_sampled(&fixture, NULL);
    assert_in_range(sampled, 9600, 10400); /* 10000, and four times its deviation of 95 */
    close_fixture(&fixture);
}

static void records_without_a_trace_begin_so_many_a_second(void **state)
{
    struct fixture fixture;
    struct trace_context context;
    open_fixture(&fixture, defaults);
    for (uint64_t second = 1; second <= 2; second++) {
        assert_true(tracer_begin_record(fixture.tracer, &context, NULL, second * SECOND));
        assert_true(trace_is_sampled(&context));
        assert_true(tracer_begin_record(fixture.tracer, &context, NULL, second * SECOND + 1));
        assert_false(tracer_begin_record(fixture.tracer, &context, NULL, second * SECOND + 2));
        assert_false(trace_is_sampled(&context));
    }
    close_fixture(&fixture);
}

static void a_record_that_came_with_a_trace_goes_on_with_it_however_many_do(void **state)
{
    struct fixture fixture;
    struct trace_context parent, context;
    open_fixture(&fixture, defaults);
    tracer_begin(fixture.tracer, &parent, NULL);
    for (int i = 0; i < 10; i++) {
        assert_true(tracer_begin_record(fixture.tracer, &context, &parent, SECOND));
        assert_memory_equal(context.trace_id, parent.trace_id, sizeof(parent.trace_id));
        assert_true(trace_is_sampled(&context));
    }
    close_fixture(&fixture);
}

static void a_trace_that_begins_late_is_not_sampled(void **state)
{
    struct fixture fixture;
    struct trace_context context = { .flags = 1 };
    open_fixture(&fixture, defaults);
    tracer_begin_late(fixture.tracer, &context);
    assert_false(trace_is_sampled(&context));
    close_fixture(&fixture);
}

static void a_child_does_as_its_parent_whatever_the_ratio(void **state)
{
    struct fixture fixture;
    open_fixture(&fixture, with_sampler(SAMPLER_PARENT_RATIO, 0));
    struct trace_context parent, child;
    tracer_begin(fixture.tracer, &parent, NULL);
    assert_false(trace_is_sampled(&parent));
    assert_false(begins_sampled(&fixture, &parent));
    trace_set_sampled(&parent, true);
    tracer_begin(fixture.tracer, &child, &parent);
    assert_true(trace_is_sampled(&child));
    assert_memory_equal(child.trace_id, parent.trace_id, sizeof(child.trace_id));
    assert_memory_not_equal(child.span_id, parent.span_id, sizeof(child.span_id));
    close_fixture(&fixture);
}

/* The decision of each sampler for: no parent, one that is sampled, one that is not. The trace id is below half. */
static void every_sampler_decides_as_opentelemetry_says(void **state)
{
    static const struct {
        enum trace_sampler kind;
        double ratio;
        bool alone, of_sampled, of_unsampled;
    } cases[] = {
        { SAMPLER_ALWAYS_ON, 0, true, true, true },         { SAMPLER_ALWAYS_OFF, 1, false, false, false },
        { SAMPLER_RATIO, 0.5, true, true, true },           { SAMPLER_RATIO, 0.4, false, false, false },
        { SAMPLER_RATIO, 0, false, false, false },          { SAMPLER_RATIO, 1, true, true, true },
        { SAMPLER_PARENT_ALWAYS_ON, 0, true, true, false }, { SAMPLER_PARENT_ALWAYS_OFF, 1, false, true, false },
        { SAMPLER_PARENT_RATIO, 0.5, true, true, false },   { SAMPLER_PARENT_RATIO, 0.4, false, true, false },
    };
    const uint8_t id[16] = { [0] = 0xff, [7] = 0xff, [8] = 0x7f, [15] = 0xff }; /* its last 8 bytes decide */
    const struct trace_context sampled = { .flags = 1 }, unsampled = { .flags = 0 };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sampler sampler;
        sampler_init(&sampler, cases[i].kind, cases[i].ratio);
        assert_int_equal(sampler_decides(&sampler, id, NULL), cases[i].alone);
        assert_int_equal(sampler_decides(&sampler, id, &sampled), cases[i].of_sampled);
        assert_int_equal(sampler_decides(&sampler, id, &unsampled), cases[i].of_unsampled);
    }
}

static enum trace_fate fate(struct fixture *fixture, bool sampled, bool failed, uint64_t duration_us, uint64_t ended_us)
{
    struct trace_context context;
    tracer_begin(fixture->tracer, &context, NULL);
    trace_set_sampled(&context, sampled);
    return tracer_keeps(fixture->tracer, fixture->site, &context, failed, ended_us - duration_us, ended_us);
}

static void failures_are_kept_although_the_sampler_dropped_them(void **state)
{
    struct fixture fixture;
    open_fixture(&fixture, with_sampler(SAMPLER_PARENT_RATIO, 0));
    for (int i = 0; i < 2; i++)
        fate(&fixture, false, false, 2000, SECOND); /* the slowest places are taken */
    assert_int_equal(fate(&fixture, false, false, 1000, SECOND), TRACE_FORGOTTEN);
    assert_int_equal(fate(&fixture, false, true, 1000, SECOND), TRACE_NOTABLE);
    assert_int_equal(fate(&fixture, true, false, 1000, SECOND), TRACE_KEPT);
    assert_int_equal(fate(&fixture, true, true, 1000, SECOND), TRACE_NOTABLE);
    assert_true(roots(&fixture, "sampled") == 2);
    assert_true(roots(&fixture, "kept") == 3);
    assert_true(roots(&fixture, "forgotten") == 1);
    close_fixture(&fixture);
}

static void without_the_tail_rule_only_what_is_sampled_is_kept(void **state)
{
    struct trace_config config = defaults;
    config.keep = (struct trace_keep_config){ 0 };
    struct fixture fixture;
    open_fixture(&fixture, config);
    assert_int_equal(fate(&fixture, false, true, SECOND, 9 * SECOND), TRACE_FORGOTTEN);
    assert_int_equal(fate(&fixture, true, false, SECOND, 9 * SECOND), TRACE_KEPT);
    assert_int_equal(fate(&fixture, true, true, SECOND, 9 * SECOND), TRACE_NOTABLE);
    close_fixture(&fixture);
}

/* 100 a second for an hour, their durations by chance: in each interval after the first it takes some, and about N. */
static void a_steady_stream_yields_about_n_an_interval(void **state)
{
    struct random random;
    random_init_seed(&random, SEED);
    struct slowest slowest = { 0 };
    int taken = 0;
    for (uint64_t now = SECOND; now < 3600 * SECOND; now += SECOND / 100)
        taken += slowest_takes(&slowest, 4, (uint64_t)(-1000 * log(1 - random_unit(&random))), now);
    assert_in_range(taken, 360 * 2, 360 * 8);
}

static void a_burst_of_slow_ones_is_taken_from_its_first_on_and_bounded(void **state)
{
    struct slowest slowest = { 0 };
    uint64_t now = SECOND;
    for (; now < 30 * SECOND; now += SECOND / 100)
        slowest_takes(&slowest, 2, 1000, now);
    assert_false(slowest_takes(&slowest, 2, 1000, now));
    int taken = 0;
    for (uint64_t i = 0; i < 500; i++)
        taken += slowest_takes(&slowest, 2, 5000 + i, now); /* each slower than the last */
    assert_int_equal(taken, 2 * SLOWEST_EXCESS);
}

static void what_is_slow_is_forgotten_after_an_interval_without_any(void **state)
{
    struct slowest slowest = { 0 };
    for (int i = 0; i < 10; i++)
        slowest_takes(&slowest, 2, 5000, SECOND);
    assert_false(slowest_takes(&slowest, 2, 1000, 12 * SECOND)); /* not slower than those */
    assert_true(slowest_takes(&slowest, 2, 1000, 60 * SECOND));
}

static struct span_value text_value(const char *text)
{
    return span_text(text_of(text));
}

static void a_span_comes_out_as_it_was_told(void **state)
{
    struct fixture fixture;
    open_fixture(&fixture, defaults);
    const struct span_value event_values[] = { text_value("boom"), span_int(-7) };
    const struct span_event events[] = { { "exception", 150, keys, event_values, 2 }, { "bare", 160, NULL, NULL, 0 } };
    const struct trace_context links[] = { { .trace_id = { 1 }, .span_id = { 2 }, .flags = 1 }, { .trace_id = { 3 }, .span_id = { 4 } } };
    struct span told = {
        .site = fixture.site,
        .trace_state = TEXT("rojo=1,congo=2"),
        .parent_id = { 9 },
        .started_us = 100,
        .ended_us = 200,
        .status = SPAN_STATUS_ERROR,
        .notable = true,
        .status_message = TEXT("went wrong"),
        .values = { span_int(INT64_MIN), { 0 }, text_value("") },
        .events = events,
        .event_count = 2,
        .links = links,
        .link_count = 2,
    };
    tracer_begin(fixture.tracer, &told.context, NULL);
    tracer_add(fixture.tracer, &told);

    struct span_held held;
    struct trace_cursor cursor = { 0 };
    assert_true(tracer_next(fixture.tracer, &cursor, &held, NULL));
    assert_ptr_equal(held.span.site, told.site);
    assert_memory_equal(&held.span.context, &told.context, sizeof(told.context));
    assert_true(text_is(held.span.trace_state, "rojo=1,congo=2"));
    assert_memory_equal(held.span.parent_id, told.parent_id, 8);
    assert_int_equal(held.span.started_us, 100);
    assert_int_equal(held.span.ended_us, 200);
    assert_int_equal(held.span.status, SPAN_STATUS_ERROR);
    assert_true(held.span.notable);
    assert_true(text_is(held.span.status_message, "went wrong"));
    assert_int_equal(held.span.values[0].integer, INT64_MIN);
    assert_int_equal(held.span.values[1].type, SPAN_ABSENT);
    assert_int_equal(held.span.values[2].type, SPAN_TEXT);
    assert_int_equal(held.span.values[2].text.size, 0);
    assert_int_equal(held.span.event_count, 2);
    assert_string_equal(held.span.events[0].name, "exception");
    assert_int_equal(held.span.events[0].time_us, 150);
    assert_true(text_is(held.span.events[0].values[0].text, "boom"));
    assert_int_equal(held.span.events[0].values[1].integer, -7);
    assert_int_equal(held.span.events[1].count, 0);
    assert_int_equal(held.span.link_count, 2);
    assert_memory_equal(held.span.links, links, sizeof(links));

    assert_false(tracer_next(fixture.tracer, &cursor, &held, NULL));
    cursor = (struct trace_cursor){ 0 };
    assert_true(tracer_next_notable(fixture.tracer, &cursor, &held));
    assert_memory_equal(&held.span.context, &told.context, sizeof(told.context));
    close_fixture(&fixture);
}

static void a_long_text_is_cut_at_a_character(void **state)
{
    struct fixture fixture;
    open_fixture(&fixture, defaults);
    char text[10240], bytes[10240];
    for (size_t i = 0; i + 3 <= sizeof(text); i += 3)
        memcpy(text + i, "\u20ac", 3);
    memset(bytes, 0xff, sizeof(bytes));
    struct span told = { .site = fixture.site,
                         .values = { span_text((struct text){ text, sizeof(text) }), span_text((struct text){ bytes, sizeof(bytes) }) } };
    tracer_begin(fixture.tracer, &told.context, NULL);
    tracer_add(fixture.tracer, &told);

    struct span_held held;
    struct trace_cursor cursor = { 0 };
    assert_true(tracer_next(fixture.tracer, &cursor, &held, NULL));
    assert_int_equal(held.span.values[0].text.size, SPAN_TEXT_MAX / 3 * 3);
    assert_memory_equal(held.span.values[0].text.data, text, SPAN_TEXT_MAX / 3 * 3);
    assert_int_equal(held.span.values[1].text.size, SPAN_TEXT_MAX);
    close_fixture(&fixture);
}

static void a_span_of_everything_too_much_is_cut_and_held(void **state)
{
    struct fixture fixture;
    open_fixture(&fixture, defaults);
    char long_text[10240];
    memset(long_text, 'x', sizeof(long_text));
    struct span_value values[20];
    for (size_t i = 0; i < 20; i++)
        values[i] = span_text((struct text){ long_text, sizeof(long_text) });
    const char *many_keys[20] = { 0 };
    struct span_event events[100];
    for (size_t i = 0; i < 100; i++)
        events[i] = (struct span_event){ "event", i, many_keys, values, 20 };
    static const struct trace_context links[1000];
    struct span told = { .site = fixture.site, .events = events, .event_count = 100, .links = links, .link_count = 1000 };
    for (size_t i = 0; i < 3; i++)
        told.values[i] = values[i];
    told.status_message = values[0].text;
    told.trace_state = (struct text){ long_text, TRACE_STATE_MAX };
    for (int i = 0; i < 100; i++)
        tracer_add(fixture.tracer, &told);

    struct span_held held;
    struct trace_cursor cursor = { 0 };
    uint64_t missed = 0, read = 0;
    for (; tracer_next(fixture.tracer, &cursor, &held, &missed); read++) {
        assert_int_equal(held.span.event_count, SPAN_EVENTS_MAX);
        assert_int_equal(held.span.link_count, SPAN_LINKS_MAX);
        assert_int_equal(held.span.trace_state.size, TRACE_STATE_MAX);
        assert_int_equal(held.span.events[SPAN_EVENTS_MAX - 1].values[SPAN_EVENT_VALUES_MAX - 1].text.size, SPAN_TEXT_MAX);
    }
    assert_true(read > 0);
    assert_int_equal(read + missed, 100);
    close_fixture(&fixture);
}

static void a_span_never_ends_before_it_started(void **state)
{
    struct fixture fixture;
    open_fixture(&fixture, defaults);
    tracer_add(fixture.tracer, &(struct span){ .site = fixture.site, .started_us = 100, .ended_us = 99 });
    struct span_held held;
    struct trace_cursor cursor = { 0 };
    assert_true(tracer_next(fixture.tracer, &cursor, &held, NULL));
    assert_int_equal(held.span.ended_us, 100);
    close_fixture(&fixture);
}

static void the_notable_outlast_the_crowd(void **state)
{
    struct fixture fixture;
    open_fixture(&fixture, defaults);
    struct span told = { .site = fixture.site, .notable = true, .started_us = 1, .ended_us = 1 };
    tracer_add(fixture.tracer, &told);
    told.notable = false;
    for (uint64_t i = 2; i < 10000; i++) {
        told.started_us = told.ended_us = i;
        tracer_add(fixture.tracer, &told);
    }
    struct span_held held;
    struct trace_cursor cursor = { 0 }, notable = { 0 };
    uint64_t missed = 0;
    assert_true(tracer_next(fixture.tracer, &cursor, &held, &missed));
    assert_true(missed > 1);
    assert_true(tracer_next_notable(fixture.tracer, &notable, &held));
    assert_int_equal(held.span.started_us, 1);
    assert_true(metric_value(metric(fixture.metrics, METRIC_TRACE_SPANS)) == 9999);
    assert_true(metric_value(metric(fixture.metrics, METRIC_TRACE_SPANS_OVERWRITTEN)) == (double)missed);
    close_fixture(&fixture);
}

static double told_reach(const struct fixture *fixture, uint64_t now_us)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *recent = yyjson_mut_obj_get(tracer_stats(fixture->tracer, doc, now_us), "recent");
    double seconds = yyjson_mut_get_real(yyjson_mut_obj_get(recent, "reach_seconds"));
    yyjson_mut_doc_free(doc);
    return seconds;
}

static void how_far_back_they_reach_grows_while_nothing_is_told_and_whatever_their_order(void **state)
{
    struct fixture fixture;
    open_fixture(&fixture, defaults);
    assert_true(told_reach(&fixture, 9 * SECOND) == 0);
    tracer_add(fixture.tracer, &(struct span){ .site = fixture.site, .started_us = 2 * SECOND, .ended_us = 4 * SECOND });
    tracer_add(fixture.tracer, &(struct span){ .site = fixture.site, .started_us = 1 * SECOND, .ended_us = 3 * SECOND });
    assert_true(told_reach(&fixture, 5 * SECOND) == 1);
    assert_true(told_reach(&fixture, 9 * SECOND) == 5);
    assert_true(told_reach(&fixture, 4 * SECOND - 1) == 0);
    close_fixture(&fixture);
}

static void where_tracing_is_off_ids_go_along_and_nothing_is_kept(void **state)
{
    struct trace_config config = defaults;
    config.disabled = true;
    struct fixture fixture;
    open_fixture(&fixture, config);
    struct trace_context context = { 0 }, caller = { .trace_id = { 1 }, .span_id = { 2 }, .flags = 1 };
    tracer_begin(fixture.tracer, &context, &caller);
    assert_memory_equal(context.trace_id, caller.trace_id, sizeof(caller.trace_id));
    assert_true(trace_is_sampled(&context)); /* the caller's word goes on */
    assert_false(tracer_is_on(fixture.tracer));
    assert_int_equal(tracer_keeps(fixture.tracer, fixture.site, &context, true, 0, SECOND), TRACE_FORGOTTEN);
    assert_int_equal(tracer_keeps_failure(fixture.tracer, &context), TRACE_FORGOTTEN);
    tracer_add(fixture.tracer, &(struct span){ .site = fixture.site });
    struct span_held held;
    struct trace_cursor cursor = { 0 };
    assert_false(tracer_next(fixture.tracer, &cursor, &held, NULL));
    assert_false(begins_sampled(&fixture, NULL));
    close_fixture(&fixture);
}

static void the_wall_clock_is_followed_only_when_it_was_stepped(void **state)
{
    struct wall_anchor anchor;
    wall_anchor_init(&anchor, 5 * SECOND, 1000 * (int64_t)SECOND);
    assert_int_equal(wall_anchor_follow(&anchor, 6 * SECOND, 1001 * (int64_t)SECOND + 900000), 0);
    assert_int_equal(anchor.offset_us, 995 * (int64_t)SECOND);
    assert_int_equal(wall_anchor_follow(&anchor, 7 * SECOND, 1002 * (int64_t)SECOND - 3600 * (int64_t)SECOND), -3600 * (int64_t)SECOND);
    assert_int_equal(anchor.offset_us, (995 - 3600) * (int64_t)SECOND);
    assert_int_equal(wall_anchor_follow(&anchor, 8 * SECOND, 1003 * (int64_t)SECOND - 3600 * (int64_t)SECOND), 0);
}

static void spans_follow_a_wall_clock_that_steps_back_an_hour(void **state)
{
    const int64_t hour_us = 3600 * (int64_t)SECOND, wall_us = 1700000000 * (int64_t)SECOND;
    struct fixture fixture;
    open_fixture(&fixture, defaults);
    log_set_level(LOG_ERROR);
    assert_int_equal(tracer_wall_offset(fixture.tracer, 5 * SECOND, wall_us), wall_us - 5 * (int64_t)SECOND);
    assert_int_equal(tracer_wall_offset(fixture.tracer, 6 * SECOND, wall_us + (int64_t)SECOND + 300), wall_us - 5 * (int64_t)SECOND);
    int64_t after = tracer_wall_offset(fixture.tracer, 7 * SECOND, wall_us + 2 * (int64_t)SECOND - hour_us);
    assert_int_equal(after, wall_us - 5 * (int64_t)SECOND - hour_us);
    log_set_level(LOG_INFO);
    close_fixture(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ratio_samples_that_share_of_new_traces),
        cmocka_unit_test(records_without_a_trace_begin_so_many_a_second),
        cmocka_unit_test(a_record_that_came_with_a_trace_goes_on_with_it_however_many_do),
        cmocka_unit_test(a_trace_that_begins_late_is_not_sampled),
        cmocka_unit_test(a_child_does_as_its_parent_whatever_the_ratio),
        cmocka_unit_test(every_sampler_decides_as_opentelemetry_says),
        cmocka_unit_test(failures_are_kept_although_the_sampler_dropped_them),
        cmocka_unit_test(without_the_tail_rule_only_what_is_sampled_is_kept),
        cmocka_unit_test(a_steady_stream_yields_about_n_an_interval),
        cmocka_unit_test(a_burst_of_slow_ones_is_taken_from_its_first_on_and_bounded),
        cmocka_unit_test(what_is_slow_is_forgotten_after_an_interval_without_any),
        cmocka_unit_test(a_span_comes_out_as_it_was_told),
        cmocka_unit_test(a_long_text_is_cut_at_a_character),
        cmocka_unit_test(a_span_of_everything_too_much_is_cut_and_held),
        cmocka_unit_test(a_span_never_ends_before_it_started),
        cmocka_unit_test(the_notable_outlast_the_crowd),
        cmocka_unit_test(how_far_back_they_reach_grows_while_nothing_is_told_and_whatever_their_order),
        cmocka_unit_test(where_tracing_is_off_ids_go_along_and_nothing_is_kept),
        cmocka_unit_test(the_wall_clock_is_followed_only_when_it_was_stepped),
        cmocka_unit_test(spans_follow_a_wall_clock_that_steps_back_an_hour),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
