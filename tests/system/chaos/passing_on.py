"""Rounds of harm to processes that pass records on exactly once."""

import os
import random
import signal
import threading
import time
import uuid

from chaos.stage import Starter, say
from pipeline import Pipeline

SESSION_S = 6


class Flow(threading.Thread):
    """Records that come all the time."""

    def __init__(self, pipeline, rate):
        super().__init__(daemon=True)
        self.pipeline, self.rate = pipeline, rate
        self.over = threading.Event()

    def run(self):
        while not self.over.wait(0.1):
            self.pipeline.send(max(1, self.rate // 10))

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()


def kill(crew, dice, pipeline):
    victim = crew.pop(dice.randrange(len(crew)))
    victim.process.kill()
    victim.wait()
    crew.append(pipeline.start())


def join(crew, dice, pipeline):
    crew.append(pipeline.start())


def leave(crew, dice, pipeline):
    leaver = crew.pop(dice.randrange(len(crew)))
    leaver.terminate()
    assert leaver.wait() == 0


def stand_still(crew, dice, pipeline):
    sleeper = dice.choice(crew)
    os.kill(sleeper.pid, signal.SIGSTOP)
    time.sleep(SESSION_S + dice.uniform(0, 3))
    os.kill(sleeper.pid, signal.SIGCONT)


def possible(crew):
    harms = [kill, kill, stand_still]
    return harms + ([leave] if len(crew) > 1 else []) + ([join] if len(crew) < 4 else [])


def play(kafka, folder, order, count, seed, rate):
    """Returns what is wrong, as sentences."""
    dice = random.Random(f"{seed} {order}")
    folder.mkdir()
    with Starter(folder) as start:
        pipeline = Pipeline(start, kafka.brokers, f"chaos-{uuid.uuid4().hex[:8]}", folder)
        pipeline.options |= {"order": order, "fail": 0.1 if order == "none" else 0}
        say(f"order {order}, {count} times, seed {seed}, topic {pipeline.topic}")
        crew = [pipeline.start() for _ in range(2)]
        with Flow(pipeline, rate):
            for number in range(count):
                time.sleep(dice.uniform(0, 2))
                harm = dice.choice(possible(crew))
                harm(crew, dice, pipeline)
                say(f"{number + 1}/{count} {harm.__name__}; {len(crew)} members; {pipeline.committed()} of {pipeline.sent} committed")
        pipeline.wait_until_done(180)
        say(f"{pipeline.sent} records, all committed")
        return pipeline.problems(in_order=order != "none")
