"""Why a partition does not move, asked of the running program: /debug/stats?partition=N, /debug/stuck, /livez, and keys that are head of
line; each on real Kafka, with the cause made for real."""

import re

import pytest
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource

from servers import wait_for
from test_work_faults import create_topic, produce

SLOW = {"JOB_PROCESS_TIME_MIN": "60000", "JOB_PROCESS_TIME_RANGE": "0", "JOB_PROCESS_FAIL_RATE": "0", "KAFKA_PARTITIONS": "2"}
QUICK = {**SLOW, "JOB_PROCESS_TIME_MIN": "1"}
ALWAYS_FAILS = b'{"always_fail":true}'


def why(server, partition):
    reply = server.get(f"/debug/stats?partition={partition}")
    assert reply.status == 200, reply.body
    return reply.json()["why"]


def wait_to_hear(server, partition, pattern, timeout=20):
    """The sentence, once it is this one."""
    heard = []

    def told():
        heard.append(why(server, partition))
        return re.fullmatch(pattern, heard[-1])

    try:
        return wait_for(told, timeout, every=0.1)
    except AssertionError:
        raise AssertionError(f"expected {pattern!r}, heard last {heard[-1]!r}") from None


def at_once(server):
    """Shutdown of jobs that take a minute is not what is tested."""
    server.process.kill()
    server.wait()


def test_a_partition_with_nothing_to_do_says_so_in_json_and_in_text(worker_pool, kafka):
    server = worker_pool(env=QUICK)
    server.wait_until_ready()
    produce(kafka, server.topic, [{"value": b"{}", "partition": 1} for _ in range(5)])
    wait_to_hear(server, 1, r"partition 1 has no records to work: position = end = 5")
    row = server.get("/debug/stats?section=partitions&partition=1").json()
    assert (row["stream"], row["partition"], row["position"], row["watermark"], row["done"]) == ("jobs", 1, 5, 5, 5)
    text = server.get("/debug/stats?partition=1&stream=jobs&format=text")
    assert text.headers["Content-Type"].startswith("text/plain")
    assert "partition 1 has no records to work" in text.body.decode()
    assert [row["why"] for row in server.stats("partitions") if row["partition"] == 1] == [row["why"]]


def test_questions_about_what_is_not_there_are_told_what_is(worker_pool):
    server = worker_pool(env=QUICK)
    server.wait_until_ready()
    for query, status, sentence in [
            ("partition=2", 404, f"topic {server.topic} has no partition 2; allowed: 0 to 1"),
            ("partition=seven", 400, 'partition: found "seven"; allowed: a whole number from 0 to 2147483647'),
            ("partition=-1", 400, 'partition: found "-1"; allowed: a whole number from 0 to 2147483647'),
            ("partition=0&stream=orders", 404, 'found the stream "orders"; allowed: jobs')]:
        reply = server.get(f"/debug/stats?{query}")
        assert (reply.status, reply.json()["error"]) == (status, sentence)
    only_in = worker_pool("--only", "ingest", env=QUICK)
    reply = only_in.get("/debug/stats?partition=0")
    assert (reply.status, reply.json()["error"]) == (404, "no stream is worked in this process")


def test_a_partition_of_another_member_is_not_ours(worker_pool):
    first, second = worker_pool(env=QUICK), worker_pool(env=QUICK)
    elsewhere = "partition {} is not assigned to this process"
    wait_for(lambda: sorted((why(first, n) == elsewhere.format(n)) + (why(second, n) == elsewhere.format(n)) for n in (0, 1)) == [1, 1],
             what="one partition for each")


def test_a_running_job_is_named_and_those_of_other_partitions_wait_for_its_slot(worker_pool, kafka):
    server = worker_pool("--set", "listen.main.routes.2={ on: POST /pause, do: work.pause, stream: jobs }", env={**SLOW, "WORKERS": "1"})
    server.wait_until_ready()
    produce(kafka, server.topic, [{"value": b"{}", "key": b"k-7", "partition": 0} for _ in range(3)])
    wait_to_hear(server, 0, r"partition 0 waits for offset 0 \(key k-7\), which runs since \d+ m?s; 2 wait behind it in its lane")
    produce(kafka, server.topic, [{"value": b"{}", "partition": 1}])
    wait_to_hear(server, 1, r"partition 1 waits for a slot to work offset 0: 1 of 1 are taken, by 1 of jobs")
    server.post("/pause", b"")
    assert why(server, 1) == "partition 1 is paused: 1 record of it waits, and 0 jobs of it still run"
    assert why(server, 0) == "partition 0 is paused: 2 records of it wait, and 1 job of it still runs"
    at_once(server)


def test_a_failed_record_is_named_with_its_failures_its_next_attempt_and_what_waits_behind_it(worker_pool, kafka):
    server = worker_pool("--set", "streams.jobs.work.order=key", "--set", "streams.jobs.work.retry={retries: 5, base: 100s, max: 100s}",
                         env=QUICK)
    server.wait_until_ready()
    produce(kafka, server.topic, [{"value": ALWAYS_FAILS, "key": b"bad", "partition": 0},
                                  *[{"value": b"{}", "key": b"bad", "partition": 0} for _ in range(20)],
                                  *[{"value": b"{}", "key": b"good", "partition": 0} for _ in range(40)]])
    wait_to_hear(server, 0, r"partition 0 waits for offset 0 \(key bad\), which has failed 1 time and is tried again in (9\d|100) s; "
                            r"(its key alone holds \d+ records and is head of line; )?40 later records are done and 20 wait behind it in its lane")
    row = server.get("/debug/stats?partition=0").json()
    assert (row["watermark"], row["done_above"], row["waiting"], row["retrying"], row["running"]) == (0, 40, 20, 1, 0)
    assert row["oldest_ms"] < 60_000 and row["oldest_age_ms"] < 60_000


def test_a_full_window_is_told_with_the_record_that_keeps_it_full(worker_pool, kafka):
    server = worker_pool("--set", "streams.jobs.work.order=none", "--set", "streams.jobs.work.window.records=20",
                         "--set", "streams.jobs.work.retry={retries: 5, base: 100s, max: 100s}", env=QUICK)
    server.wait_until_ready()
    produce(kafka, server.topic, [{"value": ALWAYS_FAILS, "partition": 0} for _ in range(50)])
    wait_to_hear(server, 0, r"partition 0 is not polled: the window \(20 records\) has no room for more of it, because it waits for offset 0, "
                            r"which has failed 1 time and is tried again in (9\d|100) s")
    (still,) = server.get("/debug/stuck?longer_than_ms=0").json()["partitions"]
    assert (still["stream"], still["partition"]) == ("jobs", 0) and still["why"].startswith("partition 0 is not polled")
    assert server.get("/debug/stuck").json() == {"attempts": [], "partitions": []}, "it has stood still for less than 10 s"


def test_a_dead_letter_topic_that_is_missing_is_named(worker_pool, kafka, unique):
    nowhere = f"nowhere-{unique}"
    server = worker_pool("--set", f"streams.jobs.work.dead={{ name: {nowhere}, create: false }}", env=QUICK)
    wait_for(lambda: len(server.stats("partitions")) == 2, what="the partitions")
    produce(kafka, server.topic, [{"value": b"bad", "key": b"k", "partition": 0}])
    wait_to_hear(server, 0, rf"partition 0 waits for offset 0 \(key k\), which cannot be worked, and the dead letter topic {nowhere} does not "
                            rf"take it: .*{nowhere}.*; it is sent again in \d+ m?s")
    create_topic(kafka, nowhere, 1)
    wait_to_hear(server, 0, r"partition 0 has no records to work: position = end = 1", timeout=40)


def set_cleanup_policy(kafka, topic, policy):
    entry = ConfigEntry("cleanup.policy", policy, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=[entry])
    admin = AdminClient({"bootstrap.servers": kafka.brokers})  # it must live until the result is there
    admin.incremental_alter_configs([resource])[resource].result(20)


@pytest.mark.takes(45)
def test_a_dead_letter_topic_that_refuses_everything_makes_the_process_not_ready(worker_pool, kafka):
    """Compacted, as it is by mistake, it takes no record without a key."""
    server = worker_pool("--only", "work", env=QUICK)
    server.wait_until_ready()
    check = 'millrace_ready_check{check="publishing jobs"}'
    refused = 'millrace_dead_letters_refused{stream="jobs"}'
    assert [server.metrics()[name] for name in ("millrace_ready", check, refused)] == [1, 1, 0]

    set_cleanup_policy(kafka, f"{server.topic}-dlq", "compact")
    produce(kafka, server.topic, [{"value": b"bad", "partition": 0}, {"value": b"{}", "partition": 1}])
    wait_for(lambda: server.metrics()[refused] == 1, what="a dead letter that is not taken")
    assert server.get("/readyz").status == 200, "it may pass"
    report = wait_for(lambda: (reply := server.get("/readyz")).status == 503 and reply.json(), 20, what="not to be ready")
    assert [name for name, told in report["checks"].items() if told != "ok"] == ["publishing jobs"]
    assert re.fullmatch(rf"the dead letter topic {server.topic}-dlq has taken nothing for \d+ s, and 1 record waits for it: .* a compacted topic takes none without one\)",
                        report["checks"]["publishing jobs"])
    assert [server.metrics()[name] for name in ("millrace_ready", check, refused)] == [0, 0, 1]
    assert server.get("/livez").status == 200, "a restart would not help"

    set_cleanup_policy(kafka, f"{server.topic}-dlq", "delete")
    wait_for(lambda: server.get("/readyz").status == 200, 40, what="to be ready again")
    assert [server.metrics()[name] for name in ("millrace_ready", check, refused)] == [1, 1, 0]


@pytest.mark.takes(20)
def test_jobs_that_cannot_be_ended_are_named_and_fail_liveness_until_they_end(worker_pool, kafka):
    server = worker_pool("--set", "streams.jobs.work.handler.simulate.mode=cpu", "--set", "streams.jobs.work.timeout=500ms",
                         env={**SLOW, "WORKERS": "2", "JOB_PROCESS_TIME_MIN": "5000"})
    server.wait_until_ready()
    produce(kafka, server.topic, [{"value": b"{}", "key": b"k\x01", "partition": 0}])
    wait_to_hear(server, 0, r"partition 0 waits for offset 0 \(key k\\x01\), which runs since \d+ m?s, longer than its timeout of 500 ms, and "
                            r"cannot be ended")
    assert server.get("/livez").status == 200, "the other slot makes progress"
    produce(kafka, server.topic, [{"value": b"{}", "partition": 1}])
    wait_for(lambda: server.get("/livez").status == 503, 4, what="liveness to fail")
    assert re.fullmatch(r"every slot of the pool \(2\) is held by a job that runs longer than its timeout and cannot be ended: "
                        r"jobs partition 0 offset 0 for \d+ s", server.get("/livez").json()["error"])

    stuck = server.get("/debug/stuck").json()["attempts"]
    assert [(row["stream"], row["partition"], row["offset"], row["key"], row["attempt"], row["timeout_ms"], row["can_be_ended"])
            for row in stuck] == [("jobs", 0, 0, "k\x01", 1, 500, False), ("jobs", 1, 0, None, 1, 500, False)]
    assert all(500 <= row["running_ms"] <= 6000 for row in stuck)
    text = server.get("/debug/stuck?format=text").body.decode()
    assert text.startswith("stuck\n") and "jobs" in text and "\x01" not in text
    assert server.metrics()['millrace_work_stuck_records{stream="jobs"}'] == 2
    assert server.stats("slots")[0] == {"slots": "pool", "limit": 2, "busy": 2, "stuck": 2}

    wait_for(lambda: server.get("/livez").status == 200, 10, what="liveness to recover")
    wait_for(lambda: server.metrics()['millrace_work_stuck_records{stream="jobs"}'] == 0, 10, what="both to end")
    assert server.get("/debug/stuck").json()["attempts"] == []


def test_a_key_that_is_head_of_line_is_reported_once_and_until_it_is_worked_off(worker_pool, kafka):
    server = worker_pool("--set", "streams.jobs.work.order=key", "--set", "streams.jobs.work.queue=100",
                         env={**QUICK, "JOB_PROCESS_TIME_MIN": "30"})
    server.wait_until_ready()
    hot = [{"value": b"{}", "key": b"hot", "partition": 0} for _ in range(150)]
    cold = [{"value": b"{}", "key": b"k-%d" % i, "partition": 1} for i in range(60)]
    produce(kafka, server.topic, [*hot, *cold])
    crowds = 'millrace_work_head_of_line_partitions{stream="jobs"}'
    wait_for(lambda: server.metrics()[crowds] == 1, what="the crowd")
    (lanes,) = server.stats("lanes")
    (crowd,) = lanes["head_of_line"]
    assert (crowd["partition"], crowd["key"]) == (0, "hot") and crowd["records"] >= 16
    assert (lanes["hottest"][0]["partition"], lanes["hottest"][0]["key"]) == (0, "hot")
    assert lanes["longest"] >= 16
    wait_to_hear(server, 0, r"partition 0 waits for offset \d+ \(key hot\), which (runs since \d+ ms|is about to start); its key alone holds "
                            r"\d+ records and is head of line; \d+ waits? behind it in its lane")

    wait_for(lambda: server.metrics()['millrace_worked_total{outcome="done",stream="jobs"}'] == 210, 30, what="all jobs")
    wait_for(lambda: server.metrics()[crowds] == 0, what="the end of the crowd")
    assert server.metrics()['millrace_work_head_of_line_total{stream="jobs"}'] == 1
    log = server.log()
    assert log.count("partition 0: key hot is head of line: it fills half of what the partition may hold") == 1
    assert log.count("partition 0: key hot is not head of line any more") == 1
    assert "partition 1: key" not in log
