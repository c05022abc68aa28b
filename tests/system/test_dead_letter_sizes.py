"""Dead letters as large as topics take them: what was accepted is kept whole, and only what the broker refuses leaves a pointer."""

import json

import pytest
from confluent_kafka import Producer

from judges import records_of
from servers import wait_for

MIB = 1024 * 1024


def produce(kafka, topic, value):
    """By a client that leaves it to the broker what is too large."""
    producer = Producer({"bootstrap.servers": kafka.brokers, "message.max.bytes": 10_000_000})
    refusals = []
    producer.produce(topic, value=value, key=b"k", headers=[("kept", b"yes")], on_delivery=lambda error, _: refusals.append(error))
    assert producer.flush(30) == 0
    assert refusals == [None]


def the_dead_letter(kafka, server):
    return wait_for(lambda: records_of(kafka.brokers, f"{server.topic}-dlq"), what="the dead letter")[0]


@pytest.mark.parametrize("size", [1_000_000, MIB - 1000])
def test_a_dead_letter_of_a_mebibyte_arrives_whole(worker_pool, kafka, size):
    server = worker_pool()
    server.wait_until_ready()
    produce(kafka, server.topic, b"z" * size)
    letter = the_dead_letter(kafka, server)
    assert (letter.key(), letter.value()) == (b"k", b"z" * size)
    assert dict(letter.headers())["kept"] == b"yes"


def test_a_topic_with_room_for_the_headers_takes_whatever_its_origin_took(worker_pool, kafka):
    """A record at the broker's own limit: only the headers that say why it is dead make it too large."""
    server = worker_pool("--set", "streams.jobs.work.dead.config.max.message.bytes=2000000")
    server.wait_until_ready()
    produce(kafka, server.topic, b"z" * (MIB - 100))
    assert the_dead_letter(kafka, server).value() == b"z" * (MIB - 100)


def test_what_the_topic_refuses_leaves_a_pointer_to_the_whole(worker_pool, kafka):
    server = worker_pool()
    server.wait_until_ready()
    produce(kafka, server.topic, b"z" * (MIB - 100))
    letter = json.loads(the_dead_letter(kafka, server).value())
    assert letter["origin"]["topic"] == server.topic
    assert letter["bytes"] > MIB - 100
