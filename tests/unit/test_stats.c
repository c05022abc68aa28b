#include "base/stats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What a section with this value looks like; valid until the next call. */
static const char *drawn(const char *title, const char *json)
{
    static struct buffer out;
    yyjson_doc *doc = yyjson_read(json, strlen(json), 0);
    assert_non_null(doc);
    yyjson_mut_doc *copy = yyjson_doc_mut_copy(doc, NULL);
    buffer_clear(&out);
    stats_text(title, yyjson_mut_doc_get_root(copy), &out);
    buffer_char(&out, '\0');
    yyjson_mut_doc_free(copy);
    yyjson_doc_free(doc);
    return out.data;
}

static yyjson_mut_val *fill(void *arg, yyjson_mut_doc *doc)
{
    return yyjson_mut_null(doc);
}

static void sections_are_found_by_name_until_they_leave(void **state)
{
    struct stats stats;
    struct stats_section http = { .name = "http", .fill = fill };
    struct stats_section loop = { .name = "loop", .fill = fill };
    stats_init(&stats);
    stats_add(&stats, &http);
    stats_add(&stats, &loop);
    assert_ptr_equal(stats_find(&stats, "http"), &http);
    assert_ptr_equal(stats_find(&stats, "loop"), &loop);
    assert_null(stats_find(&stats, "htt"));
    stats_remove(&http);
    assert_null(stats_find(&stats, "http"));
    assert_ptr_equal(stats_find(&stats, "loop"), &loop);
}

static void names_of_scalars_are_aligned(void **state)
{
    assert_string_equal(drawn("loop", "{\"turns\":12,\"utilization\":0.25,\"backend\":\"epoll\",\"idle\":false,\"last\":null}"),
                        "loop\n"
                        "  turns        12\n"
                        "  utilization  0.25\n"
                        "  backend      epoll\n"
                        "  idle         false\n"
                        "  last         -\n");
}

static void a_lone_scalar_stands_beside_its_title(void **state)
{
    assert_string_equal(drawn("uptime", "\"3 h\""), "uptime  3 h\n");
}

static void nested_objects_come_after_the_scalars_and_are_indented(void **state)
{
    assert_string_equal(
        drawn("http", "{\"open\":3,\"limits\":{\"header\":8192,\"body\":1048576,\"inner\":{\"x\":1}},\"accepted\":9,\"none\":{}}"),
        "http\n"
        "  open      3\n"
        "  accepted  9\n"
        "  none      none\n"
        "  limits\n"
        "    header  8192\n"
        "    body    1048576\n"
        "    inner\n"
        "      x  1\n");
}

static void an_array_of_objects_is_a_table_with_numbers_to_the_right(void **state)
{
    assert_string_equal(drawn("slots", "{\"partitions\":[{\"topic\":\"jobs_topic\",\"partition\":0,\"lag\":12345},"
                                       "{\"topic\":\"j\",\"partition\":11,\"lag\":7,\"paused\":true}]}"),
                        "slots\n"
                        "  partitions\n"
                        "    topic       partition    lag  paused\n"
                        "    jobs_topic          0  12345  -\n"
                        "    j                  11      7  true\n");
}

static void arrays_of_scalars_are_lists(void **state)
{
    assert_string_equal(drawn("kafka", "{\"brokers\":[\"a:1\",\"b:2\"],\"ids\":[1,2,3],\"none\":[]}"), "kafka\n"
                                                                                                       "  brokers  a:1, b:2\n"
                                                                                                       "  ids      1, 2, 3\n"
                                                                                                       "  none     none\n");
}

static size_t widest_line(const char *text)
{
    size_t widest = 0;
    while (*text != '\0') {
        size_t width = strcspn(text, "\n");
        widest = width > widest ? width : widest;
        text += width + 1;
    }
    return widest;
}

static void a_long_list_goes_on_below_its_beginning(void **state)
{
    struct buffer json = { 0 };
    buffer_string(&json, "{\"assigned\":[0");
    for (int i = 1; i < 100; i++)
        buffer_printf(&json, ",%d", i);
    buffer_string(&json, "]}");
    buffer_char(&json, '\0');
    const char *text = drawn("work", json.data);
    assert_memory_equal(text, "work\n  assigned  0, 1, 2, 3, ", 26);
    assert_non_null(strstr(text, ",\n            2"));
    assert_null(strstr(text, " \n"));
    assert_true(widest_line(text) <= 100);
    buffer_free(&json);
}

static void a_table_too_wide_cuts_its_longest_texts_never_its_numbers(void **state)
{
    const char *text =
        drawn("keys", "[{\"key\":\"kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk\","
                      "\"topic\":\"short\",\"count\":123456789012345678,\"error\":\"1234567890123456789\"}]");
    assert_int_equal(widest_line(text), 100);
    assert_non_null(strstr(text, "kkk...  short  123456789012345678  1234567890123456789\n"));
}

static void a_table_that_cannot_fit_stays_whole(void **state)
{
    struct buffer json = { 0 };
    buffer_string(&json, "[{\"topic\":\"a_topic_of_some_length\"");
    for (int i = 0; i < 6; i++)
        buffer_printf(&json, ",\"n%d\":123456789012345678", i);
    buffer_string(&json, "}]");
    buffer_char(&json, '\0');
    const char *text = drawn("offsets", json.data);
    assert_non_null(strstr(text, "\n  a_topic_of_some_length  123456789012345678  123456789012345678  123456789012345678  "));
    buffer_free(&json);
}

static void an_empty_section_says_so(void **state)
{
    assert_string_equal(drawn("lag", "{}"), "lag\n  none\n");
    assert_string_equal(drawn("brokers", "[]"), "brokers\n  none\n");
}

/* 20 columns of which one has something to tell. */
static void a_table_too_wide_leaves_out_columns_without_anything(void **state)
{
    struct buffer json = { 0 };
    buffer_string(&json, "[");
    for (int row = 0; row < 2; row++) {
        buffer_printf(&json, "%s{\"partition\":%d", row == 0 ? "" : ",", row);
        for (int i = 0; i < 18; i++)
            buffer_printf(&json, ",\"%s_%d\":%s", "column", i, i == 3 ? (row == 1 ? "7" : "0") : i % 2 == 0 ? "0" : "null");
        buffer_string(&json, "}");
    }
    buffer_string(&json, "]");
    buffer_char(&json, '\0');
    const char *text = drawn("partitions", json.data);
    assert_non_null(strstr(text, "column_3"));
    const char *last = strstr(text, "  0 or none everywhere: ");
    assert_non_null(last);
    assert_null(memmem(text, (size_t)(last - text), "column_0", 8));
    assert_non_null(strstr(last, "column_0, column_1, column_2"));
    assert_non_null(strstr(last, ",\n  column_"));
    assert_null(strstr(last, "column_3"));
    assert_true(widest_line(text) <= 100);
    buffer_free(&json);
}

static void a_table_within_a_table_is_drawn_below_it(void **state)
{
    assert_string_equal(drawn("producer",
                              "[{\"name\":\"durable\",\"queue\":3,\"topics\":[{\"topic\":\"a\",\"sent\":1},{\"topic\":\"b\",\"sent\":20}]},"
                              "{\"name\":\"quick\",\"queue\":0,\"topics\":[]}]"),
                        "producer\n"
                        "  name     queue\n"
                        "  durable      3\n"
                        "  quick        0\n"
                        "  topics of durable\n"
                        "    topic  sent\n"
                        "    a         1\n"
                        "    b        20\n");
}

static void a_last_column_of_sentences_goes_on_below_its_beginning(void **state)
{
    assert_string_equal(drawn("partitions", "[{\"topic\":\"a_topic_of_some_length\",\"partition\":7,"
                                            "\"why\":\"partition 7 waits for offset 1234, which has failed 3 times and is tried again "
                                            "in 12 s; 400 later records are done\"},"
                                            "{\"topic\":\"a\",\"partition\":8,\"why\":\"partition 8 has no records to work\"}]"),
                        "partitions\n"
                        "  topic                   partition  why\n"
                        "  a_topic_of_some_length          7  partition 7 waits for offset 1234, which has failed 3 times and\n"
                        "                                     is tried again in 12 s; 400 later records are done\n"
                        "  a                               8  partition 8 has no records to work\n");
}

/* Numbers are not cut, and there are many of them. */
static void sentences_without_room_beside_the_others_stand_below_their_row(void **state)
{
    assert_string_equal(drawn("partitions", "[{\"partition\":7,\"a\":123456789012345678,\"b\":123456789012345678,"
                                            "\"c\":123456789012345678,\"why\":\"partition 7 waits for offset 1234, which has "
                                            "failed 3 times and is tried again in 12 s; 400 later records are done\"}]"),
                        "partitions\n"
                        "  partition                   a                   b                   c\n"
                        "      why\n"
                        "          7  123456789012345678  123456789012345678  123456789012345678\n"
                        "      partition 7 waits for offset 1234, which has failed 3 times and is tried again in 12 s; 400\n"
                        "      later records are done\n");
}

static void a_word_longer_than_a_line_is_broken_and_nothing_of_it_lost(void **state)
{
    struct buffer json = { 0 };
    buffer_string(&json, "[{\"n\":1,\"why\":\"offset 1 of ");
    for (int i = 0; i < 150; i++)
        buffer_string(&json, "\xC3\xA9");
    buffer_string(&json, "\"}]");
    buffer_char(&json, '\0');
    size_t found = 0;
    for (const char *at = drawn("partitions", json.data); (at = strstr(at, "\xC3\xA9")) != NULL; at++)
        found++;
    assert_int_equal(found, 150);
    buffer_free(&json);
}

static void cutting_keeps_characters_whole(void **state)
{
    struct buffer json = { 0 };
    buffer_string(&json, "[{\"key\":\"");
    for (int i = 0; i < 150; i++)
        buffer_string(&json, "\xC3\xA9");
    buffer_string(&json, "\"}]");
    buffer_char(&json, '\0');
    const char *text = drawn("keys", json.data);
    assert_non_null(strstr(text, "\xC3\xA9...\n"));
    assert_null(strstr(text, "\xC3...\n"));
    buffer_free(&json);
}

static void real_numbers_are_short(void **state)
{
    static const char *const rows[][2] = {
        { "1.0", "1" },          { "12.5", "12.5" }, { "3.14159", "3.142" }, { "100.0", "100" },
        { "0.123456", "0.123" }, { "-0.5", "-0.5" }, { "0.0", "0" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char expected[32];
        snprintf(expected, sizeof(expected), "x  %s\n", rows[i][1]);
        assert_string_equal(drawn("x", rows[i][0]), expected);
    }
}

static void what_a_client_sent_draws_no_lines_of_its_own(void **state)
{
    assert_string_equal(drawn("keys", "[{\"k\":\"a\\nb\\u001b[2J\"}]"), "keys\n  k\n  a\\x0ab\\x1b[2J\n");
    assert_string_equal(drawn("keys", "{\"a\\nb\":\"c\\rd\"}"), "keys\n  a\\x0ab  c\\x0dd\n");
}

static void rows_of_any_shape_are_drawn(void **state)
{
    assert_string_equal(drawn("odd", "[{},{\"a\":{\"b\":[1,2]}},{\"a\":[1,\"x\"]}]"), "odd\n"
                                                                                      "  a\n"
                                                                                      "  -\n"
                                                                                      "  {\"b\":[1,2]}\n"
                                                                                      "  [1,\"x\"]\n");
    assert_string_equal(drawn("odd", "[{}]"), "odd  none\n");
    assert_string_equal(drawn("odd", "[1,{\"a\":2}]"), "odd  1, {\"a\":2}\n");
}

static void a_key_that_is_no_text_is_added_as_text(void **state)
{
    static const struct {
        struct text given;
        const char *written;
    } rows[] = {
        { { "hot", 3 }, "{\"key\":\"hot\"}" },
        { { "\xff\x1b[2J\x00", 6 }, "{\"key\":\"\\\\xff\\\\x1b[2J\\\\x00\"}" },
        { { "caf\xc3\xa9\n", 6 }, "{\"key\":\"caf\xc3\xa9\\n\"}" },
        { { "caf\xc3", 4 }, "{\"key\":\"caf\\\\xc3\"}" },
        { { "", 0 }, "{\"key\":\"\"}" },
        { { NULL, 0 }, "{\"key\":\"\"}" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
        yyjson_mut_val *object = yyjson_mut_obj(doc);
        stats_add_text(doc, object, "key", rows[i].given);
        char *written = yyjson_mut_val_write(object, YYJSON_WRITE_NOFLAG, NULL);
        assert_non_null(written);
        assert_string_equal(written, rows[i].written);
        free(written);
        yyjson_mut_doc_free(doc);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sections_are_found_by_name_until_they_leave),
        cmocka_unit_test(names_of_scalars_are_aligned),
        cmocka_unit_test(a_lone_scalar_stands_beside_its_title),
        cmocka_unit_test(nested_objects_come_after_the_scalars_and_are_indented),
        cmocka_unit_test(an_array_of_objects_is_a_table_with_numbers_to_the_right),
        cmocka_unit_test(arrays_of_scalars_are_lists),
        cmocka_unit_test(a_long_list_goes_on_below_its_beginning),
        cmocka_unit_test(a_table_too_wide_cuts_its_longest_texts_never_its_numbers),
        cmocka_unit_test(a_table_that_cannot_fit_stays_whole),
        cmocka_unit_test(an_empty_section_says_so),
        cmocka_unit_test(a_table_too_wide_leaves_out_columns_without_anything),
        cmocka_unit_test(a_table_within_a_table_is_drawn_below_it),
        cmocka_unit_test(a_last_column_of_sentences_goes_on_below_its_beginning),
        cmocka_unit_test(sentences_without_room_beside_the_others_stand_below_their_row),
        cmocka_unit_test(a_word_longer_than_a_line_is_broken_and_nothing_of_it_lost),
        cmocka_unit_test(cutting_keeps_characters_whole),
        cmocka_unit_test(real_numbers_are_short),
        cmocka_unit_test(what_a_client_sent_draws_no_lines_of_its_own),
        cmocka_unit_test(rows_of_any_shape_are_drawn),
        cmocka_unit_test(a_key_that_is_no_text_is_added_as_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
