"""ICM, codebooks and their start against the formulas as written."""

import warnings

import numpy as np
import pytest
import torch

from hashbench_wsdhq import literal
from hashbench_wsdhq.codebooks import Codebooks
from hashbench_wsdhq.config import WSDHQConfig
from hashbench_wsdhq.quantizer import icm, reconstruct, start_codebooks, update_codebooks, whitening


def problem(seed, images=60, tags=30):
    width, books, words = 12, 3, 16
    generator = torch.Generator().manual_seed(seed)
    shapes = ((images, width), (tags, width), (books, words, width))
    return [torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("tags", [5, 30, 200])
def test_icm_gives_every_code_of_the_literal_form(seed, tags):
    r, v, books = problem(seed, tags=tags)
    orders = [np.random.default_rng(seed + s).permutation(3).tolist() for s in range(3)]
    metric = whitening(v)
    expected = literal.icm(r, books, v, orders)
    assert torch.equal(icm(r @ metric, books @ metric, orders), expected)


def test_icm_never_raises_the_error():
    r, _, books = problem(0)
    errors = []
    for sweeps in range(5):
        codes = icm(r, books, [range(3)] * sweeps)
        errors.append((r - reconstruct(codes, books)).square().sum().item())
    assert errors == sorted(errors, reverse=True)


def test_icm_goes_on_from_where_it_is_told():
    r, _, books = problem(1)
    half = icm(r, books, [range(3)])
    assert torch.equal(icm(r, books, [range(3)], half), icm(r, books, [range(3)] * 2))


def test_icm_takes_rows_in_parts_without_a_difference(monkeypatch):
    r, _, books = problem(2)
    once = icm(r, books, [range(3)])
    monkeypatch.setattr("hashbench_wsdhq.quantizer._ROWS", 7)
    assert torch.equal(icm(r, books, [range(3)]), once)


def test_codebooks_equal_ridge_regression_on_one_hot_codes():
    r, _, books = problem(3, images=200)
    codes = torch.randint(0, 15, (200, 3), generator=torch.Generator().manual_seed(0))
    got = update_codebooks(r, codes, books, 0.001)
    expected, used = literal.update_codebooks(r, codes, 16, 0.001)
    assert torch.allclose(got[used], expected[used], rtol=1e-9)
    assert torch.equal(got[~used], books[~used])
    assert not used[:, 15].any()


@pytest.mark.parametrize(("width", "books"), [(50, 4), (300, 8), (7, 7), (10, 3)])
def test_the_start_is_block_sparse_also_where_slices_are_uneven(width, books):
    vectors = np.random.default_rng(0).standard_normal((400, width)).astype(np.float32)
    start = start_codebooks(vectors, books, 256, seed=0)
    assert start.shape == (books, 256, width)
    used = np.any(start != 0, axis=1)
    assert used.sum(axis=0).tolist() == [1] * width
    assert set(used.sum(axis=1)) <= {width // books, -(-width // books)}


def test_fewer_images_than_codewords_neither_warns_nor_fails():
    vectors = np.random.default_rng(0).standard_normal((40, 10)).astype(np.float32)
    vectors[20:] = vectors[:20]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        start = start_codebooks(vectors, 4, 256, seed=0)
        books = Codebooks.empty(torch.eye(10), 4, WSDHQConfig(ridge=1e-3), seed=0)
        for _ in range(3):
            books.update(torch.from_numpy(vectors))
    assert np.isfinite(start).all()
    codes = torch.from_numpy(books.encode(torch.from_numpy(vectors)).astype(np.int64))
    rebuilt = reconstruct(codes, books.words)
    assert torch.allclose(rebuilt, torch.from_numpy(vectors), atol=0.05)


def test_alternation_lowers_the_quantization_error():
    vectors = torch.randn((2000, 20), generator=torch.Generator().manual_seed(0))
    books = Codebooks.empty(torch.eye(20), 2, WSDHQConfig(ridge=1e-3), seed=0)
    errors = []
    for _ in range(4):
        books.update(vectors)
        errors.append((vectors - reconstruct(books.codes, books.words)).square().sum().item())
    assert errors == sorted(errors, reverse=True)
