"""Measurements that take no time, for tests of what is made of them."""

from hashbench.planning import encoding, rate, scan


def shorten(monkeypatch):
    """Few rounds of little work."""
    monkeypatch.setattr(rate, "SECONDS", 0.0)
    monkeypatch.setattr(scan, "BYTES", 1 << 18)
    monkeypatch.setattr(scan, "ITEMS", 1 << 14)
    monkeypatch.setattr(encoding, "BATCH", 8)
