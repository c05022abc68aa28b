/* A configuration that is read again beside the one in effect. */
#include "config_reading.h"

#include "config/tree.h"

static const char running[] = "workers: 5\n"
                              "kafka: { brokers: a, properties: { linger.ms: 5 } }\n"
                              "streams:\n"
                              "  jobs: { topic: t, share: 0.25, work: { group: g } }\n"
                              "routes: [{ on: GET /a }]\n";

static void append_difference(void *arg, const char *path, bool adopted)
{
    buffer_printf(arg, "%s%s ", adopted ? "+" : "", path);
}

/* What differs when `fresh` is read: its paths, those that were adopted with a plus. */
static void assert_differences(const char *fresh, const char *expected)
{
    struct reading before, after;
    struct buffer differences = { 0 };
    given(&before, running);
    given(&after, fresh);
    config_adopt(before.config, after.config, append_difference, &differences);
    buffer_char(&differences, '\0');
    assert_string_equal(differences.data, expected);
    buffer_free(&differences);
    end_reading(&after);
    end_reading(&before);
}

static void the_same_configuration_differs_in_nothing(void **state)
{
    assert_differences(running, "");
    assert_differences("workers: '5'\n"
                       "kafka: { brokers: a, properties: { linger.ms: 5 } }\n"
                       "linger: 500us # the default\n"
                       "streams:\n"
                       "  jobs: { topic: t, share: 0.25, work: { group: g } }\n"
                       "routes: [on: GET /a]\n",
                       "");
}

static void what_is_reloadable_is_adopted_and_the_rest_is_named(void **state)
{
    assert_differences("workers: 7\n"
                       "kafka: { brokers: b, properties: { linger.ms: 6, acks: 1 } }\n"
                       "streams:\n"
                       "  jobs: { topic: t, share: 0.75, work: { group: h } }\n"
                       "routes: [{ on: GET /b }]\n",
                       "kafka.brokers kafka.properties.linger.ms kafka.properties.acks +workers +streams.jobs.share "
                       "streams.jobs.work.group routes.0.on ");
}

static void what_stands_in_one_only_is_one_difference(void **state)
{
    assert_differences("workers: 5\n"
                       "streams:\n"
                       "  orders: { topic: t }\n",
                       "kafka.brokers kafka.properties.linger.ms streams.jobs streams.orders routes ");
}

static void what_was_adopted_outlives_where_it_came_from(void **state)
{
    struct reading before, after;
    struct buffer ignored = { 0 }, printed = { 0 };
    given(&before, running);
    given(&after, "workers: 7\nstore: x\n");
    config_adopt(before.config, after.config, append_difference, &ignored);
    end_reading(&after);

    config_print(before.config, &printed);
    buffer_char(&printed, '\0');
    assert_non_null(strstr(printed.data, "workers: 7\n"));
    assert_non_null(strstr(printed.data, "store: \"\"  # default\n"));
    assert_string_equal(config_node_find(before.config->root, "workers")->file, "x.yaml");
    buffer_free(&printed);
    buffer_free(&ignored);
    end_reading(&before);
}

static void a_default_may_be_adopted_too(void **state)
{
    struct reading before, after;
    struct buffer differences = { 0 }, printed = { 0 };
    given(&before, running);
    given(&after, "kafka: { brokers: a, properties: { linger.ms: 5 } }\n"
                  "streams: { jobs: { topic: t, share: 0.25, work: { group: g } } }\n"
                  "routes: [{ on: GET /a }]\n");
    config_adopt(before.config, after.config, append_difference, &differences);
    buffer_char(&differences, '\0');
    assert_string_equal(differences.data, "+workers ");
    config_print(before.config, &printed);
    buffer_char(&printed, '\0');
    assert_non_null(strstr(printed.data, "workers: 10  # default\n"));
    buffer_free(&printed);
    buffer_free(&differences);
    end_reading(&after);
    end_reading(&before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_configuration_differs_in_nothing),
        cmocka_unit_test(what_is_reloadable_is_adopted_and_the_rest_is_named),
        cmocka_unit_test(what_stands_in_one_only_is_one_difference),
        cmocka_unit_test(what_was_adopted_outlives_where_it_came_from),
        cmocka_unit_test(a_default_may_be_adopted_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
