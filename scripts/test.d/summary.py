"""Adds up what the suites reported, names what failed or was skipped, and prints one last line: N passed, N failed, N skipped.

Usage: summary.py REPORTS

REPORTS holds a folder a suite: JUnit files from cmocka and pytest, and for Meson's suites programs.json, a line a
program. A program counts by its cases; by itself, if it reports none; and once more as failed, if it ended badly although
all its cases passed (a crash, a sanitizer's finding, a timeout). A file `fault` is one failure more: its words.
"""

import json
import pathlib
import sys
import xml.etree.ElementTree as ElementTree


class Count:
    def __init__(self):
        self.passed = 0
        self.skipped = []
        self.failures = []

    def total(self):
        return self.passed + len(self.skipped) + len(self.failures)

    def add_case(self, name, failure, skipped):
        if failure is not None:
            self.failures.append(f"{name}: {failure.strip()}")
        elif skipped is not None:
            self.skipped.append(f"{name}: {skipped.strip()}")
        else:
            self.passed += 1


def add_junit(count, suite, path):
    """Counts the cases of one JUnit file; returns how many there were, and how many of them failed."""
    before = len(count.failures)
    try:
        cases = list(ElementTree.parse(path).iter("testcase"))
    except ElementTree.ParseError as error:
        count.failures.append(f"{suite}: {path.name} is cut off: {error}")
        return 1, 1
    for case in cases:
        found = next((child for child in case if child.tag in ("failure", "error")), None)
        failure = None if found is None else (found.get("message") or found.text or found.tag)
        name = f"{suite}: {case.get('classname') or path.name.split('--')[0]}: {case.get('name')}"
        skipped = case.find("skipped")
        count.add_case(name, failure, None if skipped is None else skipped.get("message") or skipped.text or "no reason given")
    return len(cases), len(count.failures) - before


def add_program(count, suite, folder, line):
    program = json.loads(line)
    executable = pathlib.Path(program["command"][-1]).name
    reports = [add_junit(count, suite, path) for path in sorted(folder.glob(f"{executable}--*.xml"))]
    cases = sum(report[0] for report in reports)
    failed = sum(report[1] for report in reports)
    ended_well = program["result"] in ("OK", "EXPECTEDFAIL")
    if failed or (cases and ended_well):
        return
    problem = None if ended_well or program["result"] == "SKIP" else f"{program['result']}, status {program['returncode']}"
    count.add_case(f"{suite}: {program['name']}", problem, "as it said itself" if program["result"] == "SKIP" else None)


def add_suite(count, folder):
    before = count.total()
    programs = folder / "programs.json"
    if programs.exists():
        for line in programs.read_text().splitlines():
            add_program(count, folder.name, folder, line)
    else:
        for path in sorted(folder.glob("*.xml")):
            add_junit(count, folder.name, path)
    for fault in folder.glob("fault"):
        count.failures.append(f"{folder.name}: {fault.read_text().strip()}")
    if count.total() == before:
        count.failures.append(f"{folder.name}: ran no test")


def main(reports):
    count = Count()
    for folder in sorted(path for path in reports.glob("*") if path.is_dir()):
        add_suite(count, folder)
    for skip in count.skipped:
        print(f"SKIPPED {skip}")
    for failure in count.failures:
        print(f"FAILED {failure}")
    print(f"{count.passed} passed, {len(count.failures)} failed, {len(count.skipped)} skipped")
    return 1 if count.failures or not count.total() else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
