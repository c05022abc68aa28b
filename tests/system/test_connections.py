"""Clients that connect and misbehave: silent, deaf, gone, or too many. Memory stays flat and the others are served."""

import contextlib
import resource
import selectors
import time

import pytest

from judges import ids_in_topic
from servers import wait_for
from wire import Neighbour, Wire, by_label, connections

KIB = 1024
MIB = 1024 * KIB


@pytest.fixture
def embedded(millrace):
    """The quickstart's way in: no broker needed."""

    def start(*settings, **options):
        words = [word for setting in ("listen.main.address=127.0.0.1:0", *settings) for word in ("--set", setting)]
        server = millrace("--only", "ingest", *words, **options)
        server.wait_until_ready()
        return server

    return start


def gauge(server, name):
    return server.metrics()[f'millrace_http_{name}{{listener="main"}}']


def limit_files(server, soft):
    """prlimit(2) on the running program; hard limits are left alone."""
    hard = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)[1]
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (soft, hard))


def descriptors_in_use(server):
    return int(server.metrics()["process_open_fds"])


def test_ten_thousand_silent_connections_cost_little_and_others_are_served(embedded):
    server = embedded("listen.main.limits.connections=15000")
    before = server.memory()
    with Neighbour(server) as neighbour:
        silent = connections(server, 10000)
        wait_for(lambda: gauge(server, "connections") >= 10001, what="10,000 connections")
        grown = server.memory() - before
        assert server.get("/submit").status == 200
        time.sleep(1)
        assert server.memory() - before < grown + MIB, "memory grows while nothing happens"
        for connection in silent:
            connection.close()
        wait_for(lambda: gauge(server, "connections") <= 3, what="the connections to leave")
    assert grown < 10000 * 4 * KIB, f"{grown / 10000:.0f} bytes a silent connection"
    assert neighbour.slowest < 1
    again = connections(server, 10000)
    wait_for(lambda: gauge(server, "connections") >= 10001, what="10,000 connections again")
    assert server.memory() - before < grown + 4 * MIB, "what the first ones took was not used again"
    for connection in again:
        connection.close()


def test_idle_connections_are_closed_in_time(embedded):
    server = embedded("listen.main.timeouts.idle=500ms")
    with Wire(server) as never_spoke, Wire(server) as spoke:
        assert spoke.get("/livez").status == 200
        began = time.monotonic()
        assert never_spoke.is_closed()
        assert spoke.is_closed()
        assert 0.3 < time.monotonic() - began < 2


def test_at_the_cap_the_longest_idle_connection_makes_room(embedded):
    server = embedded("listen.main.limits.connections=50")
    silent = connections(server, 49)
    wait_for(lambda: gauge(server, "connections") >= 49, what="49 connections")
    with Wire(server) as newcomer, Wire(server) as another:
        assert newcomer.get("/livez").status == 200
        assert another.get("/livez").status == 200
    assert gauge(server, "connections") <= 50
    assert by_label(server.metrics(), "millrace_http_errors_total", "reason")["evicted"] >= 1
    closed = [connection for connection in silent if closed_by_server(connection)]
    assert closed and closed == silent[: len(closed)], "the oldest leave first"
    for connection in silent:
        connection.close()


def closed_by_server(connection):
    connection.settimeout(0.05)
    with contextlib.suppress(TimeoutError):
        return connection.recv(1) == b""
    return False


def ask_without_reading(wires, request, done):
    """Sends requests on all connections for as long as the server takes them, until done()."""
    selector = selectors.DefaultSelector()
    for wire in wires:
        wire.socket.setblocking(False)
        selector.register(wire.socket, selectors.EVENT_WRITE)
    while not done():
        for key, _ in selector.select(0.1):
            try:
                key.fileobj.send(request * 100)
            except BlockingIOError:
                pass
            except ConnectionError:
                selector.unregister(key.fileobj)
    selector.close()


def test_readers_that_never_read_are_paused_and_then_closed(embedded):
    """Large answers (/metrics, some 10 KiB) to clients that never read one."""
    server = embedded("listen.main.timeouts.write=4s", "listen.main.limits.unsent=64KiB")
    before = most = server.memory()
    deaf = [Wire(server, receive_buffer=4096) for _ in range(50)]
    deadline = time.monotonic() + 60

    def all_are_closed():
        nonlocal most
        most = max(most, server.memory())
        assert time.monotonic() < deadline, "deaf clients are not closed"
        return by_label(server.metrics(), "millrace_http_errors_total", "reason").get("slow_reader", 0) == 50

    with Neighbour(server) as neighbour:
        ask_without_reading(deaf, b"GET /metrics HTTP/1.1\r\nHost: t\r\n\r\n", all_are_closed)
        assert most - before < 50 * (64 + 64 * 2 + 32) * KIB, "answers are buffered without bound"
        wait_for(lambda: gauge(server, "connections") <= 2, what="their connections to leave")
    assert neighbour.slowest < 1
    for wire in deaf:
        wire.close()


def test_a_slow_reader_gets_every_answer_in_order(embedded):
    server = embedded("listen.main.limits.unsent=16KiB")
    paths = ["/livez", "/metrics", "/nowhere", "/debug/stats"] * 50
    with Wire(server, receive_buffer=4096) as slow:
        slow.send(b"".join(b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % path.encode() for path in paths))
        time.sleep(1)
        answers = [slow.answer() for _ in paths]
    assert [answer.status for answer in answers] == [404 if path == "/nowhere" else 200 for path in paths]
    assert all("main" in answer.body.decode() for answer, path in zip(answers, paths) if path == "/metrics")


@pytest.mark.parametrize("leave", [Wire.close, Wire.reset], ids=["close", "reset"])
def test_a_client_gone_before_its_answer_changes_nothing_for_its_job(worker_pool, kafka, leave):
    """Jobs of clients that left are in the topic all the same; the leaving is counted."""
    server = worker_pool("--only", "ingest", "--set", "producers.durable.linger=2s", env={"LIMIT_CAPACITY": "500"})
    server.wait_until_ready()
    with Neighbour(server):
        clients = [Wire(server) for _ in range(100)]
        for i, client in enumerate(clients):
            body = b'{"id":"gone-%d"}' % i
            client.send(b"POST /submit HTTP/1.1\r\nHost: t\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        wait_for(lambda: server.stats("http")[0]["requests_open"] > 100, 1.5, what="all to be read, none to be answered")
        for client in clients:
            leave(client)
        wait_for(lambda: gauge(server, "client_gone_total") == 100, what="each of them counted")
        wait_for(lambda: server.metrics()["my_system_worker_pool_producer_sent_total"] == 100, what="their jobs")
    assert ids_in_topic(kafka, server.topic) == {f"gone-{i}" for i in range(100)}
    assert server.stats("http")[0]["requests_open"] == 1, "a request was left behind"


def test_the_soft_limit_of_open_files_is_raised_and_said(embedded):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    server = embedded(limits={resource.RLIMIT_NOFILE: (256, hard)})
    assert resource.prlimit(server.pid, resource.RLIMIT_NOFILE) == (hard, hard)
    assert f"limit of open files: {hard} (was 256)" in server.log()
    assert server.metrics()["process_max_fds"] == hard


def test_without_descriptors_accepting_rests_and_serving_goes_on(embedded):
    server = embedded()
    with Neighbour(server) as neighbour:
        used = descriptors_in_use(server)
        limit_files(server, used + 20)
        many = connections(server, 60)
        wait_for(lambda: "accepting rests" in server.log(), what="the log to say so")
        with Wire(server) as waiting:
            answered = neighbour.answered
            time.sleep(1.5)
            assert neighbour.answered > answered + 50, "serving goes on"
            cpu = cpu_seconds(server)
            time.sleep(0.5)
            assert cpu_seconds(server) - cpu < 0.25, "it spins on accept"
            for connection in many:
                connection.close()
            assert waiting.get("/livez").status == 200, "accepting recovers without a restart"
    assert gauge(server, "accept_failures_total") >= 1
    assert neighbour.slowest < 1
    assert server.log().count("accepting rests") < 40, "a line for each rest, not for each client"


def cpu_seconds(server):
    fields = open(f"/proc/{server.pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100
