"""ICM, codebooks and their start against the formulas as written."""

import warnings

import numpy as np
import pytest
import torch

from hashbench_wsdhq import literal
from hashbench_wsdhq.codebooks import Alternation, Codebooks
from hashbench_wsdhq.config import WSDHQConfig
from hashbench_wsdhq.quantizer import icm, reconstruct, start_codebooks, update_codebooks, whitening


def problem(seed, images=60, tags=30):
    width, books, words = 12, 3, 16
    generator = torch.Generator().manual_seed(seed)
    shapes = ((images, width), (tags, width), (books, words, width))
    return [torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes]


def normal(*shape):
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


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


def test_icm_holds_codes_and_costs_of_one_block(tensor_bytes):
    books, words, images = 4, 256, 50_000
    r, c = torch.randn((images, 16)), torch.randn((books, words, 16))
    bound = 4 * ((books * words) ** 2 + 4096 * words * (books + 2) + books * words)
    held, codes = tensor_bytes(lambda: icm(r, c, [range(books)]))
    assert 0.9 * bound < held - codes.nbytes <= bound


def test_codebooks_hold_the_system_and_one_block(tensor_bytes):
    books, words, images, width = 4, 128, 50_000, 300
    r, c = torch.randn((images, width)), torch.randn((books, words, width))
    codes = torch.randint(words, (images, books))
    bound = 32 * (books * words) ** 2 + 40 * books * words * width + 4096 * (24 * books**2 + 16 * width)
    held, _ = tensor_bytes(lambda: update_codebooks(r, codes, c, 0.001))
    assert 0.4 * bound < held < bound


def test_codebooks_are_the_same_bits_for_any_block(monkeypatch):
    r, _, books = problem(4, images=500)
    codes = icm(r, books, [range(3)])
    once = update_codebooks(r.float(), codes, books.float(), 0.001)
    for rows in (7, 499, 501):
        monkeypatch.setattr("hashbench_wsdhq.quantizer._ROWS", rows)
        assert torch.equal(update_codebooks(r.float(), codes, books.float(), 0.001), once)


def test_nothing_to_quantize_is_no_special_case():
    _, _, books = problem(5)
    codes = icm(torch.empty((0, 12), dtype=torch.float64), books, [range(3)])
    assert codes.shape == (0, 3) and codes.dtype == torch.int64
    assert torch.equal(update_codebooks(torch.empty((0, 12)), codes, books, 0.001), books)


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
    start = start_codebooks(torch.from_numpy(normal(400, width)), books, 256, seed=0)
    assert start.shape == (books, 256, width)
    used = (start != 0).any(dim=1)
    assert used.sum(dim=0).tolist() == [1] * width
    assert set(used.sum(dim=1).tolist()) <= {width // books, -(-width // books)}


def test_the_start_is_the_same_bits_for_a_seed_and_others_for_another():
    vectors = torch.from_numpy(normal(3000, 10))
    start = start_codebooks(vectors, 3, 8, seed=0)
    assert torch.equal(start_codebooks(vectors, 3, 8, seed=0), start)
    assert not torch.equal(start_codebooks(vectors, 3, 8, seed=1), start)


def test_the_start_looks_at_256_embeddings_a_codeword(monkeypatch):
    seen = []

    def kmeans(points, clusters, generator):
        seen.append(points.clone())
        return points[:clusters]

    monkeypatch.setattr("hashbench_wsdhq.quantizer.kmeans", kmeans)
    vectors = torch.arange(5000.0)[:, None].expand(5000, 4)
    start_codebooks(vectors, 2, 8, seed=0)
    start_codebooks(vectors[:2048], 2, 8, seed=0)
    assert [points.shape for points in seen] == [(2048, 2)] * 4
    assert torch.equal(seen[0], seen[1])
    assert len(seen[0][:, 0].unique()) == 2048
    assert torch.equal(seen[2], vectors[:2048, :2])


def test_words_left_over_stay_zero():
    vectors = torch.tensor([[1.0, 5.0], [2.0, 5.0], [1.0, 5.0], [3.0, 5.0]])
    start = start_codebooks(vectors, 2, 4, seed=0)
    assert start[0].tolist() == [[1, 0], [2, 0], [3, 0], [0, 0]]
    assert start[1].tolist() == [[0, 5], [0, 0], [0, 0], [0, 0]]


def test_fewer_images_than_codewords_neither_warns_nor_fails():
    vectors = torch.from_numpy(normal(40, 10))
    vectors[20:] = vectors[:20].clone()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        start = start_codebooks(vectors, 4, 256, seed=0)
        books = Codebooks(4, 10, sweeps=3)
        alternation = Alternation(40, books, WSDHQConfig(ridge=1e-3), seed=0)
        alternation.update(vectors)
        assert torch.allclose(alternation.reconstructions(torch.arange(40)), vectors, atol=0.05)
        for _ in range(2):
            alternation.update(vectors)
    assert start.isfinite().all() and books.words.isfinite().all()
    # Where ICM gets stuck depends on the start; most of what there is to rebuild is rebuilt.
    rebuilt = reconstruct(books.encode(vectors), books.words)
    assert (rebuilt - vectors).square().sum() < 0.05 * vectors.square().sum()


def test_alternation_lowers_the_quantization_error():
    vectors = torch.randn((2000, 20), generator=torch.Generator().manual_seed(0))
    books, images = Codebooks(2, 20, sweeps=3), torch.arange(2000)
    alternation = Alternation(2000, books, WSDHQConfig(ridge=1e-3), seed=0)
    assert alternation.reconstructions(images) is None

    def error(codes, words):
        return (vectors - reconstruct(codes, words)).square().sum() + 1e-3 * words.square().sum()

    errors = []
    for _ in range(6):
        before = books.words
        alternation.update(vectors)
        errors.append(error(alternation.codes, books.words).item())
        # ICM begins from nothing each time, and may end elsewhere; the closed form never loses.
        assert len(errors) == 1 or errors[-1] <= error(alternation.codes, before).item()
    assert errors[-1] < errors[0]
