"""The load on the way in: wrk posts 256 bytes of JSON to /submit, the same to every program."""

import collections
import os
import pathlib
import re
import subprocess

from measuring import cpu_seconds

SCRIPT = pathlib.Path(__file__).resolve().parent / "post.lua"

# requests: answered; rate: of them a second; cpu: microseconds of the program for each; p99: milliseconds; refused: answered other than
# 2xx or 3xx, or not at all
Load = collections.namedtuple("Load", "requests rate cpu p99 refused")


def load(pid, port, connections, keys, depth, seconds):
    """Drives the program `pid` on `port`; `depth` requests are sent at once on a connection, 0 keys: none has one."""
    words = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "20s", "-s", str(SCRIPT)]
    words += [f"http://127.0.0.1:{port}/submit", "--", str(keys), str(depth)]
    before = cpu_seconds(pid)
    environment = {**os.environ, "CONNECTIONS": str(connections)}
    out = subprocess.run(words, check=True, capture_output=True, text=True, env=environment).stdout
    used = cpu_seconds(pid) - before
    requests = int(found(r"(\d+) requests in", out))
    p99 = float(found(r"p99_us (\d+)", out) or "nan") / 1000
    return Load(requests, float(found(r"Requests/sec:\s+([\d.]+)", out)), used / max(requests, 1) * 1e6, p99, refused(out))


def refused(out):
    answers = int(found(r"Non-2xx or 3xx responses: (\d+)", out) or 0)
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", out)
    return answers + (sum(map(int, errors.groups())) if errors else 0)


def found(pattern, text):
    match = re.search(pattern, text)
    return match and match.group(1)
