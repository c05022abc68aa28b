"""SIGHUP: the file is read again. What may change changes at once, what may not is named, and a mistake changes nothing."""

import json
import signal

import pytest

from conftest import ROOT
from servers import wait_for


@pytest.fixture
def reloadable(millrace, tmp_path, request):
    """The quickstart from a file of its own; its `reload` puts other words into it and returns the lines that tell what came of it.
    As a parameter: words that are put into it before the start."""
    file = tmp_path / "reloadable.yaml"
    text = (ROOT / "examples" / "quickstart.yaml").read_text().replace("127.0.0.1:8080", "127.0.0.1:0")
    for old, new in getattr(request, "param", ()):
        assert old in text
        text = text.replace(old, new)
    file.write_text(text)
    server = millrace("-c", str(file))
    server.wait_until_ready()

    def lines():
        return [line for line in map(json.loads, server.log().splitlines()) if line["log.logger"] == "reload"]

    def reload(*replacements):
        changed = text
        for old, new in replacements:
            assert old in changed
            changed = changed.replace(old, new)
        return reload_text(changed)

    def reload_text(changed):
        before = len(lines())
        file.write_text(changed)
        server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: len(lines()) > before, what="the reload")
        server.get("/livez")  # answered by a later turn of the loop: all of it is told
        return [(line["log.level"], line["message"]) for line in lines()[before:]]

    server.reload, server.reload_text = reload, reload_text
    return server


def pool(server):
    return next(row for row in server.stats("slots") if row["slots"] == "pool")


def test_what_may_change_changes_at_once(reloadable):
    told = reloadable.reload(("workers: 10", "workers: 3"), ("rate: 1000, burst: 2000", "rate: 1, burst: 2"), ("kafka: embedded", "kafka: embedded\nlog: debug"))
    assert told == [("info", "changed: pool.workers, streams.jobs.ingest.limit.rate, streams.jobs.ingest.limit.burst, log.level")]
    assert pool(reloadable)["limit"] == 3
    assert 429 in [reloadable.get("/submit").status for _ in range(4)]
    config = reloadable.stats("config")
    assert (config["pool"]["workers"], config["log"]["level"]) == (3, "debug")
    assert '"log.level":"debug"' in reloadable.log()

    told = reloadable.reload()
    assert told == [("info", "changed: pool.workers, streams.jobs.ingest.limit.rate, streams.jobs.ingest.limit.burst, log.level")]
    assert pool(reloadable)["limit"] == 10


def test_what_may_not_change_is_named_and_stays(reloadable):
    told = reloadable.reload(("workers: 10", "workers: 4"), ("partitions: 20", "partitions: 21"), ("key: \"query:key\"", "deadline: 9s"))
    assert told[0] == ("info", "changed: pool.workers")
    assert told[1][0] == "warn"
    assert told[1][1].endswith("needs a restart: streams.jobs.topic.partitions, streams.jobs.ingest.key, streams.jobs.ingest.deadline")
    assert pool(reloadable)["limit"] == 4
    assert reloadable.stats("config")["streams"]["jobs"]["topic"]["partitions"] == 20


OWN_SLOTS = ("order: partition", "order: partition\n      concurrency: 4")
SET_ROUTE = ("      - use: [health", '      - { on: "POST /set", do: work.set, stream: jobs }\n      - use: [health')


@pytest.mark.parametrize("reloadable", [(OWN_SLOTS, SET_ROUTE)], indirect=True)
def test_a_reload_leaves_what_an_action_has_set(reloadable):
    assert reloadable.post("/set", b'{"concurrency":3}').json()["concurrency"] == 3
    told = reloadable.reload(("concurrency: 4", "concurrency: 4\n      queue: 77"))
    assert told == [("info", "changed: streams.jobs.work.queue")]
    assert reloadable.post("/set", b'{"paused":false}').json()["concurrency"] == 3
    reloadable.reload(("concurrency: 4", "concurrency: 5"))
    assert reloadable.post("/set", b'{"paused":false}').json()["concurrency"] == 5


def test_without_a_file_there_is_nothing_to_read_again(millrace):
    server = millrace("--set", "listen.main.address=127.0.0.1:0")
    server.wait_until_ready()
    server.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "there is no file to read again" in server.log(), what="the line in the log")
    assert server.get("/livez").status == 200


@pytest.mark.parametrize("replacement,sentence", [
    (("workers: 10", "workers: many"), 'pool.workers: found "many"'),
    (("workers: 10", "workers: 65, max: 100"), "pool.workers: found 65; allowed: up to 64"),
    (("rate: 1000, burst: 2000", "rate: 0"), "a limit begins or ends with the process only"),
])
def test_with_a_mistake_nothing_changes(reloadable, replacement, sentence):
    told = reloadable.reload(replacement, ("kafka: embedded", "kafka: embedded\nlog: error"))
    assert {level for level, _ in told} == {"error"}
    assert sentence in " ".join(message for _, message in told)
    assert "nothing is changed" in told[-1][1]
    assert pool(reloadable)["limit"] == 10
    assert reloadable.stats("config")["log"]["level"] == "info"


@pytest.mark.parametrize("text", ["", "pool: { workers: 4 }\n"])
def test_a_file_that_lost_all_it_is_for_changes_nothing(reloadable, text):
    told = reloadable.reload_text(text)
    assert {level for level, _ in told} == {"error"}
    assert "streams: found no streams and no listen" in told[0][1]
    assert pool(reloadable)["limit"] == 10


def test_the_end_of_a_reloaded_process_is_in_order(reloadable):
    reloadable.reload(("workers: 10", "workers: 2"))
    reloadable.terminate()
    assert reloadable.wait() == 0
