"""What the encoder writes, read by OpenTelemetry's own schema: every field, and that hostile values never spoil a message."""

import subprocess

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from conftest import BINARY

SAMPLE = BINARY.parents[1] / "tests" / "unit" / "otlp_sample"
WALL_OFFSET_NS = 1_700_000_000_000_000_000
HAS_IS_REMOTE, IS_REMOTE, SAMPLED = 0x100, 0x200, 0x1
NOT_TEXT = "\N{REPLACEMENT CHARACTER}"


def encoded(sample):
    return subprocess.run([SAMPLE, sample], check=True, capture_output=True, timeout=30).stdout


def request(sample):
    return ExportTraceServiceRequest.FromString(encoded(sample))


def spans(sample):
    [resource_spans] = request(sample).resource_spans
    [scope_spans] = resource_spans.scope_spans
    return scope_spans.spans


def attributes(message):
    """As a mapping; names are unique, and every value has one of the two types that we write."""
    told = {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in message.attributes}
    assert len(told) == len(message.attributes)
    return told


def test_every_field_of_a_span_is_where_the_schema_has_it():
    [span] = spans("plain")
    assert span.trace_id.hex() == "010203" + "00" * 12 + "04"
    assert span.span_id.hex() == "05" + "00" * 6 + "06"
    assert span.parent_span_id.hex() == "07" + "00" * 6 + "08"
    assert span.trace_state == "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"
    assert span.flags == SAMPLED | HAS_IS_REMOTE | IS_REMOTE
    assert span.name == "send jobs_topic"
    assert span.kind == Span.SPAN_KIND_PRODUCER
    assert span.start_time_unix_nano == WALL_OFFSET_NS + 1_000_000
    assert span.end_time_unix_nano == WALL_OFFSET_NS + 2_001_000
    assert span.status == Status(message="not stored", code=Status.STATUS_CODE_ERROR)
    assert attributes(span) == {
        "messaging.system": "kafka",
        "server.port": 9092,
        "messaging.destination.name": "jobs_topic",
        "messaging.kafka.offset": -(2**63),
        "empty": "",
    }


def test_events_and_links_are_whole():
    [span] = spans("plain")
    [event] = span.events
    assert (event.name, event.time_unix_nano) == ("exception", WALL_OFFSET_NS + 1_500_000)
    assert attributes(event) == {"exception.message": "broker away", "attempt": -1}
    [link] = span.links
    assert link.trace_id.hex() == "ab" + "00" * 14 + "cd"
    assert link.span_id.hex() == "ef" + "00" * 6 + "01"
    assert link.flags == SAMPLED | HAS_IS_REMOTE | IS_REMOTE


def test_resource_and_scope_say_who_made_the_spans():
    [resource_spans] = request("plain").resource_spans
    told = attributes(resource_spans.resource)
    version = told.pop("service.version")
    assert told == {
        "service.name": "orders, and more",
        "host.name": "told",
        "service.instance.id": "instance-1",
        "process.pid": 4711,
        "telemetry.sdk.name": "millrace",
        "telemetry.sdk.language": "c",
        "telemetry.sdk.version": version,
    }
    [scope_spans] = resource_spans.scope_spans
    assert (scope_spans.scope.name, scope_spans.scope.version) == ("millrace", version)
    assert resource_spans.schema_url == scope_spans.schema_url == "https://opentelemetry.io/schemas/1.37.0"


def test_hostile_values_are_cut_and_replaced_and_the_message_stays_whole():
    [span] = spans("hostile")
    assert attributes(span) == {
        "messaging.system": "kafka",
        "server.port": 9092,
        "messaging.destination.name": "€" * 85,
        "messaging.kafka.offset": 0,
        "absent": "a\0b" + NOT_TEXT,
        "empty": NOT_TEXT * 256,
    }
    assert span.status.message == "ends in half a character: " + NOT_TEXT * 2
    assert len(span.events) + span.dropped_events_count == 100
    assert all(attributes(event) == {"exception.message": NOT_TEXT * 256, "attempt": 0} for event in span.events)
    assert len(span.links) + span.dropped_links_count == 1000
    assert not span.parent_span_id
    assert not span.trace_state, "a part of a list would be another one"


def test_a_batch_is_as_long_as_was_asked_for_and_in_order():
    assert [attributes(span)["messaging.kafka.offset"] for span in spans("many")] == list(range(512))
    assert all(span.end_time_unix_nano >= span.start_time_unix_nano for span in spans("many"))


def test_keys_texts_and_numbers_of_every_length_arrive():
    names = ["k" * length for length in (1, 41, 42, 43, 44, 120, 127, 128)]
    told = spans("lengths")
    assert len(told) == 257
    for size, span in enumerate(told):
        number = (2**64 - 1) >> size % 64
        number = -1 if number == 2**64 - 1 else number
        expected = {name: number if (size + i) % 4 == 0 else "t" * size for i, name in enumerate(names)}
        assert attributes(span) == expected


@pytest.mark.parametrize("sample", ["plain", "hostile", "many", "lengths"])
def test_nothing_is_written_that_the_schema_does_not_know(sample):
    """A field of a wrong number or type would be kept as unknown, and so be missed when everything is written again."""
    message = request(sample)
    before = message.SerializeToString()
    message.DiscardUnknownFields()
    assert message.SerializeToString() == before


def test_without_spans_nothing_is_written():
    assert encoded("none") == b""
