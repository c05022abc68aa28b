/* What io/http accepts and what it refuses, byte by byte. Each row is sent whole, in two halves, and one byte at a time:
 * the outcome must not depend on how the bytes arrive. */
#include "http_fixture.h"

#define OK   "200"
#define SHUT true
#define OPEN false
#define HOST "Host: a\r\n"
#define GET  "GET /now HTTP/1.1\r\n" HOST "\r\n"
#define POST "POST /now HTTP/1.1\r\n" HOST

struct row {
    const char *what;
    struct text bytes;
    const char *codes; /* the answers' */
    bool closed;
    const char *reason; /* counted; NULL: none */
};

#define ROW(what, bytes, ...)                           \
    {                                                   \
        what, { bytes, sizeof(bytes) - 1 }, __VA_ARGS__ \
    }

/* clang-format off */
static const struct row rows[] = {
    /* what every server takes */
    ROW("a plain request", GET, OK, OPEN, NULL),
    ROW("two requests in one piece", GET GET, "200 200", OPEN, NULL),
    ROW("empty lines before a request", "\r\n\r\n" GET, OK, OPEN, NULL),
    ROW("a body by length", POST "Content-Length: 5\r\n\r\nhello" GET, "200 200", OPEN, NULL),
    ROW("a body of length 0", POST "Content-Length: 0\r\n\r\n" GET, "200 200", OPEN, NULL),
    ROW("a POST without a body", POST "\r\n" GET, "200 200", OPEN, NULL),
    ROW("chunks", POST "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA\r\n0123456789\r\n0\r\n\r\n" GET, "200 200", OPEN, NULL),
    ROW("chunks, in another case", POST "transfer-encoding: Chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", OK, OPEN, NULL),
    ROW("a chunk with an extension", POST "Transfer-Encoding: chunked\r\n\r\n5;a=b;c=\"d\"\r\nhello\r\n0\r\n\r\n", OK, OPEN, NULL),
    ROW("a trailer", POST "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nSum: 1\r\n\r\n" GET, "200 200", OPEN, NULL),
    ROW("absolute-form", "GET http://b.example:80/now?x=1 HTTP/1.1\r\n" HOST "\r\n", OK, OPEN, NULL),
    ROW("asterisk-form", "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", OK, OPEN, NULL),
    ROW("an empty Host", "GET /now HTTP/1.1\r\nHost:\r\n\r\n", OK, OPEN, NULL),
    ROW("an IPv6 Host", "GET /now HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", OK, OPEN, NULL),
    ROW("blanks around a value", "GET /now HTTP/1.1\r\nHost: \t a \t\r\n\r\n", OK, OPEN, NULL),
    ROW("HTTP/1.0", "GET /now HTTP/1.0\r\n\r\n", OK, SHUT, NULL),
    ROW("HTTP/1.0 that stays", "GET /now HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", OK, OPEN, NULL),
    ROW("Connection: close", "GET /now HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n" GET, OK, SHUT, NULL),
    ROW("an Upgrade that is not wanted", "GET /now HTTP/1.1\r\n" HOST "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n" GET, "200 200", OPEN, NULL),
    ROW("an Upgrade to h2c with a body", POST "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nab" GET, "200 200", OPEN, NULL),
    ROW("a method that no route knows", "PURGE /now HTTP/1.1\r\n" HOST "\r\n", OK, OPEN, NULL),

    /* two readings of where the body ends */
    ROW("length and chunks", POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400", SHUT, "framing"),
    ROW("chunks and length", POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", "400", SHUT, "framing"),
    ROW("two lengths", POST "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", "400", SHUT, "framing"),
    ROW("two equal lengths", POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", "400", SHUT, "framing"),
    ROW("a list of lengths", POST "Content-Length: 5, 5\r\n\r\nhello", "400", SHUT, "framing"),
    ROW("a length with a sign", POST "Content-Length: +5\r\n\r\nhello", "400", SHUT, "framing"),
    ROW("a negative length", POST "Content-Length: -5\r\n\r\nhello", "400", SHUT, "framing"),
    ROW("a hexadecimal length", POST "Content-Length: 0x5\r\n\r\nhello", "400", SHUT, "framing"),
    ROW("an empty length", POST "Content-Length:\r\n\r\n", "400", SHUT, "framing"),
    ROW("a torn length", POST "Content-Length: 5 5\r\n\r\nhello", "400", SHUT, "framing"),
    ROW("a length beyond 64 bits", POST "Content-Length: 99999999999999999999999\r\n\r\n", "400", SHUT, "framing"),
    ROW("chunks twice", POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400", SHUT, "framing"),
    ROW("chunked, chunked", POST "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", "400", SHUT, "framing"),
    ROW("chunked not last", POST "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", "400", SHUT, "framing"),
    ROW("chunked, identity", POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", "400", SHUT, "framing"),
    ROW("chunks in HTTP/1.0", "POST /now HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400", SHUT, "framing"),
    ROW("another coding", POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "501", SHUT, "coding"),
    ROW("another coding alone", POST "Transfer-Encoding: gzip\r\n\r\n", "501", SHUT, "coding"),
    ROW("a coding that only looks chunked", POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", "501", SHUT, "coding"),
    ROW("chunked behind a vertical tab", POST "Transfer-Encoding: \x0b" "chunked\r\n\r\n0\r\n\r\n", "400", SHUT, "header"),
    ROW("a blank before the colon", POST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", "400", SHUT, "header"),
    ROW("a blank before the colon of a length", POST "Content-Length : 5\r\n\r\nhello", "400", SHUT, "header"),

    /* chunks */
    ROW("a chunk size that is no number", POST "Transfer-Encoding: chunked\r\n\r\nx\r\n", "400", SHUT, "chunk"),
    ROW("a chunk size with 0x", POST "Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n", "400", SHUT, "chunk"),
    ROW("a chunk size with a sign", POST "Transfer-Encoding: chunked\r\n\r\n+5\r\nhello\r\n0\r\n\r\n", "400", SHUT, "chunk"),
    ROW("a negative chunk size", POST "Transfer-Encoding: chunked\r\n\r\n-1\r\nhello\r\n0\r\n\r\n", "400", SHUT, "chunk"),
    ROW("a blank before the chunk size", POST "Transfer-Encoding: chunked\r\n\r\n 5\r\nhello\r\n0\r\n\r\n", "400", SHUT, "chunk"),
    ROW("a blank behind the chunk size", POST "Transfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n", "400", SHUT, "chunk"),
    ROW("no chunk size", POST "Transfer-Encoding: chunked\r\n\r\n\r\nhello\r\n0\r\n\r\n", "400", SHUT, "chunk"),
    ROW("a chunk size beyond 64 bits", POST "Transfer-Encoding: chunked\r\n\r\n10000000000000005\r\nhello\r\n0\r\n\r\n", "400", SHUT, "chunk"),
    ROW("a chunk that is longer than its size", POST "Transfer-Encoding: chunked\r\n\r\n4\r\nhello\r\n0\r\n\r\n", "400", SHUT, "chunk"),
    ROW("a bare LF behind a chunk size", POST "Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n", "400", SHUT, "chunk"),
    ROW("a bare LF behind a chunk", POST "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\n0\r\n\r\n", "400", SHUT, "chunk"),
    ROW("a bare CR behind a chunk size", POST "Transfer-Encoding: chunked\r\n\r\n5\rhello\r\n0\r\n\r\n", "400", SHUT, "chunk"),
    ROW("a bare LF in an extension", POST "Transfer-Encoding: chunked\r\n\r\n5;a\nhello\r\n0\r\n\r\n", "400", SHUT, "chunk"),
    ROW("a bare LF at the end", POST "Transfer-Encoding: chunked\r\n\r\n0\n\r\n", "400", SHUT, "chunk"),
    ROW("a bad trailer", POST "Transfer-Encoding: chunked\r\n\r\n0\r\nA B: c\r\n\r\n", "400", SHUT, "chunk"),

    /* lines */
    ROW("a folded header", "GET /now HTTP/1.1\r\n" HOST "A: b\r\n c\r\n\r\n", "400", SHUT, "header"),
    ROW("a header folded with a tab", "GET /now HTTP/1.1\r\n" HOST "A: b\r\n\tc\r\n\r\n", "400", SHUT, "header"),
    ROW("a folded first line", "GET /now HTTP/1.1\r\n " HOST "\r\n", "400", SHUT, "header"),
    ROW("a folded coding", POST "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", "400", SHUT, NULL),
    ROW("a bare LF behind the request line", "GET /now HTTP/1.1\n" HOST "\r\n", "400", SHUT, NULL),
    ROW("a bare LF behind a header", "GET /now HTTP/1.1\r\nHost: a\n\r\n", "400", SHUT, "header"),
    ROW("a bare LF at the end of the head", "GET /now HTTP/1.1\r\n" HOST "\n", "400", SHUT, "header"),
    ROW("a bare CR in a value", "GET /now HTTP/1.1\r\n" HOST "A: b\rC: d\r\n\r\n", "400", SHUT, "header"),
    ROW("a bare CR behind the request line", "GET /now HTTP/1.1\rHost: a\r\n\r\n", "400", SHUT, NULL),
    ROW("a bare CR at the end of the head", "GET /now HTTP/1.1\r\n" HOST "\rGET /x", "400", SHUT, "header"),
    ROW("NUL in a value", "GET /now HTTP/1.1\r\n" HOST "A: b\0c\r\n\r\n", "400", SHUT, "header"),
    ROW("NUL in a name", "GET /now HTTP/1.1\r\n" HOST "A\0B: c\r\n\r\n", "400", SHUT, "header"),
    ROW("NUL in the target", "GET /n\0w HTTP/1.1\r\n" HOST "\r\n", "400", SHUT, "target"),
    ROW("a control character in a value", "GET /now HTTP/1.1\r\n" HOST "A: b\x01" "c\r\n\r\n", "400", SHUT, "header"),
    ROW("DEL in a value", "GET /now HTTP/1.1\r\n" HOST "A: b\x7f\r\n\r\n", "400", SHUT, "header"),
    ROW("an empty name", "GET /now HTTP/1.1\r\n" HOST ": b\r\n\r\n", "400", SHUT, "header"),
    ROW("a line without a colon", "GET /now HTTP/1.1\r\n" HOST "Abc\r\n\r\n", "400", SHUT, "header"),
    ROW("a name with a blank", "GET /now HTTP/1.1\r\n" HOST "A B: c\r\n\r\n", "400", SHUT, "header"),
    ROW("a name beyond ASCII", "GET /now HTTP/1.1\r\n" HOST "\xc3\xa4: c\r\n\r\n", "400", SHUT, "header"),

    /* the request line */
    ROW("HTTP/0.9", "GET /now\r\n", "505", SHUT, "version"),
    ROW("HTTP/0.9 spelled out", "GET /now HTTP/0.9\r\n" HOST "\r\n", "505", SHUT, "version"),
    ROW("HTTP/2.0", "GET /now HTTP/2.0\r\n" HOST "\r\n", "505", SHUT, "version"),
    ROW("HTTP/1.2", "GET /now HTTP/1.2\r\n" HOST "\r\n", "505", SHUT, "version"),
    ROW("HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505", SHUT, "version"),
    ROW("another protocol of llhttp's", "GET /now RTSP/1.0\r\n" HOST "\r\n", "505", SHUT, "version"),
    ROW("yet another", "SOURCE /now ICE/1.0\r\n" HOST "\r\n", "505", SHUT, "version"),
    ROW("lower case", "GET /now http/1.1\r\n" HOST "\r\n", "400", SHUT, "request_line"),
    ROW("a long version", "GET /now HTTP/1.11\r\n" HOST "\r\n", "400", SHUT, "request_line"),
    ROW("a blank behind the version", "GET /now HTTP/1.1 \r\n" HOST "\r\n", "400", SHUT, NULL),
    ROW("two blanks", "GET  /now HTTP/1.1\r\n" HOST "\r\n", "400", SHUT, NULL),
    ROW("two blanks before the version", "GET /now  HTTP/1.1\r\n" HOST "\r\n", "400", SHUT, NULL),
    ROW("a tab for a blank", "GET\t/now HTTP/1.1\r\n" HOST "\r\n", "400", SHUT, NULL),
    ROW("a blank in the target", "GET /n ow HTTP/1.1\r\n" HOST "\r\n", "400", SHUT, NULL),
    ROW("a leading blank", " GET /now HTTP/1.1\r\n" HOST "\r\n", "400", SHUT, "request_line"),
    ROW("an unknown method", "FETCH /now HTTP/1.1\r\n" HOST "\r\n", "501", SHUT, "method"),
    ROW("a method in lower case", "get /now HTTP/1.1\r\n" HOST "\r\n", "501", SHUT, "method"),
    ROW("CONNECT", "CONNECT a:80 HTTP/1.1\r\n" HOST "\r\n", "501", SHUT, "method"),
    ROW("a TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "400", SHUT, "request_line"),
    ROW("a fragment", "GET /now#x HTTP/1.1\r\n" HOST "\r\n", "400", SHUT, "target"),
    ROW("no slash", "GET now HTTP/1.1\r\n" HOST "\r\n", "400", SHUT, "target"),
    ROW("another scheme", "GET ftp://a/now HTTP/1.1\r\n" HOST "\r\n", "400", SHUT, "target"),
    ROW("a scheme without an authority", "GET http:///now HTTP/1.1\r\n" HOST "\r\n", "400", SHUT, "target"),
    ROW("a user in the authority", "GET http://u@a/now HTTP/1.1\r\n" HOST "\r\n", "400", SHUT, "target"),
    ROW("an asterisk for GET", "GET * HTTP/1.1\r\n" HOST "\r\n", "400", SHUT, "target"),
    ROW("bytes beyond ASCII in the target", "GET /\xc3\xa4 HTTP/1.1\r\n" HOST "\r\n", "400", SHUT, "target"),

    /* Host */
    ROW("no Host", "GET /now HTTP/1.1\r\n\r\n", "400", SHUT, "host"),
    ROW("two Hosts", "GET /now HTTP/1.1\r\n" HOST HOST "\r\n", "400", SHUT, "host"),
    ROW("two Hosts in HTTP/1.0", "GET /now HTTP/1.0\r\n" HOST HOST "\r\n", "400", SHUT, "host"),
    ROW("two names in one Host", "GET /now HTTP/1.1\r\nHost: a, b\r\n\r\n", "400", SHUT, "host"),
    ROW("a path in Host", "GET /now HTTP/1.1\r\nHost: a/b\r\n\r\n", "400", SHUT, "host"),
    ROW("a user in Host", "GET /now HTTP/1.1\r\nHost: u@a\r\n\r\n", "400", SHUT, "host"),
    ROW("no Host with absolute-form", "GET http://a/now HTTP/1.1\r\n\r\n", "400", SHUT, "host"),

    /* expectations */
    ROW("an expectation that cannot be met", POST "Expect: 200-ok\r\nContent-Length: 1\r\n\r\nx", "417", SHUT, "expectation"),
    ROW("an expectation of HTTP/1.0 is ignored", "POST /now HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx", OK, SHUT, NULL),

    /* a good request before a bad one is answered first */
    ROW("good, then bad", GET "GET / HTTP/9.9\r\n\r\n", "200 505", SHUT, "version"),
};
/* clang-format on */

static void send_in_pieces(struct http_fixture *fixture, struct client *client, struct text bytes, size_t piece)
{
    for (size_t at = 0; at < bytes.size; at += piece) {
        size_t size = bytes.size - at < piece ? bytes.size - at : piece;
        if (say_text(fixture, client, (struct text){ bytes.data + at, size }) < size)
            return; /* refused already */
        turn(fixture);
    }
}

static bool outcome_is(struct client *client, const struct row *row)
{
    char codes[128];
    answers(client, codes, sizeof(codes));
    return strcmp(codes, row->codes) == 0 && (client->ended || !row->closed);
}

/* Says what was wrong and goes on, so that one run shows all that is. */
static unsigned wrong(const struct row *row, size_t piece, const char *what, struct client *client)
{
    char codes[128];
    answers(client, codes, sizeof(codes));
    print_error("%s, in pieces of %zu: %s; got \"%s\"%s%s, expected \"%s\"%s\n", row->what, piece, what, codes,
                client->ended ? " closed" : "", client->reset ? " by a reset" : "", row->codes, row->closed ? " closed" : "");
    return 1;
}

static unsigned check(struct http_fixture *fixture, const struct row *row, size_t piece)
{
    double before = row->reason == NULL ? 0 : fault_count(fixture, row->reason);
    unsigned faults = 0;
    struct client client = given_client(fixture);
    send_in_pieces(fixture, &client, row->bytes, piece);

    uint64_t patience_ends = clock_us() + 2000000;
    while (!outcome_is(&client, row) && clock_us() < patience_ends)
        turn(fixture);
    turn(fixture);
    if (!outcome_is(&client, row) || client.ended != row->closed || client.reset)
        faults += wrong(row, piece, "another outcome", &client);
    bool refused = row->codes[strlen(row->codes) - 3] >= '4';
    if (refused && (!has(&client, "Connection: close\r\n") || !has(&client, "\r\n\r\n{\"error\":\"")))
        faults += wrong(row, piece, "refused without a sentence", &client);
    if (row->reason != NULL && fault_count(fixture, row->reason) != before + 1)
        faults += wrong(row, piece, "counted under another reason", &client);
    leave(&client);
    return faults;
}

static void what_is_accepted_does_not_depend_on_how_it_arrives(void **state)
{
    struct http_fixture *fixture = given_server(&default_config);
    struct client bystander = given_client(fixture);
    unsigned faults = 0;
    say(fixture, &bystander, "GET /now HTTP/1.1\r\nHo");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        faults += check(fixture, &rows[i], rows[i].bytes.size);
        faults += check(fixture, &rows[i], rows[i].bytes.size / 2 + 1);
        faults += check(fixture, &rows[i], 1);
    }
    assert_int_equal(faults, 0);
    say(fixture, &bystander, "st: a\r\n\r\n"); /* unharmed by all that */
    wait_for(fixture, &bystander, "GET /now 0:");
    leave(&bystander);
    end(fixture);
}

static void repeat(struct buffer *out, const char *text, unsigned times)
{
    while (times-- > 0)
        buffer_string(out, text);
}

static void assert_refused(struct buffer *bytes, const char *codes, const char *reason)
{
    struct http_fixture *fixture = given_server(&default_config);
    struct row row = { reason == NULL ? "within the limit" : reason, buffer_as_text(bytes), codes, reason != NULL, reason };
    assert_int_equal(check(fixture, &row, row.bytes.size) + check(fixture, &row, 7), 0);
    buffer_free(bytes);
    end(fixture);
}

static void a_target_is_bounded(void **state)
{
    struct buffer bytes = { 0 };
    buffer_string(&bytes, "GET /");
    repeat(&bytes, "x", 255);
    buffer_string(&bytes, " HTTP/1.1\r\n" HOST "\r\n");
    assert_refused(&bytes, "200", NULL);

    buffer_string(&bytes, "GET /");
    repeat(&bytes, "x", 256);
    assert_refused(&bytes, "414", "target_size");
}

static void the_number_of_headers_is_bounded(void **state)
{
    struct buffer bytes = { 0 };
    buffer_string(&bytes, "GET /now HTTP/1.1\r\n" HOST);
    repeat(&bytes, "A: b\r\n", 19);
    buffer_string(&bytes, "\r\n");
    assert_refused(&bytes, "200", NULL);

    buffer_string(&bytes, "GET /now HTTP/1.1\r\n" HOST);
    repeat(&bytes, "A: b\r\n", 20); /* with Host one too many */
    buffer_string(&bytes, "\r\n");
    assert_refused(&bytes, "431", "header_size");
}

static void the_bytes_of_headers_are_bounded(void **state)
{
    struct buffer bytes = { 0 };
    buffer_string(&bytes, "GET /now HTTP/1.1\r\n" HOST "A: ");
    repeat(&bytes, "x", 2042);
    buffer_string(&bytes, "\r\n\r\n");
    assert_refused(&bytes, "200", NULL);

    buffer_string(&bytes, "GET /now HTTP/1.1\r\n" HOST "A: ");
    repeat(&bytes, "x", 2043);
    assert_refused(&bytes, "431", "header_size");

    buffer_string(&bytes, "GET /now HTTP/1.1\r\n" HOST);
    repeat(&bytes, "y", 2044);
    assert_refused(&bytes, "431", "header_size");
}

static void trailers_count_as_headers(void **state)
{
    struct buffer bytes = { 0 };
    buffer_string(&bytes, POST "Transfer-Encoding: chunked\r\n\r\n0\r\n");
    repeat(&bytes, "A: b\r\n", 30);
    assert_refused(&bytes, "431", "header_size");
}

static void a_body_is_refused_when_it_is_announced(void **state)
{
    struct buffer bytes = { 0 };
    buffer_string(&bytes, POST "Content-Length: 100001\r\n\r\n");
    assert_refused(&bytes, "413", "body_size");
    buffer_string(&bytes, POST "Expect: 100-continue\r\nContent-Length: 100001\r\n\r\n");
    assert_refused(&bytes, "413", "body_size");
    buffer_string(&bytes, POST "Transfer-Encoding: chunked\r\n\r\n186A1\r\n");
    assert_refused(&bytes, "413", "body_size");
}

static void chunks_that_grow_beyond_the_limit_are_refused(void **state)
{
    struct buffer bytes = { 0 };
    buffer_string(&bytes, POST "Transfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 50; i++) {
        buffer_string(&bytes, "7D0\r\n");
        repeat(&bytes, "z", 2000);
        buffer_string(&bytes, "\r\n");
    }
    buffer_string(&bytes, "1\r\n");
    assert_refused(&bytes, "413", "body_size");
}

static void a_body_that_is_nearly_all_wrapping_is_refused(void **state)
{
    struct buffer bytes = { 0 };
    buffer_string(&bytes, POST "Transfer-Encoding: chunked\r\n\r\n");
    repeat(&bytes, "1;a=bcdefghijklmnopqrstuvwxyz\r\nx\r\n", 8000);
    assert_refused(&bytes, "413", "body_size");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_accepted_does_not_depend_on_how_it_arrives),
        cmocka_unit_test(a_target_is_bounded),
        cmocka_unit_test(the_number_of_headers_is_bounded),
        cmocka_unit_test(the_bytes_of_headers_are_bounded),
        cmocka_unit_test(trailers_count_as_headers),
        cmocka_unit_test(a_body_is_refused_when_it_is_announced),
        cmocka_unit_test(chunks_that_grow_beyond_the_limit_are_refused),
        cmocka_unit_test(a_body_that_is_nearly_all_wrapping_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
