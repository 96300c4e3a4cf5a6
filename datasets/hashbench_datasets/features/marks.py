"""Which image carries which label or tag, in the forms that people keep it in.

N = images, S = rows of the source, one part after the other, C = labels or tags.

A form is one of three: words (a tuple of them for each row), numbers (int64, a class a row, -1 for none)
and columns (a sparse bool matrix, a row an image).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from scipy import sparse

from hashbench.data.collection import GroundTruth
from hashbench.errors import DataError
from hashbench_datasets.features.shelf import Column

Words = tuple[tuple[str, ...], ...]
# What there is memory for.
_MOST_ENTRIES, _MOST_WORDS, _MOST_LETTERS = 1 << 31, 20_000_000, 1000


@dataclass(frozen=True)
class Part:
    """Labels or tags of one part of the images.

    Attributes:
        column: Where they are.
        rows: How many images the part has.
    """

    column: Column
    rows: int


def read_names(column: Column) -> tuple[str, ...]:
    """Names, one a row.

    Raises:
        DataError: They are no words, or one is empty.
    """
    return tuple(name for (name,) in _words(column, column.blocks(), split=False))


def read_labels(parts: Sequence[Part], names: tuple[str, ...] | None, firsts: np.ndarray) -> GroundTruth:
    """Labels as ground truth.

    Args:
        parts: Where they are.
        names: C names, if they are given; else words and class numbers name themselves, and columns
            are `label000` and so on.
        firsts: int64 (N,), which of the S rows each image is.

    Raises:
        DataError: They are in no known form, or not as many as images or names.
    """
    column, form = parts[0].column, _form(parts)
    if isinstance(form, tuple):
        form, names = _of_words(column, form, names)
    elif isinstance(form, np.ndarray):
        form, names = _of_numbers(column, form, names)
    names = names or tuple(f"label{place:03d}" for place in range(form.shape[1]))
    _check_names(column, form, names)
    if len(firsts) * len(names) > _MOST_ENTRIES:
        raise DataError(f"{column}: {len(names):,} labels of {len(firsts):,} images are more than fit.")
    return GroundTruth(names, form[firsts].toarray())


def read_tags(parts: Sequence[Part], names: tuple[str, ...] | None, firsts: np.ndarray) -> Words:
    """The tags of each image.

    Args:
        parts: Where they are.
        names: The vocabulary, where tags are columns.
        firsts: As of `read_labels`.

    Raises:
        DataError: As of `read_labels`, or columns have no names.
    """
    column, form = parts[0].column, _form(parts)
    if isinstance(form, tuple):
        return tuple(form[row] for row in firsts)
    if isinstance(form, np.ndarray):
        raise DataError(
            f"{column} holds a number an image. Expected words, or 0 and 1 with a column a tag."
        )
    if names is None:
        raise DataError(
            f"{column} has {form.shape[1]:,} columns without names. Expected tag_names, or vocabulary.txt "
            "with a word a line."
        )
    _check_names(column, form, names)
    carried = form[firsts]
    return tuple(
        tuple(names[place] for place in carried.indices[start:end])
        for start, end in zip(carried.indptr[:-1], carried.indptr[1:], strict=True)
    )


def _form(parts: Sequence[Part]) -> Any:
    """All rows in one of the three forms."""
    forms = []
    for part in parts:
        form = _one_form(part)
        length = len(form) if isinstance(form, tuple) else form.shape[0]
        if length != part.rows:
            raise DataError(
                f"{part.column} has {length:,} rows, the features have {part.rows:,}. Expected as many."
            )
        forms.append(form)
    if len({type(form) for form in forms}) > 1:
        raise DataError(
            f"{parts[0].column} and {parts[1].column} are of different forms. Expected one form."
        )
    if isinstance(forms[0], tuple):
        return tuple(chain.from_iterable(forms))
    if isinstance(forms[0], np.ndarray):
        return np.concatenate(forms)
    widths = {form.shape[1] for form in forms}
    if len(widths) > 1:
        raise DataError(
            f"{parts[0].column} and others have {sorted(widths)} columns. Expected as many of each."
        )
    return sparse.csr_array(sparse.vstack(forms))


def _one_form(part: Part) -> Any:
    """The rows of one part in one of the three forms."""
    column, rest = part.column, part.column.blocks()
    first, second = next(rest, None), next(rest, None)
    if first is None:
        return ()
    blocks = chain([first] if second is None else [first, second], rest)
    if isinstance(first, list) or first.dtype.kind in "OUST":
        return _words(column, _as_many(part, blocks), split=True)
    if first.dtype.kind not in "biuf" or first.ndim > 2:
        raise DataError(
            f"{column} is {first.dtype} of {first.ndim} axes. Expected words, or 0 and 1, or classes."
        )
    if second is None and first.shape == (1, part.rows) and part.rows > 1:
        return _numbers(column, [first.T])  # MATLAB knows no vectors
    if first.ndim == 1 or first.shape[1] == 1:
        return _numbers(column, blocks)
    return sparse.csr_array(sparse.vstack([*_columns(column, blocks)]))


def _as_many(part: Part, blocks: Iterable[Any]) -> Iterator[Any]:
    """Blocks of words, until there are too many.

    Raises:
        DataError: There are.
    """
    rows = 0
    for block in blocks:
        if rows > part.rows:
            raise DataError(
                f"{part.column} has {rows:,} rows and more, the features have {part.rows:,}. "
                "Expected as many."
            )
        rows += len(block)
        yield block


def _columns(column: Column, blocks: Iterable[Any]) -> Iterator[sparse.csr_array]:
    """Blocks of 0 and 1, dense or sparse, as sparse bool."""
    start = entries = 0
    for block in blocks:
        # SciPy has no halves.
        held = sparse.csr_array(block.astype(np.float32) if block.dtype == np.float16 else block)
        held.sum_duplicates()
        held.eliminate_zeros()
        wrong = np.flatnonzero(held.data != 1)
        if len(wrong):
            row = start + int(np.searchsorted(held.indptr, wrong[0], side="right")) - 1
            raise DataError(
                f"{column}: row {row} (the first is 0) holds {held.data[wrong[0]]:g}. Expected 0 or 1."
            )
        start += held.shape[0]
        entries += held.nnz
        _check_count(column, entries)
        yield held.astype(np.bool_)


def _numbers(column: Column, blocks: Iterable[Any]) -> np.ndarray:
    """Class numbers, int64."""
    dense = (block.toarray() if sparse.issparse(block) else block for block in blocks)
    numbers = np.concatenate([block.reshape(-1) for block in dense])
    if numbers.dtype == np.float16:
        numbers = numbers.astype(np.float32)  # which the limit fits into
    valid = (numbers >= -1) & (numbers == np.floor(numbers)) & (numbers < _MOST_ENTRIES)
    if not valid.all():
        row = int(np.argmin(valid))
        raise DataError(
            f"{column}: row {row} (the first is 0) holds {numbers[row]:g}. Expected the number of a class, "
            "0 or more, or -1 for none."
        )
    return numbers.astype(np.int64)


def _words(column: Column, blocks: Iterable[Any], *, split: bool) -> Words:
    """The words of each row, equal ones kept once; with `split`, a row may hold several, else one."""
    shared: dict[str, str] = {}
    rows: list[tuple[str, ...]] = []
    count = 0
    for block in blocks:
        if sparse.issparse(block):
            raise DataError(f"{column} holds numbers. Expected text.")
        for row in block if isinstance(block, list) else block.reshape(-1).tolist():
            typed = row if isinstance(row, tuple) else _between(row) if split else (row,)
            if not all(isinstance(word, str) for word in typed):
                raise DataError(
                    f"{column}: row {len(rows)} (the first is 0) holds no words. Expected text."
                )
            words = tuple(shared.setdefault(word, word) for each in typed if (word := each.strip()))
            if not split and len(words) != 1:
                raise DataError(
                    f"{column}: row {len(rows)} (the first is 0) holds {len(words)} names. Expected one."
                )
            if any(len(word) > _MOST_LETTERS for word in words):
                raise DataError(
                    f"{column}: row {len(rows)} (the first is 0) holds a word of more than "
                    f"{_MOST_LETTERS:,} characters."
                )
            count += len(words)
            _check_count(column, count)
            rows.append(words)
    return tuple(rows)


def _between(row: Any) -> tuple[Any, ...]:
    """The words of a line: between tabs or, where there is none, between commas."""
    return tuple(row.split("\t" if "\t" in row else ",")) if isinstance(row, str) else (row,)


def _of_words(
    column: Column, rows: Words, names: tuple[str, ...] | None
) -> tuple[sparse.csr_array, tuple[str, ...]]:
    """Words as columns, and the columns' names."""
    names = names or tuple(sorted(set(chain.from_iterable(rows))))
    place = {name: number for number, name in enumerate(names)}
    unknown = next((word for row in rows for word in row if word not in place), None)
    if unknown is not None:
        raise DataError(f"{column} holds {unknown!r}, which is none of the {len(names):,} label names.")
    owners = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    return _marked(owners, [place[word] for row in rows for word in row], len(rows), len(names)), names


def _of_numbers(
    column: Column, numbers: np.ndarray, names: tuple[str, ...] | None
) -> tuple[sparse.csr_array, tuple[str, ...]]:
    """Class numbers as columns, and the columns' names."""
    owners = np.flatnonzero(numbers >= 0)
    classes = np.unique(numbers[owners]) if names is None else np.arange(len(names))
    if len(owners) and numbers.max() > classes[-1]:
        raise DataError(
            f"{column} holds class {numbers.max():,}. Expected 0 to {len(classes) - 1:,}, as names."
        )
    places = np.searchsorted(classes, numbers[owners])
    known = names or tuple(str(number) for number in classes)
    return _marked(owners, places, len(numbers), len(known)), known


def _marked(owners: np.ndarray, places: Any, rows: int, columns: int) -> sparse.csr_array:
    marks = np.ones(len(owners), dtype=np.bool_)
    return sparse.csr_array((marks, (owners, places)), shape=(rows, columns))


def _check_names(column: Column, form: sparse.csr_array, names: tuple[str, ...]) -> None:
    if form.shape[1] != len(names):
        raise DataError(f"{column} has {form.shape[1]:,} columns. Expected {len(names):,}, one a name.")


def _check_count(column: Column, count: int) -> None:
    if count > _MOST_WORDS:
        raise DataError(f"{column} marks more than {_MOST_WORDS:,} pairs of image and word. It is refused.")
