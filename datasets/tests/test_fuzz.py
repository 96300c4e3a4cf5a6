"""Whatever is wrong with a data set's file, opening it works or ends in one clear line, and harms nothing.

`FUZZ_EXAMPLES=1000` draws as many of each data set, and others at each run.
"""

import contextlib
import os
import random
import shutil
import sys
import tempfile
import time
import warnings
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hashbench.data.collection import ImageCollection
from hashbench.data.images import decode_one
from hashbench.data.split import check_disjoint_content
from hashbench.errors import HashbenchError
from hashbench.progress import SilentProgress

from . import damage
from .valid_sets import SETS, shrink

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "5"))
LONGEST_LINE = 600
MOST_SECONDS, MOST_BYTES = 5, 700_000_000
SIDE = 16


@pytest.fixture(scope="module")
def roots(tmp_path_factory):
    """A root of every data set, by name; progress says nothing, so that what is said is a warning."""
    with pytest.MonkeyPatch.context() as patch:
        shrink(patch, tmp_path_factory.mktemp("shrunk"), tmp_path_factory)
        for module in (
            "hashbench.data.source",
            "hashbench_datasets.coco.annotations",
            "hashbench_datasets.features.rows",
        ):
            patch.setattr(f"{module}.on_stderr", SilentProgress)
        folder = tmp_path_factory.mktemp("roots")
        yield {name: make(folder / name) for name, (_, make) in SETS.items()}


def steps(dataset):
    """All that can be asked of a data set, as functions; each may fail."""
    yield from (dataset.label_names, dataset.ground_truth, dataset.notices)
    try:
        images, splits = dataset.images(), dataset.splits()
    except HashbenchError:
        yield from (dataset.images, dataset.splits)
        return
    for split in splits.values():
        yield lambda split=split: check_disjoint_content(split(), images)
    if dataset.PLUGIN_NAME != "openclipart":  # its web set is not in its root
        yield from dataset.web_sets().values()
    if isinstance(images, ImageCollection):
        for index in range(len(images)):
            yield lambda index=index: decode_one(images, index, SIDE)
    else:
        yield images.features.sum


def refusals(dataset):
    """The errors of all that was asked for."""
    errors = []
    for step in steps(dataset):
        try:
            step()
        except HashbenchError as error:
            errors.append(error)
    return errors


def uncached(folder):
    """What is in a folder but in its cache, and when it was last written; links are not followed."""
    found = {}
    for path in folder.rglob("*"):
        if folder / "cache" not in (path, *path.parents):
            status = path.lstat()
            found[path] = (status.st_mode, status.st_ino, status.st_size, status.st_mtime_ns)
    return found


@contextlib.contextmanager
def silent():
    """See that nothing is written to standard error, by warnings or by libraries in C."""
    with tempfile.TemporaryFile() as said, warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        warnings.filterwarnings("ignore", module=r"PIL\.")  # as hashbench.data.images does
        warnings.simplefilter("ignore", ResourceWarning)
        sys.stderr.flush()
        kept = os.dup(2)
        os.dup2(said.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
        said.seek(0)
        assert said.read() == b""
        assert [str(warning.message) for warning in warned] == []


@contextlib.contextmanager
def modest():
    """See that processor time and, where Linux tells it, memory stay within bounds."""
    clear, status = Path("/proc/self/clear_refs"), Path("/proc/self/status")

    def memory(kind):
        return next(int(line.split()[1]) * 1024 for line in status.open() if line.startswith(kind))

    is_told = os.access(clear, os.W_OK)
    if is_told:
        clear.write_text("5")  # forgets the peak
        before = memory("VmRSS")
    start = time.process_time()
    yield
    seconds = time.process_time() - start
    assert seconds < MOST_SECONDS, f"{seconds:.1f} s"
    if is_told:
        grown = memory("VmHWM") - before
        assert grown < MOST_BYTES, f"{grown / 1e6:.0f} MB"


@contextlib.contextmanager
def harmless(folder):
    """See that nothing but the cache is written, here or in the folder that a person is in."""
    before, here = uncached(folder), Path.cwd()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HASHBENCH_CACHE", str(folder / "cache"))
        os.chdir(folder / "here")
        try:
            yield
        finally:
            os.chdir(here)
    assert uncached(folder) == before


def check_clear(error, names):
    """See that a message is one short line that says where."""
    message = str(error)
    assert len(message) < LONGEST_LINE and message.isprintable(), message
    assert any(name in message for name in names), message


def check_opens(cls, root, tags, names):
    for error in refusals(cls(root, tags)):
        check_clear(error, {cls.PLUGIN_NAME, "image, 'row/", *names})


@contextlib.contextmanager
def copied(root):
    """A root of its own, in a folder with an empty cache, and with something to be kept out of."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made).resolve()
        for name in ("cache", "outside", "here", "data"):
            (folder / name).mkdir()
        (folder / "outside/secret.jpg").write_bytes(b"\xff\xd8 secret")
        base = root if root.is_dir() else root.parent
        shutil.copytree(base, folder / "data/root", copy_function=os.link)
        yield folder, folder / "data/root" / root.relative_to(base)


def check_damaged(name, root, tags, choose, seed):
    """Damage a file of a data set; see that opening it does no harm, at the first and the second time.

    Args:
        name: The data set.
        root: A valid root.
        tags: The kind of tags.
        choose: Gives the damage to a file.
        seed: Decides which file, and all else.
    """
    cls, chance = SETS[name][0], random.Random(seed)
    with copied(root) as (folder, copy):
        names = {str(folder), *(path.name for path in copy.parent.rglob("*") if path != copy)}
        path = one_file(folder / "data/root", chance)
        way = choose(path)
        way(path, folder / "data/root", chance)
        try:
            with harmless(folder), silent(), modest():
                check_opens(cls, copy, tags, names)
                check_opens(cls, copy, tags, names)  # with what is in the cache now
        except Exception as error:
            error.add_note(f"{name}, tags {tags}: {way.__name__} {path.name}")
            raise


def one_file(folder, chance):
    """First what kind of file, then which one: tables and archives are few, photos are many."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    suffix = chance.choice(sorted({path.suffix for path in files}))
    return chance.choice([path for path in files if path.suffix == suffix])


@pytest.mark.parametrize("name", SETS)
def test_the_valid_ones_are_valid(roots, name):
    cls, _ = SETS[name]
    with copied(roots[name]) as (folder, root), harmless(folder), silent():
        assert refusals(cls(root)) == []


@pytest.mark.parametrize("name", SETS)
@settings(
    max_examples=EXAMPLES,
    derandomize="FUZZ_EXAMPLES" not in os.environ,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(which=st.integers(0, 999), seed=st.integers(0, 2**32 - 1), choice=st.data())
def test_a_damaged_one_works_or_says_in_one_line_why_not(roots, name, which, seed, choice):
    tags = choice.draw(st.sampled_from(SETS[name][0].TAGS))

    def choose(path):
        ways = damage.ways(path)
        return ways[which % len(ways)]

    check_damaged(name, roots[name], tags, choose, seed)


@pytest.mark.parametrize("way", [damage.bomb, damage.rename])
@pytest.mark.parametrize("name", ["cifar10 as tar.gz", "coco as zips", "mirflickr25k as zips"])
def test_a_hostile_archive_is_refused(roots, name, way):
    check_damaged(name, roots[name], SETS[name][0].TAGS[0], lambda path: way, seed=0)
