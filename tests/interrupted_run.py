"""A small WSDHQ run in a process of its own, which can be killed."""

import os
import sys
from pathlib import Path

STRANGER = Path(__file__).parent / "stranger"
RUN = (
    *("run", "--dataset", "shapes", "--backbone", "pooled", "--method", "wsdhq", "--bits", "16"),
    *("--set", "iterations=60", "--set", "batch_size=16", "--set", "ema=0.9", "--format", "json"),
)


def call(store, options, seconds):
    """The command, in a process that was made for it."""
    os.environ["HASHBENCH_CHECKPOINT_SECONDS"] = seconds
    sys.path.insert(0, str(STRANGER))
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    from hashbench.cli.app import main

    main([*RUN, "--runs", str(store), *options])
