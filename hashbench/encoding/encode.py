"""Coding a whole source into a set of codes: part by part, wherever there are workers, and resumed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from hashbench.codes.code_set import CodeSet, bytes_of, text_of
from hashbench.codes.set_writer import SetWriter
from hashbench.encoding.encoder import Encoded, EncoderMaker
from hashbench.encoding.source import Pictures, Source, open_source, parts
from hashbench.encoding.thumbnails import packed
from hashbench.progress import Progress
from hashbench.runs.folder import read_run
from hashbench.spread import Spread, here

# Items of a shard: pictures take a hundred times as long as features, and a lost shard is done again.
PICTURES_A_SHARD, FEATURES_A_SHARD = 4_096, 65_536
# Names of arrays beside the codes: pictures that have none, and why.
LEFT_OUT, LEFT_OUT_WHY = "left_out", "left_out_why"


@dataclass(frozen=True)
class Outcome:
    """What became of a source.

    Attributes:
        codes: The set.
        done: Items that were coded, or looked at in vain, in this call; the others were there.
        seconds: What that took.
        left_out: Why a picture has no code, by its name.
    """

    codes: CodeSet
    done: int
    seconds: float
    left_out: dict[str, str]


def encode(
    maker: EncoderMaker,
    folder: Path,
    progress: Progress,
    *,
    items: int | None = None,
    spread: Spread = here,
) -> Outcome:
    """Code pictures or features with the method of a run.

    An interrupted call leaves its finished shards behind, and the same call goes on from them.

    Args:
        maker: The run, the source, and where to compute.
        folder: Where the set of codes is to be; new or empty.
        progress: Where to report.
        items: Items of a shard; by default 4,096 pictures or 65,536 rows of features.
        spread: Who does the parts.

    Raises:
        DataError: There is nothing to code, or the run cannot code it.
        ConfigError: Something else is in the folder.
        StoreError: The run is damaged, or the disk refuses.
    """
    source = open_source(maker.source)
    usual = PICTURES_A_SHARD if isinstance(source, Pictures) else FEATURES_A_SHARD
    jobs = parts(source, items or usual)
    writer = SetWriter.begin(folder, len(jobs), _about(maker, source, items or usual))
    missing = set(writer.missing())
    waiting = [part for part in jobs if part.number in missing]
    started, done = time.perf_counter(), sum(part.items for part in waiting)
    with progress.task(f"encoding with {maker.run.name}", len(source)) as advance:
        advance(len(source) - done)
        # Only in this process is there somebody to tell of every batch.
        telling = spread is here
        for part, found in spread(replace(maker, advance=advance) if telling else maker, waiting):
            writer.put(part.number, found.codes, found.names, found.embeddings, _beside(found))
            if not telling:
                advance(part.items)
    seconds = time.perf_counter() - started
    codes = writer.finish()
    return Outcome(codes, done, seconds, left_out(codes))


def left_out(codes: CodeSet) -> dict[str, str]:
    """Why a picture has no code, by its name."""
    reasons: dict[str, str] = {}
    for shard in codes.shards:
        if LEFT_OUT in shard.arrays:
            names, why = (map(text_of, shard.arrays[key].tolist()) for key in (LEFT_OUT, LEFT_OUT_WHY))
            reasons |= zip(names, why, strict=True)
    return reasons


def _about(maker: EncoderMaker, source: Source, items: int) -> dict[str, Any]:
    """All that decides what the shards hold."""
    spec = read_run(maker.run).spec
    return {
        "run": spec.run_id(),
        "key": spec.key(),
        "source": source.about(),
        "items_a_shard": items,
        "embeddings": maker.keep_embeddings,
        "thumbnails": maker.thumbnails,
    }


def _beside(found: Encoded) -> Mapping[str, np.ndarray]:
    """Thumbnails, and what is kept of the pictures that were left out."""
    small = {} if found.thumbnails is None else packed(found.thumbnails)
    if not found.left_out:
        return small
    return small | {
        LEFT_OUT: bytes_of(found.left_out),
        LEFT_OUT_WHY: bytes_of(found.left_out.values()),
    }
