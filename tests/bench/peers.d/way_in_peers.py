"""The way in: events by HTTP, answered after the broker's acknowledgement; what was answered is looked for in the topic."""

import collections
import functools
import pathlib
import re
import statistics
import subprocess
import time

from building import Absent, go_program, had, untried
from comparison import mib, microseconds, per_second, ratios
from measuring import memory
from programs import connect, go_original
from servers import Millrace, Redis
from way_out import BUILD
from wrk import load

CONFIG = pathlib.Path(__file__).resolve().parents[1] / "way_in.yaml"
CONNECTIONS = (64, 1024)
PARTITIONS = 20


# get: what to have, or raises Absent; start: of what was had; goal: how many times less CPU Millrace is to take
Peer = collections.namedtuple("Peer", "name get start goal")


def benthos(batch):
    return Peer(f"Benthos 4.27.0 (Redpanda Connect), batches of {batch:,}", (go_program, "connect"), functools.partial(connect, batch), 3)


PEERS = [
    Peer("gin, sarama, go-redis", (go_program, "go_original"), go_original, 9),
    benthos(64),
    benthos(1000),
    Peer("Fluent Bit", (untried, "fluent-bit", "Debian has no package of it"), None, None),
]


def millrace(folder, kafka, redis, topic):
    environment = {"KAFKA_BROKERS": kafka.brokers, "REDIS_URL": redis.url, "KAFKA_TOPIC": topic}
    words = ["-c", str(CONFIG), "--set", "listen.main.limits.connections=20000", "--set", "log.level=info"]
    words += ["--set", "traces.disabled=true"]
    server = Millrace(BUILD / "src" / "millrace", pathlib.Path(folder) / "millrace.log", words, environment)
    server.wait_until_listening()
    return server


def stored(kafka, topic):
    """Records in the topic, when no more arrive: what wrk no longer waited for comes after its end."""
    words = ["kcat", "-b", kafka.brokers, "-Q"]
    for partition in range(PARTITIONS):
        words += ["-t", f"{topic}:{partition}:-1"]
    count, before = 0, -1
    while count != before:
        time.sleep(0.3)
        before = count
        out = subprocess.run(words, check=True, capture_output=True, text=True).stdout
        count = sum(map(int, re.findall(r"offset (\d+)", out)))
    return count


class Submitter:
    """A running program and the topic that it alone writes."""

    def __init__(self, bench, redis, name, start):
        self.kafka = bench.kafka
        self.topic = re.sub(r"\W+", "-", name)
        self.kafka.script("topics", "--create", "--topic", self.topic, "--partitions", str(PARTITIONS))
        self.server = start(bench.folder, self.kafka, redis, self.topic)
        self.answered = self.missing = 0

    def measure(self, connections, seconds):
        before = stored(self.kafka, self.topic)
        result = load(self.server.pid, self.server.port, connections, 0, 1, seconds)
        lost = max(0, result.requests - result.refused - (stored(self.kafka, self.topic) - before))
        self.answered += result.requests
        self.missing += result.refused + lost
        return result

    def arrived(self):
        return f"all {self.answered:,}" if self.missing == 0 else f"**not {self.missing:,}** of {self.answered:,}"

    def size(self):
        return mib(memory(self.server.pid, "VmRSS"))


def compare(bench):
    starts = {"Millrace": millrace}
    starts.update({peer.name: functools.partial(peer.start, had(*peer.get)) for peer in PEERS if not isinstance(had(*peer.get), Absent)})
    running = {}
    with Redis(bench.folder) as redis:
        try:
            for name, start in starts.items():
                running[name] = Submitter(bench, redis, name, start)
                running[name].server.wait_until_ready()
            for connections in CONNECTIONS:
                print_table(bench.table, connections, running, measure(bench.options, connections, running))
        finally:
            for program in running.values():
                program.server.end()


def measure(options, connections, running):
    results = {name: [] for name in running}
    for program in running.values():
        program.measure(connections, max(1, options.warm // 4))
    for _ in range(options.repeat):
        for name, program in running.items():
            results[name].append(program.measure(connections, options.seconds))
    return results


def print_table(table, connections, running, results):
    table.heading(f"way in, {connections:,} connections", "events/s", "CPU an event", "p99", "memory", "stored", "Millrace: times its events/s",
                  "Millrace: times less CPU")
    own = figures(results["Millrace"])
    table.row("Millrace", *own.columns(), running["Millrace"].size(), running["Millrace"].arrived(), "", "")
    for peer in PEERS:
        if peer.name not in running:
            table.absent(peer.name, had(*peer.get), peer.goal is not None)
            continue
        its = figures(results[peer.name])
        table.row(peer.name, *its.columns(), running[peer.name].size(), running[peer.name].arrived(),
                  table.times(ratios(own.rates, its.rates)), table.times(ratios(its.cpus, own.cpus), peer.goal))


class Figures(collections.namedtuple("Figures", "rates cpus p99s")):
    def columns(self):
        return per_second(self.rates), microseconds(self.cpus), f"{statistics.median(self.p99s):.1f} ms"


def figures(results):
    return Figures([row.rate for row in results], [row.cpu for row in results], [row.p99 for row in results])
