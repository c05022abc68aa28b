#include "base/hex.h"

#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void each_byte_becomes_its_two_digits(void **state)
{
    for (int byte = 0; byte < 256; byte++) {
        char expected[3], digits[3] = { 0 };
        snprintf(expected, sizeof(expected), "%02x", byte);
        hex_write(digits, &(uint8_t){ (uint8_t)byte }, 1);
        assert_string_equal(digits, expected);
    }
}

static void bytes_of_every_length_are_written_in_order_and_nothing_behind_them(void **state)
{
    struct random random;
    random_init_seed(&random, 1);
    uint8_t bytes[64];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)random_next(&random);

    for (size_t size = 0; size <= sizeof(bytes); size++) {
        char expected[2 * sizeof(bytes) + 1] = "", digits[2 * sizeof(bytes) + 1];
        for (size_t i = 0; i < size; i++)
            snprintf(expected + 2 * i, 3, "%02x", bytes[i]);
        memset(digits, '#', sizeof(digits));
        assert_ptr_equal(hex_write(digits, bytes, size), digits + 2 * size);
        assert_memory_equal(digits, expected, 2 * size);
        assert_int_equal(digits[2 * size], '#');
    }
}

static void what_was_written_is_read(void **state)
{
    struct random random;
    random_init_seed(&random, 2);
    for (size_t size = 0; size <= 64; size++) {
        uint8_t bytes[64], read[64];
        char digits[128];
        for (size_t i = 0; i < size; i++)
            bytes[i] = (uint8_t)random_next(&random);
        hex_write(digits, bytes, size);
        assert_true(hex_read(digits, read, size));
        assert_memory_equal(read, bytes, size);
    }
}

static void a_character_that_is_no_lower_case_digit_is_refused_wherever_it_stands(void **state)
{
    for (size_t at = 0; at < 22; at++)
        for (int c = 0; c < 256; c++) {
            char text[] = "0123456789abcdef012345";
            uint8_t read[11];
            text[at] = (char)c;
            bool is_digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
            assert_int_equal(hex_read(text, read, sizeof(read)), is_digit);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_byte_becomes_its_two_digits),
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(a_character_that_is_no_lower_case_digit_is_refused_wherever_it_stands),
        cmocka_unit_test(bytes_of_every_length_are_written_in_order_and_nothing_behind_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
