#include "base/random.h"
#include "core/lease.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define SECOND    UINT64_C(1000000)
#define MILLIONTH UINT64_C(1000000)

static void a_lease_is_20_ms_of_rate_within_one_token_and_an_eighth_of_the_burst(void **state)
{
    assert_int_equal(lease_size(50, 120), 1);
    assert_int_equal(lease_size(1, 1), 1);
    assert_int_equal(lease_size(1000, 1000), 20);
    assert_int_equal(lease_size(100000, 100000), 2000);
    assert_int_equal(lease_size(100000, 800), 100);
}

static struct lease given_a_lease_of(uint64_t tokens, double rate, uint64_t burst)
{
    struct lease lease;
    lease_init(&lease, rate, burst, 0);
    lease_ask(&lease, 0, 0);
    lease_granted(&lease, tokens, burst * MILLIONTH, 0);
    return lease;
}

static void tokens_here_are_spent_without_a_call(void **state)
{
    struct lease lease = given_a_lease_of(2, 1000, 1000);
    assert_int_equal(lease_take(&lease, 2, 0).verdict, LEASE_ADMITTED);
    assert_int_equal(lease_take(&lease, 1, 0).verdict, LEASE_ASK);
}

static void a_request_without_tokens_waits_for_the_ask_under_way(void **state)
{
    struct lease lease = given_a_lease_of(5, 1000, 1000);
    lease_ask(&lease, 0, 0);
    assert_int_equal(lease_take(&lease, 5, 0).verdict, LEASE_ADMITTED);
    assert_int_equal(lease_take(&lease, 1, 0).verdict, LEASE_WAIT);
}

static void while_the_shared_bucket_must_be_empty_nobody_asks(void **state)
{
    struct lease lease;
    lease_init(&lease, 50, 120, 0);
    lease_ask(&lease, 1, 1);
    lease_granted(&lease, 0, MILLIONTH / 2, 0);

    struct lease_answer answer = lease_take(&lease, 1, 0);
    assert_int_equal(answer.verdict, LEASE_LIMITED);
    assert_int_equal(answer.wait_us, 10000);
    assert_int_equal(lease_take(&lease, 1, 10000).verdict, LEASE_ASK);
}

static void at_low_rates_an_ask_takes_what_waits_and_nothing_ahead(void **state)
{
    struct lease lease;
    lease_init(&lease, 50, 120, 0);
    struct lease_ask ask = lease_ask(&lease, 2, 7);
    assert_int_equal(ask.need, 2);
    assert_int_equal(ask.want, 7);
}

static void at_high_rates_an_ask_takes_a_lease_on_top(void **state)
{
    struct lease lease = given_a_lease_of(3, 1000, 1000);
    struct lease_ask ask = lease_ask(&lease, 5, 30);
    assert_int_equal(ask.need, 2);
    assert_int_equal(ask.want, 30 + 20 - 1 - 3);
}

static void below_half_a_lease_the_next_is_fetched_ahead_once(void **state)
{
    struct lease lease = given_a_lease_of(20, 1000, 1000);
    assert_false(lease_is_low(&lease, 0));
    lease_take(&lease, 11, 0);
    assert_true(lease_is_low(&lease, 0));
    struct lease_ask ask = lease_ask(&lease, 0, 0);
    assert_int_equal(ask.need, 1);
    assert_int_equal(ask.want, 11);
    assert_false(lease_is_low(&lease, 0));
}

static void a_lease_in_use_is_fetched_anew_when_half_of_its_life_is_over(void **state)
{
    struct lease lease = given_a_lease_of(20, 1000, 1000);
    assert_false(lease_is_low(&lease, LEASE_LIFE_US / 2)); /* whole: nothing to fetch */
    lease_take(&lease, 1, 0);
    assert_false(lease_is_low(&lease, LEASE_LIFE_US / 2 - 1));
    assert_true(lease_is_low(&lease, LEASE_LIFE_US / 2));
    assert_int_equal(lease_ask(&lease, 0, 0).want, 1);
    lease_granted(&lease, 1, 500 * 1000000, LEASE_LIFE_US / 2);
    assert_false(lease_expired(&lease, LEASE_LIFE_US));
}

static void a_rest_goes_back_after_100_ms(void **state)
{
    struct lease lease = given_a_lease_of(20, 1000, 1000);
    lease_take(&lease, 5, 0);
    assert_false(lease_expired(&lease, LEASE_LIFE_US - 1));
    assert_true(lease_expired(&lease, LEASE_LIFE_US));
    assert_int_equal(lease_rest(&lease), 15);
    assert_false(lease_expired(&lease, LEASE_LIFE_US));
}

static void after_a_failed_ask_one_may_ask_again(void **state)
{
    struct lease lease;
    lease_init(&lease, 50, 120, 0);
    lease_ask(&lease, 1, 1);
    lease_failed(&lease);
    assert_int_equal(lease_take(&lease, 1, 0).verdict, LEASE_ASK);
}

static void alone_it_gives_what_a_bucket_would(void **state)
{
    struct lease lease;
    struct bucket bucket;
    struct random random;
    random_init_seed(&random, 3);
    lease_init(&lease, 50, 120, 0);
    bucket_init(&bucket, 50, 120, 0);
    for (uint64_t now = 0; now < 20 * SECOND; now += (uint64_t)random_between(&random, 0, 30000)) {
        uint64_t n = (uint64_t)random_between(&random, 1, 5);
        uint64_t wait_us = bucket_take(&bucket, n, now);
        struct lease_answer answer = lease_take_local(&lease, n, now);
        assert_int_equal(answer.verdict, wait_us == 0 ? LEASE_ADMITTED : LEASE_LIMITED);
        assert_int_equal(answer.wait_us, wait_us);
    }
}

/* A model of several processes on one shared bucket: calls and answers take their time, some answers are lost, and each
 * process gives its rest back. It plays what ingest/limiter does, on a clock of its own. */

#define PROCESSES 3

struct process {
    struct lease lease;
    uint64_t arrives_us; /* of the call; 0: none under way */
    bool lost;
    struct lease_ask ask;
    uint64_t waiting[64]; /* tokens that each waiting request wants, oldest first */
    size_t waiting_count;
};

struct world {
    struct random random;
    struct bucket shared;
    struct process processes[PROCESSES];
    uint64_t now, admitted, calls;
    int64_t slowest_us; /* the longest round trip */
    int64_t most;       /* tokens of one request, at most */
    bool loses;
};

static void call(struct world *world, struct process *process)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < process->waiting_count; i++)
        sum += process->waiting[i];
    process->ask = lease_ask(&process->lease, sum == 0 ? 0 : process->waiting[0], sum);
    process->arrives_us = world->now + (uint64_t)random_between(&world->random, 50, world->slowest_us);
    process->lost = world->loses && random_between(&world->random, 0, 20) == 0;
    world->calls++;
}

static void decide_waiting(struct world *world, struct process *process)
{
    size_t decided = 0;
    for (; decided < process->waiting_count; decided++) {
        uint64_t n = process->waiting[decided];
        enum lease_verdict verdict = lease_take(&process->lease, n, world->now).verdict;
        if (verdict == LEASE_ASK)
            break;
        world->admitted += verdict == LEASE_ADMITTED ? n : 0;
    }
    process->waiting_count -= decided;
    memmove(process->waiting, process->waiting + decided, process->waiting_count * sizeof(process->waiting[0]));
    if (process->waiting_count > 0)
        call(world, process);
}

static void answer(struct world *world, struct process *process)
{
    uint64_t has = (uint64_t)bucket_tokens(&world->shared, world->now);
    uint64_t granted = has < process->ask.need ? 0 : has < process->ask.want ? has : process->ask.want;
    assert_int_equal(bucket_take(&world->shared, granted, world->now), 0);
    process->arrives_us = 0;
    if (process->lost) {
        lease_failed(&process->lease);
        process->waiting_count = 0;
        return;
    }
    uint64_t left = (uint64_t)(bucket_tokens(&world->shared, world->now) * 1e6);
    lease_granted(&process->lease, granted, left, world->now);
    decide_waiting(world, process);
}

static void request(struct world *world, struct process *process, uint64_t n)
{
    bool behind = process->waiting_count > 0;
    enum lease_verdict verdict = behind ? LEASE_WAIT : lease_take(&process->lease, n, world->now).verdict;
    if (verdict == LEASE_ADMITTED) {
        world->admitted += n;
        if (lease_is_low(&process->lease, world->now))
            call(world, process);
        return;
    }
    if (verdict == LEASE_LIMITED || process->waiting_count == 64)
        return;
    process->waiting[process->waiting_count++] = n;
    if (verdict == LEASE_ASK)
        call(world, process);
}

static void pass(struct world *world, struct process *process)
{
    if (process->arrives_us != 0 && process->arrives_us <= world->now)
        answer(world, process);
    if (lease_expired(&process->lease, world->now)) {
        bucket_give(&world->shared, lease_rest(&process->lease), world->now);
        lease_returned(&process->lease, (uint64_t)(bucket_tokens(&world->shared, world->now) * 1e6), world->now);
    }
}

static void live(struct world *world, double rate, uint64_t burst, uint64_t until_us, int64_t pause_us)
{
    bucket_init(&world->shared, rate, burst, 0);
    for (size_t i = 0; i < PROCESSES; i++)
        lease_init(&world->processes[i].lease, rate, burst, 0);
    while (world->now < until_us) {
        struct process *process = &world->processes[random_between(&world->random, 0, PROCESSES - 1)];
        world->now += (uint64_t)random_between(&world->random, 0, pause_us);
        for (size_t i = 0; i < PROCESSES; i++)
            pass(world, &world->processes[i]);
        request(world, process, (uint64_t)random_between(&world->random, 1, world->most));
    }
}

struct load {
    double rate;
    uint64_t burst;
    int64_t pause_us; /* between two requests, at most: twice the mean */
};

static const struct load loads[] = {
    { 50, 120, 2000 },    /* asked for 1,000/s */
    { 1000, 300, 300 },   /* 6,700/s */
    { 100000, 20000, 4 }, /* 500,000/s */
    { 100000, 1000, 4 },
};

static void together_they_never_pass_burst_and_rate_by_time(void **state)
{
    uint64_t seed = (uint64_t)time(NULL);
    print_message("seed %llu\n", (unsigned long long)seed);
    for (size_t i = 0; i < 4; i++) {
        struct world world = { .slowest_us = 20000, .most = 7, .loses = true };
        random_init_seed(&world.random, seed + i);
        live(&world, loads[i].rate, loads[i].burst, 3 * SECOND, loads[i].pause_us);
        double most = (double)loads[i].burst + loads[i].rate * (double)world.now / (double)SECOND;
        assert_true((double)world.admitted <= most);
    }
}

static void asked_for_more_they_use_at_least_98_percent_with_few_calls(void **state)
{
    for (size_t i = 0; i < 4; i++) {
        struct world world = { .slowest_us = 1000, .most = 1 };
        random_init_seed(&world.random, i);
        live(&world, loads[i].rate, loads[i].burst, 10 * SECOND, loads[i].pause_us);
        double whole = (double)loads[i].burst + loads[i].rate * 10;
        print_message("%.0f/s, burst %llu: %.4f of it, %llu calls\n", loads[i].rate, (unsigned long long)loads[i].burst,
                      (double)world.admitted / whole, (unsigned long long)world.calls);
        assert_true((double)world.admitted >= 0.98 * whole);
        assert_true((double)world.calls <= 10 * PROCESSES * (2.5 * loads[i].rate / (double)lease_size(loads[i].rate, loads[i].burst)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lease_is_20_ms_of_rate_within_one_token_and_an_eighth_of_the_burst),
        cmocka_unit_test(tokens_here_are_spent_without_a_call),
        cmocka_unit_test(a_request_without_tokens_waits_for_the_ask_under_way),
        cmocka_unit_test(while_the_shared_bucket_must_be_empty_nobody_asks),
        cmocka_unit_test(at_low_rates_an_ask_takes_what_waits_and_nothing_ahead),
        cmocka_unit_test(at_high_rates_an_ask_takes_a_lease_on_top),
        cmocka_unit_test(below_half_a_lease_the_next_is_fetched_ahead_once),
        cmocka_unit_test(a_lease_in_use_is_fetched_anew_when_half_of_its_life_is_over),
        cmocka_unit_test(a_rest_goes_back_after_100_ms),
        cmocka_unit_test(after_a_failed_ask_one_may_ask_again),
        cmocka_unit_test(alone_it_gives_what_a_bucket_would),
        cmocka_unit_test(together_they_never_pass_burst_and_rate_by_time),
        cmocka_unit_test(asked_for_more_they_use_at_least_98_percent_with_few_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
