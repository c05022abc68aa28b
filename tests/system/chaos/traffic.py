"""Clients that post jobs to whichever process lives, and remember what they were told."""

import http.client
import itertools
import json
import random
import time

from clients import Clients


class Traffic(Clients):
    """`rate` jobs a second in all, of `keys` keys, each with a name of its own; until stopped."""

    def __init__(self, ports, rate=150, clients=6, keys=120, job_ms=(2, 27), seed=0):
        self.ports = ports  # called for those of the processes that live
        self.pause = clients / rate
        self.keys = keys
        self.job_ms = job_ms
        self.accepted = {}  # {name: the (partition, offset) that it was told}
        self.refused = 0
        self.untold = 0
        self.seed = seed
        super().__init__(clients)

    def client(self, number):
        dice = random.Random(self.seed + number)
        names = (f"job-{number}-{i}" for i in itertools.count())
        while not self.done.is_set():
            ports = self.ports()
            if ports:
                self._talk_to(dice.choice(ports), names, dice)
            self.done.wait(0.05)

    def _talk_to(self, port, names, dice):
        """Until the connection is of no more use; now and then another process is chosen."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        next_at = time.monotonic()
        for _ in range(50):
            next_at += self.pause
            if self.done.wait(max(0, next_at - time.monotonic())) or not self._post(connection, next(names), dice):
                break
        connection.close()

    def _post(self, connection, name, dice):
        job = {"id": name, "processing_time": dice.randint(*self.job_ms)}
        if dice.random() < 0.005:
            job["always_fail"] = True
        try:
            connection.request("POST", f"/submit?key=k-{dice.randrange(self.keys)}", json.dumps(job))
            answer = connection.getresponse()
            told = json.loads(answer.read())
        except (OSError, http.client.HTTPException):
            self.untold += 1
            return False
        if answer.status == 200:
            self.accepted[name] = (told["partition"], told["offset"])
        else:
            self.refused += 1
        return answer.status == 200
