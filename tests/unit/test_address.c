#include "base/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void addresses_are_read_and_written(void **state)
{
    static const struct {
        const char *text;
        const char *read;
    } rows[] = {
        { "127.0.0.1:8080", "127.0.0.1:8080" },
        { ":8080", "0.0.0.0:8080" },
        { "0.0.0.0:0", "0.0.0.0:0" },
        { "localhost:65535", "127.0.0.1:65535" },
        { "[::1]:80", "[::1]:80" },
        { "[::]:80", "[::]:80" },
        { "[2001:DB8:0:0::1]:443", "[2001:db8::1]:443" },
        { "unix:/run/mill race.sock", "unix:/run/mill race.sock" },
        { "unix:relative", "unix:relative" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct address address;
        struct error err = { 0 };
        char text[ADDRESS_TEXT_SIZE];
        if (address_parse(&address, text_of(rows[i].text), &err) != 0)
            fail_msg("%s: %s", rows[i].text, err.message);
        address_text(&address, text);
        assert_string_equal(text, rows[i].read);
    }
}

static void what_is_no_address_is_refused_with_a_sentence(void **state)
{
    static const struct {
        const char *text;
        const char *says;
    } rows[] = {
        { "", "has no port" },
        { "8080", "has no port" },
        { "127.0.0.1", "has no port" },
        { "127.0.0.1:", "is no port" },
        { ":65536", "allowed: 0 to 65535" },
        { ":99999999999999999999", "is no port" },
        { ":-1", "is no port" },
        { ": 80", "is no port" },
        { ":80x", "is no port" },
        { "example.com:80", "names are not looked up" },
        { "127.1:80", "no numeric address" },
        { "256.0.0.1:80", "no numeric address" },
        { "::1:80", "no numeric address" },
        { "[::1:80", "no numeric address" },
        { "[127.0.0.1]:80", "no numeric address" },
        { "[]:80", "no numeric address" },
        { "1111:2222:3333:4444:5555:6666:7777:8888:9999:80", "no numeric address" },
        { "unix:", "has no path" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct address address;
        struct error err = { 0 };
        assert_int_equal(address_parse(&address, text_of(rows[i].text), &err), E_INVALID);
        if (strstr(err.message, rows[i].says) == NULL)
            fail_msg("\"%s\": \"%s\" does not say \"%s\"", rows[i].text, err.message, rows[i].says);
    }
    assert_int_equal(address_parse(&(struct address){ 0 }, TEXT_NONE, NULL), E_INVALID);
}

static void the_path_of_a_unix_socket_has_room_for_107_bytes(void **state)
{
    char text[5 + 108 + 1];
    memset(text, 'p', sizeof(text) - 1);
    memcpy(text, "unix:", 5);
    text[sizeof(text) - 1] = '\0';

    struct address address;
    char back[ADDRESS_TEXT_SIZE];
    assert_int_equal(address_parse(&address, text_of(text), NULL), E_INVALID);
    text[5 + 107] = '\0';
    assert_int_equal(address_parse(&address, text_of(text), NULL), 0);
    address_text(&address, back);
    assert_string_equal(back, text);
}

static struct address given_peer(const char *text)
{
    struct address address;
    assert_int_equal(address_parse(&address, text_of(text), NULL), 0);
    return address;
}

static void a_range_holds_the_addresses_that_share_its_first_bits(void **state)
{
    static const struct {
        const char *range;
        const char *peer;
        bool in;
    } rows[] = {
        { "127.0.0.1/32", "127.0.0.1:5", true },
        { "127.0.0.1/32", "127.0.0.2:5", false },
        { "127.0.0.1", "127.0.0.1:5", true },
        { "127.0.0.1", "127.0.0.0:5", false },
        { "10.0.0.0/8", "10.255.255.255:1", true },
        { "10.0.0.0/8", "11.0.0.0:1", false },
        { "192.168.4.0/22", "192.168.7.255:1", true },
        { "192.168.4.0/22", "192.168.8.0:1", false },
        { "0.0.0.0/0", "203.0.113.9:1", true },
        { "0.0.0.0/0", "[::1]:1", false },
        { "::1", "[::1]:1", true },
        { "::1/128", "[::2]:1", false },
        { "fd00::/8", "[fdff::1]:1", true },
        { "fd00::/8", "[fc00::1]:1", false },
        { "::/0", "[2001:db8::1]:1", true },
        { "127.0.0.1/32", "[::ffff:127.0.0.1]:1", true },
        { "127.0.0.1/32", "[::ffff:127.0.0.2]:1", false },
        { "127.0.0.1/32", "[::127.0.0.1]:1", false },
        { "127.0.0.1/32", "unix:/tmp/x", false },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct address_range range;
        assert_int_equal(address_range_parse(&range, text_of(rows[i].range), NULL), 0);
        struct address peer = given_peer(rows[i].peer);
        if (peer.kind == ADDRESS_UNIX)
            peer.ip.ss_family = AF_UNIX;
        if (address_in((const struct sockaddr *)&peer.ip, &range) != rows[i].in)
            fail_msg("%s in %s", rows[i].peer, rows[i].range);
    }
}

static void what_is_no_range_is_refused_with_a_sentence(void **state)
{
    static const struct {
        const char *text;
        const char *says;
    } rows[] = {
        { "", "no range" },
        { "/8", "no range" },
        { "localhost", "no range" },
        { "10.0.0/8", "no range" },
        { "10.0.0.0/", "wrong prefix length" },
        { "10.0.0.0/33", "allowed: 0 to 32" },
        { "::/129", "allowed: 0 to 128" },
        { "10.0.0.0/8/8", "wrong prefix length" },
        { "10.0.0.1/8", "bits set after its prefix of 8" },
        { "fd00::1/8", "bits set after its prefix of 8" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct address_range range;
        struct error err = { 0 };
        assert_int_equal(address_range_parse(&range, text_of(rows[i].text), &err), E_INVALID);
        if (strstr(err.message, rows[i].says) == NULL)
            fail_msg("\"%s\": \"%s\" does not say \"%s\"", rows[i].text, err.message, rows[i].says);
    }
}

static void a_host_stands_alone_where_its_port_is_told_apart(void **state)
{
    static const struct {
        const char *address, *host;
        unsigned port;
    } rows[] = {
        { "127.0.0.1:8080", "127.0.0.1", 8080 },
        { "203.0.113.255:1", "203.0.113.255", 1 },
        { "[2001:db8::1]:443", "2001:db8::1", 443 },
        { "[::]:65535", "::", 65535 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char out[ADDRESS_TEXT_SIZE];
        unsigned port;
        struct address peer = given_peer(rows[i].address);
        assert_true(text_is(address_host_text((const struct sockaddr *)&peer.ip, out), rows[i].host));
        assert_true(text_is(address_split(rows[i].address, &port), rows[i].host));
        assert_int_equal(port, rows[i].port);
    }
    char out[ADDRESS_TEXT_SIZE];
    unsigned port;
    assert_null(address_host_text(&(struct sockaddr){ .sa_family = AF_UNIX }, out).data);
    assert_true(text_is(address_split("unix:/run/millrace.sock", &port), "/run/millrace.sock"));
    assert_int_equal(port, 0);
    assert_true(text_is(address_split("orders.example", &port), "orders.example"));
    assert_int_equal(port, 0);
    assert_true(text_is(address_split("[2001:db8::1]", &port), "2001:db8::1"));
    assert_int_equal(port, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read_and_written),
        cmocka_unit_test(what_is_no_address_is_refused_with_a_sentence),
        cmocka_unit_test(the_path_of_a_unix_socket_has_room_for_107_bytes),
        cmocka_unit_test(a_range_holds_the_addresses_that_share_its_first_bits),
        cmocka_unit_test(a_host_stands_alone_where_its_port_is_told_apart),
        cmocka_unit_test(what_is_no_range_is_refused_with_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
