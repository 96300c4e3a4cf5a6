"""WSDHQ on a GPU agrees with WSDHQ on the CPU."""

import numpy as np
import pytest
import torch

from hashbench.data.supervision import Supervision
from hashbench.methods.method import Context
from hashbench_wsdhq.config import WSDHQConfig
from hashbench_wsdhq.kmeans import kmeans
from hashbench_wsdhq.method import WSDHQ
from hashbench_wsdhq.quantizer import icm, start_codebooks, update_codebooks

pytestmark = pytest.mark.gpu


def test_codes_and_codebooks_agree():
    generator = torch.Generator().manual_seed(0)
    targets = torch.randn((300, 20), generator=generator, dtype=torch.float64)
    books = torch.randn((4, 64, 20), generator=generator, dtype=torch.float64)
    orders = [[2, 0, 3, 1], [0, 1, 2, 3]]
    codes = icm(targets, books, orders)
    assert torch.equal(icm(targets.cuda(), books.cuda(), orders).cpu(), codes)
    updated = update_codebooks(targets.cuda(), codes.cuda(), books.cuda(), 0.1).cpu()
    assert torch.allclose(updated, update_codebooks(targets, codes, books, 0.1))


def test_the_start_stays_on_the_gpu_and_agrees():
    middles = 10 * torch.randn((32, 20), generator=torch.Generator().manual_seed(0))
    noise = torch.randn((100, 32, 20), generator=torch.Generator().manual_seed(1))
    vectors = (middles + 0.01 * noise).flatten(0, 1)
    here, there = (start_codebooks(v, 2, 32, seed=0) for v in (vectors, vectors.cuda()))
    assert there.is_cuda
    for m in range(2):
        mine, other = (c[m][c[m][:, 10 * m].argsort()] for c in (here, there.cpu()))
        assert torch.allclose(mine, other, atol=1e-4)


def test_means_on_noise_are_as_good_as_on_the_cpu():
    points = torch.randn((20_000, 16), generator=torch.Generator().manual_seed(0))
    inertia = []
    for where in (points, points.cuda()):
        centres = kmeans(where, 256, torch.Generator().manual_seed(0)).cpu()
        inertia.append(torch.cdist(points, centres).amin(dim=1).square().sum().item())
    assert inertia[1] == pytest.approx(inertia[0], rel=0.01)


def test_the_same_bits_come_again():
    points = torch.randn((50_000, 16), generator=torch.Generator().manual_seed(0)).cuda()
    books = torch.randn((4, 64, 16), generator=torch.Generator().manual_seed(1)).cuda()
    codes = icm(points, books, [range(4)])
    start, updated = start_codebooks(points, 4, 64, seed=0), update_codebooks(points, codes, books, 0.1)
    for _ in range(3):
        assert torch.equal(start_codebooks(points, 4, 64, seed=0), start)
        assert torch.equal(update_codebooks(points, codes, books, 0.1), updated)


def test_a_whole_run_agrees_within_tolerance(pictures):
    embeddings = {}
    for device in ("cpu", "cuda"):
        config = WSDHQConfig(iterations=10, hidden=64, dropout=0.0)
        method = WSDHQ(config, Context(bits=32, seed=0, device=device))
        method.fit(pictures.train(Supervision.TAGS))
        embeddings[device] = method.embed(pictures.query())
        assert len(method.encode(pictures.query())) == 64
    assert np.abs(embeddings["cpu"] - embeddings["cuda"]).max() < 0.05
