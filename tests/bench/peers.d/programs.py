"""The peers as processes: each is started with what it takes, waited for, and ended by its own pid."""

import math
import os
import pathlib
import re
import subprocess
import threading
import urllib.request
import uuid

from servers import free_port, wait_for
from way_out import Works

HERE = pathlib.Path(__file__).resolve().parent
EVENT = b'{"id":"warm","processing_time":1}'


class Peer:
    """A process in the folder of its log."""

    def __init__(self, folder, words, environment=None, stdout=None):
        self.log = pathlib.Path(folder) / f"{pathlib.Path(words[0]).name}-{uuid.uuid4().hex[:8]}.log"
        with open(self.log, "wb") as out:
            self.process = subprocess.Popen(list(map(str, words)), env={**os.environ, **(environment or {})}, stdout=stdout or out, stderr=out, text=True)

    @property
    def pid(self):
        return self.process.pid

    def lives(self):
        assert self.process.poll() is None, f"{self.process.args[0]} has ended:\n{self.log.read_text(errors='replace')[-4000:]}"
        return True

    def end(self):
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


# --- the way in: POST /submit ---


class Submits(Peer):
    def __init__(self, folder, port, words, environment=None):
        super().__init__(folder, words, environment)
        self.port = port

    def wait_until_ready(self):
        wait_for(lambda: self.lives() and self._stores(), 30, what=f"{self.process.args[0]} to store an event")

    def _stores(self):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/submit", EVENT, {"Content-Type": "application/json"})
        try:
            return urllib.request.urlopen(request, timeout=5).status == 200
        except OSError:
            return False


def go_original(program, folder, kafka, redis, topic):
    port = free_port()
    words = [program, "-listen", f"127.0.0.1:{port}", "-brokers", kafka.brokers, "-topic", topic, "-redis", f"127.0.0.1:{redis.port}"]
    return Submits(folder, port, words)


def connect(batch, program, folder, kafka, _redis, topic):
    """Waits for `batch` events, a millisecond at most."""
    port = free_port()
    environment = {"PORT": str(port), "ADMIN_PORT": str(free_port()), "KAFKA_BROKERS": kafka.brokers, "KAFKA_TOPIC": topic}
    environment["BATCH_COUNT"] = str(batch)
    return Submits(folder, port, [program, "-c", HERE / "connect" / "connect.yaml"], environment)


# --- the way out: work that does nothing ---


def group():
    return f"bench-{uuid.uuid4().hex[:12]}"


class JavaConsumer(Peer, Works):
    """Prints how many records it has done; Kafka's own client alone is too quick for one round of the topic, and goes round."""

    def __init__(self, classes, bench, mode, topic):
        words = ["java", "-cp", classes, "Peer", mode, bench.kafka.brokers, topic, group(), bench.options.records]
        super().__init__(bench.folder, words, stdout=subprocess.PIPE)
        self.goes_round = mode == "plain"
        self.latest = 0
        threading.Thread(target=self._read, daemon=True).start()

    def rate(self, records, seconds=None, settle=0):
        return super().rate(math.inf if self.goes_round else records, seconds, settle)

    def _read(self):
        for line in self.process.stdout:
            self.latest = int(line)

    def done(self):
        self.lives()
        return self.latest


class GoPool(Peer, Works):
    """Tells it in its metrics."""

    def __init__(self, program, bench, topic):
        self.address = f"127.0.0.1:{free_port()}"
        super().__init__(bench.folder, [program, "-listen", self.address, "-brokers", bench.kafka.brokers, "-topic", topic, "-group", group()])

    def done(self):
        self.lives()
        try:
            metrics = urllib.request.urlopen(f"http://{self.address}/metrics", timeout=5).read().decode()
        except OSError:
            return 0
        return int(float(re.search(r"^my_system_worker_pool_consumer_processed_total (\S+)", metrics, re.M).group(1)))
