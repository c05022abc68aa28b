"""Rounds of harm against a broker of their own, and one line of verdict; scripts/chaos starts it and documents it."""

import argparse
import functools
import pathlib
import random
import sys
import uuid

from chaos import passing_on
from chaos.crew import STANDSTILL_LIMIT_S, Crew
from chaos.rounds import kill_rounds, rebalance_rounds
from chaos.stage import Stage, Starter, fresh_seed, say
from chaos.traffic import Traffic
from servers import Kafka

KINDS = {"kill": 100, "rebalance": 50, "exactly-once": 60}


NOTHING_WRONG = "nothing lost, nothing out of order, nothing committed was done again"
GOOD = {"kill": NOTHING_WRONG, "rebalance": NOTHING_WRONG, "exactly-once": "each record came out once, and in order"}


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


def play_rounds(rounds, kafka, folder, order, count, seed, rate):
    """Returns what is wrong, as sentences."""
    topic = f"chaos-{uuid.uuid4().hex[:8]}"
    say(f"order {order}, {count} times, seed {seed}, topic {topic}")
    folder.mkdir()
    with Starter(folder) as start:
        crew = Crew(start, kafka, folder, topic, order=order)
        with Traffic(crew.ports, rate=rate, seed=seed) as traffic:
            rounds(crew, random.Random(seed), count, say)
        verdict = crew.judged(traffic)
    say(str(verdict))
    return verdict.problems(STANDSTILL_LIMIT_S)


PLAYS = {
    "kill": functools.partial(play_rounds, functools.partial(kill_rounds, static=True)),
    "rebalance": functools.partial(play_rounds, rebalance_rounds),
    "exactly-once": passing_on.play,
}


def main():
    options = arguments()
    play = PLAYS[options.kind]
    count = options.count or KINDS[options.kind]
    seed = options.seed if options.seed is not None else fresh_seed()
    orders = ("partition", "key", "none") if options.order == "each" else (options.order,)
    problems = []
    with Stage(options.keep) as stage:
        kafka = stage.enter_context(Kafka(stage.folder / "kafka"))
        for order, part in zip(orders, split(count, len(orders))):
            if part > 0:
                problems += [f"{order}: {problem}" for problem in play(kafka, stage.folder / order, order, part, seed, options.rate)]
    found = "; ".join(problems) or GOOD[options.kind]
    print(f"chaos {options.kind}: {'FAIL' if problems else 'PASS'}: {count} times, seed {seed}: {found}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
