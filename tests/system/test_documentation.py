"""What is printed by the program and what is written about it are the same; and secrets are in neither."""

import os
import re
import subprocess

import pytest

from conftest import BINARY, ROOT
from servers import Millrace
from wire import by_label

SECRETS = """\
kafka:
  brokers: "127.0.0.1:1"
  security: {{ protocol: sasl_plaintext, user: alice, password: "${{T_KAFKA_PASSWORD}}", key_password: {{ file: {file} }} }}
redis: {{ url: "redis://bob:in-the-url@127.0.0.1:1/2", username: carol, password: "in-the-file" }}
streams:
  jobs:
    topic: {{ name: jobs }}
    ingest: {{ limit: {{ rate: 5 }} }}
listen:
  main:
    address: "127.0.0.1:0"
    routes:
      - {{ on: "POST /submit", do: ingest.one, stream: jobs }}
      - {{ use: [health, metrics, debug] }}
"""
HIDDEN = ["in-the-environment", "in-a-secret-file", "in-the-url", "in-the-file"]


def output(*words, **options):
    out = subprocess.run([str(BINARY), *words], capture_output=True, text=True, timeout=30, **options)
    assert out.returncode == 0, out.stderr
    return out.stdout


@pytest.mark.parametrize("page", ["configuration", "actions", "metrics"])
def test_a_generated_page_is_what_the_program_prints(page):
    assert (ROOT / "docs" / f"{page}.md").read_text() == output("docs", page), f"run: millrace docs {page} >docs/{page}.md"


def test_every_link_within_the_configuration_page_leads_somewhere():
    text = (ROOT / "docs" / "configuration.md").read_text()
    anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in re.findall(r"^#+ (.*)$", text, re.M)}
    assert set(re.findall(r"\]\(#([^)]*)\)", text)) <= anchors


def test_every_metric_that_is_served_is_on_its_page(worker_pool):
    server = worker_pool()
    server.wait_until_ready()
    server.get("/submit")
    page = (ROOT / "docs" / "metrics.md").read_text()
    families = re.findall(r"^# TYPE (\S+) ", server.get("/metrics").body.decode(), re.M)
    assert len(families) > 30
    views = re.findall(r"- { name: (\w+),", (ROOT / "examples" / "worker-pool.yaml").read_text())
    assert [family for family in families if f"| `{family}` |" not in page and family not in views] == []


@pytest.mark.parametrize("example", sorted(path.name for path in (ROOT / "examples").glob("*.yaml")))
def test_every_example_passes_check_in_an_empty_environment(example):
    output("check", "-c", str(ROOT / "examples" / example), env={})


@pytest.fixture
def secrets(tmp_path):
    (tmp_path / "password").write_text("in-a-secret-file\n")
    file = tmp_path / "secrets.yaml"
    file.write_text(SECRETS.format(file=tmp_path / "password"))
    return file


def test_check_prints_no_secret(secrets):
    text = output("check", "-c", str(secrets), env={**os.environ, "T_KAFKA_PASSWORD": "in-the-environment"})
    assert [secret for secret in HIDDEN if secret in text] == []
    assert "alice" in text and "carol" in text, "names are no secrets"


def test_a_running_server_shows_no_secret(secrets, tmp_path):
    server = Millrace(BINARY, tmp_path / "log", ["-c", str(secrets), "--set", "log=debug"], {"T_KAFKA_PASSWORD": "in-the-environment"})
    try:
        server.wait_until_listening()
        shown = [server.request(method, path).body.decode() for method, path in
                 [("GET", "/debug/stats"), ("GET", "/readyz"), ("GET", "/metrics"), ("POST", "/submit")]]
        assert by_label(server.metrics(), "millrace_build_info", "version")
    finally:
        server.end()
    for text in [*shown, server.log()]:
        assert [secret for secret in HIDDEN if secret in text] == []


def test_a_mistake_beside_a_secret_does_not_print_it(secrets):
    file = secrets.with_name("wrong.yaml")
    file.write_text(secrets.read_text().replace("redis://bob", "redi://bob").replace("key_password: {", "key_password: { fil: x, "))
    out = subprocess.run([str(BINARY), "check", "-c", str(file)], capture_output=True, text=True, timeout=30,
                         env={**os.environ, "T_KAFKA_PASSWORD": "in-the-environment"})
    assert out.returncode == 1
    assert len(out.stderr.splitlines()) >= 2
    assert [secret for secret in HIDDEN if secret in out.stderr + out.stdout] == []
