"""Spans on their way to a collector that takes them, refuses them, is slow, or is away: what arrives is judged by OpenTelemetry's own schema;
what does not is counted, and nobody waits for it."""

import re
import statistics
import subprocess
import time

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from load import Load
from otlp_receiver import OtlpReceiver
from servers import free_port, wait_for

MIB = 1024 * 1024
UNLIMITED = {"LIMIT_RATE": "100000", "LIMIT_CAPACITY": "100000"}
QUICK_JOBS = {"JOB_PROCESS_TIME_MIN": "1", "JOB_PROCESS_TIME_RANGE": "1", "JOB_PROCESS_FAIL_RATE": "0"}
LATE = "60000"  # milliseconds: longer than any test waits


@pytest.fixture
def collector():
    with OtlpReceiver() as receiver:
        yield receiver


@pytest.fixture
def way_in(worker_pool):
    """The worker pool without its workers; its spans go to that collector, soon."""

    def start(collector, *args, env=None, **options):
        environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint, "OTEL_BSP_SCHEDULE_DELAY": "100", **UNLIMITED, **(env or {})}
        server = worker_pool("--only", "ingest", *args, env=environment, **options)
        server.wait_until_ready()
        return server

    return start


def submit(server):
    """Returns the trace id of a job that was accepted."""
    reply = server.get("/submit")
    assert reply.status == 200
    return reply.json()["trace_id"]


def dropped(server, reason):
    return server.metrics()[f'millrace_trace_spans_dropped_total{{reason="{reason}"}}']


def requests(server, result):
    return server.metrics()[f'millrace_trace_exports_total{{result="{result}"}}']


def arrives(collector, trace, spans=2):
    """The trace's spans, once so many are there: of the request, and of the record that it sent."""
    wait_for(lambda: len(collector.trace(trace)) >= spans, what=f"{spans} spans of {trace} at the collector")
    return collector.trace(trace)


def attributes(message):
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in message.attributes}


def said(server, words):
    return len(re.findall(words, server.log()))


# --- what arrives ---


def test_a_job_is_one_trace_in_which_every_span_has_its_place(worker_pool, collector):
    before = time.time_ns()
    server = worker_pool(env={"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint, "OTEL_BSP_SCHEDULE_DELAY": "100",
                              "OTEL_SERVICE_NAME": "pool", "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=a%20test", **QUICK_JOBS})
    server.wait_until_ready()
    names = {"GET /submit", f"kafka_send_{server.topic}", "process_message", "json_unmarshal", "heavy_calculation"}
    trace = submit(server)
    wait_for(lambda: names <= {span.name for span in collector.trace(trace)}, what="the trace at the collector")
    spans = {span.name: span for span in collector.trace(trace)}
    ids = {span.span_id for span in spans.values()}

    assert spans["GET /submit"].parent_span_id == b""
    assert all(span.parent_span_id in ids for span in spans.values() if span.name != "GET /submit")
    assert spans[f"kafka_send_{server.topic}"].parent_span_id == spans["GET /submit"].span_id
    assert spans["process_message"].parent_span_id == spans[f"kafka_send_{server.topic}"].span_id
    kinds = {name: spans[name].kind for name in names}
    assert kinds == {"GET /submit": Span.SPAN_KIND_SERVER, f"kafka_send_{server.topic}": Span.SPAN_KIND_PRODUCER,
                     "process_message": Span.SPAN_KIND_CONSUMER, "json_unmarshal": Span.SPAN_KIND_INTERNAL,
                     "heavy_calculation": Span.SPAN_KIND_INTERNAL}
    assert len(ids) == len(collector.trace(trace)), "a span id came twice"
    assert all(len(span.span_id) == 8 and any(span.span_id) for span in spans.values())
    assert all(span.status.code != Status.STATUS_CODE_ERROR for span in spans.values())
    assert all(before <= span.start_time_unix_nano <= span.end_time_unix_nano <= time.time_ns() for span in spans.values())
    assert attributes(spans["GET /submit"])["http.response.status_code"] == 200

    [request] = [received for received in collector.received if any(span.trace_id.hex() == trace for span in received.spans())][:1]
    assert request.path == "/v1/traces"
    assert request.headers["Content-Type"] == "application/x-protobuf"
    resource = attributes(request.resources()[0])
    assert resource["service.name"] == "pool"
    assert resource["deployment.environment.name"] == "a test"
    assert resource["process.pid"] == server.pid


def test_headers_and_compression_are_sent_as_configured_and_secrets_told_to_nobody(way_in, collector):
    environment = {"OTEL_EXPORTER_OTLP_HEADERS": "x-wrong=1", "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "api-key=hunter%202, x-tenant=blue",
                   "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip"}
    server = way_in(collector, env=environment)
    arrives(collector, submit(server))
    request = collector.received[-1]
    assert request.headers["api-key"] == "hunter 2"
    assert request.headers["x-tenant"] == "blue"
    assert "x-wrong" not in request.headers
    assert "Expect" not in request.headers
    assert request.headers["Content-Encoding"] == "gzip"
    for told in (server.log(), server.get("/debug/stats").body.decode(), server.get("/debug/stats?section=config").body.decode()):
        assert "hunter" not in told


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A server's certificate that vouches for itself, and its key, in one file."""
    folder = tmp_path_factory.mktemp("certificate")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=collector",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
                   check=True, capture_output=True)
    whole = folder / "whole.pem"
    whole.write_text((folder / "cert.pem").read_text() + (folder / "key.pem").read_text())
    return whole


def test_a_collector_behind_tls_is_trusted_by_its_certificate_only(way_in, certificate):
    with OtlpReceiver(certificate) as collector:
        stranger = way_in(collector)
        submit(stranger)
        wait_for(lambda: requests(stranger, "unavailable") > 0, what="the refusal")
        assert collector.received == []
        assert "certificate" in stranger.stats("traces")["last_fault"]
        friend = way_in(collector, env={"OTEL_EXPORTER_OTLP_CERTIFICATE": str(certificate)})
        arrives(collector, submit(friend))


# --- what does not ---


def test_without_an_endpoint_nothing_is_exported(worker_pool):
    server = worker_pool("--only", "ingest")
    server.wait_until_ready()
    submit(server)
    assert not any("exported" in name for name in server.metrics())
    assert "spans go to" not in server.log()


def test_what_the_environment_says_wrong_is_told_and_does_not_hold_up_the_start(way_in, collector):
    server = way_in(collector, env={"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_TRACES_SAMPLER": "xray"})
    arrives(collector, submit(server))
    assert 'found \\"grpc\\" (from OTEL_EXPORTER_OTLP_PROTOCOL), which is ignored; allowed: http/protobuf' in server.log()
    assert 'traces.sampler: found \\"xray\\" (from OTEL_TRACES_SAMPLER), which is ignored' in server.log()


def test_a_protocol_in_the_file_that_is_not_spoken_is_refused_at_start(worker_pool):
    server = worker_pool("--set", "traces.export.protocol=grpc", wait=False)
    assert server.wait() != 0
    assert 'traces.export.protocol: found "grpc"; allowed: http/protobuf' in server.log()


def test_a_collector_that_is_away_gets_the_spans_when_it_is_back_and_is_told_of_once(way_in):
    collector = OtlpReceiver()
    server = way_in(collector)
    traces = [submit(server) for _ in range(5)]
    wait_for(lambda: requests(server, "unavailable") >= 2, what="a second try")
    traces.append(submit(server))
    assert server.stats("traces")["away_seconds"] > 0
    with collector:
        for trace in traces:
            arrives(collector, trace)
        assert said(server, "takes no spans") == 1
        wait_for(lambda: said(server, "takes spans again") == 1, what="the end of the outage in the log")
        assert server.stats("traces")["away_seconds"] == 0


@pytest.mark.parametrize("status", [400, 401, 404, 307])
def test_a_batch_that_is_refused_is_dropped_and_not_sent_again(way_in, collector, status):
    collector.status = status
    collector.headers = {"Location": f"{collector.endpoint}/elsewhere"}
    server = way_in(collector)
    refused = submit(server)
    wait_for(lambda: dropped(server, "refused") >= 2, what="the refusal")
    collector.status = 200
    arrives(collector, submit(server))
    assert collector.trace(refused) == []
    assert {received.path for received in collector.received} == {"/v1/traces"}, "a redirect was followed"
    assert f"it answers {status}" in server.log()


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_batch_that_is_not_taken_now_is_sent_again_when_the_collector_says(way_in, collector, status):
    collector.status = status
    collector.headers = {"Retry-After": "2"}
    server = way_in(collector)
    trace = submit(server)
    wait_for(lambda: len(collector.received) == 1, what="the first try")
    collector.status = 200
    arrives(collector, trace)
    first, second = collector.received[:2]
    assert 1.9 < second.at - first.at < 8
    assert first.body == second.body


def test_an_answer_that_breaks_off_is_none(way_in, collector):
    collector.breaks_off = True
    server = way_in(collector)
    trace = submit(server)
    wait_for(lambda: len(collector.received) == 1, what="the first try")
    collector.breaks_off = False
    arrives(collector, trace)


def test_spans_that_are_rejected_of_a_batch_are_counted(way_in, collector):
    collector.rejects = 1
    server = way_in(collector)
    arrives(collector, submit(server))
    wait_for(lambda: dropped(server, "rejected") >= 1, what="the rejected span")
    wait_for(lambda: said(server, r"/v1/traces: it rejected 1 span of a batch: not these"), what="a line that says why")
    assert "not these" in server.stats("traces")["last_fault"]


def test_a_collector_that_hangs_costs_its_timeout_and_nobody_elses_time(way_in, collector):
    collector.delay = 30
    server = way_in(collector, env={"OTEL_EXPORTER_OTLP_TIMEOUT": "300"})
    with Load(server, clients=4) as load:
        wait_for(lambda: requests(server, "unavailable") >= 2, what="a second try")
        load.stop()
    took = [told.answered_at - told.sent_at for told in load.told]
    assert {told.status for told in load.told} == {200}
    assert statistics.median(took) < 0.2, "submitting waits for the collector"
    assert "timed out" in server.stats("traces")["last_fault"]


@pytest.mark.takes(30)
def test_memory_stays_flat_while_the_collector_hangs(way_in, collector):
    """The ring is full within the first seconds; from then on every span takes the place of another."""
    collector.delay = 60
    server = way_in(collector, "--set", "traces.memory=512KiB", env={"OTEL_EXPORTER_OTLP_COMPRESSION": "gzip"})
    samples = []
    with Load(server, clients=8, pause=0) as load:
        wait_for(lambda: load.count(200) > 4000, 60, what="a full ring")
        for _ in range(50):
            samples.append(server.memory())
            time.sleep(0.2)
        load.stop()
    assert load.count(200) > 6000
    assert statistics.median(samples[25:]) - statistics.median(samples[:25]) < MIB
    stats = server.stats("traces")
    assert stats["waiting"] > 5000, "those that memory has forgotten still count as waiting: they are dropped when their turn comes"


# --- the end ---


def test_the_last_spans_are_sent_at_sigterm(way_in, collector):
    server = way_in(collector, env={"OTEL_BSP_SCHEDULE_DELAY": LATE})
    trace = submit(server)
    assert collector.trace(trace) == []
    server.terminate()
    assert server.wait() == 0
    assert len(collector.trace(trace)) >= 2


@pytest.mark.parametrize("fault", ["away", "hangs"])
def test_a_collector_that_does_not_take_the_last_spans_holds_nobody_up(way_in, collector, fault):
    collector.delay = 30
    if fault == "away":
        collector.endpoint = f"http://127.0.0.1:{free_port()}"
    server = way_in(collector, env={"OTEL_BSP_SCHEDULE_DELAY": LATE})
    submit(server)
    began = time.monotonic()
    server.terminate()
    assert server.wait() == 0
    assert time.monotonic() - began < 10
    assert re.search(r"the last \d+ spans were not exported", server.log())
