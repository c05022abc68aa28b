"""HTTP as bytes on a socket: clients that send what no HTTP library would, and see when the server closes."""

import contextlib
import re
import resource
import socket
import threading
import time

from servers import Reply


class Wire:
    """One connection."""

    def __init__(self, server, receive_buffer=None, timeout=20):
        self.socket = socket.socket()
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout)
        self.socket.connect(("127.0.0.1", server.port))
        self.unread = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def reset(self):
        """Closes with RST, as a client that dies does."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def send_some(self, data):
        """Sends what is taken; a server that has closed already is no error here."""
        with contextlib.suppress(ConnectionError):
            self.socket.sendall(data)

    def get(self, path):
        self.send(b"GET %s HTTP/1.1\r\nHost: test\r\n\r\n" % path.encode())
        return self.answer()

    def answer(self):
        """The next answer; None when the server has closed before one."""
        head = self._until(b"\r\n\r\n")
        if head is None:
            return None
        first, *lines = head.decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines if line)
        body = self._exactly(int(headers.get("content-length", 0)))
        return Reply(int(first.split(" ")[1]), headers, body)

    def is_closed(self):
        """True when the server ends the connection without another byte."""
        with contextlib.suppress(ConnectionError):
            self.unread += self.socket.recv(65536)
        return self.unread == b""

    def _receive(self):
        try:
            more = self.socket.recv(65536)
        except ConnectionError:
            more = b""
        self.unread += more
        return more != b""

    def _until(self, mark):
        while mark not in self.unread:
            if not self._receive():
                assert self.unread == b"", f"the connection ended within an answer: {self.unread!r}"
                return None
        head, self.unread = self.unread.split(mark, 1)
        return head

    def _exactly(self, size):
        while len(self.unread) < size:
            assert self._receive(), f"the connection ended within a body: {self.unread!r}"
        body, self.unread = self.unread[:size], self.unread[size:]
        return body


class Neighbour:
    """A keep-alive client that asks all the time while others misbehave; every answer must be a good one."""

    def __init__(self, server, path="/livez", pause=0.01):
        self.wire = Wire(server)
        self.path = path
        self.pause = pause
        self.slowest = 0.0
        self.answered = 0
        self.failure = None
        self.done = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def _run(self):
        try:
            while not self.done.wait(self.pause):
                began = time.monotonic()
                answer = self.wire.get(self.path)
                assert answer is not None, "the neighbour's connection was closed"
                assert answer.status == 200, answer.body
                self.slowest = max(self.slowest, time.monotonic() - began)
                self.answered += 1
        except Exception as failure:
            self.failure = failure

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()
        self.wire.close()
        if self.failure is not None:
            raise AssertionError(f"a neighbour was harmed after {self.answered} answers") from self.failure
        assert self.answered > 0


def connections(server, count):
    """That many silent connections. Raises this process's own limit of open files."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    opened = []
    for _ in range(count):
        opened.append(socket.create_connection(("127.0.0.1", server.port), timeout=20))
    return opened


def by_label(metrics, family, label):
    """{label's value: value} of one family as Millrace.metrics gives it."""
    pattern = re.compile(rf'^{family}{{(?:.*,)?{label}="([^"]*)"')
    found = ((pattern.match(name), value) for name, value in metrics.items())
    return {match.group(1): value for match, value in found if match}
