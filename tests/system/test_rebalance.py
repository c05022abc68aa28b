"""Processes of one group that come, go, are killed and stand still under load, on real Kafka. The judge reads what the handlers
recorded and what the broker has, not the program's own counts."""

import json
import time

import pytest
from confluent_kafka import Producer

from chaos.crew import BUSY_STANDSTILL_LIMIT_S, Crew, now_us
from chaos.rounds import gather, join, leave, rebalance_rounds, stand_still
from chaos.traffic import Traffic
from judge import AFTER_WAKING, BEFORE_STOP, DURING_STOP
from servers import wait_for

COMMITTED_WITHIN_US = 2_000_000  # the interval of 0.5 s, and the commit's way to a broker on a busy machine
WORKERS = 10


@pytest.fixture
def crew(millrace, kafka, tmp_path, unique):
    return lambda **settings: Crew(millrace, kafka, tmp_path, f"crew-{unique}", **settings)


@pytest.mark.takes(45)
@pytest.mark.parametrize("assignor, order", [("cooperative-sticky", "key"), ("range", "partition")])
def test_members_that_join_and_leave_in_peace_lose_nothing_and_redo_nothing(crew, dice, assignor, order):
    crew = crew(assignor=assignor, order=order)
    with Traffic(crew.ports) as traffic:
        rebalance_rounds(crew, dice, 6, print, harms=(join, leave))
    verdict = crew.judged(traffic)
    verdict.assert_clean(BUSY_STANDSTILL_LIMIT_S)
    assert verdict.again.total() == 0


@pytest.mark.takes(60)
@pytest.mark.parametrize("order", ["partition", "key"])
def test_rebalances_of_any_kind_lose_nothing_and_overtake_nothing(crew, dice, order):
    crew = crew(order=order)
    with Traffic(crew.ports) as traffic:
        rebalance_rounds(crew, dice, 5, print)
    crew.judged(traffic).assert_clean(BUSY_STANDSTILL_LIMIT_S)


@pytest.mark.takes(35)
def test_a_member_that_stands_still_for_longer_than_its_session_comes_back_in_order(crew, dice):
    """Twice is done only what it had done since its last commit, or what it was at, when it fell asleep."""
    crew = crew()
    with Traffic(crew.ports) as traffic:
        gather(crew, 2)
        crew.wait_until_all_move(now_us())
        for _ in range(2):
            stand_still(crew, dice)
            crew.wait_until_all_move(now_us())
            time.sleep(1)
    verdict = crew.judged(traffic)
    verdict.assert_clean(BUSY_STANDSTILL_LIMIT_S)
    assert verdict.again[AFTER_WAKING] == 0
    assert verdict.again.total() == verdict.again[BEFORE_STOP] + verdict.again[DURING_STOP]
    assert verdict.again[DURING_STOP] <= 2 * WORKERS, "more was under way than it has workers"
    assert verdict.oldest_again_us[BEFORE_STOP] <= COMMITTED_WITHIN_US


@pytest.mark.takes(25)
def test_who_leaves_while_another_is_still_giving_back_leaves_nothing_to_do_again(crew, kafka):
    """The group is divided when the slowest of its members has ended its jobs. Until then whoever has joined it again goes on with what it
    keeps, and no commit of that is answered; who leaves then waits for it."""
    crew = crew(order="key")
    # Room for the long jobs, and no more: second attempts, as of poison, draw from it, and three in a row stand still for that long.
    crew.file.write_text(crew.file.read_text().replace("range: 24ms", "range: 4s"))
    with Traffic(lambda: crew.ports()[:1]) as traffic:  # so that no client keeps the one that leaves
        gather(crew, 2)
        slow, quick = crew.members
        wait_for(lambda: [len(partitions_of(member)) for member in crew.members] == [6, 6], what="a group that is divided")
        give_long_jobs(kafka, crew.case.topic, partitions_of(slow), 4000)
        wait_for(lambda: long_jobs(crew) == ["start"] * 6, what="long jobs to begin")
        rebalances = quick.log().count("wanted back")
        crew.join()
        wait_for(lambda: quick.log().count("wanted back") > rebalances, what="a rebalance")
        time.sleep(0.5)
        assert "end" not in long_jobs(crew), "nobody is waited for any more"
        crew.leave(quick)
        crew.wait_until_all_move(now_us())
    verdict = crew.judged(traffic)
    verdict.assert_clean(BUSY_STANDSTILL_LIMIT_S)
    assert verdict.again.total() == 0


def long_jobs(crew):
    return [line["event"] for line in crew.evidence.lines() if line["key"] == "long"]


def partitions_of(member):
    return [row["partition"] for row in member.stats("partitions")]


def give_long_jobs(kafka, topic, partitions, ms):
    producer = Producer({"bootstrap.servers": kafka.brokers})
    for partition in partitions:
        producer.produce(topic, partition=partition, key="long", value=json.dumps({"id": f"long-{partition}", "processing_time": ms}))
    assert producer.flush(30) == 0
