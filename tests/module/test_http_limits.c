/* io/http under clients that are slow, silent, many, greedy, or gone; and under a process without descriptors. */
#include "http_fixture.h"

#include <sys/resource.h>

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define POST_HEAD "POST /now HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"
#define SHORT_US  250000

static struct connection *first_connection(struct http_fixture *fixture)
{
    return list_entry(list_first(&fixture->listener->connections), struct connection, link);
}

/* ---- time ---- */

static void slow_headers_are_answered_408(void **state)
{
    struct http_config config = default_config;
    config.timeouts.header_us = SHORT_US;
    struct http_fixture *fixture = given_server(&config);
    struct client client = given_client(fixture);
    say(fixture, &client, "GET /now HTTP/1.1\r\n");
    for (int i = 0; i < 20 && !has(&client, "408"); i++) { /* new bytes do not buy more time */
        say_text(fixture, &client, TEXT("A: b\r\n"));
        turn_for(fixture, 30);
    }
    wait_for(fixture, &client, "HTTP/1.1 408 Request Timeout\r\n");
    wait_until(fixture, ended(&client));
    assert_true(fault_count(fixture, "slow_header") == 1);
    assert_others_are_served(fixture);
    leave(&client);
    end(fixture);
}

static void a_slow_body_is_answered_408(void **state)
{
    struct http_config config = default_config;
    config.timeouts.body_us = SHORT_US;
    struct http_fixture *fixture = given_server(&config);
    struct client client = given_client(fixture);
    say(fixture, &client, POST_HEAD "hel");
    wait_for(fixture, &client, "HTTP/1.1 408 Request Timeout\r\n");
    wait_until(fixture, ended(&client));
    assert_true(fault_count(fixture, "slow_body") == 1);
    leave(&client);
    end(fixture);
}

static void a_408_comes_behind_the_answers_before_it(void **state)
{
    struct http_config config = default_config;
    config.timeouts.header_us = SHORT_US;
    struct http_fixture *fixture = given_server(&config);
    struct client client = given_client(fixture);
    say(fixture, &client, GET("/later") "GET /no");
    wait_until(fixture, fault_count(fixture, "slow_header") == 1);
    assert_int_equal(answers(&client, NULL, 0), 0);
    answer_later(fixture, 0);
    char codes[32];
    wait_until(fixture, answers(&client, codes, sizeof(codes)) == 2);
    assert_string_equal(codes, "200 408");
    wait_until(fixture, ended(&client));
    leave(&client);
    end(fixture);
}

static void a_silent_connection_is_closed_without_a_word(void **state)
{
    struct http_config config = default_config;
    config.timeouts.idle_us = SHORT_US;
    struct http_fixture *fixture = given_server(&config);
    struct client never_spoke = given_client(fixture), spoke = given_client(fixture), empty_lines = given_client(fixture);
    say(fixture, &spoke, GET("/now"));
    wait_until(fixture, answers(&spoke, NULL, 0) == 1);
    forget_input(&spoke);
    for (int i = 0; i < 10; i++) {
        say_text(fixture, &empty_lines, TEXT("\r\n"));
        turn_for(fixture, 50);
    }
    wait_until(fixture, ended(&never_spoke) && ended(&spoke) && ended(&empty_lines));
    assert_int_equal(never_spoke.in.size + spoke.in.size + empty_lines.in.size, 0);
    leave(&never_spoke);
    leave(&spoke);
    leave(&empty_lines);
    end(fixture);
}

static void a_request_that_waits_for_its_answer_is_not_idle(void **state)
{
    struct http_config config = default_config;
    config.timeouts.idle_us = config.timeouts.header_us = config.timeouts.body_us = SHORT_US;
    struct http_fixture *fixture = given_server(&config);
    struct client client = given_client(fixture);
    say(fixture, &client, GET("/later"));
    turn_for(fixture, 600);
    assert_false(ended(&client));
    answer_later(fixture, 0);
    wait_for(fixture, &client, "GET /later");
    leave(&client);
    end(fixture);
}

/* ---- readers that do not read ---- */

static void a_client_that_never_reads_is_paused_and_then_closed(void **state)
{
    struct http_config config = default_config;
    config.timeouts.write_us = 500000;
    struct http_fixture *fixture = given_server(&config);
    fixture->big_size = 64 * 1024;
    struct client client = given_client(fixture);
    int small = 4096;
    setsockopt(client.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));

    /* Ten times as many requests as it may have open; each brings 64 KiB. */
    for (int i = 0; i < 640; i++)
        say_text(fixture, &client, TEXT(GET("/big")));
    struct connection *connection = first_connection(fixture);
    wait_until(fixture, connection->unsent != NULL);
    assert_true(connection->unsent_bytes < 256 * 1024 + 2 * 65 * 1024);
    assert_true(fixture->listener->budget.used_bytes < 1024 * 1024);
    assert_false(connection->reading);
    assert_others_are_served(fixture);

    wait_until(fixture, fault_count(fixture, "slow_reader") == 1);
    wait_until(fixture, fixture->listener->connection_count == 0);
    assert_int_equal(fixture->listener->budget.used_bytes, 0);
    leave(&client);
    end(fixture);
}

/* A Unix socket, whose buffers are as small as they are set: what is read makes room at once. */
static void a_client_that_reads_a_little_now_and_then_is_closed_too(void **state)
{
    struct http_config config = default_config;
    char address[64];
    snprintf(address, sizeof(address), "unix:/tmp/millrace-slow-%d.sock", getpid());
    config.address = address;
    config.timeouts.write_us = 700000;
    config.limits.unsent_bytes = 2048;
    struct http_fixture *fixture = given_server(&config);
    fixture->big_size = 1000;
    struct client client = given_client(fixture);
    say(fixture, &client, GET("/now"));
    wait_for(fixture, &client, "GET /now");
    int small = 4096;
    uv_os_fd_t server_side;
    uv_fileno(&first_connection(fixture)->handle, &server_side);
    setsockopt(server_side, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));

    uint64_t began_us = clock_us();
    char bytes[512];
    while (fixture->listener->connection_count > 0 && clock_us() - began_us < 5000000) {
        send(client.fd, GET("/big"), strlen(GET("/big")), MSG_NOSIGNAL | MSG_DONTWAIT); /* always a little more than it takes */
        recv(client.fd, bytes, sizeof(bytes), 0);
        turn_for(fixture, 10);
    }
    assert_int_equal(fixture->listener->connection_count, 0);
    assert_true(fault_count(fixture, "slow_reader") == 1);
    leave(&client);
    end(fixture);
}

static void a_client_that_reads_late_gets_everything(void **state)
{
    struct http_fixture *fixture = given_server(&default_config);
    fixture->big_size = 100 * 1024;
    struct client client = given_client(fixture);
    struct buffer bytes = { 0 };
    for (int i = 0; i < 100; i++)
        buffer_string(&bytes, GET("/big"));
    say_text(fixture, &client, buffer_as_text(&bytes));
    turn_for(fixture, 100);
    wait_until(fixture, answers(&client, NULL, 0) == 100);
    assert_int_equal(fixture->handled, 100);
    buffer_free(&bytes);
    leave(&client);
    end(fixture);
}

static void say_sixty_big_and_a_bad_one(struct http_fixture *fixture, struct client *client)
{
    struct buffer bytes = { 0 };
    for (int i = 0; i < 60; i++)
        buffer_string(&bytes, GET("/big"));
    buffer_string(&bytes, "BAD / HTTP/1.1\r\n\r\n");
    say_text(fixture, client, buffer_as_text(&bytes)); /* one read brings all of it */
    buffer_free(&bytes);
}

static void requests_of_one_read_are_not_answered_faster_than_the_answers_are_taken(void **state)
{
    struct http_fixture *fixture = given_server(&default_config);
    fixture->big_size = 100 * 1024;
    struct client client = given_client(fixture);
    say_sixty_big_and_a_bad_one(fixture, &client);
    struct connection *connection = first_connection(fixture);
    for (int i = 0; i < 100; i++) {
        turn(fixture);
        assert_true(connection->unsent_bytes < (256 + 101) * 1024);
    }
    assert_true(fixture->handled < 60);

    char codes[61 * 4];
    wait_until(fixture, answers(&client, codes, sizeof(codes)) == 61);
    assert_string_equal(codes + 59 * 4, "200 501");
    assert_int_equal(fixture->handled, 60);
    leave(&client);
    end(fixture);
}

static void what_waits_for_its_handler_goes_with_its_client(void **state)
{
    struct http_fixture *fixture = given_server(&default_config);
    fixture->big_size = 100 * 1024;
    struct client client = given_client(fixture);
    say_sixty_big_and_a_bad_one(fixture, &client);
    wait_until(fixture, first_connection(fixture)->unsent != NULL);
    assert_non_null(first_connection(fixture)->undelivered);
    leave(&client);
    wait_until(fixture, fixture->listener->connection_count == 0);
    assert_int_equal(fixture->listener->budget.used_bytes, 0);
    assert_int_equal(fixture->listener->requests, 0);
    end(fixture);
}

static void requests_beyond_the_pipeline_wait_to_be_read(void **state)
{
    struct http_fixture *fixture = given_server(&default_config);
    struct client client = given_client(fixture);
    struct buffer bytes = { 0 };
    for (int i = 0; i < 200; i++)
        buffer_printf(&bytes, GET("/later?%d"), i);
    say_text(fixture, &client, buffer_as_text(&bytes));
    turn_for(fixture, 50);
    assert_int_equal(fixture->handled, 64);
    for (unsigned i = 0; i < 200; i++) {
        wait_until(fixture, fixture->later_count > i);
        assert_true(fixture->later_count <= i + 64);
        answer_later(fixture, i);
    }
    wait_until(fixture, answers(&client, NULL, 0) == 200);
    assert_true(has(&client, "/later?199"));
    buffer_free(&bytes);
    leave(&client);
    end(fixture);
}

/* ---- clients that are gone ---- */

static void a_client_that_leaves_before_its_answer_is_counted(void **state)
{
    struct http_fixture *fixture = given_server(&default_config);
    struct client client = given_client(fixture);
    say(fixture, &client, GET("/later") GET("/later"));
    wait_until(fixture, fixture->later_count == 2);
    struct linger reset = { .l_onoff = 1, .l_linger = 0 };
    setsockopt(client.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    leave(&client);
    wait_until(fixture, fixture->listener->connection_count == 0);
    answer_later(fixture, 1);
    answer_later(fixture, 0);
    assert_true(metric_value(metric(fixture->metrics, METRIC_HTTP_CLIENT_GONE, "main")) == 2);
    assert_int_equal(fixture->listener->budget.used_bytes, 0);
    end(fixture);
}

static void a_client_that_ends_its_side_is_still_answered(void **state)
{
    struct http_fixture *fixture = given_server(&default_config);
    struct client client = given_client(fixture);
    say(fixture, &client, GET("/later"));
    shutdown(client.fd, SHUT_WR);
    wait_until(fixture, fixture->later_count == 1);
    turn_for(fixture, 20);
    answer_later(fixture, 0);
    wait_for(fixture, &client, "GET /later");
    wait_until(fixture, ended(&client));
    assert_true(metric_value(metric(fixture->metrics, METRIC_HTTP_CLIENT_GONE, "main")) == 1);
    leave(&client);
    end(fixture);
}

static void an_end_within_a_request_is_a_fault(void **state)
{
    struct http_fixture *fixture = given_server(&default_config);
    struct client client = given_client(fixture);
    say(fixture, &client, POST_HEAD "hel");
    shutdown(client.fd, SHUT_WR);
    wait_for(fixture, &client, "HTTP/1.1 400 Bad Request\r\n");
    wait_until(fixture, ended(&client));
    assert_true(fault_count(fixture, "incomplete") == 1);
    assert_int_equal(fixture->handled, 0);
    leave(&client);
    end(fixture);
}

static void a_refused_client_that_goes_on_sending_can_read_why(void **state)
{
    struct http_fixture *fixture = given_server(&default_config);
    struct client client = given_client(fixture);
    char junk[65536];
    memset(junk, 'j', sizeof(junk));
    say(fixture, &client, "POST /now HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n");
    for (int i = 0; i < 50; i++)
        say_text(fixture, &client, (struct text){ junk, sizeof(junk) });
    wait_for(fixture, &client, "HTTP/1.1 413 Content Too Large\r\n");
    wait_until(fixture, ended(&client));
    assert_false(client.reset);
    leave(&client);
    end(fixture);
}

/* ---- many ---- */

static void at_the_cap_the_longest_idle_connection_makes_room(void **state)
{
    struct http_config config = default_config;
    config.limits.connections = 3;
    struct http_fixture *fixture = given_server(&config);
    struct client busy = given_client(fixture);
    say(fixture, &busy, GET("/later"));
    wait_until(fixture, fixture->later_count == 1);
    struct client older = given_client(fixture);
    wait_until(fixture, fixture->listener->connection_count == 2);
    struct client newer = given_client(fixture);
    wait_until(fixture, fixture->listener->connection_count == 3);

    assert_others_are_served(fixture);
    wait_until(fixture, ended(&older));
    assert_false(ended(&newer));
    assert_true(fault_count(fixture, "evicted") == 1);
    answer_later(fixture, 0);
    wait_for(fixture, &busy, "GET /later");
    leave(&busy);
    leave(&older);
    leave(&newer);
    end(fixture);
}

static void at_the_cap_without_an_idle_one_new_clients_wait(void **state)
{
    struct http_config config = default_config;
    config.limits.connections = 2;
    struct http_fixture *fixture = given_server(&config);
    struct client first = given_client(fixture), second = given_client(fixture), third;
    say(fixture, &first, GET("/later"));
    say(fixture, &second, GET("/later"));
    wait_until(fixture, fixture->later_count == 2);
    third = given_client(fixture);
    say(fixture, &third, GET("/now"));
    turn_for(fixture, 100);
    assert_int_equal(fixture->listener->connection_count, 2);
    assert_int_equal(answers(&third, NULL, 0), 0);

    leave(&first);
    answer_later(fixture, 0);
    wait_for(fixture, &third, "GET /now");
    answer_later(fixture, 1);
    leave(&second);
    leave(&third);
    end(fixture);
}

static void without_descriptors_accepting_rests_and_recovers(void **state)
{
    struct http_fixture *fixture = given_server(&default_config);
    struct client served = given_client(fixture);
    say(fixture, &served, GET("/now"));
    wait_until(fixture, answers(&served, NULL, 0) == 1);
    forget_input(&served);

    struct client waiting = given_client(fixture); /* connected by the kernel, not accepted yet */
    struct rlimit before, none;
    getrlimit(RLIMIT_NOFILE, &before);
    none = (struct rlimit){ .rlim_cur = (rlim_t)waiting.fd + 1, .rlim_max = before.rlim_max };
    setrlimit(RLIMIT_NOFILE, &none);
    struct series *failures = metric(fixture->metrics, METRIC_HTTP_ACCEPT_FAILURES, "main");
    wait_until(fixture, metric_value(failures) > 0);
    turn_for(fixture, 250);
    assert_in_range(metric_value(failures), 2, 5); /* it rests rather than spins */
    say(fixture, &served, GET("/now"));
    wait_until(fixture, answers(&served, NULL, 0) == 1); /* who is connected is served */
    say(fixture, &waiting, GET("/now"));
    assert_int_equal(answers(&waiting, NULL, 0), 0);

    setrlimit(RLIMIT_NOFILE, &before);
    wait_for(fixture, &waiting, "GET /now");
    leave(&served);
    leave(&waiting);
    end(fixture);
}

static void the_file_limit_is_raised(void **state)
{
    struct rlimit before, low, after;
    getrlimit(RLIMIT_NOFILE, &before);
    low = (struct rlimit){ .rlim_cur = before.rlim_max / 2, .rlim_max = before.rlim_max };
    setrlimit(RLIMIT_NOFILE, &low);
    assert_int_equal(http_raise_file_limit(), before.rlim_max);
    getrlimit(RLIMIT_NOFILE, &after);
    assert_int_equal(after.rlim_cur, before.rlim_max);
    setrlimit(RLIMIT_NOFILE, &before);
}

/* ---- memory ---- */

static void beyond_the_memory_limit_requests_are_answered_503(void **state)
{
    struct http_config config = default_config;
    config.limits.memory_bytes = 10 * (MESSAGE_SIZE + EXCHANGE_SIZE);
    struct http_fixture *fixture = given_server(&config);
    struct client holding = given_client(fixture), late = given_client(fixture);
    for (int i = 0; i < 10; i++)
        say(fixture, &holding, GET("/later"));
    wait_until(fixture, fixture->later_count == 10);
    say(fixture, &late, GET("/now"));
    wait_for(fixture, &late, "HTTP/1.1 503 Service Unavailable\r\n");
    wait_until(fixture, ended(&late));
    assert_true(fault_count(fixture, "overloaded") == 1);
    for (unsigned i = 0; i < 10; i++)
        answer_later(fixture, i);
    wait_until(fixture, answers(&holding, NULL, 0) == 10);
    assert_others_are_served(fixture);
    assert_int_equal(fixture->listener->budget.used_bytes, 0);
    leave(&holding);
    leave(&late);
    end(fixture);
}

static void large_bodies_count_as_they_arrive(void **state)
{
    struct http_config config = default_config;
    config.limits.memory_bytes = 90000;
    struct http_fixture *fixture = given_server(&config);
    struct client client = given_client(fixture);
    char half[50000];
    memset(half, 'h', sizeof(half));
    say(fixture, &client, "POST /now HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
    turn_for(fixture, 20);
    assert_true(fixture->listener->budget.used_bytes <= MESSAGE_SIZE); /* an announcement costs nothing */
    say_text(fixture, &client, (struct text){ half, sizeof(half) });
    say_text(fixture, &client, (struct text){ half, sizeof(half) });
    wait_for(fixture, &client, "HTTP/1.1 503 Service Unavailable\r\n");
    leave(&client);
    end(fixture);
}

static void an_idle_connection_holds_no_request_memory(void **state)
{
    struct http_fixture *fixture = given_server(&default_config);
    struct client clients[50];
    for (int i = 0; i < 50; i++) {
        clients[i] = given_client(fixture);
        say(fixture, &clients[i], GET("/now"));
    }
    for (int i = 0; i < 50; i++)
        wait_until(fixture, answers(&clients[i], NULL, 0) == 1);
    assert_int_equal(fixture->listener->budget.used_bytes, 0);
    assert_true(sizeof(struct connection) < 1024);
    list_each(link, &fixture->listener->connections)
        assert_null(list_entry(link, struct connection, link)->input.data);
    for (int i = 0; i < 50; i++)
        leave(&clients[i]);
    end(fixture);
}

/* ---- held bodies ---- */

static void held_bodies_wait_and_other_requests_go_on(void **state)
{
    struct http_fixture *fixture = given_server(&default_config);
    struct client with_body = given_client(fixture), without = given_client(fixture);
    http_listener_hold_bodies(fixture->listener, true);
    say(fixture, &with_body, GET("/now") POST_HEAD "hello" GET("/now?behind"));
    say(fixture, &without, GET("/now"));
    wait_for(fixture, &without, "GET /now");
    wait_for(fixture, &with_body, "GET /now");
    turn_for(fixture, 20);
    assert_false(has(&with_body, "POST"));

    http_listener_hold_bodies(fixture->listener, false);
    assert_int_equal(fixture->handled, 2); /* never from inside the call */
    wait_for(fixture, &with_body, "POST /now 5:hello");
    wait_for(fixture, &with_body, "/now?behind");
    leave(&with_body);
    leave(&without);
    end(fixture);
}

static void a_held_body_does_not_time_out_and_gets_its_100_late(void **state)
{
    struct http_config config = default_config;
    config.timeouts.body_us = config.timeouts.header_us = SHORT_US;
    struct http_fixture *fixture = given_server(&config);
    struct client client = given_client(fixture);
    http_listener_hold_bodies(fixture->listener, true);
    say(fixture, &client, "POST /now HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    turn_for(fixture, 600);
    assert_int_equal(client.in.size, 0);
    assert_false(has(&client, "100"));
    http_listener_hold_bodies(fixture->listener, false);
    wait_for(fixture, &client, "100 Continue");
    say(fixture, &client, "hello");
    wait_for(fixture, &client, "POST /now 5:hello");
    leave(&client);
    end(fixture);
}

static void a_release_that_is_taken_back_lets_few_through(void **state)
{
    struct http_config config = default_config;
    config.limits.connections = 200;
    struct http_fixture *fixture = given_server(&config);
    struct client clients[150];
    http_listener_hold_bodies(fixture->listener, true);
    for (int i = 0; i < 150; i++) {
        clients[i] = given_client(fixture);
        say(fixture, &clients[i], POST_HEAD "hello");
    }
    turn_for(fixture, 50);
    assert_int_equal(fixture->handled, 0);
    fixture->hold_after_first = true; /* the handler holds again with the first body it gets */
    http_listener_hold_bodies(fixture->listener, false);
    turn_for(fixture, 50);
    assert_in_range(fixture->handled, 1, 64);

    fixture->hold_after_first = false;
    http_listener_hold_bodies(fixture->listener, false);
    wait_until(fixture, fixture->handled == 150);
    for (int i = 0; i < 150; i++)
        leave(&clients[i]);
    end(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slow_headers_are_answered_408),
        cmocka_unit_test(a_slow_body_is_answered_408),
        cmocka_unit_test(a_408_comes_behind_the_answers_before_it),
        cmocka_unit_test(a_silent_connection_is_closed_without_a_word),
        cmocka_unit_test(a_request_that_waits_for_its_answer_is_not_idle),
        cmocka_unit_test(a_client_that_never_reads_is_paused_and_then_closed),
        cmocka_unit_test(a_client_that_reads_a_little_now_and_then_is_closed_too),
        cmocka_unit_test(a_client_that_reads_late_gets_everything),
        cmocka_unit_test(requests_of_one_read_are_not_answered_faster_than_the_answers_are_taken),
        cmocka_unit_test(what_waits_for_its_handler_goes_with_its_client),
        cmocka_unit_test(requests_beyond_the_pipeline_wait_to_be_read),
        cmocka_unit_test(a_client_that_leaves_before_its_answer_is_counted),
        cmocka_unit_test(a_client_that_ends_its_side_is_still_answered),
        cmocka_unit_test(an_end_within_a_request_is_a_fault),
        cmocka_unit_test(a_refused_client_that_goes_on_sending_can_read_why),
        cmocka_unit_test(at_the_cap_the_longest_idle_connection_makes_room),
        cmocka_unit_test(at_the_cap_without_an_idle_one_new_clients_wait),
        cmocka_unit_test(without_descriptors_accepting_rests_and_recovers),
        cmocka_unit_test(the_file_limit_is_raised),
        cmocka_unit_test(beyond_the_memory_limit_requests_are_answered_503),
        cmocka_unit_test(large_bodies_count_as_they_arrive),
        cmocka_unit_test(an_idle_connection_holds_no_request_memory),
        cmocka_unit_test(held_bodies_wait_and_other_requests_go_on),
        cmocka_unit_test(a_held_body_does_not_time_out_and_gets_its_100_late),
        cmocka_unit_test(a_release_that_is_taken_back_lets_few_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
