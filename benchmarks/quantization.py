"""How long WSDHQ's alternating quantization takes, part by part, at 200,000 images, and what it holds.

    OMP_NUM_THREADS=2 uv run python benchmarks/quantization.py [--device cuda] [--images 200000]

Embeddings and tags are made from a fixed seed, with the falling spectrum that networks' have. The parts are
those of the first update of the codebooks: k-means start, three sweeps of ICM in the tags' metric, closed
form.
N = images, T = 1,000 tags, D = 300 dimensions, M = 8 codebooks, K = 256 codewords.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from typing import TypeVar

# As the command line does: see hashbench/cli/app.py.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch

from hashbench.runs.measure import peak_memory, timed
from hashbench.training.seeding import torch_generator
from hashbench_wsdhq.quantizer import icm, reconstruct, start_codebooks, update_codebooks, whitening

IMAGES, TAGS, WIDTH, BOOKS, WORDS = 200_000, 1_000, 300, 8, 256
SWEEPS, RIDGE = 3, 0.001

Result = TypeVar("Result")


def make(rows: int, purpose: str) -> torch.Tensor:
    """Unit vectors float32 (N, D), of which the k-th direction has 1 / k of the variance."""
    generator = torch_generator(0, purpose)
    spread = torch.arange(1, WIDTH + 1).rsqrt()
    turn = torch.linalg.qr(torch.randn((WIDTH, WIDTH), generator=torch_generator(0, "directions"))).Q
    return torch.nn.functional.normalize(torch.randn((rows, WIDTH), generator=generator) * spread) @ turn


def measured(part: str, device: str, work: Callable[[], Result]) -> Result:
    """Print seconds of the work and MiB that it held beyond its input; returns what it returned."""

    def finished() -> Result:
        result = work()
        if device.startswith("cuda"):
            torch.cuda.synchronize(device)
        return result

    held, (seconds, result) = peak_memory(lambda: timed(finished), device)
    print(f"{part:<24}{seconds:>10.2f}{held / 2**20:>12,.0f}", flush=True)
    return result


def warm_up(few: torch.Tensor) -> None:
    """What libraries load once is no part's own."""
    books = start_codebooks(few, BOOKS, 16, seed=0)
    update_codebooks(few, icm(few, books, [range(BOOKS)]), books, RIDGE)


def alternate(embeddings: torch.Tensor, metric: torch.Tensor, device: str) -> torch.Tensor:
    """One update of the codebooks; returns the reconstructions."""
    start = measured("start by k-means", device, lambda: start_codebooks(embeddings, BOOKS, WORDS, seed=0))
    targets, words = embeddings @ metric, start @ metric
    orders = [range(BOOKS)] * SWEEPS
    codes = measured(f"ICM, {SWEEPS} sweeps", device, lambda: icm(targets, words, orders))
    books = measured(
        "closed-form codebooks", device, lambda: update_codebooks(embeddings, codes, start, RIDGE)
    )
    return reconstruct(codes[:1000], books)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--images", type=int, default=IMAGES)
    given = parser.parse_args()
    embeddings = make(given.images, "images").to(given.device)
    metric = whitening(make(TAGS, "tags").to(given.device))
    warm_up(embeddings[:1000])
    print(f"{'part':<24}{'seconds':>10}{'peak, MiB':>12}")
    rebuilt = alternate(embeddings, metric, given.device)
    lost = (embeddings[:1000] - rebuilt).square().sum() / embeddings[:1000].square().sum()
    size = embeddings.nbytes / 2**20
    print(f"input: {size:,.0f} MiB; lost of squared length: {lost:.1%}; threads: {torch.get_num_threads()}")


if __name__ == "__main__":
    main()
