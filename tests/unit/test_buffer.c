#include "base/buffer.h"
#include "base/random.h"
#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <yyjson.h>

#include <cmocka.h>

#define assert_buffer(buffer, expected)                                  \
    do {                                                                 \
        assert_int_equal((buffer)->size, strlen(expected));              \
        assert_memory_equal((buffer)->data, expected, strlen(expected)); \
    } while (0)

static void a_zeroed_buffer_is_empty_and_reads_as_empty_text(void **state)
{
    struct buffer buffer = { 0 };
    assert_true(text_is(buffer_as_text(&buffer), ""));
    buffer_append(&buffer, NULL, 0);
    assert_int_equal(buffer.size, 0);
    buffer_free(&buffer);
}

static void what_is_appended_stands_in_order(void **state)
{
    struct buffer buffer = { 0 };
    buffer_string(&buffer, "a=");
    buffer_int(&buffer, -42);
    buffer_char(&buffer, ' ');
    buffer_printf(&buffer, "%s=%d", "b", 7);
    buffer_repeat(&buffer, '.', 3);
    buffer_repeat(&buffer, '.', 0);
    buffer_text(&buffer, TEXT(" end"));
    assert_buffer(&buffer, "a=-42 b=7... end");
    buffer_free(&buffer);
}

static void numbers_are_written_to_their_limits(void **state)
{
    struct buffer buffer = { 0 };
    buffer_uint(&buffer, UINT64_MAX);
    buffer_char(&buffer, ' ');
    buffer_int(&buffer, INT64_MIN);
    buffer_char(&buffer, ' ');
    buffer_int(&buffer, 0);
    assert_buffer(&buffer, "18446744073709551615 -9223372036854775808 0");
    buffer_free(&buffer);
}

static void clearing_keeps_the_memory_and_freeing_gives_it_back(void **state)
{
    struct buffer buffer = { 0 };
    buffer_string(&buffer, "something");
    size_t capacity = buffer.capacity;
    buffer_clear(&buffer);
    assert_int_equal(buffer.size, 0);
    assert_int_equal(buffer.capacity, capacity);
    buffer_free(&buffer);
    assert_null(buffer.data);
    assert_int_equal(buffer.capacity, 0);
}

static void reserved_room_becomes_content_when_grown(void **state)
{
    struct buffer buffer = { 0 };
    memcpy(buffer_reserve(&buffer, 1000), "abc", 3);
    assert_int_equal(buffer.size, 0);
    buffer_grow(&buffer, 3);
    assert_buffer(&buffer, "abc");
    buffer_free(&buffer);
}

static void a_megabyte_byte_by_byte_is_kept_whole(void **state)
{
    struct buffer buffer = { 0 };
    for (unsigned i = 0; i < 1 << 20; i++)
        buffer_char(&buffer, (char)(i % 251));
    assert_int_equal(buffer.size, 1 << 20);
    for (unsigned i = 0; i < 1 << 20; i++)
        assert_true((unsigned char)buffer.data[i] == i % 251);
    buffer_free(&buffer);
}

static void json_strings_are_escaped(void **state)
{
    const struct {
        struct text text;
        const char *json;
    } rows[] = {
        { { "", 0 }, "\"\"" },
        { { NULL, 0 }, "\"\"" },
        { TEXT("plain / text"), "\"plain / text\"" },
        { TEXT("say \"hi\" \\ bye"), "\"say \\\"hi\\\" \\\\ bye\"" },
        { TEXT("\b\t\n\f\r"), "\"\\b\\t\\n\\f\\r\"" },
        { TEXT("\x01\x1F\x7F"), "\"\\u0001\\u001f\\u007f\"" },
        { TEXT("a\0b"), "\"a\\u0000b\"" },
        { TEXT("\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x8E\x89"), "\"\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x8E\x89\"" },
        { TEXT("\xC2\x9B[31m\xE2\x80\xAE\xC2\xA0"), "\"\\u009b[31m\\u202e\xC2\xA0\"" }, /* what terminals obey, and what they draw */
        { TEXT("\xF3\xA0\x81\x81"), "\"\\udb40\\udc41\"" },
        { TEXT("\xFF"), "\"\xEF\xBF\xBD\"" },
        { TEXT("\xC3"), "\"\xEF\xBF\xBD\"" },                                                 /* cut at the end */
        { TEXT("\xC3("), "\"\xEF\xBF\xBD(\"" },                                               /* the second byte is none */
        { TEXT("\xC0\xAF"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"" },                                 /* overlong "/" */
        { TEXT("\xED\xA0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"" },                 /* a surrogate */
        { TEXT("\xF4\x90\x80\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"" }, /* above U+10FFFF */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buffer buffer = { 0 };
        buffer_json_string(&buffer, rows[i].text);
        assert_buffer(&buffer, rows[i].json);
        buffer_free(&buffer);
    }
}

static uint64_t seed;

static void any_bytes_become_json_that_another_parser_reads(void **state)
{
    static const char nasty[] = "\xC2\x9B\xF3\xA0\x81\x81\xC3\xA9\xE2\x82\xAC\xF0\x9F\x8E\x89\xED\xA0\x80\xFF\"\\\n\x7F a";
    struct random random;
    random_init_seed(&random, seed);
    for (int round = 0; round < 20000; round++) {
        char bytes[24];
        size_t size = (size_t)random_between(&random, 0, sizeof(bytes));
        for (size_t i = 0; i < size; i++)
            bytes[i] =
                random_unit(&random) < 0.3 ? (char)random_next(&random) : nasty[random_between(&random, 0, (int64_t)sizeof(nasty) - 2)];

        struct buffer json = { 0 }, clean = { 0 };
        buffer_json_string(&json, (struct text){ bytes, size });
        buffer_utf8(&clean, (struct text){ bytes, size });
        yyjson_doc *doc = yyjson_read(json.data, json.size, 0);
        assert_non_null(doc);
        assert_int_equal(yyjson_get_len(yyjson_doc_get_root(doc)), clean.size);
        if (clean.size > 0)
            assert_memory_equal(yyjson_get_str(yyjson_doc_get_root(doc)), clean.data, clean.size);
        yyjson_doc_free(doc);
        buffer_free(&json);
        buffer_free(&clean);
    }
}

static void json_of_a_library_keeps_its_meaning_and_leaves_terminals_alone(void **state)
{
    struct buffer buffer = { 0 };
    buffer_json(&buffer, TEXT("{\n  \"caf\xC3\xA9\\n\": \"\xC2\x9B[31m\x7F\xF3\xA0\x81\x81\"\n}"));
    assert_buffer(&buffer, "{\n  \"caf\xC3\xA9\\n\": \"\\u009b[31m\\u007f\\udb40\\udc41\"\n}");
    buffer_free(&buffer);
}

static void every_character_of_unicode_is_well_formed_and_its_neighbours_are_not(void **state)
{
    for (uint32_t c = 0; c <= 0x10FFFF; c++) {
        char bytes[4];
        size_t size = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        static const unsigned char leads[] = { 0, 0, 0xC0, 0xE0, 0xF0 };
        for (size_t i = 0; i < size; i++)
            bytes[i] = (char)(0x80 | (c >> 6 * (size - 1 - i) & 0x3F));
        bytes[0] = (char)(leads[size] | c >> 6 * (size - 1));
        bool surrogate = c >= 0xD800 && c <= 0xDFFF;
        assert_int_equal(utf8_length(bytes, size), surrogate ? 0 : size);
        if (size > 1)
            assert_int_equal(utf8_length(bytes, size - 1), 0);
    }
}

static void a_terminal_gets_no_characters_that_reorder_or_hide(void **state)
{
    struct buffer buffer = { 0 };
    buffer_printable(&buffer, TEXT("a\xE2\x80\xAE"
                                   "b\xE2\x80\xA8"
                                   "c\xE2\x81\xA6"
                                   "d\xC2\xAD"
                                   "e\xEF\xBB\xBF"
                                   "f\xF3\xA0\x80\xA0"));
    assert_buffer(&buffer, "a\\xe2\\x80\\xaeb\\xe2\\x80\\xa8c\\xe2\\x81\\xa6d\\xc2\\xade\\xef\\xbb\\xbff\\xf3\\xa0\\x80\\xa0");
    buffer_clear(&buffer);
    buffer_printable(
        &buffer, TEXT("\xC2\xA0\xE2\x80\xAF\xE2\x81\xA5\xD8\xA7\xE6\xBC\xA2\xF0\x9F\x98\x80")); /* their neighbours, and other scripts */
    assert_buffer(&buffer, "\xC2\xA0\xE2\x80\xAF\xE2\x81\xA5\xD8\xA7\xE6\xBC\xA2\xF0\x9F\x98\x80");
    buffer_free(&buffer);
}

static void a_terminal_gets_no_controls_from_a_client(void **state)
{
    struct buffer buffer = { 0 };
    buffer_printable(&buffer, TEXT("caf\xC3\xA9\n\x1B[31m\xC2\x9B"
                                   "31m\xFF\x7F"));
    assert_buffer(&buffer, "caf\xC3\xA9\\x0a\\x1b[31m\\xc2\\x9b31m\\xff\\x7f");
    buffer_free(&buffer);
}

int main(void)
{
    seed = (uint64_t)time(NULL);
    printf("seed %llu\n", (unsigned long long)seed);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_zeroed_buffer_is_empty_and_reads_as_empty_text),
        cmocka_unit_test(what_is_appended_stands_in_order),
        cmocka_unit_test(numbers_are_written_to_their_limits),
        cmocka_unit_test(clearing_keeps_the_memory_and_freeing_gives_it_back),
        cmocka_unit_test(reserved_room_becomes_content_when_grown),
        cmocka_unit_test(a_megabyte_byte_by_byte_is_kept_whole),
        cmocka_unit_test(json_strings_are_escaped),
        cmocka_unit_test(json_of_a_library_keeps_its_meaning_and_leaves_terminals_alone),
        cmocka_unit_test(any_bytes_become_json_that_another_parser_reads),
        cmocka_unit_test(every_character_of_unicode_is_well_formed_and_its_neighbours_are_not),
        cmocka_unit_test(a_terminal_gets_no_controls_from_a_client),
        cmocka_unit_test(a_terminal_gets_no_characters_that_reorder_or_hide),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
