/* Decisions of the limiter: without Redis, with a real one, for each `per` and `on_error`. */
#include "limiter_fixture.h"

static int empty_redis(void **state)
{
    server_say(*state, "FLUSHALL");
    return 0;
}

static void without_redis_the_bucket_is_here_and_nobody_waits(void **state)
{
    struct limiter_fixture l;
    struct told told = { 0 };
    given_local_limiter(&l, (struct limiter_config){ .rate = 50, .burst = 120 });
    uint64_t now_us = clock_us();
    for (int i = 0; i < 120; i++)
        assert_int_equal(limiter_take(l.limiter, TEXT_NONE, 1, now_us, &some_cause, on_told, &told).outcome, LIMITER_ADMITTED);
    struct limiter_decision decision = limiter_take(l.limiter, TEXT_NONE, 1, now_us, &some_cause, on_told, &told);
    assert_int_equal(decision.outcome, LIMITER_LIMITED);
    assert_in_range(decision.wait_us, 1, 20000);
    assert_int_equal(told.calls, 0);
    assert_true(decisions(&l, "admitted") == 120);
    assert_true(decisions(&l, "limited") == 1);
    assert_true(metric_value(metric(l.f.metrics, METRIC_RATE_LIMITED, "jobs")) == 1);
    close_limiter(&l);
}

static void a_burst_of_zero_means_a_seconds_worth(void **state)
{
    struct limiter_fixture l;
    given_local_limiter(&l, (struct limiter_config){ .rate = 7.5 });
    assert_int_equal(decision_for(&l, NULL, 7).outcome, LIMITER_ADMITTED);
    assert_int_equal(decision_for(&l, NULL, 8).outcome, LIMITER_TOO_LARGE);
    close_limiter(&l);
}

static void the_whole_burst_passes_at_once_and_then_no_more(void **state)
{
    struct limiter_fixture l;
    struct told told[150] = { 0 };
    given_limiter(&l, *state, (struct limiter_config){ .rate = 1, .burst = 120 });
    for (int i = 0; i < 150; i++)
        assert_int_equal(limiter_take(l.limiter, TEXT_NONE, 1, clock_us(), &some_cause, on_told, &told[i]).outcome, LIMITER_PENDING);
    assert_true(run_until(&l.f.loop, 1000, told[149].calls > 0));
    for (int i = 0; i < 150; i++) {
        assert_int_equal(told[i].calls, 1);
        assert_int_equal(told[i].decision.outcome, i < 120 ? LIMITER_ADMITTED : LIMITER_LIMITED);
    }
    assert_in_range(told[149].decision.wait_us, 900000, 1000000);
    close_limiter(&l);
}

static void a_batch_passes_whole_or_not_at_all(void **state)
{
    struct limiter_fixture l;
    given_limiter(&l, *state, (struct limiter_config){ .rate = 10, .burst = 100 });
    assert_int_equal(decision_for(&l, NULL, 101).outcome, LIMITER_TOO_LARGE);
    assert_int_equal(decision_for(&l, NULL, 60).outcome, LIMITER_ADMITTED);
    struct limiter_decision decision = decision_for(&l, NULL, 60);
    assert_int_equal(decision.outcome, LIMITER_LIMITED);
    assert_in_range(decision.wait_us, 1900000, 2000000);
    assert_int_equal(decision_for(&l, NULL, 40).outcome, LIMITER_ADMITTED);
    close_limiter(&l);
}

static void while_limited_redis_is_not_asked(void **state)
{
    struct redis_server *server = *state;
    struct limiter_fixture l;
    given_limiter(&l, server, (struct limiter_config){ .rate = 1, .burst = 10 });
    assert_int_equal(decision_for(&l, NULL, 10).outcome, LIMITER_ADMITTED);
    server_say(server, "CONFIG RESETSTAT");
    for (int i = 0; i < 1000; i++)
        assert_int_equal(limiter_take(l.limiter, TEXT_NONE, 1, clock_us(), &some_cause, on_told, NULL).outcome, LIMITER_LIMITED);
    char answer[8192];
    server_ask(server, "INFO commandstats", answer, sizeof(answer));
    assert_null(strstr(answer, "evalsha"));
    close_limiter(&l);
}

static void at_high_rates_most_requests_need_no_call(void **state)
{
    struct limiter_fixture l;
    struct told told = { 0 };
    unsigned at_once = 0, asked = 0;
    given_limiter(&l, *state, (struct limiter_config){ .rate = 100000, .burst = 100000 });
    for (int turn = 0; turn < 500; turn++) { /* about 50,000 a second */
        for (int i = 0; i < 100; i++) {
            struct limiter_decision decision = limiter_take(l.limiter, TEXT_NONE, 1, clock_us(), &some_cause, on_told, &told);
            at_once += decision.outcome == LIMITER_ADMITTED;
            asked += decision.outcome == LIMITER_PENDING;
        }
        run_for(&l.f.loop, 1);
    }
    assert_true(run_until(&l.f.loop, 1000, told.calls == asked));
    print_message("%u at once, %u waited, %.0f calls\n", at_once, asked, counted(&l.f, "ok"));
    assert_true(at_once > 49000);
    assert_true(counted(&l.f, "ok") < 200);
    close_limiter(&l);
}

static double tokens_in_redis(const struct redis_server *server)
{
    char answer[128];
    assert_true(server_ask(server, "HGET millrace:limit:jobs tokens", answer, sizeof(answer)));
    const char *at = strchr(answer, '\n');
    assert_non_null(at);
    return atof(at + 1);
}

static void what_is_not_spent_goes_back_after_100_ms(void **state)
{
    struct limiter_fixture l;
    given_limiter(&l, *state, (struct limiter_config){ .rate = 1000, .burst = 100000 });
    assert_int_equal(decision_for(&l, NULL, 50000).outcome, LIMITER_ADMITTED);
    double before = tokens_in_redis(*state);
    assert_true(before < 50000); /* a lease is out */
    run_for(&l.f.loop, 200);
    assert_true(tokens_in_redis(*state) >= before + 19);
    close_limiter(&l);
}

static void closing_gives_the_lease_back(void **state)
{
    struct limiter_fixture l;
    given_limiter(&l, *state, (struct limiter_config){ .rate = 1000, .burst = 100000 });
    assert_int_equal(decision_for(&l, NULL, 50000).outcome, LIMITER_ADMITTED);
    double before = tokens_in_redis(*state);
    close_limiter(&l);
    assert_true(tokens_in_redis(*state) >= before + 19);
}

static void an_idle_bucket_vanishes_from_redis(void **state)
{
    struct redis_server *server = *state;
    struct limiter_fixture l;
    given_limiter(&l, server, (struct limiter_config){ .rate = 100, .burst = 50, .name = "short" });
    assert_int_equal(decision_for(&l, NULL, 50).outcome, LIMITER_ADMITTED);
    char answer[64];
    server_ask(server, "EXISTS short", answer, sizeof(answer));
    assert_string_equal(answer, ":1\r\n");
    assert_true(run_until(&l.f.loop, 4000, server_ask(server, "EXISTS short", answer, sizeof(answer)) && strcmp(answer, ":0\r\n") == 0));
    assert_int_equal(decision_for(&l, NULL, 50).outcome, LIMITER_ADMITTED);
    close_limiter(&l);
}

static void each_key_has_a_bucket_of_its_own(void **state)
{
    struct redis_server *server = *state;
    struct limiter_fixture l;
    given_limiter(&l, server, (struct limiter_config){ .rate = 1, .burst = 2, .per = LIMITER_PER_ADDRESS });
    assert_int_equal(decision_for(&l, "10.0.0.1", 2).outcome, LIMITER_ADMITTED);
    assert_int_equal(decision_for(&l, "10.0.0.1", 1).outcome, LIMITER_LIMITED);
    assert_int_equal(decision_for(&l, "10.0.0.2", 2).outcome, LIMITER_ADMITTED);
    assert_int_equal(decision_for(&l, NULL, 2).outcome, LIMITER_ADMITTED);
    assert_int_equal(decision_for(&l, "", 1).outcome, LIMITER_LIMITED);
    char answer[64];
    server_ask(server, "EXISTS millrace:limit:jobs:10.0.0.1 millrace:limit:jobs:10.0.0.2", answer, sizeof(answer));
    assert_string_equal(answer, ":2\r\n");
    close_limiter(&l);
}

static void a_token_never_reaches_redis_as_it_is(void **state)
{
    struct redis_server *server = *state;
    struct limiter_fixture l;
    given_limiter(&l, server, (struct limiter_config){ .rate = 1, .burst = 2, .per = LIMITER_PER_TOKEN });
    assert_int_equal(decision_for(&l, "secret-token", 2).outcome, LIMITER_ADMITTED);
    assert_int_equal(decision_for(&l, "secret-token", 1).outcome, LIMITER_LIMITED);
    char answer[512];
    server_ask(server, "KEYS *", answer, sizeof(answer));
    assert_non_null(strstr(answer, "millrace:limit:jobs:"));
    assert_null(strstr(answer, "secret"));
    close_limiter(&l);
}

static void a_hundred_thousand_keys_are_all_answered_in_bounded_memory(void **state)
{
    struct redis_server *server = *state;
    struct limiter_fixture l;
    static struct told told[5000];
    given_url(&l.f, "redis://127.0.0.1:%d", server->port);
    l.f.config.timeout_us = 5000000; /* 5,000 asks take their time on a busy machine */
    connect_redis(&l.f);
    assert_true(becomes_ready(&l.f, 5000));
    l.config = (struct limiter_config){ .rate = 1, .burst = 1, .per = LIMITER_PER_KEY };
    start_limiter(&l);
    for (int round = 0; round < 20; round++) {
        memset(told, 0, sizeof(told));
        for (int i = 0; i < 5000; i++) {
            char key[32];
            snprintf(key, sizeof(key), "key-%d-%d", round, i);
            assert_int_equal(limiter_take(l.limiter, text_of(key), 1, clock_us(), &some_cause, on_told, &told[i]).outcome, LIMITER_PENDING);
        }
        assert_true(redis_commands_under_way(l.f.redis) <= LIMITER_ASKS_MAX);
        assert_true(run_until(&l.f.loop, 5000, told[4999].calls == 1));
        for (int i = 0; i < 5000; i++)
            assert_int_equal(told[i].decision.outcome, LIMITER_ADMITTED);
    }
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    struct stats_section *section = stats_find(&l.f.stats, "limiter");
    assert_int_equal(yyjson_mut_get_uint(yyjson_mut_obj_get(section->fill(section->arg, doc), "keys")), LIMITER_KEYS_MAX);
    yyjson_mut_doc_free(doc);
    close_limiter(&l);
}

static void a_new_rate_holds_from_then_on(void **state)
{
    struct limiter_fixture l;
    given_limiter(&l, *state, (struct limiter_config){ .rate = 1, .burst = 10 });
    assert_int_equal(decision_for(&l, NULL, 10).outcome, LIMITER_ADMITTED);
    assert_int_equal(decision_for(&l, NULL, 1).outcome, LIMITER_LIMITED);
    limiter_change(l.limiter, 1000, 500);
    run_for(&l.f.loop, 600);
    assert_int_equal(decision_for(&l, NULL, 500).outcome, LIMITER_ADMITTED);
    limiter_change(l.limiter, 1000, 5);
    assert_int_equal(decision_for(&l, NULL, 6).outcome, LIMITER_TOO_LARGE);
    close_limiter(&l);
}

static void closing_tells_those_who_wait(void **state)
{
    struct limiter_fixture l;
    struct told told[3] = { 0 };
    given_limiter(&l, *state, (struct limiter_config){ .rate = 50, .burst = 120 });
    for (int i = 0; i < 3; i++)
        assert_int_equal(limiter_take(l.limiter, TEXT_NONE, 1, clock_us(), &some_cause, on_told, &told[i]).outcome, LIMITER_PENDING);
    close_limiter(&l);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(told[i].calls, 1);
        assert_int_equal(told[i].decision.outcome, LIMITER_UNAVAILABLE);
    }
    assert_true(tokens_in_redis(*state) > 119.5); /* what the ask brought was given back */
}

struct again {
    struct limiter_fixture *l;
    unsigned left, calls;
};

static void ask_again(void *arg, struct limiter_decision decision)
{
    struct again *again = arg;
    (void)decision;
    again->calls++;
    if (again->left-- == 0)
        return;
    struct limiter_decision next = limiter_take(again->l->limiter, TEXT_NONE, 1, clock_us(), &some_cause, ask_again, again);
    if (next.outcome != LIMITER_PENDING)
        again->left = 0;
}

static void a_new_request_may_come_from_within_an_answer(void **state)
{
    struct limiter_fixture l;
    struct again again = { &l, 100, 0 };
    given_limiter(&l, *state, (struct limiter_config){ .rate = 50, .burst = 120 });
    assert_int_equal(limiter_take(l.limiter, TEXT_NONE, 1, clock_us(), &some_cause, ask_again, &again).outcome, LIMITER_PENDING);
    assert_true(run_until(&l.f.loop, 2000, again.calls == 101));
    close_limiter(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(without_redis_the_bucket_is_here_and_nobody_waits, empty_redis),
        cmocka_unit_test_setup(a_burst_of_zero_means_a_seconds_worth, empty_redis),
        cmocka_unit_test_setup(the_whole_burst_passes_at_once_and_then_no_more, empty_redis),
        cmocka_unit_test_setup(a_batch_passes_whole_or_not_at_all, empty_redis),
        cmocka_unit_test_setup(while_limited_redis_is_not_asked, empty_redis),
        cmocka_unit_test_setup(at_high_rates_most_requests_need_no_call, empty_redis),
        cmocka_unit_test_setup(what_is_not_spent_goes_back_after_100_ms, empty_redis),
        cmocka_unit_test_setup(closing_gives_the_lease_back, empty_redis),
        cmocka_unit_test_setup(an_idle_bucket_vanishes_from_redis, empty_redis),
        cmocka_unit_test_setup(each_key_has_a_bucket_of_its_own, empty_redis),
        cmocka_unit_test_setup(a_token_never_reaches_redis_as_it_is, empty_redis),
        cmocka_unit_test_setup(a_hundred_thousand_keys_are_all_answered_in_bounded_memory, empty_redis),
        cmocka_unit_test_setup(a_new_rate_holds_from_then_on, empty_redis),
        cmocka_unit_test_setup(closing_tells_those_who_wait, empty_redis),
        cmocka_unit_test_setup(a_new_request_may_come_from_within_an_answer, empty_redis),
    };
    return cmocka_run_group_tests(tests, start_server, end_server);
}
