#include "config_reading.h"

#include "config/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void broken_yaml_is_told_with_its_line(void **state)
{
    static const struct {
        const char *yaml;
        const char *mistake;
    } rows[] = {
        { "workers: 1\nkafka: { brokers: a\nlinger: 1ms\n",
          "x.yaml:3: this is not YAML: did not find expected ',' or '}' while parsing a flow mapping from line 2\n" },
        { "kafka: { brokers: ${A:-b} }",
          "x.yaml:1: this is not YAML: did not find expected ',' or '}' while parsing a flow mapping; a value with ${...} needs quotes "
          "inside of { } and [ ]\n" },
        { "kafka:\n\tbrokers: a\n",
          "x.yaml:2: this is not YAML: found character that cannot start any token while scanning for the next token; the line begins "
          "with a tab, allowed: spaces\n" },
        { "store: 'a\nworkers: 1\n",
          "x.yaml:3: this is not YAML: found unexpected end of stream while scanning a quoted scalar from line 1\n" },
        { "store: @a\n", "x.yaml:1: this is not YAML: found character that cannot start any token while scanning for the next token\n" },
        { "store: a: b\n", "x.yaml:1: this is not YAML: mapping values are not allowed in this context\n" },
        { "kafka:\n  brokers: a\n workers: 1\n",
          "x.yaml:3: this is not YAML: did not find expected key while parsing a block mapping from line 1\n" },
        { "workers: 1\n---\nworkers: 2\n", "x.yaml:2: found a second document; allowed: one\n" },
        { "%YAML 3.0\n---\na: b", "x.yaml:1: this is not YAML: found incompatible YAML document\n" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        assert_refused(rows[i].yaml, rows[i].mistake);
}

static void what_is_no_text_is_told_with_its_line(void **state)
{
    assert_refused("workers: 1\nstore: \xff\n", "x.yaml:2: found byte 0xff; allowed: UTF-8 text (invalid leading UTF-8 octet)\n");
    assert_refused("workers: 1\n\nstore: a\001b\n",
                   "x.yaml:3: found byte 0x01; allowed: UTF-8 text (control characters are not allowed)\n");
    assert_refused("store: \"a\\0b\"", "x.yaml:1: store: found a NUL character; allowed: text\n");
}

static void a_byte_order_mark_is_passed_over(void **state)
{
    struct reading reading;
    given(&reading, "\xef\xbb\xbfworkers: 7\n");
    assert_int_equal(reading.sample.workers, 7);
    end_reading(&reading);
}

static void a_key_stands_once(void **state)
{
    assert_refused("workers: 1\nstore: a\nworkers: 2\nworkers: 3\n",
                   "x.yaml:3: workers: found the key a second time; it stands on line 1 already\n"
                   "x.yaml:4: workers: found the key a second time; it stands on line 1 already\n");
    assert_refused("streams:\n  a: { topic: t }\n  a: { topic: u }\n",
                   "x.yaml:3: streams.a: found the key a second time; it stands on line 2 already\n");
}

static void a_key_is_a_text(void **state)
{
    assert_refused("? [a, b]\n: c\nworkers: 0\n", "x.yaml:1: found a list as a key; allowed: a text\n"
                                                  "x.yaml:3: workers: found \"0\"; allowed: a whole number from 1 to 1000\n");
    assert_refused("kafka: { ? { a: b } : c }", "x.yaml:1: kafka: found a mapping as a key; allowed: a text\n");
}

static void tags_are_refused(void **state)
{
    assert_refused("workers: !!int 5", "x.yaml:1: workers: found the tag tag:yaml.org,2002:int; allowed: values without tags\n");
    assert_refused("kafka: !exec { brokers: a }", "x.yaml:1: kafka: found the tag !exec; allowed: values without tags\n");
}

static void an_alias_is_a_copy(void **state)
{
    const struct config_override override = { "streams.b.work.group", "other" };
    struct reading reading;
    read_with(&reading, "streams:\n  a: { topic: t, work: &work { group: g, order: key } }\n  b: { topic: u, work: *work }\n", &override,
              1);
    assert_mistakes(&reading, "");
    const struct stream_sample *streams = reading.sample.streams.items;
    assert_string_equal(streams[0].work.group, "g");
    assert_string_equal(streams[1].work.group, "other");
    assert_int_equal(streams[1].work.order, ORDER_KEY);
    end_reading(&reading);
}

static void a_mistake_in_an_alias_is_told_where_it_stands(void **state)
{
    assert_refused("workers: &w x\nbuffer: *w\n",
                   "x.yaml:1: workers: found \"x\"; allowed: a whole number from 1 to 1000\n"
                   "x.yaml:1: buffer: found \"x\"; allowed: a size (900, 64KiB, 1MiB, 2GiB), at least 1KiB\n");
    assert_refused("store: *nobody\n", "x.yaml:1: store: found *nobody, but no &nobody stands before it\n");
    assert_refused("kafka: &k { properties: *k }\n", "x.yaml:1: kafka.properties: found *k inside of what it names\n");
}

static void aliases_of_aliases_end_at_the_limit(void **state)
{
    struct buffer yaml = { 0 };
    buffer_string(&yaml, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 20; i++) {
        buffer_printf(&yaml, "a%d: &a%d [", i, i);
        for (int k = 0; k < 10; k++)
            buffer_printf(&yaml, "%s*a%d", k == 0 ? "" : ", ", i - 1);
        buffer_string(&yaml, "]\n");
    }
    buffer_char(&yaml, '\0');

    struct reading reading;
    read_with(&reading, yaml.data, NULL, 0);
    assert_mistakes(&reading, "x.yaml:4: found more than 10000 values, copies by aliases included; allowed: 10000\n");
    assert_true(reading.config->arena.total < (size_t)4 << 20);
    end_reading(&reading);
    buffer_free(&yaml);
}

static void levels_are_limited(void **state)
{
    static char yaml[4096];
    memset(yaml, '[', sizeof(yaml) - 1);
    assert_refused(yaml, "x.yaml:1: found more than 32 levels; allowed: 32\n");
    for (size_t i = 0; i + 2 < sizeof(yaml); i += 2)
        memcpy(yaml + i, "? ", 2);
    assert_refused(yaml, "x.yaml:1: found more than 32 levels; allowed: 32\n");
}

static void a_copy_does_not_pass_the_limit_of_levels(void **state)
{
    struct buffer yaml = { 0 };
    buffer_string(&yaml, "a: &a ");
    for (int i = 0; i < 25; i++)
        buffer_char(&yaml, '[');
    for (int i = 0; i < 25; i++)
        buffer_char(&yaml, ']');
    buffer_string(&yaml, "\nb: [[[[[[[[[[*a]]]]]]]]]]\n");
    buffer_char(&yaml, '\0');
    assert_refused(yaml.data, "x.yaml:2: found more than 32 levels; allowed: 32\n");
    buffer_free(&yaml);
}

static void many_mistakes_are_bounded(void **state)
{
    struct buffer yaml = { 0 };
    for (int i = 0; i < 4000; i++)
        buffer_printf(&yaml, "unknown_%d: x\n", i);
    buffer_char(&yaml, '\0');
    struct reading reading;
    read_with(&reading, yaml.data, NULL, 0);
    assert_int_equal(reading.report.count, 1000);
    end_reading(&reading);
    buffer_free(&yaml);
}

static const char *given_file(const char *content, size_t size)
{
    static char path[64];
    snprintf(path, sizeof(path), "/tmp/test_config_XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, size), (ssize_t)size);
    close(fd);
    return path;
}

static void assert_file(const char *path, const char *mistake)
{
    struct reading reading;
    reading.config = config_read(path, &sample_schema, NULL, 0, &reading.sample, &reading.report);
    char expected[256];
    snprintf(expected, sizeof(expected), mistake[0] == '\0' ? "%s" : "%s%s\n", mistake[0] == '\0' ? "" : path, mistake);
    assert_mistakes(&reading, expected);
    end_reading(&reading);
}

static void a_file_that_cannot_be_read_is_a_mistake(void **state)
{
    assert_file("/nowhere/at/all.yaml", ": cannot be read: No such file or directory");
    assert_file("/tmp", ": cannot be read: Is a directory");
}

static void a_file_up_to_one_mebibyte_is_read(void **state)
{
    size_t size = (size_t)1 << 20;
    char *comment = test_malloc(size + 1);
    memset(comment, '#', size + 1);
    const char *path = given_file(comment, size);
    assert_file(path, "");
    unlink(path);
    path = given_file(comment, size + 1);
    assert_file(path, ": found more than 1 MiB; allowed: up to 1 MiB");
    unlink(path);
    test_free(comment);
}

static void a_nul_byte_in_a_file_is_told_with_its_line(void **state)
{
    const char content[] = "workers: 1\n\0store: a\n";
    const char *path = given_file(content, sizeof(content) - 1);
    assert_file(path, ":2: found byte 0x00; allowed: UTF-8 text (control characters are not allowed)");
    unlink(path);
}

static void no_file_is_an_empty_configuration(void **state)
{
    struct reading reading;
    reading.config = config_read(NULL, &sample_schema, NULL, 0, &reading.sample, &reading.report);
    assert_mistakes(&reading, "");
    assert_int_equal(reading.sample.workers, 10);
    end_reading(&reading);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_yaml_is_told_with_its_line),
        cmocka_unit_test(what_is_no_text_is_told_with_its_line),
        cmocka_unit_test(a_byte_order_mark_is_passed_over),
        cmocka_unit_test(a_key_stands_once),
        cmocka_unit_test(a_key_is_a_text),
        cmocka_unit_test(tags_are_refused),
        cmocka_unit_test(an_alias_is_a_copy),
        cmocka_unit_test(a_mistake_in_an_alias_is_told_where_it_stands),
        cmocka_unit_test(aliases_of_aliases_end_at_the_limit),
        cmocka_unit_test(levels_are_limited),
        cmocka_unit_test(a_copy_does_not_pass_the_limit_of_levels),
        cmocka_unit_test(many_mistakes_are_bounded),
        cmocka_unit_test(a_file_that_cannot_be_read_is_a_mistake),
        cmocka_unit_test(a_file_up_to_one_mebibyte_is_read),
        cmocka_unit_test(a_nul_byte_in_a_file_is_told_with_its_line),
        cmocka_unit_test(no_file_is_an_empty_configuration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
