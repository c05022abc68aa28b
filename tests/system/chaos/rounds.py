"""Rounds of harm. `dice` decides everything, so that a seed tells the whole story but for the machine's own pace."""

import time

from chaos.crew import now_us


def gather(crew, size, static=False):
    """`static`: half of them are static members."""
    for place in range(size):
        crew.join(instance=f"place-{place}" if static and place % 2 == 0 else None)
    crew.wait_until_ready()


def kill_rounds(crew, dice, count, say, size=3, static=False):
    """kill -9 at random moments, now and then in the middle of the rebalance that the one before has caused."""
    gather(crew, size, static)
    left = count
    while left > 0:
        time.sleep(dice.uniform(0, 2))
        twice = left > 1 and dice.random() < 0.2
        for _ in range(2 if twice else 1):
            victim = dice.choice(crew.members)
            crew.kill(victim)
            crew.join(victim.instance)
            left -= 1
            time.sleep(dice.uniform(0, 1) if twice else 0)
        took = crew.wait_until_all_move(now_us())
        say(f"{count - left}/{count} killed{' twice' if twice else ''}; every partition moves after {took:.1f} s")


def rebalance_rounds(crew, dice, count, say, harms=None, most=4):
    """Members join, leave, stand still for longer than their session, are killed; now and then the next thing follows at once."""
    gather(crew, 2)
    for number in range(count):
        time.sleep(dice.uniform(0, 1))
        harm = dice.choice(possible(crew, harms or (join, join, leave, stand_still, kill), most))
        harm(crew, dice)
        hurry = dice.random() < 0.25
        took = 0 if hurry else crew.wait_until_all_move(now_us())
        say(f"{number + 1}/{count} {harm.__name__}; {len(crew.members)} members; " +
            ("the next at once" if hurry else f"every partition moves after {took:.1f} s"))
    crew.wait_until_all_move(now_us())


def possible(crew, harms, most):
    if len(crew.members) == 1:
        return [join]
    return [harm for harm in harms if harm is not join or len(crew.members) < most]


def join(crew, dice):
    crew.join(instance=f"member-{now_us()}" if dice.random() < 0.3 else None)


def leave(crew, dice):
    crew.leave(dice.choice(crew.members))


def kill(crew, dice):
    crew.kill(dice.choice(crew.members))


def stand_still(crew, dice):
    """Until the others have its partitions, and a little longer."""
    sleeper = dice.choice(crew.members)
    crew.stop(sleeper)
    try:
        crew.wait_until_all_move(now_us())
        time.sleep(dice.uniform(0, 2))
    finally:
        crew.wake(sleeper)
    sleeper.wait_until_ready(60)
