#include "config_reading.h"

#include "config/shown.h"
#include "config/tree.h"

#include <stdio.h>
#include <stdlib.h>

static int with_variables(void **state)
{
    setenv("T_TEN", "10", 1);
    return 0;
}

/* The caller frees it. */
static char *printed(const struct reading *reading)
{
    struct buffer out = { 0 };
    config_print(reading->config, &out);
    buffer_char(&out, '\0');
    return out.data;
}

static void assert_printed(const char *yaml, const char *expected)
{
    struct reading reading;
    given(&reading, yaml);
    char *text = printed(&reading);
    assert_string_equal(text, expected);
    free(text);
    end_reading(&reading);
}

static void what_is_in_effect_is_printed_with_where_it_is_from(void **state)
{
    assert_printed("workers: '${T_TEN}'\n"
                   "kafka: localhost:9092\n"
                   "linger: 1ms\n"
                   "streams:\n"
                   "  jobs: { reply: { a: [1, { b: '2', c: text here }], d: {} }, topic: t }\n"
                   "routes: [ { on: GET /a, use: [x, y] } ]\n",
                   "kafka:\n"
                   "  brokers: localhost:9092\n"
                   "  password: null  # default\n"
                   "  properties: {}  # default\n"
                   "store: \"\"  # default\n"
                   "eager: true  # default\n"
                   "workers: 10  # from T_TEN\n"
                   "linger: 1ms\n"
                   "buffer: 64MiB  # default\n"
                   "streams:\n"
                   "  jobs:\n"
                   "    topic: t\n"
                   "    share: 0.5  # default\n"
                   "    reply:\n"
                   "      a:\n"
                   "        - 1\n"
                   "        - b: \"2\"\n"
                   "          c: \"text here\"\n"
                   "      d: {}\n"
                   "    work: null  # default\n"
                   "routes:\n"
                   "  - on: \"GET /a\"\n"
                   "    use:\n"
                   "      - x\n"
                   "      - y\n");
}

static void a_value_from_the_command_line_says_so(void **state)
{
    const struct config_override override = { "kafka.brokers", "a:1" };
    struct reading reading;
    read_with(&reading, "", &override, 1);
    char *text = printed(&reading);
    assert_non_null(strstr(text, "  brokers: a:1  # --set\n"));
    free(text);
    end_reading(&reading);
}

static void what_is_printed_reads_as_the_same(void **state)
{
    static const char *const files[] = {
        "",
        "store: 'a: b # c'\nkafka: '${T_TEN}'\n",
        "store: '$${T_TEN} - \"quoted\" \\ é \t'\nworkers: ${T_TEN}\n",
        "streams: { a: { topic: '5', work: { group: 'null', order: none, timeout: 1s } }, b: { topic: '-' } }",
        "streams: { a: { topic: t, reply: ['1', 1, '', ~, 'true', true, -5, .5, '-', ': ', '[', 'a:', '#', '0x1'] } }",
        "streams: { a: { topic: t, reply: { '': 1, 'a b': [[], [[1]], {}], '1': { x: [ { y: 1, z: [2] } ] } } } }",
        "kafka: { properties: { max.poll.interval.ms: 1, x: '' } }\nroutes: [ {}, { use: [a] } ]",
    };
    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
        struct reading first;
        struct reading second;
        given(&first, files[i]);
        char *text = printed(&first);
        given(&second, text);
        yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
        yyjson_mut_val *left = config_json(first.config, doc);
        yyjson_mut_val *right = config_json(second.config, doc);
        assert_true(yyjson_mut_equals(left, right));
        yyjson_mut_doc_free(doc);
        free(text);
        end_reading(&first);
        end_reading(&second);
    }
}

static const char secrets[] = "kafka: { password: geheim, properties: { sasl.password: geheim, ssl.key.pem: geheim, client.id: me,\n"
                              "  sasl.jaas.config: geheim, proxy: 'http://u:geheim@h' } }\n"
                              "store: \"redis://u:geheim@host:6379/0\"\n"
                              "streams: { a: { topic: t, reply: { token: geheim, b: { client_secret: geheim } } } }\n";

static void a_secret_is_never_printed(void **state)
{
    struct reading reading;
    given(&reading, secrets);
    assert_string_equal(reading.sample.kafka.password, "geheim");
    char *text = printed(&reading);
    assert_null(strstr(text, "geheim"));
    assert_non_null(strstr(text, "  password: \"********\"\n"));
    assert_non_null(strstr(text, "    sasl.password: \"********\"\n"));
    assert_non_null(strstr(text, "    client.id: me\n"));
    assert_non_null(strstr(text, "store: \"redis://u:********@host:6379/0\"\n"));
    free(text);

    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_doc_set_root(doc, config_json(reading.config, doc));
    char *json = yyjson_mut_write(doc, 0, NULL);
    assert_null(strstr(json, "geheim"));
    assert_non_null(strstr(json, "\"password\":\"********\""));
    assert_non_null(strstr(json, "\"client.id\":\"me\""));
    free(json);
    yyjson_mut_doc_free(doc);
    end_reading(&reading);
}

/* What is printed is read again: what was nothing is nothing then. */
static void an_empty_secret_hides_nothing(void **state)
{
    struct reading reading;
    given(&reading, "kafka: { password: \"\" }");
    struct buffer printed = { 0 };
    config_print(reading.config, &printed);
    buffer_char(&printed, '\0');
    assert_non_null(strstr(printed.data, "  password: \"\"\n"));
    buffer_free(&printed);
    end_reading(&reading);
}

static void a_secret_of_a_set_or_a_variable_is_hidden_too(void **state)
{
    setenv("T_SECRET", "geheim", 1);
    const struct config_override overrides[] = { { "kafka.password", "geheim" }, { "kafka.properties.oauth.token", "${T_SECRET}" } };
    struct reading reading;
    read_with(&reading, "", overrides, 2);
    char *text = printed(&reading);
    assert_null(strstr(text, "geheim"));
    assert_non_null(strstr(text, "# from T_SECRET"));
    free(text);
    end_reading(&reading);
}

static void passwords_in_texts_are_hidden(void **state)
{
    static const char *const rows[][2] = {
        { "plain text", "plain text" },
        { "http://host:80/path", "http://host:80/path" },
        { "redis://host", "redis://host" },
        { "redis://user@host:1", "redis://user@host:1" },
        { "redis://:p@host", "redis://:********@host" },
        { "redis://u:p@host/1", "redis://u:********@host/1" },
        { "redis://u:p@q@host", "redis://u:********@host" },
        { "redis://u:p/q@host", "redis://u:********@host" },
        { "a://u:p@h b://u:p@h", "a://u:********@h b://u:********@h" },
        { "host=h password=p dbname=d", "host=h password=******** dbname=d" },
        { "password='a b' user=u", "password=******** user=u" },
        { "postgresql://h/d?user=u&password=p&x=1", "postgresql://h/d?user=u&password=********&x=1" },
        { "x://y Password=p", "x://y Password=********" },
        { "a@b:c", "a@b:c" },
        { "", "" },
    };
    struct arena arena = { 0 };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        assert_string_equal(config_conceal(&arena, rows[i][0]), rows[i][1]);
    arena_free(&arena);
}

static void the_effective_configuration_is_json(void **state)
{
    struct reading reading;
    given(&reading, "workers: 3\nstreams: { a: { topic: '5', reply: { n: 1, s: '1' } } }");
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_doc_set_root(doc, config_json(reading.config, doc));
    char *json = yyjson_mut_write(doc, 0, NULL);
    assert_string_equal(json, "{\"kafka\":{\"brokers\":\"embedded\",\"password\":null,\"properties\":{}},\"store\":\"\",\"eager\":true,"
                              "\"workers\":3,\"linger\":\"500us\",\"buffer\":\"64MiB\",\"streams\":{\"a\":{\"topic\":\"5\",\"share\":0.5,"
                              "\"reply\":{\"n\":1,\"s\":\"1\"},\"work\":null}},\"routes\":[]}");
    free(json);
    yyjson_mut_doc_free(doc);
    end_reading(&reading);
}

static void asking_again_and_again_takes_no_memory(void **state)
{
    struct reading reading;
    given(&reading, secrets);
    size_t before = reading.config->arena.total;
    for (int i = 0; i < 100; i++)
        free(printed(&reading));
    assert_int_equal(reading.config->arena.total, before);
    end_reading(&reading);
}

static void assert_place(const struct config *config, const char *path, const char *file, unsigned line)
{
    const struct config_node *node = config_node_find(config->root, path);
    assert_string_equal(node->file, file);
    assert_int_equal(node->line, line);
}

static void every_path_has_a_place(void **state)
{
    const struct config_override override = { "workers", "3" };
    struct reading reading;
    read_with(&reading, "kafka:\n  properties:\n    a.b.c: 1\nstreams:\n  a:\n    topic: t\nroutes:\n  - on: a\n  - on: b\n", &override, 1);
    assert_place(reading.config, "kafka.properties.a.b.c", "x.yaml", 3);
    assert_place(reading.config, "streams.a.topic", "x.yaml", 6);
    assert_place(reading.config, "routes.1.on", "x.yaml", 9);
    assert_place(reading.config, "workers", "--set", 0);
    assert_place(reading.config, "linger", "(default)", 0);
    assert_place(reading.config, "streams.a.nothing", "x.yaml", 6);
    assert_place(reading.config, "", "x.yaml", 1);
    end_reading(&reading);
}

static void the_tables_are_the_documentation(void **state)
{
    struct buffer out = { 0 };
    config_document(&sample_schema, &out);
    buffer_char(&out, '\0');
    const char *tables = strstr(out.data, "\n## configuration\n");
    assert_non_null(tables);
    assert_string_equal(tables, "\n## configuration\n\nAll of it.\n\n"
                                "| key | type | default | meaning |\n|---|---|---|---|\n"
                                "| `kafka` | [kafka](#kafka) |  | Kafka. |\n"
                                "| `store` | text | `\"\"` | A URL. |\n"
                                "| `eager` | `true`, `false` | `true` | At once? |\n"
                                "| `workers` | whole number from 1 to 1000 | `10` | Jobs at once. *Reloadable.* |\n"
                                "| `linger` | duration from 0 to 1s | `500us` | How long a batch waits. |\n"
                                "| `buffer` | size, at least 1KiB | `64MiB` | Of all. |\n"
                                "| `streams` | by name: [Stream of events](#stream-of-events) |  | By name. |\n"
                                "| `routes` | list of [route](#route) |  | In order. |\n"
                                "\n## kafka\n\nMay be written as one value, which is then its `brokers`.\n\n"
                                "| key | type | default | meaning |\n|---|---|---|---|\n"
                                "| `brokers` | text | `embedded` | Where Kafka is. |\n"
                                "| `password` | secret |  | For Kafka. |\n"
                                "| `properties` | by name: text |  | For librdkafka. |\n"
                                "\n## Stream of events\n\nA topic and what happens around it.\n\n"
                                "| key | type | default | meaning |\n|---|---|---|---|\n"
                                "| `topic` | text | **required** | The topic's name. |\n"
                                "| `share` | number from 0 to 1 | `0.5` | A share. *Reloadable.* |\n"
                                "| `reply` | any value |  | A \\| template. |\n"
                                "| `work` | [work](#work) |  | How it is worked. |\n"
                                "\n## route\n\n"
                                "| key | type | default | meaning |\n|---|---|---|---|\n"
                                "| `on` | text |  | Method and path. |\n"
                                "| `use` | text, or list of texts |  | Bundles. |\n"
                                "\n## work\n\n"
                                "| key | type | default | meaning |\n|---|---|---|---|\n"
                                "| `group` | text | **required** | Who works. |\n"
                                "| `order` | `partition`, `key`, `none` | `partition` | What stays in order. |\n"
                                "| `timeout` | duration from 0 to 1h | `0` | How long a job may take. |\n");
    buffer_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_in_effect_is_printed_with_where_it_is_from),
        cmocka_unit_test(a_value_from_the_command_line_says_so),
        cmocka_unit_test(what_is_printed_reads_as_the_same),
        cmocka_unit_test(a_secret_is_never_printed),
        cmocka_unit_test(an_empty_secret_hides_nothing),
        cmocka_unit_test(a_secret_of_a_set_or_a_variable_is_hidden_too),
        cmocka_unit_test(passwords_in_texts_are_hidden),
        cmocka_unit_test(the_effective_configuration_is_json),
        cmocka_unit_test(asking_again_and_again_takes_no_memory),
        cmocka_unit_test(every_path_has_a_place),
        cmocka_unit_test(the_tables_are_the_documentation),
    };
    return cmocka_run_group_tests(tests, with_variables, NULL);
}
