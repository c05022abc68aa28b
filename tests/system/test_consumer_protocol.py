"""`protocol: consumer`: the broker itself divides the partitions (KIP-848), on real Kafka. Its session is shortened there, since it is
not ours to choose."""

import re
import time

import pytest

from chaos.crew import BUSY_STANDSTILL_LIMIT_S, Crew, now_us
from chaos.rounds import gather, join, kill, leave, rebalance_rounds, stand_still
from chaos.traffic import Traffic
from late_answers import LateAnswers
from servers import Kafka, wait_for

SESSION = ("group.consumer.session.timeout.ms=6000", "group.consumer.min.session.timeout.ms=6000",
           "group.consumer.heartbeat.interval.ms=500", "group.consumer.min.heartbeat.interval.ms=500")


def up(node, *settings):
    node.script("up", "--nodes", "1", *(word for setting in (*SESSION, *settings) for word in ("--set", setting)))


@pytest.fixture(scope="module")
def brisk_kafka(tmp_path_factory):
    node = Kafka(tmp_path_factory.mktemp("kafka"))
    up(node)
    yield node
    node.erase()


@pytest.fixture
def crew_of(millrace, tmp_path, unique):
    def gathered_at(kafka):
        crew = Crew(millrace, kafka, tmp_path, f"crew-{unique}", order="key")
        text = re.sub(r"(?m)^ +(assignor|session|heartbeat): .*\n", "", crew.file.read_text())
        crew.file.write_text(text.replace("      queue: 200\n", "      queue: 200\n      protocol: consumer\n"))
        return crew

    return gathered_at


@pytest.fixture
def crew(crew_of, brisk_kafka):
    return crew_of(brisk_kafka)


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


@pytest.mark.takes(40)
def test_a_member_that_did_not_hear_of_its_new_assignment_is_told_again(crew_of, tmp_path):
    """The coordinator tells it once, and then only whoever asks for everything; until then it waits for what is to be given back."""
    kafka = Kafka(tmp_path / "kafka")
    with LateAnswers(kafka.port, late_s=2.5) as way:
        try:
            up(kafka, f"advertised.listeners=PLAINTEXT://127.0.0.1:{way.port}")
            crew = crew_of(kafka)
            with Traffic(crew.ports) as traffic:
                gather(crew, 1)
                crew.wait_until_all_move(now_us())
                began_us = now_us()
                crew.join()
                wait_for(lambda: [len(member.stats("partitions")) for member in crew.members] == [6, 6], 30, what="a group that is divided")
                assert way.kept_back > 0
                crew.broker_was_away(began_us)  # for each member: answers to its commits were behind the one that was kept back
            crew.judged(traffic).assert_clean(BUSY_STANDSTILL_LIMIT_S)
        finally:
            kafka.erase()


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
