"""compose/ as far as it can be read without an engine: files that fit each other and the examples."""

import re
import subprocess
import urllib.parse

import pytest
import yaml

from servers import ROOT

COMPOSE = ROOT / "compose"
FILES = ["compose.yaml", "three-brokers.yaml"]


def services(name):
    return yaml.safe_load((COMPOSE / name).read_text())["services"]


def every_service():
    return [(f"{name}: {service}", about) for name in FILES for service, about in services(name).items()]


@pytest.mark.parametrize("files", [FILES[:1], FILES], ids=["one broker", "three brokers"])
def test_compose_itself_takes_the_files(files):
    words = [word for file in files for word in ("-f", COMPOSE / file)]
    judged = subprocess.run(["docker-compose", *words, "config"], capture_output=True, text=True, timeout=60)
    assert judged.returncode == 0, judged.stderr
    brokers = [about["environment"] for about in yaml.safe_load(judged.stdout)["services"].values() if "KAFKA_NODE_ID" in about.get("environment", {})]
    assert len({str(broker["KAFKA_NODE_ID"]) for broker in brokers}) == len(brokers) == (1 if len(files) == 1 else 3)
    copies = yaml.safe_load(judged.stdout)["services"]["millrace"]["environment"].get("KAFKA_REPLICATION", 1)
    assert int(copies) == len(brokers), "a broker may be lost"
    for broker in brokers:
        quorum = broker["KAFKA_CONTROLLER_QUORUM_VOTERS"].split(",")
        assert len(quorum) == len(brokers) and any(voter.startswith(f"{broker['KAFKA_NODE_ID']}@") for voter in quorum)


def test_images_have_a_version_and_no_host():
    images = [about["image"] for _, about in every_service() if "image" in about]
    assert images and all(re.fullmatch(r"([\w-]+/)?[\w-]+:v?\d[\w.-]*", image) for image in images), images


def test_what_is_mounted_exists():
    mounts = [mount for _, about in every_service() for mount in about.get("volumes", [])]
    assert mounts and all((COMPOSE / mount.split(":")[0]).exists() for mount in mounts), mounts
    build = services("compose.yaml")["millrace"]["build"]
    assert (COMPOSE / build["context"] / build["dockerfile"]).exists()


def test_ports_are_published_on_loopback_once():
    ports = [port for _, about in every_service() for port in about.get("ports", [])]
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert len({port.split(":")[1] for port in ports}) == len(ports)
    assert {"127.0.0.1:8080:8080", "127.0.0.1:8081:8081", "127.0.0.1:9092:9092", "127.0.0.1:6379:6379"} <= set(ports)


def test_the_program_is_given_names_that_its_example_knows():
    example = (ROOT / "examples" / "worker-pool.yaml").read_text()
    for name in FILES:
        for variable in services(name)["millrace"]["environment"]:
            assert f"${{{variable}:-" in example or variable.startswith("OTEL_"), variable  # OpenTelemetry's names need no line there


def test_services_depend_on_services_that_have_a_health_check():
    known = services("compose.yaml")
    for about in known.values():
        dependencies = about.get("depends_on", {})
        for service in dependencies:
            assert service in known
            assert isinstance(dependencies, list) or "healthcheck" in known[service], service


def test_prometheus_scrapes_the_program_and_reads_the_mounted_rules(tmp_path):
    config = yaml.safe_load((COMPOSE / "prometheus.yml").read_text())
    assert config["scrape_configs"][0]["static_configs"][0]["targets"] == ["millrace:8081"]
    mounts = dict(reversed(mount.split(":")[:2]) for mount in services("compose.yaml")["prometheus"]["volumes"])
    for rule in config["rule_files"]:
        assert (COMPOSE / mounts[rule]).exists(), rule
    config["rule_files"] = [str((COMPOSE / mounts[rule]).resolve()) for rule in config["rule_files"]]
    copied = tmp_path / "prometheus.yml"
    copied.write_text(yaml.safe_dump(config))
    judged = subprocess.run(["promtool", "check", "config", str(copied)], capture_output=True, text=True, timeout=30)
    assert judged.returncode == 0, judged.stdout + judged.stderr


def data_sources():
    for file in (COMPOSE / "grafana/provisioning/datasources").glob("*.yaml"):
        yield from yaml.safe_load(file.read_text())["datasources"]


def test_grafanas_data_sources_are_services_and_an_exemplar_leads_to_its_trace():
    known = services("compose.yaml")
    sources = {source["uid"]: source for source in data_sources()}
    assert {urllib.parse.urlsplit(source["url"]).hostname for source in sources.values()} == {"prometheus", "jaeger"} <= set(known)
    (way,) = sources["prometheus"]["jsonData"]["exemplarTraceIdDestinations"]
    assert sources[way["datasourceUid"]]["type"] == "jaeger"
    assert "--enable-feature=exemplar-storage" in known["prometheus"]["command"]


def test_spans_go_to_a_service_and_jaeger_is_of_the_version_that_tests_run():
    known = services("compose.yaml")
    endpoint = urllib.parse.urlsplit(known["millrace"]["environment"]["OTEL_EXPORTER_OTLP_ENDPOINT"])
    assert endpoint.hostname in known and f"127.0.0.1:{endpoint.port}:{endpoint.port}" in known[endpoint.hostname]["ports"]
    built = re.search(r"jaegertracing/jaeger v1\.(\d+)", (ROOT / "scripts" / "go-tool").read_text()).group(1)
    # Jaeger's module and its program are released together, as v1.76.0 and v2.13.0.
    assert known["jaeger"]["image"] == f"jaegertracing/jaeger:2.{int(built) - 63}.0"


def test_grafana_finds_its_dashboards_where_they_are_mounted():
    provider = yaml.safe_load((COMPOSE / "grafana/provisioning/dashboards/millrace.yaml").read_text())["providers"][0]
    mounts = dict(reversed(mount.split(":")[:2]) for mount in services("compose.yaml")["grafana"]["volumes"])
    folder = COMPOSE / mounts[provider["options"]["path"]]
    assert len(list(folder.glob("*.json"))) >= 4


@pytest.mark.parametrize("line", ["COPY examples /etc/millrace", "USER millrace", 'ENV HTTP_ADDR=":8080"', 'ENV OBSERVE_ADDR=":8081"'])
def test_the_image_brings_the_examples_is_not_run_by_root_and_listens_to_the_outside(line):
    assert line in (COMPOSE / "Dockerfile").read_text().splitlines()
