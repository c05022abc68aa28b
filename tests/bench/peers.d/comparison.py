"""The table of a comparison: Millrace first, then each peer with what it takes more, or why there is nothing to compare with."""

import statistics

from measuring import Goals


class Comparison(Goals):
    """A goal is met, missed, or not judged, which an absent peer leaves it: that is nobody's win."""

    def __init__(self):
        super().__init__()
        self.unjudged = 0
        self.columns = 0

    def heading(self, *columns):
        self.columns = len(columns)
        super().heading(*columns)

    def absent(self, name, reason, goals=0):
        self.unjudged += goals
        self.row(name, f"could not be had: {reason}", *[""] * (self.columns - 2))

    def times(self, values, goal=None):
        """How many times as much, min/median/max; with a goal, bold where the median misses it."""
        text = self.at_least(values, goal or 0, 1)
        return f"{text} (goal {goal})" if goal else text

    def all_judged_and_met(self):
        return self.missed == 0 and self.unjudged == 0

    def verdict(self):
        return f"goals missed: {self.missed}; not judged, because the peer could not be had: {self.unjudged}"


def ratios(above, below):
    """Of neighbours in time."""
    return [a / b for a, b in zip(above, below)]


def per_second(values):
    return f"{statistics.median(values):,.0f}/s"


def microseconds(values):
    median = statistics.median(values)
    return f"{median:.2f} us" if median < 10 else f"{median:,.0f} us"


def mib(size):
    return f"{size / 1024 / 1024:,.0f} MiB"
