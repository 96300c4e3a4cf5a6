"""Measurements that take no time."""

import pytest
from brief import shorten


@pytest.fixture(autouse=True)
def brief(monkeypatch):
    """Few rounds of little work."""
    shorten(monkeypatch)
