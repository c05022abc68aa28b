"""Bad input over HTTP: each kind is answered with a sentence, counted by reason, and ends its own connection only."""

import http.client
import socket
import time

import pytest

from conftest import BINARY
from servers import Millrace
from wire import Neighbour, Wire, by_label

GOOD = b"POST /submit HTTP/1.1\r\nHost: t\r\n"

# name, bytes, status, reason in /metrics
MALFORMED = [
    ("not_http", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, "request_line"),
    ("http_0_9", b"GET /livez\r\n\r\n", 505, "version"),
    ("bare_lf_after_request_line", b"GET /livez HTTP/1.1\nHost: t\r\n\r\n", 400, "request_line"),
    ("bare_lf_after_header", b"GET /livez HTTP/1.1\r\nHost: t\nX: y\r\n\r\n", 400, "header"),
    ("bare_lf_ends_headers", b"GET /livez HTTP/1.1\r\nHost: t\r\n\n", 400, "header"),
    ("bare_cr_in_value", b"GET /livez HTTP/1.1\r\nHost: t\r\nX: a\rb\r\n\r\n", 400, "header"),
    ("nul_in_value", b"GET /livez HTTP/1.1\r\nHost: t\r\nX: a\0b\r\n\r\n", 400, "header"),
    ("obs_fold", b"GET /livez HTTP/1.1\r\nHost: t\r\nX: a\r\n b\r\n\r\n", 400, "header"),
    ("space_before_colon", GOOD + b"Content-Length : 2\r\n\r\n{}", 400, "header"),
    ("header_without_colon", b"GET /livez HTTP/1.1\r\nHost: t\r\nnonsense\r\n\r\n", 400, "header"),
    ("no_host", b"GET /livez HTTP/1.1\r\n\r\n", 400, "host"),
    ("two_hosts", b"GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "host"),
    ("control_in_target", b"GET /li\x01vez HTTP/1.1\r\nHost: t\r\n\r\n", 400, None),
    ("unknown_method", b"BREW /livez HTTP/1.1\r\nHost: t\r\n\r\n", 501, "method"),
    ("http_2_version", b"GET /livez HTTP/2.0\r\nHost: t\r\n\r\n", 505, "version"),
    ("http_3_digits", b"GET /livez HTTP/9.9\r\nHost: t\r\n\r\n", 505, "version"),
    # request smuggling
    ("length_with_chunked", GOOD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "framing"),
    ("chunked_with_length", GOOD + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n", 400, "framing"),
    ("two_lengths", GOOD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400, "framing"),
    ("two_equal_lengths", GOOD + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 400, "framing"),
    ("list_of_lengths", GOOD + b"Content-Length: 2, 2\r\n\r\n{}", 400, "framing"),
    ("negative_length", GOOD + b"Content-Length: -2\r\n\r\n{}", 400, "framing"),
    ("signed_length", GOOD + b"Content-Length: +2\r\n\r\n{}", 400, "framing"),
    ("hexadecimal_length", GOOD + b"Content-Length: 0x2\r\n\r\n{}", 400, "framing"),
    ("empty_length", GOOD + b"Content-Length: \r\n\r\n", 400, "framing"),
    ("length_beyond_64_bits", GOOD + b"Content-Length: 18446744073709551618\r\n\r\n{}", 400, "framing"),
    ("chunked_twice", GOOD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "framing"),
    ("chunked_not_last", GOOD + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 400, "framing"),
    ("chunked_in_1_0", b"POST /submit HTTP/1.0\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "framing"),
    ("chunked_misspelt", GOOD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501, "coding"),
    ("chunk_size_not_hexadecimal", GOOD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n", 400, "chunk"),
    ("chunk_size_with_0x", GOOD + b"Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n", 400, "chunk"),
    ("chunk_size_negative", GOOD + b"Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n", 400, "chunk"),
    ("chunk_size_beyond_64_bits", GOOD + b"Transfer-Encoding: chunked\r\n\r\n10000000000000002\r\n{}\r\n0\r\n\r\n", 400, "chunk"),
    ("chunk_longer_than_its_size", GOOD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n", 400, "chunk"),
    ("chunk_with_bare_lf", GOOD + b"Transfer-Encoding: chunked\r\n\r\n2\n{}\r\n0\r\n\r\n", 400, "chunk"),
    # too large
    ("long_target", b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: t\r\n\r\n", 414, "target_size"),
    ("long_header", b"GET /livez HTTP/1.1\r\nHost: t\r\nX: " + b"a" * 40000 + b"\r\n\r\n", 431, "header_size"),
    ("many_headers", b"GET /livez HTTP/1.1\r\nHost: t\r\n" + b"X: y\r\n" * 200 + b"\r\n", 431, "header_size"),
    ("large_body_announced", GOOD + b"Content-Length: 2000000\r\n\r\n", 413, "body_size"),
    ("large_chunk_announced", GOOD + b"Transfer-Encoding: chunked\r\n\r\n200000\r\n", 413, "body_size"),
    ("large_body_in_chunks", GOOD + b"Transfer-Encoding: chunked\r\n\r\n" + (b"10000\r\n" + b"a" * 65536 + b"\r\n") * 20, 413, "body_size"),
    ("small_chunks_with_much_around", GOOD + b"Transfer-Encoding: chunked\r\n\r\n" + b"1;" + b"x" * 3000000, 413, "body_size"),
    ("unknown_expectation", GOOD + b"Expect: a-miracle\r\nContent-Length: 2\r\n\r\n", 417, "expectation"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One server for all of it: what one client does must not harm the next."""
    log = tmp_path_factory.mktemp("faults") / "millrace.log"
    settings = ["listen.main.address=127.0.0.1:0", "listen.main.timeouts.header=500ms", "listen.main.timeouts.body=700ms"]
    words = ["--only", "ingest"] + [word for setting in settings for word in ("--set", setting)]
    server = Millrace(BINARY, log, words, {})
    server.wait_until_listening()
    server.wait_until_ready()
    yield server
    server.end()
    assert server.process.returncode == 0, server.log()


def faults(server):
    return by_label(server.metrics(), "millrace_http_errors_total", "reason")


def added(before, after):
    return {reason: after[reason] - before.get(reason, 0) for reason in after if after[reason] != before.get(reason, 0)}


@pytest.mark.parametrize("data,status,reason", [row[1:] for row in MALFORMED], ids=[row[0] for row in MALFORMED])
def test_bad_requests_get_a_sentence_and_a_closed_connection(server, data, status, reason):
    before = faults(server)
    with Wire(server) as neighbour, Wire(server) as bad:
        assert neighbour.get("/livez").status == 200
        bad.send_some(data)
        answer = bad.answer()
        assert answer is not None, "closed without a word"
        assert answer.status == status
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["connection"] == "close"
        assert len(answer.json()["error"].split()) >= 3
        assert bad.is_closed()
        assert neighbour.get("/livez").status == 200, "another connection was harmed"
    counted = added(before, faults(server))
    assert sum(counted.values()) == 1
    assert reason is None or counted == {reason: 1}


def test_nothing_behind_a_bad_request_is_answered(server):
    """What follows a request whose end is in doubt may be the body of it: a smuggled request."""
    def asked_for_readiness():
        return by_label(server.metrics(), "millrace_http_requests_total", "route")["/readyz"]

    server.get("/readyz")
    before = asked_for_readiness()
    with Wire(server) as bad:
        bad.send(GOOD + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /readyz HTTP/1.1\r\nHost: t\r\n\r\n")
        assert bad.answer().status == 400
        assert bad.is_closed()
    assert asked_for_readiness() == before


def test_good_requests_before_a_bad_one_are_answered_first(server):
    with Wire(server) as client:
        client.send(b"GET /livez HTTP/1.1\r\nHost: t\r\n\r\n" * 3 + b"GET /livez HTTP/1.1\r\n\r\n")
        assert [client.answer().status for _ in range(4)] == [200, 200, 200, 400]
        assert client.is_closed()


def test_slow_headers_are_408_in_time(server):
    before = faults(server)
    with Neighbour(server), Wire(server) as slow:
        began = time.monotonic()
        slow.send(b"GET /livez HTTP/1.1\r\nHost: t\r\n")
        for _ in range(20): # a byte now and then must not win time
            if time.monotonic() - began > 0.45:
                break
            time.sleep(0.1)
            slow.send(b"X")
        answer = slow.answer()
        assert answer.status == 408
        assert 0.4 < time.monotonic() - began < 1.5
        assert "headers" in answer.json()["error"]
        assert slow.is_closed()
    assert added(before, faults(server)) == {"slow_header": 1}


def test_slow_bodies_are_408_in_time(server):
    before = faults(server)
    with Neighbour(server), Wire(server) as slow:
        began = time.monotonic()
        slow.send(GOOD + b"Content-Length: 100\r\n\r\n{")
        answer = slow.answer()
        assert answer.status == 408
        assert 0.6 < time.monotonic() - began < 1.7
        assert "body" in answer.json()["error"]
        assert slow.is_closed()
    assert added(before, faults(server)) == {"slow_body": 1}


def test_a_request_that_ends_early_is_400(server):
    before = faults(server)
    with Wire(server) as client:
        client.send(GOOD + b"Content-Length: 100\r\n\r\n{")
        client.socket.shutdown(socket.SHUT_WR)
        assert client.answer().status == 400
        assert client.is_closed()
    assert added(before, faults(server)) == {"incomplete": 1}


def test_a_thousand_bad_requests_at_once_harm_nobody(server):
    with Neighbour(server) as neighbour:
        for _ in range(20):
            wires = [Wire(server) for _ in range(50)]
            for i, wire in enumerate(wires):
                wire.send_some(MALFORMED[i % 36][1])
            for wire in wires:
                assert wire.answer().status in (400, 501, 505)
                wire.close()
    assert neighbour.slowest < 1
    assert server.stats("http")[0]["memory_bytes"] < 1 << 20


@pytest.mark.parametrize("body,word", [
    (b"not json", "JSON"), (b"[1,2]", "object"), (b'{"processing_time":"soon"}', "processing_time"), (b'{"id":""}', "id"),
    (b'{"id":"' + b"x" * 129 + b'"}', "id"), (b'{"a":1', "JSON"), (b'{"a":"\xff\xfe"}', "JSON"), (b"[" * 100000, "JSON"),
])
def test_a_body_that_does_not_fit_the_shape_is_400_and_the_connection_stays(server, body, word):
    with Wire(server) as client:
        client.send(GOOD + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        answer = client.answer()
        assert answer.status == 400
        assert word in answer.json()["error"]
        assert client.get("/livez").status == 200


def test_a_compressed_body_is_415_and_the_connection_stays(server):
    with Wire(server) as client:
        client.send(GOOD + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b")
        answer = client.answer()
        assert answer.status == 415
        assert answer.json()["error"] == "found a body with Content-Encoding gzip; allowed: none"
        client.send(GOOD + b"Content-Encoding: identity\r\nContent-Length: 2\r\n\r\n{}")
        assert client.answer().status != 415


def test_head_has_no_effect(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("HEAD", "/submit")
    answer = connection.getresponse()
    assert answer.status == 405
    assert answer.getheader("Allow") == "GET, POST"
    answer.read()
    connection.request("HEAD", "/livez")
    assert connection.getresponse().status == 200
    connection.close()


def test_unknown_paths_and_methods_are_sentences_too(server):
    with Wire(server) as client:
        answer = client.get("/nothing/here")
        assert answer.status == 404
        assert "/nothing/here" in answer.json()["error"]
        client.send(b"DELETE /submit HTTP/1.1\r\nHost: t\r\n\r\n")
        answer = client.answer()
        assert answer.status == 405
        assert set(answer.headers["allow"].replace(",", " ").upper().split()) >= {"GET", "POST"}
        assert answer.json()["error"]
        assert client.get("/livez").status == 200
