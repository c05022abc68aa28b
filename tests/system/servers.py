"""Servers as tests see them: started on free loopback ports, waited for, ended by their own process id."""

import contextlib
import fcntl
import json
import os
import pathlib
import random
import re
import resource
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def free_port():
    return free_ports(1)


def free_ports(count):
    """The first of `count` ports in a row that are this process's until it ends. They lie below the range that outgoing
    connections take: a client that tries a stopped server's port from that very port would connect to itself, and the
    server could not come back."""
    while True:
        first = random.randrange(10000, 20000)
        try:
            reservations.extend([reservation(port) for port in range(first, first + count)])
            return first
        except OSError:
            continue


def reservation(port):
    """A bound socket excludes whoever asks as it did; a server, which asks for reuse, may listen there all the same."""
    held = socket.socket()
    held.bind(("127.0.0.1", port))
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return held


reservations = []


def wait_for(condition, timeout=20.0, every=0.05, what="the condition"):
    """Returns the first true value of condition(); fails with a sentence after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"waited {timeout} s for {what}"
        time.sleep(every)


def find_by(script, *words):
    """The path that one of our scripts prints, or None with the reason why what it installs cannot be had here."""
    found = subprocess.run([ROOT / "scripts" / script, *words], capture_output=True, text=True)
    assert found.returncode in (0, 3), found.stderr
    return (found.stdout.strip(), None) if found.returncode == 0 else (None, found.stderr.strip().splitlines()[-1])


def find_go_tool(name):
    return find_by("go-tool", name)


def go_tool(name):
    """Its path; without it the test is skipped, and says why."""
    path, reason = find_go_tool(name)
    if path is None:
        pytest.skip(reason)
    return path


class Kafka:
    """Apache Kafka by scripts/kafka, in a folder of its own."""

    def __init__(self, folder, nodes=1, port=None):
        self.folder = folder
        self.nodes = nodes
        self.port = port or free_ports(nodes)
        self.brokers = ",".join(f"127.0.0.1:{self.port + i}" for i in range(nodes))

    def script(self, command, *args, check=True):
        words = [str(ROOT / "scripts" / "kafka"), command, "--port", str(self.port), "--dir", str(self.folder), *args]
        out = subprocess.run(words, capture_output=True, text=True, timeout=180)
        assert out.returncode == 0 or not check, f"scripts/kafka {command}: {out.stdout}{out.stderr}"
        return out

    def up(self):
        """Starts what does not run yet; one cluster at a time, for six brokers that start at once serve nobody for a minute."""
        with open(ROOT / "scripts" / "kafka") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            self.script("up", "--nodes", str(self.nodes))

    def erase(self):
        self.script("down", "--erase", check=False)

    def __enter__(self):
        self.up()
        return self

    def __exit__(self, *_):
        self.erase()

    def stop(self, node=None, kill=False):
        self.script("stop", *(["--node", str(node)] if node else []), *(["--kill"] if kill else []))

    def pids(self):
        return [int(pid) for pid in re.findall(r" pid (\d+) ", self.script("status").stdout)]

    def pause(self):
        """Every node stands still, its connections open."""
        for pid in self.pids():
            os.kill(pid, signal.SIGSTOP)

    def resume(self):
        for pid in self.pids():
            os.kill(pid, signal.SIGCONT)

    def start(self, node=None):
        self.script("start", *(["--node", str(node)] if node else []))


class Redis:
    """redis-server on a port that stays the same over restarts."""

    def __init__(self, folder, *options):
        self.folder = folder
        self.options = options
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        self.process = None

    def start(self):
        words = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self.folder), *self.options]
        self.process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self._answers, what="redis-server")

    def _answers(self):
        assert self.process.poll() is None, "redis-server has ended"
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith((b"+PONG", b"-NOAUTH"))
        except OSError:
            return False

    def kill(self):
        self.process.kill()
        self.process.wait()

    def cli(self, *words):
        out = subprocess.run(["redis-cli", "-p", str(self.port), *words], check=True, capture_output=True, text=True, timeout=10)
        return out.stdout.strip()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.kill()


class Reply:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def json(self):
        return json.loads(self.body)


def set_limits(limits):
    for resource_name, pair in limits.items():
        resource.setrlimit(resource_name, pair)


class Millrace:
    """The program. Its address is read from its log, so that it may choose its port itself."""

    def __init__(self, binary, log, args, env, command="serve", limits=None, stderr=None):
        self.log_path = log
        self.port = None
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("KAFKA_", "REDIS_", "LIMIT_", "OTEL_"))}
        environment.update(env)
        with open(log, "wb") as out:
            self.process = subprocess.Popen([str(binary), command, *args], env=environment, stdout=out, stderr=stderr or out,
                                            preexec_fn=lambda: set_limits(limits or {}))

    @property
    def pid(self):
        return self.process.pid

    def log(self):
        """All lines so far. A thread of the program writes them, a moment after what they tell."""
        size = -1
        while size != self.log_path.stat().st_size:
            size = self.log_path.stat().st_size
            time.sleep(0.02)
        return self.log_path.read_text(errors="replace")

    def wait_until_listening(self, timeout=15):
        def listening():
            assert self.process.poll() is None, f"millrace has ended with {self.process.returncode}:\n{self.log()}"
            return re.search(r"listener \S+ on 127\.0\.0\.1:(\d+)", self.log())

        self.port = int(wait_for(listening, timeout, what="a listener").group(1))

    def wait_until_ready(self, timeout=30):
        wait_for(lambda: self.get("/readyz").status == 200, timeout, every=0.1, what="/readyz")

    def request(self, method, path, body=None, headers=None, timeout=20):
        """One request over a connection of its own; statuses are results, not errors."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data=body, method=method, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return Reply(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            return Reply(error.code, error.headers, error.read())

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, body, **options):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.request("POST", path, body=data, **options)

    def stats(self, section):
        return self.get(f"/debug/stats?section={section}").json()

    def metrics(self):
        """{'name{labels}': value} as exposed."""
        lines = self.get("/metrics").body.decode().splitlines()
        pairs = (line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))
        return {name: float(value) for name, value in pairs}

    def memory(self):
        """Resident anonymous bytes."""
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"RssAnon:\s+(\d+) kB", status).group(1)) * 1024

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def wait(self, timeout=40):
        return self.process.wait(timeout)

    def end(self):
        """Ends what still runs; a crash or a sanitizer's report fails the test."""
        if self.process.poll() is None:
            self.terminate()
            try:
                self.wait()
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.wait()
                raise AssertionError(f"SIGTERM did not end the program within 40 s:\n{self.log()[-4000:]}") from None
        assert self.process.returncode not in (-signal.SIGSEGV, -signal.SIGABRT), f"crashed:\n{self.log()[-4000:]}"
        found = re.search(r"(Address|Leak|Thread)Sanitizer|runtime error:", self.log())
        assert found is None, f"a sanitizer speaks:\n{self.log()[found.start() - 200:][:8000]}"
