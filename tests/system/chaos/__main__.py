"""Rounds of harm against a broker of their own, and one line of verdict; scripts/chaos starts it and documents it."""

import argparse
import contextlib
import os
import pathlib
import random
import signal
import sys
import tempfile
import time
import uuid

from chaos.crew import Crew
from chaos.rounds import kill_rounds, rebalance_rounds
from chaos.traffic import Traffic
from judge import Verdict
from servers import Kafka, Millrace

STANDSTILL_LIMIT_S = 20  # a session of 6 s, the rebalance behind it, and one harm more in the middle of it
KINDS = {"kill": (kill_rounds, 100), "rebalance": (rebalance_rounds, 50)}


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/chaos")
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--count", type=int)
    parser.add_argument("--order", choices=("partition", "key", "none", "each"), default="each")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--rate", type=int, default=150)
    parser.add_argument("--keep", type=pathlib.Path)
    return parser.parse_args()


def split(count, parts):
    return [count // parts + (i < count % parts) for i in range(parts)]


class Starter:
    """Starts the program as often as wanted; at the end every one of them is ended, and none may have crashed."""

    def __init__(self, folder):
        self.folder = folder
        self.binary = pathlib.Path(os.environ["MILLRACE"])
        self.started = []

    def __call__(self, *args):
        server = Millrace(self.binary, self.folder / f"millrace-{len(self.started)}.log", args, {})
        self.started.append(server)
        server.wait_until_listening()
        return server

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.ExitStack() as every:
            for server in self.started:
                every.callback(server.end)


def say(sentence):
    print(f"{time.strftime('%H:%M:%S')}  {sentence}", flush=True)


def play(kafka, folder, order, rounds, count, seed, rate):
    """Returns what is wrong, as sentences."""
    topic = f"chaos-{uuid.uuid4().hex[:8]}"
    say(f"order {order}, {count} times, seed {seed}, topic {topic}")
    folder.mkdir()
    with Starter(folder) as start:
        crew = Crew(start, kafka, folder, topic, order=order)
        with Traffic(crew.ports, rate=rate, seed=seed) as traffic:
            rounds(crew, random.Random(seed), count, say)
        crew.wait_until_all_is_done()
        for member in list(crew.members):
            crew.leave(member)
    verdict = Verdict(crew.case, traffic.accepted, crew.incidents)
    say(str(verdict))
    return verdict.problems(STANDSTILL_LIMIT_S)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that everything is ended on the way out
    options = arguments()
    rounds, usual = KINDS[options.kind]
    count = options.count or usual
    seed = options.seed if options.seed is not None else int.from_bytes(os.urandom(4), "big")
    orders = ("partition", "key", "none") if options.order == "each" else (options.order,)
    problems = []
    with contextlib.ExitStack() as everything:
        folder = options.keep or pathlib.Path(everything.enter_context(tempfile.TemporaryDirectory(prefix="millrace-chaos-")))
        folder.mkdir(parents=True, exist_ok=True)
        kafka = everything.enter_context(Kafka(folder / "kafka"))
        for order, part in zip(orders, split(count, len(orders))):
            if part > 0:
                problems += [f"{order}: {problem}" for problem in play(kafka, folder / order, order, rounds, part, seed, options.rate)]
    print(f"chaos {options.kind}: {'FAIL' if problems else 'PASS'}: {count} times, seed {seed}: {'; '.join(problems) or 'nothing lost, nothing out of order'}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
