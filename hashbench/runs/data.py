"""Opening data sets and web sets: each once, and with the proof that nothing leaks."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from hashbench.data.collection import Collection, GroundTruth, ImageCollection
from hashbench.data.dataset import Dataset
from hashbench.data.manifest import read_manifest
from hashbench.data.near_duplicates import find_near_duplicates
from hashbench.data.split import Split, check_disjoint_content, validation_split
from hashbench.data.supervision import Supervision
from hashbench.data.web import WebSet, check_disjoint_web
from hashbench.data.web_folder import read_web_folder
from hashbench.errors import DataError, UnknownNameError
from hashbench.plugins import Plugins, pick
from hashbench.progress import Progress

VALIDATION = "validation"


@dataclass(frozen=True)
class PreparedDataset:
    """A data set, opened: images and tags, the split, and the ways to web sets and ground truth.

    Attributes:
        dataset: The plugin's.
        images: Its images with the kind of tags that was asked for.
        split: Which of them are what.
        fingerprints: What identifies them in a run's identity.
        notices: What everybody should know who reads numbers made with it.
    """

    dataset: Dataset
    images: Collection
    split: Split
    fingerprints: dict[str, str]
    notices: tuple[str, ...] = ()
    _web_sets: dict[str | None, WebSet] = field(default_factory=dict, init=False, repr=False)
    _near: dict[Path, list[tuple[int, int]]] = field(default_factory=dict, init=False, repr=False)

    def ground_truth(self) -> GroundTruth:
        """The labels; called by evaluation, and for methods that declare labels."""
        return self.dataset.ground_truth()

    def lacks(self, supervision: Supervision) -> str:
        """What a method of that supervision would learn from and is not there; empty where all is there.

        A tag protocol may still leave none of the tags.
        """
        if supervision.sees_tags and not any(self.images.tags[i] for i in self.split.train):
            return "tags"
        if supervision.sees_web and not self.dataset.web_sets():
            return "web set"
        return ""

    def near_duplicates(self, cache: Path, progress: Progress) -> list[tuple[int, int]]:
        """Queries whose picture is, hardly changed, also among the others, and that other image of each.

        Features have no near-duplicates to be told by; equal ones were refused when it was opened.
        """
        if not isinstance(self.images, ImageCollection):
            return []
        if cache not in self._near:
            found = find_near_duplicates(self.split, self.images, cache, progress)
            self._near[cache] = [(query, other) for query, other, _ in found]
        return self._near[cache]

    def web_set(self, name: str | None) -> WebSet:
        """A web set of that name or in that folder, or the first one; proved to hold none of the images.

        Raises:
            DataError: The data set has no web set, or its files are missing or of another kind.
            LeakError: An image of the data set is among them.
            UnknownNameError: It is neither a web set of the data set nor a folder.
        """
        if name not in self._web_sets:
            web = self._open_web_set(name)
            if web.images.kind != self.images.kind:
                raise DataError(
                    f"web set {web.images.name!r} holds {web.images.kind}, data set "
                    f"{self.images.name!r} {self.images.kind}. Expected the same of both."
                )
            check_disjoint_web(web, self.images)
            self._web_sets[name] = web
        return self._web_sets[name]

    def _open_web_set(self, name: str | None) -> WebSet:
        known = self.dataset.web_sets()
        if name is None:
            if not known:
                raise DataError(
                    f"data set {self.images.name!r} has no web set. Name a folder that "
                    "holds a folder of pictures for each concept (run --web PATH)."
                )
            name = next(iter(known))
        if name in known:
            return known[name]()
        if not Path(name).is_dir() and Path(name).name == name:
            raise UnknownNameError(f"web set of {self.images.name} (and no folder)", name, known)
        return read_web_folder(Path(name))


class Opener:
    """Opens each data set once."""

    def __init__(self, plugins: Plugins) -> None:
        self._plugins = plugins
        self._opened: dict[tuple[str, str | None, Path | None, str | None], PreparedDataset] = {}

    def open(
        self, name: str | None, split_name: str | None, root: Path | None, tags: str | None = None
    ) -> PreparedDataset:
        """Open a data set and prove that no query's picture is among those learnt from.

        Args:
            name: The data set; None for the default.
            split_name: One of its splits, a manifest (.json) or None for its first; with `/validation`
                after it, the split that its training images make for choosing settings.
            root: The folder of its files.
            tags: One of its kinds of tags; None for its first.
        """
        cls: type[Dataset] = pick("data set", name, self._plugins.datasets)
        key = (cls.PLUGIN_NAME, split_name, root, tags)
        if key not in self._opened:
            dataset = cls(root, tags)
            images, truth = dataset.images(), dataset.ground_truth()
            split = _split(dataset, images, split_name)
            said = (*dataset.notices(), split.notice, check_disjoint_content(split, images))
            prints = {
                "images": images.fingerprint(),
                "labels": truth.fingerprint(),
                "truth": truth.by.value,
                "tags": dataset.tags if len(dataset.TAGS) > 1 else "",
            }
            notices = tuple(sentence for sentence in said if sentence)
            self._opened[key] = PreparedDataset(dataset, images, split, prints, notices)
        return self._opened[key]


def _split(dataset: Dataset, images: Collection, name: str | None) -> Split:
    """The split of that name or in that manifest, or the first one; see `Opener.open`."""
    base, _, validation = (name or "").rpartition("/")
    if validation == VALIDATION:
        return validation_split(_split(dataset, images, base or None), images)
    if name is not None and name.endswith(".json"):
        return read_manifest(Path(name), images)
    known = dataset.splits()
    chosen = next(iter(known)) if name is None else name
    if chosen not in known:
        raise UnknownNameError(f"split of {images.name}", chosen, [*known, VALIDATION])
    return known[chosen]()
