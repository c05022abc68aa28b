"""A topic that keeps only the last record of each key: its log has gaps, which nobody can work."""

import json
import time

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

import commit_metadata
from ask_commits import commits
from evidence import Evidence
from servers import wait_for

KEYS = 20
ROUNDS = 6
SEGMENT_MS = 500

CONFIG = """
kafka: {{ brokers: "{brokers}" }}
redis: local
streams:
  jobs:
    topic: {{ name: "{topic}", partitions: 1 }}
    work:
      group: "{topic}-group"
      handler: {{ simulate: {{ min: 1ms, range: 10ms, fail: 0, record: "{evidence}" }} }}
      order: key
      commit: 200ms
      retry: {{ retries: 1, base: 20s, max: 20s, jitter: 0s }}
listen:
  main: {{ address: "127.0.0.1:0", routes: [ {{ use: [health, metrics, debug] }} ] }}
"""


class Log:
    """One partition, written round after round with the same keys; the first record is of a key of its own, and fails at first."""

    def __init__(self, brokers, topic):
        self.brokers = brokers
        self.topic = topic
        self.place = TopicPartition(topic, 0)
        config = {"cleanup.policy": "compact", "segment.ms": str(SEGMENT_MS), "min.cleanable.dirty.ratio": "0.01"}
        admin = AdminClient({"bootstrap.servers": brokers})
        admin.create_topics([NewTopic(topic, 1, 1, config=config)])[topic].result(30)
        self._write()

    def _write(self):
        producer = Producer({"bootstrap.servers": self.brokers, "enable.idempotence": True})
        for number in range(ROUNDS):
            if number == 1:
                producer.produce(self.topic, key="fails at first", value=json.dumps({"processing_time": 1000000}))
            for key in range(KEYS):
                producer.produce(self.topic, key=f"key-{key}", value=json.dumps({"round": number, "processing_time": 1}))
            assert producer.flush(30) == 0
            time.sleep(2 * SEGMENT_MS / 1000)  # the next round begins another segment, and only those before it are compacted

    def offsets(self):
        """Those that are still there."""
        reader = Consumer({"bootstrap.servers": self.brokers, "group.id": "nobody", "enable.auto.commit": False, "enable.partition.eof": True})
        reader.assign([TopicPartition(self.topic, 0, 0)])
        found = []
        while (record := reader.poll(30)) is not None and record.error() is None:
            found.append(record.offset())
        reader.close()
        assert record is not None, "no end of the log after 30 s"
        return found

    def wait_until_compacted(self):
        """Of all rounds but the last two there is only what nobody has written anew."""
        first = KEYS  # of the second round
        wait_for(lambda: [offset for offset in self.offsets() if offset < self.end() - 2 * KEYS] == [first], 120, every=1, what="a compaction")

    def end(self):
        return (ROUNDS * KEYS) + 1

    def commit(self):
        """(offset, metadata) as any client is told; below 0: none."""
        return commits(self.brokers, f"{self.topic}-group", self.topic).get(0, (-1, ""))


@pytest.fixture
def log(kafka, unique):
    return Log(kafka.brokers, f"compacted-{unique}")


@pytest.mark.takes(70)
def test_a_compacted_topic_is_worked_once_and_what_is_done_above_its_gaps_is_believed_after_a_restart(millrace, log, tmp_path):
    log.wait_until_compacted()
    before = log.offsets()
    assert before[0] == KEYS and before[-1] == log.end() - 1 and len(before) < log.end() / 2
    slow, others = before[0], set(before[1:])
    file = tmp_path / "work.yaml"
    file.write_text(CONFIG.format(brokers=log.brokers, topic=log.topic, evidence=tmp_path / "evidence.jsonl"))
    evidence = Evidence(tmp_path / "evidence.jsonl")

    server = millrace("-c", str(file))
    wait_for(lambda: done(evidence) == others, 15, what="all but the record that fails at first")

    def told():
        offset, metadata = log.commit()
        return commit_metadata.read(metadata) if offset == slow else None

    wait_for(lambda: told() is not None and others <= told().done, 15, what="a commit below the record that fails at first")
    server.terminate()
    assert server.wait() == 0

    server = millrace("-c", str(file))
    wait_for(lambda: done(evidence) == set(before), 60, what="the record that failed at first")
    wait_for(lambda: log.commit()[0] == log.end(), 30, what="a lag of 0")
    wait_for(lambda: server.get("/debug/stats?partition=0").json()["why"]
             == f"partition 0 has no records to work: position = end = {log.end()}", 10, what="nothing left to work")
    assert set(evidence.done().values()) == {1}
    starts = [line["offset"] for line in evidence.lines() if line["event"] == "start"]
    assert sorted(starts) == sorted([*others, slow, slow, slow])  # its first attempt by each process, and its second
    assert in_order_of_their_keys(evidence.lines())


def done(evidence):
    return {offset for _, offset in evidence.done()}


def in_order_of_their_keys(lines):
    last = {}
    for line in lines:
        if line["event"] == "start" and line["offset"] < last.get(line["key"], 0):
            return False
        last[line["key"]] = line["offset"]
    return True
