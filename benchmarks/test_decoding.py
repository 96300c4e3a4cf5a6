"""Filling and reading the pixel cache against torchvision's decoder alone, on the same files and threads.

    OMP_NUM_THREADS=2 uv run pytest benchmarks/test_decoding.py -s

Every round runs both in turn, in one process; the median of the rounds' ratios is printed. The pictures
are crops of two photos, 500 x 375, as photo sites show them, and enlarged to 2000 x 1500, as cameras make
them; JPEG of quality 90. The resized small ones of both sides are checked to be equal up to two levels of
255 first; large ones are scaled down while they are decoded.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count
from statistics import median

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_sample_images
from torchvision.io import decode_jpeg
from torchvision.transforms.v2 import InterpolationMode, functional

from hashbench.data.collection import ImageCollection
from hashbench.data.images import decode
from hashbench.data.pixels import cached_pixels
from hashbench.progress import SilentProgress
from hashbench.threads import cores

WIDTH, HEIGHT, SIDE = 500, 375, 256
# How many files, and how many times as wide and high.
SMALL, LARGE = (400, 1), (40, 4)


@pytest.fixture(scope="module", autouse=True)
def one_thread_an_image():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module", params=[SMALL, LARGE], ids=["500x375", "2000x1500"])
def paths(request, tmp_path_factory):
    files, times = request.param
    folder, generator = tmp_path_factory.mktemp("photos"), np.random.default_rng(0)
    photos = load_sample_images().images
    paths = [folder / f"{n:03d}.jpg" for n in range(files)]
    for n, path in enumerate(paths):
        photo = photos[n % len(photos)]
        top, left = (
            int(generator.integers(room)) for room in (photo.shape[0] - HEIGHT, photo.shape[1] - WIDTH)
        )
        crop = photo[top : top + HEIGHT, left : left + WIDTH]
        Image.fromarray(crop).resize((times * WIDTH, times * HEIGHT)).save(path, quality=90)
    return paths


def encoded(path):
    return torch.frombuffer(bytearray(path.read_bytes()), dtype=torch.uint8)


def decoded(path):
    return decode_jpeg(encoded(path))


def resized(path):
    return functional.resize(decoded(path), [SIDE, SIDE], InterpolationMode.BICUBIC, antialias=True)


def each(peer, paths):
    """Call a peer for every file, on as many threads as the suite takes; keep nothing."""
    with ThreadPoolExecutor(cores()) as pool:
        for _ in pool.map(peer, paths):
            pass


def collection(paths):
    names = tuple(path.name for path in paths)
    return ImageCollection(
        "photos", names, names, ((),) * len(names), lambda index: paths[index].read_bytes()
    )


def compare(benchmark, peer, ours, aim, rounds=7):
    """Time both in turn, each warmed up; print the median of the ratios beside the one aimed at."""
    theirs, own = [], []

    def timed(call, seconds):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)

    peer()
    ours()
    benchmark.pedantic(partial(timed, ours, own), setup=partial(timed, peer, theirs), rounds=rounds)
    ratio = median(a / b for a, b in zip(theirs, own, strict=True))
    benchmark.extra_info.update(peer_seconds=median(theirs), ratio=ratio)
    print(f"\n{benchmark.name}: {median(theirs):.3f} s / {median(own):.3f} s, ratio {ratio:.2f}, aim {aim}")


@pytest.mark.parametrize(("peer", "aim"), [(decoded, 0.8), (resized, 1)])
def test_filling_the_cache(benchmark, paths, tmp_path, peer, aim):
    for path in paths[:20] if len(paths) == SMALL[0] else ():
        theirs = resized(path).permute(1, 2, 0).numpy()
        assert abs(decode(path.read_bytes(), SIDE).astype(int) - theirs).max() <= 2
    images, fresh = collection(paths), count()

    def ours():
        cache = tmp_path / str(next(fresh))
        cached_pixels(images, np.arange(len(paths)), SIDE, cache, SilentProgress())

    compare(benchmark, partial(each, peer, paths), ours, aim)


def test_reading_the_cache(benchmark, paths, tmp_path):
    images, generator = collection(paths), np.random.default_rng(0)
    rows, _ = cached_pixels(images, np.arange(len(paths)), SIDE, tmp_path, SilentProgress())
    batches = [generator.integers(0, len(paths), 64) for _ in range(4)]

    def ours():
        for batch in batches:
            rows[batch]

    def peer():
        for batch in batches:
            each(lambda path: decode(path.read_bytes(), SIDE), [paths[index] for index in batch])

    compare(benchmark, peer, ours, 20)
