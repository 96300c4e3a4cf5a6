"""What COCO's annotation files say of the images of each part; read once, then taken from the cache.

N = images, C = labels.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hashbench.data.content import read_once
from hashbench.errors import DataError
from hashbench.progress import on_stderr
from hashbench_datasets.coco.captions import content_words
from hashbench_datasets.coco.records import records

# An image's file is named by its number, in so many digits.
DIGITS = 12
# What the cache has of each kind of file: raise the number when the same file would give something else.
_INSTANCES, _CAPTIONS = "coco-instances-1", "coco-captions-1"


@dataclass(frozen=True)
class Labelled:
    """The images of one part.

    Attributes:
        numbers: int64 (N,), ascending.
        names: C names of labels, in the order of the categories' numbers.
        labels: bool (N, C).
    """

    numbers: np.ndarray
    names: tuple[str, ...]
    labels: np.ndarray


def read_labels(folder: Path, parts: Sequence[str]) -> list[Labelled]:
    """Images and categories of the files `instances_<part>.json`; a crowd counts as what it is a crowd of.

    Raises:
        DataError: A file is missing or damaged, or an annotation is of an image or a category that the
            file does not list.
    """
    return [_labelled(kept) for kept in _kept(_INSTANCES, folder, "instances", parts, _instances)]


def read_words(folder: Path, parts: Sequence[str]) -> list[dict[int, tuple[str, ...]]]:
    """For each file `captions_<part>.json` the content words of an image, each once, by its number.

    Raises:
        DataError: A file is missing or damaged.
    """
    return [
        {int(number): tuple(words.split()) for number, words in kept.items()}
        for kept in _kept(_CAPTIONS, folder, "captions", parts, _captions)
    ]


def _kept(
    kind: str, folder: Path, start: str, parts: Sequence[str], read: Callable[[Path], dict[str, Any]]
) -> list[dict[str, Any]]:
    """What `read` makes of the files of all parts.

    Raises:
        DataError: One is missing or damaged.
    """
    paths = [folder / f"{start}_{part}.json" for part in parts]
    missing = next((path for path in paths if not path.is_file()), None)
    if missing is not None:
        names = " and ".join(path.name for path in paths)
        raise DataError(f"coco: there is no file {str(missing)!r}. Expected {names} in that folder.")
    return read_once(kind, folder, paths, read)


def _labelled(kept: Mapping[str, Any]) -> Labelled:
    labels = np.zeros((len(kept["numbers"]), len(kept["names"])), dtype=np.bool_)
    labels[kept["rows"], kept["columns"]] = True
    return Labelled(np.array(kept["numbers"], dtype=np.int64), tuple(kept["names"]), labels)


def _instances(path: Path) -> dict[str, Any]:
    images, of_image, of_category = array("q"), array("q"), array("q")
    categories: dict[int, str] = {}
    for kind, record in records(path, ("images", "annotations", "categories"), on_stderr()):
        if kind == "images":
            images.append(_image(path, record))
        elif kind == "annotations":
            of_image.append(_number(path, record, "image_id"))
            of_category.append(_number(path, record, "category_id"))
        else:
            categories[_number(path, record, "id")] = _text(path, record, "name")
    numbers, chosen = np.unique(images), np.array(sorted(categories), dtype=np.int64)
    names = [categories[number] for number in sorted(categories)]
    if len(numbers) != len(images) or len(set(names)) != len(names) or not images:
        raise DataError(f"{str(path)!r} lists no image, or one or a category twice. Expected each once.")
    rows = _places(path, "image", numbers, np.array(of_image, dtype=np.int64))
    columns = _places(path, "category", chosen, np.array(of_category, dtype=np.int64))
    pairs = np.unique(np.stack([rows, columns]), axis=1)
    return {
        "numbers": numbers.tolist(),
        "names": names,
        "rows": pairs[0].tolist(),
        "columns": pairs[1].tolist(),
    }


def _captions(path: Path) -> dict[str, Any]:
    words: dict[int, dict[str, None]] = {}
    for _, record in records(path, ("annotations",), on_stderr()):
        found = content_words(_text(path, record, "caption"))
        words.setdefault(_number(path, record, "image_id"), {}).update(dict.fromkeys(found))
    return {str(number): " ".join(of_image) for number, of_image in words.items()}


def _places(path: Path, what: str, known: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Where in `known`, which is ascending, the numbers in `wanted` are.

    Raises:
        DataError: One is not there.
    """
    unknown = np.setdiff1d(wanted, known)
    if unknown.size:
        raise DataError(
            f"{str(path)!r}: an annotation is of {what} {unknown[0]}, which the file does not list."
        )
    return np.searchsorted(known, wanted)


def _image(path: Path, record: Mapping[str, Any]) -> int:
    number = _number(path, record, "id")
    name = f"{number:0{DIGITS}d}.jpg"
    if record.get("file_name") != name:
        raise DataError(
            f"{str(path)!r}: image {number} is in {record.get('file_name')!r:.60}. Expected {name!r}."
        )
    return number


def _number(path: Path, record: Mapping[str, Any], key: str) -> int:
    value = record.get(key)
    if type(value) is not int or not 0 <= value < 10**DIGITS:
        raise DataError(f"{str(path)!r}: a record has {key} {value!r:.40}. Expected a whole number.")
    return value


def _text(path: Path, record: Mapping[str, Any], key: str) -> str:
    value = record.get(key)
    if not isinstance(value, str) or not value.strip():
        raise DataError(f"{str(path)!r}: a record has {key} {value!r:.40}. Expected words.")
    return value
