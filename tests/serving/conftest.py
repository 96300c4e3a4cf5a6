"""Servers of small indexes, in a thread each."""

from contextlib import ExitStack, contextmanager
from functools import cache

import pytest

from hashbench.index.searcher import Searcher
from hashbench.serving.serve import listening, running

FOUND = 6


@pytest.fixture(scope="session")
def serving():
    """What serves an index for as long as its block runs, and gives the address."""

    @contextmanager
    def served(index):
        with (
            listening("127.0.0.1", 0) as socket,
            running(Searcher.open(index, device="cpu"), "127.0.0.1", socket, FOUND) as address,
        ):
            yield address

    return served


@pytest.fixture(scope="session")
def address_of(index_of, serving):
    """Where an index is served, by its method; all are stopped at the end."""
    with ExitStack() as stack:
        yield cache(lambda method: stack.enter_context(serving(index_of(method))))
