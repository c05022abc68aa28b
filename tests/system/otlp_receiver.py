"""A collector for tests: takes OTLP over HTTP, reads it by OpenTelemetry's own schema, and answers as it is told."""

import gzip
import http.server
import ssl
import threading
import time

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse

from servers import free_port


class Received:
    """One request: what was in it, and how it was answered."""

    def __init__(self, path, headers, body, status):
        self.at = time.monotonic()
        self.path = path
        self.headers = headers
        self.body = body
        self.status = status

    def message(self):
        plain = gzip.decompress(self.body) if self.headers.get("Content-Encoding") == "gzip" else self.body
        return ExportTraceServiceRequest.FromString(plain)

    def resources(self):
        return [spans.resource for spans in self.message().resource_spans]

    def spans(self):
        return [span for resource in self.message().resource_spans for scope in resource.scope_spans for span in scope.spans]


class OtlpReceiver:
    """Public fields may be changed while it runs; they hold from the next request on. It may be stopped and started: its port stays."""

    def __init__(self, certificate=None):
        self.port = free_port()
        self.endpoint = f"{'https' if certificate else 'http'}://127.0.0.1:{self.port}"
        self.certificate = certificate  # path of a PEM file with certificate and key: TLS
        self.status = 200
        self.headers = {}
        self.rejects = 0  # spans of each message
        self.delay = 0.0  # seconds before the answer; ends early when it is stopped
        self.breaks_off = False  # in the middle of the answer's body
        self.received = []
        self.server = None

    def spans(self):
        """All that was taken."""
        return [span for received in list(self.received) if received.status == 200 for span in received.spans()]

    def trace(self, trace_id):
        return [span for span in self.spans() if span.trace_id.hex() == trace_id]

    def start(self):
        receiver = self
        self.stopping = threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                receiver._take(self)

            do_GET = do_POST

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.server.daemon_threads = True
        if self.certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def stop(self):
        self.stopping.set()
        self.server.shutdown()
        self.server.server_close()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def _take(self, request):
        body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        status, headers, breaks_off = self.status, dict(self.headers), self.breaks_off
        answer = ExportTraceServiceResponse()
        if self.rejects:
            answer.partial_success.rejected_spans = self.rejects
            answer.partial_success.error_message = "not these"
        text = answer.SerializeToString()
        if self.stopping.wait(self.delay):
            request.close_connection = True
            return
        self.received.append(Received(request.path, request.headers, body, None if breaks_off else status))
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Type", "application/x-protobuf")
        request.send_header("Content-Length", str(len(text) + (10 if breaks_off else 0)))
        request.end_headers()
        request.wfile.write(text)
        request.close_connection = request.close_connection or breaks_off
