"""What came out of a stream that works `guarantee: exactly_once`, as another program sees it that reads committed records only."""

import json

from confluent_kafka import Consumer, KafkaError, TopicPartition

FROM_ITS_BEGINNING = 0


class PassedOn:
    """All of a topic that is committed, in the order of its partitions' logs."""

    def __init__(self, brokers, topic):
        self.brokers = brokers
        self.topic = topic

    def _places(self, consumer):
        described = consumer.list_topics(self.topic, timeout=30).topics[self.topic]
        return [TopicPartition(self.topic, number, FROM_ITS_BEGINNING) for number in described.partitions]

    def records(self):
        """Up to the last stable offset, which is the end for whom reads committed records."""
        consumer = Consumer({"bootstrap.servers": self.brokers, "group.id": "judge", "isolation.level": "read_committed",
                             "enable.auto.commit": False, "enable.partition.eof": True})
        try:
            places = self._places(consumer)
            consumer.assign(places)
            records, ended = [], set()
            while len(ended) < len(places):
                message = consumer.poll(30)
                assert message is not None, f"{self.topic} gave nothing for 30 s"
                if message.error() is None:
                    records.append(message)
                else:
                    assert message.error().code() == KafkaError._PARTITION_EOF, message.error()
                    ended.add(message.partition())
            return records
        finally:
            consumer.close()

    def ids(self):
        return [json.loads(record.value())["id"] for record in self.records()]


def origin_of(letter):
    """(partition, offset) of the record that a dead letter was."""
    headers = dict(letter.headers())
    return int(headers["x-origin-partition"]), int(headers["x-origin-offset"])


def twice(values):
    seen, again = set(), []
    for value in values:
        if value in seen:
            again.append(value)
        seen.add(value)
    return again


def overtaken(records):
    """Pairs of one key whose later one came first, by the number in their values."""
    last, found = {}, []
    for record in records:
        number = json.loads(record.value())["number"]
        if number < last.get(record.key(), -1):
            found.append((record.key(), last[record.key()], number))
        last[record.key()] = max(number, last.get(record.key(), -1))
    return found
