"""What the handler `simulate` recorded: a line at each start and end of an attempt, of every process, one write each."""

import json


class Evidence:
    def __init__(self, file):
        self.file = file

    def lines(self):
        return [json.loads(line) for line in self.file.read_text().splitlines()] if self.file.exists() else []

    def done(self):
        """{(partition, offset): how often it was done}"""
        counts = {}
        for line in self.lines():
            if line["event"] == "end" and line["outcome"] == "done":
                place = (line["partition"], line["offset"])
                counts[place] = counts.get(place, 0) + 1
        return counts


def by_partition(line):
    return line["partition"]


def by_key(line):
    return (line["partition"], line["key"])


def is_final(line, attempts):
    """The end of a record: it is done, or cannot be worked."""
    if line["event"] != "end":
        return False
    return line["outcome"] in ("done", "rejected") or line["attempt"] == attempts


def overtakings(lines, lane, attempts=4):
    """Starts of a record before the first end of the one before it in its lane."""
    members, ended, found = {}, set(), []
    for line in lines:
        members.setdefault(lane(line), set()).add(line["offset"])
    before = {}
    for name, offsets in members.items():
        ordered = sorted(offsets)
        before.update({(name, offset): previous for previous, offset in zip(ordered, ordered[1:])})
    for line in lines:
        place = (lane(line), line["offset"])
        if line["event"] == "start" and place in before and (place[0], before[place]) not in ended:
            found.append(line)
        elif is_final(line, attempts):
            ended.add(place)
    return found


def most_at_once(lines):
    """Attempts of one process under way at the same time; only where none was killed."""
    running = most = 0
    for line in lines:
        running += 1 if line["event"] == "start" else -1
        most = max(most, running)
    return most
