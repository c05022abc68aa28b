/* Requests to a server on the same loop: what arrives, what comes back, and all the ways in which a server can fail us. */
#include "http_peer.h"
#include "io/curl/http_client.h"

#include <netdb.h>
#include <unistd.h>

struct fixture {
    uv_loop_t loop;
    uv_timer_t beat;
    struct peer peer;
    struct http_client *client;
    struct http_endpoint *endpoint;
    bool closed;
};

static struct http_endpoint *endpoint_at(const char *host, int port, uint64_t timeout_ms)
{
    static const char *const headers[] = { "Content-Type: application/x-protobuf", "Api-Key: secret" };
    char url[128];
    struct error err;
    snprintf(url, sizeof(url), "http://%s:%d/v1/traces", host, port);
    struct http_endpoint *endpoint = http_endpoint_new(
        &(struct http_endpoint_options){ .url = url, .headers = headers, .header_count = 2, .timeout_us = timeout_ms * 1000 }, &err);
    if (endpoint == NULL)
        fail_msg("%s", err.message);
    return endpoint;
}

static void given_peer(struct fixture *f)
{
    memset(f, 0, sizeof(*f));
    loop_open(&f->loop, &f->beat);
    peer_open(&f->peer, &f->loop);
    f->client = http_client_new(&f->loop);
    f->endpoint = endpoint_at("127.0.0.1", f->peer.port, 10000);
}

static void given_timeout(struct fixture *f, uint64_t timeout_ms)
{
    http_endpoint_free(f->endpoint);
    f->endpoint = endpoint_at("127.0.0.1", f->peer.port, timeout_ms);
}

static void on_client_closed(void *arg)
{
    *(bool *)arg = true;
}

static void close_all(struct fixture *f)
{
    if (f->client != NULL)
        http_client_close(f->client, on_client_closed, &f->closed);
    assert_true(run_until(&f->loop, 5000, f->closed));
    http_endpoint_free(f->endpoint);
    peer_close(&f->peer);
    loop_close_empty(&f->loop, &f->beat);
}

/* What came of one call. */
struct outcome {
    unsigned calls;
    int code;
    unsigned status;
    uint64_t retry_after_us;
    char reason[256];
    char body[64];
    size_t body_size;
};

static void on_outcome(void *arg, const struct http_answer *answer)
{
    struct outcome *outcome = arg;
    outcome->calls++;
    outcome->code = answer->code;
    outcome->status = answer->status;
    outcome->retry_after_us = answer->retry_after_us;
    snprintf(outcome->reason, sizeof(outcome->reason), "%s", answer->reason == NULL ? "" : answer->reason);
    snprintf(outcome->body, sizeof(outcome->body), "%.*s", TEXT_ARG(answer->body));
    outcome->body_size = answer->body.size;
}

static struct outcome answer_to(struct fixture *f, const char *body)
{
    struct outcome outcome = { 0 };
    http_client_post(f->client, f->endpoint, text_of(body), on_outcome, &outcome);
    assert_int_equal(outcome.calls, 0); /* never inside the call */
    assert_true(run_until(&f->loop, 15000, outcome.calls > 0));
    return outcome;
}

static void a_post_arrives_whole_and_its_answer_comes_back(void **state)
{
    struct fixture f;
    given_peer(&f);
    struct outcome outcome = answer_to(&f, "spans");
    assert_int_equal(outcome.code, 0);
    assert_int_equal(outcome.status, 200);
    assert_string_equal(outcome.body, "taken");

    const char *request = f.peer.request.data;
    assert_memory_equal(request, "POST /v1/traces HTTP/1.1\r\n", 26);
    assert_non_null(strstr(request, "\r\nContent-Type: application/x-protobuf\r\n"));
    assert_non_null(strstr(request, "\r\nApi-Key: secret\r\n"));
    assert_non_null(strstr(request, "\r\nUser-Agent: millrace/"));
    assert_non_null(strstr(request, "\r\n\r\nspans"));
    close_all(&f);
}

static void a_long_body_is_sent_without_asking_first(void **state)
{
    struct fixture f;
    struct buffer body = { 0 };
    buffer_repeat(&body, 'x', 3 << 20); /* libcurl would ask by "Expect: 100-continue" above 1 MiB */
    buffer_char(&body, '\0');
    given_peer(&f);
    assert_int_equal(answer_to(&f, body.data).status, 200);
    assert_null(strstr(f.peer.request.data, "Expect:"));
    assert_true(f.peer.request.size > 3 << 20);
    buffer_free(&body);
    close_all(&f);
}

static void the_next_post_takes_the_same_connection(void **state)
{
    struct fixture f;
    given_peer(&f);
    for (int i = 0; i < 3; i++)
        assert_int_equal(answer_to(&f, "spans").status, 200);
    assert_int_equal(f.peer.requests, 3);
    assert_int_equal(f.peer.accepted, 1);
    close_all(&f);
}

static void a_post_has_nothing_of_the_one_before_it(void **state)
{
    struct fixture f;
    struct buffer body = { 0 };
    buffer_repeat(&body, 'x', 300 * 1024);
    buffer_char(&body, '\0');
    given_peer(&f);
    f.peer.answer = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nlong";
    assert_string_equal(answer_to(&f, body.data).body, "long");
    f.peer.answer = "HTTP/1.1 204 No Content\r\n\r\n";
    struct outcome outcome = answer_to(&f, "spans");
    assert_int_equal(outcome.status, 204);
    assert_int_equal(outcome.retry_after_us, 0);
    assert_int_equal(outcome.body_size, 0);
    assert_string_equal(outcome.reason, "");
    assert_non_null(strstr(f.peer.request.data, "\r\nContent-Length: 5\r\n"));
    assert_non_null(strstr(f.peer.request.data, "\r\n\r\nspans"));
    assert_null(strstr(f.peer.request.data, "spansx"));
    buffer_free(&body);
    close_all(&f);
}

static void a_kept_connection_that_the_server_has_closed_is_replaced(void **state)
{
    struct fixture f;
    given_peer(&f);
    assert_int_equal(answer_to(&f, "spans").status, 200);
    peer_hang_up_all(&f.peer);
    assert_true(run_until(&f.loop, 2000, list_empty(&f.peer.connections)));
    assert_int_equal(answer_to(&f, "more").status, 200);
    assert_int_equal(f.peer.accepted, 2);
    close_all(&f);
}

static void many_posts_are_under_way_at_once(void **state)
{
    struct fixture f;
    struct outcome outcomes[40] = { 0 };
    given_peer(&f);
    for (int i = 0; i < 40; i++)
        http_client_post(f.client, f.endpoint, TEXT("spans"), on_outcome, &outcomes[i]);
    assert_true(run_until(&f.loop, 10000, f.peer.requests == 40));
    for (int i = 0; i < 40; i++)
        assert_true(run_until(&f.loop, 5000, outcomes[i].calls == 1 && outcomes[i].status == 200));
    close_all(&f);
}

static void an_error_status_is_an_answer_with_its_time_to_come_back(void **state)
{
    struct fixture f;
    given_peer(&f);
    f.peer.answer = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n";
    struct outcome outcome = answer_to(&f, "spans");
    assert_int_equal(outcome.code, 0);
    assert_int_equal(outcome.status, 429);
    assert_int_equal(outcome.retry_after_us, 7000000);
    f.peer.answer = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";
    assert_int_equal(answer_to(&f, "spans").retry_after_us, 0);
    close_all(&f);
}

static void the_time_to_come_back_may_be_a_date(void **state)
{
    struct fixture f;
    char date[64], answer[256];
    time_t then = time(NULL) + 100;
    strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", gmtime(&then));
    snprintf(answer, sizeof(answer), "HTTP/1.1 503 Service Unavailable\r\nRetry-After: %s\r\nContent-Length: 0\r\n\r\n", date);
    given_peer(&f);
    f.peer.answer = answer;
    struct outcome outcome = answer_to(&f, "spans");
    assert_in_range(outcome.retry_after_us, 80000000, 100000000);
    close_all(&f);
}

/* A collector's clock that is behind ours says "at once", and what no wait can be says nothing. */
static void a_time_to_come_back_that_is_over_is_none(void **state)
{
    static const char *const times[] = { "Sun, 06 Nov 1994 08:49:37 GMT", "-5", "soon", "" };
    struct fixture f;
    char answer[256];
    given_peer(&f);
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        snprintf(answer, sizeof(answer), "HTTP/1.1 429 Too Many Requests\r\nRetry-After: %s\r\nContent-Length: 0\r\n\r\n", times[i]);
        f.peer.answer = answer;
        assert_int_equal(answer_to(&f, "spans").retry_after_us, 0);
    }
    close_all(&f);
}

static void a_time_to_come_back_that_is_very_long_does_not_overflow(void **state)
{
    struct fixture f;
    given_peer(&f);
    f.peer.answer = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 18446744073710\r\nContent-Length: 0\r\n\r\n";
    assert_true(answer_to(&f, "spans").retry_after_us >= 3600000000);
    close_all(&f);
}

static void a_redirect_is_told_and_not_followed(void **state)
{
    struct fixture f;
    given_peer(&f);
    f.peer.answer = "HTTP/1.1 307 Temporary Redirect\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n";
    assert_int_equal(answer_to(&f, "spans").status, 307);
    assert_int_equal(f.peer.requests, 1);
    close_all(&f);
}

static void a_server_that_is_not_there_is_unavailable(void **state)
{
    struct fixture f;
    given_peer(&f);
    struct peer away;
    peer_bind(&away, &f.loop);
    http_endpoint_free(f.endpoint);
    f.endpoint = endpoint_at("127.0.0.1", away.port, 10000);
    struct outcome outcome = answer_to(&f, "spans");
    peer_close(&away);
    assert_int_equal(outcome.code, E_UNAVAILABLE);
    assert_int_equal(outcome.status, 0);
    assert_non_null(strstr(outcome.reason, "onnect"));
    close_all(&f);
}

static void a_server_that_says_nothing_is_given_up_when_its_time_is_over(void **state)
{
    struct fixture f;
    given_peer(&f);
    given_timeout(&f, 100);
    f.peer.answer = NULL;
    uint64_t began_us = clock_us();
    struct outcome outcome = answer_to(&f, "spans");
    assert_int_equal(outcome.code, E_UNAVAILABLE);
    assert_non_null(strstr(outcome.reason, "timed out"));
    assert_true(clock_us() - began_us >= 95000);
    close_all(&f);
}

static void an_answer_that_breaks_off_is_no_answer(void **state)
{
    struct fixture f;
    given_peer(&f);
    f.peer.answer = "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf";
    f.peer.closes = true;
    struct outcome outcome = answer_to(&f, "spans");
    assert_int_equal(outcome.code, E_UNAVAILABLE);
    assert_int_equal(outcome.status, 200);
    assert_string_not_equal(outcome.reason, "");
    close_all(&f);
}

static void a_reset_ends_the_call(void **state)
{
    struct fixture f;
    struct buffer body = { 0 };
    buffer_repeat(&body, 'x', 8 << 20); /* more than the socket takes: libcurl waits for room */
    buffer_char(&body, '\0');
    given_peer(&f);
    f.peer.resets = true;
    assert_int_equal(answer_to(&f, body.data).code, E_UNAVAILABLE);
    assert_int_equal(f.peer.accepted, 1);
    buffer_free(&body);
    close_all(&f);
}

static void what_is_not_http_is_no_answer(void **state)
{
    static const char *const garbage[] = { "\x16\x03\x01 no http\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n", "HTTP/9.9 200 OK\r\n\r\n",
                                           "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n" };
    for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
        struct fixture f;
        given_peer(&f);
        f.peer.answer = garbage[i];
        f.peer.closes = true;
        assert_int_equal(answer_to(&f, "spans").code, E_UNAVAILABLE);
        close_all(&f);
    }
}

static void an_answer_without_end_is_cut_off(void **state)
{
    struct fixture f;
    given_peer(&f);
    f.peer.answer = "HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n";
    f.peer.endless = true;
    struct outcome outcome = answer_to(&f, "spans");
    assert_int_equal(outcome.code, 0);
    assert_int_equal(outcome.status, 200);
    assert_int_equal(outcome.body_size, HTTP_ANSWER_MAX);
    assert_true(run_until(&f.loop, 2000, list_empty(&f.peer.connections))); /* its connection goes with it */
    close_all(&f);
}

static void a_cancelled_call_ends_at_once(void **state)
{
    struct fixture f;
    struct outcome outcome = { 0 };
    given_peer(&f);
    f.peer.answer = NULL;
    struct http_call *call = http_client_post(f.client, f.endpoint, TEXT("spans"), on_outcome, &outcome);
    assert_true(run_until(&f.loop, 5000, f.peer.requests == 1));
    http_call_cancel(call);
    assert_int_equal(outcome.calls, 1);
    assert_int_equal(outcome.code, E_CANCELED);
    assert_true(run_until(&f.loop, 2000, list_empty(&f.peer.connections))); /* its connection goes with it */
    close_all(&f);
    assert_int_equal(outcome.calls, 1);
}

static void closing_ends_what_is_under_way(void **state)
{
    struct fixture f;
    struct outcome waiting = { 0 }, fresh = { 0 };
    given_peer(&f);
    f.peer.answer = NULL;
    http_client_post(f.client, f.endpoint, TEXT("spans"), on_outcome, &waiting);
    assert_true(run_until(&f.loop, 5000, f.peer.requests == 1));
    http_client_post(f.client, f.endpoint, TEXT("spans"), on_outcome, &fresh);
    close_all(&f);
    assert_int_equal(waiting.calls, 1);
    assert_int_equal(waiting.code, E_CANCELED);
    assert_int_equal(fresh.calls, 1);
    assert_int_equal(fresh.code, E_CANCELED);
}

static void on_answer_close(void *arg, const struct http_answer *answer)
{
    struct fixture *f = arg;
    http_client_close(f->client, on_client_closed, &f->closed);
    f->client = NULL;
}

static void the_end_of_a_call_may_close_the_client(void **state)
{
    struct fixture f;
    struct outcome other = { 0 };
    given_peer(&f);
    http_client_post(f.client, f.endpoint, TEXT("spans"), on_answer_close, &f);
    http_client_post(f.client, f.endpoint, TEXT("spans"), on_outcome, &other);
    assert_true(run_until(&f.loop, 5000, f.closed));
    assert_int_equal(other.calls, 1);
    close_all(&f);
}

static void a_proxy_of_the_environment_is_not_asked_about_this_machine(void **state)
{
    struct fixture f;
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("all_proxy", "http://127.0.0.1:1", 1);
    given_peer(&f);
    assert_int_equal(answer_to(&f, "spans").status, 200);
    close_all(&f);
    unsetenv("http_proxy");
    unsetenv("all_proxy");
}

/* --- names: this program's own getaddrinfo stands before the C library's, for libcurl too --- */

#define SLOW_NAME    "slow.test"
#define SLOW_SECONDS 3

static bool name_server_hangs;

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
    if (name_server_hangs)
        sleep(SLOW_SECONDS);
    return EAI_AGAIN;
}

static void a_name_server_that_hangs_holds_nothing_up(void **state)
{
    struct fixture f;
    given_peer(&f);
    http_endpoint_free(f.endpoint);
    f.endpoint = endpoint_at(SLOW_NAME, f.peer.port, 50);
    name_server_hangs = true;
    uint64_t began_us = clock_us();
    assert_int_equal(answer_to(&f, "spans").code, E_UNAVAILABLE);
    close_all(&f);
    name_server_hangs = false;
    assert_true(clock_us() - began_us < SLOW_SECONDS * 1000000 / 2);
    sleep(SLOW_SECONDS); /* the thread that was left behind ends before the program does */
}

static void a_name_that_nobody_knows_is_unavailable(void **state)
{
    struct fixture f;
    given_peer(&f);
    http_endpoint_free(f.endpoint);
    f.endpoint = endpoint_at("nobody.test", f.peer.port, 10000);
    struct outcome outcome = answer_to(&f, "spans");
    assert_int_equal(outcome.code, E_UNAVAILABLE);
    assert_non_null(strstr(outcome.reason, "resolve"));
    close_all(&f);
}

/* --- endpoints --- */

static void an_endpoint_is_a_web_address_without_a_user(void **state)
{
    static const char *const wrong[] = { "",
                                         "collector:4318",
                                         "ftp://collector/",
                                         "file:///etc/passwd",
                                         "http://",
                                         "http://a b/",
                                         "https://me:secret@collector/",
                                         "http://me@collector/" };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct error err;
        assert_int_equal(http_endpoint_check(wrong[i], &err), E_INVALID);
        assert_null(http_endpoint_new(&(struct http_endpoint_options){ .url = wrong[i] }, &err));
        assert_null(strstr(err.message, "secret"));
        assert_non_null(strstr(err.message, "allowed"));
    }
    assert_int_equal(http_endpoint_check("https://collector.example:4318/v1/traces?key=secret", NULL), 0);
}

static void the_place_of_an_endpoint_shows_no_query(void **state)
{
    struct error err;
    struct http_endpoint *endpoint =
        http_endpoint_new(&(struct http_endpoint_options){ .url = "https://collector:4318/v1/traces?key=secret" }, &err);
    assert_string_equal(http_endpoint_place(endpoint), "https://collector:4318/v1/traces");
    http_endpoint_free(endpoint);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_post_arrives_whole_and_its_answer_comes_back),
        cmocka_unit_test(a_long_body_is_sent_without_asking_first),
        cmocka_unit_test(the_next_post_takes_the_same_connection),
        cmocka_unit_test(a_post_has_nothing_of_the_one_before_it),
        cmocka_unit_test(a_kept_connection_that_the_server_has_closed_is_replaced),
        cmocka_unit_test(many_posts_are_under_way_at_once),
        cmocka_unit_test(an_error_status_is_an_answer_with_its_time_to_come_back),
        cmocka_unit_test(the_time_to_come_back_may_be_a_date),
        cmocka_unit_test(a_time_to_come_back_that_is_over_is_none),
        cmocka_unit_test(a_time_to_come_back_that_is_very_long_does_not_overflow),
        cmocka_unit_test(a_redirect_is_told_and_not_followed),
        cmocka_unit_test(a_server_that_is_not_there_is_unavailable),
        cmocka_unit_test(a_server_that_says_nothing_is_given_up_when_its_time_is_over),
        cmocka_unit_test(an_answer_that_breaks_off_is_no_answer),
        cmocka_unit_test(a_reset_ends_the_call),
        cmocka_unit_test(what_is_not_http_is_no_answer),
        cmocka_unit_test(an_answer_without_end_is_cut_off),
        cmocka_unit_test(a_cancelled_call_ends_at_once),
        cmocka_unit_test(closing_ends_what_is_under_way),
        cmocka_unit_test(the_end_of_a_call_may_close_the_client),
        cmocka_unit_test(a_proxy_of_the_environment_is_not_asked_about_this_machine),
        cmocka_unit_test(a_name_server_that_hangs_holds_nothing_up),
        cmocka_unit_test(a_name_that_nobody_knows_is_unavailable),
        cmocka_unit_test(an_endpoint_is_a_web_address_without_a_user),
        cmocka_unit_test(the_place_of_an_endpoint_shows_no_query),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
