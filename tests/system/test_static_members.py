"""Static members (`instance`), on real Kafka: one that comes back within its session moves nothing, and two of one name do not fight."""

import time

import pytest

from chaos.crew import Crew, now_us
from chaos.traffic import Traffic
from judge import Verdict
from servers import wait_for


@pytest.fixture
def crew(millrace, kafka, tmp_path, unique):
    return Crew(millrace, kafka, tmp_path, f"static-{unique}", order="key", session="20s")


def rebalances(member, kind):
    return sum(value for name, value in member.metrics().items() if name.startswith("millrace_rebalances_total") and f'kind="{kind}"' in name)


def judged(crew, traffic):
    crew.wait_until_all_is_done()
    for member in list(crew.members):
        crew.leave(member)
    return Verdict(crew.case, traffic.accepted, crew.incidents)


@pytest.mark.takes(30)
def test_a_static_member_that_comes_back_within_its_session_moves_nothing(crew):
    first, second = crew.join("first"), crew.join("second")
    with Traffic(crew.ports) as traffic:
        crew.wait_until_ready()
        crew.wait_until_all_move(now_us())
        before = rebalances(first, "assigned"), rebalances(first, "revoked")
        crew.leave(second)
        time.sleep(2)
        heir = crew.join("second")
        heir.wait_until_ready(30)
        crew.wait_until_all_move(now_us())
        assert (rebalances(first, "assigned"), rebalances(first, "revoked")) == before
        assert rebalances(heir, "assigned") == crew.settings["partitions"] - before[0] + before[1]
    verdict = judged(crew, traffic)
    verdict.assert_clean(25)
    assert verdict.again.total() == 0


@pytest.mark.takes(30)
def test_who_is_driven_out_of_its_name_stays_away_and_says_why(crew):
    first = crew.join("same")
    with Traffic(lambda: [first.port]) as traffic:
        crew.wait_until_ready()
        crew.wait_until_all_move(now_us())
        rival = crew.join("same")
        rival.wait_until_ready(30)
        wait_for(lambda: rebalances(first, "broken") == 1, 20, what="the first one to notice")
        assert "fenced" in first.get("/readyz").body.decode()
        for _ in range(10):
            time.sleep(1)
            assert rebalances(rival, "broken") == 0
        crew.wait_until_all_move(now_us())
    crew.wait_until_all_is_done()
    assert Verdict(crew.case, traffic.accepted, crew.incidents).overtaking == []
