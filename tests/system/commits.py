"""What a group committed, and when: read from the broker's own log of commits, __consumer_offsets, after the fact.

Its records are in Kafka's format: a key of version 0 or 1 (group, topic, partition) and a value of version 1 to 4 (offset,
metadata, the coordinator's clock), texts with their length before them."""

import bisect
import functools
import struct

import commit_metadata
from judges import records_of


class Commit:
    def __init__(self, at_us, offset, metadata):
        self.at_us = at_us
        self.offset = offset
        self.metadata = metadata

    @functools.cached_property
    def above(self):
        """Offsets that are done above the committed one."""
        told = commit_metadata.read(self.metadata)
        return set() if told is None else told.done

    def covers(self, offset):
        return offset < self.offset or offset in self.above


class Commits:
    """Of one group on one topic."""

    def __init__(self, brokers, group, topic):
        self._of = {}
        for record in records_of(brokers, "__consumer_offsets"):
            place = place_of(record.key())
            if record.value() is not None and place is not None and place[:2] == (group, topic):
                self._of.setdefault(place[2], []).append(commit_of(record.value()))

    def covers(self, place, at_us):
        """Whether the group had committed, by then, that the record of this (partition, offset) is done."""
        commit = self.last(place[0], at_us)
        return commit is not None and commit.covers(place[1])

    def each(self):
        """(partition, commit), all of them, a partition's in order."""
        return ((partition, commit) for partition, commits in self._of.items() for commit in commits)

    def last(self, partition, at_us):
        commits = self._of.get(partition, [])
        index = bisect.bisect_right(commits, at_us, key=lambda commit: commit.at_us)
        return commits[index - 1] if index > 0 else None


def place_of(key):
    """(group, topic, partition), or None: a record about members."""
    if struct.unpack_from(">h", key)[0] > 1:
        return None
    group, rest = text(key[2:])
    topic, rest = text(rest)
    return group, topic, struct.unpack(">i", rest)[0]


def text(data):
    size = struct.unpack_from(">h", data)[0]
    return data[2:2 + size].decode(), data[2 + size:]


def compact_text(data):
    """Of the flexible versions: length and 1, seven bits a byte, the lowest first."""
    size = shift = index = 0
    while True:
        byte = data[index]
        size |= (byte & 0x7F) << shift
        index, shift = index + 1, shift + 7
        if byte < 0x80:
            break
    end = index + size - 1
    return data[index:end].decode(), data[end:]


def commit_of(value):
    version, offset = struct.unpack_from(">hq", value)
    leader_epoch = 4 if version >= 3 else 0
    metadata, rest = (compact_text if version >= 4 else text)(value[10 + leader_epoch:])
    return Commit(struct.unpack_from(">q", rest)[0] * 1000, offset, metadata)
