/* /debug/profile with a sampler that does as the test says: absent, refusing, mute. The real one is in tests/system. */
#include "api/action.h"
#include "http_fixture.h"
#include "io/profiler/gperftools.h"
#include "tracer_fixture.h"

#include <fcntl.h>
#include <stdlib.h>

/* ---- the sampler: these come before the library's own ---- */

static struct {
    bool absent, refuses, mute;
    int fd;
    unsigned running;
} sampler;

bool gperftools_is_there(void)
{
    return !sampler.absent;
}

bool gperftools_start(const char *path)
{
    if (sampler.refuses)
        return false;
    sampler.running++;
    sampler.fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_true(sampler.fd >= 0);
    return true;
}

void gperftools_stop(void)
{
    ssize_t written = sampler.mute ? 0 : write(sampler.fd, "profile", 7);
    (void)written;
    close(sampler.fd);
    sampler.running--;
}

/* ---- */

struct profile_fixture {
    struct http_fixture *http;
    struct tracing tracing;
    struct profiler profiler;
    struct admin_config admin;
    struct api api;
    struct route route;
    bool closed;
};

static void on_request(void *arg, struct http_request *request)
{
    struct profile_fixture *fixture = arg;
    request->route = &fixture->route.counted;
    fixture->http->handled++;
    route_run(&fixture->route, request, NULL);
}

static struct profile_fixture *given_profiler(void)
{
    static const char *const here[] = { "127.0.0.1/32" };
    struct profile_fixture *fixture = mem_zalloc(sizeof(*fixture));
    struct error err;
    memset(&sampler, 0, sizeof(sampler));
    fixture->http = given_loop();
    profiler_init(&fixture->profiler, &fixture->http->loop);
    fixture->admin.from = (struct config_list){ (void *)here, 1 };
    given_tracer(&fixture->tracing, fixture->http->metrics);
    fixture->api = (struct api){ .admin = &fixture->admin, .profiler = &fixture->profiler, .tracer = fixture->tracing.tracer };
    fixture->route = (struct route){ .counted.name = "/profile", .action = action_find("node.profile"), .api = &fixture->api };
    assert_int_equal(
        http_server_listen(fixture->http->server, "main", &fixture->http->config, on_request, fixture, &fixture->http->listener, &err), 0);
    return fixture;
}

static void on_profiler_closed(void *arg)
{
    struct profile_fixture *fixture = arg;
    fixture->closed = true;
}

static void end_profiler(struct profile_fixture *fixture)
{
    if (!fixture->profiler.closing)
        profiler_close(&fixture->profiler, on_profiler_closed, fixture);
    wait_until(fixture->http, fixture->closed);
    assert_int_equal(sampler.running, 0);
    tracer_free(fixture->tracing.tracer);
    end(fixture->http);
    mem_free(fixture);
}

static struct client given_question(struct profile_fixture *fixture, const char *query)
{
    struct client client = given_client(fixture->http);
    struct buffer request = { 0 };
    unsigned handled = fixture->http->handled;
    buffer_printf(&request, "GET /profile%s HTTP/1.1\r\nHost: localhost\r\n\r\n", query);
    say_text(fixture->http, &client, buffer_as_text(&request));
    wait_until(fixture->http, fixture->http->handled > handled);
    buffer_free(&request);
    return client;
}

static void assert_answer(struct profile_fixture *fixture, struct client *client, int status, const char *part)
{
    wait_until(fixture->http, answers(client, NULL, 0) == 1);
    assert_int_equal(atoi(client->in.data + strlen("HTTP/1.1 ")), status);
    assert_non_null(memmem(client->in.data, client->in.size, part, strlen(part)));
    leave(client);
}

static void a_profile_is_told_when_its_time_is_over(void **state)
{
    struct profile_fixture *fixture = given_profiler();
    struct client client = given_question(fixture, "?seconds=1");
    assert_int_equal(sampler.running, 1);
    assert_answer(fixture, &client, 200, "\r\n\r\nprofile");
    end_profiler(fixture);
}

static void without_gperftools_it_is_not_implemented(void **state)
{
    struct profile_fixture *fixture = given_profiler();
    sampler.absent = true;
    struct client client = given_question(fixture, "?seconds=1");
    assert_answer(fixture, &client, 501, "built without gperftools");
    end_profiler(fixture);
}

static void a_sampler_that_does_not_start_is_told(void **state)
{
    struct profile_fixture *fixture = given_profiler();
    sampler.refuses = true;
    struct client client = given_question(fixture, "?seconds=1");
    assert_answer(fixture, &client, 503, "the sampler did not start");
    end_profiler(fixture);
}

static void a_sampler_that_writes_nothing_is_told(void **state)
{
    struct profile_fixture *fixture = given_profiler();
    sampler.mute = true;
    struct client client = given_question(fixture, "?seconds=1");
    assert_answer(fixture, &client, 503, "has written nothing");
    end_profiler(fixture);
}

static void a_second_one_is_told_when_to_come_back(void **state)
{
    struct profile_fixture *fixture = given_profiler();
    struct client first = given_question(fixture, "");
    struct client second = given_question(fixture, "?seconds=1");
    assert_answer(fixture, &second, 409, "Retry-After: 30\r\n");
    profiler_close(&fixture->profiler, on_profiler_closed, fixture);
    assert_answer(fixture, &first, 200, "profile");
    end_profiler(fixture);
}

static void a_client_that_leaves_ends_its_profile(void **state)
{
    struct profile_fixture *fixture = given_profiler();
    struct client client = given_question(fixture, "?seconds=60");
    leave(&client);
    wait_until(fixture->http, profiler_seconds_left(&fixture->profiler) == 0);
    end_profiler(fixture);
}

static void a_closing_profiler_begins_none(void **state)
{
    struct profile_fixture *fixture = given_profiler();
    profiler_close(&fixture->profiler, on_profiler_closed, fixture);
    struct client client = given_question(fixture, "?seconds=1");
    assert_answer(fixture, &client, 503, "shuts down");
    end_profiler(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_profile_is_told_when_its_time_is_over), cmocka_unit_test(without_gperftools_it_is_not_implemented),
        cmocka_unit_test(a_sampler_that_does_not_start_is_told),   cmocka_unit_test(a_sampler_that_writes_nothing_is_told),
        cmocka_unit_test(a_second_one_is_told_when_to_come_back),  cmocka_unit_test(a_client_that_leaves_ends_its_profile),
        cmocka_unit_test(a_closing_profiler_begins_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
