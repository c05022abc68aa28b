/* Redis killed, frozen, slow, or never there: every command ends once, in time, and the connection comes back. */
#include "redis_fixture.h"

#include <uv.h>

static void without_redis_a_command_is_refused_at_once(void **state)
{
    struct fixture f;
    struct outcome outcome = { 0 };
    given_url(&f, "redis://127.0.0.1:%d", free_port());
    connect_redis(&f);
    run_for(&f.loop, 300);
    assert_int_equal(send_words(&f, "PING", &outcome), E_UNAVAILABLE);
    run_for(&f.loop, 300);
    assert_int_equal(outcome.calls, 0);
    assert_true(metric_value(metric(f.metrics, METRIC_REDIS_RECONNECTS)) >= 1);
    close_all(&f);
}

static void a_redis_that_comes_later_is_found_within_a_second(void **state)
{
    struct redis_server *server = *state;
    struct fixture f;
    server_kill(server);
    given_url(&f, "redis://127.0.0.1:%d", server->port);
    connect_redis(&f);
    run_for(&f.loop, 2000);
    server_run(server);
    assert_true(becomes_ready(&f, 1000));
    close_all(&f);
}

static void a_killed_redis_ends_what_was_under_way_at_once(void **state)
{
    struct redis_server *server = *state;
    struct fixture f;
    struct outcome outcomes[5] = { 0 };
    given_connection(&f, server);
    server_freeze(server);
    for (int i = 0; i < 5; i++)
        assert_int_equal(send_words(&f, "PING", &outcomes[i]), 0);
    run_for(&f.loop, 20);
    server_kill(server);
    assert_true(run_until(&f.loop, 100, outcomes[4].calls > 0));
    for (int i = 0; i < 5; i++) {
        assert_int_equal(outcomes[i].calls, 1);
        assert_int_equal(outcomes[i].status, E_UNAVAILABLE);
    }
    assert_false(redis_ready(f.redis));
    close_all(&f);
}

static void a_restarted_redis_is_used_again_within_a_second(void **state)
{
    struct redis_server *server = *state;
    struct fixture f;
    given_connection(&f, server);
    for (int i = 0; i < 3; i++) {
        server_kill(server);
        run_for(&f.loop, 400 + 700 * (unsigned)i);
        assert_false(redis_ready(f.redis));
        server_run(server);
        assert_true(becomes_ready(&f, 1000));
        assert_string_equal(answer_to(&f, "PING").text, "PONG");
    }
    assert_true(metric_value(metric(f.metrics, METRIC_REDIS_CONNECTED)) == 1);
    close_all(&f);
}

static void a_command_without_an_answer_ends_at_its_timeout(void **state)
{
    struct redis_server *server = *state;
    struct fixture f;
    struct outcome outcome = { 0 };
    given_connection(&f, server);
    server_freeze(server);

    uint64_t sent_us = clock_us();
    assert_int_equal(send_words(&f, "PING", &outcome), 0);
    assert_true(run_until(&f.loop, 1000, outcome.calls > 0));
    uint64_t took_us = clock_us() - sent_us;
    assert_int_equal(outcome.status, E_UNAVAILABLE);
    assert_in_range(took_us, 245000, 320000);
    assert_true(counted(&f, "timeout") == 1);
    close_all(&f);
}

static void a_late_reply_is_ignored_and_does_not_shift_the_next(void **state)
{
    struct redis_server *server = *state;
    struct fixture f;
    struct outcome late = { 0 };
    given_connection(&f, server);
    server_freeze(server);
    assert_int_equal(send_words(&f, "ECHO late", &late), 0);
    assert_true(run_until(&f.loop, 1000, late.calls > 0));
    assert_true(redis_ready(f.redis)); /* once slow is not away */
    server_thaw(server);

    assert_string_equal(answer_to(&f, "ECHO next").text, "next");
    assert_int_equal(late.calls, 1);
    assert_int_equal(late.status, E_UNAVAILABLE);
    assert_int_equal(redis_commands_under_way(f.redis), 0);
    close_all(&f);
}

static void a_connection_that_says_nothing_for_two_timeouts_is_given_up(void **state)
{
    struct redis_server *server = *state;
    struct fixture f;
    struct outcome outcomes[2] = { 0 };
    char fault[256];
    given_connection(&f, server);
    server_freeze(server);
    send_words(&f, "PING", &outcomes[0]);
    run_for(&f.loop, 270);
    send_words(&f, "PING", &outcomes[1]);
    assert_true(run_until(&f.loop, 350, !redis_ready(f.redis)));
    assert_non_null(strstr(last_fault(&f, fault), "no answer"));
    assert_int_equal(outcomes[0].calls + outcomes[1].calls, 2);
    close_all(&f);
}

static void a_frozen_redis_is_used_again_within_a_second_of_its_thaw(void **state)
{
    struct redis_server *server = *state;
    static const unsigned outages_ms[] = { 700, 1500, 3100 };
    struct fixture f;
    given_connection(&f, server);
    for (size_t i = 0; i < 3; i++) {
        struct outcome outcomes[2] = { 0 };
        server_freeze(server);
        send_words(&f, "PING", &outcomes[0]);
        run_for(&f.loop, 300);
        send_words(&f, "PING", &outcomes[1]);
        run_for(&f.loop, outages_ms[i]);
        assert_false(redis_ready(f.redis));
        server_thaw(server);
        assert_true(becomes_ready(&f, 1000));
        assert_string_equal(answer_to(&f, "PING").text, "PONG");
    }
    close_all(&f);
}

/* DEBUG SLEEP blocks Redis as a long script of somebody else would. */
static void a_redis_that_is_slow_for_a_while_times_out_only_for_that_while(void **state)
{
    struct redis_server server = { .options = { "--enable-debug-command", "yes" } };
    struct fixture f;
    server_start(&server);
    given_connection(&f, &server);
    struct outcome slow = { 0 }, behind = { 0 };
    assert_int_equal(send_words(&f, "DEBUG SLEEP 0.4", &slow), 0);
    assert_int_equal(send_words(&f, "PING", &behind), 0);
    assert_true(run_until(&f.loop, 1000, slow.calls + behind.calls == 2));
    assert_int_equal(slow.status, E_UNAVAILABLE);
    assert_int_equal(behind.status, E_UNAVAILABLE);
    run_for(&f.loop, 300);
    assert_true(redis_ready(f.redis));
    assert_string_equal(answer_to(&f, "PING").text, "PONG");
    assert_true(metric_value(metric(f.metrics, METRIC_REDIS_RECONNECTS)) == 0);
    close_all(&f);
    server_end(&server);
}

static void a_busy_loop_is_not_taken_for_a_slow_redis(void **state)
{
    struct redis_server *server = *state;
    struct fixture f;
    struct outcome outcome = { 0 };
    given_connection(&f, server);
    server_freeze(server);
    assert_int_equal(send_words(&f, "PING", &outcome), 0);
    uv_run(&f.loop, UV_RUN_NOWAIT); /* it is sent */
    server_thaw(server);
    usleep(600000);
    assert_int_equal(outcome.calls, 0);
    assert_true(run_until(&f.loop, 100, outcome.calls > 0));
    assert_int_equal(outcome.status, 0);
    close_all(&f);
}

/* A port that takes connections and never answers: the attempt ends, and the next one finds the Redis that came. */
static void somebody_who_never_answers_is_given_up(void **state)
{
    struct redis_server *server = *state;
    struct fixture f;
    char fault[256];
    server_kill(server);
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                   .sin_port = htons((uint16_t)server->port) };
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 16), 0);

    given_url(&f, "redis://127.0.0.1:%d", server->port);
    connect_redis(&f);
    assert_true(run_until(&f.loop, 1000, strstr(last_fault(&f, fault), "no answer within 500 ms") != NULL));
    close(fd);
    server_run(server);
    assert_true(becomes_ready(&f, 1000));
    close_all(&f);
}

static void a_redis_without_room_for_clients_is_tried_again(void **state)
{
    struct redis_server *server = *state;
    struct fixture f, other;
    given_connection(&other, server);
    assert_string_equal(answer_to(&other, "CONFIG SET maxclients 1").text, "OK");
    given_url(&f, "redis://127.0.0.1:%d", server->port);
    connect_redis(&f);
    run_for(&f.loop, 500);
    assert_false(redis_ready(f.redis));
    assert_string_equal(answer_to(&other, "CONFIG SET maxclients 100").text, "OK");
    assert_true(becomes_ready(&f, 1000));
    close_all(&f);
    close_all(&other);
}

static void a_redis_that_became_a_replica_is_left_for_a_new_connection(void **state)
{
    struct redis_server *server = *state;
    struct fixture f;
    char fault[256];
    given_connection(&f, server);
    char command[64];
    snprintf(command, sizeof(command), "REPLICAOF 127.0.0.1 %d", free_port());
    server_say(server, command);
    struct outcome outcome = answer_to(&f, "SET a b");
    assert_int_equal(outcome.type, REDIS_ERROR);
    assert_false(redis_ready(f.redis));
    assert_non_null(strstr(last_fault(&f, fault), "READONLY"));
    server_say(server, "REPLICAOF NO ONE");
    assert_true(becomes_ready(&f, 1000));
    assert_string_equal(answer_to(&f, "SET a b").text, "OK");
    close_all(&f);
}

static void closing_does_not_wait_for_a_frozen_redis(void **state)
{
    struct redis_server *server = *state;
    struct fixture f;
    struct outcome outcome = { 0 };
    given_connection(&f, server);
    server_freeze(server);
    send_words(&f, "PING", &outcome);
    run_for(&f.loop, 20);
    uint64_t began_us = clock_us();
    close_all(&f);
    assert_true(clock_us() - began_us < 100000);
    assert_int_equal(outcome.calls, 1);
    assert_int_equal(outcome.status, E_CANCELED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_redis_a_command_is_refused_at_once),
        with_own_server(a_redis_that_comes_later_is_found_within_a_second),
        with_own_server(a_killed_redis_ends_what_was_under_way_at_once),
        with_own_server(a_restarted_redis_is_used_again_within_a_second),
        with_own_server(a_command_without_an_answer_ends_at_its_timeout),
        with_own_server(a_late_reply_is_ignored_and_does_not_shift_the_next),
        with_own_server(a_connection_that_says_nothing_for_two_timeouts_is_given_up),
        with_own_server(a_frozen_redis_is_used_again_within_a_second_of_its_thaw),
        cmocka_unit_test(a_redis_that_is_slow_for_a_while_times_out_only_for_that_while),
        with_own_server(a_busy_loop_is_not_taken_for_a_slow_redis),
        with_own_server(somebody_who_never_answers_is_given_up),
        with_own_server(a_redis_without_room_for_clients_is_tried_again),
        with_own_server(a_redis_that_became_a_replica_is_left_for_a_new_connection),
        with_own_server(closing_does_not_wait_for_a_frozen_redis),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
