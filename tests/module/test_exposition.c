#include "base/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* What promtool says about a page, in `said`; returns its exit code. */
static int ask_promtool(const struct buffer *page, char *said, size_t size)
{
    char path[] = "/tmp/millrace-exposition-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, page->data, page->size), page->size);
    close(fd);

    char command[128];
    snprintf(command, sizeof(command), "promtool check metrics <%s 2>&1", path);
    FILE *promtool = popen(command, "r");
    assert_non_null(promtool);
    said[fread(said, 1, size - 1, promtool)] = '\0';
    int status = pclose(promtool);
    unlink(path);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void fill_every_family(struct metrics *metrics)
{
    static const char *const plain[METRICS_LABELS_MAX] = { "a", "b", "c", "d" };
    static const char *const nasty[METRICS_LABELS_MAX] = { "say \"hi\"", "line\nfeed", "back\\slash", "no \xFF utf-8 \x01" };
    static const enum metric_type types[] = {
#define METRIC(id, type, ...) type,
#include "base/metrics_list.h"
#undef METRIC
    };
    for (int id = 0; id < METRIC_COUNT; id++) {
        struct series *series[] = { metric_series(metrics, (enum metric_id)id, plain), metric_series(metrics, (enum metric_id)id, nasty) };
        for (int i = 0; i < 2; i++) {
            if (types[id] == METRIC_HISTOGRAM)
                metric_observe(series[i], 0.3);
            else
                metric_add(series[i], 0.1);
        }
    }
}

static void given_views(struct metrics *metrics)
{
    static const double buckets[] = { .001, .005, .01, .025, .05, .1, .25, .5, 1 };
    static const struct metric_label service[] = { { "service", "app \"service\"" } };
    static const struct metric_view views[] = {
        { .name = "my_system_worker_pool_producer_sent_total", .of = "produced", .constants = service, .constant_count = 1 },
        { .name = "kafka_production_latency_seconds", .of = "produce_duration_seconds", .buckets = buckets, .bucket_count = 9 },
        { .name = "my_system_worker_pool_consumer_inflight", .of = "work_running_records", .help = "Records\nat \\ work." },
    };
    for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++)
        assert_int_equal(metrics_add_view(metrics, &views[i], NULL), 0);
}

static void promtool_has_no_remark_on_the_whole_exposition(void **state)
{
    struct metrics *metrics = metrics_new();
    given_views(metrics);
    metrics_add_process(metrics);
    fill_every_family(metrics);
    struct buffer page = { 0 };
    metrics_write(metrics, &page);

    char said[4096];
    int code = ask_promtool(&page, said, sizeof(said));
    assert_string_equal(said, "");
    assert_int_equal(code, 0);
    buffer_free(&page);
    metrics_free(metrics);
}

/* Or the test above would pass with a promtool that does not look. */
static void promtool_remarks_on_a_bad_page(void **state)
{
    struct buffer page = { 0 };
    buffer_string(&page, "# TYPE millrace_sent counter\nmillrace_sent 1\n");
    char said[4096];
    assert_int_not_equal(ask_promtool(&page, said, sizeof(said)), 0);
    assert_non_null(strstr(said, "millrace_sent"));
    buffer_free(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(promtool_has_no_remark_on_the_whole_exposition),
        cmocka_unit_test(promtool_remarks_on_a_bad_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
