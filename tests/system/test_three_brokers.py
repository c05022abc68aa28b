"""Three brokers, each record on all of them and two needed to accept one. They are killed and come back, one at a time: whoever
coordinates the group, leads partitions, or copies them. Work goes on through all of it."""

import time

import pytest
from confluent_kafka.admin import AdminClient

from chaos.crew import Crew, now_us
from chaos.rounds import gather
from chaos.traffic import Traffic
from judge import Verdict
from servers import wait_for

NODES = 3
PARTITIONS = 6
STANDSTILL_LIMIT_S = 40  # the other nodes notice after 4 s; new leaders, a new coordinator, a session; on a machine that is busy


def coordinator(admin, group):
    """The node that keeps the group's members and commits, or None while there is none."""
    try:
        return admin.describe_consumer_groups([group])[group].result(10).coordinator.id
    except Exception:
        return None


def is_whole(admin):
    """Every partition has all its copies again."""
    try:
        topics = admin.list_topics(timeout=10).topics.values()
    except Exception:
        return False
    return all(len(partition.isrs) == NODES for topic in topics for partition in topic.partitions.values())


@pytest.mark.takes(120)
@pytest.mark.timeout(500)
def test_brokers_killed_one_at_a_time_lose_nothing_and_the_work_goes_on(millrace, own_cluster, tmp_path, unique):
    topic = f"three-{unique}"
    admin = AdminClient({"bootstrap.servers": own_cluster.brokers})
    crew = Crew(millrace, own_cluster, tmp_path, topic, partitions=PARTITIONS, replication=NODES, order="key")
    moves = 0
    with Traffic(crew.ports, rate=80) as traffic:
        gather(crew, 2)
        for node in range(1, NODES + 1):
            wait_for(lambda: is_whole(admin), 60, every=0.5, what="all copies")
            accepted, led_by = len(traffic.accepted), coordinator(admin, crew.case.group)
            began_us = now_us()
            own_cluster.stop(node, kill=True)
            print(f"node {node} killed; the coordinator was {led_by}")
            took = crew.wait_until_all_move(now_us(), timeout=90)
            wait_for(lambda: len(traffic.accepted) > accepted + 100, 60, what="jobs to be accepted with a node less")
            print(f"every partition moves after {took:.1f} s")
            if led_by == node:
                moves += 1
                wait_for(lambda: coordinator(admin, crew.case.group) not in (None, node), 30, what="another coordinator")
            time.sleep(2)
            own_cluster.start(node)
            crew.wait_until_all_move(now_us())
            crew.broker_was_away(began_us)
        crew.wait_until_ready()
    crew.wait_until_all_is_done()
    for member in list(crew.members):
        crew.leave(member)
    assert moves >= 1, "the coordinator was never the one that was killed"
    Verdict(crew.case, traffic.accepted, crew.incidents).assert_clean(STANDSTILL_LIMIT_S)
