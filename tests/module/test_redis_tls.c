/* TLS to a real redis-server, with an authority and certificates that the test makes for itself. */
#include "redis_fixture.h"

static struct redis_server server;
static char folder[] = "/tmp/redis-tls-XXXXXX";
static char ca[64], cert[64], key[64];

static void shell(const char *format, ...)
{
    char command[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(command, sizeof(command), format, args);
    va_end(args);
    if (system(command) != 0)
        fail_msg("failed: %s", command);
}

static void make_certificates(void)
{
    assert_non_null(mkdtemp(folder));
    snprintf(ca, sizeof(ca), "%s/ca.pem", folder);
    snprintf(cert, sizeof(cert), "%s/redis.pem", folder);
    snprintf(key, sizeof(key), "%s/redis.key", folder);
    shell("cd %s && exec 2>/dev/null"
          " && openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test-authority -keyout ca.key -out ca.pem"
          " && openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout redis.key -out redis.csr"
          " && printf 'subjectAltName=DNS:localhost' > names"
          " && openssl x509 -req -days 2 -in redis.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile names -out redis.pem",
          folder);
}

static int start(void **state)
{
    static char port[16];
    make_certificates();
    snprintf(port, sizeof(port), "%d", free_port());
    server = (struct redis_server){ .options = { "--tls-port", port, "--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file",
                                                 ca, "--tls-auth-clients", "optional" } };
    server_start(&server);
    server.port = atoi(port); /* from now on "the port" is the one with TLS */
    return 0;
}

static int finish(void **state)
{
    server_end(&server);
    shell("rm -rf %s", folder);
    return 0;
}

static void given_tls(struct fixture *f, const char *host)
{
    given_url(f, "rediss://%s:%d/2", host, server.port);
    f->config.tls.ca = ca;
    f->config.timeout_us = 2000000; /* handshakes under a sanitizer on a busy machine */
}

static void a_certificate_of_our_authority_for_that_name_is_accepted(void **state)
{
    struct fixture f;
    given_tls(&f, "localhost");
    connect_redis(&f);
    assert_true(becomes_ready(&f, 5000));
    assert_string_equal(answer_to(&f, "PING").text, "PONG");
    close_all(&f);
}

static void large_values_pass_both_ways(void **state)
{
    struct fixture f;
    struct outcome outcome = { 0 };
    given_tls(&f, "localhost");
    connect_redis(&f);
    assert_true(becomes_ready(&f, 5000));
    size_t size = 3 << 20;
    char *value = mem_alloc(size);
    memset(value, 'x', size);
    const struct text words[] = { TEXT("SET"), TEXT("large"), { value, size } };
    assert_int_equal(redis_command(f.redis, words, 3, on_outcome, &outcome, NULL), 0);
    assert_true(run_until(&f.loop, 5000, outcome.calls == 1));
    assert_int_equal(answer_to(&f, "STRLEN large").integer, (int64_t)size);
    assert_int_equal(answer_to(&f, "GET large").type, REDIS_TEXT);
    mem_free(value);
    close_all(&f);
}

static void refused_for(const char *host, const char *authority, const char *reason)
{
    struct fixture f;
    char fault[256];
    given_tls(&f, host);
    f.config.tls.ca = authority;
    connect_redis(&f);
    assert_true(run_until(&f.loop, 5000, strcmp(last_fault(&f, fault), "not connected yet") != 0));
    if (strstr(fault, reason) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", fault, reason);
    assert_false(redis_ready(f.redis));
    close_all(&f);
}

static void a_certificate_of_an_unknown_authority_is_refused(void **state)
{
    refused_for("localhost", NULL, "certificate is refused");
}

static void a_certificate_for_another_name_is_refused(void **state)
{
    refused_for("127.0.0.1", ca, "certificate is refused: IP address mismatch");
}

static void without_verify_any_certificate_will_do(void **state)
{
    struct fixture f;
    given_tls(&f, "127.0.0.1");
    f.config.tls.ca = NULL;
    f.config.tls.verify = false;
    connect_redis(&f);
    assert_true(becomes_ready(&f, 5000));
    close_all(&f);
}

static void a_certificate_of_ours_is_shown_where_redis_asks_for_it(void **state)
{
    struct fixture f;
    char fault[256];
    server_say(&server, "CONFIG SET tls-auth-clients yes");
    given_tls(&f, "localhost");
    connect_redis(&f);
    assert_true(run_until(&f.loop, 5000, strcmp(last_fault(&f, fault), "not connected yet") != 0));
    assert_false(redis_ready(f.redis));
    close_all(&f);

    given_tls(&f, "localhost");
    f.config.tls.cert = cert;
    f.config.tls.key = key;
    connect_redis(&f);
    assert_true(becomes_ready(&f, 5000));
    close_all(&f);
    server_say(&server, "CONFIG SET tls-auth-clients optional");
}

static void a_port_without_tls_is_no_reason_to_hang(void **state)
{
    struct redis_server plain = { 0 };
    struct fixture f;
    server_start(&plain);
    given_tls(&f, "localhost");
    snprintf(f.url, sizeof(f.url), "rediss://localhost:%d", plain.port);
    f.config.timeout_us = 250000;
    connect_redis(&f);
    char fault[256];
    assert_true(run_until(&f.loop, 2000, strcmp(last_fault(&f, fault), "not connected yet") != 0));
    assert_false(redis_ready(f.redis));
    close_all(&f);
    server_end(&plain);
}

static void a_file_that_is_not_there_is_said_at_the_start(void **state)
{
    struct fixture f;
    struct error err;
    given_tls(&f, "localhost");
    f.config.tls.ca = "/nowhere/ca.pem";
    assert_int_equal(try_connect(&f, &err), E_INVALID);
    assert_non_null(strstr(err.message, "/nowhere/ca.pem"));
    close_all(&f);
}

static void closing_is_allowed_in_every_state(void **state)
{
    for (int turns = 0; turns < 12; turns++) {
        struct fixture f;
        given_tls(&f, "localhost");
        connect_redis(&f);
        for (int i = 0; i < turns; i++) {
            uv_run(&f.loop, UV_RUN_NOWAIT);
            usleep(500);
        }
        close_all(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_certificate_of_our_authority_for_that_name_is_accepted),
        cmocka_unit_test(large_values_pass_both_ways),
        cmocka_unit_test(a_certificate_of_an_unknown_authority_is_refused),
        cmocka_unit_test(a_certificate_for_another_name_is_refused),
        cmocka_unit_test(without_verify_any_certificate_will_do),
        cmocka_unit_test(a_certificate_of_ours_is_shown_where_redis_asks_for_it),
        cmocka_unit_test(a_port_without_tls_is_no_reason_to_hang),
        cmocka_unit_test(a_file_that_is_not_there_is_said_at_the_start),
        cmocka_unit_test(closing_is_allowed_in_every_state),
    };
    return cmocka_run_group_tests(tests, start, finish);
}
