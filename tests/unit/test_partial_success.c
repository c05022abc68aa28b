#include "io/curl/partial_success.h"

#include "base/memory.h"
#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void rejected_spans_are_read_wherever_they_stand(void **state)
{
    const struct {
        struct text response;
        uint64_t rejected;
    } cases[] = {
        { TEXT(""), 0 },
        { TEXT("\x0a\x00"), 0 },                                             /* partial_success {} */
        { TEXT("\x0a\x02\x08\x03"), 3 },                                     /* { rejected_spans: 3 } */
        { TEXT("\x0a\x03\x08\xac\x02"), 300 },                               /* { 300 } */
        { TEXT("\x0a\x06\x12\x02no\x08\x03"), 3 },                           /* { error_message: "no", 3 } */
        { TEXT("\x18\x05\x25zzzz\x29zzzzzzzz\x0a\x02\x08\x03"), 3 },         /* behind fields of later versions, of each wire type */
        { TEXT("\x0a\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), 0 }, /* { -1 } */
        { TEXT("\x0a\x04\x12\x02no"), 0 },
        { TEXT("{\"partialSuccess\":{}}"), 0 },
        { TEXT("<html>404</html>"), 0 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(partial_success_read(cases[i].response).rejected, cases[i].rejected);
}

static void the_message_is_read_with_spans_and_without(void **state)
{
    const struct {
        struct text response;
        const char *message; /* NULL: none */
    } cases[] = {
        { TEXT(""), NULL },
        { TEXT("\x0a\x02\x08\x03"), NULL },           /* { rejected_spans: 3 } */
        { TEXT("\x0a\x02\x12\x00"), NULL },           /* { error_message: "" } */
        { TEXT("\x0a\x06\x08\x03\x12\x02no"), "no" }, /* { 3, "no" } */
        { TEXT("\x0a\x06\x12\x02no\x08\x03"), "no" }, /* { "no", 3 } */
        { TEXT("\x0a\x06\x12\x04look"), "look" },     /* a warning */
        { TEXT("\x0a\x04\x12\x7fno"), NULL },         /* longer than what follows */
        { TEXT("\x0a\x05\x10\x01\x12\x01!"), "!" },   /* behind a number in its place */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct text message = partial_success_read(cases[i].response).message;
        if (cases[i].message == NULL)
            assert_null(message.data);
        else
            assert_true(text_is(message, cases[i].message));
    }
}

static void what_is_cut_off_or_lies_about_its_length_has_none(void **state)
{
    const struct text cases[] = {
        TEXT("\x0a"),
        TEXT("\x0a\x05\x08\x03"),                                 /* longer than what follows */
        TEXT("\x0a\x01\x08\x03"),                                 /* cut in the middle of its field */
        TEXT("\x0a\x02\x08\x80"),                                 /* a number without end */
        TEXT("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x08"), /* 2^64 - 1 bytes */
        TEXT("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
        TEXT("\x0b\x08\x03"), /* a group */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(partial_success_read(cases[i]).rejected, 0);
}

/* In memory of their exact size, so that a sanitizer sees a step too far. */
static void any_bytes_are_read_within_their_bounds(void **state)
{
    struct random random;
    random_init_seed(&random, 20260131);
    for (int i = 0; i < 200000; i++) {
        size_t size = (size_t)random_between(&random, 1, 12);
        char *bytes = mem_alloc(size);
        for (size_t k = 0; k < size; k++)
            bytes[k] = (char)random_between(&random, 0, random_unit(&random) < 0.7 ? 20 : 255); /* mostly tags and short lengths */
        struct partial_success told = partial_success_read((struct text){ bytes, size });
        for (size_t k = 0; k < told.message.size; k++)
            assert_true(told.message.data + k >= bytes && told.message.data + k < bytes + size);
        mem_free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rejected_spans_are_read_wherever_they_stand),
        cmocka_unit_test(the_message_is_read_with_spans_and_without),
        cmocka_unit_test(what_is_cut_off_or_lies_about_its_length_has_none),
        cmocka_unit_test(any_bytes_are_read_within_their_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
