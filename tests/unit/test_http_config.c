#include "io/http/http_config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* As a listener with more to say embeds it. */
struct listen {
    const char *greeting;
    struct http_config http;
};

static const struct config_field listen_fields[] = {
    { .name = "greeting", .type = CONFIG_STRING, .offset = offsetof(struct listen, greeting), .doc = "Its own field." },
    HTTP_CONFIG_FIELDS(struct listen, http),
    { 0 },
};

static const struct config_schema listen_schema = {
    .name = "listen",
    .doc = "A listener.",
    .size = sizeof(struct listen),
    .fields = listen_fields,
};

static void defaults_are_those_of_the_contract(void **state)
{
    struct http_config config;
    struct config_report report;
    struct config *read = config_read_text("x.yaml", "address: \"127.0.0.1:8080\"\n", &http_config_schema, NULL, 0, &config, &report);
    assert_int_equal(report.count, 0);
    assert_string_equal(config.address, "127.0.0.1:8080");
    assert_int_equal(config.limits.connections, 10000);
    assert_int_equal(config.limits.pipeline, 64);
    assert_int_equal(config.limits.header_count, 100);
    assert_int_equal(config.limits.url_bytes, 8192);
    assert_int_equal(config.limits.header_bytes, 32768);
    assert_int_equal(config.limits.body_bytes, 1 << 20);
    assert_int_equal(config.timeouts.header_us, 10000000);
    assert_int_equal(config.timeouts.body_us, 30000000);
    assert_int_equal(config.timeouts.idle_us, 60000000);
    assert_int_equal(config.timeouts.write_us, 30000000);
    config_free(read);
}

static void its_fields_stand_beside_those_of_whoever_embeds_it(void **state)
{
    struct listen listen;
    struct config_report report;
    struct config *read = config_read_text("x.yaml", "greeting: hello\naddress: \":80\"\nlimits: { body: 4KiB }\ntimeouts: { idle: 5s }\n",
                                           &listen_schema, NULL, 0, &listen, &report);
    assert_int_equal(report.count, 0);
    assert_string_equal(listen.greeting, "hello");
    assert_string_equal(listen.http.address, ":80");
    assert_int_equal(listen.http.limits.body_bytes, 4096);
    assert_int_equal(listen.http.timeouts.idle_us, 5000000);
    config_free(read);
}

static void a_listener_needs_an_address_and_sane_limits(void **state)
{
    struct listen listen;
    struct config_report report;
    struct config *read = config_read_text("x.yaml", "limits: { connections: 0, pipeline: 100000 }\ntimeouts: { idle: 0 }\n",
                                           &listen_schema, NULL, 0, &listen, &report);
    assert_int_equal(report.count, 4);
    config_free(read);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_those_of_the_contract),
        cmocka_unit_test(its_fields_stand_beside_those_of_whoever_embeds_it),
        cmocka_unit_test(a_listener_needs_an_address_and_sane_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
