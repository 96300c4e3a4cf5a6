"""What it costs to score codes in shards: time a pair and memory, at one million codes and at ten.

    OMP_NUM_THREADS=2 uv run python benchmarks/sharded.py FOLDER

Makes 64-bit codes in 16 shards with a category each in FOLDER, if they are not there yet, and scores them
for 1,000 queries: mAP@all, ties in expectation, and all else of the suite's preset. Every size has a
process of its own; they take turns, and the median counts. Fails if a pair costs more than 1.2 times as
much at ten million as at one. What is made is drawn from a fixed seed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from statistics import median

import numpy as np

from hashbench.codes.binary import BinaryCodes
from hashbench.codes.set_writer import SetWriter
from hashbench.progress import SilentProgress
from hashbench.sharded import DatabaseLabels, Queries, evaluate_shards
from scale import measured

BITS, SHARDS, QUERIES = 64, 16, 1_000
SIZES = (1_000_000, 10_000_000)
CATEGORIES = 24
# Of a category's code, as many bits are flipped in an item's.
FLIPPED = 0.25
MOST_RATIO = 1.2
ROUNDS = 3
_ROWS = 50_000


def make(folder: Path, items: int) -> None:
    """Write the database's shards, and for each its labels."""
    rng = np.random.default_rng(items)
    writer = SetWriter.begin(folder / "codes", SHARDS, {"items": items})
    (folder / "labels").mkdir(exist_ok=True)
    for number in range(SHARDS):
        codes, labels = drawn(rng, items // SHARDS)
        np.save(folder / "labels" / f"{number:05}.npy", labels)
        writer.put(number, codes)
    writer.finish()


def drawn(rng: np.random.Generator, items: int) -> tuple[BinaryCodes, np.ndarray]:
    """Codes, and the category of each."""
    centres = np.random.default_rng(0).random((CATEGORIES, BITS)) < 0.5
    labels = rng.integers(0, CATEGORIES, items, dtype=np.int32)
    packed = []
    for start in range(0, items, _ROWS):
        some = labels[start : start + _ROWS]
        flips = rng.random((len(some), BITS), dtype=np.float32) < FLIPPED
        packed.append(np.packbits(centres[some] ^ flips, axis=1))
    return BinaryCodes(np.concatenate(packed)), labels


def score(folder: Path) -> dict[str, float]:
    """Seconds to score the codes in a folder, and what comes of it."""
    codes, labels = drawn(np.random.default_rng(1), QUERIES)
    queries = Queries(codes, None, labels)
    # Compiling is no part of it.
    few = SHARDS * 64
    if not (folder.parent / "few").is_dir():
        make(folder.parent / "few", few)
    at = folder.parent / "few"
    evaluate_shards(at / "codes", DatabaseLabels(at / "labels"), queries, SilentProgress())
    started = time.perf_counter()
    report = evaluate_shards(folder / "codes", DatabaseLabels(folder / "labels"), queries, SilentProgress())
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "map": report.scores["hamming"]["hashbench"].means()["map@all"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--score", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.score:
        (given.folder / "told.json").write_text(json.dumps(score(given.score)))
        return
    for items in SIZES:
        folder = given.folder / f"codes-{items}"
        if not (folder / "codes" / "codes.json").is_file():
            folder.mkdir(parents=True, exist_ok=True)
            make(folder, items)
    told: dict[int, list[tuple[float, float, int]]] = {items: [] for items in SIZES}
    for _ in range(ROUNDS):
        for items in SIZES:
            command = [sys.executable, __file__, str(given.folder), "--score"]
            _, _, own = measured([*command, str(given.folder / f"codes-{items}")])
            found = json.loads((given.folder / "told.json").read_text())
            told[items].append((found["seconds"], found["map"], own))
    print(f"{'codes':>12}{'seconds':>10}{'ns a pair':>11}{'own, MiB':>10}{'mAP@all':>10}")
    costs = []
    for items, rounds in told.items():
        seconds = median(one[0] for one in rounds)
        costs.append(1e9 * seconds / items / QUERIES)
        memory = max(one[2] for one in rounds) / 2**20
        print(f"{items:>12,}{seconds:>10.2f}{costs[-1]:>11.3f}{memory:>10,.0f}{rounds[0][1]:>10.4f}")
    print(f"A pair costs {costs[1] / costs[0]:.2f} times as much at {SIZES[1]:,} as at {SIZES[0]:,}.")
    if costs[1] > MOST_RATIO * costs[0]:
        sys.exit(f"Expected at most {MOST_RATIO}.")


if __name__ == "__main__":
    main()
