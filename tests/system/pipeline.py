"""A topic whose records are worked exactly once, by any number of processes; and the judge of what comes out."""

import json
import time

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from passed_on import PassedOn, origin_of, overtaken, twice
from servers import wait_for

PARTITIONS = 6
KEYS = 40

CONFIG = """
kafka: {{ brokers: "{brokers}" }}
redis: local
pool: {{ workers: 20 }}
producers:
  durable: {{ acks: all, idempotent: true, {producer} }}
streams:
  orders:
    topic: {{ name: "{topic}", partitions: {partitions} }}
    ingest: {{ producer: durable }}
    work:
      group: "{topic}-group"
      {instance}
      guarantee: {guarantee}
      {more}
      handler: {{ simulate: {{ min: {least}, range: 8ms, fail: {fail} }} }}
      order: {order}
      queue: 200
      commit: {{ interval: {interval}, timeout: 5s }}
      retry: {{ retries: 1, base: 5ms, max: 10ms, jitter: 5ms }}
      session: 6s
      heartbeat: 1s
      protocol: {protocol}
      output: {{ name: "{topic}-out", partitions: 3 }}
      dead: {{ name: "{topic}-dead", partitions: 2 }}
listen:
  main: {{ address: "127.0.0.1:0", routes: [ {{ use: [health, metrics, debug] }} ] }}
"""


class Pipeline:
    """A topic, programs that work it, and what comes out."""

    def __init__(self, start, brokers, topic, folder):
        self.start_program = start
        self.brokers = brokers
        self.topic = topic
        self.folder = folder
        self.sent = 0
        self.admin = AdminClient({"bootstrap.servers": brokers})
        self.admin.create_topics([NewTopic(topic, PARTITIONS, 1)])[topic].result(30)
        self.producer = Producer({"bootstrap.servers": brokers, "enable.idempotence": True, "linger.ms": 1, "partitioner": "murmur2_random"})
        self.out = PassedOn(brokers, f"{topic}-out")
        self.dead = PassedOn(brokers, f"{topic}-dead")
        self.options = {"order": "key", "interval": "100ms", "fail": 0, "least": "1ms", "instance": "", "protocol": "classic",
                        "guarantee": "exactly_once", "producer": "linger: 1ms", "more": ""}

    def start(self, **options):
        settings = self.options | options
        if settings["protocol"] == "consumer":
            text = CONFIG.replace("      session: 6s\n      heartbeat: 1s\n", "")
        else:
            text = CONFIG
        file = self.folder / f"work-{time.monotonic_ns()}.yaml"
        file.write_text(text.format(brokers=self.brokers, topic=self.topic, partitions=PARTITIONS, **settings))
        return self.start_program("-c", str(file))

    def send(self, count, value=None):
        for number in range(self.sent, self.sent + count):
            text = value or json.dumps({"id": f"job-{number}", "number": number})
            self.producer.produce(self.topic, key=f"key-{number % KEYS}", value=text)
            self.producer.poll(0)
        self.sent += count
        assert self.producer.flush(120) == 0

    def committed(self):
        """How many offsets of the topic the group has done, by its commits. A coordinator that is just moving is asked again."""
        places = wait_for(self._commits, 60, every=0.5, what="an answer of the group's coordinator")
        return sum(place.offset for place in places if place.offset > 0)

    def _commits(self):
        judge = Consumer({"bootstrap.servers": self.brokers, "group.id": f"{self.topic}-group"})
        try:
            return judge.committed([TopicPartition(self.topic, number) for number in range(PARTITIONS)], timeout=20)
        except KafkaException:
            return None
        finally:
            judge.close()

    def wait_until_done(self, timeout=60):
        wait_for(lambda: self.committed() == self.sent, timeout, every=0.3, what=f"all {self.sent} committed ({self.committed()} are)")

    def problems(self, in_order=True):
        """Each record once, as output or as dead letter, and none before its predecessor of the same key. What is wrong, as sentences."""
        out, dead = self.out.records(), self.dead.records()
        ids = [json.loads(record.value())["id"] for record in out + dead]
        lost = {f"job-{number}" for number in range(self.sent)} - set(ids)
        found = {
            "came out twice": twice(ids),
            "dead twice": twice(map(origin_of, dead)),
            "lost": sorted(lost),
            "out of order": overtaken(out) if in_order else [],
        }
        return [f"{len(wrong)} {what}, as {wrong[:3]}" for what, wrong in found.items() if wrong]

    def judge(self, in_order=True):
        assert self.problems(in_order) == []
        return self.out.records(), self.dead.records()
