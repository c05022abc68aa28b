#include "base/metrics.h"
#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static uint64_t seed;
static const char *const no_labels[] = { NULL };

static int given_a_registry(void **state)
{
    *state = metrics_new();
    return 0;
}

static int free_registry(void **state)
{
    metrics_free(*state);
    return 0;
}

static const char *exposition(struct metrics *metrics)
{
    static struct buffer out;
    buffer_clear(&out);
    metrics_write(metrics, &out);
    buffer_char(&out, '\0');
    return out.data;
}

static bool exposes(struct metrics *metrics, const char *line)
{
    char whole[512];
    snprintf(whole, sizeof(whole), "\n%s\n", line);
    return strstr(exposition(metrics), whole) != NULL;
}

static void assert_exposes(struct metrics *metrics, const char *line)
{
    if (!exposes(metrics, line))
        fail_msg("not exposed: %s\nin:\n%s", line, exposition(metrics));
}

static void given_view(struct metrics *metrics, struct metric_view view)
{
    struct error err = { 0 };
    if (metrics_add_view(metrics, &view, &err) != 0)
        fail_msg("%s", err.message);
}

static void a_view_is_the_same_under_another_name(void **state)
{
    given_view(*state, (struct metric_view){ .name = "jobs_sent_total", .of = "produced" });
    metric_add(metric(*state, METRIC_PRODUCED, "jobs", "jobs_topic"), 5);
    assert_exposes(*state, "millrace_produced_total{stream=\"jobs\",topic=\"jobs_topic\"} 5");
    assert_exposes(*state, "# HELP jobs_sent_total Records acknowledged by the broker.");
    assert_exposes(*state, "# TYPE jobs_sent_total counter");
    assert_exposes(*state, "jobs_sent_total{stream=\"jobs\",topic=\"jobs_topic\"} 5");
}

static void a_family_is_named_in_full_or_in_short(void **state)
{
    given_view(*state, (struct metric_view){ .name = "a_total", .of = "produced" });
    given_view(*state, (struct metric_view){ .name = "b_total", .of = "millrace_produced_total" });
    given_view(*state, (struct metric_view){ .name = "c_total", .of = "millrace_produced" });
    given_view(*state, (struct metric_view){ .name = "d_total", .of = "produced_total" });
    given_view(*state, (struct metric_view){ .name = "e_seconds", .of = "work_duration_seconds" });
    assert_int_equal(metrics_add_view(*state, &(struct metric_view){ .name = "f", .of = "work_duration" }, NULL), E_INVALID);
}

static void dropped_labels_are_summed_over(void **state)
{
    given_view(*state, (struct metric_view){
                           .name = "consumed_total", .of = "consumed", .labels = (const char *const[]){ "stream" }, .label_count = 1 });
    metric_add(metric(*state, METRIC_CONSUMED, "jobs", "0"), 1);
    metric_add(metric(*state, METRIC_CONSUMED, "jobs", "1"), 2);
    metric_add(metric(*state, METRIC_CONSUMED, "logs", "0"), 4);
    assert_exposes(*state, "consumed_total{stream=\"jobs\"} 3");
    assert_exposes(*state, "consumed_total{stream=\"logs\"} 4");
}

static void a_kept_label_may_have_another_name(void **state)
{
    static const struct metric_label rename[] = { { "stream", "group_id" } };
    given_view(*state, (struct metric_view){ .name = "a_total", .of = "consumed", .renames = rename, .rename_count = 1 });
    given_view(*state, (struct metric_view){ .name = "b_total",
                                             .of = "consumed",
                                             .labels = (const char *const[]){ "stream" },
                                             .label_count = 1,
                                             .renames = rename,
                                             .rename_count = 1 });
    metric_add(metric(*state, METRIC_CONSUMED, "jobs", "0"), 1);
    metric_add(metric(*state, METRIC_CONSUMED, "jobs", "1"), 2);
    assert_exposes(*state, "a_total{group_id=\"jobs\",partition=\"1\"} 2");
    assert_exposes(*state, "b_total{group_id=\"jobs\"} 3");
}

static void a_name_that_ends_like_a_part_of_a_histogram_has_no_type(void **state)
{
    given_view(*state, (struct metric_view){ .name = "slots_sum", .of = "pool_slots" });
    metric_set(metric(*state, METRIC_SLOTS), 4);
    assert_exposes(*state, "# TYPE slots_sum untyped");
    assert_exposes(*state, "slots_sum 4");
}

static void where_takes_only_what_is_meant(void **state)
{
    given_view(*state, (struct metric_view){ .name = "failed_total",
                                             .of = "work_attempts",
                                             .where = (const struct metric_label[]){ { "stream", "jobs" }, { "outcome", "failed" } },
                                             .where_count = 2,
                                             .labels = no_labels });
    metric_add(metric(*state, METRIC_WORK_ATTEMPTS, "jobs", "failed"), 3);
    metric_add(metric(*state, METRIC_WORK_ATTEMPTS, "jobs", "done"), 10);
    metric_add(metric(*state, METRIC_WORK_ATTEMPTS, "logs", "failed"), 100);
    assert_exposes(*state, "failed_total 3");
}

static void a_view_without_labels_stands_at_zero_from_the_start(void **state)
{
    given_view(*state, (struct metric_view){ .name = "sent_total", .of = "produced", .labels = no_labels });
    given_view(*state, (struct metric_view){ .name = "sent_seconds", .of = "produce_duration_seconds", .labels = no_labels });
    given_view(*state, (struct metric_view){ .name = "sent_by_stream_total", .of = "produced" });
    assert_exposes(*state, "sent_total 0");
    assert_exposes(*state, "sent_seconds_count 0");
    assert_null(strstr(exposition(*state), "sent_by_stream_total"));
}

static void constants_are_added_in_the_order_of_names(void **state)
{
    given_view(*state, (struct metric_view){ .name = "sent_total",
                                             .of = "produced",
                                             .constants = (const struct metric_label[]){ { "zone", "a\"b" }, { "service", "app" } },
                                             .constant_count = 2 });
    metric_add(metric(*state, METRIC_PRODUCED, "jobs", "t"), 1);
    assert_exposes(*state, "sent_total{service=\"app\",stream=\"jobs\",topic=\"t\",zone=\"a\\\"b\"} 1");
}

static void views_of_one_name_are_exposed_as_one(void **state)
{
    for (int i = 0; i < 2; i++) {
        static const struct metric_label where[2] = { { "stream", "jobs" }, { "stream", "logs" } };
        static const struct metric_label constants[2] = { { "service", "job-service" }, { "service", "log-service" } };
        given_view(*state, (struct metric_view){ .name = "throttled_total",
                                                 .of = "rate_limited",
                                                 .where = &where[i],
                                                 .where_count = 1,
                                                 .labels = no_labels,
                                                 .constants = &constants[i],
                                                 .constant_count = 1 });
    }
    metric_add(metric(*state, METRIC_RATE_LIMITED, "jobs"), 1);
    metric_add(metric(*state, METRIC_RATE_LIMITED, "logs"), 2);
    assert_exposes(*state, "throttled_total{service=\"job-service\"} 1");
    assert_exposes(*state, "throttled_total{service=\"log-service\"} 2");
    const char *first = strstr(exposition(*state), "# TYPE throttled_total");
    assert_null(strstr(first + 1, "# TYPE throttled_total"));
}

static void what_is_hidden_is_neither_told_nor_summed(void **state)
{
    given_view(*state, (struct metric_view){
                           .name = "lag_sum", .of = "group_lag_offsets", .labels = (const char *const[]){ "topic" }, .label_count = 1 });
    struct series *here = metric(*state, METRIC_GROUP_LAG, "g", "jobs", "0");
    struct series *gone = metric(*state, METRIC_GROUP_LAG, "g", "jobs", "1");
    metric_set(here, 3);
    metric_set(gone, 0.0 / 0.0);
    assert_exposes(*state, "lag_sum{topic=\"jobs\"} NaN");

    metric_hide(gone);
    assert_exposes(*state, "lag_sum{topic=\"jobs\"} 3");
    assert_null(strstr(exposition(*state), "partition=\"1\""));

    metric_hide(here);
    assert_null(strstr(exposition(*state), "lag_sum{"));

    metric_set(gone, 4);
    assert_exposes(*state, "lag_sum{topic=\"jobs\"} 4");
    assert_non_null(strstr(exposition(*state), "partition=\"1\""));
    assert_null(strstr(exposition(*state), "partition=\"0\""));
}

static void what_falls_together_under_one_name_is_summed(void **state)
{
    given_view(*state, (struct metric_view){ .name = "errors_total", .of = "produce_errors", .labels = no_labels });
    given_view(*state, (struct metric_view){ .name = "errors_total", .of = "dead_letter_errors", .labels = no_labels });
    metric_add(metric(*state, METRIC_PRODUCE_ERRORS, "jobs", "t", "full"), 2);
    metric_add(metric(*state, METRIC_DEAD_ERRORS, "jobs"), 3);
    assert_exposes(*state, "errors_total 5");
}

static void a_view_has_buckets_of_its_own_and_the_family_keeps_its(void **state)
{
    static const double buckets[] = { .001, .007, 1, 100 };
    given_view(
        *state,
        (struct metric_view){
            .name = "latency_seconds", .of = "produce_duration_seconds", .labels = no_labels, .buckets = buckets, .bucket_count = 4 });
    static const double observed[] = { .001, .0015, .005, .007, .0071, 1, 50, 1000 };
    for (size_t i = 0; i < COUNT(observed); i++)
        metric_observe(metric(*state, METRIC_PRODUCE_DURATION, "jobs", "t"), observed[i]);
    assert_exposes(*state, "latency_seconds_bucket{le=\"0.001\"} 1");
    assert_exposes(*state, "latency_seconds_bucket{le=\"0.007\"} 4");
    assert_exposes(*state, "latency_seconds_bucket{le=\"1\"} 6");
    assert_exposes(*state, "latency_seconds_bucket{le=\"100\"} 7");
    assert_exposes(*state, "latency_seconds_bucket{le=\"+Inf\"} 8");
    assert_false(exposes(*state, "latency_seconds_bucket{le=\"0.005\"} 3"));
    assert_exposes(*state, "millrace_produce_duration_seconds_bucket{stream=\"jobs\",topic=\"t\",le=\"0.005\"} 3");
    assert_exposes(*state, "millrace_produce_duration_seconds_bucket{stream=\"jobs\",topic=\"t\",le=\"10\"} 6");
    assert_null(strstr(exposition(*state), "topic=\"t\",le=\"0.007\""));
}

/* Several views with random bounds: each counts as if every observation had gone to it directly. */
static void every_view_is_exact_whatever_the_others_ask_for(void **state)
{
    enum { VIEWS = 4, BOUNDS = 5, VALUES = 2000 };
    static double bounds[VIEWS][BOUNDS], values[VALUES];
    static char names[VIEWS][16];
    struct random random;
    random_init_seed(&random, seed);
    for (int v = 0; v < VIEWS; v++) {
        int64_t twentieths = 0;
        for (int b = 0; b < BOUNDS; b++) {
            twentieths += random_between(&random, 1, 40);
            bounds[v][b] = (double)twentieths / 20;
        }
        snprintf(names[v], sizeof(names[v]), "view_%d", v);
        given_view(*state,
                   (struct metric_view){ .name = names[v], .of = "loop_turn_seconds", .buckets = bounds[v], .bucket_count = BOUNDS });
    }
    for (int i = 0; i < VALUES; i++) {
        values[i] = (double)random_between(&random, 0, 240) / 20;
        metric_observe(metric(*state, METRIC_LOOP_TURN), values[i]);
    }
    for (int v = 0; v < VIEWS; v++) {
        for (int b = 0; b < BOUNDS; b++) {
            int count = 0;
            for (int i = 0; i < VALUES; i++)
                count += values[i] <= bounds[v][b];
            char line[128];
            snprintf(line, sizeof(line), "%s_bucket{le=\"%.15g\"} %d", names[v], bounds[v][b], count);
            assert_exposes(*state, line);
        }
    }
}

static void series_made_before_the_view_count_in_it(void **state)
{
    struct series *turn = metric(*state, METRIC_LOOP_TURN);
    given_view(*state, (struct metric_view){
                           .name = "turn_seconds", .of = "loop_turn_seconds", .buckets = (const double[]){ .0001 }, .bucket_count = 1 });
    metric_observe(turn, .00005);
    assert_exposes(*state, "turn_seconds_bucket{le=\"0.0001\"} 1");
}

static void what_goes_to_other_goes_to_other_in_the_view(void **state)
{
    given_view(*state, (struct metric_view){
                           .name = "done_total", .of = "worked", .labels = (const char *const[]){ "outcome" }, .label_count = 1 });
    char name[16];
    for (int i = 0; i < METRICS_SERIES_MAX + 5; i++) {
        snprintf(name, sizeof(name), "s%d", i);
        metric_add(metric(*state, METRIC_WORKED, name, "done"), 1);
    }
    assert_exposes(*state, "done_total{outcome=\"done\"} 1000");
    assert_exposes(*state, "done_total{outcome=\"other\"} 5");
}

static void an_impossible_view_is_refused_with_a_sentence(void **state)
{
    static const double descending[] = { 1, .5 };
    static const double repeated[] = { 1, 1 };
    static const double infinite[] = { 1, 1e308 * 10 };
    static const double fine[] = { 1, 2 };
    static const struct metric_label stream[] = { { "stream", "x" } }, colour[] = { { "colour", "x" } }, le[] = { { "le", "x" } },
                                     private[] = { { "__x", "x" } }, twice[] = { { "a", "x" }, { "a", "y" } },
                                     dropped[] = { { "stream", "a" } }, same[] = { { "stream", "topic" } }, bad[] = { { "stream", "1st" } };
    const struct {
        struct metric_view view;
        const char *says;
    } rows[] = {
        { { .name = "a", .of = "nonsense" }, "\"nonsense\" is no metric" },
        { { .name = "a" }, "is no metric" },
        { { .of = "produced" }, "as a metric's name" },
        { { .name = "", .of = "produced" }, "as a metric's name" },
        { { .name = "1st", .of = "produced" }, "as a metric's name" },
        { { .name = "a-b", .of = "produced" }, "as a metric's name" },
        { { .name = "millrace_worked_total", .of = "produced" }, "of its own" },
        { { .name = "a", .of = "produced", .where = colour, .where_count = 1 }, "has no label \"colour\"; allowed: stream, topic" },
        { { .name = "a", .of = "produced", .labels = (const char *const[]){ "colour" }, .label_count = 1 }, "has no label \"colour\"" },
        { { .name = "a", .of = "pool_slots", .where = colour, .where_count = 1 }, "allowed: none" },
        { { .name = "a", .of = "produced", .labels = (const char *const[]){ "topic", "topic" }, .label_count = 2 }, "kept twice" },
        { { .name = "a", .of = "produced", .constants = stream, .constant_count = 1 }, "is a label of millrace_produced_total too" },
        { { .name = "a", .of = "produced", .constants = le, .constant_count = 1 }, "no name for a label" },
        { { .name = "a", .of = "produced", .constants = private, .constant_count = 1 }, "no name for a label" },
        { { .name = "a", .of = "produced", .constants = twice, .constant_count = 2 }, "stands twice" },
        { { .name = "a", .of = "produced", .renames = colour, .rename_count = 1 }, "\"colour\" is to be renamed" },
        { { .name = "a", .of = "produced", .renames = dropped, .rename_count = 1, .labels = no_labels }, "none that the view keeps" },
        { { .name = "a", .of = "produced", .renames = same, .rename_count = 1 }, "would both be named \"topic\"" },
        { { .name = "a", .of = "produced", .renames = bad, .rename_count = 1 }, "no name for a label" },
        { { .name = "a", .of = "produced", .renames = dropped, .rename_count = 1, .constants = twice, .constant_count = 1 },
          "constant label \"a\" is a label of" },
        { { .name = "a", .of = "produced", .buckets = fine, .bucket_count = 2 }, "is no histogram" },
        { { .name = "a", .of = "loop_turn_seconds", .buckets = fine, .bucket_count = 0 }, "buckets are empty" },
        { { .name = "a", .of = "loop_turn_seconds", .buckets = descending, .bucket_count = 2 }, "found 0.5 in place 2" },
        { { .name = "a", .of = "loop_turn_seconds", .buckets = repeated, .bucket_count = 2 }, "found 1 in place 2" },
        { { .name = "a", .of = "loop_turn_seconds", .buckets = infinite, .bucket_count = 2 }, "finite" },
        { { .name = "taken", .of = "pool_slots" }, "of another type" },
        { { .name = "taken_seconds", .of = "loop_turn_seconds", .buckets = fine, .bucket_count = 2 }, "has other buckets" },
    };
    given_view(*state, (struct metric_view){ .name = "taken", .of = "produced" });
    given_view(*state, (struct metric_view){ .name = "taken_seconds", .of = "loop_turn_seconds" });
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error err = { 0 };
        assert_int_equal(metrics_add_view(*state, &rows[i].view, &err), E_INVALID);
        if (strstr(err.message, rows[i].says) == NULL)
            fail_msg("row %zu: \"%s\" does not say \"%s\"", i, err.message, rows[i].says);
    }
}

static void buckets_come_too_late_after_an_observation(void **state)
{
    struct error err = { 0 };
    metric_observe(metric(*state, METRIC_LOOP_TURN), 1);
    struct metric_view view = { .name = "a", .of = "loop_turn_seconds", .buckets = (const double[]){ 3 }, .bucket_count = 1 };
    assert_int_equal(metrics_add_view(*state, &view, &err), E_INVALID);
    assert_non_null(strstr(err.message, "observations already"));
    view.buckets = NULL;
    assert_int_equal(metrics_add_view(*state, &view, &err), 0);
}

#define view_test(name) cmocka_unit_test_setup_teardown(name, given_a_registry, free_registry)

int main(void)
{
    seed = (uint64_t)time(NULL);
    printf("seed %llu\n", (unsigned long long)seed);
    const struct CMUnitTest tests[] = {
        view_test(a_view_is_the_same_under_another_name),
        view_test(a_family_is_named_in_full_or_in_short),
        view_test(dropped_labels_are_summed_over),
        view_test(a_kept_label_may_have_another_name),
        view_test(a_name_that_ends_like_a_part_of_a_histogram_has_no_type),
        view_test(where_takes_only_what_is_meant),
        view_test(a_view_without_labels_stands_at_zero_from_the_start),
        view_test(constants_are_added_in_the_order_of_names),
        view_test(views_of_one_name_are_exposed_as_one),
        view_test(what_is_hidden_is_neither_told_nor_summed),
        view_test(what_falls_together_under_one_name_is_summed),
        view_test(a_view_has_buckets_of_its_own_and_the_family_keeps_its),
        view_test(every_view_is_exact_whatever_the_others_ask_for),
        view_test(series_made_before_the_view_count_in_it),
        view_test(what_goes_to_other_goes_to_other_in_the_view),
        view_test(an_impossible_view_is_refused_with_a_sentence),
        view_test(buckets_come_too_late_after_an_observation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
