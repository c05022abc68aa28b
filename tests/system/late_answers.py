"""A way to a broker on which answers come late: of each connection the second heartbeat's answer that tells of an assignment (KIP-848) is
kept back for so long that its client has given it up, and with it all that comes behind it."""

import contextlib
import socket
import struct
import threading
import time

from servers import free_port

CONSUMER_GROUP_HEARTBEAT = 68


class LateAnswers:
    """The broker at `to_port` must name `port` to its clients (advertised.listeners)."""

    def __init__(self, to_port, late_s):
        self.to_port = to_port
        self.late_s = late_s
        self.port = free_port()
        self.kept_back = 0
        self.sockets = []

    def __enter__(self):
        self.listener = self._keep(socket.create_server(("127.0.0.1", self.port)))
        self._run(self._accept)
        return self

    def __exit__(self, *_):
        for each in self.sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _keep(self, opened):
        self.sockets.append(opened)
        return opened

    def _run(self, work, *args):
        def until_closed():
            with contextlib.suppress(OSError):
                work(*args)

        threading.Thread(target=until_closed, daemon=True).start()

    def _accept(self):
        while True:
            client = self._keep(self.listener.accept()[0])
            broker = self._keep(socket.create_connection(("127.0.0.1", self.to_port)))
            heartbeats = set()
            self._run(self._carry_requests, client, broker, heartbeats)
            self._run(self._carry_answers, broker, client, heartbeats)

    def _carry_requests(self, client, broker, heartbeats):
        for frame in frames_of(client, broker):
            kind, _, number = struct.unpack_from(">hhi", frame)
            if kind == CONSUMER_GROUP_HEARTBEAT:
                heartbeats.add(number)
            send(broker, frame)

    def _carry_answers(self, broker, client, heartbeats):
        told = 0
        for frame in frames_of(broker, client):
            if struct.unpack_from(">i", frame)[0] in heartbeats and tells_of_assignment(frame):
                told += 1
                if told == 2:
                    self.kept_back += 1
                    time.sleep(self.late_s)
            send(client, frame)


def frames_of(source, other):
    """Until the source has ended; then the other side is ended, too."""
    reader = source.makefile("rb")
    with contextlib.suppress(ConnectionError):
        while len(size := reader.read(4)) == 4:
            yield reader.read(struct.unpack(">i", size)[0])
    other.shutdown(socket.SHUT_RDWR)


def send(target, frame):
    target.sendall(struct.pack(">i", len(frame)) + frame)


def tells_of_assignment(answer):
    """Behind two texts (an error's, the member's id), each with its length before it, and two numbers."""
    place = 4 + 1 + 4 + 2  # the request's number, no tags, the throttle, the error
    for _ in range(2):
        place += max(1, answer[place])
    return answer[place + 8] == 1
