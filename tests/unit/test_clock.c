#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>

static void the_loop_clock_never_steps_back(void **state)
{
    uint64_t last = clock_us();
    for (int i = 0; i < 100000; i++) {
        uint64_t now = clock_us();
        assert_true(now >= last);
        last = now;
    }
}

static void both_clocks_count_microseconds(void **state)
{
    uint64_t start = clock_us();
    int64_t wall_start = clock_wall_us();
    nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
    assert_in_range(clock_us() - start, 20000, 5000000);
    assert_in_range(clock_wall_us() - wall_start, 19000, 5000000);
    assert_in_range(wall_start / 1000000 - time(NULL) + 2, 0, 4);
}

static void a_moment_is_written_as_rfc_3339(void **state)
{
    static const struct {
        int64_t wall_us;
        const char *text;
    } rows[] = {
        { 0, "1970-01-01T00:00:00.000000Z" },
        { 1, "1970-01-01T00:00:00.000001Z" },
        { INT64_C(951782399999999), "2000-02-28T23:59:59.999999Z" },
        { INT64_C(951782400000000), "2000-02-29T00:00:00.000000Z" },
        { INT64_C(1769903999123456), "2026-01-31T23:59:59.123456Z" },
        { INT64_C(253402300799000000), "9999-12-31T23:59:59.000000Z" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[CLOCK_RFC3339_SIZE];
        clock_rfc3339(rows[i].wall_us, text);
        assert_string_equal(text, rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_loop_clock_never_steps_back),
        cmocka_unit_test(both_clocks_count_microseconds),
        cmocka_unit_test(a_moment_is_written_as_rfc_3339),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
