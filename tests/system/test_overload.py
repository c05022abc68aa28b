"""More than it can take, for a minute: memory stays flat, and what was admitted is answered."""

import statistics
import subprocess
import time

import pytest
from confluent_kafka import Producer

from conftest import BINARY
from judges import create_topic

SECONDS = 60
MIB = 1024 * 1024
FLAT = 2 * MIB  # what the allocator may move between two halves of the same load
PREFETCH = 32 * MIB  # what librdkafka may hold, by default
PREFETCHED = 60_000  # records of this size, at the most


def attack(server):
    words = [str(BINARY), "attack", "-target", f"http://127.0.0.1:{server.port}/submit", "-think", "10ms", "-workers", "64"]
    words += ["-duration", f"{SECONDS}s", "-timeout", "20s", "-print-every", "0"]
    return subprocess.Popen(words, stdout=subprocess.DEVNULL)


def given_backlog(kafka, topic, records):
    """In batches as small as those of the way in: a batch comes whole, whatever a fetch may bring."""
    create_topic(kafka, topic, 20)
    producer = Producer({"bootstrap.servers": kafka.brokers, "batch.num.messages": 20, "queue.buffering.max.messages": records})
    trace = [("traceparent", b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01")]
    for number in range(records):
        producer.produce(topic, value=b'{"id":"%036d","processing_time":150}' % number, headers=trace, partition=number % 20)
    assert producer.flush(200) == 0


@pytest.mark.takes(SECONDS + 15)
def test_memory_stays_flat_under_a_minute_of_overload(worker_pool, kafka, unique):
    """Admitted are 2,000 jobs a second, of which the pool works some 70: most callers are refused, and the backlog grows in Kafka.
    It is there from the start, so that what librdkafka may hold is full within seconds."""
    given_backlog(kafka, f"jobs-{unique}", 2 * PREFETCHED)
    server = worker_pool(env={"LIMIT_RATE": "2000", "LIMIT_CAPACITY": "2000"})
    server.wait_until_ready()
    samples = []
    load = attack(server)
    while load.poll() is None:
        samples.append(server.memory())
        time.sleep(0.25)
    assert load.returncode == 0

    third = len(samples) // 3
    grown = statistics.median(samples[-third:]) - statistics.median(samples[third:-third])
    assert grown < FLAT, f"grew by {grown} bytes: {[sample // 1024 for sample in samples[::8]]} KiB"
    assert PREFETCH / 2 < max(samples) < PREFETCH + 4 * MIB, "what is held does not follow `prefetch`"

    metrics = server.metrics()
    refused = sum(value for name, value in metrics.items() if name.startswith("millrace_rate_limited_total"))
    assert refused > 10 * SECONDS, "this was no overload"
