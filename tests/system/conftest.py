"""The real parts that system tests stand on: Apache Kafka, Redis and the built program, each on free loopback ports.

Every server is ended by the process that was started here. Kafka is one node for the whole session, because it takes
seconds to start; tests keep apart by topics and groups of their own. A test that stops a broker asks for one of its own
(`own_kafka`).
"""

import contextlib
import os
import pathlib
import uuid

import pytest

from servers import Kafka, Millrace, Redis

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("MILLRACE", ROOT / "build" / "src" / "millrace"))


@pytest.fixture(scope="session")
def kafka(tmp_path_factory):
    with Kafka(tmp_path_factory.mktemp("kafka")) as cluster:
        yield cluster


@pytest.fixture
def own_kafka(tmp_path):
    with Kafka(tmp_path / "kafka") as cluster:
        yield cluster


@pytest.fixture
def redis(tmp_path):
    with Redis(tmp_path) as server:
        yield server


@pytest.fixture
def unique():
    """A word for names of topics, groups and buckets that no other test uses."""
    return uuid.uuid4().hex[:12]


@pytest.fixture
def millrace(tmp_path):
    """Starts the program as often as wanted; whatever still runs at the end is ended, and must not have crashed."""
    started = []

    def start(*args, env=None, wait=True, **options):
        server = Millrace(BINARY, tmp_path / f"millrace-{len(started)}.log", args, env or {}, **options)
        started.append(server)
        if wait:
            server.wait_until_listening()
        return server

    yield start
    with contextlib.ExitStack() as every:  # one that ended badly leaves none of the others running
        for server in started:
            every.callback(server.end)


@pytest.fixture
def worker_pool(millrace, kafka, redis, unique):
    """examples/worker-pool.yaml on the session's Kafka and a Redis of the test's own."""

    def start(*args, env=None, **options):
        environment = {
            "KAFKA_BROKERS": kafka.brokers,
            "REDIS_URL": redis.url,
            "KAFKA_TOPIC": f"jobs-{unique}",
            "KAFKA_GROUP_ID": f"group-{unique}",
            "HTTP_ADDR": "127.0.0.1:0",
        }
        environment.update(env or {})
        server = millrace("-c", str(ROOT / "examples" / "worker-pool.yaml"), *args, env=environment, **options)
        server.topic = environment["KAFKA_TOPIC"]
        server.group = environment["KAFKA_GROUP_ID"]
        return server

    return start
