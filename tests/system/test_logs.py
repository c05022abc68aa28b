"""The log: what a line holds and what never, levels while it runs, and descriptors that take nothing."""

import contextlib
import fcntl
import http.client
import json
import os
import pathlib
import re
import signal
import struct
import subprocess
import time

import pytest

from otlp_receiver import OtlpReceiver
from servers import free_port, wait_for

EVERY_ANSWER = ("--set", "listen.main.access_log=1")
QUICK = ("--set", "listen.main.address=127.0.0.1:0")


def lines(server, logger=None):
    read = [json.loads(line) for line in server.log().splitlines()]
    return [line for line in read if logger in (None, line["log.logger"])]


# --- lines


def test_every_line_has_the_fields_of_the_elastic_common_schema(millrace):
    server = millrace(*QUICK, *EVERY_ANSWER)
    server.wait_until_ready()
    server.get("/submit")
    for line in lines(server):
        assert list(line)[:5] == ["@timestamp", "log.level", "message", "ecs.version", "log.logger"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", line["@timestamp"])


def test_a_start_a_job_and_an_end_in_which_all_is_well_warn_of_nothing(worker_pool):
    """The second time: the first time topics are made, and it is not ready before."""
    for jobs in (1, 2):
        server = worker_pool(env={"JOB_PROCESS_FAIL_RATE": "0", "JOB_PROCESS_TIME_MIN": "1"})
        server.wait_until_ready()
        assert server.get("/submit?key=k").status == 200
        wait_for(lambda: [row["committed"] for row in server.stats("partitions") if row["committed"] == jobs], what="a committed job")
        server.terminate()
        assert server.wait() == 0
    assert "\n".join(line["message"] for line in lines(server) if line["log.level"] != "info") == ""


def test_the_access_log_has_a_line_for_an_answer_and_nothing_of_what_was_sent(millrace):
    server = millrace(*QUICK, *EVERY_ANSWER)
    server.wait_until_ready()
    reply = server.post("/submit?key=hush-query", b'{"id":"hush-body"}', headers={"Authorization": "Bearer hush-token", "Cookie": "hush-cookie"})
    assert reply.status == 200
    server.get("/hush-path")
    (line,) = [line for line in lines(server, "access") if line["http.route"] == "/submit"]
    assert line["http.request.method"] == "POST"
    assert line["http.response.status_code"] == 200
    assert line["http.response.body.bytes"] == len(reply.body)
    assert 0 < line["event.duration"] < 10_000_000_000
    assert line["client.address"] == "127.0.0.1"
    assert line["http.request.id"] == reply.headers["X-Request-Id"]
    assert line["trace.id"] == reply.json()["trace_id"]
    assert [line["http.route"] for line in lines(server, "access") if line["http.response.status_code"] == 404] == ["none"]
    assert "hush" not in server.log()


def test_the_access_log_names_the_method_also_of_what_is_refused_and_others_as_one(millrace):
    server = millrace(*QUICK, *EVERY_ANSWER, "--set", "listen.main.limits.body=1KiB")
    server.wait_until_ready()
    refused = [("POST", {}, b"x" * 2000, 413), ("PUT", {"X-Large": "x" * 100000}, b"", 431), ("PROPFIND", {}, b"", 405), ("BREW", {}, b"", 501)]
    for method, headers, body, status in refused:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)) as connection:
            connection.request(method, "/submit", body, headers)
            assert connection.getresponse().status == status
    methods = {line["http.response.status_code"]: line["http.request.method"] for line in lines(server, "access")}
    assert [methods[status] for _, _, _, status in refused] == ["POST", "PUT", "_OTHER", "_OTHER"]


def test_the_access_log_is_off_by_default(millrace):
    server = millrace(*QUICK)
    server.wait_until_ready()
    server.get("/submit")
    assert lines(server, "access") == []


def test_the_access_log_takes_a_sample_and_errors_always(millrace):
    server = millrace(*QUICK, "--set", "listen.main.access_log={ sample: 0.5, errors: true }", "--set", "kafka.brokers=127.0.0.1:1")
    for _ in range(200):
        assert server.get("/livez").status == 200
    for _ in range(20):
        assert server.get("/readyz").status == 503
    statuses = [line["http.response.status_code"] for line in lines(server, "access")]
    assert statuses.count(503) == 20
    assert 50 < statuses.count(200) < 150  # six standard deviations away


def test_a_job_that_cannot_be_worked_is_logged_with_its_place_and_trace(millrace):
    server = millrace(*QUICK, "--set", "streams.jobs.work.dead=null", "--set", "streams.jobs.work.handler.simulate={ min: 1ms, range: 0, fail: 0 }",
                      "--set", "streams.jobs.work.retry.retries=0")
    server.wait_until_ready()
    reply = server.post("/submit?key=a", b'{"always_fail":true}')
    line = wait_for(lambda: [line for line in lines(server, "work") if "could not be worked" in line["message"]], what="the line")[0]
    assert line["log.level"] == "error"
    assert line["millrace.stream"] == "jobs"
    assert line["messaging.destination.partition.id"].isdigit()
    assert line["messaging.kafka.offset"] == 0
    assert line["trace.id"] == reply.json()["trace_id"]


@pytest.mark.parametrize("retries,sentence", [(2, "went to jobs_topic-dlq after 3 attempts: the simulated job is one that always fails"),
                                              (0, "went to jobs_topic-dlq after 1 attempt: the simulated job would take")])
def test_a_dead_letter_is_logged_with_its_reason_place_and_trace(millrace, retries, sentence):
    server = millrace(*QUICK, "--set", "streams.jobs.work.handler.simulate={ min: 1ms, range: 0, fail: 0 }",
                      "--set", f"streams.jobs.work.retry={{ retries: {retries}, base: 1ms, max: 1ms, jitter: 0 }}")
    server.wait_until_ready()
    reply = server.post("/submit?key=a", b'{"always_fail":true}')
    line = wait_for(lambda: [line for line in lines(server, "work") if sentence in line["message"]], what="the line")[0]
    assert line["log.level"] == "warn"
    assert line["messaging.destination.partition.id"].isdigit()
    assert line["messaging.kafka.offset"] == 0
    assert line["trace.id"] == reply.json()["trace_id"]


# --- levels


def test_the_level_changes_while_it_runs_for_who_may(millrace):
    server = millrace(*QUICK)
    server.wait_until_ready()
    assert server.get("/debug/log").json() == {"level": "info"}
    server.get("/submit?%")
    assert "debug" not in {line["log.level"] for line in lines(server)}

    assert server.request("PUT", "/debug/log?level=debug").json() == {"level": "debug"}
    server.post("/submit", b"[")
    assert "debug" in {line["log.level"] for line in lines(server)}

    assert server.request("PUT", "/debug/log?level=info", headers={"X-Forwarded-For": "10.0.0.1"}).status == 403
    assert server.request("PUT", "/debug/log?level=loud").status == 400
    assert server.post("/debug/log", {"level": "warn"}).json() == {"level": "warn"}
    assert [line["message"] for line in lines(server, "log")] == ["the level is debug instead of info", "the level is warn instead of debug"]


# --- descriptors that take nothing


class Blind:
    """A server whose log cannot be read: its port is chosen, and it is asked until it answers."""

    def __init__(self, millrace, stderr):
        port = free_port()
        self.server = millrace("--set", f"listen.main.address=127.0.0.1:{port}", "--set", "listen.main.access_log=1", "--set", "log=debug",
                               wait=False, stderr=stderr)
        self.server.port = port

    def wait_until_ready(self):
        def ready():
            assert self.server.process.poll() is None, f"it has ended with {self.server.process.returncode}"
            try:
                return self.server.get("/readyz").status == 200
            except OSError:
                return False

        wait_for(ready, what="/readyz")
        return self.server


def lost(server, reason):
    return server.metrics()[f'millrace_log_lines_lost_total{{reason="{reason}"}}']


def assert_goes_on(server):
    begun = time.monotonic()
    assert server.get("/submit").status in (200, 429)
    assert time.monotonic() - begun < 5
    server.terminate()
    assert server.wait(30) == 0


def test_a_pipe_that_nobody_reads_holds_nobody_up(millrace):
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    server = Blind(millrace, writing).wait_until_ready()
    os.close(writing)
    for _ in range(6000):
        server.get("/livez")
        if lost(server, "full") > 0:
            break
    assert lost(server, "full") > 0
    assert_goes_on(server)
    os.close(reading)


def test_a_full_disk_under_the_log_costs_lines_only(millrace):
    with open("/dev/full", "wb") as full:
        server = Blind(millrace, full).wait_until_ready()
    wait_for(lambda: lost(server, "failed") > 5, what="lost lines in the metrics")
    assert_goes_on(server)


def test_a_closed_pipe_under_the_log_costs_lines_only(millrace):
    reading, writing = os.pipe()
    os.close(reading)
    server = Blind(millrace, writing).wait_until_ready()
    os.close(writing)
    wait_for(lambda: lost(server, "failed") > 5, what="lost lines in the metrics")
    assert_goes_on(server)


def test_lines_are_counted_by_level(millrace):
    server = millrace(*QUICK)
    server.wait_until_ready()
    counted = server.metrics()
    for level in ("info", "warn", "error"):
        found = len([line for line in lines(server) if line["log.level"] == level])
        assert counted[f'millrace_log_lines_total{{level="{level}"}}'] == found


# --- reload


def test_the_access_log_begins_and_ends_by_reload(millrace, tmp_path):
    from conftest import ROOT
    text = (ROOT / "examples" / "quickstart.yaml").read_text().replace("127.0.0.1:8080", "127.0.0.1:0")
    address = re.search(r"( +)address: .*\n", text)
    file = tmp_path / "system.yaml"
    file.write_text(text)
    server = millrace("-c", str(file))
    server.wait_until_ready()
    file.write_text(text.replace(address.group(0), address.group(0) + f"{address.group(1)}access_log: 1\n"))
    server.process.send_signal(signal.SIGHUP)
    wait_for(lambda: [line for line in lines(server, "reload") if "listen.main.access_log.sample" in line["message"]], what="the reload")
    server.get("/livez")
    assert [line["http.route"] for line in lines(server, "access")] == ["/livez"]


# --- the clock


@pytest.fixture
def stepping_clock(tmp_path):
    """The environment of a program whose wall clock its `step` moves."""
    library, file = tmp_path / "clock_step.so", tmp_path / "step"
    source = pathlib.Path(__file__).with_name("clock_step.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(source)], check=True, timeout=60)

    class Clock:
        environment = {"LD_PRELOAD": str(library), "CLOCK_STEP_FILE": str(file), "ASAN_OPTIONS": "verify_asan_link_order=0"}

        def step(self, seconds):
            with open(file, "r+b" if file.exists() else "w+b") as out:
                out.write(struct.pack("=q", seconds))

    clock = Clock()
    clock.step(0)
    return clock


@pytest.fixture
def collector():
    with OtlpReceiver() as receiver:
        yield receiver


def negative_times(server):
    return re.findall(r'"\w+_(?:ms|us|s|seconds)": ?-[^,}]+', server.get("/debug/stats").body.decode())


def times_of_spans(server, trace):
    told = server.get(f"/debug/traces/{trace}").json()
    return [(span["name"], span["offset_ms"], span["duration_ms"]) for span in told["spans"]] + [("trace", 0, told["duration_ms"])]


def test_when_the_clock_steps_back_an_hour_nothing_lasts_less_than_nothing(millrace, stepping_clock, collector):
    server = millrace(*QUICK, *EVERY_ANSWER, "--set", "kafka.statistics=200ms",
                      "--set", "streams.jobs.work.handler.simulate={ min: 300ms, range: 0, fail: 0.3 }",
                      env={**stepping_clock.environment, "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint, "OTEL_BSP_SCHEDULE_DELAY": "100"})
    server.wait_until_ready()
    traces = [server.get(f"/submit?key={i}").json()["trace_id"] for i in range(40)]
    before = lines(server)[-1]["@timestamp"]
    stepping_clock.step(-3600)
    assert server.get("/debug/stats?section=lanes").json()[0]["held"] > 0, "jobs from before the step"
    assert negative_times(server) == []
    for i in range(40):
        assert server.get(f"/submit?key={i}").status == 200
    assert lines(server)[-1]["@timestamp"] < before, "the step was seen"
    wait_for(lambda: server.get("/debug/stats?section=lanes").json()[0]["held"] == 0, what="the jobs' end")

    assert negative_times(server) == []
    times = [times for trace in traces for times in times_of_spans(server, trace)]
    assert [name for name, _, _ in times].count("process_message") == len(traces)
    assert [times for times in times if not (0 <= times[1] < 60e3 and 0 <= times[2] < 60e3)] == []
    wait_for(lambda: [span.name for span in collector.spans()].count("process_message") == 2 * len(traces), what="all jobs at the collector")
    assert [span for span in collector.spans() if not 0 <= span.end_time_unix_nano - span.start_time_unix_nano < 60e9] == []
    assert [line for line in lines(server, "access") if not 0 <= line["event.duration"] < 60e9] == []
    durations = {name: value for name, value in server.metrics().items() if re.match(r"\w+_seconds(_sum)?(\{|$)", name) and "timestamp" not in name}
    assert len(durations) > 10
    assert {name: value for name, value in durations.items() if not 0 <= value < 3600 and "start_time" not in name} == {}
    page = server.get("/metrics", headers={"Accept": "application/openmetrics-text"}).body.decode()
    stamps = [float(stamp) for stamp in re.findall(r'# \{trace_id="\w+"\} \S+ (\S+)', page)]
    now = time.time() - 3600
    assert len(stamps) > 3 and all(now - 600 < stamp <= now + 5 for stamp in stamps)
