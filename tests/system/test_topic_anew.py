"""A topic that is deleted and made anew while it is worked: nothing of the new one is passed over, however fast it outgrows the old one."""

import json

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from evidence import Evidence
from servers import wait_for

QUICK = {"JOB_PROCESS_TIME_MIN": "0", "JOB_PROCESS_TIME_RANGE": "1", "JOB_PROCESS_FAIL_RATE": "0", "KAFKA_PARTITIONS": "2"}


def fill(kafka, topic, name, count):
    producer = Producer({"bootstrap.servers": kafka.brokers, "linger.ms": 5})
    for number in range(count):
        producer.produce(topic, value=json.dumps({"id": f"{name}-{number}"}), partition=number % 2)
    assert producer.flush(30) == 0


def create(admin, topic):
    def created():
        try:
            admin.create_topics([NewTopic(topic, 2, 1)])[topic].result(10)
        except Exception:
            return topic in admin.list_topics(timeout=10).topics
        return True

    wait_for(created, 30, what="a topic made anew")


@pytest.mark.takes(25)
def test_a_topic_made_anew_that_outgrows_the_old_one_is_worked_whole(worker_pool, kafka, tmp_path):
    evidence = Evidence(tmp_path / "evidence.jsonl")
    server = worker_pool("--only", "work", "--set", f"streams.jobs.work.handler.simulate.record={evidence.file}", env=QUICK, wait=False)
    admin = AdminClient({"bootstrap.servers": kafka.brokers})
    wait_for(lambda: server.topic in admin.list_topics(timeout=10).topics, 30, what="the topic")
    fill(kafka, server.topic, "old", 60)
    wait_for(lambda: len(evidence.done()) == 60, 30, what="the old jobs")

    admin.delete_topics([server.topic])[server.topic].result(30)
    create(admin, server.topic)
    fill(kafka, server.topic, "new", 400)  # 200 a partition, where it stands at 30
    # Offsets 0..29 of each were done before, in the old topic; they come again now.
    wait_for(lambda: len(evidence.done()) == 400, 60, what="every offset of the new topic")
    wait_for(lambda: sum(times > 1 for times in evidence.done().values()) >= 60, 30, what="the first ones of the new topic")
    assert "was deleted and made anew" in server.log()
