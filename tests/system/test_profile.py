"""/debug/profile: a processor profile of all threads, opened by pprof."""

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import time

import pytest

from conftest import BINARY
from servers import wait_for
from wire import Wire

BUSY = {"LIMIT_RATE": "100000", "LIMIT_CAPACITY": "100000", "JOB_PROCESS_FAIL_RATE": "0"}
BURNING = "{ simulate: { mode: cpu, min: 2ms, range: 1ms, fail: 0 } }"

pytestmark = pytest.mark.skipif(
    b"libprofiler" not in subprocess.run(["ldd", BINARY], capture_output=True).stdout,
    reason="the program was built without gperftools' libprofiler (-Dprofiler=disabled, or not installed)")


def cumulative(profile):
    """{function: samples in which it or what it called was found}, as pprof tells."""
    program = profile.with_name("millrace")  # pprof finds no symbols in a path with blanks, which a checkout may have
    shutil.copy(BINARY, program)
    profile.write_bytes(profile.read_bytes().replace(bytes(BINARY.resolve()), bytes(program)))  # in its list of what is mapped where
    told = subprocess.run(["google-pprof", "--text", "--cum", "--functions", "--nodefraction=0", str(program), str(profile)], capture_output=True, text=True,
                          timeout=120)
    assert told.returncode == 0, told.stderr
    rows = (line.split() for line in told.stdout.splitlines() if "%" in line)
    return {row[5]: int(row[3]) for row in rows if len(row) > 5}


@contextlib.contextmanager
def attack(server):
    words = [BINARY, "attack", "-target", f"http://127.0.0.1:{server.port}/submit", "-workers", "64", "-think", "0", "-duration", "60s"]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        yield
        process.terminate()


def is_taken(server):
    """A profile is a file in memory while it is taken."""
    files = pathlib.Path(f"/proc/{server.pid}/fd").iterdir()
    return any(link.is_symlink() and "memfd:profile" in os.readlink(link) for link in files)


@contextlib.contextmanager
def profile_of(server, seconds):
    """A client that has asked for a profile, while it is being taken."""
    with Wire(server, timeout=70) as wire:
        wire.send(f"GET /debug/profile?seconds={seconds} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        wait_for(lambda: is_taken(server), what="a profile that is being taken")
        yield wire


def test_the_profile_finds_the_loop_the_pool_and_librdkafka_at_work(worker_pool, tmp_path):
    server = worker_pool("--set", f"streams.jobs.work.handler={BURNING}", "--set", "pool.workers=1",
                         env={**BUSY, "CPUPROFILE_FREQUENCY": "500"})
    server.wait_until_ready()
    with attack(server):
        reply = server.get("/debug/profile?seconds=4")
    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/octet-stream")
    (tmp_path / "profile").write_bytes(reply.body)
    found = cumulative(tmp_path / "profile")
    assert found.get("burn", 0) > 0, found
    assert found.get("command_serve", 0) > 0, found
    assert found.get("rd_kafka_broker_thread_main", 0) + found.get("rd_kafka_thread_main", 0) > 0, found


def test_one_is_taken_at_a_time_and_the_loop_goes_on_meanwhile(worker_pool):
    server = worker_pool("--only", "ingest")
    server.wait_until_ready()
    with profile_of(server, seconds=5) as client:
        second = server.get("/debug/profile?seconds=1")
        assert server.get("/submit").status == 200
        assert is_taken(server), "neither waited for it"
        assert second.status == 409
        assert 1 <= int(second.headers["Retry-After"]) <= 5
        assert "one at a time" in second.json()["error"]
        assert client.answer().status == 200
    assert not is_taken(server)
    assert server.get("/debug/profile?seconds=1").status == 200
    assert all(json.loads(line) for line in server.log().splitlines()), "gperftools has nothing to say there"


def test_a_client_that_leaves_ends_it(worker_pool):
    server = worker_pool("--only", "ingest")
    with profile_of(server, seconds=60):
        pass
    wait_for(lambda: not is_taken(server), timeout=20, what="the end of that profile")


def test_a_shutdown_ends_it_and_answers_with_what_there_is(worker_pool):
    server = worker_pool("--only", "ingest")
    with profile_of(server, seconds=60) as client:
        began = time.monotonic()
        server.terminate()
        answer = client.answer()
    assert (answer.status, len(answer.body) > 0) == (200, True)
    assert server.wait() == 0
    assert time.monotonic() - began < 20


def test_it_is_for_those_only_who_may_change_something(worker_pool):
    server = worker_pool("--only", "ingest", "--set", "admin={ from: [192.0.2.1/32], token: open-sesame }")
    refused = server.get("/debug/profile?seconds=1")
    assert (refused.status, "admin.from" in refused.json()["error"]) == (403, True)
    assert server.get("/debug/profile?seconds=1", headers={"Authorization": "Bearer open-sesame"}).status == 200
    assert server.request("HEAD", "/debug/profile").status == 405


@pytest.mark.parametrize("seconds", ["0", "61", "1.5", "", "five"])
def test_its_time_is_bounded(worker_pool, seconds):
    server = worker_pool("--only", "ingest")
    reply = server.get(f"/debug/profile?seconds={seconds}")
    assert (reply.status, "allowed: a whole number from 1 to 60" in reply.json()["error"]) == (400, True)
