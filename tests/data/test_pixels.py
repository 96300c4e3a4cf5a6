"""The pixel cache: any order, resumed after a kill, shared by processes, and never damaged in silence."""

import io
import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from hashbench.data import pixels as module
from hashbench.data.collection import ImageCollection
from hashbench.data.images import decode_one
from hashbench.data.pixels import cached_pixels
from hashbench.errors import DataError, StoreError
from hashbench.progress import LoggedProgress, SilentProgress

COUNT, SIDE = 30, 4


def encoded(level):
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), (level, 255 - level, 7)).save(buffer, "png")
    return buffer.getvalue()


class Files:
    """A collection of pictures of one level each, in an order unlike that of their hashes."""

    def __init__(self, count=COUNT):
        self.content = [encoded(level) for level in range(count)]
        self.read = []
        names = tuple(f"i{n}" for n in range(count))
        hashes = tuple(f"{(level * 7) % count:03d}" for level in range(count))
        self.images = ImageCollection("c", names, hashes, ((),) * count, self.file)

    def file(self, index):
        self.read.append(index)
        return self.content[index]

    def pixels(self, indices, cache, progress=None):
        indices = np.array(indices, dtype=np.int64)
        return cached_pixels(self.images, indices, SIDE, cache, progress or SilentProgress())


@pytest.fixture
def files():
    return Files()


def levels(rows):
    return rows[:][:, 0, 0, 0].tolist()


def folder_of(cache):
    (folder,) = (cache / "pixels").glob("[!.]*")
    return folder


@settings(max_examples=30)
@given(st.lists(st.lists(st.integers(0, COUNT - 1), max_size=40), min_size=1, max_size=4))
def test_any_images_in_any_order_are_decoded_once(tmp_path_factory, orders):
    files, cache = Files(), tmp_path_factory.mktemp("cache")
    for order in orders:
        rows, damaged = files.pixels(order, cache)
        assert (rows.shape, rows.dtype, damaged) == ((len(order), SIDE, SIDE, 3), np.uint8, {})
        assert levels(rows) == order
    assert sorted(files.read) == sorted({index for order in orders for index in order})


def test_the_pixels_are_those_of_decoding(files, tmp_path):
    rows, _ = files.pixels([5], tmp_path)
    assert np.array_equal(rows[0], decode_one(files.images, 5, SIDE))


def test_images_of_equal_content_share_a_row(tmp_path):
    names, hashes = ("a", "b", "c"), ("x", "y", "x")
    files = {0: encoded(10), 1: encoded(20)}
    images = ImageCollection("c", names, hashes, ((),) * 3, files.__getitem__)
    rows, _ = cached_pixels(images, np.arange(3), SIDE, tmp_path, SilentProgress())
    assert levels(rows) == [10, 20, 10]
    assert (folder_of(tmp_path) / "pixels").stat().st_size == 2 * SIDE * SIDE * 3


def test_the_same_images_in_another_order_are_the_same_cache(files, tmp_path):
    files.pixels(range(COUNT), tmp_path)
    turned = tuple(range(COUNT))[::-1]
    images = ImageCollection(
        "d",
        tuple(f"j{n}" for n in turned),
        tuple(files.images.hashes[n] for n in turned),
        ((),) * COUNT,
        lambda index: b"not asked for",
    )
    rows, _ = cached_pixels(images, np.arange(COUNT), SIDE, tmp_path, SilentProgress())
    assert levels(rows) == list(turned)


def test_another_side_is_another_cache(files, tmp_path):
    for side in (4, 5):
        cached_pixels(files.images, np.arange(3), side, tmp_path, SilentProgress())
    keys = [json.loads(path.read_text()) for path in (tmp_path / "pixels").glob("*/key.json")]
    assert sorted(key["side"] for key in keys) == [4, 5]


def test_broken_images_are_reported_and_stop_nothing(files, tmp_path):
    files.content[3], files.content[8] = b"", b"?"
    rows, damaged = files.pixels([8, 1, 3, 8, 2], tmp_path)
    assert damaged == {8: "no image of a known kind", 3: "an empty file"}
    assert levels(rows)[1] == 1 and levels(rows)[4] == 2
    assert files.pixels([1, 2], tmp_path)[1] == {}
    assert files.pixels([3], tmp_path)[1] == {3: "an empty file"}


def test_a_file_that_cannot_be_read_stops_and_keeps_what_was_done(files, tmp_path):
    def file(index):
        if index == 20:
            raise PermissionError(13, "Permission denied")
        return files.content[index]

    images = ImageCollection("c", files.images.ids, files.images.hashes, files.images.tags, file)
    with pytest.raises(DataError, match=r"c: image 'i20' cannot be read \(Permission denied\)"):
        cached_pixels(images, np.arange(COUNT), SIDE, tmp_path, SilentProgress())
    files.pixels(range(COUNT), tmp_path)
    before = sorted(range(COUNT), key=files.images.hashes.__getitem__).index(20)
    assert len(files.read) == COUNT - before


def test_rows_cannot_be_written_to(files, tmp_path):
    rows, _ = files.pixels(range(4), tmp_path)
    with pytest.raises(ValueError, match="read-only"):
        rows[2][0] = 0
    with pytest.raises(TypeError):
        rows[0] = 0


def damage(folder, kind):
    pixels, journal = folder / "pixels", folder / "journal"
    content = bytearray(pixels.read_bytes())
    if kind == "flipped":
        content[SIDE * SIDE * 3 * 5 + 11] ^= 1
    elif kind == "cut":
        del content[len(content) // 2 :]
    elif kind == "zeroed":
        content = bytearray(len(content))
    pixels.write_bytes(content)
    if kind == "journal cut":
        journal.write_bytes(journal.read_bytes()[:34])
    elif kind == "journal wrong":
        journal.write_bytes(b"\7" * len(journal.read_bytes()))


@pytest.mark.parametrize(
    ("kind", "again"),
    [("flipped", 1), ("cut", 15), ("zeroed", 30), ("journal cut", 26), ("journal wrong", 30), ("none", 0)],
)
def test_what_is_damaged_is_decoded_again(files, tmp_path, kind, again):
    files.pixels(range(COUNT), tmp_path)
    files.read.clear()
    damage(folder_of(tmp_path), kind)
    said = LoggedProgress(SilentProgress())
    rows, damaged = files.pixels(range(COUNT), tmp_path, said)
    assert levels(rows) == list(range(COUNT)) and damaged == {}
    assert len(files.read) == again
    if again:
        assert len(said.lines) == 1 and "They are decoded again." in said.lines[0]
    files.read.clear()
    files.pixels(range(COUNT), tmp_path)
    assert not files.read, "mended"


def test_damage_of_rows_that_nobody_asks_for_costs_nothing(files, tmp_path):
    files.pixels(range(COUNT), tmp_path)
    damage(folder_of(tmp_path), "flipped")
    said = LoggedProgress(SilentProgress())
    whole = [n for n in range(COUNT) if files.images.hashes[n] != "005"]
    assert levels(files.pixels(whole, tmp_path, said)[0]) == whole
    assert said.lines == []


def test_a_cache_that_cannot_be_written_is_one_line(files, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot write to folder"):
        files.pixels([0], tmp_path / "file")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "_put", full)
    with pytest.raises(StoreError, match=r"^cannot write '.*': No space left on device\.$"):
        files.pixels([0], tmp_path)


WORKER = """
import sys, time
import numpy as np
from pathlib import Path
from hashbench.data.collection import ImageCollection
from hashbench.data.pixels import cached_pixels
from hashbench.progress import SilentProgress
folder, cache, pause = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])
paths = sorted(folder.iterdir())
def read(index):
    time.sleep(pause)
    return paths[index].read_bytes()
names = tuple(path.stem for path in paths)
images = ImageCollection("c", names, names, ((),) * len(names), read)
print("started", flush=True)
rows, damaged = cached_pixels(images, np.arange(len(names)), 16, cache, SilentProgress())
assert not damaged and rows[:][:, 0, 0, 0].tolist() == list(range(len(names)))
"""


def start(folder, cache, pause):
    command = [sys.executable, "-c", WORKER, str(folder), str(cache), str(pause)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for level in range(200):
        (folder / f"{level:03d}.png").write_bytes(encoded(level))
    return folder


def written(cache):
    journals = list(cache.glob("pixels/*/journal"))
    return int(np.count_nonzero(np.fromfile(journals[0], dtype="<u8"))) if journals else 0


@pytest.mark.skipif(sys.platform == "win32", reason="no process is killed like this there")
def test_a_killed_process_loses_nothing_that_it_had_written(pictures, tmp_path):
    cache, counts = tmp_path / "cache", [0]
    for _ in range(3):
        process = start(pictures, cache, 0.01)
        while written(cache) < counts[-1] + 20:
            assert process.poll() is None, process.communicate()
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        process.communicate()
        counts.append(written(cache))
    assert counts[-1] < 200
    read = []
    paths = sorted(pictures.iterdir())
    names = tuple(path.stem for path in paths)
    images = ImageCollection(
        "c", names, names, ((),) * 200, lambda index: (read.append(index), paths[index].read_bytes())[1]
    )
    rows, damaged = cached_pixels(images, np.arange(200), 16, cache, SilentProgress())
    assert levels(rows) == list(range(200)) and not damaged
    assert len(read) <= 200 - counts[-1] + 1


def test_two_processes_at_once_give_the_same(pictures, tmp_path):
    cache = tmp_path / "cache"
    both = [start(pictures, cache, 0.001) for _ in range(2)]
    for process in both:
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said
    assert written(cache) == 200
