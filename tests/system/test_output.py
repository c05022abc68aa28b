"""`work.output` at least once: what is done goes on to another topic, and is committed when the broker has it."""

import json

import pytest
from confluent_kafka.admin import NewTopic

from pipeline import Pipeline
from servers import wait_for

CHAIN = """
kafka: embedded
redis: local
streams:
  first:
    topic: {{ name: first, partitions: 2, create: true }}
    work: {{ group: first, handler: {{ noop: {{}} }}, order: key, output: {{ name: second, partitions: 2 }} }}
{second}
listen:
  main:
    address: "127.0.0.1:0"
    routes:
      - {{ on: "POST /submit", do: ingest.one, stream: first }}
      - {{ use: [health, metrics, debug] }}
"""
SECOND = "  second: { topic: { name: second, partitions: 2 }, work: { group: second, handler: { noop: {} }, order: key } }"


@pytest.fixture
def pipeline(millrace, kafka, unique, tmp_path):
    pipeline = Pipeline(millrace, kafka.brokers, f"orders-{unique}", tmp_path)
    pipeline.options["guarantee"] = "at_least_once"
    return pipeline


def done(server, stream):
    return server.metrics().get(f'millrace_worked_total{{outcome="done",stream="{stream}"}}', 0)


@pytest.mark.parametrize("order", ["partition", "key"])
def test_what_is_done_comes_out_in_order_and_what_fails_as_a_dead_letter(pipeline, order):
    server = pipeline.start(order=order, fail=0.4)
    pipeline.send(600)
    pipeline.wait_until_done()
    out, dead = pipeline.judge()
    assert len(out) > 300 and len(dead) > 20
    assert server.metrics()['millrace_outputs_total{stream="orders"}'] == len(out)


def test_a_kill_loses_nothing_and_may_repeat(pipeline):
    server = pipeline.start(least="5ms", interval="5s")
    pipeline.send(1000)
    wait_for(lambda: done(server, "orders") > 300, 30, what="300 done")
    server.process.kill()
    server.wait()
    pipeline.start(least="5ms")
    pipeline.wait_until_done(90)
    ids = pipeline.out.ids()
    assert set(ids) == {f"job-{number}" for number in range(1000)}
    assert len(ids) > 1000  # 300 were done and not committed: as promised, no more than at least once


def test_an_output_that_is_too_large_becomes_a_dead_letter(pipeline):
    given_an_output_of_small_batches(pipeline)
    pipeline.producer.produce(pipeline.topic, key="a", value=json.dumps({"id": "job-0", "number": 0, "pad": "x" * 30000}))
    pipeline.sent = 1
    pipeline.start()
    pipeline.wait_until_done()
    out, (letter,) = pipeline.judge()
    assert out == [] and b"too large" in dict(letter.headers())["x-final-error"]


def given_an_output_of_small_batches(pipeline):
    narrow = NewTopic(f"{pipeline.topic}-out", 1, 1, config={"max.message.bytes": "20000"})
    pipeline.admin.create_topics([narrow])[narrow.topic].result(30)


def test_an_output_of_small_batches_is_warned_of(pipeline):
    given_an_output_of_small_batches(pipeline)
    server = pipeline.start()
    warning = f"topic {pipeline.topic}-out takes batches of 20000 bytes"
    wait_for(lambda: warning in server.log(), 20, what="the warning")
    assert "Set producers.durable.batch_bytes to 20000 or less" in server.log()


def test_an_output_of_small_batches_takes_all_from_a_producer_that_makes_such(pipeline):
    given_an_output_of_small_batches(pipeline)
    pipeline.send(1000)
    pipeline.start(order="none", producer="linger: 100ms, batch_bytes: 20000", more="concurrency: 400")
    pipeline.wait_until_done()
    assert sorted(pipeline.out.ids()) == sorted(f"job-{number}" for number in range(1000))
    assert pipeline.dead.records() == []


def test_one_stream_works_what_another_has_passed_on(millrace, tmp_path):
    file = tmp_path / "chain.yaml"
    file.write_text(CHAIN.format(second=SECOND))
    server = millrace("-c", str(file))
    server.wait_until_ready()
    for number in range(50):
        assert server.post("/submit", {"number": number}).status == 200
    wait_for(lambda: done(server, "second") == 50, 20, what="50 done by the second stream")


def test_an_output_that_nobody_works_does_not_fill_the_embedded_cluster(millrace, tmp_path):
    file = tmp_path / "chain.yaml"
    file.write_text(CHAIN.format(second=""))
    server = millrace("-c", str(file))
    server.wait_until_ready()
    for number in range(200):  # 19 MB: the embedded cluster keeps 5 MiB a partition
        body = {"pad": "x" * 100000, "number": number}
        wait_for(lambda: server.post("/submit", body).status == 200, 30, what="room")
    wait_for(lambda: done(server, "first") == 200, 30, what="200 done")
