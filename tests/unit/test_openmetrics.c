#include "base/clock.h"
#include "base/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct trace_context sampled = { .trace_id = { 0xab, [15] = 0x01 }, .span_id = { 1 }, .flags = 1 };
static const struct trace_context later = { .trace_id = { 0xcd, [15] = 0x02 }, .span_id = { 1 }, .flags = 1 };
static const struct trace_context unsampled = { .trace_id = { 0xef, [15] = 0x03 }, .span_id = { 1 } };

#define SAMPLED "ab000000000000000000000000000001"
#define LATER   "cd000000000000000000000000000002"

struct page {
    struct metrics *metrics;
    struct buffer text;
};

static int given_metrics(void **state)
{
    static struct page page;
    page = (struct page){ .metrics = metrics_new() };
    *state = &page;
    return 0;
}

static int free_metrics(void **state)
{
    struct page *page = *state;
    metrics_free(page->metrics);
    buffer_free(&page->text);
    return 0;
}

static const char *write_page(struct page *page, void (*write)(struct metrics *metrics, struct buffer *out))
{
    buffer_clear(&page->text);
    write(page->metrics, &page->text);
    buffer_char(&page->text, '\0');
    return page->text.data;
}

/* The rest of the line that begins so, up to a page's next such demand; NULL: there is none. */
static const char *after(const char *page, const char *beginning)
{
    static char rest[256];
    for (const char *line = page; line != NULL; line = strchr(line, '\n')) {
        line += line != page;
        if (strncmp(line, beginning, strlen(beginning)) != 0)
            continue;
        snprintf(rest, sizeof(rest), "%.*s", (int)strcspn(line + strlen(beginning), "\n"), line + strlen(beginning));
        return rest;
    }
    return NULL;
}

static void a_counter_is_named_without_its_suffix_but_its_samples_have_it(void **state)
{
    struct page *page = *state;
    metric_add(metric(page->metrics, METRIC_PRODUCED, "jobs", "t"), 3);
    const char *text = write_page(page, metrics_write_openmetrics);
    assert_string_equal(after(text, "# TYPE millrace_produced "), "counter");
    assert_non_null(after(text, "# HELP millrace_produced "));
    assert_string_equal(after(text, "millrace_produced_total{"), "stream=\"jobs\",topic=\"t\"} 3");
}

static void the_page_says_where_it_ends(void **state)
{
    const char *text = write_page(*state, metrics_write_openmetrics);
    assert_string_equal(text + strlen(text) - strlen("# EOF\n"), "# EOF\n");
    assert_null(strstr(write_page(*state, metrics_write), "# EOF"));
}

static void bounds_are_written_as_floats(void **state)
{
    struct page *page = *state;
    metric_observe(metric(page->metrics, METRIC_WORK_DURATION, "jobs"), 2);
    const char *text = write_page(page, metrics_write_openmetrics);
    assert_non_null(after(text, "millrace_work_duration_seconds_bucket{stream=\"jobs\",le=\"1.0\"} 0"));
    assert_non_null(after(text, "millrace_work_duration_seconds_bucket{stream=\"jobs\",le=\"0.005\"} 0"));
    assert_non_null(after(text, "millrace_work_duration_seconds_bucket{stream=\"jobs\",le=\"+Inf\"} 1"));
    assert_non_null(after(write_page(page, metrics_write), "millrace_work_duration_seconds_bucket{stream=\"jobs\",le=\"1\"} 0"));
}

static void a_counter_that_somebody_names_otherwise_is_of_no_known_type(void **state)
{
    struct page *page = *state;
    const struct metric_view view = { .name = "jobs_sent", .of = "produced", .help = "Say \"hi\"." };
    assert_int_equal(metrics_add_view(page->metrics, &view, NULL), 0);
    metric_add_traced(metric(page->metrics, METRIC_PRODUCED, "jobs", "t"), 1, &sampled);
    const char *text = write_page(page, metrics_write_openmetrics);
    assert_string_equal(after(text, "# TYPE jobs_sent "), "unknown");
    assert_string_equal(after(text, "# HELP jobs_sent "), "Say \\\"hi\\\".");
    assert_string_equal(after(text, "jobs_sent{"), "stream=\"jobs\",topic=\"t\"} 1");
}

static void the_last_sampled_event_of_each_bucket_is_its_exemplar(void **state)
{
    struct page *page = *state;
    struct series *series = metric(page->metrics, METRIC_WORK_DURATION, "jobs");
    metric_observe_traced(series, 0.3, &sampled);
    metric_observe_traced(series, 0.4, &later);
    metric_observe_traced(series, 0.45, &unsampled);
    metric_observe_traced(series, 0.46, NULL);
    metric_observe_traced(series, 20, &sampled);
    const char *text = write_page(page, metrics_write_openmetrics);
    assert_string_equal(after(text, "millrace_work_duration_seconds_bucket{stream=\"jobs\",le=\"0.25\"} "), "0");
    assert_memory_equal(after(text, "millrace_work_duration_seconds_bucket{stream=\"jobs\",le=\"0.5\"} 4 # {trace_id=\"" LATER "\"} "),
                        "0.4 ", 4);
    assert_memory_equal(after(text, "millrace_work_duration_seconds_bucket{stream=\"jobs\",le=\"+Inf\"} 5 # {trace_id=\"" SAMPLED "\"} "),
                        "20 ", 3);
    assert_null(strstr(write_page(page, metrics_write), "trace_id"));
}

static void a_counter_has_one_exemplar(void **state)
{
    struct page *page = *state;
    struct series *series = metric(page->metrics, METRIC_DEAD, "jobs");
    metric_add_traced(series, 1, &sampled);
    metric_add_traced(series, 1, &later);
    metric_add_traced(series, 1, &unsampled);
    const char *text = write_page(page, metrics_write_openmetrics);
    assert_memory_equal(after(text, "millrace_dead_letters_total{stream=\"jobs\"} 3 # {trace_id=\"" LATER "\"} "), "1 ", 2);
}

static void an_exemplar_has_the_time_of_its_event(void **state)
{
    struct page *page = *state;
    metric_add_traced(metric(page->metrics, METRIC_DEAD, "jobs"), 1, &sampled);
    const char *rest = after(write_page(page, metrics_write_openmetrics),
                             "millrace_dead_letters_total{stream=\"jobs\"} 1 # {trace_id=\"" SAMPLED "\"} 1 ");
    double seconds = 0;
    assert_int_equal(sscanf(rest, "%lf", &seconds), 1);
    assert_true(seconds <= (double)clock_wall_us() / 1e6);
    assert_true(seconds > (double)clock_wall_us() / 1e6 - 10);
}

/* Two series in one line: the newer event is told; and it stands in the view's own bucket. */
static void exemplars_go_through_views(void **state)
{
    static const double buckets[] = { 0.1, 1 };
    struct page *page = *state;
    const struct metric_view view = { .name = "job_seconds",
                                      .of = "work_duration_seconds",
                                      .labels = (const char *const[]){ NULL },
                                      .label_count = 0,
                                      .buckets = buckets,
                                      .bucket_count = 2 };
    assert_int_equal(metrics_add_view(page->metrics, &view, NULL), 0);
    metric_observe_traced(metric(page->metrics, METRIC_WORK_DURATION, "a"), 0.3, &sampled);
    uint64_t began_us = clock_coarse_us();
    while (clock_coarse_us() == began_us) /* until the kernel's next tick: the newer one is newer */
        ;
    metric_observe_traced(metric(page->metrics, METRIC_WORK_DURATION, "b"), 0.7, &later);
    const char *text = write_page(page, metrics_write_openmetrics);
    assert_memory_equal(after(text, "job_seconds_bucket{le=\"1.0\"} 2 # {trace_id=\"" LATER "\"} "), "0.7 ", 4);
    assert_string_equal(after(text, "job_seconds_bucket{le=\"0.1\"} "), "0");
    assert_string_equal(after(text, "job_seconds_bucket{le=\"+Inf\"} "), "2");
}

#define page_test(name) cmocka_unit_test_setup_teardown(name, given_metrics, free_metrics)

int main(void)
{
    const struct CMUnitTest tests[] = {
        page_test(a_counter_is_named_without_its_suffix_but_its_samples_have_it),
        page_test(the_page_says_where_it_ends),
        page_test(bounds_are_written_as_floats),
        page_test(a_counter_that_somebody_names_otherwise_is_of_no_known_type),
        page_test(the_last_sampled_event_of_each_bucket_is_its_exemplar),
        page_test(a_counter_has_one_exemplar),
        page_test(an_exemplar_has_the_time_of_its_event),
        page_test(exemplars_go_through_views),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
