"""Work is seen and changed while it runs: by routes with templates, as other systems' consumers answer, and without."""

import re
import subprocess
import time

import pytest

from conftest import BINARY, ROOT
from evidence import Evidence
from servers import Millrace, wait_for
from test_work_faults import committed, produce

# The routes of a consumer that somebody's dashboards know.
ROUTES = """[
  { use: [health, metrics, debug] },
  { on: "POST /submit", do: ingest.one, stream: jobs },
  { on: "POST /pause", do: work.pause, stream: jobs, reply: { status: paused, instance_id: $instance } },
  { on: "POST /resume", do: work.resume, stream: jobs, reply: { status: resumed, instance_id: $instance } },
  { on: "GET /config", do: work.get, stream: jobs, reply: { processing_time_ms: $processing_time_ms, paused: $paused } },
  { on: "POST /config", do: work.set, stream: jobs, reply: { processing_time_ms: $processing_time_ms, paused: $paused } },
  { on: "POST /slow", do: work.set, stream: jobs, with: { processing_time_ms: "query:time_ms=2000" },
    reply: { processing_time_ms: $processing_time_ms } },
  { on: "POST /fast", do: work.set, stream: jobs, with: { processing_time_ms: "query:time_ms=50" },
    reply: { processing_time_ms: $processing_time_ms } },
  { on: "GET /stats", do: work.stats, stream: jobs, reply: { instance_id: $instance, group_id: $group, topic: $topic, paused: $paused,
    processing_time_ms: $processing_time_ms, running: $consuming, messages_processed: $done, last_message_time: $last_done,
    assigned_partitions: $partitions } },
  { on: "GET /consumer/health", do: work.get, stream: jobs,
    reply: { status: $health, consumers: $consumers, totalProcessed: $done } },
  { on: "GET /assigned", do: work.assigned, stream: jobs },
  { on: "GET /counts", do: work.counts, stream: jobs },
  { on: "GET /plain", do: work.get, stream: jobs },
  { on: "POST /plain", do: work.set, stream: jobs },
]"""
FIXED_TIME = {"JOB_PROCESS_TIME_MIN": "20", "JOB_PROCESS_TIME_RANGE": "0", "JOB_PROCESS_FAIL_RATE": "0", "KAFKA_PARTITIONS": "3",
              "LIMIT_RATE": "100000", "LIMIT_CAPACITY": "100000"}


@pytest.fixture
def consumer(worker_pool, tmp_path):
    """The worker pool with those routes."""
    evidence = Evidence(tmp_path / "evidence.jsonl")

    def start(*args, env=None, **options):
        return worker_pool("--set", f"listen.main.routes={' '.join(ROUTES.split())}",
                           "--set", f"streams.jobs.work.handler.simulate.record={evidence.file}", *args,
                           env={**FIXED_TIME, **(env or {})}, **options)

    start.evidence = evidence
    return start


def jobs(count, partitions=3):
    return [{"value": b"{}", "partition": i % partitions} for i in range(count)]


def done(server):
    return server.get("/stats").json()["messages_processed"]


@pytest.mark.takes(25)
def test_a_pause_stops_the_work_keeps_the_membership_and_goes_on_where_it_stood(consumer, kafka):
    server = consumer("--set", "streams.jobs.work.session=6s", "--set", "streams.jobs.work.max_poll=6s",
                      "--set", "streams.jobs.work.drain=3s", "--set", "streams.jobs.work.heartbeat=500ms")
    server.wait_until_ready()
    produce(kafka, server.topic, jobs(900))
    wait_for(lambda: done(server) > 50, what="some jobs")
    reply = server.post("/pause", b"")
    assert reply.status == 200
    assert reply.json() == {"status": "paused", "instance_id": server.get("/stats").json()["instance_id"]}

    time.sleep(0.3)
    before = done(server)
    time.sleep(8)  # longer than the group would wait for a member that does not poll
    assert done(server) == before < 900
    assert server.get("/readyz").status == 200
    assert server.get("/config").json() == {"processing_time_ms": 20, "paused": True}
    metrics = server.metrics()
    assert metrics['millrace_work_paused{stream="jobs"}'] == 1
    assert metrics['millrace_rebalances_total{kind="lost",stream="jobs"}'] == 0
    assert sorted(server.get("/stats").json()["assigned_partitions"]) == [0, 1, 2]
    assert sum(committed(kafka, server, 3).values()) == before

    assert server.post("/resume", b"").json()["status"] == "resumed"
    wait_for(lambda: done(server) == 900, 40, what="all jobs")
    assert set(consumer.evidence.done().values()) == {1}
    assert server.metrics()['millrace_work_paused{stream="jobs"}'] == 0


def test_a_pause_holds_through_a_rebalance(consumer, kafka):
    first = consumer()
    first.wait_until_ready()
    first.post("/pause", b"")
    second = consumer()
    second.wait_until_ready()
    wait_for(lambda: len(second.get("/stats").json()["assigned_partitions"]) > 0, what="the second member's share")
    second.post("/pause", b"")
    produce(kafka, first.topic, jobs(30))
    second.terminate()
    assert second.wait() == 0
    wait_for(lambda: len(first.get("/stats").json()["assigned_partitions"]) == 3, what="all partitions to come back")
    time.sleep(1)
    assert done(first) == 0
    first.post("/resume", b"")
    wait_for(lambda: done(first) == 30, what="the jobs")


def test_the_time_of_jobs_is_changed_by_query_by_body_and_by_the_routes_own_words(consumer, kafka):
    server = consumer("--set", "streams.jobs.work.order=none", env={"WORKERS": "1"})
    server.wait_until_ready()
    assert server.post("/slow", b"").json() == {"processing_time_ms": 2000}
    assert server.post("/slow?time_ms=1500", b"").json() == {"processing_time_ms": 1500}
    assert server.post("/fast", b"").json() == {"processing_time_ms": 50}
    assert server.post("/fast?time_ms=0", b"").json() == {"processing_time_ms": 0}
    assert server.post("/config?processing_time_ms=7", b"").json() == {"processing_time_ms": 7, "paused": False}
    assert server.post("/config", {"processing_time_ms": 300, "paused": False}).json() == {"processing_time_ms": 300, "paused": False}

    produce(kafka, server.topic, jobs(4))
    wait_for(lambda: done(server) == 4, what="the jobs")
    lines = consumer.evidence.lines()
    took = [end["us"] - start["us"] for start, end in zip(lines[0::2], lines[1::2])]
    assert all(300_000 <= us < 600_000 for us in took), took


def test_slots_are_changed_up_to_the_pools_maximum(consumer, kafka):
    server = consumer("--set", "pool.max=8", "--set", "streams.jobs.work.order=none", env={"WORKERS": "2", "JOB_PROCESS_TIME_MIN": "300"})
    server.wait_until_ready()
    produce(kafka, server.topic, jobs(120))
    running = 'millrace_work_running_records{stream="jobs"}'
    wait_for(lambda: server.metrics()[running] == 2, what="two at once")
    assert server.post("/plain", {"concurrency": 8}).json() == {"concurrency": 8, "processing_time_ms": 300, "paused": False}
    wait_for(lambda: server.metrics()[running] == 8, what="eight at once")
    assert (server.metrics()["millrace_pool_slots"], server.metrics()['millrace_work_slots{stream="jobs"}']) == (8, 8)
    assert server.post("/plain?concurrency=1", b"").json()["concurrency"] == 1
    wait_for(lambda: server.metrics()[running] == 1, what="one at once")
    assert server.stats("slots")[0]["limit"] == 1


def test_slots_of_a_streams_own_are_changed_beside_the_pools(consumer):
    server = consumer("--set", "streams.jobs.work.concurrency=50", env={"WORKERS": "2"})
    assert server.get("/plain").json()["concurrency"] == 50
    assert server.post("/plain", {"concurrency": 5000}).json()["concurrency"] == 5000
    assert (server.metrics()["millrace_pool_slots"], server.metrics()['millrace_work_slots{stream="jobs"}']) == (2, 5000)


@pytest.mark.parametrize("query, body, sentence", [
    ("", b"", "found nothing to set; allowed: one or more of concurrency, processing_time_ms, paused"),
    ("?concurrency=0", b"", 'concurrency: found "0"; allowed: a whole number from 1 to 1000000'),
    ("?concurrency=65", b"", "found concurrency 65; allowed: 1 to 64 (pool.max)"),
    ("?concurrency=many", b"", 'concurrency: found "many"; allowed: a whole number from 1 to 1000000'),
    ("?processing_time_ms=-1", b"", 'processing_time_ms: found "-1"; allowed: a whole number from 0 to 86400000'),
    ("?processing_time_ms=1.5", b"", 'processing_time_ms: found "1.5"; allowed: a whole number from 0 to 86400000'),
    ("?processing_time_ms=99999999999999999999", b"",
     'processing_time_ms: found "99999999999999999999"; allowed: a whole number from 0 to 86400000'),
    ("?paused=yes", b"", 'paused: found "yes"; allowed: true, false'),
    ("", b'{"paused":1}', 'paused: found "a number"; allowed: true, false'),
    ("", b'{"concurrency":"5"}', 'concurrency: found "a string"; allowed: a whole number from 1 to 1000000'),
    ("", b'{"workers":5}', 'found "workers"; allowed: concurrency, processing_time_ms, paused'),
    ("?paused=true", b'{"paused":true}', "found paused in the query and in the body; allowed: one of both"),
    ("?concurrency=15&concurrency=3", b"", 'found the name "concurrency" twice in the query; allowed: once'),
    ("?paused=true&pa%75sed=false", b"", 'found the name "paused" twice in the query; allowed: once'),
    ("", b'[1]', None),
    ("", b'{"paused":', None),
    ("?paused=true&concurrency=1000", b"", "found concurrency 1000; allowed: 1 to 64 (pool.max)"),
])
def test_what_is_not_allowed_is_a_sentence_and_changes_nothing(refusing, query, body, sentence):
    reply = refusing.post(f"/plain{query}", body)
    assert reply.status == 400
    assert reply.json()["error"] == (sentence or reply.json()["error"])
    assert refusing.get("/plain").json() == {"concurrency": 10, "processing_time_ms": 20, "paused": False}


def test_what_a_route_has_fixed_is_not_offered(refusing):
    reply = refusing.post("/slow", b'{"processing_time_ms":5}')
    assert reply.status == 400
    assert reply.json()["error"] == 'found "processing_time_ms"; allowed: concurrency, paused'
    reply = refusing.post("/slow?time_ms=5&time_ms=6", b"")
    assert reply.status == 400
    assert reply.json()["error"] == 'found the name "time_ms" twice in the query; allowed: once'


@pytest.fixture(scope="module")
def refusing(kafka, tmp_path_factory):
    """One server for all that is refused: it stays as it was."""
    server = Millrace(BINARY, tmp_path_factory.mktemp("refusing") / "log",
                      ["-c", str(ROOT / "examples" / "worker-pool.yaml"), "--set", f"listen.main.routes={' '.join(ROUTES.split())}",
                       "--set", "redis=local"],
                      {**FIXED_TIME, "KAFKA_BROKERS": kafka.brokers, "KAFKA_TOPIC": "refusing", "HTTP_ADDR": "127.0.0.1:0",
                       "OBSERVE_ADDR": "127.0.0.1:0"})
    server.wait_until_listening()
    yield server
    server.end()


def test_what_a_work_tells_has_the_shapes_of_other_systems(consumer, kafka):
    server = consumer()
    server.wait_until_ready()
    assert server.get("/stats").json()["last_message_time"] is None
    produce(kafka, server.topic, jobs(31))
    wait_for(lambda: done(server) == 31, what="the jobs")
    stats = server.get("/stats").json()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", stats.pop("last_message_time"))
    member = stats["instance_id"]
    assert sorted(stats.pop("assigned_partitions")) == [0, 1, 2]
    assert stats == {"instance_id": member, "group_id": server.group, "topic": server.topic, "processing_time_ms": 20, "running": True,
                     "paused": False, "messages_processed": 31}
    assert server.get("/assigned").json() == {member: 3}
    assert server.get("/counts").json() == [{"partition": 0, "count": 11}, {"partition": 1, "count": 10}, {"partition": 2, "count": 10}]
    assert server.get("/consumer/health").json() == {"status": "UP", "consumers": 1, "totalProcessed": 31}


def test_counts_stay_when_a_partition_has_gone_to_somebody_else(consumer, kafka):
    first = consumer()
    first.wait_until_ready()
    produce(kafka, first.topic, jobs(30))
    wait_for(lambda: done(first) == 30, what="the jobs")
    second = consumer()
    second.wait_until_ready()
    wait_for(lambda: len(first.get("/stats").json()["assigned_partitions"]) < 3, what="the second member's share")
    assert first.get("/counts").json() == [{"partition": partition, "count": 10} for partition in range(3)]
    assert sum(row["count"] for row in second.get("/counts").json()) == 0


def test_changing_is_not_for_everybody(consumer):
    server = consumer("--set", "admin.from=[10.0.0.0/8]", "--set", "admin.token=open-sesame")
    for path in ["/pause", "/resume", "/config?paused=true", "/slow"]:
        assert server.post(path, b"").status == 403, path
    assert server.get("/config").json()["paused"] is False
    assert server.post("/pause", b"", headers={"Authorization": "Bearer open-sesame"}).status == 200


def test_a_route_with_wrong_arguments_is_refused_at_the_start(tmp_path):
    wrong = "listen.main.routes.0={ on: POST /x, do: work.set, stream: jobs, with: { %s } }"
    no_arguments = "listen.main.routes.0={ on: POST /x, do: work.pause, stream: jobs, with: { %s } }"
    for route, words, sentence in [(no_arguments, "speed: 5", 'found "speed"; allowed: no arguments'),
                                   (wrong, "speed: 5", 'found "speed"; allowed: concurrency, processing_time_ms, paused'),
                                   (wrong, "paused: maybe", 'paused: found "maybe"; allowed: true, false'),
                                   (wrong, 'processing_time_ms: "query:t=soon"', 'processing_time_ms: found "soon"')]:
        out = subprocess.run([str(BINARY), "check", "-c", str(ROOT / "examples/worker-pool.yaml"), "--set", route % words],
                             capture_output=True, text=True, timeout=10, env={})
        assert out.returncode == 1
        assert sentence in out.stderr, out.stderr
