"""The way out of the worker pool under faults, on real Kafka: what was accepted is worked, in order, and nothing is done again
that had been committed. The judges are what the handlers recorded, the topics, and Kafka's own tools."""

import contextlib
import json
import os
import time

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from evidence import Evidence, most_at_once
from judge import BROKER_AWAY, Case, Incident, Verdict, origin_of
from judges import records_of, told_by_tool
from servers import wait_for

QUICK = {"LIMIT_RATE": "100000", "LIMIT_CAPACITY": "100000", "JOB_PROCESS_TIME_MIN": "1", "JOB_PROCESS_TIME_RANGE": "20",
         "JOB_PROCESS_FAIL_RATE": "0"}
SHORT_SESSION = ["--set", "streams.jobs.work.session=6s", "--set", "streams.jobs.work.heartbeat=500ms"]


@pytest.fixture
def pool(worker_pool, tmp_path):
    """The worker pool with evidence, on any Kafka."""
    evidence = Evidence(tmp_path / "evidence.jsonl")

    def start(*args, env=None, **options):
        return worker_pool("--set", f"streams.jobs.work.handler.simulate.record={evidence.file}", *args, env={**QUICK, **(env or {})},
                           **options)

    start.evidence = evidence
    return start


def create_topic(kafka, topic, partitions, **config):
    admin = AdminClient({"bootstrap.servers": kafka.brokers})

    def is_made():
        failure = admin.create_topics([NewTopic(topic, partitions, 1, config=config)])[topic].exception(30)
        return failure is None or failure.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS  # the program may have come first

    wait_for(is_made, 20, what=f"topic {topic}")


def produce(kafka, topic, records):
    """Takes arguments of Producer.produce; returns where each record lies."""
    producer = Producer({"bootstrap.servers": kafka.brokers, "message.max.bytes": 10_000_000})
    places = [None] * len(records)

    def report(index):
        return lambda error, record: places.__setitem__(index, None if error else (record.partition(), record.offset()))

    for index, record in enumerate(records):
        producer.produce(topic, on_delivery=report(index), **record)
        producer.poll(0)
    assert producer.flush(30) == 0
    assert None not in places
    return places


def jobs(count, partitions, **more):
    return [{"value": b"{}", "partition": i % partitions, **more} for i in range(count)]


def committed(kafka, server, partitions):
    """{partition: offset}; empty while the group's coordinator is not there."""
    consumer = Consumer({"bootstrap.servers": kafka.brokers, "group.id": server.group})
    places = []
    with contextlib.suppress(KafkaException):
        places = consumer.committed([TopicPartition(server.topic, partition) for partition in range(partitions)], timeout=20)
    consumer.close()
    return {place.partition: max(place.offset, 0) for place in places}


def judged(kafka, server, evidence, incidents=(), order="partition"):
    return Verdict(Case(kafka.brokers, server.topic, server.group, evidence, order=order), incidents=incidents)


def wait_for_done(evidence, count, timeout=60):
    wait_for(lambda: len(evidence.done()) >= count, timeout, every=0.2, what=f"{count} records done")


# --- processes that end ---


def test_processes_that_end_in_order_redo_nothing_and_say_what_kafka_says(pool, kafka):
    evidence, count = pool.evidence, 2000
    server = pool(env={"JOB_PROCESS_TIME_RANGE": "40"})
    server.wait_until_ready()
    produce(kafka, server.topic, jobs(count, 20))
    for done in (200, 600, 1000):
        wait_for_done(evidence, done)
        server.terminate()
        assert server.wait(30) == 0
        marks = committed(kafka, server, 20)
        assert [place for place in evidence.done() if place[1] >= marks[place[0]]] == []
        server = pool(env={"JOB_PROCESS_TIME_RANGE": "40"})
    wait_for_done(evidence, count)
    wait_for(lambda: committed(kafka, server, 20) == {partition: count // 20 for partition in range(20)}, 10, what="all to be committed")
    verdict = judged(kafka, server, evidence)
    verdict.assert_clean()
    assert verdict.again.total() == 0
    assert most_at_once(evidence.lines()) <= 10

    told = {row["partition"]: (row["committed"], row["end"]) for row in server.stats("partitions")}
    assert told == told_by_tool(kafka, server.group)


# --- the broker ---


def processor_seconds(server):
    with open(f"/proc/{server.pid}/stat", encoding="ascii") as stat:
        return sum(map(int, stat.read().rsplit(")", 1)[1].split()[11:13])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.takes(45)
def test_a_broker_that_goes_while_a_member_joins_is_waited_for_without_haste(pool, own_kafka):
    evidence, count = pool.evidence, 2400
    env = {"KAFKA_BROKERS": own_kafka.brokers, "JOB_PROCESS_TIME_RANGE": "120"}
    first = pool(*SHORT_SESSION, env=env)
    first.wait_until_ready()
    produce(own_kafka, first.topic, jobs(count, 20))
    wait_for_done(evidence, 100)
    second = pool(*SHORT_SESSION, env=env)
    time.sleep(0.3)
    away = Incident(BROKER_AWAY, None, time.time_ns() // 1000)
    own_kafka.stop(kill=True)
    before = processor_seconds(second)
    time.sleep(10)
    assert processor_seconds(second) - before < 1.5, "a broker that is away is asked for without a pause"
    own_kafka.start()
    wait_for(lambda: committed(own_kafka, first, 20) == {partition: count // 20 for partition in range(20)}, 90, every=1,
             what="all to be committed")
    away.ended_us = time.time_ns() // 1000
    assert len(evidence.done()) == count
    judged(own_kafka, first, evidence, [away]).assert_clean()
    for server in (first, second):
        server.wait_until_ready()
        assert len(server.stats("partitions")) == 10


# --- the topic ---


@pytest.mark.parametrize("assignor", ["cooperative-sticky", "range"])
def test_logs_that_begin_later_or_are_made_anew_are_worked_on(pool, kafka, unique, assignor):
    evidence, topic, count = pool.evidence, f"jobs-{unique}", 12
    admin = AdminClient({"bootstrap.servers": kafka.brokers})
    create_topic(kafka, topic, count)
    produce(kafka, topic, jobs(50 * count, count))
    options = ["--set", f"streams.jobs.work.assignor={assignor}"]
    server = pool(*options, env={"KAFKA_PARTITIONS": str(count)})
    wait_for_done(evidence, 50 * count)
    server.terminate()
    assert server.wait(30) == 0

    produce(kafka, topic, jobs(100 * count, count))
    for future in admin.delete_records([TopicPartition(topic, partition, 140) for partition in range(count)]).values():
        future.result(30)
    server = pool(*options, env={"KAFKA_PARTITIONS": str(count)})
    wait_for_done(evidence, 60 * count)
    assert set(evidence.done()) == {(p, offset) for p in range(count) for offset in [*range(50), *range(140, 150)]}
    assert server.metrics()['millrace_offsets_missing_total{stream="jobs"}'] == 90 * count

    admin.delete_topics([topic])[topic].result(30)
    time.sleep(1)
    create_topic(kafka, topic, count)
    lines = len(evidence.lines())
    wait_for(lambda: produce(kafka, topic, jobs(15 * count, count)), 10, what="the topic to take records")
    wait_for(lambda: len(evidence.lines()) - lines >= 30 * count, 30, what="the jobs of the topic that was made anew")
    wait_for(lambda: committed(kafka, server, count) == {number: 15 for number in range(count)}, 10,
             what="offsets of the topic that was made anew")
    assert server.get("/readyz").status == 200


# --- poison ---

GOOD = {"value": b'{"processing_time":1}'}
MIB = 1024 * 1024
POISON = {
    # name: (record, last attempt, a word of the reason)
    "not JSON": ({"value": b"not json"}, 1, "not JSON"),
    "cut JSON": ({"value": b'{"id":'}, 1, "not JSON"),
    "bytes": ({"value": bytes(range(256)), "key": bytes(range(256))}, 1, "not JSON"),
    "not UTF-8": ({"value": b'{"a":"\xff"}'}, 1, "UTF-8"),
    "an array": ({"value": b"[1]"}, 1, "array"),
    "deep": ({"value": b"[" * 400_000}, 1, "not JSON"),
    "a wrong type": ({"value": b'{"processing_time":"long"}'}, 1, "processing_time"),
    "below 0": ({"value": b'{"processing_time":-1}'}, 1, "negative"),
    "empty": ({"value": b""}, 1, "no value"),
    "tombstone": ({"value": None, "key": b"k"}, 1, "no value"),
    "1,000 headers": ({"value": b"bad", "headers": [(f"h{i}", str(i)) for i in range(1000)]}, 1, "not JSON"),
    "null header": ({"value": b"bad", "headers": [("n", None), ("e", b""), ("", b"x"), ("b", b"\xff\x00")]}, 1, "not JSON"),
    "our headers": ({"value": b"bad", "headers": [("a", b"1"), ("a", b"2"), ("x-attempt", b"99"), ("X-Final-Error", b"me")]}, 1, "not JSON"),
    "empty key": ({"value": b"bad", "key": b""}, 1, "not JSON"),
    "64 KiB key": ({"value": b"bad", "key": b"k" * 65536}, 1, "not JSON"),
    "always fails": ({"value": b'{"always_fail":true}'}, 4, "fails"),
}
TOO_LARGE = {"at the broker's limit": ({"value": b"z" * (MIB - 100)}, 1, "not JSON")}
OWN_HEADERS = {"x-origin-topic", "x-origin-partition", "x-origin-offset", "x-attempt", "x-final-error", "traceparent"}


def others_headers(record):
    return [(name, value) for name, value in record.headers() or [] if name.lower() not in OWN_HEADERS]


def test_poison_becomes_dead_letters_and_the_lane_goes_on(pool, kafka):
    cases = {**POISON, **TOO_LARGE}
    server = pool(env={"KAFKA_PARTITIONS": "1"})
    server.wait_until_ready()
    records = [record for poison, _, _ in cases.values() for record in (poison, GOOD)]
    places = produce(kafka, server.topic, [{"partition": 0, **record} for record in records])
    wait_for(lambda: committed(kafka, server, 1) == {0: len(records)}, 30, every=0.5, what="all to be committed")

    assert set(pool.evidence.done()) == set(places[1::2])
    judged(kafka, server, pool.evidence).assert_clean()
    originals = {(record.partition(), record.offset()): record for record in records_of(kafka.brokers, server.topic)}
    letters = records_of(kafka.brokers, f"{server.topic}-dlq")
    dead = {origin_of(letter): letter for letter in letters}
    assert len(letters) == len(cases) and set(dead) == set(places[0::2])
    for (name, (_, attempt, word)), place in zip(cases.items(), places[0::2]):
        letter, original = dead[place], originals[place]
        headers = dict(letter.headers())
        assert sorted(header for header, _ in letter.headers() if header.lower() in OWN_HEADERS) == sorted(OWN_HEADERS), name
        assert headers["x-origin-topic"].decode() == server.topic
        assert int(headers["x-attempt"]) == attempt, name
        assert word in headers["x-final-error"].decode(), name
        if name in TOO_LARGE:
            assert json.loads(letter.value())["origin"] == {"topic": server.topic, "partition": place[0], "offset": place[1]}
        else:
            assert (letter.key(), letter.value()) == (original.key(), original.value()), name
            assert others_headers(letter) == others_headers(original), name


def test_a_dead_letter_topic_that_is_missing_holds_only_its_partition_until_it_is_made(pool, kafka, unique):
    nowhere = f"nowhere-{unique}"
    server = pool("--set", f"streams.jobs.work.dead={{ name: {nowhere}, create: false }}", env={"KAFKA_PARTITIONS": "2"})
    wait_for(lambda: len(server.stats("partitions")) == 2, 20, what="the partitions")
    produce(kafka, server.topic, [{"value": b"bad", "partition": 0}, {"value": b"{}", "partition": 0},
                                  *[{"value": b"{}", "partition": 1} for _ in range(20)]])
    wait_for_done(pool.evidence, 20)
    assert all(partition == 1 for partition, _ in pool.evidence.done())
    assert server.get("/readyz").status == 503
    assert nowhere in server.get("/readyz").body.decode()
    held = next(row for row in server.stats("partitions") if row["partition"] == 0)
    assert "dead letter" in held["why"] and held["watermark"] == 0

    create_topic(kafka, nowhere, 1)
    wait_for_done(pool.evidence, 21, timeout=40)
    assert [origin_of(letter) for letter in records_of(kafka.brokers, nowhere)] == [(0, 0)]


# --- order by key ---


def test_a_hot_key_is_worked_in_order_and_others_go_on_beside_it(pool, kafka):
    workers = 8
    server = pool("--set", "streams.jobs.work.order=key", "--set", "streams.jobs.work.queue=10000",
                  env={"KAFKA_PARTITIONS": "2", "WORKERS": str(workers)})
    server.wait_until_ready()
    value = b'{"processing_time":8}'
    hot = [{"key": b"hot", "value": value, "partition": 0} for _ in range(400)]
    cold = [{"key": b"k-%d" % (i % 100), "value": value, "partition": 0} for i in range(800)]
    produce(kafka, server.topic, [*hot, *cold])
    wait_for_done(pool.evidence, 1200)
    lines = pool.evidence.lines()
    judged(kafka, server, pool.evidence, order="key").assert_clean()
    assert most_at_once(lines) == workers
    last = {}
    for place, line in enumerate(lines):
        last[line["key"] == "hot"] = place
    assert last[False] < last[True], "the hot key, produced first, holds the others back"
