"""Signals under load: what was read is answered, what was accepted is stored, and the exit code tells how it ended."""

import signal
import time

import pytest

from judges import ids_in_topic
from load import Load
from servers import wait_for
from wire import Wire

UNLIMITED = {"LIMIT_RATE": "100000", "LIMIT_CAPACITY": "100000"}
SLOW_JOBS = {"JOB_PROCESS_TIME_MIN": "20000", "JOB_PROCESS_TIME_RANGE": "1", "JOB_PROCESS_FAIL_RATE": "0"}


def end_under_load(server, load, number):
    """Sends the signal while every client has requests under way; returns the exit code and the seconds until it."""
    wait_for(lambda: load.count(200) > 1000, 30, what="load")
    began = time.monotonic()
    server.process.send_signal(number)
    code = server.wait(31)
    took = time.monotonic() - began
    load.stop()
    return code, took


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
@pytest.mark.parametrize("pipeline", [1, 16])
def test_under_load_all_that_was_read_is_answered_and_all_that_was_accepted_is_stored(worker_pool, kafka, number, pipeline):
    server = worker_pool(env=UNLIMITED)
    server.wait_until_ready()
    with Load(server, clients=20, pause=0, pipeline=pipeline) as load:
        code, took = end_under_load(server, load, number)
    assert code == 0, server.log()
    assert took < 30
    stored = ids_in_topic(kafka, server.topic)
    assert load.names(200) <= stored, "a job that was accepted is lost"
    assert load.names(503).isdisjoint(stored), "a job that was refused is stored"
    unanswered = load.names(None) & stored
    assert unanswered == set(), "a request was read, its job stored, and its client not told"
    assert {told.status for told in load.told} <= {200, 503, None}


def test_requests_under_way_are_answered_and_the_last_answer_says_close(worker_pool, kafka):
    """A request that waits for the broker when the signal comes; and a connection that says nothing is closed."""
    server = worker_pool("--only", "ingest", "--set", "producers.durable.linger=1500ms", env=UNLIMITED)
    server.wait_until_ready()
    with Wire(server) as silent, Wire(server) as asking, Wire(server) as half:
        half.send(b"POST /submit HTTP/1.1\r\nHost: t\r\nContent-Length: 15\r\n\r\n")
        asking.send(b"POST /submit HTTP/1.1\r\nHost: t\r\nContent-Length: 15\r\n\r\n" + b'{"id":"asking"}')
        wait_for(lambda: server.stats("http")[0]["requests_open"] > 1, 1, what="the request to be read")
        server.terminate()
        began = time.monotonic()
        assert silent.is_closed(), "an idle connection is closed at once"
        assert time.monotonic() - began < 1
        half.send(b'{"id":"halfwa"}')
        answer = asking.answer()
        assert answer.status == 200
        assert answer.headers["connection"] == "close"
        assert asking.is_closed()
        assert half.answer().status == 200, "a body under way is read to its end"
        assert half.is_closed()
    assert server.wait(30) == 0
    assert ids_in_topic(kafka, server.topic) == {"asking", "halfwa"}


def test_readiness_fails_first_and_new_connections_are_refused(worker_pool):
    server = worker_pool(env=UNLIMITED)
    server.wait_until_ready()
    with Wire(server) as kept:
        kept.send(b"GET /readyz HTTP/1.1\r\nHost: t\r\n") # its rest comes after the signal
        time.sleep(0.2)
        server.terminate()
        wait_for(lambda: "shutting down" in server.log(), what="the shutdown to begin")
        with pytest.raises(ConnectionRefusedError):
            Wire(server)
        kept.send(b"\r\n")
        answer = kept.answer()
        assert answer.status == 503
        assert "shutting down" in answer.json()["checks"]["shutdown"]
    assert server.wait(30) == 0


@pytest.mark.parametrize("first,second", [(signal.SIGTERM, signal.SIGINT), (signal.SIGINT, signal.SIGTERM)])
def test_a_second_signal_ends_at_once(worker_pool, first, second):
    """Jobs of 20 s hold the first signal's drain."""
    server = worker_pool(env={**UNLIMITED, **SLOW_JOBS})
    server.wait_until_ready()
    assert server.get("/submit").status == 200
    wait_for(lambda: server.metrics()["my_system_worker_pool_consumer_inflight"] >= 1, 20, what="a running job")
    server.process.send_signal(first)
    time.sleep(1)
    assert server.process.poll() is None, "the job was not waited for"
    began = time.monotonic()
    server.process.send_signal(second)
    assert server.wait(5) == 128 + second
    assert time.monotonic() - began < 1


@pytest.mark.takes(40)
@pytest.mark.parametrize("silent", [True, False], ids=["hangs", "is killed"])
def test_a_short_shutdown_while_the_broker_is_away_ends_well_where_nothing_is_lost(worker_pool, own_kafka, silent):
    """A member without a job has only its farewell to say; who would hear it, is away."""
    server = worker_pool("--set", "shutdown=5s", env={"KAFKA_BROKERS": own_kafka.brokers, **UNLIMITED})
    server.wait_until_ready()
    assert server.get("/submit").status == 200
    wait_for(lambda: sum(row["committed"] or 0 for row in server.stats("partitions")) == 1, 20, what="the commit")
    own_kafka.pause() if silent else own_kafka.stop(kill=True)
    try:
        time.sleep(1)
        server.terminate()
        assert server.wait(6) == 0, server.log()
    finally:
        if silent:
            own_kafka.resume()


def test_a_job_that_cannot_be_cancelled_is_cut_at_the_end_with_status_1(millrace):
    server = millrace("--set", "listen.main.address=127.0.0.1:0", "--set", "shutdown=2s",
                      "--set", "streams.jobs.work.handler.simulate={mode: cpu, min: 8s}")
    server.wait_until_ready()
    assert server.post("/submit", b'{"processing_time":8000}').status == 200
    wait_for(lambda: sum(row["running"] for row in server.stats("partitions")) == 1, what="a running job")
    server.terminate()
    assert server.wait(5) == 1, server.log()
    assert "1 requests and jobs were cut" in server.log()
