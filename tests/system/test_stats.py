"""/debug/stats and work.stats: what the program says of itself, as JSON and as text."""

from servers import wait_for

SECTIONS = {"loop", "http", "limiter", "redis", "producer", "breaker", "partitions", "lanes", "slots", "memory", "hot_keys", "config", "build"}


def test_the_index_names_every_section_and_each_can_be_asked_for(worker_pool):
    server = worker_pool()
    server.wait_until_ready()
    assert server.get("/submit?key=hot").status == 200
    index = {row["section"]: row["summary"] for row in server.get("/debug/stats").json()["index"]}
    assert SECTIONS <= set(index)
    assert server.get("/debug/stats").body.endswith(b"}\n"), "a shell's prompt stands on a line of its own"
    for name, summary in index.items():
        assert summary.endswith("."), name
        assert server.stats(name) is not None
        text = server.get(f"/debug/stats?section={name}&format=text")
        assert text.headers["Content-Type"].startswith("text/plain")
        assert text.body.decode().startswith(f"{name}\n")


def test_an_unknown_section_is_answered_with_the_known_ones(worker_pool):
    server = worker_pool("--only", "ingest")
    reply = server.get("/debug/stats?section=nonsense")
    assert reply.status == 404
    assert 'found the section "nonsense"; allowed: loop' in reply.json()["error"]
    as_text = server.get("/debug/stats?section=nonsense&format=text")
    assert (as_text.status, as_text.body.decode()) == (404, reply.json()["error"] + "\n")


def test_hot_keys_and_producers_are_told_as_they_are(worker_pool):
    server = worker_pool("--only", "ingest")
    server.wait_until_ready()
    for key in ["hot"] * 8 + ["cold"] * 2:
        assert server.get(f"/submit?key={key}").status == 200
    first, second = server.stats("hot_keys")
    assert (first["key"], first["count"]) == ("hot", 8)
    assert (second["key"], second["count"]) == ("cold", 2)
    (producer,) = server.stats("producer")
    assert producer["queue_records"] == 0
    (breaker,) = [row for row in server.stats("breaker") if row["topic"] == server.topic]
    assert breaker["state"] == "closed"
    assert (server.stats("redis")["state"], server.stats("redis")["last_fault"]) == ("ready", None)


def test_keys_of_any_bytes_leave_the_answer_json_and_the_terminal_alone(worker_pool):
    server = worker_pool("--only", "ingest")
    server.wait_until_ready()
    for key in ["%FF%FE", "%00", "%1b%5b2J", "%c2%9b31m", "%22%5c", "%", "x" * 6000]:
        assert server.get(f"/submit?key={key}").status == 200
    keys = {row["key"] for row in server.stats("hot_keys")}
    assert {"\\xff\\xfe", "\0", "\x1b[2J", "\x9b31m", '"\\', "%"} < keys
    assert "hot_keys" in server.get("/debug/stats").json()
    for form in ["text", "json"]:  # curl shows JSON on a terminal too
        text = server.get(f"/debug/stats?format={form}").body.decode()
        assert [c for c in text if c != "\n" and (c < " " or "\x7f" <= c < "\xa0")] == []


def test_the_configuration_is_shown_without_secrets(worker_pool, redis):
    redis.cli("CONFIG", "SET", "requirepass", "hush-hush")
    url = redis.url.replace("redis://", "redis://:hush-hush@")
    server = worker_pool("--only", "ingest", env={"REDIS_URL": url})
    server.wait_until_ready()
    assert server.get("/submit").status == 200, "the password is used"
    shown = server.get("/debug/stats").body + server.get("/debug/stats?format=text").body + server.log().encode()
    assert b"hush-hush" not in shown
    assert b"********" in shown


def test_work_stats_tells_what_a_stream_has_done(worker_pool):
    fast = {"JOB_PROCESS_TIME_MIN": "1", "JOB_PROCESS_TIME_RANGE": "1", "JOB_PROCESS_FAIL_RATE": "0"}
    server = worker_pool("--set", "listen.main.routes.2={ on: GET /work, do: work.stats, stream: jobs }", env=fast)
    server.wait_until_ready()
    assert server.get("/submit").status == 200
    wait_for(lambda: server.get("/work").json()["done"] == 1, what="the job")
    stats = server.get("/work").json()
    assert (stats["taken"], stats["dead"], stats["running"], stats["waiting"]) == (1, 0, 0, 0)
