"""The judge of the way out. It stands outside: it reads the topic, the dead letters, the broker's own log of commits, what clients
were told, and what the handlers recorded; nothing that the program counts.

    lost           accepted and not in the topic, or in the topic and neither done nor a dead letter
    out of order   a record of a lane begun (or ended first) before the first end of the one before it
    premature      a commit that covers a record before its first end: whoever came next would never work it
    again          a record that ended more than once. Allowed is what was not committed when it was begun again, and only where
                   an incident tells why: its process was killed, stood still, or had no broker
    standstill     how long a partition with work to do ended nothing
"""

import collections
import json

from commits import Commits
from judges import records_of

KILLED, LEFT, STOOD_STILL, BROKER_AWAY = "killed", "left", "stood still", "broker away"

# How a record came to end twice. The first four are the price of "at least once"; the others are mistakes.
BEFORE_KILL = "done since the last commit of a process that was killed"
BEFORE_STOP = "done since the last commit of a process that stood still"
DURING_STOP = "under way when its process stood still"
BROKER = "done while the broker could not take the commit"
AFTER_WAKING = "begun by a process after it had stood still"
IN_PEACE = "done by a process that left in peace"
COMMITTED = "committed already when it was begun again"
UNEXPLAINED = "for no reason"
MISTAKES = (AFTER_WAKING, IN_PEACE, COMMITTED, UNEXPLAINED)

AWAKE_US = 30_000_000  # from waking until the group has told a process, at the latest, what it has lost
US = 1_000_000


class Incident:
    """What was done to a process, or (pid None) to the broker, and when (wall clock)."""

    def __init__(self, kind, pid, began_us, ended_us=None):
        self.kind = kind
        self.pid = pid
        self.began_us = began_us
        self.ended_us = ended_us if ended_us is not None else began_us


class Attempt:
    def __init__(self, line):
        self.pid = line["pid"]
        self.started_us = line["us"]
        self.ended_us = None


def began_awake(attempt, incident):
    return attempt.pid == incident.pid and incident.ended_us <= attempt.started_us <= incident.ended_us + AWAKE_US


class Case:
    """Where the judge looks. `attempts` is how many a record has before it becomes a dead letter."""

    def __init__(self, brokers, topic, group, evidence, order="partition", dead=None, attempts=4):
        self.brokers = brokers
        self.topic = topic
        self.group = group
        self.evidence = evidence
        self.order = order
        self.dead = dead or f"{topic}-dlq"
        self.attempts = attempts

    def is_final(self, line):
        return line["event"] == "end" and (line["outcome"] in ("done", "rejected") or line["attempt"] == self.attempts)

    def lane(self, record):
        if self.order == "partition":
            return record.partition()
        return None if record.key() is None else (record.partition(), record.key())


def origin_of(letter):
    headers = dict(letter.headers())
    return int(headers["x-origin-partition"]), int(headers["x-origin-offset"])


def undone(case):
    """Places of the topic's records that are neither done nor dead letters."""
    dead = {origin_of(letter) for letter in records_of(case.brokers, case.dead)}
    return {(record.partition(), record.offset()) for record in records_of(case.brokers, case.topic)} - set(case.evidence.done()) - dead


def id_of(record):
    try:
        return json.loads(record.value())["id"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


class Verdict:
    def __init__(self, case, accepted=(), incidents=()):
        self.case = case
        self.incidents = incidents
        self.lines = case.evidence.lines()
        self.records = {(record.partition(), record.offset()): record for record in records_of(case.brokers, case.topic)}
        self.commits = Commits(case.brokers, case.group, case.topic)
        self.letters = collections.Counter(origin_of(letter) for letter in records_of(case.brokers, case.dead))
        self.accepted = len(accepted)
        here = {id_of(record) for record in self.records.values()}
        self.lost = {name: place for name, place in dict(accepted).items() if name not in here}
        self.undone = set(self.records) - set(case.evidence.done()) - set(self.letters)
        self.ends = self._ends()
        self.overtaking = self._overtaking() if case.order != "none" else []
        self.premature = self._premature()
        self.again = collections.Counter()
        self.oldest_again_us = collections.Counter()
        self._judge_repetitions()
        self.allowed = self._allowed()
        self.standstill = self._longest_standstill()

    def _ends(self):
        """{place: its attempts that ended it, in the order of their ends}"""
        under_way, ends = {}, {}
        for line in self.lines:
            place = (line["partition"], line["offset"])
            if line["event"] == "start":
                under_way[line["pid"], place] = Attempt(line)
                continue
            attempt = under_way.pop((line["pid"], place))
            if self.case.is_final(line):
                attempt.ended_us = line["us"]
                ends.setdefault(place, []).append(attempt)
        return ends

    def _predecessors(self):
        last, before = {}, {}
        for place in sorted(self.records):
            lane = self.case.lane(self.records[place])
            if lane is not None and lane in last:
                before[place] = last[lane]
            last[lane] = place
        return before

    def _overtaking(self):
        """Lines that begin or end a record before the first end of its predecessor."""
        before, ended, found = self._predecessors(), set(), []
        for line in self.lines:
            place = (line["partition"], line["offset"])
            if before.get(place, place) not in ended and place in before and place not in ended:
                found.append(line)
            if self.case.is_final(line):
                ended.add(place)
        return found

    def _premature(self):
        """(partition, offset) of records that were committed before they had ended, by the commits' own clock."""
        found, checked = [], collections.Counter()
        for partition, commit in self.commits.each():
            covered = [*range(checked[partition], commit.offset), *commit.above]
            checked[partition] = max(checked[partition], commit.offset)
            found += [(partition, offset) for offset in covered if not self._had_ended((partition, offset), commit.at_us + 1000)]
        return found

    def _had_ended(self, place, at_us):
        return place not in self.records or (place in self.ends and self.ends[place][0].ended_us <= at_us)

    # --- what ended more than once ---

    def _judge_repetitions(self):
        for place, ends in self.ends.items():
            first = ends[0]
            for attempt in ends[1:]:
                self.again[self._cause(place, first, attempt)] += 1

    def _cause(self, place, first, again):
        for incident in self.incidents:
            if incident.kind == KILLED and incident.pid == first.pid and first.ended_us <= incident.began_us <= again.started_us:
                self.oldest_again_us[BEFORE_KILL] = max(self.oldest_again_us[BEFORE_KILL], incident.began_us - first.ended_us)
                return self._unless_committed(place, again, BEFORE_KILL)
        for incident in self.incidents:
            cause = self._cause_of_standing_still(place, first, again, incident) if incident.kind == STOOD_STILL else None
            if cause is not None:
                return cause
        if any(incident.kind == STOOD_STILL and began_awake(attempt, incident) for incident in self.incidents for attempt in (first, again)):
            return AFTER_WAKING
        for incident in self.incidents:
            if incident.kind == BROKER_AWAY and first.ended_us <= incident.ended_us and again.ended_us >= incident.began_us:
                return self._unless_committed(place, again, BROKER)
        left = any(incident.kind == LEFT and incident.pid == first.pid for incident in self.incidents)
        return self._unless_committed(place, again, IN_PEACE if left else UNEXPLAINED)

    def _unless_committed(self, place, again, cause):
        return COMMITTED if self.commits.covers(place, again.started_us - 1000) else cause

    def _cause_of_standing_still(self, place, first, again, incident):
        for attempt in (first, again):
            if attempt.pid != incident.pid:
                continue
            if attempt.ended_us <= incident.began_us <= again.started_us:
                self.oldest_again_us[BEFORE_STOP] = max(self.oldest_again_us[BEFORE_STOP], incident.began_us - attempt.ended_us)
                return self._unless_committed(place, again, BEFORE_STOP)
            if attempt.started_us <= incident.began_us < attempt.ended_us:
                return DURING_STOP
        return None

    # --- what may end more than once ---

    def _allowed(self):
        return sum(self._uncommitted(incident) for incident in self.incidents if incident.kind != LEFT)

    def _uncommitted(self, incident):
        """Records that were done, or begun, and not committed when it happened."""
        until_us = incident.ended_us if incident.kind == BROKER_AWAY else incident.began_us
        return sum(self._may_be_repeated(place, ends, incident, until_us) for place, ends in self.ends.items())

    def _may_be_repeated(self, place, ends, incident, until_us):
        ours = [attempt for attempt in ends if incident.pid in (None, attempt.pid) and attempt.started_us <= until_us]
        if incident.kind != STOOD_STILL:
            ours = [attempt for attempt in ours if attempt.ended_us <= until_us]
        return bool(ours) and not self.commits.covers(place, incident.began_us)

    # --- progress ---

    def _longest_standstill(self):
        """(seconds, partition, from when): the longest time in which a partition with work to do ended nothing."""
        longest = (0.0, None, 0)
        for partition in {place[0] for place in self.records}:
            longest = max(longest, self._standstill_of(partition))
        return longest

    def _standstill_of(self, partition):
        moments = []
        for place, record in self.records.items():
            if place[0] == partition and place in self.ends:
                arrived_us = record.timestamp()[1] * 1000
                moments.append((arrived_us, 1))
                moments.append((max(arrived_us, self.ends[place][0].ended_us), -1))
        longest, open_records, since_us = (0.0, partition, 0), 0, 0
        for at_us, change in sorted(moments):
            if change < 0:
                longest = max(longest, ((at_us - since_us) / US, partition, since_us))
            if change < 0 or open_records == 0:
                since_us = at_us
            open_records += change
        return longest

    # --- the sentence ---

    def problems(self, standstill_limit_s=None):
        found = []
        if self.lost:
            found.append(f"{len(self.lost)} accepted jobs are not in the topic: {[self._lost_job(*job) for job in sorted(self.lost.items())[:5]]}")
        if self.undone:
            found.append(f"{len(self.undone)} records are neither done nor dead: {sorted(self.undone)[:5]}")
        if self.overtaking:
            found.append(f"{len(self.overtaking)} records are out of order: {self.overtaking[:3]}")
        if self.premature:
            found.append(f"{len(self.premature)} records were committed before they had ended: {self.premature[:5]}")
        found += [f"{self.again[cause]} ended again: {cause}" for cause in MISTAKES if self.again[cause] > 0]
        if self.again.total() > self.allowed:
            found.append(f"{self.again.total()} ended again, {self.allowed} may")
        if standstill_limit_s is not None and self.standstill[0] > standstill_limit_s:
            found.append(f"partition {self.standstill[1]} stood still for {self.standstill[0]:.1f} s, {standstill_limit_s} s may be")
        return found

    def _lost_job(self, name, place):
        there = self.records.get(place)
        return f"{name} was told {place}, where {'nothing' if there is None else id_of(there)} is"

    def __str__(self):
        lines = [f"order {self.case.order}: {self.accepted} accepted, {len(self.records)} in the topic, {len(self.case.evidence.done())} done, "
                 f"{len(self.letters)} dead letters; {len(self.lost) + len(self.undone)} lost, {len(self.overtaking)} out of order, "
                 f"{len(self.premature)} committed too early, "
                 f"{self.again.total()} ended again of {self.allowed} allowed; longest standstill {self.standstill[0]:.1f} s"]
        lines += [f"  again: {count} {cause}{self._age(cause)}" for cause, count in self.again.items()]
        return "\n".join(lines)

    def _age(self, cause):
        return f" (the oldest had ended {self.oldest_again_us[cause] / US:.2f} s before)" if self.oldest_again_us[cause] else ""

    def assert_clean(self, standstill_limit_s=None):
        print(self)
        problems = self.problems(standstill_limit_s)
        assert problems == [], f"{'; '.join(problems)}\n{self}"
