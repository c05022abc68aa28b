"""Processes of one group that come, go, are killed and stand still under load, on real Kafka. The judge reads what the handlers
recorded and what the broker has, not the program's own counts."""

import time

import pytest

from chaos.crew import BUSY_STANDSTILL_LIMIT_S, Crew, now_us
from chaos.rounds import gather, join, leave, rebalance_rounds, stand_still
from chaos.traffic import Traffic
from judge import AFTER_WAKING, BEFORE_STOP, DURING_STOP

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
