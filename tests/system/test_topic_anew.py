"""A topic that is deleted and made anew while it is worked: nothing of the new one is passed over, however fast it outgrows the old one,
and none of its partitions is left to nobody."""

import json
import time

import pytest
from confluent_kafka import KafkaException, Producer, TopicCollection
from confluent_kafka.admin import AdminClient, NewTopic

from chaos.crew import Crew, now_us
from chaos.traffic import Traffic
from evidence import Evidence
from servers import wait_for

QUICK = {"JOB_PROCESS_TIME_MIN": "0", "JOB_PROCESS_TIME_RANGE": "1", "JOB_PROCESS_FAIL_RATE": "0", "KAFKA_PARTITIONS": "2"}


def fill(kafka, topic, name, count):
    producer = Producer({"bootstrap.servers": kafka.brokers, "linger.ms": 5})
    for number in range(count):
        producer.produce(topic, value=json.dumps({"id": f"{name}-{number}"}), partition=number % 2)
    assert producer.flush(30) == 0


def id_of(admin, topic):
    try:
        return str(admin.describe_topics(TopicCollection([topic]))[topic].result(10).topic_id)
    except KafkaException:
        return None


def make_anew(admin, topic):
    """Or the program makes it, which saw first that it is gone."""
    old = id_of(admin, topic)
    admin.delete_topics([topic])[topic].result(30)

    def made():
        admin.create_topics([NewTopic(topic, 2, 1)])[topic].exception(10)
        return id_of(admin, topic) not in (old, None)

    wait_for(made, 30, what="a topic made anew")


@pytest.mark.takes(25)
@pytest.mark.parametrize("start, protocol", [("earliest", "classic"), ("latest", "classic"), ("earliest", "consumer")])
def test_a_topic_made_anew_that_outgrows_the_old_one_is_worked_whole(worker_pool, kafka, tmp_path, start, protocol):
    evidence = Evidence(tmp_path / "evidence.jsonl")
    server = worker_pool("--set", f"streams.jobs.work.start={start}", "--set", f"streams.jobs.work.protocol={protocol}",
                         "--set", f"streams.jobs.work.handler.simulate.record={evidence.file}", env=QUICK)
    admin = AdminClient({"bootstrap.servers": kafka.brokers})
    wait_for(lambda: len(server.stats("partitions")) == 2, 30, what="the partitions")
    fill(kafka, server.topic, "old", 60)
    wait_for(lambda: len(evidence.done()) == 60, 30, what="the old jobs")

    make_anew(admin, server.topic)
    fill(kafka, server.topic, "new", 400)  # 200 a partition, where it stands at 30
    # Offsets 0..29 of each were done before, in the old topic; they come again now.
    wait_for(lambda: len(evidence.done()) == 400, 60, what="every offset of the new topic")
    wait_for(lambda: sum(times > 1 for times in evidence.done().values()) >= 60, 30, what="the first ones of the new topic")
    assert protocol == "consumer" or "was deleted and made anew" in server.log()


@pytest.mark.takes(40)
@pytest.mark.parametrize("assignor", ["cooperative-sticky", "range"])
def test_a_topic_made_anew_while_the_group_is_being_divided_leaves_no_partition_to_nobody(millrace, kafka, tmp_path, unique, assignor):
    crew = Crew(millrace, kafka, tmp_path, f"anew-{unique}", assignor=assignor)
    admin = AdminClient({"bootstrap.servers": kafka.brokers})

    def shares():
        return sorted(len(member.stats("partitions")) for member in crew.members)

    with Traffic(crew.ports):
        crew.join()
        crew.join()
        for moment in (0.2, 0.5):  # after a member has come, and before the group is divided
            wait_for(lambda: shares() == [6, 6], 40, every=0.5, what="two members with half of the partitions each")
            third = crew.join()
            time.sleep(moment)
            admin.delete_topics([crew.case.topic])[crew.case.topic].result(30)  # the members make it anew
            wait_for(lambda: shares() == [4, 4, 4], 40, every=0.5, what="a third of the partitions for each")
            crew.wait_until_all_move(now_us())
            crew.leave(third)
    assert all("cannot go on" not in member.log() for member in crew.members)
