#include "core/router.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static char submit, submit_post, topic, partition, newest;

static int given_router(void **state)
{
    *state = router_new();
    return 0;
}

static int free_router(void **state)
{
    router_free(*state);
    return 0;
}

static void given_route(struct router *router, const char *spec, void *target)
{
    struct error err = { 0 };
    if (router_add(router, spec, target, &err) != 0)
        fail_msg("%s", err.message);
}

static void assert_refused(struct router *router, const char *spec, const char *message)
{
    struct error err;
    assert_int_equal(router_add(router, spec, &submit, &err), E_INVALID);
    assert_string_equal(err.message, message);
}

static void assert_found(const struct router *router, enum http_method method, const char *path, void *target)
{
    struct route_match match;
    assert_int_equal(router_match(router, method, text_of(path), &match), ROUTE_FOUND);
    assert_ptr_equal(match.target, target);
}

static void assert_no_path(const struct router *router, const char *path)
{
    struct route_match match;
    assert_int_equal(router_match(router, METHOD_GET, text_of(path), &match), ROUTE_NO_PATH);
    assert_null(match.target);
    assert_null(match.allow.data);
    assert_int_equal(match.parameter_count, 0);
}

static void assert_allows(const struct router *router, enum http_method method, const char *path, const char *allow)
{
    struct route_match match;
    assert_int_equal(router_match(router, method, text_of(path), &match), ROUTE_NO_METHOD);
    assert_null(match.target);
    assert_true(text_is(match.allow, allow));
}

static void a_route_serves_each_method_it_names(void **state)
{
    given_route(*state, "GET|POST /submit", &submit);
    assert_found(*state, METHOD_GET, "/submit", &submit);
    assert_found(*state, METHOD_POST, "/submit", &submit);
}

static void methods_of_one_path_may_have_targets_of_their_own(void **state)
{
    given_route(*state, "GET /submit", &submit);
    given_route(*state, "POST /submit", &submit_post);
    assert_found(*state, METHOD_GET, "/submit", &submit);
    assert_found(*state, METHOD_POST, "/submit", &submit_post);
}

static void head_is_served_by_get_unless_it_has_its_own_route(void **state)
{
    given_route(*state, "GET /a", &submit);
    given_route(*state, "GET /b", &submit);
    given_route(*state, "HEAD /b", &topic);
    given_route(*state, "POST /c", &submit);
    assert_found(*state, METHOD_HEAD, "/a", &submit);
    assert_found(*state, METHOD_HEAD, "/b", &topic);
    assert_allows(*state, METHOD_HEAD, "/c", "POST");
}

static void head_does_not_stand_for_a_get_that_does_more_than_answer(void **state)
{
    struct error err;
    given_route(*state, "POST /submit", &submit_post);
    assert_int_equal(router_add_unsafe(*state, "GET /submit", &submit, &err), 0);
    assert_int_equal(router_add_unsafe(*state, "GET|HEAD /named", &submit, &err), 0);
    assert_found(*state, METHOD_GET, "/submit", &submit);
    assert_allows(*state, METHOD_HEAD, "/submit", "GET, POST");
    assert_found(*state, METHOD_HEAD, "/named", &submit);
}

static void a_wrong_method_is_told_what_the_path_takes(void **state)
{
    given_route(*state, "POST|GET /submit", &submit);
    given_route(*state, "DELETE /topics/{topic}", &topic);
    assert_allows(*state, METHOD_PUT, "/submit", "GET, HEAD, POST");
    assert_allows(*state, METHOD_OTHER, "/submit", "GET, HEAD, POST");
    assert_allows(*state, METHOD_GET, "/topics/jobs", "DELETE");
    given_route(*state, "PUT /submit", &submit);
    assert_allows(*state, METHOD_DELETE, "/submit", "GET, HEAD, POST, PUT");
}

static void all_methods_fit_into_allow(void **state)
{
    given_route(*state, "GET|HEAD|POST|PUT|DELETE|PATCH|OPTIONS /all", &submit);
    assert_allows(*state, METHOD_OTHER, "/all", "GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS");
}

static void a_path_is_compared_byte_by_byte(void **state)
{
    given_route(*state, "GET /submit", &submit);
    given_route(*state, "GET /", &topic);
    static const char *const others[] = { "/submit/", "/Submit", "/submi", "/submits", "//submit", "submit", "", "/%73ubmit", "*" };
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_no_path(*state, others[i]);
    assert_found(*state, METHOD_GET, "/", &topic);
}

static void a_trailing_slash_is_a_path_of_its_own(void **state)
{
    given_route(*state, "GET /submit", &submit);
    given_route(*state, "GET /submit/", &topic);
    assert_found(*state, METHOD_GET, "/submit", &submit);
    assert_found(*state, METHOD_GET, "/submit/", &topic);
}

static void parameters_are_slices_of_the_path(void **state)
{
    given_route(*state, "GET /topics/{topic}/partitions/{partition}", &partition);
    const char *path = "/topics/a%20b/partitions/12";
    struct route_match match;
    assert_int_equal(router_match(*state, METHOD_GET, text_of(path), &match), ROUTE_FOUND);
    assert_int_equal(match.parameter_count, 2);
    assert_ptr_equal(route_match_parameter(&match, "topic").data, path + 8);
    assert_true(text_is(route_match_parameter(&match, "topic"), "a%20b"));
    assert_true(text_is(route_match_parameter(&match, "partition"), "12"));
    assert_null(route_match_parameter(&match, "other").data);
}

static void a_parameter_is_one_whole_segment_that_is_not_empty(void **state)
{
    given_route(*state, "GET /topics/{topic}", &topic);
    static const char *const others[] = { "/topics/", "/topics", "/topics/a/b", "/topics/a/", "/topic/a", "/topics//a" };
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_no_path(*state, others[i]);
}

static void the_most_specific_path_decides_whatever_the_order_of_adding(void **state)
{
    static const struct {
        const char *spec;
        char *target;
    } routes[] = { { "GET /{a}/{b}", &submit }, { "GET /topics/{topic}", &topic }, { "GET /{any}/newest", &partition } };
    static const int orders[][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
    for (int i = 0; i < 6; i++) {
        struct router *router = router_new();
        for (int k = 0; k < 3; k++)
            given_route(router, routes[orders[i][k]].spec, routes[orders[i][k]].target);
        assert_found(router, METHOD_GET, "/topics/newest", &topic);
        assert_found(router, METHOD_GET, "/topics/jobs", &topic);
        assert_found(router, METHOD_GET, "/groups/newest", &partition);
        assert_found(router, METHOD_GET, "/groups/jobs", &submit);
        given_route(router, "GET /topics/newest", &newest);
        assert_found(router, METHOD_GET, "/topics/newest", &newest);
        router_free(router);
    }
}

static void a_specific_path_that_fails_later_does_not_hide_a_general_one(void **state)
{
    given_route(*state, "GET /a/{x}/end", &topic);
    given_route(*state, "GET /{y}/b/other", &submit);
    assert_found(*state, METHOD_GET, "/a/b/other", &submit);
}

static void the_most_specific_path_decides_alone(void **state)
{
    given_route(*state, "POST /topics/newest", &newest);
    given_route(*state, "GET /topics/{topic}", &topic);
    assert_allows(*state, METHOD_GET, "/topics/newest", "POST");
}

static void a_match_forgets_the_one_before(void **state)
{
    given_route(*state, "GET /topics/{topic}", &topic);
    given_route(*state, "GET /submit", &submit);
    struct route_match match;
    router_match(*state, METHOD_GET, TEXT("/topics/jobs"), &match);
    router_match(*state, METHOD_GET, TEXT("/submit"), &match);
    assert_int_equal(match.parameter_count, 0);
    assert_null(route_match_parameter(&match, "topic").data);
}

static void a_bad_route_is_refused_with_a_sentence(void **state)
{
    struct router *router = *state;
    assert_refused(router, "GET", "route: found \"GET\"; allowed: methods, a space, a path, as in \"GET|POST /submit\"");
    assert_refused(router, "GRAB /a", "method: found \"GRAB\"; allowed: GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS");
    assert_refused(router, "get /a", "method: found \"get\"; allowed: GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS");
    assert_refused(router, "GET| /a", "method: found \"\"; allowed: GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS");
    assert_refused(router, "GET|GET /a", "method: found GET twice");
    assert_refused(router, "GET a", "path: found \"a\"; allowed: a path that begins with /");
    assert_refused(router, "GET ", "path: found \"\"; allowed: a path that begins with /");
    assert_refused(router, "GET /{a}/{a}", "path /{a}/{a}: found {a} twice");
    static const char *const bad_paths[] = { "GET /a b", "GET /a?b", "GET /a#b",   "GET /{a",      "GET /x{a}",
                                             "GET /{}",  "GET /{1}", "GET /{a-b}", "GET /\xc3\xa9" };
    struct error err;
    for (size_t i = 0; i < sizeof(bad_paths) / sizeof(bad_paths[0]); i++)
        assert_int_equal(router_add(router, bad_paths[i], &submit, &err), E_INVALID);
    assert_refused(router, "GET /a{b}c",
                   "path /a{b}c: found segment \"a{b}c\"; allowed: visible ASCII without ? # { }, or {name} as a whole segment");
}

static void a_route_can_be_given_once(void **state)
{
    given_route(*state, "GET|POST /submit", &submit);
    given_route(*state, "GET /topics/{topic}", &topic);
    assert_refused(*state, "PUT|POST /submit", "POST /submit is there already: a route can be given once");
    assert_refused(*state, "GET /topics/{topic}", "GET /topics/{topic} is there already: a route can be given once");
    assert_refused(*state, "PUT /topics/{name}",
                   "path /topics/{name}: /topics/{topic} fits the same paths; allowed: the same names for the same parameters");
    assert_allows(*state, METHOD_PUT, "/submit", "GET, HEAD, POST"); /* a refused route leaves nothing behind */
}

static void a_path_takes_as_many_parameters_as_a_match_can_hold(void **state)
{
    given_route(*state, "GET /{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}", &submit);
    assert_found(*state, METHOD_GET, "/1/2/3/4/5/6/7/8", &submit);
    assert_refused(*state, "GET /{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}",
                   "path /{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}: allowed are at most 8 parameters");
}

static void every_method_name_reads_back(void **state)
{
    for (int i = 0; i < METHOD_OTHER; i++)
        assert_int_equal(http_method_parse(text_of(http_method_name((enum http_method)i))), i);
    assert_int_equal(http_method_parse(TEXT("TRACE")), METHOD_OTHER);
    assert_int_equal(http_method_parse(TEXT("OTHER")), METHOD_OTHER);
    assert_int_equal(http_method_parse(TEXT("")), METHOD_OTHER);
}

#define ROUTER_TEST(name) cmocka_unit_test_setup_teardown(name, given_router, free_router)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROUTER_TEST(a_route_serves_each_method_it_names),
        ROUTER_TEST(methods_of_one_path_may_have_targets_of_their_own),
        ROUTER_TEST(head_is_served_by_get_unless_it_has_its_own_route),
        ROUTER_TEST(head_does_not_stand_for_a_get_that_does_more_than_answer),
        ROUTER_TEST(a_wrong_method_is_told_what_the_path_takes),
        ROUTER_TEST(all_methods_fit_into_allow),
        ROUTER_TEST(a_path_is_compared_byte_by_byte),
        ROUTER_TEST(a_trailing_slash_is_a_path_of_its_own),
        ROUTER_TEST(parameters_are_slices_of_the_path),
        ROUTER_TEST(a_parameter_is_one_whole_segment_that_is_not_empty),
        cmocka_unit_test(the_most_specific_path_decides_whatever_the_order_of_adding),
        ROUTER_TEST(a_specific_path_that_fails_later_does_not_hide_a_general_one),
        ROUTER_TEST(the_most_specific_path_decides_alone),
        ROUTER_TEST(a_match_forgets_the_one_before),
        ROUTER_TEST(a_bad_route_is_refused_with_a_sentence),
        ROUTER_TEST(a_route_can_be_given_once),
        ROUTER_TEST(a_path_takes_as_many_parameters_as_a_match_can_hold),
        cmocka_unit_test(every_method_name_reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
