"""Figures that others published, and the table that says which there are.

A figure is a fact from a paper or from the page of its code, each with its own protocol. The suite knows
none by itself.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Annotated, TextIO

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from hashbench.errors import DataError, UnknownNameError, reason
from hashbench.metrics.presets import PRESETS

# What is said of a figure; the other columns say which it is.
_SAID = {"value", "tolerance", "reason", "note"}
_Text = Annotated[str, StringConstraints(min_length=1)]


class Figure(BaseModel):
    """A line of a table of published figures.

    Attributes:
        method: The method, as this suite names it.
        dataset: The data set, as this suite names it.
        published_split: How its publisher splits it, in words.
        split: The suite's name of that split; empty where it has none.
        features: What its publisher computes codes from, in words.
        backbone: The suite's name of the network; empty where it has none.
        settings: Settings that a run must have, `key=value` with semicolons between.
        bits: Bits an item.
        preset: The metric preset whose definition is the publisher's.
        metric: Which of its metrics.
        distance: What is ranked by.
        value: The figure, from 0 to 1.
        tolerance: How far off a run's mean may be and still count as equal.
        source: Where it is published, in words.
        url: Its address; empty where none is known.
        reason: Why a run of this suite differs, or cannot be made, in a sentence; else empty.
        note: What else a reader should know, in a sentence.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: _Text
    dataset: _Text
    published_split: _Text
    split: str
    features: _Text
    backbone: str
    settings: dict[str, str]
    bits: int = Field(gt=0)
    preset: str
    metric: _Text
    distance: _Text
    value: Decimal = Field(ge=0, le=1)
    tolerance: Decimal = Field(gt=0, le=1)
    source: _Text
    url: Annotated[str, StringConstraints(pattern=r"^(https?://\S+)?$")]
    reason: str
    note: str

    @field_validator("settings", mode="before")
    @classmethod
    def _pairs(cls, text: str) -> dict[str, str]:
        """Raises: ValueError: A pair is none."""
        pairs = [pair.partition("=") for pair in text.split(";") if pair.strip()]
        if not all(key.strip() and equals for key, equals, _ in pairs):
            raise ValueError("Expected key=value, with ; between")
        return {key.strip(): value.strip() for key, _, value in pairs}

    @field_validator("preset")
    @classmethod
    def _known(cls, name: str) -> str:
        """Raises: ValueError: There is no such metric preset."""
        if name not in PRESETS:
            raise ValueError(str(UnknownNameError("metric preset", name, PRESETS)))
        return name


COLUMNS = tuple(Figure.model_fields)


def read_figures(path: Path) -> list[Figure]:
    """The figures of a CSV table, whose first line names the columns.

    Raises:
        DataError: It cannot be read, a column is missing, unknown or there twice, or a line is wrong or
            repeats another; the message says which.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            return list(_figures(path, stream))
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"cannot read {str(path)!r}: {reason(error)}. Expected a table of figures (CSV, UTF-8)."
        ) from error


def _figures(path: Path, stream: TextIO) -> Iterator[Figure]:
    reader, lines = csv.reader(stream, strict=True), dict[str, int]()
    try:
        header = next(reader, [])
        if sorted(header) != sorted(COLUMNS):
            if not set(header) & set(COLUMNS):
                raise DataError(
                    f"{str(path)!r} is no table of figures. Expected the columns {', '.join(COLUMNS)}."
                )
            raise DataError(f"{str(path)!r}, line 1: {_mismatch(header)}. Expected {', '.join(COLUMNS)}.")
        for cells in filter(None, reader):
            where = f"{str(path)!r}, line {reader.line_num}"
            if len(cells) != len(header):
                raise DataError(f"{where}: {len(cells)} cells. Expected {len(header)}.")
            # A line break within a cell would tear the rows that it is printed in.
            texts = (" ".join(cell.split()) for cell in cells)
            figure = _figure(where, dict(zip(header, texts, strict=True)))
            first = lines.setdefault(figure.model_dump_json(exclude=_SAID), reader.line_num)
            if first != reader.line_num:
                raise DataError(f"{where}: the same as line {first}. Expected one figure of a kind.")
            yield figure
    except csv.Error as error:
        raise DataError(
            f"{str(path)!r}, line {reader.line_num}: {error}. Expected a row of cells."
        ) from error


def _figure(where: str, cells: dict[str, str]) -> Figure:
    try:
        return Figure.model_validate(cells)
    except ValidationError as error:
        first = error.errors()[0]
        what = first["msg"].removeprefix("Value error, ").removesuffix(".")
        raise DataError(f"{where}: {first['loc'][0]} {first['input']!r}: {what}.") from error


def _mismatch(header: list[str]) -> str:
    """How the columns' names are not those that a table has."""
    found = {
        "no column": [name for name in COLUMNS if name not in header],
        "unknown column": [name for name in header if name not in COLUMNS],
    }
    named = [f"{kind} {name!r}" for kind, names in found.items() for name in names]
    return ", ".join(named) or "a column is there twice"
