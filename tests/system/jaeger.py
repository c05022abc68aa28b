"""A real Jaeger (v2: a distribution of OpenTelemetry's Collector): takes spans by OTLP over HTTP, keeps them in memory, is asked by HTTP."""

import json
import os
import subprocess
import urllib.error
import urllib.request

from servers import free_port, go_tool, wait_for

CONFIGURATION = """\
service:
  extensions: [jaeger_storage, jaeger_query, healthcheckv2]
  pipelines:
    traces: {{ receivers: [otlp], exporters: [jaeger_storage_exporter] }}
  telemetry:
    metrics: {{ level: none }}
extensions:
  healthcheckv2: {{ use_v2: true, http: {{ endpoint: "127.0.0.1:{health}" }} }}
  jaeger_storage: {{ backends: {{ memory: {{ memory: {{ max_traces: 100000 }} }} }} }}
  jaeger_query:
    storage: {{ traces: memory }}
    http: {{ endpoint: "127.0.0.1:{query}" }}
    grpc: {{ endpoint: "127.0.0.1:{query_grpc}" }}
receivers:
  otlp: {{ protocols: {{ http: {{ endpoint: "127.0.0.1:{otlp}" }} }} }}
exporters:
  jaeger_storage_exporter: {{ trace_storage: memory }}
"""


class Jaeger:
    def __init__(self, folder):
        self.ports = {name: free_port() for name in ("otlp", "query", "query_grpc", "health")}
        self.endpoint = f"http://127.0.0.1:{self.ports['otlp']}"  # as OTEL_EXPORTER_OTLP_ENDPOINT has it: without /v1/traces
        self.folder = folder
        self.process = None

    def __enter__(self):
        configuration = self.folder / "jaeger.yaml"
        configuration.write_text(CONFIGURATION.format(**self.ports))
        words = [go_tool("jaeger"), "--config", f"file:{configuration}"]
        with open(self.folder / "jaeger.log", "wb") as log:
            # Its own spans would go to whoever listens on OTLP's usual port, and be waited for at the end.
            self.process = subprocess.Popen(words, stdout=log, stderr=log, env={**os.environ, "OTEL_TRACES_SAMPLER": "always_off"})
        try:
            wait_for(self._ready, timeout=60, what="Jaeger")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)

    def _ready(self):
        assert self.process.poll() is None, (self.folder / "jaeger.log").read_text()
        try:
            return self._ask("health", "/status") is not None
        except OSError:
            return False

    def _ask(self, port, path):
        """None: there is no such thing, or not yet."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[port]}{path}", timeout=10) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code in (404, 503):
                return None
            raise

    def spans(self, trace_id):
        """The spans of a trace as Jaeger's own JSON has them, none while it knows nothing of it.."""
        found = self._ask("query", f"/api/traces/{trace_id}")
        return found["data"][0]["spans"] if found else []

    def trace(self, trace_id, spans=1):
        """The whole of a trace, {"traceID", "spans", "processes"}, as soon as it has so many spans."""
        wait_for(lambda: len(self.spans(trace_id)) >= spans, what=f"{spans} spans of {trace_id}")
        return self._ask("query", f"/api/traces/{trace_id}")["data"][0]

    def services(self):
        return self._ask("query", "/api/services")["data"]


def tags(span):
    """{key: value} of a span, of one of its logs, or of a process."""
    return {tag["key"]: tag["value"] for tag in span.get("tags", span.get("fields", []))}
