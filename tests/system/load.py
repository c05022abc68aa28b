"""Load that remembers what it was told about each job."""

import contextlib
import itertools
import time

from clients import Clients
from wire import Wire


class Told:
    """One job's fate as its client knows it. Status None: the connection ended without an answer."""

    def __init__(self, name, status, sent_at, answered_at, headers, body):
        self.name = name
        self.status = status
        self.sent_at = sent_at
        self.answered_at = answered_at
        self.headers = headers
        self.body = body


class Load(Clients):
    """So many clients that post jobs one after the other, each with a name of its own, until stopped."""

    def __init__(self, server, clients=20, pause=0.005, pause_after_refusal=0.05, pipeline=1):
        self.server = server
        self.pause = pause
        self.pause_after_refusal = pause_after_refusal
        self.pipeline = pipeline
        self.told = []
        super().__init__(clients)

    def names(self, *statuses):
        return {told.name for told in list(self.told) if told.status in statuses}

    def count(self, status):
        return sum(told.status == status for told in list(self.told))

    def after(self, moment, status):
        return [told for told in list(self.told) if told.status == status and told.answered_at > moment]

    def client(self, number):
        names = (f"job-{number}-{i}" for i in itertools.count())
        while not self.done.is_set():
            with contextlib.suppress(OSError), Wire(self.server, timeout=60) as wire:
                while self._round(wire, [next(names) for _ in range(self.pipeline)]):
                    pass
            self.done.wait(self.pause_after_refusal)

    def _round(self, wire, names):
        """Posts the named jobs at once and hears about each; False when the connection is of no more use."""
        sent_at = time.monotonic()
        bodies = (b'{"id":"%s"}' % name.encode() for name in names)
        wire.send(b"".join(b"POST /submit HTTP/1.1\r\nHost: t\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body) for body in bodies))
        answers = []
        for name in names:
            answer = wire.answer()
            now = time.monotonic()
            if answer is None:
                self.told.append(Told(name, None, sent_at, now, {}, b""))
                continue
            answers.append(answer)
            self.told.append(Told(name, answer.status, sent_at, now, answer.headers, answer.body))
        if len(answers) < len(names) or any(answer.headers.get("connection") == "close" for answer in answers):
            return False
        self.done.wait(self.pause if answers[-1].status == 200 else self.pause_after_refusal)
        return not self.done.is_set()
