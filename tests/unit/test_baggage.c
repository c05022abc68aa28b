#include "base/baggage.h"

#include "base/error.h"
#include "base/percent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* All pairs as "name=value;", with "!" at the end where one is broken. */
static const char *read_all(const char *text, char out[256])
{
    struct text rest = text_of(text), name;
    struct buffer all = { 0 }, value = { 0 };
    int rc;
    while ((rc = baggage_next(&rest, &name, &value)) == 1) {
        buffer_text(&all, name);
        buffer_char(&all, '=');
        buffer_text(&all, buffer_as_text(&value));
        buffer_char(&all, ';');
        buffer_clear(&value);
    }
    assert_true(rc == 0 || rc == E_INVALID);
    snprintf(out, 256, "%.*s%s", TEXT_ARG(buffer_as_text(&all)), rc == 0 ? "" : "!");
    buffer_free(&all);
    buffer_free(&value);
    return out;
}

static void pairs_are_read_in_order_with_their_escapes_undone(void **state)
{
    static const struct {
        const char *text, *pairs;
    } cases[] = {
        { "", "" },
        { "a=1", "a=1;" },
        { "a=1,b=2", "a=1;b=2;" },
        { " a = 1 ,\tb=2 ", "a=1;b=2;" },
        { ",a=1,,b=2, ,", "a=1;b=2;" },
        { "api-key=a%20b%2Cc%3d", "api-key=a b,c=;" },
        { "a=b=c", "a=b=c;" },
        { "a=", "a=;" },
        { "key=%E2%82%AC", "key=\xE2\x82\xAC;" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char out[256];
        assert_string_equal(read_all(cases[i].text, out), cases[i].pairs);
    }
}

static void what_is_no_pair_ends_the_reading(void **state)
{
    static const struct {
        const char *text, *pairs;
    } cases[] = {
        { "a", "!" }, { "=1", "!" }, { " =1", "!" }, { "a=1,b", "a=1;!" }, { "a=%", "!" }, { "a=%4", "!" }, { "a=%zz", "!" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char out[256];
        assert_string_equal(read_all(cases[i].text, out), cases[i].pairs);
    }
}

static void a_broken_escape_appends_nothing(void **state)
{
    struct buffer out = { 0 };
    buffer_string(&out, "before");
    assert_false(percent_decode(TEXT("a%20b%2"), &out));
    assert_int_equal(out.size, 6);
    assert_true(percent_decode(TEXT("%00%ff"), &out));
    assert_memory_equal(out.data + 6, "\0\xff", 2);
    buffer_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_are_read_in_order_with_their_escapes_undone),
        cmocka_unit_test(what_is_no_pair_ends_the_reading),
        cmocka_unit_test(a_broken_escape_appends_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
