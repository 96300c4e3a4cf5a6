"""WSDHQ on a GPU agrees with WSDHQ on the CPU."""

import numpy as np
import pytest
import torch

from hashbench.data.supervision import Supervision
from hashbench.methods.method import Context
from hashbench_wsdhq.config import WSDHQConfig
from hashbench_wsdhq.method import WSDHQ
from hashbench_wsdhq.quantizer import icm, update_codebooks

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


def test_a_whole_run_agrees_within_tolerance(pictures):
    embeddings = {}
    for device in ("cpu", "cuda"):
        config = WSDHQConfig(iterations=10, hidden=64, dropout=0.0)
        method = WSDHQ(config, Context(bits=32, seed=0, device=device))
        method.fit(pictures.train(Supervision.TAGS))
        embeddings[device] = method.embed(pictures.query())
        assert len(method.encode(pictures.query())) == 64
    assert np.abs(embeddings["cpu"] - embeddings["cuda"]).max() < 0.05
