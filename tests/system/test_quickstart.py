"""Without a configuration: the embedded broker. What is accepted is worked, and nothing is accepted that it would drop."""

import json

from servers import wait_for

ADDRESS = ("--set", "listen.main.address=127.0.0.1:0")


def test_the_first_log_line_says_what_is_not_durable(millrace):
    server = millrace(*ADDRESS)
    first = json.loads(server.log().splitlines()[0])
    assert first["log.level"] == "warn"
    assert "keeps records in memory only" in first["message"]


def test_a_submitted_job_is_worked_in_order_counted_and_committed(millrace):
    server = millrace(*ADDRESS, "--set", "streams.jobs.work.handler.simulate.fail=0")
    server.wait_until_ready()
    for _ in range(3):
        reply = server.get("/submit?key=one")
        assert (reply.status, reply.json()["message"]) == (200, "Job Enqueued to Kafka")
    wait_for(lambda: server.metrics()['millrace_worked_total{outcome="done",stream="jobs"}'] == 3, what="three jobs")
    wait_for(lambda: [row["committed"] for row in server.stats("partitions") if row["done"] == 3] == [3], what="the commit")
    server.terminate()
    assert server.wait() == 0
    assert "are lost" not in server.log()


def test_the_last_lines_say_what_is_lost(millrace):
    server = millrace(*ADDRESS, "--only", "ingest")
    server.wait_until_ready()
    assert [server.get("/submit").status for _ in range(3)] == [200] * 3
    server.terminate()
    assert server.wait() == 0
    assert "3 records of topic jobs_topic that were not worked off are lost" in server.log()


def test_input_is_refused_before_unread_records_would_be_dropped(millrace):
    server = millrace(*ADDRESS, "--only", "ingest")
    server.wait_until_ready()
    body = json.dumps({"id": "x", "ballast": "b" * 100_000}).encode()
    replies = [server.post("/submit?key=one", body) for _ in range(80)]
    accepted = sum(reply.status == 200 for reply in replies)
    assert 20 < accepted <= 5 * 1024 * 1024 // len(body)
    assert replies[-1].status == 503
    assert int(replies[-1].headers["Retry-After"]) >= 1
    assert "embedded" in replies[-1].json()["error"]
