"""Folders that are written to, looked at without being made."""

from collections import namedtuple

import pytest

from hashbench.doctor import places
from hashbench.doctor.finding import State

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Where the cache is to be."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("HASHBENCH_CACHE", str(folder))
    monkeypatch.setattr(places.shutil, "disk_usage", lambda path: Usage(2**40, 0, 2**39))
    return folder


def test_a_cache_that_is_not_there_is_not_made(cache):
    written, room = places.cache()
    assert written.state is room.state is State.OK
    assert written.what.endswith("not there yet, and can be made")
    assert room.what == "512.0 GiB of 1.0 TiB free on its disk"
    assert not cache.exists()


def test_the_folders_of_a_cache(cache):
    (cache / "features" / "one").mkdir(parents=True)
    (cache / "features" / "one" / "features.npy").write_bytes(b"x" * 3 * 2**20)
    (cache / "pixels").mkdir()
    found = {finding.topic: finding.what for finding in places.cache()}
    assert found["cache features"] == "1 files, 3.0 MiB"
    assert found["cache pixels"] == "0 files, 0 bytes"


def test_holes_are_not_counted(cache):
    (cache / "pixels").mkdir(parents=True)
    with (cache / "pixels" / "pixels").open("wb") as stream:
        stream.truncate(2**30)
    status = (cache / "pixels" / "pixels").stat()
    if getattr(status, "st_blocks", 1):
        pytest.skip("this disk keeps no holes")
    assert places._held(cache / "pixels", float("inf")) == "1 files, 0 bytes"


def test_counting_has_an_end(cache):
    cache.mkdir()
    assert "not counted to the end" in places._held(cache, 0)


@pytest.mark.parametrize("below", ["", "deeper"])
def test_a_cache_that_cannot_be_written(cache, monkeypatch, below):
    cache.write_text("no folder")
    monkeypatch.setenv("HASHBENCH_CACHE", str(cache / below))
    written, _ = places.cache()
    assert written.state is State.PROBLEM and written.mend == "export HASHBENCH_CACHE=FOLDER"
    assert "cannot write to folder" in written.what


@pytest.mark.parametrize(("free", "state"), [(0, State.PROBLEM), (2**30, State.NOTE), (2**35, State.OK)])
def test_the_room_on_the_disk(cache, monkeypatch, free, state):
    monkeypatch.setattr(places.shutil, "disk_usage", lambda path: Usage(2**40, 0, free))
    *_, room = places.cache()
    assert room.state is state and bool(room.mend) == (state is not State.OK)


def test_a_disk_that_does_not_tell(cache, monkeypatch):
    monkeypatch.setattr(places.shutil, "disk_usage", lambda path: Usage(0, 0, 0))
    *_, room = places.cache()
    assert room.state is State.NOTE and "not seen" in room.what


def test_folders_of_weights(cache, monkeypatch):
    monkeypatch.setattr(places, "hub_folder", lambda: cache)
    cache.mkdir()
    (cache / "net.pth").write_bytes(b"x" * 2048)
    torch, hub = places.weights_folders()
    assert torch.topic == "weights of torch" and torch.what.endswith("can be written; 1 files, 2.0 KiB")
    assert hub.topic == "weights of the Hugging Face hub"


def test_a_folder_of_weights_that_cannot_be_written_breaks_nothing(cache, monkeypatch):
    cache.write_text("no folder")
    monkeypatch.setattr(places, "hub_folder", lambda: cache)
    torch, _ = places.weights_folders()
    assert (torch.state, torch.mend) == (State.NOTE, "export TORCH_HOME=FOLDER")


def test_a_run_store(made, tmp_path, cache):
    found = [finding.what for finding in places.run_store(made.root)]
    runs = sum(path.is_dir() and path.name != "failures" for path in made.root.iterdir())
    assert f"{runs:,} runs" in found
    assert places._written("run store", tmp_path / "none", "").what.endswith("can be made")


def test_what_is_unfinished_in_a_run_store(tmp_path, cache):
    (tmp_path / "runs" / ".one.partial").mkdir(parents=True)
    unfinished = next(
        finding for finding in places.run_store(tmp_path / "runs") if "are unfinished" in finding.what
    )
    assert unfinished.state is State.NOTE and unfinished.what.startswith("1 parts")
