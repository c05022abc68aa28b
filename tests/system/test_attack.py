"""millrace attack, against a target that remembers what it was asked."""

import collections
import http.server
import json
import os
import pty
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.parse

import pytest

from conftest import BINARY
from servers import wait_for

OPTIONS = {"mode": "random", "hot-key": "hot", "hot-ratio": "0.9", "workers": "20", "duration": "120s", "think": "100ms", "timeout": "2s",
           "key-param": "key", "key-space": "10000", "print-every": "5s", "target": "http://127.0.0.1:8080/submit"}


class Target(http.server.ThreadingHTTPServer):
    """Answers `status` to everything, while `open` is set; a request waits for that."""

    daemon_threads = True
    request_queue_size = 1024

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked = []
        self.peers = set()
        self.statuses = collections.deque()
        self.open = threading.Event()
        self.open.set()
        self.url = f"http://127.0.0.1:{self.server_port}/submit"

    def handle_error(self, *_):
        """The attacker leaves when its time is over, answered or not."""

    def keys(self):
        return [urllib.parse.parse_qs(urllib.parse.urlsplit(path).query).get("key", [None])[0] for _, path, _ in self.asked]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append((self.command, self.path, body))
        self.server.peers.add(self.client_address)
        self.server.open.wait()
        self.send_response(self.server.statuses.popleft() if self.server.statuses else 200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_GET = do_POST = answer

    def log_message(self, *_):
        pass


@pytest.fixture
def target():
    server = Target()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.open.set()
    server.shutdown()
    server.server_close()


def attack(*words, check=True):
    return subprocess.run([str(BINARY), "attack", *words], check=check, capture_output=True, text=True, timeout=60)


def summary(*words, status=0):
    ended = attack("-json", *words, check=False)
    assert ended.returncode == status
    return json.loads(ended.stdout)


def test_help_lists_every_option_with_its_default():
    for word in ("-help", "--help"):
        text = attack(word).stdout
        for name, fallback in OPTIONS.items():
            assert re.search(rf"^ +-{name} .*\({re.escape(fallback)}\)$", text, re.M), name
        for name in ("rate", "conns", "body", "json"):
            assert re.search(rf"^ +-{name} ", text, re.M), name


@pytest.mark.parametrize("words,sentence", [
    (["-mode=cold"], '-mode: found "cold"; allowed: random, hot'),
    (["-workers=0"], '-workers: found "0"; allowed: a whole number'),
    (["-hot-ratio=2"], '-hot-ratio: found "2"; allowed: a number, 0 to 1'),
    (["-think", "soon"], '-think: found "soon"; allowed: a duration'),
    (["-duration"], "-duration: found"),
    (["-nothing=1"], 'found "-nothing=1"'),
    (["http://localhost/"], 'found "http://localhost/"'),
    (["-target=ftp://x/"], "ftp://x/"),
    (["-target=http://"], '-target: found "http://"; allowed: http://HOST:PORT/PATH'),
    (["-target=http://127.0.0.1:99999/"], "allowed: http://HOST:PORT/PATH"),
    (["-target=http://[::1"], "allowed: http://HOST:PORT/PATH"),
    (["-target=http://u:p@127.0.0.1/"], "allowed: http://HOST:PORT/PATH"),
    (["-target=http://127.0.0.1/a b"], "allowed: http://HOST:PORT/PATH"),
])
def test_a_wrong_option_is_a_sentence_and_status_2(words, sentence):
    out = attack(*words, check=False)
    assert out.returncode == 2
    assert sentence in out.stderr
    assert out.stdout == ""


@pytest.mark.parametrize("form", ["-{}={}", "--{}={}", "-{} {}", "--{} {}"])
def test_options_are_taken_in_every_form(target, form):
    words = [("target", target.url), ("duration", "300ms"), ("workers", "3"), ("key-param", "k"), ("key-space", "1")]
    out = attack(*(word for pair in words for word in form.format(*pair).split()))
    assert "total" in out.stdout
    assert {path for _, path, _ in target.asked} == {"/submit?k=k-0"}
    assert len(target.peers) == 3


def test_workers_think_between_their_requests(target):
    report = summary(f"-target={target.url}", "-workers=4", "-think=100ms", "-duration=2050ms")
    assert 4 * 15 <= report["total"] <= 4 * 21
    assert len(target.asked) >= report["total"]
    assert {method for method, _, _ in target.asked} == {"GET"}


def test_hot_mode_sends_the_hot_key_at_its_ratio_and_others_from_the_space(target):
    summary(f"-target={target.url}", "-mode=hot", "-hot-key=boss", "-hot-ratio=0.75", "-key-space=50", "-think=0ms", "-duration=1s")
    keys = collections.Counter(target.keys())
    total = sum(keys.values())
    assert total > 200
    assert 0.65 < keys["boss"] / total < 0.85
    assert {key for key in keys if key != "boss"} <= {f"k-{i}" for i in range(50)}


def test_random_mode_draws_from_the_whole_space(target):
    summary(f"-target={target.url}", "-key-space=10", "-think=0ms", "-duration=1s")
    keys = collections.Counter(target.keys())
    assert set(keys) == {f"k-{i}" for i in range(10)}


def test_a_body_is_posted(target):
    summary(f"-target={target.url}", '-body={"id":"x"}', "-key-param=", "-duration=200ms")
    assert {(method, path, body) for method, path, body in target.asked} == {("POST", "/submit", b'{"id":"x"}')}


def test_statuses_are_counted_apart(target):
    target.statuses.extend([429] * 5 + [503] * 3 + [504] * 2)
    report = summary(f"-target={target.url}", "-workers=1", "-think=10ms", "-duration=1s")
    assert (report["429"], report["other"], report["errors"]) == (5, 5, 0)
    assert report["200"] == report["total"] - 10 > 10


def test_any_answer_is_a_result_and_none_is_status_1(target):
    target.statuses.extend([503] * 1000)
    assert summary(f"-target={target.url}", "-workers=1", "-think=10ms", "-duration=300ms")["other"] > 0
    target.open.clear()
    none = attack(f"-target={target.url}", "-workers=1", "-timeout=100ms", "-duration=300ms", check=False)
    assert none.returncode == 1
    assert f"nothing answered at {target.url}" in none.stderr
    assert "Exit status: 0, or 1 when not one request was answered" in attack("-help").stdout


def test_no_answer_within_the_timeout_is_an_error(target):
    target.open.clear()
    report = summary(f"-target={target.url}", "-workers=2", "-timeout=200ms", "-think=0ms", "-duration=1100ms", status=1)
    assert report["errors"] == report["total"]
    assert 8 <= report["errors"] <= 11


def test_nobody_listening_is_errors_not_a_crash_nor_a_spin():
    with socket.socket() as bound: # holds the port, but does not listen
        bound.bind(("127.0.0.1", 0))
        report = summary(f"-target=http://127.0.0.1:{bound.getsockname()[1]}/", "-workers=2", "-think=50ms", "-duration=1s", status=1)
    assert report["errors"] == report["total"] > 10
    assert report["total"] < 60


def test_the_open_loop_sends_at_its_rate(target):
    report = summary(f"-target={target.url}", "-rate=200", "-conns=20", "-duration=3s")
    assert 0.97 * 600 <= report["total"] <= 601
    assert report["latency_ms"]["p99"] < 200


def test_the_open_loop_counts_latency_from_the_intended_start(target):
    """A target that stands still for a second. Seen from the ten requests under way, all others were fast; but who wanted to ask
    in that second waited, half a second on average."""
    threading.Timer(1, target.open.clear).start()
    threading.Timer(2, target.open.set).start()
    report = summary(f"-target={target.url}", "-rate=100", "-conns=10", "-timeout=5s", "-duration=4s")
    assert 0.95 * 400 <= report["total"] + report["unsent"] <= 401
    latency = report["latency_ms"]
    assert 850 < latency["max"] < 1500
    assert latency["p90"] > 400, "the requests that could not be sent in time are not counted from when they should have been"
    assert latency["p50"] < 200


def test_what_the_open_loop_could_not_send_is_said(target):
    target.open.clear()
    report = summary(f"-target={target.url}", "-rate=100", "-conns=2", "-timeout=5s", "-duration=1s", status=1)
    assert 90 <= report["unsent"] <= 100


def test_the_summary_has_every_number(target):
    target.statuses.extend([429] * 3)
    out = attack(f"-target={target.url}", "-duration=1s", "-print-every=400ms", "-workers=5", "-think=10ms").stdout
    progress, total = out.split("total ", 1)[0], out[out.rindex("\ntotal"):]
    assert re.search(r"^ +0\.[34] s", progress)
    assert len(re.findall(r" s  total \d+", out)) == 2
    for name in ("total", "200", "429", "other", "errors", "latency"):
        assert re.search(rf"^{name} +", total, re.M), name
    assert re.search(r"^429 +3$", total, re.M)
    p50, p90, p99, most = map(float, re.search(r"p50 ([\d.]+) ms  p90 ([\d.]+) ms  p99 ([\d.]+) ms  max ([\d.]+) ms", total).groups())
    assert 0 < p50 <= p90 <= p99 <= most


def test_json_is_one_line_with_every_number(target):
    out = attack("-json", f"-target={target.url}", "-duration=500ms").stdout
    assert out.count("\n") == 1
    report = json.loads(out)
    assert {"total", "200", "429", "other", "errors", "latency_ms"} <= set(report)
    assert set(report["latency_ms"]) == {"p50", "p90", "p99", "max"}


def test_on_a_terminal_one_line_lives(target):
    outer, inner = pty.openpty()
    process = subprocess.Popen([str(BINARY), "attack", f"-target={target.url}", "-duration=2500ms"], stdout=inner)
    os.close(inner)
    text = b""
    while True:
        try:
            more = os.read(outer, 4096)
        except OSError: # the terminal's other end is closed
            break
        text += more
    os.close(outer)
    assert process.wait() == 0
    assert text.count(b"\r\x1b[K") >= 3
    assert b"latency  p50" in text.rsplit(b"\x1b[K", 1)[1]


def test_an_interrupt_ends_with_the_summary(target):
    process = subprocess.Popen([str(BINARY), "attack", f"-target={target.url}"], stdout=subprocess.PIPE, text=True)
    wait_for(lambda: len(target.asked) > 20, what="load")
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=10)
    assert process.returncode == 0
    assert time.monotonic() - began < 2
    assert "latency  p50" in out
