"""Benchmark of compact image codes learnt from weak supervision.

For a set of images and their weak tags: which method gives the best retrieval for the bits, memory
and time that can be paid? Plugin authors import `hookimpl` from here.
"""

from hashbench.hookspecs import hookimpl

__all__ = ["__version__", "hookimpl"]
__version__ = "0.1.0"
