/* The wire format's forms at their edges; that whole messages are right is judged in tests/system/test_otlp.py. */
#include "trace/protobuf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_bytes(struct buffer *buffer, const char *expected, size_t size)
{
    assert_int_equal(buffer->size, size);
    assert_memory_equal(buffer->data, expected, size);
    buffer_clear(buffer);
}

static void a_varint_is_as_long_as_its_value_needs(void **state)
{
    static const struct {
        uint64_t value;
        size_t size;
        const char *bytes;
    } rows[] = {
        { 0, 1, "\x00" },         { 127, 1, "\x7f" },           { 128, 2, "\x80\x01" },
        { 16383, 2, "\xff\x7f" }, { 16384, 3, "\x80\x80\x01" }, { UINT64_MAX, 10, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char bytes[PROTOBUF_VARINT_MAX];
        assert_int_equal(protobuf_put_varint(bytes, rows[i].value) - bytes, rows[i].size);
        assert_memory_equal(bytes, rows[i].bytes, rows[i].size);
        assert_int_equal(protobuf_varint_size(rows[i].value), rows[i].size);
    }
}

static void a_field_is_its_number_its_form_and_its_value(void **state)
{
    struct buffer out = { 0 };
    protobuf_uint(&out, 1, 150); /* the example of the documentation of the format */
    assert_bytes(&out, "\x08\x96\x01", 3);
    protobuf_bytes(&out, 2, TEXT("testing"));
    assert_bytes(&out, "\x12\x07testing", 9);
    protobuf_fixed32(&out, 16, 0x01020304);
    assert_bytes(&out, "\x85\x01\x04\x03\x02\x01", 6);
    protobuf_fixed64(&out, 7, 0x0102030405060708);
    assert_bytes(&out, "\x39\x08\x07\x06\x05\x04\x03\x02\x01", 9);
    protobuf_bytes(&out, 2, TEXT(""));
    assert_bytes(&out, "\x12\x00", 2);
    buffer_free(&out);
}

static void a_string_that_is_no_text_is_replaced(void **state)
{
    struct buffer out = { 0 };
    protobuf_string(&out, 2, TEXT("a\xff"));
    assert_bytes(&out,
                 "\x12\x84\x80\x80\x00"
                 "a\xef\xbf\xbd",
                 9);
    buffer_free(&out);
}

static void messages_lie_within_messages(void **state)
{
    struct buffer out = { 0 };
    size_t outer = protobuf_begin(&out, 1);
    size_t inner = protobuf_begin(&out, 2);
    protobuf_uint(&out, 3, 7);
    protobuf_end(&out, inner);
    protobuf_end(&out, outer);
    assert_bytes(&out, "\x0a\x87\x80\x80\x00\x12\x82\x80\x80\x00\x18\x07", 12);
    buffer_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_varint_is_as_long_as_its_value_needs),
        cmocka_unit_test(a_field_is_its_number_its_form_and_its_value),
        cmocka_unit_test(a_string_that_is_no_text_is_replaced),
        cmocka_unit_test(messages_lie_within_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
