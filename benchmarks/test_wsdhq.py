"""WSDHQ's exact shortcuts against the formulas as written, at the paper's NUS-WIDE size.

    uv run pytest benchmarks --benchmark-group-by=group --benchmark-columns=min,median,rounds

Read the ratio of the two rows of a group. Every pair is checked to give the same result first.
T = 928 tags, D = 300 dimensions, M = 4 codebooks, K = 256 codewords.
"""

import pytest
import torch

from hashbench_wsdhq import literal
from hashbench_wsdhq.losses import margin_loss, similarities, tag_margins
from hashbench_wsdhq.quantizer import icm, whitening

TAGS, WIDTH, BOOKS, WORDS = 928, 300, 4, 256
ORDERS = [[2, 0, 3, 1], [1, 3, 0, 2], [0, 1, 2, 3]]


@pytest.fixture(scope="module", autouse=True)
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def quantization():
    generator = torch.Generator().manual_seed(0)
    images = torch.randn((500, WIDTH), generator=generator)
    tags = torch.randn((TAGS, WIDTH), generator=generator)
    codebooks = torch.randn((BOOKS, WORDS, WIDTH), generator=generator) / 2
    exact = literal.icm(images.double(), codebooks.double(), tags.double(), ORDERS[:1])
    metric = whitening(tags.double())
    assert torch.equal(icm(images.double() @ metric, codebooks.double() @ metric, ORDERS[:1]), exact)
    return images, codebooks, tags


@pytest.mark.benchmark(group="ICM, 500 images, 3 sweeps")
def test_icm_whitened(benchmark, quantization):
    images, codebooks, tags = quantization

    def whitened():
        metric = whitening(tags)
        return icm(images @ metric, codebooks @ metric, ORDERS)

    benchmark.pedantic(whitened, rounds=10, warmup_rounds=2)


@pytest.mark.benchmark(group="ICM, 500 images, 3 sweeps")
def test_icm_literal(benchmark, quantization):
    images, codebooks, tags = quantization
    benchmark.pedantic(literal.icm, args=(images, codebooks, tags, ORDERS), rounds=3, warmup_rounds=1)


@pytest.fixture(scope="module")
def batch():
    generator = torch.Generator().manual_seed(1)
    images = torch.randn((256, WIDTH), generator=generator)
    tags = torch.randn((TAGS, WIDTH), generator=generator)
    positive = torch.rand((256, TAGS), generator=generator) < 6 / TAGS
    exact = literal.margin_loss(images[:32].double(), positive[:32], tags.double(), 1.0)
    margins = tag_margins(tags.double(), 1.0)
    fast = margin_loss(
        similarities(images[:32].double(), tags.double(), normalize=True), positive[:32], margins
    )
    assert fast.item() == pytest.approx(exact.item(), rel=1e-12)
    return images, positive, tags


@pytest.mark.benchmark(group="margin loss and gradient, batch of 256, 6 tags an image")
def test_margin_loss_by_pairs(benchmark, batch):
    images, positive, tags = batch
    margins = tag_margins(tags, 1.0)

    def by_pairs():
        leaf = images.clone().requires_grad_()
        margin_loss(similarities(leaf, tags, normalize=True), positive, margins).backward()
        return leaf.grad

    benchmark.pedantic(by_pairs, rounds=10, warmup_rounds=2)


@pytest.mark.benchmark(group="margin loss and gradient, batch of 256, 6 tags an image")
def test_margin_loss_literal(benchmark, batch):
    images, positive, tags = batch

    def as_written():
        leaf = images.clone().requires_grad_()
        literal.margin_loss(leaf, positive, tags, 1.0).backward()
        return leaf.grad

    benchmark.pedantic(as_written, rounds=3, warmup_rounds=1)
