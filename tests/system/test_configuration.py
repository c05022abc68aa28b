"""A wrong configuration: every mistake with its file, its line and a sentence; exit 1; nothing started."""

import json
import os
import pathlib
import subprocess

import pytest

from conftest import BINARY, ROOT
from servers import free_port

WHOLE = """\
kafka: embedded
redis: local
pool: { workers: 4 }
producers:
  durable: { acks: all, idempotent: true, linger: 1ms }
streams:
  jobs:
    topic: { name: jobs, partitions: 4, create: true }
    shape:
      id: { generate: uuid }
    ingest: { producer: durable, key: "query:key", limit: { rate: 50, burst: 100 } }
    work:
      group: workers
      handler: { simulate: { min: 1ms } }
      order: partition
      retry: { base: 40ms, max: 400ms }
listen:
  main:
    address: "127.0.0.1:PORT"
    routes:
      - { on: "POST /submit", do: ingest.one, stream: jobs, reply: { id: $trace } }
      - { use: [health, metrics] }
metrics:
  views:
    - { name: jobs_sent_total, of: produced }
"""

# What is changed in the whole file, and what the program says of it behind "FILE:".
MISTAKES = {
    "unknown key": ("partitions: 4", "partition: 4", '8: streams.jobs.topic.partition: found an unknown key; did you mean "partitions"?'),
    "unknown section": ("redis: local", "rabbit: local", "2: rabbit: found an unknown key; allowed: kafka, redis, pool, producers, "),
    "no unit": ("linger: 1ms", "linger: 1", '5: producers.durable.linger: found "1"; allowed: a duration with its unit (500us, 100ms, '),
    "wrong unit": ("min: 1ms", "min: 1msec", '14: streams.jobs.work.handler.simulate.min: found "1msec"; allowed: a duration'),
    "wrong type": ("workers: 4", "workers: four", '3: pool.workers: found "four"; allowed: a whole number from 1 to '),
    "out of range": ("workers: 4", "workers: 0", '3: pool.workers: found "0"; allowed: a whole number from 1 to '),
    "unknown choice": ("order: partition", "order: keys", '15: streams.jobs.work.order: found "keys"; allowed: partition, key, none'),
    "missing": ("group: workers", "drain: 1s", "13: streams.jobs.work.group: found nothing, and it is required; allowed: a text"),
    "impossible pair": ("acks: all", "acks: 1", "5: producers.durable: found idempotent: true with acks: 1; allowed: acks: all, or "),
    "base over max": ("base: 40ms", "base: 1s", "16: streams.jobs.work.retry: found a base longer than max; allowed: base <= max"),
    "dead letters come back": ("order: partition", "dead: jobs", '15: streams.jobs.work.dead: found "jobs", whose records would come back'),
    "dead letters come back by a way round": ("      retry: { base: 40ms, max: 400ms }\n", """\
      dead: others
  others: { topic: { name: others }, work: { group: workers, handler: { simulate: {} }, dead: jobs } }
""", '16: streams.jobs.work.dead: found "others", whose records would come back to jobs'),
    "dead letters come back to one of two": ("streams:\n", """\
streams:
  a: { topic: { name: jobs }, work: { group: a, handler: { simulate: {} } } }
  b: { topic: { name: others }, work: { group: b, handler: { simulate: {} } } }
  c: { topic: { name: others }, work: { group: c, handler: { simulate: {} }, dead: jobs } }
  d: { topic: { name: jobs }, work: { group: d, handler: { simulate: {} }, dead: others } }
""", '9: streams.c.work.dead: found "jobs", whose records would come back to others'),
    "worked twice": ("streams:\n", "streams:\n  again: { topic: { name: jobs }, work: { group: workers, handler: { simulate: {} } } }\n",
                     '14: streams.jobs.work.group: found "workers", which works topic jobs in the stream again already; allowed: another group'),
    "a name twice": ("      retry: { base: 40ms, max: 400ms }\n", """\
      instance: a
  others: { topic: { name: others }, work: { group: workers, instance: a, handler: { simulate: {} } } }
""", '17: streams.others.work.instance: found "a", which is the stream jobs in group workers already; allowed: another name, or another'),
    "output comes back": ("order: partition", "output: jobs", '15: streams.jobs.work.output: found "jobs", the stream\'s own topic'),
    "exactly once without brokers": ("order: partition", "guarantee: exactly_once",
                                     "15: streams.jobs.work.guarantee: found exactly_once with the embedded cluster"),
    "a name of transactions": ("kafka: embedded", "kafka: { properties: { transactional.id: a } }",
                               "1: kafka.properties.transactional.id: property transactional.id cannot be set here: set guarantee: exactly_once"),
    "key twice": ("redis: local", "kafka: local", "2: kafka: found the key a second time; it stands on line 1 already"),
    "header of its own": ("producer: durable,", "producer: durable, headers: [x-user, Traceparent],",
                          "11: streams.jobs.ingest.headers: found Traceparent, which goes along anyway; allowed: other headers"),
    "no YAML": ("[health, metrics] }", "[health, metrics }", "22: this is not YAML: did not find expected ',' or ']'"),
    "tab": ("  jobs:\n", "\tjobs:\n", "7: this is not YAML: found character that cannot start any token"),
    "variable unset": ("workers: 4", 'workers: "${T_NOBODY}"', "3: pool.workers: the environment variable T_NOBODY is not set"),
    "variable wrong": ("workers: 4", 'workers: "${T_WRONG}"', '3: pool.workers: found "many" (from T_WRONG); allowed: a whole number'),
    "librdkafka": ("kafka: embedded", "kafka: { properties: { max.poll: 1 } }", "1: kafka.properties.max.poll: property max.poll is refused "),
    "no such stream": ("stream: jobs", "stream: job", '21: listen.main.routes.0.stream: found "job"; allowed: a name in `streams`'),
    "no such producer": ("producer: durable", "producer: d", '11: streams.jobs.ingest.producer: found "d"; allowed: a name in `producers`'),
    "no such action": ("do: ingest.one", "do: ingest.on", '21: listen.main.routes.0.do: found "ingest.on"; allowed: ingest.one, '),
    "no such name": ("$trace", "$nothing", "21: listen.main.routes.0.reply: "),
    "no such bundle": ("[health, metrics]", "[healthy]", '22: listen.main.routes.1.use.0: found "healthy"; allowed: health, metrics, '),
    "no such metric": ("of: produced", "of: eaten", '25: metrics.views.0: "eaten" is no metric; allowed: '),
    "no such label": ("of: produced", "of: produced, where: { streem: jobs }",
                      '25: metrics.views.0: millrace_produced_total has no label "streem"; allowed: stream, topic'),
    "no such label to keep": ("of: produced", "of: produced, labels: [streem]",
                              '25: metrics.views.0: millrace_produced_total has no label "streem"; allowed: stream, topic'),
    "no stream of a view": ("of: produced", "of: produced, where: { topic: any, stream: jbos }",
                            '25: metrics.views.0.where.stream: found "jbos"; allowed: a name in `streams`'),
    "no key": ("query:key", "key", '11: streams.jobs.ingest.key: found "key"; allowed: query:NAME, header:NAME, '),
    "no address": ("127.0.0.1:PORT", "127.0.0.1", '19: listen.main.address: "127.0.0.1" has no port; allowed: '),
    "no generator": ("generate: uuid", "generate: guid", "10: streams.jobs.shape.id: "),
    "two counts of a topic": ("      retry: { base: 40ms, max: 400ms }\n", """\
      dead: { name: jobs-dlq, partitions: 3 }
  others: { topic: { name: jobs-dlq, partitions: 5 } }
""", "17: streams.others.topic.partitions: topic jobs-dlq is wanted with 3 and with 5 partitions"),
    "two divisions of one group": ("      order: partition\n      retry: { base: 40ms, max: 400ms }\n", """\
      assignor: range
  others: { topic: { name: others }, work: { group: workers, handler: { noop: {} } } }
""", '16: streams.others.work.group: found "workers", where the stream jobs has another protocol or assignor; allowed: the same'),
    "an action without its work": ("      retry: { base: 40ms, max: 400ms }\nlisten:\n", """\
  idle: { topic: { name: idle } }
listen:
  other: { address: "127.0.0.1:1", routes: [ { on: "GET /work", do: work.stats, stream: idle } ] }
""", '18: listen.other.routes.0.stream: found "idle", which has no `work`; allowed with work.stats: a stream with one'),
    "no secret": ("kafka: embedded", "kafka: { security: { password: { file: /nowhere } } }",
                  '1: kafka.security.password.file: cannot read "/nowhere": No such file or directory'),
}


def run(command, file, *args):
    names = {**os.environ, "T_WRONG": "many"}
    names.pop("T_NOBODY", None)
    return subprocess.run([str(BINARY), command, "-c", str(file), *args], env=names, capture_output=True, text=True, timeout=30)


def written(folder, text):
    file = folder / "system.yaml"
    file.write_text(text.replace("PORT", str(free_port())))
    return file


@pytest.mark.parametrize("kind", MISTAKES)
def test_a_mistake_is_told_with_its_line_and_nothing_is_started(kind, tmp_path):
    found, wrong, sentence = MISTAKES[kind]
    assert WHOLE.count(found) == 1 or found.startswith(("redis", "  jobs"))
    file = written(tmp_path, WHOLE.replace(found, wrong, 1))
    for command in ("check", "serve"):
        out = run(command, file)
        assert out.returncode == 1
        assert out.stdout == ""
        lines = out.stderr.splitlines()
        assert all(line.startswith(f"{file}:") for line in lines), out.stderr
        assert lines[0].startswith(f"{file}:{sentence}"), out.stderr


# What only the module that starts can tell, without a broker: what is changed, and its sentence.
REFUSALS = {
    "properties of a producer": ("linger: 1ms", "properties: { max.in.flight.requests.per.connection: 10 }",
                                 "producers.durable: producer durable: librdkafka refuses the properties: `max.in.flight` must be set <= 5"),
    "properties of a consumer": ("group: workers", "group: workers\n      properties: { fetch.max.bytes: 1000 }",
                                 "streams.jobs: work: librdkafka refuses the properties: `fetch.max.bytes` must be >= "),
    "properties of all": ("kafka: embedded", "kafka: { brokers: 'localhost:1', security: { protocol: ssl, ca: /etc/passwd } }",
                          "kafka: librdkafka refuses the properties: ssl.ca.location failed"),
    "no certificates": ("redis: local", "redis: { url: 'rediss://localhost:1', tls: { ca: /etc/passwd } }",
                        "redis: redis.tls.ca: no certificates can be read from /etc/passwd"),
    "a record without its folder": ("min: 1ms", "min: 1ms, record: /nowhere/record",
                                    "streams.jobs: work: simulate.record: /nowhere/record cannot be opened for appending: No such file"),
    "a record that is a folder": ("min: 1ms", "min: 1ms, record: /etc",
                                  "streams.jobs: work: simulate.record: /etc cannot be opened for appending: Is a directory"),
    "a route given twice": ("use: [health, metrics]", 'on: "POST /submit", do: ingest.one, stream: jobs',
                            "listen.main: route 2: POST /submit is there already: a route can be given once"),
}


@pytest.mark.parametrize("kind", REFUSALS)
def test_what_serve_would_not_start_check_refuses_in_the_same_words(kind, tmp_path):
    found, wrong, sentence = REFUSALS[kind]
    assert WHOLE.count(found) == 1
    file = written(tmp_path, WHOLE.replace(found, wrong))
    checked, served = run("check", file), run("serve", file)
    assert (checked.returncode, checked.stdout, served.returncode) == (1, "", 1)
    assert checked.stderr.startswith(f"millrace: cannot start: {sentence}"), checked.stderr
    assert len(checked.stderr.splitlines()) == 1
    assert json.dumps(checked.stderr.removeprefix("millrace: ").strip())[1:-1] in served.stdout + served.stderr


def test_check_tells_every_refusal_and_leaves_nothing_behind(tmp_path):
    text = WHOLE
    for kind in ("properties of a producer", "a record that is a folder", "a route given twice"):
        text = text.replace(REFUSALS[kind][0], REFUSALS[kind][1])
    assert len(run("check", written(tmp_path, text)).stderr.splitlines()) == 3
    record = tmp_path / "record"
    assert run("check", written(tmp_path, WHOLE.replace("min: 1ms", f"min: 1ms, record: {record}"))).returncode == 0
    assert not record.exists()


def test_the_file_without_mistakes_is_whole(tmp_path):
    out = run("check", written(tmp_path, WHOLE))
    assert (out.returncode, out.stderr) == (0, "")


def test_all_mistakes_are_told_at_once_in_the_order_of_their_lines(tmp_path):
    kinds = ("no unit", "missing", "unknown choice", "no such bundle", "librdkafka", "no such action")
    text = WHOLE
    for kind in kinds:
        found, wrong, _ = MISTAKES[kind]
        text = text.replace(found, wrong, 1)
    file = written(tmp_path, text)
    lines = run("check", file).stderr.splitlines()
    numbers = [int(line[len(f"{file}:"):].split(":")[0]) for line in lines]
    assert numbers == sorted(numbers)
    assert len(lines) == len(kinds)
    for kind in kinds:
        assert any(line.startswith(f"{file}:{MISTAKES[kind][2]}") for line in lines), kind


def test_a_mistake_of_the_command_line_names_set(tmp_path):
    out = run("serve", written(tmp_path, WHOLE), "--set", "pool.workers=none", "--set", "pool.worker=1")
    assert out.returncode == 1
    lines = out.stderr.splitlines()
    assert lines[0].startswith('--set: pool.worker: found an unknown key; did you mean "workers"?')
    assert lines[1].startswith('--set: pool.workers: found "none"; allowed: a whole number from 1 to ')


def test_a_file_that_is_not_there_is_said(tmp_path):
    out = run("serve", tmp_path / "nothing.yaml")
    assert out.returncode == 1
    assert out.stderr == f"{tmp_path}/nothing.yaml: cannot be read: No such file or directory\n"


@pytest.mark.parametrize("example", sorted(path.name for path in pathlib.Path(ROOT, "examples").glob("*.yaml")))
def test_what_check_prints_is_a_configuration_that_means_the_same(example, tmp_path):
    first = run("check", ROOT / "examples" / example)
    assert first.returncode == 0, first.stderr
    # A secret is not printed, so it cannot come back.
    text = first.stdout.replace('"********"', "redis://localhost:6379")
    second = run("check", written(tmp_path, text))
    assert second.returncode == 0, second.stderr

    def values(printed):
        return [line.split("  #")[0] for line in printed.splitlines()]

    assert values(second.stdout) == values(first.stdout)


@pytest.mark.parametrize("roles,starts", [
    ("ingest", ["# stream jobs: takes events", "# listener main: opens 127.0.0.1:8080"]),
    ("work", ["# stream jobs: works in group worker_group_1", "# listener main: stays closed, its routes are for other roles"]),
    ("ingest,work", ["# stream jobs: takes events, works in group worker_group_1", "# listener main: opens 127.0.0.1:8080"]),
])
def test_check_says_what_the_roles_start(roles, starts):
    out = subprocess.run([BINARY, "check", "--only", roles], capture_output=True, text=True, timeout=30, check=True).stdout
    assert [line for line in out.splitlines() if line.startswith("#")] == starts
