"""Dashboards and alert rules against a real Prometheus: each query of each panel and variable returns data.

Nothing here draws a dashboard: what is proved is that the files are those of their generator, that Grafana's own schema takes them, and that
the queries have data in a pool that has seen every outcome.
"""

import contextlib
import importlib.util
import json
import re
import shutil
import socket
import subprocess
import time
import urllib.parse
import urllib.request

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from servers import ROOT, find_by, find_go_tool, free_port, go_tool, wait_for

DASHBOARDS = sorted((ROOT / "dashboards").glob("*.json"))
RULES = ROOT / "dashboards" / "rules"


def dashboard(path):
    return json.loads(path.read_text())


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_the_file_is_what_the_generator_makes(path):
    spec = importlib.util.spec_from_file_location("generate", ROOT / "dashboards" / "generate.py")
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    assert dict(generate.documents())[path.name] == path.read_text(), "run: dashboards/generate.py"


def differences(before, after, where="$"):
    """What of `before` is missing or other in `after`; what a reader adds (defaults) is none."""
    if isinstance(before, dict) and isinstance(after, dict):
        return [found for key in before for found in differences(before[key], after.get(key), f"{where}.{key}")]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return [found for i in range(len(before)) for found in differences(before[i], after[i], f"{where}[{i}]")]
    return [] if before == after else [f"{where}: {before!r} became {after!r}"]


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_grafanas_schema_takes_it_without_a_change(path):
    read = Dashboard.from_json(dashboard(path))
    assert differences(dashboard(path), json.loads(JSONEncoder(sort_keys=True).encode(read))) == []


@pytest.fixture(scope="module")
def complaints(tmp_path_factory):
    """What the compiler says of a dashboard by the types of Grafana's own front end."""
    installed, reason = find_by("grafana-schema")
    if installed is None:
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("grafana")
    (folder / "node_modules").symlink_to(f"{installed}/node_modules")
    shutil.copy(ROOT / "tests" / "system" / "grafana" / "types.ts", folder)

    def judge(document):
        (folder / "judged.ts").write_text(f'import type {{ File }} from "./types";\nexport const file: File = {json.dumps(document, indent=1)};\n')
        words = ["node_modules/.bin/tsc", "--noEmit", "--strict", "--module", "esnext", "--moduleResolution", "bundler", "--skipLibCheck"]
        return subprocess.run([*words, "judged.ts"], cwd=folder, capture_output=True, text=True, timeout=120).stdout

    return judge


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_grafanas_own_types_take_it(path, complaints):
    assert complaints(dashboard(path)) == ""


@pytest.mark.parametrize("spoil", [
    lambda document, panel: document.update(grphTooltip=1),
    lambda document, panel: document.update(graphTooltip=7),
    lambda document, panel: document["templating"]["list"][0].update(sort=70),
    lambda document, panel: panel.update(type="timeserie"),
    lambda document, panel: panel["gridPos"].pop("w"),
    lambda document, panel: panel["options"]["legend"].update(displayMode="lst"),
    lambda document, panel: panel["options"]["tooltip"].update(sorted="desc"),
    lambda document, panel: panel["fieldConfig"]["defaults"].update(units="short"),
    lambda document, panel: panel["fieldConfig"]["defaults"]["custom"].update(showPoints="sometimes"),
], ids=["a key", "a number of an enum", "of a variable", "a kind of panel", "a place", "a word of an enum", "an option", "a field", "a style"])
def test_grafanas_own_types_find_a_mistake_in(spoil, complaints):
    document = dashboard(ROOT / "dashboards" / "kafka.json")
    spoil(document, next(panel for panel in document["panels"] if panel["type"] == "timeseries"))
    assert "error TS" in complaints(document)


def test_every_alert_has_series_that_fire_it_and_series_that_do_not():
    groups = yaml.safe_load((RULES / "millrace.yaml").read_text())["groups"]
    names = [test["name"] for test in yaml.safe_load((RULES / "millrace_test.yaml").read_text())["tests"]]
    alerts = [rule["alert"] for group in groups for rule in group["rules"] if "alert" in rule]
    assert alerts
    wanted = [f"{alert} {word}" for alert in alerts for word in ("fires", "does not")]
    assert [start for start in wanted if not any(name.startswith(start) for name in names)] == []


def test_rules_fire_when_they_should_and_only_then():
    for words in (["check", "rules", "millrace.yaml"], ["test", "rules", "millrace_test.yaml"]):
        judged = subprocess.run(["promtool", *words], cwd=RULES, capture_output=True, text=True, timeout=60)
        assert judged.returncode == 0, judged.stdout + judged.stderr


class Prometheus:
    def __init__(self, folder, target, *options):
        self.port = free_port()
        config = folder / "prometheus.yml"
        config.write_text(f"""
global: {{ scrape_interval: 1s, evaluation_interval: 1s }}
rule_files: ["{RULES / 'millrace.yaml'}"]
scrape_configs: [{{ job_name: millrace, static_configs: [{{ targets: ["127.0.0.1:{target}"] }}] }}]
""")
        words = ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder / 'tsdb'}", f"--web.listen-address=127.0.0.1:{self.port}",
                 "--enable-feature=exemplar-storage"]
        with open(folder / "prometheus.log", "wb") as log:
            self.process = subprocess.Popen(words, stdout=log, stderr=log)

    def ask(self, path, **arguments):
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(arguments)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)["data"]

    def ready(self):
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=2).status == 200
        except OSError:
            return False

    def samples(self, query):
        return [row for row in self.ask("query", query=query)["result"] if row["value"][1] != "NaN"]


@pytest.fixture
def prometheus(tmp_path):
    started = []

    def start(target, *options):
        started.append(Prometheus(tmp_path, target, *options))
        wait_for(started[-1].ready, timeout=30, what="Prometheus")
        return started[-1]

    yield start
    for server in started:
        server.process.terminate()
        server.process.wait(20)


def test_pint_is_there_to_read_the_rules():
    """Without it the test of every query says nothing of them: that is not passed over in silence."""
    assert go_tool("pint")


def remarks_of_pint(pint, metrics, folder):
    """What pint finds in the rules that this Prometheus cannot answer: metrics and labels that are not there, which promtool passes."""
    configuration, found = folder / "pint.hcl", folder / "pint.json"
    configuration.write_text(f'prometheus "live" {{ uri = "http://127.0.0.1:{metrics.port}" }}')
    words = [pint, "--no-color", "--config", configuration, "lint", "--min-severity", "info", "--json", found, RULES / "millrace.yaml"]
    judged = subprocess.run(words, capture_output=True, text=True, timeout=120)
    assert judged.returncode == 0 and "online=true" in judged.stderr, judged.stdout + judged.stderr
    return json.loads(found.read_text())


def exemplars_of(metrics, query):
    """The labels of each, as a panel asks for them beside its query."""
    found = metrics.ask("query_exemplars", query=query, start=time.time() - 600, end=time.time())
    return [exemplar["labels"] for series in found for exemplar in series["exemplars"]]


def filled(query, names):
    """The query as Grafana would send it."""
    query = query.replace("$__rate_interval", "60s")
    for name, value in names.items():
        query = query.replace(f"${name}", value)
    return query


def queries_of(document):
    for panel in document["panels"]:
        for target in panel.get("targets", []):
            yield f"{document['title']} / {panel['title']}", target["expr"]


def selectors_of(query):
    """Its metrics with their labels: `or vector(0)` has data also where the metric before it does not exist."""
    return set(re.findall(r"(?:millrace|my_system|kafka|process)_\w+(?:\{[^}]*\})?", query.replace("$__rate_interval", "60s")))


def values_of(query):
    """label_values(SELECTOR, label) -> selector, label"""
    selector, label = query.removeprefix("label_values(").removesuffix(")").rsplit(",", 1)
    return selector.strip(), label.strip()


# What docs/observability.md says that the pool of the queries has seen: a series that counts it, and how much of it there is at least.
OUTCOMES = {
    "200": ('millrace_http_requests_total{route="/submit",status="200"}', 1),
    "400": ('millrace_http_requests_total{route="/submit",status="400"}', 1),
    "429": ('millrace_http_requests_total{route="/submit",status="429"}', 1),
    "503": ('millrace_http_requests_total{route="/submit",status="503"}', 1),
    "no HTTP": ("sum(millrace_http_errors_total)", 1),
    "a client that left": ("millrace_http_client_gone_total", 1),
    "limited": ('millrace_limiter_decisions_total{decision="limited"}', 1),
    "Redis away": ('millrace_limiter_decisions_total{decision="refused"}', 1),
    "the broker away": ("sum(millrace_produce_errors_total)", 1),
    "done": ('millrace_worked_total{outcome="done"}', 1),
    "dead": ('millrace_worked_total{outcome="dead"}', 1),
    "dead letters": ("millrace_dead_letters_total", 1),
    "retries": ("millrace_work_retries_total", 1),
    "a hot key": ("max(millrace_consumed_total)", 15),  # of 20 partitions and 50 jobs or so
}


def outcomes_not_seen(metrics):
    return [what for what, (query, least) in OUTCOMES.items() if not metrics.samples(f"{query} >= {least}")]


def given_every_outcome(server, kafka, redis):
    """Answers of 200, 429, 503 and 400; jobs done, retried and dead; a hot key; a client that leaves; Redis and the broker away for a while."""
    for i in range(40):
        server.get("/submit?key=hot" if i % 4 else f"/submit?key=k-{i}")
    wait_for(lambda: server.post("/submit", {"always_fail": True}).status == 200, what="room in the limit for a job that will die")
    server.post("/submit", b"[not json")
    with socket.create_connection(("127.0.0.1", server.port)) as rude:
        rude.sendall(b"NONSENSE\r\n\r\n")
        rude.recv(1000)
    redis.kill()
    wait_for(lambda: server.get("/submit").status == 503, what="503 without Redis")
    redis.start()
    wait_for(lambda: server.get("/submit").status == 200, what="200 again")  # else what follows is refused before the broker is asked
    kafka.stop(kill=True)
    with socket.create_connection(("127.0.0.1", server.port)) as gone:
        gone.sendall(b"GET /submit HTTP/1.1\r\nHost: x\r\n\r\n")
    wait_for(lambda: server.get("/submit").status in (503, 504), what="503 without the broker")
    kafka.start()
    wait_for(lambda: server.get("/submit").status == 200, timeout=60, every=0.5, what="200 again")


@pytest.mark.takes(70)
def test_every_query_of_every_panel_has_data(worker_pool, prometheus, own_kafka, redis, tmp_path):
    environment = {"KAFKA_BROKERS": own_kafka.brokers, "LIMIT_RATE": "5", "LIMIT_CAPACITY": "30", "JOB_PROCESS_TIME_MIN": "10",
                   "JOB_PROCESS_TIME_RANGE": "10", "KAFKA_CONSUMER_MAX_RETRIES": "1"}
    server = worker_pool("--set", "streams.jobs.watch.every=500ms", env=environment)
    server.wait_until_ready()
    metrics = prometheus(server.port)
    wait_for(lambda: metrics.samples("millrace_build_info"), timeout=30, what="the first scrape")
    given_every_outcome(server, own_kafka, redis)
    with contextlib.suppress(AssertionError):
        wait_for(lambda: not outcomes_not_seen(metrics), timeout=60, every=0.5)
    assert outcomes_not_seen(metrics) == []

    names = {"instance": ".*", "group": server.group, "topic": server.topic}
    asked, empty = 0, {}

    def has_no_data():
        nonlocal asked
        asked, missing = 0, {}
        for path in DASHBOARDS:
            for where, query in queries_of(dashboard(path)):
                asked += 1
                for part in (query, *selectors_of(query)):
                    if not metrics.samples(filled(part, names)):
                        missing[where] = part
        empty.clear()
        empty.update(missing)
        return missing

    try:
        # A rate has none until what was not known while the broker was away has left its window.
        wait_for(lambda: not has_no_data(), timeout=120, every=2, what="data for every query")
    except AssertionError:
        raise AssertionError("no data:\n" + "\n".join(f"{where}: {query}" for where, query in empty.items())) from None
    assert f"({asked} queries)" in (ROOT / "docs" / "observability.md").read_text()

    for path in DASHBOARDS:
        for entry in dashboard(path)["templating"]["list"]:
            if entry["type"] == "query":
                selector, label = values_of(entry["query"]["query"])
                assert any(label in row["metric"] for row in metrics.samples(filled(selector, names))), entry["query"]

    page = server.get("/metrics").body
    judged = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True, timeout=60)
    assert (judged.returncode, judged.stdout + judged.stderr) == (0, b"")

    rules = [rule for group in metrics.ask("rules")["groups"] for rule in group["rules"]]
    assert len(rules) == 17 and all(rule["health"] == "ok" for rule in rules), rules
    traces = [labels["trace_id"] for labels in exemplars_of(metrics, "millrace_http_request_duration_seconds_bucket")]
    assert traces and all(re.fullmatch("[0-9a-f]{32}", trace) for trace in traces), traces
    pint, _ = find_go_tool("pint")
    assert pint is None or remarks_of_pint(pint, metrics, tmp_path) == []
    print(f"{asked} queries of {len(DASHBOARDS)} dashboards have data")
