"""Processes of one group that come, go, are killed and stand still, on real Kafka. The judge is this file: it reads what the
handlers recorded (a line at each start and end, one write each), not the program's own counts."""

import json
import os
import random
import signal
import time

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from evidence import Evidence, by_key, by_partition, overtakings
from servers import wait_for

PARTITIONS = 6

CONFIG = """
kafka: {{ brokers: "{brokers}" }}
redis: local
pool: {{ workers: 20 }}
streams:
  jobs:
    topic: {{ name: "{topic}", partitions: {partitions} }}
    work:
      group: "{topic}-group"
      handler: {{ simulate: {{ min: 1ms, range: 2s, fail: 0, record: "{evidence}" }} }}
      order: {order}
      queue: 200
      assignor: {assignor}
      session: 6s
      heartbeat: 500ms
      drain: 10s
      commit: 500ms
listen:
  main:
    address: "127.0.0.1:0"
    routes:
      - use: [health, metrics, debug]
"""


class Crew:
    """A full topic, and processes that work it."""

    def __init__(self, start, kafka, folder, topic, assignor="cooperative-sticky", order="partition"):
        self.start_process = start
        self.kafka = kafka
        self.topic = topic
        self.evidence = Evidence(folder / "evidence.jsonl")
        self.file = folder / "work.yaml"
        self.file.write_text(CONFIG.format(brokers=kafka.brokers, topic=topic, partitions=PARTITIONS, evidence=self.evidence.file,
                                           order=order, assignor=assignor))
        admin = AdminClient({"bootstrap.servers": kafka.brokers})
        for future in admin.create_topics([NewTopic(topic, PARTITIONS, 1)]).values():
            future.result(30)
        self.count = 0

    def fill(self, count, ms, keys=50):
        producer = Producer({"bootstrap.servers": self.kafka.brokers, "linger.ms": 5})
        for _ in range(count):
            number = self.count
            producer.produce(self.topic, key=f"k-{number % keys}", value=json.dumps({"id": str(number), "processing_time": ms}))
            self.count += 1
            producer.poll(0)
        assert producer.flush(30) == 0

    def start(self):
        return self.start_process("-c", str(self.file), wait=False)

    def lines(self):
        return self.evidence.lines()

    def done(self):
        return self.evidence.done()

    def wait_for_done(self, count, timeout=60):
        wait_for(lambda: len(self.done()) >= count, timeout, every=0.2, what=f"{count} records done")


@pytest.fixture
def crew(millrace, kafka, tmp_path, unique):
    return lambda **options: Crew(millrace, kafka, tmp_path, f"crew-{unique}", **options)


@pytest.mark.parametrize("assignor", ["cooperative-sticky", "range"])
def test_members_that_join_and_leave_in_peace_lose_nothing_and_redo_nothing(crew, assignor):
    crew = crew(assignor=assignor)
    crew.fill(1500, ms=20)
    first = crew.start()
    crew.wait_for_done(150)
    second = crew.start()
    crew.wait_for_done(500)
    third = crew.start()
    crew.wait_for_done(700)
    first.terminate()
    assert first.wait() == 0
    crew.wait_for_done(900)
    second.terminate()
    assert second.wait() == 0
    crew.wait_for_done(crew.count)
    third.terminate()
    assert third.wait() == 0

    done = crew.done()
    assert len(done) == crew.count
    assert {place: times for place, times in done.items() if times > 1} == {}
    assert overtakings(crew.lines(), by_partition) == []


@pytest.mark.parametrize("order, lane", [("partition", by_partition), ("key", by_key)])
def test_members_that_are_killed_lose_nothing_and_overtake_nothing(crew, order, lane):
    crew = crew(order=order)
    crew.fill(2400, ms=15)
    seed = int.from_bytes(os.urandom(4), "big")
    print("seed", seed)
    dice = random.Random(seed)
    members = [crew.start(), crew.start()]
    crew.wait_for_done(100)
    for _ in range(3):
        time.sleep(dice.uniform(0.2, 1.5))
        victim = members.pop(dice.randrange(len(members)))
        victim.process.kill()
        victim.wait()
        members.append(crew.start())
    crew.wait_for_done(crew.count, timeout=90)

    done = crew.done()
    assert len(done) == crew.count
    assert overtakings(crew.lines(), lane) == []


def test_a_member_that_stands_still_for_longer_than_its_session_comes_back_in_order(crew):
    crew = crew()
    crew.fill(2400, ms=20)
    first, second = crew.start(), crew.start()
    crew.wait_for_done(300)
    os.kill(first.pid, signal.SIGSTOP)
    time.sleep(9)
    os.kill(first.pid, signal.SIGCONT)
    crew.wait_for_done(crew.count, timeout=90)
    assert len(crew.done()) == crew.count
    # Twice at most: what was not committed when it fell asleep, and what it goes on with until its client notices (a second).
    assert sum(times - 1 for times in crew.done().values()) <= (PARTITIONS / 2) * (1 / 0.020) * (0.5 + 1.5)
    for member in (first, second):
        member.terminate()
        assert member.wait() == 0
