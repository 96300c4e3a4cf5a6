"""Folders that are written to: how large they are, whether they can be written, and what room is left."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from hashbench.doctor.finding import Finding, State, shown, size
from hashbench.errors import StoreError
from hashbench.features.fetching import hub_folder
from hashbench.files import CACHE_VARIABLE, cache_root, require_writable
from hashbench.progress import SilentProgress
from hashbench.runs.store import RunStore

# A run needs some of it for its folder; the features of 25,000 images need 130 MB, their pixels 5 GB.
_NO_ROOM = 100 * 2**20
_LITTLE_ROOM = 5 * 2**30
# A cache can hold hundreds of thousands of files.
_SECONDS = 1.0


def cache() -> Iterator[Finding]:
    """What can be computed again: each of its folders, whether it can be written, the room that is left."""
    root = cache_root()
    yield _written("cache", root, f"export {CACHE_VARIABLE}=FOLDER")
    if os.path.isdir(root):  # noqa: PTH112 - a Path raises where it may not look
        deadline = time.monotonic() + _SECONDS
        for folder in sorted(path for path in root.iterdir() if path.is_dir()):
            yield Finding(f"cache {folder.name}", _held(folder, deadline))
    yield _room(
        "cache", root, f"free some, or export {CACHE_VARIABLE}=FOLDER with a folder on another disk"
    )


def weights_folders() -> Iterator[Finding]:
    """Where weights are kept that were fetched: they may be shared with other programs."""
    from huggingface_hub.constants import HF_HUB_CACHE  # noqa: PLC0415 - start-up stays fast without it

    deadline = time.monotonic() + _SECONDS
    places = {
        "torch": (hub_folder(), "TORCH_HOME"),
        "the Hugging Face hub": (Path(HF_HUB_CACHE), "HF_HOME"),
    }
    for owner, (folder, variable) in places.items():
        topic = f"weights of {owner}"
        found = _written(topic, folder, f"export {variable}=FOLDER")
        if found.state is State.PROBLEM:
            # Only a backbone that fetches its weights needs the place.
            found = Finding(topic, found.what, State.NOTE, found.mend)
        elif folder.is_dir():
            found = Finding(topic, f"{found.what}; {_held(folder, deadline)}")
        yield found


def run_store(root: Path) -> Iterator[Finding]:
    """The runs in it, what was left unfinished, and whether it can be written."""
    yield _written("run store", root, "name another with --runs FOLDER")
    if os.path.isdir(root):  # noqa: PTH112 - a Path raises where it may not look
        store = RunStore(root)
        yield Finding("run store", f"{len(store.folders()):,} runs")
        if failed := len(store.failures(SilentProgress())):
            what = f"{failed:,} runs have failed"
            yield Finding("run store", what, State.NOTE, f"hashbench runs list --failed --runs {root}")
        if unfinished := len(store.unfinished()):
            what = f"{unfinished:,} parts are unfinished: in work, or left by killed processes"
            mend = "nothing to do: a run clears away those that nobody works on any more"
            yield Finding("run store", what, State.NOTE, mend)
    yield _room("run store", root, "free some, or name another with --runs FOLDER")


def _written(topic: str, folder: Path, mend: str) -> Finding:
    """Whether a folder can be written, or made where it is not there."""
    there = os.path.lexists(folder)
    try:
        # A folder that nobody has needed yet is not made for being looked at.
        require_writable(folder if there else _nearest(folder))
    except StoreError as error:
        return Finding(topic, f"{shown(folder)}: {error}", State.PROBLEM, mend)
    what = "can be written" if there else "not there yet, and can be made"
    return Finding(topic, f"{shown(folder)}: {what}")


def _room(topic: str, folder: Path, mend: str) -> Finding:
    """How much of the disk is free."""
    disk = shutil.disk_usage(_nearest(folder))
    if not disk.total:  # what the system itself makes up, and some disks of a network
        return Finding(topic, "the room on its disk is not seen", State.NOTE)
    state = State.PROBLEM if disk.free < _NO_ROOM else State.NOTE if disk.free < _LITTLE_ROOM else State.OK
    what = f"{size(disk.free)} of {size(disk.total)} free on its disk"
    return Finding(topic, what, state, "" if state is State.OK else mend)


def _nearest(folder: Path) -> Path:
    """The folder, or the nearest above it that is there."""
    whole = folder.absolute()
    return next(path for path in (whole, *whole.parents) if os.path.lexists(path))


def _held(folder: Path, deadline: float) -> str:
    """The files in a folder and what they take on the disk, as far as there is time to count."""
    files = taken = 0
    for place, _, names in os.walk(folder):
        if time.monotonic() > deadline:
            return f"more than {files:,} files, {size(taken)}: not counted to the end"
        for name in names:
            try:
                status = os.lstat(os.path.join(place, name))  # noqa: PTH118 - half as fast with a Path each
            except OSError:  # another process has removed it just now
                continue
            # A file with holes takes less than its length; not every system says so.
            taken += min(getattr(status, "st_blocks", status.st_size) * 512, status.st_size)
            files += 1
    return f"{files:,} files, {size(taken)}"
