"""A topic that gains partitions, for a group that began at the end: `start: latest` is about the past before the group, and nothing that
was accepted since may be passed over."""

import json

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic

from evidence import Evidence
from servers import wait_for

CONFIG = """
kafka: {{ brokers: "{brokers}" }}
redis: local
streams:
  jobs:
    topic: {{ name: "{topic}", partitions: 2 }}
    work:
      group: "{topic}-group"
      handler: {{ simulate: {{ min: 1ms, range: 10ms, fail: 0, record: "{evidence}" }} }}
      start: latest
      session: 6s
      heartbeat: 500ms
      commit: 200ms
listen:
  main:
    address: "127.0.0.1:0"
    routes:
      - use: [health, metrics, debug]
"""


class Log:
    """A topic, and what the group does with it."""

    def __init__(self, kafka, folder, topic):
        self.topic = topic
        self.admin = AdminClient({"bootstrap.servers": kafka.brokers})
        self.producer = Producer({"bootstrap.servers": kafka.brokers})
        self.evidence = Evidence(folder / "evidence.jsonl")
        self.file = folder / "work.yaml"
        self.file.write_text(CONFIG.format(brokers=kafka.brokers, topic=topic, evidence=self.evidence.file))
        self.admin.create_topics([NewTopic(topic, 2, 1)])[topic].result(30)

    def grow(self, partitions):
        self.admin.create_partitions([NewPartitions(self.topic, partitions)])[self.topic].result(30)

    def fill(self, partition, count):
        """With a client of its own, which knows of every partition."""
        for _ in range(count):
            self.producer.produce(self.topic, json.dumps({"processing_time": 1}), partition=partition)
        assert self.producer.flush(30) == 0

    def worked(self):
        return sorted(self.evidence.done())

    def wait_for_worked(self, places):
        wait_for(lambda: set(self.worked()) >= set(places), 40, every=0.2, what=f"{places}; {self.worked()} are done")


@pytest.mark.takes(25)
def test_records_of_partitions_that_are_new_to_the_group_are_worked_from_the_first(millrace, kafka, tmp_path, unique):
    log = Log(kafka, tmp_path, f"grows-{unique}")
    log.fill(0, 3)
    log.fill(1, 3)
    server = millrace("-c", str(log.file))
    server.wait_until_ready()
    log.fill(0, 2)
    log.wait_for_worked([(0, 3), (0, 4)])

    log.grow(4)
    wait_for(lambda: log.admin.list_topics(log.topic, timeout=10).topics[log.topic].partitions.get(3), what="the new partitions")
    log.producer = Producer({"bootstrap.servers": kafka.brokers})
    log.fill(2, 3)  # before the group has noticed
    log.fill(3, 3)
    log.wait_for_worked([(partition, offset) for partition in (2, 3) for offset in range(3)])
    assert [place for place in log.worked() if place[0] < 2] == [(0, 3), (0, 4)]
    assert all(times == 1 for times in log.evidence.done().values())
    wait_for(lambda: "configured are 2" in server.log(), 90, every=0.5, what="a line that tells the mismatch")
