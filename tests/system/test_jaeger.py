"""A real Jaeger shows what happened to a job: the whole trace, from its request to its end. And it is one that can be trusted: a span that
was written by hand is told as it was."""

import json
import urllib.request

import pytest

from jaeger import tags
from judges import records_of
from servers import wait_for

TRACE = "5b8efff798038103d269b633813fc60c"
SPAN = {
    "traceId": TRACE, "spanId": "eee19b7ec3c1b174", "name": "by-hand", "kind": 2,
    "startTimeUnixNano": "1544712660000000000", "endTimeUnixNano": "1544712661000000000",
    "attributes": [{"key": "answer", "value": {"intValue": "42"}}],
}
SENT = {"resourceSpans": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "a-test"}}]},
                           "scopeSpans": [{"spans": [SPAN]}]}]}


def test_a_span_that_is_sent_is_told(jaeger):
    assert jaeger.spans(TRACE) == []
    request = urllib.request.Request(f"{jaeger.endpoint}/v1/traces", json.dumps(SENT).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200
    trace = jaeger.trace(TRACE)
    (span,) = trace["spans"]
    assert (span["operationName"], span["spanID"], span["duration"]) == ("by-hand", SPAN["spanId"], 1000000)
    assert tags(span)["answer"] == 42 and tags(span)["span.kind"] == "server"
    assert trace["processes"][span["processID"]]["serviceName"] == "a-test"
    wait_for(lambda: "a-test" in jaeger.services(), what="the service")


@pytest.fixture
def shown_pool(worker_pool, jaeger):
    """The worker pool, whose spans Jaeger gets at once."""
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": jaeger.endpoint, "OTEL_BSP_SCHEDULE_DELAY": "100", "OTEL_SERVICE_NAME": "worker-pool",
                   "JOB_PROCESS_TIME_MIN": "5", "JOB_PROCESS_TIME_RANGE": "5", "JOB_PROCESS_FAIL_RATE": "0"}
    server = worker_pool(env=environment)
    server.wait_until_ready()
    return server


def whole_trace(jaeger, trace_id, names):
    """{name: [span, ...], in the order of their beginnings}, once no name is missing."""

    def shown():
        spans = sorted(jaeger.spans(trace_id), key=lambda span: span["startTime"])
        by_name = {span["operationName"]: [] for span in spans}
        for span in spans:
            by_name[span["operationName"]].append(span)
        return by_name if set(names) <= set(by_name) else None

    return wait_for(shown, what=f"{names} of {trace_id} in Jaeger")


def parent(span):
    """Its id, or None. A span has one parent at most."""
    references = [reference for reference in span["references"] if reference["refType"] == "CHILD_OF"]
    assert len(references) <= 1
    assert all(reference["traceID"] == span["traceID"] for reference in references)
    return references[0]["spanID"] if references else None


def check_one_tree(by_name, root):
    """One root, everybody's parent is there, and Jaeger has no complaint; but it takes it for a fault of clocks that a job begins after the
    request has ended."""
    spans = [span for group in by_name.values() for span in group]
    ids = {span["spanID"] for span in spans}
    assert len(ids) == len(spans)
    assert [span["operationName"] for span in spans if parent(span) is None] == [root]
    assert {parent(span) for span in spans} - {None} <= ids
    warnings = [warning for span in spans for warning in span["warnings"] or [] if "clock skew" not in warning]
    assert warnings == []


def test_a_job_is_shown_whole_from_its_request_to_its_end(shown_pool, jaeger):
    send = f"kafka_send_{shown_pool.topic}"
    trace = shown_pool.get("/submit?key=order-1").json()["trace_id"]
    spans = whole_trace(jaeger, trace, ["GET /submit", send, "process_message", "json_unmarshal", "heavy_calculation"])
    check_one_tree(spans, root="GET /submit")
    [request], [sent], [process] = spans["GET /submit"], spans[send], spans["process_message"]
    assert parent(sent) == request["spanID"]
    assert parent(process) == sent["spanID"]
    assert [tags(span)["span.kind"] for span in (request, sent, process)] == ["server", "producer", "consumer"]
    assert tags(request)["http.response.status_code"] == 200
    assert tags(process)["messaging.destination.name"] == shown_pool.topic
    [worked] = spans["heavy_calculation"]
    assert worked["duration"] >= 5000
    assert jaeger.services() == ["worker-pool"]


def test_a_job_that_fails_for_good_is_shown_up_to_its_dead_letter(shown_pool, jaeger, kafka):
    send, dead = f"kafka_send_{shown_pool.topic}", f"kafka_send_{shown_pool.topic}-dlq"
    trace = shown_pool.post("/submit", {"id": "doomed", "always_fail": True}).json()["trace_id"]
    spans = whole_trace(jaeger, trace, ["POST /submit", send, "process_message", "heavy_calculation", dead])
    check_one_tree(spans, root="POST /submit")

    attempts = spans["heavy_calculation"]
    assert len(attempts) == 4
    assert all(tags(span)["error"] is True for span in attempts)
    retries = [tags(log) for span in attempts for log in span["logs"] if tags(log).get("event") == "local-retry-scheduled"]
    assert [retry["next_attempt"] for retry in retries] == [2, 3, 4]
    assert all(retry["error"] and lowest <= retry["sleep_ms"] <= lowest + 30 for retry, lowest in zip(retries, (40, 80, 160)))
    [process], [buried] = spans["process_message"], spans[dead]
    assert parent(buried) in {process["spanID"], *(span["spanID"] for span in attempts)}
    assert tags(process)["error"] is True

    [letter] = records_of(kafka.brokers, f"{shown_pool.topic}-dlq")
    assert dict(letter.headers())["traceparent"].decode().split("-")[1:3] == [trace, buried["spanID"]]
