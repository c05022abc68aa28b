"""What the benchmarks share: what the kernel says of a process, of the machine, and how ratios of repetitions are printed."""

import os
import pathlib
import platform
import re
import statistics

MIB = 1024 * 1024


def cpu_seconds(pid):
    """User and system time of all threads, ended ones included."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(pid, name="RssAnon"):
    """Bytes; RssAnon is the process' own, VmRSS has the pages of its libraries too."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"{name}:\s+(\d+) kB", status).group(1)) * 1024


def machine():
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    return f"{os.cpu_count()} cores, {model.group(1) if model else platform.machine()}, Linux {platform.release()}; load {load}"


def summary(values, digits=2):
    return f"{min(values):.{digits}f}/{statistics.median(values):.{digits}f}/{max(values):.{digits}f}"


class Goals:
    """Rows of a table, as the documentation shows it; how many goals were missed."""

    def __init__(self):
        self.missed = 0

    def heading(self, *columns):
        print(f"\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}", flush=True)

    def row(self, *columns):
        print(f"| {' | '.join(columns)} |", flush=True)

    def at_least(self, values, goal, digits=2):
        """min/median/max; bold where the median misses the goal."""
        return self._marked(values, statistics.median(values) >= goal, digits)

    def at_most(self, values, goal, digits=2):
        return self._marked(values, statistics.median(values) <= goal, digits)

    def _marked(self, values, met, digits):
        self.missed += not met
        return summary(values, digits) if met else f"**{summary(values, digits)}**"
