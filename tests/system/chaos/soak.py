"""A long mixed load: one process that is only watched, others that are killed, leave, stand still; an attacker with a hot key; a Redis
that restarts. scripts/soak starts it and documents it."""

import argparse
import pathlib
import random
import statistics
import subprocess
import sys
import time

from chaos.crew import STANDSTILL_LIMIT_S, Crew, now_us
from chaos.rounds import join, kill, leave, possible, stand_still
from chaos.stage import Stage, Starter, fresh_seed, say
from chaos.traffic import Traffic
from clients import Clients
from judges import told_by_tool
from servers import Kafka, Redis, wait_for

MIB = 1024 * 1024
PAUSE_S = (5, 20)  # between two harms
WATCH_EVERY_S = 2
GROWTH_ALLOWED = {"memory": 8 * MIB, "descriptors": 8, "threads": 2}  # from the second fifth of the time to the last


class Watch(Clients):
    """What one process takes from the machine, over time."""

    def __init__(self, member):
        self.member = member
        self.samples = {name: [] for name in GROWTH_ALLOWED}
        super().__init__(1)

    def client(self, number):
        while not self.done.is_set():
            self.look()
            self.done.wait(WATCH_EVERY_S)

    def look(self):
        folder = pathlib.Path(f"/proc/{self.member.pid}")
        self.samples["memory"].append(self.member.memory())
        self.samples["descriptors"].append(len(list((folder / "fd").iterdir())))
        self.samples["threads"].append(len(list((folder / "task").iterdir())))

    def growth(self):
        """{name: (median of the second fifth of the time, of the last)}"""
        return {name: (statistics.median(fifth(values, 1)), statistics.median(fifth(values, 4))) for name, values in self.samples.items()}

    def problems(self):
        return [f"{name} grew from {before:.0f} to {after:.0f}" for name, (before, after) in self.growth().items()
                if after > before + GROWTH_ALLOWED[name]]


def fifth(values, number):
    return values[len(values) * number // 5:len(values) * (number + 1) // 5]


class Others:
    """The crew without the one that is watched: what the rounds may harm."""

    def __init__(self, crew, keeper):
        self.crew = crew
        self.keeper = keeper

    def __getattr__(self, name):
        return getattr(self.crew, name)

    @property
    def members(self):
        return [member for member in self.crew.members if member is not self.keeper]


def restart_redis(redis, dice):
    redis.kill()
    time.sleep(dice.uniform(0, 3))
    redis.start()


def harms(others, redis, dice, until, pause_s):
    """Returns how many there were."""
    count = 0
    while time.monotonic() < until:
        what = dice.choice([*(possible(others, (join, leave, stand_still, kill), 3) if others.members else [join]), restart_redis])
        what(redis if what is restart_redis else others, dice)
        took = others.wait_until_all_move(now_us())
        count += 1
        say(f"{count} {what.__name__}; {len(others.members)} beside the one that is watched; every partition moves after {took:.1f} s; "
            f"{others.keeper.memory() / MIB:.1f} MiB")
        time.sleep(max(0, min(until - time.monotonic(), dice.uniform(*pause_s))))
    return count


def attack(binary, port, seconds):
    """Closed loop, nine of ten requests for one key."""
    words = [binary, "attack", "-mode=hot", f"-target=http://127.0.0.1:{port}/submit", "-workers=5", "-think=100ms",
             f"-duration={int(seconds) + 120}s", "-print-every=0s"]
    return subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def lag(kafka, group):
    return sum(end - committed for committed, end in told_by_tool(kafka, group).values())


def soak_crew(start, kafka, redis, folder, topic):
    return Crew(start, kafka, folder, topic, order="key", redis=f'{{ url: "{redis.url}" }}',
                limit=", limit: { rate: 2000, burst: 4000, per: global, on_error: local }")


def soak(crew, redis, binary, seconds, dice, pause_s=PAUSE_S):
    """Returns what happened, as a sentence, and what is wrong, as sentences. The crew has no member yet."""
    keeper = crew.join()
    crew.wait_until_ready()
    attacker = attack(binary, keeper.port, seconds)
    try:
        with Traffic(crew.ports, rate=100, seed=dice.getrandbits(32)) as traffic, Watch(keeper) as watch:
            crew.wait_until_all_move(now_us())
            count = harms(Others(crew, keeper), redis, dice, time.monotonic() + seconds, pause_s)
    finally:
        attacker.terminate()
        attacker.wait()
    began = time.monotonic()
    wait_for(lambda: lag(crew.kafka, crew.case.group) == 0, 120, every=1, what="a lag of 0")
    sentence = f"{count} harms; a lag of 0 after {time.monotonic() - began:.0f} s"
    verdict = crew.judged(traffic)
    say(str(verdict))
    for name, (before, after) in watch.growth().items():
        say(f"{name}: {before:.0f} in the second fifth of the time, {after:.0f} in the last")
    return sentence, verdict.problems(STANDSTILL_LIMIT_S) + watch.problems()


def main():
    parser = argparse.ArgumentParser(prog="scripts/soak")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--keep", type=pathlib.Path)
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else fresh_seed()
    say(f"{options.minutes} minutes, seed {seed}")
    with Stage(options.keep) as stage:
        kafka = stage.enter_context(Kafka(stage.folder / "kafka"))
        redis = stage.enter_context(Redis(stage.folder))
        start = stage.enter_context(Starter(stage.folder))
        crew = soak_crew(start, kafka, redis, stage.folder, f"soak-{seed}")
        sentence, problems = soak(crew, redis, start.binary, options.minutes * 60, random.Random(seed))
    print(f"soak: {'FAIL' if problems else 'PASS'}: {options.minutes} minutes, seed {seed}: {sentence}; " +
          ("; ".join(problems) or "nothing lost, nothing out of order, memory, descriptors and threads flat"))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
