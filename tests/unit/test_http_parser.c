/* The parser and the memory of its messages without a socket: when there is no memory, and when input is large. */
#include "base/buffer.h"
#include "base/memory.h"
#include "io/http/parser.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct fixture {
    struct block_pool pool;
    struct block_budget budget;
    struct http_limits limits;
    struct parser parser;
};

static void init(struct fixture *fixture)
{
    *fixture = (struct fixture){
        .pool = message_pool,
        .budget = { .limit_bytes = 1 << 24 },
        .limits = { .header_count = 100, .url_bytes = 8192, .header_bytes = 32768, .body_bytes = 1 << 20 },
    };
    parser_init(&fixture->parser, &fixture->limits, &fixture->pool, &fixture->budget);
}

static void assert_nothing_is_held(struct fixture *fixture)
{
    parser_close(&fixture->parser);
    assert_int_equal(fixture->budget.used_bytes, 0);
    block_pool_free(&fixture->pool);
}

static enum parser_event feed_piece(struct fixture *fixture, const char **at, size_t size)
{
    char *piece = test_malloc(size);
    const char *used = memcpy(piece, *at, size);
    enum parser_event event = parser_feed(&fixture->parser, &used, piece + size);
    if (!parser_keep(&fixture->parser, (struct text){ piece, size }))
        event = PARSER_FAULT;
    *at += used - piece;
    memset(piece, 0, size);
    test_free(piece);
    return event;
}

/* Feeds all bytes, `piece` at a time, up to the request or the fault. Pieces are gone once they are fed, as a socket's are. */
static enum parser_event feed(struct fixture *fixture, const struct buffer *bytes, size_t piece)
{
    const char *at = bytes->data, *end = bytes->data + bytes->size;
    enum parser_event event = PARSER_MORE;
    while (at < end && event != PARSER_REQUEST && event != PARSER_FAULT) {
        size_t size = (size_t)(end - at) < piece ? (size_t)(end - at) : piece;
        event = feed_piece(fixture, &at, size);
    }
    return event;
}

static void write_large_request(struct buffer *bytes, size_t body_size)
{
    buffer_string(bytes, "POST /");
    for (int i = 0; i < 1000; i++)
        buffer_string(bytes, "path/");
    buffer_string(bytes, " HTTP/1.1\r\nHost: a\r\n");
    for (int i = 0; i < 60; i++)
        buffer_printf(bytes, "Header-%d: %064d\r\n", i, i);
    buffer_printf(bytes, "Content-Length: %zu\r\n\r\n", body_size);
    memset(buffer_reserve(bytes, body_size), 'b', body_size);
    buffer_grow(bytes, body_size);
}

static void every_failing_allocation_is_a_fault_that_leaves_nothing_behind(void **state)
{
    struct buffer bytes = { 0 };
    write_large_request(&bytes, 200000);
    long allowed = 0;
    enum parser_event event;
    do {
        struct fixture fixture;
        init(&fixture);
        mem_fail_after(allowed++);
        event = feed(&fixture, &bytes, 5000);
        mem_fail_after(-1);
        assert_true(event == PARSER_REQUEST || (event == PARSER_FAULT && fixture.parser.fault == FAULT_OVERLOADED));
        assert_nothing_is_held(&fixture);
    } while (event != PARSER_REQUEST);
    assert_true(allowed > 5); /* message, pieces, header table, body, and its growth */
    buffer_free(&bytes);
}

static void a_large_request_is_whole_however_it_comes(void **state)
{
    static const size_t pieces[] = { 1 << 20, 4096, 1000, 17 };
    struct buffer bytes = { 0 };
    write_large_request(&bytes, 100000);
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        struct fixture fixture;
        init(&fixture);
        assert_int_equal(feed(&fixture, &bytes, pieces[i]), PARSER_REQUEST);
        struct message *message = parser_take(&fixture.parser);
        assert_int_equal(message->request.path.size, 5001);
        assert_int_equal(message->request.body.size, 100000);
        assert_true(text_is((struct text){ message->request.path.data + 4996, 5 }, "path/"));
        assert_int_equal(message->header_count, 62);
        assert_true(text_is(message->headers[60].name, "Header-59"));
        assert_true(memcmp(message->request.body.data + 99990, "bbbbbbbbbb", 10) == 0);
        assert_true(message->block.held_bytes < 250000); /* not much more than what came */
        message_give_back(&fixture.pool, message);
        assert_nothing_is_held(&fixture);
    }
    buffer_free(&bytes);
}

static void spare_blocks_are_kept_while_they_are_needed(void **state)
{
    struct block_pool pool = { .size = 1024, .head_size = sizeof(struct block) };
    struct block_budget budget = { .limit_bytes = 1 << 24 };
    struct block *blocks[100];
    for (int i = 0; i < 100; i++)
        blocks[i] = block_take(&pool, &budget);
    for (int i = 0; i < 100; i++)
        block_give_back(&pool, blocks[i]);
    unsigned kept = pool.spare_count; /* none under an address sanitizer */

    block_pool_trim(&pool); /* they were all out since the last time: nothing to spare */
    assert_int_equal(pool.spare_count, kept);
    for (int i = 0; i < 20; i++)
        block_pool_trim(&pool);
    assert_int_equal(pool.spare_count, 0);
    assert_int_equal(budget.used_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_failing_allocation_is_a_fault_that_leaves_nothing_behind),
        cmocka_unit_test(a_large_request_is_whole_however_it_comes),
        cmocka_unit_test(spare_blocks_are_kept_while_they_are_needed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
