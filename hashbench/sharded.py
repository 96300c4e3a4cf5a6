"""Scoring a database in shards: shard to statistics, statistics added up, scores from the sum.

No more than a shard is in memory, beside the queries and their statistics. Scores equal those of the whole
database in one piece, to the bit.

Q = queries, N = database items, D = dimensions, C = labels.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from hashbench.codes.binary import BinaryCodes
from hashbench.codes.code_set import CodeSet
from hashbench.codes.reading import CODES, Layout, binary_codes, is_own
from hashbench.codes.rows import joined
from hashbench.codes.storage import Codes, load_codes
from hashbench.data.label_files import LABELS, multi_hot
from hashbench.errors import ConfigError, DataError
from hashbench.evaluation import Report, one_of, presets_of, told_bits
from hashbench.metrics.merged import Statistics, Wanted, wanted
from hashbench.metrics.presets import MetricPreset
from hashbench.metrics.score import Scores
from hashbench.progress import Progress
from hashbench.ranking.distances import suited
from hashbench.ranking.kernels.choice import resolve_kernel
from hashbench.ranking.relevance import Relevance, RelevanceRule
from hashbench.spread import Spread, here
from hashbench.training.device import resolve_device

# What each of the wanted says of a shard, by distance.
Said = dict[str, list[Statistics]]


@dataclass(frozen=True)
class Queries:
    """Who asks.

    Attributes:
        codes: Q codes.
        embeddings: float32 (Q, D), which quantization codes are compared with, where they are known.
        labels: 0/1 (Q, C), dense or sparse, or class numbers (Q,).
    """

    codes: Codes
    embeddings: np.ndarray | None
    labels: Any

    @classmethod
    def read(cls, codes: Path, labels: Path, keys: Mapping[str, str], layout: str = "auto") -> Queries:
        """Read both from files.

        Args:
            codes: A set of codes, a run's codes.npz, or a file of binary codes.
            labels: A file.
            keys: What a file calls `query_codes` or `query_labels`.
            layout: How a file of another tool holds binary codes.

        Raises:
            DataError: A file cannot be read, or it is not clear which array is meant.
            UnknownNameError: There is no such layout.
        """
        truth = LABELS.read_one(labels, 0, keys)
        if codes.is_dir():
            shards = CodeSet.open(codes).shards
            kept = [found for shard in shards if (found := shard.embeddings()) is not None]
            embeddings = np.concatenate(kept) if kept else None
            return cls(joined([shard.codes() for shard in shards]), embeddings, truth)
        if is_own(codes):
            query, _, embeddings = load_codes(codes)
            return cls(query, embeddings, truth)
        packed, bits = binary_codes(
            CODES.read_one(codes, 0, keys), "query", one_of(Layout, "layout", layout)
        )
        if bits != packed.bits:
            raise DataError(f"{str(codes)!r} holds codes of {bits} bits. Expected a multiple of 8.")
        return cls(packed, None, truth)


@dataclass(frozen=True)
class DatabaseLabels:
    """Ground truth of the items: a file of all, or a folder with a file a shard, in order of their names.

    Attributes:
        path: The file or folder.
        keys: What a file calls `database_labels`.
    """

    path: Path
    keys: Mapping[str, str] = field(default_factory=dict)

    def of_shard(self, number: int, codes: CodeSet) -> Any:
        """Labels of a shard's items.

        Raises:
            DataError: A file cannot be read, or there are more or fewer labels than items.
        """
        shard = codes.shards[number]
        if not self.path.is_dir():
            labels, wanted_rows = self._whole, len(codes)
        else:
            if len(self._files) != len(codes.shards):
                raise DataError(
                    f"{str(self.path)!r} holds {len(self._files):,} files of labels for "
                    f"{len(codes.shards):,} shards. Expected one for each, in the order of their names."
                )
            labels, wanted_rows = LABELS.read_one(self._files[number], 1, self.keys), shard.items
        if labels.shape[0] != wanted_rows:
            where = self._files[number] if self.path.is_dir() else self.path
            raise DataError(f"{str(where)!r} holds {labels.shape[0]:,} labels for {wanted_rows:,} items.")
        return labels if self.path.is_dir() else labels[shard.first : shard.first + shard.items]

    @cached_property
    def _whole(self) -> Any:
        return LABELS.read_one(self.path, 1, self.keys)

    @cached_property
    def _files(self) -> list[Path]:
        return sorted(path for path in self.path.iterdir() if path.is_file() and path.name[0] != ".")


@dataclass(frozen=True)
class ScorerMaker:
    """What a worker needs to know to look at shards.

    Attributes:
        database: Folder of the codes.
        labels: Their ground truth.
        queries: Who asks.
        rule: When an item is relevant.
        wanted: What is to be known.
        kernel: What ranks, by name.
        device: Where the torch kernel works, as torch names it.
    """

    database: Path
    labels: DatabaseLabels
    queries: Queries
    rule: RelevanceRule
    wanted: Sequence[Wanted]
    kernel: str
    device: str

    def __call__(self) -> Callable[[int], Said]:
        """Open the codes."""
        codes = CodeSet.open(self.database)
        kernel = resolve_kernel(self.kernel, resolve_device(self.device))

        def score(number: int) -> Said:
            shard, queries = codes.shards[number], self.queries
            truth = Relevance.of(*multi_hot(queries.labels, self.labels.of_shard(number, codes)), self.rule)
            return {
                distances.name: [one.of(distances, truth, kernel, shard.first) for one in self.wanted]
                for distances in suited(queries.codes, shard.codes(), queries.embeddings)
            }

        return score


def evaluate_shards(
    database: Path,
    labels: DatabaseLabels,
    queries: Queries,
    progress: Progress,
    *,
    presets: Sequence[str | MetricPreset] = ("hashbench",),
    metrics: Sequence[str] | None = None,
    relevance: str = "shared",
    kernel: str = "auto",
    device: str = "cpu",
    spread: Spread = here,
) -> Report:
    """Score a set of codes against ground truth; see `hashbench.evaluate` for what the options mean.

    Args:
        database: Folder of the set.
        labels: Its ground truth.
        queries: Who asks.
        progress: Where to report.
        presets: Names of metric presets, `all`, or presets of your own.
        metrics: What to report in place of the presets' own.
        relevance: When an item is relevant.
        kernel: What ranks.
        device: Where the torch kernel works.
        spread: Who looks at the shards.

    Raises:
        DataError: Codes or labels are not what they should be, or do not fit together.
        ConfigError: A preset or metric needs the whole database at once.
        UnknownNameError: There is no preset or kernel of that name.
    """
    codes, chosen = CodeSet.open(database), presets_of(presets, metrics)
    rule = RelevanceRule.parse(relevance)
    _check(queries, codes)
    asked = wanted(chosen, hamming=codes.kind == BinaryCodes.KIND)
    maker = ScorerMaker(database.absolute(), labels, queries, rule, asked, kernel, device)
    started, whole = time.perf_counter(), Said()
    with progress.task(
        f"scoring {len(codes):,} codes in {len(codes.shards):,} shards", len(codes)
    ) as advance:
        for number, said in spread(maker, range(len(codes.shards))):
            whole = _merged(whole, said, asked)
            advance(codes.shards[number].items)
    scores = {name: _scores(chosen, asked, found) for name, found in whole.items()}
    counts = next(iter(whole.values()))[0].counts
    return Report(
        bits=told_bits(queries.codes),
        queries=len(queries.codes),
        items=len(codes),
        relevance=str(rule),
        kernel=resolve_kernel(kernel, resolve_device(device)).name,
        presets=tuple(chosen),
        scores=scores,
        code_statistics={},
        seconds=time.perf_counter() - started,
        count=(lambda: counts) if counts else None,
    )


def _check(queries: Queries, codes: CodeSet) -> None:
    """Refuse queries that cannot be compared with the codes.

    Raises:
        DataError: They are of another kind or size.
        ConfigError: There is nothing to score.
    """
    if not codes.shards:
        raise ConfigError(f"{str(codes.folder)!r} holds no codes. Expected some.")
    asking = queries.codes
    if (asking.KIND, asking.bits) != (codes.kind, codes.bits):
        raise DataError(
            f"query codes are {asking.KIND} of {asking.bits} bits, those of {str(codes.folder)!r} "
            f"{codes.kind} of {codes.bits}. Expected codes of one method."
        )


def _merged(whole: Said, said: Said, asked: Sequence[Wanted]) -> Said:
    """What all shards so far say together with what another one says."""
    if not whole:
        return said
    return {
        name: [one.merge(*both) for one, *both in zip(asked, whole[name], found, strict=True)]
        for name, found in said.items()
    }


def _scores(
    presets: Sequence[MetricPreset], asked: Sequence[Wanted], found: Sequence[Statistics]
) -> dict[str, Scores]:
    """Scores by preset, in the order in which they were asked for."""
    scores: dict[str, Scores] = {}
    for one, statistics in zip(asked, found, strict=True):
        scores |= one.scores(statistics)
    return {preset.name: scores[preset.name] for preset in presets}
