"""The crew: processes that share a group, and what is done to them. Each harm is noted for the judge, with its moment."""

import os
import signal
import time

from chaos.testimony import testify
from evidence import Evidence
from judge import BROKER_AWAY, KILLED, LEFT, STOOD_STILL, Case, Incident, Verdict, undone
from servers import wait_for

CONFIG = """
kafka: {{ brokers: "{brokers}" }}
redis: {redis}
pool: {{ workers: 10 }}
producers:
  durable: {{ acks: all, idempotent: true }}
streams:
  jobs:
    topic: {{ name: "{topic}", partitions: {partitions}, replication: {replication}, create: true }}
    shape:
      id: {{ type: string, generate: uuid }}
      processing_time: {{ type: int, min: 0, generate: "random(2, 25)" }}
    ingest: {{ producer: durable, key: "query:key"{limit} }}
    work:
      group: "{topic}-group"
      handler: {{ simulate: {{ min: 2ms, range: 24ms, fail: {fail}, record: "{evidence}" }} }}
      order: {order}
      queue: 200
      assignor: {assignor}
      session: {session}
      heartbeat: 500ms
      drain: 5s
      commit: {commit}
      retry: {{ retries: 3, base: 10ms, max: 80ms, jitter: 10ms }}
      dead: "{topic}-dlq"
listen:
  main:
    address: "127.0.0.1:0"
    routes:
      - {{ on: "GET|POST /submit", do: ingest.one, stream: jobs, reply: {{ partition: $partition, offset: $offset }} }}
      - use: [health, metrics, debug]
"""

DEFAULTS = {"partitions": 12, "replication": 1, "order": "partition", "assignor": "cooperative-sticky", "session": "6s", "commit": "500ms",
            "fail": 0.02, "redis": "local", "limit": ""}


# How long a partition may stand still: a session, the rebalance behind it, and one harm more in the middle of it; and a machine that is
# busy with other tests.
STANDSTILL_LIMIT_S = 20
BUSY_STANDSTILL_LIMIT_S = 25


def now_us():
    return time.time_ns() // 1000


class Crew:
    """`start_process(*args)` starts the program, and ends it when the test is over."""

    def __init__(self, start_process, kafka, folder, topic, **settings):
        self.start_process = start_process
        self.kafka = kafka
        self.settings = {**DEFAULTS, **settings}
        self.evidence = Evidence(folder / "evidence.jsonl")
        self.case = Case(kafka.brokers, topic, f"{topic}-group", self.evidence, order=self.settings["order"])
        self.file = folder / "crew.yaml"
        self.file.write_text(CONFIG.format(brokers=kafka.brokers, topic=topic, evidence=self.evidence.file, **self.settings))
        self.members = []
        self.incidents = []

    # --- members ---

    def join(self, instance=None):
        """`instance` makes it a static member: it may be ended and come back without a rebalance."""
        options = ["--set", f"streams.jobs.work.instance={instance}"] if instance else []
        member = self.start_process("-c", str(self.file), *options)
        member.instance = instance
        member.stands_still = False
        self.members.append(member)
        return member

    def awake(self):
        return [member for member in self.members if not member.stands_still]

    def ports(self):
        return [member.port for member in self.awake()]

    def wait_until_ready(self):
        for member in self.awake():
            member.wait_until_ready(60)

    # --- harm ---

    def kill(self, member):
        self.members.remove(member)
        member.process.kill()
        member.wait()
        self._note(KILLED, member)

    def leave(self, member):
        self.members.remove(member)
        member.terminate()
        assert member.wait() == 0, member.log()[-4000:]
        self._note(LEFT, member)

    def stop(self, member):
        member.stands_still = True
        os.kill(member.pid, signal.SIGSTOP)
        wait_for(lambda: is_stopped(member.pid), what="SIGSTOP")
        member.stopped_us = now_us()

    def wake(self, member):
        self.incidents.append(Incident(STOOD_STILL, member.pid, member.stopped_us, now_us()))
        os.kill(member.pid, signal.SIGCONT)
        member.stands_still = False

    def broker_was_away(self, began_us):
        """To be said when work goes on again: until then what is done may not be committed."""
        self.incidents.append(Incident(BROKER_AWAY, None, began_us, now_us()))

    def _note(self, kind, member):
        self.incidents.append(Incident(kind, member.pid, now_us()))

    # --- what is seen from outside ---

    def wait_until_all_move(self, since_us, timeout=60):
        """Every partition has ended something since then: none stands still after a rebalance. Returns the seconds it took.
        Where one does, everybody is asked why, while they still stand there."""
        def waiting():
            last = self.evidence.last_end_us()
            return [partition for partition in range(self.settings["partitions"]) if last.get(partition, 0) < since_us]

        try:
            wait_for(lambda: waiting() == [], timeout, every=0.1, what="every partition to move")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{testify(self, waiting())}") from None
        return (now_us() - since_us) / 1e6

    def wait_until_all_is_done(self, timeout=90):
        wait_for(lambda: undone(self.case) == set(), timeout, every=0.5, what="every record to be done or dead")

    def judged(self, traffic):
        """The end: everything is worked, everybody leaves, the judge reads."""
        self.wait_until_all_is_done()
        for member in list(self.members):
            self.leave(member)
        return Verdict(self.case, traffic.accepted, self.incidents)


def is_stopped(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        return stat.read().rsplit(")", 1)[1].split()[0] == "T"
