"""The rows of a table of text: CSV, TSV or Parquet, whoever saved it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from hashbench.errors import DataError, reason
from hashbench_datasets.photos.text import decoded

# A row of a table of 100,000 photos is about 100 bytes.
MOST_BYTES = 64_000_000
_MOST_ROWS = 2_000_000
# Read at once, so that a value that unfolds to a lot does so only a few times.
_BATCH = 16
# What a cell holds: text, or, in Parquet, a list of texts.
Cell = str | list[str]


def read_rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[str, dict[str, Cell]]]:
    """Each row as the cells of those `columns` that the table has, and where it is, for messages.

    Columns are known by name whatever the case; empty cells are "".

    Raises:
        DataError: The file is too large or damaged, or a row has too many or too few cells.
    """
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise DataError(f"{str(path)!r} has {size:,} bytes. Expected at most {MOST_BYTES:,}.")
        yield from (_parquet_rows if path.suffix == ".parquet" else _text_rows)(path, columns)
    except OSError as error:
        raise DataError(f"cannot read {str(path)!r} ({reason(error)}).") from error


def _text_rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[str, dict[str, Cell]]]:
    try:
        text = decoded(path.read_bytes())
    except ValueError as error:
        raise DataError(f"{str(path)!r}: {error}. Expected a table saved as UTF-8 text.") from error
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(path, text), strict=True)
    try:
        header = next(reader, [])
        places = _places(header, columns, path)
        for cells in reader:
            if not any(cells):
                continue
            where = f"{str(path)!r}, line {reader.line_num}"
            if len(cells) != len(header):
                raise DataError(
                    f"{where}: {len(cells)} cells. Expected {len(header)}, as the first line has."
                )
            yield where, {name: cells[place].strip() for name, place in places.items()}
    except csv.Error as error:
        raise DataError(
            f"{str(path)!r}, line {reader.line_num}: {error}. Expected a row of cells."
        ) from error


def _delimiter(path: Path, text: str) -> str:
    """What stands between cells: spreadsheets of half the world write a semicolon."""
    if path.suffix == ".tsv":
        return "\t"
    header = text.partition("\n")[0]
    return ";" if ";" in header and "," not in header else ","


def _places(header: Sequence[str], columns: Sequence[str], path: Path) -> dict[str, int]:
    """Where each of the columns that there are is found.

    Raises:
        DataError: One is there twice.
    """
    names = [name.strip().lower() for name in header]
    twice = next((name for name in columns if names.count(name) > 1), None)
    if twice is not None:
        raise DataError(f"{str(path)!r}: two columns {twice!r}. Expected one.")
    return {name: names.index(name) for name in columns if name in names}


def _parquet_rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[str, dict[str, Cell]]]:
    import pyarrow  # noqa: PLC0415 - it loads slowly
    from pyarrow import parquet  # noqa: PLC0415

    try:
        with parquet.ParquetFile(path) as file:
            groups = [file.metadata.row_group(group) for group in range(file.metadata.num_row_groups)]
            size, rows = sum(group.total_byte_size for group in groups), file.metadata.num_rows
            if size > MOST_BYTES or rows > _MOST_ROWS:
                raise DataError(
                    f"{str(path)!r} unfolds to {size:,} bytes in {rows:,} rows. "
                    f"Expected at most {MOST_BYTES:,} and {_MOST_ROWS:,}."
                )
            header = file.schema_arrow.names
            places = _places(header, columns, path)
            wanted = [header[place] for place in places.values()]
            row = 0
            for batch in file.iter_batches(_BATCH, columns=wanted):
                for cells in batch.select(wanted).to_pylist():
                    row += 1
                    where = f"{str(path)!r}, row {row}"
                    yield where, {name: _cell(cells[header[places[name]]], where) for name in places}
    except (pyarrow.ArrowException, UnicodeDecodeError) as error:
        raise DataError(f"{str(path)!r} is damaged ({reason(error)}). Expected a Parquet table.") from error


def _cell(value: Any, where: str) -> Cell:
    """A cell of a Parquet table.

    Raises:
        DataError: It is neither text nor a list of texts.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return value
    raise DataError(f"{where}: a cell is neither text nor a list of texts. Expected one of them.")
