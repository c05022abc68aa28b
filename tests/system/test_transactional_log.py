"""A topic that is written in transactions: its log has marks between and behind the records, which nobody can work."""

import json

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from evidence import Evidence
from servers import wait_for

CONFIG = """
kafka: {{ brokers: "{brokers}" }}
redis: local
streams:
  jobs:
    topic: {{ name: "{topic}", partitions: 1 }}
    work:
      group: "{topic}-group"
      handler: {{ simulate: {{ min: 1ms, range: 10ms, fail: 0, record: "{evidence}" }} }}
      commit: 200ms
listen:
  main: {{ address: "127.0.0.1:0", routes: [ {{ use: [health, metrics, debug] }} ] }}
"""


@pytest.fixture
def log(kafka, unique):
    """A topic of one partition, and who writes it in transactions."""
    topic = f"marks-{unique}"
    admin = AdminClient({"bootstrap.servers": kafka.brokers})
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(30)
    producer = Producer({"bootstrap.servers": kafka.brokers, "transactional.id": topic})
    producer.init_transactions(30)
    return topic, producer


@pytest.fixture
def worker(millrace, kafka, log, tmp_path):
    file = tmp_path / "work.yaml"
    file.write_text(CONFIG.format(brokers=kafka.brokers, topic=log[0], evidence=tmp_path / "evidence.jsonl"))
    return lambda: millrace("-c", str(file))


def transaction(producer, topic, count, commit=True):
    producer.begin_transaction()
    for number in range(count):
        producer.produce(topic, value=json.dumps({"id": str(number), "processing_time": 1}))
    producer.flush(30)
    if commit:
        producer.commit_transaction(30)
    else:
        producer.abort_transaction(30)


def test_what_is_committed_passes_the_marks_of_transactions_and_what_they_took_back(worker, log, kafka, tmp_path):
    topic, producer = log
    for commit in (True, False, True):
        transaction(producer, topic, 5, commit)
    transaction(producer, topic, 5, commit=False)  # the log ends with records that were taken back, and a mark

    worker()
    evidence = Evidence(tmp_path / "evidence.jsonl")
    wait_for(lambda: len(evidence.done()) == 10, 30, what="the records of two committed transactions done")

    judge = Consumer({"bootstrap.servers": kafka.brokers, "group.id": f"{topic}-group"})
    place = TopicPartition(topic, 0)
    end = judge.get_watermark_offsets(place, timeout=30)[1]
    assert end == 24  # 20 records and 4 marks
    wait_for(lambda: judge.committed([place], timeout=30)[0].offset == end, 30, what="a lag of 0")
    judge.close()
    assert set(evidence.done().values()) == {1} and len(evidence.done()) == 10


def test_a_partition_that_an_open_transaction_holds_says_so_until_it_ends(worker, log, tmp_path):
    topic, producer = log
    transaction(producer, topic, 3)
    producer.begin_transaction()
    for _ in range(5):
        producer.produce(topic, value=b"{}")
    assert producer.flush(30) == 0
    server = worker()

    def why():
        return server.get("/debug/stats?partition=0").json()["why"]

    held = "partition 0 cannot be read beyond offset 4: an open transaction of a producer holds it; its end is 9"
    wait_for(lambda: why() == held, 30, what="the open transaction to be told")
    assert server.get("/debug/stuck?longer_than_ms=0").json()["partitions"][0]["why"] == held
    assert len(Evidence(tmp_path / "evidence.jsonl").done()) == 3
    producer.commit_transaction(30)
    wait_for(lambda: why() == "partition 0 has no records to work: position = end = 10", 30, what="all to be done")
    assert len(Evidence(tmp_path / "evidence.jsonl").done()) == 8
