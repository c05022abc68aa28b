/* A real redis-server, a real loop: commands, replies, scripts, who we are there. */
#include "redis_fixture.h"

static void a_command_gets_its_reply_once_and_later(void **state)
{
    struct fixture f;
    given_connection(&f, *state);
    assert_string_equal(answer_to(&f, "SET greeting hello").text, "OK");
    struct outcome outcome = answer_to(&f, "GET greeting");
    assert_int_equal(outcome.status, 0);
    assert_int_equal(outcome.type, REDIS_TEXT);
    assert_string_equal(outcome.text, "hello");
    assert_int_equal(outcome.calls, 1);
    close_all(&f);
}

static void each_kind_of_reply_is_told_apart(void **state)
{
    struct fixture f;
    given_connection(&f, *state);
    assert_int_equal(answer_to(&f, "GET nothing").type, REDIS_NIL);
    assert_int_equal(answer_to(&f, "DBSIZE").type, REDIS_INTEGER);
    assert_int_equal(answer_to(&f, "INCRBY counted 41").integer, 41);
    assert_int_equal(answer_to(&f, "KEYS counted").count, 1);
    struct outcome fault = answer_to(&f, "INCR greeting extra");
    assert_int_equal(fault.status, 0);
    assert_int_equal(fault.type, REDIS_ERROR);
    assert_non_null(strstr(fault.text, "wrong number of arguments"));
    close_all(&f);
}

static void words_may_hold_any_bytes(void **state)
{
    struct fixture f;
    struct outcome outcome = { 0 };
    given_connection(&f, *state);
    const struct text words[] = { TEXT("STRLEN"), { "a\0\r\n$b", 6 } };
    const struct text set[] = { TEXT("SET"), words[1], { "\r\n\0 ", 4 } };
    assert_int_equal(redis_command(f.redis, set, 3, on_outcome, &outcome, NULL), 0);
    assert_int_equal(redis_command(f.redis, words, 2, on_outcome, &outcome, NULL), 0);
    assert_true(run_until(&f.loop, 2000, outcome.calls == 2));
    assert_int_equal(outcome.integer, 4);
    close_all(&f);
}

struct sequence {
    int64_t last;
    unsigned calls;
};

static void on_next(void *arg, int status, const struct redis_reply *reply)
{
    struct sequence *sequence = arg;
    assert_int_equal(status, 0);
    assert_int_equal(redis_reply_integer(reply), sequence->last + 1);
    sequence->last++;
    sequence->calls++;
}

static void many_commands_of_a_turn_are_answered_in_order(void **state)
{
    struct fixture f;
    struct sequence sequence = { 0 };
    const struct text words[] = { TEXT("INCR"), TEXT("sequence") };
    given_connection(&f, *state);
    for (int i = 0; i < REDIS_COMMANDS_MAX; i++)
        assert_int_equal(redis_command(f.redis, words, 2, on_next, &sequence, NULL), 0);

    struct error err;
    assert_int_equal(redis_command(f.redis, words, 2, on_next, &sequence, &err), E_UNAVAILABLE);
    assert_non_null(strstr(err.message, "1000"));
    assert_true(run_until(&f.loop, 5000, sequence.calls == REDIS_COMMANDS_MAX));
    assert_int_equal(redis_commands_under_way(f.redis), 0);
    close_all(&f);
}

static void a_script_that_redis_does_not_know_runs_all_the_same(void **state)
{
    struct redis_server *server = *state;
    struct fixture f;
    struct redis_script script;
    struct outcome outcome = { 0 };
    redis_script_init(&script, "return redis.call('INCRBY', KEYS[1], ARGV[1])");
    given_connection(&f, server);
    for (unsigned i = 1; i <= 3; i++) {
        server_say(server, "SCRIPT FLUSH");
        assert_int_equal(redis_run(f.redis, &script, TEXT("scripted"), &TEXT("5"), 1, on_outcome, &outcome, NULL), 0);
        assert_true(run_until(&f.loop, 2000, outcome.calls == i));
        assert_int_equal(outcome.status, 0);
        assert_int_equal(outcome.integer, (int64_t)i * 5);
    }
    close_all(&f);
}

static void a_known_script_is_called_by_its_digest(void **state)
{
    struct redis_server *server = *state;
    struct fixture f;
    struct redis_script script;
    struct outcome outcome = { 0 };
    redis_script_init(&script, "return 7");
    given_connection(&f, server);
    server_say(server, "CONFIG RESETSTAT");
    for (unsigned i = 1; i <= 5; i++) {
        redis_run(f.redis, &script, TEXT("any"), NULL, 0, on_outcome, &outcome, NULL);
        assert_true(run_until(&f.loop, 2000, outcome.calls == i));
    }
    assert_int_equal(server_number(server, "INFO commandstats", "cmdstat_evalsha:calls="), 5);
    assert_int_equal(server_number(server, "INFO commandstats", "cmdstat_eval:calls="), 1);
    close_all(&f);
}

static void a_name_is_looked_up_and_each_of_its_addresses_tried(void **state)
{
    struct redis_server *server = *state;
    struct fixture f;
    given_url(&f, "localhost:%d", server->port); /* ::1 too, where nobody listens */
    connect_redis(&f);
    assert_true(becomes_ready(&f, 2000));
    close_all(&f);
}

static void a_name_that_does_not_exist_says_so(void **state)
{
    struct fixture f;
    char fault[256];
    given_url(&f, "redis://no-such-host.invalid");
    connect_redis(&f);
    assert_true(run_until(&f.loop, 20000, strcmp(last_fault(&f, fault), "not connected yet") != 0));
    assert_false(redis_ready(f.redis));
    close_all(&f);
}

static void a_unix_socket_serves(void **state)
{
    struct redis_server *server = *state;
    struct fixture f;
    given_url(&f, "unix://%s?db=3", server->socket);
    connect_redis(&f);
    assert_true(becomes_ready(&f, 2000));
    assert_string_equal(answer_to(&f, "PING").text, "PONG");
    close_all(&f);
}

static void the_database_of_the_url_is_used(void **state)
{
    struct redis_server *server = *state;
    struct fixture f;
    given_url(&f, "redis://127.0.0.1:%d/5", server->port);
    connect_redis(&f);
    assert_true(becomes_ready(&f, 2000));
    assert_string_equal(answer_to(&f, "SET only-here 1").text, "OK");
    assert_int_equal(server_number(server, "INFO keyspace", "db5:keys="), 1);
    close_all(&f);
}

static void a_database_that_is_not_there_is_said(void **state)
{
    struct redis_server *server = *state;
    struct fixture f;
    char fault[256];
    given_url(&f, "redis://127.0.0.1:%d/999", server->port);
    connect_redis(&f);
    assert_true(run_until(&f.loop, 2000, strstr(last_fault(&f, fault), "refuses database 999") != NULL));
    assert_false(redis_ready(f.redis));
    close_all(&f);
}

static struct redis_server given_protected_server(void)
{
    struct redis_server protected = { .options = { "--requirepass", "open%sesame" } };
    protected.password = "open%sesame";
    server_start(&protected);
    server_say(&protected, "ACL SETUSER ann on >s3cret ~* +@all");
    return protected;
}

static void user_and_password_of_the_url_open_the_door(void **state)
{
    struct redis_server protected = given_protected_server();
    struct fixture f;
    given_url(&f, "redis://ann:s3cret@127.0.0.1:%d", protected.port);
    connect_redis(&f);
    assert_true(becomes_ready(&f, 2000));
    assert_string_equal(answer_to(&f, "ACL WHOAMI").text, "ann");
    close_all(&f);
    server_end(&protected);
}

static void the_configured_password_comes_before_the_urls(void **state)
{
    struct redis_server protected = given_protected_server();
    struct fixture f;
    given_url(&f, "redis://:wrong@127.0.0.1:%d", protected.port);
    f.config.password = "open%sesame";
    connect_redis(&f);
    assert_true(becomes_ready(&f, 2000));
    close_all(&f);
    server_end(&protected);
}

static void a_wrong_password_is_said_without_showing_it(void **state)
{
    struct redis_server protected = given_protected_server();
    struct fixture f;
    char fault[256];
    given_url(&f, "redis://ann:hunter2@127.0.0.1:%d", protected.port);
    connect_redis(&f);
    assert_true(run_until(&f.loop, 2000, strstr(last_fault(&f, fault), "WRONGPASS") != NULL));
    assert_null(strstr(fault, "hunter2"));
    assert_false(redis_ready(f.redis));
    struct outcome outcome = { 0 };
    assert_int_equal(send_words(&f, "PING", &outcome), E_UNAVAILABLE);
    close_all(&f);
    server_end(&protected);
}

static void a_password_that_is_mended_is_found_within_a_second(void **state)
{
    struct redis_server protected = given_protected_server();
    struct fixture f;
    given_url(&f, "redis://ann:new@127.0.0.1:%d", protected.port);
    connect_redis(&f);
    run_for(&f.loop, 1500);
    assert_false(redis_ready(f.redis));
    server_say(&protected, "ACL SETUSER ann >new");
    assert_true(becomes_ready(&f, 1000));
    close_all(&f);
    server_end(&protected);
}

static void a_missing_password_is_said(void **state)
{
    struct redis_server protected = given_protected_server();
    struct fixture f;
    char fault[256];
    given_url(&f, "redis://127.0.0.1:%d", protected.port);
    connect_redis(&f);
    assert_true(run_until(&f.loop, 2000, strstr(last_fault(&f, fault), "NOAUTH") != NULL));
    close_all(&f);
    server_end(&protected);
}

static void a_wrong_url_is_refused_at_the_start(void **state)
{
    struct fixture f;
    struct error err;
    given_url(&f, "http://127.0.0.1");
    assert_int_equal(try_connect(&f, &err), E_INVALID);
    assert_non_null(strstr(err.message, "unknown scheme"));
    close_all(&f);
}

static void closing_ends_what_is_under_way_once(void **state)
{
    struct fixture f;
    struct outcome outcomes[3] = { 0 };
    given_connection(&f, *state);
    for (int i = 0; i < 3; i++)
        assert_int_equal(send_words(&f, "PING", &outcomes[i]), 0);
    close_all(&f);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(outcomes[i].calls, 1);
        assert_int_equal(outcomes[i].status, E_CANCELED);
    }
}

struct closer {
    struct fixture *f;
    unsigned calls;
};

static void close_in_callback(void *arg, int status, const struct redis_reply *reply)
{
    struct closer *closer = arg;
    (void)status;
    (void)reply;
    if (closer->calls++ > 0)
        return;
    redis_close(closer->f->redis, on_redis_closed, &closer->f->closed);
}

static void closing_from_within_a_reply_is_allowed(void **state)
{
    struct fixture f;
    struct closer closer = { &f, 0 };
    given_connection(&f, *state);
    for (int i = 0; i < 3; i++)
        assert_int_equal(redis_command(f.redis, &TEXT("PING"), 1, close_in_callback, &closer, NULL), 0);
    assert_true(run_until(&f.loop, 2000, f.closed));
    assert_int_equal(closer.calls, 3);
    f.redis = NULL;
    close_all(&f);
}

static void closing_is_allowed_in_every_state(void **state)
{
    struct redis_server *server = *state;
    for (int turns = 0; turns < 12; turns++) {
        struct fixture f;
        given_url(&f, "redis://localhost:%d/1", server->port);
        connect_redis(&f);
        for (int i = 0; i < turns; i++)
            uv_run(&f.loop, UV_RUN_NOWAIT);
        close_all(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_gets_its_reply_once_and_later),
        cmocka_unit_test(each_kind_of_reply_is_told_apart),
        cmocka_unit_test(words_may_hold_any_bytes),
        cmocka_unit_test(many_commands_of_a_turn_are_answered_in_order),
        cmocka_unit_test(a_script_that_redis_does_not_know_runs_all_the_same),
        cmocka_unit_test(a_known_script_is_called_by_its_digest),
        cmocka_unit_test(a_name_is_looked_up_and_each_of_its_addresses_tried),
        cmocka_unit_test(a_name_that_does_not_exist_says_so),
        cmocka_unit_test(a_unix_socket_serves),
        cmocka_unit_test(the_database_of_the_url_is_used),
        cmocka_unit_test(a_database_that_is_not_there_is_said),
        cmocka_unit_test(user_and_password_of_the_url_open_the_door),
        cmocka_unit_test(the_configured_password_comes_before_the_urls),
        cmocka_unit_test(a_wrong_password_is_said_without_showing_it),
        cmocka_unit_test(a_password_that_is_mended_is_found_within_a_second),
        cmocka_unit_test(a_missing_password_is_said),
        cmocka_unit_test(a_wrong_url_is_refused_at_the_start),
        cmocka_unit_test(closing_ends_what_is_under_way_once),
        cmocka_unit_test(closing_from_within_a_reply_is_allowed),
        cmocka_unit_test(closing_is_allowed_in_every_state),
    };
    return cmocka_run_group_tests(tests, start_server, end_server);
}
