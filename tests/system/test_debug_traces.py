"""/debug/traces: what the process itself holds of traces, without a collector."""

import pytest

from servers import wait_for

PARENT = "0af7651916cd43dd8448eb211c80319c"
FAILING = ("--set", "streams.jobs.work.handler.simulate.fail=1", "--set", "streams.jobs.work.retry.retries=1")


@pytest.fixture
def quickstart(millrace):
    """The built-in configuration: no broker, no Redis, nothing to be started."""

    def start(*args, env=None):
        server = millrace("--set", "listen.main.address=127.0.0.1:0", *args, env=env)
        server.wait_until_ready()
        return server

    return start


def submit(server, **options):
    reply = server.get("/submit?key=one", **options)
    assert reply.status == 200
    return reply.json()["trace_id"]


def spans(server, trace):
    reply = server.get(f"/debug/traces/{trace}")
    return reply.json()["spans"] if reply.status == 200 else []


def wait_for_span(server, trace, name):
    wait_for(lambda: name in [span["name"] for span in spans(server, trace)], what=f"the span {name}")


def tree(server, trace):
    reply = server.get(f"/debug/traces/{trace}?format=text")
    assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"
    return reply.body.decode()


def listed(server, which, **options):
    return [row["trace_id"] for row in server.get(f"/debug/traces?list={which}", **options).json()]


def test_a_job_is_followed_from_its_request_to_its_end(quickstart):
    server = quickstart("--set", "streams.jobs.work.handler.simulate.fail=0")
    trace = submit(server)
    wait_for_span(server, trace, "process_message")
    request, *others = spans(server, trace)
    assert (request["name"], request["kind"], request["parent_span_id"]) == ("GET /submit", "server", None)
    ids = {span["span_id"] for span in spans(server, trace)}
    assert all(span["parent_span_id"] in ids and not span["parent_elsewhere"] for span in others)
    assert {span["status"] for span in others} == {"unset"}
    assert all(span["offset_ms"] >= 0 and span["duration_ms"] >= 0 for span in others)

    text = tree(server, trace)
    assert text.startswith(f"trace {trace}")
    assert "spans of this process, no errors" in text
    assert max(map(len, text.splitlines())) <= 100


def test_a_job_that_failed_and_died_is_among_the_failed_with_its_reasons(quickstart):
    server = quickstart(*FAILING)
    trace = submit(server)
    wait_for_span(server, trace, "kafka_send_jobs_topic-dlq")
    wait_for(lambda: trace in listed(server, "failed"), what="the failed trace")
    text = tree(server, trace)
    assert text.count("✗ the simulated job would take") == 3  # two attempts, and what they belong to
    assert "local-retry-scheduled" in text
    assert trace in listed(server, "last") and trace in listed(server, "slowest")


def test_a_trace_that_began_elsewhere_says_so(quickstart):
    server = quickstart()
    assert submit(server, headers={"traceparent": f"00-{PARENT}-b7ad6b7169203331-01"}) == PARENT
    (request, *_) = spans(server, PARENT)
    assert (request["parent_span_id"], request["parent_elsewhere"]) == ("b7ad6b7169203331", True)
    assert "GET /submit (parent elsewhere)" in tree(server, PARENT)


def test_what_the_caller_did_not_sample_is_kept_only_if_it_fails(quickstart):
    server = quickstart(*FAILING, "--set", "traces.keep.slowest=0")
    trace = submit(server, headers={"traceparent": f"00-{PARENT}-b7ad6b7169203331-00"})
    wait_for_span(server, trace, "process_message")
    kept = spans(server, trace)
    assert all(span["sampled"] is False for span in kept)
    assert "GET /submit" not in [span["name"] for span in kept], "it went well"


def test_hostile_texts_leave_json_whole_and_the_terminal_alone(quickstart):
    server = quickstart()
    trace = submit(server, headers={"traceparent": f"00-{PARENT}-b7ad6b7169203331-01", "tracestate": "x" * 10240,
                                    "User-Agent": "\xc2\x9b31m" + "x" * 9000})
    assert trace == PARENT and spans(server, trace)
    for text in [tree(server, trace), server.get(f"/debug/traces/{trace}").body.decode()]:
        assert [c for c in text if c != "\n" and (c < " " or "\x7f" <= c < "\xa0")] == []


@pytest.mark.parametrize("header", ["00-" + "0" * 32 + "-b7ad6b7169203331-01", "00-" + PARENT + "-" + "0" * 16 + "-01", "nonsense", ""])
def test_a_broken_parent_begins_a_new_trace(quickstart, header):
    server = quickstart()
    trace = submit(server, headers={"traceparent": header})
    assert trace not in (PARENT, "0" * 32)
    assert spans(server, trace)[0]["parent_span_id"] is None


def test_what_is_asked_wrongly_is_answered_with_what_is_allowed(quickstart):
    server = quickstart()
    for path, status, sentence in [
        ("/debug/traces/xyz", 400, 'found the trace id "xyz"; allowed: 32 digits of 0-9 and a-f, not all 0'),
        (f"/debug/traces/{PARENT.upper()}", 400, "allowed: 32 digits"),
        (f"/debug/traces/{'0' * 32}", 400, "allowed: 32 digits"),
        (f"/debug/traces/{PARENT}", 404, f'found no span of the trace "{PARENT}"'),
        ("/debug/traces?list=best", 400, 'found the list "best"; allowed: last, slowest, failed'),
        ("/debug/traces?limit=0", 400, "allowed: a whole number from 1 to 200"),
    ]:
        reply = server.get(path)
        assert reply.status == status, path
        assert sentence in reply.json()["error"], path
        as_text = server.get(path + ("&" if "?" in path else "?") + "format=text")
        assert (as_text.status, as_text.headers["Content-Type"]) == (status, "text/plain; charset=utf-8")
        assert as_text.body.decode() == reply.json()["error"] + "\n"


def test_the_spans_in_memory_are_told_among_the_stats(quickstart):
    server = quickstart()
    before = server.stats("spans")["recent"]["held"]
    for _ in range(3):
        submit(server)
    told = server.stats("spans")
    assert told["on"] is True
    assert told["recent"]["held"] >= before + 6, "of each request, and of the record that it sent"
    assert told["recent"]["memory_bytes"] == 4 * told["notable"]["memory_bytes"] == 4 * 1024 * 1024
    assert told["recent"]["reach_seconds"] > 0
    assert server.stats("spans")["recent"]["reach_seconds"] > told["recent"]["reach_seconds"], "it grows while nothing is told"


def test_lists_are_as_long_as_was_asked_for(quickstart):
    server = quickstart()
    traces = [submit(server) for _ in range(5)]
    assert len(server.get("/debug/traces?limit=3").json()) == 3
    text = server.get("/debug/traces?format=text").body.decode()
    assert all(trace in text for trace in traces)


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"OTEL_SDK_DISABLED": "true"}, "no spans are made: traces.disabled is true"),
        ({"OTEL_TRACES_SAMPLER": "always_off"}, "found no span of the trace"),
        ({"OTEL_TRACES_SAMPLER_ARG": "0"}, "found no span of the trace"),
    ],
)
def test_the_environment_turns_it_off_and_ids_go_along_all_the_same(quickstart, environment, sentence):
    server = quickstart("--set", "traces.keep.slowest=0", env=environment)
    reply = server.get(f"/debug/traces/{submit(server)}")
    assert reply.status == 404
    assert sentence in reply.json()["error"]
