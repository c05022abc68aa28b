"""/metrics as real readers take it: Prometheus with exemplars, promtool, slow clients, hostile labels; and what the kernel says of the process."""

import os
import pathlib
import re
import socket
import subprocess
import time

import pytest

from servers import wait_for
from test_dashboards import Prometheus

QUICK = ("--set", "listen.main.address=127.0.0.1:0")
PROMETHEUS_ACCEPTS = ("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
                      "text/plain;version=0.0.4;q=0.5,*/*;q=0.1")


@pytest.fixture
def prometheus(tmp_path):
    started = []

    def start(target, *options):
        started.append(Prometheus(tmp_path, target, *options))
        wait_for(started[-1].ready, timeout=30, what="Prometheus")
        return started[-1]

    yield start
    for server in started:
        server.process.terminate()
        server.process.wait(20)


# --- forms


def test_who_asks_for_openmetrics_gets_it_and_others_text(millrace):
    server = millrace(*QUICK)
    server.wait_until_ready()
    cases = [(None, False), ("*/*", False), ("text/plain", False), (PROMETHEUS_ACCEPTS, True), ("application/openmetrics-text; version=1.0.0", True),
             ("application/openmetrics-text; version=2.0.0", False), ("text/plain, application/openmetrics-text; q=0.5", False)]
    for accept, wanted in cases:
        reply = server.get("/metrics", headers={"Accept": accept} if accept else {})
        kind = "application/openmetrics-text; version=1.0.0; charset=utf-8" if wanted else "text/plain; version=0.0.4; charset=utf-8"
        assert (accept, reply.headers["Content-Type"]) == (accept, kind)
        assert reply.body.endswith(b"# EOF\n") == wanted
        assert reply.headers["Vary"] == "Accept"


def test_promtool_has_no_remark_on_a_live_scrape(worker_pool):
    server = worker_pool("--set", "kafka.statistics=200ms", env={"JOB_PROCESS_TIME_MIN": "1", "JOB_PROCESS_TIME_RANGE": "1"})
    server.wait_until_ready()
    for i in range(200):
        server.get(f"/submit?key={i}")
    server.post("/submit", b"[")
    wait_for(lambda: "millrace_kafka_broker_rtt_seconds" in server.get("/metrics").body.decode(), what="librdkafka's figures")
    page = server.get("/metrics").body
    judged = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True, timeout=60)
    assert (judged.returncode, judged.stdout + judged.stderr) == (0, b"")


def test_the_trace_of_a_dead_letter_is_the_exemplar_of_their_count(millrace):
    server = millrace(*QUICK, "--set", "streams.jobs.work.retry.retries=0")
    server.wait_until_ready()
    trace = server.post("/submit", {"always_fail": True}).json()["trace_id"]

    def told():
        page = server.get("/metrics", headers={"Accept": PROMETHEUS_ACCEPTS}).body.decode()
        return re.search(r'^millrace_dead_letters_total\{stream="jobs"\} 1 # \{trace_id="(\w+)"\} 1 ', page, re.M)

    assert wait_for(told, what="the dead letter").group(1) == trace


def test_prometheus_finds_the_trace_of_a_request_among_the_exemplars(millrace, prometheus):
    server = millrace(*QUICK, "--set", "metrics.views=[{ name: seconds_to_store, of: produce_duration_seconds, labels: [topic], buckets: [0.001, 1, 10] }]")
    server.wait_until_ready()
    metrics = prometheus(server.port, "--enable-feature=exemplar-storage")
    wait_for(lambda: metrics.samples("millrace_build_info"), timeout=30, what="the first scrape")
    begun = time.time()
    trace = server.get("/submit").json()["trace_id"]

    def traces(series):
        found = metrics.ask("query_exemplars", query=series, start=begun - 60, end=time.time() + 60)
        return {exemplar["labels"]["trace_id"]: float(exemplar["timestamp"]) for row in found for exemplar in row["exemplars"]}

    for series in ("millrace_http_request_duration_seconds_bucket", "millrace_produce_duration_seconds_bucket", "millrace_work_duration_seconds_bucket",
                   "seconds_to_store_bucket", "millrace_produced_total"):
        told = wait_for(lambda: traces(series).get(trace), timeout=30, every=0.5, what=f"the trace at {series}")
        assert begun - 1 < told < time.time() + 1


# --- clients


def many_views(folder):
    """A configuration whose page has some megabytes."""
    views = "".join(f"    - {{ name: view_{i}_{'x' * 150}_seconds, of: http_request_duration_seconds }}\n" for i in range(1000))
    file = folder / "views.yaml"
    quickstart = pathlib.Path(__file__).parents[2] / "examples" / "quickstart.yaml"
    file.write_text(quickstart.read_text() + "metrics:\n  views:\n" + views)
    return file


def begin_scrape(server):
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", server.port))
    client.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    return client


def read_page(client):
    page = b""
    while piece := client.recv(1 << 16):
        page += piece
    return page.split(b"\r\n\r\n", 1)[1]


def test_slow_readers_of_a_large_page_hold_nobody_up_and_no_memory(millrace, tmp_path):
    server = millrace("-c", str(many_views(tmp_path)), *QUICK)
    server.wait_until_ready()
    size = len(server.get("/metrics").body)
    assert size > 2_000_000
    before = server.memory()
    slow = [begin_scrape(server) for _ in range(10)]
    for _ in range(20):
        begun = time.monotonic()
        assert server.get("/submit").status == 200
        assert server.get("/livez").status == 200
        assert time.monotonic() - begun < 5
    assert len(server.get("/metrics").body) >= size
    # A page is copied once for its answer, and once more for what its client has not taken; and two are being made.
    assert server.memory() - before < (2 * len(slow) + 4) * size * 1.2
    pages = [read_page(client) for client in slow]
    assert all(page.endswith(b"\n") and len(page) >= size for page in pages)
    wait_for(lambda: server.memory() - before < 8 * size, what="the memory to be given back")


def test_two_scrapes_at_once_get_the_same_page(millrace, tmp_path):
    server = millrace("-c", str(many_views(tmp_path)), *QUICK, "--only", "ingest")
    server.wait_until_ready()
    server.get("/submit")
    server.get("/metrics")  # the first one makes a series
    clients = [begin_scrape(server) for _ in range(2)]
    assert [client.recv(16, socket.MSG_PEEK) for client in clients] == [b"HTTP/1.1 200 OK\r"] * 2, "none is read, so that none is over"
    names = [re.findall(rb"^(\w+(?:\{[^}]*\})?) ", read_page(client), re.M) for client in clients]
    assert names[0] == names[1] and len(names[0]) > 10_000


def pipelined(server, requests, batch=500):
    """Sends what `requests` yields, so many at a time, over one connection."""
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        reader = connection.makefile("rb")
        while True:
            piece = [request for _, request in zip(range(batch), requests)]
            if not piece:
                return
            connection.sendall(b"".join(piece))
            for _ in piece:
                length = 0
                while (line := reader.readline()) != b"\r\n":
                    assert line
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.split(b":")[1])
                reader.read(length)


def test_a_hundred_thousand_hostile_words_make_no_series(worker_pool):
    server = worker_pool("--only", "ingest", "--set", "listen.main.limits.pipeline=1024", "--set", "kafka.statistics=0s",
                         env={"LIMIT_RATE": "1000000", "LIMIT_CAPACITY": "1000000"})
    server.wait_until_ready()

    def hostile(first, count):
        for i in range(first, first + count):
            word = b"w%d-%s" % (i, b"x" * 100)
            kind = i % 4
            if kind < 2:
                yield b"GET /submit?key=%s HTTP/1.1\r\nHost: a\r\nX-Request-Id: %s\r\n\r\n" % (word, word[:100])
            elif kind == 2:
                yield b"GET /%s?key=%s HTTP/1.1\r\nHost: a\r\n\r\n" % (word, word)
            else:
                yield b"GET /submit?key=%s HTTP/1.1\r\nHost: a\r\nUser-Agent: %s\r\ntraceparent: %s\r\n\r\n" % (word, word, word)

    pipelined(server, hostile(0, 20_000))
    server.get("/metrics")  # the first one makes a series
    series, memory = set(server.metrics()), server.memory()
    pipelined(server, hostile(20_000, 100_000))
    assert set(server.metrics()) == series
    assert not any("w100" in name for name in series)
    assert server.memory() - memory < 16 << 20


# --- the process


def test_the_process_is_told_as_the_kernel_tells_it(millrace):
    server = millrace(*QUICK)
    server.wait_until_ready()
    told = server.metrics()
    process = pathlib.Path(f"/proc/{server.pid}")
    status = dict(re.findall(r"^(\w+):\s+(\d+)", (process / "status").read_text(), re.M))
    fields = (process / "stat").read_text().rsplit(") ", 1)[1].split()
    ticks = os.sysconf("SC_CLK_TCK")
    boot = time.time() - float(pathlib.Path("/proc/uptime").read_text().split()[0])
    limit = re.search(r"Max open files\s+(\d+)", (process / "limits").read_text()).group(1)

    assert told["process_resident_memory_bytes"] == pytest.approx(int(status["VmRSS"]) * 1024, rel=0.1)
    assert told["process_virtual_memory_bytes"] == pytest.approx(int(status["VmSize"]) * 1024, rel=0.1)
    assert told["process_threads"] == int(status["Threads"])
    assert told["process_open_fds"] == pytest.approx(len(os.listdir(process / "fd")), abs=2)  # the connection that asked
    assert told["process_max_fds"] == int(limit)
    assert told["process_start_time_seconds"] == pytest.approx(boot + int(fields[19]) / ticks, abs=0.2)
    assert told["process_cpu_seconds_total"] == pytest.approx((int(fields[11]) + int(fields[12])) / ticks, abs=0.1)
    assert [name for name in told if name.startswith("millrace_build_info{")] and 1 in {told[name] for name in told if "build_info" in name}
