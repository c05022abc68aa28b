"""What a group has committed, by an AdminClient in a process of its own: librdkafka may end the one that asks (io/kafka/committed.h), and the
other question of the Python client, Consumer.committed, reads metadata past its end. Usage: ask_commits.py BROKERS GROUP TOPIC"""

import json
import subprocess
import sys


def commits(brokers, group, topic, tries=10):
    """{partition: (offset, metadata)} of all partitions that have a commit."""
    for _ in range(tries):
        asked = subprocess.run([sys.executable, __file__, brokers, group, topic], capture_output=True, text=True, timeout=60)
        if asked.returncode == 0:
            return {int(partition): tuple(commit) for partition, commit in json.loads(asked.stdout).items()}
    raise AssertionError(f"nobody tells the commits of {group}: {asked.stderr}")


def main(brokers, group, topic):
    from confluent_kafka import ConsumerGroupTopicPartitions
    from confluent_kafka.admin import AdminClient

    admin = AdminClient({"bootstrap.servers": brokers})
    answer = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])[group].result(20)
    places = [place for place in answer.topic_partitions if place.topic == topic and place.offset >= 0]
    print(json.dumps({place.partition: (place.offset, place.metadata) for place in places}))


if __name__ == "__main__":
    main(*sys.argv[1:])
