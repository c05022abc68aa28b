#include "base/memory.h"
#include "base/random.h"
#include "core/json_object.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define DEPTH_MAX 8

static int read_text(struct text text, struct error *err)
{
    static struct json_object object; /* large */
    int rc = json_object_read(&object, text, DEPTH_MAX, err);
    if (rc == 0)
        json_object_free(&object);
    return rc;
}

static void assert_refused(const char *text, const char *message)
{
    struct error err;
    assert_int_equal(read_text(text_of(text), &err), E_INVALID);
    assert_string_equal(err.message, message);
}

static void assert_taken(const char *text)
{
    struct error err = { 0 };
    if (read_text(text_of(text), &err) != 0)
        fail_msg("%s: %s", text, err.message);
}

static void what_json_does_not_allow_is_refused(void **state)
{
    static const char *const texts[] = {
        "{",
        "}",
        "{\"a\":1,}",
        "{\"a\" 1}",
        "{a:1}",
        "{'a':1}",
        "{\"a\":01}",
        "{\"a\":+1}",
        "{\"a\":.5}",
        "{\"a\":1.}",
        "{\"a\":0x1}",
        "{\"a\":NaN}",
        "{\"a\":Infinity}",
        "{\"a\":tru}",
        "{} x",
        "{}{}",
        "{},",
        "{\"a\":\"\n\"}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":1 2}",
        "{/**/}",
        " ",
        "\xef\xbb\xbf{}",
    };
    struct error err;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (read_text(text_of(texts[i]), &err) != E_INVALID)
            fail_msg("taken: %s", texts[i]);
    assert_refused("{} x", "not JSON: unexpected content after document at byte 3; allowed: one JSON object");
}

static void bytes_that_are_no_utf8_are_refused(void **state)
{
    static const char *const texts[] = { "{\"a\":\"\xff\"}", "{\"a\":\"\xc0\x80\"}", "{\"a\":\"\xed\xa0\x80\"}", "{\"\xc3\":1}" };
    struct error err;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_int_equal(read_text(text_of(texts[i]), &err), E_INVALID);
    assert_int_equal(read_text((struct text){ "{}\0", 3 }, &err), E_INVALID);
}

static void another_value_than_an_object_is_refused_by_name(void **state)
{
    assert_refused("[]", "found an array; allowed: one JSON object");
    assert_refused("\"a\"", "found a string; allowed: one JSON object");
    assert_refused("1", "found a number; allowed: one JSON object");
    assert_refused("true", "found a boolean; allowed: one JSON object");
    assert_refused(" null ", "found null; allowed: one JSON object");
}

static void levels_are_counted_from_the_object_itself(void **state)
{
    assert_taken("{\"a\":[[[[[[[]]]]]]]}");
    assert_refused("{\"a\":[[[[[[[[]]]]]]]]}", "found more than 8 arrays and objects within one another; allowed: 8");
    assert_refused("{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}}}",
                   "found more than 8 arrays and objects within one another; allowed: 8");
}

static void a_name_that_comes_twice_is_refused_at_any_level(void **state)
{
    assert_refused("{\"a\":1,\"b\":2,\"a\":3}", "found the name \"a\" twice in one object; allowed: once");
    assert_refused("{\"o\":[{\"a\":1,\"a\":1}]}", "found the name \"a\" twice in one object; allowed: once");
    assert_refused("{\"a\":1,\"\\u0061\":2}", "found the name \"a\" twice in one object; allowed: once");
    assert_taken("{\"a\":{\"a\":[{\"a\":1},{\"a\":2}]},\"A\":1,\"\":2}");
}

/* `count` names; the last is "last", or one that was there. */
static struct buffer given_names(int count, const char *last)
{
    struct buffer text = { 0 };
    buffer_char(&text, '{');
    for (int i = 1; i < count; i++)
        buffer_printf(&text, "\"n%d\":0,", i);
    buffer_printf(&text, "\"%s\":0}", last);
    return text;
}

static void a_name_that_comes_twice_is_found_in_small_and_large_objects(void **state)
{
    static const int sizes[] = { 2, 15, 16, 17, 18, 1000, 20000 };
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct buffer whole = given_names(sizes[i], "last"), twice = given_names(sizes[i], "n1");
        struct error err;
        assert_int_equal(read_text(buffer_as_text(&whole), &err), 0);
        assert_int_equal(read_text(buffer_as_text(&twice), &err), E_INVALID);
        assert_string_equal(err.message, "found the name \"n1\" twice in one object; allowed: once");
        buffer_free(&whole);
        buffer_free(&twice);
    }
}

static void without_memory_a_large_body_is_an_error_like_others(void **state)
{
    struct buffer text = given_names(1000, "last");
    struct error err;
    long count = 0;
    for (;; count++) {
        mem_fail_after(count);
        int rc = read_text(buffer_as_text(&text), &err);
        mem_fail_after(-1);
        if (rc == 0)
            break;
        assert_int_equal(rc, E_UNAVAILABLE);
    }
    assert_true(count >= 2); /* the document, and the names */
    buffer_free(&text);
}

static void a_small_body_needs_no_allocation(void **state)
{
    struct error err;
    mem_fail_after(0);
    int rc = read_text(TEXT("{\"id\":\"a\",\"items\":[1,2,3],\"more\":{\"x\":null}}"), &err);
    mem_fail_after(-1);
    assert_int_equal(rc, 0);
}

static void whole_numbers_of_64_bits_are_integers(void **state)
{
    static const struct {
        const char *digits;
        bool is_integer;
        int64_t value;
    } cases[] = {
        { "0", true, 0 },
        { "-0", true, 0 },
        { "42", true, 42 },
        { "-42", true, -42 },
        { "9223372036854775807", true, INT64_MAX },
        { "-9223372036854775808", true, INT64_MIN },
        { "9223372036854775808", false, 0 },
        { "-9223372036854775809", false, 0 },
        { "99999999999999999999999", false, 0 },
        { "1.0", false, 0 },
        { "1e3", false, 0 },
        { "", false, 0 },
        { "-", false, 0 },
        { "+1", false, 0 },
        { " 1", false, 0 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t value = -1;
        assert_int_equal(json_integer(text_of(cases[i].digits), &value), cases[i].is_integer);
        assert_true(!cases[i].is_integer || value == cases[i].value);
    }
}

static void assert_minified(const char *text, const char *expected)
{
    struct buffer out = { 0 };
    json_minify(text_of(text), &out);
    buffer_char(&out, '\0');
    assert_string_equal(out.data, expected);
    buffer_free(&out);
}

static void minifying_drops_white_space_and_nothing_else(void **state)
{
    assert_minified(" { \"a b\" : [ 1.00 ,\t-0 ,\r\n1E+2 ] , \"c\" : \" \\\" \\\\\" , \"d\":\"\\u00e9 \\/\" } \n",
                    "{\"a b\":[1.00,-0,1E+2],\"c\":\" \\\" \\\\\",\"d\":\"\\u00e9 \\/\"}");
    assert_minified("{}", "{}");
    assert_minified("{\"\":\"\"}", "{\"\":\"\"}");
}

/* Random objects, written with and without white space between the tokens: minifying the one gives the other. */

struct writer {
    struct random random;
    struct buffer minimal, spaced;
    int names;
};

static void write_token(struct writer *writer, const char *token)
{
    static const char *const spaces[] = { "", "", "", " ", "\n", "\t\r\n  " };
    buffer_string(&writer->minimal, token);
    buffer_string(&writer->spaced, spaces[random_between(&writer->random, 0, 5)]);
    buffer_string(&writer->spaced, token);
    buffer_string(&writer->spaced, spaces[random_between(&writer->random, 0, 5)]);
}

static void write_value(struct writer *writer, int depth);

static void write_many(struct writer *writer, int depth, bool named)
{
    write_token(writer, named ? "{" : "[");
    int64_t count = random_between(&writer->random, 0, 4);
    for (int64_t i = 0; i < count; i++) {
        char name[32];
        snprintf(name, sizeof(name), "\"n %d\\\"\"", writer->names++);
        if (i > 0)
            write_token(writer, ",");
        if (named) {
            write_token(writer, name);
            write_token(writer, ":");
        }
        write_value(writer, depth + 1);
    }
    write_token(writer, named ? "}" : "]");
}

static void write_value(struct writer *writer, int depth)
{
    static const char *const scalars[] = { "null",        "true", "-0.50e-7", "12345678901234567890", "\" \\\\\"", "\"\\\" { [ \\n\"",
                                           "\"\xc3\xa9\"" };
    int64_t kind = random_between(&writer->random, 0, 9);
    if (kind < 3 && depth < DEPTH_MAX)
        write_many(writer, depth, kind < 2);
    else
        write_token(writer, scalars[random_between(&writer->random, 0, 6)]);
}

static void any_object_comes_out_token_by_token(void **state)
{
    const char *one = getenv("SEED");
    struct writer writer = { .names = 0 };
    random_init(&writer.random);
    uint64_t seed = one == NULL ? random_next(&writer.random) >> 16 : strtoull(one, NULL, 10);
    print_message("SEED=%llu\n", (unsigned long long)seed);
    random_init_seed(&writer.random, seed);

    struct buffer out = { 0 };
    for (int i = 0; i < 3000; i++) {
        buffer_clear(&writer.minimal);
        buffer_clear(&writer.spaced);
        buffer_clear(&out);
        write_many(&writer, 1, true);
        struct error err;
        assert_int_equal(read_text(buffer_as_text(&writer.spaced), &err), 0);
        json_minify(buffer_as_text(&writer.spaced), &out);
        assert_int_equal(out.size, writer.minimal.size);
        assert_memory_equal(out.data, writer.minimal.data, out.size);
    }
    buffer_free(&out);
    buffer_free(&writer.minimal);
    buffer_free(&writer.spaced);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_json_does_not_allow_is_refused),
        cmocka_unit_test(bytes_that_are_no_utf8_are_refused),
        cmocka_unit_test(another_value_than_an_object_is_refused_by_name),
        cmocka_unit_test(levels_are_counted_from_the_object_itself),
        cmocka_unit_test(a_name_that_comes_twice_is_refused_at_any_level),
        cmocka_unit_test(a_name_that_comes_twice_is_found_in_small_and_large_objects),
        cmocka_unit_test(without_memory_a_large_body_is_an_error_like_others),
        cmocka_unit_test(a_small_body_needs_no_allocation),
        cmocka_unit_test(whole_numbers_of_64_bits_are_integers),
        cmocka_unit_test(minifying_drops_white_space_and_nothing_else),
        cmocka_unit_test(any_object_comes_out_token_by_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
