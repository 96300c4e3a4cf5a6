"""Codes as a table of a LanceDB folder, searched without training anything.

Q = queries, N = items, D = dimensions, k = neighbours.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hashbench.codes.additive import AdditiveCodes, Similarity
from hashbench.codes.binary import BinaryCodes
from hashbench.codes.floats import FloatCodes
from hashbench.codes.rows import take
from hashbench.codes.storage import Codes
from hashbench.export.check import NEIGHBOURS, same_neighbours
from hashbench.export.exported import Exported, refused, require, require_new
from hashbench.export.reconstructions import dimensions, require_plain
from hashbench.export.source import Source
from hashbench.files import whole_folder

if TYPE_CHECKING:
    import pyarrow as pa

TABLE = "codes"
# What LanceDB calls each metric.
_DISTANCE = {"hamming": "hamming", Similarity.INNER_PRODUCT: "dot", Similarity.SQUARED_L2: "l2"}
# Items of a record batch.
_ROWS = 1 << 14


def write_lance(source: Source, target: Path) -> Exported:
    """Write a folder with one table: `id`, `place`, `code`, and `vector` where codes are not binary.

    Args:
        source: What is exported.
        target: The folder.

    Raises:
        ConfigError: LanceDB is missing, codes are of a kind that it cannot compare, or the folder is there.
        DataError: The table finds other items than the suite.
        StoreError: The disk refuses.
    """
    require("lancedb", "lancedb")
    require_plain(source)
    require_new(target)
    with whole_folder(target) as folder:
        with refused(target):
            _write_table(source, folder)
        check = same_neighbours(source, _search(source, folder))
    return Exported((target,), len(source), check)


def _write_table(source: Source, folder: Path) -> None:
    import lancedb  # noqa: PLC0415 - loads slowly, and only this needs it
    import pyarrow as pa  # noqa: PLC0415

    schema = _schema(source)
    reader = pa.RecordBatchReader.from_batches(schema, _batches(source, schema))
    lancedb.connect(folder).create_table(TABLE, data=reader, schema=schema)


def _schema(source: Source) -> pa.Schema:
    """The columns, and where the codes are from."""
    import pyarrow as pa  # noqa: PLC0415

    codes = source.alike
    fields = [pa.field("id", pa.string()), pa.field("place", pa.int64())]
    if not isinstance(codes, FloatCodes):
        fields.append(pa.field("code", pa.list_(pa.uint8(), _own(codes).shape[1])))
    if not isinstance(codes, BinaryCodes):
        fields.append(pa.field("vector", pa.list_(pa.float32(), dimensions(codes))))
    about = {
        "run": source.run_id,
        "codes": source.where,
        "kind": codes.KIND,
        "bits": str(codes.bits),
        "distance": _DISTANCE[source.metric],
    }
    return pa.schema(fields, metadata=about)


def _batches(source: Source, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """All items, so many at a time: reconstructions are many times as large as codes."""
    import pyarrow as pa  # noqa: PLC0415

    for part in source.parts:
        codes, names = part.codes(), part.names()
        for start in range(0, part.items, _ROWS):
            some = take(codes, slice(start, start + _ROWS))
            first = part.first + start
            columns = {
                "id": pa.array(names[start : start + _ROWS], pa.string()),
                "place": pa.array(np.arange(first, first + len(some))),
            }
            if "code" in schema.names:
                columns["code"] = _listed(_own(some))
            if not isinstance(some, BinaryCodes):
                columns["vector"] = _listed(some.reconstruct())
            yield pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema)


def _own(codes: Codes) -> np.ndarray:
    """The bytes of each code, uint8."""
    if isinstance(codes, FloatCodes):
        return codes.values
    return codes.indices if isinstance(codes, AdditiveCodes) else codes.packed


def _listed(rows: np.ndarray) -> pa.Array:
    """Rows (N, w) as N lists of w numbers."""
    import pyarrow as pa  # noqa: PLC0415

    return pa.FixedSizeListArray.from_arrays(pa.array(rows.ravel()), rows.shape[1])


def _search(source: Source, folder: Path) -> np.ndarray:
    """Places of the nearest items of every query, by the table as it lies on the disk, int64 (Q, k)."""
    import lancedb  # noqa: PLC0415

    table = lancedb.connect(folder).open_table(TABLE)
    binary = isinstance(source.query, BinaryCodes)
    queries = source.query.packed if isinstance(source.query, BinaryCodes) else source.vectors
    k, found = min(NEIGHBOURS, len(source)), []
    for query in queries:
        search = table.search(query, vector_column_name="code" if binary else "vector")
        near = search.distance_type(_DISTANCE[source.metric]).limit(k).select(["place", "_distance"])
        found.append(near.to_arrow()["place"].to_numpy())
    return np.stack(found)
