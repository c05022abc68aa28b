"""More than it can take, for a minute: memory stays flat, and what was admitted is answered."""

import statistics
import subprocess
import time

from conftest import BINARY

SECONDS = 60
FLAT = 2 * 1024 * 1024  # what the allocator may move between two halves of the same load


def attack(server):
    words = [str(BINARY), "attack", "-target", f"http://127.0.0.1:{server.port}/submit", "-think", "0", "-workers", "64"]
    words += ["-duration", f"{SECONDS}s", "-timeout", "20s", "-print-every", "0"]
    return subprocess.Popen(words, stdout=subprocess.DEVNULL)


def test_memory_stays_flat_under_a_minute_of_overload(worker_pool):
    """Admitted are 5,000 jobs a second, of which the pool works some 70: most callers are refused, and the backlog grows in Kafka."""
    small = "streams.jobs.work.prefetch=2MiB"  # so that it is full within seconds: what grows then is not the prefetch
    server = worker_pool("--set", small, env={"LIMIT_RATE": "5000", "LIMIT_CAPACITY": "5000"})
    server.wait_until_ready()
    samples = []
    load = attack(server)
    while load.poll() is None:
        samples.append(server.memory())
        time.sleep(0.25)
    assert load.returncode == 0

    third = len(samples) // 3
    grown = statistics.median(samples[-third:]) - statistics.median(samples[third:-third])
    assert grown < FLAT, f"grew by {grown} bytes: {[sample // 1024 for sample in samples[::8]]} KiB"

    metrics = server.metrics()
    refused = sum(value for name, value in metrics.items() if name.startswith("millrace_rate_limited_total"))
    assert refused > 10 * SECONDS, "this was no overload"
