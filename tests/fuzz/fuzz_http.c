/* Bytes of clients against the parser. Whatever comes: no crash, every message is given back, and the requests that are
 * found do not depend on how the bytes are cut into reads. The first byte seeds the cuts. */
#include "base/buffer.h"
#include "base/random.h"
#include "io/http/parser.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition) \
    do {                   \
        if (!(condition))  \
            abort();       \
    } while (0)

static const struct http_limits limits = {
    .header_count = 16,
    .url_bytes = 128,
    .header_bytes = 1024,
    .body_bytes = 4096,
};

static void write_header(void *arg, struct text name, struct text value)
{
    struct buffer *out = arg;
    buffer_text(out, name);
    buffer_char(out, ':');
    buffer_text(out, value);
    buffer_char(out, '\n');
}

static void write_request(struct buffer *out, const struct message *message)
{
    const struct http_request *request = &message->request;
    REQUIRE(request->path.size > 0 && (request->path.data[0] == '/' || text_is(request->path, "*")));
    REQUIRE(request->path.size + request->query.size <= limits.url_bytes);
    REQUIRE(request->body.size <= limits.body_bytes);
    REQUIRE(message->header_count <= limits.header_count);
    buffer_printf(out, "%d %.*s?", request->method, TEXT_ARG(request->path));
    buffer_text(out, request->query);
    buffer_printf(out, " %d%d%d\n", message->keep_alive, message->version_10, message->expects_continue);
    for (unsigned i = 0; i < message->header_count; i++)
        write_header(out, message->headers[i].name, message->headers[i].value);
    buffer_text(out, request->body);
}

/* Reads until the bytes end or a fault; what was found goes to `out`. Returns whether it was a fault. */
static bool read_all(const char *data, size_t size, struct random *cuts, struct buffer *out)
{
    struct block_pool pool = message_pool;
    struct block_budget budget = { .limit_bytes = 1 << 24 };
    struct parser parser;
    parser_init(&parser, &limits, &pool, &budget);
    const char *end = data + size;
    enum parser_event event = PARSER_MORE;
    while (data < end && event != PARSER_FAULT) {
        size_t left = (size_t)(end - data);
        size_t piece = cuts == NULL ? left : (size_t)random_between(cuts, 1, left < 40 ? (int64_t)left : 40);
        char *read = malloc(piece); /* gone once it is parsed, as a socket's is */
        const char *at = memcpy(read, data, piece);
        event = parser_feed(&parser, &at, read + piece);
        REQUIRE(event == PARSER_FAULT || at <= read + piece);
        REQUIRE(event != PARSER_MORE || at == read + piece);
        REQUIRE(parser_keep(&parser, (struct text){ read, piece }));
        data += at - read;
        free(read);
        if (event != PARSER_REQUEST)
            continue;
        struct message *message = parser_take(&parser);
        bool last = !message->keep_alive;
        write_request(out, message);
        message_give_back(&pool, message);
        if (last)
            break;
    }
    parser_close(&parser);
    REQUIRE(budget.used_bytes == 0);
    block_pool_free(&pool);
    return event == PARSER_FAULT;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct random cuts;
    random_init_seed(&cuts, data[0]);
    struct buffer whole = { 0 }, pieces = { 0 };
    const char *bytes = (const char *)data + 1;
    bool refused = read_all(bytes, size - 1, NULL, &whole);
    bool refused_in_pieces = read_all(bytes, size - 1, &cuts, &pieces);
    REQUIRE(refused == refused_in_pieces);
    REQUIRE(whole.size == pieces.size && (whole.size == 0 || memcmp(whole.data, pieces.data, whole.size) == 0));
    buffer_free(&whole);
    buffer_free(&pieces);
    return 0;
}
