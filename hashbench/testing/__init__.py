"""The conformance kit: whether a method keeps the contract, and small real data to find out."""

from hashbench.testing.parametrize import parametrize_with_checks

__all__ = ["parametrize_with_checks"]
