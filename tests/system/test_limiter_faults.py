"""Redis killed, restarted, emptied, hanging or slow: as on_error says, and no longer than the outage and a second."""

import os
import re
import signal
import subprocess
import time

import pytest

from conftest import BINARY
from load import Load
from servers import wait_for
from wire import by_label

UNLIMITED = {"LIMIT_RATE": "100000", "LIMIT_CAPACITY": "100000"}
ON_ERROR = "streams.jobs.ingest.limit.on_error="


@pytest.fixture
def way_in(worker_pool):
    def start(*args, env=UNLIMITED):
        server = worker_pool("--only", "ingest", *args, env=env)
        server.wait_until_ready()
        wait_for(lambda: server.get("/submit").status == 200, what="a first job")
        return server

    return start


def decisions(server):
    return by_label(server.metrics(), "millrace_limiter_decisions_total", "decision")


def counted(servers):
    """What each has decided so far, and between which moments that was so."""
    before = time.monotonic()
    rows = [decisions(server) for server in servers]
    return rows, before, time.monotonic()


def grown(first, last, name):
    return [after[name] - before[name] for before, after in zip(first, last)]


def killed(redis):
    redis.kill()
    time.sleep(3)
    redis.start()


def restarted(redis):
    redis.kill()
    redis.start()


def hanging(redis):
    redis.process.send_signal(signal.SIGSTOP)
    time.sleep(3)
    redis.process.send_signal(signal.SIGCONT)


@pytest.mark.parametrize("outage", [killed, restarted, hanging])
def test_with_deny_no_error_lasts_longer_than_the_outage_and_a_second(way_in, redis, outage):
    server = way_in("--set", ON_ERROR + "deny")
    with Load(server, clients=10) as load:
        wait_for(lambda: load.count(200) > 100, what="load")
        began = time.monotonic()
        outage(redis)
        over = time.monotonic()
        wait_for(lambda: load.after(over, 200), 5, what="a job accepted again")
        time.sleep(2)
    assert [told.answered_at - over for told in load.after(over + 1, 503)] == []
    assert [told.status for told in load.told if told.answered_at < began and told.status != 200] == []
    refused = [told for told in load.told if told.status == 503]
    assert refused or outage is restarted
    for told in refused:
        assert "rate limiter" in told.body.decode()
        assert int(told.headers["retry-after"]) >= 1
        assert told.answered_at - told.sent_at < 1, "a refusal waits for Redis' timeout at most"
    assert {told.status for told in load.told} <= {200, 503}


@pytest.mark.parametrize("outage", [killed, hanging])
def test_with_allow_nobody_notices(way_in, redis, outage):
    server = way_in("--set", ON_ERROR + "allow")
    with Load(server, clients=10) as load:
        wait_for(lambda: load.count(200) > 100, what="load")
        outage(redis)
        time.sleep(1)
    assert {told.status for told in load.told} == {200}
    assert max(told.answered_at - told.sent_at for told in load.told) < 2, "somebody waited for the outage of 3 s to end"
    assert decisions(server)["assumed"] > 0


def test_with_local_the_rate_holds_in_each_process(way_in, redis):
    rate, burst = 100, 20
    server = way_in("--set", ON_ERROR + "local", env={"LIMIT_RATE": str(rate), "LIMIT_CAPACITY": str(burst)})
    with Load(server, clients=10) as load:
        redis.kill()
        time.sleep(1)
        first, first_from, first_to = counted([server])
        time.sleep(3)
        last, last_from, last_to = counted([server])
    assert {told.status for told in load.told} == {200, 429}
    admitted = grown(first, last, "assumed")[0]
    assert 0.9 * rate * (last_from - first_to) <= admitted <= rate * (last_to - first_from) + burst


def test_flushed_scripts_are_loaded_again_without_an_error(way_in, redis):
    server = way_in()
    with Load(server, clients=10) as load:
        for _ in range(10):
            redis.cli("SCRIPT", "FLUSH")
            time.sleep(0.2)
    assert {told.status for told in load.told} == {200}
    assert len(load.told) > 500


def test_flushed_data_is_a_full_bucket_and_no_error(way_in, redis):
    server = way_in(env={"LIMIT_RATE": "100", "LIMIT_CAPACITY": "50"})
    with Load(server, clients=5) as load:
        wait_for(lambda: load.count(429) > 10, what="the rate to be reached")
        redis.cli("FLUSHALL")
        time.sleep(1)
    assert {told.status for told in load.told} == {200, 429}


def test_answers_slower_than_usual_are_waited_for(way_in, redis):
    """150 ms now and then, below the timeout of 250 ms."""
    server = way_in()
    with Load(server, clients=10) as load:
        for _ in range(5):
            redis.process.send_signal(signal.SIGSTOP)
            time.sleep(0.15)
            redis.process.send_signal(signal.SIGCONT)
            time.sleep(0.25)
    assert {told.status for told in load.told} == {200}
    assert max(told.answered_at - told.sent_at for told in load.told) > 0.05, "nobody had to wait: nothing was slow"


def test_a_redis_that_is_away_at_start_is_waited_for(worker_pool, redis):
    redis.kill()
    server = worker_pool("--only", "ingest", env=UNLIMITED)
    checks = wait_for(lambda: (told := server.get("/readyz").json()["checks"])["kafka"] == "ok" and told, what="the brokers")
    assert [name for name, told in checks.items() if told != "ok"] == ["limiter jobs"]
    refused = server.get("/submit")
    assert refused.status == 503
    assert "rate limiter" in refused.json()["error"]
    redis.start()
    wait_for(lambda: server.get("/submit").status == 200, 1, what="a job accepted")
    assert server.get("/readyz").status == 200


@pytest.mark.parametrize("on_error,status", [("deny", 503), ("allow", 200), ("local", 200)])
def test_a_process_is_ready_without_redis_where_requests_pass_without_it(worker_pool, redis, on_error, status):
    server = worker_pool("--only", "ingest", "--set", f"streams.jobs.ingest.limit.on_error={on_error}", env=UNLIMITED)
    server.wait_until_ready()
    redis.kill()
    wait_for(lambda: server.metrics()["millrace_redis_connected"] == 0, what="Redis to be missed")
    assert server.get("/submit").status == status
    reply = server.get("/readyz")
    assert reply.status == status
    told = reply.json()["checks"]["limiter jobs"]
    assert re.fullmatch(rf"the rate limiter refuses every request \(on_error: deny\): Redis at {redis.url}/0 is away: \S.*"
                        if status == 503 else "ok", told), told
    redis.start()
    wait_for(lambda: server.get("/readyz").status == 200, what="Redis again")


def attack(server, rate, seconds):
    words = [str(BINARY), "attack", f"-target=http://127.0.0.1:{server.port}/submit", f"-rate={rate}", "-conns=50", f"-duration={seconds}s",
             "-print-every=0"]
    return subprocess.Popen(words, stdout=subprocess.DEVNULL, env=os.environ)


@pytest.mark.takes(15)
def test_two_processes_share_one_rate(way_in):
    """Each is asked for more than the whole rate; over 10 s both together admit what one would."""
    rate, burst = 200, 400
    lease = min(max(rate * 0.02, 1), burst / 8)
    env = {"LIMIT_RATE": str(rate), "LIMIT_CAPACITY": str(burst)}
    servers = [way_in(env=env), way_in(env=env)]
    loads = [attack(server, 1.5 * rate, 20) for server in servers]

    wait_for(lambda: all(decisions(server)["limited"] > rate / 10 for server in servers), what="the burst to be spent")
    first, first_from, first_to = counted(servers)
    time.sleep(10)
    last, last_from, last_to = counted(servers)
    for load in loads:
        load.send_signal(signal.SIGINT)
        assert load.wait() == 0

    asked = sum(grown(first, last, "admitted")) + sum(grown(first, last, "limited"))
    assert asked > 2 * rate * 10, "not asked for enough to tell"
    assert sum(grown(first, last, "admitted")) <= rate * (last_to - first_from) + burst + len(servers) * lease
    assert sum(grown(first, last, "admitted")) >= 0.98 * rate * (last_from - first_to)
    assert min(grown(first, last, "admitted")) > 0.2 * sum(grown(first, last, "admitted")), "one of them starves"
