"""What is in Kafka, told by clients that are not ours."""

import json
import subprocess
import time

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from servers import wait_for


def end_of(consumer, place):
    """(offset,), or None while the partition has no leader: a broker that has just started."""
    try:
        return (consumer.get_watermark_offsets(place, timeout=30)[1],)
    except KafkaException:
        return None


def records_of(brokers, topic, timeout=60):
    """Every record of a topic, from the start to the end that it has now."""
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": f"judge-{time.monotonic_ns()}", "enable.auto.commit": False,
                         "enable.partition.eof": True, "auto.offset.reset": "earliest"})
    places = [TopicPartition(topic, partition, 0) for partition in consumer.list_topics(topic, timeout=30).topics[topic].partitions]
    ends = {place.partition: wait_for(lambda: end_of(consumer, place), what=f"the end of {topic}")[0] for place in places}
    unread = {partition for partition, end in ends.items() if end > 0}
    consumer.assign(places)
    records, deadline = [], time.monotonic() + timeout
    while unread:
        assert time.monotonic() < deadline, f"partitions {unread} of {topic} are not read after {timeout} s"
        for record in consumer.consume(10000, timeout=0.2):
            if record.error() is None:
                records.append(record)
            else:  # the end may be a mark of a transaction, which is no record
                assert record.error().code() == KafkaError._PARTITION_EOF, record.error()
            if record.error() is not None or record.offset() + 1 >= ends[record.partition()]:
                unread.discard(record.partition())
    consumer.close()
    return records


def ids_in_topic(kafka, topic):
    return {json.loads(record.value())["id"] for record in records_of(kafka.brokers, topic)}


def partitions_of(kafka, topic):
    """0 when there is no such topic."""
    return len(AdminClient({"bootstrap.servers": kafka.brokers}).list_topics(topic, timeout=30).topics[topic].partitions)


def create_topic(kafka, topic, partitions):
    admin = AdminClient({"bootstrap.servers": kafka.brokers})
    admin.create_topics([NewTopic(topic, partitions, 1)])[topic].result(30)


def told_by_tool(kafka, group):
    """{partition: (committed, end)} as Kafka's own tool prints it."""
    rows = (line.split() for line in kafka.script("groups", "--describe", "--group", group).stdout.splitlines())
    return {int(row[2]): (int(row[3]), int(row[4])) for row in rows if row and row[0] == group}


def kcat_produces(kafka, topic, timeout=1):
    """One attempt of kcat to write a record; its own patience is `timeout` seconds."""
    words = ["kcat", "-P", "-b", kafka.brokers, "-t", topic, "-X", f"message.timeout.ms={int(timeout * 1000)}",
             "-X", "reconnect.backoff.max.ms=200"]
    try:
        return subprocess.run(words, input=b'{"id":"kcat"}', capture_output=True, timeout=timeout + 2).returncode == 0
    except subprocess.TimeoutExpired:
        return False
