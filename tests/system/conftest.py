"""The real parts that system tests stand on: Apache Kafka, Redis and the built program, each on free loopback ports.

Every server is ended by the process that was started here. Tests run several at a time (`pytest -n 4`), and mostly wait.
One Kafka node serves all of them, because it takes seconds to start: they keep apart by topics and groups of their own. A
test that stops a broker asks for one of its own (`own_kafka`, or `own_cluster` for three).
"""

import contextlib
import os
import pathlib
import random
import tempfile
import uuid

import pytest

from chaos.stage import fresh_seed
from jaeger import Jaeger
from servers import Kafka, Millrace, Redis

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("MILLRACE", ROOT / "build" / "src" / "millrace"))
SHARED_KAFKA = pytest.StashKey()


def pytest_configure(config):
    """Who leads the run chooses the place of its Kafka, and ends it; pytest-xdist's workers are told the place."""
    told = getattr(config, "workerinput", {})
    folder = told.get("kafka_folder") or tempfile.mkdtemp(prefix="millrace-kafka-")
    config.stash[SHARED_KAFKA] = Kafka(pathlib.Path(folder), port=told.get("kafka_port"))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node):
    shared = node.config.stash[SHARED_KAFKA]
    node.workerinput.update(kafka_folder=str(shared.folder), kafka_port=shared.port)


def pytest_unconfigure(config):
    if not hasattr(config, "workerinput"):
        config.stash[SHARED_KAFKA].erase()


def pytest_collection_modifyitems(config, items):
    """Longest first, dealt out to the workers in turn: pytest-xdist gives each an equal piece of the list, the shorter pieces first."""
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    items.sort(key=seconds_told, reverse=True)
    items[:] = [item for worker in reversed(range(workers)) for item in items[worker::workers]]


def seconds_told(item):
    told = item.get_closest_marker("takes")
    return told.args[0] if told else 0


@pytest.fixture(scope="session")
def kafka(pytestconfig):
    """The run's own node. Whoever asks first starts it."""
    pytestconfig.stash[SHARED_KAFKA].up()
    return pytestconfig.stash[SHARED_KAFKA]


@pytest.fixture
def own_kafka(tmp_path):
    """One node that nobody else uses: to be stopped, killed, paused."""
    with Kafka(tmp_path / "kafka") as node:
        yield node


@pytest.fixture
def own_cluster(tmp_path):
    """Three nodes that nobody else uses."""
    with Kafka(tmp_path / "kafka", nodes=3) as cluster:
        yield cluster


@pytest.fixture
def redis(tmp_path):
    with Redis(tmp_path) as server:
        yield server


@pytest.fixture
def jaeger(tmp_path):
    with Jaeger(tmp_path) as server:
        yield server


@pytest.fixture
def unique():
    """A word for names of topics, groups and buckets that no other test uses."""
    return uuid.uuid4().hex[:12]


@pytest.fixture
def dice():
    """Chance that can be had again: a failure shows the seed."""
    seed = fresh_seed()
    print("seed", seed)
    return random.Random(seed)


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
            "OBSERVE_ADDR": "127.0.0.1:0",
        }
        environment.update(env or {})
        server = millrace("-c", str(ROOT / "examples" / "worker-pool.yaml"), *args, env=environment, **options)
        server.topic = environment["KAFKA_TOPIC"]
        server.group = environment["KAFKA_GROUP_ID"]
        return server

    return start
