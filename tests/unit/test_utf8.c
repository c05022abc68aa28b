#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Longer than two of the steps in which ASCII is passed over. */
#define SIZE 21

static void a_character_is_valid_wherever_it_begins(void **state)
{
    static const char *const characters[] = { "a", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80" };
    for (size_t i = 0; i < sizeof(characters) / sizeof(characters[0]); i++)
        for (size_t at = 0; at + strlen(characters[i]) <= SIZE; at++) {
            char text[SIZE];
            memset(text, 'x', sizeof(text));
            memcpy(text + at, characters[i], strlen(characters[i]));
            assert_true(utf8_valid(text, sizeof(text)));
        }
}

static void a_byte_that_is_none_is_found_wherever_it_is(void **state)
{
    static const unsigned char bytes[] = { 0x80, 0xC0, 0xC3, 0xED, 0xFF };
    for (size_t i = 0; i < sizeof(bytes); i++)
        for (size_t at = 0; at < SIZE; at++) {
            char text[SIZE];
            memset(text, 'x', sizeof(text));
            text[at] = (char)bytes[i];
            assert_false(utf8_valid(text, sizeof(text)));
        }
}

static void a_character_that_is_cut_off_is_not_valid(void **state)
{
    assert_true(utf8_valid("12345678\xE2\x82\xAC", 11));
    assert_false(utf8_valid("12345678\xE2\x82\xAC", 10));
    assert_false(utf8_valid("12345678\xE2\x82\xAC", 9));
    assert_true(utf8_valid("12345678\xE2\x82\xAC", 8));
    assert_true(utf8_valid("", 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_character_is_valid_wherever_it_begins),
        cmocka_unit_test(a_byte_that_is_none_is_found_wherever_it_is),
        cmocka_unit_test(a_character_that_is_cut_off_is_not_valid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
