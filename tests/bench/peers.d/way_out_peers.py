"""The way out: work that does nothing, on topics that were filled before; each run is a group of its own."""

import collections
import re

from building import Absent, go_program, had, java_classes, output, tool, untried
from comparison import mib, microseconds, per_second, ratios
from measuring import memory
from programs import GoPool, JavaConsumer
from way_out import Topics, Worker

PARTITIONS = 8
KEYS = 10000


def java(mode):
    return lambda classes, bench, topic: JavaConsumer(classes, bench, mode, topic)


def on_java(least):
    version = int(re.search(r"(\d+)", output(tool("java"), "--version")).group(1))
    if version < least:
        raise Absent(f"it needs Java {least}, and {version} is here")
    untried("java", "")


# get: what to have, or raises Absent; start: of what was had; warms: its code is compiled while it runs; rate, cpu: how many times its
# records/s Millrace is to do, with how many times less CPU a record
Peer = collections.namedtuple("Peer", "name get start warms rate cpu")
Section = collections.namedtuple("Section", "name keys order peers")


def parallel(order, rate=None, cpu=None):
    return Peer("parallel-consumer 0.5.3.3", (java_classes, "java_consumers"), java(order), True, rate, cpu)


SECTIONS = [
    Section(f"by key, {KEYS:,} keys", KEYS, "key", [
        parallel("key", cpu=10),
        Peer("KPipe", (on_java, 25), None, True, None, None),
    ]),
    Section("by key, one hot key", 1, "key", [parallel("key", rate=500)]),
    Section("order by partition", KEYS, "partition", [
        parallel("partition"),
        Peer("Kafka's Java client, one thread", (java_classes, "java_consumers"), java("plain"), True, None, None),
        Peer("sarama and a pool", (go_program, "go_original"), GoPool, False, None, None),
    ]),
]


def compare(bench):
    topics = Topics(bench.kafka, bench.options.records)
    for section in SECTIONS:
        print_table(bench.table, section, measure(bench, topics, section))


def measure(bench, topics, section):
    topic = topics.filled(PARTITIONS, section.keys)
    present = [peer for peer in section.peers if not isinstance(had(*peer.get), Absent)]
    results = collections.defaultdict(list)
    for _ in range(bench.options.repeat):
        results["Millrace"].append(work(bench.options, Worker(topics, topic, section.order, {"noop": {}}), 0))
        for peer in present:
            settle = bench.options.warm if peer.warms else bench.options.warm / 4
            results[peer.name].append(work(bench.options, peer.start(had(*peer.get), bench, topic), settle))
    return results


Run = collections.namedtuple("Run", "rate cpu size")


def work(options, program, settle):
    with program:
        return Run(*program.rate(options.records, options.seconds, settle), memory(program.pid, "VmRSS"))


def print_table(table, section, results):
    table.heading(f"way out, {section.name}", "records/s", "CPU a record", "memory", "Millrace: times its records/s", "Millrace: times less CPU")
    rates, cpus, columns = figures(results["Millrace"])
    table.row("Millrace", *columns, "", "")
    for peer in section.peers:
        if peer.name not in results:
            table.absent(peer.name, had(*peer.get), sum(goal is not None for goal in (peer.rate, peer.cpu)))
            continue
        its_rates, its_cpus, columns = figures(results[peer.name])
        table.row(peer.name, *columns, table.times(ratios(rates, its_rates), peer.rate), table.times(ratios(its_cpus, cpus), peer.cpu))


def figures(runs):
    rates, cpus, sizes = zip(*runs)
    return rates, cpus, (per_second(rates), microseconds(cpus), mib(max(sizes)))
