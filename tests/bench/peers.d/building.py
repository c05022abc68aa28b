"""How the peers are had: downloaded and built once, in ~/.cache/millrace/peers-NAME-DIGEST, by the ordinary clients go and mvn.

What is built is named by its sources and by who built it, so that another version is another folder. Nothing is written into the tree.
"""

import functools
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "millrace"
BUILD_TIMEOUT_S = 1200  # three minutes on two cores that have nothing else to do


class Absent(Exception):
    """A peer that cannot be had here, and why."""


@functools.cache
def had(get, *what):
    """What get(*what) returns, or the Absent that it raises; asked once."""
    try:
        return get(*what)
    except Absent as reason:
        return reason


def go_program(name):
    """The path of the program whose module is the folder `name`."""
    version = output(tool("go"), "version")
    kept = CACHE / "peers-go"
    environment = {"GOMODCACHE": str(kept / "modules"), "GOCACHE": str(kept / "build"), "GOFLAGS": "-modcacherw -buildvcs=false"}
    environment["GOTOOLCHAIN"] = "local"
    return built(name, version, lambda into: run(name, ["go", "build", "-o", str(into / name), "."], environment)) / name


def java_classes(name):
    """A class path of the folder `name`: its pom.xml's libraries, and its classes."""
    version = output(tool("java"), "--version") + output(tool("javac"), "--version")
    tool("mvn")
    folder = built(name, version, lambda into: compile_java(name, into))
    return f"{folder}:{folder}/*"


def compile_java(name, into):
    words = ["mvn", "-q", "-B", f"-Dmaven.repo.local={CACHE / 'peers-maven'}", "dependency:copy-dependencies", f"-DoutputDirectory={into}"]
    run(name, words)
    run(name, ["javac", "-cp", f"{into}/*", "-d", str(into), *map(str, sorted((HERE / name).glob("*.java")))])


def untried(name, reason):
    """For what no machine had on which this benchmark was written."""
    raise Absent(f"{name} is here, but nobody has tried a run of it" if shutil.which(name) else reason)


def tool(name):
    path = shutil.which(name)
    if path is None:
        raise Absent(f"{name} is not installed")
    return path


def output(*words):
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def built(name, version, build):
    """The folder that holds what `build` has made, now or in an earlier run; it appears when it is complete."""
    folder = CACHE / f"peers-{name}-{digest(name, version)}"
    if folder.exists():
        return folder
    print(f"building {name} in {folder}: some minutes, the first time", file=sys.stderr, flush=True)
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE, prefix=f"peers-{name}.") as unfinished:
        into = pathlib.Path(unfinished) / "built"
        into.mkdir()
        build(into)
        into.rename(folder)
    return folder


def digest(name, version):
    sources = hashlib.sha256(version.encode())
    for path in sorted((HERE / name).iterdir()):
        sources.update(path.read_bytes())
    return sources.hexdigest()[:12]


def run(name, words, environment=None):
    log = CACHE / f"peers-{name}.log"
    with open(log, "wb") as out:
        ended = subprocess.run(words, cwd=HERE / name, env={**os.environ, **(environment or {})}, stdout=out, stderr=out, timeout=BUILD_TIMEOUT_S)
    if ended.returncode != 0:
        raise Absent(f"{' '.join(words[:2])} failed: {last_line(log)}")


def last_line(log):
    lines = log.read_text(errors="replace").strip().splitlines()
    return f"{lines[-1] if lines else 'it said nothing'} ({log})"
