#include "base/base64.h"
#include "base/crc32c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* RFC 4648 section 10, and the two digits that differ between alphabets. */
static const struct {
    const char *bytes, *text;
} vectors[] = {
    { "", "" },
    { "f", "Zg==" },
    { "fo", "Zm8=" },
    { "foo", "Zm9v" },
    { "foob", "Zm9vYg==" },
    { "fooba", "Zm9vYmE=" },
    { "foobar", "Zm9vYmFy" },
    { "\xfb\xff\xbf", "+/+/" },
};

static void bytes_become_text_and_come_back(void **state)
{
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        char text[16];
        char bytes[16];
        size_t size = strlen(vectors[i].bytes);
        assert_int_equal(base64_write(text, vectors[i].bytes, size) - text, strlen(vectors[i].text));
        assert_int_equal(BASE64_SIZE(size), strlen(vectors[i].text));
        assert_memory_equal(text, vectors[i].text, strlen(vectors[i].text));
        assert_true(base64_read(text_of(vectors[i].text), bytes, &size));
        assert_int_equal(size, strlen(vectors[i].bytes));
        assert_memory_equal(bytes, vectors[i].bytes, size);
    }
}

static void what_is_not_written_so_is_not_read(void **state)
{
    static const char *const wrong[] = { "Z",    "Zg",   "Zg=",      "Zg===", "=",      "====", "Z===",
                                         "Zh==", "Zm9=", "Zg==Zg==", "Zm 9",  "Zm9v\n", "-_-_", "Z=g=" };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char bytes[16];
        size_t size;
        assert_false(base64_read(text_of(wrong[i]), bytes, &size));
    }
}

/* RFC 3720 appendix B.4, and the usual check value. */
static void the_checksum_is_castagnolis(void **state)
{
    uint8_t bytes[32] = { 0 };
    assert_int_equal(crc32c(bytes, 32), 0x8a9136aa);
    for (uint8_t i = 0; i < 32; i++)
        bytes[i] = i;
    assert_int_equal(crc32c(bytes, 32), 0x46dd794e);
    assert_int_equal(crc32c("123456789", 9), 0xe3069283);
    assert_int_equal(crc32c(bytes, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_become_text_and_come_back),
        cmocka_unit_test(what_is_not_written_so_is_not_read),
        cmocka_unit_test(the_checksum_is_castagnolis),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
