"""What production does to a group at work, on real Kafka: kill -9, a broker that is away, a topic that grows. After each of them nothing
that was accepted is lost, nothing is out of order, nothing committed is done again, and every partition moves on."""

import json
import time

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewPartitions

from chaos.crew import BUSY_STANDSTILL_LIMIT_S, Crew, now_us
from chaos.rounds import gather, kill_rounds
from chaos.traffic import Traffic
from servers import wait_for



@pytest.mark.takes(70)
@pytest.mark.parametrize("order, count", [("partition", 8), ("key", 8), ("none", 4)])
def test_processes_killed_at_random_moments_lose_nothing_and_redo_only_what_was_not_committed(millrace, kafka, tmp_path, unique, dice, order, count):
    crew = Crew(millrace, kafka, tmp_path, f"killed-{unique}", order=order)
    with Traffic(crew.ports, seed=dice.getrandbits(32)) as traffic:
        kill_rounds(crew, dice, count, print)
    crew.judged(traffic).assert_clean(BUSY_STANDSTILL_LIMIT_S)


def stop_and_start(kafka, seconds):
    kafka.stop()
    time.sleep(seconds)
    kafka.start()


def pause_and_resume(kafka, seconds):
    kafka.pause()
    try:
        time.sleep(seconds)
    finally:
        kafka.resume()


@pytest.mark.takes(110)
@pytest.mark.parametrize("away, seconds", [(stop_and_start, 60), (pause_and_resume, 20)])
def test_a_broker_that_is_away_in_the_middle_of_work_is_waited_for(millrace, own_kafka, tmp_path, unique, away, seconds):
    crew = Crew(millrace, own_kafka, tmp_path, f"away-{unique}", order="key")
    with Traffic(crew.ports) as traffic:
        gather(crew, 2)
        crew.wait_until_all_move(now_us())
        before, began_us = len(traffic.accepted), now_us()
        away(own_kafka, seconds)
        away_s = (now_us() - began_us) / 1e6
        crew.wait_until_all_move(now_us(), timeout=60)
        wait_for(lambda: len(traffic.accepted) > before + 300, 60, what="jobs to be accepted again")
        crew.wait_until_ready()
        crew.broker_was_away(began_us)
    crew.judged(traffic).assert_clean(away_s + BUSY_STANDSTILL_LIMIT_S)


@pytest.mark.takes(30)
def test_a_topic_that_gains_partitions_is_worked_in_the_new_ones_from_their_first_record(millrace, kafka, tmp_path, unique):
    crew = Crew(millrace, kafka, tmp_path, f"grows-{unique}", partitions=3)
    with Traffic(crew.ports) as traffic:
        gather(crew, 2)
        crew.wait_until_all_move(now_us())
        admin = AdminClient({"bootstrap.servers": kafka.brokers})
        admin.create_partitions([NewPartitions(crew.case.topic, 6)])[crew.case.topic].result(30)
        crew.settings["partitions"] = 6
        names = produce_to(kafka, crew.case.topic, range(3, 6))
        crew.wait_until_all_move(now_us() - 60_000_000)
        for member in crew.members:
            assert wait_for(lambda: len(member.stats("partitions")) == 3, what="three partitions for each"), "divided anew"
    verdict = crew.judged(traffic)
    verdict.assert_clean(BUSY_STANDSTILL_LIMIT_S)
    assert names <= {json.loads(record.value())["id"] for record in verdict.records.values()}
    assert verdict.again.total() == 0


def produce_to(kafka, topic, partitions):
    """Before anybody but the broker knows of these partitions."""
    producer = Producer({"bootstrap.servers": kafka.brokers})
    wait_for(lambda: len(producer.list_topics(topic, timeout=10).topics[topic].partitions) > max(partitions), what="the new partitions")
    names = set()
    for number in range(90):
        names.add(f"outside-{number}")
        value = json.dumps({"id": f"outside-{number}", "processing_time": 5})
        producer.produce(topic, partition=partitions[number % len(partitions)], key=f"k-{number}", value=value)
    assert producer.flush(30) == 0
    return names
