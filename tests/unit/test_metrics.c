#include "base/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

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

/* The exposition as a string; valid until the next call. */
static const char *exposition(struct metrics *metrics)
{
    static struct buffer out;
    buffer_clear(&out);
    metrics_write(metrics, &out);
    buffer_char(&out, '\0');
    return out.data;
}

static void assert_exposes(struct metrics *metrics, const char *line)
{
    const char *found = exposition(metrics);
    char whole[512];
    snprintf(whole, sizeof(whole), "\n%s\n", line);
    if (strstr(found, whole) == NULL)
        fail_msg("not exposed: %s\nin:\n%s", line, found);
}

static void a_registry_without_series_exposes_nothing(void **state)
{
    assert_string_equal(exposition(*state), "");
}

static void a_counter_counts(void **state)
{
    struct series *sent = metric(*state, METRIC_RATE_LIMITED, "jobs");
    metric_add(sent, 1);
    metric_add(sent, 2);
    assert_true(metric_value(sent) == 3);
    assert_string_equal(exposition(*state), "# HELP millrace_rate_limited_total Requests answered 429.\n"
                                            "# TYPE millrace_rate_limited_total counter\n"
                                            "millrace_rate_limited_total{stream=\"jobs\"} 3\n");
}

static void a_gauge_without_labels_goes_up_and_down(void **state)
{
    struct series *busy = metric(*state, METRIC_SLOTS_BUSY);
    metric_set(busy, 7);
    metric_add(busy, -2.5);
    assert_exposes(*state, "millrace_pool_slots_busy 4.5");
}

static void the_same_labels_are_the_same_series(void **state)
{
    struct series *a = metric(*state, METRIC_WORKED, "jobs", "done");
    assert_ptr_equal(metric(*state, METRIC_WORKED, "jobs", "done"), a);
    assert_ptr_not_equal(metric(*state, METRIC_WORKED, "jobs", "dead"), a);
    assert_ptr_not_equal(metric(*state, METRIC_WORKED, "jobsd", "one"), metric(*state, METRIC_WORKED, "jobs", "done"));
    assert_ptr_not_equal(metric(*state, METRIC_WORK_ATTEMPTS, "jobs", "done"), a);
}

static void label_values_are_copied(void **state)
{
    char name[] = "jobs";
    metric(*state, METRIC_RATE_LIMITED, name);
    name[0] = 'x';
    assert_exposes(*state, "millrace_rate_limited_total{stream=\"jobs\"} 0");
}

static void a_histogram_counts_in_the_default_buckets(void **state)
{
    struct series *turn = metric(*state, METRIC_LOOP_TURN);
    metric_observe(turn, 0);
    metric_observe(turn, .005); /* a bound belongs to its own bucket */
    metric_observe(turn, .0051);
    metric_observe(turn, 10);
    metric_observe(turn, 10.5);
    assert_true(metric_value(turn) == 5);
    assert_string_equal(exposition(*state), "# HELP millrace_loop_turn_seconds Time of a loop turn without its wait for events.\n"
                                            "# TYPE millrace_loop_turn_seconds histogram\n"
                                            "millrace_loop_turn_seconds_bucket{le=\"0.005\"} 2\n"
                                            "millrace_loop_turn_seconds_bucket{le=\"0.01\"} 3\n"
                                            "millrace_loop_turn_seconds_bucket{le=\"0.025\"} 3\n"
                                            "millrace_loop_turn_seconds_bucket{le=\"0.05\"} 3\n"
                                            "millrace_loop_turn_seconds_bucket{le=\"0.1\"} 3\n"
                                            "millrace_loop_turn_seconds_bucket{le=\"0.25\"} 3\n"
                                            "millrace_loop_turn_seconds_bucket{le=\"0.5\"} 3\n"
                                            "millrace_loop_turn_seconds_bucket{le=\"1\"} 3\n"
                                            "millrace_loop_turn_seconds_bucket{le=\"2.5\"} 3\n"
                                            "millrace_loop_turn_seconds_bucket{le=\"5\"} 3\n"
                                            "millrace_loop_turn_seconds_bucket{le=\"10\"} 4\n"
                                            "millrace_loop_turn_seconds_bucket{le=\"+Inf\"} 5\n"
                                            "millrace_loop_turn_seconds_sum 20.5101\n"
                                            "millrace_loop_turn_seconds_count 5\n");
}

static void round_trips_to_redis_are_told_apart_below_5_ms(void **state)
{
    struct buffer out = { 0 };
    struct series *redis = metric(*state, METRIC_REDIS_DURATION);
    metric_observe(redis, .0002);
    metric_observe(redis, .0007);
    metrics_write(*state, &out);
    buffer_char(&out, 0);
    assert_non_null(strstr(out.data, "millrace_redis_command_duration_seconds_bucket{le=\"0.00025\"} 1\n"));
    assert_non_null(strstr(out.data, "millrace_redis_command_duration_seconds_bucket{le=\"0.001\"} 2\n"));
    buffer_free(&out);
}

static void the_labels_of_a_histogram_come_before_its_bounds(void **state)
{
    metric_observe(metric(*state, METRIC_PRODUCE_DURATION, "jobs", "jobs_topic"), .3);
    assert_exposes(*state, "millrace_produce_duration_seconds_bucket{stream=\"jobs\",topic=\"jobs_topic\",le=\"0.5\"} 1");
    assert_exposes(*state, "millrace_produce_duration_seconds_sum{stream=\"jobs\",topic=\"jobs_topic\"} 0.3");
}

static void label_values_are_escaped(void **state)
{
    metric_add(metric(*state, METRIC_RATE_LIMITED, "say \"hi\"\\\nbye"), 1);
    metric_add(metric(*state, METRIC_RATE_LIMITED, "caf\xC3\xA9 \xFF"), 1);
    assert_exposes(*state, "millrace_rate_limited_total{stream=\"say \\\"hi\\\"\\\\\\nbye\"} 1");
    assert_exposes(*state, "millrace_rate_limited_total{stream=\"caf\xC3\xA9 \xEF\xBF\xBD\"} 1");
}

static void numbers_read_back_as_they_were(void **state)
{
    static const struct {
        double value;
        const char *text;
    } rows[] = {
        { 0, "0" },
        { -3, "-3" },
        { 0.1, "0.1" },
        { 1e-7, "1e-07" },
        { 123456789012345, "123456789012345" },
        { 1.8446744073709552e19, "1.84467440737096e+19" },
        { 0.1 + 0.2, "0.30000000000000004" },
    };
    struct series *gauge = metric(*state, METRIC_SLOTS);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        metric_set(gauge, rows[i].value);
        const char *text = strrchr(exposition(*state), ' ') + 1;
        assert_true(strtod(text, NULL) == rows[i].value);
        if (i != 5) /* any spelling will do for what is beyond 15 digits */
            assert_memory_equal(text, rows[i].text, strlen(rows[i].text));
    }
}

static void not_a_number_and_the_infinite_are_spelled_as_prometheus_wants(void **state)
{
    struct series *gauge = metric(*state, METRIC_SLOTS);
    metric_set(gauge, strtod("nan", NULL));
    assert_exposes(*state, "millrace_pool_slots NaN");
    metric_set(gauge, strtod("inf", NULL));
    assert_exposes(*state, "millrace_pool_slots +Inf");
    metric_set(gauge, strtod("-inf", NULL));
    assert_exposes(*state, "millrace_pool_slots -Inf");
}

static size_t count_lines(const char *text, const char *start)
{
    size_t count = 0;
    for (const char *at = strstr(text, start); at != NULL; at = strstr(at + 1, start))
        count++;
    return count;
}

static void beyond_a_thousand_series_the_rest_is_other(void **state)
{
    char name[16];
    for (int i = 0; i < METRICS_SERIES_MAX + 500; i++) {
        snprintf(name, sizeof(name), "stream-%d", i);
        metric_add(metric(*state, METRIC_WORKED, name, "done"), 1);
    }
    assert_exposes(*state, "millrace_worked_total{outcome=\"done\",stream=\"stream-999\"} 1");
    assert_exposes(*state, "millrace_worked_total{outcome=\"other\",stream=\"other\"} 500");
    assert_int_equal(count_lines(exposition(*state), "\nmillrace_worked_total{"), METRICS_SERIES_MAX + 1);
}

static void what_is_known_before_the_thousandth_stays_itself(void **state)
{
    char name[16];
    struct series *first = metric(*state, METRIC_RATE_LIMITED, "first");
    for (int i = 0; i < METRICS_SERIES_MAX; i++) {
        snprintf(name, sizeof(name), "stream-%d", i);
        metric(*state, METRIC_RATE_LIMITED, name);
    }
    assert_ptr_equal(metric(*state, METRIC_RATE_LIMITED, "first"), first);
}

static void a_long_label_value_is_cut(void **state)
{
    char name[1000];
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    struct series *series = metric(*state, METRIC_RATE_LIMITED, name);
    assert_ptr_equal(metric(*state, METRIC_RATE_LIMITED, name), series);
    assert_int_equal(count_lines(exposition(*state), "x"), METRICS_VALUE_MAX);
}

static void set_slots(void *arg)
{
    metric_add(arg, 1);
}

static void what_is_collected_is_asked_for_each_time(void **state)
{
    struct series *slots = metric(*state, METRIC_SLOTS);
    metrics_on_collect(*state, set_slots, slots);
    assert_exposes(*state, "millrace_pool_slots 1");
    assert_exposes(*state, "millrace_pool_slots 2");
}

static double value_of(const char *text, const char *name)
{
    char start[64];
    snprintf(start, sizeof(start), "\n%s ", name);
    const char *at = strstr(text, start);
    assert_non_null(at);
    return strtod(at + strlen(start), NULL);
}

static void the_process_reports_itself_as_client_libraries_do(void **state)
{
    metrics_add_process(*state);
    const char *text = exposition(*state);
    assert_true(value_of(text, "process_cpu_seconds_total") >= 0);
    assert_true(value_of(text, "process_resident_memory_bytes") > 100000);
    assert_true(value_of(text, "process_virtual_memory_bytes") > value_of(text, "process_resident_memory_bytes"));
    assert_true(value_of(text, "process_virtual_memory_max_bytes") > 0);
    assert_true(value_of(text, "process_open_fds") >= 3);
    assert_true(value_of(text, "process_max_fds") >= value_of(text, "process_open_fds"));
    assert_true(value_of(text, "process_threads") == 1);
}

static void the_open_descriptors_are_counted(void **state)
{
    metrics_add_process(*state);
    double before = value_of(exposition(*state), "process_open_fds");
    FILE *files[5];
    for (int i = 0; i < 5; i++)
        files[i] = tmpfile();
    double after = value_of(exposition(*state), "process_open_fds");
    for (int i = 0; i < 5; i++)
        fclose(files[i]);
    assert_true(after - before == 5);
}

static void the_process_started_a_moment_ago(void **state)
{
    metrics_add_process(*state);
    double start = value_of(exposition(*state), "process_start_time_seconds");
    double now = (double)time(NULL);
    assert_true(start > now - 600 && start < now + 2);
    assert_true(value_of(exposition(*state), "process_start_time_seconds") == start);
}

static void the_document_names_every_metric(void **state)
{
    static const char *const names[] = {
#define METRIC(id, type, ...) FIRST(__VA_ARGS__, )
#define FIRST(name, ...)      name,
#include "base/metrics_list.h"
#undef METRIC
    };
    struct buffer out = { 0 };
    metrics_document(&out);
    buffer_char(&out, '\0');
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char row[128];
        snprintf(row, sizeof(row), "\n| `%s` | ", names[i]);
        assert_int_equal(count_lines(out.data, row), 1);
    }
    assert_non_null(strstr(out.data, "| `millrace_worked_total` | counter | `stream`, `outcome` | Records worked for good"));
    assert_non_null(strstr(out.data, "| `millrace_pool_slots` | gauge | | Slots of the pool. |"));
    buffer_free(&out);
}

#define metrics_test(name) cmocka_unit_test_setup_teardown(name, given_a_registry, free_registry)

int main(void)
{
    const struct CMUnitTest tests[] = {
        metrics_test(a_registry_without_series_exposes_nothing),
        metrics_test(a_counter_counts),
        metrics_test(a_gauge_without_labels_goes_up_and_down),
        metrics_test(the_same_labels_are_the_same_series),
        metrics_test(label_values_are_copied),
        metrics_test(a_histogram_counts_in_the_default_buckets),
        metrics_test(round_trips_to_redis_are_told_apart_below_5_ms),
        metrics_test(the_labels_of_a_histogram_come_before_its_bounds),
        metrics_test(label_values_are_escaped),
        metrics_test(numbers_read_back_as_they_were),
        metrics_test(not_a_number_and_the_infinite_are_spelled_as_prometheus_wants),
        metrics_test(beyond_a_thousand_series_the_rest_is_other),
        metrics_test(what_is_known_before_the_thousandth_stays_itself),
        metrics_test(a_long_label_value_is_cut),
        metrics_test(what_is_collected_is_asked_for_each_time),
        metrics_test(the_process_reports_itself_as_client_libraries_do),
        metrics_test(the_open_descriptors_are_counted),
        metrics_test(the_process_started_a_moment_ago),
        metrics_test(the_document_names_every_metric),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
