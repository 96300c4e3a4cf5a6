"""What jobs do in the tests of engines; here, so that workers of any kind can import it."""

import os
import signal
from pathlib import Path

import numpy as np

from hashbench.errors import UnknownNameError


def doubled():
    """Doubles arrays in place, and says by whom that is done."""
    name = os.getpid()

    def work(job):
        number, array = job
        array *= 2
        return number, array, name

    return work


def worded():
    """Says numbers as words."""
    return str


class Summed:
    """Sums arrays; a worker that finds no mark leaves one and dies."""

    def __init__(self, mark):
        self.mark = Path(mark)

    def __call__(self):
        return self.work

    def work(self, job):
        """Sum, or die."""
        if job == 2 and not self.mark.exists():
            self.mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return np.full(300_000, job)


def deadly():
    """Dies of one of the jobs."""
    return lambda job: os.kill(os.getpid(), signal.SIGKILL) if job == 1 else job


def refusing():
    """Refuses one of the jobs."""

    def work(job):
        if job == 1:
            raise UnknownNameError("shard", "sahrd-1", ["shard-1", "shard-2"])
        return job

    return work


def seen():
    """Says what a worker sees of the caller's surroundings."""
    return lambda name: (os.environ.get(name), str(Path.cwd()), os.environ["OMP_NUM_THREADS"])


class DiesOnce:
    """What another make does, but for a worker that dies over its second job if there is no mark yet."""

    def __init__(self, make, mark):
        self.make = make
        self.mark = Path(mark)

    def __call__(self):
        work = self.make()
        done = []

        def perhaps(job):
            done.append(job)
            if len(done) > 1 and not self.mark.exists():
                self.mark.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            return work(job)

        return perhaps
