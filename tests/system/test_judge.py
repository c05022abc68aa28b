"""The judge finds what is wrong: stories told by hand, on a real topic with real commits."""

import json
import time

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from chaos.crew import now_us
from evidence import Evidence
from judge import AFTER_WAKING, BEFORE_KILL, COMMITTED, IN_PEACE, KILLED, LEFT, STOOD_STILL, UNEXPLAINED, Case, Incident, Verdict
from judges import create_topic

RECORDS = 3
SECOND = 1_000_000


class Story:
    """Three records of one key in one partition, and what processes did with them. Times are seconds, the first record arrives at 0."""

    def __init__(self, kafka, topic, file):
        self.kafka = kafka
        self.topic = topic
        self.file = file
        self.incidents = []
        create_topic(kafka, topic, 1)
        producer = Producer({"bootstrap.servers": kafka.brokers})
        for number in range(RECORDS):
            producer.produce(topic, key="k", value=json.dumps({"id": f"job-{number}"}))
        assert producer.flush(30) == 0
        self.began_us = now_us()

    def at(self, seconds):
        return int(self.began_us + seconds * SECOND)

    def attempt(self, pid, offset, start, end, outcome="done"):
        for event, moment in (("start", start), ("end", end)):
            line = {"us": self.at(moment), "pid": pid, "event": event, "partition": 0, "offset": offset, "attempt": 1, "key": "k"}
            if event == "end":
                line["outcome"] = outcome
            with open(self.file, "a", encoding="utf-8") as out:
                out.write(json.dumps(line) + "\n")

    def all_done(self, pid=1, start=0.0):
        for offset in range(RECORDS):
            self.attempt(pid, offset, start + offset / 10, start + offset / 10 + 0.05)

    def commit(self, offset):
        consumer = Consumer({"bootstrap.servers": self.kafka.brokers, "group.id": f"{self.topic}-group"})
        consumer.commit(offsets=[TopicPartition(self.topic, 0, offset)], asynchronous=False)
        consumer.close()

    def happens(self, kind, pid, began, ended=None):
        self.incidents.append(Incident(kind, pid, self.at(began), self.at(ended if ended is not None else began)))

    def verdict(self, accepted=()):
        case = Case(self.kafka.brokers, self.topic, f"{self.topic}-group", Evidence(self.file))
        return Verdict(case, dict.fromkeys(accepted, (0, -1)), self.incidents)


@pytest.fixture
def story(kafka, tmp_path, unique):
    return Story(kafka, f"story-{unique}", tmp_path / "evidence.jsonl")


def test_a_job_that_is_nowhere_is_lost(story):
    story.all_done()
    assert "1 accepted jobs are not in the topic" in story.verdict(accepted=["job-0", "job-9"]).problems()[0]


def test_a_record_that_nobody_ends_is_lost(story):
    story.attempt(1, 0, 0, 0.1)
    story.attempt(1, 1, 0.2, 0.3, outcome="failed")
    assert "2 records are neither done nor dead" in story.verdict().problems()[0]


def test_a_record_that_begins_before_the_one_before_it_has_ended_is_out_of_order(story):
    story.attempt(1, 0, 0, 0.1)
    story.attempt(1, 2, 0.2, 0.3)
    story.attempt(1, 1, 0.4, 0.5)
    assert "out of order" in story.verdict().problems()[0]


def test_a_commit_ahead_of_the_work_is_found(story):
    story.commit(2)
    time.sleep(0.01)
    late = (now_us() - story.began_us) / SECOND + 1
    story.all_done(start=late)
    assert story.verdict().problems() == [f"2 records were committed before they had ended: {[(0, 0), (0, 1)]}"]


@pytest.mark.parametrize("kind, ended, cause", [(None, None, UNEXPLAINED), (LEFT, None, IN_PEACE), (KILLED, None, BEFORE_KILL)])
def test_what_ends_twice_needs_a_reason(story, kind, ended, cause):
    story.all_done(pid=1)
    if kind is not None:
        story.happens(kind, 1, 1, ended)
    story.attempt(2, 2, 2, 2.1)
    verdict = story.verdict()
    assert dict(verdict.again) == {cause: 1}
    assert (verdict.problems() == []) == (cause == BEFORE_KILL)


def test_what_is_begun_again_although_it_was_committed_is_found_after_a_kill_too(story):
    story.all_done(pid=1)
    time.sleep(0.5)
    story.commit(3)
    later = (now_us() - story.began_us) / SECOND
    story.happens(KILLED, 1, later)
    story.attempt(2, 2, later + 1, later + 1.1)
    verdict = story.verdict()
    assert dict(verdict.again) == {COMMITTED: 1} and verdict.problems() != []


def test_what_a_process_begins_when_it_wakes_up_is_its_mistake(story):
    story.attempt(1, 0, 0, 0.1)
    story.happens(STOOD_STILL, 1, 1, 10)
    story.attempt(2, 1, 5, 5.1)
    story.attempt(2, 2, 5.2, 5.3)
    story.attempt(1, 1, 10.1, 10.2)
    assert dict(story.verdict().again) == {AFTER_WAKING: 1}
