"""The words on the command line: a wrong one is a sentence and exit 2, and nothing is started."""

import os
import subprocess
import urllib.request

import pytest

from conftest import BINARY, ROOT
from servers import free_port, wait_for


def run(*words):
    return subprocess.run([BINARY, *words], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)


WRONG = [
    ("", "millrace serve"),
    ("fly", 'found "fly"; allowed: serve, attack, check, docs, version, help'),
    ("--serve", 'found "--serve"; allowed: serve, '),
    ("version 2", 'found "2"; allowed: nothing more'),
    ("serve fast", 'found "fast"; allowed: -c FILE, --set PATH=VALUE, --only ROLE,...'),
    ("serve -x", 'found "-x"; allowed: -c FILE, '),
    ("serve -xc", 'found "-x"; allowed: -c FILE, '),
    ("serve --fast", 'found "--fast"; allowed: -c FILE, '),
    ("serve -c", "found -c without its value"),
    ("serve --set", "found --set without its value"),
    ("serve --set workers", 'found --set "workers"; allowed: --set PATH=VALUE'),
    ("serve --set =1", 'found --set "=1"; allowed: --set PATH=VALUE'),
    ("serve --only sleep", '--only: found the role "sleep"; allowed: ingest, work'),
    ("serve --only=", '--only: found the role ""; allowed: ingest, work'),
    ("serve --only ingest,", '--only: found the role ""; allowed: ingest, work'),
    ("check --only sleep", '--only: found the role "sleep"; allowed: ingest, work'),
    ("docs", 'docs: found ""; allowed: one of configuration, actions, metrics'),
    ("docs poems", 'docs: found "poems"; allowed: one of configuration, actions, metrics'),
    ("docs metrics twice", 'docs: found "twice"; allowed: one of configuration, actions, metrics'),
]


@pytest.mark.parametrize("words,sentence", WRONG, ids=[words or "nothing" for words, _ in WRONG])
def test_wrong_words_are_a_sentence_and_exit_2(words, sentence):
    ended = run(*words.split())
    assert ended.returncode == 2
    assert sentence in ended.stdout + ended.stderr
    assert "listener" not in ended.stderr


@pytest.mark.parametrize("words", ["help", "-h", "--help", "serve -h", "serve --help", "check --help", "docs --help", "attack --help"])
def test_help_is_had_by_the_words_that_people_try(words):
    ended = run(*words.split())
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "millrace" in ended.stdout


def test_a_start_that_fails_halfway_says_why_and_ends_with_1():
    port = free_port()
    words = ["serve", "--set", f"listen.main.address=127.0.0.1:{port}", "--set", f"listen.other.address=127.0.0.1:{port}",
             "--set", "listen.other.routes=[{use: [health]}]"]
    for _ in range(10):  # what runs already, must not be in the way of the end
        ended = run(*words)
        assert ended.returncode == 1
        assert f"listen.other: listener other on 127.0.0.1:{port}: bind: Address already in use" in ended.stderr


OF_EVERY_PROCESS = 'listen.apart={address: "127.0.0.1:0", routes: [{use: [health, metrics, debug]}]}'


def test_a_process_that_nobody_can_see_says_so(millrace):
    unseen = millrace("--only", "work", wait=False)
    wait_for(lambda: "no listener is open" in unseen.log(), what="a line about it")
    seen = millrace("--only", "work", "--set", OF_EVERY_PROCESS)
    seen.wait_until_ready()
    assert seen.metrics()['millrace_work_assigned_partitions{stream="jobs"}'] >= 0
    assert "no listener is open" not in seen.log()


@pytest.mark.parametrize("closed", ["<&- >&- 2>&-", "<&-", ">&-", "2>&-"])
def test_standard_descriptors_that_a_parent_has_closed_are_in_nobodys_way(closed):
    port = free_port()
    words = [BINARY, "serve", "--set", f"listen.main.address=127.0.0.1:{port}"]
    null = subprocess.DEVNULL
    server = subprocess.Popen(["bash", "-c", f'exec "$@" {closed}', "bash", *words], cwd=ROOT, stdin=null, stdout=null, stderr=null)
    try:
        wait_for(lambda: answers(port), what="readiness")
        assert [os.readlink(f"/proc/{server.pid}/fd/{number}") for number in range(3)] == ["/dev/null"] * 3
        server.terminate()
        assert server.wait(30) == 0
    finally:
        server.kill()
        server.wait()


def answers(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as reply:
            return reply.status == 200
    except OSError:
        return False


@pytest.mark.parametrize("words,status", [("--help", 0), ("up --help", 0), ("up --prot 9999", 2), ("down everything", 2)])
def test_scripts_kafka_starts_and_ends_nothing_by_a_slip_or_a_question_for_help(words, status, tmp_path):
    folder = tmp_path / "cluster"
    ended = subprocess.run([ROOT / "scripts" / "kafka", *words.split(), "--dir", folder], capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == status
    assert "Usage: scripts/kafka up" in ended.stdout + ended.stderr
    assert not folder.exists()
