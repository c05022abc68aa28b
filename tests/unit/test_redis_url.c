#include "io/redis/redis_config.h"
#include "io/redis/redis_url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct good {
    const char *text;
    const char *host;
    int port;
    const char *path;
    bool tls;
    const char *username, *password;
    int database;
    const char *shown;
};

static const struct good goods[] = {
    { "redis://localhost:6379", "localhost", 6379, NULL, false, NULL, NULL, 0, "redis://localhost:6379/0" },
    { "localhost", "localhost", 6379, NULL, false, NULL, NULL, 0, "redis://localhost:6379/0" },
    { "10.1.2.3:7000", "10.1.2.3", 7000, NULL, false, NULL, NULL, 0, "redis://10.1.2.3:7000/0" },
    { "REDIS://h/", "h", 6379, NULL, false, NULL, NULL, 0, "redis://h:6379/0" },
    { "rediss://u:p@h:1/15", "h", 1, NULL, true, "u", "p", 15, "rediss://h:1/15" },
    { "redis://:p@h", "h", 6379, NULL, false, NULL, "p", 0, "redis://h:6379/0" },
    { "redis://a%40b:p%3a%25@h", "h", 6379, NULL, false, "a@b", "p:%", 0, "redis://h:6379/0" },
    { "redis://u:p@ss/w:rd@h:2/3", "h", 2, NULL, false, "u", "p@ss/w:rd", 3, "redis://h:2/3" },
    { "redis://[::1]:6380/2", "::1", 6380, NULL, false, NULL, NULL, 2, "redis://[::1]:6380/2" },
    { "redis://[fe80::1]", "fe80::1", 6379, NULL, false, NULL, NULL, 0, "redis://[fe80::1]:6379/0" },
    { "unix:///run/redis.sock", NULL, 6379, "/run/redis.sock", false, NULL, NULL, 0, "unix:///run/redis.sock?db=0" },
    { "unix://u:p@/run/redis.sock?db=4", NULL, 6379, "/run/redis.sock", false, "u", "p", 4, "unix:///run/redis.sock?db=4" },
};

static void same(const char *found, const char *expected)
{
    if (expected == NULL)
        assert_null(found);
    else
        assert_string_equal(found, expected);
}

static void each_form_of_a_url_is_read(void **state)
{
    for (size_t i = 0; i < sizeof(goods) / sizeof(goods[0]); i++) {
        struct redis_url url;
        struct error err;
        char shown[REDIS_URL_TEXT_SIZE];
        if (redis_url_parse(&url, goods[i].text, &err) != 0)
            fail_msg("%s: %s", goods[i].text, err.message);
        same(url.host, goods[i].host);
        same(url.path, goods[i].path);
        same(url.username, goods[i].username);
        same(url.password, goods[i].password);
        assert_int_equal(url.port, goods[i].port);
        assert_int_equal(url.tls, goods[i].tls);
        assert_int_equal(url.database, goods[i].database);
        redis_url_text(&url, shown);
        assert_string_equal(shown, goods[i].shown);
        redis_url_free(&url);
    }
}

static void a_wrong_url_is_refused_with_the_reason_and_without_the_password(void **state)
{
    static const struct {
        const char *text, *says;
    } bads[] = {
        { "http://h", "unknown scheme" },
        { "u:hunter2@h:1", "or none" },
        { "redis//u:hunter2@h:1", "or none" },
        { "redis://h:1?password=hunter2", "port" },
        { "redis://h/0?password=hunter2", "database" },
        { "", "no host" },
        { "redis://", "no host" },
        { "redis://:6379", "no host" },
        { "redis://[]", "no host" },
        { "redis://hunter2@h", "without a password" },
        { "redis://u:hunter2@h:0", "port" },
        { "redis://u:hunter2@h:65536", "port" },
        { "redis://u:hunter2@h:12x", "port" },
        { "redis://u:hunter2@h:", "port" },
        { "redis://u:hunter2%2@h", "percent-encoded" },
        { "redis://u:hunter2%zz@h", "percent-encoded" },
        { "redis://u:hunter2%00@h", "percent-encoded" },
        { "redis://u%:hunter2@h", "percent-encoded" },
        { "redis://u:hunter2@h/x", "database" },
        { "redis://u:hunter2@h/-1", "database" },
        { "redis://::1", "brackets" },
        { "redis://[::1", "bracket" },
        { "redis://[::1]x", "bracket" },
        { "unix://run/redis.sock", "absolute path" },
        { "unix:///run/redis.sock?database=1", "no parameter but db" },
        { "unix:///run/redis.sock?db", "no parameter but db" },
        { "unix:///run/redis.sock?db=one", "database" },
    };
    for (size_t i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
        struct redis_url url;
        struct error err = { 0 };
        assert_int_equal(redis_url_parse(&url, bads[i].text, &err), E_INVALID);
        if (strstr(err.message, bads[i].says) == NULL)
            fail_msg("\"%s\": \"%s\" does not say \"%s\"", bads[i].text, err.message, bads[i].says);
        assert_null(strstr(err.message, "hunter2"));
    }
}

static size_t mistakes_in(const char *value, struct redis_config *redis, char *message, size_t size)
{
    static const struct config_field fields[] = {
        { "redis", CONFIG_STRUCT, .offset = 0, .schema = &redis_schema },
        { .name = NULL },
    };
    static const struct config_schema schema = { .name = "file", .doc = "", .size = sizeof(struct redis_config), .fields = fields };
    struct config_override override = { "redis", value };
    struct config_report report = { 0 };
    struct config *config = config_read(NULL, &schema, &override, value == NULL ? 0 : 1, redis, &report);
    size_t count = report.count;
    struct buffer out = { 0 };
    config_report_print(&report, &out);
    snprintf(message, size, "%.*s", (int)out.size, out.size == 0 ? "" : out.data);
    buffer_clear(&out);
    config_print(config, &out);
    assert_null(memmem(out.data, out.size, "hunter2", 7));
    buffer_free(&out);
    config_free(config);
    return count;
}

static void without_configuration_there_is_no_redis(void **state)
{
    struct redis_config redis;
    char message[1024];
    assert_int_equal(mistakes_in("local", &redis, message, sizeof(message)), 0);
    assert_int_equal(mistakes_in(NULL, &redis, message, sizeof(message)), 0);
}

static void a_right_configuration_is_taken(void **state)
{
    struct redis_config redis;
    char message[1024];
    size_t count =
        mistakes_in("{ url: \"rediss://u:hunter2@h\", timeout: 100ms, tls: { ca: /dev/null } }", &redis, message, sizeof(message));
    if (count != 0)
        fail_msg("%s", message);
    assert_int_equal(redis.timeout_us, 100000);
    assert_true(redis.tls.verify);
}

static void impossible_pairs_are_mistakes(void **state)
{
    static const struct {
        const char *value, *says;
    } bads[] = {
        { "{ url: \"redis://h\", tls: { ca: /dev/null } }", "rediss://" },
        { "{ url: \"rediss://h\", tls: { cert: /dev/null } }", "cert and key" },
        { "{ url: \"rediss://h\", tls: { ca: /nowhere/a.pem } }", "redis.tls.ca: cannot read \"/nowhere/a.pem\": No such file" },
        { "{ url: \"redis://h\", username: ann }", "without a password" },
        { "{ url: \"redis://h\", timeout: 0 }", "1ms to 1m" },
        { "{ url: \"ftp://:hunter2@h\" }", "unknown scheme" },
    };
    for (size_t i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
        struct redis_config redis;
        char message[1024];
        assert_int_equal(mistakes_in(bads[i].value, &redis, message, sizeof(message)), 1);
        if (strstr(message, bads[i].says) == NULL)
            fail_msg("%s: \"%s\" does not say \"%s\"", bads[i].value, message, bads[i].says);
        assert_null(strstr(message, "hunter2"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_form_of_a_url_is_read),
        cmocka_unit_test(a_wrong_url_is_refused_with_the_reason_and_without_the_password),
        cmocka_unit_test(without_configuration_there_is_no_redis),
        cmocka_unit_test(a_right_configuration_is_taken),
        cmocka_unit_test(impossible_pairs_are_mistakes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
