/* Redis away, slow, restarted, flushed: what each on_error says, and how soon it is over. */
#include "limiter_fixture.h"

static const struct limiter_config deny = { .rate = 50, .burst = 120, .on_error = LIMITER_DENY };
static const struct limiter_config allow = { .rate = 50, .burst = 120, .on_error = LIMITER_ALLOW };
static const struct limiter_config local = { .rate = 50, .burst = 120, .on_error = LIMITER_LOCAL };

static void given_redis_down(struct limiter_fixture *l, struct limiter_config config)
{
    given_limiter_without_redis(l, free_port(), config);
}

static void with_deny_nothing_passes_and_it_is_said_when_to_come_back(void **state)
{
    struct limiter_fixture l;
    given_redis_down(&l, deny);
    struct limiter_decision decision = decision_for(&l, NULL, 1);
    assert_int_equal(decision.outcome, LIMITER_UNAVAILABLE);
    assert_int_equal(decision.wait_us, 1000000);
    assert_true(decisions(&l, "refused") == 1);
    close_limiter(&l);
}

static void with_allow_all_passes_and_is_counted_as_assumed(void **state)
{
    struct limiter_fixture l;
    given_redis_down(&l, allow);
    for (int i = 0; i < 500; i++)
        assert_int_equal(decision_for(&l, NULL, 1).outcome, LIMITER_ADMITTED);
    assert_true(decisions(&l, "assumed") == 500);
    assert_true(decisions(&l, "admitted") == 0);
    assert_int_equal(decision_for(&l, NULL, 121).outcome, LIMITER_TOO_LARGE);
    close_limiter(&l);
}

static void with_local_the_burst_and_the_rate_pass(void **state)
{
    struct limiter_fixture l;
    given_redis_down(&l, local);
    uint64_t now_us = clock_us();
    for (int i = 0; i < 120; i++)
        assert_int_equal(limiter_take(l.limiter, TEXT_NONE, 1, now_us, &some_cause, on_told, NULL).outcome, LIMITER_ADMITTED);
    assert_int_equal(limiter_take(l.limiter, TEXT_NONE, 1, now_us, &some_cause, on_told, NULL).outcome, LIMITER_LIMITED);
    assert_int_equal(limiter_take(l.limiter, TEXT_NONE, 1, now_us + 20000, &some_cause, on_told, NULL).outcome, LIMITER_ADMITTED);
    assert_true(decisions(&l, "assumed") == 121);
    close_limiter(&l);
}

/* Asks each few milliseconds until Redis decides again, and says how long that took after `back_us`. */
static uint64_t errors_last_us(struct limiter_fixture *l, uint64_t back_us)
{
    while (clock_us() < back_us + 3000000) {
        struct limiter_decision decision = decision_for(l, NULL, 1);
        if (decision.outcome == LIMITER_ADMITTED || decision.outcome == LIMITER_LIMITED)
            break;
        run_for(&l->f.loop, 5);
    }
    return clock_us() - back_us;
}

static void ask_for(struct limiter_fixture *l, unsigned ms, unsigned outcomes[LIMITER_PENDING])
{
    uint64_t end_us = clock_us() + ms * 1000;
    while (clock_us() < end_us) {
        outcomes[decision_for(l, NULL, 1).outcome]++;
        run_for(&l->f.loop, 5);
    }
}

static void after_a_restart_it_decides_again_within_a_second(void **state)
{
    struct redis_server *server = *state;
    static const unsigned outages_ms[] = { 100, 900, 2500 };
    struct limiter_fixture l;
    given_limiter(&l, server, deny);
    for (size_t i = 0; i < 3; i++) {
        unsigned outcomes[LIMITER_PENDING] = { 0 };
        assert_int_equal(decision_for(&l, NULL, 1).outcome, LIMITER_ADMITTED);
        server_kill(server);
        ask_for(&l, outages_ms[i], outcomes);
        assert_true(outcomes[LIMITER_UNAVAILABLE] > 0);
        assert_int_equal(outcomes[LIMITER_ADMITTED], 0);
        server_run(server);
        assert_true(errors_last_us(&l, clock_us()) < 1000000);
    }
    close_limiter(&l);
}

static void while_redis_answers_slowly_no_request_waits_longer_than_the_timeout(void **state)
{
    struct redis_server *server = *state;
    struct limiter_fixture l;
    given_limiter(&l, server, deny);
    assert_int_equal(decision_for(&l, NULL, 1).outcome, LIMITER_ADMITTED);
    run_for(&l.f.loop, 50);
    server_freeze(server);

    struct told told[20] = { 0 };
    uint64_t asked_us[20], told_us[20] = { 0 };
    for (int i = 0; i < 20; i++) {
        asked_us[i] = clock_us();
        struct limiter_decision decision = limiter_take(l.limiter, TEXT_NONE, 1, clock_us(), &some_cause, on_told, &told[i]);
        if (decision.outcome != LIMITER_PENDING)
            told[i].calls = 1, told_us[i] = clock_us();
        for (uint64_t end_us = clock_us() + 20000; clock_us() < end_us; uv_run(&l.f.loop, UV_RUN_ONCE))
            for (int j = 0; j <= i; j++)
                told_us[j] = told[j].calls > 0 && told_us[j] == 0 ? clock_us() : told_us[j];
    }
    assert_true(run_until(&l.f.loop, 1000, told[19].calls > 0));
    for (int i = 0; i < 20; i++) {
        assert_int_equal(told[i].calls, 1);
        if (told_us[i] != 0)
            assert_true(told_us[i] - asked_us[i] < 320000);
    }
    close_limiter(&l);
}

static void after_a_freeze_it_decides_again_within_a_second(void **state)
{
    struct redis_server *server = *state;
    static const unsigned outages_ms[] = { 300, 800, 2600 };
    struct limiter_fixture l;
    given_limiter(&l, server, deny);
    for (size_t i = 0; i < 3; i++) {
        unsigned outcomes[LIMITER_PENDING] = { 0 };
        server_freeze(server);
        ask_for(&l, outages_ms[i], outcomes);
        assert_true(outcomes[LIMITER_UNAVAILABLE] > 0);
        server_thaw(server);
        assert_true(errors_last_us(&l, clock_us()) < 1000000);
    }
    close_limiter(&l);
}

static void with_allow_a_frozen_redis_lets_all_pass(void **state)
{
    struct redis_server *server = *state;
    struct limiter_fixture l;
    unsigned outcomes[LIMITER_PENDING] = { 0 };
    given_limiter(&l, server, allow);
    assert_int_equal(decision_for(&l, NULL, 120).outcome, LIMITER_ADMITTED);
    server_freeze(server);
    ask_for(&l, 2000, outcomes);
    assert_int_equal(outcomes[LIMITER_UNAVAILABLE], 0);
    assert_true(outcomes[LIMITER_ADMITTED] > 100);
    assert_true(decisions(&l, "assumed") > 100);
    close_limiter(&l);
}

static void with_local_a_frozen_redis_is_replaced_by_the_bucket_here(void **state)
{
    struct redis_server *server = *state;
    struct limiter_fixture l;
    unsigned outcomes[LIMITER_PENDING] = { 0 };
    given_limiter(&l, server, local);
    assert_int_equal(decision_for(&l, NULL, 120).outcome, LIMITER_ADMITTED);
    server_freeze(server);
    ask_for(&l, 2000, outcomes);
    assert_int_equal(outcomes[LIMITER_UNAVAILABLE], 0);
    assert_in_range(outcomes[LIMITER_ADMITTED], 75, 105); /* 2 s at 50/s, and the bucket was empty */
    close_limiter(&l);
}

static void flushed_scripts_are_no_fault(void **state)
{
    struct redis_server *server = *state;
    struct limiter_fixture l;
    given_limiter(&l, server, deny);
    for (int i = 0; i < 20; i++) {
        server_say(server, "SCRIPT FLUSH");
        assert_int_equal(decision_for(&l, NULL, 1).outcome, LIMITER_ADMITTED);
    }
    assert_true(decisions(&l, "refused") == 0);
    close_limiter(&l);
}

static void a_key_of_another_type_is_a_fault_as_if_redis_were_away(void **state)
{
    struct redis_server *server = *state;
    struct limiter_fixture l;
    server_say(server, "SET millrace:limit:jobs spoiled");
    given_limiter(&l, server, deny);
    assert_int_equal(decision_for(&l, NULL, 1).outcome, LIMITER_UNAVAILABLE);
    server_say(server, "DEL millrace:limit:jobs");
    assert_int_equal(decision_for(&l, NULL, 1).outcome, LIMITER_ADMITTED);
    close_limiter(&l);
}

/* More requests than may wait, and Redis silent: the rest is decided at once. */
static void who_waits_is_bounded(void **state)
{
    struct redis_server *server = *state;
    static struct told told[LIMITER_WAITING_MAX + 500];
    struct limiter_fixture l;
    unsigned at_once = 0;
    given_limiter(&l, server, (struct limiter_config){ .rate = 100000, .burst = 100000 });
    server_freeze(server);
    for (size_t i = 0; i < LIMITER_WAITING_MAX + 500; i++) {
        struct limiter_decision decision = limiter_take(l.limiter, TEXT_NONE, 1, clock_us(), &some_cause, on_told, &told[i]);
        at_once += decision.outcome == LIMITER_UNAVAILABLE;
    }
    assert_int_equal(at_once, 500);
    assert_int_equal(redis_commands_under_way(l.f.redis), 1);
    server_thaw(server);
    assert_true(run_until(&l.f.loop, 1000, told[LIMITER_WAITING_MAX - 1].calls == 1));
    for (size_t i = 0; i < LIMITER_WAITING_MAX; i++)
        assert_int_equal(told[i].decision.outcome, LIMITER_ADMITTED);
    close_limiter(&l);
}

static void a_busy_loop_refuses_nobody(void **state)
{
    struct redis_server *server = *state;
    struct limiter_fixture l;
    struct told told = { 0 };
    given_limiter(&l, server, deny);
    assert_int_equal(decision_for(&l, NULL, 1).outcome, LIMITER_ADMITTED);
    server_freeze(server);
    assert_int_equal(limiter_take(l.limiter, TEXT_NONE, 1, clock_us(), &some_cause, on_told, &told).outcome, LIMITER_PENDING);
    uv_run(&l.f.loop, UV_RUN_NOWAIT); /* the ask is sent */
    server_thaw(server);
    usleep(600000);
    assert_true(run_until(&l.f.loop, 1000, told.calls > 0));
    assert_int_equal(told.decision.outcome, LIMITER_ADMITTED);
    close_limiter(&l);
}

static void closing_does_not_wait_for_a_frozen_redis_longer_than_the_timeout(void **state)
{
    struct redis_server *server = *state;
    struct limiter_fixture l;
    struct told told = { 0 };
    given_limiter(&l, server, (struct limiter_config){ .rate = 1000, .burst = 1000 });
    assert_int_equal(decision_for(&l, NULL, 1).outcome, LIMITER_ADMITTED);
    server_freeze(server);
    assert_int_equal(limiter_take(l.limiter, TEXT_NONE, 500, clock_us(), &some_cause, on_told, &told).outcome, LIMITER_PENDING);
    uint64_t began_us = clock_us();
    close_limiter(&l);
    assert_true(clock_us() - began_us < 400000);
    assert_int_equal(told.calls, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_deny_nothing_passes_and_it_is_said_when_to_come_back),
        cmocka_unit_test(with_allow_all_passes_and_is_counted_as_assumed),
        cmocka_unit_test(with_local_the_burst_and_the_rate_pass),
        with_own_server(after_a_restart_it_decides_again_within_a_second),
        with_own_server(while_redis_answers_slowly_no_request_waits_longer_than_the_timeout),
        with_own_server(after_a_freeze_it_decides_again_within_a_second),
        with_own_server(with_allow_a_frozen_redis_lets_all_pass),
        with_own_server(with_local_a_frozen_redis_is_replaced_by_the_bucket_here),
        with_own_server(flushed_scripts_are_no_fault),
        with_own_server(a_key_of_another_type_is_a_fault_as_if_redis_were_away),
        with_own_server(who_waits_is_bounded),
        with_own_server(a_busy_loop_refuses_nobody),
        with_own_server(closing_does_not_wait_for_a_frozen_redis_longer_than_the_timeout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
