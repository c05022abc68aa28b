/* io/http as its clients and its handlers see it while nothing is wrong. */
#include "http_fixture.h"

#define GET(path)  "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define POST(path) "POST " path " HTTP/1.1\r\nHost: a\r\n"

static void answers_are_counted_by_route_and_status(void **state)
{
    struct http_fixture *fixture = given_server(&default_config);
    struct client client = given_client(fixture);
    say(fixture, &client, GET("/now") GET("/now"));
    wait_until(fixture, answers(&client, NULL, 0) == 2);
    assert_true(metric_value(metric(fixture->metrics, METRIC_HTTP_REQUESTS, "main", "/test", "200")) == 2);
    assert_true(metric_value(metric(fixture->metrics, METRIC_HTTP_DURATION, "main")) == 2);
    assert_true(metric_value(metric(fixture->metrics, METRIC_HTTP_CONNECTIONS, "main")) == 1);
    assert_true(metric_value(metric(fixture->metrics, METRIC_HTTP_CONNECTIONS_ACCEPTED, "main")) == 1);
    leave(&client);
    end(fixture);
}

static void an_answer_says_what_a_client_needs(void **state)
{
    struct http_fixture *fixture = given_server(&default_config);
    struct client client = given_client(fixture);
    say(fixture, &client, POST("/now?a=1") "Content-Length: 5\r\nX-Request-Id: my-id\r\n\r\nhello");
    wait_for(fixture, &client, "POST /now?a=1 5:hello");
    assert_true(has(&client, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 21\r\nDate: "));
    assert_true(has(&client, " GMT\r\nX-Request-Id: my-id\r\n"));
    assert_false(has(&client, "Connection:"));
    leave(&client);
    end(fixture);
}

static void an_id_that_is_not_fit_is_replaced(void **state)
{
    struct http_fixture *fixture = given_server(&default_config);
    struct client client = given_client(fixture);
    say(fixture, &client, "GET /now HTTP/1.1\r\nHost: a\r\nX-Request-Id: two words\r\n\r\n");
    wait_until(fixture, answers(&client, NULL, 0) == 1);
    assert_false(has(&client, "two words"));
    assert_true(has(&client, "X-Request-Id: "));
    leave(&client);
    end(fixture);
}

static void head_gets_the_head_of_the_answer_only(void **state)
{
    struct http_fixture *fixture = given_server(&default_config);
    struct client client = given_client(fixture);
    say(fixture, &client, "HEAD /now HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_for(fixture, &client, "Content-Length: 12\r\n");
    wait_for(fixture, &client, "\r\n\r\n");
    turn_for(fixture, 10);
    look(&client);
    assert_int_equal(memcmp(client.in.data + client.in.size - 4, "\r\n\r\n", 4), 0);
    leave(&client);
    end(fixture);
}

static void deferred_answers_go_out_in_the_order_of_the_requests(void **state)
{
    struct http_fixture *fixture = given_server(&default_config);
    struct client client = given_client(fixture);
    say(fixture, &client, GET("/later?0") GET("/later?1") GET("/now?2") GET("/later?3"));
    wait_until(fixture, fixture->later_count == 3);

    answer_later(fixture, 2);
    answer_later(fixture, 1);
    turn_for(fixture, 20);
    assert_int_equal(answers(&client, NULL, 0), 0); /* the first is missing */

    answer_later(fixture, 0);
    wait_until(fixture, answers(&client, NULL, 0) == 4);
    const char *first = strstr(client.in.data, "/later?0"), *second = strstr(client.in.data, "/later?1");
    const char *third = strstr(client.in.data, "/now?2"), *fourth = strstr(client.in.data, "/later?3");
    assert_true(first < second && second < third && third < fourth);
    leave(&client);
    end(fixture);
}

/* A connection reads in one piece what was written in one: seen from outside as one recv of all answers. */
static void answers_of_a_turn_are_one_write(void **state)
{
    struct http_fixture *fixture = given_server(&default_config);
    struct client client = given_client(fixture);
    say(fixture, &client, GET("/later") GET("/later") GET("/later"));
    wait_until(fixture, fixture->later_count == 3);
    for (unsigned i = 0; i < 3; i++)
        answer_later(fixture, i);
    struct connection *connection = list_entry(list_first(&fixture->listener->connections), struct connection, link);
    assert_int_equal(connection->exchange_count, 3); /* nothing is written within the calls */
    turn(fixture);
    assert_int_equal(connection->exchange_count, 0);
    char bytes[4096];
    ssize_t size = recv(client.fd, bytes, sizeof(bytes), 0);
    assert_true(size > 0);
    buffer_append(&client.in, bytes, (size_t)size);
    assert_int_equal(answers(&client, NULL, 0), 3);
    leave(&client);
    end(fixture);
}

static void a_body_may_come_in_any_pieces(void **state)
{
    static const size_t sizes[] = { 1, 300, 5000, 16384, 16385, 70000, 100000 };
    struct http_fixture *fixture = given_server(&default_config);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct client client = given_client(fixture);
        struct buffer bytes = { 0 };
        char seen[64];
        buffer_printf(&bytes, POST("/now") "Content-Length: %zu\r\n\r\n", sizes[i]);
        memset(buffer_reserve(&bytes, sizes[i]), 'b', sizes[i]);
        buffer_grow(&bytes, sizes[i]);
        for (size_t at = 0; at < bytes.size; at += 3001)
            say_text(fixture, &client, (struct text){ bytes.data + at, bytes.size - at < 3001 ? bytes.size - at : 3001 });
        snprintf(seen, sizeof(seen), "POST /now %zu:b", sizes[i]);
        wait_for(fixture, &client, seen);
        buffer_free(&bytes);
        leave(&client);
    }
    end(fixture);
}

static void chunks_are_joined(void **state)
{
    struct http_fixture *fixture = given_server(&default_config);
    struct client client = given_client(fixture);
    say(fixture, &client, POST("/now") "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nT: 1\r\n\r\n" GET("/now"));
    wait_for(fixture, &client, "POST /now 5:hello");
    wait_for(fixture, &client, "GET /now 0:");
    leave(&client);
    end(fixture);
}

static void who_waits_for_a_100_gets_one(void **state)
{
    struct http_fixture *fixture = given_server(&default_config);
    struct client client = given_client(fixture);
    say(fixture, &client, POST("/now") "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    wait_for(fixture, &client, "HTTP/1.1 100 Continue\r\n\r\n");
    assert_int_equal(fixture->handled, 0);
    say(fixture, &client, "hello");
    wait_for(fixture, &client, "POST /now 5:hello");
    leave(&client);
    end(fixture);
}

static void a_100_waits_for_the_answers_before_it(void **state)
{
    struct http_fixture *fixture = given_server(&default_config);
    struct client client = given_client(fixture);
    say(fixture, &client, GET("/later") POST("/now") "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    wait_until(fixture, fixture->later_count == 1);
    turn_for(fixture, 20);
    assert_false(has(&client, "100 Continue"));
    answer_later(fixture, 0);
    wait_for(fixture, &client, "100 Continue");
    assert_true(has(&client, "GET /later"));
    say(fixture, &client, "hello");
    wait_for(fixture, &client, "POST /now 5:hello");
    leave(&client);
    end(fixture);
}

static void who_sends_the_body_at_once_gets_no_100(void **state)
{
    struct http_fixture *fixture = given_server(&default_config);
    struct client client = given_client(fixture);
    say(fixture, &client, POST("/now") "Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello");
    wait_for(fixture, &client, "POST /now 5:hello");
    assert_false(has(&client, "100 Continue"));
    leave(&client);
    end(fixture);
}

/* ---- what a handler can ask ---- */

static struct http_request *given_request(struct http_fixture *fixture, struct client *client, const char *bytes)
{
    say(fixture, client, bytes);
    wait_until(fixture, fixture->later_count == 1);
    return fixture->later[0];
}

static void a_handler_reads_headers_and_query(void **state)
{
    struct http_fixture *fixture = given_server(&default_config);
    struct client client = given_client(fixture);
    struct http_request *request = given_request(
        fixture, &client,
        "GET /later?key=a%20b+c%2B&empty=&bare&k%65y2=2&broken=%4&key=again HTTP/1.1\r\nHost: a\r\nACCEPT: x/y \r\nAccept: second\r\n\r\n");
    assert_true(text_is(http_request_header(request, "accept"), "x/y"));
    assert_null(http_request_header(request, "accep").data);
    assert_true(text_is(http_query(request, "key"), "a b c+"));
    assert_true(text_is(http_query(request, "empty"), ""));
    assert_true(text_is(http_query(request, "bare"), ""));
    assert_true(text_is(http_query(request, "key2"), "2"));
    assert_true(text_is(http_query(request, "broken"), "%4"));
    assert_null(http_query(request, "ke").data);
    assert_true(text_is(http_percent_decode(request, TEXT("a%2Fb+c")), "a/b+c"));
    assert_null(http_percent_decode(request, TEXT("a%2")).data);
    assert_true(http_request_client(request)->sa_family == AF_INET);
    answer_later(fixture, 0);
    leave(&client);
    end(fixture);
}

static void absolute_form_names_the_host(void **state)
{
    struct http_fixture *fixture = given_server(&default_config);
    struct client client = given_client(fixture);
    struct http_request *request = given_request(fixture, &client, "GET HTTP://b.example:81/later?x HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_true(text_is(request->path, "/later"));
    assert_true(text_is(request->query, "x"));
    assert_true(text_is(http_request_header(request, "host"), "b.example:81"));
    answer_later(fixture, 0);
    leave(&client);
    end(fixture);
}

static void more_headers_than_usual_are_kept(void **state)
{
    struct http_fixture *fixture = given_server(&default_config);
    struct client client = given_client(fixture);
    struct buffer bytes = { 0 };
    buffer_string(&bytes, "GET /later HTTP/1.1\r\nHost: a\r\n");
    for (int i = 0; i < 19; i++)
        buffer_printf(&bytes, "Name-%d: value of %d\r\n", i, i);
    buffer_string(&bytes, "\r\n");
    buffer_char(&bytes, 0);
    struct http_request *request = given_request(fixture, &client, bytes.data);
    assert_true(text_is(http_request_header(request, "name-0"), "value of 0"));
    assert_true(text_is(http_request_header(request, "name-18"), "value of 18"));
    answer_later(fixture, 0);
    buffer_free(&bytes);
    leave(&client);
    end(fixture);
}

static void memory_of_a_request_is_aligned_and_its_own(void **state)
{
    struct http_fixture *fixture = given_server(&default_config);
    struct client client = given_client(fixture);
    struct http_request *request = given_request(fixture, &client, GET("/later"));
    char *small = http_request_alloc(request, 3), *large = http_request_alloc(request, 10000), *next = http_request_alloc(request, 8);
    assert_int_equal((uintptr_t)small % 16, 0);
    assert_int_equal((uintptr_t)large % 16, 0);
    memset(small, 1, 3);
    memset(large, 2, 10000);
    memset(next, 3, 8);
    assert_true(small[2] == 1 && large[0] == 2 && large[9999] == 2);
    assert_true(text_is(request->path, "/later"));
    answer_later(fixture, 0);
    leave(&client);
    end(fixture);
}

static void a_line_break_in_a_value_does_not_begin_a_header(void **state)
{
    struct http_fixture *fixture = given_server(&default_config);
    struct client client = given_client(fixture);
    struct http_request *request = given_request(fixture, &client, GET("/later"));
    struct http_header header = { "Retry-After", TEXT("1\r\nEvil: yes") };
    http_reply(request, &(struct http_reply){ .status = 429, .body = TEXT("{}"), .headers = &header, .header_count = 1 });
    wait_for(fixture, &client, "HTTP/1.1 429 Too Many Requests\r\n");
    wait_for(fixture, &client, "Retry-After: 1  Evil: yes\r\n");
    leave(&client);
    end(fixture);
}

static void an_error_is_a_sentence(void **state)
{
    struct http_fixture *fixture = given_server(&default_config);
    struct client client = given_client(fixture);
    http_reply_error(given_request(fixture, &client, GET("/later")), 404, TEXT("no \"such\" path"));
    wait_for(fixture, &client, "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\n");
    wait_for(fixture, &client, "{\"error\":\"no \\\"such\\\" path\"}");
    leave(&client);
    end(fixture);
}

static void no_content_has_no_length(void **state)
{
    struct http_fixture *fixture = given_server(&default_config);
    struct client client = given_client(fixture);
    http_reply(given_request(fixture, &client, GET("/later") GET("/now")), &(struct http_reply){ .status = 204, .body = TEXT("x") });
    wait_for(fixture, &client, "GET /now 0:");
    assert_true(has(&client, "HTTP/1.1 204 No Content\r\nDate: "));
    leave(&client);
    end(fixture);
}

/* ---- listeners ---- */

static void several_listeners_share_a_server(void **state)
{
    struct http_fixture *fixture = given_server(&default_config);
    struct http_config config = default_config;
    struct http_listener *second;
    struct error err;
    config.address = "[::1]:0";
    assert_int_equal(http_server_listen(fixture->server, "second", &config, handle, fixture, &second, &err), 0);

    struct client client = given_client(fixture), other = { .fd = connect_to(http_listener_address(second)) };
    say(fixture, &client, GET("/now?1"));
    say(fixture, &other, GET("/now?2"));
    wait_for(fixture, &client, "/now?1");
    wait_for(fixture, &other, "/now?2");
    leave(&client);
    leave(&other);
    end(fixture);
}

static void an_address_in_use_is_refused_with_a_sentence(void **state)
{
    struct http_fixture *fixture = given_server(&default_config);
    struct http_config config = default_config;
    struct error err;
    config.address = http_listener_address(fixture->listener);
    assert_int_equal(http_server_listen(fixture->server, "second", &config, handle, fixture, NULL, &err), E_UNAVAILABLE);
    assert_non_null(strstr(err.message, "Address already in use"));
    assert_non_null(strstr(err.message, "listener second on 127.0.0.1:"));
    end(fixture);
}

static void a_unix_socket_is_served_and_removed(void **state)
{
    struct http_config config = default_config;
    char address[64];
    snprintf(address, sizeof(address), "unix:/tmp/millrace-test-%d.sock", getpid());
    config.address = address;
    struct http_fixture *fixture = given_server(&config);
    struct client client = given_client(fixture);
    struct http_request *request = given_request(fixture, &client, GET("/later"));
    assert_int_equal(http_request_client(request)->sa_family, AF_UNIX);
    answer_later(fixture, 0);
    wait_for(fixture, &client, "GET /later");
    leave(&client);
    end(fixture);
    assert_int_not_equal(access(address + 5, F_OK), 0);
}

static void only_a_stale_unix_socket_is_taken_over(void **state)
{
    struct http_config config = default_config;
    char address[64];
    snprintf(address, sizeof(address), "unix:/tmp/millrace-test-%d.sock", getpid());
    config.address = address;
    struct sockaddr_un name = { .sun_family = AF_UNIX };
    snprintf(name.sun_path, sizeof(name.sun_path), "%s", address + 5);
    int stale = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(stale, (struct sockaddr *)&name, sizeof(name)), 0);
    close(stale); /* the file stays, nobody listens */

    struct http_fixture *fixture = given_server(&config);
    struct error err;
    assert_int_equal(http_server_listen(fixture->server, "second", &config, handle, fixture, NULL, &err), E_UNAVAILABLE);
    assert_non_null(strstr(err.message, "another process listens"));
    assert_others_are_served(fixture);
    end(fixture);
}

static void a_file_that_is_no_socket_stays(void **state)
{
    struct http_fixture *fixture = given_loop();
    struct http_config config = default_config;
    char address[64];
    snprintf(address, sizeof(address), "unix:/tmp/millrace-test-%d.data", getpid());
    config.address = address;
    FILE *file = fopen(address + 5, "w");
    fclose(file);
    struct error err;
    assert_int_equal(http_server_listen(fixture->server, "main", &config, handle, fixture, NULL, &err), E_INVALID);
    assert_int_equal(access(address + 5, F_OK), 0);
    unlink(address + 5);
    end(fixture);
}

static void the_section_shows_each_listener(void **state)
{
    struct http_fixture *fixture = given_server(&default_config);
    struct client client = given_client(fixture);
    say(fixture, &client, GET("/later"));
    wait_until(fixture, fixture->later_count == 1);
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    struct stats_section *section = stats_find(&fixture->stats, "http");
    yyjson_mut_val *listener = yyjson_mut_arr_get_first(section->fill(section->arg, doc));
    assert_string_equal(yyjson_mut_get_str(yyjson_mut_obj_get(listener, "state")), "accepting");
    assert_int_equal(yyjson_mut_get_uint(yyjson_mut_obj_get(listener, "connections")), 1);
    assert_int_equal(yyjson_mut_get_uint(yyjson_mut_obj_get(listener, "requests_open")), 1);
    yyjson_mut_doc_free(doc);
    answer_later(fixture, 0);
    leave(&client);
    end(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_counted_by_route_and_status),
        cmocka_unit_test(an_answer_says_what_a_client_needs),
        cmocka_unit_test(an_id_that_is_not_fit_is_replaced),
        cmocka_unit_test(head_gets_the_head_of_the_answer_only),
        cmocka_unit_test(deferred_answers_go_out_in_the_order_of_the_requests),
        cmocka_unit_test(answers_of_a_turn_are_one_write),
        cmocka_unit_test(a_body_may_come_in_any_pieces),
        cmocka_unit_test(chunks_are_joined),
        cmocka_unit_test(who_waits_for_a_100_gets_one),
        cmocka_unit_test(a_100_waits_for_the_answers_before_it),
        cmocka_unit_test(who_sends_the_body_at_once_gets_no_100),
        cmocka_unit_test(a_handler_reads_headers_and_query),
        cmocka_unit_test(absolute_form_names_the_host),
        cmocka_unit_test(more_headers_than_usual_are_kept),
        cmocka_unit_test(memory_of_a_request_is_aligned_and_its_own),
        cmocka_unit_test(a_line_break_in_a_value_does_not_begin_a_header),
        cmocka_unit_test(an_error_is_a_sentence),
        cmocka_unit_test(no_content_has_no_length),
        cmocka_unit_test(several_listeners_share_a_server),
        cmocka_unit_test(an_address_in_use_is_refused_with_a_sentence),
        cmocka_unit_test(a_unix_socket_is_served_and_removed),
        cmocka_unit_test(only_a_stale_unix_socket_is_taken_over),
        cmocka_unit_test(a_file_that_is_no_socket_stays),
        cmocka_unit_test(the_section_shows_each_listener),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
