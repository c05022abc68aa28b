#include "base/random.h"
#include "core/breaker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SECOND UINT64_C(1000000)
#define START  (100 * SECOND)

static const struct breaker_config config = { .failures = 10, .stall_us = 2 * SECOND, .pause_us = SECOND };
static const struct breaker_queue nothing = { 0 };

static struct breaker given_breaker(void)
{
    struct breaker breaker;
    breaker_init(&breaker, &config, START);
    return breaker;
}

static struct breaker given_open_breaker(void)
{
    struct breaker breaker = given_breaker();
    for (int i = 0; i < 10; i++)
        breaker_on_report(&breaker, false, START);
    assert_int_equal(breaker.state, BREAKER_OPEN);
    return breaker;
}

static struct breaker_queue one_since(uint64_t oldest_us)
{
    return (struct breaker_queue){ .records = 1, .oldest_us = oldest_us };
}

static void ten_failures_in_a_row_open_it_and_nine_do_not(void **state)
{
    struct breaker breaker = given_breaker();
    for (int i = 0; i < 9; i++)
        breaker_on_report(&breaker, false, START);
    assert_true(breaker_admit(&breaker, START, nothing));
    breaker_on_report(&breaker, false, START);
    assert_false(breaker_admit(&breaker, START, nothing));
    assert_int_equal(breaker.opened_count, 1);
}

static void a_success_between_failures_starts_the_row_anew(void **state)
{
    struct breaker breaker = given_breaker();
    for (int i = 0; i < 100; i++)
        breaker_on_report(&breaker, i % 10 == 9, START);
    assert_int_equal(breaker.state, BREAKER_CLOSED);
}

static void a_record_that_waits_longer_than_stall_opens_it(void **state)
{
    struct breaker breaker = given_breaker();
    uint64_t oldest_us = START + SECOND;
    assert_true(breaker_admit(&breaker, oldest_us + 2 * SECOND, one_since(oldest_us)));
    assert_false(breaker_admit(&breaker, oldest_us + 2 * SECOND + 1, one_since(oldest_us)));
    assert_int_equal(breaker.state, BREAKER_OPEN);
}

static void a_tick_finds_the_stall_when_no_request_comes(void **state)
{
    struct breaker breaker = given_breaker();
    breaker_tick(&breaker, START + 3 * SECOND, nothing);
    assert_int_equal(breaker.state, BREAKER_CLOSED);
    breaker_tick(&breaker, START + 3 * SECOND, one_since(START));
    assert_int_equal(breaker.state, BREAKER_OPEN);
}

static void what_is_still_queued_is_the_probe(void **state)
{
    struct breaker breaker = given_open_breaker();
    uint64_t now = START + 60 * SECOND; /* however long the pause is over */
    assert_false(breaker_admit(&breaker, now, one_since(START)));
    breaker_on_report(&breaker, true, now);
    assert_true(breaker_admit(&breaker, now, nothing));
    assert_int_equal(breaker.state, BREAKER_CLOSED);
}

static void with_nothing_queued_one_request_is_let_through_after_the_pause(void **state)
{
    struct breaker breaker = given_open_breaker();
    assert_false(breaker_admit(&breaker, START + SECOND - 1, nothing));
    assert_true(breaker_admit(&breaker, START + SECOND, nothing));
    assert_int_equal(breaker.state, BREAKER_HALF_OPEN);
    assert_false(breaker_admit(&breaker, START + SECOND, nothing));
    assert_false(breaker_admit(&breaker, START + 9 * SECOND, one_since(START + SECOND)));
}

static void the_success_of_that_request_closes_it(void **state)
{
    struct breaker breaker = given_open_breaker();
    breaker_admit(&breaker, START + SECOND, nothing);
    breaker_on_report(&breaker, true, START + 2 * SECOND);
    assert_int_equal(breaker.state, BREAKER_CLOSED);
    assert_int_equal(breaker.since_us, START + 2 * SECOND);
    breaker_on_report(&breaker, false, START + 2 * SECOND); /* the failures of before are forgotten */
    assert_int_equal(breaker.state, BREAKER_CLOSED);
}

static void its_failure_begins_another_pause_and_is_not_counted_as_another_opening(void **state)
{
    struct breaker breaker = given_open_breaker();
    breaker_admit(&breaker, START + SECOND, nothing);
    breaker_on_report(&breaker, false, START + 11 * SECOND);
    assert_false(breaker_admit(&breaker, START + 12 * SECOND - 1, nothing));
    assert_true(breaker_admit(&breaker, START + 12 * SECOND, nothing));
    assert_int_equal(breaker.opened_count, 1);
}

static void a_probe_that_was_never_sent_lets_another_one_follow(void **state)
{
    struct breaker breaker = given_open_breaker();
    breaker_admit(&breaker, START + SECOND, nothing);
    breaker_on_unsent(&breaker, START + SECOND);
    assert_false(breaker_admit(&breaker, START + SECOND, nothing));
    assert_true(breaker_admit(&breaker, START + 2 * SECOND, nothing));
}

static void a_request_that_was_never_sent_means_nothing_while_closed(void **state)
{
    struct breaker breaker = given_breaker();
    breaker_on_unsent(&breaker, START);
    assert_int_equal(breaker.state, BREAKER_CLOSED);
}

static void the_pause_counts_from_the_last_failure(void **state)
{
    struct breaker breaker = given_open_breaker();
    breaker_on_report(&breaker, false, START + 5 * SECOND);
    assert_false(breaker_admit(&breaker, START + 6 * SECOND - 1, nothing));
    assert_true(breaker_admit(&breaker, START + 6 * SECOND, nothing));
}

static void a_silent_partition_opens_it_at_most_once_a_stall_while_others_move(void **state)
{
    struct breaker breaker = given_breaker();
    struct breaker_queue queue = one_since(START);
    for (uint64_t now = START; now < START + 60 * SECOND; now += 1000) {
        breaker_admit(&breaker, now, queue);
        breaker_on_report(&breaker, true, now);
    }
    assert_in_range(breaker.opened_count, 28, 30);
}

static void refusing_early_answers_as_admitting_would_and_moves_nothing(void **state)
{
    struct breaker breaker = given_open_breaker();
    struct breaker before = breaker;
    assert_true(breaker_refuses(&breaker, START, nothing));
    assert_false(breaker_refuses(&breaker, START + SECOND, nothing));
    assert_true(breaker_refuses(&breaker, START + SECOND, one_since(START)));
    assert_memory_equal(&breaker, &before, sizeof(breaker));
}

static void retry_after_is_the_rest_of_the_pause(void **state)
{
    struct breaker breaker = given_breaker();
    assert_int_equal(breaker_retry_after_us(&breaker, START), 0);
    breaker = given_open_breaker();
    assert_int_equal(breaker_retry_after_us(&breaker, START + SECOND / 4), 3 * SECOND / 4);
    assert_int_equal(breaker_retry_after_us(&breaker, START + 5 * SECOND), SECOND);
    breaker_admit(&breaker, START + SECOND, nothing);
    assert_int_equal(breaker_retry_after_us(&breaker, START + SECOND), SECOND);
}

static void states_have_names_and_values(void **state)
{
    assert_string_equal(breaker_state_name(BREAKER_CLOSED), "closed");
    assert_string_equal(breaker_state_name(BREAKER_OPEN), "open");
    assert_string_equal(breaker_state_name(BREAKER_HALF_OPEN), "half open");
    assert_true(breaker_state_gauge(BREAKER_CLOSED) == 0);
    assert_true(breaker_state_gauge(BREAKER_OPEN) == 1);
    assert_true(breaker_state_gauge(BREAKER_HALF_OPEN) == 0.5);
}

/* A broker that is up and down by turns, and a producer's queue before it: first in, first out; while the broker is down
 * nothing is reported until the deadline. The model keeps the history of events only, and says from it what must hold. */

#define QUEUE_MAX   4096
#define DEADLINE_US (10 * SECOND)
#define STEPS       20000

struct world {
    struct random random;
    struct breaker breaker;
    uint64_t now;
    bool up;
    uint64_t sent_us[QUEUE_MAX];
    size_t head, tail;
    unsigned row;        /* failed reports since the last success */
    uint64_t success_us; /* of the last success, or the start */
    uint64_t failure_us; /* of the last failure */
    bool probe_out;      /* a request was admitted after the breaker refused one, with nothing queued */
    bool refused_since_success;
};

static struct breaker_queue queue_of(const struct world *world)
{
    return (struct breaker_queue){ world->tail - world->head, world->sent_us[world->head % QUEUE_MAX] };
}

static void report(struct world *world, bool ok)
{
    world->head++;
    breaker_on_report(&world->breaker, ok, world->now);
    world->row = ok ? 0 : world->row + 1;
    world->probe_out = false;
    if (ok)
        world->success_us = world->now;
    else
        world->failure_us = world->now;
    if (ok) {
        assert_int_equal(world->breaker.state, BREAKER_CLOSED);
        world->refused_since_success = false;
    }
}

static void reports_come(struct world *world)
{
    while (world->head < world->tail && world->now >= world->sent_us[world->head % QUEUE_MAX] + DEADLINE_US)
        report(world, false);
    while (world->up && world->head < world->tail && random_between(&world->random, 0, 3) != 0)
        report(world, random_between(&world->random, 0, 50) != 0);
}

static void a_request_comes(struct world *world)
{
    struct breaker_queue queue = queue_of(world);
    bool refuses = breaker_refuses(&world->breaker, world->now, queue);
    bool admitted = breaker_admit(&world->breaker, world->now, queue);
    assert_int_equal(admitted, !refuses);
    if (!admitted) {
        bool by_row = world->row >= 10;
        bool by_age = queue.records > 0 && world->now - queue.oldest_us > config.stall_us;
        assert_true(by_row || by_age || world->refused_since_success); /* never refuses without a reason */
        world->refused_since_success = true;
        return;
    }
    assert_false(world->probe_out); /* one probe at a time */
    assert_true(world->row < 10 || queue.records == 0);
    if (world->refused_since_success) {
        assert_int_equal(queue.records, 0);                                                /* what is queued would be the probe */
        assert_true(world->row == 0 || world->now - world->failure_us >= config.pause_us); /* and the pause is kept */
        world->probe_out = true;
    }
    if (random_between(&world->random, 0, 30) == 0 || queue.records == QUEUE_MAX) {
        breaker_on_unsent(&world->breaker, world->now);
        world->probe_out = false;
        return;
    }
    world->sent_us[world->tail++ % QUEUE_MAX] = world->now;
}

/* With an open breaker the oldest record is at most the stall old when the last one was let in. */
static void assert_memory_is_bounded(const struct world *world)
{
    struct breaker_queue queue = queue_of(world);
    if (queue.records < 2)
        return;
    uint64_t newest_us = world->sent_us[(world->tail - 1) % QUEUE_MAX];
    uint64_t from_us = queue.oldest_us > world->success_us ? queue.oldest_us : world->success_us;
    assert_true(newest_us < from_us || newest_us - from_us <= config.stall_us);
}

static void run_schedule(uint64_t seed)
{
    static struct world world;
    memset(&world, 0, sizeof(world));
    random_init_seed(&world.random, seed);
    world.now = world.success_us = START;
    world.up = true;
    breaker_init(&world.breaker, &config, START);
    for (int i = 0; i < STEPS; i++) {
        world.now += (uint64_t)random_between(&world.random, 0, 50000);
        if (random_between(&world.random, 0, 300) == 0)
            world.up = !world.up;
        reports_come(&world);
        for (int64_t n = random_between(&world.random, 0, 3); n > 0; n--)
            a_request_comes(&world);
        breaker_tick(&world.breaker, world.now, queue_of(&world));
        assert_memory_is_bounded(&world);
    }
    /* The broker comes back for good: so does the breaker. */
    world.up = true;
    for (uint64_t end = world.now + DEADLINE_US + 60 * SECOND; world.now < end; world.now += SECOND / 10) {
        while (world.head < world.tail)
            report(&world, true);
        a_request_comes(&world);
    }
    assert_int_equal(world.breaker.state, BREAKER_CLOSED);
}

static void whatever_happens_it_refuses_for_a_reason_and_comes_back(void **state)
{
    const char *one = getenv("SEED");
    struct random random;
    random_init(&random);
    uint64_t first = one == NULL ? random_next(&random) >> 16 : strtoull(one, NULL, 10);
    print_message("SEED=%llu and the following\n", (unsigned long long)first);
    for (uint64_t i = 0; i < 50; i++)
        run_schedule(first + i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_failures_in_a_row_open_it_and_nine_do_not),
        cmocka_unit_test(a_success_between_failures_starts_the_row_anew),
        cmocka_unit_test(a_record_that_waits_longer_than_stall_opens_it),
        cmocka_unit_test(a_tick_finds_the_stall_when_no_request_comes),
        cmocka_unit_test(what_is_still_queued_is_the_probe),
        cmocka_unit_test(with_nothing_queued_one_request_is_let_through_after_the_pause),
        cmocka_unit_test(the_success_of_that_request_closes_it),
        cmocka_unit_test(its_failure_begins_another_pause_and_is_not_counted_as_another_opening),
        cmocka_unit_test(a_probe_that_was_never_sent_lets_another_one_follow),
        cmocka_unit_test(a_request_that_was_never_sent_means_nothing_while_closed),
        cmocka_unit_test(the_pause_counts_from_the_last_failure),
        cmocka_unit_test(a_silent_partition_opens_it_at_most_once_a_stall_while_others_move),
        cmocka_unit_test(refusing_early_answers_as_admitting_would_and_moves_nothing),
        cmocka_unit_test(retry_after_is_the_rest_of_the_pause),
        cmocka_unit_test(states_have_names_and_values),
        cmocka_unit_test(whatever_happens_it_refuses_for_a_reason_and_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
