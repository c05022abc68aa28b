"""Kafka away at start, killed under load, or with topics other than configured."""

import json
import threading
import time

import pytest

from judges import create_topic, ids_in_topic, kcat_produces, partitions_of
from load import Load
from servers import wait_for

MIB = 1024 * 1024
UNLIMITED = {"LIMIT_RATE": "100000", "LIMIT_CAPACITY": "100000"}


def readiness(server):
    reply = server.get("/readyz")
    return reply.status, reply.json()


def assert_refused_for_now(reply):
    assert reply.status == 503
    assert reply.json()["error"]
    assert int(reply.headers["Retry-After"]) >= 1


def is_open(server):
    return server.metrics()[f'millrace_breaker_state{{topic="{server.topic}"}}'] != 0


@pytest.mark.takes(20)
def test_a_broker_that_is_down_at_start_is_waited_for(worker_pool, own_kafka):
    own_kafka.stop(kill=True)
    server = worker_pool(env={"KAFKA_BROKERS": own_kafka.brokers, **UNLIMITED})
    time.sleep(1)
    assert server.get("/livez").status == 200
    assert server.get("/metrics").status == 200
    status, report = readiness(server)
    assert status == 503
    assert report["checks"]["kafka"] != "ok" and len(report["checks"]["kafka"].split()) >= 3
    began = time.monotonic()
    assert_refused_for_now(server.get("/submit"))
    assert time.monotonic() - began < 0.5, "a refusal comes at once"

    own_kafka.start()
    wait_for(lambda: server.get("/submit").status == 200, 5, what="/submit after the broker's start")
    server.wait_until_ready()
    assert partitions_of(own_kafka, server.topic) == 20
    wait_for(lambda: server.metrics()["my_system_worker_pool_consumer_processed_total"] >= 1, 20, what="the job to be worked")


class Pulse:
    """Samples of the program's memory, and the moment at which kcat first gets a record through after `watch`."""

    def __init__(self, server, kafka):
        self.server = server
        self.kafka = kafka
        self.memory = []
        self.kcat_at = None
        self.done = threading.Event()
        self.threads = [threading.Thread(target=self._sample)]

    def __enter__(self):
        self.threads[0].start()
        return self

    def __exit__(self, *_):
        self.done.set()
        for thread in self.threads:
            thread.join()

    def watch(self):
        self.threads.append(threading.Thread(target=self._watch))
        self.threads[-1].start()

    def _sample(self):
        while not self.done.wait(0.25):
            self.memory.append(self.server.memory())

    def _watch(self):
        while not self.done.is_set():
            if kcat_produces(self.kafka, self.server.topic):
                self.kcat_at = time.monotonic()
                return


@pytest.mark.takes(50)
def test_a_broker_killed_under_load_loses_nothing_that_was_accepted(worker_pool, own_kafka):
    server = worker_pool("--only", "ingest", env={"KAFKA_BROKERS": own_kafka.brokers, **UNLIMITED})
    server.wait_until_ready()
    before = server.memory()
    with Pulse(server, own_kafka) as pulse, Load(server, clients=40) as load:
        wait_for(lambda: load.count(200) > 2000, 20, what="load")
        killed_at = time.monotonic()
        own_kafka.stop(kill=True)
        wait_for(lambda: is_open(server), 5, what="the breaker to open by the age of the oldest record")
        assert_refused_for_now(server.get("/submit"))
        status, report = readiness(server)
        assert status == 503
        assert "breaker" in report["checks"]["producer durable"], report
        assert [row["state"] for row in server.stats("breaker") if row["topic"] == server.topic] != ["closed"]
        time.sleep(max(0, killed_at + 20 - time.monotonic()))

        pulse.watch()
        own_kafka.start()
        wait_for(lambda: pulse.kcat_at, 30, what="kcat to get a record through")
        accepted = wait_for(lambda: load.after(killed_at + 15, 200), 10, every=0.01, what="a job accepted again")
        server.wait_until_ready(10)
        time.sleep(1)
    assert accepted[0].answered_at - pulse.kcat_at < 5

    stored = ids_in_topic(own_kafka, server.topic)
    assert load.names(200) <= stored, "a job that was accepted is lost"
    assert load.names(503).isdisjoint(stored), "a job that was refused is stored"
    ours = {name for name in stored if name.startswith("job-")}
    assert ours - load.names(200) <= load.names(504), "an unsure job was told something else than 504"
    assert load.names(None) == set(), "a client was left without an answer"
    assert {told.status for told in load.told} <= {200, 503, 504}
    assert all(int(told.headers["retry-after"]) >= 1 for told in load.told if told.status == 503)
    assert all(json.loads(told.body)["error"] for told in load.told if told.status != 200)
    assert max(told.answered_at - told.sent_at for told in load.told) < 12, "an answer came later than the deadline and a second"
    assert max(pulse.memory) - before < 64 * MIB, "memory follows the outage"


@pytest.mark.takes(20)
def test_a_broker_that_hangs_is_told_by_the_age_of_the_oldest_record(worker_pool, own_kafka):
    """No error comes from a broker that is stopped; after the deadline its records are unsure."""
    server = worker_pool("--only", "ingest", "--set", "streams.jobs.ingest.deadline=4s", env={"KAFKA_BROKERS": own_kafka.brokers, **UNLIMITED})
    server.wait_until_ready()
    with Load(server, clients=10) as load:
        wait_for(lambda: load.count(200) > 200, 20, what="load")
        own_kafka.pause()
        try:
            wait_for(lambda: is_open(server), 5, what="the breaker to open")
            assert_refused_for_now(server.get("/submit"))
            wait_for(lambda: load.count(504) > 0, 8, what="the first unsure answers")
        finally:
            own_kafka.resume()
        resumed_at = time.monotonic()
        accepted = wait_for(lambda: load.after(resumed_at, 200), 10, every=0.01, what="a job accepted again")
    assert accepted[0].answered_at - resumed_at < 5
    stored = ids_in_topic(own_kafka, server.topic)
    assert load.names(200) <= stored
    assert load.names(503).isdisjoint(stored)


@pytest.mark.takes(35)
def test_an_outage_does_not_hold_the_shutdown_beyond_its_time(worker_pool, own_kafka):
    """The broker is away: requests that wait for it are told so, a member of a group leaves without it, both end well."""
    env = {"KAFKA_BROKERS": own_kafka.brokers, **UNLIMITED}
    work = worker_pool("--only", "work", env=env)
    ingest = worker_pool("--only", "ingest", "--set", "streams.jobs.ingest.deadline=3s", "--set", "shutdown=12s", env=env)
    work.wait_until_ready()
    ingest.wait_until_ready()
    with Load(ingest, clients=10) as load:
        wait_for(lambda: load.count(200) > 100, what="load")
        own_kafka.stop(kill=True)
        time.sleep(0.5)
        began = time.monotonic()
        work.terminate()
        ingest.terminate()
        assert ingest.wait(13) == 0, ingest.log()
        load.stop()
    assert work.wait(31) == 0, work.log()
    assert time.monotonic() - began < 30
    told_before_the_end = [told for told in load.told if told.status in (503, 504)]
    assert len(told_before_the_end) >= 10, "requests that had been read were not answered"
    own_kafka.start()
    stored = ids_in_topic(own_kafka, ingest.topic)
    assert load.names(200) <= stored
    assert load.names(503).isdisjoint(stored)
    assert load.names(None).isdisjoint(stored)


@pytest.mark.parametrize("batch_bytes,warned", [("1000000", True), ("100000", False)])
def test_a_topic_that_takes_smaller_batches_than_its_producer_makes_is_said(worker_pool, kafka, batch_bytes, warned):
    server = worker_pool("--set", "streams.jobs.topic.config.max.message.bytes=100000", "--set", f"producers.durable.batch_bytes={batch_bytes}",
                         "--set", "log.level=debug")
    server.wait_until_ready()
    sentence = f"topic {server.topic} takes batches of 100000 bytes (max.message.bytes), and producers.durable makes them of up to 1000000"
    if warned:
        wait_for(lambda: sentence in server.log(), what="the warning")
        assert "Set producers.durable.batch_bytes to 100000 or less" in server.log()
        assert server.log().count(sentence) == 1
    else:
        time.sleep(3)
        assert "takes batches of" not in server.log()


def test_a_topic_with_another_partition_count_is_said_and_not_altered(worker_pool, kafka, unique):
    create_topic(kafka, f"jobs-{unique}", 3)
    server = worker_pool(env=UNLIMITED)
    wait_for(lambda: "3 partitions" in readiness(server)[1]["checks"]["kafka"], what="the reason")
    assert readiness(server)[0] == 503
    reason = readiness(server)[1]["checks"]["kafka"]
    assert f"jobs-{unique}" in reason and "20" in reason
    assert any(f"jobs-{unique}" in line and "20" in line and '"log.level":"warn"' in line for line in server.log().splitlines())
    assert partitions_of(kafka, f"jobs-{unique}") == 3


def test_a_missing_topic_that_may_not_be_made_is_said_and_not_made(worker_pool, kafka):
    server = worker_pool("--set", "streams.jobs.topic.create=false", env=UNLIMITED)
    wait_for(lambda: server.topic in readiness(server)[1]["checks"]["kafka"], what="the reason")
    assert readiness(server)[0] == 503
    assert_refused_for_now(server.get("/submit"))
    assert any(server.topic in line and '"log.level":"warn"' in line for line in server.log().splitlines())
    assert partitions_of(kafka, server.topic) == 0

    create_topic(kafka, server.topic, 20)
    wait_for(lambda: server.get("/submit").status == 200, 20, what="/submit once somebody has made the topic")
    server.wait_until_ready()
