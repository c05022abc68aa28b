"""What is done above the watermark goes along with each commit, so that not even a crash beside a stuck record makes it done again.
On real Kafka, by key, with one key that does not come to its end. The text is read by a reader of the tests' own, and commits are
made and read by clients that know nothing of it."""

import json
import os
import random
import signal
import time

import pytest
from confluent_kafka import Consumer, KafkaException, Producer, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient

import commit_metadata
from ask_commits import commits
from evidence import Evidence
from judge import Case, Verdict
from judges import create_topic
from servers import Kafka, wait_for

CONFIG = """
kafka: {{ brokers: "{brokers}" }}
redis: local
pool: {{ workers: 50 }}
streams:
  jobs:
    topic: {{ name: "{topic}", partitions: 1 }}
    work:
      group: "{topic}-group"
      handler: {{ simulate: {{ min: 1ms, range: 1h, fail: 0, record: "{evidence}" }} }}
      order: {order}
      queue: 1000
      session: 6s
      heartbeat: 500ms
      drain: 500ms
      commit: 300ms
listen:
  main: {{ address: "127.0.0.1:0", routes: [ {{ use: [health, metrics, debug] }} ] }}
"""

STUCK_MS = 600_000


class Line:
    """A topic of one partition, a group that works it, and what both look like from outside."""

    def __init__(self, start, kafka, folder, topic, order="key"):
        self.start_process = start
        self.kafka = kafka
        self.topic = topic
        self.group = f"{topic}-group"
        self.evidence = Evidence(folder / "evidence.jsonl")
        self.file = folder / "work.yaml"
        self.file.write_text(CONFIG.format(brokers=kafka.brokers, topic=topic, evidence=self.evidence.file, order=order))
        self.admin = AdminClient({"bootstrap.servers": kafka.brokers})
        create_topic(kafka, topic, 1)

    def fill(self, *records):
        """(key, ms) each."""
        producer = Producer({"bootstrap.servers": self.kafka.brokers, "linger.ms": 5})
        for number, (key, ms) in enumerate(records):
            producer.produce(self.topic, key=key, value=json.dumps({"id": str(number), "processing_time": ms}), partition=0)
        assert producer.flush(30) == 0

    def start(self):
        return self.start_process("-c", str(self.file))

    def done(self):
        """{offset: how often}"""
        return {place[1]: times for place, times in self.evidence.done().items()}

    def wait_for_done(self, count, timeout=60):
        wait_for(lambda: len(self.done()) >= count, timeout, every=0.1, what=f"{count} records done")

    def commit(self):
        """(offset, metadata) as any client is told; below 0: none."""
        return commits(self.kafka.brokers, self.group, self.topic).get(0, (-1001, None))

    def wait_for_commit_of(self, done):
        """Until a commit tells that exactly these offsets are done."""
        def told():
            offset, text = self.commit()
            above = commit_metadata.read(text)
            return set(range(offset)) | (above.done if above else set()) == done

        wait_for(told, 30, every=0.2, what="a commit of all that is done")

    def make_topic_anew(self):
        self.admin.delete_topics([self.topic])[self.topic].result(30)
        wait_for(lambda: self.topic not in self.admin.list_topics(timeout=10).topics, 30, what="a deleted topic")
        create_topic(self.kafka, self.topic, 1)

    def topic_id(self):
        """16 bytes, the highest first."""
        described = self.admin.describe_topics(TopicCollection([self.topic]))[self.topic].result(30)
        halves = described.topic_id.get_most_significant_bits(), described.topic_id.get_least_significant_bits()
        return b"".join((half % 2**64).to_bytes(8, "big") for half in halves)

    def commit_as_another_program(self, offset, metadata):
        """As soon as the group has no members."""
        def committed():
            consumer = Consumer({"bootstrap.servers": self.kafka.brokers, "group.id": self.group, "enable.auto.commit": False})
            try:
                consumer.commit(offsets=[TopicPartition(self.topic, 0, offset, metadata)], asynchronous=False)
                return True
            except KafkaException:
                return False
            finally:
                consumer.close()

        wait_for(committed, 30, every=0.5, what="a group without members")


@pytest.fixture
def line(millrace, kafka, tmp_path, unique):
    return Line(millrace, kafka, tmp_path, f"line-{unique}")


@pytest.fixture
def line_in_order(millrace, kafka, tmp_path, unique):
    """In partition order there is never anything done above the watermark."""
    return Line(millrace, kafka, tmp_path, f"line-{unique}", order="partition")


def with_one_stuck(count, at, keys=50, ms=1):
    """`count` records of many keys; the one at `at` is alone in its lane and does not end."""
    return [("stuck", STUCK_MS) if number == at else (f"k-{number % keys}", ms) for number in range(count)]


def kill(server):
    server.process.kill()
    server.wait()


def offsets_of(consumer):
    """Of what comes within half a second; what the group says meanwhile is not a record."""
    return [record.offset() for record in consumer.consume(100, timeout=0.5) if record.error() is None]


def times_other_than_once(done):
    return {offset: times for offset, times in done.items() if times != 1}


def metric(server, name, **labels):
    pairs = ",".join(f'{label}="{value}"' for label, value in sorted(labels.items()))
    return server.metrics().get(f"{name}{{{pairs}}}", 0)


def test_after_a_crash_only_what_was_done_since_the_last_commit_is_done_again(line):
    line.fill(*with_one_stuck(6000, at=100, ms=10))
    first = line.start()
    line.wait_for_done(1000)
    wait_for(lambda: line.commit()[0] == 100, 30, every=0.05, what="a commit up to the stuck record")
    time.sleep(random.uniform(0, 0.4))
    os.kill(first.pid, signal.SIGSTOP)  # so that what it has committed can be asked for
    time.sleep(0.5)
    offset, text = line.commit()
    told = commit_metadata.read(text)
    assert offset == told.base == 100
    kill(first)
    before = set(line.done())
    assert told.done <= before
    again = {done for done in before if done > offset} - told.done

    line.start()
    line.wait_for_done(5999)
    assert set(times_other_than_once(line.done())) == again
    verdict = Verdict(Case(line.kafka.brokers, line.topic, line.group, line.evidence, order="key"))
    assert verdict.overtaking == [] and verdict.premature == []
    print(f"done before the crash: {len(before)}, told: {len(told.done)}, done again: {len(again)}")


def test_what_is_committed_beside_a_stuck_record_is_never_done_again(line):
    line.fill(*with_one_stuck(3000, at=7))
    all_but_one = set(range(3000)) - {7}
    first = line.start()
    line.wait_for_done(2999)
    line.wait_for_commit_of(all_but_one)
    kill(first)

    second = line.start()
    wait_for(lambda: metric(second, "millrace_work_skipped_total", stream="jobs") == 2992, 30, what="2992 records passed over")
    line.fill(*[("late", 1)] * 10)
    line.wait_for_done(3009)
    line.wait_for_commit_of(set(range(3010)) - {7})
    kill(second)  # it knew of what the first had done, and told it on
    third = line.start()
    line.fill(("last", 1))
    line.wait_for_done(3010)
    line.wait_for_commit_of(set(range(3011)) - {7})
    assert times_other_than_once(line.done()) == {}
    assert line.commit()[0] == 7
    [partition] = third.stats("partitions")
    assert partition["done_above"] == 3003


def test_a_member_that_leaves_in_peace_beside_a_stuck_record_tells_all_that_it_did(line):
    line.fill(*with_one_stuck(2000, at=0, ms=3))
    first = line.start()
    line.wait_for_done(500)
    first.terminate()
    assert first.wait() == 0
    offset, text = line.commit()
    assert offset == 0 and commit_metadata.read(text).done == set(line.done())

    line.start()
    line.wait_for_done(1999)
    assert times_other_than_once(line.done()) == {}


def test_a_group_of_another_program_is_taken_over_whatever_it_wrote_beside_its_offsets(line):
    line.fill(*[(f"k-{number}", 1) for number in range(20)])
    line.commit_as_another_program(10, '{"host": "consumer-7", "text": "äöü"}')
    server = line.start()
    line.wait_for_done(10)
    line.wait_for_commit_of(set(range(20)))
    assert sorted(line.done()) == list(range(10, 20))
    assert metric(server, "millrace_commit_metadata_ignored_total", stream="jobs", reason="foreign") == 1
    assert "another program has written it" in server.log()


def test_other_programs_take_over_our_group_at_the_watermark(line):
    line.fill(*with_one_stuck(50, at=20))
    first = line.start()
    line.wait_for_commit_of(set(range(50)) - {20})
    kill(first)
    told = line.kafka.script("groups", "--describe", "--group", line.group, "--offsets").stdout
    words = next(row.split() for row in told.splitlines() if line.topic in row)
    assert words[3] == "20" and words[5] == "30"  # offset and lag
    consumer = Consumer({"bootstrap.servers": line.kafka.brokers, "group.id": line.group, "auto.offset.reset": "error",
                         "session.timeout.ms": 6000})
    consumer.subscribe([line.topic])
    offsets = []
    wait_for(lambda: offsets.extend(offsets_of(consumer)) or len(offsets) >= 30, 40, what="30 records")
    assert offsets == list(range(20, 50))
    consumer.commit(asynchronous=False)
    consumer.close()
    assert line.commit()[0] == 50

    second = line.start()  # and back: at 50, with no word of what we once did above 20
    line.fill(("k", 1))
    line.wait_for_commit_of(set(range(51)))
    assert set(line.done()) == set(range(51)) - {20}
    assert "done already" not in second.log()


def test_an_offset_that_somebody_has_moved_is_worked_from_there_again(line):
    line.fill(*with_one_stuck(50, at=20))
    first = line.start()
    line.wait_for_commit_of(set(range(50)) - {20})
    _, text = line.commit()
    kill(first)
    line.commit_as_another_program(10, text)
    second = line.start()
    wait_for(lambda: len(times_other_than_once(line.done())) == 39, 30, what="39 records done again")
    assert set(times_other_than_once(line.done())) == set(range(10, 50)) - {20}
    assert metric(second, "millrace_commit_metadata_ignored_total", stream="jobs", reason="other_base") == 1


def test_a_topic_that_was_made_anew_is_worked_from_its_start_whatever_was_committed_of_the_old_one(line):
    line.fill(*with_one_stuck(50, at=20))
    first = line.start()
    line.wait_for_commit_of(set(range(50)) - {20})
    offset, text = line.commit()
    kill(first)
    line.make_topic_anew()
    line.fill(*[(f"k-{number}", 1) for number in range(60)])
    line.commit_as_another_program(offset, text)  # as a member does that has not heard of it

    second = line.start()
    line.wait_for_commit_of(set(range(60)))
    done = line.done()
    assert len(done) == 60
    assert {offset: times for offset, times in done.items() if times != 2} == {20: 1, **{late: 1 for late in range(50, 60)}}
    assert metric(second, "millrace_commit_metadata_ignored_total", stream="jobs", reason="other_topic") == 1


def test_what_was_committed_in_partition_order_is_not_believed_of_a_topic_that_was_made_anew(line_in_order):
    line = line_in_order
    line.fill(*[("k", 1)] * 30)
    first = line.start()
    wait_for(lambda: line.commit()[0] == 30, 30, every=0.2, what="a commit of everything")
    offset, text = line.commit()
    told = commit_metadata.read(text)
    assert (told.base, told.done) == (30, set())
    kill(first)
    line.make_topic_anew()
    line.fill(*[("k", 1)] * 50)
    line.commit_as_another_program(offset, text)  # as a member does that has not heard of it, and then dies

    line.start()
    line.wait_for_commit_of(set(range(50)))
    assert line.done() == {**{early: 2 for early in range(30)}, **{late: 1 for late in range(30, 50)}}


def test_what_is_told_of_records_that_the_log_does_not_have_is_not_believed(line):
    line.fill(*[(f"k-{number}", 1) for number in range(20)])
    line.commit_as_another_program(10, commit_metadata.write_bitmap(line.topic_id(), 10, {11, 12, 20}))  # the log ends at 20
    server = line.start()
    line.wait_for_commit_of(set(range(20)))
    line.fill(*[("late", 1)] * 5)
    line.wait_for_commit_of(set(range(25)))
    assert line.done() == {offset: 1 for offset in range(10, 25)}
    assert metric(server, "millrace_commit_metadata_ignored_total", stream="jobs", reason="beyond_end") == 1
    assert "it tells of records that the log does not have" in server.log()


def test_what_another_member_of_ours_would_have_told_is_believed(line):
    line.fill(*[(f"k-{number}", 1) for number in range(20)])
    line.commit_as_another_program(10, commit_metadata.write_bitmap(line.topic_id(), 10, {11, 12, 19}))
    line.start()
    line.wait_for_commit_of(set(range(20)))
    assert line.done() == {offset: 1 for offset in range(10, 20) if offset not in (11, 12, 19)}


def test_what_a_broker_finds_too_large_is_committed_without(millrace, tmp_path, unique):
    kafka = Kafka(tmp_path / "kafka")
    try:
        kafka.script("up", "--nodes", "1", "--set", "offset.metadata.max.bytes=40")
        line = Line(millrace, kafka, tmp_path, f"line-{unique}")
        line.fill(*with_one_stuck(200, at=20, ms=20))
        server = line.start()
        line.wait_for_done(199)
        wait_for(lambda: line.commit()[0] == 20, 30, every=0.2, what="a commit of the watermark")
        wait_for(lambda: metric(server, "millrace_commits_bare_total", stream="jobs") > 0, 30, what="a commit sent again")
        line.fill(("k", 1))
        line.wait_for_done(200)
        assert "more metadata than the broker takes" in server.log()
        assert line.commit() == (20, None)
        server.terminate()
        assert server.wait() == 0
    finally:
        kafka.erase()
