"""The whole look at a machine: one topic after the other, and none of them stops another."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from hashbench.doctor import gpu, machine, packages, places, ranking, weights
from hashbench.doctor import plugins as plugin
from hashbench.doctor.finding import Finding, Look, guarded

if TYPE_CHECKING:
    from hashbench.plugins import Plugins
    from hashbench.progress import Progress


def examine(load: Callable[[], Plugins], device: str, runs: Path, progress: Progress) -> list[Finding]:
    """Look at everything that a run needs; nothing is fetched, and no data set is opened.

    Args:
        load: Finds the plugins; called once.
        device: What a run would be given as `--device`.
        runs: The run store, which need not be there.
        progress: Where to say how far the look is.
    """
    installed = cache(load)
    looks: dict[str, Look] = {
        "python": machine.python,
        "packages": packages.packages,
        "processor": machine.processors,
        "memory": machine.memory,
        "gpu": partial(gpu.gpus, device),
        "ranking": ranking.ranking,
        "plugins": lambda: plugin.plugins(installed()),
        "backbones": lambda: weights.backbones(installed()),
        "word vectors": weights.word_vectors,
        "cache": places.cache,
        "weights": places.weights_folders,
        "run store": partial(places.run_store, runs),
    }
    found: list[Finding] = []
    with progress.task("looking at this machine", len(looks)) as advance:
        for topic, look in looks.items():
            found += guarded(topic, look)
            advance(1)
    return found
