"""What benchmarks of the way out share: topics that are filled before, and a process that works them, Millrace first of all."""

import json
import os
import pathlib
import subprocess
import tempfile
import time
import uuid

from measuring import cpu_seconds
from servers import Millrace, wait_for

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("MILLRACE_BUILD", ROOT / "build-release"))
PROGRAMS = BUILD / "tests" / "bench"


class Topics:
    """Topics of one broker; `records` are in each that is filled."""

    def __init__(self, kafka, records):
        self.kafka = kafka
        self.records = records
        self.partitions = {}

    def topic(self, name, partitions):
        if name not in self.partitions:
            self.kafka.script("topics", "--create", "--topic", name, "--partitions", str(partitions))
            self.partitions[name] = partitions
        return name

    def fill(self, topic, records, keys, *paced):
        words = [str(PROGRAMS / "fill"), self.kafka.brokers, topic, str(records), str(keys), *map(str, paced)]
        return subprocess.run(words, check=True, capture_output=True, text=True).stdout

    def filled(self, partitions, keys):
        """A topic with all records, filled once."""
        name = f"full-{partitions}-{keys}"
        if name not in self.partitions:
            self.fill(self.topic(name, partitions), self.records, keys)
        return name


class Works:
    """A process with a pid that can say how many records it has done."""

    def sample(self):
        done = self.done()
        return time.monotonic(), done, cpu_seconds(self.pid)

    def rate(self, records, seconds=None, settle=0):
        """Records a second and microseconds of CPU a record: until all are done, or for so long after settling."""
        wait_for(self.done, 60, every=0.005, what="a record")
        time.sleep(settle)
        began, before, used_before = self.sample()
        assert before < records or settle == 0, f"all {records} were done before it had settled"
        until = began + (seconds or 300)
        while True:
            now, done, used = self.sample()
            if done >= records or now >= until:
                break
            time.sleep(min(0.02, max(0.0, until - now)))
        return (done - before) / (now - began), (used - used_before) / (done - before) * 1e6


AS_USUAL = {}  # settings of `traces:`; records of these topics bring none along


def config(kafka, topic, order, handler, concurrency, held, partitions, traces, more):
    """Small records: what waits is bounded by number, and many are taken at once."""
    return {
        "traces": traces,
        "kafka": {"brokers": kafka.brokers},
        "redis": "local",
        "log": "info",
        "streams": {
            "jobs": {
                "topic": {"name": topic, "partitions": partitions},
                "work": {
                    "group": f"bench-{uuid.uuid4().hex[:12]}",
                    "handler": handler,
                    "order": order,
                    "queue": held,
                    "window": {"records": held * 2},
                    "concurrency": concurrency,
                    **more,
                },
            }
        },
        "listen": {"main": {"address": "127.0.0.1:0", "routes": [{"use": ["health", "metrics", "debug"]}]}},
    }


class Worker(Works):
    """One run of Millrace on a topic, in a group of its own."""

    def __init__(self, topics, topic, order, handler, concurrency=1000, held=10000, traces=AS_USUAL, **more):
        """`more` is about the work."""
        self.folder = tempfile.TemporaryDirectory()
        folder = pathlib.Path(self.folder.name)
        settings = config(topics.kafka, topic, order, handler, concurrency, held, topics.partitions[topic], traces, more)
        (folder / "work.yaml").write_text(json.dumps(settings))  # JSON is YAML
        self.server = Millrace(BUILD / "src" / "millrace", folder / "log", ["-c", str(folder / "work.yaml")], {})
        self.server.wait_until_listening()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.end()
        self.folder.cleanup()

    @property
    def pid(self):
        return self.server.pid

    def done(self):
        return int(self.server.metrics().get('millrace_worked_total{outcome="done",stream="jobs"}', 0))

    def wait_until_done(self, records, timeout=120):
        wait_for(lambda: self.done() >= records, timeout, what=f"{records} records done")
