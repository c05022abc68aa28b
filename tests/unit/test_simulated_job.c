#include "work/simulated_job.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* As in the worker pool: 100..200 ms, one in ten fails. */
static const struct simulate_config config = { .min_us = 100000, .range_us = 100000, .fail = 0.1 };

static int read_job(struct simulated_job *job, const char *record, unsigned attempt, struct error *err)
{
    static struct random random;
    random_init_seed(&random, 11 + attempt);
    return simulated_job_read(job, &config, text_of(record), attempt, &random, err);
}

static void the_first_attempt_takes_the_time_of_the_record(void **state)
{
    struct simulated_job job;
    assert_int_equal(read_job(&job, "{\"id\":\"1\",\"processing_time\":150}", 1, NULL), 0);
    assert_int_equal(job.time_us, 150000);
    assert_false(job.fails);
}

static void a_job_over_the_limit_runs_up_to_it_and_fails(void **state)
{
    struct simulated_job job;
    struct error err = { 0 };
    assert_int_equal(read_job(&job, "{\"processing_time\":191}", 1, &err), 0);
    assert_int_equal(job.time_us, 190000);
    assert_true(job.fails);
    assert_string_equal(err.message, "the simulated job would take 191.000 ms, over its limit of 190.000 ms");
}

static void a_job_at_the_limit_does_not_fail(void **state)
{
    struct simulated_job job;
    assert_int_equal(read_job(&job, "{\"processing_time\":190}", 1, NULL), 0);
    assert_false(job.fails);
}

static void each_retry_draws_anew_so_that_one_in_ten_fails(void **state)
{
    struct random random;
    random_init_seed(&random, 5);
    struct text record = TEXT("{\"processing_time\":200}");
    int failed = 0;
    for (int i = 0; i < 10000; i++) {
        struct simulated_job job;
        assert_int_equal(simulated_job_read(&job, &config, record, 2, &random, NULL), 0);
        assert_in_range(job.time_us, 100000, 190000);
        failed += job.fails;
    }
    assert_in_range(failed, 900, 1100);
}

static void a_record_that_names_no_time_draws_one(void **state)
{
    struct simulated_job job;
    assert_int_equal(read_job(&job, "{\"id\":\"1\"}", 1, NULL), 0);
    assert_in_range(job.time_us, 100000, 190000);
}

static void one_that_always_fails_does_so_at_every_attempt(void **state)
{
    for (unsigned attempt = 1; attempt <= 20; attempt++) {
        struct simulated_job job;
        assert_int_equal(read_job(&job, "{\"processing_time\":120,\"always_fail\":true}", attempt, NULL), 0);
        assert_true(job.fails);
        assert_true(job.time_us <= 190000);
    }
}

static void what_is_no_job_is_refused_with_a_sentence(void **state)
{
    static const struct {
        const char *record;
        const char *sentence;
    } cases[] = {
        { "", "the record has no value; allowed: a JSON object" },
        { NULL, "the record has no value; allowed: a JSON object" },
        { "[]", "the record is JSON array; allowed: an object" },
        { "\"text\"", "the record is JSON string; allowed: an object" },
        { "{\"processing_time\":\"10\"}", "processing_time is string; allowed: milliseconds, 0 or more" },
        { "{\"processing_time\":-1}", "processing_time is negative; allowed: milliseconds, 0 or more" },
        { "{\"processing_time\":null}", "processing_time is null; allowed: milliseconds, 0 or more" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct simulated_job job;
        struct error err = { 0 };
        assert_int_equal(read_job(&job, cases[i].record, 1, &err), E_INVALID);
        assert_string_equal(err.message, cases[i].sentence);
    }
    struct simulated_job job;
    struct error err = { 0 };
    assert_int_equal(read_job(&job, "{\"id\":", 1, &err), E_INVALID);
    assert_non_null(strstr(err.message, "the record is not JSON"));
}

static void a_time_without_measure_is_cut_by_the_limit(void **state)
{
    struct simulated_job job;
    assert_int_equal(read_job(&job, "{\"processing_time\":1e300}", 1, NULL), 0);
    assert_int_equal(job.time_us, 190000);
    assert_true(job.fails);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_attempt_takes_the_time_of_the_record),
        cmocka_unit_test(a_job_over_the_limit_runs_up_to_it_and_fails),
        cmocka_unit_test(a_job_at_the_limit_does_not_fail),
        cmocka_unit_test(each_retry_draws_anew_so_that_one_in_ten_fails),
        cmocka_unit_test(a_record_that_names_no_time_draws_one),
        cmocka_unit_test(one_that_always_fails_does_so_at_every_attempt),
        cmocka_unit_test(what_is_no_job_is_refused_with_a_sentence),
        cmocka_unit_test(a_time_without_measure_is_cut_by_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
