"""The Jaeger that tests ask about traces: it takes a span that is written by hand, and tells it as it was."""

import json
import urllib.request

from jaeger import tags
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
