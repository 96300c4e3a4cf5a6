"""What a GPU does: agreement with the CPU, full fine-tuning, throughput. One table, in under eight minutes.

    uv run python benchmarks/gpu.py [--device cuda] [--quick]

Pictures, tags, word vectors and weights are made from a fixed seed: times do not depend on what they are.
Needs neither timm nor Numba. `--quick` is a rehearsal with a hundredth of everything, which a CPU can do,
too (`--device cpu --quick`).
N = images, T = tags, D = 300 dimensions, M = codebooks, K = 256 codewords.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

# As the command line does: see hashbench/cli/app.py.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import torch
import torchvision
from scipy import sparse

from hashbench.codes.binary import BinaryCodes
from hashbench.data.supervision import Supervision
from hashbench.data.views import ImageView, TrainView
from hashbench.methods.method import Context
from hashbench.metrics.presets import SUITE
from hashbench.metrics.score import score
from hashbench.progress import LoggedProgress, SilentProgress
from hashbench.ranking.distances import hamming
from hashbench.ranking.kernels.choice import resolve_kernel
from hashbench.ranking.relevance import Relevance
from hashbench.tags.table import TagTable
from hashbench.training.seeding import numpy_generator
from hashbench_wsdhq.config import PAPER, WSDHQConfig
from hashbench_wsdhq.method import WSDHQ
from hashbench_wsdhq.quantizer import icm, start_codebooks, update_codebooks, whitening
from made_backbone import MadeAlexNet

TAGS, WIDTH, TAGS_AN_IMAGE = 928, 300, 6
BATCH = 256
# The author's TensorFlow code on a GTX 1080 Ti.
AUTHORS_SECONDS = "0.51-0.57"

Result = TypeVar("Result")
Row = tuple[str, str, str]


def made_tags(folder: Path, images: int) -> tuple[TagTable, Path]:
    """Tags of N images, and a file of word vectors that knows them."""
    generator = numpy_generator(0, "tags")
    words = tuple(f"tag{number}" for number in range(TAGS))
    vectors = generator.standard_normal((TAGS, WIDTH))
    lines = (
        " ".join([word, *(f"{value:.4f}" for value in row)])
        for word, row in zip(words, vectors, strict=True)
    )
    path = folder / "words.txt"
    path.write_text("\n".join(lines) + "\n")
    carried = generator.integers(0, TAGS, (images, TAGS_AN_IMAGE))
    rows = np.repeat(np.arange(images), TAGS_AN_IMAGE)
    incidence = sparse.csr_array(
        (np.ones(rows.size), (rows, carried.reshape(-1))), shape=(images, TAGS)
    ).astype(np.bool_)
    return TagTable(words, incidence), path


def view_of(table: TagTable, **images: np.ndarray) -> TrainView[TagTable]:
    return TrainView(
        ImageView(**images),
        Supervision.TAGS,
        load_tags=lambda: table,
        load_web=lambda: None,  # type: ignore[arg-type, return-value]
        load_labels=lambda: np.zeros(0),
    )


def timed(device: str, work: Callable[[], Result]) -> tuple[float, Result]:
    """Seconds until the device is done, and what came of it."""
    if device.startswith("cuda"):
        torch.cuda.synchronize()
    start = time.perf_counter()
    result = work()
    if device.startswith("cuda"):
        torch.cuda.synchronize()
    return time.perf_counter() - start, result


def agreement(device: str, folder: Path, scale: int) -> Row:
    """How far embeddings are from the CPU's after the same small fit."""
    images = 2_000 // scale + 100
    table, words = made_tags(folder, images)
    features = numpy_generator(0, "features").standard_normal((images, 256)).astype(np.float32)
    view, embeddings = view_of(table, features=features), []
    for where in ("cpu", device):
        config = WSDHQConfig(embeddings=str(words), iterations=20, hidden=64, dropout=0.0)
        method = WSDHQ(config, Context(bits=32, device=where))
        method.fit(view)
        embeddings.append(method.embed(view.images))
    worst = float(np.abs(embeddings[0] - embeddings[1]).max())
    if worst > 0.05:
        sys.exit(f"embeddings differ from the CPU's by {worst:.3f}. Expected at most 0.05.")
    return "WSDHQ, 20 steps, against the CPU", f"{worst:.1e} at most", "of embeddings of length 1"


def finetuning(device: str, folder: Path, scale: int, precision: str) -> list[Row]:
    """The paper's preset: AlexNet as a whole, batches of 256, random crops of 227."""
    images, epochs = 4_096 // scale, 6
    size = min(BATCH, images)
    table, words = made_tags(folder, images)
    pixels = numpy_generator(0, "pixels").integers(0, 256, (images, 256, 256, 3), dtype=np.uint8)
    settings = {
        **PAPER.config,
        "embeddings": str(words),
        "iterations": epochs * images // size,
        "batch_size": size,
        "precision": precision,
        "ten_crop": False,
        "quantization": "two-stage",  # the alternation is timed by itself, below
    }
    log = LoggedProgress(SilentProgress())
    context = Context(bits=32, device=device, backbone=MadeAlexNet(), progress=log)
    method = WSDHQ(WSDHQConfig(**settings), context)
    method.fit(view_of(table, pixels=pixels))
    # The first epoch also compiles and allocates.
    points = log.points[1:]

    def mean(name: str) -> float:
        return float(np.mean([point[name] for point in points]))

    name = f"AlexNet as a whole, {precision}"
    seconds = size / mean("images/s")
    encode, _ = timed(device, lambda: method.embed(ImageView(pixels=pixels)))
    return [
        (
            name,
            f"{mean('images/s'):,.0f} images/s",
            f"{seconds:.3f} s a batch of {size} (authors: {AUTHORS_SECONDS})",
        ),
        ("", f"{mean('busy'):.0%} busy", f"the input path alone: {mean('loader images/s'):,.0f} images/s"),
        ("", f"{mean('memory MiB'):,.0f} MiB", f"encoding: {images / encode:,.0f} images/s, one crop"),
    ]


def alternation(device: str, scale: int) -> list[Row]:
    """One update of the codebooks at N = 200,000, M = 8, T = 1,000."""
    images, books = 200_000 // scale + 4_096, 8
    generator = torch.Generator().manual_seed(0)
    embeddings = torch.nn.functional.normalize(torch.randn((images, WIDTH), generator=generator)).to(device)
    metric = whitening(torch.randn((1_000, WIDTH), generator=generator).to(device))
    update_codebooks(
        embeddings[:512],
        torch.zeros((512, books), dtype=torch.int64, device=device),
        torch.zeros((books, 256, WIDTH), device=device),
        1.0,
    )
    start, words = timed(device, lambda: start_codebooks(embeddings, books, 256, 0))
    search, codes = timed(device, lambda: icm(embeddings @ metric, words @ metric, [range(books)] * 3))
    closed, _ = timed(device, lambda: update_codebooks(embeddings, codes, words, 1e-3))
    return [
        (f"codebooks, {images:,} x {WIDTH}, M = {books}", f"{start:.2f} s", "start by k-means"),
        ("", f"{search:.2f} s", f"ICM, 3 sweeps: {images / search:,.0f} images/s"),
        ("", f"{closed:.2f} s", "closed form"),
    ]


def evaluation(device: str, scale: int) -> Row:
    """Every metric of the suite's preset for 10,000 queries, 1,000,000 items, 64 bits."""
    queries, items, categories = 10_000 // scale, 1_000_000 // scale, 24
    generator = numpy_generator(0, "codes")
    codes = [
        BinaryCodes(generator.integers(0, 256, (count, 8), dtype=np.uint8)) for count in (queries, items)
    ]
    labels = [generator.random((count, categories)) < 0.1 for count in (queries, items)]
    distances, relevance = hamming(*codes), Relevance.of(*labels)
    kernel = resolve_kernel(device=device)
    seconds, _ = timed(device, lambda: score(distances, relevance, [SUITE], kernel))
    rate = 1e9 * seconds / (queries * items)
    return f"evaluation, {queries:,} x {items:,} x 64 bits", f"{seconds:.1f} s", f"{rate:.2f} ns a pair"


def described(device: str) -> str:
    """What this was measured on."""
    name = platform.processor() or platform.machine()
    if device.startswith("cuda"):
        name = f"{torch.cuda.get_device_name(device)}, CUDA {torch.version.cuda}"
    versions = f"torch {torch.__version__}, torchvision {torchvision.__version__}, numpy {np.__version__}"
    return f"{name}; Python {platform.python_version()}, {versions}; {datetime.now(UTC):%Y-%m-%d}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--quick", action="store_true", help="a rehearsal with a hundredth of everything")
    given = parser.parse_args()
    if given.device.startswith("cuda") and not torch.cuda.is_available():
        sys.exit(f"device {given.device!r} cannot be used here: torch sees no GPU.")
    scale = 100 if given.quick else 1
    start, rows = time.perf_counter(), list[Row]()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        steps: list[Callable[[], Any]] = [
            lambda: [agreement(given.device, folder, scale)],
            *(
                lambda precision=precision: finetuning(given.device, folder, scale, precision)  # type: ignore[misc]
                for precision in ("fp32", "tf32", "bf16")
            ),
            lambda: alternation(given.device, scale),
            lambda: [evaluation(given.device, scale)],
        ]
        for step in steps:
            rows += step()
            print(f"{time.perf_counter() - start:6.0f} s: {rows[-1][0] or rows[-3][0]}", file=sys.stderr)
    print(f"{described(given.device)}\n\n| what | | |\n|---|---|---|")
    for row in rows:
        print(f"| {' | '.join(row)} |")
    print(f"\n{time.perf_counter() - start:.0f} s in all")


if __name__ == "__main__":
    main()
