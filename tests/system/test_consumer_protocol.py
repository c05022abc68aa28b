"""`protocol: consumer`: the broker itself divides the partitions (KIP-848), on real Kafka. Its session is shortened there, since it is
not ours to choose."""

import re
import time

import pytest

from chaos.crew import BUSY_STANDSTILL_LIMIT_S, Crew, now_us
from chaos.rounds import gather, join, kill, leave, rebalance_rounds, stand_still
from chaos.traffic import Traffic
from servers import Kafka

SESSION = ("group.consumer.session.timeout.ms=6000", "group.consumer.min.session.timeout.ms=6000",
           "group.consumer.heartbeat.interval.ms=500", "group.consumer.min.heartbeat.interval.ms=500")


@pytest.fixture(scope="module")
def brisk_kafka(tmp_path_factory):
    node = Kafka(tmp_path_factory.mktemp("kafka"))
    node.script("up", "--nodes", "1", *(word for setting in SESSION for word in ("--set", setting)))
    yield node
    node.erase()


@pytest.fixture
def crew(millrace, brisk_kafka, tmp_path, unique):
    crew = Crew(millrace, brisk_kafka, tmp_path, f"crew-{unique}", order="key")
    text = re.sub(r"(?m)^ +(assignor|session|heartbeat): .*\n", "", crew.file.read_text())
    crew.file.write_text(text.replace("      queue: 200\n", "      queue: 200\n      protocol: consumer\n"))
    return crew


@pytest.mark.takes(40)
def test_members_that_join_and_leave_in_peace_lose_nothing_and_redo_nothing(crew, dice):
    with Traffic(crew.ports) as traffic:
        rebalance_rounds(crew, dice, 6, print, harms=(join, leave))
    verdict = crew.judged(traffic)
    verdict.assert_clean(BUSY_STANDSTILL_LIMIT_S)
    assert verdict.again.total() == 0


@pytest.mark.takes(60)
def test_members_that_are_killed_or_stand_still_lose_nothing_and_overtake_nothing(crew, dice):
    with Traffic(crew.ports) as traffic:
        rebalance_rounds(crew, dice, 4, print, harms=(join, kill, stand_still))
    crew.judged(traffic).assert_clean(BUSY_STANDSTILL_LIMIT_S)


@pytest.mark.takes(45)
def test_a_static_member_that_was_killed_has_its_name_again_when_its_session_is_over(crew):
    """Until then the broker refuses the name with a fatal error, and the client is made anew."""
    with Traffic(crew.ports) as traffic:
        gather(crew, 2, static=True)
        static = next(member for member in crew.members if member.instance)
        crew.wait_until_all_move(now_us())
        crew.kill(static)
        heir = crew.join(static.instance)
        heir.wait_until_ready(60)
        crew.wait_until_all_move(now_us())
        assert 'kind="broken"' in heir.get("/metrics").body.decode()
    crew.judged(traffic).assert_clean(BUSY_STANDSTILL_LIMIT_S)


@pytest.mark.takes(45)
def test_a_broker_that_stood_still_for_longer_than_its_session_is_found_back(crew, brisk_kafka):
    """It is fenced for a moment, and tells of a cluster without brokers; the members hear of no loss, for they hear of no coordinator."""
    with Traffic(crew.ports) as traffic:
        gather(crew, 2)
        crew.wait_until_all_move(now_us())
        for _ in range(2):
            began_us = now_us()
            brisk_kafka.pause()
            time.sleep(11)
            brisk_kafka.resume()
            crew.wait_until_all_move(now_us())
            crew.broker_was_away(began_us)
    crew.judged(traffic).assert_clean(11 + BUSY_STANDSTILL_LIMIT_S)
