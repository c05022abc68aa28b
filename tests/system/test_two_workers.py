"""Two processes of examples/worker-pool.yaml share their group while the attacker asks for one hot key, and one of them is killed.
What each says of itself in /debug/stats is held against what the group's coordinator says."""

import subprocess

import pytest
from confluent_kafka.admin import AdminClient

from ask_commits import commits
from conftest import BINARY
from judge import KILLED, Case, Incident, Verdict
from chaos.crew import now_us
from evidence import Evidence
from judges import told_by_tool
from servers import wait_for

PARTITIONS = 20
QUICK = {"LIMIT_RATE": "100000", "LIMIT_CAPACITY": "100000", "JOB_PROCESS_TIME_MIN": "1", "JOB_PROCESS_TIME_RANGE": "10",
         "JOB_PROCESS_FAIL_RATE": "0.02"}


class Group:
    """As the coordinator tells it."""

    def __init__(self, kafka, group, topic):
        self.admin = AdminClient({"bootstrap.servers": kafka.brokers})
        self.brokers = kafka.brokers
        self.group = group
        self.topic = topic

    def assigned(self):
        """{client id: partitions}"""
        members = self.admin.describe_consumer_groups([self.group])[self.group].result(20).members
        return {member.client_id: {place.partition for place in member.assignment.topic_partitions} for member in members}

    def committed(self):
        return {partition: offset for partition, (offset, _) in commits(self.brokers, self.group, self.topic).items()}


def rows(server):
    return {row["partition"]: row for row in server.stats("partitions")}


def assert_truthful(server, group):
    """What is committed only grows: the coordinator's number lies between what was said before and what is said after, or under way."""
    before, committed, after = rows(server), group.committed(), rows(server)
    for partition in before.keys() & after.keys():
        told = committed.get(partition, 0)
        assert max(before[partition]["committed"], 0) <= told <= after[partition]["watermark"], (before[partition], told, after[partition])
        for row in (before[partition], after[partition]):
            assert max(row["committed"], 0) <= row["watermark"] <= row["position"], row
            assert row["end"] == -1 or row["position"] <= row["end"], row
            assert row["why"], row


@pytest.mark.takes(40)
def test_debug_stats_of_two_workers_tell_the_truth_while_one_is_killed(worker_pool, kafka, tmp_path):
    evidence = Evidence(tmp_path / "evidence.jsonl")

    def worker(name):
        return worker_pool("--set", f"kafka.client_id={name}", "--set", f"streams.jobs.work.handler.simulate.record={evidence.file}",
                           "--set", "streams.jobs.work.session=6s", "--set", "streams.jobs.work.heartbeat=500ms", env=QUICK)

    survivor, victim = worker("survivor"), worker("victim")
    group = Group(kafka, survivor.group, survivor.topic)
    wait_for(lambda: len(rows(survivor)) == len(rows(victim)) == PARTITIONS // 2, 30, what="ten partitions for each")
    assert group.assigned() == {"survivor": set(rows(survivor)), "victim": set(rows(victim))}

    attacker = subprocess.Popen([str(BINARY), "attack", "-mode=hot", f"-target=http://127.0.0.1:{survivor.port}/submit", "-workers=10",
                                 "-think=20ms", "-duration=120s", "-print-every=0s"], stdout=subprocess.DEVNULL)
    try:
        wait_for(lambda: len(evidence.done()) > 500, 30, what="500 jobs done")
        assert_truthful(survivor, group)
        assert_truthful(victim, group)

        own = set(rows(survivor))
        victim.process.kill()
        victim.wait()
        killed = Incident(KILLED, victim.pid, now_us())
        assert set(rows(survivor)) == own == group.assigned()["survivor"], "the group still waits for the dead one"
        assert_truthful(survivor, group)
        wait_for(lambda: len(rows(survivor)) == PARTITIONS, 30, what="every partition")
        assert group.assigned() == {"survivor": set(range(PARTITIONS))}
        since = len(evidence.done())
        wait_for(lambda: len(evidence.done()) > since + 500, 30, what="500 jobs more")
        assert_truthful(survivor, group)
    finally:
        attacker.terminate()
        attacker.wait(20)

    wait_for(lambda: all(row["committed"] == row["end"] for row in rows(survivor).values()), 60, what="no lag")
    told = {partition: (row["committed"], row["end"]) for partition, row in rows(survivor).items() if row["end"] > 0}
    tool = told_by_tool(kafka, survivor.group)
    assert told == {partition: row for partition, row in tool.items() if row[1] > 0}
    hottest = max(tool, key=lambda partition: tool[partition][1])
    assert tool[hottest][1] > sum(end for _, end in tool.values()) / 2, "the attacker asks for one key most of the time"
    Verdict(Case(kafka.brokers, survivor.topic, survivor.group, evidence), incidents=[killed]).assert_clean()
