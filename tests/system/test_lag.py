"""The lag of a watched group, against Kafka's own tool, under the names that kafka_exporter gives."""

import re

import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from servers import free_port, wait_for
from test_worker_pool import lag, produce

FAST = ("--set", "streams.jobs.watch.every=200ms")


def lag_shown(server):
    return server.metrics().get(f'kafka_consumergroup_lag_sum{{consumergroup="{server.group}",topic="{server.topic}"}}')


def test_lag_and_members_are_those_of_kafkas_own_tool(worker_pool, kafka):
    # Nobody works here: what is produced is the lag.
    server = worker_pool("--only", "ingest,watch", *FAST, env={"LIMIT_RATE": "10000", "LIMIT_CAPACITY": "10000"})
    server.wait_until_ready()
    for i in range(30):
        assert server.get(f"/submit?key=k-{i}").status == 200
    wait_for(lambda: lag_shown(server) == 30, what="a lag of 30 before the first commit")

    worker = worker_pool("--only", "work", env={"JOB_PROCESS_TIME_MIN": "0", "JOB_PROCESS_TIME_RANGE": "1", "JOB_PROCESS_FAIL_RATE": "0"},
                         wait=False)
    wait_for(lambda: lag_shown(server) == 0, timeout=40, what="a lag of 0")
    assert lag(kafka, server.group) == 0
    wait_for(lambda: server.metrics()[f'kafka_consumergroup_members{{consumergroup="{server.group}"}}'] == 1, what="one member")

    worker.terminate()
    assert worker.wait() == 0
    for i in range(7):
        produce(kafka, server.topic, b"{}", key=b"same")
    wait_for(lambda: lag_shown(server) == 7, what="a lag of 7 after the worker has left")
    assert lag(kafka, server.group) == 7
    wait_for(lambda: server.metrics()[f'kafka_consumergroup_members{{consumergroup="{server.group}"}}'] == 0, what="no member")

    rows = [line.split() for line in kafka.script("groups", "--describe", "--group", server.group).stdout.splitlines()]
    told = {int(row[2]): (int(row[3]), int(row[4])) for row in rows if len(row) > 5 and row[0] == server.group and row[3].isdigit()}
    metrics = server.metrics()
    for partition, (committed, end) in told.items():
        where = f'topic="{server.topic}"'
        assert metrics[f'kafka_consumergroup_current_offset{{consumergroup="{server.group}",partition="{partition}",{where}}}'] == committed
        assert metrics[f'kafka_topic_partition_current_offset{{partition="{partition}",{where}}}'] == end
        assert metrics[f'kafka_topic_partition_in_sync_replica{{partition="{partition}",{where}}}'] == 1
        assert metrics[f'kafka_topic_partition_under_replicated_partition{{partition="{partition}",{where}}}'] == 0
    assert told and metrics["kafka_brokers"] == 1
    assert metrics[f'kafka_topic_partitions{{topic="{server.topic}"}}'] == 20
    section = server.stats("lag")["jobs"]
    assert section["lag"] == 7 and section["members"] == 0 and len(section["partitions"]) == 20


def lag_of_a_later_question(server):
    """Asked for after now: the next answer may be to a question that is under way already."""
    answered = 'millrace_watch_polls_total{result="answered",stream="jobs"}'
    before = server.metrics()[answered]
    wait_for(lambda: server.metrics()[answered] >= before + 2, what="two answers")
    return lag_shown(server)


@pytest.mark.takes(30)
def test_a_lag_that_shrinks_is_at_no_time_other_than_that_of_kafkas_own_tool(worker_pool, kafka):
    """What is shown before the tool looks is no less than what it finds, and what is asked for after it no more."""
    server = worker_pool("--only", "ingest,watch", *FAST, env={"LIMIT_RATE": "10000", "LIMIT_CAPACITY": "10000"})
    server.wait_until_ready()
    worker_pool("--only", "work", env={"JOB_PROCESS_TIME_MIN": "300", "JOB_PROCESS_TIME_RANGE": "1", "JOB_PROCESS_FAIL_RATE": "0"}, wait=False)
    keys = [f"k-{i}" for i in range(4)]

    def submit(times):
        for key in keys * times:
            assert server.get(f"/submit?key={key}").status == 200

    submit(1)
    wait_for(lambda: lag_shown(server) == 0, timeout=40, what="a commit of each partition, without which the tool tells no lag")
    submit(60)
    wait_for(lambda: 0 < lag_of_a_later_question(server) < 4 * 60, what="a lag that shrinks")
    found = []
    while not found or len(found) < 3 and found[-1][2] > 0:
        found.append((lag_shown(server), lag(kafka, server.group), lag_of_a_later_question(server)))
    assert [row for row in found if not row[0] >= row[1] >= row[2]] == []
    assert any(row[1] > 0 and row[0] > row[2] for row in found), "it moved meanwhile"


def test_what_is_not_known_is_not_told(worker_pool, own_kafka):
    server = worker_pool("--only", "ingest,watch", *FAST, env={"KAFKA_BROKERS": own_kafka.brokers})
    server.wait_until_ready()
    assert server.get("/submit").status == 200
    wait_for(lambda: lag_shown(server) == 1, what="a lag of 1")

    own_kafka.stop(kill=True)
    wait_for(lambda: lag_shown(server) != lag_shown(server), timeout=60, what="NaN")  # NaN is equal to nothing
    section = server.stats("lag")["jobs"]
    assert section["lag"] is None and re.search("could not be asked", section["problem"])

    own_kafka.start()
    wait_for(lambda: lag_shown(server) == 1, timeout=60, what="the lag again")


def test_a_partition_without_a_leader_is_told_and_the_others_are_read_on(worker_pool, own_cluster):
    server = worker_pool("--only", "ingest,watch", *FAST, env={"KAFKA_BROKERS": own_cluster.brokers, "KAFKA_PARTITIONS": "3"})
    server.wait_until_ready()  # replication 1: each broker has a partition of its own

    def leaders():
        found = [server.metrics().get(f'kafka_topic_partition_leader{{partition="{i}",topic="{server.topic}"}}') for i in range(3)]
        return sorted(leader for leader in found if leader is not None)

    wait_for(lambda: leaders() == [1, 2, 3], what="three leaders")
    own_cluster.stop(node=3, kill=True)
    wait_for(lambda: leaders() == [-1, 1, 2], timeout=60, what="a partition without a leader")
    lags = [row["lag"] for row in server.stats("lag")["jobs"]["partitions"]]
    assert sorted(lags, key=str) == [0, 0, None]


def test_a_single_unanswered_question_is_no_warning(worker_pool):
    nobody = f"127.0.0.1:{free_port()}"
    server = worker_pool("--only", "ingest,watch", "--set", "streams.jobs.watch.every=2s", env={"KAFKA_BROKERS": nobody})
    failed = 'millrace_watch_polls_total{result="failed",stream="jobs"}'
    wait_for(lambda: server.metrics().get(failed) == 1, what="the first question")
    assert "could not be asked" not in server.log()
    wait_for(lambda: server.metrics()[failed] == 2, what="the second question")
    assert server.log().count("could not be asked") == 1


@pytest.mark.takes(40)
def test_what_is_asked_once_an_hour_is_asked_again_soon_after_a_failure(worker_pool, own_kafka):
    own_kafka.stop()
    server = worker_pool("--only", "ingest,watch", "--set", "streams.jobs.watch.every=1h", env={"KAFKA_BROKERS": own_kafka.brokers})
    assert server.metrics()['millrace_watch_interval_seconds{stream="jobs"}'] == 3600
    wait_for(lambda: server.metrics().get('millrace_watch_polls_total{result="failed",stream="jobs"}'), what="a question without an answer")
    assert 'millrace_watch_last_answer_timestamp_seconds{stream="jobs"}' not in server.metrics()
    own_kafka.start()
    wait_for(lambda: lag_shown(server) == 0, timeout=60, what="an answer")


@pytest.mark.takes(20)
def test_partitions_that_are_gone_are_told_no_longer(worker_pool, kafka, unique):
    admin = AdminClient({"bootstrap.servers": kafka.brokers})
    topic = f"jobs-{unique}"
    admin.create_topics([NewTopic(topic, 3, 1)])[topic].result(30)
    server = worker_pool("--only", "ingest,watch", *FAST, env={"KAFKA_PARTITIONS": "1"})

    def told():
        return sorted(name for name in server.metrics() if name.startswith("kafka_consumergroup_lag{") or "partition=" in name)

    wait_for(lambda: any('partition="2"' in name for name in told()), what="three partitions")
    for _ in range(5):
        produce(kafka, topic, b"{}", key=b"same")
    wait_for(lambda: lag_shown(server) == 5, what="a lag of 5")

    admin.delete_topics([topic])[topic].result(30)  # the server makes it again, as its configuration says
    wait_for(lambda: told() and not any('partition="1"' in name or 'partition="2"' in name for name in told()), timeout=60,
             what="one partition")
    wait_for(lambda: lag_shown(server) == 0, timeout=40, what="a sum over what is there")


def test_a_watch_without_a_group_is_a_mistake(millrace, tmp_path):
    path = tmp_path / "system.yaml"
    path.write_text("streams: { jobs: { topic: { name: jobs }, watch: {} } }\nlisten: { main: { address: '127.0.0.1:0', routes: [] } }\n")
    server = millrace("-c", str(path), wait=False)
    assert server.wait() == 1
    assert "system.yaml:1" in server.log() and "allowed: with `work.group`" in server.log()
