/* How io/http ends: every request that was read is answered, and the loop is empty afterwards. */
#include "http_fixture.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

static void a_drain_answers_what_was_read(void **state)
{
    struct http_fixture *fixture = given_server(&default_config);
    struct client client = given_client(fixture);
    say(fixture, &client, GET("/later?1") GET("/later?2"));
    wait_until(fixture, fixture->later_count == 2);
    http_server_drain(fixture->server, 5000, on_drained, fixture);
    turn_for(fixture, 50);
    assert_false(fixture->drained);

    answer_later(fixture, 0);
    answer_later(fixture, 1);
    wait_until(fixture, answers(&client, NULL, 0) == 2);
    const char *close = strstr(client.in.data, "Connection: close");
    assert_true(close > strstr(client.in.data, "/later?1")); /* with the last answer only */
    assert_null(strstr(close + 1, "Connection: close"));
    wait_until(fixture, ended(&client));
    leave(&client);
    wait_until(fixture, fixture->drained);
    assert_int_equal(fixture->cut, 0);
    end(fixture);
}

static void a_drain_closes_idle_connections_at_once(void **state)
{
    struct http_fixture *fixture = given_server(&default_config);
    struct client silent = given_client(fixture), spoke = given_client(fixture);
    say(fixture, &spoke, GET("/now"));
    wait_until(fixture, answers(&spoke, NULL, 0) == 1);
    wait_until(fixture, fixture->listener->connection_count == 2);
    uint64_t start_us = clock_us();
    http_server_drain(fixture->server, 5000, on_drained, fixture);
    assert_false(fixture->drained); /* never from inside the call */
    wait_until(fixture, fixture->drained);
    assert_true(clock_us() - start_us < 500000);
    assert_true(ended(&silent) && ended(&spoke));
    leave(&silent);
    leave(&spoke);
    end(fixture);
}

static void a_drain_looks_once_more_at_what_has_arrived(void **state)
{
    struct http_fixture *fixture = given_server(&default_config);
    struct client client = given_client(fixture);
    wait_until(fixture, fixture->listener->connection_count == 1);
    assert_true(send(client.fd, GET("/now"), strlen(GET("/now")), 0) > 0); /* in the kernel, not read yet */
    http_server_drain(fixture->server, 5000, on_drained, fixture);
    wait_for(fixture, &client, "GET /now");
    wait_until(fixture, ended(&client));
    leave(&client);
    wait_until(fixture, fixture->drained);
    end(fixture);
}

static void a_request_under_way_is_read_to_its_end(void **state)
{
    struct http_fixture *fixture = given_server(&default_config);
    struct client client = given_client(fixture);
    say(fixture, &client, "POST /now HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel");
    turn_for(fixture, 20);
    http_server_drain(fixture->server, 5000, on_drained, fixture);
    turn_for(fixture, 50);
    say(fixture, &client, "lo");
    wait_for(fixture, &client, "POST /now 5:hello");
    wait_until(fixture, ended(&client));
    leave(&client);
    wait_until(fixture, fixture->drained);
    assert_int_equal(fixture->cut, 0);
    end(fixture);
}

static void the_deadline_cuts_what_is_left(void **state)
{
    struct http_fixture *fixture = given_server(&default_config);
    struct client waiting = given_client(fixture), sending = given_client(fixture);
    say(fixture, &waiting, GET("/later"));
    say(fixture, &sending, "GET /no");
    wait_until(fixture, fixture->later_count == 1);
    http_server_drain(fixture->server, 300, on_drained, fixture);
    wait_until(fixture, fixture->drained);
    assert_int_equal(fixture->cut, 1);
    assert_true(ended(&waiting) && ended(&sending));
    answer_later(fixture, 0); /* its answer is still owed to the server */
    leave(&waiting);
    leave(&sending);
    end(fixture);
}

static void nobody_is_accepted_after_stop(void **state)
{
    struct http_fixture *fixture = given_server(&default_config);
    struct client client = given_client(fixture);
    say(fixture, &client, GET("/now"));
    wait_until(fixture, answers(&client, NULL, 0) == 1);
    char address[ADDRESS_TEXT_SIZE];
    snprintf(address, sizeof(address), "%s", http_listener_address(fixture->listener));
    http_server_stop_accepting(fixture->server);
    http_server_stop_accepting(fixture->server);

    int late = connect_to(address);
    usleep(10000);
    assert_true(send(late, "x", 1, MSG_NOSIGNAL) < 0);
    close(late);
    forget_input(&client);
    say(fixture, &client, GET("/now")); /* who is there stays */
    wait_until(fixture, answers(&client, NULL, 0) == 1);
    leave(&client);
    end(fixture);
}

static void a_close_waits_for_requests_that_a_handler_holds(void **state)
{
    struct http_fixture *fixture = given_server(&default_config);
    struct client client = given_client(fixture);
    say(fixture, &client, GET("/later") GET("/later"));
    wait_until(fixture, fixture->later_count == 2);
    http_server_close(fixture->server, on_server_closed, fixture);
    turn_for(fixture, 50);
    assert_false(fixture->closed);
    assert_true(ended(&client));

    answer_later(fixture, 1);
    answer_later(fixture, 0);
    assert_false(fixture->closed); /* never from inside the call */
    wait_until(fixture, fixture->closed);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&fixture->loop), 0);
    leave(&client);
    metrics_free(fixture->metrics);
    mem_free(fixture);
}

static void a_close_ends_a_drain_under_way(void **state)
{
    struct http_fixture *fixture = given_server(&default_config);
    struct client client = given_client(fixture);
    say(fixture, &client, GET("/later"));
    wait_until(fixture, fixture->later_count == 1);
    http_server_drain(fixture->server, 60000, on_drained, fixture);
    turn_for(fixture, 20);
    answer_later(fixture, 0);
    http_server_close(fixture->server, on_server_closed, fixture);
    wait_until(fixture, fixture->closed);
    assert_true(fixture->drained);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&fixture->loop), 0);
    leave(&client);
    metrics_free(fixture->metrics);
    mem_free(fixture);
}

static void a_server_without_listeners_closes(void **state)
{
    end(given_loop());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_drain_answers_what_was_read),
        cmocka_unit_test(a_drain_closes_idle_connections_at_once),
        cmocka_unit_test(a_drain_looks_once_more_at_what_has_arrived),
        cmocka_unit_test(a_request_under_way_is_read_to_its_end),
        cmocka_unit_test(the_deadline_cuts_what_is_left),
        cmocka_unit_test(nobody_is_accepted_after_stop),
        cmocka_unit_test(a_close_waits_for_requests_that_a_handler_holds),
        cmocka_unit_test(a_close_ends_a_drain_under_way),
        cmocka_unit_test(a_server_without_listeners_closes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
