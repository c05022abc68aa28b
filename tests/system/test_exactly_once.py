"""`guarantee: exactly_once`: who reads committed records of the output and of the dead letters sees each record of the topic once, in
order, whatever happens to the process. Judged from outside: by the topics alone."""

import json
import os
import signal
import time

import pytest
from confluent_kafka.admin import NewTopic

from conftest import ROOT
from passed_on import PassedOn
from pipeline import CONFIG, KEYS, PARTITIONS, Pipeline
from servers import wait_for


@pytest.fixture
def pipeline(millrace, kafka, unique, tmp_path):
    return Pipeline(millrace, kafka.brokers, f"orders-{unique}", tmp_path)


def test_each_record_comes_out_once_with_its_key_value_and_headers(pipeline):
    pipeline.producer.produce(pipeline.topic, key="a", value=json.dumps({"id": "job-0", "number": 0}), headers={"tenant": "north"})
    pipeline.sent = 1
    server = pipeline.start()
    pipeline.send(1999)
    pipeline.wait_until_done()
    out, dead = pipeline.judge()
    first = next(record for record in out if json.loads(record.value())["id"] == "job-0")
    assert first.key() == b"a" and dict(first.headers())["tenant"] == b"north" and len(dict(first.headers())["traceparent"]) == 55
    assert dead == []

    metrics = server.metrics()
    assert metrics['millrace_outputs_total{stream="orders"}'] == 2000
    assert metrics['millrace_worked_total{outcome="done",stream="orders"}'] == 2000
    assert metrics['millrace_transactions_total{result="committed",stream="orders"}'] >= 1
    assert metrics['millrace_work_uncommitted_records{stream="orders"}'] == 0


@pytest.mark.parametrize("order", ["partition", "key", "none"])
def test_what_fails_becomes_a_dead_letter_in_the_same_transaction(pipeline, order):
    pipeline.start(order=order, fail=0.5)
    pipeline.send(600)
    pipeline.wait_until_done()
    _, dead = pipeline.judge(in_order=order != "none")
    assert len(dead) > 60


def test_nothing_is_seen_before_it_is_committed(pipeline):
    """The next commit is a minute away: what is done stays unseen, and who has it next does it again."""
    server = pipeline.start(interval="60s")
    pipeline.send(200)
    wait_for(lambda: server.metrics()['millrace_work_uncommitted_records{stream="orders"}'] == 200, 30, what="200 done and uncommitted")
    assert pipeline.out.records() == [] and pipeline.committed() == 0
    why = server.get("/debug/stats?partition=0").json()["why"]
    assert "waits for the transaction that takes it to the output topic" in why

    server.process.kill()
    server.wait()
    pipeline.start()
    pipeline.wait_until_done()
    pipeline.judge()


def test_who_leaves_in_peace_commits_what_is_done(pipeline):
    server = pipeline.start(interval="60s")
    pipeline.send(200)
    wait_for(lambda: server.metrics()['millrace_work_uncommitted_records{stream="orders"}'] == 200, 30, what="200 done and uncommitted")
    server.terminate()
    assert server.wait() == 0
    assert pipeline.committed() == 200
    pipeline.judge()


def test_the_example_takes_an_order_and_passes_it_on(millrace, kafka, unique):
    topics = {"ORDERS_TOPIC": f"in-{unique}", "ORDERS_OUTPUT": f"done-{unique}", "ORDERS_DEAD": f"dead-{unique}", "ORDERS_GROUP": unique}
    environment = topics | {"KAFKA_BROKERS": kafka.brokers, "HTTP_ADDR": "127.0.0.1:0"}
    server = millrace("-c", str(ROOT / "examples" / "exactly-once.yaml"), env=environment)
    server.wait_until_ready()
    for number in range(20):
        assert server.post("/orders?key=customer-1", {"id": f"order-{number}", "amount": number}).status == 200
    out, dead = PassedOn(kafka.brokers, f"done-{unique}"), PassedOn(kafka.brokers, f"dead-{unique}")
    wait_for(lambda: len(out.ids()) + len(dead.ids()) == 20, 30, every=0.5, what="20 orders passed on")
    assert out.ids() == [f"order-{number}" for number in range(20) if f"order-{number}" not in dead.ids()]


def kill(server):
    server.process.kill()
    server.wait()


def freeze(server):
    os.kill(server.pid, signal.SIGSTOP)
    time.sleep(8)  # longer than its session: its partitions are somebody else's
    os.kill(server.pid, signal.SIGCONT)


@pytest.mark.takes(70)
@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_processes_are_killed_under_load_and_each_record_comes_out_once(pipeline, dice, protocol):
    crew = [pipeline.start(fail=0.1, protocol=protocol) for _ in range(2)]
    for _ in range(6):
        pipeline.send(300)
        time.sleep(dice.uniform(0.1, 1.5))
        victim = dice.randrange(len(crew))
        kill(crew[victim])
        crew[victim] = pipeline.start(fail=0.1, protocol=protocol)
    pipeline.send(300)
    pipeline.wait_until_done(150)
    pipeline.judge()


@pytest.mark.takes(60)
def test_who_stood_still_longer_than_its_session_commits_nothing_of_what_it_lost(pipeline, dice):
    crew = [pipeline.start(least="10ms", interval="500ms") for _ in range(2)]
    for _ in range(2):
        pipeline.send(1500)
        time.sleep(dice.uniform(0.5, 1.2))
        freeze(dice.choice(crew))
    pipeline.wait_until_done(90)
    pipeline.judge()


@pytest.mark.takes(40)
def test_members_come_and_go_and_nothing_comes_out_twice(pipeline, dice):
    crew = [pipeline.start()]
    for _ in range(4):
        pipeline.send(400)
        crew.append(pipeline.start())
        time.sleep(dice.uniform(0.2, 1.0))
        leaver = crew.pop(dice.randrange(len(crew)))
        leaver.terminate()
        assert leaver.wait() == 0
    pipeline.send(100)
    pipeline.wait_until_done(90)
    pipeline.judge()


@pytest.mark.takes(90)
def test_the_broker_goes_away_for_longer_than_a_transaction_may_take(millrace, own_kafka, unique, tmp_path, dice):
    pipeline = Pipeline(millrace, own_kafka.brokers, f"orders-{unique}", tmp_path)
    server = pipeline.start(least="5ms")
    pipeline.send(4000)
    wait_for(lambda: pipeline.committed() > 200, 60, what="some committed")
    own_kafka.pause()
    time.sleep(dice.uniform(12, 16))
    own_kafka.resume()
    wait_for(lambda: pipeline.committed() > 2000, 120, what="half committed")
    own_kafka.stop(kill=True)
    time.sleep(8)
    own_kafka.start()
    pipeline.wait_until_done(150)
    pipeline.judge()
    assert server.process.poll() is None


def test_a_record_that_the_output_does_not_take_becomes_a_dead_letter_and_its_neighbours_come_out(pipeline):
    narrow = NewTopic(f"{pipeline.topic}-out", 3, 1, config={"max.message.bytes": "20000"})
    pipeline.admin.create_topics([narrow])[narrow.topic].result(30)
    pipeline.send(50)
    for number in (50, 51):
        pipeline.producer.produce(pipeline.topic, key=f"key-{number % KEYS}",
                                  value=json.dumps({"id": f"job-{number}", "number": number, "pad": "x" * 30000}))
    pipeline.sent = 52
    pipeline.send(50)
    pipeline.start()
    pipeline.wait_until_done(90)
    _, dead = pipeline.judge()
    assert sorted(json.loads(letter.value())["id"] for letter in dead) == ["job-50", "job-51"]
    assert all(b"too large" in dict(letter.headers())["x-final-error"] for letter in dead)


def test_an_output_topic_that_is_missing_is_waited_for(pipeline, tmp_path):
    text = CONFIG.replace('name: "{topic}-out", partitions: 3', 'name: "{topic}-out", create: false')
    file = tmp_path / "missing.yaml"
    file.write_text(text.format(brokers=pipeline.brokers, topic=pipeline.topic, partitions=PARTITIONS, **pipeline.options))
    server = pipeline.start_program("-c", str(file))
    pipeline.send(100)
    wait_for(lambda: server.metrics()['millrace_work_uncommitted_records{stream="orders"}'] == 100, 30, what="100 done and uncommitted")
    assert pipeline.committed() == 0
    wait_for(lambda: f"{pipeline.topic}-out is missing" in server.get("/debug/stats?partition=0").json()["why"], 10, what="the missing topic named")
    pipeline.admin.create_topics([NewTopic(f"{pipeline.topic}-out", 3, 1)])[f"{pipeline.topic}-out"].result(30)
    pipeline.wait_until_done(60)
    pipeline.judge()


def test_a_second_process_of_the_same_instance_fences_the_first_and_nothing_comes_out_twice(pipeline):
    pipeline.start(instance="instance: one")
    pipeline.send(500)
    second = pipeline.start(instance="instance: one")
    pipeline.send(500)
    pipeline.wait_until_done(90)
    pipeline.judge()
    assert second.process.poll() is None


def test_who_wants_partitions_back_waits_for_the_jobs_that_run_and_no_longer(pipeline):
    """Neither for the next commit, which is a minute away, nor for the whole patience with running jobs."""
    first = pipeline.start(interval="60s", least="1s")
    pipeline.send(600)
    wait_for(lambda: first.metrics()['millrace_work_uncommitted_records{stream="orders"}'] > 0, 30, what="some done and uncommitted")
    second = pipeline.start(interval="60s", least="1s")
    wait_for(lambda: second.metrics()['millrace_work_uncommitted_records{stream="orders"}'] > 0, 20, what="the second works too")
    assert pipeline.committed() > 0


@pytest.mark.takes(40)
def test_an_output_of_small_batches_takes_all_that_fits_and_the_rest_does_not_hold_it_up(pipeline):
    """What is done within an interval is many times what the output takes in a batch; and what it does not take comes again and again."""
    narrow = NewTopic(f"{pipeline.topic}-out", 3, 1, config={"max.message.bytes": "20000"})
    pipeline.admin.create_topics([narrow])[narrow.topic].result(30)
    large = []
    for _ in range(10):
        pipeline.send(300)
        for _ in range(4):
            large.append(f"job-{pipeline.sent}")
            value = json.dumps({"id": large[-1], "number": pipeline.sent, "pad": "x" * (25000 + len(large))})
            pipeline.producer.produce(pipeline.topic, key=f"key-{pipeline.sent % KEYS}", value=value)
            pipeline.sent += 1
    pipeline.producer.flush(30)
    pipeline.start(interval="1s")
    pipeline.wait_until_done(60)
    _, dead = pipeline.judge()
    assert sorted(json.loads(letter.value())["id"] for letter in dead) == sorted(large)


@pytest.mark.takes(50)
@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_who_cannot_tell_what_became_of_a_transaction_leaves_the_group_no_member_that_nobody_is(millrace, own_kafka, unique, tmp_path, protocol):
    """Its partitions would be nobody's until that one's session is over: 45 s, where the broker leads the group."""
    pipeline = Pipeline(millrace, own_kafka.brokers, f"orders-{unique}", tmp_path)
    server = pipeline.start(least="5ms", protocol=protocol)
    pipeline.send(10000)
    wait_for(lambda: pipeline.committed() > 200, 60, what="some committed")
    own_kafka.pause()
    time.sleep(11)  # a transaction may take 5 s, and 3 more to end
    own_kafka.resume()
    unknown = 'millrace_transactions_total{result="unknown",stream="orders"}'
    wait_for(lambda: server.metrics()[unknown] > 0, 30, what="one of which it cannot be told")
    before = pipeline.committed()
    wait_for(lambda: pipeline.committed() > before, 20, what="more is committed")
    pipeline.wait_until_done(90)
    pipeline.judge()
