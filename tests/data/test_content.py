"""Hashes follow the files' content, and files are read again only if something about them changed."""

import os

import pytest

from hashbench import fingerprint
from hashbench.data import content
from hashbench.data.content import content_hashes
from hashbench.errors import DataError

LONG_AGO = 1_600_000_000_000_000_000


@pytest.fixture
def files(tmp_path):
    paths = [tmp_path / "photos" / name for name in ("a.jpg", "b/c.jpg", "d.jpg")]
    for number, path in enumerate(paths):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes([number]) * 10)
        os.utime(path, ns=(LONG_AGO, LONG_AGO))
    return tmp_path / "photos", paths


@pytest.fixture
def read(monkeypatch):
    """The names of the files that were read."""
    names = []

    def of_file(path):
        names.append(path.name)
        return fingerprint.of_bytes(path.read_bytes())

    monkeypatch.setattr(content.fingerprint, "of_file", of_file)
    return names


def test_hashes_are_those_of_the_content(files):
    root, paths = files
    expected = tuple(fingerprint.of_bytes(path.read_bytes()) for path in paths)
    assert content_hashes(root, paths) == expected
    assert content_hashes(root, paths) == expected


def test_a_second_call_reads_nothing(files, read):
    root, paths = files
    first = content_hashes(root, paths)
    assert read == ["a.jpg", "c.jpg", "d.jpg"]
    assert content_hashes(root, paths[::-1]) == first[::-1]
    assert len(read) == 3


@pytest.mark.parametrize("change", ["content", "time"])
def test_what_changed_is_read_again(files, read, change):
    root, paths = files
    first = content_hashes(root, paths)
    if change == "content":
        paths[1].write_bytes(b"x" * 10)
    os.utime(paths[1], ns=(LONG_AGO, LONG_AGO + 1))
    second = content_hashes(root, paths)
    assert read[3:] == ["c.jpg"]
    assert (second[1] == first[1]) is (change == "time")
    assert second[::2] == first[::2]


def test_what_was_written_a_moment_ago_is_not_trusted(files, read):
    root, paths = files
    paths[0].write_bytes(b"new")
    content_hashes(root, paths)
    content_hashes(root, paths)
    assert read[3:] == ["a.jpg"]


def test_a_damaged_cache_costs_time_alone(files, read, monkeypatch, tmp_path):
    root, paths = files
    first = content_hashes(root, paths)
    for damage in ("", "[", "[]", '{"a.jpg": 3, "d.jpg": []}'):
        (cache,) = (content.cache_root() / "hashes").iterdir()
        cache.write_text(damage)
        assert content_hashes(root, paths) == first
    (tmp_path / "file").touch()
    monkeypatch.setenv("HASHBENCH_CACHE", str(tmp_path / "file"))
    assert content_hashes(root, paths) == first


def test_a_missing_file_is_named(files):
    root, paths = files
    paths[2].unlink()
    with pytest.raises(DataError, match=r"d\.jpg"):
        content_hashes(root, paths)


def test_what_is_no_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(DataError, match=r"pipe.jpg' is no file"):
        content_hashes(tmp_path, [tmp_path / "pipe.jpg"])
