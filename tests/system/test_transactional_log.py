"""A topic that is written in transactions: its log has marks between and behind the records, which nobody can work."""

import json

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


def transaction(producer, topic, count, commit=True):
    producer.begin_transaction()
    for number in range(count):
        producer.produce(topic, value=json.dumps({"id": str(number), "processing_time": 1}))
    producer.flush(30)
    if commit:
        producer.commit_transaction(30)
    else:
        producer.abort_transaction(30)


def test_what_is_committed_passes_the_marks_of_transactions_and_what_they_took_back(millrace, kafka, tmp_path, unique):
    topic = f"marks-{unique}"
    admin = AdminClient({"bootstrap.servers": kafka.brokers})
    for future in admin.create_topics([NewTopic(topic, 1, 1)]).values():
        future.result(30)
    producer = Producer({"bootstrap.servers": kafka.brokers, "transactional.id": topic})
    producer.init_transactions(30)
    for commit in (True, False, True):
        transaction(producer, topic, 5, commit)
    transaction(producer, topic, 5, commit=False)  # the log ends with records that were taken back, and a mark

    file = tmp_path / "work.yaml"
    file.write_text(CONFIG.format(brokers=kafka.brokers, topic=topic, evidence=tmp_path / "evidence.jsonl"))
    millrace("-c", str(file), wait=False)
    evidence = Evidence(tmp_path / "evidence.jsonl")
    wait_for(lambda: len(evidence.done()) == 10, 30, what="the records of two committed transactions done")

    judge = Consumer({"bootstrap.servers": kafka.brokers, "group.id": f"{topic}-group"})
    place = TopicPartition(topic, 0)
    end = judge.get_watermark_offsets(place, timeout=30)[1]
    assert end == 24  # 20 records and 4 marks
    wait_for(lambda: judge.committed([place], timeout=30)[0].offset == end, 30, what="a lag of 0")
    judge.close()
    assert set(evidence.done().values()) == {1} and len(evidence.done()) == 10
