/* Who may run an action that changes something: real requests to a real listener. */
#include "api/action.h"
#include "http_fixture.h"
#include "tracer_fixture.h"

#include <stdlib.h>

struct admin_fixture {
    struct http_fixture *http;
    struct http_listener *listener;
    struct tracing tracing;
    struct admin_config config;
    struct api api;
    struct route route;
    unsigned runs;
};

static void run(struct route *route, struct http_request *request, const struct route_match *match)
{
    struct admin_fixture *fixture = list_entry(route, struct admin_fixture, route);
    fixture->runs++;
    http_reply(request, &(struct http_reply){ .status = 200, .body = TEXT("{}") });
}

static const struct action changing = { .name = "test.change", .changes = true, .run = run };
static const struct action harmless = { .name = "test.count", .run = run };
static const struct action looking = { .name = "test.look", .tells = true, .run = run };

static void on_request(void *arg, struct http_request *request)
{
    struct admin_fixture *fixture = arg;
    request->route = &fixture->route.counted;
    route_run(&fixture->route, request, NULL);
}

static struct admin_fixture given_action(const struct action *action)
{
    static const char *const here[] = { "127.0.0.1/32", "::1" };
    struct admin_fixture fixture = { .http = given_loop(), .config.from = { (void *)here, 2 } };
    fixture.route = (struct route){ .counted.name = "/change", .action = action };
    return fixture;
}

/* What a request to this host with these headers is answered. */
static int status_at(struct admin_fixture *fixture, const char *host, const char *headers)
{
    if (fixture->tracing.tracer == NULL)
        given_tracer(&fixture->tracing, fixture->http->metrics);
    fixture->api.tracer = fixture->tracing.tracer;
    fixture->api.admin = &fixture->config;
    fixture->route.api = &fixture->api;
    struct http_listener **listener = &fixture->http->listener;
    struct error err;
    if (*listener == NULL)
        assert_int_equal(http_server_listen(fixture->http->server, "main", &fixture->http->config, on_request, fixture, listener, &err), 0);

    struct client client = given_client(fixture->http);
    struct buffer request = { 0 };
    buffer_printf(&request, "POST /change HTTP/1.1\r\nHost: %s\r\n%s\r\n", host, headers);
    say_text(fixture->http, &client, buffer_as_text(&request));
    wait_until(fixture->http, answers(&client, NULL, 0) == 1);
    int status = atoi(client.in.data + strlen("HTTP/1.1 "));
    buffer_free(&request);
    leave(&client);
    return status;
}

static void end_admin(struct admin_fixture *fixture)
{
    tracer_free(fixture->tracing.tracer);
    end(fixture->http);
}

static int status_of(struct admin_fixture *fixture, const char *headers)
{
    return status_at(fixture, "localhost:8080", headers);
}

static void from_nowhere(struct admin_fixture *fixture)
{
    fixture->config.from.count = 0;
}

static void this_machine_may(void **state)
{
    struct admin_fixture fixture = given_action(&changing);
    assert_int_equal(status_of(&fixture, ""), 200);
    assert_int_equal(fixture.runs, 1);
    end_admin(&fixture);
}

static void others_may_not_and_nothing_is_run_for_them(void **state)
{
    struct admin_fixture fixture = given_action(&changing);
    from_nowhere(&fixture);
    assert_int_equal(status_of(&fixture, ""), 403);
    assert_int_equal(status_of(&fixture, "Authorization: Bearer guess\r\n"), 403); /* there is no token that it could be */
    assert_int_equal(fixture.runs, 0);
    end_admin(&fixture);
}

static void everybody_may_do_what_changes_nothing(void **state)
{
    struct admin_fixture fixture = given_action(&harmless);
    from_nowhere(&fixture);
    assert_int_equal(status_of(&fixture, ""), 200);
    end_admin(&fixture);
}

static void the_token_opens_from_everywhere(void **state)
{
    struct admin_fixture fixture = given_action(&changing);
    from_nowhere(&fixture);
    fixture.config.token = "open-sesame";
    assert_int_equal(status_of(&fixture, "Authorization: Bearer open-sesame\r\n"), 200);
    assert_int_equal(status_of(&fixture, "Authorization: bearer open-sesame\r\nX-Forwarded-For: 192.0.2.1\r\n"), 200);
    assert_int_equal(status_of(&fixture, "Authorization: Bearer   open-sesame\r\n"), 200);
    assert_int_equal(fixture.runs, 3);

    assert_int_equal(status_of(&fixture, "Authorization: Bearer open-sesam\r\n"), 403);
    assert_int_equal(status_of(&fixture, "Authorization: Bearer open-sesamE\r\n"), 403);
    assert_int_equal(status_of(&fixture, "Authorization: Bearer \r\n"), 403);
    assert_int_equal(status_of(&fixture, "Authorization: Basic open-sesame\r\n"), 403);
    assert_int_equal(status_of(&fixture, ""), 403);
    assert_int_equal(fixture.runs, 3);
    end_admin(&fixture);
}

static void a_wrong_token_is_refused_from_here_too(void **state)
{
    struct admin_fixture fixture = given_action(&changing);
    fixture.config.token = "open-sesame";
    assert_int_equal(status_of(&fixture, "Authorization: Bearer guess\r\n"), 403);
    end_admin(&fixture);
}

static void an_address_is_no_proof_behind_a_proxy(void **state)
{
    struct admin_fixture fixture = given_action(&changing);
    assert_int_equal(status_of(&fixture, "X-Forwarded-For: 127.0.0.1\r\n"), 403);
    assert_int_equal(status_of(&fixture, "Forwarded: for=127.0.0.1\r\n"), 403);
    assert_int_equal(status_of(&fixture, "Via: 1.1 edge\r\n"), 403);
    assert_int_equal(status_of(&fixture, "X-Real-IP: 127.0.0.1\r\n"), 403);
    assert_int_equal(status_of(&fixture, "X-Forwarded-Proto: https\r\n"), 403);
    assert_int_equal(fixture.runs, 0);
    end_admin(&fixture);
}

static void a_page_of_elsewhere_may_not_use_the_browser_that_runs_here(void **state)
{
    struct admin_fixture fixture = given_action(&changing);
    assert_int_equal(status_of(&fixture, "Origin: https://example.org\r\n"), 403);
    assert_int_equal(status_of(&fixture, "Origin: null\r\n"), 403);
    assert_int_equal(status_of(&fixture, "Origin: http://localhost:8081\r\n"), 403);
    assert_int_equal(fixture.runs, 0);
    assert_int_equal(status_of(&fixture, "Origin: http://localhost:8080\r\n"), 200);
    end_admin(&fixture);
}

static void a_browser_that_tells_of_another_site_is_refused(void **state)
{
    struct admin_fixture fixture = given_action(&changing);
    assert_int_equal(status_of(&fixture, "Sec-Fetch-Site: cross-site\r\n"), 403);
    assert_int_equal(status_of(&fixture, "Sec-Fetch-Site: same-site\r\n"), 403);
    assert_int_equal(fixture.runs, 0);
    assert_int_equal(status_of(&fixture, "Sec-Fetch-Site: same-origin\r\n"), 200);
    assert_int_equal(status_of(&fixture, "Sec-Fetch-Site: none\r\n"), 200);
    end_admin(&fixture);
}

static void everybody_may_look_by_an_address_but_no_page_of_a_name_that_leads_here_now(void **state)
{
    static const char *const names[] = { "millrace.example" };
    struct admin_fixture fixture = given_action(&looking);
    from_nowhere(&fixture);
    assert_int_equal(status_at(&fixture, "127.0.0.1:8080", ""), 200);
    assert_int_equal(status_at(&fixture, "[::1]:8080", ""), 200);
    assert_int_equal(status_at(&fixture, "LocalHost", ""), 200);
    assert_int_equal(fixture.runs, 3);
    assert_int_equal(status_at(&fixture, "example.org:8080", ""), 403);
    assert_int_equal(status_at(&fixture, "millrace.example", ""), 403);
    assert_int_equal(status_at(&fixture, "", ""), 403);
    assert_int_equal(fixture.runs, 3);

    fixture.config.hosts = (struct config_list){ (void *)names, 1 };
    assert_int_equal(status_at(&fixture, "Millrace.example:8080", ""), 200);
    assert_int_equal(status_at(&fixture, "www.millrace.example:8080", ""), 403);
    fixture.config.token = "open-sesame";
    assert_int_equal(status_at(&fixture, "example.org", "Authorization: Bearer open-sesame\r\n"), 200);
    assert_int_equal(status_at(&fixture, "localhost", "Authorization: Bearer guess\r\n"), 403);
    end_admin(&fixture);
}

static void what_tells_nothing_of_the_inside_answers_to_any_name(void **state)
{
    struct admin_fixture fixture = given_action(&harmless);
    assert_int_equal(status_at(&fixture, "millrace:8080", ""), 200);
    end_admin(&fixture);
}

static void a_change_asked_of_a_name_needs_that_name_listed(void **state)
{
    static const char *const names[] = { "millrace.example" };
    struct admin_fixture fixture = given_action(&changing);
    assert_int_equal(status_at(&fixture, "millrace.example", ""), 403); /* a page's GET has no Origin */
    fixture.config.hosts = (struct config_list){ (void *)names, 1 };
    assert_int_equal(status_at(&fixture, "millrace.example", ""), 200);
    assert_int_equal(status_at(&fixture, "millrace.example", "Origin: http://millrace.example\r\n"), 200);
    assert_int_equal(status_at(&fixture, "millrace.example", "Origin: http://example.org\r\n"), 403);
    end_admin(&fixture);
}

static void a_name_that_leads_here_now_is_no_page_of_ours(void **state)
{
    struct admin_fixture fixture = given_action(&changing);
    assert_int_equal(status_at(&fixture, "example.org:8080", "Origin: http://example.org:8080\r\n"), 403);
    assert_int_equal(status_at(&fixture, "localhost.example.org", "Origin: http://localhost.example.org\r\n"), 403);
    assert_int_equal(status_at(&fixture, "127.0.0.1.example.org", "Origin: http://127.0.0.1.example.org\r\n"), 403);
    assert_int_equal(fixture.runs, 0);
    assert_int_equal(status_at(&fixture, "127.0.0.1:8080", "Origin: http://127.0.0.1:8080\r\n"), 200);
    assert_int_equal(status_at(&fixture, "127.0.0.1", "Origin: http://127.0.0.1\r\n"), 200);
    assert_int_equal(status_at(&fixture, "[::1]:8080", "Origin: http://[::1]:8080\r\n"), 200);
    end_admin(&fixture);
}

static void whoever_may_open_the_unix_socket_may(void **state)
{
    struct admin_fixture fixture = given_action(&changing);
    char address[64];
    snprintf(address, sizeof(address), "unix:/tmp/millrace-admin-%d.sock", getpid());
    fixture.http->config.address = address;
    assert_int_equal(status_of(&fixture, ""), 200);
    assert_int_equal(status_of(&fixture, "X-Forwarded-For: 127.0.0.1\r\n"), 403);
    assert_int_equal(status_of(&fixture, "Origin: https://example.org\r\n"), 403);
    assert_int_equal(status_at(&fixture, "any", ""), 200);
    from_nowhere(&fixture);
    assert_int_equal(status_of(&fixture, ""), 403);
    end_admin(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(this_machine_may),
        cmocka_unit_test(others_may_not_and_nothing_is_run_for_them),
        cmocka_unit_test(everybody_may_do_what_changes_nothing),
        cmocka_unit_test(everybody_may_look_by_an_address_but_no_page_of_a_name_that_leads_here_now),
        cmocka_unit_test(what_tells_nothing_of_the_inside_answers_to_any_name),
        cmocka_unit_test(a_change_asked_of_a_name_needs_that_name_listed),
        cmocka_unit_test(the_token_opens_from_everywhere),
        cmocka_unit_test(a_wrong_token_is_refused_from_here_too),
        cmocka_unit_test(an_address_is_no_proof_behind_a_proxy),
        cmocka_unit_test(a_page_of_elsewhere_may_not_use_the_browser_that_runs_here),
        cmocka_unit_test(a_browser_that_tells_of_another_site_is_refused),
        cmocka_unit_test(a_name_that_leads_here_now_is_no_page_of_ours),
        cmocka_unit_test(whoever_may_open_the_unix_socket_may),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
