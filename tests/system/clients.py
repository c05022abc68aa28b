"""Clients that run beside a test until it stops them."""

import threading


class Clients:
    """`count` threads, each in `client(number)`, which returns soon after `done` is set."""

    def __init__(self, count):
        self.done = threading.Event()
        self.threads = [threading.Thread(target=self.client, args=(number,)) for number in range(count)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.done.set()
        for thread in self.threads:
            thread.join()

    def client(self, number):
        raise NotImplementedError
