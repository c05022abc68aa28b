#include "base/trace_state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void assert_text(const struct trace_state *state, const char *expected)
{
    if (!text_is((struct text){ state->text, state->size }, expected))
        fail_msg("found %.*s; expected %s", (int)state->size, state->text, expected);
}

static void lines_become_one_list_in_their_order(void **cmocka)
{
    struct trace_state state = { .size = 0 };
    assert_true(trace_state_add(&state, TEXT("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE")));
    assert_true(trace_state_add(&state, TEXT("")));
    assert_true(trace_state_add(&state, TEXT(" , \tblue@vendor=a b\t ,,1t=x,")));
    assert_text(&state, "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE,blue@vendor=a b,1t=x");
}

static void what_is_no_list_is_refused(void **cmocka)
{
    static const char *const lines[] = {
        "a", "=b", "a=", "A=b", "a =b", "a.b=c", "@a=b", "_a=b", "a=b=c", "a=\x7f", "a=b;c\xc3\xa4", "a=b\tc", "good=1,bad", "a=\x01",
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct trace_state state = { .size = 0 };
        if (trace_state_add(&state, text_of(lines[i])))
            fail_msg("taken: %s", lines[i]);
    }
}

/* key_size characters, "=", value_size characters. */
static struct text member(char out[600], int key_size, int value_size)
{
    memset(out, 'k', (size_t)key_size);
    out[key_size] = '=';
    memset(out + key_size + 1, 'v', (size_t)value_size);
    return (struct text){ out, (size_t)key_size + 1 + (size_t)value_size };
}

static void keys_and_values_have_256_characters_at_most(void **cmocka)
{
    static const struct {
        int key_size, value_size;
        bool taken;
    } rows[] = { { 256, 1, true }, { 257, 1, false }, { 1, 256, true }, { 1, 257, false } };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct trace_state state = { .size = 0 };
        char text[600];
        assert_int_equal(trace_state_add(&state, member(text, rows[i].key_size, rows[i].value_size)), rows[i].taken);
    }
}

static void a_list_has_32_members_at_most_all_lines_together(void **cmocka)
{
    struct trace_state state = { .size = 0 };
    for (int i = 0; i < 16; i++)
        assert_true(trace_state_add(&state, TEXT("a=1,b=2")));
    assert_int_equal(state.size, 32 * 3 + 31);
    assert_false(trace_state_add(&state, TEXT("c=3")));
}

static void of_512_characters_none_is_lost_and_beyond_them_whole_members_from_the_right(void **cmocka)
{
    struct trace_state state = { .size = 0 };
    char text[600];
    assert_true(trace_state_add(&state, member(text, 1, 256)));
    assert_true(trace_state_add(&state, member(text, 1, 250)));
    assert_int_equal(state.size, 512 - 1);
    assert_true(trace_state_add(&state, TEXT("a=1,b=2")));
    assert_int_equal(state.size, 512 - 1);
    assert_false(trace_state_add(&state, TEXT("none"))); /* what is left out is looked at all the same */

    state = (struct trace_state){ .size = 0 };
    assert_true(trace_state_add(&state, member(text, 1, 256)));
    assert_true(trace_state_add(&state, member(text, 1, 251)));
    assert_int_equal(state.size, 512);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_become_one_list_in_their_order),
        cmocka_unit_test(what_is_no_list_is_refused),
        cmocka_unit_test(keys_and_values_have_256_characters_at_most),
        cmocka_unit_test(a_list_has_32_members_at_most_all_lines_together),
        cmocka_unit_test(of_512_characters_none_is_lost_and_beyond_them_whole_members_from_the_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
