"""One trace from curl to the dead letter, judged by OpenTelemetry's own schema: a collector gets the spans and tells them apart."""

import contextlib
import http.client
import json
import re
import subprocess

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from otlp_receiver import OtlpReceiver
from servers import wait_for
from test_worker_pool import headers_of, produce, read_topic

TRACE, PARENT = "ab" * 16, "cd" * 8
SAMPLED, NOT_SAMPLED = f"00-{TRACE}-{PARENT}-01", f"00-{TRACE}-{PARENT}-00"

IS_REMOTE = 0x200  # of opentelemetry.proto.trace.v1.SpanFlags: the parent is known from a header

QUICK = {"JOB_PROCESS_TIME_MIN": "5", "JOB_PROCESS_TIME_RANGE": "1", "JOB_PROCESS_FAIL_RATE": "0"}


@pytest.fixture
def collector():
    with OtlpReceiver() as receiver:
        yield receiver


@pytest.fixture
def traced_pool(worker_pool, collector):
    """The worker pool, telling its spans to the collector."""

    def start(*args, env=None, listens=True):
        environment = {**QUICK, "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint, "OTEL_BSP_SCHEDULE_DELAY": "50", **(env or {})}
        server = worker_pool(*args, env=environment, wait=listens)
        if listens:
            server.wait_until_ready()
        return server

    return start


def told(message):
    """Attributes as a mapping."""
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in message.attributes}


def whole(collector, trace_id, names):
    """The trace's spans by name, once each name has come as often as is said; whether the limiter had a token left is left open."""

    def complete():
        spans = [span for span in collector.trace(trace_id) if span.name in names or span.name not in ("limiter_wait", "EVALSHA")]
        found = {name: [span for span in spans if span.name == name] for name in {span.name for span in spans}}
        return found if {name: len(of_name) for name, of_name in found.items()} == names else None

    try:
        return wait_for(complete, 30, what="the trace")
    except AssertionError:
        raise AssertionError(f"{sorted(span.name for span in collector.trace(trace_id))} came, not {names}") from None


def assert_one_tree(spans, parent=b""):
    """All are below one root, whose parent is `parent`; none begins before, or is told twice."""
    every = [span for of_name in spans.values() for span in of_name]
    by_id = {span.span_id: span for span in every}
    assert len(by_id) == len(every)
    remote = {span.name.split(" ")[-1] for span in every if span.flags & IS_REMOTE}
    assert remote <= {"/submit", "process_message"}
    roots = [span for span in every if span.parent_span_id not in by_id]
    assert [root.parent_span_id for root in roots] == [parent]
    assert len({span.trace_id for span in every}) == 1
    for span in every:
        assert span.start_time_unix_nano <= span.end_time_unix_nano
        if span.parent_span_id in by_id:
            assert by_id[span.parent_span_id].start_time_unix_nano <= span.start_time_unix_nano
    return roots[0]


def test_a_job_is_one_trace_from_the_request_to_its_end(traced_pool, collector, kafka):
    server = traced_pool()
    reply = server.get("/submit?key=order-1", headers={"User-Agent": "a client"})
    topic = server.topic
    spans = whole(collector, reply.json()["trace_id"],
                  {"GET /submit": 1, f"kafka_send_{topic}": 1, "limiter_wait": 1, "EVALSHA": 1, "process_message": 1, "lane_wait": 1,
                   "heavy_calculation": 1, "json_unmarshal": 1})
    root = assert_one_tree(spans)
    assert (root.name, root.kind, root.status.code) == ("GET /submit", Span.SPAN_KIND_SERVER, Status.STATUS_CODE_UNSET)
    assert told(root) == {
        "http.request.method": "GET",
        "http.route": "/submit",
        "http.response.status_code": 200,
        "url.path": "/submit",
        "url.scheme": "http",
        "server.address": "127.0.0.1",
        "server.port": server.port,
        "client.address": "127.0.0.1",
        "network.protocol.version": "1.1",
        "user_agent.original": "a client",
    }

    [send] = spans[f"kafka_send_{topic}"]
    (record,) = read_topic(kafka, topic, 1)
    assert (send.kind, send.parent_span_id) == (Span.SPAN_KIND_PRODUCER, root.span_id)
    assert told(send) == {
        "messaging.system": "kafka",
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.client.id": "millrace",
        "messaging.destination.name": topic,
        "messaging.destination.partition.id": str(record.partition()),
        "messaging.kafka.offset": record.offset(),
        "messaging.kafka.message.key": "order-1",
        "messaging.message.body.size": len(record.value()),
    }
    assert headers_of(record)["traceparent"] == f"00-{reply.json()['trace_id']}-{send.span_id.hex()}-01"

    [job] = spans["process_message"]
    assert (job.kind, job.parent_span_id, job.status.code) == (Span.SPAN_KIND_CONSUMER, send.span_id, Status.STATUS_CODE_UNSET)
    assert job.flags & IS_REMOTE
    assert told(job) == {
        "messaging.system": "kafka",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.client.id": "millrace",
        "messaging.destination.name": topic,
        "messaging.destination.partition.id": str(record.partition()),
        "messaging.consumer.group.name": server.group,
        "messaging.kafka.offset": record.offset(),
        "messaging.kafka.message.key": "order-1",
        "messaging.message.body.size": len(record.value()),
        "millrace.attempts": 1,
        "millrace.outcome": "done",
    }
    [wait], [attempt], [parse] = spans["lane_wait"], spans["heavy_calculation"], spans["json_unmarshal"]
    assert (wait.parent_span_id, attempt.parent_span_id, parse.parent_span_id) == (job.span_id, job.span_id, attempt.span_id)
    assert {wait.kind, attempt.kind, parse.kind} == {Span.SPAN_KIND_INTERNAL}
    assert told(attempt) == {"millrace.attempt": 1, "millrace.outcome": "done"}
    assert attempt.end_time_unix_nano - attempt.start_time_unix_nano >= 5_000_000


def test_who_waits_for_the_limiter_shows_it_and_the_call_that_it_caused(traced_pool, collector, redis):
    server = traced_pool("--only", "ingest")
    first = server.get("/submit").json()["trace_id"]
    spans = whole(collector, first, {"GET /submit": 1, f"kafka_send_{server.topic}": 1, "limiter_wait": 1, "EVALSHA": 1})
    [request], [wait], [call], [send] = (spans[name] for name in ("GET /submit", "limiter_wait", "EVALSHA", f"kafka_send_{server.topic}"))
    assert wait.parent_span_id == call.parent_span_id == request.span_id
    assert (wait.kind, call.kind) == (Span.SPAN_KIND_INTERNAL, Span.SPAN_KIND_CLIENT)
    assert told(call) == {"db.system.name": "redis", "db.operation.name": "EVALSHA", "db.namespace": "0", "server.address": "127.0.0.1",
                          "server.port": redis.port}
    assert wait.start_time_unix_nano <= call.start_time_unix_nano <= call.end_time_unix_nano <= wait.end_time_unix_nano
    assert wait.end_time_unix_nano <= send.start_time_unix_nano


def test_a_call_that_redis_does_not_answer_is_an_error_of_the_request_that_caused_it(traced_pool, collector, redis):
    server = traced_pool("--only", "ingest")
    redis.cli("CLIENT", "PAUSE", "3000", "ALL")
    reply = server.get("/submit", headers={"traceparent": NOT_SAMPLED})
    assert reply.status == 503
    spans = whole(collector, TRACE, {"GET /submit": 1, "limiter_wait": 1, "EVALSHA": 1})
    [request], [call] = spans["GET /submit"], spans["EVALSHA"]
    assert (request.status.code, told(request)["error.type"]) == (Status.STATUS_CODE_ERROR, "503")
    assert (told(request)["url.path"], told(request)["server.port"]) == ("/submit", server.port), "it is kept, though not sampled"
    assert (call.status.code, told(call)["error.type"]) == (Status.STATUS_CODE_ERROR, "unavailable")
    assert "db.response.status_code" not in told(call), "it has not answered"
    assert call.parent_span_id == request.span_id


def test_an_error_of_redis_is_told_by_its_own_word(traced_pool, collector, redis):
    server = traced_pool("--only", "ingest")
    redis.cli("REPLICAOF", "127.0.0.1", "1")
    server.get("/submit", headers={"traceparent": SAMPLED})
    call = wait_for(lambda: [span for span in collector.trace(TRACE) if span.name == "EVALSHA"], what="the call's span")[0]
    assert call.status.code == Status.STATUS_CODE_ERROR
    assert call.status.message.startswith("READONLY ")
    assert (told(call)["db.response.status_code"], told(call)["error.type"]) == ("READONLY", "READONLY")


@pytest.mark.parametrize("host,address,port", [("orders.example", "orders.example", None), ("orders.example:8443", "orders.example", 8443),
                                               ("[2001:db8::1]:80", "2001:db8::1", 80), ("[2001:db8::1]", "2001:db8::1", None)])
def test_the_server_is_named_as_its_client_names_it(traced_pool, collector, host, address, port):
    server = traced_pool("--only", "ingest")
    trace_id = server.get("/submit", headers={"Host": host}).json()["trace_id"]
    request = wait_for(lambda: [span for span in collector.trace(trace_id) if span.name == "GET /submit"], what="the request's span")[0]
    assert (told(request)["server.address"], told(request).get("server.port")) == (address, port)


@pytest.mark.parametrize("parent", [SAMPLED, NOT_SAMPLED])
def test_a_job_that_fails_for_good_is_one_trace_to_its_dead_letter(traced_pool, collector, kafka, parent):
    """Not sampled: it is kept all the same, and the record goes on saying so. The request, which went well, is forgotten then."""
    server = traced_pool("--set", "traces.keep.slowest=0")
    reply = server.post("/submit", {"always_fail": True}, headers={"traceparent": parent})
    assert reply.json()["trace_id"] == TRACE
    topic, sampled = server.topic, parent == SAMPLED
    names = {"process_message": 1, "lane_wait": 1, "heavy_calculation": 4, "json_unmarshal": 4, f"kafka_send_{topic}-dlq": 1}
    if sampled:
        names |= {"POST /submit": 1, f"kafka_send_{topic}": 1}
    spans = whole(collector, TRACE, names)
    (record,) = read_topic(kafka, topic, 1)
    sender = headers_of(record)["traceparent"].split("-")[2]
    assert_one_tree(spans, bytes.fromhex(PARENT if sampled else sender))
    assert {span.flags & 1 for of_name in spans.values() for span in of_name} == {int(sampled)}
    assert headers_of(record)["traceparent"].endswith("-01" if sampled else "-00")

    [job] = spans["process_message"]
    sentence = "the simulated job is one that always fails"
    assert (job.status.code, job.status.message) == (Status.STATUS_CODE_ERROR, sentence)
    assert (told(job)["millrace.outcome"], told(job)["millrace.attempts"]) == ("dead", 4)
    for number, attempt in enumerate(sorted(spans["heavy_calculation"], key=lambda span: span.start_time_unix_nano), start=1):
        assert (attempt.parent_span_id, attempt.status.code, attempt.status.message) == (job.span_id, Status.STATUS_CODE_ERROR, sentence)
        assert told(attempt) == {"millrace.attempt": number, "millrace.outcome": "failed", "error.type": "failed"}
        assert [event.name for event in attempt.events] == ["local-retry-scheduled"] * (number < 4)
        for event in attempt.events:
            assert event.time_unix_nano == attempt.end_time_unix_nano
            base = min(40 * 2 ** (number - 1), 400)
            event_told = told(event)
            assert base <= event_told.pop("sleep_ms") <= base + 30
            assert event_told == {"next_attempt": number + 1, "error": sentence}

    [publish] = spans[f"kafka_send_{topic}-dlq"]
    (letter,) = read_topic(kafka, f"{topic}-dlq", 1)
    assert (publish.kind, publish.parent_span_id) == (Span.SPAN_KIND_PRODUCER, job.span_id)
    assert headers_of(letter)["traceparent"] == f"00-{TRACE}-{publish.span_id.hex()}-{'01' if sampled else '00'}"
    assert [name for name, _ in letter.headers()].count("traceparent") == 1
    assert told(publish)["messaging.destination.name"] == f"{topic}-dlq"
    assert told(publish)["messaging.kafka.offset"] == letter.offset()


def test_work_in_another_process_continues_the_trace(traced_pool, collector):
    shared = traced_pool("--only", "ingest", env={"OTEL_SERVICE_NAME": "front"})
    traced_pool("--only", "work", env={"OTEL_SERVICE_NAME": "back"}, listens=False)
    trace_id = shared.get("/submit").json()["trace_id"]
    spans = whole(collector, trace_id, {"GET /submit": 1, f"kafka_send_{shared.topic}": 1, "limiter_wait": 1, "EVALSHA": 1,
                                        "process_message": 1, "lane_wait": 1, "heavy_calculation": 1, "json_unmarshal": 1})
    assert_one_tree(spans)
    services = {}
    for received in collector.received:
        for resource_spans in received.message().resource_spans:
            for scope in resource_spans.scope_spans:
                services.update({span.span_id: told(resource_spans.resource) for span in scope.spans})
    assert services[spans["GET /submit"][0].span_id]["service.name"] == "front"
    assert services[spans["process_message"][0].span_id]["service.name"] == "back"
    front, back = services[spans["GET /submit"][0].span_id], services[spans["process_message"][0].span_id]
    assert front["process.pid"] != back["process.pid"]


def trace_id_of(server, *lines, body=b""):
    """Submits with these header lines, and returns the trace's id: http.client sends each line as it is, twice the same name too."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    with contextlib.closing(connection):
        connection.putrequest("POST" if body else "GET", "/submit")
        if body:
            connection.putheader("Content-Length", len(body))
        for name, value in lines:
            connection.putheader(name, value)
        connection.endheaders(body)
        reply = connection.getresponse()
        assert reply.status == 200
        return json.loads(reply.read())["trace_id"]


def test_a_tracestate_goes_along_as_one_unless_it_is_broken_or_without_a_trace(traced_pool, kafka):
    server = traced_pool("--only", "ingest")
    parent, nobody = ("traceparent", SAMPLED), ("traceparent", "00-" + "0" * 32 + f"-{PARENT}-01")
    whole = "a=" + "x" * 251 + ",b=" + "x" * 256
    assert len(whole) == 512
    requests = [
        (whole, [parent, ("tracestate", whole)]),
        (whole, [parent, ("tracestate", whole), ("tracestate", "left=out")]),
        ("rojo=1,congo=2,blue=3", [("tracestate", "rojo=1 , congo=2"), parent, ("Tracestate", ""), ("TraceState", "blue=3,")]),
        (None, [parent, ("tracestate", "vendor=" + "x" * 10000)]),
        (None, [parent, ("tracestate", "good=1"), ("tracestate", "Bad=2")]),
        (None, [parent, ("tracestate", ",".join(f"m{i}=1" for i in range(20))), ("tracestate", ",".join(f"n{i}=1" for i in range(13)))]),
        (None, [nobody, ("tracestate", "good=1")]),
        (None, [("tracestate", "good=1")]),
    ]
    for _, lines in requests:
        assert (trace_id_of(server, *lines) == TRACE) == (parent in lines), "a tracestate changes nothing about the traceparent"
    states = [headers_of(record).get("tracestate") for record in read_topic(kafka, server.topic, len(requests))]
    assert sorted(states, key=str) == sorted((state for state, _ in requests), key=str)


def test_a_tracestate_is_on_every_span_of_its_trace_up_to_the_dead_letter(traced_pool, collector):
    server = traced_pool("--set", "streams.jobs.work.retry.retries=1")
    lines = [("traceparent", SAMPLED), ("tracestate", "rojo=1 , congo=2"), ("Tracestate", "blue=3")]
    trace_id_of(server, *lines, body=b'{"always_fail":true}')
    spans = whole(collector, TRACE, {"POST /submit": 1, f"kafka_send_{server.topic}": 1, "limiter_wait": 1, "EVALSHA": 1, "process_message": 1,
                                     "lane_wait": 1, "heavy_calculation": 2, "json_unmarshal": 2, f"kafka_send_{server.topic}-dlq": 1})
    assert {span.trace_state for of_name in spans.values() for span in of_name} == {"rojo=1,congo=2,blue=3"}
    shown = server.get(f"/debug/traces/{TRACE}").json()["spans"]
    assert {span["trace_state"] for span in shown} == {"rojo=1,congo=2,blue=3"}

    other = server.post("/submit", {}).json()["trace_id"]
    assert {span.trace_state for span in wait_for(lambda: collector.trace(other), what="another trace")} == {""}


def test_two_traceparents_are_none(traced_pool):
    server = traced_pool("--only", "ingest")
    assert trace_id_of(server, ("traceparent", SAMPLED)) == TRACE
    assert trace_id_of(server, ("traceparent", SAMPLED), ("TraceParent", SAMPLED)) != TRACE


@pytest.mark.parametrize("broken", ["00-" + "0" * 32 + f"-{PARENT}-01", f"00-{TRACE}-{'0' * 16}-01", f"00-{TRACE}-{PARENT}", "ff" + SAMPLED[2:],
                                    SAMPLED.upper(), "x" * 10000])
def test_a_broken_traceparent_begins_another_trace(traced_pool, kafka, broken):
    server = traced_pool("--only", "ingest")
    trace_id = server.get("/submit", headers={"traceparent": broken}).json()["trace_id"]
    assert re.fullmatch("[0-9a-f]{32}", trace_id) and trace_id not in (TRACE, "0" * 32)
    (record,) = read_topic(kafka, server.topic, 1)
    assert re.fullmatch(f"00-{trace_id}-[0-9a-f]{{16}}-01", headers_of(record)["traceparent"])


def test_without_traces_ids_go_along_all_the_same(traced_pool, collector, kafka):
    server = traced_pool(env={"OTEL_SDK_DISABLED": "true"})
    reply = server.post("/submit", {"always_fail": True}, headers={"traceparent": SAMPLED})
    assert reply.json()["trace_id"] == TRACE
    other = server.get("/submit").json()["trace_id"]
    records = read_topic(kafka, server.topic, 2)
    assert sorted(headers_of(record)["traceparent"].split("-")[1] for record in records) == sorted([TRACE, other])
    (letter,) = read_topic(kafka, f"{server.topic}-dlq", 1)
    parents = [value.decode() for name, value in letter.headers() if name == "traceparent"]
    assert len(parents) == 1 and parents[0].startswith(f"00-{TRACE}-") and parents[0].endswith("-01")
    assert collector.received == []


def test_what_cannot_be_read_begins_a_trace_and_ends_as_a_dead_letter(traced_pool, collector, kafka):
    server = traced_pool()
    produce(kafka, server.topic, b"not JSON", headers=[("traceparent", b"nonsense")])
    wait_for(lambda: any(span.name == "process_message" for span in collector.spans()), 30, what="a job")
    trace_id = next(span.trace_id.hex() for span in collector.spans())
    spans = whole(collector, trace_id, {"process_message": 1, "lane_wait": 1, "heavy_calculation": 1, "json_unmarshal": 1,
                                        f"kafka_send_{server.topic}-dlq": 1})
    assert_one_tree(spans)
    [attempt] = spans["heavy_calculation"]
    assert told(attempt)["millrace.outcome"] == "rejected"
    assert len(attempt.events) == 0


def test_demo_1_the_trace_of_a_job_is_there_right_after_curl_without_a_collector(worker_pool):
    """Of the document: curl, copy the trace's id, look at the whole trace with its retries, their errors, and the dead letter."""

    def curl(path, *words):
        words = ["curl", "-s", *words, f"http://127.0.0.1:{server.port}{path}"]
        return subprocess.run(words, check=True, capture_output=True, text=True, timeout=20).stdout

    server = worker_pool(env=QUICK)
    server.wait_until_ready()
    trace_id = json.loads(curl("/submit", "-d", '{"always_fail":true}'))["trace_id"]
    wait_for(lambda: f"kafka_send_{server.topic}-dlq" in curl(f"/debug/traces/{trace_id}"), what="the end of the trace")
    trace = json.loads(curl(f"/debug/traces/{trace_id}"))
    spans = {span["span_id"]: span for span in trace["spans"]}
    assert [span["name"] for span in spans.values() if span["parent_span_id"] not in spans] == ["POST /submit"]

    def path(span):
        above = spans.get(span["parent_span_id"])
        return [*(path(above) if above else []), span["name"]]

    topic = server.topic
    job = ["POST /submit", f"kafka_send_{topic}", "process_message"]
    paths = [path(span) for span in spans.values()]
    for expected, count in [(job, 1), ([*job, "lane_wait"], 1), ([*job, "heavy_calculation"], 4),
                            ([*job, "heavy_calculation", "json_unmarshal"], 4), ([*job, f"kafka_send_{topic}-dlq"], 1)]:
        assert paths.count(expected) == count, expected
    text = curl(f"/debug/traces/{trace_id}?format=text")
    assert text.count("local-retry-scheduled") == 3
    assert all(f"next_attempt={number}" in text for number in (2, 3, 4))
    assert "the simulated job is one that always fails" in text and "sleep_ms=" in text
