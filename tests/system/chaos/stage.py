"""Where a run from the command line plays: a folder, programs that are ended with it, and sentences with their time."""

import contextlib
import os
import pathlib
import signal
import sys
import tempfile
import time

from servers import Millrace


class Stage(contextlib.ExitStack):
    """`keep` is a new folder that stays; without it everything goes."""

    def __init__(self, keep):
        super().__init__()
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that everything is ended on the way out
        self.folder = keep or pathlib.Path(self.enter_context(tempfile.TemporaryDirectory(prefix="millrace-chaos-")))
        self.folder.mkdir(parents=True, exist_ok=keep is None)


class Starter:
    """Starts the program as often as wanted; at the end every one of them is ended, and none may have crashed."""

    def __init__(self, folder):
        self.folder = folder
        self.binary = pathlib.Path(os.environ["MILLRACE"])
        self.started = []

    def __call__(self, *args):
        server = Millrace(self.binary, self.folder / f"millrace-{len(self.started)}.log", args, {})
        self.started.append(server)
        server.wait_until_listening()
        return server

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.ExitStack() as every:
            for server in self.started:
                every.callback(server.end)


def fresh_seed():
    return int.from_bytes(os.urandom(4), "big")


def say(sentence):
    print(f"{time.strftime('%H:%M:%S')}  {sentence}", flush=True)
