"""The worker pool (examples/worker-pool.yaml) on real Kafka and Redis, seen by clients that are not ours."""

import json
import re
import subprocess
import time

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from servers import ROOT, wait_for
from conftest import BINARY


def read_topic(kafka, topic, count, timeout=30):
    """The first `count` records of a topic, by an independent client."""
    consumer = Consumer({"bootstrap.servers": kafka.brokers, "group.id": f"judge-{time.monotonic_ns()}", "auto.offset.reset": "earliest"})
    partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    consumer.assign([TopicPartition(topic, partition, 0) for partition in partitions])
    records, deadline = [], time.monotonic() + timeout
    while len(records) < count:
        assert time.monotonic() < deadline, f"{len(records)} of {count} records of {topic} after {timeout} s"
        record = consumer.poll(0.2)
        if record is not None and record.error() is None:
            records.append(record)
    consumer.close()
    return records


def headers_of(record):
    return {name: value.decode() for name, value in record.headers() or []}


def produce(kafka, topic, value, key=None, headers=None):
    producer = Producer({"bootstrap.servers": kafka.brokers})
    reports = []
    producer.produce(topic, value=value, key=key, headers=headers, on_delivery=lambda error, record: reports.append((error, record)))
    producer.flush(10)
    assert reports and reports[0][0] is None
    return reports[0][1]


def lag(kafka, group):
    """By Kafka's own tool: the sum over partitions that have a commit, or None while there is none."""
    out = kafka.script("groups", "--describe", "--group", group, check=False).stdout
    rows = [line.split() for line in out.splitlines() if line.startswith(group)]
    numbers = [int(row[5]) for row in rows if row[5].isdigit()]
    return sum(numbers) if numbers else None


def test_submit_stores_a_job_and_tells_its_trace(worker_pool, kafka):
    server = worker_pool()
    server.wait_until_ready()
    reply = server.get("/submit?key=order-1")
    assert reply.status == 200
    assert reply.json()["message"] == "Job Enqueued to Kafka"
    trace = reply.json()["trace_id"]
    assert re.fullmatch(r"[0-9a-f]{32}", trace)

    (record,) = read_topic(kafka, server.topic, 1)
    assert record.key() == b"order-1"
    job = json.loads(record.value())
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", job["id"])
    assert 100 <= job["processing_time"] <= 200
    assert re.fullmatch(rf"00-{trace}-[0-9a-f]{{16}}-01", headers_of(record)["traceparent"])


def test_a_trace_that_the_client_began_goes_on(worker_pool, kafka):
    server = worker_pool()
    server.wait_until_ready()
    reply = server.get("/submit", headers={"traceparent": "00-" + "ab" * 16 + "-" + "cd" * 8 + "-01"})
    assert reply.json()["trace_id"] == "ab" * 16
    (record,) = read_topic(kafka, server.topic, 1)
    assert headers_of(record)["traceparent"].startswith("00-" + "ab" * 16 + "-")
    assert "cd" * 8 not in headers_of(record)["traceparent"]


def test_what_a_posted_body_brings_is_kept(worker_pool, kafka):
    server = worker_pool()
    server.wait_until_ready()
    body = b'{"id":"mine","more":{"digits":1.10},"list":[1,2]}'
    assert server.post("/submit", body).status == 200
    (record,) = read_topic(kafka, server.topic, 1)
    assert record.key() is None
    assert record.value().startswith(b'{"id":"mine","more":{"digits":1.10},"list":[1,2],"processing_time":')


def test_a_wrong_body_is_refused_in_a_sentence(worker_pool):
    server = worker_pool("--only", "ingest")
    server.wait_until_ready()
    for body, word in [(b"not json", "JSON"), (b"[]", "object"), (b'{"id":""}', "id"), (b'{"id":"' + b"x" * 129 + b'"}', "128"),
                       (b'{"processing_time":"long"}', "processing_time")]:
        reply = server.post("/submit", body)
        assert reply.status == 400
        assert word in reply.json()["error"]


def test_keyed_jobs_go_where_javas_clients_would_send_them(worker_pool, kafka):
    server = worker_pool("--only", "ingest")
    server.wait_until_ready()
    keys = [f"k-{i}" for i in range(40)]
    for key in keys:
        assert server.get(f"/submit?key={key}").status == 200
    ours = {record.key(): record.partition() for record in read_topic(kafka, server.topic, len(keys))}
    judge = Producer({"bootstrap.servers": kafka.brokers, "partitioner": "murmur2_random"})
    theirs = {}
    for key in keys:
        judge.produce(server.topic, key=key, value=b"{}", on_delivery=lambda _, record: theirs.update({record.key(): record.partition()}))
    judge.flush(10)
    assert ours == theirs


def test_jobs_are_worked_and_committed(worker_pool, kafka):
    server = worker_pool(env={"JOB_PROCESS_TIME_MIN": "1", "JOB_PROCESS_TIME_RANGE": "1", "JOB_PROCESS_FAIL_RATE": "0"})
    server.wait_until_ready()
    for _ in range(30):
        assert server.get("/submit").status == 200
    wait_for(lambda: server.metrics()["my_system_worker_pool_consumer_processed_total"] == 30, 20, what="30 jobs")
    wait_for(lambda: lag(kafka, server.group) == 0, 20, every=0.5, what="a committed group")


def test_what_was_accepted_before_a_group_existed_is_worked(worker_pool):
    ingest = worker_pool("--only", "ingest")
    ingest.wait_until_ready()
    for _ in range(10):
        assert ingest.get("/submit").status == 200
    fast = {"JOB_PROCESS_TIME_MIN": "1", "JOB_PROCESS_TIME_RANGE": "1", "JOB_PROCESS_FAIL_RATE": "0"}
    work = worker_pool("--only", "work", env=fast)
    wait_for(lambda: work.metrics().get("my_system_worker_pool_consumer_processed_total") == 10, 20, what="10 jobs")


def listeners(server):
    return set(re.findall(r"\"message\":\"listener (\S+) on 127\.0\.0\.1:\d+\"", server.log()))


def test_roles_apart_are_processes_that_can_be_seen_each_for_itself(worker_pool):
    fast = {"JOB_PROCESS_TIME_MIN": "1", "JOB_PROCESS_TIME_RANGE": "1", "JOB_PROCESS_FAIL_RATE": "0"}
    front, work = worker_pool("--only", "ingest,watch"), worker_pool("--only", "work", env=fast)
    for server in (front, work):
        server.wait_until_ready()
    assert (listeners(front), listeners(work)) == ({"main", "observe"}, {"observe"})
    assert front.get("/submit?key=k").status == 200
    wait_for(lambda: work.metrics()["my_system_worker_pool_consumer_processed_total"] == 1, what="the job")
    assert work.get("/submit").status == 404
    assert [work.get(path).status for path in ("/livez", "/readyz", "/debug/stats", "/debug/traces", "/debug/stuck")] == [200] * 5
    assert "no listener is open" not in work.log()


def test_a_second_process_starts_where_the_first_is_seen_unless_nobody_would_see_it(worker_pool):
    taken = {"OBSERVE_ADDR": f"127.0.0.1:{worker_pool('--only', 'work').port}"}
    whole = worker_pool(env=taken)
    whole.wait_until_ready()
    assert listeners(whole) == {"main"}
    assert f"listen.observe: listener observe on {taken['OBSERVE_ADDR']}: bind: Address already in use; it is optional" in whole.log()
    unseen = worker_pool("--only", "work", env=taken, wait=False)
    assert unseen.wait() == 1
    assert f"cannot start: listen.observe: listener observe on {taken['OBSERVE_ADDR']}: bind: Address already in use" in unseen.log()


def test_a_job_that_always_fails_ends_in_the_dead_letter_topic(worker_pool, kafka):
    server = worker_pool("--set", "streams.jobs.ingest.headers=[x-tenant]")
    server.wait_until_ready()
    reply = server.post("/submit?key=poor", {"id": "dead", "always_fail": True}, headers={"X-Tenant": "blue"})
    trace = reply.json()["trace_id"]
    (dead,) = read_topic(kafka, f"{server.topic}-dlq", 1)
    (original,) = read_topic(kafka, server.topic, 1)
    assert (dead.key(), dead.value()) == (original.key(), original.value())

    names = [name for name, _ in dead.headers()]
    assert names.count("traceparent") == 1
    headers = headers_of(dead)
    assert headers["x-tenant"] == "blue"
    assert headers["x-origin-topic"] == server.topic
    assert headers["x-origin-partition"] == str(original.partition())
    assert headers["x-origin-offset"] == str(original.offset())
    assert headers["x-attempt"] == "4"
    assert 0 < len(headers["x-final-error"]) <= 200
    assert headers["traceparent"].startswith(f"00-{trace}-")
    assert headers["traceparent"] != headers_of(original)["traceparent"]

    metrics = server.metrics()
    assert metrics["my_system_worker_pool_consumer_errors_total"] == 1, "counted once a record, not once an attempt"
    assert metrics["my_system_worker_pool_consumer_processed_total"] == 0
    wait_for(lambda: lag(kafka, server.group) == 0, 20, every=0.5, what="the dead letter's offset to be committed")


def test_a_record_that_cannot_be_parsed_is_not_tried_again(worker_pool, kafka):
    server = worker_pool()
    server.wait_until_ready()
    origin = produce(kafka, server.topic, b"not json", key=b"k", headers=[("kept", b"yes")])
    (dead,) = read_topic(kafka, f"{server.topic}-dlq", 1)
    headers = headers_of(dead)
    assert dead.value() == b"not json"
    assert headers["kept"] == "yes"
    assert headers["x-attempt"] == "1"
    assert headers["x-origin-offset"] == str(origin.offset())


def test_retries_wait_and_may_succeed(worker_pool):
    """A job over the limit fails at first; each retry draws a new time, so few die."""
    env = {"JOB_PROCESS_TIME_MIN": "1", "JOB_PROCESS_TIME_RANGE": "10", "JOB_PROCESS_FAIL_RATE": "0.3", "LIMIT_CAPACITY": "500"}
    server = worker_pool(env=env)
    server.wait_until_ready()
    for _ in range(40):
        assert server.post("/submit", {"processing_time": 1000}).status == 200
    wait_for(lambda: (m := server.metrics())["my_system_worker_pool_consumer_processed_total"]
             + m["my_system_worker_pool_consumer_errors_total"] == 40, 30, what="40 jobs")
    assert server.metrics()["my_system_worker_pool_consumer_processed_total"] >= 25
    assert server.metrics()['millrace_work_retries_total{stream="jobs"}'] >= 40


def test_over_the_rate_is_429_with_a_time_to_come_again(worker_pool):
    server = worker_pool("--only", "ingest", env={"RATE_LIMIT": "1", "RATE_CAPACITY": "5"})
    server.wait_until_ready()
    replies = [server.get("/submit") for _ in range(8)]
    assert [reply.status for reply in replies].count(200) in (5, 6)
    limited = next(reply for reply in replies if reply.status == 429)
    assert limited.json() == {"error": "Too many requests"}
    assert int(limited.headers["Retry-After"]) >= 1
    assert server.metrics()["my_system_worker_pool_rate_limited_total"] >= 2


def attack(server, *words):
    out = subprocess.run([str(BINARY), "attack", f"-target=http://127.0.0.1:{server.port}/submit", "-json", *words],
                         check=True, capture_output=True, text=True, timeout=120)
    return json.loads(out.stdout)


def test_demo_2_the_pool_bounds_what_runs_and_the_queue_what_waits(worker_pool):
    server = worker_pool(env={"LIMIT_RATE": "100000", "LIMIT_CAPACITY": "100000", "WORKERS": "5", "QUEUE_SIZE": "50"})
    server.wait_until_ready()
    seen = []
    load = subprocess.Popen([str(BINARY), "attack", f"-target=http://127.0.0.1:{server.port}/submit", "-duration=6s", "-think=5ms"],
                            stdout=subprocess.DEVNULL)
    while load.poll() is None:
        metrics = server.metrics()
        seen.append((metrics["my_system_worker_pool_consumer_inflight"], metrics["my_system_worker_pool_consumer_queue_length"]))
        time.sleep(0.1)
    assert max(running for running, _ in seen) == 5
    assert 5 < max(waiting for _, waiting in seen) <= 50


def lag_by_partition(server):
    """As kafka_exporter tells it."""
    told = re.compile(rf'kafka_consumergroup_lag{{consumergroup="{server.group}",partition="(\d+)",topic="{server.topic}"}}')
    return {int(found.group(1)): value for name, value in server.metrics().items() if (found := told.fullmatch(name))}


def test_demo_2_5_a_hot_key_does_not_stop_the_others(worker_pool, kafka, tmp_path):
    record = tmp_path / "evidence"
    server = worker_pool("--set", f"streams.jobs.work.handler.simulate.record={record}", "--set", "streams.jobs.watch.every=200ms",
                         env={"LIMIT_RATE": "100000", "LIMIT_CAPACITY": "100000", "JOB_PROCESS_TIME_MIN": "20",
                              "JOB_PROCESS_TIME_RANGE": "20", "JOB_PROCESS_FAIL_RATE": "0"})
    server.wait_until_ready()
    summary = attack(server, "-mode=hot", "-hot-key=hot", "-hot-ratio=0.9", "-workers=20", "-duration=8s", "-think=100ms")
    assert summary["200"] == summary["total"] > 500
    hot = server.stats("hot_keys")
    assert json.dumps(hot).count('"hot"') >= 1
    *others, hottest = sorted(lag_by_partition(server).values())
    assert hottest > 100 > sum(others), "the lag is that of one partition"

    rows = [json.loads(line) for line in record.read_text().splitlines()]
    ends = [row for row in rows if row["event"] == "end"]
    hot_done = sum(1 for row in ends if row["key"] == "hot")
    others_done = sum(1 for row in ends if row["key"] != "hot")
    sent_others = sum(1 for job in read_topic(kafka, server.topic, summary["200"]) if job.key() != b"hot")
    assert others_done > 0.8 * sent_others, "the other keys' jobs went on"
    assert hot_done < 0.9 * 0.9 * summary["total"], "the hot partition has a backlog: it works one job after the other"


def all_is_worked(metrics, topic):
    produced = metrics['millrace_produced_total{stream="jobs",topic="%s"}' % topic]
    return sum(metrics[f"my_system_worker_pool_consumer_{kind}_total"] for kind in ("processed", "errors")) == produced


def test_jobs_of_a_partition_are_worked_in_order(worker_pool, tmp_path):
    record = tmp_path / "evidence"
    server = worker_pool("--set", f"streams.jobs.work.handler.simulate.record={record}",
                         env={"LIMIT_RATE": "100000", "LIMIT_CAPACITY": "100000", "JOB_PROCESS_TIME_MIN": "0",
                              "JOB_PROCESS_TIME_RANGE": "5", "JOB_PROCESS_FAIL_RATE": "0.2"})
    server.wait_until_ready()
    attack(server, "-workers=20", "-duration=3s", "-think=30ms")
    wait_for(lambda: all_is_worked(server.metrics(), server.topic), 40, what="all jobs")
    running, last = {}, {}
    for row in map(json.loads, record.read_text().splitlines()):
        partition = row["partition"]
        if row["event"] == "start":
            assert partition not in running, "two at once in a partition"
            running[partition] = row["offset"]
            assert row["offset"] >= last.get(partition, -1), "out of order"
            last[partition] = row["offset"]
        else:
            assert running.pop(partition) == row["offset"]


def test_demo_3_dead_letters_can_be_read_with_kafkas_own_tools(worker_pool, kafka):
    server = worker_pool()
    server.wait_until_ready()
    for i in range(3):
        assert server.post("/submit", {"id": f"dead-{i}", "always_fail": True}).status == 200
    read_topic(kafka, f"{server.topic}-dlq", 3)
    out = subprocess.run(["kcat", "-b", kafka.brokers, "-C", "-t", f"{server.topic}-dlq", "-e", "-q", "-f", "%s %h\n"],
                         check=True, capture_output=True, text=True, timeout=30).stdout
    letters = out.splitlines()
    assert {f"dead-{i}" for i in range(3)} == set(re.findall(r"dead-\d", out)) and len(letters) == 3
    for letter in letters:
        assert re.search(rf"x-origin-topic={server.topic}\b", letter) and re.search(r"x-origin-partition=\d+\b", letter), letter
        assert re.search(r"x-origin-offset=\d+\b", letter) and re.search(r"x-final-error=[^,]+", letter), letter


@pytest.mark.takes(30)
def test_demo_4_lag_rises_under_load_and_drains_after_it(worker_pool, kafka):
    server = worker_pool("--set", "streams.jobs.watch.every=200ms",
                         env={"LIMIT_RATE": "100000", "LIMIT_CAPACITY": "100000", "WORKERS": "5", "JOB_PROCESS_TIME_MIN": "50",
                              "JOB_PROCESS_TIME_RANGE": "0", "JOB_PROCESS_FAIL_RATE": "0"})
    server.wait_until_ready()

    def lag_sum():
        return server.metrics()[f'kafka_consumergroup_lag_sum{{consumergroup="{server.group}",topic="{server.topic}"}}']

    words = [str(BINARY), "attack", f"-target=http://127.0.0.1:{server.port}/submit", "-duration=60s", "-think=5ms"]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL) as load:
        wait_for(lambda: lag_sum() > 100, timeout=60, what="a lag")
        risen = wait_for(lambda: (found := lag_sum()) > 800 and found, timeout=60, what="more of it")
        load.terminate()
    halved = wait_for(lambda: (found := lag_sum()) < risen / 2 and found, timeout=60, what="half of it")
    assert halved > 0, "it drains, as fast as five workers are"
    wait_for(lambda: lag_sum() == 0, timeout=60, what="no lag")
    assert lag(kafka, server.group) == 0


def test_every_metric_of_the_document_is_there_and_promtool_agrees(worker_pool):
    server = worker_pool()
    server.wait_until_ready()
    server.get("/submit")
    text = server.get("/metrics").body.decode()
    for name in ["producer_sent_total", "producer_errors_total", "producer_duration_seconds_bucket", "consumer_processed_total",
                 "consumer_errors_total", "consumer_duration_seconds_bucket", "consumer_queue_length", "consumer_inflight", "rate_limited_total"]:
        assert re.search(rf"^my_system_worker_pool_{name}[ {{]", text, re.M), name
    for name in ["process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds"]:
        assert re.search(rf"^{name} ", text, re.M), name
    bounds = re.findall(r'^my_system_worker_pool_producer_duration_seconds_bucket\{le="([^"]+)"\}', text, re.M)
    assert bounds == ["0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf"]
    judged = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=30)
    assert (judged.returncode, judged.stdout + judged.stderr) == (0, "")


def test_every_environment_name_of_the_document_is_read():
    names = {"HTTP_ADDR": ":9", "OBSERVE_ADDR": ":10", "KAFKA_BROKERS": "b:1", "KAFKA_TOPIC": "t", "KAFKA_GROUP_ID": "g", "KAFKA_PARTITIONS": "7",
             "KAFKA_REPLICATION": "3",
             "REDIS_URL": "redis://r:2", "KAFKA_CONSUMER_MAX_RETRIES": "5", "KAFKA_CONSUMER_BASE_BACKOFF": "41ms",
             "KAFKA_CONSUMER_MAX_BACKOFF": "401ms", "JOB_PROCESS_TIME_MIN": "11", "JOB_PROCESS_TIME_RANGE": "12",
             "JOB_PROCESS_FAIL_RATE": "0.5", "WORKERS": "13", "QUEUE_SIZE": "14", "LIMIT_RATE": "15", "LIMIT_CAPACITY": "16"}
    out = subprocess.run([str(BINARY), "check", "-c", str(ROOT / "examples/worker-pool.yaml")], env=names, check=True,
                         capture_output=True, text=True, timeout=10).stdout
    assert {name for name in names if f"from {name}" in out} == set(names)
