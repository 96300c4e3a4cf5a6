"""Near-duplicates: what counts as the same picture, that all pairs are found, and the cache of hashes."""

import io
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageEnhance, ImageOps
from scipy.fft import dctn

from hashbench.data import near_duplicates
from hashbench.data.collection import ImageCollection
from hashbench.data.images import decode
from hashbench.data.near_duplicates import (
    PerceptualHashes,
    colour_difference,
    find_near_duplicates,
    largest_residual,
    near_pairs,
    perceptual_hashes,
)
from hashbench.data.split import Split
from hashbench.errors import StoreError
from hashbench.progress import SilentProgress

SIZE = (180, 120)
CHANGES = {
    "half the size": lambda image: image.resize((90, 60)),
    "twice the size": lambda image: image.resize((360, 240)),
    "brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.1),
    "darker": lambda image: ImageEnhance.Brightness(image).enhance(0.9),
    "another gamma": lambda image: image.point([round(255 * (v / 255) ** 1.15) for v in range(256)] * 3),
    "paler": lambda image: ImageEnhance.Color(image).enhance(0.7),
    "cropped": lambda image: image.crop((4, 3, 176, 117)),
    "bordered": lambda image: ImageOps.expand(image, 3, "white"),
}
OTHERS = {
    "mirrored": ImageOps.mirror,
    "upside down": ImageOps.flip,
    "negative": ImageOps.invert,
    "of other colours": lambda image: Image.merge("RGB", image.split()[1:] + image.split()[:1]),
    "with a ball in it": lambda image: with_ball(image, 60),
}


def photo(seed):
    """Something like a photo: fields of colour, with edges, and finer and finer detail."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", SIZE)
    for cells in (3, 6, 12, 24):
        field = Image.fromarray(rng.integers(0, 256, (cells, cells, 3), dtype=np.uint8))
        image = Image.blend(image, field.resize(SIZE, Image.Resampling.BICUBIC), 1 / np.log2(cells))
    draw = ImageDraw.Draw(image)
    for _ in range(6):
        left, top = rng.integers(0, SIZE)
        draw.ellipse(
            (left, top, left + 40, top + 30), fill=tuple(int(level) for level in rng.integers(0, 256, 3))
        )
    return image


def with_ball(image, left):
    image = image.copy()
    ImageDraw.Draw(image).ellipse((left, 30, left + 50, 80), fill="white", outline="black", width=5)
    return image


def encoded(image, kind="png", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def collection(files):
    names = tuple(f"i{n}" for n in range(len(files)))
    return ImageCollection("c", names, names, ((),) * len(files), lambda index: files[index])


def found(files, queries, tmp_path, train=()):
    """What is found where the first files are queries and the others searched, or learnt from."""
    places = np.arange(len(files))
    database = places[queries : len(files) - len(train)]
    split = Split("s", query=places[:queries], database=database, train=np.array(train, dtype=np.int64))
    return find_near_duplicates(split, collection(files), tmp_path, SilentProgress())


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_copy_is_found_and_nothing_else(change, tmp_path):
    photos = [photo(seed) for seed in range(8)]
    copies = [encoded(CHANGES[change](image), "jpeg", quality=85) for image in photos]
    pairs = found([encoded(image) for image in photos] + copies, len(photos), tmp_path)
    assert {(query, other) for query, other, _ in pairs} == {(n, n + 8) for n in range(8)}


@pytest.mark.parametrize(
    ("kind", "options"), [("jpeg", {"quality": 50}), ("webp", {"quality": 75}), ("gif", {})]
)
def test_a_recompressed_copy_is_found(kind, options, tmp_path):
    image = photo(0)
    assert found([encoded(image), encoded(photo(1)), encoded(image, kind, **options)], 1, tmp_path)


@pytest.mark.parametrize("change", OTHERS)
def test_another_picture_is_not_reported(change, tmp_path):
    photos = [photo(seed) for seed in range(8)]
    others = [encoded(OTHERS[change](image)) for image in photos]
    assert found([encoded(image) for image in photos] + others, len(photos), tmp_path) == []


def test_a_series_of_one_scene_is_not_reported(tmp_path):
    assert found([encoded(with_ball(photo(0), left)) for left in (20, 70, 120)], 1, tmp_path) == []


def test_training_images_are_looked_at_too(tmp_path):
    image = photo(0)
    files = [encoded(image), encoded(photo(1)), encoded(image, "jpeg")]
    assert [pair[:2] for pair in found(files, 1, tmp_path, train=[2])] == [(0, 2)]


def test_the_nearest_other_image_of_each_query_comes_and_the_nearest_first(tmp_path):
    one, other = photo(0), photo(1)
    cropped = [encoded(CHANGES["cropped"](image)) for image in (one, other)]
    files = [encoded(one), encoded(other), *cropped, encoded(other, "jpeg")]
    (first, second) = found(files, 2, tmp_path)
    assert first[:2] == (1, 4) and second[:2] == (0, 2)
    assert first[2] < second[2]


def test_what_cannot_be_told_apart_is_never_reported(tmp_path):
    plain = encoded(Image.new("RGB", SIZE, (90, 90, 90)))
    faint = Image.new("RGB", SIZE, (90, 90, 90))
    faint.paste((92, 92, 92), (0, 0, 90, 60))
    damaged = encoded(photo(0))[:200]
    files = [plain, encoded(faint), b"", damaged]
    assert found(files * 2, len(files), tmp_path) == []
    hashes = perceptual_hashes(collection(files), np.arange(4), tmp_path, SilentProgress())
    assert not hashes.usable.any()


def test_bits_are_the_signs_of_a_cosine_transform(tmp_path):
    files = [encoded(photo(seed)) for seed in range(3)]
    hashes = perceptual_hashes(collection(files), np.array([2, 0]), tmp_path, SilentProgress())
    for row, file in zip(hashes.bits, (files[2], files[0]), strict=True):
        grey = decode(file, 32) @ [0.299, 0.587, 0.114]
        signs = np.unpackbits(row.view(np.uint8)).reshape(16, 16)
        assert np.array_equal(signs, dctn(grey)[:16, :16] > 0)
    assert hashes.bits.shape == (2, 4) and hashes.thumbnails.shape == (2, 16, 16, 3)
    assert np.array_equal(
        hashes.thumbnails[1], decode(files[0], 32).reshape(16, 2, 16, 2, 3).mean((1, 3)).round()
    )


def test_hashes_are_computed_once(tmp_path):
    files = [encoded(photo(seed)) for seed in range(5)]
    order = np.array([3, 0, 4])
    first = perceptual_hashes(collection(files), order, tmp_path, SilentProgress())
    files[:] = [b"no longer an image"] * len(files)
    again = perceptual_hashes(collection(files), order, tmp_path, SilentProgress())
    assert np.array_equal(first.bits, again.bits)


def test_an_interrupted_computation_leaves_no_cache(tmp_path):
    def interrupted(index):
        raise KeyboardInterrupt

    images = ImageCollection("c", ("a", "b"), ("a", "b"), ((), ()), interrupted)
    with pytest.raises(KeyboardInterrupt):
        perceptual_hashes(images, np.arange(2), tmp_path, SilentProgress())
    assert not list((tmp_path / "perceptual").iterdir())


def test_a_cache_that_cannot_be_written_is_one_clear_line(tmp_path):
    (tmp_path / "perceptual").write_text("a file where a folder should be")
    with pytest.raises(StoreError, match="cannot write to folder"):
        found([encoded(photo(0))] * 2, 1, tmp_path)


@given(st.integers(0, 2**32 - 1), st.integers(1, 20), st.integers(1, 40), st.integers(0, 256))
@settings(deadline=None)
def test_pairs_are_those_of_the_naive_form(seed, asked, stored, most):
    rng = np.random.default_rng(seed)
    # Few bits are set, so that small distances are common.
    bits = rng.random((asked + stored, 256)) < 0.1
    hashes = PerceptualHashes(
        np.packbits(bits, axis=1).view(np.uint64),
        rng.random(len(bits)) < 0.9,
        np.zeros((len(bits), 16, 16, 3), dtype=np.uint8),
    )
    places = rng.permutation(len(bits))
    queries, others = places[:asked], places[asked:]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(near_duplicates, "_QUERY_BLOCK", 7)
        patch.setattr(near_duplicates, "_OTHER_BLOCK", 11)
        pairs = {
            tuple(pair) for block in near_pairs(hashes, queries, others, most) for pair in block.tolist()
        }
    assert pairs == {
        (query, other, distance)
        for query in queries.tolist()
        for other in others.tolist()
        if hashes.usable[query]
        and hashes.usable[other]
        and (distance := int((bits[query] != bits[other]).sum())) <= most
    }


def test_the_search_takes_little_memory_beside_the_hashes():
    count = 30_000
    bits = np.random.default_rng(0).integers(0, 2**64, (count, 4), dtype=np.uint64)
    hashes = PerceptualHashes(bits, np.ones(count, dtype=bool), np.empty(0))
    tracemalloc.start()
    assert not list(near_pairs(hashes, np.arange(500), np.arange(500, count), 40))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10e6  # 500 x 29,500 distances would take 29.5 MB


def grey_pairs(seed, count):
    rng = np.random.default_rng(seed)
    return rng.uniform(0, 255, (2, count, 16, 16))


def left_over(one, other):
    """The largest residual of laying one picture on another, by NumPy's least squares."""
    down, across = np.gradient(one)
    rows, columns = np.mgrid[-7.5:8, -7.5:8]
    terms = [np.ones((16, 16)), one, across, across * columns, down, down * rows]
    design = np.stack([term[2:-2, 2:-2].ravel() for term in terms], axis=1)
    target = other[2:-2, 2:-2]
    left = (target.ravel() - design @ np.linalg.lstsq(design, target.ravel())[0]).reshape(12, 12)
    places = [left[y : y + 2, x : x + 2].mean() for y in range(11) for x in range(11)]
    return np.abs(places).max() / (target.std() + 1)


def test_the_largest_residual_is_that_of_a_plain_least_squares_fit():
    one, other = grey_pairs(0, 5)
    expected = [max(left_over(*pair), left_over(*pair[::-1])) for pair in zip(one, other, strict=True)]
    assert largest_residual(one, other) == pytest.approx(expected, rel=1e-4)
    assert np.array_equal(largest_residual(one, other), largest_residual(other, one))


@given(st.integers(0, 2**32 - 1), st.floats(0.5, 2), st.floats(-50, 50))
def test_brightness_and_contrast_leave_no_residual(seed, contrast, brightness):
    one, _ = grey_pairs(seed, 2)
    assert (largest_residual(one, contrast * one + brightness) < 1e-4).all()


def test_stripes_can_be_laid_on_each_other():
    stripes = np.tile(np.repeat([20.0, 200.0], 4), (1, 16, 2))
    assert largest_residual(stripes, stripes * 0.5) == pytest.approx(0, abs=1e-4)
    assert largest_residual(stripes, np.roll(stripes, 4, axis=1).mT) > 0.45


def test_the_colour_difference_is_of_cells_inside_the_margin():
    one = np.full((1, 16, 16, 3), 100.0)
    other = one.copy()
    other[:, :2] = 255  # the margin does not count
    other[:, 2:4, 2:4, 0] += 36  # one channel of one of 6 x 6 cells
    other[:, 4:6, 4:6, 0] += [40, -40]  # noise within a cell cancels out
    assert colour_difference(one, other) == pytest.approx(1 / 3)
