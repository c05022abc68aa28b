"""What the handler `simulate` recorded: a line at each start and end of an attempt, of every process, one write each."""

import json


class Evidence:
    """The file as it grows: what has been read once is not read again."""

    def __init__(self, file):
        self.file = file
        self._bytes_read = 0
        self._lines = []
        self._done = {}
        self._last_end_us = {}

    def lines(self):
        """In the order in which they were written."""
        self._read_on()
        return self._lines

    def done(self):
        """{(partition, offset): how often it was done}"""
        self._read_on()
        return self._done

    def last_end_us(self):
        """{partition: when an attempt at one of its records ended last}"""
        self._read_on()
        return self._last_end_us

    def _read_on(self):
        if not self.file.exists():
            return
        with open(self.file, "rb") as file:
            file.seek(self._bytes_read)
            whole = file.read().rpartition(b"\n")[0]
        if whole:
            self._bytes_read += len(whole) + 1
            for line in whole.split(b"\n"):
                self._take(json.loads(line))

    def _take(self, line):
        self._lines.append(line)
        if line["event"] != "end":
            return
        self._last_end_us[line["partition"]] = line["us"]
        if line["outcome"] == "done":
            place = (line["partition"], line["offset"])
            self._done[place] = self._done.get(place, 0) + 1


def most_at_once(lines):
    """Attempts of one process under way at the same time; only where none was killed."""
    running = most = 0
    for line in lines:
        running += 1 if line["event"] == "start" else -1
        most = max(most, running)
    return most
