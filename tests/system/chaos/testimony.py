"""What everybody says when partitions do not move: the members of themselves and of each such partition, with their last words, and the
coordinator of the group. For whoever reads a failure that cannot be had again."""

import json
import subprocess

LAST_LINES = 40


def testify(crew, partitions):
    """Long, so it is asked for only when a wait has failed."""
    parts = [f"partitions {partitions} have ended nothing"]
    parts += [_of_member(member, partitions) for member in crew.members]
    parts.append(_of_coordinator(crew.kafka, crew.case.group))
    return "\n".join(parts)


def _of_member(member, partitions):
    sleeps = ", which stands still" if member.stands_still else ""
    lines = [f"--- member {member.pid}{sleeps}"]
    if not member.stands_still:
        lines += [f"{path}: {_ask(member, path)}" for path in ("/readyz", *(f"/debug/stats?partition={number}" for number in partitions))]
    return "\n".join([*lines, *_last_words(member.log())])


def _last_words(log):
    """Without what it has answered to clients."""
    return [line for line in log.splitlines() if '"log.logger":"api"' not in line][-LAST_LINES:]


def _ask(member, path):
    try:
        reply = member.get(path, timeout=5)
        return f"{reply.status} {_in_short(reply.body.decode())}"
    except OSError as error:
        return f"no answer: {error}"


def _in_short(body):
    """Only the sentence of a partition, which has its numbers."""
    try:
        told = json.loads(body)
        return told.get("why", body.strip()) if isinstance(told, dict) else body.strip()
    except ValueError:
        return body.strip()


def _of_coordinator(kafka, group):
    """By Kafka's own tool, which knows both protocols, and whose end is nobody else's."""
    lines = [f"--- the coordinator, of group {group}"]
    for what in (("--state",), ("--members", "--verbose"), ("--offsets",)):
        try:
            told = kafka.script("groups", "--describe", "--group", group, *what, check=False)
            lines.append((told.stdout + told.stderr).strip())
        except subprocess.TimeoutExpired as error:
            lines.append(f"no answer: {error}")
    return "\n".join(lines)
